# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A signed release in a directory, from first sight to the wanted artifacts; and every way in which it is not used."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._release import source as sources
from ansible_collections.prexorcloud.production.plugins.module_utils._release.names import (
    CHECKSUMS,
    SUMS,
    SignedList,
    artifact_name,
    identity_pattern,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._release.source import DirectorySource
from ansible_collections.prexorcloud.production.plugins.module_utils._release.store import Store
from ansible_collections.prexorcloud.production.plugins.module_utils._release.verified import (
    NotProven,
    Received,
    bring,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.plugins.modules import release_verified
from ansible_collections.prexorcloud.production.tests.support.release_signer.signing import Signing
from ansible_collections.prexorcloud.production.tests.support.release_signer.world import World, identity_of

FILES = {
    "cloud-controller-1.0.0.jar": b"controller",
    "cloud-daemon-1.0.0.jar": b"daemon",
    "dashboard-static-1.0.0.tar.gz": b"dashboard",
    "prexorctl_1.0.0_linux_amd64.tar.gz": b"cli",
}
WORKFLOWS = {SUMS: "release-jars.yml", CHECKSUMS: "release.yml"}
TAG = "refs/tags/v1.0.0"


class Site:
    """A directory with a release, the store of a control node, and a log that counts who asks."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "source"
        self.source.mkdir()
        self.store = Store(str(folder / "cache" / "1.0.0"))
        self.world = World.make()
        self.trust_root = self.world.trust_root_json()
        self.signings: list[Signing] = []
        self.log_is_up = True
        self.log_lies = False
        self.asked = 0
        for name, content in FILES.items():
            (self.source / name).write_bytes(content)
        for what in WORKFLOWS:
            self.sign(what)

    def listed(self, what: SignedList) -> bytes:
        names = [name for name in FILES if name.startswith("prexorctl") == (what is CHECKSUMS)]
        return b"".join(f"{hashlib.sha256(FILES[name]).hexdigest()}  {name}\n".encode() for name in names)

    def sign(
        self, what: SignedList, content: bytes | None = None, identity: str | None = None, *, logged: bool = True
    ) -> None:
        """Publishes a list with its sidecars, as upstream's workflow does."""
        content = self.listed(what) if content is None else content
        plan = self.world.leaf_plan(identity or identity_of(WORKFLOWS[what], TAG))
        signing = self.world.sign(content, plan=plan, logged=logged)
        signature, certificate = signing.sidecars()
        (self.source / what.name).write_bytes(content)
        (self.source / what.signature).write_bytes(signature)
        (self.source / what.certificate).write_bytes(certificate)
        if logged:
            self.signings.append(signing)

    def ask(self, request: bytes) -> bytes:
        self.asked += 1
        if not self.log_is_up:
            raise Refused("log_unreachable", "nobody answers")
        (wanted,) = json.loads(request)["entries"]
        about = wanted["spec"]["data"]["hash"]["value"], base64.b64decode(wanted["spec"]["signature"]["content"])
        found = [one for one in self.signings if self.log_lies or (one.digest[1].hex(), one.signature) == about]
        answers = [json.loads(one.answer()) for one in found]
        return json.dumps([entry for answer in answers for entry in answer]).encode()

    def bring(
        self, *wanted: str, offline: bool = False, ref: str = TAG, remote: bool = False, digests_only: bool = False
    ) -> dict[str, Received]:
        source = DirectorySource(str(self.source))
        source.local = not remote
        policies = release_verified.policies(self.trust_root, ref, "offline" if offline else "online")
        with self.store.locked():
            return bring(
                list(wanted or ["controller", "cli_amd64"]),
                "1.0.0",
                source,
                self.store,
                None if digests_only else policies,
                self.ask,
            )

    def refused(self, *wanted: str, **options: bool | str) -> tuple[str, str]:
        with pytest.raises(NotProven) as refused:
            self.bring(*wanted, **options)  # type: ignore[arg-type]
        return refused.value.name, refused.value.reason


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_each_list_is_proven_once_and_the_artifacts_are_kept(site: Site) -> None:
    found = site.bring("controller", "daemon", "dashboard", "cli_amd64")
    assert site.asked == 2
    assert {name: one.listed.proof for name, one in found.items()} == dict.fromkeys(found, "transparency log")
    verdict = found["cli_amd64"].listed.verdict
    assert verdict is not None
    assert verdict.signer is not None
    assert verdict.signer.identity == identity_of("release.yml", TAG)
    assert verdict.time is not None
    for name, content in FILES.items():
        assert Path(site.store.place(name)).read_bytes() == content
        assert stat.S_IMODE(os.stat(site.store.place(name)).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(site.store.path).st_mode) == 0o700


def test_only_what_is_wanted_is_brought(site: Site) -> None:
    site.bring("daemon")
    kept = {"SHA256SUMS", "SHA256SUMS.sig", "SHA256SUMS.crt", "SHA256SUMS.sigstore.json", "cloud-daemon-1.0.0.jar"}
    assert set(os.listdir(site.store.path)) - {".lock"} == kept


@pytest.mark.parametrize("remote", [False, True])
def test_the_kept_proof_needs_no_log(site: Site, remote: bool) -> None:
    first = site.bring(remote=remote)
    site.asked = 0
    again = site.bring(remote=remote)
    assert site.asked == 0
    assert {name: one.sha256 for name, one in again.items()} == {name: one.sha256 for name, one in first.items()}
    assert again["controller"].listed.proof == "bundle"
    if remote:
        for path in site.source.iterdir():
            path.unlink()
        assert site.bring(remote=True).keys() == first.keys()


def test_the_store_is_a_source_without_a_network(site: Site, tmp_path: Path) -> None:
    site.bring()
    site.source = Path(site.store.path)
    site.store = Store(str(tmp_path / "elsewhere"))
    assert site.bring(offline=True)["controller"].listed.proof == "bundle"
    assert site.asked == 2


def test_without_a_bundle_offline_is_refused(site: Site) -> None:
    assert site.refused(offline=True) == ("SHA256SUMS", "log_entry_missing")


def test_a_new_list_in_a_directory_is_proven_anew(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.bring("controller")
    monkeypatch.setitem(FILES, "cloud-controller-1.0.0.jar", b"built anew")
    (site.source / "cloud-controller-1.0.0.jar").write_bytes(b"built anew")
    site.sign(SUMS)
    assert site.bring("controller")["controller"].sha256 == hashlib.sha256(b"built anew").hexdigest()
    assert site.asked == 2


def other_repository(site: Site) -> None:
    site.sign(SUMS, identity=identity_of("release-jars.yml", TAG, "Somebody/prexorcloud"))


def swapped_sidecar(site: Site) -> None:
    for one, other in ((SUMS.signature, CHECKSUMS.signature), (SUMS.certificate, CHECKSUMS.certificate)):
        (site.source / one).write_bytes((site.source / other).read_bytes())


def altered_list(site: Site) -> None:
    path = site.source / "SHA256SUMS"
    path.write_bytes(path.read_bytes().replace(b"cloud-controller", b"cloud-c0ntroller"))


def revoked(site: Site) -> None:
    def close(members: dict[str, Any]) -> None:
        members["certificateAuthorities"][0]["validFor"]["end"] = "2026-01-01T00:00:00Z"

    site.trust_root = site.world.trust_root_json(close)


def another_root(site: Site) -> None:
    site.trust_root = World.make().trust_root_json()


def broken_bundle(site: Site) -> None:
    (site.source / "SHA256SUMS.sigstore.json").write_bytes(b"{}")


def older_list(site: Site) -> None:
    site.sign(SUMS, b"%s  cloud-controller-0.9.0.jar\n" % hashlib.sha256(b"x").hexdigest().encode())


# How it is attacked, the file that the refusal is about, its reason.
ATTACKS: dict[str, tuple[Callable[[Site], object], str, str]] = {
    "altered artifact": (
        lambda site: (site.source / "cloud-controller-1.0.0.jar").write_bytes(b"controlleR"),
        "cloud-controller-1.0.0.jar",
        "digest_mismatch",
    ),
    "altered list": (altered_list, "SHA256SUMS", "log_entry_missing"),
    "swapped sidecars": (swapped_sidecar, "SHA256SUMS", "log_entry_missing"),
    "other workflow": (
        lambda site: site.sign(SUMS, identity=identity_of("release.yml", TAG)),
        "SHA256SUMS",
        "identity_mismatch",
    ),
    "other repository": (other_repository, "SHA256SUMS", "identity_mismatch"),
    "longer tag": (
        lambda site: site.sign(SUMS, identity=identity_of("release-jars.yml", TAG + "1")),
        "SHA256SUMS",
        "identity_mismatch",
    ),
    "any character for the dot": (
        lambda site: site.sign(SUMS, identity=identity_of("release-jars.yml", "refs/tags/v1x0.0")),
        "SHA256SUMS",
        "identity_mismatch",
    ),
    "older release": (
        lambda site: site.sign(SUMS, identity=identity_of("release-jars.yml", "refs/tags/v0.9.0")),
        "SHA256SUMS",
        "identity_mismatch",
    ),
    "branch": (
        lambda site: site.sign(SUMS, identity=identity_of("release-jars.yml", "refs/heads/main")),
        "SHA256SUMS",
        "identity_mismatch",
    ),
    "list of another version": (older_list, "cloud-controller-1.0.0.jar", "sums_mismatch"),
    "revoked authority": (revoked, "SHA256SUMS", "chain_expired"),
    "another trust root": (another_root, "SHA256SUMS", "log_unknown"),
    "not logged": (lambda site: site.sign(SUMS, logged=False), "SHA256SUMS", "log_entry_missing"),
    "broken bundle beside good sidecars": (broken_bundle, "SHA256SUMS", "input_malformed"),
    "no signature": (lambda site: (site.source / "SHA256SUMS.sig").unlink(), "SHA256SUMS", "artifact_unreadable"),
    "no certificate": (lambda site: (site.source / "SHA256SUMS.crt").unlink(), "SHA256SUMS", "artifact_unreadable"),
    "no list": (lambda site: (site.source / "SHA256SUMS").unlink(), "SHA256SUMS", "artifact_unreadable"),
    "no artifact": (
        lambda site: (site.source / "cloud-controller-1.0.0.jar").unlink(),
        "cloud-controller-1.0.0.jar",
        "artifact_unreadable",
    ),
    "endless list": (
        lambda site: (site.source / "SHA256SUMS").write_bytes(b"\n" * (sources.LIST_LIMIT + 1)),
        "SHA256SUMS",
        "input_too_large",
    ),
    "endless signature": (
        lambda site: (site.source / "SHA256SUMS.sig").write_bytes(b"A" * (sources.SIDECAR_LIMIT + 1)),
        "SHA256SUMS",
        "input_too_large",
    ),
}


ON_SIDECARS = {
    "swapped sidecars",
    "other workflow",
    "other repository",
    "longer tag",
    "any character for the dot",
    "older release",
    "branch",
    "not logged",
    "no signature",
    "no certificate",
    "endless signature",
}


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("before", ["never seen", "proven before"])
def test_an_attack_is_refused_for_its_reason(name: str, before: str, site: Site) -> None:
    attack, about, reason = ATTACKS[name]
    if before == "proven before":
        site.bring("controller")
        os.unlink(site.store.place("cloud-controller-1.0.0.jar"))
    attack(site)
    if before == "proven before" and name in ON_SIDECARS:
        # the list is the one that was proven, and its bundle still proves it
        assert site.bring("controller")["controller"].listed.proof == "bundle"
        return
    assert site.refused("controller") == (about, reason)
    assert not os.path.exists(site.store.place("cloud-controller-1.0.0.jar"))


def test_a_proof_that_was_good_is_not_under_a_revoked_root(site: Site) -> None:
    site.bring("controller", remote=True)
    revoked(site)
    assert site.refused("controller", remote=True) == ("SHA256SUMS", "chain_expired")
    assert site.refused("controller", remote=True, offline=True) == ("SHA256SUMS", "log_entry_missing")


def test_a_looser_pin_is_accepted_only_when_asked_for(site: Site) -> None:
    site.sign(SUMS, identity=identity_of("release-jars.yml", "refs/heads/main"))
    assert site.refused("controller") == ("SHA256SUMS", "identity_mismatch")
    assert site.bring("controller", ref="refs/heads/main")["controller"].sha256
    assert site.refused("controller") == ("SHA256SUMS", "identity_mismatch")


def test_digests_alone_prove_nothing_and_say_so(site: Site) -> None:
    for what in WORKFLOWS:
        (site.source / what.signature).unlink()
    found = site.bring(digests_only=True)
    assert all(one.listed.verdict is None for one in found.values())
    assert site.refused() == ("SHA256SUMS", "artifact_unreadable")
    (site.source / "cloud-controller-1.0.0.jar").write_bytes(b"controlleR")
    os.unlink(site.store.place("cloud-controller-1.0.0.jar"))
    assert site.refused(digests_only=True) == ("cloud-controller-1.0.0.jar", "digest_mismatch")


def test_a_log_that_is_down_stops_the_first_run_only(site: Site) -> None:
    site.log_is_up = False
    assert site.refused("controller") == ("SHA256SUMS", "log_unreachable")
    site.log_is_up = True
    site.bring("controller")
    site.log_is_up = False
    assert site.bring("controller")["controller"].listed.proof == "bundle"


def test_a_log_that_answers_with_entries_of_others_is_not_believed(site: Site) -> None:
    altered_list(site)
    site.log_lies = True
    assert site.refused("controller") == ("SHA256SUMS", "entry_mismatch")


def test_an_altered_artifact_of_the_cache_is_brought_anew(site: Site) -> None:
    site.bring("controller")
    Path(site.store.place("cloud-controller-1.0.0.jar")).write_bytes(b"controlleR")
    site.bring("controller")
    assert Path(site.store.place("cloud-controller-1.0.0.jar")).read_bytes() == b"controller"


def test_an_altered_list_of_the_cache_is_not_believed(site: Site) -> None:
    site.bring("controller", remote=True)
    evil = b"%s  cloud-controller-1.0.0.jar\n" % hashlib.sha256(b"evil").hexdigest().encode()
    Path(site.store.place("SHA256SUMS")).write_bytes(evil)
    found = site.bring("controller", remote=True)
    assert found["controller"].sha256 == hashlib.sha256(b"controller").hexdigest()
    assert found["controller"].listed.proof == "transparency log"


def test_what_is_kept_is_a_bundle_of_version_0_3(site: Site) -> None:
    site.bring("controller")
    bundle = json.loads(Path(site.store.place("SHA256SUMS.sigstore.json")).read_bytes())
    assert bundle["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"


def test_a_store_of_another_user_is_not_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(PolicyError, match="another user"):
        site.bring("controller")


@pytest.mark.parametrize("version", ["v1.0.0", "../1.0.0", "", "1.0.0/..", "1.0.0\n"])
def test_what_is_no_version_is_refused(version: str) -> None:
    with pytest.raises(ValueError, match="no version"):
        artifact_name("controller", version)


@pytest.mark.parametrize(
    "ref", ["", "main", "refs/tags/", "refs/tags/.*", "refs/heads/a b", "refs/pull/1/merge", TAG + "\n"]
)
def test_what_is_no_ref_is_refused(ref: str) -> None:
    with pytest.raises(ValueError, match="no git ref"):
        identity_pattern("release", ref)
