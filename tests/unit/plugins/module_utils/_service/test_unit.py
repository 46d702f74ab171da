# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a unit follows from what systemd says of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._service.unit import (
    Plan,
    Unit,
    Wanted,
    last_words,
    listening_inodes,
    masked,
    members,
    parse_show,
    plan,
    unit_from,
)

SHOW = """\
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
NeedDaemonReload=no
MainPID=812
ControlGroup=/system.slice/prexorcloud-daemon.service
InvocationID=0f1e
Result=success
ConditionResult=yes
ActiveEnterTimestampMonotonic=12500000
"""
STARTED = Wanted("started", True, False)
KEEP = Wanted("started", True, True)
STOPPED = Wanted("stopped", False, False)


def unit(**changes: Any) -> Unit:
    return unit_from(parse_show(SHOW))._replace(**changes)


def test_properties_are_read() -> None:
    seen = unit()
    assert seen.exists and seen.enabled and seen.running and not seen.need_reload
    assert (seen.main_pid, seen.invocation, seen.active_since) == (812, "0f1e", 12.5)


def test_a_unit_that_does_not_exist() -> None:
    seen = unit_from(parse_show("LoadState=not-found\nActiveState=inactive\nMainPID=0\nUnitFileState=\n"))
    assert not seen.exists and not seen.running and not seen.enabled


INACTIVE = unit(active_state="inactive", sub_state="dead")
FAILED = unit(active_state="failed", sub_state="failed")
LOOPING = unit(active_state="activating", sub_state="auto-restart")
QUEUED = unit(active_state="activating", sub_state="auto-restart-queued")
STARTING = unit(active_state="activating", sub_state="start-pre")
STOPPING = unit(active_state="deactivating", sub_state="stop-sigterm")


@pytest.mark.parametrize(
    ("seen", "wanted", "due", "children", "expected"),
    [
        (unit(), STARTED, False, 0, Plan()),
        (unit(), STARTED, True, 0, Plan(action="restart")),
        (unit(), STARTED, True, 3, Plan(action="restart")),
        (unit(), KEEP, True, 0, Plan(action="restart")),
        (unit(), KEEP, True, 1, Plan(pending=True)),
        (unit(), KEEP, False, 1, Plan()),
        (INACTIVE, STARTED, False, 0, Plan(action="start")),
        (INACTIVE, KEEP, False, 2, Plan(action="start")),
        (FAILED, STARTED, False, 0, Plan(action="start")),
        (LOOPING, STARTED, False, 0, Plan(action="start")),
        (QUEUED, STARTED, False, 0, Plan(action="start")),
        (STARTING, STARTED, False, 0, Plan()),
        (STARTING, STARTED, True, 0, Plan(action="restart")),
        (STOPPING, STARTED, False, 0, Plan(action="start")),
        (unit(enabled=False), STARTED, False, 0, Plan(enable=True)),
        (unit(enabled=False), STARTED._replace(enabled=None), False, 0, Plan()),
        (unit(need_reload=True), STARTED, False, 0, Plan(reload=True)),
        (unit(), STOPPED, True, 0, Plan(action="stop", enable=False)),
        (LOOPING, STOPPED, False, 0, Plan(action="stop", enable=False)),
        (INACTIVE._replace(enabled=False), STOPPED, False, 0, Plan()),
        (FAILED._replace(enabled=False), STOPPED, False, 0, Plan()),
        (unit(enabled=False), STOPPED._replace(keep_children=True), False, 1, Plan(pending=True)),
    ],
)
def test_plan(seen: Unit, wanted: Wanted, due: bool, children: int, expected: Plan) -> None:
    assert plan(seen, wanted, due, children) == expected


def test_only_an_empty_plan_changes_nothing() -> None:
    assert not Plan().changes and not Plan(pending=True).changes
    assert all(p.changes for p in (Plan(reload=True), Plan(enable=False), Plan(action="stop")))


@pytest.mark.parametrize(
    ("state", "given_up"), [("failed", True), ("inactive", True), ("activating", False), ("active", False)]
)
def test_given_up(state: str, given_up: bool) -> None:
    assert unit(active_state=state).given_up is given_up
    assert unit(active_state=state, job=True).given_up is False


UNIFIED = "0::{}\n"
NAMED = "12:pids:/docker/1\n1:name=systemd:{}\n0::/\n"


@pytest.mark.parametrize("form", [UNIFIED, NAMED])
def test_members_of_a_control_group(form: str) -> None:
    group = "/system.slice/prexorcloud-daemon.service"
    processes = {
        1: form.format("/init.scope"),
        812: form.format(group),
        900: form.format(group),
        901: form.format(group + "/game"),
        902: form.format(group + "-other"),
    }
    assert members(group, processes) == [812, 900, 901]
    assert members("", processes) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at mongodb://prexor:s3cret@store:27017/db failed", "at mongodb://***@store:27017/db failed"),
        ("redis://:p@ss@word@store:6379", "redis://***@store:6379"),
        ("Authorization: Bearer eyJhbG.abc-_x==", "Authorization: Bearer ***"),
        ('{"password": "s3cret", "user": "a"}', '{"password": "***", "user": "a"}'),
        ("joinToken=abc next", "joinToken=*** next"),
        ("listening on http://10.0.0.1:8080/ready", "listening on http://10.0.0.1:8080/ready"),
    ],
)
def test_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1
   2: 00000000:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0
"""


def test_listening_sockets_only() -> None:
    assert listening_inodes(TCP, 8080) == {"4711"}
    assert listening_inodes(TCP, 9090) == set()


def test_last_words_are_the_programs() -> None:
    stamp = "2026-06-09T12:00:01+00:00 controller-1 "
    journal = [stamp + "java[812]: port out of range:70000", stamp + "systemd[1]: app.service: Failed."]
    assert last_words(journal) == "Its last words: port out of range:70000."
    assert last_words(journal[1:]) == "Its last words: app.service: Failed."
    assert last_words([]) == "Its journal is empty."
