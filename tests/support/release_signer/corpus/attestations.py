# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements in DSSE envelopes (sigstore.md 1.11, 2 (2))."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..authority import spoil
from ..case import ARTIFACT, OK, Material, Row, keyed, keyless
from ..keys import b64, new_key, sign
from ..signing import Members
from ..world import PREDICATE, World, statement_about

DIGEST = hashlib.sha256(ARTIFACT).hexdigest()


def _statement(name: str, edit: Callable[[Members], Any], expected: str, rule: str) -> Row:
    """The signer really signed this statement."""

    def build(world: World) -> Material:
        statement = statement_about(ARTIFACT, edit=edit)
        return keyless(world.attest(ARTIFACT, statement=statement).bundle(), predicate_type=PREDICATE)

    return Row(f"statement-{name}", build, expected, rule)


def _payload(name: str, payload: bytes, expected: str, rule: str) -> Row:
    """The signer really signed these bytes as a statement."""

    def build(world: World) -> Material:
        return keyless(world.attest(ARTIFACT, statement=payload).bundle(), predicate_type=PREDICATE)

    return Row(f"statement-{name}", build, expected, rule)


def _body(kind: str, name: str, edit: Callable[[Members], Any], expected: str, rule: str) -> Row:
    """The log was told something else."""

    def build(world: World) -> Material:
        return keyless(world.attest(ARTIFACT, kind=kind, edit_body=edit).bundle(), predicate_type=PREDICATE)

    return Row(f"{kind}-body-{name}", build, expected, rule)


def _envelope(name: str, edit: Callable[[Members], Any], expected: str, rule: str) -> Row:
    """The envelope was altered afterwards."""

    def build(world: World) -> Material:
        bundle = world.attest(ARTIFACT).bundle(edit=lambda members: edit(members["dsseEnvelope"]))
        return keyless(bundle, predicate_type=PREDICATE)

    return Row(f"envelope-{name}", build, expected, rule)


def _good(kind: str) -> Row:
    def build(world: World) -> Material:
        return keyless(world.attest(ARTIFACT, kind=kind).bundle(), predicate_type=PREDICATE)

    return Row(f"good-{kind}", build, OK, "sigstore.md 1.11, 7: intoto 0.0.2 is accepted")


def _good_key(world: World) -> Material:
    signing = world.attest(ARTIFACT, key=new_key())
    return keyed(signing.bundle(), signing.key_pem, predicate_type=PREDICATE)


def _good_ed25519(world: World) -> Material:
    plan = world.leaf_plan(key=new_key("ed25519"))
    return keyless(world.attest(ARTIFACT, plan=plan).bundle(), predicate_type=PREDICATE)


def _not_asked_for(world: World) -> Material:
    return keyless(world.attest(ARTIFACT).bundle())


def _asked_for_but_absent(world: World) -> Material:
    return keyless(world.sign(ARTIFACT).bundle(), predicate_type=PREDICATE)


def _asked_for_but_old_bundle(world: World) -> Material:
    return keyless(world.sign(ARTIFACT).old_bundle(), predicate_type=PREDICATE)


def _other_predicate(world: World) -> Material:
    return keyless(world.attest(ARTIFACT).bundle(), predicate_type="https://spdx.dev/Document")


def _other_payload_type(world: World) -> Material:
    signing = world.attest(ARTIFACT, payload_type="application/vnd.in-toto.example+json")
    return keyless(signing.bundle(), predicate_type=PREDICATE)


def _swapped_payload(world: World) -> Material:
    """Payload and entry of another statement around a signature over this one."""
    signing, other = (
        world.attest(ARTIFACT),
        world.attest(ARTIFACT, statement=statement_about(ARTIFACT, "https://x.test")),
    )
    return keyless(replace(signing, payload=other.payload).bundle(), predicate_type="https://x.test")


def _signature_over_payload_only(world: World) -> Material:
    """Without PAE the type is not signed."""
    plan = world.leaf_plan()
    statement = statement_about(ARTIFACT)
    bare = sign(plan.key, statement)

    def edit(body: Members) -> None:
        body["spec"]["signatures"][0]["signature"] = b64(bare)

    signing = world.attest(ARTIFACT, plan=plan, statement=statement, edit_body=edit)
    return keyless(replace(signing, signature=bare).bundle(), predicate_type=PREDICATE)


def _own_certificate_kept(signatures: list[Members]) -> None:
    signatures.append(dict(signatures[0]))


STATEMENT = "sigstore.md 2 (2): DSSE"
SUBJECT = "sigstore.md 5: subject confusion"
BODY = "sigstore.md 1.11, CVE-2022-36056"
MALFORMED = "CVE-2026-39395 GHSA-w6c6-c85g-mmv6: malformed attestation payload"

ROWS: tuple[Row, ...] = (
    _good("dsse"),
    _good("intoto"),
    Row("good-dsse-key", _good_key, OK, "sigstore.md 2 (4)"),
    Row("good-dsse-ed25519", _good_ed25519, OK, "sigstore.md 1.13: pure Ed25519 over the PAE"),
    _statement("good-v0.1", lambda members: members.update(_type="https://in-toto.io/Statement/v0.1"), OK, STATEMENT),
    _statement(
        "good-second-subject",
        lambda members: members["subject"].insert(0, {"name": "other", "digest": {"sha256": "0" * 64}}),
        OK,
        "sigstore.md 2 (2): some subject",
    ),
    _statement(
        "good-more-digests", lambda members: members["subject"][0]["digest"].update(sha512="0" * 128), OK, STATEMENT
    ),
    Row(
        "statement-not-asked-for", _not_asked_for, "predicate_mismatch", "sigstore.md 2 (2): off unless the caller asks"
    ),
    Row(
        "statement-asked-for-but-absent",
        _asked_for_but_absent,
        "predicate_mismatch",
        "CVE-2022-35929 GHSA-vjxv-45g9-9296",
    ),
    Row("statement-asked-for-but-old-bundle", _asked_for_but_old_bundle, "predicate_mismatch", "CVE-2022-35929"),
    Row("statement-other-predicate", _other_predicate, "predicate_mismatch", "CVE-2026-39395: other predicate type"),
    Row("statement-other-payload-type", _other_payload_type, "format_unsupported", STATEMENT),
    Row("statement-swapped-payload", _swapped_payload, "entry_mismatch", BODY),
    Row("statement-signed-without-pae", _signature_over_payload_only, "signature_invalid", "sigstore.md 1.13: PAE"),
    _statement(
        "type-unknown",
        lambda members: members.update(_type="https://in-toto.io/Statement/v2"),
        "format_unsupported",
        "suite dsse-statement-unknown-type",
    ),
    _statement(
        "type-missing", lambda members: members.pop("_type"), "input_malformed", "suite dsse-statement-missing-type"
    ),
    _statement(
        "other-subject",
        lambda members: members["subject"][0]["digest"].update(sha256="0" * 64),
        "statement_mismatch",
        SUBJECT,
    ),
    _statement("no-subject", lambda members: members.update(subject=[]), "statement_mismatch", SUBJECT),
    _statement(
        "digest-of-another-kind",
        lambda members: members["subject"][0].update(digest={"sha512": DIGEST}),
        "statement_mismatch",
        SUBJECT,
    ),
    _statement(
        "digest-in-name",
        lambda members: members.update(subject=[{"name": f"sha256:{DIGEST}", "digest": {"sha256": "0" * 64}}]),
        "statement_mismatch",
        SUBJECT,
    ),
    _statement("predicate-missing", lambda members: members.pop("predicateType"), "predicate_mismatch", STATEMENT),
    _statement(
        "subject-null", lambda members: members.update(subject=None), "statement_mismatch", "cosign 3.0.5: null subject"
    ),
    _statement(
        "subject-of-null",
        lambda members: members.update(subject=[None]),
        "input_malformed",
        "cosign 3.0.5: null subject",
    ),
    _statement("digest-null", lambda members: members["subject"][0].update(digest=None), "input_malformed", MALFORMED),
    _statement(
        "subjects-1025",
        lambda members: members.update(subject=members["subject"] * 1025),
        "input_too_large",
        "CVE-2024-45395 GHSA-cq38-jh5f-37mq",
    ),
    _statement(
        "digests-33",
        lambda members: members["subject"][0]["digest"].update({f"x{number}": "0" for number in range(32)}),
        "input_too_large",
        "CVE-2024-45395",
    ),
    _payload("no-json", b"no statement", "input_malformed", MALFORMED),
    _payload("list", b"[]", "input_malformed", MALFORMED),
    _payload("null", b"null", "input_malformed", MALFORMED),
    _payload(
        "duplicate-members",
        statement_about(ARTIFACT)[:-1] + b', "subject": []}',
        "input_malformed",
        "sigstore.md 3: duplicate keys",
    ),
    _payload("trailing", statement_about(ARTIFACT) + b"{}", "input_malformed", "sigstore.md 3: trailing data"),
    _envelope(
        "two-signatures",
        lambda envelope: envelope["signatures"].append(dict(envelope["signatures"][0])),
        "input_too_large",
        "sigstore.md 2 (2): exactly one signature",
    ),
    _envelope(
        "no-signature",
        lambda envelope: envelope.update(signatures=[]),
        "input_malformed",
        "sigstore.md 2 (2): exactly one signature",
    ),
    _envelope("other-type", lambda envelope: envelope.update(payloadType="text/plain"), "signature_invalid", STATEMENT),
    _envelope(
        "other-payload",
        lambda envelope: envelope.update(payload=b64(statement_about(ARTIFACT, "https://x.test"))),
        "entry_mismatch",
        BODY,
    ),
    _body(
        "dsse", "other-payload", lambda body: body["spec"]["payloadHash"].update(value="0" * 64), "entry_mismatch", BODY
    ),
    _body(
        "dsse",
        "other-signature",
        lambda body: body["spec"]["signatures"][0].update(signature=b64(spoil(b"\x30\x06\x02\x01\x01\x02\x01\x01"))),
        "entry_mismatch",
        BODY,
    ),
    _body(
        "dsse",
        "two-signatures",
        lambda body: _own_certificate_kept(body["spec"]["signatures"]),
        "input_too_large",
        "sigstore.md 1.11: exactly one",
    ),
    _body(
        "dsse",
        "no-signature",
        lambda body: body["spec"].update(signatures=[]),
        "input_malformed",
        "sigstore.md 1.11: exactly one",
    ),
    _body(
        "dsse",
        "other-algorithm",
        lambda body: body["spec"]["payloadHash"].update(algorithm="sha1"),
        "format_unsupported",
        BODY,
    ),
    _body(
        "intoto",
        "other-payload",
        lambda body: body["spec"]["content"]["payloadHash"].update(value="0" * 64),
        "entry_mismatch",
        BODY,
    ),
    _body(
        "intoto",
        "signature-encoded-once",
        lambda body: body["spec"]["content"]["envelope"]["signatures"][0].update(
            sig=b64(b"\x30\x06\x02\x01\x01\x02\x01\x01")
        ),
        "entry_mismatch",
        "sigstore.md 1.11: encoded twice",
    ),
    _body(
        "intoto",
        "two-signatures",
        lambda body: _own_certificate_kept(body["spec"]["content"]["envelope"]["signatures"]),
        "input_too_large",
        "sigstore.md 1.11: one signature",
    ),
)
