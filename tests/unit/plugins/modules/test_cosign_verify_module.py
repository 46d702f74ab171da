# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module cosign_verify: what it returns, and that it fails for whatever is not proven."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.prexorcloud.production.tests.support.release_signer.case import ARTIFACT
from ansible_collections.prexorcloud.production.tests.support.release_signer.keys import new_key
from ansible_collections.prexorcloud.production.tests.support.release_signer.world import IDENTITY, ISSUER, World
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.modules import run_module

WORLD = World.make()
SIGNING = WORLD.sign(ARTIFACT)
SIGNER = {"certificate_identity": IDENTITY, "certificate_oidc_issuer": ISSUER}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Paths by option name, of everything one keyless and one keyed signature come with."""
    keyed = WORLD.sign_with_key(ARTIFACT, new_key(), logged=False)
    signature, certificate = SIGNING.sidecars()
    contents = {
        "path": ARTIFACT,
        "bundle": SIGNING.bundle(),
        "signature": signature,
        "certificate": certificate,
        "log_entry": SIGNING.answer(),
        "trust_root": WORLD.trust_root_json(),
        "key": keyed.key_pem,
        "keyed": keyed.sidecars()[0],
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {name: str(tmp_path / name) for name in contents}


def pick(files: dict[str, str], *names: str) -> dict[str, Any]:
    return {name: files[name] for name in names}


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("names", [("bundle",), ("signature", "certificate", "log_entry")])
def test_what_is_proven(files: dict[str, str], names: tuple[str, ...], check: bool) -> None:
    run = run_module("cosign_verify", {**pick(files, "path", "trust_root", *names), **SIGNER}, check=check)
    assert not run.failed, run.output
    assert (run.result["verified"], run.result["changed"]) == (True, False)
    assert (run.result["identity"], run.result["issuer"], run.result["key"]) == (IDENTITY, ISSUER, None)
    assert run.result["digest"] == f"sha256:{hashlib.sha256(ARTIFACT).hexdigest()}"
    assert SIGNING.record is not None
    assert (run.result["log"], run.result["log_index"]) == (WORLD.rekor.name, SIGNING.record.log_index)
    assert run.result["time"] == "2026-03-02T12:00:00Z"


@pytest.mark.parametrize("prefix", ["", "sha256:"])
def test_a_digest_in_place_of_the_file(files: dict[str, str], prefix: str) -> None:
    digest = prefix + hashlib.sha256(ARTIFACT).hexdigest()
    run = run_module("cosign_verify", {**pick(files, "bundle", "trust_root"), **SIGNER, "digest": digest})
    assert run.result.get("verified") is True, run.output


@pytest.mark.parametrize("check", [False, True])
def test_another_signer(files: dict[str, str], check: bool) -> None:
    wanted = {**SIGNER, "certificate_identity": IDENTITY.replace("PrexorJustin", "somebody")}
    run = run_module("cosign_verify", {**pick(files, "path", "trust_root", "bundle"), **wanted}, check=check)
    assert run.failed
    assert (run.result["verified"], run.result["reason"]) == (False, "identity_mismatch")
    for text in (files["path"], IDENTITY, wanted["certificate_identity"]):
        assert text in run.result["msg"]


def test_the_public_good_root_is_the_default(files: dict[str, str]) -> None:
    run = run_module("cosign_verify", {**pick(files, "path", "bundle"), **SIGNER})
    assert run.result["reason"] == "log_unknown"


def test_an_altered_file(files: dict[str, str]) -> None:
    Path(files["path"]).write_bytes(ARTIFACT[:-1] + b"!")
    run = run_module("cosign_verify", {**pick(files, "path", "bundle", "trust_root"), **SIGNER})
    assert run.result["reason"] == "digest_mismatch"


def test_a_bare_key_without_the_log_is_warned_about(files: dict[str, str]) -> None:
    arguments = {"path": files["path"], "signature": files["keyed"], "public_keys": [files["key"]]}
    run = run_module("cosign_verify", {**arguments, "transparency_log": "ignore"})
    assert run.result.get("verified") is True, run.output
    assert (run.result["identity"], run.result["time"], run.result["log"]) == (None, None, None)
    assert "the transparency log is ignored" in run.output
    offline = run_module("cosign_verify", {**arguments, "transparency_log": "offline"})
    assert offline.result["reason"] == "log_entry_missing"


def test_an_unanchored_pattern_is_warned_about(files: dict[str, str]) -> None:
    arguments = {"certificate_identity_regexp": "PrexorJustin/prexorcloud", "certificate_oidc_issuer": ISSUER}
    run = run_module("cosign_verify", {**pick(files, "path", "bundle", "trust_root"), **arguments})
    assert run.result.get("verified") is True, run.output
    assert "does not begin with '^'" in run.output


@pytest.mark.parametrize("missing", ["path", "bundle", "trust_root", "signature", "certificate", "log_entry"])
@pytest.mark.parametrize("kind", ["missing", "directory"])
def test_files_that_cannot_be_read(files: dict[str, str], missing: str, kind: str) -> None:
    Path(files[missing]).unlink()
    if kind == "directory":
        Path(files[missing]).mkdir()
    names = ("bundle",) if missing in ("path", "bundle", "trust_root") else ("signature", "certificate", "log_entry")
    run = run_module("cosign_verify", {**pick(files, "path", "trust_root", *names), **SIGNER})
    assert run.result["reason"] == ("artifact_unreadable" if missing == "path" else "input_unreadable")
    assert files[missing] in run.result["msg"]


@pytest.mark.parametrize(
    "change",
    [
        {"certificate_identity": None},
        {"certificate_identity": ""},
        {"certificate_oidc_issuer": None},
        {"certificate_oidc_issuer": ""},
        {"certificate_identity_regexp": ".*"},
        {"certificate_identity": None, "certificate_identity_regexp": "("},
        {"certificate_identity": None, "certificate_identity_regexp": "(?=x)"},
        {"transparency_log": "ignore"},
        {"public_keys": ["key"]},
        {"predicate_type": ""},
        {"key_valid_from": "yesterday", "public_keys": ["key"], "certificate_identity": None},
    ],
)
def test_options_without_a_safe_meaning(files: dict[str, str], change: dict[str, Any]) -> None:
    arguments = {**pick(files, "path", "bundle", "trust_root"), **SIGNER, **change}
    if "public_keys" in change:
        arguments["public_keys"] = [files["key"]]
    if "key_valid_from" in change:
        del arguments["certificate_oidc_issuer"]
    given = {name: value for name, value in arguments.items() if value is not None}
    run = run_module("cosign_verify", given)
    assert run.failed
    assert run.result["verified"] is False
    assert "reason" not in run.result
    assert "do not say what to trust" in run.result["msg"]


@pytest.mark.parametrize(
    "names",
    [(), ("path",), ("bundle",), ("path", "bundle", "signature"), ("path", "certificate"), ("path", "signature")],
)
def test_options_that_do_not_go_together(files: dict[str, str], names: tuple[str, ...]) -> None:
    run = run_module("cosign_verify", {**pick(files, *names), **SIGNER})
    assert run.failed
    assert "verified" not in run.result or run.result["verified"] is False


@pytest.mark.parametrize("name", ["cosign_verify", "cosign_verify_image"])
def test_without_the_library_nothing_is_verified(files: dict[str, str], name: str, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    # Python reads it at its start; a module that is None counts as not installed.
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['cryptography'] = None\n")
    what = pick(files, "path", "bundle") if name == "cosign_verify" else {"image": "ghcr.io/owner/name:1"}
    run = run_module(name, {**what, **SIGNER}, before=str(hidden))
    assert run.failed
    assert run.result["verified"] is False
    assert "python3-cryptography" in run.result["msg"]
