# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module admin_password finds the first password in its files and shows none."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.modules import Run, run_module
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.replay import Replay, Step

OLD, NEW = "marker-old-password", "marker-new-password"
VALUES = {
    "<JWT>": "marker-jwt",
    "<INITIAL_PASSWORD>": OLD,
    "<ADMIN_PASSWORD>": NEW,
    "<TIMESTAMP>": "2026-11-24T18:00:00Z",
}
REFUSED = Step("login: wrong", {"wrong-password-1": NEW})
CHANGE = [
    REFUSED,
    Step("login: initial"),
    Step("change: ok"),
    Step("login: old refused"),
    Step("login: new"),
    Step("logout"),
    Step("logout"),
]


def play(steps: list[Step], arguments: dict[str, object], *, check: bool = False) -> Run:
    replay = Replay(steps, VALUES)
    try:
        run = run_module("admin_password", {"url": replay.url, "password": NEW, "timeout": 5, **arguments}, check=check)
    finally:
        replay.close()
    replay.verify()
    assert OLD not in run.output
    assert NEW not in run.output
    assert "marker-jwt" not in run.output
    return run


@pytest.fixture
def files(tmp_path: Path) -> dict[str, object]:
    (tmp_path / ".initial-admin-password").write_text(OLD)
    (tmp_path / "controller.yml").write_text(f"security: {{initialAdminPassword: '{OLD}'}}\n")
    entries = [
        {"path": str(tmp_path / "missing"), "format": "text"},
        {"path": str(tmp_path / ".initial-admin-password"), "format": "text"},
        {"path": str(tmp_path / "controller.yml"), "format": "controller_yml"},
    ]
    return {"candidate_files": entries}


def test_check_then_real_then_again(files: dict[str, object]) -> None:
    predicted = play([REFUSED], files, check=True)
    real = play(CHANGE, files)
    assert predicted.result["changed"] is real.result["changed"] is True
    assert real.result["proven"] == {"new_accepted": True, "old_refused": True}
    again = play([Step("login: new"), Step("logout")], {})
    assert again.result["changed"] is False
    assert again.result["proven"] == {"new_accepted": True, "old_refused": None}


@pytest.mark.parametrize("index", [1, 2])
def test_each_kind_of_file(files: dict[str, list[object]], index: int) -> None:
    assert play(CHANGE, {"candidate_files": [files["candidate_files"][index]]}).result["changed"] is True


def test_a_given_candidate(files: dict[str, object]) -> None:
    assert play(CHANGE, {"candidate": OLD, **files}).result["changed"] is True


def test_a_line_break_at_the_end_of_the_file_is_no_part_of_the_password(tmp_path: Path) -> None:
    (tmp_path / "first").write_text(f"{OLD}\n")
    entry = {"path": str(tmp_path / "first"), "format": "text"}
    assert play(CHANGE, {"candidate_files": [entry]}).result["changed"] is True


def test_a_locked_account() -> None:
    run = play([Step("login: locked", body={"username": "admin", "password": NEW})], {})
    assert run.failed
    assert "2026-11-24T18:00:00Z" in run.result["msg"]


@pytest.mark.parametrize("url", ["http://u:p@127.0.0.1", "nonsense"])
def test_a_bad_url(url: str) -> None:
    assert run_module("admin_password", {"url": url, "password": NEW}).failed
