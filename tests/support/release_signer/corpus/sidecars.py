# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keyless sidecars with a saved answer of the log: what the product publishes (sigstore.md 2 (1))."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..authority import spoil
from ..case import ARTIFACT, OK, POLICY, Material, Options, Row, options, sidecars
from ..keys import b64
from ..signing import Members, Signing, dump
from ..world import World


def _good(name: str, form: Callable[[Signing], tuple[bytes, bytes]], expected: str, rule: str) -> Row:
    """The true signature and certificate, written in this form."""

    def build(world: World) -> Material:
        signing = world.sign(ARTIFACT)
        return sidecars(*form(signing), signing.answer())

    return Row(f"sidecars-{name}", build, expected, rule)


def _answer(name: str, edit: Callable[[Members], Any], expected: str, rule: str) -> Row:
    """The log's answer was altered."""

    def build(world: World) -> Material:
        signing = world.sign(ARTIFACT)
        return sidecars(*signing.sidecars(), signing.answer(edit))

    return Row(f"answer-{name}", build, expected, rule)


def _document(name: str, answer: Callable[[World, Signing], bytes], expected: str, rule: str) -> Row:
    """Another answer altogether."""

    def build(world: World) -> Material:
        signing = world.sign(ARTIFACT)
        return sidecars(*signing.sidecars(), answer(world, signing))

    return Row(f"answer-{name}", build, expected, rule)


def _swapped(which: int) -> Callable[[World], Material]:
    """Signature (0) or certificate (1) of another release by the same signer."""

    def build(world: World) -> Material:
        signing, other = world.sign(ARTIFACT), world.sign(b"an older release")
        pair = list(signing.sidecars())
        pair[which] = other.sidecars()[which]
        return sidecars(pair[0], pair[1], signing.answer())

    return build


def _all_of_another(world: World) -> Material:
    other = world.sign(b"an older release")
    return sidecars(*other.sidecars(), other.answer())


def _no_entry(world: World) -> Material:
    return sidecars(*world.sign(ARTIFACT).sidecars(), None)


def _no_certificate(world: World) -> Material:
    signing = world.sign(ARTIFACT)
    return sidecars(signing.sidecars()[0], None, signing.answer())


def _certificate_for_key(world: World) -> Material:
    """Keys in the policy, a certificate among the sidecars."""
    signing = world.sign(ARTIFACT)
    signature, certificate = signing.sidecars()
    files = {
        "artifact.sig": signature,
        "artifact.crt": certificate,
        "entry.json": signing.answer(),
        "key.pub": signing.key_pem,
    }
    chosen: Options = {"signature": "artifact.sig", "certificate": "artifact.crt", "log_entry": "entry.json"}
    return Material(files, options(chosen, public_keys=["key.pub"]))


def _not_logged(world: World) -> Material:
    """Never logged; the entry is one of a log of the attacker's own."""
    signing = world.sign(ARTIFACT, logged=False)
    other = World.make(world.now).sign(ARTIFACT)
    return sidecars(*signing.sidecars(), other.answer())


def _with_other(world: World, signing: Signing) -> bytes:
    other = world.sign(b"something else")
    assert signing.record is not None and other.record is not None
    return dump([other.record.answer(), signing.record.answer()])


def _logged_twice(world: World, signing: Signing) -> bytes:
    """Logged in time, and once more long after."""
    assert signing.record is not None
    later = world.rekor.add("hashedrekord", "0.0.1", signing.record.body, world.seconds() + 3600)
    return dump([later.answer(), signing.record.answer()])


def _wrong_name(_world: World, signing: Signing) -> bytes:
    assert signing.record is not None
    entry = signing.record.answer()[signing.record.uuid]
    return dump([{"0" * 80: entry}])


def _bare(_world: World, signing: Signing) -> bytes:
    assert signing.record is not None
    return dump(signing.record.answer())


def _short_name(_world: World, signing: Signing) -> bytes:
    assert signing.record is not None
    entry = signing.record.answer()[signing.record.uuid]
    return dump([{signing.record.uuid[-64:]: entry}])


def _lines(text: bytes) -> bytes:
    return b"\n".join(text[at : at + 64] for at in range(0, len(text), 64))


def _reissued(change: Callable[[World, Any], Any]) -> Callable[[World, Signing], bytes]:
    """The log promises an altered entry."""

    def answer(world: World, signing: Signing) -> bytes:
        assert signing.record is not None
        record = change(world, signing.record)
        record = replace(record, promise=world.rekor.promise(record))
        return replace(signing, record=record).answer()

    return answer


def _proof_of(members: Members) -> Members:
    found: Members = members["verification"]["inclusionProof"]
    return found


FORM = "sigstore.md 2 (1).1"
ANSWER = "sigstore.md 2 (1).5"
BAD = "input_malformed"

ROWS: tuple[Row, ...] = (
    _good("good", lambda signing: signing.sidecars(), OK, "sigstore.md 2 (1): as cosign writes them"),
    _good("good-plain-pem", lambda signing: (signing.sidecars()[0], signing.certificate_pem), OK, FORM),
    _good("good-raw-signature", lambda signing: (signing.signature, signing.sidecars()[1]), OK, FORM),
    _good("good-newlines", lambda signing: tuple(part + b"\n" for part in signing.sidecars()), OK, FORM),  # type: ignore[arg-type,return-value]
    _good(
        "signature-unpadded",
        lambda signing: (b64(bytes(70)).rstrip("=").encode(), signing.sidecars()[1]),
        BAD,
        "sigstore.md 3: Base64",
    ),
    _good(
        "signature-wrapped",
        lambda signing: (_lines(signing.sidecars()[0]), signing.sidecars()[1]),
        BAD,
        "sigstore.md 3: Base64",
    ),
    _good("signature-empty", lambda signing: (b"", signing.sidecars()[1]), BAD, "sigstore.md 5: dropped sidecar"),
    _good(
        "signature-huge", lambda signing: (b"A" * 100_000, signing.sidecars()[1]), "input_too_large", "sigstore.md 0"
    ),
    _good("certificate-empty", lambda signing: (signing.sidecars()[0], b""), BAD, "sigstore.md 5: dropped sidecar"),
    _good("certificate-der", lambda signing: (signing.sidecars()[0], signing.leaf or b""), BAD, FORM),
    _good(
        "certificate-twice",
        lambda signing: (signing.sidecars()[0], signing.certificate_pem * 2),
        BAD,
        "sigstore.md 2 (1).1: first and only block",
    ),
    _good(
        "certificate-text-in-front",
        lambda signing: (signing.sidecars()[0], b"text\n" + signing.certificate_pem),
        BAD,
        FORM,
    ),
    _good(
        "certificate-is-key",
        lambda signing: (signing.sidecars()[0], signing.key_pem),
        "material_mismatch",
        "GHSA-fx35-mq7g-6g98",
    ),
    _good(
        "certificate-huge",
        lambda signing: (signing.sidecars()[0], signing.certificate_pem + b"\n" * 100_000),
        "input_too_large",
        "sigstore.md 0",
    ),
    Row("sidecars-signature-swapped", _swapped(0), "entry_mismatch", "CVE-2022-36056: swapped sidecar"),
    Row("sidecars-certificate-swapped", _swapped(1), "entry_mismatch", "CVE-2022-36056: swapped sidecar"),
    Row("sidecars-all-of-another", _all_of_another, "entry_mismatch", "sigstore.md 5: older signed release replayed"),
    Row(
        "sidecars-no-entry",
        _no_entry,
        "log_entry_missing",
        "sigstore.md 2 (1): sidecars alone can never be verified offline",
    ),
    Row("sidecars-no-certificate", _no_certificate, POLICY, "sigstore.md 5: dropped sidecar"),
    Row(
        "sidecars-certificate-for-key",
        _certificate_for_key,
        POLICY,
        "sigstore.md 2: never from keyless to key or back",
    ),
    Row("sidecars-not-logged", _not_logged, "log_unknown", "sigstore.md 5: own Rekor"),
    _document("empty", lambda *_: b"[]", "log_entry_missing", ANSWER),
    _document("no-json", lambda *_: b"<html>", BAD, ANSWER),
    _document("text", lambda *_: b'["no entry"]', BAD, ANSWER),
    _document("null", lambda *_: b"[null]", BAD, "cosign 3.0.5: malformed entries"),
    _document(
        "of-another",
        lambda world, _: world.sign(b"something else").answer(),
        "entry_mismatch",
        "CVE-2026-22703: lying log server",
    ),
    _document("good-among-others", _with_other, OK, "sigstore.md 2 (1).6: entries that pass"),
    _document("good-one-object", _bare, OK, "sigstore.md 2 (1).5: GET entries/<uuid>"),
    _document("good-short-name", _short_name, OK, "sigstore.md 2 (1): last 64 hex of 64/80"),
    _document("good-logged-twice", _logged_twice, OK, "sigstore.md 2 (1).6: the earliest time"),
    _document(
        "wrong-name",
        _wrong_name,
        "log_entry_missing",
        "sigstore.md 2 (1): names that are not the leaf hash are dropped",
    ),
    _document(
        "10-mib",
        lambda _, signing: signing.answer() + b" " * (10 * 1024 * 1024),
        "input_too_large",
        "sigstore.md 0; CVE-2023-46737",
    ),
    _document("100000-entries", lambda *_: json.dumps([{}] * 100_000).encode(), "input_too_large", "sigstore.md 0"),
    _document(
        "too-late",
        _reissued(lambda world, record: replace(record, integrated_time=world.seconds() + 3600)),
        "chain_expired",
        "sigstore.md 1.2",
    ),
    _document(
        "own-log",
        lambda world, _: World.make(world.now).sign(ARTIFACT).answer(),
        "log_unknown",
        "sigstore.md 5: own Rekor",
    ),
    _answer("no-promise", lambda entry: entry["verification"].pop("signedEntryTimestamp"), "set_missing", ANSWER),
    _answer("no-proof", lambda entry: entry["verification"].pop("inclusionProof"), "proof_missing", ANSWER),
    _answer("no-verification", lambda entry: entry.pop("verification"), "proof_missing", ANSWER),
    _answer("no-checkpoint", lambda entry: _proof_of(entry).pop("checkpoint"), "checkpoint_missing", ANSWER),
    _answer(
        "promise-spoiled",
        lambda entry: entry["verification"].update(
            signedEntryTimestamp=_spoiled(entry["verification"]["signedEntryTimestamp"])
        ),
        "set_invalid",
        "sigstore.md 1.8",
    ),
    _answer(
        "earlier-time",
        lambda entry: entry.update(integratedTime=entry["integratedTime"] - 1),
        "set_invalid",
        "sigstore.md 5: back-dated integratedTime",
    ),
    _answer("other-root", lambda entry: _proof_of(entry).update(rootHash="0" * 64), "proof_invalid", "sigstore.md 1.9"),
    _answer(
        "other-hash",
        lambda entry: _proof_of(entry)["hashes"].__setitem__(0, "0" * 64),
        "proof_invalid",
        "sigstore.md 1.9",
    ),
    _answer(
        "upper-case-root",
        lambda entry: _proof_of(entry).update(rootHash=_proof_of(entry)["rootHash"].upper() + ""),
        BAD,
        "sigstore.md 2 (1).5: lower hex",
    ),
    _answer(
        "checkpoint-unsigned",
        lambda entry: _proof_of(entry).update(checkpoint=_proof_of(entry)["checkpoint"].partition("\n\n")[0] + "\n\n"),
        "checkpoint_invalid",
        "sigstore.md 1.10",
    ),
    _answer("body-number", lambda entry: entry.update(body=7), BAD, "cosign 3.0.5: non-string body"),
    _answer("body-null", lambda entry: entry.update(body=None), BAD, "cosign 3.0.5: non-string body"),
    _answer("index-text", lambda entry: entry.update(logIndex="1"), BAD, "sigstore.md 3"),
    _answer("log-id-unknown", lambda entry: entry.update(logID="00" * 32), "log_unknown", "sigstore.md 1.1.7"),
    _answer(
        "good-attestation", lambda entry: entry.update(attestation={}), OK, "sigstore.md 2 (1): servers add members"
    ),
)


def _spoiled(text: str) -> str:
    return b64(spoil(base64.b64decode(text)))
