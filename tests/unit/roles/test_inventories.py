# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example inventories are readable with their example password and keep the rules; their secrets are encrypted."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import contract
import pytest

EXAMPLES = sorted(path.parent.name for path in contract.ROOT.glob("inventories/*/hosts.yml"))
KEY = contract.load(contract.ROOT / "inventories" / "ha" / "group_vars" / "all" / "main.yml")[
    "prexorcloud_module_trust_root"
]
# What ./dev demo makes before it uses the demo's inventory.
MADE_BY_DEMO = {
    "prexorcloud_release_source": str(contract.ROOT),
    "prexorcloud_release_trust_root": str(contract.ROOT / "galaxy.yml"),
    "prexorcloud_module_trust_root": KEY,
}
CHECK = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - prexorcloud.production.inventory_check:
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables for Ansible: this checkout as the installed collection, nothing of the user's own."""
    collections = tmp_path_factory.mktemp("collections")
    (collections / "ansible_collections" / "prexorcloud").mkdir(parents=True)
    (collections / "ansible_collections" / "prexorcloud" / "production").symlink_to(contract.ROOT)
    home = tmp_path_factory.mktemp("home")
    (home / "ansible.cfg").touch()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(home / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
    }


def ansible(environment: dict[str, str], name: str, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    folder = contract.ROOT / "inventories" / name
    vault = ["--vault-password-file", str(folder / "vault-password.txt")]
    return subprocess.run(
        [sys.executable, "-m", "ansible", command, "-i", str(folder / "hosts.yml"), *vault, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_inventory_is_read_without_a_warning(name: str, environment: dict[str, str]) -> None:
    result = ansible(environment, name, "inventory", "--list")
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("name", EXAMPLES)
def test_inventory_keeps_the_rules(name: str, environment: dict[str, str], tmp_path: Path) -> None:
    play = tmp_path / "check.yml"
    play.write_text(CHECK)
    result = ansible(
        environment,
        name,
        "playbook",
        str(play),
        *(["--extra-vars", json.dumps(MADE_BY_DEMO)] if name == "demo" else []),
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("name", EXAMPLES)
def test_secrets_are_in_the_vault_only(name: str) -> None:
    folder = contract.ROOT / "inventories" / name / "group_vars" / "all"
    assert (folder / "vault.yml").read_text().startswith("$ANSIBLE_VAULT;1.1;AES256\n")
    plain = contract.load(folder / "main.yml")
    secrets = {variable for variable, option in contract.options(contract.SHARED).items() if option.get("no_log")}
    assert "prexorcloud_admin_password" in secrets & plain.keys()
    for variable in secrets & plain.keys():
        assert re.search(r"\{\{ vault_\w+", plain[variable]), variable
