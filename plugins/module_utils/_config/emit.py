# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML text for the values we write ourselves."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

# Texts that stay texts without quotes in YAML 1.1 and 1.2 alike. Everything else is quoted.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def scalar(value: Any, quote: str = "") -> str:
    """One scalar. quote: the quotation mark of the text it replaces, kept where the value allows it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return _number(value)
    return _text(str(value), quote)


def _text(value: str, quote: str) -> str:
    if quote == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if quote != '"' and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return '"' + "".join(map(_char, value)) + '"'


def _number(value: float) -> str:
    if isinstance(value, float):
        if math.isnan(value):
            return ".nan"
        if math.isinf(value):
            return ".inf" if value > 0 else "-.inf"
    return repr(value)


def _char(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def flow(value: Any) -> str:
    """A value of any depth on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(str(name))}: {flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def block(value: Any, indent: int) -> list[str]:
    """The lines of a non-empty mapping or list in block style, without line ends."""
    pad = " " * indent
    if isinstance(value, Mapping):
        return [line for name, item in value.items() for line in entry(str(name), item, indent)]
    return [f"{pad}- {flow(item)}" for item in value]


def entry(name: str, value: Any, indent: int) -> list[str]:
    """The lines of one `name: value` of a block mapping."""
    head = " " * indent + scalar(name) + ":"
    if isinstance(value, (Mapping, list, tuple)) and value:
        return [head, *block(value, indent + 2)]
    return [f"{head} {flow(value)}"]
