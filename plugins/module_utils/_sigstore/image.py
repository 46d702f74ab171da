# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures of an OCI image by digest (sigstore.md 2 (5)): which of them count, and for what.

A registry keeps them in three places: cosign's tag sha256-<hex>.sig (layers of simple signing), the list of referrers
of OCI 1.1, and, where a registry has no such list, the tag sha256-<hex> that stands in for it (both: Sigstore bundles).
One valid signature is enough. Those beside it are passed over: whoever may push can add any number of bad ones.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import strict_json
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.bundle import parse_bundle
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.encoding import decode_base64
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import (
    Envelope,
    MessageSignature,
    Signed,
    Verdict,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.old_bundle import parse_log_bundle
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.sidecars import read_certificate
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.strict_json import Members

MAX_DOCUMENT = 4 * 1024 * 1024
MAX_ANNOTATION = 256 * 1024
# Signatures and referrers looked at for one image.
MAX_CANDIDATES = 64
# Entries read in a list of layers or referrers; the first MAX_CANDIDATES of all lists together are looked at.
MAX_LISTED = 10_000

# Type of the statement in the bundles that `cosign sign` attaches to images.
SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1"
# Of the bundles that cosign attaches to images, and of the oldest there are.
BUNDLE_VERSION, OLDEST = "0.3", "0.1"
SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
SIMPLE_SIGNING_TYPE = "cosign container image signature"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SIGNATURE_ANNOTATION = "dev.cosignproject.cosign/signature"
CERTIFICATE_ANNOTATION = "dev.sigstore.cosign/certificate"
BUNDLE_ANNOTATION = "dev.sigstore.cosign/bundle"
TIMESTAMP = "SignedRFC3161Timestamp"
TIMESTAMP_ANNOTATION = "dev.sigstore.cosign/rfc3161timestamp"

HOST = re.compile(r"(?:[A-Za-z0-9-]+\.)*[A-Za-z0-9-]+(?::[0-9]{1,5})?", re.ASCII)
REPOSITORY = re.compile(
    r"[a-z0-9]+(?:(?:[.]|__?|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[.]|__?|-+)[a-z0-9]+)*)*",
    re.ASCII,
)
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", re.ASCII)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
MAX_NAME = 255
# Failures that a message names.
MAX_LINES = 5

# What says most about why nothing counts comes first, what says least last; all else is in between, first come first.
TELLING = (
    "reference_mismatch",
    "identity_mismatch",
    "issuer_mismatch",
    "log_unreachable",
    "entry_mismatch",
    "digest_mismatch",
    "statement_mismatch",
    "signature_invalid",
)
UNTELLING = ("material_mismatch", "input_too_large", "predicate_mismatch", "image_unsigned")


@dataclass(frozen=True)
class ImageName:
    """host[:port]/repository with a tag, a digest ("sha256:<hex>") or both; the digest counts."""

    host: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def name(self) -> str:
        """host[:port]/repository."""
        return f"{self.host}/{self.repository}"


@dataclass(frozen=True)
class ImageVerdict:
    """What was proven about an image.

    `image` is its name pinned to the digest, `digest` is "sha256:<hex>", `skipped` says what is wrong with signatures
    that were passed over.
    """

    image: str
    digest: str
    verdict: Verdict
    skipped: tuple[str, ...] = ()


class Registry(Protocol):
    """One repository. The methods raise Refused("registry_unreachable" or "input_too_large")."""

    def manifest(self, name: str) -> bytes | None:
        """The manifest or index under a tag or digest, None if there is none."""

    def blob(self, digest: str, limit: int) -> bytes:
        """The blob with a digest, of at most `limit` bytes."""

    def referrers(self, digest: str) -> tuple[bytes, ...] | None:
        """Pages (OCI indexes) of the list of what refers to a digest, None if the registry keeps no list."""


# (signature, what it has to be of, type that a signed statement has to have) -> what is proven by it. Raises Refused.
Check = Callable[[Signed, bytes, "str | None"], Verdict]


def parse_image_name(text: str) -> ImageName:
    """Reads host[:port]/repository[:tag][@sha256:<hex>]; tag or digest must be there, and the host.

    Raises PolicyError: neither registry nor tag is assumed, since another one than was meant would be verified.
    """
    name, at, digest = text.partition("@")
    host, _slash, path = name.partition("/")
    repository, colon, tag = path.partition(":")
    if not HOST.fullmatch(host) or not re.search(r"[.:]|^localhost$", host):
        raise PolicyError(f"image {text!r}: it begins with no registry, as in ghcr.io/owner/name:1.0.0")
    if len(repository) > MAX_NAME or not REPOSITORY.fullmatch(repository):
        raise PolicyError(f"image {text!r}: {repository!r} is no repository")
    if colon and not TAG.fullmatch(tag):
        raise PolicyError(f"image {text!r}: {tag!r} is no tag")
    if at and not DIGEST.fullmatch(digest):
        raise PolicyError(f"image {text!r}: the digest is not sha256: with 64 lower-case hex digits")
    if not colon and not at:
        raise PolicyError(f"image {text!r}: it has neither tag nor digest")
    return ImageName(host, repository, tag or None, digest or None)


def verify_image(
    registry: Registry,
    image: ImageName,
    check: Check,
    *,
    require_reference: str | None = None,
    min_bundle_version: str = OLDEST,
) -> ImageVerdict:
    """Proves that an image is signed.

    A tag is resolved once, and its digest is what the verdict is about. `require_reference` is host/repository that the
    signature must have been made for; None takes a signature that was copied from another repository, as cosign does.
    `min_bundle_version` above "0.1" leaves bundles alone: the classic form proves no more than the oldest of them.

    Raises Refused: "image_unsigned" if the registry has no signature, else the reason that says most about why none of
    them counts.
    """
    document = _resolve(registry, image)
    search = _Search(registry, document, _sha256(document), check, require_reference, min_bundle_version)
    pinned = f"{image.name}@{search.digest}"
    failures: list[Refused] = []
    for number, candidate in enumerate(search.candidates(failures)):
        if number == MAX_CANDIDATES:
            failures.append(Refused("input_too_large", f"only the first {MAX_CANDIDATES} were looked at"))
            break
        try:
            verdict = candidate()
        except Refused as refused:
            failures.append(refused)
            continue
        if verdict is not None:
            return ImageVerdict(pinned, search.digest, verdict, tuple(_line(failure) for failure in failures))
    raise _summary(pinned, failures)


# Does the work for one thing that may be a signature; None: it is none.
_Candidate = Callable[[], "Verdict | None"]


@dataclass(frozen=True)
class _Search:
    """The signatures of one image; `document` is its manifest or index, the rest as in verify_image()."""

    registry: Registry
    document: bytes
    digest: str
    check: Check
    reference: str | None
    min_bundle_version: str

    def candidates(self, failures: list[Refused]) -> Iterator[_Candidate]:
        """All that may be a signature. A place that cannot be read is a failure, and the next one is read."""
        for place in (self._layers, self._listed, self._fallback):
            try:
                yield from place()
            except Refused as refused:
                failures.append(refused)

    def _layers(self) -> Iterator[_Candidate]:
        document = self.registry.manifest(f"{self.digest.replace(':', '-')}.sig")
        if document is not None:
            manifest = _load_manifest(document, "the manifest of signatures")
            for layer in manifest.objects("layers", MAX_LISTED):
                yield partial(self._check_layer, layer)

    def _listed(self) -> Iterator[_Candidate]:
        for page in self.registry.referrers(self.digest) or ():
            yield from self._entries(page)

    def _fallback(self) -> Iterator[_Candidate]:
        document = self.registry.manifest(self.digest.replace(":", "-"))
        if document is not None:
            yield from self._entries(document)

    def _entries(self, index: bytes) -> Iterator[_Candidate]:
        # The artifactType in the list is not looked at: what registries write there differs.
        for entry in _load_manifest(index, "the list of referrers").objects("manifests", MAX_LISTED):
            yield partial(self._check_referrer, entry)

    def _check_layer(self, layer: Members) -> Verdict | None:
        """cosign's classic signature: annotations that sign the layer, a layer that names the image."""
        if layer.optional_text("mediaType") != SIMPLE_SIGNING:
            return None
        if self.min_bundle_version != OLDEST:
            raise Refused("format_too_old", f"a signature without a bundle of version {self.min_bundle_version}")
        signed = _read_annotations(layer.members("annotations"))
        payload = self._blob(layer)
        verdict = self.check(signed, payload, None)
        # Only now that it is known to be signed is the text read.
        _check_payload(payload, self.digest, self.reference)
        return verdict

    def _check_referrer(self, entry: Members) -> Verdict | None:
        """A manifest that refers to the image, with a Sigstore bundle whose statement names the image."""
        document = self._named(entry, self.registry.manifest(_digest_of(entry)))
        manifest = _load_manifest(document, "a referrer's manifest")
        layers = manifest.objects("layers", MAX_LISTED)
        bundles = [layer for layer in layers if layer.optional_text("mediaType") == BUNDLE]
        if not bundles:
            return None
        if len(layers) != 1:
            raise Refused("input_malformed", "a referrer with a bundle has other layers beside it")
        if manifest.members("subject").text("digest") != self.digest:
            raise Refused("digest_mismatch", "a referrer is about another image")
        signed = parse_bundle(self._blob(bundles[0]), BUNDLE_VERSION)
        if not isinstance(signed.content, Envelope):
            raise Refused("format_unsupported", "the bundle of a referrer holds no statement")
        verdict = self.check(signed, self.document, SIGN_PREDICATE)
        if self.reference is not None:
            raise Refused("reference_mismatch", "the statement in a bundle does not say for which repository it is")
        return verdict

    def _blob(self, descriptor: Members) -> bytes:
        size = descriptor.integer("size")
        if size > MAX_DOCUMENT:
            raise Refused("input_too_large", f"a signature of {size} bytes, at most {MAX_DOCUMENT} are read")
        return self._named(descriptor, self.registry.blob(_digest_of(descriptor), size))

    @staticmethod
    def _named(descriptor: Members, content: bytes | None) -> bytes:
        """The content, if it is what the descriptor names: nothing else is ever read."""
        if content is None:
            raise Refused("registry_unreachable", f"the registry lacks {_digest_of(descriptor)}, which it names")
        if len(content) != descriptor.integer("size") or _sha256(content) != _digest_of(descriptor):
            raise Refused("digest_mismatch", f"the registry shows something else under {_digest_of(descriptor)}")
        return content


def _resolve(registry: Registry, image: ImageName) -> bytes:
    """The manifest or index of the image; by its bytes the digest is known from here on."""
    wanted = image.digest or image.tag or ""
    document = registry.manifest(wanted)
    if document is None:
        raise Refused("registry_unreachable", f"{image.name} has nothing under {wanted}")
    if image.digest not in (None, _sha256(document)):
        raise Refused("digest_mismatch", f"the registry shows something else under {wanted}")
    # The first kind of manifest is signed in itself, so that its digest is not that of its bytes.
    if strict_json.load(document, "the image's manifest", MAX_DOCUMENT).optional_integer("schemaVersion") != 2:
        raise Refused("format_unsupported", "the image's manifest is not of schema version 2")
    return document


def _load_manifest(document: bytes, what: str) -> Members:
    """A manifest or an index, never something that is read as both."""
    manifest = strict_json.load(document, what, MAX_DOCUMENT)
    if manifest.optional_integer("schemaVersion") != 2:
        raise Refused("format_unsupported", f"{what} is not of schema version 2")
    if manifest.has("layers") and manifest.has("manifests"):
        raise Refused("input_malformed", f"{what} is both a manifest and an index")
    return manifest


def _read_annotations(annotations: Members) -> Signed:
    """cosign's annotations of a layer as a signature.

    dev.sigstore.cosign/chain is not read: of certificates in the input only the leaf is used (sigstore.md 1.3).
    """
    certificate = annotations.optional_text(CERTIFICATE_ANNOTATION)
    bundle = _embedded(annotations, BUNDLE_ANNOTATION)
    token = _embedded(annotations, TIMESTAMP_ANNOTATION)
    return Signed(
        label="cosign image signature",
        content=MessageSignature(decode_base64(annotations.text(SIGNATURE_ANNOTATION), SIGNATURE_ANNOTATION)),
        certificate=None if certificate is None else read_certificate(certificate.encode(), CERTIFICATE_ANNOTATION),
        entries=() if bundle is None else (parse_log_bundle(bundle),),
        timestamps=() if token is None else (decode_base64(token.text(TIMESTAMP), TIMESTAMP_ANNOTATION),),
        promise_required=True,
        # An entry that comes with the signature has the promise alone; one that is looked up has a proof, too.
        proof_required=bundle is None,
    )


def _embedded(annotations: Members, name: str) -> Members | None:
    """The JSON object inside an annotation."""
    text = annotations.optional_text(name)
    return None if text is None else strict_json.load(text.encode(), name, MAX_ANNOTATION)


def _check_payload(payload: bytes, digest: str, reference: str | None) -> None:
    """That a text of simple signing, known to be signed, is about the image."""
    signing = strict_json.load(payload, "the signed text", MAX_DOCUMENT).only("critical", "optional")
    critical = signing.members("critical").only("identity", "image", "type")
    if critical.text("type") != SIMPLE_SIGNING_TYPE:
        raise Refused("statement_mismatch", f"what is signed is of type {critical.text('type')[:80]!r}")
    signed_digest = critical.members("image").only("docker-manifest-digest").text("docker-manifest-digest")
    if signed_digest != digest:
        raise Refused("statement_mismatch", f"the signature is for the image {signed_digest[:80]!r}")
    made_for = critical.members("identity").only("docker-reference").optional_text("docker-reference")
    if reference is not None and made_for != reference:
        raise Refused("reference_mismatch", f"the signature was made for {(made_for or 'no repository')[:MAX_NAME]!r}")


def _digest_of(descriptor: Members) -> str:
    digest = descriptor.text("digest")
    if not DIGEST.fullmatch(digest):
        raise descriptor.refuse("digest", "is not sha256: with 64 lower-case hex digits")
    return digest


def _sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _line(refused: Refused) -> str:
    return f"{refused.reason}: {refused.detail}"


def _rank(refused: Refused) -> int:
    if refused.reason in TELLING:
        return TELLING.index(refused.reason)
    return len(TELLING) + (1 + UNTELLING.index(refused.reason) if refused.reason in UNTELLING else 0)


def _summary(pinned: str, failures: Iterable[Refused]) -> Refused:
    """One refusal for all: the reason is that of the failure that says most, the text names the others, too."""
    ranked = sorted(failures, key=_rank)
    if not ranked:
        return Refused("image_unsigned", f"the registry has no signature for {pinned}")
    lines = list(dict.fromkeys(_line(failure) for failure in ranked))
    more = f"; and {len(lines) - MAX_LINES} more" if len(lines) > MAX_LINES else ""
    return Refused(ranked[0].reason, f"no signature of {pinned} counts. {'; '.join(lines[:MAX_LINES])}{more}")
