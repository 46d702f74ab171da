# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed images as cosign puts them into a registry, made independently of the code under test.

The shapes are those that cosign 2.5.0 and 3.1.1 wrote to a real registry; tests/conformance/images.py compares with it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Protocol

from ansible_collections.prexorcloud.production.tests.support.release_signer.keys import pem
from ansible_collections.prexorcloud.production.tests.support.release_signer.signing import Signing
from ansible_collections.prexorcloud.production.tests.support.release_signer.world import World
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"

Key = ec.EllipticCurvePrivateKey


class Shelf(Protocol):
    """Where manifests and blobs are put."""

    def put_manifest(self, document: bytes, *names: str) -> str: ...

    def put_blob(self, content: bytes) -> str: ...


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def encoded(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def text64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def public_pem(key: Key) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def sign(key: Key, content: bytes) -> bytes:
    return key.sign(content, ec.ECDSA(hashes.SHA256()))


def descriptor(content: bytes, media_type: str, **more: object) -> dict[str, object]:
    return {"mediaType": media_type, "size": len(content), "digest": sha256(content), **more}


def manifest(*layers: Mapping[str, object], **more: object) -> bytes:
    config = descriptor(b"{}", EMPTY)
    return encoded({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers, **more})


def index(*entries: Mapping[str, object], **more: object) -> bytes:
    return encoded({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries, **more})


# -- the classic form ------------------------------------------------------------------------------------------


def simple_signing(digest: str, reference: str = "registry.example/owner/name", **critical: object) -> bytes:
    """The text that is signed."""
    image = {"docker-manifest-digest": digest}
    kind = "cosign container image signature"
    members = {"identity": {"docker-reference": reference}, "image": image, "type": kind, **critical}
    return encoded({"critical": members, "optional": None})


def layer(payload: bytes, signature: bytes, **annotations: str) -> dict[str, object]:
    """The descriptor of a signed text; annotations by the last part of their name."""
    notes = {"dev.cosignproject.cosign/signature": text64(signature)}
    notes.update({f"dev.sigstore.cosign/{name}": value for name, value in annotations.items()})
    return descriptor(payload, SIMPLE_SIGNING, annotations=notes)


def keyless_layer(signing: Signing, world: World) -> dict[str, object]:
    """What cosign writes for a signature of the test signer: certificate, chain with its root, and log entry."""
    notes = {}
    if signing.leaf is not None:
        chain = pem(world.intermediate.der, "CERTIFICATE") + pem(world.root.der, "CERTIFICATE")
        notes = {"certificate": signing.certificate_pem.decode(), "chain": chain.decode()}
    entry = json.loads(signing.old_bundle()).get("rekorBundle")
    if entry is not None:
        notes["bundle"] = json.dumps(entry)
    return layer(signing.artifact, signing.signature, **notes)


def signature_tag(digest: str) -> str:
    return f"{digest.replace(':', '-')}.sig"


def put_classic(shelf: Shelf, digest: str, layers: Sequence[Mapping[str, object]]) -> None:
    shelf.put_manifest(manifest(*layers), signature_tag(digest))


# -- bundles that refer to the image ---------------------------------------------------------------------------


def statement(digest: str, predicate_type: str = SIGN_PREDICATE) -> bytes:
    subject = {"digest": {"sha256": digest.partition(":")[2]}, "annotations": {}}
    kind = "https://in-toto.io/Statement/v1"
    return encoded({"_type": kind, "subject": [subject], "predicateType": predicate_type, "predicate": {}})


def key_bundle(key: Key, payload: bytes) -> bytes:
    """A bundle with a statement, signed by a key, without a log entry."""
    pae = b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
    envelope = {
        "payload": text64(payload),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"sig": text64(sign(key, pae))}],
    }
    material = {"publicKey": {"hint": "any"}}
    return encoded({"mediaType": BUNDLE, "verificationMaterial": material, "dsseEnvelope": envelope})


def put_referrer(
    shelf: Shelf, digest: str, bundle: bytes, *, media_type: str = BUNDLE, beside: Sequence[Mapping[str, object]] = ()
) -> dict[str, object]:
    """Stores a bundle and its manifest. Returns the manifest's descriptor, for the list of referrers."""
    shelf.put_blob(bundle)
    document = manifest(descriptor(bundle, media_type), *beside, subject={"mediaType": MANIFEST, "digest": digest})
    shelf.put_manifest(document)
    return descriptor(document, MANIFEST, artifactType=EMPTY)


def put_fallback(shelf: Shelf, digest: str, entries: Sequence[Mapping[str, object]]) -> None:
    """Shows the list of referrers under the tag that stands in for the API."""
    shelf.put_manifest(index(*entries), digest.replace(":", "-"))
