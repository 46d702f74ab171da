#!/usr/bin/python
# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: unit_running
short_description: Makes a systemd unit run with its present inputs
version_added: 0.1.0
description:
  - Starts a unit that does not run, and restarts one that runs with other inputs than those it would be started with
    now. It does nothing else, so a run that was interrupted at any point is finished by the next one; no handler has to
    remember anything.
  - Inputs are the unit file with its drop-ins, parsed configuration files, and further files such as the program
    itself. The unit records digests of them at each start through C(start_record.py), its first C(ExecStartPre). A
    restart is due when they differ from now, or when nothing is known of the running start.
  - One failed start is no verdict, since a healthy program may fail on a loaded host. The module leaves the next try to
    the unit's C(Restart=on-failure) and waits until the unit is ready, until systemd gives up, or until the deadline.
extends_documentation_fragment:
  - prexorcloud.production.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description: Name of the unit with its suffix.
    type: str
    required: true
    version_added: 0.1.0
  state:
    description:
      - V(started) makes the unit run with its present inputs, V(stopped) makes it not run.
    type: str
    choices: [started, stopped]
    default: started
    version_added: 0.1.0
  enabled:
    description: Whether the unit starts at boot. Left as it is if omitted.
    type: bool
    version_added: 0.1.0
  record:
    description: Absolute path, below C(/run), where the unit records its start.
    type: path
    required: true
    version_added: 0.1.0
  yaml:
    description:
      - Absolute paths of YAML configuration files. Their parsed content counts, so neither comments nor a rewrite by
        the program itself make a restart due.
    type: list
    elements: path
    default: []
    version_added: 0.1.0
  ignore:
    description:
      - Dotted keys of O(yaml) that the program reads only once in its life, so that no restart is due for them.
    type: list
    elements: str
    default: []
    version_added: 0.1.0
  files:
    description:
      - Absolute paths of further files, compared by content and by the path that their links lead to.
    type: list
    elements: path
    default: []
    version_added: 0.1.0
  keep_children:
    description:
      - Neither restart nor stop the unit while its control group holds processes besides the main one; report
        RV(pending) instead.
    type: bool
    default: false
    version_added: 0.1.0
  children_patience:
    description:
      - Seconds to wait for the processes that O(keep_children) guards, before RV(pending) is reported. For a unit whose
        children have been told to end.
    type: float
    default: 0
    version_added: 0.1.0
  user:
    description: The user that the unit runs as, needed for O(owned).
    type: str
    version_added: 0.1.0
  owned:
    description:
      - Directories that belong to O(user) and its primary group. They are given to it whenever the unit is started,
        between the stop of a process that may have run as another user and the start of the new one. Directories that
        do not exist are passed over; links are not followed; modes stay.
    type: list
    elements: path
    default: []
    version_added: 0.1.0
  unit_planned:
    description:
      - An earlier task of this run puts the unit in place. Used in check mode only; without it a unit that the host
        does not have is no error and not started, so that a single concern can be applied to a new host.
    type: bool
    default: false
    version_added: 0.1.0
  only_if_enabled:
    description:
      - Leave a stopped unit alone that is not enabled, since it has not been put into operation yet. For runs that
        apply a single concern.
    type: bool
    default: false
    version_added: 0.1.0
  pending_inputs_changed:
    description:
      - Earlier tasks of this run would change inputs. Used in check mode only, where these changes are not on the host.
    type: bool
    default: false
    version_added: 0.1.0
  ready:
    description:
      - Readiness probe. After a start or restart the module returns only when it succeeds. A unit that runs already has
        to be ready as well, within what is left of O(ready.deadline) since its start, and at least three probes' time.
      - An answer at a loopback address counts only if a process of the unit listens there.
      - Without it the unit counts as ready when systemd calls it active.
    type: dict
    version_added: 0.1.0
    suboptions:
      url:
        description: URL that answers with status 200 when the program is ready. Redirects and proxies are not followed.
        type: str
        required: true
        version_added: 0.1.0
      timeout:
        description: Patience of one probe, in seconds.
        type: float
        default: 5
        version_added: 0.1.0
      deadline:
        description: Time for the whole start, further tries by systemd included, in seconds.
        type: float
        default: 120
        version_added: 0.1.0
  resume:
    description: Command that resumes the work, named in the message of a failure.
    type: str
    default: run the same playbook again
    version_added: 0.1.0
notes:
  - Passwords in URIs, bearer tokens and the like are masked in the journal lines that a failure returns.
  - The recorder is C(plugins/module_utils/_service/start_record.py) of this collection, copied to the host.
    It needs Python 3.9 or newer and C(ruamel.yaml).
seealso:
  - module: ansible.builtin.systemd_service
author:
  - The founders of prexorcloud.production (@prexorcloud)
"""

EXAMPLES = r"""
- name: Make the controller run with its present inputs
  prexorcloud.production.unit_running:
    name: prexorcloud-controller.service
    enabled: true
    record: /run/prexorcloud/controller.json
    yaml: [/etc/prexorcloud/config/controller.yml]
    ignore: [security.initialAdminPassword]
    files:
      - /etc/prexorcloud/config/security/module-trust.pem
      - /opt/prexorcloud/releases/controller/current/cloud-controller.jar
    ready:
      url: http://127.0.0.1:8080/ready

- name: Make the daemon run, but never end the game servers of this host
  prexorcloud.production.unit_running:
    name: prexorcloud-daemon.service
    enabled: true
    record: /run/prexorcloud/daemon.json
    yaml: [/etc/prexorcloud/config/daemon.yml]
    keep_children: true

- name: Keep the standby stopped
  prexorcloud.production.unit_running:
    name: prexorcloud-controller.service
    state: stopped
    enabled: false
    record: /run/prexorcloud/controller.json
"""

RETURN = r"""
started:
  description: Whether the unit was started.
  returned: always
  type: bool
  sample: false
restarted:
  description: Whether the unit was restarted.
  returned: always
  type: bool
  sample: true
stopped:
  description: Whether the unit was stopped.
  returned: always
  type: bool
  sample: false
reloaded:
  description: Whether systemd had to read the unit file anew.
  returned: always
  type: bool
  sample: false
due:
  description: Whether a restart of the running unit was due.
  returned: always
  type: bool
  sample: true
due_because:
  description:
    - Names of the inputs that differ from those of the running start. V(record) if nothing is known of that start,
      V(this run) for O(pending_inputs_changed).
  returned: always
  type: list
  elements: str
  sample: ["yaml:/etc/prexorcloud/config/controller.yml"]
running:
  description: Whether the unit runs now, or would run in check mode.
  returned: always
  type: bool
  sample: true
missing:
  description:
    - Inputs that do not exist, or the unit itself. As long as there are any, nothing is started or restarted, since
      that could only end what still serves.
  returned: always
  type: list
  elements: str
  sample: []
pending:
  description: Whether the restart (or stop) is due, but was left undone because of O(keep_children).
  returned: always
  type: bool
  sample: false
children:
  description: Number of processes besides the main one, counted if O(keep_children) and the unit runs.
  returned: always
  type: int
  sample: 0
journal:
  description: Last lines of the unit's journal since the start.
  returned: when the unit did not become ready
  type: list
  elements: str
  sample:
    - "2026-06-09T12:00:01+0000 controller-1 java[812]: Failed to start PrexorCloud Controller: port out of range:70000"
"""

import os
import pwd
import time
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.prexorcloud.production.plugins.module_utils._layout.paths import give_tree
from ansible_collections.prexorcloud.production.plugins.module_utils._service.probe import probe, split_url
from ansible_collections.prexorcloud.production.plugins.module_utils._service.start_record import (
    Inputs,
    due_because,
    read_record,
    unit_files,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._service.unit import (
    PROPERTIES,
    Plan,
    Unit,
    Wanted,
    last_words,
    listening_inodes,
    masked,
    members,
    parse_show,
    plan,
    service_cgroup,
    unit_from,
)

POLL_SECONDS = 1.0
JOURNAL_LINES = 20

ARGUMENTS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["started", "stopped"], "default": "started"},
    "enabled": {"type": "bool"},
    "record": {"type": "path", "required": True},
    "yaml": {"type": "list", "elements": "path", "default": []},
    "ignore": {"type": "list", "elements": "str", "default": []},
    "files": {"type": "list", "elements": "path", "default": []},
    "keep_children": {"type": "bool", "default": False},
    "children_patience": {"type": "float", "default": 0},
    "user": {"type": "str"},
    "owned": {"type": "list", "elements": "path", "default": []},
    "unit_planned": {"type": "bool", "default": False},
    "only_if_enabled": {"type": "bool", "default": False},
    "pending_inputs_changed": {"type": "bool", "default": False},
    "ready": {
        "type": "dict",
        "options": {
            "url": {"type": "str", "required": True},
            "timeout": {"type": "float", "default": 5},
            "deadline": {"type": "float", "default": 120},
        },
    },
    "resume": {"type": "str", "default": "run the same playbook again"},
}


def processes() -> dict[int, str]:
    """PID -> /proc/PID/cgroup of all processes; those that end meanwhile are left out."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/cgroup", encoding="utf-8", errors="replace") as stream:
                    found[int(name)] = stream.read()
            except OSError:
                continue
    return found


def listening_sockets(port: int) -> set[str]:
    """Inodes of the TCP sockets of this host that listen on a port."""
    found: set[str] = set()
    for name in ("tcp", "tcp6"):
        try:
            with open(f"/proc/net/{name}", encoding="ascii") as stream:
                found |= listening_inodes(stream.read(), port)
        except OSError:  # a host without IPv6 has no tcp6
            continue
    return found


def open_sockets(pids: list[int]) -> set[str]:
    """Inodes of the sockets that processes hold; those that end meanwhile are left out."""
    found: set[str] = set()
    for pid in pids:
        try:
            targets = [os.readlink(entry.path) for entry in os.scandir(f"/proc/{pid}/fd")]
        except OSError:
            continue
        found |= {target[len("socket:[") : -1] for target in targets if target.startswith("socket:[")}
    return found


class UnitRunning:
    """One unit of one host: read, plan, apply, report."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.params: dict[str, Any] = module.params
        self.name: str = module.params["name"]
        self.ready: dict[str, Any] | None = module.params["ready"]
        self.result: dict[str, Any] = {}

    def systemctl(self, *arguments: str) -> tuple[int, str, str]:
        answer: tuple[int, str, str] = self.module.run_command(["systemctl", *arguments])
        return answer

    def must(self, *arguments: str) -> None:
        code, _out, err = self.systemctl(*arguments)
        if code:
            self.fail(f"systemctl {' '.join(arguments)} failed: {masked(err.strip())}")

    def fail(self, message: str, **more: Any) -> NoReturn:
        self.module.fail_json(msg=f"{message} To resume: {self.params['resume']}.", **self.result, **more)
        raise AssertionError  # fail_json does not return

    def read(self) -> Unit:
        code, out, err = self.systemctl("show", "--property=" + ",".join(PROPERTIES), "--", self.name)
        if code:
            self.fail(f"systemd does not answer about {self.name}: {err.strip()}.")
        return unit_from(parse_show(out))

    def due(self, unit: Unit) -> list[str]:
        if not unit.running:
            return []
        inputs = Inputs(
            self.name, tuple(self.params["yaml"]), tuple(self.params["ignore"]), tuple(self.params["files"])
        )
        names: list[str] = due_because(read_record(self.params["record"]), unit.invocation, inputs)
        if self.module.check_mode and self.params["pending_inputs_changed"]:
            names = [*names, "this run"]
        return names

    def children(self, unit: Unit) -> int:
        if not (self.params["keep_children"] and unit.running):
            return 0
        found = processes()
        group = service_cgroup(found.get(unit.main_pid, "")) or unit.control_group
        return len([pid for pid in members(group, found) if pid != unit.main_pid])

    def missing(self, unit: Unit) -> list[str]:
        """Names of what a start would need and the host does not have; in check mode without what the run brings."""
        if self.module.check_mode and self.params["unit_planned"]:
            return []
        names = [] if unit.exists else [self.name]
        return names + [path for path in self.params["yaml"] + self.params["files"] if not os.path.exists(path)]

    def own(self, account: pwd.struct_passwd | None) -> None:
        """Give the owned directories to the user; the unit does not run meanwhile."""
        if account is None:
            return
        for path in self.params["owned"]:
            if os.path.isdir(path) and not os.path.islink(path):
                try:
                    give_tree(path, account.pw_uid, account.pw_gid)
                except OSError as error:
                    self.fail(f"{self.name} is stopped, and {path} could not be given to {account.pw_name}: {error}.")

    def account(self) -> pwd.struct_passwd | None:
        """The user of O(user); looked up before anything is stopped."""
        if not self.params["user"]:
            return None
        try:
            return pwd.getpwnam(self.params["user"])
        except KeyError:
            self.fail(f"There is no user {self.params['user']} to run {self.name}.")

    def decide(self, unit: Unit) -> tuple[Unit, list[str], int, Plan]:
        """The unit, why a restart is due, the number of children, and the plan, with patience for children that end."""
        wanted = Wanted(self.params["state"], self.params["enabled"], self.params["keep_children"])
        end = time.monotonic() + (0 if self.module.check_mode else self.params["children_patience"])
        while True:
            due, children = self.due(unit), self.children(unit)
            todo = plan(unit, wanted, bool(due), children)
            if not todo.pending or time.monotonic() >= end:
                return unit, due, children, todo
            time.sleep(POLL_SECONDS)
            unit = self.read()

    def plan(self) -> tuple[Unit, Plan]:
        unit = self.read()
        # of a unit it could not read, systemd does not say whether its file has been repaired since
        unread = unit.load_state in ("error", "bad-setting") or (not unit.exists and bool(unit_files(self.name)))
        stale = unit.need_reload or unread
        if stale and not self.module.check_mode:
            self.must("daemon-reload")
            unit = self.read()
        unit, due, children, todo = self.decide(unit)
        todo = todo._replace(reload=stale)
        missing = self.missing(unit)
        if self.params["only_if_enabled"] and not (unit.enabled or unit.running):
            todo = Plan(reload=todo.reload)
        elif missing and self.params["state"] == "started":
            todo = Plan(reload=todo.reload)
            self.module.warn(f"{self.name} is left as it is, since these are missing: {', '.join(missing)}.")
        self.result = {
            "changed": todo.changes,
            "started": todo.action == "start",
            "restarted": todo.action == "restart",
            "stopped": todo.action == "stop",
            "reloaded": todo.reload,
            "due": bool(due),
            "due_because": due,
            "pending": todo.pending,
            "children": children,
            "missing": missing,
            "running": todo.action in ("start", "restart") or (unit.running and todo.action != "stop"),
        }
        before = {"state": unit.active_state, "enabled": unit.enabled, "due_because": due}
        after = dict(before)
        if todo.enable is not None:
            after["enabled"] = todo.enable
        if todo.action:
            after.update(state="inactive" if todo.action == "stop" else "active", due_because=[])
        self.result["diff"] = {"before": before, "after": after}
        return unit, todo

    def apply(self, unit: Unit, todo: Plan) -> None:
        planned = self.result
        # a failure in between reports what was done until then
        self.result = {**planned, "changed": todo.reload, "started": False, "restarted": False, "stopped": False}
        if not unit.exists and (todo.action or todo.enable):
            self.fail(f"There is no unit {self.name}.")
        if unit.exists and unit.load_state != "loaded" and self.params["state"] == "started":
            # before anything is stopped, since it could not be started again; for that reason even if nothing is due
            cure = "systemctl unmask" if unit.load_state == "masked" else "systemd-analyze verify"
            self.fail(f"systemd cannot start {self.name} ({unit.load_state}). See: {cure} {self.name}.")
        if todo.enable is not None:
            self.must("enable" if todo.enable else "disable", "--", self.name)
            self.result["changed"] = True
        if todo.action == "stop":
            self.must("stop", "--", self.name)
        elif todo.action:
            account = self.account()
            # by hand or by us: earlier starts count toward the start limit (upstream layout.md section 3)
            self.systemctl("reset-failed", "--", self.name)
            if unit.active_state not in ("inactive", "failed"):
                # also one that waits for its next try: a start would wait with it
                self.must("stop", "--", self.name)
            self.own(account)
            since = time.time()
            # the outcome is awaited below: systemctl knows no deadline, and one failure is no verdict
            _code, _out, err = self.systemctl("start", "--no-block", "--", self.name)
            self.result = planned
            self.await_ready(todo.action, self.deadline(), since, unit.invocation, err)
            self.check_record()
        elif self.ready and self.awaited(unit, todo):
            # a start that an interrupted run left behind gets the rest of its time; an older one has to answer now
            age = time.clock_gettime(time.CLOCK_MONOTONIC) - unit.active_since if unit.active_since else 0.0
            patience = max(self.deadline() - age, 3 * float(self.ready["timeout"]))
            self.await_ready("", patience, time.time() - age, "", "")
        self.result = planned

    def awaited(self, unit: Unit, todo: Plan) -> bool:
        """Whether a unit that is left running has to be ready; not while something is left to the operator."""
        left_alone = todo.pending or self.result["missing"] or self.params["state"] == "stopped"
        return unit.running and not left_alone

    def deadline(self) -> float:
        return (
            float(self.ready["deadline"]) if self.ready else float(ARGUMENTS["ready"]["options"]["deadline"]["default"])
        )

    def probe(self, unit: Unit) -> str:
        if not self.ready:
            return ""
        url = self.ready["url"]
        return probe(url, self.ready["timeout"]) or ("" if self.answers(unit, url) else "another process answers there")

    def answers(self, unit: Unit, url: str) -> bool:
        """Whether a process of the unit listens at a loopback URL. Someone else there would make a failing start look
        ready, as the program takes seconds to find its port busy."""
        _scheme, host, port, _target = split_url(url)
        if host not in ("127.0.0.1", "::1", "localhost"):
            return True
        found = processes()
        pids = members(service_cgroup(found.get(unit.main_pid, "")) or unit.control_group, found)
        sockets = listening_sockets(port)
        return not sockets or not sockets.isdisjoint(open_sockets(pids))

    def await_ready(self, verb: str, seconds: float, since: float, before: str, complaint: str) -> None:
        """Return when an invocation other than before is active and ready. seconds: patience from now; since: when it
        was started (seconds of time.time()); complaint: what systemctl said."""
        end = time.monotonic() + seconds
        last = ""
        while True:
            unit = self.read()
            fresh = unit.invocation != before
            if fresh and unit.active_state == "active":
                last = self.probe(unit)
                # the answer counts only if this very process was there before and after it
                if not last and self.read()._replace(enabled=unit.enabled, need_reload=unit.need_reload) == unit:
                    return
            if unit.given_up or time.monotonic() >= end or (complaint and not fresh and unit.running):
                break
            time.sleep(POLL_SECONDS)
        state = f"state {unit.active_state}/{unit.sub_state}, result {unit.result}"
        if unit.condition_failed:
            state += ", a Condition of the unit is not met"
        details = [state] + [f"{label}: {text}" for label, text in (("probe", last), ("systemctl", complaint)) if text]
        journal = self.journal(since)
        self.result["running"] = unit.running
        self.fail(
            f"{self.name} {'did not become ready after a ' + verb if verb else 'runs, but is not ready'} "
            f"({'; '.join(masked(detail.strip()) for detail in details)}). {last_words(journal)}",
            journal=journal,
        )

    def journal(self, since: float) -> list[str]:
        command = ["journalctl", "--quiet", "--no-pager", "--output=short-iso", f"--lines={JOURNAL_LINES}"]
        command += [f"--since=@{int(since)}", f"--unit={self.name}"]
        _code, out, _err = self.module.run_command(command)
        return [masked(line) for line in out.splitlines()]

    def check_record(self) -> None:
        unit, record = self.read(), read_record(self.params["record"])
        if record is None or record.invocation != unit.invocation:
            self.fail(
                f"{self.name} runs, but its start left no record at {self.params['record']}, so each run would restart "
                "it. Check the start_record.py line of its ExecStartPre and its lines in the journal."
            )


def main() -> NoReturn:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    # systemd answers in English whatever the host speaks
    module.run_command_environ_update = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"}
    if module.params["ready"]:
        try:
            split_url(module.params["ready"]["url"])
        except ValueError as error:
            module.fail_json(msg=f"ready.url: {error}")
    work = UnitRunning(module)
    unit, todo = work.plan()
    if not module.check_mode:
        work.apply(unit, todo)
    module.exit_json(**work.result)
    raise AssertionError  # exit_json does not return


if __name__ == "__main__":
    main()
