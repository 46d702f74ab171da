# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate chains and leaves: sigstore.md 1.3, 1.4 and the advisories of section 6 that touch them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import der
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.chain import (
    PRECERTIFICATE_SIGNING,
    check_leaf_profile,
    load_certificate,
    verify_chain,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.instants import from_naive
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import SECOND, Authority, Window
from ansible_collections.prexorcloud.production.tests.support.release_signer.authority import (
    FULCIO,
    CaPlan,
    Issuer,
    LeafPlan,
    issue,
    make_ca,
    spoiled_certificate,
)
from ansible_collections.prexorcloud.production.tests.support.release_signer.der_writer import element
from ansible_collections.prexorcloud.production.tests.support.release_signer.keys import PrivateKey, new_key, sign
from ansible_collections.prexorcloud.production.tests.support.release_signer.world import YEAR, World
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from hypothesis import given, settings
from hypothesis import strategies as st

WORLD = World.make()
PLAN = replace(WORLD.leaf_plan(), scts=())
LEAF = issue(PLAN, WORLD.intermediate)
AT = from_naive(WORLD.now)
FIRST, LAST = from_naive(PLAN.not_before), from_naive(PLAN.not_after)
OPEN = Window(AT - 30 * 86400 * SECOND)
START, END = WORLD.now - YEAR, WORLD.now + YEAR
CA = CaPlan(START, END)
UNKNOWN = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
CODE_AND_PRECERTIFICATE = (ExtendedKeyUsageOID.CODE_SIGNING, ObjectIdentifier(PRECERTIFICATE_SIGNING))


def authority(*issuers: Issuer, window: Window = OPEN) -> Authority:
    return Authority(tuple(issuer.certificate for issuer in issuers), window)


GOOD = authority(WORLD.intermediate, WORLD.root)


def leaf(issuer: Issuer = WORLD.intermediate, **changes: object) -> x509.Certificate:
    plan: LeafPlan = replace(PLAN, **changes)  # type: ignore[arg-type]
    return issue(plan, issuer)


def refusal(certificate: x509.Certificate, *authorities: Authority, at: tuple[int, ...] = (AT,)) -> Refused:
    with pytest.raises(Refused) as refused:
        verify_chain(certificate, at, authorities)
    return refused.value


def rewritten(certificate: x509.Certificate, key: PrivateKey, edit: Callable[[list[bytes]], list[bytes]]) -> bytes:
    """The certificate with the fields of its TBS altered and signed again: what no library would write."""
    body, algorithm, _signature = der.read(certificate.public_bytes(Encoding.DER), "certificate").children()
    tbs = element(0x30, *edit([field.raw for field in body.children()]))
    return element(0x30, tbs, algorithm.raw, element(0x03, b"\x00" + sign(key, tbs, "sha384")))


def without_version(fields: list[bytes]) -> list[bytes]:
    return [field for field in fields if field[0] not in (0xA0, 0xA3)]


# Which authority


def test_the_issuer_is_returned() -> None:
    assert verify_chain(LEAF, [AT], [GOOD]) == WORLD.intermediate.certificate


def test_the_anchor_may_be_an_intermediate() -> None:
    assert verify_chain(LEAF, [AT], [authority(WORLD.intermediate)]) == WORLD.intermediate.certificate


def test_the_anchor_may_issue_leaves() -> None:
    assert verify_chain(leaf(WORLD.root), [AT], [GOOD, authority(WORLD.root)]) == WORLD.root.certificate


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "rsa-2048", "ed25519"])
@pytest.mark.parametrize("hash_name", ["sha256", "sha384", "sha512"])
def test_every_kind_of_authority(kind: str, hash_name: str) -> None:
    issuer = make_ca("another", CA, WORLD.root, new_key(kind))
    certificate = issue_ed25519(issuer) if kind == "ed25519" else leaf(issuer, hash_name=hash_name)
    assert verify_chain(certificate, [AT], [authority(issuer, WORLD.root)]) == issuer.certificate


def issue_ed25519(issuer: Issuer) -> x509.Certificate:
    with_ecdsa = leaf(issuer=replace(WORLD.intermediate, certificate=issuer.certificate))
    body, _algorithm, _signature = der.read(with_ecdsa.public_bytes(Encoding.DER), "certificate").children()
    fields = [field.raw for field in body.children()]
    algorithm = element(0x30, bytes.fromhex("06032b6570"))
    fields[2] = algorithm
    tbs = element(0x30, *fields)
    raw = element(0x30, tbs, algorithm, element(0x03, b"\x00" + sign(issuer.key, tbs)))
    return load_certificate(raw)


def test_no_authority() -> None:
    assert refusal(LEAF).reason == "chain_untrusted"


def test_an_empty_chain_is_no_authority() -> None:
    assert refusal(LEAF, Authority((), OPEN)).reason == "chain_untrusted"


def test_an_own_authority_of_the_same_name() -> None:
    root = make_ca("test root", CA)
    own = make_ca("test intermediate", CA, root)
    assert refusal(leaf(own), GOOD).reason == "chain_untrusted"


def test_the_right_authority_among_those_of_one_name() -> None:
    other = authority(make_ca("test intermediate", CA, WORLD.root), WORLD.root)
    assert verify_chain(LEAF, [AT], [other, GOOD]) == WORLD.intermediate.certificate


def test_the_right_key_under_another_name() -> None:
    assert refusal(leaf(issuer_name=WORLD.root.certificate.subject), GOOD).reason == "chain_untrusted"


def test_a_self_signed_leaf() -> None:
    own = Issuer(make_ca("test intermediate", CA).certificate, PLAN.key)
    assert refusal(leaf(own), GOOD).reason == "chain_untrusted"


def test_a_signature_that_was_altered() -> None:
    assert refusal(load_certificate(spoiled_certificate(LEAF)), GOOD).reason == "chain_untrusted"


def test_sha1_signatures_do_not_count() -> None:
    issuer = make_ca("weak", CA, WORLD.root, new_key("rsa-2048"))
    body, _algorithm, _signature = der.read(leaf(issuer, hash_name="sha256").public_bytes(Encoding.DER), "c").children()
    fields = [field.raw for field in body.children()]
    # sha1WithRSAEncryption
    fields[2] = element(0x30, bytes.fromhex("06092a864886f70d010105"), b"\x05\x00")
    tbs = element(0x30, *fields)
    raw = element(0x30, tbs, fields[2], element(0x03, b"\x00" + sign(issuer.key, tbs, "sha1")))
    assert refusal(load_certificate(raw), authority(issuer, WORLD.root)).reason == "chain_untrusted"


@pytest.mark.parametrize("kind", ["rsa-1024", "rsa-e3", "secp256k1"])
def test_weak_authorities_do_not_count(kind: str) -> None:
    issuer = make_ca("weak", CA, WORLD.root, new_key(kind))
    assert refusal(leaf(issuer, hash_name="sha256"), authority(issuer, WORLD.root)).reason == "chain_untrusted"


def test_an_intermediate_that_the_anchor_did_not_issue() -> None:
    stranger = make_ca("test root", CA)
    refused = refusal(LEAF, authority(WORLD.intermediate, stranger))
    assert refused.reason == "chain_untrusted"
    assert "not issued by the one above it" in refused.detail


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"is_ca": False}, "basic constraints"),
        ({"with_constraints": False}, "basic constraints"),
        ({"constraints_critical": False}, "basic constraints"),
        ({"cert_sign": False}, "may not sign certificates"),
        ({"usages": (ExtendedKeyUsageOID.SERVER_AUTH,)}, "extended key usage"),
        ({"usages": (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)}, "extended key usage"),
        ({"extra": ((UNKNOWN, True),)}, "not checked: 1.2.3.4.5"),
        ({"extra": ((x509.NameConstraints([x509.RFC822Name("example.org")], None), True),)}, "not checked: 2.5.29.30"),
        ({"extra": ((x509.NameConstraints([x509.RFC822Name("example.org")], None), False),)}, "not checked: 2.5.29.30"),
    ],
)
def test_authorities_that_may_not_issue(changes: dict[str, object], message: str) -> None:
    plan: CaPlan = replace(CA, **changes)  # type: ignore[arg-type]
    issuer = make_ca("another", plan, WORLD.root)
    refused = refusal(leaf(issuer), authority(issuer, WORLD.root))
    assert refused.reason == "chain_untrusted"
    assert message in refused.detail


def test_authorities_without_an_extended_key_usage_may_issue() -> None:
    issuer = make_ca("another", replace(CA, usages=()), WORLD.root)
    assert verify_chain(leaf(issuer), [AT], [authority(issuer, WORLD.root)]) == issuer.certificate


def test_an_authority_of_version_1() -> None:
    old = load_certificate(rewritten(WORLD.intermediate.certificate, WORLD.root.key, without_version))
    refused = refusal(LEAF, Authority((old, WORLD.root.certificate), OPEN))
    assert refused.reason == "chain_untrusted"
    assert "v3" in refused.detail


@pytest.mark.parametrize(("lengths", "good"), [((0, 1), True), ((0, None), True), ((0, 0), False), ((None, 0), False)])
def test_path_length(lengths: tuple[int | None, int | None], good: bool) -> None:
    root = make_ca("long root", replace(CA, path_length=lengths[1]))
    issuer = make_ca("long intermediate", replace(CA, path_length=lengths[0]), root)
    trusted = authority(issuer, root)
    if good:
        assert verify_chain(leaf(issuer), [AT], [trusted]) == issuer.certificate
    else:
        refused = refusal(leaf(issuer), trusted)
        assert refused.reason == "chain_untrusted"
        assert "path length" in refused.detail


def test_a_leaf_cannot_issue() -> None:
    attacker = Issuer(LEAF, PLAN.key)
    forged = leaf(attacker)
    assert refusal(forged, GOOD).reason == "chain_untrusted"
    assert refusal(forged, Authority((LEAF, *GOOD.chain), OPEN)).reason == "chain_untrusted"


def test_unknown_critical_extension_of_the_leaf() -> None:
    refused = refusal(leaf(extra=((UNKNOWN, True),)), GOOD)
    assert refused.reason == "certificate_profile"
    assert "1.2.3.4.5" in refused.detail
    assert verify_chain(leaf(extra=((UNKNOWN, False),)), [AT], [GOOD])


def test_a_precertificate_is_no_certificate() -> None:
    assert refusal(leaf(extra=((x509.PrecertPoison(), True),)), GOOD).reason == "certificate_profile"


def test_logs_bind_to_the_issuer_of_an_authority_for_precertificates() -> None:
    issuer = make_ca("precertificates", replace(CA, usages=CODE_AND_PRECERTIFICATE), WORLD.root)
    assert verify_chain(leaf(issuer), [AT], [authority(issuer, WORLD.root)]) == WORLD.root.certificate
    assert refusal(leaf(issuer), authority(issuer)).reason == "chain_untrusted"


# When


@pytest.mark.parametrize("instant", [FIRST, FIRST + 1, LAST - 1, LAST])
def test_the_dates_of_the_leaf_include_their_ends(instant: int) -> None:
    assert verify_chain(LEAF, [instant], [GOOD])


@pytest.mark.parametrize("instant", [FIRST - 1, LAST + 1, LAST + SECOND, 0])
def test_outside_the_dates_of_the_leaf(instant: int) -> None:
    refused = refusal(LEAF, GOOD, at=(instant,))
    assert refused.reason == "chain_expired"


@given(st.integers(-(10**12), 10**12), st.sampled_from([FIRST, LAST]))
def test_dates_to_the_nanosecond(offset: int, edge: int) -> None:
    instant = edge + offset
    if FIRST <= instant <= LAST:
        verify_chain(LEAF, [instant], [GOOD])
    else:
        assert refusal(LEAF, GOOD, at=(instant,)).reason == "chain_expired"


@pytest.mark.parametrize("which", ["intermediate", "root"])
@pytest.mark.parametrize(
    ("start", "end", "good"),
    [
        (START, WORLD.now, True),
        (WORLD.now, END, True),
        (START, WORLD.now - timedelta(seconds=1), False),
        (WORLD.now + timedelta(seconds=1), END, False),
    ],
)
def test_an_authority_expired_when_it_signed(which: str, start: datetime, end: datetime, good: bool) -> None:
    """GHSA-wfqv-66vq-46rm: the leaf alone was looked at."""
    limited = CaPlan(start, end)
    root = make_ca("limited root", limited if which == "root" else CA)
    issuer = make_ca("limited", limited if which == "intermediate" else CA, root)
    if good:
        assert verify_chain(leaf(issuer), [AT], [authority(issuer, root)]) == issuer.certificate
    else:
        refused = refusal(leaf(issuer), authority(issuer, root))
        assert refused.reason == "chain_expired"
        assert f"limited{' root' if which == 'root' else ''}" in refused.detail


@pytest.mark.parametrize(
    ("window", "good"),
    [
        (Window(AT), True),
        (Window(AT - 1, AT), True),
        (Window(AT, AT), True),
        (Window(AT + 1), False),
        (Window(AT - 9, AT - 1), False),
    ],
)
def test_the_window_of_the_authority(window: Window, good: bool) -> None:
    limited = authority(WORLD.intermediate, WORLD.root, window=window)
    if good:
        assert verify_chain(LEAF, [AT], [limited])
    else:
        refused = refusal(LEAF, limited)
        assert refused.reason == "chain_expired"
        assert "window" in refused.detail


def test_the_authority_is_chosen_by_time() -> None:
    """sigstore-js verify 2.1.1: one key, two entries."""
    past = authority(WORLD.intermediate, WORLD.root, window=Window(0, AT - 1))
    present = authority(WORLD.intermediate, WORLD.root, window=Window(AT))
    for order in ([past, present], [present, past]):
        assert verify_chain(LEAF, [AT], order) == WORLD.intermediate.certificate
    assert refusal(LEAF, past, authority(WORLD.root)).reason == "chain_expired"


@pytest.mark.parametrize("at", [(AT, LAST + 1), (LAST + 1, AT), (FIRST - 1, AT, LAST)])
def test_every_instant_has_to_pass(at: tuple[int, ...]) -> None:
    assert refusal(LEAF, GOOD, at=at).reason == "chain_expired"
    assert verify_chain(LEAF, [AT, FIRST, LAST], [GOOD])


def test_every_instant_has_to_pass_with_the_same_authority() -> None:
    early = authority(WORLD.intermediate, WORLD.root, window=Window(0, AT))
    late = authority(WORLD.intermediate, WORLD.root, window=Window(AT + 1))
    assert refusal(LEAF, early, late, at=(AT, AT + 1)).reason == "chain_expired"


def test_without_a_time_nothing_is_verified() -> None:
    assert refusal(LEAF, GOOD, at=()).reason == "time_missing"


# What a leaf has to be


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "rsa-2048", "rsa-4096", "ed25519"])
def test_good_leaves(kind: str) -> None:
    check_leaf_profile(leaf(key=new_key(kind)))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"is_ca": True}, id="an authority"),
        pytest.param({"digital_signature": False}, id="key usage"),
        pytest.param({"usages": ()}, id="no extended key usage"),
        pytest.param({"usages": (ExtendedKeyUsageOID.CLIENT_AUTH,)}, id="extended key usage"),
        pytest.param({"usages": (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)}, id="any usage"),
        pytest.param({"sans": ()}, id="no name"),
        pytest.param({"sans": PLAN.sans * 2}, id="two names"),
        pytest.param({"texts": ()}, id="no issuer"),
        pytest.param({"texts": ((9, "https://a.example"),)}, id="other texts, no issuer"),
        pytest.param({"extra": ((UNKNOWN, True),)}, id="unknown condition"),
        pytest.param({"key": new_key("secp256k1")}, id="another curve"),
        pytest.param({"key": new_key("rsa-1024")}, id="short RSA"),
        pytest.param({"key": new_key("rsa-4104")}, id="long RSA"),
        pytest.param({"key": new_key("rsa-e3")}, id="RSA with exponent 3"),
        pytest.param({"key": new_key("dsa")}, id="DSA"),
    ],
)
def test_leaves_that_are_not_for_signing_code(changes: dict[str, object]) -> None:
    with pytest.raises(Refused) as refused:
        check_leaf_profile(leaf(**changes))  # type: ignore[arg-type]
    assert refused.value.reason == "certificate_profile"


def test_a_leaf_of_version_1() -> None:
    with pytest.raises(Refused) as refused:
        check_leaf_profile(load_certificate(rewritten(LEAF, WORLD.intermediate.key, without_version)))
    assert refused.value.reason == "certificate_profile"
    assert "v3" in refused.value.detail


def test_more_than_code_signing_is_no_fault() -> None:
    check_leaf_profile(leaf(usages=(ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.CODE_SIGNING), is_ca=False))


# Malformed certificates


DER = LEAF.public_bytes(Encoding.DER)


def with_extension_twice(fields: list[bytes]) -> list[bytes]:
    listed = der.read(fields[-1], "extensions").children()[0].children()
    return [*fields[:-1], element(0xA3, element(0x30, *(one.raw for one in listed), listed[0].raw))]


def with_version_8(fields: list[bytes]) -> list[bytes]:
    return [b"\xa0\x03\x02\x01\x07", *fields[1:]]


def with_two_algorithms(fields: list[bytes]) -> list[bytes]:
    # ecdsa-with-SHA256 inside, ecdsa-with-SHA384 outside
    return [*fields[:2], element(0x30, bytes.fromhex("06082a8648ce3d040302")), *fields[3:]]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x30\x00", id="empty"),
        pytest.param(DER[:-1], id="cut off"),
        pytest.param(DER + b"\x00", id="a byte behind it"),
        pytest.param(DER * 2, id="two"),
        pytest.param(LEAF.public_bytes(Encoding.PEM), id="PEM"),
        pytest.param(rewritten(LEAF, WORLD.intermediate.key, with_extension_twice), id="an extension twice"),
        pytest.param(
            rewritten(LEAF, WORLD.intermediate.key, lambda fields: [b"\xa0\x03\x02\x01\x07", *fields[1:]]),
            id="version 8",
        ),
    ],
)
def test_malformed(raw: bytes) -> None:
    with pytest.raises(Refused) as refused:
        load_certificate(raw)
    assert refused.value.reason == "input_malformed"


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        ("2.5.29.17", b"\x30\x02\xa3\x00"),
        ("2.5.29.17", b"\x30\x03\x86\x01\xff"),
        ("2.5.29.17", b"\x30"),
        ("2.5.29.37", b"\x04\x00"),
        ("1.3.6.1.4.1.11129.2.4.2", b"\x04\x02\x00\x05"),
    ],
)
def test_malformed_extensions(oid: str, value: bytes) -> None:
    changes: dict[str, object] = {"extra": ((x509.UnrecognizedExtension(ObjectIdentifier(oid), value), False),)}
    changes["sans" if oid.endswith(".17") else "usages" if oid.endswith(".37") else "scts"] = ()
    raw = leaf(**changes).public_bytes(Encoding.DER)  # type: ignore[arg-type]
    with pytest.raises(Refused) as refused:
        check_leaf_profile(load_certificate(raw))
    assert refused.value.reason == "input_malformed"


def test_too_large() -> None:
    padding = x509.UnrecognizedExtension(ObjectIdentifier(f"{FULCIO}.99"), b"\x00" * 65536)
    with pytest.raises(Refused) as refused:
        load_certificate(leaf(extra=((padding, False),)).public_bytes(Encoding.DER))
    assert refused.value.reason == "input_too_large"


@given(st.integers(0, len(DER) - 1), st.integers(1, 255))
@settings(max_examples=150, deadline=None)
def test_no_altered_byte_passes(at: int, change: int) -> None:
    altered = DER[:at] + bytes([DER[at] ^ change]) + DER[at + 1 :]
    with pytest.raises(Refused):
        verify_chain(load_certificate(altered), [AT], [GOOD])


def test_a_kind_of_text_that_no_name_has() -> None:
    """cryptography 38 answers it with a KeyError."""
    organization = DER.index(bytes.fromhex("060355040a")) + 5
    with pytest.raises(Refused) as refused:
        load_certificate(DER[:organization] + b"\x0d" + DER[organization + 1 :])
    assert refused.value.reason == "input_malformed"


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_garbage_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        load_certificate(raw)
