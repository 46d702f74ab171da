# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles say about their variables, read from their files without running anything."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import yaml
from jinja2 import nodes

ROOT = Path(__file__).resolve().parents[3]
ROLES = tuple(sorted(path.name for path in (ROOT / "roles").iterdir() if (path / "tasks").is_dir()))
SHARED = "prexorcloud"

# Keys of a task whose whole text is an expression, without braces around it.
CONDITIONS = frozenset({"when", "that", "failed_when", "changed_when", "until"})
_JINJA = jinja2.Environment()  # noqa: S701  parses templates, renders none


def load(path: Path) -> Any:
    """Content of a YAML file, an empty mapping if there is none."""
    return yaml.safe_load(path.read_text()) or {} if path.is_file() else {}


def defaults(role: str) -> dict[str, Any]:
    """defaults/main.yml of a role: name -> value, templates unrendered."""
    found: dict[str, Any] = load(ROOT / "roles" / role / "defaults" / "main.yml")
    return found


def private(role: str) -> dict[str, Any]:
    """vars/main.yml of a role: name -> value, templates unrendered."""
    found: dict[str, Any] = load(ROOT / "roles" / role / "vars" / "main.yml")
    return found


def entry_points(role: str) -> dict[str, dict[str, Any]]:
    """The spec of each entry point of a role."""
    found: dict[str, dict[str, Any]] = load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]
    return found


def options(role: str) -> dict[str, dict[str, Any]]:
    """All options of a role, whatever their entry point."""
    return {name: option for entry in entry_points(role).values() for name, option in entry["options"].items()}


def expected_default(role: str, name: str) -> Any:
    """The default that a spec has to name: that of the role, rendered where it only repeats a shared variable that is
    no text.

    Documentation tools demand a default of the option's own type, which a template is not.
    """
    value = defaults(role)[name]
    repeats = re.fullmatch(r"\{\{ (prexorcloud_\w+) \}\}", value) if isinstance(value, str) else None
    is_text = options(role)[name]["type"] in ("str", "path")
    return value if is_text or repeats is None else defaults(SHARED)[repeats.group(1)]


def strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in nested data, with the key of the nearest mapping above it."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from strings(one, str(name))
    elif isinstance(value, list):
        for one in value:
            yield from strings(one, key)
    elif isinstance(value, str):
        yield key, value


def read_names(template: str) -> set[str]:
    """Variables that a Jinja template reads by name."""
    return {node.name for node in _JINJA.parse(template).find_all(nodes.Name)}


def names_read_by(path: Path) -> set[str]:
    """Variables that a task file, a variable file or a template reads by name."""
    if path.suffix == ".j2":
        return read_names(path.read_text())
    found: set[str] = set()
    for key, text in strings(load(path)):
        found |= read_names("{{ " + text + " }}" if key in CONDITIONS and "{{" not in text else text)
    return found


def task_files(role: str, entry: str) -> set[Path]:
    """The task file of an entry point, and all files that it imports or includes."""
    folder, found, wanted = ROOT / "roles" / role / "tasks", set(), {f"{entry}.yml"}
    while wanted:
        path = folder / wanted.pop()
        found.add(path)
        wanted |= set(re.findall(r"(?:import|include)_tasks:\s*(?:file:\s*)?(\S+\.yml)", path.read_text()))
        wanted -= {one.name for one in found}
    return found


def templates(role: str, path: Path) -> set[Path]:
    """The templates that a task file renders; a Jinja expression in their name stands for any text."""
    found: set[Path] = set()
    for name in re.findall(r"src:\s*(.+\.j2)", path.read_text()):
        found |= set((ROOT / "roles" / role / "templates").glob(re.sub(r"\{\{.*?\}\}", "*", name)))
    return found


def used_options(role: str, entry: str) -> set[str]:
    """Public variables of a role that an entry point uses, directly or through other variables of the role."""
    known = {**defaults(role), **private(role)}
    wanted: set[str] = set()
    for tasks in task_files(role, entry):
        wanted |= names_read_by(tasks)
        for template in templates(role, tasks):
            wanted |= names_read_by(template)
    found: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in known and name not in found:
            found.add(name)
            for _key, text in strings(known[name]):
                wanted |= read_names(text)
    return found & defaults(role).keys()


def included_entry_points() -> set[tuple[str, str]]:
    """(role, entry point) of every role that playbooks, roles or scenarios name."""
    found: set[tuple[str, str]] = set()

    def walk(value: Any) -> None:
        if isinstance(value, list):
            for one in value:
                walk(one)
        elif isinstance(value, dict):
            for key, one in value.items():
                if key.rpartition(".")[2] in ("import_role", "include_role"):
                    found.add((one["name"].rpartition(".")[2], one.get("tasks_from", "main").removesuffix(".yml")))
                elif key in ("roles", "dependencies") and isinstance(one, list):
                    found.update(
                        ((role["role"] if isinstance(role, dict) else role).rpartition(".")[2], "main") for role in one
                    )
                else:
                    walk(one)

    for path in [
        *(ROOT / "playbooks").glob("*.yml"),
        *(ROOT / "roles").glob("*/tasks/*.yml"),
        *(ROOT / "roles").glob("*/meta/main.yml"),
    ]:
        walk(load(path))
    return found


def groups() -> set[str]:
    """Inventory groups of this collection; they share the prefix of the shared variables."""
    text = json.dumps(load(ROOT / "inventories" / "ha" / "hosts.yml"))
    return set(re.findall(r'"(prexorcloud_\w+)": \{', text)) | {"prexorcloud_monitoring", "prexorcloud_proxies"}


def variable_row(name: str, option: dict[str, Any]) -> str:
    """The line of docs/variables.md about a shared variable."""
    sentences = [option["description"]] if isinstance(option["description"], str) else option["description"]
    text = re.sub(r"[VC]\(([^)]*)\)", r"`\1`", " ".join(sentences)).replace("|", "\\|")
    if "default" not in option:
        default = "secret" if option.get("no_log") else ""
    else:
        default = "`" + json.dumps(option["default"]).strip('"').replace("|", "\\|") + "`"
    return f"| `{name}` | {default} | {text} |"
