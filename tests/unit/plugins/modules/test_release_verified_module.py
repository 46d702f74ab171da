# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module release_verified as Ansible runs it: what it returns, what it says when it refuses, what is no default."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ansible_collections.prexorcloud.production.tests.support.release_signer.__main__ import main as signer
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.modules import Run, run_module

JAR = "cloud-controller-1.0.0.jar"
IDENTITY = "https://github.com/PrexorJustin/prexorcloud/.github/workflows/release-jars.yml@refs/tags/v1.0.0"


class Site:
    """A signed release in a directory, with its bundles."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.release = folder / "release"
        (folder / JAR).write_bytes(b"a program")
        places = ["--out", str(self.release), "--state", str(folder / "state")]
        signer(["release", "--version", "1.0.0", "--bundle", *places, str(folder / JAR)])

    def run(self, *, check: bool = False, **changes: object) -> Run:
        """The module with options that are right, but for the changes; None leaves one out."""
        arguments: dict[str, object] = {
            "source": str(self.release),
            "version": "1.0.0",
            "artifacts": ["controller", "cli_amd64"],
            "directory": str(self.folder / "cache"),
            "verification": "required",
            "ref": "refs/tags/v1.0.0",
            "trust_root": str(self.release / "trusted_root.json"),
            "transparency_log": "offline",
            **changes,
        }
        given = {name: value for name, value in arguments.items() if value is not None}
        return run_module("release_verified", given, check=check)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def site(made: Site, tmp_path: Path) -> Site:
    made.folder = tmp_path
    return made


@pytest.mark.parametrize("check", [True, False])
def test_it_does_the_same_in_check_mode_and_is_never_a_change(site: Site, check: bool) -> None:
    for _time in range(2):
        done = site.run(check=check)
        assert done.result["changed"] is False
        found = done.result["artifacts"]["controller"]
        assert Path(found["path"]).read_bytes() == b"a program"
        assert (found["name"], found["list"], found["verified"]) == (JAR, "SHA256SUMS", True)
        assert (found["proof"], found["identity"]) == ("bundle", IDENTITY)
        assert found["time"].endswith("Z")
        assert isinstance(found["log_index"], int)
        assert done.result["artifacts"]["cli_amd64"]["list"] == "checksums.txt"


def test_what_travels_has_the_trust_root_beside(site: Site) -> None:
    site.run(trust_root_copy=True)
    copied = site.folder / "cache" / "trusted_root.json"
    assert copied.read_bytes() == (site.release / "trusted_root.json").read_bytes()
    assert stat.S_IMODE(os.stat(copied).st_mode) == 0o600


def test_a_refusal_names_file_reason_and_cure(site: Site) -> None:
    done = site.run(ref="refs/tags/v1.0.1")
    assert done.failed
    assert (done.result["artifact"], done.result["reason"]) == ("SHA256SUMS", "identity_mismatch")
    assert "prexorcloud_release_ref" in done.result["cure"]
    assert done.result["msg"].startswith("Release 1.0.0 is not used: SHA256SUMS is refused, identity_mismatch: ")
    assert done.result["msg"].endswith(done.result["cure"])


# Options, words of the message.
REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "no verification": ({"verification": None}, "verification"),
    "empty verification": ({"verification": ""}, "verification"),
    "unknown verification": ({"verification": "if available"}, "verification"),
    "the public-good trust root": ({"trust_root": None}, "log_unknown"),
    "no such trust root": ({"trust_root": "/nonexistent.json"}, "/nonexistent.json is refused, input_unreadable"),
    "a trust root that is none": ({"trust_root": "/etc/passwd"}, "/etc/passwd is refused, "),
    "ignored log": ({"transparency_log": "ignore"}, "transparency_log"),
    "empty ref": ({"ref": ""}, "no git ref"),
    "pattern as ref": ({"ref": "refs/tags/v.*"}, "no git ref"),
    "version with v": ({"version": "v1.0.0"}, "no version"),
    "version that leads elsewhere": ({"version": "../../1.0.0"}, "no version"),
    "empty source": ({"source": ""}, "source"),
    "plain http without signatures": (
        {"source": "http://mirror.example.com", "verification": "digests_only"},
        "has to be https",
    ),
    "http log": (
        {"transparency_log": "online", "rekor_url": "http://127.0.0.1:1", "source": "NO-BUNDLE"},
        "https",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_safe_meaning_is_refused(name: str, site: Site) -> None:
    changes, words = REFUSED[name]
    if changes.get("source") == "NO-BUNDLE":
        bare = site.folder / "bare"
        bare.mkdir()
        for path in site.release.iterdir():
            if path.is_file() and path.suffix != ".json":
                (bare / path.name).write_bytes(path.read_bytes())
        changes = {**changes, "source": str(bare)}
    done = site.run(**changes)  # type: ignore[arg-type]  # none of them is "check"
    assert done.failed
    assert words in done.result["msg"]
    assert not (site.folder / "cache" / JAR).exists()


def test_digests_alone_are_said_aloud(site: Site) -> None:
    done = site.run(verification="digests_only", trust_root=None)
    assert "NO SIGNATURE IS VERIFIED" in str(done.result["warnings"])
    found = done.result["artifacts"]["controller"]
    assert (found["verified"], found["identity"], found["time"]) == (False, None, None)
