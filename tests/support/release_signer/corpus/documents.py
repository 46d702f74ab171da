# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of bundles (sigstore.md 2 (2), 2 (3), 3): versions, members, JSON, Base64, sizes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..case import ARTIFACT, OK, POLICY, Material, Row, keyless
from ..keys import b64, new_key, pem, spki
from ..signing import MEDIA_TYPES, Members
from ..world import World

Edit = Callable[[Members], Any]


def _bundle(name: str, edit: Edit, expected: str, rule: str, version: str = "0.3") -> Row:
    """A good bundle whose members were altered."""

    def build(world: World) -> Material:
        return keyless(world.sign(ARTIFACT).bundle(version, edit), min_bundle_version="0.1")

    return Row(f"bundle-{name}", build, expected, rule)


def _entry(name: str, edit: Edit, expected: str, rule: str) -> Row:
    """The same, inside the log entry."""
    return _bundle(f"entry-{name}", lambda members: edit(_log_entry(members)), expected, rule)


def _log_entry(members: Members) -> Members:
    found: Members = members["verificationMaterial"]["tlogEntries"][0]
    return found


def _old(name: str, edit: Edit, expected: str, rule: str) -> Row:
    """A good old bundle whose members were altered."""

    def build(world: World) -> Material:
        return keyless(world.sign(ARTIFACT).old_bundle(edit))

    return Row(f"old-{name}", build, expected, rule)


def _text(name: str, change: Callable[[bytes], bytes], expected: str, rule: str) -> Row:
    """A good bundle whose text was altered, and the old one beside it in the same way."""

    def build(world: World) -> Material:
        return keyless(change(world.sign(ARTIFACT).bundle()))

    return Row(f"json-{name}", build, expected, rule)


def _old_text(name: str, change: Callable[[bytes], bytes], expected: str, rule: str) -> Row:
    def build(world: World) -> Material:
        return keyless(change(world.sign(ARTIFACT).old_bundle()))

    return Row(f"json-old-{name}", build, expected, rule)


def _min_version(version: str, least: str, expected: str) -> Row:
    def build(world: World) -> Material:
        return keyless(world.sign(ARTIFACT).bundle(version), min_bundle_version=least)

    return Row(f"version-{version}-least-{least}", build, expected, "sigstore.md 2 (2): min_bundle_version")


def _first_member(text: str) -> Callable[[bytes], bytes]:
    """The same document with a member more in front."""
    return lambda document: text.encode() + b", " + document[1:]


def _in_signature(change: Callable[[str], str]) -> Edit:
    def edit(members: Members) -> None:
        members["messageSignature"]["signature"] = change(members["messageSignature"]["signature"])

    return edit


def _half_new(world: World) -> Material:
    """An old bundle that also claims a version nobody knows: no falling back from one format to the other."""
    return keyless(world.sign(ARTIFACT).old_bundle(lambda members: members.update(mediaType="application/x")))


def _both_formats(world: World) -> Material:
    signing = world.sign(ARTIFACT)
    return keyless(signing.bundle(edit=lambda members: members.update(json.loads(signing.old_bundle()))))


def _key_in_old_bundle(world: World) -> Material:
    """GHSA-fx35-mq7g-6g98: a bare key where the certificate belongs, with an identity wanted."""
    signing = world.sign_with_key(ARTIFACT, new_key())
    return keyless(signing.old_bundle(lambda members: members.update(cert=b64(signing.key_pem))))


def _key_bundle_for_identity(world: World) -> Material:
    return keyless(world.sign_with_key(ARTIFACT, new_key()).bundle())


def _key_old_bundle_for_identity(world: World) -> Material:
    return keyless(world.sign_with_key(ARTIFACT, new_key()).old_bundle())


def _ignore_log_for_identity(world: World) -> Material:
    return keyless(world.sign(ARTIFACT).bundle(), transparency_log="ignore")


def _two_entries(world: World) -> Material:
    other = world.sign(ARTIFACT).record
    assert other is not None
    extra = other.bundled()
    return keyless(
        world.sign(ARTIFACT).bundle(edit=lambda members: members["verificationMaterial"]["tlogEntries"].append(extra))
    )


def _chain_in_new(world: World) -> Material:
    def edit(members: Members) -> None:
        leaf = members["verificationMaterial"].pop("certificate")
        members["verificationMaterial"]["x509CertificateChain"] = {"certificates": [leaf]}

    return keyless(world.sign(ARTIFACT).bundle(edit=edit))


def _certificate_in_0_2(world: World) -> Material:
    def edit(members: Members) -> None:
        chain = members["verificationMaterial"].pop("x509CertificateChain")
        members["verificationMaterial"]["certificate"] = chain["certificates"][0]

    return keyless(world.sign(ARTIFACT).bundle("0.2", edit), min_bundle_version="0.1")


def _many_certificates(world: World) -> Material:
    signing = replace(world.sign(ARTIFACT), parents=(world.intermediate.der,) * 1000)
    return keyless(signing.bundle("0.2"), min_bundle_version="0.1")


def _digest_only(world: World) -> Material:
    import hashlib

    return keyless(world.sign(ARTIFACT).bundle(), digest=f"sha256:{hashlib.sha256(ARTIFACT).hexdigest()}")


def _digest_of_other(world: World) -> Material:
    return keyless(world.sign(ARTIFACT).bundle(), digest=f"sha256:{'0' * 64}")


def _claim(**changes: object) -> Edit:
    return lambda members: members["messageSignature"]["messageDigest"].update(changes)


def _material(**changes: object) -> Edit:
    return lambda members: members["verificationMaterial"].update(changes)


BUNDLE = "sigstore.md 2 (2)"
OLD = "sigstore.md 2 (3)"
JSON_RULE = "sigstore.md 3"
BASE64 = "sigstore.md 3: Base64 is canonical"
TEXT_KEY = b64(pem(spki(new_key().public_key()), "PUBLIC KEY"))
BAD = "input_malformed"

ROWS: tuple[Row, ...] = (
    _min_version("0.1", "0.1", OK),
    _min_version("0.1", "0.2", "format_too_old"),
    _min_version("0.1", "0.3", "format_too_old"),
    _min_version("0.2", "0.2", OK),
    _min_version("0.2", "0.3", "format_too_old"),
    _min_version("0.3", "0.3", OK),
    _min_version("0.3", "0.4", POLICY),
    _bundle(
        "type-0.4",
        lambda members: members.update(mediaType="application/vnd.dev.sigstore.bundle.v0.4+json"),
        "format_unsupported",
        BUNDLE,
    ),
    _bundle(
        "type-0.1-new-spelling",
        lambda members: members.update(mediaType="application/vnd.dev.sigstore.bundle.v0.1+json"),
        "format_unsupported",
        BUNDLE,
    ),
    _bundle(
        "type-with-space",
        lambda members: members.update(mediaType=MEDIA_TYPES["0.3"] + " "),
        "format_unsupported",
        BUNDLE,
    ),
    _bundle("type-number", lambda members: members.update(mediaType=3), BAD, JSON_RULE),
    _bundle(
        "downgraded-to-0.1",
        lambda members: members.update(mediaType=MEDIA_TYPES["0.1"]),
        BAD,
        "sigstore.md 5: version downgrade: 0.1 has no `certificate`",
    ),
    Row("bundle-chain-in-0.3", _chain_in_new, BAD, "sigstore.md 2 (2): a chain is refused"),
    Row("bundle-certificate-in-0.2", _certificate_in_0_2, BAD, BUNDLE),
    Row("bundle-many-certificates", _many_certificates, "input_too_large", "sigstore.md 0"),
    Row("bundle-half-new", _half_new, "format_unsupported", "sigstore.md 2 (3): no fall back"),
    Row("bundle-both-formats", _both_formats, BAD, "sigstore.md 2 (3), 3: no fall back, unknown members"),
    Row(
        "bundle-two-entries",
        _two_entries,
        "input_too_large",
        "sigstore.md 0: exactly one entry; GHSA-9vcr-p3rj-q5q6, CVE-2024-45395",
    ),
    _bundle(
        "no-entry",
        lambda members: members["verificationMaterial"].update(tlogEntries=[]),
        "log_entry_missing",
        "sigstore.md 0: exactly one entry",
    ),
    _bundle(
        "entries-absent",
        lambda members: members["verificationMaterial"].pop("tlogEntries"),
        "log_entry_missing",
        "sigstore.md 0: exactly one entry",
    ),
    _bundle(
        "same-entry-twice",
        lambda members: members["verificationMaterial"].update(tlogEntries=[_log_entry(members)] * 2),
        "input_too_large",
        "sigstore-js 4.1.1: the same entry counted twice",
    ),
    _bundle(
        "100000-entries",
        lambda members: members["verificationMaterial"].update(tlogEntries=[{}] * 100_000),
        "input_too_large",
        "CVE-2024-45395 GHSA-cq38-jh5f-37mq",
    ),
    _bundle("no-content", lambda members: members.pop("messageSignature"), BAD, BUNDLE),
    _bundle(
        "both-contents",
        lambda members: members.update(dsseEnvelope={"payload": "", "payloadType": "", "signatures": []}),
        BAD,
        "sigstore.md 3: both members of a oneof",
    ),
    _bundle("no-material", lambda members: members["verificationMaterial"].pop("certificate"), BAD, BUNDLE),
    _bundle("two-materials", _material(publicKey={"hint": ""}), BAD, "sigstore.md 2 (2): exactly one key material"),
    _bundle("no-verification-material", lambda members: members.pop("verificationMaterial"), BAD, BUNDLE),
    _bundle(
        "empty-chain",
        lambda members: members["verificationMaterial"].update(x509CertificateChain={"certificates": []}),
        BAD,
        BUNDLE,
        "0.2",
    ),
    _bundle(
        "key-in-bundle",
        lambda members: (
            members["verificationMaterial"].pop("certificate"),
            members["verificationMaterial"].update(publicKey={"hint": TEXT_KEY}),
        ),
        "material_mismatch",
        "sigstore.md 0: a key inside the input only selects",
    ),
    _bundle(
        "raw-key-in-bundle",
        _material(publicKey={"rawBytes": b64(b"x")}),
        BAD,
        "sigstore.md 0: a key inside the input only selects",
    ),
    _bundle(
        "digest-claim-wrong",
        _claim(digest=b64(bytes(32))),
        "digest_mismatch",
        "suite message-digest-mismatch; sigstore-go PR 638",
    ),
    _bundle("digest-claim-empty", _claim(digest=""), BAD, JSON_RULE),
    _bundle(
        "digest-claim-other-hash", _claim(algorithm="SHA2_512"), BAD, "sigstore.md 1.13: the hash in use, of its length"
    ),
    _bundle("digest-claim-unknown-hash", _claim(algorithm="SHA1"), "algorithm_unsupported", "sigstore.md 1.13"),
    _bundle("digest-claim-number", _claim(algorithm=1), BAD, "sigstore.md 3: enum names only"),
    _bundle("no-signature", lambda members: members["messageSignature"].pop("signature"), BAD, BUNDLE),
    _bundle("empty-signature", _in_signature(lambda _: ""), BAD, BUNDLE),
    _bundle(
        "signature-url-safe", _in_signature(lambda text: text.replace("+", "-").replace("/", "_") + "-_=="), BAD, BASE64
    ),
    _bundle("signature-unpadded", _in_signature(lambda _: b64(bytes(70)).rstrip("=")), BAD, BASE64),
    _bundle("signature-newline", _in_signature(lambda text: text[:10] + "\n" + text[10:]), BAD, BASE64),
    _bundle("signature-space", _in_signature(lambda text: text + " "), BAD, BASE64),
    _bundle("signature-junk", _in_signature(lambda text: "!" + text), BAD, BASE64),
    _bundle("signature-left-over-bits", _in_signature(lambda _: "AB=="), BAD, BASE64),
    _bundle(
        "signature-number",
        lambda members: members["messageSignature"].update(signature=5),
        BAD,
        "sigstore.md 3: numbers where text is wanted",
    ),
    _bundle("unknown-member", lambda members: members.update(more=1), BAD, "sigstore.md 3: unknown fields in a bundle"),
    _bundle("unknown-inner-member", _material(more={}), BAD, "sigstore.md 3: unknown fields in a bundle"),
    _bundle(
        "snake-case",
        lambda members: members.update(verification_material=members.pop("verificationMaterial")),
        BAD,
        "sigstore.md 3: lowerCamelCase only",
    ),
    _bundle("null-is-absent", lambda members: members.update(dsseEnvelope=None), OK, "sigstore.md 3: null == absent"),
    _bundle(
        "no-stamps",
        _material(timestampVerificationData={"rfc3161Timestamps": []}),
        OK,
        "sigstore.md 3: absent == default",
    ),
    _entry(
        "index-is-number",
        lambda entry: entry.update(logIndex=int(entry["logIndex"])),
        OK,
        "sigstore.md 3: JSON ints are accepted",
    ),
    _entry(
        "index-is-float",
        lambda entry: entry.update(logIndex=float(entry["logIndex"])),
        BAD,
        "sigstore.md 3: never floats",
    ),
    _entry("index-exponent", lambda entry: entry.update(logIndex="1e3"), BAD, "sigstore.md 3: decimal text"),
    _entry(
        "index-plus", lambda entry: entry.update(logIndex="+" + entry["logIndex"]), BAD, "sigstore.md 3: decimal text"
    ),
    _entry(
        "index-zero-in-front",
        lambda entry: entry.update(logIndex="0" + entry["logIndex"]),
        BAD,
        "sigstore.md 3: decimal text",
    ),
    _entry("index-arabic-digits", lambda entry: entry.update(logIndex="\u0661"), BAD, "sigstore.md 3: decimal text"),
    _entry("index-negative", lambda entry: entry.update(logIndex="-1"), BAD, "sigstore.md 3: 0 <= n < 2^63"),
    _entry("index-2-to-63", lambda entry: entry.update(logIndex=str(2**63)), BAD, "sigstore.md 3: 0 <= n < 2^63"),
    _entry(
        "index-million-digits",
        lambda entry: entry.update(logIndex="9" * 1_000_000),
        BAD,
        "sigstore.md 9: cap digits before int()",
    ),
    _entry("index-true", lambda entry: entry.update(logIndex=True), BAD, JSON_RULE),
    _entry("time-negative", lambda entry: entry.update(integratedTime="-1"), BAD, JSON_RULE),
    _entry(
        "body-padded-once-more",
        lambda entry: entry.update(canonicalizedBody=entry["canonicalizedBody"] + "="),
        BAD,
        "sigstore.md 1.8: the text must re-encode to itself",
    ),
    _entry("body-absent", lambda entry: entry.pop("canonicalizedBody"), BAD, BUNDLE),
    _entry("body-number", lambda entry: entry.update(canonicalizedBody=7), BAD, "cosign 3.0.5: non-string body"),
    _entry("body-list", lambda entry: entry.update(canonicalizedBody=[]), BAD, "cosign 3.0.5: non-string body"),
    _entry("no-kind", lambda entry: entry.pop("kindVersion"), BAD, BUNDLE),
    _entry("no-log-id", lambda entry: entry.pop("logId"), BAD, BUNDLE),
    _entry("log-id-short", lambda entry: entry.update(logId={"keyId": "AAAA"}), BAD, BUNDLE),
    _entry("is-null", lambda entry: entry.clear(), BAD, "cosign 3.0.5: malformed entries"),
    _entry("proof-is-list", lambda entry: entry.update(inclusionProof=[]), BAD, "cosign 3.0.5: malformed entries"),
    _entry(
        "checkpoint-is-number",
        lambda entry: entry["inclusionProof"].update(checkpoint=7),
        BAD,
        "cosign 3.0.5: malformed entries",
    ),
    _entry(
        "checkpoint-surrogate",
        lambda entry: entry["inclusionProof"]["checkpoint"].update(envelope="\ud800"),
        BAD,
        "sigstore.md 3",
    ),
    _text(
        "duplicate-member",
        _first_member(f'{{"mediaType": "{MEDIA_TYPES["0.3"]}"'),
        BAD,
        "sigstore.md 3: duplicate keys",
    ),
    _text("duplicate-escaped", _first_member('{"media\\u0054ype": ""'), BAD, "sigstore.md 3: duplicate keys"),
    _text("nan", _first_member('{"x": NaN'), BAD, "sigstore.md 3: NaN"),
    _text("infinity", _first_member('{"x": -Infinity'), BAD, "sigstore.md 3: Infinity"),
    _text("trailing", lambda document: document + b"{}", BAD, "sigstore.md 3: trailing data"),
    _text("newline-behind", lambda document: document + b"\n", OK, "sigstore.md 3: white space is no data"),
    _text("bom", lambda document: b"\xef\xbb\xbf" + document, BAD, "sigstore.md 3: BOM"),
    _text("utf-16", lambda document: document.decode().encode("utf-16"), BAD, "sigstore.md 3"),
    _text("bad-utf-8", lambda document: document.replace(b"mediaType", b"mediaType\xff", 1), BAD, "sigstore.md 3"),
    _text("list", lambda document: b"[" + document + b"]", BAD, "sigstore.md 3: non-object top level"),
    _text("text", lambda _: b'"text"', BAD, "sigstore.md 3: non-object top level"),
    _text("empty", lambda _: b"", BAD, JSON_RULE),
    _text("cut", lambda document: document[:-1], BAD, JSON_RULE),
    _text("comment", lambda document: b"/* */" + document, BAD, JSON_RULE),
    _text("depth-40", _first_member('{"x": ' + "[" * 40 + "]" * 40), BAD, "sigstore.md 3: depth"),
    _text("depth-100000", _first_member('{"x": ' + "[" * 100_000), BAD, "sigstore.md 5: JSON depth bomb"),
    _text(
        "10-mib",
        lambda document: document + b" " * (10 * 1024 * 1024),
        "input_too_large",
        "sigstore.md 0; CVE-2023-46737",
    ),
    _old_text("duplicate-member", _first_member('{"base64Signature": "AAAA"'), BAD, "sigstore.md 3: duplicate keys"),
    _old_text("trailing", lambda document: document + b"{}", BAD, "sigstore.md 3: trailing data"),
    _old_text("bom", lambda document: b"\xef\xbb\xbf" + document, BAD, "sigstore.md 3: BOM"),
    _old_text("10-mib", lambda document: document + b" " * (10 * 1024 * 1024), "input_too_large", "sigstore.md 0"),
    _old(
        "key-as-certificate",
        lambda members: members.update(cert=TEXT_KEY),
        "material_mismatch",
        "GHSA-fx35-mq7g-6g98: with an identity",
    ),
    Row("old-key-signed", _key_in_old_bundle, "material_mismatch", "GHSA-fx35-mq7g-6g98: with an identity"),
    _old(
        "no-certificate",
        lambda members: members.pop("cert"),
        "material_mismatch",
        "sigstore.md 2: never from keyless to key",
    ),
    _old("certificate-empty", lambda members: members.update(cert=""), BAD, OLD),
    _old(
        "two-certificates",
        lambda members: members.update(cert=b64(2 * _pem_of(members))),
        BAD,
        "sigstore.md 2 (3): one CERTIFICATE",
    ),
    _old(
        "certificate-and-key",
        lambda members: members.update(cert=b64(_pem_of(members) + pem(b"0\x00", "PUBLIC KEY"))),
        "material_mismatch",
        "GHSA-fx35-mq7g-6g98",
    ),
    _old(
        "no-log-bundle",
        lambda members: members.pop("rekorBundle"),
        "log_entry_missing",
        "sigstore.md 2 (3): only with a key and ignore",
    ),
    _old("no-promise", lambda members: members["rekorBundle"].pop("SignedEntryTimestamp"), BAD, OLD),
    _old("no-payload", lambda members: members["rekorBundle"].pop("Payload"), BAD, OLD),
    _old(
        "payload-null",
        lambda members: members["rekorBundle"].update(Payload=None),
        BAD,
        "cosign 3.0.5: malformed entries",
    ),
    _old(
        "body-number",
        lambda members: members["rekorBundle"]["Payload"].update(body=7),
        BAD,
        "cosign 3.0.5: non-string body",
    ),
    _old(
        "index-float",
        lambda members: members["rekorBundle"]["Payload"].update(logIndex=1.0),
        BAD,
        "sigstore.md 3: never floats",
    ),
    _old(
        "log-id-upper-case",
        lambda members: members["rekorBundle"]["Payload"].update(
            logID=members["rekorBundle"]["Payload"]["logID"].upper()
        ),
        BAD,
        "sigstore.md 1.8: lower hex",
    ),
    _old(
        "signature-newline",
        lambda members: members.update(base64Signature=members["base64Signature"] + "\n"),
        BAD,
        BASE64,
    ),
    _old("signature-null", lambda members: members.update(base64Signature=None), "format_unsupported", OLD),
    _old("unknown-member", lambda members: members.update(more=1), BAD, "sigstore.md 3: unknown fields"),
    Row(
        "key-bundle-for-identity",
        _key_bundle_for_identity,
        "material_mismatch",
        "sigstore.md 2 (2): never from keyless to key",
    ),
    Row("key-old-bundle-for-identity", _key_old_bundle_for_identity, "material_mismatch", "sigstore.md 2 (3)"),
    Row("ignore-log-for-identity", _ignore_log_for_identity, POLICY, "sigstore.md 0: no entry only for a key; 2 (1)"),
    Row("good-digest", _digest_only, OK, "sigstore.md 0: verify against the digest"),
    Row("digest-of-other", _digest_of_other, "digest_mismatch", "sigstore.md 5: changed artifact"),
)


def _pem_of(members: Members) -> bytes:
    import base64

    return base64.b64decode(members["cert"])
