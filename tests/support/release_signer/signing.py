# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Something that was signed, and every format in which a signature travels (sigstore.md 2)."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from .keys import PublicKey, b64, pem, spki
from .transparency import Record

Members = dict[str, Any]
Edit = Callable[[Members], None]

_PREFIX = "application/vnd.dev.sigstore.bundle"
MEDIA_TYPES = {
    "0.1": f"{_PREFIX}+json;version=0.1",
    "0.2": f"{_PREFIX}+json;version=0.2",
    "0.3": f"{_PREFIX}.v0.3+json",
    "0.3-old-spelling": f"{_PREFIX}+json;version=0.3",
}
IN_TOTO = "application/vnd.in-toto+json"


def dump(value: object) -> bytes:
    """JSON as a file holds it."""
    return json.dumps(value).encode()


def pae(payload_type: str, payload: bytes) -> bytes:
    """What a DSSE signature covers: lengths are in bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


@dataclass(frozen=True)
class Signing:
    """One signature with all that proves it. `leaf` is None for a bare key; only an attestation has a `payload`."""

    artifact: bytes
    signature: bytes
    key: PublicKey
    digest: tuple[str, bytes]
    leaf: bytes | None = None
    record: Record | None = None
    tokens: tuple[bytes, ...] = ()
    payload: bytes | None = None
    payload_type: str = IN_TOTO
    parents: tuple[bytes, ...] = ()

    @property
    def certificate(self) -> x509.Certificate:
        """The signer's certificate."""
        assert self.leaf is not None
        return x509.load_der_x509_certificate(self.leaf)

    @property
    def certificate_pem(self) -> bytes:
        """The signer's certificate, PEM."""
        assert self.leaf is not None
        return pem(self.leaf, "CERTIFICATE")

    @property
    def key_pem(self) -> bytes:
        """The signer's public key, PEM."""
        return pem(spki(self.key), "PUBLIC KEY")

    def _material(self, version: str) -> Members:
        if self.leaf is None:
            return {"publicKey": {"hint": b64(spki(self.key)[-32:])}}
        if version.startswith("0.3"):
            return {"certificate": {"rawBytes": b64(self.leaf)}}
        chain = [{"rawBytes": b64(der)} for der in (self.leaf, *self.parents)]
        return {"x509CertificateChain": {"certificates": chain}}

    def _content(self) -> Members:
        if self.payload is not None:
            envelope = {
                "payload": b64(self.payload),
                "payloadType": self.payload_type,
                "signatures": [{"sig": b64(self.signature)}],
            }
            return {"dsseEnvelope": envelope}
        name, digest = self.digest
        claimed = {"algorithm": f"SHA2_{name[3:]}", "digest": b64(digest)}
        return {"messageSignature": {"messageDigest": claimed, "signature": b64(self.signature)}}

    def members(self, version: str = "0.3") -> Members:
        """A Sigstore bundle of this version, still to be altered."""
        material = self._material(version)
        material["tlogEntries"] = [self.record.bundled()] if self.record else []
        if self.record and version == "0.1":
            # 0.1 lives on the promise; cosign writes no proof beside it.
            material["tlogEntries"][0].pop("inclusionProof", None)
        if self.tokens:
            stamps = [{"signedTimestamp": b64(token)} for token in self.tokens]
            material["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
        return {"mediaType": MEDIA_TYPES[version], "verificationMaterial": material, **self._content()}

    def bundle(self, version: str = "0.3", edit: Edit | None = None) -> bytes:
        """A Sigstore bundle; `edit` alters its members first."""
        members = copy.deepcopy(self.members(version))
        if edit:
            edit(members)
        return dump(members)

    def old_bundle(self, edit: Edit | None = None) -> bytes:
        """A bundle of cosign's own format: `cert` is Base64 of the PEM, absent for keys as cosign 2.5 writes it."""
        members: Members = {"base64Signature": b64(self.signature)}
        if self.leaf is not None:
            members["cert"] = b64(self.certificate_pem)
        if self.record is not None and self.record.promise is not None:
            payload = {
                "body": b64(self.record.body),
                "integratedTime": self.record.integrated_time,
                "logIndex": self.record.log_index,
                "logID": self.record.log_id.hex(),
            }
            members["rekorBundle"] = {"SignedEntryTimestamp": b64(self.record.promise), "Payload": payload}
        if edit:
            edit(members)
        return dump(members)

    def sidecars(self) -> tuple[bytes, bytes]:
        """What `cosign sign-blob --output-signature --output-certificate` writes: Base64, and Base64 of the PEM."""
        return b64(self.signature).encode(), b64(self.certificate_pem).encode() if self.leaf else b""

    def answer(self, edit: Edit | None = None) -> bytes:
        """Rekor's answer to a search by digest; `edit` alters the one entry in it first."""
        assert self.record is not None
        entries = copy.deepcopy(self.record.answer())
        if edit:
            edit(entries[self.record.uuid])
        return dump([entries])
