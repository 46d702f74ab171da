# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From specs and a cluster to sentences."""

from __future__ import annotations

from typing import NamedTuple

from . import rules, specs
from .model import Cluster, Unavailable

# Guards that come before the rules; their ids stand in the report like those of rules.
UNKNOWN_VARIABLE = "unknown-variable"
WRONG_VALUE = "wrong-value"


class Report(NamedTuple):
    """errors and warnings: sentences beginning with ``[rule id]``; checked: ids of all that was checked."""

    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    checked: tuple[str, ...]


def report(cluster: Cluster, role_specs: specs.Specs) -> Report:
    """Everything that is wrong with the inventory, all at once."""
    errors = [*_unknown(cluster, role_specs), *_wrong(cluster, role_specs)]
    warnings: list[str] = []
    for rule, finding in rules.findings(cluster):
        where = f" ({cluster.where(finding.hosts)})" if finding.hosts else ""
        (warnings if finding.warning else errors).append(f"[{rule.id}] {finding.text}{where}")
    checked = (UNKNOWN_VARIABLE, WRONG_VALUE, *(rule.id for rule in rules.RULES))
    return Report(tuple(errors), tuple(warnings), checked)


def _unknown(cluster: Cluster, role_specs: specs.Specs) -> list[str]:
    known, ours = specs.options(role_specs), specs.prefixes(role_specs)
    found: dict[tuple[str, str], list[str]] = {}
    for host in cluster.hosts.values():
        for item in specs.unknown(host.given, known, ours).items():
            found.setdefault(item, []).append(host.name)
    return [
        f"[{UNKNOWN_VARIABLE}] {name} is no variable of this collection"
        + (f". Is {near} meant?" if near else ".")
        + f" ({cluster.where(hosts)})"
        for (name, near), hosts in found.items()
    ]


def _wrong(cluster: Cluster, role_specs: specs.Specs) -> list[str]:
    known = specs.options(role_specs)
    found: dict[tuple[str, str], list[str]] = {}
    for host in cluster.hosts.values():
        for name in sorted(host.given & known.keys()):
            value = host.values.get(name)
            error = "" if isinstance(value, Unavailable) else specs.value_error(name, value, known[name])
            if error:
                found.setdefault((name, error), []).append(host.name)
    return [
        f"[{WRONG_VALUE}] {name}: {error.rstrip('.')}. ({cluster.where(hosts)})"
        for (name, error), hosts in found.items()
    ]
