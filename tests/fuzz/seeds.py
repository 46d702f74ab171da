# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Good input of every kind, made by the test signer: where the fuzzer starts from, and what input is read beside."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ansible_collections.prexorcloud.production.tests.support.release_signer.case import ARTIFACT
from ansible_collections.prexorcloud.production.tests.support.release_signer.keys import new_key, pem, spki
from ansible_collections.prexorcloud.production.tests.support.release_signer.signing import Signing
from ansible_collections.prexorcloud.production.tests.support.release_signer.world import (
    IDENTITY,
    ISSUER,
    World,
    statement_about,
)
from cryptography.hazmat.primitives.serialization import Encoding

from .targets import EXTENSIONS

KEYS = ("P-256", "P-384", "P-521", "rsa-2048", "ed25519")
PATTERNS = (
    r"(?i)^https://github\.com/prexorjustin/prexorcloud/\.github/workflows/release-jars\.ya?ml@.*",
    r"^https://github\.com/[^/]+/[a-z]{2,5}\b(?i:X|Y)+?$",
    r"(?:[0-9]{2}|\d\w\s\D\W\S){0,1000}[^\x00-\x7f]?",
)

REGISTRY = (
    b'401\nWWW-Authenticate: Bearer realm="https://registry.example.test/token",service="it",scope="none"\n\n',
    b'200\nContent-Type: application/json\n\n{"token": "abc"}',
    b"307\nLocation: https://storage.example.test/manifest\n\n",
    b'200\nContent-Type: application/json\n\n{"schemaVersion": 2}',
    b"200\n\nblob",
    b'200\nContent-Type: application/vnd.oci.image.index.v1+json\nLink: </v2/name/referrers/more>; rel="next"\n\n{}',
    b"503\nRetry-After: 1\n\n",
    b"200\nContent-Type: application/vnd.oci.image.index.v1+json\n\n{}",
)


def _image_manifest(signing: Signing) -> bytes:
    """The manifest of cosign's classic image signatures, with one layer."""
    old = json.loads(signing.old_bundle())
    annotations = {
        "dev.cosignproject.cosign/signature": old["base64Signature"],
        "dev.sigstore.cosign/certificate": signing.certificate_pem.decode(),
        "dev.sigstore.cosign/bundle": json.dumps(old["rekorBundle"]),
        "dev.sigstore.cosign/rfc3161timestamp": json.dumps({"SignedRFC3161Timestamp": "MAA="}),
    }
    descriptor = {"digest": f"sha256:{hashlib.sha256(ARTIFACT).hexdigest()}", "size": len(ARTIFACT)}
    media_type = "application/vnd.dev.cosign.simplesigning.v1+json"
    layer = {"mediaType": media_type, **descriptor, "annotations": annotations}
    return json.dumps({"schemaVersion": 2, "config": descriptor, "layers": [layer]}).encode()


def _image_payload() -> bytes:
    """The text of simple signing."""
    critical = {
        "identity": {"docker-reference": "registry.example.test/name"},
        "image": {"docker-manifest-digest": "sha256:" + "0" * 64},
        "type": "cosign container image signature",
    }
    return json.dumps({"critical": critical, "optional": None}).encode()


def _index(bundle: bytes) -> tuple[bytes, bytes]:
    """An index of referrers, and a referrer's manifest."""
    digest = f"sha256:{hashlib.sha256(bundle).hexdigest()}"
    kind = "application/vnd.dev.sigstore.bundle.v0.3+json"
    entry = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": len(bundle)}
    layer = {"mediaType": kind, "digest": digest, "size": len(bundle)}
    referrer = {"schemaVersion": 2, "artifactType": kind, "layers": [layer], "subject": entry}
    return json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode(), json.dumps(referrer).encode()


def write(folder: Path) -> None:
    """Writes `context/NAME` (what the targets need beside their input) and `seeds/TARGET/NUMBER` below the folder."""
    world = World.make()
    plain, tiled, attested = world.sign(ARTIFACT), world.sign_v2(ARTIFACT), world.attest(ARTIFACT)
    layered = world.attest(ARTIFACT, kind="intoto")
    key = new_key()
    keyed = world.sign_with_key(ARTIFACT, key)
    bundles = [
        *(plain.bundle(version) for version in ("0.1", "0.2", "0.3", "0.3-old-spelling")),
        *(signing.bundle() for signing in (tiled, attested, layered, keyed)),
    ]
    tiled_bundle = json.loads(tiled.bundle())
    checkpoint = tiled_bundle["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"]["envelope"]
    signature, certificate = plain.sidecars()
    root = world.trust_root_json()
    leaf = plain.certificate.public_bytes(Encoding.DER)
    bodies = [signing.record.body for signing in (plain, tiled, attested, layered, keyed) if signing.record]
    pems = [pem(spki(new_key(kind).public_key()), "PUBLIC KEY") for kind in KEYS]
    index, referrer = _index(attested.bundle())
    seeds = {
        "verify_bundle": [*bundles, plain.old_bundle()],
        "verify_answer": [plain.answer()],
        "verify_certificate": [leaf],
        "strict_json": [*bundles, root],
        "encoding": [signature, plain.certificate_pem, b"00" * 32, *pems],
        "der": [leaf, tiled.tokens[0], *(spki(new_key(kind).public_key()) for kind in KEYS)],
        "trust_root": [root],
        "certificate": [leaf, world.intermediate.der, world.root.der],
        "extensions": [
            bytes([EXTENSIONS.index(one.oid.dotted_string)]) + one.value.public_bytes()
            for certificate in (plain.certificate, world.intermediate.certificate, world.tsa.chain[0])
            for one in certificate.extensions
            if one.oid.dotted_string in EXTENSIONS
        ],
        "bundle": bundles,
        "old_bundle": [plain.old_bundle(), keyed.old_bundle()],
        "sidecars": [signature, certificate, plain.signature, plain.certificate_pem],
        "rekor_answer": [plain.answer()],
        "checkpoint": [checkpoint.encode()],
        "entry_body": bodies,
        "timestamp": list(tiled.tokens),
        "statement": [statement_about(ARTIFACT)],
        "public_keys": [*pems, b"".join(pems)],
        "pattern": [text.encode() for text in PATTERNS],
        "image_name": [b"registry.example.test:5000/owner/name:1.0.0@sha256:" + b"0" * 64],
        "image_signatures": [_image_manifest(plain)],
        "image_index": [index],
        "image_referrer": [referrer],
        "image_payload": [_image_payload()],
        "registry": [b"\0\0".join(REGISTRY)],
        "sums": [b"%b  %b\n" % (hashlib.sha256(ARTIFACT).hexdigest().encode(), b"artifact")],
    }
    policy = json.dumps({"identity": IDENTITY, "issuer": ISSUER}).encode()
    context = {
        "artifact": ARTIFACT,
        "policy.json": policy,
        "bundle.json": plain.bundle(),
        "tiled.json": tiled.bundle(),
        "trusted_root.json": root,
    }
    for place, contents in (("context", context), *((f"seeds/{name}", _numbered(seeds[name])) for name in seeds)):
        (folder / place).mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / place / name).write_bytes(content)


def _numbered(contents: list[bytes]) -> dict[str, bytes]:
    return {str(number): content for number, content in enumerate(contents)}
