# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which signatures of an image count, case by case (sigstore.md 2 (5) and 5); in memory and over HTTP."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.dsse import check_statement, pae
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.image import (
    MAX_CANDIDATES,
    MAX_DOCUMENT,
    Check,
    ImageName,
    ImageVerdict,
    parse_image_name,
    verify_image,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import Envelope, Signed, Verdict
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.registry import (
    OCI_INDEX,
    Access,
    HttpRegistry,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.signature import verify_bytes
from ansible_collections.prexorcloud.production.tests.unit.plugins.support import images
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.registry import (
    LocalRegistry,
    Page,
    local_registry,
)
from hypothesis import given, settings
from hypothesis import strategies as st

KEY = images.new_key()
OTHER_KEY = images.new_key()
DOCUMENT = images.manifest(images.descriptor(b"layer", "application/vnd.oci.image.layer.v1.tar"))
DIGEST = images.sha256(DOCUMENT)
OTHER_DIGEST = images.sha256(b"other")
REFERENCE = "registry.example/owner/name"
NAME = ImageName("registry.example", "owner/name", "1.0.0")


@dataclass
class MemoryRegistry:
    """A registry that does as it is told, lies included."""

    manifests: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    pages: tuple[bytes, ...] | None = None
    asked: list[str] = field(default_factory=list)

    def put_manifest(self, document: bytes, *names: str) -> str:
        self.manifests.update(dict.fromkeys((images.sha256(document), *names), document))
        return images.sha256(document)

    def put_blob(self, content: bytes) -> str:
        self.blobs[images.sha256(content)] = content
        return images.sha256(content)

    def manifest(self, name: str) -> bytes | None:
        self.asked.append(name)
        return self.manifests.get(name)

    def blob(self, digest: str, limit: int) -> bytes:
        self.asked.append(digest)
        if digest not in self.blobs:
            raise Refused("registry_unreachable", "no such blob")
        if len(self.blobs[digest]) > limit:
            raise Refused("input_too_large", "a large blob")
        return self.blobs[digest]

    def referrers(self, digest: str) -> tuple[bytes, ...] | None:
        self.asked.append(digest)
        return self.pages


def check_by_key(signed: Signed, content: bytes, predicate_type: str | None) -> Verdict:
    """What the verifier does for a key without a log, and nothing more."""
    digest = hashlib.sha256(content).hexdigest()
    if signed.certificate is not None:
        raise Refused("material_mismatch", "a certificate")
    if isinstance(signed.content, Envelope):
        envelope = signed.content
        verify_bytes(KEY.public_key(), envelope.signature, pae(envelope.payload_type, envelope.payload))
        check_statement(envelope.payload, envelope.payload_type, digest, predicate_type)
    else:
        assert predicate_type is None
        verify_bytes(KEY.public_key(), signed.content.signature, content)
    return Verdict(label=signed.label, digest=digest)


def verify(registry: MemoryRegistry, name: ImageName = NAME, check: Check = check_by_key, **more: str) -> ImageVerdict:
    return verify_image(registry, name, check, require_reference=more.get("require_reference"))


def image() -> MemoryRegistry:
    """A registry with an image that nobody signed."""
    registry = MemoryRegistry()
    registry.put_manifest(DOCUMENT, "1.0.0")
    return registry


def layer(shelf: images.Shelf, payload: bytes, key: images.Key = KEY) -> dict[str, object]:
    shelf.put_blob(payload)
    return images.layer(payload, images.sign(key, payload))


def good_layer(shelf: images.Shelf) -> dict[str, object]:
    return layer(shelf, images.simple_signing(DIGEST))


def bad_layer(shelf: images.Shelf) -> dict[str, object]:
    return layer(shelf, images.simple_signing(DIGEST), OTHER_KEY)


def good_referrer(shelf: images.Shelf) -> dict[str, object]:
    return images.put_referrer(shelf, DIGEST, images.key_bundle(KEY, images.statement(DIGEST)))


def attestation(shelf: images.Shelf) -> dict[str, object]:
    provenance = images.statement(DIGEST, "https://slsa.dev/provenance/v1")
    return images.put_referrer(shelf, DIGEST, images.key_bundle(KEY, provenance))


# -- good ------------------------------------------------------------------------------------------------------


def classic(registry: MemoryRegistry) -> None:
    images.put_classic(registry, DIGEST, [good_layer(registry)])


def classic_beside_bad_ones(registry: MemoryRegistry) -> None:
    images.put_classic(registry, DIGEST, [bad_layer(registry), {"mediaType": "text/plain"}, good_layer(registry)])


def listed(registry: MemoryRegistry) -> None:
    registry.pages = (images.index(), images.index(attestation(registry), good_referrer(registry)))


def fallback(registry: MemoryRegistry) -> None:
    images.put_fallback(registry, DIGEST, [good_referrer(registry)])


def fallback_beside_an_empty_list(registry: MemoryRegistry) -> None:
    registry.pages = (images.index(),)
    fallback(registry)


def fallback_beside_unreadable_places(registry: MemoryRegistry) -> None:
    registry.put_manifest(b"no json", images.signature_tag(DIGEST))
    registry.pages = (b"[]",)
    fallback(registry)


def referrer_beside_a_bad_classic_one(registry: MemoryRegistry) -> None:
    images.put_classic(registry, DIGEST, [bad_layer(registry)])
    listed(registry)


def last_that_is_looked_at(registry: MemoryRegistry) -> None:
    images.put_classic(registry, DIGEST, [bad_layer(registry)] * (MAX_CANDIDATES - 1) + [good_layer(registry)])


GOOD = [
    classic,
    classic_beside_bad_ones,
    listed,
    fallback,
    fallback_beside_an_empty_list,
    fallback_beside_unreadable_places,
    referrer_beside_a_bad_classic_one,
    last_that_is_looked_at,
]


@pytest.mark.parametrize("prepare", GOOD)
def test_signed(prepare: Callable[[MemoryRegistry], None]) -> None:
    registry = image()
    prepare(registry)
    verdict = verify(registry)
    assert verdict.digest == DIGEST
    assert verdict.image == f"registry.example/owner/name@{DIGEST}"


@pytest.mark.parametrize("prepare", GOOD)
def test_no_good_case_passes_for_another_key(prepare: Callable[[MemoryRegistry], None]) -> None:
    registry = image()
    prepare(registry)

    def never(_signed: Signed, _content: bytes, _predicate_type: str | None) -> Verdict:
        raise Refused("identity_mismatch", "somebody else")

    with pytest.raises(Refused) as caught:
        verify(registry, check=never)
    assert caught.value.reason == "identity_mismatch"


def test_what_was_passed_over_is_named() -> None:
    registry = image()
    classic_beside_bad_ones(registry)
    (skipped,) = verify(registry).skipped
    assert skipped.startswith("signature_invalid: ")


def test_the_tag_is_resolved_once() -> None:
    registry = image()
    classic(registry)
    verify(registry)
    assert registry.asked.count("1.0.0") == 1
    registry.asked.clear()
    # With a digest the tag is not even looked at.
    verify(registry, ImageName("registry.example", "owner/name", "1.0.0", DIGEST))
    assert "1.0.0" not in registry.asked


def test_an_index_is_signed_as_itself() -> None:
    registry = image()
    document = images.index(images.descriptor(DOCUMENT, images.MANIFEST))
    digest = registry.put_manifest(document, "1.0.0")
    classic(registry)
    # The signature of the one platform's manifest says nothing about the index.
    with pytest.raises(Refused) as caught:
        verify(registry)
    assert caught.value.reason == "image_unsigned"
    images.put_classic(registry, digest, [layer(registry, images.simple_signing(digest))])
    assert verify(registry).digest == digest


# -- bad -------------------------------------------------------------------------------------------------------

Prepare = Callable[[MemoryRegistry], None]


def with_layer(make: Callable[[MemoryRegistry], dict[str, object]]) -> Prepare:
    return lambda registry: images.put_classic(registry, DIGEST, [make(registry)])


def with_payload(payload: bytes) -> Prepare:
    """A text that is signed by the right key."""
    return with_layer(lambda registry: layer(registry, payload))


def with_changed_layer(**changes: object) -> Prepare:
    return with_layer(lambda registry: {**good_layer(registry), **changes})


def with_annotations(**annotations: str) -> Prepare:
    payload = images.simple_signing(DIGEST)
    return with_layer(lambda _registry: images.layer(payload, images.sign(KEY, payload), **annotations))


def with_signature(text: str) -> Prepare:
    notes = {"dev.cosignproject.cosign/signature": text}
    return with_changed_layer(annotations=notes)


def with_referrer(make: Callable[[MemoryRegistry], dict[str, object]]) -> Prepare:
    return lambda registry: images.put_fallback(registry, DIGEST, [make(registry)])


def with_bundle(bundle: bytes, digest: str = DIGEST) -> Prepare:
    return with_referrer(lambda registry: images.put_referrer(registry, digest, bundle))


def with_statement(payload: bytes) -> Prepare:
    return with_bundle(images.key_bundle(KEY, payload))


def altered(prepare: Prepare, what: str) -> Prepare:
    """The registry serves something else under the digest of the signature, `what` being "blobs" or "manifests"."""

    def lie(registry: MemoryRegistry) -> None:
        before = set(registry.manifests)
        prepare(registry)
        stored = registry.blobs if what == "blobs" else registry.manifests
        (digest,) = [name for name in stored if name not in before and name.startswith("sha256:")][:1]
        stored[digest] = stored[digest].replace(b"a", b"b", 1)

    return lie


def with_payload_gone(registry: MemoryRegistry) -> None:
    classic(registry)
    registry.blobs.clear()


def shown(name: str, document: bytes) -> Prepare:
    return lambda registry: registry.manifests.update({name: document})


def too_many(registry: MemoryRegistry) -> None:
    images.put_classic(registry, DIGEST, [{"mediaType": "text/plain"}] * MAX_CANDIDATES + [good_layer(registry)])


def bundle_with(**changes: object) -> bytes:
    bundle = json.loads(images.key_bundle(KEY, images.statement(DIGEST)))
    return images.encoded({**bundle, **changes})


def message_bundle() -> bytes:
    """The same key signed the manifest itself, which is not what `cosign sign` says about an image."""
    bundle = json.loads(images.key_bundle(KEY, images.statement(DIGEST)))
    del bundle["dsseEnvelope"]
    message = {"signature": images.text64(images.sign(KEY, DOCUMENT))}
    return images.encoded({**bundle, "messageSignature": message})


def optional_is(value: bytes) -> bytes:
    return images.simple_signing(DIGEST).replace(b'"optional":null', value)


SIG_TAG = images.signature_tag(DIGEST)
FALLBACK_TAG = DIGEST.replace(":", "-")
CRITICAL: dict[str, object] = {"identity": {"docker-reference": REFERENCE}}

BAD: dict[str, tuple[Prepare, str]] = {
    # The image itself
    "no signature": (lambda _registry: None, "image_unsigned"),
    "no image": (lambda registry: registry.manifests.clear(), "registry_unreachable"),
    "old schema": (shown("1.0.0", b'{"schemaVersion":1}'), "format_unsupported"),
    "no schema": (shown("1.0.0", b"{}"), "format_unsupported"),
    "image is no JSON": (shown("1.0.0", b"<html>"), "input_malformed"),
    # Classic: who signed, and what
    "other key": (with_layer(bad_layer), "signature_invalid"),
    "copied from another image": (with_payload(images.simple_signing(OTHER_DIGEST)), "statement_mismatch"),
    "digest in upper case": (with_payload(images.simple_signing(DIGEST.upper())), "statement_mismatch"),
    "digest without algorithm": (with_payload(images.simple_signing(DIGEST[7:])), "statement_mismatch"),
    "type of another tool": (
        with_payload(images.simple_signing(DIGEST, type="atomic container signature")),
        "statement_mismatch",
    ),
    "no type": (with_payload(images.simple_signing(DIGEST, type=None)), "input_malformed"),
    "no image in the text": (with_payload(images.simple_signing(DIGEST, image=None)), "input_malformed"),
    "digest is no text": (
        with_payload(images.simple_signing(DIGEST, image={"docker-manifest-digest": 7})),
        "input_malformed",
    ),
    "unknown critical member": (with_payload(images.simple_signing(DIGEST, expires="2030")), "input_malformed"),
    "unknown member": (with_payload(optional_is(b'"optional":null,"more":1')), "input_malformed"),
    "two critical objects": (
        with_payload(
            images.simple_signing(DIGEST)[:-1] + b',"critical":' + images.simple_signing(OTHER_DIGEST)[12:-17] + b"}"
        ),
        "input_malformed",
    ),
    "text behind the text": (with_payload(images.simple_signing(DIGEST) + b"{}"), "input_malformed"),
    "the digest alone is signed": (with_payload(DIGEST.encode()), "input_malformed"),
    "the manifest itself is signed": (with_payload(DOCUMENT), "input_malformed"),
    # Classic: descriptor and annotations
    "altered text": (altered(classic, "blobs"), "digest_mismatch"),
    "text is gone": (with_payload_gone, "registry_unreachable"),
    "other size": (with_changed_layer(size=9_999), "digest_mismatch"),
    "smaller size": (with_changed_layer(size=5), "input_too_large"),
    "huge size": (with_changed_layer(size=MAX_DOCUMENT + 1), "input_too_large"),
    "negative size": (with_changed_layer(size=-1), "input_malformed"),
    "no size": (with_changed_layer(size=None), "input_malformed"),
    "digest of another kind": (with_changed_layer(digest="sha512:" + "0" * 128), "input_malformed"),
    "digest is a path": (with_changed_layer(digest="../../../other/manifests/1"), "input_malformed"),
    "no annotations": (with_changed_layer(annotations=None), "input_malformed"),
    "no signature in it": (with_changed_layer(annotations={}), "input_malformed"),
    "empty signature": (with_signature(""), "input_malformed"),
    "signature is no Base64": (with_signature("*"), "input_malformed"),
    "signature in URL-safe Base64": (with_signature("-_8="), "input_malformed"),
    "empty certificate": (with_annotations(certificate=""), "input_malformed"),
    "a key in the place of the certificate": (
        with_annotations(certificate=images.public_pem(OTHER_KEY).decode()),
        "material_mismatch",
    ),
    "bundle is no JSON": (with_annotations(bundle="x"), "input_malformed"),
    "bundle is null": (with_annotations(bundle="null"), "input_malformed"),
    "bundle of another format": (with_annotations(bundle='{"mediaType":"x"}'), "input_malformed"),
    "huge bundle": (with_annotations(bundle=" " * 300_000), "input_too_large"),
    "time stamp is no JSON": (with_annotations(rfc3161timestamp="AAAA"), "input_malformed"),
    "empty time stamp": (with_annotations(rfc3161timestamp="{}"), "input_malformed"),
    "layers of other types": (with_changed_layer(mediaType="text/plain"), "image_unsigned"),
    "type in upper case": (with_changed_layer(mediaType=images.SIMPLE_SIGNING.upper()), "image_unsigned"),
    "too many": (too_many, "input_too_large"),
    "signatures are no JSON": (shown(SIG_TAG, b"x"), "input_malformed"),
    "signatures of the old schema": (shown(SIG_TAG, b'{"schemaVersion":1,"layers":[]}'), "format_unsupported"),
    "manifest and index in one": (
        shown(SIG_TAG, b'{"schemaVersion":2,"layers":[],"manifests":[]}'),
        "input_malformed",
    ),
    "layers are no list": (shown(SIG_TAG, b'{"schemaVersion":2,"layers":{}}'), "input_malformed"),
    "endless list of layers": (
        shown(SIG_TAG, b'{"schemaVersion":2,"layers":[' + b"{}," * 10_000 + b"{}]}"),
        "input_too_large",
    ),
    # Referrers
    "bundle of another key": (
        with_bundle(images.key_bundle(OTHER_KEY, images.statement(DIGEST))),
        "signature_invalid",
    ),
    "attestation passed off as signature": (with_referrer(attestation), "predicate_mismatch"),
    "statement of no type": (with_statement(images.statement(DIGEST, "")), "predicate_mismatch"),
    "statement about another image": (with_statement(images.statement(OTHER_DIGEST)), "statement_mismatch"),
    "referrer of another image": (
        with_bundle(images.key_bundle(KEY, images.statement(DIGEST)), OTHER_DIGEST),
        "digest_mismatch",
    ),
    "bundle with a mere signature": (with_bundle(message_bundle()), "format_unsupported"),
    "bundle of an old version": (
        with_bundle(bundle_with(mediaType="application/vnd.dev.sigstore.bundle+json;version=0.1")),
        "format_too_old",
    ),
    "bundle with unknown members": (with_bundle(bundle_with(more=1)), "input_malformed"),
    "old cosign bundle": (with_bundle(b'{"base64Signature":"AA=="}'), "input_malformed"),
    "altered bundle": (altered(fallback, "blobs"), "digest_mismatch"),
    "altered manifest": (altered(fallback, "manifests"), "digest_mismatch"),
    "manifest is gone": (
        lambda registry: images.put_fallback(registry, DIGEST, [images.descriptor(b"gone", images.MANIFEST)]),
        "registry_unreachable",
    ),
    "bundle under another type": (
        with_referrer(
            lambda registry: images.put_referrer(
                registry, DIGEST, images.key_bundle(KEY, images.statement(DIGEST)), media_type="text/plain"
            )
        ),
        "image_unsigned",
    ),
    "two layers": (
        with_referrer(
            lambda registry: images.put_referrer(
                registry,
                DIGEST,
                images.key_bundle(KEY, images.statement(DIGEST)),
                beside=[images.descriptor(b"x", "text/plain")],
            )
        ),
        "input_malformed",
    ),
    "list is no JSON": (shown(FALLBACK_TAG, b"<html>"), "input_malformed"),
    "list is a manifest": (shown(FALLBACK_TAG, DOCUMENT), "image_unsigned"),
}


@pytest.mark.parametrize("case", BAD)
def test_not_signed(case: str) -> None:
    prepare, reason = BAD[case]
    registry = image()
    prepare(registry)
    with pytest.raises(Refused) as caught:
        verify(registry)
    assert caught.value.reason == reason, caught.value.detail


def test_the_image_is_what_its_digest_says() -> None:
    registry = image()
    classic(registry)
    registry.manifests[DIGEST] = DOCUMENT + b" "
    with pytest.raises(Refused) as caught:
        verify(registry, ImageName("registry.example", "owner/name", None, DIGEST))
    assert caught.value.reason == "digest_mismatch"


def test_a_moved_tag_needs_a_signature_of_its_own() -> None:
    registry = image()
    classic(registry)
    registry.put_manifest(DOCUMENT + b" ", "1.0.0")
    with pytest.raises(Refused) as caught:
        verify(registry)
    assert caught.value.reason == "image_unsigned"


# -- the repository it was made for ----------------------------------------------------------------------------


def test_required_reference() -> None:
    registry = image()
    classic(registry)
    # Without being asked for it, the name in a signature says nothing: signatures can be copied (as cosign has it).
    assert verify(registry, ImageName("mirror.example", "copy", "1.0.0"))
    assert verify(registry, require_reference=REFERENCE)
    for other in ("mirror.example/owner/name", f"{REFERENCE}/more", REFERENCE.upper(), "", f"{REFERENCE}:1.0.0"):
        with pytest.raises(Refused) as caught:
            verify(registry, require_reference=other)
        assert caught.value.reason == "reference_mismatch"


@pytest.mark.parametrize("identity", [{}, {"docker-reference": None}, {"docker-reference": ""}])
def test_a_signature_without_reference(identity: dict[str, object]) -> None:
    registry = image()
    with_payload(images.simple_signing(DIGEST, identity=identity))(registry)
    assert verify(registry)
    with pytest.raises(Refused) as caught:
        verify(registry, require_reference=REFERENCE)
    assert caught.value.reason == "reference_mismatch"


def test_bundles_name_no_repository() -> None:
    registry = image()
    fallback(registry)
    with pytest.raises(Refused) as caught:
        verify(registry, require_reference=REFERENCE)
    assert caught.value.reason == "reference_mismatch"


@pytest.mark.parametrize("version", ["0.2", "0.3"])
def test_a_demanded_version_admits_bundles_only(version: str) -> None:
    registry = image()
    classic(registry)
    with pytest.raises(Refused) as caught:
        verify_image(registry, NAME, check_by_key, min_bundle_version=version)
    assert caught.value.reason == "format_too_old"
    fallback(registry)
    assert verify_image(registry, NAME, check_by_key, min_bundle_version=version)


# -- which reason is given -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reasons", "told"),
    [
        (["input_malformed", "signature_invalid"], "signature_invalid"),
        (["signature_invalid", "identity_mismatch"], "identity_mismatch"),
        (["predicate_mismatch", "chain_expired", "set_invalid"], "chain_expired"),
        (["predicate_mismatch", "registry_unreachable"], "registry_unreachable"),
        (["material_mismatch", "log_unreachable"], "log_unreachable"),
    ],
)
def test_the_most_telling_reason(reasons: list[str], told: str) -> None:
    registry = image()
    images.put_classic(registry, DIGEST, [good_layer(registry)] * len(reasons))
    left = iter(reasons)

    def check(_signed: Signed, _content: bytes, _predicate_type: str | None) -> Verdict:
        raise Refused(next(left), "said")

    with pytest.raises(Refused) as caught:
        verify(registry, check=check)
    assert caught.value.reason == told
    assert all(reason in caught.value.detail for reason in reasons)


def test_long_lists_of_failures_are_cut() -> None:
    registry = image()
    images.put_classic(registry, DIGEST, [good_layer(registry)] * 20)
    number = iter(range(20))

    def check(_signed: Signed, _content: bytes, _predicate_type: str | None) -> Verdict:
        raise Refused("signature_invalid", f"failure {next(number)}")

    with pytest.raises(Refused, match="and 15 more") as caught:
        verify(registry, check=check)
    assert len(caught.value.detail) < 600


# -- no mutation of a good signature verifies ------------------------------------------------------------------


@settings(max_examples=120, deadline=None)
@given(position=st.integers(min_value=0), flip=st.integers(1, 255), form=st.sampled_from([classic, fallback]))
def test_no_changed_byte_verifies(position: int, flip: int, form: Prepare) -> None:
    """A byte of what is signed changes, and everything that names its digest follows suit, as an attacker would do."""
    registry = image()
    if form is classic:
        payload = bytearray(images.simple_signing(DIGEST))
        signature = images.sign(KEY, bytes(payload))
        payload[position % len(payload)] ^= flip
        registry.put_blob(bytes(payload))
        images.put_classic(registry, DIGEST, [images.layer(bytes(payload), signature)])
    else:
        bundle = json.loads(images.key_bundle(KEY, images.statement(DIGEST)))
        payload = bytearray(images.statement(DIGEST))
        payload[position % len(payload)] ^= flip
        bundle["dsseEnvelope"]["payload"] = images.text64(bytes(payload))
        with_bundle(images.encoded(bundle))(registry)
    with pytest.raises(Refused) as caught:
        verify(registry)
    assert caught.value.reason == "signature_invalid"


@settings(max_examples=100, deadline=None)
@given(junk=st.binary(max_size=200), place=st.sampled_from([SIG_TAG, FALLBACK_TAG, "1.0.0"]))
def test_junk_is_refused(junk: bytes, place: str) -> None:
    registry = image()
    registry.manifests[place] = junk
    with pytest.raises(Refused):
        verify(registry)


# -- names -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ghcr.io/owner/name:1.0.0", ImageName("ghcr.io", "owner/name", "1.0.0")),
        (f"ghcr.io/owner/name@{DIGEST}", ImageName("ghcr.io", "owner/name", None, DIGEST)),
        (f"ghcr.io/a/b/c:v1@{DIGEST}", ImageName("ghcr.io", "a/b/c", "v1", DIGEST)),
        ("127.0.0.1:5000/name:a_B-1.x", ImageName("127.0.0.1:5000", "name", "a_B-1.x")),
        ("localhost/a--b__c.d:1", ImageName("localhost", "a--b__c.d", "1")),
        ("registry:5000/a:1", ImageName("registry:5000", "a", "1")),
    ],
)
def test_image_names(text: str, name: ImageName) -> None:
    assert parse_image_name(text) == name
    assert name.name == f"{name.host}/{name.repository}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name:1.0.0",
        "owner/name:1.0.0",
        "ghcr.io/owner/name",
        "ghcr.io/owner/name:",
        "ghcr.io/owner/name@",
        "ghcr.io/:1",
        "/owner/name:1",
        "https://ghcr.io/owner/name:1",
        "ghcr.io/Owner/name:1",
        "ghcr.io/../name:1",
        "ghcr.io/a//b:1",
        "ghcr.io/a/b:1/c",
        "ghcr.io/a/b:-1",
        "ghcr.io/a/b:1 ",
        "ghcr.io/a/b:1\n",
        "ghcr.io/a/b:" + "1" * 129,
        "ghcr.io/" + "a" * 256 + ":1",
        "ghcr.io/a?b:1",
        "user@ghcr.io/a:1",
        "ghcr.io:port/a:1",
        "ghcr.io/a@sha256:" + "A" * 64,
        "ghcr.io/a@sha256:" + "a" * 63,
        "ghcr.io/a@sha512:" + "a" * 128,
        f"ghcr.io/a@{DIGEST}@{DIGEST}",
    ],
)
def test_no_image_names(text: str) -> None:
    with pytest.raises(PolicyError):
        parse_image_name(text)


# -- the same over HTTP ----------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[LocalRegistry]:
    with local_registry() as registry:
        registry.put_manifest(DOCUMENT, "1.0.0")
        yield registry


def verify_over_http(server: LocalRegistry) -> ImageVerdict:
    access = Access(server.host, server.repository, insecure=True, timeout=5)
    name = ImageName(server.host, server.repository, "1.0.0")
    return verify_image(HttpRegistry(access, pause=lambda _seconds: None), name, check_by_key)


def test_http_classic(server: LocalRegistry) -> None:
    images.put_classic(server, DIGEST, [bad_layer(server), good_layer(server)])
    assert verify_over_http(server).image == f"{server.host}/owner/name@{DIGEST}"


def test_http_fallback(server: LocalRegistry) -> None:
    images.put_fallback(server, DIGEST, [attestation(server), good_referrer(server)])
    assert verify_over_http(server).digest == DIGEST


def test_http_list_of_referrers(server: LocalRegistry) -> None:
    path, kind = f"/v2/owner/name/referrers/{DIGEST}", {"Content-Type": OCI_INDEX}
    server.pages[path] = Page(images.index(attestation(server)), headers={**kind, "Link": f'<{path}/2>; rel="next"'})
    server.pages[f"{path}/2"] = Page(images.index(good_referrer(server)), headers=kind)
    assert verify_over_http(server).digest == DIGEST


def endless(write: Callable[[bytes], object]) -> None:
    while True:
        write(b" " * 65536)


def http_blob_is(content: bytes | Callable[[Callable[[bytes], object]], None]) -> Callable[[LocalRegistry], None]:
    def prepare(server: LocalRegistry) -> None:
        images.put_classic(server, DIGEST, [good_layer(server)])
        blob = f"/v2/owner/name/blobs/{images.sha256(images.simple_signing(DIGEST))}"
        server.pages[blob] = Page(content)

    return prepare


def http_page(name: str, page: Page) -> Callable[[LocalRegistry], None]:
    return lambda server: server.pages.update({f"/v2/owner/name/{name}": page})


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda _server: None, "image_unsigned"),
        (http_blob_is(images.simple_signing(OTHER_DIGEST)), "digest_mismatch"),
        (http_blob_is(endless), "input_too_large"),
        (http_blob_is(b""), "digest_mismatch"),
        (http_page(f"manifests/{SIG_TAG}", Page(endless)), "input_too_large"),
        (http_page(f"manifests/{SIG_TAG}", Page(status=500)), "registry_unreachable"),
        (http_page(f"manifests/{SIG_TAG}", Page(status=403)), "registry_unreachable"),
        (http_page(f"manifests/{FALLBACK_TAG}", Page(status=500)), "registry_unreachable"),
        (http_page(f"referrers/{DIGEST}", Page(status=500)), "registry_unreachable"),
        (http_page("manifests/1.0.0", Page(status=404)), "registry_unreachable"),
    ],
)
def test_http_not_signed(server: LocalRegistry, prepare: Callable[[LocalRegistry], None], reason: str) -> None:
    prepare(server)
    with pytest.raises(Refused) as caught:
        verify_over_http(server)
    assert caught.value.reason == reason, caught.value.detail
