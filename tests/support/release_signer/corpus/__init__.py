# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The corpus: one table of good cases and of each attack and mistake that sigstore.md names (0 to 3, 5 to 7)."""

from __future__ import annotations

from ..case import Case, Row
from ..world import World
from . import attestations, certificates, documents, good, identities, keyed, logs, sidecars, stamps, tiled, trust

CASES: tuple[Row, ...] = tuple(
    row
    for part in (
        good,
        trust,
        certificates,
        identities,
        logs,
        tiled,
        stamps,
        attestations,
        documents,
        keyed,
        sidecars,
    )
    for row in part.ROWS
)


def build(world: World | None = None) -> tuple[Case, ...]:
    """Every case, made in one world; names are unique."""
    world = world or World.make()
    cases = tuple(row.case(world) for row in CASES)
    if len({case.name for case in cases}) != len(cases):
        raise ValueError("two cases have one name")
    return cases
