# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves a release: first the signed list, then, and only then, what it says about each artifact.

The list is verified with its signature, certificate and transparency log entry. Upstream's sidecars hold no entry, so
it is looked up once, and the whole proof is kept as a bundle beside the list. Later runs verify that bundle again,
under the trust root and policy in force, without a network (sigstore.md 2 (1)).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from .._sigstore.artifact import Artifact
from .._sigstore.bundle import parse_bundle, render_bundle
from .._sigstore.errors import Refused
from .._sigstore.model import LogEntry, Signed, Verdict
from .._sigstore.sidecars import parse_sidecars
from . import source as sources
from .names import ARTIFACTS, SignedList, artifact_name
from .source import Source
from .store import Store
from .sums import digest_of

# Bundles of other tools, and of older versions, prove less (sigstore.md 2 (2)).
BUNDLE_VERSION = "0.3"

# What was signed and the artifact -> what is proven; raises Refused.
Verify = Callable[[Signed, Artifact], Verdict]
# A signature without a log entry and the artifact's SHA-256 -> the entries that the log has for it; raises Refused.
LookUp = Callable[[Signed, bytes], "tuple[LogEntry, ...]"]


class NotProven(Exception):
    """A release that is not used: the file it is about, a reason code, what was found."""

    def __init__(self, name: str, reason: str, detail: str) -> None:
        super().__init__(f"{name}: {reason}: {detail}")
        self.name = name
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Proven:
    """A list of digests. `verdict` is None where no signature is asked for; `proof` says what it was verified with."""

    what: SignedList
    content: bytes
    verdict: Verdict | None
    proof: str


@dataclass(frozen=True)
class Received:
    """A wanted artifact in the store, with the digest that the list has for it."""

    name: str
    sha256: str
    listed: Proven


@contextmanager
def about(name: str) -> Iterator[None]:
    """Says which file a refusal is about."""
    try:
        yield
    except Refused as refused:
        raise NotProven(name, refused.reason, refused.detail) from refused


def bring(
    wanted: list[str],
    version: str,
    source: Source,
    store: Store,
    checks: Mapping[SignedList, Verify] | None,
    look_up: LookUp | None,
) -> dict[str, Received]:
    """Brings wanted artifacts into the store, each proven; by the names that the caller has for them.

    wanted: keys of names.ARTIFACTS; checks: how each list is verified, None if digests alone are asked for; look_up:
    asks the log, None for offline. Raises NotProven, FileError, OSError, ValueError.
    """
    proven: dict[SignedList, Proven] = {}
    found: dict[str, Received] = {}
    for artifact in wanted:
        what = ARTIFACTS[artifact][1]
        name = artifact_name(artifact, version)
        if what not in proven:
            with about(what.name):
                proven[what] = (
                    digests_only(what, source, store)
                    if checks is None
                    else prove(what, source, store, checks[what], look_up)
                )
        with about(name):
            sha256 = digest_of(proven[what].content, name, what.name)
            receive(name, sha256, source, store)
        found[artifact] = Received(name, sha256, proven[what])
    return found


def digests_only(what: SignedList, source: Source, store: Store) -> Proven:
    """The list as the source has it now, believed. Raises Refused."""
    content = sources.need(source, what.name, sources.LIST_LIMIT)
    # what an earlier run proved is not said of this list
    store.remove(what.bundle)
    store.write(what.name, content)
    return Proven(what, content, None, "none")


def prove(what: SignedList, source: Source, store: Store, verify: Verify, look_up: LookUp | None) -> Proven:
    """The list with its proof, which is kept in the store.

    What a server publishes under a version does not change, so a list that was proven before and still is needs no
    server; a directory is looked at each time. A bundle of the source that does not verify is never replaced by a
    look-up. Raises Refused.
    """
    kept = store.read(what.name, sources.LIST_LIMIT)
    if kept is not None and not source.local:
        again = _prove_again(what, kept, store, verify)
        if again is not None:
            return again
    content = sources.need(source, what.name, sources.LIST_LIMIT)
    bundle = sources.read(source, what.bundle, sources.BUNDLE_LIMIT) if source.local or look_up is None else None
    if bundle is None and kept == content:
        again = _prove_again(what, content, store, verify)
        if again is not None:
            return again
    if bundle is not None:
        proven = _with_bundle(what, content, bundle, verify)
        store.remove(what.signature)
        store.remove(what.certificate)
    elif look_up is not None:
        proven, bundle = _with_sidecars(what, content, source, store, verify, look_up)
    else:
        raise Refused("log_entry_missing", f"the source has no {what.bundle}, and no log is asked")
    store.write(what.name, content)
    store.write(what.bundle, bundle)
    return proven


def receive(name: str, sha256: str, source: Source, store: Store) -> None:
    """Brings one artifact into the store unless it is there. Raises Refused."""
    if store.has(name, sha256):
        return
    with source.opened(name) as stream:
        if stream is None:
            raise Refused("artifact_unreadable", f"the source has no {name}")
        store.receive(name, sources.chunks(stream, name, sources.ARTIFACT_LIMIT, sources.ARTIFACT_SECONDS), sha256)


def _prove_again(what: SignedList, content: bytes, store: Store, verify: Verify) -> Proven | None:
    """The list by the bundle of an earlier run, verified anew; None if that does not prove it any more."""
    bundle = store.read(what.bundle, sources.BUNDLE_LIMIT)
    if bundle is None:
        return None
    try:
        return _with_bundle(what, content, bundle, verify)
    except Refused:
        return None


def _with_bundle(what: SignedList, content: bytes, bundle: bytes, verify: Verify) -> Proven:
    with Artifact.from_bytes(content, what.name) as artifact:
        return Proven(what, content, verify(parse_bundle(bundle, BUNDLE_VERSION), artifact), "bundle")


def _with_sidecars(
    what: SignedList, content: bytes, source: Source, store: Store, verify: Verify, look_up: LookUp
) -> tuple[Proven, bytes]:
    signature = sources.need(source, what.signature, sources.SIDECAR_LIMIT)
    certificate = sources.need(source, what.certificate, sources.SIDECAR_LIMIT)
    signed = parse_sidecars(signature, certificate)
    with Artifact.from_bytes(content, what.name) as artifact:
        digest = artifact.digest("sha256")
        signed = replace(signed, entries=look_up(signed, digest))
        verdict = verify(signed, artifact)
    entries = tuple(entry for entry in signed.entries if entry.log_index == verdict.log_index)
    bundle = render_bundle(replace(signed, entries=entries[:1]), digest)
    # what is kept has to prove the same by itself
    proven = _with_bundle(what, content, bundle, verify)
    store.write(what.signature, signature)
    store.write(what.certificate, certificate)
    return replace(proven, proof="transparency log"), bundle
