# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A log entry is about this very signature, key and artifact, or it proves nothing (sigstore.md 1.11)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.dsse import pae
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.encoding import (
    decode_base64,
    decode_hex,
    decode_pem,
    encode_base64,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import (
    Envelope,
    LogEntry,
    MessageSignature,
    Signed,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.signature import load_spki
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.strict_json import Members, load

# The body of an attestation repeats neither payload nor envelope; certificates are a few KiB.
MAX_BODY = 256 * 1024
WHAT = "the log entry's body"
# Names of hashes in hashedrekord 0.0.1 and of protobuf's enumeration, by their name in hashlib; digest in bytes.
DIGEST_BYTES = {"sha256": 32, "sha384": 48, "sha512": 64}
HASH_NAMES = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}
HASH_ENUM = {name: enum for enum, name in HASH_NAMES.items()}
# keyDetails that fit a key, each with the hash of its signatures. Ed25519 is not here: hashedrekord takes only
# Ed25519ph, which is not verified (1.13).
KEY_DETAILS: dict[str, dict[str, str]] = {
    "secp256r1": {"PKIX_ECDSA_P256_SHA_256": "sha256"},
    "secp384r1": {"PKIX_ECDSA_P384_SHA_384": "sha384", "PKIX_ECDSA_P384_SHA_256": "sha256"},
    "secp521r1": {"PKIX_ECDSA_P521_SHA_512": "sha512", "PKIX_ECDSA_P521_SHA_256": "sha256"},
    **{
        f"rsa{bits}": {f"PKIX_RSA_PKCS1V15_{bits}_SHA256": "sha256", f"PKIX_RSA_PSS_{bits}_SHA256": "sha256"}
        for bits in (2048, 3072, 4096)
    },
}


@dataclass(frozen=True)
class _Expected:
    """What the body has to be about. `digest` gives the artifact's digest by the name of the hash."""

    signed: Signed
    spki: bytes
    digest: Callable[[str], bytes]

    @property
    def signature(self) -> bytes:
        return self.signed.content.signature

    def message(self) -> MessageSignature:
        """The content, if it is a signature over the artifact itself."""
        if not isinstance(self.signed.content, MessageSignature):
            raise _mismatch("is about a signature over a file, here is one over a statement")
        return self.signed.content

    def envelope(self) -> Envelope:
        """The content, if it is an envelope."""
        if not isinstance(self.signed.content, Envelope):
            raise _mismatch("is about a signed statement, here is a signature over a file")
        return self.signed.content


def _mismatch(why: str) -> Refused:
    return Refused("entry_mismatch", f"the log entry {why}")


def _check_signature(text: str, expected: _Expected) -> None:
    # Exactly these bytes: an equivalent signature (r, n-s) is another one, which nobody logged.
    if decode_base64(text, f"{WHAT}: the signature") != expected.signature:
        raise _mismatch("is about another signature")


def _check_key(text: str, expected: _Expected) -> None:
    pem = decode_base64(text, f"{WHAT}: the key")
    certificate = expected.signed.certificate
    kind, wanted = ("PUBLIC KEY", expected.spki) if certificate is None else ("CERTIFICATE", certificate)
    try:
        found = decode_pem(pem, kind, f"{WHAT}: the key")
    except Refused as error:
        raise _mismatch(f"does not name exactly one {kind}: {error.detail}") from error
    if found != wanted:
        raise _mismatch(f"is about another {kind}")


def _check_payload(digest: Members, expected: _Expected) -> None:
    if digest.text("algorithm") != "sha256":
        raise Refused("format_unsupported", f"{digest.where}: the hash is not sha256")
    value = decode_hex(digest.text("value"), DIGEST_BYTES["sha256"], digest.where)
    if value != hashlib.sha256(expected.envelope().payload).digest():
        raise _mismatch("is about another statement")


def _only_signature(holder: Members) -> Members:
    signatures = holder.objects("signatures", 1)
    if not signatures:
        raise holder.refuse("signatures", "is empty")
    return signatures[0]


def _hashedrekord_v1(body: Members, expected: _Expected) -> None:
    expected.message()
    spec = body.members("spec")
    digest = spec.members("data").members("hash")
    name = digest.text("algorithm")
    if name not in DIGEST_BYTES:
        raise Refused("format_unsupported", f"{digest.where}: the hash {name[:32]!r} is not one that is verified")
    if decode_hex(digest.text("value"), DIGEST_BYTES[name], digest.where) != expected.digest(name):
        raise _mismatch("is about another artifact")
    signature = spec.members("signature")
    _check_signature(signature.text("content"), expected)
    _check_key(signature.members("publicKey").text("content"), expected)


def _dsse_v1(body: Members, expected: _Expected) -> None:
    # envelopeHash is over JSON that nobody canonicalised: it cannot be checked.
    spec = body.members("spec")
    _check_payload(spec.members("payloadHash"), expected)
    signature = _only_signature(spec)
    _check_signature(signature.text("signature"), expected)
    _check_key(signature.text("verifier"), expected)


def _intoto_v2(body: Members, expected: _Expected) -> None:
    envelope = expected.envelope()
    content = body.members("spec").members("content")
    _check_payload(content.members("payloadHash"), expected)
    logged = content.members("envelope")
    if logged.text("payloadType") != envelope.payload_type:
        raise _mismatch("is about a statement of another type")
    signature = _only_signature(logged)
    # This kind has the Base64 text of the signature in Base64 once more.
    if decode_base64(signature.text("sig"), f"{WHAT}: the signature") != encode_base64(expected.signature).encode():
        raise _mismatch("is about another signature")
    _check_key(signature.text("publicKey"), expected)


def _key_details(spki: bytes) -> Mapping[str, str]:
    key = load_spki(spki, "the signer's key")
    curve = getattr(getattr(key, "curve", None), "name", None)
    return KEY_DETAILS.get(curve or f"rsa{getattr(key, 'key_size', '')}", {})


def _hashedrekord_v2(body: Members, expected: _Expected, stored: bytes) -> None:
    # Everything in such a body follows from the signature, the key and the artifact, so the body is rebuilt and has
    # to be the stored one to the byte; only the algorithm is the signer's choice, among those that fit the key.
    logged = body.members("spec").members("hashedRekordV002").members("signature")
    details = logged.members("verifier").text("keyDetails")
    fitting = _key_details(expected.spki)
    if not fitting:
        raise Refused("algorithm_unsupported", "log entries with a key of this kind are not verified")
    if details not in fitting:
        raise _mismatch(f"names the algorithm {details[:64]!r}, which does not fit the signer's key")
    content, certificate = expected.signed.content, expected.signed.certificate
    name = fitting[details]
    if isinstance(content, Envelope):
        digest = hashlib.new(name, pae(content.payload_type, content.payload)).digest()
    else:
        digest = expected.digest(name)
    member, key = ("publicKey", expected.spki) if certificate is None else ("x509Certificate", certificate)
    rebuilt = {
        "apiVersion": "0.0.2",
        "kind": "hashedrekord",
        "spec": {
            "hashedRekordV002": {
                "data": {"algorithm": HASH_ENUM[name], "digest": encode_base64(digest)},
                "signature": {
                    "content": encode_base64(content.signature),
                    "verifier": {"keyDetails": details, member: {"rawBytes": encode_base64(key)}},
                },
            }
        },
    }
    # All of it is ASCII, and so RFC 8785 is sorting and no spaces.
    if json.dumps(rebuilt, sort_keys=True, separators=(",", ":")).encode("ascii") != stored:
        raise _mismatch("is not the one that this signature, key and artifact make")


KINDS_V1: dict[tuple[str, str], Callable[[Members, _Expected], None]] = {
    ("hashedrekord", "0.0.1"): _hashedrekord_v1,
    ("dsse", "0.0.1"): _dsse_v1,
    ("intoto", "0.0.2"): _intoto_v2,
}


def kind_of(body: bytes) -> tuple[str, str]:
    """(kind, version) that a body gives itself. Raises Refused: "input_malformed", "input_too_large"."""
    members = load(body, WHAT, MAX_BODY)
    return members.text("kind"), members.text("apiVersion")


def verify_body(entry: LogEntry, signed: Signed, spki: bytes, digest: Callable[[str], bytes]) -> None:
    """Proves that the entry is about exactly this signature, this key or certificate, and this artifact.

    Parameters: spki, the signer's public key (DER); digest, gives the artifact's digest by the name that hashlib has
    for the hash (sha256, sha384, sha512). The body itself is worth something only once the log's proofs passed.

    Raises Refused: "entry_mismatch", "format_unsupported" for a kind, version or hash that is not verified,
    "algorithm_unsupported", "input_malformed", "input_too_large".
    """
    body = load(entry.body, WHAT, MAX_BODY)
    kind, version = body.text("kind"), body.text("apiVersion")
    if (kind, version) != (entry.kind, entry.version):
        raise _mismatch(f"says it is a {entry.kind[:32]!r} {entry.version[:32]!r}, its body says otherwise")
    expected = _Expected(signed, spki, digest)
    if (kind, version) == ("hashedrekord", "0.0.2"):
        _hashedrekord_v2(body, expected, entry.body)
    elif (kind, version) in KINDS_V1:
        KINDS_V1[kind, version](body, expected)
    else:
        raise Refused("format_unsupported", f"log entries of kind {kind[:32]!r} {version[:32]!r} are not verified")
