# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a module as Ansible does: its own process, arguments as JSON on standard input, the result as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PACKAGE = "ansible_collections.prexorcloud.production.plugins.modules"
# Since core 2.19 a module that is started directly has to be told how its arguments are encoded.
_START = """
import json, runpy, sys
from ansible.module_utils import basic
basic._ANSIBLE_ARGS = sys.stdin.buffer.read()
basic._ANSIBLE_PROFILE = "legacy"
sys.argv = [sys.argv[1]]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@dataclass
class Run:
    """What came of it. output: everything that was printed."""

    result: dict[str, Any]
    output: str

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))


def run_module(name: str, arguments: Mapping[str, object], *, check: bool = False, before: str = "") -> Run:
    """Runs prexorcloud.production.<name>. before: a directory to search for Python libraries first."""
    wanted = {"ANSIBLE_MODULE_ARGS": {**arguments, "_ansible_check_mode": check, "_ansible_diff": True}}
    done = subprocess.run(
        [sys.executable, "-c", _START, f"{_PACKAGE}.{name}"],
        input=json.dumps(wanted).encode(),
        capture_output=True,
        check=False,
        timeout=60,
        env={"PYTHONPATH": ":".join(path for path in [before, *sys.path] if path), "PATH": "/usr/bin:/bin"},
    )
    output = done.stdout.decode() + done.stderr.decode()
    try:
        return Run(json.loads(done.stdout), output)
    except ValueError:
        raise AssertionError(f"no result: {output[-2000:]}") from None
