# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module release_installed: check, real, check again, real again; and wrong bytes change nothing."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.modules import Run, run_module

JAR = b"PK a program"


def site(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


SITE = site({"./index.html": b"<html>", "./assets/app.js": b"js"})


class Host:
    def __init__(self, folder: Path) -> None:
        self.releases = folder / "releases"
        self.releases.mkdir()
        self.incoming = folder / "incoming"
        self.incoming.mkdir()

    def run(
        self,
        component: str,
        content: bytes,
        *,
        check: bool = False,
        received: bytes | None = None,
        version: str = "1.0.0",
    ) -> Run:
        artifact: dict[str, object] = {
            "component": component,
            "path": "/on/the/control/node",
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        if received is not None:
            path = self.incoming / component
            path.write_bytes(received)
            artifact["received"] = str(path)
        arguments = {"directory": str(self.releases), "version": version, "artifacts": [artifact]}
        return run_module("release_installed", arguments, check=check)

    def files(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.releases)): path.read_bytes()
            for path in self.releases.rglob("*")
            if path.is_file() and path.suffix != ".json"
        }


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


WHOLE = {
    "controller": (JAR, {"controller/1.0.0/cloud-controller.jar": JAR}),
    "dashboard": (SITE, {"dashboard/1.0.0/index.html": b"<html>", "dashboard/1.0.0/assets/app.js": b"js"}),
}


@pytest.mark.parametrize("component", WHOLE)
def test_four_runs(component: str, host: Host) -> None:
    content, files = WHOLE[component]
    predicted = host.run(component, content, check=True)
    assert predicted.result["changed"] is True
    assert predicted.result["missing"] == [component]
    assert host.files() == {}

    real = host.run(component, content, received=content)
    assert real.result["changed"] is True
    assert real.result["diff"] == predicted.result["diff"]
    assert host.files() == files

    for check in (True, False):
        again = host.run(component, content, check=check)
        assert (again.result["changed"], again.result["missing"]) == (False, [])


@pytest.mark.parametrize("component", WHOLE)
def test_without_the_bytes_nothing_happens(component: str, host: Host) -> None:
    assert host.run(component, WHOLE[component][0]).result["missing"] == [component]
    assert list(host.releases.rglob("*")) == []


@pytest.mark.parametrize("component", WHOLE)
def test_wrong_bytes_leave_what_is_there(component: str, host: Host) -> None:
    content, files = WHOLE[component]
    host.run(component, content, received=content)
    wanted = site({"index.html": b"another"}) if component == "dashboard" else b"another"
    done = host.run(component, wanted, received=wanted[:-1] + b"!")
    assert done.failed
    assert done.result["reason"] == "digest_mismatch"
    assert component in done.result["msg"]
    assert host.files() == files


def test_an_archive_that_reaches_out_leaves_what_is_there(host: Host) -> None:
    content, files = WHOLE["dashboard"]
    host.run("dashboard", content, received=content)
    evil = site({"index.html": b"x", "../../../evil": b"x"})
    done = host.run("dashboard", evil, received=evil)
    assert done.result["reason"] == "input_malformed"
    assert host.files() == files


def test_a_link_in_place_of_the_received_file_is_not_followed(host: Host, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(JAR)
    (host.incoming / "controller").symlink_to(tmp_path / "secret")
    arguments = {
        "directory": str(host.releases),
        "version": "1.0.0",
        "artifacts": [
            {
                "component": "controller",
                "path": "/x",
                "sha256": hashlib.sha256(JAR).hexdigest(),
                "received": str(host.incoming / "controller"),
            }
        ],
    }
    assert run_module("release_installed", arguments).failed
    assert host.files() == {}


ALTERATIONS = {
    "content": lambda top: (top / "index.html").write_bytes(b"<HTML>"),
    "missing file": lambda top: (top / "index.html").unlink(),
    "foreign file": lambda top: (top / "shell.php").write_bytes(b"x"),
    "link": lambda top: (top / "etc").symlink_to("/etc"),
    "mode": lambda top: (top / "index.html").chmod(0o666),
    "executable": lambda top: (top / "index.html").chmod(0o755),
    "no record": lambda top: (top.parent / ".1.0.0.json").unlink(),
    "torn record": lambda top: (top.parent / ".1.0.0.json").write_text('{"sha256": "'),
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_an_altered_tree_is_unpacked_anew(name: str, host: Host) -> None:
    content, files = WHOLE["dashboard"]
    host.run("dashboard", content, received=content)
    ALTERATIONS[name](host.releases / "dashboard" / "1.0.0")
    predicted = host.run("dashboard", content, check=True)
    assert predicted.result["missing"] == ["dashboard"]
    mended = host.run("dashboard", content, received=content)
    assert mended.result["diff"] == predicted.result["diff"]
    assert host.files() == files
    assert host.run("dashboard", content).result["changed"] is False


def test_owner_and_mode_alone_need_no_bytes(host: Host) -> None:
    host.run("controller", JAR, received=JAR)
    jar = host.releases / "controller" / "1.0.0" / "cloud-controller.jar"
    jar.chmod(0o666)
    done = host.run("controller", JAR)
    assert (done.result["changed"], done.result["missing"]) == (True, [])
    assert jar.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("component", WHOLE)
def test_what_a_killed_run_left_behind_is_replaced(component: str, host: Host) -> None:
    content, files = WHOLE[component]
    folder = host.releases / component
    (folder / "1.0.0").mkdir(parents=True)
    (folder / ".1.0.0.new").mkdir()
    (folder / ".1.0.0.new" / "half").write_bytes(b"")
    (folder / ".1.0.0.new.tar.gz").write_bytes(b"half")
    (folder / "1.0.0" / ".cloud-controller.jar.new").write_bytes(b"half")
    host.run(component, content, received=content)
    assert host.run(component, content).result["changed"] is False
    if component == "dashboard":
        assert host.files() == files
    assert not (host.releases / "controller" / "1.0.0" / ".cloud-controller.jar.new").exists()


def test_versions_lie_side_by_side(host: Host) -> None:
    host.run("controller", JAR, received=JAR)
    host.run("controller", b"new", received=b"new", version="1.1.0")
    assert host.files() == {
        "controller/1.0.0/cloud-controller.jar": JAR,
        "controller/1.1.0/cloud-controller.jar": b"new",
    }
    assert not any(name.startswith(".") for name in os.listdir(host.releases / "controller"))
