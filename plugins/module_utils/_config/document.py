# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a YAML configuration into plain data while remembering where in the text everything stands.

ruamel.yaml finds the tokens and their places; the values are taken from its nodes and not from its constructor, because
the constructor makes dates of texts and its error messages repeat the content of the file, which may be secret.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import DocumentError, LibraryMissing
from .tree import Path, dotted

if TYPE_CHECKING:
    from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

# A configuration has a few KiB. The bounds keep a file of garbage or of nested aliases from taking minutes or all memory.
MAX_BYTES = 1024 * 1024
MAX_VALUES = 200_000
_TAG = "tag:yaml.org,2002:"
LIBRARY = "ruamel.yaml"
_INT_BASES = {"0x": 16, "0o": 8, "0b": 2}


@dataclass(frozen=True)
class Entry:
    """One `key: value` of a mapping in the text. merged: it comes from a merge key (<<) and stands elsewhere."""

    key: ScalarNode
    value: Node
    merged: bool = False


@dataclass
class Document:
    """A parsed configuration: the text, its plain data, the root node (None if there is no content) and shared nodes."""

    text: str
    plain: dict[str, Any]
    root: MappingNode | None
    shared: set[int] = field(default_factory=set)


def parse(text: str) -> Document:
    """Parses the text of a configuration file. Raises DocumentError (never with content of the file), LibraryMissing."""
    root = _compose(text)
    if root is None or (_is_scalar(root) and root.value == "" and root.style is None):
        return Document(text, {}, None)
    if not _is_mapping(root):
        raise DocumentError("holds a list or a single value instead of a mapping of keys")
    reader = _Reader()
    plain = reader.mapping(root, ())
    if reader.duplicates:
        raise DocumentError(f"has duplicate keys, of which only the last counts: {'; '.join(reader.duplicates)}")
    return Document(text, plain, root, reader.shared)


def _compose(text: str) -> Any:
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError
    except ImportError:
        raise LibraryMissing(LIBRARY) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        raise DocumentError(_place(error, text)) from None
    except YAMLError:
        raise DocumentError("is not YAML: it contains characters that are not allowed in a text file") from None
    except RecursionError:
        raise DocumentError("is not a configuration: it is nested too deeply") from None
    except (ValueError, AttributeError, AssertionError, TypeError, IndexError):
        # ruamel's scanner stumbles over some malformed input instead of reporting it.
        raise DocumentError("is not valid YAML") from None


def _place(error: Any, text: str) -> str:
    if str(error.context or "").startswith("expected a single document"):
        return "has a second document (after ---), which the program ignores in silence; remove it"
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return "is not valid YAML"
    lines = text.split("\n")
    line = lines[mark.line] if mark.line < len(lines) else ""
    indent = line[: len(line) - len(line.lstrip())]
    hint = ": the line is indented with a tab, use blanks" if "\t" in indent else ""
    return f"is not valid YAML at line {mark.line + 1}, column {mark.column + 1}{hint}"


class _Reader:
    """Turns nodes into plain data, once per parse."""

    def __init__(self) -> None:
        self.seen: set[int] = set()
        self.shared: set[int] = set()
        self.open: set[int] = set()
        self.count = 0
        self.duplicates: list[str] = []

    def value(self, node: Node, path: Path) -> Any:
        self._enter(node)
        if _is_mapping(node):
            return self.mapping(node, path)
        if _is_scalar(node):
            return plain_scalar(node)
        self.open.add(id(node))
        items = [self.value(item, (*path, str(number))) for number, item in enumerate(node.value)]
        self.open.discard(id(node))
        return items

    def mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        self.open.add(id(node))
        found: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for entry in entries(node):
            name = entry.key.value
            if entry.merged and name in found:
                continue
            line = entry.key.start_mark.line + 1
            if name in lines and not entry.merged:
                self.duplicates.append(f"{dotted((*path, name))} (lines {lines[name]} and {line})")
            lines[name] = line
            found[name] = self.value(entry.value, (*path, name))
        self.open.discard(id(node))
        return found

    def _enter(self, node: Node) -> None:
        self.count += 1
        if id(node) in self.open or self.count > MAX_VALUES:
            raise DocumentError("is not a configuration: its anchors repeat without end")
        if id(node) in self.seen:
            self.shared.add(id(node))
        self.seen.add(id(node))


def entries(node: MappingNode) -> Iterator[Entry]:
    """The own entries of a mapping in the order of the text, then those that merge keys bring in."""
    merges = []
    for key, value in node.value:
        if not _is_scalar(key):
            raise DocumentError(f"has a list or mapping as a key at line {key.start_mark.line + 1}")
        if key.value == "<<" and key.style is None:
            merges.append((key, value))
        else:
            yield Entry(key, value)
    for key, value in merges:
        sources = [value] if _is_mapping(value) else value.value
        for source in sources:
            if not _is_mapping(source) or source is node:
                raise DocumentError(f"merges something that is no mapping at line {key.start_mark.line + 1}")
            for entry in entries(source):
                yield Entry(entry.key, entry.value, merged=True)


def plain_scalar(node: ScalarNode) -> Any:
    """Value of a scalar. Dates stay texts, as the program reads them."""
    tag = str(node.tag)
    if not tag.startswith(_TAG):
        raise DocumentError(f"uses a tag (!...) at line {node.start_mark.line + 1}, which has no place here")
    text = str(node.value)
    convert = {"null": lambda _text: None, "bool": _bool, "int": _int, "float": _float}.get(tag[len(_TAG) :])
    try:
        return text if convert is None else convert(text)
    except ValueError:
        raise DocumentError(f"has a value that is not what its tag says at line {node.start_mark.line + 1}") from None


def _bool(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError
    return text.lower() == "true"


def _int(text: str) -> int:
    digits = text.replace("_", "").lower()
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    if len(digits) > 40:  # int() of a megabyte of digits would take minutes; no key holds more than 19
        raise ValueError
    base = _INT_BASES.get(digits[:2], 10)
    return sign * int(digits[2:] if base != 10 else digits, base)


def _float(text: str) -> float:
    return float(re.sub(r"\.(?=inf|nan)", "", text.replace("_", ""), flags=re.IGNORECASE))


def _is_mapping(node: Any) -> bool:
    return getattr(node, "id", "") == "mapping"


def _is_scalar(node: Any) -> bool:
    return getattr(node, "id", "") == "scalar"
