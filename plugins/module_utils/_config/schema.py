# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of a key table and the questions asked to it. The tables are schema_controller.py and schema_daemon.py.

They are Python and not YAML because Ansible ships only Python files of module_utils to the host, where the module runs.
Each row says what the program does with a key; nothing outside the tables knows a key by name except the rules that
join several keys (rules.py).
"""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

STR, INT, LONG, DOUBLE, BOOL, ENUM = "string", "int", "long", "double", "bool", "enum"
STRINGS, OBJECTS, MAP, OBJECT_MAP = "list of strings", "list of mappings", "mapping of strings", "mapping of mappings"
# "Listen on or answer at every address", the default of several keys.
ANY_ADDRESS = str(ipaddress.IPv4Address(0))
NUMBERS = frozenset({INT, LONG, DOUBLE})

# Which generation of the program knows a key: prexorcloud_coordination decides about the generation.
GENERATIONS: Mapping[str, frozenset[str]] = {
    "valkey": frozenset({"all", "v1"}),
    "mongodb": frozenset({"all", "head"}),
}


@dataclass(frozen=True)
class Key:
    """One key.

    name: dotted name. kind: one of the constants above.
    default: effective value when the key is missing (None: stays unset).
    secret: never shown. generated: machine made, long and random, so that a fingerprint of it gives nothing away.
    since: all, v1 (release 1.0 only) or head (later only).
    low, high: bounds of a number; a number below low is read as the default by the program, unless `strict_low`.
    allowed: the texts of an enumeration. any_case: the program ignores letter case and blanks around.
    forms: names of checks in forms.py. required: must be there before the first start.
    immutable: fixed once the cluster is founded. boxed: a missing boolean means the default even in a written block.
    item_keys: for lists of mappings the keys each entry needs.
    blank_is_default: a blank text is read as the default; otherwise a blank stays blank.
    no_effect: why setting it does nothing.
    """

    name: str
    kind: str
    default: Any = None
    secret: bool = False
    generated: bool = False
    since: str = "all"
    low: float | None = None
    high: float | None = None
    strict_low: bool = False
    allowed: tuple[str, ...] = ()
    any_case: bool = False
    forms: tuple[str, ...] = ()
    required: bool = False
    immutable: bool = False
    boxed: bool = False
    item_keys: tuple[str, ...] = ()
    blank_is_default: bool = False
    no_effect: str = ""

    @property
    def parent(self) -> str:
        return self.name.rpartition(".")[0]

    @property
    def leaf(self) -> str:
        return self.name.rpartition(".")[2]


@dataclass(frozen=True)
class Schema:
    """All keys of one file. `ignored`: names outside of the table that people write although they do nothing -> why."""

    name: str
    keys: tuple[Key, ...]
    ignored: Mapping[str, str]
    coordination: str = "valkey"

    @cached_property
    def by_name(self) -> dict[str, Key]:
        return {key.name: key for key in self.keys if key.since in GENERATIONS[self.coordination]}

    @cached_property
    def foreign(self) -> dict[str, Key]:
        """Keys of the other generation: the program ignores them."""
        return {key.name: key for key in self.keys if key.name not in self.by_name}

    @cached_property
    def secrets(self) -> dict[str, Key]:
        """All secret keys, those of the other generation included."""
        return {key.name: key for key in self.keys if key.secret}

    @cached_property
    def texts(self) -> frozenset[str]:
        """Names of the keys of which the scalars, or those of the list or mapping, are read as texts."""
        return frozenset(key.name for key in self.keys if key.kind in (STR, ENUM, STRINGS, MAP))

    @cached_property
    def blocks(self) -> frozenset[str]:
        """Dotted names of all mappings that hold keys."""
        found: set[str] = set()
        for key in self.keys:
            parts = key.name.split(".")[:-1]
            found.update(".".join(parts[: depth + 1]) for depth in range(len(parts)))
        return frozenset(found)

    def booleans_of(self, block: str) -> Iterator[Key]:
        """The booleans directly in a block, in table order."""
        return (key for key in self.by_name.values() if key.kind == BOOL and key.parent == block)

    def why_ignored(self, name: str) -> str:
        """Why the program does nothing with this name, or an empty text. Names below an ignored one are ignored too."""
        for candidate in _with_ancestors(name):
            if candidate in self.ignored:
                return self.ignored[candidate]
            if candidate in self.foreign:
                other = "1.0 (valkey)" if self.foreign[candidate].since == "v1" else "releases after 1.0 (mongodb)"
                return f"only read by {other}, ignored at coordination {self.coordination}"
        return ""

    def key_of(self, name: str) -> Key | None:
        """The table row that owns a dotted name; names below a free mapping belong to that mapping."""
        for candidate in _with_ancestors(name):
            key = self.by_name.get(candidate) or self.foreign.get(candidate)
            if key is not None and (candidate == name or key.kind in (MAP, OBJECT_MAP, OBJECTS, STRINGS)):
                return key
        return None

    def nearest(self, name: str) -> str:
        """The known key or block a misspelt name most likely means, or an empty text.

        First a similar name in the same block, then the same last word anywhere, then a similar dotted name.
        """
        parent, _dot, leaf = name.rpartition(".")
        known = [*self.by_name, *sorted(self.blocks)]
        siblings = {one.rpartition(".")[2].lower(): one for one in known if one.rpartition(".")[0] == parent}
        close = difflib.get_close_matches(leaf.lower(), siblings, n=1, cutoff=0.6)
        if close:
            return siblings[close[0]]
        same_leaf = [one for one in known if one.rpartition(".")[2].lower() == leaf.lower()]
        if same_leaf:
            return max(same_leaf, key=lambda one: difflib.SequenceMatcher(None, one.lower(), name.lower()).ratio())
        lowered = {one.lower(): one for one in known}
        close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
        return lowered[close[0]] if close else ""


def _with_ancestors(name: str) -> Iterator[str]:
    parts = name.split(".")
    for depth in range(len(parts), 0, -1):
        yield ".".join(parts[:depth])
