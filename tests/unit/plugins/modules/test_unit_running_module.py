# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module does to a unit, on a systemd and a clock of the test's own."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NoReturn, cast

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.prexorcloud.production.plugins.module_utils._service import start_record
from ansible_collections.prexorcloud.production.plugins.modules import unit_running

NAME = "prexorcloud-test.service"
CHANGING = ("daemon-reload", "enable", "disable", "reset-failed", "start", "stop", "restart")
BOOT = 1000.0


class Failed(Exception):
    """The module called fail_json."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__(result["msg"])
        self.result = result


class Systemd:
    """One unit, a clock that only sleeping advances, and the module object.

    starts: what comes of each start, in turn: ``ready`` (after 3 s), ``never`` (runs, but is not ready), ``crash``
    (after 1 s, tried again 5 s later), ``limit`` (crashes, and the start limit is hit), ``end`` (ends by itself with
    success).
    """

    def __init__(self, folder: Path, starts: tuple[str, ...] = ("ready",), **params: Any) -> None:
        self.folder, self.starts = folder, list(starts)
        self.now = BOOT
        self.commands: list[str] = []
        self.warnings: list[str] = []
        self.check_mode = False
        self.records = True
        self.load_state, self.enabled, self.need_reload = "loaded", "disabled", "no"
        self.invocation, self.outcome, self.since = 0, "", 0.0
        self.config = folder / "app.yml"
        self.config.write_text("port: 1\n")
        options = unit_running.ARGUMENTS
        given = {
            "name": NAME,
            "record": str(folder / "record.json"),
            "yaml": [str(self.config)],
            "ready": {"url": "http://127.0.0.1:1/ready", "timeout": 5.0, "deadline": 120.0},
            **params,
        }
        self.params = {name: given.get(name, option.get("default")) for name, option in options.items()}

    # the module object

    def run_command(self, command: list[str]) -> tuple[int, str, str]:
        if command[0] == "journalctl":
            return 0, "2026-06-09T12:00:01+00:00 host java[7]: cannot use mongodb://u:s3cret@h/db\n", ""
        self.commands.append(" ".join(word for word in command[1:] if word not in ("--", "--no-block", NAME)))
        handler = getattr(self, "do_" + command[1].replace("-", "_"))
        return handler() or (0, "", "")

    def fail_json(self, **result: Any) -> NoReturn:
        raise Failed(result)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    # systemd

    def do_show(self) -> tuple[int, str, str]:
        state, sub = self.state()
        values = {
            "LoadState": self.load_state,
            "ActiveState": state,
            "SubState": sub,
            "UnitFileState": self.enabled,
            "NeedDaemonReload": self.need_reload,
            "MainPID": "0",
            "InvocationID": f"invocation-{self.invocation}",
            "Result": "success",
            "ActiveEnterTimestampMonotonic": str(int(self.since * 1e6)),
        }
        return 0, "".join(f"{key}={value}\n" for key, value in values.items()), ""

    def state(self) -> tuple[str, str]:
        age = self.now - self.since
        if self.outcome == "crash" and age >= 6:
            self.do_start()
            return self.state()
        crashed = self.outcome in ("crash", "limit", "end") and age >= 1
        if not self.outcome:
            return "inactive", "dead"
        if not crashed:
            return "active", "running"
        return {"crash": ("activating", "auto-restart"), "limit": ("failed", "failed"), "end": ("inactive", "dead")}[
            self.outcome
        ]

    def do_start(self) -> None:
        self.invocation += 1
        self.outcome, self.since = self.starts.pop(0), self.now
        if self.records:
            inputs = start_record.Inputs(NAME, tuple(self.params["yaml"]))
            start_record.record_start(self.params["record"], inputs, f"invocation-{self.invocation}", True)

    def do_stop(self) -> None:
        self.outcome = ""

    def do_daemon_reload(self) -> None:
        self.need_reload = "no"

    def do_enable(self) -> None:
        self.enabled = "enabled"

    def do_disable(self) -> None:
        self.enabled = "disabled"

    def do_reset_failed(self) -> None:
        pass

    # the test's side

    def probe(self, _url: str, _timeout: float) -> str:
        return "" if self.outcome == "ready" and self.now - self.since >= 3 else "HTTP 503"

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def run(self) -> dict[str, Any]:
        self.commands = []
        work = unit_running.UnitRunning(cast(AnsibleModule, self))
        unit, todo = work.plan()
        if not self.check_mode:
            work.apply(unit, todo)
        return work.result

    def foresee(self) -> dict[str, Any]:
        """Result of check mode, in which nothing may be done."""
        self.check_mode = True
        result = self.run()
        self.check_mode = False
        assert self.changes() == []
        return result

    def changes(self) -> list[str]:
        return [command for command in self.commands if command.split()[0] in CHANGING]


@pytest.fixture(autouse=True)
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Systemd:
    host = Systemd(tmp_path)
    monkeypatch.setattr(unit_running, "probe", host.probe)
    monkeypatch.setattr(time, "sleep", host.sleep)
    monkeypatch.setattr(time, "monotonic", lambda: host.now)
    monkeypatch.setattr(time, "clock_gettime", lambda _clock: host.now)
    return host


def both(systemd: Systemd) -> dict[str, Any]:
    """Result of a run that check mode foresaw."""
    foreseen, done = systemd.foresee(), systemd.run()
    assert foreseen == done
    return done


def test_it_starts_once(systemd: Systemd) -> None:
    systemd.params["enabled"] = True
    assert both(systemd)["started"] is True
    assert systemd.changes() == ["enable", "reset-failed", "start"]
    again = both(systemd)
    assert again["changed"] is False and again["running"] is True and systemd.changes() == []


def test_it_restarts_for_a_changed_input_only(systemd: Systemd) -> None:
    systemd.starts = ["ready", "ready"]
    systemd.run()
    systemd.config.write_text("port: 1  # a comment\n")
    assert both(systemd)["changed"] is False
    systemd.config.write_text("port: 2\n")
    result = both(systemd)
    assert (result["restarted"], result["due_because"]) == (True, [f"yaml:{systemd.config}"])
    assert systemd.changes() == ["reset-failed", "stop", "start"]
    assert both(systemd)["changed"] is False


def test_a_unit_that_others_started_is_restarted(systemd: Systemd) -> None:
    systemd.starts, systemd.records = ["ready", "ready"], False
    systemd.do_start()
    systemd.records = True
    assert both(systemd)["due_because"] == ["record"]


def test_one_failed_start_is_no_verdict(systemd: Systemd) -> None:
    systemd.starts = ["crash", "ready"]
    assert systemd.run()["started"] is True
    assert systemd.changes() == ["reset-failed", "start"] and systemd.starts == []


def test_a_unit_that_waits_for_its_next_try_is_started_at_once(systemd: Systemd) -> None:
    systemd.starts = ["crash", "ready"]
    systemd.do_start()
    systemd.sleep(1)
    assert both(systemd)["started"] is True
    assert systemd.changes() == ["reset-failed", "stop", "start"] and systemd.now - BOOT < 6


def test_it_waits_no_longer_than_systemd_tries(systemd: Systemd) -> None:
    systemd.starts = ["crash", "crash", "limit"]
    with pytest.raises(Failed) as failed:
        systemd.run()
    result = failed.value.result
    assert systemd.now - BOOT < 20
    assert (result["started"], result["changed"], result["running"]) == (True, True, False)
    assert "did not become ready after a start" in result["msg"] and "state failed/failed" in result["msg"]
    assert "s3cret" not in str(result) and "mongodb://***@h/db" in result["msg"]
    assert result["msg"].endswith("To resume: run the same playbook again.")


def test_a_program_that_ends_by_itself_is_not_waited_for(systemd: Systemd) -> None:
    systemd.starts = ["end"]
    with pytest.raises(Failed, match="state inactive/dead"):
        systemd.run()
    assert systemd.now - BOOT < 10


def test_the_deadline_holds(systemd: Systemd) -> None:
    systemd.starts = ["never"]
    with pytest.raises(Failed, match="HTTP 503"):
        systemd.run()
    assert 120 <= systemd.now - BOOT < 125


def test_without_a_probe_active_is_enough(systemd: Systemd) -> None:
    systemd.starts, systemd.params["ready"] = ["never"], None
    assert systemd.run()["started"] is True


def test_an_interrupted_start_gets_the_rest_of_its_time(systemd: Systemd) -> None:
    systemd.do_start()
    systemd.sleep(1)
    assert systemd.run()["changed"] is False
    assert systemd.now - BOOT == 3


def test_a_running_unit_that_is_not_ready_is_reported_and_left_running(systemd: Systemd) -> None:
    systemd.starts = ["never"]
    systemd.do_start()
    systemd.sleep(1000)
    with pytest.raises(Failed, match="runs, but is not ready") as failed:
        systemd.run()
    assert failed.value.result["changed"] is False and systemd.changes() == []
    assert systemd.now - BOOT - 1000 < 20


def test_a_start_without_a_record_is_said(systemd: Systemd) -> None:
    systemd.records = False
    with pytest.raises(Failed, match="left no record"):
        systemd.run()


def test_children_are_kept(systemd: Systemd, monkeypatch: pytest.MonkeyPatch) -> None:
    systemd.params["keep_children"] = True
    systemd.run()
    systemd.config.write_text("port: 2\n")
    monkeypatch.setattr(unit_running, "members", lambda _group, _processes: [7, 8])
    result = both(systemd)
    assert (result["pending"], result["due"], result["changed"], result["children"]) == (True, True, False, 2)
    assert systemd.changes() == []
    systemd.params["keep_children"] = False
    assert systemd.foresee()["restarted"] is True


@pytest.mark.parametrize(("ends_after", "pending"), [(20, False), (40, True)])
def test_children_that_are_ending_are_waited_for(
    systemd: Systemd, monkeypatch: pytest.MonkeyPatch, ends_after: int, pending: bool
) -> None:
    systemd.starts = ["ready", "ready"]
    systemd.run()
    systemd.config.write_text("port: 2\n")
    systemd.params.update(keep_children=True, children_patience=30)
    end = systemd.now + ends_after
    monkeypatch.setattr(unit_running, "members", lambda _group, _processes: [7] if systemd.now < end else [])
    before = systemd.now
    assert systemd.foresee()["pending"] is True and systemd.now == before, "a check does not wait"
    result = systemd.run()
    assert (result["pending"], result["restarted"]) == (pending, not pending)
    assert systemd.now - before < 30 + 10


def test_a_standby_is_stopped_and_disabled(systemd: Systemd) -> None:
    systemd.params["enabled"] = True
    systemd.run()
    systemd.params.update(state="stopped", enabled=False)
    result = both(systemd)
    assert result["stopped"] is True and result["running"] is False and systemd.changes() == ["disable", "stop"]
    assert both(systemd)["changed"] is False


def test_inputs_of_this_run_count_in_check_mode_only(systemd: Systemd) -> None:
    systemd.run()
    systemd.params["pending_inputs_changed"] = True
    assert systemd.foresee()["due_because"] == ["this run"]
    assert systemd.run()["changed"] is False


def test_a_changed_unit_file_is_read_anew(systemd: Systemd) -> None:
    systemd.run()
    systemd.need_reload = "yes"
    assert both(systemd)["reloaded"] is True
    assert systemd.changes() == ["daemon-reload"]


def test_a_concern_alone_puts_no_unit_into_operation(systemd: Systemd) -> None:
    systemd.params.update(only_if_enabled=True, enabled=True)
    assert both(systemd)["changed"] is False
    assert systemd.state() == ("inactive", "dead")
    systemd.enabled = "enabled"
    assert both(systemd)["started"] is True


def test_a_unit_with_missing_inputs_is_left_alone(systemd: Systemd) -> None:
    systemd.config.unlink()
    result = both(systemd)
    assert result["missing"] == [str(systemd.config)] and result["changed"] is False
    assert systemd.changes() == [] and str(systemd.config) in systemd.warnings[0]
    systemd.params["unit_planned"] = True
    assert systemd.foresee()["started"] is True


@pytest.mark.parametrize(("state", "says"), [("masked", "systemctl unmask"), ("bad-setting", "systemd-analyze verify")])
def test_a_unit_that_cannot_start_again_is_not_stopped(systemd: Systemd, state: str, says: str) -> None:
    systemd.run()
    systemd.load_state = state
    for text in ("port: 1\n", "port: 2\n"):
        systemd.config.write_text(text)
        with pytest.raises(Failed, match=says) as failed:
            systemd.run()
        assert failed.value.result["restarted"] is False and "stop" not in systemd.changes()
    assert systemd.outcome == "ready"


def test_an_unknown_user_is_found_before_the_stop(systemd: Systemd) -> None:
    systemd.run()
    systemd.config.write_text("port: 2\n")
    systemd.params["user"] = "nobody-of-that-name"
    with pytest.raises(Failed, match="no user nobody-of-that-name"):
        systemd.run()
    assert systemd.outcome == "ready" and systemd.changes() == []
