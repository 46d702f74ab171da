# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of log entries as Rekor canonicalises them (sigstore.md 1.11), as members that a case can still alter."""

from __future__ import annotations

import hashlib
from typing import Any

from .keys import b64

Members = dict[str, Any]


def _sha256(data: bytes) -> Members:
    return {"algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}


def hashedrekord_1(digest: tuple[str, bytes], signature: bytes, verifier_pem: bytes) -> Members:
    """hashedrekord 0.0.1: `digest` is (hash name, digest), the verifier the PEM of the certificate or key."""
    hashed = {"algorithm": digest[0], "value": digest[1].hex()}
    signed = {"content": b64(signature), "publicKey": {"content": b64(verifier_pem)}}
    return {
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {"data": {"hash": hashed}, "signature": signed},
    }


def dsse_1(envelope: bytes, payload: bytes, signature: bytes, verifier_pem: bytes) -> Members:
    """dsse 0.0.1 of an envelope with one signature."""
    return {
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {
            "envelopeHash": _sha256(envelope),
            "payloadHash": _sha256(payload),
            "signatures": [{"signature": b64(signature), "verifier": b64(verifier_pem)}],
        },
    }


def intoto_2(envelope: bytes, payload: bytes, payload_type: str, signature: bytes, verifier_pem: bytes) -> Members:
    """intoto 0.0.2: the signature is encoded twice, and the payload itself is not kept."""
    signed = {"publicKey": b64(verifier_pem), "sig": b64(b64(signature).encode())}
    content = {
        "envelope": {"payloadType": payload_type, "signatures": [signed]},
        "hash": _sha256(envelope),
        "payloadHash": _sha256(payload),
    }
    return {"apiVersion": "0.0.2", "kind": "intoto", "spec": {"content": content}}


def hashedrekord_2(
    signed: bytes, signature: bytes, verifier: Members, key_details: str, hash_name: str = "sha256"
) -> Members:
    """hashedrekord 0.0.2 (Rekor v2) over the artifact, or over the PAE of an envelope."""
    data = {"algorithm": f"SHA2_{hash_name[3:]}", "digest": b64(hashlib.new(hash_name, signed).digest())}
    proven = {"content": b64(signature), "verifier": {**verifier, "keyDetails": key_details}}
    inner = {"data": data, "signature": proven}
    return {"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": inner}}
