# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/verify_release.yml without an inventory: a release and images in one table, and a verdict for each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.prexorcloud.production.tests.support.release_signer import state
from ansible_collections.prexorcloud.production.tests.support.release_signer.__main__ import main as signer
from ansible_collections.prexorcloud.production.tests.support.release_signer.world import identity_of
from ansible_collections.prexorcloud.production.tests.unit.plugins.support import images
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.registry import local_registry, loopback_tls

ROOT = Path(__file__).resolve().parents[3]
JAR = "cloud-controller-1.0.0.jar"
TAG = "refs/tags/v1.0.0"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release with its bundles, the signer's state, and a home of nobody."""
    folder = tmp_path_factory.mktemp("place")
    (folder / JAR).write_bytes(b"a program")
    places = ["--out", str(folder / "release"), "--state", str(folder / "state")]
    signer(["release", "--version", "1.0.0", "--bundle", *places, str(folder / JAR)])
    (folder / "collections" / "ansible_collections" / "prexorcloud").mkdir(parents=True)
    (folder / "collections" / "ansible_collections" / "prexorcloud" / "production").symlink_to(ROOT)
    (folder / "ansible.cfg").touch()
    return folder


def verify(place: Path, **variables: object) -> tuple[int, list[str]]:
    """Exit code, and the output's lines with single blanks."""
    given = {
        "prexorcloud_version": "1.0.0",
        "prexorcloud_release_source": str(place / "release"),
        "prexorcloud_release_trust_root": str(place / "release" / "trusted_root.json"),
        "prexorcloud_release_transparency_log": "offline",
        "release_artifacts": ["controller", "cli_amd64"],
        **variables,
    }
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ansible",
            "playbook",
            str(ROOT / "playbooks" / "verify_release.yml"),
            "-e",
            json.dumps(given),
        ],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(place),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_CONFIG": str(place / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(place / "collections"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, [" ".join(line.split()).strip('", ') for line in (done.stdout + done.stderr).splitlines()]


def row(lines: list[str], name: str) -> list[str]:
    """The cells of the table's row about a name."""
    (found,) = [line for line in lines if line.startswith(f"{name} ")]
    return found.split(" ")


def test_release_and_images_in_one_table(place: Path) -> None:
    world = state.load(place / "state")
    document = images.manifest(images.descriptor(b"layer", "application/vnd.oci.image.layer.v1.tar"))
    digest = images.sha256(document)
    authorities, context = loopback_tls(place)
    with local_registry(context) as registry:
        registry.put_manifest(document, "1.0.0")
        signed_by = {"signed": "release-images.yml", "foreign": "ci.yml"}
        tables = {}
        for name, workflow in signed_by.items():
            identity = identity_of(workflow, TAG)
            signing = world.sign(images.simple_signing(digest), plan=world.leaf_plan(identity))
            registry.put_blob(signing.artifact)
            images.put_classic(registry, digest, [images.keyless_layer(signing, world)])
            image = f"{registry.host}/owner/name:1.0.0"
            tables[name] = verify(place, release_images=[image], prexorcloud_release_ca_path=str(authorities))

    code, lines = tables["signed"]
    assert code == 0, lines
    cells = row(lines, image)
    assert (cells[1], cells[4], cells[5]) == ("verified", digest, identity_of("release-images.yml", TAG))
    assert row(lines, JAR)[1] == "verified"
    assert row(lines, JAR)[5] == identity_of("release-jars.yml", TAG)
    assert row(lines, "prexorctl_1.0.0_linux_amd64.tar.gz")[5] == identity_of("release.yml", TAG)

    code, lines = tables["foreign"]
    assert code != 0
    assert row(lines, image)[1:] == ["REFUSED", "-", "-", "-", "identity_mismatch"]
    assert row(lines, JAR)[1] == "verified"


def test_a_release_that_is_refused_fails(place: Path) -> None:
    code, lines = verify(place, prexorcloud_release_ref="refs/tags/v1.0.1")
    assert code != 0
    assert any("SHA256SUMS is refused, identity_mismatch:" in line for line in lines)
    assert not any(line.startswith(f"{JAR} ") for line in lines)
