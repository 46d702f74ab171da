# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module node_identity: check, real, check again, real again; and nothing of the material in any output."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.authority import PASSWORD, Authority, openssl
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.modules import Run, run_module

AUTHORITY = Authority()
MODES = {"node.p12": 0o600, ".node-password": 0o600, "ca.pem": 0o644}


def material(name: str = "node-1", authority: Authority = AUTHORITY, **more: object) -> dict[str, object]:
    store = authority.pack(authority.leaf(name, **more))  # type: ignore[arg-type]
    return {
        "pkcs12_base64": base64.b64encode(store).decode(),
        "pkcs12_password": PASSWORD,
        "ca_pem": AUTHORITY.pem.decode(),
    }


def run(
    directory: Path, arguments: Mapping[str, object] | None = None, *, check: bool = False, before: str = ""
) -> Run:
    wanted = {"directory": str(directory), "node_id": "node-1", **(arguments or {})}
    done = run_module("node_identity", wanted, check=check, before=before)
    assert PASSWORD not in done.output
    assert "PRIVATE" not in done.output
    return done


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "security"


def listing(directory: Path) -> dict[str, int]:
    return {name: stat.S_IMODE((directory / name).stat().st_mode) for name in os.listdir(directory)}


def test_four_runs(directory: Path) -> None:
    given = material()
    inspected = run(directory)
    assert (inspected.result["changed"], inspected.result["usable"]) == (False, False)
    assert "missing" in inspected.result["reason"]

    predicted = run(directory, given, check=True)
    assert predicted.result["changed"] is True
    assert not directory.exists()

    real = run(directory, given)
    assert real.result["changed"] is True
    assert real.result["usable"] is True
    assert real.result["diff"] == predicted.result["diff"]
    assert listing(directory) == MODES
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert (directory / ".node-password").read_text() == PASSWORD
    openssl("pkcs12", "-in", str(directory / "node.p12"), "-passin", f"file:{directory / '.node-password'}", "-noout")

    assert run(directory, given, check=True).result["changed"] is False
    assert run(directory, given).result["changed"] is False
    assert run(directory).result["usable"] is True


def test_wrong_modes_are_a_change_and_are_mended(directory: Path) -> None:
    given = material()
    run(directory, given)
    (directory / ".node-password").chmod(0o644)
    directory.chmod(0o755)
    assert run(directory, given, check=True).result["changed"] is True
    assert run(directory, given).result["changed"] is True
    assert listing(directory) == MODES
    assert run(directory, given).result["changed"] is False


@pytest.mark.parametrize("killed_after", [1, 2])
def test_a_run_killed_in_between_is_repaired(directory: Path, killed_after: int) -> None:
    run(directory, {**material(), "pkcs12_password": PASSWORD})
    leaf = AUTHORITY.leaf("node-1")
    new = material()
    new["pkcs12_base64"] = base64.b64encode(AUTHORITY.pack(leaf, "another-password")).decode()
    new["pkcs12_password"] = "another-password"
    if killed_after == 2:
        (directory / ".node-password").write_text("another-password")
        assert run(directory).result["usable"] is False
    run(directory, new)
    assert run(directory).result["usable"] is True


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (material("node-2"), "not for 'node-1'"),
        (material(authority=Authority()), "not signed by the CA"),
        (material(days=10), "expires in"),
        ({**material(), "pkcs12_password": "wrong"}, "password does not open it"),
        ({**material(), "pkcs12_base64": "%"}, "Base64"),
        ({**material(), "pkcs12_base64": ""}, "the given material is empty"),
    ],
)
def test_unfit_material_is_refused_before_anything_is_written(
    directory: Path, given: dict[str, object], words: str
) -> None:
    done = run(directory, given)
    assert done.failed
    assert words in done.result["msg"]
    assert not directory.exists()


def test_check_mode_before_the_enrolment_predicts_a_change(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "cryptography.py").write_text("raise ImportError('not here')\n")
    empty = {"pkcs12_base64": "", "pkcs12_password": "", "ca_pem": "", "owner": "prexor-nobody"}
    done = run(directory, empty, check=True, before=str(tmp_path))
    assert done.result["changed"] is True


def test_a_user_that_does_not_exist(directory: Path) -> None:
    given = {**material(), "owner": "prexor-nobody"}
    assert run(directory, given, check=True).result["changed"] is True
    done = run(directory, given)
    assert done.failed
    assert "no user prexor-nobody" in done.result["msg"]
    assert not directory.exists()


def test_half_of_the_material_is_refused(directory: Path) -> None:
    assert run(directory, {"pkcs12_base64": "eA=="}).failed


def test_a_missing_library_names_the_package(directory: Path, tmp_path: Path) -> None:
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    (libraries / "cryptography.py").write_text("raise ImportError('not here')\n")
    done = run(directory, material(), before=str(libraries))
    assert done.failed
    assert "python3-cryptography" in done.result["msg"]
