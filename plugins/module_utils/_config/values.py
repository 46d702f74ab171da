# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two ways to look at one value: `typed` for what we write, `read` for how the program reads what is in a file.

The program's reader is lenient (recordings/config/refusals.yml: bool-string-true, bool-number, int-quoted, int-float,
null-block) and strict in places (bool-yes, cors-scalar, list-instead-of-string, signing-mode-lower). A file that it
accepts must stay usable; what we write is of the proper type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .schema import BOOL, DOUBLE, ENUM, INT, LONG, MAP, OBJECT_MAP, OBJECTS, STR, STRINGS, Key

# No number of a configuration has more digits; Python refuses to convert thousands of them.
_WHOLE = re.compile(r"[+-]?[0-9]{1,40}")
_BITS = {INT: 31, LONG: 63}
# Far outside of every range, still exact as a float; also sorts out infinity and what is no number.
_BEYOND = 2.0**63
_TRUE, _FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")


class BadValueError(Exception):
    """The value has the wrong type or form; the text says which one is needed and never holds the value."""


def typed(key: Key, value: Any) -> Any:
    """The value to write for a key, of the proper type.

    Texts are accepted for numbers and booleans where they are exact, because templates on older Ansible yield texts.
    Raises BadValueError for everything else, and for null where the key has a default (leave the key out instead).
    """
    if value is None:
        if key.default is None:
            return None
        raise BadValueError("null would silently mean the default; leave the key out or list it under absent")
    return _TYPED[key.kind](key, value)


def read(key: Key, value: Any) -> Any:
    """The value as the program reads it; None for null. Raises BadValueError where it refuses to load the file."""
    return None if value is None else _READ[key.kind](key, value)


def same(key: Key | None, present: Any, wanted: Any) -> bool:
    """Whether a value in the file already means the wanted one, so that it may stay as it is written.

    Only the spelling of numbers and booleans is forgiven, and inside of lists of mappings entries without content,
    which the program writes out; texts must be equal.
    """
    if identical(present, wanted):
        return True
    if key is not None and key.kind in (OBJECTS, OBJECT_MAP):
        return identical(_without_blanks(present), _without_blanks(wanted))
    if key is None or key.kind not in (BOOL, INT, LONG, DOUBLE) or present is None or wanted is None:
        return False
    try:
        return bool(read(key, present) == wanted)
    except BadValueError:
        return False


def _without_blanks(tree: Any) -> Any:
    if isinstance(tree, Mapping):
        return {name: _without_blanks(item) for name, item in tree.items() if item}
    return [_without_blanks(item) for item in tree] if isinstance(tree, (list, tuple)) else tree


def identical(one: Any, other: Any) -> bool:
    """Equality that tells 1 from True and from 1.0, at any depth. The order of mapping keys does not matter."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(identical(one[name], other[name]) for name in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(identical, one, other))
    return type(one) is type(other) and bool(one == other)


def _fits(key: Key, number: int) -> int:
    if number.bit_length() > _BITS[key.kind]:
        raise BadValueError(f"must fit into {_BITS[key.kind] + 1} bits")
    return number


def _typed_whole(key: Key, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return _fits(key, value)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return _fits(key, int(value))
    raise BadValueError("must be a whole number")


def _read_whole(key: Key, value: Any) -> int:
    if isinstance(value, float) and abs(value) < _BEYOND:
        return _fits(key, int(value))
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return 0
    return _typed_whole(key, value)


def _typed_double(_key: Key, value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _BEYOND:
        return float(value)
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", value):
        return float(value)
    raise BadValueError("must be a number")


def _read_double(key: Key, value: Any) -> float:
    return 0.0 if isinstance(value, str) and not value.strip() else _typed_double(key, value)


def _typed_bool(_key: Key, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in (*_TRUE, *_FALSE):
        return value in _TRUE
    raise BadValueError("must be true or false (yes, no, on and off are not understood)")


def _read_bool(key: Key, value: Any) -> bool:
    if isinstance(value, int):
        return value != 0
    if isinstance(value, str) and not value.strip():
        return False
    return _typed_bool(key, value.strip() if isinstance(value, str) else value)


def _typed_text(_key: Key, value: Any) -> str:
    if not isinstance(value, str):
        raise BadValueError("must be a text; put it in quotes")
    if any(ord(char) < 32 and char not in "\n\t" for char in value) or "\x7f" in value:
        raise BadValueError("must not contain control characters")
    return value


def _read_text(_key: Key, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise BadValueError(f"must be a text, not a {'mapping' if isinstance(value, Mapping) else 'list'}")


def _typed_enum(key: Key, value: Any) -> str:
    if isinstance(value, str) and value in key.allowed:
        return value
    near = [one for one in key.allowed if isinstance(value, str) and one.lower() == value.strip().lower()]
    wanted = f"exactly {near[0]}" if near else f"one of {', '.join(key.allowed)}"
    raise BadValueError(f"must be {wanted}; upper and lower case matter")


def _read_enum(key: Key, value: Any) -> str:
    if not key.any_case:
        return _typed_enum(key, value)
    text = _read_text(key, value).strip()
    if not text:
        return str(key.default)
    near = [one for one in key.allowed if one.lower() == text.lower()]
    if near:
        return near[0]
    if key.forms:  # the program puts up with any text; the form of the key says what it makes of it
        return text
    raise BadValueError(f"must be one of {', '.join(key.allowed)}")


def _list_of(item: Callable[[Key, Any], Any], what: str) -> Callable[[Key, Any], list[Any]]:
    def check(key: Key, value: Any) -> list[Any]:
        if not isinstance(value, (list, tuple)):
            raise BadValueError(f"must be a list of {what}")
        return [_entry(item, key, number, one) for number, one in enumerate(value, 1)]

    return check


def _entry(item: Callable[[Key, Any], Any], key: Key, place: Any, value: Any) -> Any:
    try:
        return item(key, value)
    except BadValueError as error:
        raise BadValueError(f"entry {place} {error}") from None


def _read_item(key: Key, value: Any) -> str:
    return "" if value is None else _read_text(key, value)


def _object(key: Key, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise BadValueError("must be a mapping")
    missing = [name for name in key.item_keys if value.get(name) in (None, "")]
    if missing:
        raise BadValueError(f"lacks {', '.join(missing)}")
    return {str(name): item for name, item in value.items()}


def _map_of(item: Callable[[Key, Any], Any]) -> Callable[[Key, Any], dict[str, Any]]:
    def check(key: Key, value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise BadValueError("must be a mapping")
        return {str(name): _entry(item, key, name, one) for name, one in value.items()}

    return check


_TYPED: dict[str, Callable[[Key, Any], Any]] = {
    STR: _typed_text,
    INT: _typed_whole,
    LONG: _typed_whole,
    DOUBLE: _typed_double,
    BOOL: _typed_bool,
    ENUM: _typed_enum,
    STRINGS: _list_of(_typed_text, "texts"),
    OBJECTS: _list_of(_object, "mappings"),
    MAP: _map_of(_typed_text),
    OBJECT_MAP: _map_of(_object),
}
_READ: dict[str, Callable[[Key, Any], Any]] = {
    STR: _read_text,
    INT: _read_whole,
    LONG: _read_whole,
    DOUBLE: _read_double,
    BOOL: _read_bool,
    ENUM: _read_enum,
    STRINGS: _list_of(_read_item, "texts"),
    OBJECTS: _list_of(_object, "mappings"),
    MAP: _map_of(_read_item),
    OBJECT_MAP: _map_of(_object),
}
