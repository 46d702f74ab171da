# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One value is read from a configuration file, and nothing of a broken one is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.config_value import (
    ConfigValueError,
    read_text_value,
)

KEYS = ("security", "jwtSecret")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("security: {jwtSecret: abc}", "abc"),
        ("security:\n  jwtSecret: 'abc' # comment\n", "abc"),
        ("security: {jwtSecret: ''}", ""),
        ("security: {jwtSecret: }", None),
        ("security: {}", None),
        ("security:", None),
        ("other: 1", None),
        ("", None),
        ("base: &b {jwtSecret: abc}\nsecurity: *b", "abc"),
    ],
)
def test_values(tmp_path: Path, text: str, value: str | None) -> None:
    path = tmp_path / "controller.yml"
    path.write_text(text)
    assert read_text_value(str(path), KEYS) == value


def test_a_missing_file_has_no_value(tmp_path: Path) -> None:
    assert read_text_value(str(tmp_path / "none"), KEYS) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("security: {jwtSecret: topsecret", "not valid YAML"),
        ("security:\n\tjwtSecret: topsecret", "not valid YAML, line 2"),
        ("security: {jwtSecret: topsecret, jwtSecret: topsecret2}", "not valid YAML, line 1"),
        ("a: !!python/object:x.y topsecret", "not valid YAML"),
        ("[topsecret]", "the document is not a mapping"),
        ("security: topsecret", "security is not a mapping"),
        ("security: {jwtSecret: 12345}", "security.jwtSecret is not text, put it in quotes"),
        ("security: {jwtSecret: [topsecret]}", "is not text"),
        ("--- {}\n--- {a: topsecret}", "not valid YAML"),
    ],
)
def test_broken_files(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "controller.yml"
    path.write_text(text)
    with pytest.raises(ConfigValueError, match=words) as caught:
        read_text_value(str(path), KEYS)
    assert "topsecret" not in str(caught.value).replace(str(path), "")


def test_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "controller.yml"
    path.write_bytes(b"a: \xff\xfe")
    with pytest.raises(ConfigValueError, match="not UTF-8"):
        read_text_value(str(path), KEYS)
