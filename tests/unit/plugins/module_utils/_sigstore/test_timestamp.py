# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time stamp tokens: every rule of sigstore.md 1.12 refuses the token that breaks it, and only that one."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import rfc3161_client
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.instants import from_naive
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import SECOND, Authority, Window
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.timestamp import (
    TOKEN_LIMIT,
    verify_token,
)
from ansible_collections.prexorcloud.production.tests.support.release_signer.authority import CaPlan
from ansible_collections.prexorcloud.production.tests.support.release_signer.der_writer import (
    NULL,
    element,
    field,
    integer,
    octets,
    oid,
    sequence,
    set_of,
    truth,
)
from ansible_collections.prexorcloud.production.tests.support.release_signer.keys import new_key, private_pem
from ansible_collections.prexorcloud.production.tests.support.release_signer.tsa import Tsa
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

SIGNATURE = b"the raw bytes of a signature"
# Long past, and further apart than a second: the clock of this machine plays no part.
SIGNED_AT = datetime(2021, 3, 4, 5, 6, 7, tzinfo=timezone.utc)
START, END = SIGNED_AT - timedelta(days=100), SIGNED_AT + timedelta(days=100)
INSTANT = from_naive(SIGNED_AT)
TIME_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING
SHA256_OID, SHA1_OID = "2.16.840.1.101.3.4.2.1", "1.3.14.3.2.26"


@cache
def tsa(_number: int) -> Tsa:
    """A good authority, the same one for the same number."""
    return Tsa.make(START, END)


def anchors(*authorities: Tsa, start: int = 0, end: int | None = None) -> tuple[Authority, ...]:
    return tuple(Authority(one.chain, Window(start, end)) for one in authorities)


def raw(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def verify(authority: Tsa, instant: datetime = SIGNED_AT, **switches: Any) -> int:
    return verify_token(authority.token(SIGNATURE, instant, **switches), SIGNATURE, anchors(authority))


def refused(token: bytes, authorities: Sequence[Authority], signature: bytes = SIGNATURE) -> str:
    with pytest.raises(Refused) as caught:
        verify_token(token, signature, authorities)
    assert caught.value.reason == "timestamp_invalid"
    return caught.value.detail


# Good ones


GOOD_SWITCHES: dict[str, dict[str, Any]] = {
    "plain": {},
    "imprint SHA-384": {"hash_name": "sha384"},
    "imprint SHA-512": {"hash_name": "sha512"},
    "signed SHA-384": {"digest_name": "sha384"},
    "signed SHA-512": {"digest_name": "sha512"},
    "more hashes announced": {"announced": ("sha1", "sha256", "sha512")},
    "all fields": {"accuracy": True, "ordering": True, "nonce": 2**63, "tsa_name": True, "extension_critical": False},
    "by key id": {"by_key_id": True},
    "old signing certificate": {"signing_certificate": 1},
    "signing certificate with issuer": {"ess_issuer_serial": True},
    "old signing certificate with issuer": {"signing_certificate": 1, "ess_issuer_serial": True},
    "signing certificate SHA-512": {"ess_hash_name": "sha512"},
    "status text": {"status_text": "granted"},
    "empty bag": {"certificates": ()},
    "its certificate": {"certificates": (raw(tsa(0).chain[0]),)},
    "its chain": {"certificates": tuple(raw(one) for one in tsa(0).chain)},
}


@pytest.mark.parametrize("switches", GOOD_SWITCHES.values(), ids=GOOD_SWITCHES)
def test_good_tokens(switches: dict[str, Any]) -> None:
    assert verify(tsa(0), **switches) == INSTANT


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "rsa-2048", "rsa-4096"])
@pytest.mark.parametrize("digest_name", ["sha256", "sha512"])
def test_keys_of_authorities(kind: str, digest_name: str) -> None:
    assert verify(keyed(kind), digest_name=digest_name) == INSTANT


@cache
def keyed(kind: str) -> Tsa:
    return Tsa.make(START, END, key=new_key(kind))


def test_a_certificate_may_say_that_it_is_no_authority() -> None:
    assert verify(Tsa.make(START, END, is_ca=False)) == INSTANT


@pytest.mark.parametrize("anchor", [1, 2, 3])
def test_the_anchor_may_be_anywhere(anchor: int) -> None:
    """Also an intermediate, and also the authority's own certificate (sigstore.md 1.1.5)."""
    good = tsa(0)
    assert (
        verify_token(good.token(SIGNATURE, SIGNED_AT), SIGNATURE, anchors(Tsa(good.chain[:anchor], good.key)))
        == INSTANT
    )


def test_the_right_one_of_several_authorities() -> None:
    """Also after one that has the very certificate, but was in use at another time (renewed trust roots have both)."""
    good = tsa(0)
    token = good.token(SIGNATURE, SIGNED_AT)
    closed = anchors(good, end=INSTANT - SECOND)
    assert verify_token(token, SIGNATURE, (*anchors(tsa(1)), *closed, *anchors(good))) == INSTANT
    refused(token, (*anchors(tsa(1)), *closed))
    refused(token, ())


# Time


@pytest.mark.parametrize(
    ("spelling", "instant"),
    [
        ("20210304050607Z", INSTANT),
        ("20210304050607.5Z", INSTANT + SECOND // 2),
        ("20210304050607.000000001Z", INSTANT + 1),
        ("20210304050607.123456789Z", INSTANT + 123456789),
    ],
)
def test_times(spelling: str, instant: int) -> None:
    assert verify(tsa(0), gen_time=spelling) == instant


@pytest.mark.parametrize(
    "spelling",
    [
        "",
        "20210304050607",
        "20210304050607+0000",
        "20210304050607+0100",
        "2021030405Z",
        "202103040506Z",
        "210304050607Z",
        "20210304050607.Z",
        "20210304050607.0Z",
        "20210304050607.50Z",
        "20210304050607,5Z",
        "20210304050607.1234567891Z",
        "20210304050660Z",
        "20210304250607Z",
        "20210230050607Z",
        "00000304050607Z",
        "20210304050607Z\n",
        "20210304050607Z\0",
        " 20210304050607Z",
        "2021030405060\N{FULLWIDTH DIGIT SEVEN}Z",
        "20210304050607z",
    ],
)
def test_no_times(spelling: str) -> None:
    refused(tsa(0).token(SIGNATURE, SIGNED_AT, gen_time=spelling), anchors(tsa(0)))


def test_the_window_of_the_trust_root_is_closed_at_both_ends() -> None:
    token = tsa(0).token(SIGNATURE, SIGNED_AT)
    for start, end in ((INSTANT, None), (0, INSTANT), (INSTANT, INSTANT)):
        assert verify_token(token, SIGNATURE, anchors(tsa(0), start=start, end=end)) == INSTANT
    for start, end in ((INSTANT + 1, None), (0, INSTANT - 1)):
        assert "window" in refused(token, anchors(tsa(0), start=start, end=end))


def test_the_dates_of_certificates_are_closed_at_both_ends() -> None:
    for moment in (START, END):
        assert verify(tsa(0), moment) == from_naive(moment)
    tick = timedelta(microseconds=1)
    for moment in (START - tick, END + tick, SIGNED_AT + timedelta(days=20 * 365)):
        assert "not valid" in refused(tsa(0).token(SIGNATURE, moment), anchors(tsa(0)))


def test_every_certificate_of_the_chain_counts_at_that_time() -> None:
    later = SIGNED_AT + timedelta(days=2)
    soon = SIGNED_AT + timedelta(days=1)
    for plan in (
        {"leaf_not_after": soon},
        {"intermediate": CaPlan(START, soon, usages=(TIME_STAMPING,))},
    ):
        authority = Tsa.make(START, END, **plan)
        assert verify(authority) == INSTANT
        assert "not valid" in refused(authority.token(SIGNATURE, later), anchors(authority))


# Bad tokens of a good authority


def append(data: bytes) -> Callable[[bytes], bytes]:
    return lambda der: der + data


def indefinite(der: bytes) -> bytes:
    """The outermost element with an indefinite length, as BER allows."""
    return b"\x30\x80" + der[4:] + b"\x00\x00"


def long_length(der: bytes) -> bytes:
    return b"\x30\x83\x00" + der[2:]


def more_fields(*fields: bytes) -> Callable[[bytes], bytes]:
    """Fields behind those of the TSTInfo."""
    return lambda der: element(0x30, der[3 if der[1] & 0x80 else 2 :], *fields)


def flip_last(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


BAD: dict[str, tuple[dict[str, Any], str]] = {
    # The answer
    "granted with modifications": ({"status": 1}, "did not grant"),
    "rejected": ({"status": 2}, "did not grant"),
    "rejected without token": ({"status": 2, "with_token": False}, "did not grant"),
    "granted without token": ({"with_token": False}, "no token"),
    "bytes behind the end": ({"answer_edit": append(b"\x00")}, "behind the end"),
    "second answer behind it": ({"answer_edit": append(b"\x30\x00")}, "behind the end"),
    "indefinite length": ({"answer_edit": indefinite}, "not minimal"),
    "length not minimal": ({"answer_edit": long_length}, "not minimal"),
    "cut off": ({"answer_edit": lambda der: der[:-1]}, "cut off"),
    "no signed data": ({"content_info_type": "1.2.840.113549.1.7.1"}, "not signed data"),
    "version 1": ({"version": 1}, "not that of a time stamp"),
    "version 5": ({"version": 5}, "not that of a time stamp"),
    "content is plain data": ({"content_type": "1.2.840.113549.1.7.1"}, "not that of a time stamp"),
    # What it says
    "about another signature": ({"imprint": hashlib.sha256(b"other").digest()}, "another signature"),
    "imprint too short": ({"imprint": hashlib.sha256(SIGNATURE).digest()[:31]}, "another signature"),
    "imprint too long": ({"imprint": hashlib.sha256(SIGNATURE).digest() + b"\0"}, "another signature"),
    "imprint empty": ({"imprint": b""}, "another signature"),
    "imprint of another hash": ({"imprint": hashlib.sha512(SIGNATURE).digest()}, "another signature"),
    "imprint SHA-1": ({"hash_name": "sha1"}, "not one that is verified"),
    "imprint MD5": ({"hash_name": "md5"}, "not one that is verified"),
    "TSTInfo version 2": ({"info_version": 2}, "another version"),
    "critical extension": ({"extension_critical": True}, "critical extension"),
    "fields behind its end": ({"info_edit": more_fields(octets(b""))}, "must not have"),
    "nonce before accuracy": ({"info_edit": more_fields(integer(1), sequence(integer(1)))}, "must not have"),
    "nonce twice": ({"info_edit": more_fields(integer(1), integer(2))}, "must not have"),
    "truth value no DER": (
        {"info_edit": more_fields(field(1, sequence(oid("1.2.3"), b"\x01\x01\x01", octets(b""))))},
        "truth",
    ),
    "TSTInfo with a tail": ({"info_edit": append(NULL)}, "behind the end"),
    # Who signed
    "bag, but no list of signers": ({"with_signers": False, "certificates": ()}, "no signer"),
    "neither bag nor signers": ({"with_signers": False}, "3 fields"),
    "no signer": ({"signers": 0}, "0 signers"),
    "two signers": ({"signers": 2}, "2 signers"),
    "signed by another key": ({"signer_key": new_key()}, "not one by this key"),
    "signature altered": ({"signature_edit": flip_last}, "not one by this key"),
    "signature empty": ({"signature_edit": lambda _: b""}, "not one by this key"),
    "content exchanged afterwards": ({"info_after": flip_last, "nonce": 5}, "another content"),
    "signed with the tag of the message": ({"signed_tag": 0xA0}, "not one by this key"),
    "no signed attributes": ({"with_attributes": False}, "fields"),
    "hash not announced": ({"announced": ("sha384", "sha512")}, "announce"),
    "SHA-1 signature": ({"digest_name": "sha1"}, "not one that is verified"),
    "hashes of digest and signature differ": ({"signature_name": "sha512"}, "is not verified"),
    "RSA named for an EC key": ({"signer_key": new_key("rsa-2048")}, "does not fit"),
    "Ed25519": ({"signer_key": new_key("ed25519")}, "is not verified"),
    "version for a key id": ({"signer_version": 3}, "do not fit"),
    "version for a serial": ({"by_key_id": True, "signer_version": 1}, "do not fit"),
    "another serial": ({"signer_serial": 4711}, "does not have the certificate"),
    "unsigned attribute": ({"unsigned_attribute": True}, "7 fields"),
    "revocation list": ({"revocation_list": True}, "must not have"),
    # Signed attributes
    "no content type": ({"attribute_content_type": None}, "type of its content"),
    "another content type": ({"attribute_content_type": "1.2.840.113549.1.7.1"}, "type of its content"),
    "no message digest": ({"with_message_digest": False}, "another content"),
    "another message digest": ({"message_digest": b"\0" * 32}, "another content"),
    "message digest twice": ({"attribute_twice": True}, "twice"),
    "no signing certificate": ({"signing_certificate": None}, "lacks the signing-certificate"),
    "another signing certificate": ({"ess_certificate": raw(tsa(0).chain[1])}, "another certificate"),
    "another signing certificate (old)": (
        {"signing_certificate": 1, "ess_certificate": raw(tsa(0).chain[1])},
        "another certificate",
    ),
    "signing certificate by MD5": ({"ess_hash_name": "md5"}, "not one that is verified"),
    "another serial in the signing certificate": (
        {"ess_issuer_serial": True, "ess_serial": 1},
        "another issuer or serial",
    ),
    # Certificates that it brings (GHSA-xm5m-wgh2-rrg3)
    "brings a stranger's certificate": ({"certificates": (raw(tsa(1).chain[0]),)}, "does not have"),
    "brings a stranger's beside the right one": (
        {"certificates": (raw(tsa(0).chain[0]), raw(tsa(1).chain[0]))},
        "does not have",
    ),
    "brings garbage": ({"certificates": (octets(b"garbage"),)}, "does not have"),
}


@pytest.mark.parametrize(("switches", "said"), BAD.values(), ids=BAD)
def test_bad_tokens(switches: dict[str, Any], said: str) -> None:
    detail = refused(tsa(0).token(SIGNATURE, SIGNED_AT, **switches), anchors(tsa(0)))
    assert said in detail
    assert detail.count("the time stamp token") <= 1


def test_of_another_signature() -> None:
    token = tsa(0).token(SIGNATURE, SIGNED_AT)
    for other in (SIGNATURE + b"!", b"", SIGNATURE[1:]):
        assert "another signature" in refused(token, anchors(tsa(0)), other)


def test_self_made_authorities() -> None:
    """Its own certificates in the token do not help, even under the names of the trusted ones."""
    good, impostor = tsa(0), Tsa.make(START, END, serial=tsa(0).chain[0].serial_number)
    bags = (None, (raw(impostor.chain[0]),), tuple(raw(one) for one in (*good.chain, *impostor.chain)))
    for bag in bags:
        for by_key_id in (False, True):
            refused(impostor.token(SIGNATURE, SIGNED_AT, certificates=bag, by_key_id=by_key_id), anchors(good))


def test_the_root_key_is_no_signer() -> None:
    """A certificate of the chain that is not for time stamps signs none, though it is trusted to issue."""
    good = tsa(0)
    above = Tsa(good.chain[1:], good.key)
    refused(above.token(SIGNATURE, SIGNED_AT), anchors(good))


@pytest.mark.parametrize("kind", ["attributes", "sid", "algorithm"])
def test_parameters_and_forms_that_are_not_read(kind: str) -> None:
    """Structures that some reader could take for something else."""
    info = tsa(0).token(SIGNATURE, SIGNED_AT)
    replaced = {
        "attributes": info.replace(set_of(oid("1.2.840.113549.1.9.16.1.4")), set_of(oid("1.2.840.113549.1.9.16.1.5"))),
        "sid": info.replace(integer(tsa(0).chain[0].serial_number), octets(b"\0" * 20)),
        "algorithm": info.replace(sequence(oid(SHA256_OID), NULL), sequence(oid(SHA256_OID), truth(True)[:2])),
    }[kind]
    assert replaced != info
    refused(replaced, anchors(tsa(0)))


@pytest.mark.parametrize(
    "data", [b"", b"\x30", b"\x30\x00", b"\x30\x02\x30\x00", b"\x00" * 100, b"\x30\x80" * 50_000, b"{}"]
)
def test_no_tokens(data: bytes) -> None:
    refused(data, anchors(tsa(0)))


def test_endless_tokens() -> None:
    assert "at most" in refused(element(0x30, b"\0" * TOKEN_LIMIT), anchors(tsa(0)))
    deep = b""
    for _ in range(2000):
        deep = element(0x30, deep)
    refused(deep, anchors(tsa(0)))


# Good tokens of a bad authority

NOBODY_KNOWS = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.57264.99"), NULL)
BAD_PLANS: dict[str, tuple[dict[str, Any], str]] = {
    "usage not critical": ({"usages_critical": False}, "not critical"),
    "no usage": ({"usages": ()}, "not for time stamps alone"),
    "usage for code": ({"usages": (ExtendedKeyUsageOID.CODE_SIGNING,)}, "not for time stamps alone"),
    "usage for anything": ({"usages": (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)}, "not for time stamps alone"),
    "usage for more": ({"usages": (TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING)}, "not for time stamps alone"),
    "a CA": ({"is_ca": True}, "certificate authority"),
    "may not sign": ({"digital_signature": False}, "may not sign"),
    "unknown critical extension": ({"extra": ((NOBODY_KNOWS, True),)}, "not checked"),
    "weak key": ({"key": new_key("rsa-e3")}, "no key that is verified"),
    "other curve": ({"key": new_key("secp256k1")}, "no key that is verified"),
    "intermediate is no CA": ({"intermediate": CaPlan(START, END, is_ca=False)}, "chain"),
    "intermediate may not sign": ({"intermediate": CaPlan(START, END, cert_sign=False)}, "chain"),
    "intermediate without constraints": ({"intermediate": CaPlan(START, END, with_constraints=False)}, "chain"),
    "intermediate for code": ({"intermediate": CaPlan(START, END)}, "chain"),
}


@pytest.mark.parametrize(("plan", "said"), BAD_PLANS.values(), ids=BAD_PLANS)
def test_bad_authorities(plan: dict[str, Any], said: str) -> None:
    authority = Tsa.make(START, END, **plan)
    assert said in refused(authority.token(SIGNATURE, SIGNED_AT), anchors(authority))


def test_chains_that_do_not_hold() -> None:
    good, other = tsa(0), tsa(1)
    token = good.token(SIGNATURE, SIGNED_AT)
    for chain in (
        (good.chain[0], other.chain[1], other.chain[2]),
        (good.chain[0], good.chain[1], other.chain[2]),
        (good.chain[0], good.chain[2]),
        (good.chain[0], good.chain[2], good.chain[1]),
    ):
        assert "broken" in refused(token, (Authority(chain, Window(0)),))
    # Without the signer's own certificate nothing is taken from the token.
    bag = (raw(good.chain[0]),)
    refused(good.token(SIGNATURE, SIGNED_AT, certificates=bag), (Authority(good.chain[1:], Window(0)),))


# Any mutation

Node = tuple[int, "bytes | list[Node]"]


def tree(der: bytes) -> list[Node]:
    """The elements one after the other, the constructed ones with what they consist of."""
    nodes: list[Node] = []
    while der:
        size, start = der[1], 2
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(der[2:start], "big")
        content = der[start : start + size]
        nodes.append((der[0], tree(content) if der[0] & 0x20 else content))
        der = der[start + size :]
    return nodes


def written(node: Node) -> bytes:
    tag, content = node
    return element(tag, content if isinstance(content, bytes) else b"".join(map(written, content)))


def variants(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """The element with one change of shape: another tag, a field more or a field less, here or further down."""
    tag, content = node
    yield f"tag {path}", (tag ^ 1, content)
    if isinstance(content, bytes):
        return
    yield f"more {path}", (tag, [*content, (0x05, b"")])
    if content:
        yield f"less {path}", (tag, content[:-1])
    for at, child in enumerate(content):
        for name, changed in variants(child, f"{path}/{at}"):
            yield name, (tag, [*content[:at], changed, *content[at + 1 :]])


def accepted(part: str, **switches: Any) -> set[str]:
    """Changes of shape in a part, made before the authority signed, that do no harm."""
    found = set()
    bare: list[bytes] = []

    def keep(der: bytes) -> bytes:
        bare.append(der)
        return der

    tsa(0).token(SIGNATURE, SIGNED_AT, **switches, **{part: keep})
    for name, changed in variants(tree(bare[0])[0]):
        edited = written(changed)
        token = tsa(0).token(SIGNATURE, SIGNED_AT, **switches, **{part: lambda _, edited=edited: edited})
        if attempt(token) is not None:
            found.add(name)
    return found


def test_every_change_of_shape() -> None:
    """Nothing of another shape is read, but for what may be absent, and for what nothing is read of."""
    assert written(tree(GOOD)[0]) == GOOD
    # The parameters of SHA-256.
    assert accepted("info_edit") == {"less /2/0"}
    # The list of extensions may be absent or empty; with another tag it is the authority's name, which is not read.
    assert accepted("info_edit", extension_critical=False) == {"less /2/0", "less ", "less /5", "tag /5"}
    # The same where hashes are announced, the certificate in the bag, NULL as parameters of the signature algorithm.
    assert accepted("answer_edit", certificates=(raw(tsa(0).chain[0]),)) == {
        "less /1/1/0/1/0",
        "less /1/1/0/4/0/2",
        "less /1/1/0/3",
        "more /1/1/0/4/0/4",
    }
    # Policies, further certificates; the issuer and serial number that the reference need not have. The outer tag is
    # not the authority's to choose.
    assert accepted("attributes_edit", ess_issuer_serial=True) == {
        "tag ",
        "more /2/1/0",
        "more /2/1/0/0",
        "less /2/1/0/0/0",
    }


GOOD = tsa(0).token(SIGNATURE, SIGNED_AT, certificates=(raw(tsa(0).chain[0]),), accuracy=True, nonce=7)


def attempt(token: bytes) -> int | None:
    try:
        return verify_token(token, SIGNATURE, anchors(tsa(0)))
    except Refused as refusal:
        assert refusal.reason == "timestamp_invalid"
        return None


@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_no_flipped_byte_verifies(flip: int) -> None:
    assert attempt(GOOD) == INSTANT
    for at in range(len(GOOD)):
        altered = bytearray(GOOD)
        altered[at] ^= flip
        assert attempt(bytes(altered)) is None, at


@given(st.data())
def test_mutations(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(GOOD)))
    cut = data.draw(st.integers(0, 40))
    put = data.draw(st.binary(max_size=40))
    altered = GOOD[:at] + put + GOOD[at + cut :]
    assert attempt(altered) == (INSTANT if altered == GOOD else None)


@given(st.binary(max_size=300))
def test_garbage(data: bytes) -> None:
    assert attempt(data) is None


# Independent verifiers and signers


def by_library(token: bytes, authority: Tsa) -> bool:
    """The verdict of rfc3161-client, which sigstore-python uses."""
    leaf, intermediate, root = authority.chain
    builder = rfc3161_client.VerifierBuilder().tsa_certificate(leaf)
    verifier = builder.add_intermediate_certificate(intermediate).add_root_certificate(root).build()
    try:
        return verifier.verify_message(rfc3161_client.decode_timestamp_response(token), SIGNATURE)
    except (ValueError, rfc3161_client.VerificationError):
        return False


# Where the library is laxer than sigstore.md 1.12: it checks as PKCS #7 what RFC 3161 says more about.
LAXER = {
    # Versions and structure
    "version 1",
    "version 5",
    "TSTInfo version 2",
    "critical extension",
    "two signers",
    "version for a key id",
    "revocation list",
    "unsigned attribute",
    # Signed attributes
    "no signed attributes",
    "no content type",
    "another content type",
    "message digest twice",
    "no signing certificate",
    "another signing certificate",
    "another signing certificate (old)",
    "signing certificate by MD5",
    "another serial in the signing certificate",
    # Algorithms
    "SHA-1 signature",
    "hashes of digest and signature differ",
    # Certificates
    "brings a stranger's beside the right one",
}
# And stricter: the PKCS #7 of OpenSSL has no key ids.
STRICTER = {"by key id"}


@pytest.mark.parametrize("name", BAD)
def test_the_library_accepts_nothing_else_that_is_refused(name: str) -> None:
    token = tsa(0).token(SIGNATURE, SIGNED_AT, **BAD[name][0])
    assert by_library(token, tsa(0)) == (name in LAXER)


@pytest.mark.parametrize("name", GOOD_SWITCHES)
def test_the_library_on_good_tokens(name: str) -> None:
    token = tsa(0).token(SIGNATURE, SIGNED_AT, **GOOD_SWITCHES[name])
    assert by_library(token, tsa(0)) == (name not in STRICTER)


OPENSSL = """
[tsa]
default_tsa = authority
[authority]
serial = {place}/serial
signer_cert = {place}/leaf.pem
certs = {place}/chain.pem
signer_key = {place}/key.pem
signer_digest = {digest}
default_policy = 1.2.3.4
digests = sha256, sha384, sha512
accuracy = secs:1
clock_precision_digits = {precision}
ordering = yes
tsa_name = yes
ess_cert_id_chain = {chain}
ess_cert_id_alg = {reference}
"""


@pytest.mark.parametrize("kind", ["P-256", "P-384", "rsa-2048"])
@pytest.mark.parametrize(
    ("digest", "reference", "embed", "chain", "precision"),
    [
        ("sha256", "sha256", True, "no", 0),
        ("sha512", "sha1", True, "yes", 3),
        ("sha384", "sha512", False, "no", 6),
    ],
)
def test_tokens_made_by_openssl(
    tmp_path: Path, kind: str, digest: str, reference: str, embed: bool, chain: str, precision: int
) -> None:
    before = datetime.now(timezone.utc)
    authority = Tsa.make(before - timedelta(days=1), before + timedelta(days=1), key=new_key(kind))
    settings = {"digest": digest, "reference": reference, "chain": chain, "precision": precision}
    (tmp_path / "tsa.cnf").write_text(OPENSSL.format(place=tmp_path, **settings))
    (tmp_path / "key.pem").write_bytes(private_pem(authority.key))
    (tmp_path / "leaf.pem").write_bytes(authority.chain[0].public_bytes(Encoding.PEM))
    (tmp_path / "chain.pem").write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in authority.chain[1:]))
    (tmp_path / "signature").write_bytes(SIGNATURE)
    query, answer = tmp_path / "query", tmp_path / "answer"
    ask = ["openssl", "ts", "-query", "-data", str(tmp_path / "signature"), f"-{digest}", "-out", str(query)]
    subprocess.run([*ask, *(["-cert"] if embed else [])], check=True, capture_output=True)
    reply = ["openssl", "ts", "-reply", "-config", str(tmp_path / "tsa.cnf"), "-queryfile", str(query)]
    subprocess.run([*reply, "-out", str(answer)], check=True, capture_output=True)
    token = answer.read_bytes()
    instant = verify_token(token, SIGNATURE, anchors(authority))
    assert from_naive(before) - SECOND <= instant <= from_naive(datetime.now(timezone.utc))
    refused(token, anchors(authority), SIGNATURE + b"!")
    refused(token, anchors(tsa(0)))
