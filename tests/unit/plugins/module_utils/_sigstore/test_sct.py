# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed certificate timestamps: sigstore.md 1.5, and GHSA-9vcr-p3rj-q5q6 (a log counted twice)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.chain import (
    PRECERTIFICATE_SIGNING,
    load_certificate,
    verify_chain,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.instants import from_naive
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import Authority, LogKey, Window
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.sct import verify_scts
from ansible_collections.prexorcloud.production.tests.support.release_signer.authority import (
    CaPlan,
    CtLog,
    Issuer,
    LeafPlan,
    issue,
    make_ca,
    spoil,
)
from ansible_collections.prexorcloud.production.tests.support.release_signer.keys import new_key
from ansible_collections.prexorcloud.production.tests.support.release_signer.world import YEAR, World
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from hypothesis import given, settings
from hypothesis import strategies as st

WORLD = World.make()
AT = from_naive(WORLD.now)
# When the log vouched, with a fraction that no binary floating point number has.
VOUCHED = WORLD.now + timedelta(milliseconds=123)
VOUCHED_AT = from_naive(VOUCHED)
MILLISECOND = 1_000_000
CA = CaPlan(WORLD.now - YEAR, WORLD.now + YEAR)
ALWAYS = Window(0)
SECOND_LOG = CtLog(new_key("rsa-2048"))
THIRD_LOG = CtLog(new_key("P-384"))


@dataclass(frozen=True)
class EditedLog(CtLog):
    """A log whose timestamps are altered after it signed them."""

    edit: Callable[[bytes], bytes] = bytes

    def promise(self, precertificate: bytes, issuer_spki_hash: bytes, when: datetime, extensions: bytes = b"") -> bytes:
        return self.edit(super().promise(precertificate, issuer_spki_hash, when, extensions))


def known(*logs: CtLog, window: Window = ALWAYS) -> dict[bytes, LogKey]:
    return {log.id: LogKey(log.id, log.key.public_key(), "ctfe.example.test", window) for log in logs}


def leaf(*logs: CtLog, issuer: Issuer = WORLD.intermediate, **changes: object) -> x509.Certificate:
    plan: LeafPlan = replace(WORLD.leaf_plan(), scts=logs, **{"sct_time": VOUCHED, **changes})  # type: ignore[arg-type]
    return load_certificate(issue(plan, issuer).public_bytes(Encoding.DER))


def refusal(certificate: x509.Certificate, logs: dict[bytes, LogKey], issuer: Issuer = WORLD.intermediate) -> Refused:
    with pytest.raises(Refused) as refused:
        verify_scts(certificate, issuer.certificate, logs)
    return refused.value


def count(certificate: x509.Certificate, logs: dict[bytes, LogKey], issuer: Issuer = WORLD.intermediate) -> int:
    return verify_scts(certificate, issuer.certificate, logs)


@pytest.mark.parametrize("log", [WORLD.ct, SECOND_LOG, THIRD_LOG], ids=["P-256", "RSA", "P-384"])
def test_one_known_log(log: CtLog) -> None:
    assert count(leaf(log), known(log)) == 1


def test_distinct_logs_are_counted() -> None:
    assert count(leaf(WORLD.ct, SECOND_LOG), known(WORLD.ct, SECOND_LOG)) == 2


def test_one_log_counts_once() -> None:
    assert count(leaf(WORLD.ct, WORLD.ct, WORLD.ct), known(WORLD.ct, SECOND_LOG)) == 1


@pytest.mark.parametrize("extensions", [b"\x00", b"\x00\x00\x05\x00\x01\x02\x03\x04", b"\xff" * 1000])
def test_extensions_are_signed_and_otherwise_nobodys_business(extensions: bytes) -> None:
    assert count(leaf(WORLD.ct, sct_extensions=extensions), known(WORLD.ct)) == 1


def test_altered_extensions() -> None:
    log = EditedLog(WORLD.ct.key, edit=lambda promise: promise[:43] + bytes([promise[43] ^ 1]) + promise[44:])
    assert refusal(leaf(log, sct_extensions=b"\x00\x01"), known(WORLD.ct)).reason == "sct_invalid"


def test_no_timestamp() -> None:
    assert refusal(leaf(), known(WORLD.ct)).reason == "sct_missing"


def test_an_unknown_log() -> None:
    """Misissued, with a log of one's own that vouches for it."""
    assert refusal(leaf(CtLog(new_key())), known(WORLD.ct)).reason == "sct_missing"
    assert refusal(leaf(WORLD.ct), {}).reason == "sct_missing"


def test_the_id_of_a_known_log_with_another_key() -> None:
    """The id only selects: no other key is tried, not even the right one."""
    own = CtLog(new_key())
    stolen_id = EditedLog(own.key, edit=lambda promise: promise[:1] + WORLD.ct.id + promise[33:])
    assert refusal(leaf(stolen_id), known(WORLD.ct, own)).reason == "sct_invalid"


@pytest.mark.parametrize(
    ("window", "good"),
    [
        (Window(VOUCHED_AT), True),
        (Window(0, VOUCHED_AT), True),
        (Window(VOUCHED_AT, VOUCHED_AT), True),
        (Window(VOUCHED_AT + 1), False),
        (Window(0, VOUCHED_AT - 1), False),
    ],
)
def test_the_window_of_the_log(window: Window, good: bool) -> None:
    certificate = leaf(WORLD.ct)
    if good:
        assert count(certificate, known(WORLD.ct, window=window)) == 1
    else:
        refused = refusal(certificate, known(WORLD.ct, window=window))
        assert refused.reason == "sct_missing"
        assert "was not in use" in refused.detail


def test_a_spoiled_signature() -> None:
    assert refusal(leaf(WORLD.ct, sct_spoiled=True), known(WORLD.ct)).reason == "sct_invalid"


def test_a_bad_timestamp_beside_a_good_one_counts_for_nothing() -> None:
    bad = EditedLog(SECOND_LOG.key, edit=spoil)
    for logs in ((bad, WORLD.ct), (WORLD.ct, bad), (CtLog(new_key()), WORLD.ct)):
        assert count(leaf(*logs), known(WORLD.ct, SECOND_LOG)) == 1
    assert refusal(leaf(bad, CtLog(new_key())), known(WORLD.ct, SECOND_LOG)).reason == "sct_invalid"


def test_a_false_signature_is_told_before_a_log_out_of_use() -> None:
    retired = replace(known(WORLD.ct)[WORLD.ct.id], window=Window(0, 1))
    logs = {**known(SECOND_LOG), WORLD.ct.id: retired}
    assert refusal(leaf(WORLD.ct, EditedLog(SECOND_LOG.key, edit=spoil)), logs).reason == "sct_invalid"


def test_a_timestamp_of_another_certificate() -> None:
    donor = WORLD.ct.promise(b"another precertificate", bytes(32), VOUCHED)
    assert refusal(leaf(EditedLog(WORLD.ct.key, edit=lambda _own: donor)), known(WORLD.ct)).reason == "sct_invalid"


def test_another_issuer_of_the_same_name() -> None:
    """What is signed is the hash of the key that issued, not a name."""
    namesake = make_ca("test intermediate", CA, WORLD.root)
    assert refusal(leaf(WORLD.ct), known(WORLD.ct), namesake).reason == "sct_invalid"
    assert refusal(leaf(WORLD.ct, sct_issuer=namesake.key), known(WORLD.ct)).reason == "sct_invalid"


def test_an_issuer_that_signs_precertificates() -> None:
    usages = (ExtendedKeyUsageOID.CODE_SIGNING, ObjectIdentifier(PRECERTIFICATE_SIGNING))
    issuer = make_ca("precertificates", replace(CA, usages=usages), WORLD.root)
    authority = Authority((issuer.certificate, WORLD.root.certificate), Window(0))
    good = leaf(WORLD.ct, issuer=issuer, sct_issuer=WORLD.root.key)
    assert verify_scts(good, verify_chain(good, [AT], [authority]), known(WORLD.ct)) == 1
    bad = leaf(WORLD.ct, issuer=issuer)
    with pytest.raises(Refused) as refused:
        verify_scts(bad, verify_chain(bad, [AT], [authority]), known(WORLD.ct))
    assert refused.value.reason == "sct_invalid"


def altered(at: int, value: bytes) -> EditedLog:
    return EditedLog(WORLD.ct.key, edit=lambda promise: promise[:at] + value + promise[at + len(value) :])


# A timestamp without extensions: version 0, id 1-32, time 33-40, length of extensions 41-42, algorithm 43-44.


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(altered(43, b"\x05"), id="SHA-384"),
        pytest.param(altered(43, b"\x02"), id="SHA-1"),
        pytest.param(altered(44, b"\x01"), id="RSA named, ECDSA used"),
        pytest.param(altered(33, b"\x00\x00\x01\x90"), id="another time"),
        pytest.param(altered(40, b"\x00"), id="another millisecond"),
    ],
)
def test_altered_fields(log: CtLog) -> None:
    assert refusal(leaf(log), known(WORLD.ct)).reason == "sct_invalid"


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(altered(0, b"\x01"), id="version 2"),
        pytest.param(altered(33, b"\xff" * 8), id="a time beyond all calendars"),
        pytest.param(altered(43, b"\xff"), id="unknown hash"),
        pytest.param(altered(44, b"\xff"), id="unknown algorithm"),
        pytest.param(EditedLog(WORLD.ct.key, edit=lambda promise: promise[:-1]), id="cut off"),
        pytest.param(EditedLog(WORLD.ct.key, edit=lambda _promise: b""), id="empty"),
    ],
)
def test_malformed(log: CtLog) -> None:
    with pytest.raises(Refused) as refused:
        verify_scts(leaf(log), WORLD.intermediate.certificate, known(WORLD.ct))
    assert refused.value.reason in ("input_malformed", "sct_invalid")


def test_an_ed25519_log_is_not_one_of_certificates() -> None:
    logs = {WORLD.ct.id: replace(known(WORLD.ct)[WORLD.ct.id], key=new_key("ed25519").public_key())}
    assert refusal(leaf(WORLD.ct), logs).reason == "sct_invalid"


def test_too_many() -> None:
    assert count(leaf(*[WORLD.ct] * 32), known(WORLD.ct)) == 1
    assert refusal(leaf(*[WORLD.ct] * 33), known(WORLD.ct)).reason == "input_too_large"


@given(st.integers(0, 4_102_444_800_000))
@settings(max_examples=100, deadline=None)
def test_every_millisecond_is_exact(milliseconds: int) -> None:
    when = datetime(1970, 1, 1) + timedelta(milliseconds=milliseconds)  # noqa: DTZ001 - as the library has it
    instant = milliseconds * MILLISECOND
    certificate = leaf(WORLD.ct, sct_time=when)
    assert count(certificate, known(WORLD.ct, window=Window(instant, instant))) == 1


CERTIFICATE = leaf(WORLD.ct)
PROMISE_AT = CERTIFICATE.public_bytes(Encoding.DER).index(WORLD.ct.id) - 1


@given(st.integers(0, 110), st.integers(1, 255))
@settings(max_examples=150, deadline=None)
def test_no_altered_byte_of_a_timestamp_counts(at: int, change: int) -> None:
    raw = bytearray(CERTIFICATE.public_bytes(Encoding.DER))
    raw[PROMISE_AT + at] ^= change
    with pytest.raises(Refused):
        verify_scts(load_certificate(bytes(raw)), WORLD.intermediate.certificate, known(WORLD.ct))
