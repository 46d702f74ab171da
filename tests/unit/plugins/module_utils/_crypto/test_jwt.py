# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret is judged as the controller judges it (cases of recording config/refusals.yml), and never shown."""

from __future__ import annotations

import base64
import hashlib

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.jwt import (
    SecretRefused,
    choose_secret,
    generate_secret,
    inspect_secret,
)

B48 = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm"
B32 = "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="
B31 = "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eA=="
B16 = "eHh4eHh4eHh4eHh4eHh4eA=="


@pytest.mark.parametrize(("text", "length"), [(B48, 48), (B32, 32), (B32.rstrip("="), 32), ("+/" * 32, 48)])
def test_usable(text: str, length: int) -> None:
    info = inspect_secret(text)
    assert (info.usable, info.reason, info.length_bytes) == (True, "", length)
    decoded = base64.b64decode(text + "=" * (-len(text) % 4))
    assert info.fingerprint == hashlib.sha256(decoded).hexdigest()[:16]


def test_padding_does_not_change_the_fingerprint() -> None:
    assert inspect_secret(B32).fingerprint == inspect_secret(B32.rstrip("=")).fingerprint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "blank"),
        (B16, "16 bytes"),
        (B31, "31 bytes"),
        ("-__-" * 16, "URL-safe"),
        (B32.replace("eHh4", "eH-4", 1), "URL-safe"),
        (B48 + "\n", "white space"),
        (B48[:20] + " " + B48[20:], "white space"),
        ("ä" * 64, "not standard"),
        ("=" * 44, "not standard"),
        (B48[:10] + "=" + B48[10:], "not standard"),
        (B48 + "=", "padding"),
        (B32 + "=", "padding"),
        (B48 + "A", "length"),
        ("changeme", "6 bytes"),
    ],
)
def test_unusable(text: str, words: str) -> None:
    info = inspect_secret(text)
    assert not info.usable
    assert words in info.reason
    assert info.fingerprint == ""
    assert not text or text not in info.reason


def test_generated_secrets_are_usable_and_differ() -> None:
    first, second = generate_secret(), generate_secret()
    assert first != second
    assert inspect_secret(first).length_bytes == 48


@pytest.mark.parametrize(
    ("given", "in_file", "generate", "source"),
    [
        (B48, B32, True, "given"),
        (B48, None, False, "given"),
        (None, B32, True, "file"),
        (None, B32, False, "file"),
        (None, B16, True, "generated"),
        (None, "", True, "generated"),
        (None, None, True, "generated"),
        (None, B16, False, "none"),
        (None, None, False, "none"),
    ],
)
def test_precedence(given: str | None, in_file: str | None, generate: bool, source: str) -> None:
    choice = choose_secret(given, in_file, generate)
    assert choice.source == source
    assert choice.info.usable == (source != "none")
    assert choice.secret == {"given": given, "file": in_file, "none": ""}.get(source, choice.secret)
    assert choice.file_info.usable == (in_file == B32)


@pytest.mark.parametrize("given", ["", B16, "-__-" * 16, B48 + "\n"])
def test_an_unusable_given_secret_is_refused_and_not_shown(given: str) -> None:
    with pytest.raises(SecretRefused) as caught:
        choose_secret(given, B48, True)
    assert not given or given.strip() not in str(caught.value)
