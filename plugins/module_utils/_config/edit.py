# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing values in the text of a configuration while every other byte stays as it is.

Comments, order, quotes, indentation, line ends and flow style of all that is not changed survive because the text is
spliced at the places ruamel.yaml reports, instead of being written anew: its own writer moves or drops the comments
next to removed keys and replaced lists. Each result is parsed again and must mean exactly what was asked for,
so a layout that this file does not foresee ends in an error and never in a wrong file.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from . import emit
from .document import Document, Entry, Node, entries, parse, plain_item
from .errors import DocumentError
from .values import identical

HEADER = "# Maintained by the Ansible collection prexorcloud.production; keys and comments of your own are kept.\n---\n"
_ALIAS = re.compile(r"\s*:\s*(\*[^\s,\[\]{}]+)")
_NOTHING = re.compile(r"[ ]*:()")
_DASH = re.compile(r"[ ]*-[ ]+")


def apply(document: Document, wanted: Mapping[str, Any]) -> str:
    """The text of the document changed so that it means `wanted`.

    Raises DocumentError if that is impossible without changing something else: an anchor would go that is used
    elsewhere, or the layout cannot be edited line by line.
    """
    if document.root is None:
        text = _with_line_end(document.text) if document.text.strip("\ufeff \t\r\n") else HEADER
        new = text + "".join(f"{line}\n" for line in emit.block(wanted, 0)) if wanted else text
    else:
        new = _Editor(document).run(wanted)
    try:
        right = identical(parse(new, document.texts).plain, wanted)
    except DocumentError:
        right = False
    if not right:
        raise DocumentError(
            "cannot be edited without changing other values: an anchor (&) that is used elsewhere would go, "
            "or keys share lines; write the values out, one key per line"
        )
    return new


def _with_line_end(text: str) -> str:
    return text if not text or text.endswith("\n") else text + ("\r\n" if "\r\n" in text else "\n")


class _Editor:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.text = _with_line_end(document.text)
        self.line_end = "\r\n" if "\r\n" in document.text else "\n"
        self.splices: list[tuple[int, int, str]] = []

    def run(self, wanted: Mapping[str, Any]) -> str:
        self.mapping(self.document.root, self.document.plain, wanted)
        pieces, position = [], 0
        for start, end, new in sorted(self.splices, key=lambda splice: splice[:2]):
            if start < position:
                raise DocumentError("cannot be edited: the changes overlap; write its blocks out one key per line")
            pieces += [self.text[position:start], new]
            position = end
        return "".join([*pieces, self.text[position:]])

    def mapping(self, node: Node, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        """Plans the edits inside of one mapping, children first, so that texts added at one place come in order."""
        own = list(entries(node))
        removed = [entry for entry in own if entry.name not in new]
        for entry in own:
            if entry.name in new and not identical(old[entry.name], new[entry.name]):
                self.value(node, entry, old[entry.name], new[entry.name])
        added = {name: value for name, value in new.items() if name not in old}
        if _is_flow(node):
            self.flow_entries(node, own, removed, added)
        else:
            self.block_entries(own, removed, added)

    def value(self, parent: Node, entry: Entry, old: Any, new: Any) -> None:
        node = entry.value
        if entry.is_alias:
            self.replace(entry, emit.flow(new))
        elif isinstance(old, Mapping) and isinstance(new, Mapping) and ((old and new) or _is_flow(node)):
            self.mapping(node, old, new)
        elif isinstance(new, (Mapping, list)) and not _is_flow(parent):
            self.collection(entry, new)
        elif node.id == "scalar" or _is_flow(node):
            quote = node.style if node.id == "scalar" and node.style in ("'", '"') else ""
            self.replace(entry, emit.flow(new) if isinstance(new, (Mapping, list)) else emit.scalar(new, quote))
        else:
            self.rewrite(entry, new)

    def replace(self, entry: Entry, new: str) -> None:
        start, end = self.span(entry)
        glue = " " if start == end else ""
        self.splices.append((start, end, glue + new))

    def collection(self, entry: Entry, new: Any) -> None:
        """Puts a list or mapping in the place of a value that stands in a block mapping."""
        node = entry.value
        if _is_flow(node) or (not new and node.id == "scalar"):
            self.replace(entry, emit.flow(new))
        elif node.id == "sequence" and isinstance(new, list) and new and self.items(node, new):
            return
        elif node.id == "scalar" and self.on_one_line(entry):
            start, end = self.span(entry)
            while self.text[start - 1] == " ":
                start -= 1
            self.splices.append((start, end, ""))
            self.insert_after(end, emit.block(new, entry.key.start_mark.column + 2))
        else:
            self.rewrite(entry, new)

    def items(self, node: Node, new: Sequence[Any]) -> bool:
        """Edits a block list item by item, so that comments of kept items stay. False if its layout is unusual."""
        starts = [item.start_mark.index for item in node.value]
        prefixes = [self.text[self.line_start(start) : start] for start in starts]
        if not all(_DASH.fullmatch(prefix) for prefix in prefixes) or starts != sorted(set(starts)):
            return False
        first = node.value[0]
        quote = first.style if first.id == "scalar" and first.style in ("'", '"') else ""
        old_keys = [json.dumps(item, sort_keys=True, default=str) for item in map(plain_item, node.value)]
        new_keys = [json.dumps(item, sort_keys=True, default=str) for item in new]
        matcher = difflib.SequenceMatcher(None, old_keys, new_keys, autojunk=False)
        for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
            if kind == "equal":
                continue
            place = self.after_line(self.end_of(node.value[old_from - 1])) if old_from else self.line_start(starts[0])
            lines = [
                prefixes[0] + (emit.scalar(item, quote) if isinstance(item, str) else emit.flow(item))
                for item in new[new_from:new_to]
            ]
            self.splices.append((place, place, self.joined(lines)))
            for index in range(old_from, old_to):
                start = self.line_start(starts[index])
                self.splices.append((start, self.after_line(self.end_of(node.value[index])), ""))
        return True

    def rewrite(self, entry: Entry, new: Any) -> None:
        """Replaces all lines of an entry of a block mapping."""
        start = self.own_line(entry)
        lines = emit.entry(entry.name, new, entry.key.start_mark.column)
        self.splices.append((start, self.after_line(self.entry_end(entry)), self.joined(lines)))

    def block_entries(self, own: list[Entry], removed: list[Entry], added: Mapping[str, Any]) -> None:
        for entry in removed:
            self.splices.append((self.own_line(entry), self.after_line(self.entry_end(entry)), ""))
        if added:
            column = own[0].key.start_mark.column
            self.insert_after(max(map(self.entry_end, own)), emit.block(added, column))

    def flow_entries(self, node: Node, own: list[Entry], removed: list[Entry], added: Mapping[str, Any]) -> None:
        kept = [entry for entry in own if entry not in removed]
        for index, entry in enumerate(own):
            if entry in kept:
                continue
            start, end = entry.key.start_mark.index, self.entry_end(entry)
            later = [other for other in own[index + 1 :] if other in kept]
            earlier = [other for other in own[:index] if other in kept]
            if later:
                end = own[index + 1].key.start_mark.index
            elif earlier:
                start = self.entry_end(own[index - 1])
            elif index + 1 < len(own):
                end = own[index + 1].key.start_mark.index
            self.splices.append((start, end, ""))
        if added:
            inner = emit.flow(added)[1:-1]
            if kept:
                place = self.entry_end(kept[-1])
                self.splices.append((place, place, f", {inner}"))
            else:
                place = self.text.index("{", node.start_mark.index) + 1
                self.splices.append((place, place, inner))

    def insert_after(self, index: int, lines: list[str]) -> None:
        place = self.after_line(index)
        self.splices.append((place, place, self.joined(lines)))

    def joined(self, lines: list[str]) -> str:
        return "".join(line + self.line_end for line in lines)

    def line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def after_line(self, index: int) -> int:
        found = self.text.find("\n", index)
        return len(self.text) if found < 0 else found + 1

    def own_line(self, entry: Entry) -> int:
        """Start of the line that begins with this key, after a byte order mark."""
        key = entry.key.start_mark.index
        start = self.line_start(key)
        if self.text[start:key].startswith("\ufeff"):
            start += 1
        if self.text[start:key].strip(" "):
            raise DocumentError(f"cannot be edited: {entry.name} shares its line with something else")
        return start

    def on_one_line(self, entry: Entry) -> bool:
        return "\n" not in self.text[entry.key.start_mark.index : self.entry_end(entry)]

    def entry_end(self, entry: Entry) -> int:
        """Index after the last character of the entry."""
        return self.span(entry)[1]

    def span(self, entry: Entry) -> tuple[int, int]:
        """Where the value of an entry begins and ends in the text.

        The node of an alias tells the place of its anchor, and that of an empty value the place of the next token, so
        both are looked for behind the key.
        """
        empty = entry.value.id == "scalar" and entry.value.style is None and entry.value.value == ""
        if not entry.is_alias and not empty:
            return entry.value.start_mark.index, self.end_of(entry.value)
        match = (_ALIAS if entry.is_alias else _NOTHING).match(self.text, entry.key.end_mark.index)
        if match is None:
            raise DocumentError(f"cannot be edited: the value of {entry.name} stands in an unusual place")
        return match.span(1)

    def end_of(self, node: Node) -> int:
        """Index after the last character of a value, comments and blank lines behind it not counted."""
        if node.id != "scalar" and not _is_flow(node) and node.value:
            last = node.value[-1]
            if node.id == "mapping":
                return self.entry_end(Entry(*last))
            if last.start_mark.index < node.start_mark.index:
                raise DocumentError("cannot be edited: a list ends with an alias; write its entry out")
            return self.end_of(last)
        start: int = node.start_mark.index
        end = node.end_mark.index
        return start + len(self.text[start:end].rstrip())


def _is_flow(node: Node) -> bool:
    """Whether a collection stands in brackets; never true for a scalar."""
    return node.id != "scalar" and bool(node.flow_style)
