# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recordings that are replayed, their entries under stable ids, and the table of what is not replayed."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent / "recordings"
UNCOVERED = ROOT.parent / "uncovered.yml"


@functools.cache
def load(name: str) -> Any:
    """A recording below recordings/ as data (YAML or JSON by its suffix)."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return json.loads(text) if name.endswith(".json") else yaml.safe_load(text)


def text(name: str) -> str:
    """A recording below recordings/ as text."""
    return (ROOT / name).read_text(encoding="utf-8")


@functools.cache
def entries(name: str) -> dict[str, Any]:
    """The entries of one recording under the ids that uncovered.yml uses.

    Lists of mappings with an `id`: FILE#id; API files: FILE#number of the item; mappings: FILE#key;
    anything else is one entry, FILE.
    """
    if name.endswith((".prom", ".txt")):
        return {name: text(name)}
    data = load(name)
    if isinstance(data, dict) and "items" in data:
        data = data["items"]
    if isinstance(data, dict):
        return {f"{name}#{key}": value for key, value in data.items()}
    if all("id" in entry for entry in data):
        return {f"{name}#{entry['id']}": entry for entry in data}
    return {f"{name}#{number}": entry for number, entry in enumerate(data)}


@functools.cache
def uncovered() -> dict[str, str]:
    """Recording id -> reason why it is not replayed. A trailing * of an id stands for all entries that begin so."""
    table: dict[str, str] = {}
    for file, reasons in yaml.safe_load(UNCOVERED.read_text(encoding="utf-8")).items():
        for key, reason in reasons.items():
            ids = [i for i in entries(file) if _matches(i, file, str(key))]
            if not ids:
                raise LookupError(f"uncovered.yml: {file} has no entry {key}")
            for entry_id in ids:
                if entry_id in table:
                    raise LookupError(f"uncovered.yml: {entry_id} is listed twice")
                table[entry_id] = reason
    return table


def _matches(entry_id: str, file: str, key: str) -> bool:
    if key == "*":
        return True
    first, dash, last = key.partition("..")
    _, _, own = entry_id.partition("#")
    if dash and own.isdigit():
        return int(first) <= int(own) <= int(last)
    return entry_id == f"{file}#{key}"


def replayed(name: str) -> dict[str, Any]:
    """The entries of a recording that are replayed: all but those in uncovered.yml."""
    return {key: value for key, value in entries(name).items() if key not in uncovered()}


def all_files() -> list[str]:
    """Every recording in the folder (the .yml pairs in write-back/ belong to answers.yml)."""
    found = [str(p.relative_to(ROOT)) for p in sorted(ROOT.rglob("*")) if p.is_file() and p.name != "README.md"]
    return [name for name in found if not name.endswith((".before.yml", ".after.yml"))]
