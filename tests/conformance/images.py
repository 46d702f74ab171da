# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares cosign_verify_image with real cosigns on a real registry of this machine, and prints a table.

Usage: images.py --registry-binary FILE --cosign NAME=FILE [--cosign NAME=FILE ...]

FILE of the registry is docker-registry of Debian 12; cosigns are of version 2 or 3. Every cosign signs images with a
key of its own and without a log, and the test signer signs images as cosign does with certificates and logs. Every
image is altered in one way, or not, and judged by the module and by every cosign. Exit status 1 if the module gives
another verdict or reason than is written here, or if a cosign disagrees in a way that is not listed with its reason.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.client import HTTPResponse
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
# The collection is imported under its own name, wherever the checkout lies.
_HOLDER = tempfile.TemporaryDirectory(prefix="collections-")
Path(_HOLDER.name, "ansible_collections/prexorcloud").mkdir(parents=True)
Path(_HOLDER.name, "ansible_collections/prexorcloud/production").symlink_to(CHECKOUT)
sys.path.insert(0, _HOLDER.name)

from ansible_collections.prexorcloud.production.tests.support.release_signer.keys import pem, spki
from ansible_collections.prexorcloud.production.tests.support.release_signer.signing import Signing
from ansible_collections.prexorcloud.production.tests.support.release_signer.world import ISSUER, World, identity_of
from ansible_collections.prexorcloud.production.tests.unit.plugins.support import images
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.modules import run_module

SECONDS = 60
VERIFIED = "verified"
LAYER = images.descriptor(b"layer", "application/vnd.oci.image.layer.v1.tar")

# (case, form of the signature, generation of the cosign that verifies) -> why its verdict may differ from the module's.
DIFFERENCES = {
    ("attestation only", "bundle", 3): "cosign does not compare the predicateType of bundles (sigstore.md 2 (5))",
    ("provenance by the same workflow", "bundle", 3): "cosign does not compare the predicateType of bundles",
    (
        "other repository, reference asked for",
        "classic",
        2,
    ): "cosign ignores docker-reference, as its specification says",
    (
        "other repository, reference asked for",
        "classic",
        3,
    ): "cosign ignores docker-reference, as its specification says",
    ("other repository, reference asked for", "bundle", 3): "a bundle names no repository",
    ("own repository, reference asked for", "bundle", 3): "a bundle names no repository",
}
BLIND = "cosign 2 does not see the bundles of cosign 3"


@dataclass(frozen=True)
class Trust:
    """Who may have signed: as options of the module, and as arguments of cosign, by generation where they differ."""

    module: dict[str, object]
    arguments: tuple[str, ...]
    arguments_2: tuple[str, ...] = ()
    variables_2: dict[str, str] = field(default_factory=dict)
    arguments_3: tuple[str, ...] = ()


def trust_in_key(public_key: Path) -> Trust:
    options: dict[str, object] = {"public_keys": [str(public_key)], "transparency_log": "ignore"}
    return Trust(options, ("--key", str(public_key), "--insecure-ignore-tlog"))


def trust_in_world(world: World, folder: Path) -> Trust:
    """The identity of the release workflow, with the test signer's root. cosign 2 takes its parts from variables."""
    parts = {
        "SIGSTORE_ROOT_FILE": pem(world.root.der, "CERTIFICATE") + pem(world.intermediate.der, "CERTIFICATE"),
        "SIGSTORE_REKOR_PUBLIC_KEY": pem(spki(world.rekor.key.public_key()), "PUBLIC KEY"),
        "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE": pem(spki(world.ct.key.public_key()), "PUBLIC KEY"),
        "trusted_root.json": world.trust_root_json(),
    }
    for name, content in parts.items():
        (folder / name).write_bytes(content)
    root = str(folder / "trusted_root.json")
    options: dict[str, object] = {
        "certificate_identity": IDENTITY,
        "certificate_oidc_issuer": ISSUER,
        "trust_root": root,
        "transparency_log": "offline",
    }
    variables = {name: str(folder / name) for name in parts if name.startswith("SIGSTORE_")}
    arguments = ("--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER)
    return Trust(options, arguments, ("--offline",), variables, ("--trusted-root", root))


@dataclass(frozen=True)
class Cosign:
    """A binary; `generation` 2 signs in the classic form, 3 with bundles."""

    name: str
    binary: Path
    generation: int
    home: Path

    @property
    def form(self) -> str:
        return "classic" if self.generation == 2 else "bundle"

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs it with nothing of our environment: its variables replace trust anchors."""
        environment = {"HOME": str(self.home), "PATH": "/usr/bin:/bin", "COSIGN_PASSWORD": "test", **variables}
        return subprocess.run(
            [str(self.binary), *arguments],
            env=environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )

    def must(self, *arguments: str) -> None:
        done = self.run(*arguments)
        if done.returncode:
            raise SystemExit(f"{self.name} {arguments[0]} failed: {done.stderr}")

    def offline(self) -> list[str]:
        more = ["--use-signing-config=false"] if self.generation == 3 else []
        return ["--tlog-upload=false", "--allow-http-registry", "--yes", *more]

    def sign(self, image: str, key: Path) -> None:
        self.must("sign", "--key", str(key), *self.offline(), image)

    def attest(self, image: str, key: Path) -> None:
        predicate = self.home / "predicate.json"
        predicate.write_text("{}")
        self.must(
            "attest", "--key", str(key), "--predicate", str(predicate), "--type", "custom", *self.offline(), image
        )

    def verify(self, image: str, trust: Trust, digest: str) -> bool:
        """True if it says so in both ways: exit status, and the digest in what it prints."""
        more = trust.arguments_3 if self.generation == 3 else trust.arguments_2
        variables = trust.variables_2 if self.generation == 2 else {}
        options = ["--allow-http-registry", "--output", "json"]
        done = self.run("verify", *trust.arguments, *more, *options, image, **variables)
        if done.returncode:
            return False
        return digest in {one["critical"]["image"]["docker-manifest-digest"] for one in json.loads(done.stdout)}


def open_cosign(name: str, binary: Path, home: Path) -> Cosign:
    cosign = Cosign(name, binary, 2, home)
    # Debian's builds say "devel" when asked for their version; the option came with the new format.
    return replace(cosign, generation=3 if "--use-signing-config" in cosign.run("sign", "--help").stdout else 2)


@dataclass
class Repository:
    """One repository of the running registry; writes through the upload API."""

    host: str
    name: str

    def address(self, path: str) -> str:
        return f"http://{self.host}/v2/{self.name}/{path}"

    def put_blob(self, content: bytes) -> str:
        with call("POST", self.address("blobs/uploads/")) as answer:
            place = answer.headers["Location"]
        digest = images.sha256(content)
        joint = "&" if "?" in place else "?"
        call("PUT", f"{place}{joint}digest={digest}", content, "application/octet-stream").close()
        return digest

    def put_manifest(self, document: bytes, *names: str) -> str:
        kind = json.loads(document).get("mediaType", images.MANIFEST)
        for name in (images.sha256(document), *names):
            call("PUT", self.address(f"manifests/{name}"), document, kind).close()
        return images.sha256(document)

    def get_manifest(self, name: str) -> bytes:
        request = urllib.request.Request(self.address(f"manifests/{name}"))  # noqa: S310 our own registry
        request.add_header("Accept", f"{images.MANIFEST}, {images.INDEX}")
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 ditto
            return bytes(answer.read())

    def get_blob(self, digest: str) -> bytes:
        with call("GET", self.address(f"blobs/{digest}")) as answer:
            return bytes(answer.read())

    def put_image(self, text: str, *names: str) -> str:
        """An image of its own for every text. Returns the digest."""
        for content in (b"{}", b"layer"):
            self.put_blob(content)
        return self.put_manifest(images.manifest(LAYER, annotations={"text": text}), *names)

    def copy(self, digest: str, other: Repository) -> None:
        """Copies a manifest with all blobs and manifests that it names."""
        document = self.get_manifest(digest)
        members = json.loads(document)
        for one in [*members.get("layers", []), *([members["config"]] if "config" in members else [])]:
            other.put_blob(self.get_blob(one["digest"]))
        for one in members.get("manifests", []):
            self.copy(one["digest"], other)
        other.put_manifest(document, *([] if digest.startswith("sha256:") else [digest]))


def call(method: str, url: str, body: bytes | None = None, kind: str | None = None) -> HTTPResponse:
    headers = {} if kind is None else {"Content-Type": kind}
    request = urllib.request.Request(url, data=body, method=method, headers=headers)  # noqa: S310 our own registry
    return urllib.request.urlopen(request, timeout=SECONDS)  # type: ignore[no-any-return]  # noqa: S310 ditto


@contextlib.contextmanager
def running_registry(binary: Path, folder: Path) -> Iterator[str]:
    """host:port of a registry on loopback with an empty store, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    store = {"filesystem": {"rootdirectory": str(folder / "store")}}
    log = {"level": "error", "accesslog": {"disabled": True}}
    configuration = folder / "registry.yml"
    configuration.write_text(json.dumps({"version": "0.1", "log": log, "storage": store, "http": {"addr": host}}))
    environment = {"PATH": "/usr/bin:/bin", "OTEL_TRACES_EXPORTER": "none"}
    with (
        (folder / "registry.log").open("wb") as output,
        subprocess.Popen([binary, "serve", configuration], env=environment, stdout=output, stderr=output) as process,
    ):
        try:
            wait_for(f"http://{host}/v2/", process)
            yield host
        finally:
            process.terminate()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            call("GET", url).close()
            return
        time.sleep(0.05)
    raise SystemExit("the registry does not start")


# -- cases: what is done to an image, and what the module has to say ---------------------------------------------


@dataclass
class Subject:
    """What a case works on: a fresh repository, an image in it, and what is trusted."""

    repository: Repository
    trust: Trust
    reference: str | None = None
    name: str = "1.0.0"
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        self.digest = self.repository.put_image("wanted", "1.0.0")

    @property
    def image(self) -> str:
        return f"{self.repository.host}/{self.repository.name}:{self.name}"

    def pinned(self, digest: str) -> str:
        return f"{self.repository.host}/{self.repository.name}@{digest}"


@dataclass
class KeySubject(Subject):
    """The same with a cosign that signs with a key, and another key."""

    signer: Cosign = field(kw_only=True)
    key: Path = field(kw_only=True)
    other_key: Path = field(kw_only=True)

    def sign(self, key: Path | None = None, digest: str | None = None) -> None:
        self.signer.sign(self.pinned(digest or self.digest), key or self.key)

    def signature_place(self, digest: str | None = None) -> str:
        """The tag under which this signer's form keeps signatures (the registry has no list of referrers)."""
        tag = (digest or self.digest).replace(":", "-")
        return f"{tag}.sig" if self.signer.form == "classic" else tag

    def change_signature(self, change: Callable[[bytes], bytes]) -> None:
        """Replaces what is signed, and every name of it, so that only the signature can tell."""
        place = self.signature_place()
        top = json.loads(self.repository.get_manifest(place))
        holder = top if self.signer.form == "classic" else json.loads(self.repository.get_manifest(entry_of(top)))
        (layer,) = holder["layers"]
        content = change(self.repository.get_blob(layer["digest"]))
        layer.update(digest=self.repository.put_blob(content), size=len(content))
        document = images.encoded(holder)
        if holder is not top:
            self.repository.put_manifest(document)
            document = images.index(images.descriptor(document, images.MANIFEST))
        self.repository.put_manifest(document, place)


def entry_of(index: dict[str, list[dict[str, str]]]) -> str:
    (entry,) = index["manifests"]
    return entry["digest"]


def signed(subject: KeySubject) -> None:
    subject.sign()


def by_digest(subject: KeySubject) -> None:
    subject.sign()
    subject.name = f"1.0.0@{subject.digest}"


def unsigned(_subject: KeySubject) -> None:
    """Nothing."""


def other_key(subject: KeySubject) -> None:
    subject.sign(subject.other_key)


def other_key_first(subject: KeySubject) -> None:
    subject.sign(subject.other_key)
    subject.sign()


def altered(subject: KeySubject) -> None:
    subject.sign()
    subject.change_signature(lambda content: flip(content, subject.signer.form))


def flip(content: bytes, form: str) -> bytes:
    """Another text under the same signature."""
    if form == "classic":
        return content.replace(b'"optional":null', b'"optional":{}')
    bundle = json.loads(content)
    statement = {**json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"])), "predicate": {"more": 1}}
    bundle["dsseEnvelope"]["payload"] = images.text64(images.encoded(statement))
    return images.encoded(bundle)


def cut_signature(subject: KeySubject) -> None:
    subject.sign()
    subject.change_signature(lambda content: content[:-1])


def copied_from_another_image(subject: KeySubject) -> None:
    """The signature of another image, put where the one of this image would be."""
    other = subject.repository.put_image("other", "other")
    subject.sign(digest=other)
    subject.repository.put_manifest(
        subject.repository.get_manifest(subject.signature_place(other)), subject.signature_place()
    )


def moved_tag(subject: KeySubject) -> None:
    subject.sign()
    subject.digest = subject.repository.put_image("newer", "1.0.0")


def replayed(subject: KeySubject) -> None:
    """A tag moved back to an older image that was signed: the caller has to pin what it wants."""
    subject.sign()
    subject.repository.put_image("newer", "1.0.0")
    subject.name = f"1.0.0@{subject.digest}"


def signed_index(subject: KeySubject) -> None:
    entry = images.descriptor(subject.repository.get_manifest(subject.digest), images.MANIFEST)
    subject.digest = subject.repository.put_manifest(images.index(entry), "1.0.0")
    subject.sign()


def index_over_a_signed_image(subject: KeySubject) -> None:
    subject.sign()
    entry = images.descriptor(subject.repository.get_manifest(subject.digest), images.MANIFEST)
    subject.digest = subject.repository.put_manifest(images.index(entry), "1.0.0")


def attestation_only(subject: KeySubject) -> None:
    subject.signer.attest(subject.pinned(subject.digest), subject.key)


def attestation_first(subject: KeySubject) -> None:
    attestation_only(subject)
    subject.sign()


def other_repository(subject: KeySubject) -> None:
    """Image and signature copied as they are."""
    subject.sign()
    copy = Repository(subject.repository.host, f"{subject.repository.name}/copy")
    subject.repository.copy(subject.digest, copy)
    subject.repository.copy(subject.signature_place(), copy)
    subject.repository = copy
    subject.name = f"1.0.0@{subject.digest}"


def other_repository_asked(subject: KeySubject) -> None:
    other_repository(subject)
    subject.reference = f"{subject.repository.host}/{subject.repository.name}"


def own_repository_asked(subject: KeySubject) -> None:
    subject.sign()
    subject.reference = f"{subject.repository.host}/{subject.repository.name}"


ANY = ("classic", "bundle")
# (name, what is done, {form of the signature: what the module says})
CASES: list[tuple[str, Callable[[KeySubject], None], dict[str, str]]] = [
    ("signed", signed, dict.fromkeys(ANY, VERIFIED)),
    ("signed, tag and digest", by_digest, dict.fromkeys(ANY, VERIFIED)),
    ("unsigned", unsigned, dict.fromkeys(ANY, "image_unsigned")),
    ("other key", other_key, dict.fromkeys(ANY, "signature_invalid")),
    ("other key first, then the right one", other_key_first, dict.fromkeys(ANY, VERIFIED)),
    ("signed text altered", altered, dict.fromkeys(ANY, "signature_invalid")),
    ("signed text cut", cut_signature, {"classic": "signature_invalid", "bundle": "input_malformed"}),
    (
        "signature of another image",
        copied_from_another_image,
        {"classic": "statement_mismatch", "bundle": "digest_mismatch"},
    ),
    ("tag moved to an unsigned image", moved_tag, dict.fromkeys(ANY, "image_unsigned")),
    ("tag moved, the digest counts", replayed, dict.fromkeys(ANY, VERIFIED)),
    ("signed index", signed_index, dict.fromkeys(ANY, VERIFIED)),
    ("unsigned index over a signed image", index_over_a_signed_image, dict.fromkeys(ANY, "image_unsigned")),
    ("attestation only", attestation_only, {"classic": "image_unsigned", "bundle": "predicate_mismatch"}),
    ("attestation first, then a signature", attestation_first, dict.fromkeys(ANY, VERIFIED)),
    ("other repository", other_repository, dict.fromkeys(ANY, VERIFIED)),
    (
        "other repository, reference asked for",
        other_repository_asked,
        {"classic": "reference_mismatch", "bundle": "reference_mismatch"},
    ),
    (
        "own repository, reference asked for",
        own_repository_asked,
        {"classic": VERIFIED, "bundle": "reference_mismatch"},
    ),
]


def judge(subject: Subject) -> tuple[str, str]:
    """The module's verdict, and the image as it pins it."""
    arguments: dict[str, object] = {
        "image": subject.image,
        "insecure_registry": True,
        **subject.trust.module,
    }
    if subject.reference is not None:
        arguments["require_reference"] = subject.reference
    result = run_module("cosign_verify_image", arguments).result
    if result.get("failed"):
        return str(result.get("reason") or result["msg"]), ""
    return VERIFIED, str(result["image"])


@dataclass(frozen=True)
class Expected:
    """A line of the table: the case, who signed in which form, and what the module has to say."""

    case: str
    signer: str
    form: str
    verdict: str


def compare(subject: Subject, expected: Expected, cosigns: list[Cosign]) -> tuple[list[str], list[str]]:
    """The line of the table, and what is wrong in it."""
    wrong = []
    ours, pinned = judge(subject)
    where = f"{expected.case}, signed by {expected.signer}"
    if ours != expected.verdict:
        wrong.append(f"{where}: the module says {ours}, not {expected.verdict}")
    if ours == VERIFIED and pinned != subject.pinned(subject.digest):
        wrong.append(f"{where}: the module pins {pinned}, not {subject.pinned(subject.digest)}")
    cells = [expected.case, expected.signer, expected.form, ours]
    for cosign in cosigns:
        theirs = cosign.verify(subject.image, subject.trust, subject.digest)
        differs = theirs != (ours == VERIFIED)
        cells.append(("verified" if theirs else "refused") + (" *" if differs else ""))
        blind = BLIND if differs and expected.form == "bundle" and cosign.generation == 2 and not theirs else None
        listed = DIFFERENCES.get((expected.case, expected.form, cosign.generation))
        if differs and not (blind or listed):
            wrong.append(f"{where}: {cosign.name} disagrees")
        if listed and not differs:
            wrong.append(f"{where}: {cosign.name} agrees, although this is listed: {listed}")
    return cells, wrong


def new_key(cosign: Cosign, name: str) -> Path:
    cosign.must("generate-key-pair", "--output-key-prefix", name)
    return cosign.home / f"{name}.key"


def signed_by_cosigns(cosigns: list[Cosign], host: str) -> Iterator[tuple[Subject, Expected]]:
    """Every case with every cosign as the signer."""
    for number, signer in enumerate(cosigns):
        key, other = new_key(signer, f"key{number}"), new_key(signer, f"other{number}")
        trust = trust_in_key(key.with_suffix(".pub"))
        for at, (case, prepare, verdicts) in enumerate(CASES):
            repository = Repository(host, f"signer{number}/case{at}")
            subject = KeySubject(repository, trust, signer=signer, key=key, other_key=other)
            prepare(subject)
            yield subject, Expected(case, signer.name, signer.form, verdicts[signer.form])


# -- keyless: what the test signer signs, in the forms of cosign -------------------------------------------------

IDENTITY = identity_of("release-images.yml", "refs/tags/v1.0.0")
OLDER = identity_of("release-images.yml", "refs/tags/v0.9.0")
OTHER = images.sha256(b"other")


@dataclass(frozen=True)
class Worlds:
    """The Sigstore that is trusted, and an attacker's own."""

    good: World
    other: World

    def sign(self, text: bytes, identity: str = IDENTITY, issuer: str = ISSUER) -> Signing:
        return self.good.sign(text, plan=self.good.leaf_plan(identity, issuer))

    def attest(self, document: bytes, statement: bytes, identity: str = IDENTITY) -> Signing:
        return self.good.attest(document, statement=statement, plan=self.good.leaf_plan(identity))


def without_transparency(worlds: Worlds, text: bytes) -> Signing:
    return worlds.good.sign(text, plan=replace(worlds.good.leaf_plan(IDENTITY), scts=()))


def by_another_authority(worlds: Worlds, text: bytes) -> Signing:
    return worlds.good.sign(text, plan=worlds.good.leaf_plan(IDENTITY), issuer=worlds.other.intermediate)


def too_late(worlds: Worlds, text: bytes) -> Signing:
    later = replace(worlds.good, now=worlds.good.now + timedelta(hours=1))
    return later.sign(text, plan=worlds.good.leaf_plan(IDENTITY))


def with_the_entry_of_another(worlds: Worlds, text: bytes) -> Signing:
    return replace(worlds.sign(text), record=worlds.sign(text).record)


def unlogged(worlds: Worlds, text: bytes) -> Signing:
    return replace(worlds.sign(text), record=None)


def back_dated(worlds: Worlds, text: bytes) -> Signing:
    signing = worlds.sign(text)
    if signing.record is None or signing.record.integrated_time is None:
        raise SystemExit("the test signer logged nothing")
    return replace(signing, record=replace(signing.record, integrated_time=signing.record.integrated_time - 5))


# (case, how the text is signed, what the module says): the classic form.
CLASSIC: list[tuple[str, Callable[[Worlds, bytes], Signing], str]] = [
    ("keyless", Worlds.sign, VERIFIED),
    ("older tag's workflow", lambda worlds, text: worlds.sign(text, OLDER), "identity_mismatch"),
    ("other provider", lambda worlds, text: worlds.sign(text, issuer="https://idp.example.test"), "issuer_mismatch"),
    ("other Sigstore", lambda worlds, text: Worlds(worlds.other, worlds.good).sign(text), "log_unknown"),
    ("other authority", by_another_authority, "chain_untrusted"),
    ("no certificate transparency", without_transparency, "sct_missing"),
    ("signed after the certificate's end", too_late, "chain_expired"),
    ("log entry of another signature", with_the_entry_of_another, "entry_mismatch"),
    ("no log entry, offline", unlogged, "log_entry_missing"),
    ("back-dated", back_dated, "set_invalid"),
]
# (case, how the manifest is attested, what the module says): bundles.
BUNDLES: list[tuple[str, Callable[[Worlds, bytes], Signing], str]] = [
    ("keyless", lambda worlds, document: worlds.attest(document, about(document)), VERIFIED),
    (
        "keyless, tiled log",
        lambda worlds, document: worlds.good.sign_v2(
            document, plan=worlds.good.leaf_plan(IDENTITY), statement=about(document)
        ),
        VERIFIED,
    ),
    (
        "older tag's workflow",
        lambda worlds, document: worlds.attest(document, about(document), OLDER),
        "identity_mismatch",
    ),
    (
        "other Sigstore",
        lambda worlds, document: Worlds(worlds.other, worlds.good).attest(document, about(document)),
        "log_unknown",
    ),
    (
        "provenance by the same workflow",
        lambda worlds, document: worlds.attest(
            document, images.statement(images.sha256(document), "https://slsa.dev/provenance/v1")
        ),
        "predicate_mismatch",
    ),
    (
        "statement about another image",
        lambda worlds, document: worlds.attest(document, images.statement(OTHER)),
        "statement_mismatch",
    ),
]


def about(document: bytes) -> bytes:
    return images.statement(images.sha256(document))


def signed_by_the_test_signer(folder: Path, host: str) -> Iterator[tuple[Subject, Expected]]:
    """Every keyless case."""
    worlds = Worlds(World.make(), World.make())
    trust = trust_in_world(worlds.good, folder)
    for at, (case, sign, verdict) in enumerate(CLASSIC):
        subject = Subject(Repository(host, f"classic/case{at}"), trust)
        text = images.simple_signing(subject.digest, f"{host}/{subject.repository.name}")
        signing = sign(worlds, text)
        subject.repository.put_blob(text)
        images.put_classic(subject.repository, subject.digest, [images.keyless_layer(signing, worlds.good)])
        yield subject, Expected(case, "test signer", "classic", verdict)
    for at, (case, attest, verdict) in enumerate(BUNDLES):
        subject = Subject(Repository(host, f"bundle/case{at}"), trust)
        signing = attest(worlds, subject.repository.get_manifest(subject.digest))
        if signing.tokens:
            subject.trust = replace(trust, arguments_3=(*trust.arguments_3, "--use-signed-timestamps"))
        entry = images.put_referrer(subject.repository, subject.digest, signing.bundle())
        images.put_fallback(subject.repository, subject.digest, [entry])
        yield subject, Expected(case, "test signer", "bundle", verdict)


def main() -> int:
    parser = argparse.ArgumentParser(description="Compares cosign_verify_image with real cosigns.")
    parser.add_argument("--registry-binary", type=Path, required=True)
    parser.add_argument("--cosign", action="append", required=True, metavar="NAME=FILE")
    arguments = parser.parse_args()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="images-") as scratch:
        folder = Path(scratch)
        pairs = [text.partition("=") for text in arguments.cosign]
        cosigns = [open_cosign(name, Path(file).resolve(), folder) for name, _, file in pairs]
        lines = [["case", "signed by", "form", "module", *[cosign.name for cosign in cosigns]]]
        with running_registry(arguments.registry_binary.resolve(), folder) as host:
            for subject, expected in [*signed_by_cosigns(cosigns, host), *signed_by_the_test_signer(folder, host)]:
                line, found = compare(subject, expected, cosigns)
                lines.append(line)
                wrong += found
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() + "\n")
    sys.stdout.write("\n* differs from the module, for a reason that is written in tests/conformance/images.py\n")
    sys.stderr.writelines(f"WRONG {text}\n" for text in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
