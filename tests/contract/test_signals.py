# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exit codes of the controller after signals, and its starts after a kill."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest
from contract_support import recordings
from contract_support.program import READY
from contract_support.site import Site, controller_ports

FILE = "config/signals.yml"
RECORDED: dict[str, Any] = recordings.load(FILE)


def run(site: Site) -> dict[str, Any]:
    """All signals on one controller, one after the other."""
    controller = site.controller("signals")
    controller.write_config(site.config(controller_ports(site)))
    seen: dict[str, Any] = {"first_start": controller.start()}
    seen["sigterm"] = controller.stop()
    seen["sigterm_log"] = controller.log()
    seen["sigterm_runs"] = []
    for _ in range(2):
        controller.start_ready()
        seen["sigterm_runs"].append(controller.stop())
    controller.start_ready()
    seen["killed"] = controller.stop(signal.SIGKILL) - 128
    seen["restart"] = controller.start()
    seen["SIGINT"] = controller.stop(signal.SIGINT)
    controller.start_ready()
    seen["SIGHUP"] = controller.stop(signal.SIGHUP)
    controller.launch()
    time.sleep(0.5)
    seen["sigterm_during_start"] = controller.stop()
    return seen


def first_start(seen: dict[str, Any]) -> bool:
    """The first start becomes ready."""
    return bool(seen["first_start"] == READY)


def sigterm_log(seen: dict[str, Any]) -> bool:
    """The program's own line comes before the end."""
    line = next(line for line in RECORDED["sigterm_log"] if "PrexorCloudBootstrap" in line)
    return line in seen["sigterm_log"]


def sigterm_runs(seen: dict[str, Any]) -> bool:
    """Every stop has the same exit code."""
    return set(seen["sigterm_runs"]) == {code for code, _ in RECORDED["sigterm_runs"]}


def sigkill_then_restart(seen: dict[str, Any]) -> bool:
    """A start after a kill is an ordinary one."""
    return all(
        (case["kill"][0], case["restart"][0]) == (-seen["killed"], seen["restart"])
        for case in RECORDED["sigkill_then_restart"]
    )


CHECKS = {
    "first_start": first_start,
    "sigterm_log": sigterm_log,
    "sigterm_runs": sigterm_runs,
    "sigkill_then_restart": sigkill_then_restart,
}


@pytest.mark.parametrize("name", [key.partition("#")[2] for key in recordings.replayed(FILE)])
@pytest.mark.ahead(run, key=FILE, seconds=60)
def test_signal(name: str, outcome: dict[str, Any]) -> None:
    """Exit code or start as recorded."""
    if name in CHECKS:
        assert CHECKS[name](outcome), outcome
    else:
        assert outcome[name] == RECORDED[name][0]
