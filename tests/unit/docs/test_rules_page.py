# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/rules.md says what docs/rules.yml says, and that is true. Run as a program, this file writes the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "docs" / "rules.yml"
PAGE = ROOT / "docs" / "rules.md"
HEAD = """\
# Rules of the software and where they are enforced

<!-- Made from rules.yml by: PYTHONPATH=.ansible/collections .venv/bin/python tests/unit/docs/test_rules_page.py -->

The software accepts in silence much of what breaks it later. These are the rules that an installation has to keep,
where this collection enforces each, and the test that proves it. *Check* names rules of the first play,
`inventory_check`, which stops a run before any host is touched. "1.0" is release 1.0.0
(`prexorcloud_coordination: valkey`), "after 1.0" is what follows (`mongodb`). *Open* is not built yet.

| # | Rule | Check | Enforced by | Test | Open |
|---|---|---|---|---|---|
"""
MIDDLE = """
## Rules of the inventory check

Each message begins with the id.

| Id | What must hold | # |
|---|---|---|
"""


def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    return found


def named(test: str) -> str:
    path, _colons, name = test.partition("::")
    return f"[{name or Path(path).name}](../{path})"


def page(table: list[dict[str, Any]], inventory: list[tuple[str, str, tuple[int, ...]]]) -> str:
    """The whole page. inventory: id, title and upstream's numbers of each rule of the inventory check."""
    lines = [HEAD]
    for row in table:
        cells = (
            str(row["number"]),
            row["rule"],
            ", ".join(f"`{rule}`" for rule in row.get("check", [])),
            "; ".join(row.get("where", [])),
            ", ".join(named(test) for test in row.get("tests", [])),
            row.get("open", ""),
        )
        lines.append("| " + " | ".join(cells) + " |\n")
    lines.append(MIDDLE)
    for rule, title, numbers in inventory:
        lines.append(f"| `{rule}` | {title} | {', '.join(map(str, numbers))} |\n")
    return "".join(re.sub(r" +\|", " |", line) for line in lines)


def inventory_rules() -> list[tuple[str, str, tuple[int, ...]]]:
    from ansible_collections.prexorcloud.production.plugins.module_utils._inventory import report, rules

    guards = [
        (report.UNKNOWN_VARIABLE, "every variable that begins like ours is in an argument spec", (5,)),
        (report.WRONG_VALUE, "given values have the types and choices of the argument specs", (5,)),
    ]
    return guards + [(rule.id, rule.title, rule.upstream) for rule in rules.RULES]


def test_the_page_is_made_from_the_data() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(rows(), inventory_rules())


def test_all_rules_of_upstream_are_there() -> None:
    assert [row["number"] for row in rows()] == list(range(1, 25))


def test_checks_and_table_name_each_other() -> None:
    by_table = {(row["number"], rule) for row in rows() for rule in row.get("check", [])}
    by_rule = {(number, rule) for rule, _title, numbers in inventory_rules() for number in numbers}
    assert by_table == by_rule


@pytest.mark.parametrize("test", sorted({test for row in rows() for test in row.get("tests", [])}))
def test_every_test_exists(test: str) -> None:
    path, _colons, name = test.partition("::")
    text = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"^def {name}\(" if name else r"^def test_", text, re.MULTILINE)


@pytest.mark.parametrize("row", rows(), ids=lambda row: str(row["number"]))
def test_a_row_is_proven_or_says_what_is_open(row: dict[str, Any]) -> None:
    assert row.get("tests") or row.get("open")
    assert bool(row.get("tests")) <= bool(row.get("check") or row.get("where"))
    assert row.keys() <= {"number", "rule", "check", "where", "tests", "open"}


def test_nothing_calls_the_maintenance_api() -> None:
    sources = [
        path for folder in ("plugins", "roles", "playbooks") for path in (ROOT / folder).rglob("*") if path.is_file()
    ]
    texts = {path: path.read_bytes() for path in sources if path.suffix in (".py", ".yml", ".j2")}
    assert len(texts) > 20
    assert [path for path, text in texts.items() if re.search(rb"api/v1/(?:system/)?maintenance", text)] == []


if __name__ == "__main__":
    PAGE.write_text(page(rows(), inventory_rules()), encoding="utf-8")
