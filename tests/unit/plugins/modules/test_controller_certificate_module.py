# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module controller_certificate: four runs, the reasons to issue anew, and the proof by handshake."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.authority import (
    PASSWORD,
    Authority,
    openssl,
)
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.modules import Run, run_module
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.stores import serving
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.tls import presenting

NAMES = ["ctrl.example.internal", "10.99.1.11"]
AUTHORITY = Authority()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return AUTHORITY.security_directory(tmp_path / "security")


def run(directory: Path, *, check: bool = False, **more: object) -> Run:
    done = run_module("controller_certificate", {"directory": str(directory), "names": NAMES, **more}, check=check)
    assert PASSWORD not in done.output
    assert "PRIVATE" not in done.output
    return done


def certificates(path: Path) -> str:
    """The leaf, then the CA."""
    return openssl("pkcs12", "-in", str(path), "-passin", f"pass:{PASSWORD}", "-nokeys")


def test_four_runs(directory: Path, tmp_path: Path) -> None:
    path = directory / "server.p12"
    before = path.read_bytes()

    predicted = run(directory, check=True)
    assert predicted.result["changed"] is True
    assert predicted.result["fingerprint"] is None
    assert path.read_bytes() == before

    real = run(directory)
    assert real.result["changed"] is True
    assert real.result["reason"] == predicted.result["reason"] == "names are missing: ctrl.example.internal, 10.99.1.11"
    assert real.result["names"] == predicted.result["names"] == ["localhost", NAMES[0], "127.0.0.1", NAMES[1]]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    leaf = tmp_path / "leaf.pem"
    leaf.write_text(certificates(path))
    openssl(
        "verify", "-purpose", "sslserver", "-verify_hostname", NAMES[0], "-CAfile", str(directory / "ca.pem"), str(leaf)
    )

    written = path.read_bytes()
    for check in (True, False):
        again = run(directory, check=check)
        assert (again.result["changed"], again.result["reason"]) == (False, "")
        assert again.result["fingerprint"] == real.result["fingerprint"]
    assert path.read_bytes() == written


def test_fewer_names_later_leave_it_alone_and_more_do_not(directory: Path) -> None:
    run(directory)
    assert run(directory, names=[NAMES[0]]).result["changed"] is False
    assert run(directory, names=[*NAMES, "new.example.internal"]).result["changed"] is True


def test_only_the_mode_is_wrong(directory: Path) -> None:
    run(directory)
    path = directory / "server.p12"
    content = path.read_bytes()
    path.chmod(0o644)
    assert run(directory, check=True).result["changed"] is True
    assert run(directory).result["reason"] == "owner, group or mode differ"
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (content, 0o600)


def test_before_the_first_start(tmp_path: Path) -> None:
    predicted = run(tmp_path / "none", check=True)
    assert predicted.result["changed"] is True
    assert "was not started yet" in predicted.result["reason"]
    done = run(tmp_path / "none")
    assert done.failed
    assert "was not started yet" in done.result["msg"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"renew_before_days": 30}, "at least 31"),
        ({"validity_days": 60}, "must be more"),
        ({"names": []}, "names is empty"),
        ({"names": ["a b"]}, "neither a DNS name nor an IP address"),
        ({"owner": "prexor-nobody"}, "no user prexor-nobody"),
    ],
)
def test_bad_input_changes_nothing(directory: Path, more: dict[str, object], words: str) -> None:
    before = (directory / "server.p12").read_bytes()
    done = run(directory, check=False, **more)
    assert done.failed
    assert words in done.result["msg"]
    assert (directory / "server.p12").read_bytes() == before


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda directory: (directory / ".ca-password").unlink(), ".ca-password is missing"),
        (lambda directory: (directory / ".ca-password").write_text("wrong"), "ca.p12: the password"),
        (lambda directory: (directory / "ca.pem").write_bytes(Authority().pem), "ca.pem is not the certificate"),
        (lambda directory: (directory / "ca.p12").write_bytes(b""), "ca.p12: "),
    ],
)
def test_a_damaged_ca_stops_it(directory: Path, spoil: Callable[[Path], object], words: str) -> None:
    spoil(directory)
    done = run(directory)
    assert done.failed
    assert words in done.result["msg"]


def test_the_handshake_proves_the_new_certificate(directory: Path, tmp_path: Path) -> None:
    with serving(presenting(directory / "server.p12", tmp_path)) as port:
        wanted = {"host": "127.0.0.1", "port": port, "timeout": 5}
        assert run(directory, check=True, wait_served=wanted).result["served"] is None
        assert run(directory, wait_served=wanted).result["served"] is True
        again = run(directory, wait_served=wanted)
        assert (again.result["changed"], again.result["served"]) == (False, True)


@pytest.mark.parametrize("other", [AUTHORITY, Authority()])
def test_another_certificate_is_noticed_on_every_run(directory: Path, tmp_path: Path, other: Authority) -> None:
    run(directory)
    stale = tmp_path / "stale.p12"
    stale.write_bytes(other.pack(other.leaf("prexorcloud-controller", client=False, names=[*NAMES, "localhost"])))
    with serving(presenting(stale, tmp_path)) as port:
        done = run(directory, wait_served={"host": "127.0.0.1", "port": port, "timeout": 2})
    assert done.failed
    assert "does not present the new certificate within 2 s" in done.result["msg"]


def test_nothing_listens(directory: Path) -> None:
    run(directory)
    done = run(directory, wait_served={"host": "127.0.0.1", "port": 9, "timeout": 1})
    assert done.failed
    assert "no connection" in done.result["msg"]
