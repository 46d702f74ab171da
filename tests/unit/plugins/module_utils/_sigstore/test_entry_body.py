# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A log entry about anything else than this signature, key and artifact proves nothing (the CVE-2022-36056 family)."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.bundle import parse_bundle
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.entry_body import kind_of, verify_body
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import LogEntry, MessageSignature
from ansible_collections.prexorcloud.production.tests.support.release_signer.bodies import hashedrekord_1
from ansible_collections.prexorcloud.production.tests.support.release_signer.keys import (
    P256_ORDER,
    b64,
    new_key,
    other_half,
    spki,
)
from ansible_collections.prexorcloud.production.tests.support.release_signer.signing import Signing
from ansible_collections.prexorcloud.production.tests.support.release_signer.transparency import canonical
from ansible_collections.prexorcloud.production.tests.support.release_signer.world import statement_about
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.transparency import (
    JSON_VALUES,
    WORLD,
    changed,
    places,
    reason,
    without,
)
from hypothesis import assume, given
from hypothesis import strategies as st

ARTIFACT = b"what was signed\n"


def digest_of(artifact: bytes) -> Callable[[str], bytes]:
    return lambda name: hashlib.new(name, artifact).digest()


def with_curve(curve: str, hash_name: str) -> Signing:
    return WORLD.sign(ARTIFACT, plan=WORLD.leaf_plan(key=new_key(curve)), hash_name=hash_name)


@functools.cache
def signing(name: str) -> Signing:
    makers: dict[str, Callable[[], Signing]] = {
        "hashedrekord": lambda: WORLD.sign(ARTIFACT),
        "hashedrekord-key": lambda: WORLD.sign_with_key(ARTIFACT, new_key()),
        "hashedrekord-384": lambda: WORLD.sign(
            ARTIFACT, plan=WORLD.leaf_plan(key=new_key("P-384")), hash_name="sha384"
        ),
        "hashedrekord-512": lambda: WORLD.sign(
            ARTIFACT, plan=WORLD.leaf_plan(key=new_key("P-521")), hash_name="sha512"
        ),
        "dsse": lambda: WORLD.attest(ARTIFACT),
        "dsse-key": lambda: WORLD.attest(ARTIFACT, key=new_key()),
        "intoto": lambda: WORLD.attest(ARTIFACT, kind="intoto"),
        "v2": lambda: WORLD.sign_v2(ARTIFACT),
        "v2-key": lambda: WORLD.sign_v2(ARTIFACT, key=new_key()),
        "v2-rsa": lambda: WORLD.sign_v2(ARTIFACT, key=new_key("rsa-3072")),
        "v2-statement": lambda: WORLD.sign_v2(ARTIFACT, statement=statement_about(ARTIFACT)),
    }
    return makers[name]()


ALL = (
    "hashedrekord", "hashedrekord-key", "hashedrekord-384", "hashedrekord-512", "dsse", "dsse-key", "intoto",
    "v2", "v2-key", "v2-rsa", "v2-statement",
)  # fmt: skip
FILES = [name for name in ALL if name.startswith(("hashedrekord", "v2")) and name != "v2-statement"]


def check(made: Signing, artifact: bytes = ARTIFACT, **entry: Any) -> None:
    """Verifies the entry, altered by `entry`, against what its own bundle holds."""
    signed = parse_bundle(made.bundle())
    verify_body(replace(signed.entries[0], **entry), signed, spki(made.key), digest_of(artifact))


def body_of(made: Signing) -> bytes:
    assert made.record
    return made.record.body


@pytest.mark.parametrize("name", ALL)
def test_an_honest_entry(name: str) -> None:
    check(signing(name))


@pytest.mark.parametrize("name", FILES)
def test_another_artifact(name: str) -> None:
    assert reason(check, signing(name), ARTIFACT + b"\n") == "entry_mismatch"


@pytest.mark.parametrize("name", ALL)
def test_another_entry_of_the_same_signer(name: str) -> None:
    # Really in the log, by the same identity, about the same file: but it is another signature by another key.
    made = signing(name)
    twin = signing.__wrapped__(name)
    assert reason(check, made, body=body_of(twin)) == "entry_mismatch"


@pytest.mark.parametrize("name", ALL)
def test_the_same_signature_of_another_certificate_or_key(name: str) -> None:
    made = signing(name)
    other = WORLD.sign(ARTIFACT)
    # A logged certificate where a key is the signer, and the reverse: no verdict may fall from one to the other.
    swapped = replace(made, leaf=other.leaf if made.leaf is None else None)
    assert reason(check, swapped) == "entry_mismatch"
    if made.leaf is not None:
        assert reason(check, replace(made, leaf=other.leaf)) == "entry_mismatch"
    elif not name.endswith("rsa"):
        assert reason(check, replace(made, key=new_key().public_key())) == "entry_mismatch"


@pytest.mark.parametrize("name", ["hashedrekord", "v2", "dsse", "intoto"])
def test_an_equivalent_signature_is_another_one(name: str) -> None:
    made = signing(name)
    assert reason(check, replace(made, signature=other_half(made.signature, P256_ORDER))) == "entry_mismatch"


@pytest.mark.parametrize("name", ["dsse", "intoto", "v2-statement"])
def test_another_statement(name: str) -> None:
    made = signing(name)
    assert reason(check, replace(made, payload=statement_about(b"something else"))) == "entry_mismatch"


@pytest.mark.parametrize("name", ["intoto", "v2-statement"])
def test_another_payload_type(name: str) -> None:
    assert reason(check, replace(signing(name), payload_type="text/plain")) == "entry_mismatch"


@pytest.mark.parametrize(("body", "content"), [("hashedrekord", "dsse"), ("dsse", "hashedrekord"), ("intoto", "v2")])
def test_a_signature_is_no_statement(body: str, content: str) -> None:
    donor = signing(body).record
    assert donor
    entry = {"body": donor.body, "kind": donor.kind, "version": donor.version}
    assert reason(check, signing(content), **entry) == "entry_mismatch"


def test_a_statement_is_not_logged_as_a_file() -> None:
    # Digest, signature and certificate all agree; but what was signed is a statement, not the file.
    made = signing("dsse")
    body = canonical(hashedrekord_1(made.digest, made.signature, made.certificate_pem))
    assert reason(check, made, body=body, kind="hashedrekord", version="0.0.1") == "entry_mismatch"


@pytest.mark.parametrize("name", ALL)
def test_kind_and_version_are_those_of_the_body(name: str) -> None:
    made = signing(name)
    for lie in ({"kind": "rekord"}, {"version": "0.0.3"}, {"kind": ""}, {"kind": "x" * 5000}):
        assert reason(check, made, **lie) == "entry_mismatch"


@pytest.mark.parametrize(
    ("kind", "version"),
    [
        ("intoto", "0.0.1"),
        ("dsse", "0.0.2"),
        ("rekord", "0.0.1"),
        ("hashedrekord", "0.0.3"),
        ("", ""),
        ("tuf", "0.0.1"),
    ],
)
def test_kinds_that_are_not_verified(kind: str, version: str) -> None:
    made = signing("hashedrekord")
    members = {**json.loads(body_of(made)), "kind": kind, "apiVersion": version}
    altered = {"body": canonical(members), "kind": kind, "version": version}
    assert reason(check, made, **altered) == "format_unsupported"


HASH = ("spec", "data", "hash")
CONTENT = ("spec", "signature", "publicKey", "content")


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        ((*HASH, "algorithm"), "sha1", "format_unsupported"),
        ((*HASH, "algorithm"), "SHA256", "format_unsupported"),
        ((*HASH, "algorithm"), "sha512", "input_malformed"),
        ((*HASH, "value"), hashlib.sha256(ARTIFACT).hexdigest().upper(), "input_malformed"),
        ((*HASH, "value"), hashlib.sha256(b"").hexdigest(), "entry_mismatch"),
        ((*HASH, "value"), None, "input_malformed"),
        (("spec", "signature", "content"), "", "input_malformed"),
        (("spec", "signature", "content"), 7, "input_malformed"),
        (CONTENT, "AAAA", "entry_mismatch"),
        (("spec",), [], "input_malformed"),
    ],
)
def test_altered_members(place: tuple[str, ...], value: object, code: str) -> None:
    made = signing("hashedrekord")
    assert reason(check, made, body=changed(body_of(made), place, value)) == code


@pytest.mark.parametrize(
    "wrong",
    [
        lambda pem: pem + pem,
        lambda pem: pem + signing("hashedrekord-key").key_pem,
        lambda pem: b"text\n" + pem,
        lambda _pem: signing("hashedrekord").key_pem,
        lambda _pem: signing("hashedrekord").leaf,
    ],
)
def test_the_logged_certificate_is_one_block(wrong: Callable[[bytes], bytes]) -> None:
    made = signing("hashedrekord")
    body = changed(body_of(made), CONTENT, b64(wrong(made.certificate_pem)))
    assert reason(check, made, body=body) == "entry_mismatch"


@pytest.mark.parametrize(("name", "place"), [("dsse", ("spec",)), ("intoto", ("spec", "content", "envelope"))])
def test_exactly_one_signature_of_a_statement(name: str, place: tuple[str, ...]) -> None:
    made = signing(name)
    holder = json.loads(body_of(made))
    for key in place:
        holder = holder[key]
    (one,) = holder["signatures"]
    for signatures, code in (([], "input_malformed"), (None, "input_malformed"), ([one, one], "input_too_large")):
        body = changed(body_of(made), (*place, "signatures"), signatures)
        assert reason(check, made, body=body) == code


def test_payloads_are_hashed_with_sha256() -> None:
    made = signing("dsse")
    body = changed(body_of(made), ("spec", "payloadHash", "algorithm"), "sha512")
    assert reason(check, made, body=body) == "format_unsupported"


V2 = ("spec", "hashedRekordV002")


@pytest.mark.parametrize("name", ["v2", "v2-key", "v2-rsa", "v2-statement"])
@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((*V2, "data", "algorithm"), "SHA2_512"),
        ((*V2, "data", "digest"), b64(bytes(32))),
        ((*V2, "signature", "content"), b64(b"other")),
        ((*V2, "signature", "verifier", "keyDetails"), "PKIX_ECDSA_P384_SHA_384"),
        ((*V2, "signature", "verifier", "keyDetails"), "PKIX_ED25519"),
        ((*V2, "signature", "verifier", "keyDetails"), "x" * 5000),
        ((*V2, "signature", "verifier", "publicKey"), {"rawBytes": "AAAA"}),
        ((*V2, "signature", "verifier", "x509Certificate"), {"rawBytes": "AAAA"}),
        ((*V2, "more"), "unknown"),
        (("more",), None),
    ],
)
def test_a_v2_body_is_rebuilt(name: str, place: tuple[str, ...], value: object) -> None:
    made = signing(name)
    body = canonical(json.loads(changed(body_of(made), place, value)))
    assert reason(check, made, body=body) == "entry_mismatch"


def test_a_v2_body_has_one_spelling() -> None:
    made = signing("v2")
    spaced = json.dumps(json.loads(body_of(made))).encode()
    assert reason(check, made, body=spaced) == "entry_mismatch"
    assert reason(check, made, body=body_of(made) + b"\n") == "entry_mismatch"


@pytest.mark.parametrize(
    ("kind", "details"), [("ed25519", "PKIX_ED25519_PH"), ("secp256k1", "PKIX_ECDSA_P256_SHA_256")]
)
def test_v2_keys_that_are_not_verified(kind: str, details: str) -> None:
    made = signing("v2-key")
    body = changed(body_of(made), (*V2, "signature", "verifier", "keyDetails"), details)
    other = replace(made, key=new_key(kind).public_key())
    assert reason(check, other, body=body) == "algorithm_unsupported"


def test_a_key_that_cannot_be_read() -> None:
    made = signing("v2-key")
    signed = parse_bundle(made.bundle())
    assert reason(verify_body, signed.entries[0], signed, b"no key", digest_of(ARTIFACT)) == "key_malformed"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"kind":1,"apiVersion":"0.0.1"}',
        b'{"kind":"hashedrekord","apiVersion":null,"spec":{}}',
        b'{"kind":"hashedrekord","kind":"hashedrekord","apiVersion":"0.0.1","spec":{}}',
        b'{"kind":"hashedrekord","apiVersion":"0.0.1","spec":null}',
        b'{"kind":"hashedrekord","apiVersion":"0.0.1"}' + b" {}",
        b'{"kind":"hashedrekord","apiVersion":"0.0.1","spec":' + b"[" * 100 + b"]" * 100 + b"}",
    ],
)
def test_malformed_bodies(body: bytes) -> None:
    assert reason(check, signing("hashedrekord"), body=body) == "input_malformed"


def test_a_huge_body() -> None:
    body = canonical({"kind": "hashedrekord", "apiVersion": "0.0.1", "spec": "x" * (1 << 20)})
    assert reason(check, signing("hashedrekord"), body=body) == "input_too_large"
    assert reason(kind_of, body) == "input_too_large"


def test_kind_of_a_body() -> None:
    assert kind_of(body_of(signing("intoto"))) == ("intoto", "0.0.2")


@pytest.mark.parametrize("name", ALL)
@given(data=st.data())
def test_no_alteration_of_a_body_goes_through(name: str, data: st.DataObject) -> None:
    made = signing(name)
    body = body_of(made)
    place = data.draw(st.sampled_from(places(json.loads(body))))
    value = data.draw(JSON_VALUES)
    altered = data.draw(st.sampled_from([changed(body, place, value), without(body, place)]))
    assume(json.loads(altered) != json.loads(body))
    # These two are over JSON that nobody canonicalised (1.11), so they are not looked at.
    unchecked = {"dsse": ("spec", "envelopeHash"), "intoto": ("spec", "content", "hash")}.get(name.partition("-")[0])
    if unchecked and place[: len(unchecked)] == unchecked:
        check(made, body=altered)
    else:
        with pytest.raises(Refused):
            check(made, body=altered)


@given(st.binary(max_size=64))
def test_any_bytes_are_refused(body: bytes) -> None:
    made = signing("hashedrekord")
    signed = parse_bundle(made.bundle())
    entry = LogEntry(bytes(32), 0, "hashedrekord", "0.0.1", body)
    with pytest.raises(Refused):
        verify_body(entry, replace(signed, content=MessageSignature(b"s")), spki(made.key), digest_of(ARTIFACT))
