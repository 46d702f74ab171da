# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the playbook against the scenario's hosts."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Run:
    """One run of a playbook: exit code, whole output, and the changed and failed (host, task) pairs."""

    code: int
    output: str
    changed: frozenset[tuple[str, str]]
    failed: frozenset[tuple[str, str]]

    def text(self) -> str:
        """Output as one line with single blanks, so that a wrapped message can be searched."""
        return " ".join(self.output.split())


def ephemeral() -> Path:
    """Directory of the scenario where Molecule keeps its logs."""
    return Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])


def recorded() -> list[dict[str, Any]]:
    """The runs that the callback run_record has seen, oldest first."""
    path = Path(os.environ["PREXORCLOUD_RUN_RECORD"])
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def site(*arguments: str, inventories: Iterable[Path] | None = None, verbosity: str = "", timeout: float = 600) -> Run:
    """Run site.yml against the scenario's hosts.

    :param arguments: further arguments such as ``--tags`` or ``--extra-vars``.
    :param inventories: in place of the scenario's own, behind what all test hosts have in common.
    :param timeout: seconds after which the run counts as hanging.
    """
    return _run(ROOT / "site.yml", arguments, inventories, verbosity, timeout)


def playbook(name: str, *arguments: str, timeout: float = 600) -> Run:
    """Run another playbook of the collection, for example ``verify_release.yml``, against the scenario's hosts."""
    return _run(ROOT / "playbooks" / name, arguments, None, "", timeout)


def _run(
    path: Path, arguments: tuple[str, ...], inventories: Iterable[Path] | None, verbosity: str, timeout: float
) -> Run:
    paths = os.environ["PREXORCLOUD_TEST_INVENTORY"].split(":")
    if inventories is not None:
        paths = [paths[0], *map(str, inventories)]
    before = len(recorded())
    command = ["ansible-playbook", *(f"--inventory={inventory}" for inventory in paths), *arguments, str(path)]
    if verbosity:
        command.append(verbosity)
    finished = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False
    )
    lines = recorded()[before:]
    changed = frozenset((host, task) for line in lines for host, task in line["changed"])
    failed = frozenset((host, task) for line in lines for host, task in line["failed"])
    return Run(finished.returncode, finished.stdout, changed, failed)
