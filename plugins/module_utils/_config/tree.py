# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nested mappings addressed by dotted names: look up, merge, remove. Pure functions on plain data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .schema import BOOL, MAP, OBJECT_MAP, Schema
from .values import same

MISSING: Any = object()

Path = tuple[str, ...]


def dotted(path: Iterable[str]) -> str:
    return ".".join(path)


def at(tree: Any, path: Path) -> Any:
    """The value at a path, or MISSING."""
    for name in path:
        if not isinstance(tree, Mapping) or name not in tree:
            return MISSING
        tree = tree[name]
    return tree


def path_of(schema: Schema, name: str) -> Path:
    """The path a dotted name means. Below a free mapping (labels, quotas) the rest is one key, dots included."""
    parts = name.split(".")
    for depth in range(1, len(parts)):
        key = schema.by_name.get(dotted(parts[:depth]))
        if key is not None and key.kind in (MAP, OBJECT_MAP):
            return (*parts[:depth], dotted(parts[depth:]))
    return tuple(parts)


def leaf_paths(schema: Schema, tree: Mapping[str, Any], prefix: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Pairs of path and value for all that is merged as one value: table keys, entries of free mappings, unknown keys.

    A mapping in the place of a table key that is no mapping, and an empty mapping, are yielded as they are.
    """
    for name, value in tree.items():
        path = (*prefix, name)
        key = schema.by_name.get(dotted(path))
        free = key is not None and key.kind in (MAP, OBJECT_MAP)
        if isinstance(value, Mapping) and value and free:
            yield from (((*path, entry), item) for entry, item in value.items())
        elif isinstance(value, Mapping) and value and key is None and schema.key_of(dotted(path)) is None:
            yield from leaf_paths(schema, value, path)
        else:
            yield path, value


def copy(tree: Any) -> Any:
    """A deep copy that keeps plain data only."""
    if isinstance(tree, Mapping):
        return {name: copy(item) for name, item in tree.items()}
    return [copy(item) for item in tree] if isinstance(tree, (list, tuple)) else tree


def merge(schema: Schema, tree: dict[str, Any], values: Iterable[tuple[Path, Any]]) -> None:
    """Puts values into a tree in place. Lists replace; a value that means the same already keeps its spelling."""
    for path, value in values:
        node = tree
        for name in path[:-1]:
            if not isinstance(node.get(name), dict):
                node[name] = {}
            node = node[name]
        present = node.get(path[-1], MISSING)
        if present is MISSING or not same(schema.key_of(dotted(path)), present, value):
            node[path[-1]] = copy(value)


def remove(tree: dict[str, Any], path: Path) -> None:
    """Takes a key out, and blocks that become empty by it: an empty block is read differently from a missing one."""
    parents = [tree]
    for name in path[:-1]:
        child = parents[-1].get(name)
        if not isinstance(child, dict):
            return
        parents.append(child)
    if path[-1] not in parents[-1]:
        return
    del parents[-1][path[-1]]
    for depth in range(len(path) - 1, 0, -1):
        if parents[depth]:
            return
        del parents[depth - 1][path[depth - 1]]


def write_out_booleans(schema: Schema, tree: dict[str, Any], touched: Iterable[Path]) -> None:
    """Writes each missing boolean of the touched blocks with its documented default.

    The program reads a missing boolean as false once its block is there, whatever the default (config.md section 2).
    """
    blocks = {path[:depth] for path in touched for depth in range(1, len(path))}
    for block in sorted(blocks):
        node = at(tree, block)
        if not isinstance(node, dict):
            continue
        for key in schema.booleans_of(dotted(block)):
            if key.default is not None and node.get(key.leaf) is None and key.kind == BOOL:
                node[key.leaf] = key.default


def changed_names(schema: Schema, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Dotted names of the values that differ, in the order of the result, removed ones last."""
    old, new = dict(leaf_paths(schema, before)), dict(leaf_paths(schema, after))
    differing = [path for path, value in new.items() if path not in old or not same(None, old[path], value)]
    return [dotted(path) for path in (*differing, *(path for path in old if path not in new))]
