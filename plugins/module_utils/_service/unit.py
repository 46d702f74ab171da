# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd says of a unit, and what has to be done to it. Pure functions, no subprocess."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

# Asked for in one call of `systemctl show`.
PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "NeedDaemonReload",
    "MainPID",
    "ControlGroup",
    "InvocationID",
    "Result",
    "ConditionResult",
    "Job",
    "ActiveEnterTimestampMonotonic",
)

# A password in a URI ends at its last "@": an unescaped one inside it must not show the rest.
_SECRETS = (
    (re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]*://)[^\s\"'<>]*@"), r"\1***@"),
    (re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/-]+=*"), r"\1***"),
    (re.compile(r"(?i)((?:password|secret|token)[\"']?\s*[=:]\s*[\"']?)[^\s\"',;}&]+"), r"\1***"),
)


class Unit(NamedTuple):
    """A unit as systemd sees it. need_reload: the file on disk is not the loaded one; active_since: seconds of
    CLOCK_MONOTONIC, 0 if not active; condition_failed: the last start was skipped because of a Condition; job: a start
    or stop is queued."""

    load_state: str
    active_state: str
    sub_state: str
    enabled: bool
    need_reload: bool
    main_pid: int
    control_group: str
    invocation: str
    result: str
    condition_failed: bool
    active_since: float
    job: bool

    @property
    def exists(self) -> bool:
        return self.load_state != "not-found"

    @property
    def running(self) -> bool:
        """Whether a process runs or is just being started; not while systemd waits for its next try."""
        if self.active_state == "activating":
            return not self.sub_state.startswith("auto-restart")
        return self.active_state in ("active", "reloading", "refreshing")

    @property
    def given_up(self) -> bool:
        """Whether systemd will start it no more by itself: start limit, clean exit, condition."""
        return self.active_state in ("failed", "inactive") and not self.job


class Wanted(NamedTuple):
    """state: started or stopped; enabled: None leaves it as it is; keep_children: see the module."""

    state: str
    enabled: bool | None
    keep_children: bool


class Plan(NamedTuple):
    """What to do. action: "", start, restart or stop; enable: None if it stands right; pending: the action is due
    but left to the operator, since the processes of other people's games would end with it."""

    reload: bool = False
    enable: bool | None = None
    action: str = ""
    pending: bool = False

    @property
    def changes(self) -> bool:
        return self.reload or self.enable is not None or bool(self.action)


def parse_show(text: str) -> dict[str, str]:
    """Properties from the output of `systemctl show` (``Name=value`` lines)."""
    pairs = (line.partition("=") for line in text.splitlines())
    return {name: value for name, separator, value in pairs if separator}


def unit_from(properties: Mapping[str, str]) -> Unit:
    """A Unit from the PROPERTIES; absent ones count as empty."""
    get = properties.get
    return Unit(
        load_state=get("LoadState", "not-found"),
        active_state=get("ActiveState", "inactive"),
        sub_state=get("SubState", ""),
        enabled=get("UnitFileState") in ("enabled", "enabled-runtime", "alias"),
        need_reload=get("NeedDaemonReload") == "yes",
        main_pid=int(get("MainPID") or 0),
        control_group=get("ControlGroup", ""),
        invocation=get("InvocationID", ""),
        result=get("Result", ""),
        condition_failed=get("ConditionResult") == "no",
        active_since=int(get("ActiveEnterTimestampMonotonic") or 0) / 1e6,
        job=get("Job", "0") not in ("", "0"),
    )


def plan(unit: Unit, wanted: Wanted, due: bool, children: int) -> Plan:
    """What brings the unit to what is wanted.

    due: a restart is due; children: number of processes of the unit besides its main one.
    """
    enable = wanted.enabled if wanted.enabled is not None and wanted.enabled != unit.enabled else None
    if wanted.state == "stopped":
        action = "stop" if unit.active_state not in ("inactive", "failed") else ""
    elif not unit.running:
        action = "start"
    else:
        action = "restart" if due else ""
    pending = action in ("restart", "stop") and wanted.keep_children and children > 0
    return Plan(unit.need_reload, enable, "" if pending else action, pending)


def service_cgroup(proc_cgroup: str) -> str:
    """Path of the cgroup that systemd put a process in, from its /proc/PID/cgroup (unified or named hierarchy)."""
    for line in proc_cgroup.splitlines():
        _number, _colon, rest = line.partition(":")
        controllers, colon, path = rest.partition(":")
        if colon and controllers in ("name=systemd", "") and path != "/":
            return path
    return ""


def members(cgroup: str, processes: Mapping[int, str]) -> list[int]:
    """PIDs in the cgroup or below it. processes: PID -> content of /proc/PID/cgroup."""
    if not cgroup:
        return []
    found = {pid: service_cgroup(text) for pid, text in processes.items()}
    return sorted(pid for pid, path in found.items() if path == cgroup or path.startswith(cgroup + "/"))


def masked(text: str) -> str:
    """The text without passwords in URIs, bearer tokens and what stands behind password=, secret= or token=."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def listening_inodes(proc_net_tcp: str, port: int) -> set[str]:
    """Inodes of the sockets listening on a port, from /proc/net/tcp or tcp6 (state 0A, local port in hexadecimal)."""
    rows = (line.split() for line in proc_net_tcp.splitlines()[1:])
    return {row[9] for row in rows if len(row) > 9 and row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port}


def last_words(journal: list[str], count: int = 3) -> str:
    """The last lines of a journal (short format) as a sentence; those of the program, where it said anything."""
    own = [line for line in journal if " systemd[1]: " not in line] or journal
    if not own:
        return "Its journal is empty."
    return "Its last words: " + " | ".join(line.partition("]: ")[2] or line for line in own[-count:]).rstrip(".") + "."
