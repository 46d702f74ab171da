# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sigstore bundles, versions 0.1 to 0.3 (protobuf's JSON; sigstore.md 2 (2) and 3)."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import der
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.encoding import (
    decode_base64,
    encode_base64,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.entry_body import (
    DIGEST_BYTES,
    HASH_NAMES,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.inclusion import HASH_BYTES, MAX_HASHES
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import (
    Envelope,
    InclusionProof,
    LogEntry,
    MessageSignature,
    Signed,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.strict_json import Members, load

# Bundles of files are about 10 KiB; those of attestations hold the whole statement.
MAX_BUNDLE = 4 * 1024 * 1024
MAX_ENTRIES = 1
MAX_TIMESTAMPS = 32
MAX_CHAIN = 8
# Of one certificate or token: genuine ones have 1 to 6 KiB, and their readers go through every element.
MAX_DER = 16 * 1024


@dataclass(frozen=True)
class _Version:
    """What a version of the format demands. `material` names the member that holds a certificate."""

    number: str
    material: str
    promise_required: bool
    proof_required: bool


V1 = _Version("0.1", "x509CertificateChain", promise_required=True, proof_required=False)
V2 = _Version("0.2", "x509CertificateChain", promise_required=False, proof_required=True)
V3 = _Version("0.3", "certificate", promise_required=False, proof_required=True)
VERSIONS = (V1, V2, V3)
NUMBERS = tuple(version.number for version in VERSIONS)
MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
MEDIA_TYPES = {
    **{f"application/vnd.dev.sigstore.bundle+json;version={version.number}": version for version in VERSIONS},
    MEDIA_TYPE: V3,
}


def _base64(holder: Members, name: str) -> bytes:
    return decode_base64(holder.text(name), f"{holder.where}.{name}")


def _der(holder: Members, name: str) -> bytes:
    data = _base64(holder.only(name), name)
    if len(data) > MAX_DER:
        raise Refused("input_too_large", f"{holder.where} has {len(data)} bytes, at most {MAX_DER} are read")
    return data


def _one_of(holder: Members, *names: str) -> str:
    found = [name for name in names if holder.has(name)]
    if len(found) != 1:
        raise Refused("input_malformed", f"{holder.where} has {len(found)} of {', '.join(names)}, not exactly one")
    return found[0]


def _version(bundle: Members, min_version: str) -> _Version:
    if min_version not in NUMBERS:
        raise PolicyError(f"min_bundle_version {min_version!r} is not one of {', '.join(NUMBERS)}")
    media_type = bundle.text("mediaType")
    version = MEDIA_TYPES.get(media_type)
    if version is None:
        raise Refused("format_unsupported", f"bundles of type {media_type[:96]!r} are not verified")
    if NUMBERS.index(version.number) < NUMBERS.index(min_version):
        raise Refused("format_too_old", f"the bundle has version {version.number}, below {min_version}")
    return version


def _is_self_issued(certificate: bytes, what: str) -> bool:
    parts = der.read(certificate, what).expect(der.SEQUENCE).children()
    fields = parts[0].expect(der.SEQUENCE).children() if parts else ()
    # version [0] is absent in certificates of X.509 v1; then serial, algorithm, issuer, validity, subject.
    fields = fields[1:] if fields and fields[0].tag == der.context(0) else fields
    if len(fields) < 5:
        raise Refused("input_malformed", f"{what} is no certificate")
    return fields[2].raw == fields[4].raw


def _leaf_of_chain(chain: Members) -> bytes:
    # Only the leaf is used. The rest is ignored as untrusted, but signers must not send a root (sigstore.md 1.3).
    certificates = [_der(one, "rawBytes") for one in chain.objects("certificates", MAX_CHAIN)]
    if not certificates:
        raise chain.refuse("certificates", "is empty")
    for at, certificate in enumerate(certificates):
        what = f"{chain.where}.certificates[{at}]"
        if _is_self_issued(certificate, what):
            raise Refused("input_malformed", f"{what} is self-signed: a bundle must not bring a root")
    return certificates[0]


def _certificate(material: Members, version: _Version) -> bytes | None:
    kind = _one_of(material, "publicKey", "x509CertificateChain", "certificate")
    holder = material.members(kind)
    if kind == "publicKey":
        # The hint may select among the caller's keys; there is nothing in it to trust.
        holder.only("hint").optional_text("hint")
        return None
    if kind != version.material:
        raise Refused("input_malformed", f"{holder.where} is not used in bundles of version {version.number}")
    if kind == "certificate":
        return _der(holder, "rawBytes")
    return _leaf_of_chain(holder.only("certificates"))


def _hash(text: object, what: str) -> bytes:
    data = decode_base64(text, what) if isinstance(text, str) else b""
    if len(data) != HASH_BYTES:
        raise Refused("input_malformed", f"{what} is not a hash of {HASH_BYTES} bytes in Base64")
    return data


def _proof(proof: Members) -> InclusionProof:
    proof.only("logIndex", "rootHash", "treeSize", "hashes", "checkpoint")
    checkpoint = proof.optional_members("checkpoint")
    return InclusionProof(
        index=proof.optional_integer("logIndex") or 0,
        size=proof.optional_integer("treeSize") or 0,
        root=_hash(proof.text("rootHash"), f"{proof.where}.rootHash"),
        hashes=tuple(_hash(one, f"{proof.where}.hashes") for one in proof.items("hashes", MAX_HASHES)),
        checkpoint=(checkpoint.only("envelope").optional_text("envelope") if checkpoint else None) or None,
    )


def _entry(entry: Members) -> LogEntry:
    entry.only(
        "logIndex", "logId", "kindVersion", "integratedTime", "inclusionPromise", "inclusionProof", "canonicalizedBody"
    )
    log = entry.members("logId").only("keyId")
    kind = entry.members("kindVersion").only("kind", "version")
    promise = entry.optional_members("inclusionPromise")
    proof = entry.optional_members("inclusionProof")
    return LogEntry(
        log_id=_hash(log.text("keyId"), f"{log.where}.keyId"),
        log_index=entry.optional_integer("logIndex") or 0,
        kind=kind.text("kind"),
        version=kind.text("version"),
        body=_base64(entry, "canonicalizedBody"),
        integrated_time=entry.optional_integer("integratedTime") or None,
        promise=_base64(promise.only("signedEntryTimestamp"), "signedEntryTimestamp") if promise else None,
        proof=_proof(proof) if proof else None,
    )


def _timestamps(material: Members) -> tuple[bytes, ...]:
    data = material.optional_members("timestampVerificationData")
    if data is None:
        return ()
    tokens = data.only("rfc3161Timestamps").objects("rfc3161Timestamps", MAX_TIMESTAMPS)
    return tuple(_der(token, "signedTimestamp") for token in tokens)


def _message(message: Members) -> MessageSignature:
    signature = _base64(message.only("messageDigest", "signature"), "signature")
    claimed = message.optional_members("messageDigest")
    if claimed is None:
        return MessageSignature(signature)
    algorithm = claimed.only("algorithm", "digest").text("algorithm")
    name = HASH_NAMES.get(algorithm)
    if name is None:
        raise Refused("algorithm_unsupported", f"{claimed.where}: the hash {algorithm[:32]!r} is not verified")
    digest = _base64(claimed, "digest")
    if len(digest) != DIGEST_BYTES[name]:
        raise claimed.refuse("digest", f"is none of {algorithm}")
    return MessageSignature(signature, (name, digest))


def _envelope(envelope: Members) -> Envelope:
    signatures = envelope.only("payload", "payloadType", "signatures").objects("signatures", 1)
    if not signatures:
        raise envelope.refuse("signatures", "is empty")
    # keyid is a hint, and unsigned.
    signatures[0].only("sig", "keyid").optional_text("keyid")
    return Envelope(
        payload=_base64(envelope, "payload"),
        payload_type=envelope.text("payloadType"),
        signature=_base64(signatures[0], "sig"),
    )


def parse_bundle(document: bytes, min_version: str = "0.1") -> Signed:
    """What a bundle claims; nothing of it is verified.

    `min_version` is "0.1", "0.2" or "0.3": the version in a bundle is the sender's choice, and 0.1 the weakest. A
    bundle for a public key has no certificate; one without a log entry is left to the policy to refuse.

    Raises Refused: "input_malformed" (unknown members included), "input_too_large", "format_unsupported",
    "format_too_old", "algorithm_unsupported"; PolicyError for another min_version.
    """
    return read_members(load(document, "the bundle", MAX_BUNDLE), min_version)


def read_members(bundle: Members, min_version: str) -> Signed:
    """As parse_bundle(), of JSON that is read already."""
    version = _version(bundle, min_version)
    bundle.only("mediaType", "verificationMaterial", "messageSignature", "dsseEnvelope")
    content = _one_of(bundle, "messageSignature", "dsseEnvelope")
    material = bundle.members("verificationMaterial").only(
        "publicKey", "x509CertificateChain", "certificate", "tlogEntries", "timestampVerificationData"
    )
    timestamps = _timestamps(material)
    holder = bundle.members(content)
    return Signed(
        label=f"Sigstore bundle {version.number}",
        content=_message(holder) if content == "messageSignature" else _envelope(holder),
        certificate=_certificate(material, version),
        entries=tuple(_entry(entry) for entry in material.objects("tlogEntries", MAX_ENTRIES)),
        timestamps=timestamps,
        promise_required=version.promise_required or not timestamps,
        proof_required=version.proof_required,
        bundle_version=version.number,
    )


def _rendered_entry(entry: LogEntry) -> dict[str, object]:
    proof = entry.proof
    if proof is None:
        raise Refused("proof_missing", "a bundle of version 0.3 needs the entry's proof of inclusion")
    if proof.checkpoint is None:
        raise Refused("checkpoint_missing", "a bundle of version 0.3 needs the log's signed checkpoint")
    rendered: dict[str, object] = {
        "logIndex": str(entry.log_index),
        "logId": {"keyId": encode_base64(entry.log_id)},
        "kindVersion": {"kind": entry.kind, "version": entry.version},
    }
    if entry.integrated_time is not None:
        rendered["integratedTime"] = str(entry.integrated_time)
    if entry.promise is not None:
        rendered["inclusionPromise"] = {"signedEntryTimestamp": encode_base64(entry.promise)}
    rendered["inclusionProof"] = {
        "logIndex": str(proof.index),
        "rootHash": encode_base64(proof.root),
        "treeSize": str(proof.size),
        "hashes": [encode_base64(one) for one in proof.hashes],
        "checkpoint": {"envelope": proof.checkpoint},
    }
    rendered["canonicalizedBody"] = encode_base64(entry.body)
    return rendered


def render_bundle(signed: Signed, digest: bytes) -> bytes:
    """A bundle of version 0.3 with the same signature, certificate, entry and time stamps, to be verified offline.

    `digest` is the artifact's SHA-256. What was looked up once on a connected machine travels this way (sigstore.md
    2 (1)); whoever receives it verifies it all again. parse_bundle reads it back.

    Raises Refused: "log_entry_missing" unless there is exactly one entry, "proof_missing", "checkpoint_missing";
    ValueError for a statement, which always comes in a bundle of its own.
    """
    if not isinstance(signed.content, MessageSignature):
        raise ValueError("only signatures over a file are written as bundles")
    if len(signed.entries) != 1:
        raise Refused("log_entry_missing", f"a bundle holds exactly one log entry, here are {len(signed.entries)}")
    material: dict[str, object] = (
        {"publicKey": {}}
        if signed.certificate is None
        else {"certificate": {"rawBytes": encode_base64(signed.certificate)}}
    )
    material["tlogEntries"] = [_rendered_entry(signed.entries[0])]
    if signed.timestamps:
        tokens = [{"signedTimestamp": encode_base64(token)} for token in signed.timestamps]
        material["timestampVerificationData"] = {"rfc3161Timestamps": tokens}
    bundle = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": material,
        "messageSignature": {
            "messageDigest": {"algorithm": "SHA2_256", "digest": encode_base64(digest)},
            "signature": encode_base64(signed.content.signature),
        },
    }
    return json.dumps(bundle, ensure_ascii=False, separators=(",", ":")).encode("utf-8") + b"\n"
