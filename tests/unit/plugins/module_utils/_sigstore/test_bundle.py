# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sigstore bundles: each version, each rule of its shape, and no input that does anything but parse or be refused."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.bundle import (
    MAX_BUNDLE,
    parse_bundle,
    render_bundle,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import (
    Envelope,
    InclusionProof,
    LogEntry,
    MessageSignature,
    Signed,
)
from ansible_collections.prexorcloud.production.tests.support.release_signer.keys import b64, new_key
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.transparency import (
    JSON_VALUES,
    WORLD,
    changed,
    entry_of,
    places,
    reason,
    without,
)
from hypothesis import given
from hypothesis import strategies as st

ARTIFACT = b"what was signed\n"
SIGNING = WORLD.sign(ARTIFACT)
TILED = WORLD.sign_v2(ARTIFACT)
KEYED = WORLD.sign_with_key(ARTIFACT, new_key())
ATTESTATION = WORLD.attest(ARTIFACT)
BUNDLE = SIGNING.bundle()
DIGEST = SIGNING.digest[1]

MATERIAL = ("verificationMaterial",)
ENTRIES = (*MATERIAL, "tlogEntries")
ENTRY = (*ENTRIES, 0)
PROOF = (*ENTRY, "inclusionProof")
MESSAGE = ("messageSignature",)


@pytest.mark.parametrize(
    ("version", "number", "promise_required", "proof_required"),
    [
        ("0.1", "0.1", True, False),
        ("0.2", "0.2", True, True),
        ("0.3", "0.3", True, True),
        ("0.3-old-spelling", "0.3", True, True),
    ],
)
def test_each_version(version: str, number: str, promise_required: bool, proof_required: bool) -> None:
    signed = parse_bundle(SIGNING.bundle(version))
    assert SIGNING.record
    entry = entry_of(SIGNING.record)
    assert signed == Signed(
        label=f"Sigstore bundle {number}",
        content=MessageSignature(SIGNING.signature, ("sha256", DIGEST)),
        certificate=SIGNING.leaf,
        entries=(replace(entry, proof=None) if number == "0.1" else entry,),
        promise_required=promise_required,
        proof_required=proof_required,
        bundle_version=number,
    )


def test_a_token_can_stand_for_the_promise_but_not_in_0_1() -> None:
    signed = parse_bundle(TILED.bundle())
    assert signed.timestamps == TILED.tokens
    assert (signed.promise_required, signed.proof_required) == (False, True)
    assert (signed.entries[0].promise, signed.entries[0].integrated_time) == (None, None)
    assert parse_bundle(TILED.bundle("0.1")).promise_required


def test_a_bundle_for_a_key_has_no_certificate() -> None:
    assert parse_bundle(KEYED.bundle()).certificate is None
    assert parse_bundle(changed(KEYED.bundle(), (*MATERIAL, "publicKey"), {})).certificate is None


def test_a_statement() -> None:
    signed = parse_bundle(ATTESTATION.bundle())
    assert ATTESTATION.payload
    assert signed.content == Envelope(ATTESTATION.payload, "application/vnd.in-toto+json", ATTESTATION.signature)


@pytest.mark.parametrize("version", ["0.1", "0.2"])
def test_only_the_leaf_of_a_chain_is_used(version: str) -> None:
    signing = replace(SIGNING, parents=(WORLD.intermediate.der,))
    assert parse_bundle(signing.bundle(version)).certificate == SIGNING.leaf


@pytest.mark.parametrize("version", ["0.1", "0.2"])
def test_a_root_in_the_chain_is_refused(version: str) -> None:
    for parents in ((WORLD.root.der,), (WORLD.intermediate.der, WORLD.root.der)):
        assert reason(parse_bundle, replace(SIGNING, parents=parents).bundle(version)) == "input_malformed"


@pytest.mark.parametrize("der", [b"\x30\x00", b"\x30\x02\x30\x00", b"garbage", b"\x30\x80\x00\x00", b"\x02\x01\x00"])
def test_a_malformed_certificate_in_the_chain(der: bytes) -> None:
    assert reason(parse_bundle, replace(SIGNING, parents=(der,)).bundle("0.2")) == "input_malformed"
    assert reason(parse_bundle, replace(SIGNING, leaf=der).bundle("0.2")) == "input_malformed"


def test_a_long_chain() -> None:
    signing = replace(SIGNING, parents=(WORLD.intermediate.der,) * 8)
    assert reason(parse_bundle, signing.bundle("0.2")) == "input_too_large"


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.dev.sigstore.bundle+json;version=0.4",
        "application/vnd.dev.sigstore.bundle.v0.4+json",
        "application/vnd.dev.sigstore.bundle.v0.1+json",
        "application/vnd.dev.sigstore.bundle+json; version=0.3",
        "application/vnd.dev.sigstore.bundle.v0.3+json ",
        "APPLICATION/VND.DEV.SIGSTORE.BUNDLE.V0.3+JSON",
        "application/json",
        "",
    ],
)
def test_other_media_types(media_type: str) -> None:
    assert reason(parse_bundle, changed(BUNDLE, ("mediaType",), media_type)) == "format_unsupported"


@pytest.mark.parametrize(
    ("version", "minimum", "accepted"),
    [
        ("0.1", "0.1", True),
        ("0.1", "0.2", False),
        ("0.2", "0.2", True),
        ("0.2", "0.3", False),
        ("0.3", "0.3", True),
        ("0.3-old-spelling", "0.3", True),
    ],
)
def test_the_lowest_version(version: str, minimum: str, accepted: bool) -> None:
    document = SIGNING.bundle(version)
    if accepted:
        parse_bundle(document, minimum)
    else:
        assert reason(parse_bundle, document, minimum) == "format_too_old"


@pytest.mark.parametrize("minimum", ["", "0.4", "v0.3", "0"])
def test_no_such_version(minimum: str) -> None:
    with pytest.raises(PolicyError):
        parse_bundle(BUNDLE, minimum)


def _chain(document: bytes) -> bytes:
    chain = {"certificates": [{"rawBytes": b64(SIGNING.leaf or b"")}]}
    return without(changed(document, (*MATERIAL, "x509CertificateChain"), chain), (*MATERIAL, "certificate"))


@pytest.mark.parametrize(
    "document",
    [
        _chain(BUNDLE),
        changed(SIGNING.bundle("0.2"), MATERIAL, json.loads(BUNDLE)["verificationMaterial"]),
        # Both members of a oneof, or none.
        changed(BUNDLE, (*MATERIAL, "publicKey"), {"hint": "a"}),
        changed(BUNDLE, (*MATERIAL, "x509CertificateChain"), {"certificates": []}),
        without(BUNDLE, (*MATERIAL, "certificate")),
        changed(BUNDLE, ("dsseEnvelope",), json.loads(ATTESTATION.bundle())["dsseEnvelope"]),
        without(BUNDLE, MESSAGE),
        without(BUNDLE, MATERIAL),
        without(BUNDLE, ("mediaType",)),
        changed(SIGNING.bundle("0.2"), (*MATERIAL, "x509CertificateChain", "certificates"), []),
    ],
)
def test_material_and_content_are_one_each(document: bytes) -> None:
    assert reason(parse_bundle, document) == "input_malformed"


DOCUMENTS = (BUNDLE, SIGNING.bundle("0.2"), TILED.bundle(), KEYED.bundle(), ATTESTATION.bundle())


@pytest.mark.parametrize("document", DOCUMENTS)
def test_unknown_members_are_refused_everywhere(document: bytes) -> None:
    for place in [(), *places(json.loads(document))]:
        inner = json.loads(document)
        for key in place:
            inner = inner[key]
        if isinstance(inner, dict):
            assert reason(parse_bundle, changed(document, (*place, "unknown"), 1)) == "input_malformed", place


def test_a_hint_is_text() -> None:
    assert reason(parse_bundle, changed(KEYED.bundle(), (*MATERIAL, "publicKey", "hint"), 7)) == "input_malformed"
    keyid = ("dsseEnvelope", "signatures", 0, "keyid")
    assert reason(parse_bundle, changed(ATTESTATION.bundle(), keyid, 7)) == "input_malformed"
    assert parse_bundle(changed(ATTESTATION.bundle(), keyid, "a")) == parse_bundle(ATTESTATION.bundle())


@pytest.mark.parametrize(
    ("place", "value"),
    [
        # protobuf's other spelling, which some readers take, would be a second reading.
        ((*MATERIAL, "tlog_entries"), []),
        ((*MESSAGE, "signature"), 7),
        ((*MESSAGE, "signature"), ""),
        ((*MESSAGE, "signature"), b64(SIGNING.signature).rstrip("=") + "\n"),
        ((*MESSAGE, "signature"), "-_-_"),
        ((*MESSAGE, "messageDigest", "digest"), b64(bytes(31))),
        ((*MESSAGE, "messageDigest", "algorithm"), None),
        ((*MESSAGE, "messageDigest", "algorithm"), 1),
        ((*ENTRY, "logIndex"), -1),
        ((*ENTRY, "logIndex"), "-1"),
        ((*ENTRY, "logIndex"), 1.0),
        ((*ENTRY, "logIndex"), "01"),
        ((*ENTRY, "logIndex"), "1e3"),
        ((*ENTRY, "logIndex"), str(2**63)),
        ((*ENTRY, "logIndex"), True),
        ((*ENTRY, "integratedTime"), "now"),
        ((*ENTRY, "logId"), None),
        ((*ENTRY, "logId", "keyId"), b64(bytes(20))),
        ((*ENTRY, "logId", "keyId"), bytes(32).hex()),
        ((*ENTRY, "kindVersion"), None),
        ((*ENTRY, "kindVersion", "version"), 1),
        ((*ENTRY, "canonicalizedBody"), None),
        ((*ENTRY, "canonicalizedBody"), {}),
        ((*ENTRY, "inclusionPromise"), {}),
        ((*ENTRY, "inclusionPromise"), "text"),
        ((*PROOF, "rootHash"), None),
        ((*PROOF, "rootHash"), b64(bytes(31))),
        ((*PROOF, "hashes"), [None]),
        ((*PROOF, "hashes"), [b64(bytes(33))]),
        ((*PROOF, "hashes"), {}),
        ((*PROOF, "checkpoint"), "text"),
        (ENTRIES, [None]),
        (ENTRIES, {}),
        ((*MATERIAL, "timestampVerificationData"), {"rfc3161Timestamps": [{}]}),
    ],
)
def test_malformed_members(place: tuple[Any, ...], value: object) -> None:
    assert reason(parse_bundle, changed(BUNDLE, place, value)) == "input_malformed"


@pytest.mark.parametrize("algorithm", ["SHA3_256", "SHA1", "sha256", "HASH_ALGORITHM_UNSPECIFIED", ""])
def test_hashes_that_are_not_verified(algorithm: str) -> None:
    document = changed(BUNDLE, (*MESSAGE, "messageDigest", "algorithm"), algorithm)
    assert reason(parse_bundle, document) == "algorithm_unsupported"


def test_what_protobuf_leaves_out() -> None:
    # Absent, null and the default are the same; 64-bit numbers come as text or as numbers.
    plain = parse_bundle(changed(BUNDLE, (*ENTRY, "logIndex"), 0)).entries[0]
    assert plain.log_index == 0
    for document in (
        without(BUNDLE, (*ENTRY, "logIndex")),
        changed(BUNDLE, (*ENTRY, "logIndex"), None),
        changed(BUNDLE, (*ENTRY, "logIndex"), "0"),
    ):
        assert parse_bundle(document).entries[0] == plain
    for nothing in (None, 0, "0"):
        assert parse_bundle(changed(BUNDLE, (*ENTRY, "integratedTime"), nothing)).entries[0].integrated_time is None
    assert parse_bundle(without(BUNDLE, (*ENTRY, "inclusionPromise"))).entries[0].promise is None
    assert parse_bundle(without(BUNDLE, PROOF)).entries[0].proof is None
    for document in (without(BUNDLE, (*PROOF, "checkpoint")), changed(BUNDLE, (*PROOF, "checkpoint"), {})):
        proof = parse_bundle(document).entries[0].proof
        assert proof and proof.checkpoint is None
    content = parse_bundle(without(BUNDLE, (*MESSAGE, "messageDigest"))).content
    assert content == MessageSignature(SIGNING.signature)


def test_a_bundle_without_an_entry_is_the_policys_to_refuse() -> None:
    for document in (changed(BUNDLE, ENTRIES, []), without(BUNDLE, ENTRIES)):
        assert parse_bundle(document).entries == ()


@pytest.mark.parametrize(
    ("place", "count"),
    [(ENTRIES, 2), (ENTRIES, 100_000), ((*PROOF, "hashes"), 65), ((*PROOF, "hashes"), 50_000)],
)
def test_caps_on_lists(place: tuple[Any, ...], count: int) -> None:
    # sigstore-go CVE-2024-45395; the same entry twice would count as two logs (GHSA-9vcr-p3rj-q5q6).
    inner: object = b64(bytes(32)) if place[-1] == "hashes" else ({} if count > 2 else json.loads(BUNDLE))
    document = changed(BUNDLE, place, [inner] * count)
    start = time.process_time()
    assert reason(parse_bundle, document) == "input_too_large"
    assert time.process_time() - start < 1


def test_caps_on_timestamps_and_signatures() -> None:
    stamp = {"signedTimestamp": "AAAA"}
    place = (*MATERIAL, "timestampVerificationData")
    assert len(parse_bundle(changed(BUNDLE, place, {"rfc3161Timestamps": [stamp] * 32})).timestamps) == 32
    assert reason(parse_bundle, changed(BUNDLE, place, {"rfc3161Timestamps": [stamp] * 33})) == "input_too_large"
    document = ATTESTATION.bundle()
    signatures = json.loads(document)["dsseEnvelope"]["signatures"]
    place = ("dsseEnvelope", "signatures")
    assert reason(parse_bundle, changed(document, place, signatures * 2)) == "input_too_large"
    assert reason(parse_bundle, changed(document, place, [])) == "input_malformed"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b'{"mediaType":"' + b"x" * (10 << 20) + b'"}', "input_too_large"),
        (b"[" * (MAX_BUNDLE - 1), "input_too_large"),
        (b'{"a":' * 500_000, "input_too_large"),
        (b'{"a":"' + b'\\"' * 1_000_000, "input_malformed"),
        (b'{"a":' + b"9" * 2_000_000 + b"}", "input_malformed"),
        (b'{"a":[' + b"0," * 1_000_000 + b"0]}", "input_malformed"),
        (b"{" + b",".join(b'"%d":0' % number for number in range(200_000)) + b"}", "input_malformed"),
    ],
    ids=["10 MiB", "brackets", "objects", "quotes", "digits", "numbers", "members"],
)
def test_bombs_are_refused_within_a_second(document: bytes, code: str) -> None:
    start = time.process_time()
    assert reason(parse_bundle, document) == code
    assert time.process_time() - start < 1


def test_der_has_its_own_cap() -> None:
    # Eight certificates of the largest size, of as many elements as there can be, cost less than a second.
    inner = b"\x05\x00" * 4 + b"\x04\x00" + b"\x05\x00" * 8181
    body = b"\x30\x82" + len(inner).to_bytes(2, "big") + inner
    bomb = b"\x30\x82" + len(body).to_bytes(2, "big") + body
    assert len(bomb) == 16 * 1024 - 4
    start = time.process_time()
    assert parse_bundle(replace(SIGNING, leaf=bomb, parents=(bomb,) * 7).bundle("0.2")).certificate == bomb
    assert time.process_time() - start < 1
    too_large = bomb + bytes(5)
    for document in (
        replace(SIGNING, leaf=too_large).bundle("0.3"),
        replace(SIGNING, parents=(too_large,)).bundle("0.2"),
        replace(TILED, tokens=(too_large,)).bundle("0.3"),
    ):
        assert reason(parse_bundle, document) == "input_too_large"


def test_two_readings_are_refused() -> None:
    text = BUNDLE.decode()
    for document in (
        text.replace('{"mediaType"', '{"mediaType": "application/json", "mediaType"', 1),
        text + "{}",
        "\ufeff" + text,
        f"[{text}]",
        text.replace('"logIndex": "', '"logIndex": NaN, "x": "', 1),
    ):
        assert reason(parse_bundle, document.encode()) == "input_malformed"


# Rendering


@pytest.mark.parametrize("signing", [SIGNING, TILED, KEYED])
def test_a_rendered_bundle_is_read_back(signing: Any) -> None:
    signed = parse_bundle(signing.bundle())
    assert parse_bundle(render_bundle(signed, DIGEST), "0.3") == signed


def test_the_shape_that_other_clients_expect() -> None:
    rendered = json.loads(render_bundle(parse_bundle(BUNDLE), DIGEST))
    assert rendered == json.loads(BUNDLE)


HASHES = st.binary(min_size=32, max_size=32)
COUNTS = st.integers(0, 2**63 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
DATA = st.binary(min_size=1, max_size=40)


@st.composite
def signeds(draw: st.DrawFn) -> Signed:
    proof = InclusionProof(
        draw(COUNTS), draw(COUNTS), draw(HASHES), tuple(draw(st.lists(HASHES, max_size=3))), draw(TEXTS.filter(bool))
    )
    entry = LogEntry(
        draw(HASHES),
        draw(COUNTS),
        draw(TEXTS),
        draw(TEXTS),
        draw(DATA),
        draw(st.none() | st.integers(1, 2**63 - 1)),
        draw(st.none() | DATA),
        proof,
    )
    timestamps = tuple(draw(st.lists(DATA, max_size=2)))
    return Signed(
        label="Sigstore bundle 0.3",
        content=MessageSignature(draw(DATA), ("sha256", draw(HASHES))),
        certificate=draw(st.none() | DATA),
        entries=(entry,),
        timestamps=timestamps,
        promise_required=not timestamps,
        proof_required=True,
        bundle_version="0.3",
    )


@given(signeds())
def test_whatever_is_rendered_is_read_back(signed: Signed) -> None:
    assert isinstance(signed.content, MessageSignature) and signed.content.digest
    assert parse_bundle(render_bundle(signed, signed.content.digest[1]), "0.3") == signed


def test_a_bundle_without_proof_is_not_written() -> None:
    signed = parse_bundle(BUNDLE)
    (entry,) = signed.entries
    assert entry.proof
    unproven = replace(signed, entries=(replace(entry, proof=None),))
    assert reason(render_bundle, unproven, DIGEST) == "proof_missing"
    unsigned = replace(signed, entries=(replace(entry, proof=replace(entry.proof, checkpoint=None)),))
    assert reason(render_bundle, unsigned, DIGEST) == "checkpoint_missing"
    for entries in ((), (entry, entry)):
        assert reason(render_bundle, replace(signed, entries=entries), DIGEST) == "log_entry_missing"
    with pytest.raises(ValueError, match="over a file"):
        render_bundle(parse_bundle(ATTESTATION.bundle()), DIGEST)


# Robustness


@pytest.mark.parametrize("document", DOCUMENTS)
@given(data=st.data())
def test_any_alteration_parses_or_is_refused(document: bytes, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(places(json.loads(document))))
    make: Callable[[], bytes] = data.draw(
        st.sampled_from([lambda: without(document, place), lambda: changed(document, place, data.draw(JSON_VALUES))])
    )
    try:
        assert isinstance(parse_bundle(make()), Signed)
    except Refused as refusal:
        assert refusal.reason in ("input_malformed", "input_too_large", "format_unsupported", "algorithm_unsupported")


@given(st.data())
def test_any_bytes_parse_or_are_refused(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(BUNDLE)))
    junk = data.draw(st.binary(max_size=6))
    document = BUNDLE[:at] + junk + BUNDLE[data.draw(st.integers(at, min(at + 6, len(BUNDLE)))) :]
    try:
        assert isinstance(parse_bundle(document), Signed)
    except Refused as refusal:
        assert refusal.reason in ("input_malformed", "format_unsupported", "algorithm_unsupported")
