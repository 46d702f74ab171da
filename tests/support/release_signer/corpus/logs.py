# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The v1 log: promise, proof, checkpoint, and the entry against everything else (sigstore.md 1.8 to 1.11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from .. import merkle
from ..authority import spoil
from ..case import ARTIFACT, OK, Material, Row, keyless
from ..keys import P256_ORDER, b64, new_key, other_half, pem, sign, spki
from ..signing import Members, Signing
from ..transparency import Proof, Record, RekorV1, canonical, note, note_text, witness_line
from ..world import World

Change = Callable[[World, Record], Record]


def _record(name: str, change: Change, expected: str, rule: str, version: str = "0.3") -> Row:
    """A good signature whose log entry was altered after the log had made it."""

    def build(world: World) -> Material:
        signing = world.sign(ARTIFACT)
        assert signing.record is not None
        signing = replace(signing, record=change(world, signing.record))
        return keyless(signing.bundle(version), min_bundle_version="0.1")

    return Row(f"log-{name}", build, expected, rule)


def _old(name: str, change: Change, expected: str, rule: str) -> Row:
    """The same in an old bundle, where the promise is all there is."""

    def build(world: World) -> Material:
        signing = world.sign(ARTIFACT)
        assert signing.record is not None
        return keyless(replace(signing, record=change(world, signing.record)).old_bundle())

    return Row(f"log-old-{name}", build, expected, rule)


def _body(name: str, edit: Callable[[Members], Any], expected: str, rule: str) -> Row:
    """The log was told something else, and vouches for just that: promise, proof and checkpoint are all true."""

    def build(world: World) -> Material:
        return keyless(world.sign(ARTIFACT, edit_body=edit).bundle())

    return Row(f"body-{name}", build, expected, rule)


def _repromised(world: World, record: Record, **changes: Any) -> Record:
    """The log itself promises the altered entry."""
    changed = replace(record, **changes)
    return replace(changed, promise=world.rekor.promise(changed))


def _proof(record: Record) -> Proof:
    assert record.proof is not None
    return record.proof


def _with_proof(record: Record, **changes: Any) -> Record:
    return replace(record, proof=replace(_proof(record), **changes))


def _noted(name: str, text: Callable[[World, Proof], str], expected: str, rule: str) -> Row:
    """Another checkpoint, made by this function."""
    return _record(
        f"checkpoint-{name}",
        lambda world, record: _with_proof(record, checkpoint=text(world, _proof(record))),
        expected,
        rule,
    )


def _text(world: World, proof: Proof, extra: str = "") -> str:
    return note_text(world.rekor.origin, proof.size, proof.root, extra)


def _resigned(world: World, text: str, *more: tuple[str, bytes]) -> str:
    return note(text, [*more, world.rekor.line(text)])


def _other_entry(world: World, _record: Record) -> Record:
    """A real entry of the same signer about another file."""
    found = world.sign(b"something else").record
    assert found is not None
    return found


def _promise_of_another(world: World, record: Record) -> Record:
    return replace(record, promise=_other_entry(world, record).promise)


def _impostor(world: World) -> RekorV1:
    """A log with a key of its own that calls itself the true one."""
    return RekorV1(new_key(), leaves=list(world.rekor.leaves))


def _promise_by_impostor(world: World, record: Record) -> Record:
    return replace(record, promise=_impostor(world).promise(record))


def _own_log(world: World, record: Record) -> Record:
    return _impostor(world).add(record.kind, record.version, record.body, world.seconds())


def _own_log_claims_id(world: World, record: Record) -> Record:
    """Everything by the impostor, under the id of the true log; only the signatures can tell."""
    made = _own_log(world, record)
    made = replace(made, log_id=world.rekor.id)
    text = note_text(world.rekor.origin, _proof(made).size, _proof(made).root)
    line = (world.rekor.name, world.rekor.id[:4] + sign(new_key(), text.encode()))
    return replace(_with_proof(made, checkpoint=note(text, [line])), promise=_promise_by_impostor(world, made).promise)


def _never_logged(world: World, record: Record) -> Record:
    """A true promise, but a proof and checkpoint of a tree without the entry."""
    fork = RekorV1(new_key(), leaves=list(world.rekor.leaves[:-3]))
    proof = fork.prove(len(fork.leaves) - 1)
    return replace(record, proof=replace(proof, checkpoint=world.rekor.checkpoint(proof.size, proof.root)))


def _bare_hash_leaf(world: World, record: Record) -> Record:
    """An inner node passed off as an entry: without the prefix of leaves both would hash alike."""
    root = merkle.root([record.body[:32]])
    return _with_proof(record, index=0, size=1, root=root, hashes=(), checkpoint=world.rekor.checkpoint(1, root))


def _v1_token_instead(world: World) -> Material:
    signing = world.sign(ARTIFACT)
    assert signing.record is not None
    token = world.tsa.token(signing.signature, world.now)
    return keyless(replace(signing, record=replace(signing.record, promise=None), tokens=(token,)).bundle())


def _twin_signature(world: World) -> Material:
    """(r, n - s) verifies as well; but it is not what the log has."""
    signing = world.sign(ARTIFACT)
    return keyless(replace(signing, signature=other_half(signing.signature, P256_ORDER)).bundle())


def _second_signature(world: World) -> Material:
    plan = world.leaf_plan()
    signing = world.sign(ARTIFACT, plan=plan)
    return keyless(replace(signing, signature=sign(plan.key, ARTIFACT)).bundle())


def _other_certificate(world: World) -> Material:
    """A second certificate for the same key and signer is not the one in the log."""
    plan = world.leaf_plan()
    signing = world.sign(ARTIFACT, plan=plan)
    return keyless(replace(signing, leaf=world.sign(b"", plan=plan).leaf).bundle())


def _changed_artifact(world: World) -> Material:
    return replace(keyless(world.sign(ARTIFACT).bundle()), artifact=ARTIFACT + b"x")


def _changed_artifact_no_digest(world: World) -> Material:
    bundle = world.sign(ARTIFACT).bundle(edit=lambda members: members["messageSignature"].pop("messageDigest"))
    return replace(keyless(bundle), artifact=ARTIFACT + b"x")


def _swapped_entry(world: World, format_: str) -> Material:
    """CVE-2022-36056: an entry, certificate and signature that belong to three signings."""
    first, second = world.sign(ARTIFACT), world.sign(b"something else")
    mixed: Signing = replace(first, record=second.record)
    return keyless(mixed.bundle("0.3") if format_ == "bundle" else mixed.old_bundle())


def _signature_by_other_key(world: World) -> Material:
    """The log vouches for a signature that is none."""
    return keyless(world.sign(ARTIFACT, signature=sign(new_key(), ARTIFACT)).bundle())


def _signature_no_der(world: World) -> Material:
    return keyless(world.sign(ARTIFACT, signature=b"\x01" * 64).bundle())


def _signature_other_hash(world: World) -> Material:
    """SHA-512 with a P-256 key, while the log was told SHA-256."""
    plan = world.leaf_plan()
    return keyless(world.sign(ARTIFACT, plan=plan, signature=sign(plan.key, ARTIFACT, "sha512")).bundle())


def _in_spec(*path: str, value: object) -> Callable[[Members], Any]:
    def edit(members: Members) -> None:
        found: Any = members["spec"]
        for step in path[:-1]:
            found = found[step]
        found[path[-1]] = value

    return edit


def _verifier(change: Callable[[bytes], bytes]) -> Callable[[Members], Any]:
    import base64

    def edit(members: Members) -> None:
        key = members["spec"]["signature"]["publicKey"]
        key["content"] = b64(change(base64.b64decode(key["content"])))

    return edit


def _raw_body(name: str, body: bytes, expected: str, rule: str) -> Row:
    """The log took in something that is no entry at all."""

    def build(world: World) -> Material:
        signing = world.sign(ARTIFACT, logged=False)
        record = world.rekor.add("hashedrekord", "0.0.1", body, world.seconds())
        return keyless(replace(signing, record=record).bundle())

    return Row(f"body-{name}", build, expected, rule)


def _kind(kind: str, version: str) -> Row:
    def edit(members: Members) -> None:
        members.update(kind=kind, apiVersion=version)

    def build(world: World) -> Material:
        signing = world.sign(ARTIFACT, edit_body=edit)
        assert signing.record is not None
        return keyless(replace(signing, record=replace(signing.record, kind=kind, version=version)).bundle())

    return Row(f"body-kind-{kind}-{version}", build, "format_unsupported", "sigstore.md 1.11: other kinds are refused")


def _later(world: World, record: Record) -> Record:
    return _repromised(world, record, integrated_time=world.seconds() + 3600)


def _earlier(world: World, record: Record) -> Record:
    return _repromised(world, record, integrated_time=world.seconds() - 3600)


def _backdated_no_promise(world: World) -> Material:
    """An old certificate with an integrated time of its own making (js 3.1.1, sigstore-python 3.6.0)."""
    begin = world.now - timedelta(hours=2)
    plan = replace(world.leaf_plan(), not_before=begin, not_after=begin + timedelta(minutes=10), sct_time=begin)
    signing = world.sign(ARTIFACT, plan=plan)
    assert signing.record is not None
    seconds = int(begin.timestamp()) + 1
    return keyless(replace(signing, record=replace(signing.record, promise=None, integrated_time=seconds)).bundle())


SET = "sigstore.md 1.8"
PROOF = "sigstore.md 1.9"
NOTE = "sigstore.md 1.10"
BODY = "sigstore.md 1.11, CVE-2022-36056 GHSA-8gw7-4j42-w388"
MALFORMED = "cosign 3.0.5, d996ce1: malformed entries are refused, no crash"
OTHER_KEY = new_key().public_key()

ROWS: tuple[Row, ...] = (
    _record(
        "promise-missing",
        lambda _, record: replace(record, promise=None),
        "set_missing",
        "sigstore.md 1.2, 2 (2): needed if no token",
    ),
    _record(
        "promise-missing-0.1",
        lambda _, record: replace(record, promise=None),
        "set_missing",
        "sigstore.md 2 (2)",
        "0.1",
    ),
    _record(
        "promise-missing-0.2",
        lambda _, record: replace(record, promise=None),
        "set_missing",
        "sigstore.md 2 (2)",
        "0.2",
    ),
    Row(
        "log-promise-missing-backdated",
        _backdated_no_promise,
        "set_missing",
        "sigstore.md 5: back-dated integratedTime, time without promise",
    ),
    Row("log-token-instead-of-promise", _v1_token_instead, OK, "sigstore.md 2 (2): a token is as good"),
    _record(
        "promise-spoiled", lambda _, record: replace(record, promise=spoil(record.promise or b"")), "set_invalid", SET
    ),
    _record(
        "promise-spoiled-0.1",
        lambda _, record: replace(record, promise=spoil(record.promise or b"")),
        "set_invalid",
        SET,
        "0.1",
    ),
    _record("promise-of-another", _promise_of_another, "set_invalid", "CVE-2022-23649 GHSA-ccxc-vr6p-4858"),
    _old("promise-of-another", _promise_of_another, "set_invalid", "CVE-2022-23649 GHSA-ccxc-vr6p-4858"),
    _record("promise-by-other-key", _promise_by_impostor, "set_invalid", SET),
    _old("promise-by-other-key", _promise_by_impostor, "set_invalid", SET),
    _record(
        "promise-other-index", lambda _, record: replace(record, log_index=record.log_index + 1), "set_invalid", SET
    ),
    _record(
        "promise-local-index",
        lambda _, record: replace(record, log_index=_proof(record).index),
        "set_invalid",
        "sigstore.md 1.8: the global index",
    ),
    _record(
        "promise-earlier-time",
        lambda _, record: replace(record, integrated_time=(record.integrated_time or 0) - 1),
        "set_invalid",
        "sigstore.md 5: back-dated integratedTime",
    ),
    _old(
        "promise-earlier-time",
        lambda _, record: replace(record, integrated_time=(record.integrated_time or 0) - 1),
        "set_invalid",
        "sigstore.md 5: back-dated integratedTime",
    ),
    _record("too-late", _later, "chain_expired", "sigstore.md 1.2: old key used after the certificate's life"),
    _record("too-early", _earlier, "chain_expired", "sigstore.md 1.3.3"),
    _old("too-late", _later, "chain_expired", "sigstore.md 1.2"),
    _record(
        "id-unknown",
        lambda _, record: replace(record, log_id=bytes(32)),
        "log_unknown",
        "sigstore.md 1.1.7: never try every key",
    ),
    _old("id-unknown", lambda _, record: replace(record, log_id=bytes(32)), "log_unknown", "sigstore.md 1.1.7"),
    _record(
        "id-of-v2-log",
        lambda world, record: replace(record, log_id=world.rekor2.id),
        "input_malformed",
        "sigstore.md 7: log id altered, hint kept",
    ),
    _record("own-log", _own_log, "log_unknown", "sigstore.md 5: own Rekor"),
    _record("own-log-claims-id", _own_log_claims_id, "set_invalid", "sigstore.md 5: own Rekor"),
    _record("proof-missing", lambda _, record: replace(record, proof=None), "proof_missing", "sigstore.md 2 (2)"),
    _record(
        "proof-missing-0.2", lambda _, record: replace(record, proof=None), "proof_missing", "sigstore.md 2 (2)", "0.2"
    ),
    _record(
        "proof-of-another",
        lambda world, record: replace(record, proof=_other_entry(world, record).proof),
        "proof_invalid",
        PROOF,
    ),
    _record(
        "proof-hash-spoiled",
        lambda _, record: _with_proof(record, hashes=(bytes(32), *_proof(record).hashes[1:])),
        "proof_invalid",
        PROOF,
    ),
    _record(
        "proof-hash-dropped",
        lambda _, record: _with_proof(record, hashes=_proof(record).hashes[:-1]),
        "proof_invalid",
        PROOF,
    ),
    _record(
        "proof-hash-added",
        lambda _, record: _with_proof(record, hashes=(*_proof(record).hashes, bytes(32))),
        "proof_invalid",
        PROOF,
    ),
    _record(
        "proof-hash-short",
        lambda _, record: _with_proof(record, hashes=(bytes(31), *_proof(record).hashes[1:])),
        "input_malformed",
        PROOF,
    ),
    _record(
        "proof-hashes-65",
        lambda _, record: _with_proof(record, hashes=(bytes(32),) * 65),
        "input_too_large",
        "sigstore.md 0",
    ),
    _record(
        "proof-hashes-reversed",
        lambda _, record: _with_proof(record, hashes=_proof(record).hashes[::-1]),
        "proof_invalid",
        PROOF,
    ),
    _record(
        "proof-other-index",
        lambda _, record: _with_proof(record, index=_proof(record).index - 1),
        "proof_invalid",
        PROOF,
    ),
    _record(
        "proof-index-beyond", lambda _, record: _with_proof(record, index=_proof(record).size), "proof_invalid", PROOF
    ),
    _record(
        "proof-global-index",
        lambda _, record: _with_proof(record, index=record.log_index),
        "proof_invalid",
        "sigstore.md 1.9: shard-local",
    ),
    _record("proof-size-zero", lambda _, record: _with_proof(record, size=0), "proof_invalid", PROOF),
    _record(
        "proof-other-root",
        lambda _, record: _with_proof(record, root=bytes(32)),
        "proof_invalid",
        "sigstore.md 7: v2 root altered",
    ),
    _record("proof-inner-node", _bare_hash_leaf, "proof_invalid", "sigstore.md 1.9: leaves and nodes hash apart"),
    _record("never-logged", _never_logged, "proof_invalid", "sigstore.md 5: entry never logged, forked log"),
    _record(
        "checkpoint-missing",
        lambda _, record: _with_proof(record, checkpoint=""),
        "checkpoint_missing",
        "sigstore.md 2 (2), 1.3",
    ),
    _noted("extra-lines", lambda world, proof: _resigned(world, _text(world, proof, "more\nlines\n")), OK, NOTE),
    _noted(
        "witness-first",
        lambda world, proof: _resigned(world, _text(world, proof), witness_line(_text(world, proof), world.seconds())),
        OK,
        "sigstore.md 1.10.4: others are ignored wherever they stand",
    ),
    _noted(
        "second-log-key",
        lambda world, proof: _resigned(world, _text(world, proof), (world.rekor.name, b"\x01\x02\x03\x04" + bytes(70))),
        OK,
        "sigstore-python 4.0.0 #1514",
    ),
    _noted(
        "own-line-twice-one-bad",
        lambda world, proof: _resigned(
            world, _text(world, proof), (world.rekor.name, world.rekor.id[:4] + sign(new_key(), b"x"))
        ),
        "checkpoint_invalid",
        "sigstore.md 1.10.4: a matching line that fails",
    ),
    _noted(
        "spoiled",
        lambda world, proof: note(
            _text(world, proof), [(world.rekor.name, spoil(world.rekor.line(_text(world, proof))[1]))]
        ),
        "checkpoint_invalid",
        NOTE,
    ),
    _noted(
        "by-other-key",
        lambda world, proof: note(
            _text(world, proof),
            [(world.rekor.name, world.rekor.id[:4] + sign(new_key(), _text(world, proof).encode()))],
        ),
        "checkpoint_invalid",
        NOTE,
    ),
    _noted(
        "other-hint",
        lambda world, proof: note(
            _text(world, proof), [(world.rekor.name, bytes(4) + world.rekor.line(_text(world, proof))[1][4:])]
        ),
        "checkpoint_invalid",
        "sigstore.md 1.10.4: hint of the log's id",
    ),
    _noted(
        "other-name",
        lambda world, proof: note(
            _text(world, proof), [("other.example.test", world.rekor.line(_text(world, proof))[1])]
        ),
        "checkpoint_invalid",
        "sigstore.md 1.10.3",
    ),
    _noted("unsigned", lambda world, proof: note(_text(world, proof), []), "checkpoint_invalid", NOTE),
    _noted(
        "only-witness",
        lambda world, proof: note(_text(world, proof), [witness_line(_text(world, proof), world.seconds())]),
        "checkpoint_invalid",
        NOTE,
    ),
    _noted(
        "other-origin",
        lambda world, proof: _resigned(world, note_text("other.example.test - 1", proof.size, proof.root)),
        "checkpoint_invalid",
        "sigstore.md 7: name != origin",
    ),
    _noted(
        "longer-origin",
        lambda world, proof: _resigned(world, note_text(f"{world.rekor.name}.evil.test - 1", proof.size, proof.root)),
        "checkpoint_invalid",
        "sigstore.md 7: name != origin",
    ),
    _noted(
        "origin-without-tree",
        lambda world, proof: _resigned(world, note_text(world.rekor.name, proof.size, proof.root)),
        "checkpoint_invalid",
        "sigstore.md 1.10.3",
    ),
    _noted(
        "empty-origin",
        lambda world, proof: _resigned(world, note_text("", proof.size, proof.root)),
        "checkpoint_invalid",
        "sigstore.md 1.10.3",
    ),
    _noted(
        "other-size",
        lambda world, proof: _resigned(world, note_text(world.rekor.origin, proof.size + 1, proof.root)),
        "checkpoint_invalid",
        "sigstore.md 7: checkpoint size != proof size",
    ),
    _noted(
        "other-root",
        lambda world, proof: _resigned(world, note_text(world.rekor.origin, proof.size, bytes(32))),
        "checkpoint_invalid",
        "sigstore.md 1.10.5",
    ),
    _noted(
        "size-leading-zero",
        lambda world, proof: _resigned(world, _text(world, proof).replace(f"\n{proof.size}\n", f"\n0{proof.size}\n")),
        "checkpoint_invalid",
        "sigstore.md 1.10: decimal size",
    ),
    _noted(
        "size-negative",
        lambda world, proof: _resigned(world, _text(world, proof).replace(f"\n{proof.size}\n", f"\n-{proof.size}\n")),
        "checkpoint_invalid",
        "sigstore.md 1.10: decimal size",
    ),
    _noted(
        "size-million-digits",
        lambda world, proof: _resigned(
            world, _text(world, proof).replace(f"\n{proof.size}\n", "\n" + "9" * 5000 + "\n")
        ),
        "checkpoint_invalid",
        "sigstore.md 9: cap digits before int()",
    ),
    _noted(
        "carriage-returns",
        lambda world, proof: _resigned(world, _text(world, proof)).replace("\n", "\r\n"),
        "checkpoint_invalid",
        "sigstore.md 1.10.1",
    ),
    _noted(
        "two-blank-lines",
        lambda world, proof: _resigned(world, _text(world, proof)).replace("\n\n", "\n\n\n"),
        "checkpoint_invalid",
        "sigstore.md 1.10.1",
    ),
    _noted(
        "no-blank-line",
        lambda world, proof: _resigned(world, _text(world, proof)).replace("\n\n", "\n"),
        "checkpoint_invalid",
        "sigstore.md 1.10.1",
    ),
    _noted(
        "no-last-newline",
        lambda world, proof: _resigned(world, _text(world, proof))[:-1],
        "checkpoint_invalid",
        "sigstore.md 1.10.1",
    ),
    _noted(
        "stray-line",
        lambda world, proof: _resigned(world, _text(world, proof)) + "more\n",
        "checkpoint_invalid",
        "sigstore.md 1.10.1",
    ),
    _noted(
        "hyphen",
        lambda world, proof: _resigned(world, _text(world, proof)).replace("\u2014", "-"),
        "checkpoint_invalid",
        "sigstore.md 1.10: U+2014",
    ),
    _noted(
        "no-base64",
        lambda world, proof: note(_text(world, proof), []) + f"\u2014 {world.rekor.name} !!!!\n",
        "checkpoint_invalid",
        "sigstore-python 4.5.0: a refusal, not a crash",
    ),
    _noted(
        "hint-only",
        lambda world, proof: note(_text(world, proof), [(world.rekor.name, world.rekor.id[:4])]),
        "checkpoint_invalid",
        "sigstore-python 4.5.0",
    ),
    _noted(
        "seventeen-signatures",
        lambda world, proof: _resigned(world, _text(world, proof), *[("w.example.test", bytes(68))] * 16),
        "input_too_large",
        "sigstore.md 0",
    ),
    _noted(
        "endless",
        lambda world, proof: _resigned(world, _text(world, proof, "x" * 100_000 + "\n")),
        "input_too_large",
        "sigstore.md 0: a few KiB",
    ),
    _record("other-entry", _other_entry, "entry_mismatch", BODY),
    _old("other-entry", _other_entry, "entry_mismatch", "CVE-2026-22703 GHSA-whqx-f9j3-ch6m"),
    Row("body-twin-signature", _twin_signature, "entry_mismatch", "sigstore.md 5: ECDSA malleability"),
    Row(
        "body-second-signature", _second_signature, "entry_mismatch", "sigstore.md 5: second signature by the same key"
    ),
    Row("body-other-certificate", _other_certificate, "entry_mismatch", BODY),
    Row("body-swapped", lambda world: _swapped_entry(world, "bundle"), "entry_mismatch", BODY),
    Row("body-old-swapped", lambda world: _swapped_entry(world, "old"), "entry_mismatch", BODY),
    Row("artifact-changed", _changed_artifact, "digest_mismatch", "sigstore.md 5: changed artifact"),
    Row(
        "artifact-changed-no-claim",
        _changed_artifact_no_digest,
        "entry_mismatch",
        "sigstore.md 5: changed artifact; the log has the digest",
    ),
    Row("signature-by-other-key", _signature_by_other_key, "signature_invalid", "sigstore.md 5: own key pair"),
    Row("signature-no-der", _signature_no_der, "signature_invalid", "sigstore.md 1.13: strict DER"),
    Row(
        "signature-other-hash", _signature_other_hash, "signature_invalid", "sigstore.md 1.13: curve hash, then SHA-256"
    ),
    _body("other-digest", _in_spec("data", "hash", "value", value="0" * 64), "entry_mismatch", BODY),
    _body(
        "upper-case-digest",
        lambda body: body["spec"]["data"]["hash"].update(value=body["spec"]["data"]["hash"]["value"].upper()),
        "input_malformed",
        "sigstore.md 1.11: lower hex",
    ),
    _body("other-algorithm", _in_spec("data", "hash", "algorithm", value="sha512"), "input_malformed", BODY),
    _body("unknown-algorithm", _in_spec("data", "hash", "algorithm", value="md5"), "format_unsupported", BODY),
    _body(
        "other-signature",
        _in_spec("signature", "content", value=b64(b"\x30\x06\x02\x01\x01\x02\x01\x01")),
        "entry_mismatch",
        BODY,
    ),
    _body(
        "public-key-instead",
        _verifier(lambda _: pem(spki(OTHER_KEY), "PUBLIC KEY")),
        "entry_mismatch",
        "sigstore.md 1.11: key-type swap",
    ),
    _body("two-blocks", _verifier(lambda text: text + text), "entry_mismatch", "sigstore.md 7: second PEM block"),
    _body(
        "block-and-key",
        _verifier(lambda text: text + pem(spki(OTHER_KEY), "PUBLIC KEY")),
        "entry_mismatch",
        "sigstore.md 7: second PEM block",
    ),
    _body("no-pem", _verifier(lambda _: b"nothing"), "entry_mismatch", MALFORMED),
    _body(
        "other-version",
        lambda body: body.update(apiVersion="0.0.2"),
        "entry_mismatch",
        "sigstore.md 1.11: kind and version must equal kindVersion",
    ),
    _body(
        "other-kind",
        lambda body: body.update(kind="dsse"),
        "entry_mismatch",
        "sigstore.md 1.11: kind and version must equal kindVersion",
    ),
    _body("signature-null", _in_spec("signature", value=None), "input_malformed", MALFORMED),
    _body("spec-null", lambda body: body.update(spec=None), "input_malformed", MALFORMED),
    _body("spec-text", lambda body: body.update(spec="text"), "input_malformed", MALFORMED),
    _body("digest-number", _in_spec("data", "hash", "value", value=7), "input_malformed", MALFORMED),
    _body("key-list", _in_spec("signature", "publicKey", value=[]), "input_malformed", MALFORMED),
    _raw_body("text", b'"a text"', "input_malformed", MALFORMED),
    _raw_body("no-json", b"\x00\x01", "input_malformed", MALFORMED),
    _raw_body("deep", b'{"spec":' * 5000 + b"0" + b"}" * 5000, "input_malformed", "sigstore.md 3: depth"),
    _raw_body(
        "duplicate-members",
        b'{"kind":"x",' + canonical({"kind": "hashedrekord", "apiVersion": "0.0.1"})[1:],
        "input_malformed",
        "sigstore.md 3: duplicate keys",
    ),
    _kind("intoto", "0.0.1"),
    _kind("rekord", "0.0.1"),
    _kind("dsse", "0.0.2"),
    _kind("alpine", "0.0.1"),
    _kind("hashedrekord", "0.0.3"),
)
