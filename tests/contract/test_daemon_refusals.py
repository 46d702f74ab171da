# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start-up of the daemon: every case of daemon-refusals.yml."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import Any

import pytest
from contract_support import recordings
from contract_support.program import LOG_LINE
from contract_support.site import Site
from test_controller_refusals import normal

FILE = "config/daemon-refusals.yml"
LOGGERS = frozenset({"PrexorDaemon", "BootstrapManager"})
PORTS = re.compile(r"\b(21090|21091)\b")
JAVA_VERSION = re.compile(r"\(Java [^)]*\)")
RUNNING_SECONDS = 5  # the recorder waited 15; a daemon that refuses does so within 2


@dataclass(frozen=True)
class Outcome:
    """What one start did."""

    exit_code: int | str
    stopped: int | None
    log: str
    files: list[str]
    unchanged: bool
    ports: dict[str, str]


def run(site: Site, entry: dict[str, Any]) -> Outcome:
    """Write daemon.yml as the case has it, start without anyone to answer questions, and report."""
    setup = entry.get("setup") or {}
    ports = {"21090": str(site.port()), "21091": str(site.port())}
    daemon = site.daemon(entry["id"])
    if "config/" in setup.get("missing", []):
        daemon.config_file.parent.rmdir()
    elif "content" in setup:
        daemon.config_file.write_text(setup["content"])
    elif isinstance(entry["change"], dict):
        daemon.write_config(_with_ports(entry["change"], ports))
    before = daemon.config_file.read_bytes() if daemon.config_file.exists() else None
    slot = daemon.slots.take()
    try:
        daemon.launch()
        assert daemon.process is not None
        try:
            code: int | str = daemon.process.wait(30 if entry["exit_code"] == 1 else RUNNING_SECONDS)
            stopped = None
        except subprocess.TimeoutExpired:
            code, stopped = "running", daemon.stop()
    finally:
        slot.release()
    after = daemon.config_file.read_bytes() if daemon.config_file.exists() else None
    return Outcome(code, stopped, daemon.log(), list(daemon.snapshot()), before == after, ports)


def _with_ports(value: Any, ports: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _with_ports(one, ports) for key, one in value.items()}
    return int(ports.get(str(value), value)) if isinstance(value, int) and not isinstance(value, bool) else value


def lines(log: str) -> list[tuple[str, str, str]]:
    """(level, logger, text) of the program's own lines, without what varies between builds."""
    matches = (LOG_LINE.search(line) for line in log.splitlines())
    return [
        (m["level"], m["logger"], JAVA_VERSION.sub("(Java)", normal(m["text"])))
        for m in matches
        if m is not None and m["logger"] in LOGGERS
    ]


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(entry, id=entry["id"], marks=pytest.mark.ahead(run, entry, seconds=entry["seconds"]))
        for entry in recordings.replayed(FILE).values()
    ],
)
def test_start(entry: dict[str, Any], outcome: Outcome) -> None:
    """The daemon refuses, or hangs, as recorded, and leaves daemon.yml alone."""
    wanted = entry["exit_code"]
    assert outcome.exit_code == ("running" if isinstance(wanted, str) else wanted), outcome.log
    assert outcome.stopped == entry.get("exit_code_after_sigterm")
    recorded = PORTS.sub(lambda m: outcome.ports[m[0]], "\n".join(entry["log"]))
    assert lines(outcome.log) == lines(recorded)
    assert sorted(outcome.files) == sorted(entry["files"])
    assert outcome.unchanged
