# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the integration targets and the examples of the documentation with a real ansible-playbook against this host.

Every run is as talkative as it can be (-vvv --diff), and no output may hold the marker that is part of every secret.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
MARKER = "hunter2-marker-of-this-run"
TARGETS = sorted(path.name for path in (HERE / "targets").iterdir())


def collections(directory: Path) -> Path:
    """A collection path in which this checkout lies under its name."""
    namespace = directory / "ansible_collections" / "prexorcloud"
    namespace.mkdir(parents=True, exist_ok=True)
    if not (namespace / "production").exists():
        (namespace / "production").symlink_to(CHECKOUT)
    return directory


def play(playbook: Path, directory: Path, **variables: str) -> str:
    """Runs a playbook on this host and returns all output; the test fails if the run does."""
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "-i",
        "localhost,",
        "-vvv",
        "--diff",
        str(playbook),
    ]
    variables["ansible_python_interpreter"] = sys.executable
    for name, value in variables.items():
        command += ["-e", f"{name}={value}"]
    (directory / "ansible.cfg").touch()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(directory / "ansible.cfg"),
        "ANSIBLE_HOME": str(directory / "home"),
        "ANSIBLE_COLLECTIONS_PATH": str(collections(directory / "collections")),
        "ANSIBLE_ROLES_PATH": str(HERE / "targets"),
        "ANSIBLE_INJECT_FACT_VARS": "false",
    }
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=120, cwd=directory
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-4000:]
    return output


@pytest.mark.parametrize("target", TARGETS)
def test_target(target: str, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    variables = {f"{target}_target_directory": str(place), f"{target}_target_marker": MARKER}
    assert MARKER not in play(HERE / f"{target}.yml", tmp_path, **variables)


# What the examples of a module change in their real run, in order.
EXAMPLES = {"config": [True, True, True, False]}


@pytest.mark.parametrize("module", sorted(EXAMPLES))
def test_examples_of_the_documentation(module: str, tmp_path: Path) -> None:
    """Each example runs four times: check, real, check again, real again."""
    source = (CHECKOUT / "plugins" / "modules" / f"{module}.py").read_text(encoding="utf-8")
    match = re.search(r'^EXAMPLES = r"""\n(.*?)^"""', source, re.MULTILINE | re.DOTALL)
    assert match
    place = tmp_path / "root"
    (place / "etc/prexorcloud/config").mkdir(parents=True)
    examples: list[dict[str, Any]] = yaml.safe_load(re.sub(r"(?<=[ \"])/(?=(etc|opt)/)", f"{place}/", match.group(1)))
    assert len(examples) == len(EXAMPLES[module])
    tasks: list[dict[str, Any]] = []
    for number, (example, changes) in enumerate(zip(examples, EXAMPLES[module])):
        for run, (check, expected) in enumerate([(True, changes), (False, changes), (True, False), (False, False)]):
            tasks.append({**example, "check_mode": check, "register": f"run_{number}_{run}"})
            tasks.append({"ansible.builtin.assert": {"that": f"run_{number}_{run}.changed == {str(expected).lower()}"}})
    playbook = tmp_path / "examples.yml"
    variables = {"mongodb_password": f"{MARKER}@/", "valkey_password": f"{MARKER}:%"}
    book = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "tasks": tasks}
    playbook.write_text(yaml.safe_dump([book]), encoding="utf-8")
    assert MARKER not in play(playbook, tmp_path)
