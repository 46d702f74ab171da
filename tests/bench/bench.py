# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of the demo's converged hosts, printed as the table of docs/benchmarks.md.

Usage: bench.py INVENTORY...; the hosts of the scenario default have to be converged.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 3
FLOOR_TASKS = 50


def seconds(playbook: str, *arguments: str) -> float:
    """Best wall time of a few runs of a playbook, in seconds. Raises CalledProcessError if one fails."""
    inventories = [f"--inventory={path}" for path in sys.argv[1:]]
    command = ["ansible-playbook", *inventories, *arguments, str(ROOT / playbook)]
    best = float("inf")
    for _round in range(ROUNDS):
        begun = time.monotonic()
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        best = min(best, time.monotonic() - begun)
    return best


def main() -> None:
    """Measure and print."""
    floor = seconds("tests/bench/floor.yml") / FLOOR_TASKS
    whole = seconds("site.yml")
    check = seconds("site.yml", "--check")
    concern = seconds("site.yml", "--tags", "jwt_secret")
    lines = [
        "| Figure | Measured | In tasks at the floor |",
        "|---|---|---|",
        f"| a task that does nothing, one host (the floor) | {floor:.2f} s | 1 |",
        f"| no-change `site.yml`, 1 controller + 1 daemon | {whole:.1f} s | {whole / floor:.0f} |",
        f"| the same in check mode | {check:.1f} s | {check / floor:.0f} |",
        f"| no-change `--tags jwt_secret` | {concern:.1f} s | {concern / floor:.0f} |",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
