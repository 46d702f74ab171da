# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module jwt_secret shows a secret only if asked, and then the real one."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.modules import run_module

GIVEN = "Z2l2ZW4tZ2l2ZW4tZ2l2ZW4tZ2l2ZW4tZ2l2ZW4tZ2l2ZW4tMTIz"
IN_FILE = "aW4tZmlsZS1pbi1maWxlLWluLWZpbGUtaW4tZmlsZS1pbi1maWxl"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "controller.yml"
    path.write_text(f"security:\n  jwtSecret: {IN_FILE}\n")
    return path


@pytest.mark.parametrize("check", [False, True])
def test_a_given_secret_is_revealed_unmasked_but_not_in_the_echoed_arguments(config: Path, check: bool) -> None:
    run = run_module("jwt_secret", {"path": str(config), "secret": GIVEN, "reveal": True}, check=check)
    assert run.result["secret"] == GIVEN
    assert run.output.count(GIVEN) == 1
    assert (run.result["source"], run.result["changed"]) == ("given", False)
    assert run.result["fingerprint"] != run.result["file_fingerprint"]


def test_without_reveal_nothing_is_shown(config: Path) -> None:
    for arguments in ({"secret": GIVEN}, {}):
        run = run_module("jwt_secret", {"path": str(config), **arguments})
        assert not run.failed
        assert GIVEN not in run.output
        assert IN_FILE not in run.output
        assert "secret" not in run.result
    assert run.result["source"] == "file"
    assert run.result["usable"] is True


def test_generating(tmp_path: Path) -> None:
    arguments = {"path": str(tmp_path / "none.yml"), "generate": True, "reveal": True}
    first, second = run_module("jwt_secret", arguments), run_module("jwt_secret", arguments)
    assert first.result["secret"] != second.result["secret"]
    assert first.result["length_bytes"] == 48
    assert first.result["file_fingerprint"] is None


def test_none(tmp_path: Path) -> None:
    run = run_module("jwt_secret", {"path": str(tmp_path / "none.yml"), "reveal": True})
    assert (run.result["source"], run.result["usable"], run.result["fingerprint"]) == ("none", False, None)
    assert "secret" not in run.result


def test_an_unusable_given_secret_fails_without_being_shown(config: Path) -> None:
    run = run_module("jwt_secret", {"path": str(config), "secret": "dG9vLXNob3J0LXNlY3JldA==", "reveal": True})
    assert run.failed
    assert "decodes to 16 bytes" in run.result["msg"]
    assert "dG9vLXNob3J0LXNlY3JldA==" not in run.output


def test_a_broken_file_fails_without_being_shown(config: Path) -> None:
    config.write_text(f"security: {{jwtSecret: {IN_FILE}")
    run = run_module("jwt_secret", {"path": str(config), "generate": True})
    assert run.failed
    assert "not valid YAML" in run.result["msg"]
    assert IN_FILE not in run.output
