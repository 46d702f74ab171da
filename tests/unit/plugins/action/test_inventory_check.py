# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action against real inventories, read by Ansible itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import connection_loader, init_plugin_loader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.prexorcloud.production.plugins.action import inventory_check as action

MARKER = "MARKER-of-a-secret"
SOUND: dict[str, Any] = {
    "prexorcloud_mongodb_uri": f"mongodb://prexor:{MARKER}@10.0.0.31/{{{{ prexorcloud_mongodb_database }}}}",
    "prexorcloud_redis_uri": f"redis://:{MARKER}@10.0.0.31",
    "prexorcloud_admin_password": "{{ vault_admin }}",
    "vault_admin": MARKER,
    "prexorcloud_module_trust_root": "-----BEGIN PUBLIC KEY-----\nYWJj\n-----END PUBLIC KEY-----\n",
    "prexorcloud_release_source": "https://mirror.example.com",
    "prexorcloud_allowed_subnets": ["{{ operators }}"],
    "operators": "10.9.0.0/16",
}


class Inventory:
    """Two hosts, their variables in group_vars and host_vars of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shared = dict(SOUND)
        self.hosts: dict[str, dict[str, Any]] = {
            "controller-1": {"ansible_host": "10.0.0.11"},
            "daemon-1": {"ansible_host": "10.0.0.21"},
        }
        self.extra: dict[str, Any] = {}
        self.tail = ""  # YAML behind the shared variables
        self.arguments: dict[str, Any] = {}

    def check(self) -> dict[str, Any]:
        children = {
            "prexorcloud_controllers": {"hosts": {"controller-1": self.hosts["controller-1"]}},
            "prexorcloud_daemons": {"hosts": {"daemon-1": self.hosts["daemon-1"]}},
            "others": {"hosts": {"elsewhere": {"prexorcloud_versoin": "not our business"}}},
        }
        (self.folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"children": children}}))
        for group in ("prexorcloud_controllers", "prexorcloud_daemons"):
            (self.folder / "group_vars").mkdir(exist_ok=True)
            (self.folder / "group_vars" / f"{group}.yml").write_text(yaml.safe_dump(self.shared) + self.tail)
        loader = DataLoader()
        inventory = InventoryManager(loader, sources=[str(self.folder / "hosts.yml")])
        variables = VariableManager(loader, inventory)
        variables._extra_vars = self.extra  # the mapping of load_extra_vars is shared by all managers
        # the action is called directly, so any resolvable name does for the task
        task = Task.load({"ansible.builtin.assert": {}}, variable_manager=variables, loader=loader)
        task.args = self.arguments
        context = PlayContext()
        connection = connection_loader.get("ansible.builtin.local", context)
        plugin = action.ActionModule(task, connection, context, loader, Templar(loader), None)
        hostvars = HostVars(inventory, variables, loader)
        task_vars = {**variables.get_vars(host=inventory.get_host("controller-1")), "hostvars": hostvars}
        result: dict[str, Any] = plugin.run(task_vars=task_vars)
        assert MARKER not in str(result)
        return result


@pytest.fixture(scope="module", autouse=True)
def plugin_loader() -> None:
    """Filters, lookups and actions are found as in a playbook."""
    init_plugin_loader()


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    return Inventory(tmp_path)


def test_a_sound_inventory_passes(inventory: Inventory) -> None:
    result = inventory.check()
    assert not result.get("failed"), result["errors"]
    assert result["changed"] is False and result["errors"] == [] and "node-ids" in result["rules_checked"]


def test_a_misspelt_variable_names_host_and_nearest(inventory: Inventory) -> None:
    inventory.hosts["daemon-1"]["prexorcloud_daemon_restrt"] = "now"
    result = inventory.check()
    assert result["failed"] is True
    assert "\n".join(result["errors"]) == (
        "[unknown-variable] prexorcloud_daemon_restrt is no variable of this collection. "
        "Is prexorcloud_daemon_restart meant? (daemon-1)"
    )
    assert "no host was touched" in result["msg"]


def test_variables_of_the_command_line_count(inventory: Inventory) -> None:
    inventory.extra["prexorcloud_coordinaton"] = "mongodb"
    assert "prexorcloud_coordination meant" in inventory.check()["msg"]


def test_values_are_checked_after_templating(inventory: Inventory) -> None:
    inventory.shared["operators"] = "0.0.0.0/0"
    assert inventory.check()["errors"][0].startswith("[subnets-closed]")


def test_wrong_choice(inventory: Inventory) -> None:
    inventory.shared["prexorcloud_daemon_restart"] = "later"
    (error,) = inventory.check()["errors"]
    assert error.startswith("[wrong-value] prexorcloud_daemon_restart: ") and "pending, drain, now" in error


def test_all_mistakes_at_once(inventory: Inventory) -> None:
    inventory.shared.update(prexorcloud_http_port=9090, prexorcloud_redis_uri="valkey://h", prexorcloud_admin="x")
    rules = [error.partition("]")[0].lstrip("[") for error in inventory.check()["errors"]]
    assert rules == ["unknown-variable", "redis-uri", "ports-distinct"]


def test_a_required_value_that_cannot_be_computed_is_an_error(inventory: Inventory) -> None:
    del inventory.shared["vault_admin"]
    (error,) = inventory.check()["errors"]
    assert error.startswith("[admin-password] prexorcloud_admin_password cannot be read on the control node: ")
    assert "vault_admin" in error


def test_another_one_is_left_to_its_role(inventory: Inventory) -> None:
    inventory.shared["prexorcloud_java_archive_url"] = "{{ ansible_facts['architecture'] }}"
    assert not inventory.check().get("failed")


def test_the_error_of_a_filter_does_not_quote_a_secret(inventory: Inventory) -> None:
    inventory.shared["prexorcloud_redis_uri"] = "{{ vault_admin | combine({}) }}"
    errors = inventory.check()["errors"]
    assert any(error.startswith("[redis-uri] prexorcloud_redis_uri cannot be read") for error in errors)


def test_a_locked_vault_is_an_error_that_quotes_nothing(inventory: Inventory) -> None:
    inventory.tail = "prexorcloud_jwt_secret: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3334\n"
    (error,) = inventory.check()["errors"]
    assert error.startswith("[jwt-secret] prexorcloud_jwt_secret cannot be read on the control node: ")


def test_the_specs_of_all_roles_are_read() -> None:
    loaded = action.load_specs(DataLoader())
    with_spec = {path.parts[-3] for path in Path(action.ROLES).glob("*/meta/argument_specs.yml")}
    assert loaded.keys() == with_spec and "prexorcloud" in with_spec


def test_it_takes_no_arguments(inventory: Inventory) -> None:
    inventory.arguments = {"hosts": "all"}
    with pytest.raises(AnsibleError, match="hosts"):
        inventory.check()
