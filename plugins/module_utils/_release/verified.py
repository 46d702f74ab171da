# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves a release: first the signed list, then, and only then, what it says about each artifact.

The list is verified with its signature, certificate and transparency log entry. Upstream's sidecars hold no entry, so
it is looked up once, and the whole proof is kept as a bundle beside the list. Later runs verify that bundle again,
under the trust root and policy in force, without a network (sigstore.md 2 (1)).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from .._sigstore.artifact import Artifact
from .._sigstore.bundle import parse_bundle, render_bundle
from .._sigstore.errors import Refused
from .._sigstore.lookup import Ask, with_entries
from .._sigstore.model import Verdict
from .._sigstore.policy import OFFLINE, Policy
from .._sigstore.sidecars import parse_sidecars
from .._sigstore.verify import verify
from . import source as sources
from .names import ARTIFACTS, SignedList, artifact_name
from .source import Source
from .store import Store
from .sums import digest_of

# What is written here; older versions prove less (sigstore.md 2 (2)).
BUNDLE_VERSION = "0.3"


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
    policies: Mapping[SignedList, Policy] | None,
    ask: Ask,
) -> dict[str, Received]:
    """Brings wanted artifacts into the store, each proven; by the names that the caller has for them.

    wanted: keys of names.ARTIFACTS; policies: what each list has to stand up to, None if digests alone are asked for;
    ask: asks the transparency log. Raises NotProven, FileError, OSError, ValueError.
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
                    if policies is None
                    else prove(what, source, store, policies[what], ask)
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


def prove(what: SignedList, source: Source, store: Store, policy: Policy, ask: Ask) -> Proven:
    """The list with its proof, which is kept in the store.

    What a server publishes under a version does not change, so a list that was proven before and still is needs no
    server; a directory is looked at each time. A bundle of the source that does not verify is never replaced by a
    look-up. Raises Refused.
    """
    kept = store.read(what.name, sources.LIST_LIMIT)
    if kept is not None and not source.local:
        again = _prove_again(what, kept, store, policy)
        if again is not None:
            return again
    content = sources.need(source, what.name, sources.LIST_LIMIT)
    offline = policy.transparency_log == OFFLINE
    bundle = sources.read(source, what.bundle, sources.BUNDLE_LIMIT) if source.local or offline else None
    if bundle is None and kept == content:
        again = _prove_again(what, content, store, policy)
        if again is not None:
            return again
    if bundle is not None:
        proven = _with_bundle(what, content, bundle, policy)
        store.remove(what.signature)
        store.remove(what.certificate)
    elif offline:
        raise Refused("log_entry_missing", f"the source has no {what.bundle}, and the log is not asked")
    else:
        proven, bundle = _with_sidecars(what, content, source, store, policy, ask)
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


def _prove_again(what: SignedList, content: bytes, store: Store, policy: Policy) -> Proven | None:
    """The list by the bundle of an earlier run, verified anew; None if that does not prove it any more."""
    bundle = store.read(what.bundle, sources.BUNDLE_LIMIT)
    if bundle is None:
        return None
    try:
        return _with_bundle(what, content, bundle, policy)
    except Refused:
        return None


def _with_bundle(what: SignedList, content: bytes, bundle: bytes, policy: Policy) -> Proven:
    with Artifact.from_bytes(content, what.name) as artifact:
        return Proven(what, content, verify(parse_bundle(bundle, BUNDLE_VERSION), artifact, policy), "bundle")


def _with_sidecars(
    what: SignedList, content: bytes, source: Source, store: Store, policy: Policy, ask: Ask
) -> tuple[Proven, bytes]:
    signature = sources.need(source, what.signature, sources.SIDECAR_LIMIT)
    certificate = sources.need(source, what.certificate, sources.SIDECAR_LIMIT)
    with Artifact.from_bytes(content, what.name) as artifact:
        signed = with_entries(parse_sidecars(signature, certificate), artifact, policy, None, ask)
        verdict = verify(signed, artifact, policy)
        digest = artifact.digest("sha256")
    entries = tuple(entry for entry in signed.entries if entry.log_index == verdict.log_index)
    bundle = render_bundle(replace(signed, entries=entries[:1]), digest)
    # what is kept has to prove the same by itself
    proven = _with_bundle(what, content, bundle, policy)
    store.write(what.signature, signature)
    store.write(what.certificate, certificate)
    return replace(proven, proof="transparency log"), bundle
