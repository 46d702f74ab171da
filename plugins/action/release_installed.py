# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

MODULE = "prexorcloud.production.release_installed"


class ActionModule(ActionBase):
    """Asks the host what is missing, sends that and nothing else, and has the host install it."""

    TRANSFERS_FILES = True
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        artifacts = [{**one, "received": None} for one in arguments.get("artifacts") or ()]
        found = self.execute({**arguments, "artifacts": artifacts}, task_vars)
        if not found.get("failed") and found["missing"] and not self._task.check_mode:
            for one in artifacts:
                if one["component"] in found["missing"]:
                    one["received"] = self.send(one)
            installed = self.execute({**arguments, "artifacts": artifacts}, task_vars)
            # the first look fixed owners and modes of what was there, which the second one finds in order
            if not installed.get("failed"):
                installed.update(changed=True, diff=found["diff"])
            found = installed
        result.update(found)
        return result

    def execute(self, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        found: dict[str, Any] = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars)
        return found

    def send(self, artifact: dict[str, Any]) -> str:
        """Path of the artifact on the host, in a directory of the user that logs in; the host does not trust it."""
        if self._connection._shell.tmpdir is None:
            self._make_tmp_path()
        folder = self._connection._shell.tmpdir
        place: str = self._connection._shell.join_path(folder, f"{artifact['component']}.received")
        self._transfer_file(artifact["path"], place)  # type: ignore[no-untyped-call]  # Ansible's has no types
        self._fixup_perms2((folder, place))  # type: ignore[no-untyped-call]
        return place
