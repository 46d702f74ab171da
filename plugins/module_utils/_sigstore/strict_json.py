# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON with one reading (sigstore.md 3): what another parser could understand otherwise is refused.

Members are read by the rules of protobuf's JSON: null is absent, 64-bit integers may be decimal text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused

MAX_DEPTH = 32
# Lists and objects in one document; an inventory of a large program's parts, the largest of all, has some ten thousand.
MAX_CONTAINERS = 200_000
MAX_DIGITS = 20
MAX_INTEGER = 2**63 - 1
# Brackets, and strings as a whole. A string that is not closed takes the rest: the pattern has to match whatever it
# meets, for each failure would begin again one quotation mark further on.
BRACKETS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")


class _Unreadable(ValueError):
    """The text has two readings; ValueError, so that it leaves the parser the way its own errors do."""


@dataclass(frozen=True)
class Members:
    """One JSON object; `where` names it in messages. Every reader raises Refused("input_malformed")."""

    value: Mapping[str, object]
    where: str

    def refuse(self, name: str, why: str) -> Refused:
        """An exception, to be raised, that names the member."""
        return Refused("input_malformed", f"{self.where}: {name} {why}")

    def only(self, *names: str) -> Members:
        """This object, if it has no members but these."""
        for name in self.value:
            if name not in names:
                raise Refused("input_malformed", f"{self.where}: unknown member {name[:64]!r}")
        return self

    def has(self, name: str) -> bool:
        """True if the member is there and not null."""
        return self.value.get(name) is not None

    def names(self) -> tuple[str, ...]:
        """Names of the members that are not null."""
        return tuple(name for name in self.value if self.has(name))

    def text(self, name: str) -> str:
        """A member that must be text."""
        text = self.optional_text(name)
        if text is None:
            raise self.refuse(name, "is missing")
        return text

    def optional_text(self, name: str) -> str | None:
        """A member that is text or absent."""
        value = self.value.get(name)
        if value is not None and not isinstance(value, str):
            raise self.refuse(name, "is not text")
        return value

    def integer(self, name: str) -> int:
        """A member that must be an integer, 0 to 2^63-1, as a number or in decimal text."""
        value = self.optional_integer(name)
        if value is None:
            raise self.refuse(name, "is missing")
        return value

    def optional_integer(self, name: str) -> int | None:
        """A member that is such an integer, or absent."""
        value = self.value.get(name)
        if isinstance(value, str) and re.fullmatch(r"0|[1-9][0-9]{0,18}", value, re.ASCII):
            value = int(value)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_INTEGER:
            raise self.refuse(name, "is not an integer between 0 and 2^63-1")
        return value

    def members(self, name: str) -> Members:
        """A member that must be an object."""
        found = self.optional_members(name)
        if found is None:
            raise self.refuse(name, "is missing")
        return found

    def optional_members(self, name: str) -> Members | None:
        """A member that is an object, or absent."""
        value = self.value.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.refuse(name, "is not an object")
        return Members(value, f"{self.where}.{name}")

    def items(self, name: str, limit: int) -> list[object]:
        """A list of at most `limit` values; absent is empty. More raises Refused("input_too_large")."""
        value = self.value.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.refuse(name, "is not a list")
        if len(value) > limit:
            raise Refused("input_too_large", f"{self.where}: {name} has {len(value)} entries, at most {limit} are read")
        return value

    def objects(self, name: str, limit: int) -> list[Members]:
        """A list of at most `limit` objects; absent is empty."""
        return [as_members(value, f"{self.where}.{name}[{at}]") for at, value in enumerate(self.items(name, limit))]


def as_members(value: object, where: str) -> Members:
    """The value as an object. Raises Refused("input_malformed") if it is none."""
    if not isinstance(value, dict):
        raise Refused("input_malformed", f"{where} is not a JSON object")
    return Members(value, where)


def load(document: bytes, what: str, limit: int) -> Members:
    """The JSON object that the document consists of.

    `limit` in bytes, `what` names the input in messages. Raises Refused: "input_too_large", or "input_malformed" for
    anything that parsers read differently: duplicate names, NaN, trailing data, a byte order mark, lone surrogates,
    deep nesting, endless numbers.
    """
    return as_members(load_value(document, what, limit), what)


def load_value(document: bytes, what: str, limit: int) -> object:
    """The JSON value, of any kind, that the document consists of; otherwise as load()."""
    if len(document) > limit:
        raise Refused("input_too_large", f"{what} has {len(document)} bytes, at most {limit} are read")
    try:
        # Brackets in texts count too, which costs no genuine document anything.
        if document.count(b"[") + document.count(b"{") > MAX_CONTAINERS:
            raise Refused("input_too_large", f"{what} has more than {MAX_CONTAINERS} lists and objects")
        text = document.decode("utf-8")
        _check_depth(text)
        value: object = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_int=_short_integer,
            parse_float=_finite,
        )
        if HALF_PAIR.search(text):
            # Half of a surrogate pair has no UTF-8: readers drop it, replace it or fail.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, _Unreadable) else "it does not parse"
        raise Refused("input_malformed", f"{what} is not strict JSON: {reason}") from error
    return value


def _check_depth(text: str) -> None:
    depth = 0
    for match in BRACKETS.finditer(text):
        mark = match.group()
        if mark in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise _Unreadable(f"nested deeper than {MAX_DEPTH}")
        elif mark in "]}":
            depth -= 1
            if depth < 0:
                raise _Unreadable("a bracket closes nothing")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Unreadable("a member is there twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise _Unreadable(f"{name} is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _Unreadable("a number without end")
    return number


def _short_integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise _Unreadable("a number with too many digits")
    return int(digits)
