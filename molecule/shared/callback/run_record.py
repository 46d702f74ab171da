# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records which task changed which host in each run, so that tests can compare check mode with the real run."""

from __future__ import annotations

DOCUMENTATION = r"""
name: run_record
type: aggregate
short_description: Appends one JSON line per playbook run to a file
description:
  - Each line holds the playbook, whether it was check mode, its duration in seconds, and the (host, task) pairs that
    changed something or failed.
requirements:
  - enable in configuration
options:
  path:
    description: File to append to. Nothing is recorded without it.
    env:
      - name: PREXORCLOUD_RUN_RECORD
"""

import json
import os
import time
from typing import Any

from ansible import context
from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """Collects changed and failed tasks per host."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "run_record"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._started = time.monotonic()
        self._playbook = ""
        self._tasks: list[str] = []
        self._changed: list[tuple[str, str]] = []
        self._failed: list[tuple[str, str]] = []

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._playbook = os.path.basename(playbook._file_name)

    def v2_playbook_on_task_start(self, task: Any, *_more: Any, **_named: Any) -> None:
        self._tasks.append(task.get_name())

    def v2_runner_on_ok(self, result: Any) -> None:
        if result._result.get("changed"):
            self._changed.append((result._host.get_name(), result._task.get_name()))

    def v2_runner_on_failed(self, result: Any, *_more: Any, **_named: Any) -> None:
        self._failed.append((result._host.get_name(), result._task.get_name()))

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._failed.append((result._host.get_name(), result._task.get_name()))

    def v2_playbook_on_stats(self, _stats: Any) -> None:
        path = self.get_option("path")  # type: ignore[no-untyped-call]  # Ansible's has no types
        if not path:
            return
        line = {
            "playbook": self._playbook,
            "check": bool(context.CLIARGS.get("check")),
            "tags": [tag for tag in context.CLIARGS.get("tags") or [] if tag != "all"],
            "seconds": round(time.monotonic() - self._started, 2),
            "tasks": len(self._tasks),
            "changed": self._changed,
            "failed": self._failed,
        }
        with open(path, "a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
