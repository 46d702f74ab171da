# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a configuration as the program reads it, while remembering where in the text everything stands.

ruamel.yaml finds the tokens and their places. What they mean is decided here, because the program's parser (Jackson's
YAML) differs from the standard where it matters, as was tried with that library:

- an alias is the plain text of its name, and a merge key (<<) is an unknown key like any other;
- plain yes, no, on, off are booleans, 010 is 8, and a text key takes any scalar as it is spelt (007, 2026-01-01);
- a second document is ignored.

Besides, the messages of ruamel's own constructor repeat the content of the file, which may be secret.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from .errors import DocumentError, LibraryMissingError
from .tree import Path, dotted

# A configuration has a few KiB. The bounds keep garbage from taking minutes or all memory.
MAX_BYTES = 256 * 1024
MAX_DEPTH = 50
LIBRARY = "ruamel.yaml"

# ruamel.yaml's nodes: its own annotations leave out the attributes that tell the kinds apart.
Node = Any

_TAG = "tag:yaml.org,2002:"
_BOOLEANS = {
    spelling: value
    for word, value in (("true", True), ("yes", True), ("on", True), ("false", False), ("no", False), ("off", False))
    for spelling in (word, word.capitalize(), word.upper())
}
_NULLS = ("", "~", "null", "Null", "NULL")
_INT = re.compile(r"[-+]?(0b[01_]{1,64}|0x[0-9A-Fa-f_]{1,40}|[0-9][0-9_]{0,40})")
_FLOAT = re.compile(r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*|[0-9][0-9_]*(?=[eE]))([eE][-+]?[0-9]+)?")


@dataclass(frozen=True)
class Entry:
    """One `key: value` of a mapping in the text."""

    key: Node
    value: Node

    @property
    def name(self) -> str:
        return str(self.key.value)

    @property
    def is_alias(self) -> bool:
        """An alias is represented by the node it names, which stands earlier in the text than the key."""
        return bool(self.value.start_mark.index < self.key.end_mark.index)


@dataclass(frozen=True)
class Document:
    """A parsed configuration.

    plain: what the program reads. root: the node of the mapping, None without content.
    texts: dotted names of the keys whose scalars are texts however they are spelt.
    aliases: paths of values that are aliases.
    """

    text: str
    plain: dict[str, Any]
    root: Node
    texts: frozenset[str]
    aliases: tuple[Path, ...] = ()


def parse(text: str, texts: Collection[str] = ()) -> Document:
    """Parses the text of a configuration file. Raises DocumentError (without content of it), LibraryMissingError."""
    texts = frozenset(texts)
    root = _compose(text)
    if root is None or (root.id == "scalar" and root.style is None and root.value == ""):
        return Document(text, {}, None, texts)
    if root.id != "mapping":
        raise DocumentError("holds a list or a single value instead of a mapping of keys")
    reader = _Reader(texts)
    plain = reader.value(root, ())
    if reader.duplicates:
        raise DocumentError(f"has duplicate keys, of which only the last counts: {'; '.join(reader.duplicates)}")
    return Document(text, plain, root, texts, tuple(reader.aliases))


def _compose(text: str) -> Node:
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError
    except ImportError:
        raise LibraryMissingError(LIBRARY) from None
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
    except (ValueError, AttributeError, AssertionError, TypeError, LookupError):
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
    """Turns nodes into plain data in the order of the text, so that the second sight of a node is an alias to it."""

    def __init__(self, texts: Collection[str]) -> None:
        self.texts = texts
        self.seen: set[int] = set()
        self.aliases: list[Path] = []
        self.duplicates: list[str] = []

    def value(self, node: Node, path: Path) -> Any:
        if id(node) in self.seen:
            self.aliases.append(path)
            return str(node.anchor)
        self.seen.add(id(node))
        tag = str(node.tag)
        if not tag.startswith(_TAG):
            raise DocumentError(f"uses a tag (!...) at line {node.start_mark.line + 1}, which has no place here")
        if len(path) > MAX_DEPTH:
            raise DocumentError("is not a configuration: it is nested too deeply")
        if node.id == "mapping":
            return self.mapping(node, path)
        if node.id == "sequence":
            return [self.value(item, (*path, str(number))) for number, item in enumerate(node.value)]
        is_text = dotted(path) in self.texts or dotted(path[:-1]) in self.texts
        return scalar(str(node.value), plain=node.style is None, is_text=is_text)

    def mapping(self, node: Node, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for entry in entries(node):
            line = entry.key.start_mark.line + 1
            self.seen.add(id(entry.key))
            if entry.name in lines:
                name = dotted((*path, entry.name))
                self.duplicates.append(f"{name} (lines {lines[entry.name]} and {line})")
            lines[entry.name] = line
            found[entry.name] = self.value(entry.value, (*path, entry.name))
        return found


def entries(node: Node) -> Iterator[Entry]:
    """The entries of a mapping in the order of the text. Raises DocumentError for keys that are no plain names."""
    for key, value in node.value:
        if key.id != "scalar":
            raise DocumentError(f"has a list or mapping as a key at line {key.start_mark.line + 1}")
        yield Entry(key, value)


def plain_item(node: Node) -> Any:
    """Plain value of an item of a list of texts."""
    return _Reader(("",)).value(node, ("0",))


def scalar(text: str, plain: bool, is_text: bool = False) -> Any:
    """What the program reads from a scalar. plain: it stands without quotes. is_text: its key is one of texts."""
    if not plain:
        return text
    if text in _NULLS:
        return None
    if is_text:
        return text
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INT.fullmatch(text):
        return _whole(text)
    return float(text.replace("_", "")) if _FLOAT.fullmatch(text) else text


def _whole(text: str) -> int:
    digits = text.replace("_", "").lstrip("+-").lower()
    sign = -1 if text.startswith("-") else 1
    if digits.startswith(("0x", "0b")):
        return sign * int(digits[2:] or "0", 16 if digits[1] == "x" else 2)
    octal = len(digits) > 1 and digits.startswith("0") and not set(digits) & set("89")
    return sign * int(digits, 8 if octal else 10)
