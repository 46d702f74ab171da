# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run without a change costs, beside the floor that Ansible itself sets on the same hosts in the same minutes.

Arguments: those of ansible-playbook that name the inventories. The hosts are those of the demo, converged.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 3
FLOOR_TASKS = 50
TARGET_TASKS = 60  # a run without a change costs no more than this many tasks at the floor

FLOOR = [
    {
        "name": "Floor",
        "hosts": "prexorcloud_controllers:prexorcloud_daemons",
        "gather_facts": False,
        "tasks": [
            {"name": f"Task {number}", "ansible.builtin.command": {"argv": ["true"]}, "changed_when": False}
            for number in range(FLOOR_TASKS)
        ],
    }
]


def run(playbook: Path, inventories: list[str], record: Path) -> dict[str, object]:
    """One run of a playbook: what the callback run_record noted of it. Raise CalledProcessError if it failed."""
    settings = {
        "ANSIBLE_CALLBACK_PLUGINS": "molecule/shared/callback",
        "ANSIBLE_CALLBACKS_ENABLED": "run_record",
        "PREXORCLOUD_RUN_RECORD": str(record),
    }
    command = ["ansible-playbook", *inventories, str(playbook)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **settings})
    noted: dict[str, object] = json.loads(record.read_text(encoding="utf-8").splitlines()[-1])
    return noted


def main() -> int:
    """Measure, print a table, and return 1 if the target was missed or a run changed something."""
    inventories = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        record = Path(directory, "runs.jsonl")
        floor = Path(directory, "floor.json")
        floor.write_text(json.dumps(FLOOR), encoding="utf-8")
        site_runs, floor_runs = [], []
        for _round in range(ROUNDS):
            floor_runs.append(run(floor, inventories, record))
            site_runs.append(run(Path("site.yml"), inventories, record))
    changed = [pair for noted in site_runs for pair in noted["changed"]]  # type: ignore[attr-defined]
    per_task = statistics.median(float(str(noted["seconds"])) for noted in floor_runs) / FLOOR_TASKS
    seconds = statistics.median(float(str(noted["seconds"])) for noted in site_runs)
    cost = seconds / per_task
    print(f"run without a change    {seconds:.1f} s, {site_runs[0]['tasks']} tasks (median of {ROUNDS})")
    print(f"floor                   {per_task:.3f} s a task (command, the same two hosts)")
    print(f"cost in floor tasks     {cost:.0f} (target: at most {TARGET_TASKS})")
    if changed:
        print(f"these runs should have changed nothing: {changed}")
    return 1 if changed or cost > TARGET_TASKS else 0


if __name__ == "__main__":
    sys.exit(main())
