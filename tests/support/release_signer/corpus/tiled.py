# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The v2 log (Rekor v2, tiled): no promise, no time, the name in the key's id (sigstore.md 1.10, 1.11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519

from ..authority import spoil
from ..case import ARTIFACT, OK, Material, Row, keyed, keyless
from ..keys import P256_ORDER, b64, new_key, other_half, spki
from ..signing import Members
from ..transparency import Proof, Record, RekorV2, note, note_text, witness_line
from ..world import PREDICATE, World, statement_about


def _proof(record: Record) -> Proof:
    assert record.proof is not None
    return record.proof


def _record(name: str, change: Callable[[World, Record], Record], expected: str, rule: str) -> Row:
    """A good signature whose v2 entry was altered after the log had made it."""

    def build(world: World) -> Material:
        signing = world.sign_v2(ARTIFACT)
        assert signing.record is not None
        return keyless(replace(signing, record=change(world, signing.record)).bundle())

    return Row(f"tiled-{name}", build, expected, rule)


def _body(name: str, edit: Callable[[Members], Any], expected: str, rule: str) -> Row:
    """The v2 log was told something else."""

    def build(world: World) -> Material:
        return keyless(world.sign_v2(ARTIFACT, edit_body=lambda body: edit(body["spec"]["hashedRekordV002"])).bundle())

    return Row(f"tiled-body-{name}", build, expected, rule)


def _noted(name: str, text: Callable[[World, Proof], str], expected: str, rule: str) -> Row:
    return _record(
        f"checkpoint-{name}",
        lambda world, record: replace(record, proof=replace(_proof(record), checkpoint=text(world, _proof(record)))),
        expected,
        rule,
    )


def _text(world: World, proof: Proof) -> str:
    return note_text(world.rekor2.origin, proof.size, proof.root)


def _cosigned(world: World, proof: Proof) -> str:
    text = _text(world, proof)
    witnesses = [witness_line(text, world.seconds(), f"witness{number}.example.test") for number in range(3)]
    return note(text, [witnesses[0], world.rekor2.line(text), *witnesses[1:]])


def _good(world: World) -> Material:
    return keyless(world.sign_v2(ARTIFACT).bundle())


def _good_key(world: World) -> Material:
    signing = world.sign_v2(ARTIFACT, key=new_key())
    return keyed(signing.bundle(), signing.key_pem)


def _good_statement(world: World) -> Material:
    signing = world.sign_v2(ARTIFACT, statement=statement_about(ARTIFACT))
    return keyless(signing.bundle(), predicate_type=PREDICATE)


def _statement_of_other(world: World) -> Material:
    signing = world.sign_v2(ARTIFACT, statement=statement_about(ARTIFACT))
    other = world.sign_v2(ARTIFACT, statement=statement_about(b"something else"))
    return keyless(replace(signing, record=other.record).bundle(), predicate_type=PREDICATE)


def _without_token(world: World) -> Material:
    return keyless(replace(world.sign_v2(ARTIFACT), tokens=()).bundle())


def _invented_time(world: World, record: Record) -> Record:
    return replace(record, integrated_time=world.seconds())


def _time_instead_of_token(world: World) -> Material:
    signing = world.sign_v2(ARTIFACT)
    assert signing.record is not None
    return keyless(replace(signing, record=_invented_time(world, signing.record), tokens=()).bundle())


def _twin(world: World) -> Material:
    signing = world.sign_v2(ARTIFACT)
    twin = other_half(signing.signature, P256_ORDER)
    return keyless(replace(signing, signature=twin, tokens=(world.tsa.token(twin, world.now),)).bundle())


def _other_entry(world: World, _record: Record) -> Record:
    found = world.sign_v2(b"something else").record
    assert found is not None
    return found


def _impostor() -> RekorV2:
    key = new_key("ed25519")
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    return RekorV2(key)


def _own_log(world: World, record: Record) -> Record:
    return _impostor().add(record.kind, record.version, record.body)


def _own_log_claims_id(world: World, record: Record) -> Record:
    made = replace(_own_log(world, record), log_id=world.rekor2.id)
    text = _text(world, _proof(made))
    line = (world.rekor2.name, world.rekor2.id[:4] + _impostor().line(text)[1][4:])
    return replace(made, proof=replace(_proof(made), checkpoint=note(text, [line])))


def _by_key(body: Members) -> None:
    body["signature"]["verifier"].pop("x509Certificate")
    body["signature"]["verifier"]["publicKey"] = {"rawBytes": b64(spki(new_key().public_key()))}


def _dsse_entry(world: World) -> Material:
    """A kind of entry that v2 logs had before they were finished."""
    signing = world.sign_v2(ARTIFACT, edit_body=lambda body: body.update(kind="dsse"))
    assert signing.record is not None
    return keyless(replace(signing, record=replace(signing.record, kind="dsse")).bundle())


SHAPE = "sigstore.md 1.11, 7: stored body altered"
NEEDED = "sigstore.md 1.11: proof, checkpoint and token are all required"
NOTE = "sigstore.md 1.10"

ROWS: tuple[Row, ...] = (
    Row("good-tiled", _good, OK, "sigstore.md 1.11"),
    Row("good-tiled-key", _good_key, OK, "sigstore.md 1.11, 2 (4)"),
    Row("good-tiled-statement", _good_statement, OK, "sigstore.md 1.11: digest of the PAE"),
    _noted("witnesses", _cosigned, OK, "sigstore.md 1.10.4: cosignatures of witnesses"),
    Row("tiled-no-token", _without_token, "time_missing", NEEDED),
    Row(
        "tiled-time-instead-of-token",
        _time_instead_of_token,
        "time_missing",
        "sigstore.md 1.2: worth nothing without a promise",
    ),
    _record("no-proof", lambda _, record: replace(record, proof=None), "proof_missing", NEEDED),
    _record(
        "no-checkpoint",
        lambda _, record: replace(record, proof=replace(_proof(record), checkpoint="")),
        "checkpoint_missing",
        NEEDED,
    ),
    _record(
        "other-index",
        lambda _, record: replace(record, log_index=record.log_index + 1),
        "proof_invalid",
        "sigstore.md 1.10.6",
    ),
    _record("other-entry", _other_entry, "entry_mismatch", "CVE-2026-22703 GHSA-whqx-f9j3-ch6m"),
    _record(
        "root-altered",
        lambda _, record: replace(record, proof=replace(_proof(record), root=bytes(32))),
        "proof_invalid",
        "sigstore.md 7",
    ),
    _record(
        "size-altered",
        lambda _, record: replace(record, proof=replace(_proof(record), size=_proof(record).size + 1)),
        "proof_invalid",
        "sigstore.md 7",
    ),
    _record(
        "body-altered",
        lambda _, record: replace(record, body=record.body.replace(b'"spec"', b'"Spec"')),
        "proof_invalid",
        "sigstore.md 7",
    ),
    _record("kind-altered", lambda _, record: replace(record, version="0.0.1"), "entry_mismatch", "sigstore.md 7"),
    _record("own-log", _own_log, "log_unknown", "sigstore.md 5: own Rekor"),
    _record("own-log-claims-id", _own_log_claims_id, "checkpoint_invalid", "sigstore.md 5: own Rekor"),
    _record(
        "id-altered-hint-kept",
        lambda _, record: replace(record, log_id=record.log_id[:4] + bytes(28)),
        "log_unknown",
        "sigstore.md 7",
    ),
    _noted(
        "spoiled",
        lambda world, proof: note(
            _text(world, proof), [(world.rekor2.name, spoil(world.rekor2.line(_text(world, proof))[1]))]
        ),
        "checkpoint_invalid",
        NOTE,
    ),
    _noted(
        "other-origin",
        lambda world, proof: note(
            note_text("other.example.test", proof.size, proof.root),
            [world.rekor2.line(note_text("other.example.test", proof.size, proof.root))],
        ),
        "checkpoint_invalid",
        "sigstore.md 1.10.3, 7",
    ),
    _noted(
        "tree-id-in-origin",
        lambda world, proof: note(
            note_text(f"{world.rekor2.name} - 1", proof.size, proof.root),
            [world.rekor2.line(note_text(f"{world.rekor2.name} - 1", proof.size, proof.root))],
        ),
        "checkpoint_invalid",
        "sigstore.md 1.10.3: v2 origin is the name",
    ),
    _noted(
        "other-size",
        lambda world, proof: note(
            note_text(world.rekor2.origin, proof.size + 1, proof.root),
            [world.rekor2.line(note_text(world.rekor2.origin, proof.size + 1, proof.root))],
        ),
        "checkpoint_invalid",
        "sigstore.md 1.10.5",
    ),
    Row("tiled-dsse-entry", _dsse_entry, "format_unsupported", "sigstore.md 1.11: dsse 0.0.2 never became the format"),
    Row("tiled-twin-signature", _twin, "entry_mismatch", "sigstore.md 5: ECDSA malleability"),
    Row("tiled-statement-of-other", _statement_of_other, "entry_mismatch", "sigstore.md 1.11"),
    _body("other-digest", lambda body: body["data"].update(digest=b64(bytes(32))), "entry_mismatch", SHAPE),
    _body("other-algorithm", lambda body: body["data"].update(algorithm="SHA2_512"), "entry_mismatch", SHAPE),
    _body("other-signature", lambda body: body["signature"].update(content=b64(bytes(70))), "entry_mismatch", SHAPE),
    _body(
        "other-certificate",
        lambda body: body["signature"]["verifier"]["x509Certificate"].update(rawBytes=b64(bytes(70))),
        "entry_mismatch",
        SHAPE,
    ),
    _body("key-instead", _by_key, "entry_mismatch", "sigstore.md 1.11: key-type swap"),
    _body(
        "other-key-details",
        lambda body: body["signature"]["verifier"].update(keyDetails="PKIX_ECDSA_P384_SHA_384"),
        "entry_mismatch",
        "sigstore.md 1.11: keyDetails must fit the key",
    ),
    _body(
        "one-member-more", lambda body: body.update(more=1), "entry_mismatch", "sigstore.md 1.11: rebuilt and compared"
    ),
)
