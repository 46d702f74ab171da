# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from ansible import template
from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action import ActionBase
from ansible.template import Templar
from ansible_collections.prexorcloud.production.plugins.module_utils._inventory import specs
from ansible_collections.prexorcloud.production.plugins.module_utils._inventory.model import (
    FACTS,
    GROUPS,
    Cluster,
    Host,
    Unavailable,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._inventory.report import report

# ansible-core before 2.19 renders every text
trust_as_template: Callable[[str], str] = getattr(template, "trust_as_template", str)

ROLES = os.path.join(os.path.dirname(__file__), "..", "..", "roles")


def load_specs(loader: DataLoader, roles: str = ROLES) -> dict[str, dict[str, Any]]:
    """Role name -> content of its meta/argument_specs.yml, of all roles of this collection that have one."""
    paths = {role: os.path.join(roles, role, "meta", "argument_specs.yml") for role in sorted(os.listdir(roles))}
    return {role: plain(loader.load_from_file(path)) for role, path in paths.items() if os.path.isfile(path)}


def plain(value: Any) -> Any:
    """A value in Python's own types; inline vault values are decrypted on the way."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return str(value)


def trusted(value: Any) -> Any:
    """A default of our own specs, whose texts are templates."""
    if isinstance(value, dict):
        return {key: trusted(one) for key, one in value.items()}
    if isinstance(value, list):
        return [trusted(one) for one in value]
    return trust_as_template(value) if isinstance(value, str) else value


class ActionModule(ActionBase):
    """Looks at hostvars and groups only; no host is touched, so it runs before anything else."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        self.validate_argument_spec(argument_spec={})  # type: ignore[no-untyped-call]  # Ansible's has no types
        role_specs = load_specs(self._loader)
        found = report(self.cluster(task_vars or {}, role_specs), role_specs)
        result.update(changed=False, rules_checked=list(found.checked), errors=list(found.errors))
        if found.warnings:
            result["warnings"] = list(found.warnings)
        if found.errors:
            count = "1 mistake" if len(found.errors) == 1 else f"{len(found.errors)} mistakes"
            result.update(
                failed=True,
                msg=f"The inventory has {count}; no host was touched.\n"
                + "\n".join(f"- {error}" for error in found.errors),
            )
        else:
            result["msg"] = f"The inventory keeps all {len(found.checked)} rules."
        return result

    def cluster(self, task_vars: dict[str, Any], role_specs: specs.Specs) -> Cluster:
        """The hosts of our groups, all of them whatever --limit says, with the values that specs and rules look at."""
        groups = {str(name): tuple(str(host) for host in hosts) for name, hosts in task_vars["groups"].items()}
        defaults = {name: trusted(value) for name, value in specs.defaults(role_specs).items()}
        public = specs.options(role_specs)
        facts = {variable for names in FACTS.values() for variable in names}
        hosts = {}
        for name in dict.fromkeys(name for group in GROUPS for name in groups.get(group, ())):
            raw: dict[str, Any] = task_vars["hostvars"].raw_get(name)
            variables = {**defaults, **raw, "hostvars": task_vars["hostvars"]}
            templar = Templar(loader=self._loader, variables=variables)
            wanted = (public.keys() & raw.keys()) | (facts & variables.keys())
            values = {
                one: self.value(templar, variables[one], specs.is_secret(one, public.get(one, ()))) for one in wanted
            }
            hosts[name] = Host(name, frozenset(raw), values)
        return Cluster(hosts, groups)

    @staticmethod
    def value(templar: Templar, raw: Any, secret: bool) -> Any:
        try:
            return plain(templar.template(raw))
        except AnsibleError as error:
            # the text of an error in a filter may quote the value; that of an undefined variable names variables only
            quotable = isinstance(error, AnsibleUndefinedVariable) or not secret
            return Unavailable(str(error).splitlines()[0].rstrip(".") if quotable else type(error).__name__)
