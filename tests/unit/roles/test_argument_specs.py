# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Specs, defaults, tasks and pages of the roles agree with each other."""

from __future__ import annotations

import re
from itertools import permutations
from pathlib import Path
from typing import Any

import contract
import pytest

TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "path": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "list": list,
    "dict": dict,
}
OWN_ROLES = [role for role in contract.ROLES if role != contract.SHARED]
ENTRIES = [(role, entry) for role in contract.ROLES for entry in contract.entry_points(role)]
OPTIONS = [
    pytest.param(role, entry, name, id=f"{role}-{entry}-{name}")
    for role, entry in ENTRIES
    for name in contract.entry_points(role)[entry]["options"]
]
GROUP_ROWS = tuple(f"| `{group}`" for group in sorted(contract.groups()))
PAGES = [
    contract.ROOT / "README.md",
    *sorted(contract.ROOT.glob("docs/*.md")),
    *sorted(contract.ROOT.glob("roles/*/README.md")),
]
INVENTORIES = sorted(
    path for path in contract.ROOT.glob("inventories/*/**/*.yml") if not path.read_text().startswith("$ANSIBLE_VAULT")
)


def option(role: str, entry: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = contract.entry_points(role)[entry]["options"][name]
    return found


# --- entry points ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", OWN_ROLES)
def test_specified_entry_points_are_those_in_use(role: str) -> None:
    used = {entry for name, entry in contract.included_entry_points() if name == role}
    assert set(contract.entry_points(role)) == used


def test_role_that_others_depend_on_has_no_validation_task() -> None:
    """Its tag "always" would count as the role's one run in a play; --tags for another concern would skip the rest."""
    depended_on = {
        dependency["role"].rpartition(".")[2]
        for role in contract.ROLES
        for dependency in contract.load(contract.ROOT / "roles" / role / "meta" / "main.yml")["dependencies"]
    }
    assert depended_on == {contract.SHARED}
    assert list(contract.entry_points(contract.SHARED)) == ["shared"]
    assert not (contract.ROOT / "roles" / contract.SHARED / "tasks" / "shared.yml").exists()


@pytest.mark.parametrize(("role", "entry"), [pair for pair in ENTRIES if pair[0] != contract.SHARED])
def test_options_of_an_entry_point_are_the_variables_it_uses(role: str, entry: str) -> None:
    assert set(contract.entry_points(role)[entry]["options"]) == contract.used_options(role, entry)


@pytest.mark.parametrize(("role", "entry"), ENTRIES)
def test_entry_point_is_described(role: str, entry: str) -> None:
    spec = contract.entry_points(role)[entry]
    assert spec["version_added"] and spec["description"]
    assert spec["short_description"] and not spec["short_description"].endswith(".")


# --- options ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", OWN_ROLES)
def test_specs_name_exactly_the_defaults(role: str) -> None:
    assert set(contract.options(role)) == set(contract.defaults(role))


def test_spec_of_the_shared_variables_names_all_defaults() -> None:
    missing = contract.defaults(contract.SHARED).keys() - contract.options(contract.SHARED).keys()
    assert not missing


@pytest.mark.parametrize("role", contract.ROLES)
def test_options_stand_in_the_order_of_the_defaults(role: str) -> None:
    order = list(contract.defaults(role))
    for entry in contract.entry_points(role).values():
        listed = [name for name in entry["options"] if name in order]
        if role != contract.SHARED:
            assert listed == sorted(listed, key=order.index)


@pytest.mark.parametrize(("role", "entry", "name"), OPTIONS)
def test_default_is_that_of_the_role(role: str, entry: str, name: str) -> None:
    spec = option(role, entry, name)
    if spec.get("no_log"):
        return  # test_secret_is_kept_out_of_messages
    assert ("default" in spec) == (name in contract.defaults(role))
    if "default" in spec:
        assert spec["default"] == contract.expected_default(role, name)


@pytest.mark.parametrize(("role", "entry", "name"), OPTIONS)
def test_option_is_complete(role: str, entry: str, name: str) -> None:
    spec = option(role, entry, name)
    assert spec["version_added"]
    assert spec["type"] in TYPES
    assert ("elements" in spec) == (spec["type"] == "list")
    sentences = [spec["description"]] if isinstance(spec["description"], str) else spec["description"]
    for sentence in sentences:
        assert sentence.endswith(".") and sentence[0].upper() == sentence[0]
        assert "{{" not in sentence, "Ansible renders the spec, descriptions included"


@pytest.mark.parametrize(("role", "entry", "name"), OPTIONS)
def test_plain_default_fits_type_and_choices(role: str, entry: str, name: str) -> None:
    spec = option(role, entry, name)
    default = spec.get("default")
    if default is None or "{{" in str(default):
        return
    assert isinstance(default, TYPES[spec["type"]])
    assert isinstance(default, bool) == (spec["type"] == "bool")
    assert default in spec.get("choices", [default])


@pytest.mark.parametrize(("role", "entry", "name"), OPTIONS)
def test_secret_is_kept_out_of_messages(role: str, entry: str, name: str) -> None:
    """A failed validation prints the bad value, and the rendered spec with all its defaults."""
    spec, shared = option(role, entry, name), contract.options(contract.SHARED)
    sources = contract.read_names(str(contract.defaults(role).get(name, "")))
    secret = any(shared.get(source, {}).get("no_log") for source in sources)
    looks_secret = re.search(r"(password|secret|token|_uri|jwt_secret_value)$", name) is not None
    assert bool(spec.get("no_log")) == (secret or looks_secret)
    if spec.get("no_log"):
        assert spec["type"] == "str"
        assert "default" not in spec and "choices" not in spec


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", contract.ROLES)
def test_variables_carry_the_name_of_their_role(role: str) -> None:
    assert [name for name in contract.defaults(role) if not name.startswith(f"{role}_")] == []
    assert [name for name in contract.private(role) if not name.startswith(f"__{role}_")] == []
    for path in sorted((contract.ROOT / "roles" / role / "tasks").glob("*.yml")):
        registered = [text for key, text in contract.strings(contract.load(path)) if key == "register"]
        assert [name for name in registered if not name.startswith((f"{role}_", f"__{role}_"))] == []


def test_no_role_name_is_the_beginning_of_another() -> None:
    assert [pair for pair in permutations(contract.ROLES, 2) if pair[1].startswith(f"{pair[0]}_")] == []


@pytest.mark.parametrize("role", OWN_ROLES)
def test_shared_variables_are_read_in_defaults_only(role: str) -> None:
    """So that a role works with its own variables alone."""
    folder = contract.ROOT / "roles" / role
    for path in [
        *folder.glob("tasks/*.yml"),
        *folder.glob("vars/*.yml"),
        *folder.glob("handlers/*.yml"),
        *folder.glob("templates/**/*.j2"),
    ]:
        assert {name for name in contract.names_read_by(path) if name.startswith("prexorcloud_")} == set(), path


@pytest.mark.parametrize("role", contract.ROLES)
def test_shared_variables_in_defaults_exist(role: str) -> None:
    read = contract.names_read_by(contract.ROOT / "roles" / role / "defaults" / "main.yml")
    assert {name for name in read if name.startswith("prexorcloud_")} <= contract.options(contract.SHARED).keys()


def test_every_shared_variable_is_read() -> None:
    read: set[str] = set()
    for role in contract.ROLES:
        for folder in ("defaults", "vars"):
            read |= contract.names_read_by(contract.ROOT / "roles" / role / folder / "main.yml")
    assert set(contract.options(contract.SHARED)) - read == set()


# --- pages and inventories -------------------------------------------------------------------------------------------


def unknown_names(text: str) -> set[str]:
    known = (
        {name for role in contract.ROLES for name in contract.options(role)} | contract.groups() | set(contract.ROLES)
    )
    known |= {path.stem for path in (contract.ROOT / "plugins" / "modules").glob("*.py")}
    prefixes = tuple(f"{role}_" for role in contract.ROLES)
    return {
        name
        for name in re.findall(r"(?<![\w./-])[a-z][a-z0-9_]+(?![\w-]*[/(])", text)
        if name.startswith(prefixes) and name not in known
    }


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(contract.ROOT)))
def test_variables_named_in_pages_exist(path: Path) -> None:
    code = "\n".join(re.findall(r"`([^`]+)`", path.read_text()))
    assert unknown_names(code) == set()


@pytest.mark.parametrize("path", INVENTORIES, ids=lambda path: str(path.relative_to(contract.ROOT)))
def test_variables_named_in_inventories_exist(path: Path) -> None:
    assert unknown_names(path.read_text()) == set()


@pytest.mark.parametrize("role", contract.ROLES)
def test_every_role_has_a_page(role: str) -> None:
    page = (contract.ROOT / "roles" / role / "README.md").read_text()
    for heading in ("## Example", "## What it does not do"):
        assert heading in page
    assert len(page.splitlines()) <= 60


def test_page_of_shared_variables_says_what_their_spec_says() -> None:
    lines = (contract.ROOT / "docs" / "variables.md").read_text().splitlines()
    rows = [contract.variable_row(*item) for item in contract.options(contract.SHARED).items()]
    assert sorted(
        line for line in lines if line.startswith("| `prexorcloud_") and not line.startswith(GROUP_ROWS)
    ) == sorted(rows)
