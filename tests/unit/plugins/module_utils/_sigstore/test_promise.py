# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A promise counts if the very log that the entry names made it, for this entry, within its window."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import SECOND, LogEntry, Window
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.promise import (
    is_signed,
    promised_bytes,
    verify_promise,
)
from ansible_collections.prexorcloud.production.tests.support.release_signer.keys import log_id, new_key, sign
from ansible_collections.prexorcloud.production.tests.support.release_signer.transparency import RekorV1
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.transparency import (
    LOG,
    NOW,
    WINDOW,
    WORLD,
    entry_of,
    reason,
)
from hypothesis import given
from hypothesis import strategies as st

ENTRY = entry_of(WORLD.rekor.add("hashedrekord", "0.0.1", b'{"an":"entry"}', WORLD.seconds()))
OTHER = entry_of(WORLD.rekor.add("hashedrekord", "0.0.1", b'{"an":"other entry"}', WORLD.seconds()))


def test_a_promise_tells_the_time() -> None:
    assert verify_promise(ENTRY, LOG) == NOW


def test_the_signed_bytes_are_canonical() -> None:
    entry = LogEntry(bytes(range(32)), 2**63 - 1, "k", "v", b"\xfb\xff{}", integrated_time=1700000000)
    assert promised_bytes(entry) == (
        b'{"body":"+/97fQ==","integratedTime":1700000000,'
        b'"logID":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f","logIndex":9223372036854775807}'
    )


@pytest.mark.parametrize("fault", [{"promise": None}, {"integrated_time": None}])
def test_no_promise_or_none_of_a_time(fault: dict[str, Any]) -> None:
    assert reason(verify_promise, replace(ENTRY, **fault), LOG) == "set_missing"


@pytest.mark.parametrize(
    "fault",
    [
        {"body": ENTRY.body + b" "},
        # Back-dated, or moved to where another certificate was valid.
        {"integrated_time": WORLD.seconds() - 1},
        {"log_index": ENTRY.log_index + 1},
        # CVE-2022-23649: the promise of something else that is really in the log.
        {"promise": OTHER.promise},
        {"promise": b"\x30\x00"},
        {"promise": b"garbage"},
    ],
)
def test_a_promise_of_something_else(fault: dict[str, Any]) -> None:
    assert reason(verify_promise, replace(ENTRY, **fault), LOG) == "set_invalid"


@given(st.integers(0, 8 * 70 - 1))
def test_no_bit_of_a_promise_may_change(bit: int) -> None:
    promise = bytearray(ENTRY.promise or b"")
    promise[bit // 8 % len(promise)] ^= 1 << bit % 8
    assert reason(verify_promise, replace(ENTRY, promise=bytes(promise)), LOG) == "set_invalid"


def test_a_log_of_ones_own() -> None:
    own = RekorV1(new_key())
    entry = entry_of(own.add("hashedrekord", "0.0.1", ENTRY.body, WORLD.seconds()))
    # It names itself: no key of the trust root is tried on it. It names the trusted log: the signature is wrong.
    assert reason(verify_promise, entry, LOG) == "log_unknown"
    forged = replace(entry, log_id=LOG.key_id)
    assert reason(verify_promise, forged, LOG) == "set_invalid"


@pytest.mark.parametrize(("start", "end"), [(NOW, NOW), (NOW, None), (NOW - 1, NOW + 1)])
def test_the_ends_of_the_window_belong_to_it(start: int, end: int | None) -> None:
    assert verify_promise(ENTRY, replace(LOG, window=Window(start, end))) == NOW


@pytest.mark.parametrize(("start", "end"), [(NOW + 1, None), (NOW - SECOND, NOW - 1)])
def test_a_retired_log_key(start: int, end: int | None) -> None:
    assert reason(verify_promise, ENTRY, replace(LOG, window=Window(start, end))) == "log_expired"


def test_a_time_beyond_all_calendars() -> None:
    entry = entry_of(WORLD.rekor.add("hashedrekord", "0.0.1", b"{}", 2**62))
    assert reason(verify_promise, entry, LOG) == "input_malformed"


@pytest.mark.parametrize("kind", ["P-384", "ed25519", "rsa-2048"])
def test_promises_are_by_p256_only(kind: str) -> None:
    log = RekorV1(new_key(kind))
    entry = entry_of(log.add("hashedrekord", "0.0.1", b"{}", WORLD.seconds()))
    key = replace(LOG, key_id=log.id, key=log.key.public_key())
    assert reason(verify_promise, entry, key) == "algorithm_unsupported"


@pytest.mark.parametrize(
    ("kind", "hash_name", "right"),
    [
        ("P-256", "sha256", True),
        ("P-384", "sha384", True),
        ("P-521", "sha512", True),
        ("P-384", "sha256", False),
        ("rsa-2048", "sha256", True),
        ("rsa-2048", "sha512", False),
        ("ed25519", "sha256", True),
    ],
)
def test_each_kind_of_log_key_has_one_algorithm(kind: str, hash_name: str, right: bool) -> None:
    private = new_key(kind)
    key = replace(LOG, key_id=log_id(private.public_key()), key=private.public_key(), window=WINDOW)
    signature = sign(private, b"data", hash_name)
    assert is_signed(key, signature, b"data") is right
    assert not is_signed(key, signature, b"other data")


@pytest.mark.parametrize("kind", ["secp256k1", "dsa"])
def test_other_kinds_of_log_key(kind: str) -> None:
    private = new_key(kind)
    assert reason(is_signed, replace(LOG, key=private.public_key()), b"", b"") == "algorithm_unsupported"
