# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release as upstream's workflows make it (upstream/signing.md 1 and 2): names, lists of digests, sidecars."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from . import state
from .world import ISSUER, REPOSITORY, World, identity_of

DASHBOARD = {
    "./": b"",
    "./index.html": b'<!doctype html><title>PrexorCloud</title><script src="/_nuxt/entry.js"></script>\n',
    "./_nuxt/": b"",
    "./_nuxt/entry.js": b'const api="http://localhost:8080";\n',
}
ARCHITECTURES = ("amd64", "arm64")
# A shell script under the name of the binary: it runs on any test host and says what it is.
CLI = b"#!/bin/sh\necho 'prexorctl %b (test signer)'\n"


@dataclass(frozen=True)
class Part:
    """A list of digests, the name of its certificate (the two differ in the ending), and the workflow that signs it."""

    sums: str
    certificate: str
    workflow: str


JARS = Part("SHA256SUMS", "SHA256SUMS.crt", "release-jars.yml")
TOOLS = Part("checksums.txt", "checksums.txt.pem", "release.yml")


@dataclass(frozen=True)
class Plan:
    """What is released, and how it lies.

    `tag` is the ref that the certificates name, as refs/tags/<tag>; `identity` and `issuer` stand in for the true ones.
    Faults: `logged` False, the log never heard of it; `expired`, signed after the certificate's life; `altered`,
    the name of a file to which a byte is added after signing; `swapped`, each list gets the sidecars of the other.
    `bundled`: beside each list its bundle, as our collection writes it for machines without a network.
    """

    version: str
    tag: str
    identity: str | None = None
    issuer: str = ISSUER
    repository: str = REPOSITORY
    logged: bool = True
    expired: bool = False
    altered: str | None = None
    swapped: bool = False
    bundled: bool = False


def archive(files: Mapping[str, bytes], mode: int = 0o644) -> bytes:
    """A .tar.gz with these files and directories (name/), the same bytes for the same content."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(filename="", fileobj=packed, mode="wb", mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            if name.endswith("/"):
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def sums(files: Mapping[str, bytes]) -> bytes:
    """What `sha256sum` prints."""
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    return "".join(lines).encode()


def parts(version: str, given: Mapping[str, bytes]) -> dict[Part, dict[str, bytes]]:
    """The files of a release by the list that names them; `given` are the JARs, and files instead of stand-ins."""
    cli = {}
    for architecture in ARCHITECTURES:
        name = f"prexorctl_{version}_linux_{architecture}.tar.gz"
        cli[name] = archive({"prexorctl": CLI % version.encode()}, 0o755)
        bill = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": []}
        cli[f"{name}.sbom.cdx.json"] = json.dumps(bill).encode()
    jars = {f"dashboard-static-{version}.tar.gz": archive(DASHBOARD)}
    for name, content in given.items():
        (cli if name.startswith("prexorctl_") else jars)[name] = content
    return {JARS: jars, TOOLS: cli}


def _memo(directory: Path, content: bytes, plan: Plan, identity: str) -> Path:
    """Where the signature of this content under this plan is kept: the same release is signed once."""
    facts = json.dumps([hashlib.sha256(content).hexdigest(), identity, plan.issuer, plan.logged, plan.expired])
    return directory / "signatures" / f"{hashlib.sha256(facts.encode()).hexdigest()}.json"


def sign_list(world: World, directory: Path, content: bytes, plan: Plan, identity: str) -> dict[str, str]:
    """{signature, certificate, answer, bundle}: sidecars as cosign writes them and the log's answer, new or kept."""
    memo = _memo(directory, content, plan, identity)
    if memo.exists():
        kept: dict[str, str] = json.loads(memo.read_bytes())
        return kept
    leaf = world.leaf_plan(identity, plan.issuer)
    if plan.expired:
        past = timedelta(hours=1)
        leaf = replace(leaf, not_before=leaf.not_before - past, not_after=leaf.not_after - past)
        leaf = replace(leaf, sct_time=leaf.not_before)
    signing = world.sign(content, plan=leaf, logged=plan.logged)
    signature, certificate = signing.sidecars()
    answer = signing.answer().decode() if plan.logged else "[]"
    bundle = signing.bundle().decode() if plan.logged else ""
    made = {
        "signature": signature.decode(),
        "certificate": certificate.decode(),
        "answer": answer,
        "bundle": bundle,
    }
    state.save(world, directory)
    memo.parent.mkdir(mode=0o700, exist_ok=True)
    state.write_private(memo, json.dumps(made).encode())
    return made


def release(world: World, directory: Path, plan: Plan, given: Mapping[str, bytes]) -> dict[str, bytes]:
    """Every file of the release by its name, with trusted_root.json and log-entries/<digest>.json beside.

    `directory` is the state's. Raises ValueError if `plan.altered` names no file.
    """
    made = parts(plan.version, given)
    files: dict[str, bytes] = {"trusted_root.json": world.trust_root_json()}
    signed = {}
    for part, content in made.items():
        files.update(content)
        files[part.sums] = sums(content)
        identity = plan.identity or identity_of(part.workflow, f"refs/tags/{plan.tag}", plan.repository)
        signed[part] = sign_list(world, directory, files[part.sums], plan, identity)
        digest = hashlib.sha256(files[part.sums]).hexdigest()
        files[f"log-entries/{digest}.json"] = signed[part]["answer"].encode()
    others = {JARS: TOOLS, TOOLS: JARS}
    for part in made:
        source = signed[others[part] if plan.swapped else part]
        files[f"{part.sums}.sig"] = source["signature"].encode()
        files[part.certificate] = source["certificate"].encode()
        if plan.bundled:
            files[f"{part.sums}.sigstore.json"] = source["bundle"].encode()
    if plan.altered is not None:
        if plan.altered not in files:
            raise ValueError(f"the release has no file {plan.altered}")
        files[plan.altered] += b"\x00"
    return files


def write(files: Mapping[str, bytes], directory: Path) -> list[str]:
    """Writes what differs and takes away what is no longer part of the release; gives the names that changed."""
    changed = []
    for name, content in files.items():
        path = directory / name
        if path.is_file() and path.read_bytes() == content:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(content)
        part.replace(path)
        changed.append(name)
    for path in _strangers(files, directory):
        path.unlink()
        changed.append(str(path.relative_to(directory)))
    return changed


def _strangers(files: Iterable[str], directory: Path) -> list[Path]:
    known = set(files)
    entries = directory / "log-entries"
    return [path for path in entries.glob("*.json") if str(path.relative_to(directory)) not in known]
