# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trust root: sigstore.md 1.1, rule by rule."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.instants import from_naive
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import Window
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.trust_root import parse_trust_root
from ansible_collections.prexorcloud.production.tests.support.release_signer.keys import (
    PublicKey,
    b64,
    log_id,
    new_key,
    note_id,
    spki,
)
from ansible_collections.prexorcloud.production.tests.support.release_signer.world import YEAR, World
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

Root = dict[str, Any]
Edit = Callable[[Root], object]

WORLD = World.make()
START = from_naive(WORLD.now - YEAR)
RSA = {bits: new_key(f"rsa-{bits}").public_key() for bits in (1024, 2048, 3072, 4096)}
EC = {name: new_key(name).public_key() for name in ("P-256", "P-384", "P-521", "secp256k1")}
ED = new_key("ed25519").public_key()
DETAILS = {
    "P-256": "PKIX_ECDSA_P256_SHA_256",
    "P-384": "PKIX_ECDSA_P384_SHA_384",
    "P-521": "PKIX_ECDSA_P521_SHA_512",
}


def document(edit: Edit | None = None) -> bytes:
    members = copy.deepcopy(WORLD.trust_members())
    if edit:
        edit(members)
    return json.dumps(members).encode()


def refusal(raw: bytes) -> Refused:
    with pytest.raises(Refused) as refused:
        parse_trust_root(raw)
    return refused.value


def with_log(key: PublicKey, details: str, **changes: Any) -> Edit:
    """The trust root with one certificate log; `changes`: raw, key_id, url, other members of the log."""

    def edit(root: Root) -> None:
        log = root["ctlogs"][0]
        log["publicKey"].update(rawBytes=b64(changes.pop("raw", spki(key))), keyDetails=details)
        log["logId"]["keyId"] = b64(changes.pop("key_id", log_id(key)))
        log["baseUrl"] = changes.pop("url", log["baseUrl"])
        log.update(changes)

    return edit


def certificate_logs(edit: Edit) -> set[bytes]:
    return set(parse_trust_root(document(edit)).certificate_logs)


def test_everything_is_read() -> None:
    root = parse_trust_root(document())
    assert set(root.logs) == {WORLD.rekor.id, WORLD.rekor2.id}
    first, tiled = root.logs[WORLD.rekor.id], root.logs[WORLD.rekor2.id]
    assert (first.name, first.v2, first.window) == (WORLD.rekor.name, False, Window(START))
    assert (tiled.name, tiled.v2, tiled.key_id) == (WORLD.rekor2.name, True, WORLD.rekor2.id)
    assert set(root.certificate_logs) == {WORLD.ct.id}
    assert root.certificate_logs[WORLD.ct.id].name == "ctfe.example.test"
    (authority,) = root.authorities
    assert authority.chain == (WORLD.intermediate.certificate, WORLD.root.certificate)
    assert authority.window == Window(START)
    assert root.timestamp_authorities[0].chain == tuple(WORLD.tsa.chain)


def test_lists_may_be_absent() -> None:
    root = parse_trust_root(b'{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}')
    assert (dict(root.logs), dict(root.certificate_logs), root.authorities, root.timestamp_authorities) == (
        {},
        {},
        (),
        (),
    )


# 1.1.1


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.dev.sigstore.trustedroot.v0.1+json",
        "application/vnd.dev.sigstore.trustedroot.v0.2+json",
        "application/vnd.dev.sigstore.trustedroot+json;version=0.2",
        "application/vnd.dev.sigstore.trustedroot+json; version=0.1",
        "application/vnd.dev.sigstore.bundle+json;version=0.1",
        "",
        None,
        7,
    ],
)
def test_other_media_types(media_type: object) -> None:
    assert refusal(document(lambda root: root.update(mediaType=media_type))).reason == "trust_root_malformed"


def test_unknown_members_are_ignored() -> None:
    def edit(root: Root) -> None:
        for members in (root, root["tlogs"][0], root["tlogs"][0]["publicKey"], root["certificateAuthorities"][0]):
            members["operator"] = {"name": "somebody"}
        root["tlogs"][0]["checkpointKeyId"] = {"keyId": b64(b"\x01\x02\x03\x04")}

    assert set(parse_trust_root(document(edit)).logs) == {WORLD.rekor.id, WORLD.rekor2.id}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        document() + b"x",
        b"\xef\xbb\xbf" + document(),
        document().replace(b'"tlogs"', b'"tlogs": [], "tlogs"', 1),
        document()[:-1] + b', "extra": NaN}',
        document()[:-1] + b', "extra": ' + b"[" * 40 + b"]" * 40 + b"}",
        document()[:-1] + b', "extra": "' + b"x" * 1024 * 1024 + b'"}',
    ],
    ids=["nothing", "empty", "list", "null", "trailing data", "BOM", "twice", "NaN", "deep", "over 1 MiB"],
)
def test_what_is_no_strict_json(raw: bytes) -> None:
    assert refusal(raw).reason == "trust_root_malformed"


# 1.1.2


@pytest.mark.parametrize("name", DETAILS)
def test_elliptic_curves(name: str) -> None:
    assert certificate_logs(with_log(EC[name], DETAILS[name])) == {log_id(EC[name])}


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_rsa(bits: int) -> None:
    assert certificate_logs(with_log(RSA[bits], f"PKIX_RSA_PKCS1V15_{bits}_SHA256")) == {log_id(RSA[bits])}


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_raw_pkcs1_key_has_the_id_of_its_spki(bits: int) -> None:
    raw = RSA[bits].public_bytes(Encoding.DER, PublicFormat.PKCS1)
    assert certificate_logs(with_log(RSA[bits], "PKCS1_RSA_PKCS1V5", raw=raw)) == {log_id(RSA[bits])}
    assert (
        certificate_logs(with_log(RSA[bits], "PKCS1_RSA_PKCS1V5", raw=raw, key_id=hashlib.sha256(raw).digest()))
        == set()
    )


@pytest.mark.parametrize(
    "details",
    ["PKIX_ML_DSA_65", "PKIX_ED25519_PH", "PKIX_RSA_PSS_2048_SHA256", "LMS_SHA256", "PUBLIC_KEY_DETAILS_UNSPECIFIED"],
)
def test_logs_with_an_unknown_kind_of_key_verify_nothing(details: str) -> None:
    """sigstore-python 3.6.3: no crash; the other logs are there."""
    root = parse_trust_root(document(with_log(EC["P-256"], details, raw=b"\x01\x02\x03")))
    assert dict(root.certificate_logs) == {}
    assert set(root.logs) == {WORLD.rekor.id, WORLD.rekor2.id}


@pytest.mark.parametrize("algorithm", ["SHA2_384", "SHA3_256", "HASH_ALGORITHM_UNSPECIFIED"])
def test_logs_with_another_hash_verify_nothing(algorithm: str) -> None:
    assert certificate_logs(with_log(EC["P-256"], DETAILS["P-256"], hashAlgorithm=algorithm)) == set()


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(with_log(EC["P-384"], DETAILS["P-256"]), id="another curve"),
        pytest.param(with_log(EC["secp256k1"], DETAILS["P-256"]), id="a curve that is never used"),
        pytest.param(with_log(RSA[2048], DETAILS["P-256"]), id="RSA as ECDSA"),
        pytest.param(with_log(EC["P-256"], "PKIX_RSA_PKCS1V15_2048_SHA256"), id="ECDSA as RSA"),
        pytest.param(with_log(RSA[3072], "PKIX_RSA_PKCS1V15_2048_SHA256"), id="another size"),
        pytest.param(with_log(RSA[1024], "PKIX_RSA_PKCS1V15_2048_SHA256"), id="a short key"),
        pytest.param(with_log(EC["P-256"], "PKIX_ED25519"), id="ECDSA as Ed25519"),
        pytest.param(with_log(ED, DETAILS["P-256"]), id="Ed25519 as ECDSA"),
        pytest.param(with_log(RSA[2048], "PKCS1_RSA_PKCS1V5"), id="SPKI as PKCS#1"),
        pytest.param(
            with_log(
                RSA[2048], "PKIX_RSA_PKCS1V15_2048_SHA256", raw=RSA[2048].public_bytes(Encoding.DER, PublicFormat.PKCS1)
            ),
            id="PKCS#1 as SPKI",
        ),
        pytest.param(with_log(EC["P-256"], DETAILS["P-256"], raw=spki(EC["P-256"]) + b"\x00"), id="a byte behind it"),
        pytest.param(with_log(EC["P-256"], DETAILS["P-256"], raw=spki(EC["P-256"])[:-1]), id="cut off"),
        pytest.param(with_log(EC["P-256"], DETAILS["P-256"], raw=b"\x04" * 65), id="a bare point"),
    ],
)
def test_keys_that_are_not_of_the_kind_they_are_said_to_be(edit: Edit) -> None:
    assert refusal(document(edit)).reason == "trust_root_malformed"


# 1.1.3, 1.1.4


@pytest.mark.parametrize("kind", ["tlogs", "ctlogs"])
@pytest.mark.parametrize(
    "times", [None, {}, {"end": "2030-01-01T00:00:00Z"}, {"start": None}, {"start": ""}, {"start": 0}]
)
def test_a_log_without_a_start_is_malformed(kind: str, times: object) -> None:
    refused = refusal(document(lambda root: root[kind][0]["publicKey"].update(validFor=times)))
    assert refused.reason == "trust_root_malformed"


@pytest.mark.parametrize("kind", ["certificateAuthorities", "timestampAuthorities"])
@pytest.mark.parametrize("times", [None, {}, {"end": "2030-01-01T00:00:00Z"}])
def test_an_authority_without_a_start_is_malformed(kind: str, times: object) -> None:
    assert refusal(document(lambda root: root[kind][0].update(validFor=times))).reason == "trust_root_malformed"


def test_an_unknown_kind_of_key_does_not_excuse_a_missing_start() -> None:
    def edit(root: Root) -> None:
        with_log(EC["P-256"], "PKIX_ML_DSA_65")(root)
        del root["ctlogs"][0]["publicKey"]["validFor"]

    assert refusal(document(edit)).reason == "trust_root_malformed"


@pytest.mark.parametrize(
    "times",
    [
        {"start": "2026-01-01"},
        {"start": "2026-02-30T00:00:00Z"},
        {"start": "2026-01-01T00:00:00"},
        {"start": "2026-01-01T00:00:00+01:00"},
        {"start": "2026-01-01T00:00:00Z", "end": "tomorrow"},
        {"start": "2026-01-01T00:00:00Z", "end": "2025-12-31T23:59:59.999Z"},
    ],
)
def test_malformed_windows(times: dict[str, str]) -> None:
    refused = refusal(document(lambda root: root["tlogs"][0]["publicKey"].update(validFor=times)))
    assert refused.reason == "trust_root_malformed"


def test_windows_are_closed_and_have_fractions() -> None:
    times = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T23:59:59.999Z"}
    root = parse_trust_root(document(lambda root: root["tlogs"][0]["publicKey"].update(validFor=times)))
    window = root.logs[WORLD.rekor.id].window
    assert window == Window(1767225600 * 10**9, 1767311999 * 10**9 + 999_000_000)
    assert window.end is not None
    assert [window.contains(one) for one in (window.start - 1, window.start, window.end, window.end + 1)] == [
        False, True, True, False,
    ]  # fmt: skip


def test_a_window_of_one_instant() -> None:
    times = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}
    root = parse_trust_root(document(lambda root: root["tlogs"][0]["publicKey"].update(validFor=times)))
    assert root.logs[WORLD.rekor.id].window.contains(1767225600 * 10**9)


# 1.1.5


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda authority: authority.pop("certChain"), id="no chain"),
        pytest.param(lambda authority: authority.update(certChain={"certificates": []}), id="empty chain"),
        pytest.param(
            lambda authority: authority["certChain"]["certificates"].append({"rawBytes": b64(b"\x30\x00")}),
            id="no certificate",
        ),
        pytest.param(
            lambda authority: authority["certChain"].update(certificates=authority["certChain"]["certificates"] * 8),
            id="endless chain",
        ),
        pytest.param(lambda authority: authority["certChain"]["certificates"][0].update(rawBytes="AA"), id="no Base64"),
    ],
)
@pytest.mark.parametrize("kind", ["certificateAuthorities", "timestampAuthorities"])
def test_malformed_authorities(kind: str, edit: Edit) -> None:
    assert refusal(document(lambda root: edit(root[kind][0]))).reason == "trust_root_malformed"


# 1.1.6


def test_a_log_whose_id_is_not_that_of_its_key_verifies_nothing() -> None:
    assert certificate_logs(with_log(EC["P-256"], DETAILS["P-256"], key_id=log_id(EC["P-384"]))) == set()
    assert certificate_logs(with_log(EC["P-256"], DETAILS["P-256"], key_id=b"\x00" * 4)) == set()


def ed25519_key() -> ed25519.Ed25519PublicKey:
    assert isinstance(ED, ed25519.Ed25519PublicKey)
    return ED


@pytest.mark.parametrize(
    ("url", "name", "good"),
    [
        ("https://log2026-1.example.test", "log2026-1.example.test", True),
        ("https://log2026-1.example.test/", "log2026-1.example.test", True),
        ("https://log2026-1.example.test/api/v2", "log2026-1.example.test", True),
        ("http://127.0.0.1:8443", "127.0.0.1:8443", True),
        ("https://log2026-1.example.test", "log2026-2.example.test", False),
        ("https://log2026-1.example.test", "https://log2026-1.example.test", False),
        ("https://log2026-1.example.test", "LOG2026-1.example.test", False),
    ],
)
def test_the_id_of_an_ed25519_key_is_bound_to_the_name_of_its_log(url: str, name: str, good: bool) -> None:
    key = ed25519_key()
    key_id = note_id(name, key)
    logs = parse_trust_root(document(with_log(key, "PKIX_ED25519", key_id=key_id, url=url))).certificate_logs
    assert [(log.key_id, log.name, log.v2) for log in logs.values()] == ([(key_id, name, True)] if good else [])


def test_the_hash_of_its_spki_is_no_id_of_an_ed25519_key() -> None:
    assert certificate_logs(with_log(ED, "PKIX_ED25519")) == set()


def test_a_log_with_a_witness_id_verifies_nothing() -> None:
    key_id = note_id("ctfe.example.test", ed25519_key(), 4)
    assert certificate_logs(with_log(ED, "PKIX_ED25519", key_id=key_id)) == set()


@pytest.mark.parametrize(
    "url", ["", "ctfe.example.test", "https://", "ftp://a.example", "https://u@a.example", "https://a:b", 7]
)
def test_malformed_urls(url: object) -> None:
    refused = refusal(document(lambda root: root["ctlogs"][0].update(baseUrl=url)))
    assert refused.reason == "trust_root_malformed"


def test_two_logs_of_one_id_are_malformed() -> None:
    """Which of two windows would count?"""
    assert refusal(document(lambda root: root["tlogs"].append(root["tlogs"][0]))).reason == "trust_root_malformed"


def test_several_logs_keep_their_own_windows() -> None:
    """sigstore-python 3.6.2."""

    def edit(root: Root) -> None:
        key = EC["P-384"]
        other = WORLD.log_members("https://other.example.test", key, log_id(key))
        other["publicKey"]["validFor"] = {"start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"}
        root["tlogs"].append(other)

    logs = parse_trust_root(document(edit)).logs
    assert logs[log_id(EC["P-384"])].window.end == 1609459200 * 10**9
    assert logs[WORLD.rekor.id].window.end is None


@pytest.mark.parametrize("kind", ["tlogs", "ctlogs", "certificateAuthorities", "timestampAuthorities"])
def test_endless_lists(kind: str) -> None:
    assert refusal(document(lambda root: root.update({kind: [{}] * 65}))).reason == "trust_root_malformed"
    assert refusal(document(lambda root: root.update({kind: {}}))).reason == "trust_root_malformed"


@pytest.mark.parametrize("member", ["baseUrl", "hashAlgorithm", "publicKey", "logId"])
def test_a_log_with_a_member_missing(member: str) -> None:
    assert refusal(document(lambda root: root["tlogs"][0].pop(member))).reason == "trust_root_malformed"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)


def paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    found: list[tuple[str | int, ...]] = [path] if path else []
    for key in keys:
        found += paths(value[key], (*path, key))  # type: ignore[index]
    return found


@given(st.sampled_from(paths(WORLD.trust_members())), VALUES)
@settings(max_examples=150, deadline=None)
def test_no_altered_member_crashes_or_adds_trust(path: tuple[str | int, ...], value: object) -> None:
    def edit(root: Any) -> None:
        for key in path[:-1]:
            root = root[key]
        root[path[-1]] = value

    try:
        root = parse_trust_root(document(edit))
    except Refused as refused:
        assert refused.reason == "trust_root_malformed"
        return
    assert set(root.logs) <= {WORLD.rekor.id, WORLD.rekor2.id}
    assert set(root.certificate_logs) <= {WORLD.ct.id}
    known = {WORLD.intermediate.certificate, WORLD.root.certificate, *WORLD.tsa.chain}
    assert {one for entry in (*root.authorities, *root.timestamp_authorities) for one in entry.chain} <= known
