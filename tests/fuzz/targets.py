# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every reader of input that somebody else wrote. A target takes any bytes; only Refused or PolicyError may come out.

A target that also checks what was read (a round trip, a property) raises AssertionError where that fails.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from http.client import parse_headers
from pathlib import Path

from ansible_collections.prexorcloud.production.plugins.module_utils._release import sums
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import (
    bundle,
    chain,
    checkpoint,
    der,
    dsse,
    encoding,
    entry_body,
    formats,
    identity,
    image,
    old_bundle,
    pattern,
    registry,
    rekor,
    sct,
    sidecars,
    signature,
    strict_json,
    timestamp,
    trust_root,
    verify,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.artifact import Artifact
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import (
    LogEntry,
    MessageSignature,
    Signed,
    TrustRoot,
    Verdict,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.policy import Policy
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

LIMIT = 1 << 20
SUBJECT = "https://github.com/PrexorJustin/prexorcloud/.github/workflows/release-jars.yml@refs/tags/v1.0.0"
# Names, usages, constraints, key identifiers, timestamps of logs, policies, and what Fulcio writes down of the signer.
EXTENSIONS = (
    *(f"2.5.29.{number}" for number in (14, 15, 17, 18, 19, 30, 32, 35, 36, 37)),
    "1.3.6.1.4.1.11129.2.4.2",
    *(f"1.3.6.1.4.1.57264.1.{number}" for number in (1, 8, 9)),
)
IMAGE_DIGEST = "sha256:" + "0" * 64
Target = Callable[["Context", bytes], object]


@dataclass(frozen=True)
class Context:
    """Good material that input is read beside."""

    root: TrustRoot
    policy: Policy
    artifact: bytes
    plain: Signed
    tiled: Signed
    tiled_bytes: bytes

    @classmethod
    def load(cls, folder: Path) -> Context:
        """Reads what seeds.write() left."""
        tiled = (folder / "tiled.json").read_bytes()
        root = trust_root.parse_trust_root((folder / "trusted_root.json").read_bytes())
        plain = bundle.parse_bundle((folder / "bundle.json").read_bytes())
        names = json.loads((folder / "policy.json").read_bytes())
        who = identity.IdentityPolicy.from_options(names["identity"], None, names["issuer"], None)
        policy = Policy(root, who, predicate_type=None)
        return cls(root, policy, (folder / "artifact").read_bytes(), plain, bundle.parse_bundle(tiled), tiled)

    @property
    def entry(self) -> LogEntry:
        """The tiled log's entry."""
        return self.tiled.entries[0]


def _each(*steps: Callable[[], object]) -> None:
    """Every step is taken, even if one before it refuses."""
    for step in steps:
        try:
            step()
        except Refused:
            continue


def _strict_json(_context: Context, data: bytes) -> None:
    _each(lambda: strict_json.load_value(data, "input", LIMIT))
    members = strict_json.load(data, "input", LIMIT)
    for name in members.names():
        for read in (members.text, members.integer, members.members):
            _each(lambda read=read, name=name: read(name))  # type: ignore[misc]
        _each(lambda name=name: members.objects(name, 64))  # type: ignore[misc]


def _encoding(_context: Context, data: bytes) -> None:
    text = data.decode("latin-1")

    def base64() -> None:
        assert encoding.encode_base64(encoding.decode_base64(text, "input")) == text

    def hexadecimal() -> None:
        assert encoding.decode_hex(text, None, "input").hex() == text

    _each(base64, hexadecimal, lambda: encoding.decode_pem(data, "CERTIFICATE", "input"))
    encoding.decode_pem(data, "PUBLIC KEY", "input")


def _walk(element: der.Element) -> None:
    _each(element.oid, element.integer, element.boolean, element.octets, element.text)
    try:
        children = element.children()
    except Refused:
        return
    for child in children:
        _walk(child)


def _der(_context: Context, data: bytes) -> None:
    _walk(der.read(data, "input"))


def _certificate(context: Context, data: bytes) -> None:
    leaf = chain.load_certificate(data)
    issuer = context.root.authorities[0].chain[0]
    _each(
        lambda: chain.check_leaf_profile(leaf),
        lambda: chain.verify_chain(leaf, [0], context.root.authorities),
        lambda: sct.verify_scts(leaf, issuer, context.root.certificate_logs),
        lambda: chain.authority_fault(leaf, 0),
        lambda: identity.read_signer(leaf),
        lambda: signature.describe(chain.public_key(leaf)),  # type: ignore[arg-type]
    )


@lru_cache(maxsize=1)
def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _extensions(context: Context, data: bytes) -> None:
    """A good certificate but for one extension: the first byte says which, the rest is its value."""
    leaf = x509.load_der_x509_certificate(context.plain.certificate or b"")
    begin = datetime(2026, 1, 1)  # noqa: DTZ001 - cryptography 38 takes naive UTC
    builder = x509.CertificateBuilder(
        leaf.issuer, leaf.subject, _key().public_key(), leaf.serial_number, begin, begin + timedelta(minutes=10)
    )
    chosen = EXTENSIONS[data[0] % len(EXTENSIONS)] if data else EXTENSIONS[0]
    values = {one.oid.dotted_string: (one.value.public_bytes(), one.critical) for one in leaf.extensions}
    values[chosen] = (data[1:], values.get(chosen, (b"", False))[1])
    for oid, (value, critical) in values.items():
        builder = builder.add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value), critical)
    _certificate(context, builder.sign(_key(), hashes.SHA256()).public_bytes(Encoding.DER))


def _bundle(_context: Context, data: bytes) -> None:
    signed = bundle.parse_bundle(data)
    if isinstance(signed.content, MessageSignature):
        # What is read and written again says the same.
        again = bundle.parse_bundle(bundle.render_bundle(signed, b"\0" * 32))
        assert (again.certificate, again.entries, again.timestamps) == (
            signed.certificate,
            signed.entries,
            signed.timestamps,
        )


def _sidecars(_context: Context, data: bytes) -> None:
    _each(lambda: sidecars.parse_sidecars(data, None))
    sidecars.read_certificate(data, "input")


def _checkpoint(context: Context, data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    proof = context.entry.proof
    assert proof is not None
    entry = replace(context.entry, proof=replace(proof, checkpoint=text))
    _each(lambda: checkpoint.verify_checkpoint(entry, context.root.logs[entry.log_id]))
    checkpoint.read_checkpoint(text)


def _entry_body(context: Context, data: bytes) -> None:
    kind, version = entry_body.kind_of(data)
    spki = signature.spki(chain.public_key(chain.load_certificate(context.plain.certificate or b"")))  # type: ignore[arg-type]
    for signed in (context.plain, context.tiled):
        entry = replace(context.entry, body=data, kind=kind, version=version)
        _each(lambda entry=entry, signed=signed: entry_body.verify_body(entry, signed, spki, _digest))  # type: ignore[misc]


def _digest(name: str) -> bytes:
    return hashlib.new(name, b"").digest()


def _timestamp(context: Context, data: bytes) -> None:
    assert isinstance(context.tiled.content, MessageSignature)
    timestamp.verify_token(data, context.tiled.content.signature, context.root.timestamp_authorities)


def _public_keys(_context: Context, data: bytes) -> None:
    _each(lambda: signature.load_public_key(data), lambda: signature.load_spki(data, "input"))
    for key in signature.load_public_keys(data):
        assert signature.spki(signature.load_spki(signature.spki(key), "again")) == signature.spki(key)


def _pattern(_context: Context, data: bytes) -> None:
    pattern.compile_pattern(data.decode("utf-8", "replace")).search(SUBJECT)


class _Repository:
    """A registry's repository that holds what the input says, under any name, and blobs by their digest."""

    def __init__(self, manifests: dict[str, bytes], blob: bytes = b"") -> None:
        self.manifests = manifests
        self.content = blob

    def manifest(self, name: str) -> bytes | None:
        return self.manifests.get(name)

    def blob(self, _digest: str, _limit: int, /) -> bytes:
        return self.content

    def referrers(self, _digest: str, /) -> tuple[bytes, ...] | None:
        return None


def _image(signatures: dict[str, bytes], blob: bytes = b"") -> None:
    """Verifies an image whose signatures are all accepted, so that every reader behind them runs."""
    document = b'{"schemaVersion": 2}'
    digest = hashlib.sha256(document).hexdigest()
    manifests = {name.replace("DIGEST", digest): content for name, content in signatures.items()}
    repository = _Repository({f"sha256:{digest}": document, **manifests}, blob)
    name = image.parse_image_name(f"registry.example.test/name@sha256:{digest}")

    def accept(signed: Signed, artifact: bytes, predicate_type: str | None) -> Verdict:
        return Verdict("fuzz", hashlib.sha256(artifact).hexdigest())

    image.verify_image(repository, name, accept, require_reference="registry.example.test/name")


class _Answers:
    """Answers of a registry in the input, one after another: status line of three digits, headers, blank line, body."""

    def __init__(self, data: bytes) -> None:
        self.left = data.split(b"\0\0")

    def open(self, _request: object, _seconds: float) -> _Answers:
        if not self.left:
            raise OSError("no answer is left")
        stream = io.BytesIO(self.left.pop(0))
        line = stream.readline(8).strip()
        self.status = int(line) if line.isdigit() else 200
        self.headers = parse_headers(stream)
        self.body = stream
        return self

    def read1(self, size: int, /) -> bytes:
        return self.body.read(size)

    def close(self) -> None:
        """Nothing to close."""


def _registry(_context: Context, data: bytes) -> None:
    access = registry.Access("registry.example.test", "name", "somebody", "password", insecure=False)
    repository = registry.HttpRegistry(access, opener=_Answers(data).open, pause=lambda _seconds: None)
    _each(lambda: repository.manifest("1.0.0"), lambda: repository.blob(IMAGE_DIGEST, LIMIT))
    repository.referrers(IMAGE_DIGEST)


def _described(content: bytes, media_type: str) -> str:
    digest = hashlib.sha256(content).hexdigest()
    return f'{{"mediaType": "{media_type}", "digest": "sha256:{digest}", "size": {len(content)}'


def _image_referrer(_context: Context, data: bytes) -> None:
    index = f'{{"schemaVersion": 2, "manifests": [{_described(data, "x")}}}]}}'.encode()
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    _image({"sha256-DIGEST": index, digest: data}, _context.tiled_bytes)


def _image_payload(_context: Context, data: bytes) -> None:
    layer = _described(data, "application/vnd.dev.cosign.simplesigning.v1+json")
    annotations = '"annotations": {"dev.cosignproject.cosign/signature": "MAA="}'
    _image({"sha256-DIGEST.sig": f'{{"schemaVersion": 2, "layers": [{layer}, {annotations}}}]}}'.encode()}, data)


def _verify(context: Context, signed: Signed) -> None:
    """The whole verdict; an exception that nobody foresaw becomes the reason "internal_error" there."""
    try:
        verify.verify(signed, Artifact.from_bytes(context.artifact, "artifact"), context.policy)
    except Refused as refused:
        assert refused.reason != "internal_error", refused.detail


def _verify_bundle(context: Context, data: bytes) -> None:
    _verify(context, formats.read_bundle(data, "0.1"))


def _verify_answer(context: Context, data: bytes) -> None:
    _verify(context, replace(context.plain, entries=rekor.parse_entries(data)))


def _verify_certificate(context: Context, data: bytes) -> None:
    for signed in (context.plain, context.tiled):
        _verify(context, replace(signed, certificate=data))


TARGETS: dict[str, Target] = {
    "verify_bundle": _verify_bundle,
    "verify_answer": _verify_answer,
    "verify_certificate": _verify_certificate,
    "strict_json": _strict_json,
    "encoding": _encoding,
    "der": _der,
    "trust_root": lambda _context, data: trust_root.parse_trust_root(data),
    "certificate": _certificate,
    "extensions": _extensions,
    "bundle": _bundle,
    "old_bundle": lambda _context, data: old_bundle.parse_old_bundle(data),
    "sidecars": _sidecars,
    "rekor_answer": lambda _context, data: rekor.parse_entries(data),
    "checkpoint": _checkpoint,
    "entry_body": _entry_body,
    "timestamp": _timestamp,
    "statement": lambda _context, data: dsse.check_statement(data, dsse.PAYLOAD_TYPE, "0" * 64, "fuzz"),
    "public_keys": _public_keys,
    "pattern": _pattern,
    "image_name": lambda _context, data: image.parse_image_name(data.decode("utf-8", "replace")),
    "image_signatures": lambda context, data: _image({"sha256-DIGEST.sig": data}, context.artifact),
    "image_index": lambda _context, data: _image({"sha256-DIGEST": data}),
    "image_referrer": _image_referrer,
    "image_payload": _image_payload,
    "registry": _registry,
    "sums": lambda _context, data: sums.digest_of(data, "artifact", "input"),
}
