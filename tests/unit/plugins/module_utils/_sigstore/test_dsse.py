# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a signed statement has to say before it counts for an artifact (sigstore.md 2 (2))."""

from __future__ import annotations

import json

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.dsse import (
    MAX_DIGESTS,
    MAX_SUBJECTS,
    PAYLOAD_LIMIT,
    PAYLOAD_TYPE,
    check_statement,
    pae,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from hypothesis import given
from hypothesis import strategies as st

SHA256 = "ab" * 32
OTHER = "cd" * 32
PROVENANCE = "https://slsa.dev/provenance/v1"
STATEMENT: dict[str, object] = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "release.jar", "digest": {"sha256": SHA256}}],
    "predicateType": PROVENANCE,
    "predicate": {"deep": {"down": [1, 2.5, None, True]}},
}


def payload(**changes: object) -> bytes:
    return json.dumps({**STATEMENT, **changes}).encode()


def subjects(*digests: object) -> list[dict[str, object]]:
    return [{"name": f"file-{at}", "digest": digest} for at, digest in enumerate(digests)]


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in STATEMENT.items() if key != name}).encode()


def reason(document: bytes, kind: str = PAYLOAD_TYPE, predicate_type: str | None = PROVENANCE) -> str:
    with pytest.raises(Refused) as caught:
        check_statement(document, kind, SHA256, predicate_type)
    return caught.value.reason


@pytest.mark.parametrize(
    ("kind", "body", "encoded"),
    [
        # The example of the DSSE protocol.
        ("http://example.com/HelloWorld", b"hello world", b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"),
        ("", b"", b"DSSEv1 0  0 "),
        # Lengths count bytes, not characters (js core 3.2.1).
        ("käse", "größe".encode(), "DSSEv1 5 käse 7 größe".encode()),
        ("a b", b"\x00\xff\n", b"DSSEv1 3 a b 3 \x00\xff\n"),
    ],
)
def test_pae(kind: str, body: bytes, encoded: bytes) -> None:
    assert pae(kind, body) == encoded


@given(st.text(max_size=8), st.binary(max_size=8), st.text(max_size=8), st.binary(max_size=8))
def test_pae_has_one_reading(kind: str, body: bytes, other_kind: str, other_body: bytes) -> None:
    assert (pae(kind, body) == pae(other_kind, other_body)) == ((kind, body) == (other_kind, other_body))


@pytest.mark.parametrize(
    "document",
    [
        payload(),
        payload(_type="https://in-toto.io/Statement/v0.1"),
        payload(subject=[{"digest": {"sha256": SHA256}}]),
        payload(subject=subjects({"sha256": OTHER}, {"sha512": "ef" * 64}, {"sha256": SHA256, "sha1": None})),
        payload(subject=subjects({"sha256": SHA256}, {"sha256": SHA256})),
        payload(subject=subjects(*({"sha256": OTHER} for _ in range(MAX_SUBJECTS - 1)), {"sha256": SHA256})),
        payload(subject=subjects({"sha256": SHA256, **{f"h{at}": "00" for at in range(MAX_DIGESTS - 1)}})),
        payload(unknown="a later version's"),
        without("predicate"),
    ],
)
def test_a_statement_about_the_artifact_counts(document: bytes) -> None:
    assert check_statement(document, PAYLOAD_TYPE, SHA256, PROVENANCE) == PROVENANCE


@pytest.mark.parametrize(
    "kind", ["", "application/json", PAYLOAD_TYPE.upper(), PAYLOAD_TYPE + "; v=1", PAYLOAD_TYPE + " "]
)
def test_other_payload_types_are_refused(kind: str) -> None:
    assert reason(payload(), kind) == "format_unsupported"


def test_an_attestation_is_no_signature() -> None:
    with pytest.raises(Refused) as caught:
        check_statement(payload(), PAYLOAD_TYPE, SHA256, None)
    assert caught.value.reason == "predicate_mismatch"
    assert "predicate_type" in caught.value.detail


@pytest.mark.parametrize(
    ("asked", "document"),
    [
        ("https://spdx.dev/Document", payload()),
        (PROVENANCE, payload(predicateType="https://spdx.dev/Document")),
        (PROVENANCE, payload(predicateType=PROVENANCE + "/")),
        (PROVENANCE, payload(predicateType=PROVENANCE.upper())),
        (PROVENANCE, payload(predicateType="")),
        # GHSA-vjxv-45g9-9296: the type was asked for and is absent.
        (PROVENANCE, without("predicateType")),
        (PROVENANCE, payload(predicateType=None)),
        ("", without("predicateType")),
    ],
)
def test_the_predicate_type_is_the_one_asked_for(asked: str, document: bytes) -> None:
    assert reason(document, predicate_type=asked) == "predicate_mismatch"


@pytest.mark.parametrize("kind", ["https://in-toto.io/Statement/v2", "https://in-toto.io/statement/v1", ""])
def test_other_statements_are_refused(kind: str) -> None:
    assert reason(payload(_type=kind)) == "format_unsupported"


@pytest.mark.parametrize(
    "subject",
    [
        None,
        [],
        subjects({"sha256": OTHER}),
        subjects({"sha512": SHA256}),
        subjects({"sha256": None}),
        subjects({}),
        [{"name": SHA256, "digest": {"sha256": OTHER}}],
        [{"name": "x", "digest": {"sha256": OTHER}, "annotations": {"sha256": SHA256}}],
    ],
)
def test_some_subject_must_be_the_artifact(subject: object) -> None:
    assert reason(payload(subject=subject)) == "statement_mismatch"


def test_no_subject_at_all() -> None:
    assert reason(without("subject")) == "statement_mismatch"


@pytest.mark.parametrize(
    "document",
    [
        # GHSA-w6c6-c85g-mmv6, cosign 3.0.5: malformed payloads, non-text, null subjects are refusals and no crash.
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"not JSON",
        b"\xef\xbb\xbf" + payload(),
        payload() + b" x",
        payload()[:-1],
        b'{"_type": "https://in-toto.io/Statement/v1", ' + payload()[1:],
        payload(_type=1),
        payload(_type=None),
        payload(predicateType=7),
        payload(predicateType=[PROVENANCE]),
        payload(subject={}),
        payload(subject="x"),
        payload(subject=[None]),
        payload(subject=[[]]),
        payload(subject=[{"name": "x"}]),
        payload(subject=subjects(None)),
        payload(subject=subjects([])),
        payload(subject=subjects({"sha256": 1})),
        payload(subject=subjects({"sha256": SHA256, "sha1": 1})),
        payload(subject=subjects({"sha256": SHA256.upper()})),
        payload(subject=subjects({"sha256": SHA256 + "\n"})),
        payload(subject=subjects({"sha256": SHA256}, {"sha256": "short"})),
        payload(predicate=[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]),
    ],
)
def test_malformed_statements(document: bytes) -> None:
    assert reason(document) == "input_malformed"


@pytest.mark.parametrize(
    "document",
    [
        # GHSA-cq38-jh5f-37mq: many subjects.
        payload(subject=subjects(*({"sha256": SHA256} for _ in range(MAX_SUBJECTS + 1)))),
        payload(subject=subjects({"sha256": SHA256, **{f"h{at}": "00" for at in range(MAX_DIGESTS)}})),
        payload(predicate="x" * PAYLOAD_LIMIT),
    ],
)
def test_endless_statements(document: bytes) -> None:
    assert reason(document) == "input_too_large"


@given(st.binary(max_size=200) | st.from_regex(rb"\A[{}\[\]\",:a-z0-9 ]{0,80}\Z"))
def test_nothing_but_refusals(document: bytes) -> None:
    reason(document)


@given(st.integers(0, len(payload()) - 1), st.integers(1, 255))
def test_an_altered_statement_never_speaks_of_another_artifact(at: int, flip: int) -> None:
    document = bytearray(payload())
    document[at] ^= flip
    try:
        check_statement(bytes(document), PAYLOAD_TYPE, SHA256, PROVENANCE)
    except Refused:
        return
    read = json.loads(document)
    assert read["subject"][0]["digest"]["sha256"] == SHA256
    assert read["predicateType"] == PROVENANCE
