# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module node_drain: results, and failures that say what they leave behind."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.modules import Run, run_module
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.replay import Replay, Step

PASSWORD = "marker-password"
VALUES = {"<JWT>": "marker-jwt", "<ADMIN_PASSWORD>": PASSWORD}
ARGUMENTS = {"username": "admin", "password": PASSWORD, "node_id": "node-a", "poll": 0.05}
LOGIN, LOGOUT = Step("login: new"), Step("logout")


def order(name: str, status: str) -> Step:
    """An order, which like the logout has no body."""
    return Step("logout", path=f"/api/v1/nodes/node-a/{name}", answer=json.dumps({"status": status}))


def seen(status: str, instances: int) -> Step:
    node = {"id": "node-a", "type": "CONNECTED", "status": status, "instanceCount": instances}
    return Step("node: connected", answer=json.dumps(node))


def play(steps: Sequence[Step], check: bool = False, **arguments: object) -> Run:
    replay = Replay([LOGIN, *steps, LOGOUT], VALUES)
    try:
        run = run_module("node_drain", {"url": replay.url, **ARGUMENTS, **arguments}, check=check)
    finally:
        replay.close()
    replay.verify()
    assert "marker" not in run.output
    return run


def test_drained_and_back() -> None:
    steps = [seen("ONLINE", 1), order("drain", "DRAINING"), seen("DRAINING", 1), seen("CORDONED", 0)]
    result = play(steps, state="drained").result
    assert (result["changed"], result["status"], result["instances"], result["marked"]) == (True, "CORDONED", 0, True)
    assert result["diff"] == {"before": {"state": "other"}, "after": {"state": "drained"}}
    result = play([seen("CORDONED", 0), order("undrain", "ONLINE"), seen("ONLINE", 0)], state="active").result
    assert (result["changed"], result["status"], result["marked"]) == (True, "ONLINE", False)


@pytest.mark.parametrize(("state", "changed"), [("drained", True), ("active", False)])
def test_a_check_only_looks(state: str, changed: bool) -> None:
    assert play([seen("ONLINE", 1)], check=True, state=state).result["changed"] is changed


def test_a_failure_says_what_is_left_and_how_to_go_on() -> None:
    steps = [seen("DRAINING", 1), seen("DRAINING", 1)]
    run = play(steps, state="drained", deadline=1e-6, resume="start over")
    assert run.failed and run.result["marked"] is True and run.result["changed"] is False
    assert "node-a is not drained: node-a is not empty after 1e-06 s (DRAINING, 1 game servers)" in run.result["msg"]
    assert "The daemon was left running, and the controller keeps new game servers away" in run.result["msg"]
    assert run.result["msg"].endswith("To resume: start over.")


def test_a_failure_before_any_order_says_that_nothing_is_marked() -> None:
    run = run_module("node_drain", {"url": "http://127.0.0.1:9", **ARGUMENTS, "state": "drained"})
    assert run.failed and run.result["changed"] is run.result["marked"] is False
    assert "nothing listens at http://127.0.0.1:9" in run.result["msg"]
    assert "the controller keeps nothing away from it" in run.result["msg"]


@pytest.mark.parametrize("name", ["deadline", "poll", "timeout"])
@pytest.mark.parametrize("value", [0, -1, "nan"])
def test_times_have_to_be_positive(name: str, value: object) -> None:
    run = run_module("node_drain", {"url": "http://127.0.0.1:9", **ARGUMENTS, "state": "drained", name: value})
    assert run.failed and f"{name} is" in run.result["msg"]
