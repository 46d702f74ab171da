# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be printed of a configuration. Used for errors, diffs and the echo of the module's arguments."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from .forms import FORMS
from .schema import MAP, OBJECT_MAP, OBJECTS, STRINGS, Key, Schema

_USERINFO = re.compile(r"(\b[A-Za-z][A-Za-z0-9+.-]*://)[^\s\"'<>]*@")
_GENERATED = re.compile(r"[A-Za-z0-9+/=_.:-]{32,}")
_LONGEST = 200
# Below this length a text of an unknown key is too ordinary to be blotted out of a whole message.
_SHORTEST_UNKNOWN = 8


def mask_secret(key: Key, value: Any) -> str:
    """A secret as length, plus the first 8 hex digits of its SHA-256 where it is long and machine made.

    A fingerprint of a password chosen by a human would confirm guesses, so passwords and URIs show their length only.
    """
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(mask_secret(key, item) for item in value) + "]"
    if value is None or value == "":
        return json.dumps(value)
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    if key.generated and _GENERATED.fullmatch(text) and not _malformed(key, value):
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        return f"<secret: {len(text)} characters, sha256:{digest}>"
    return f"<secret: {len(text)} characters>"


def _malformed(key: Key, value: Any) -> bool:
    """What is no proper secret was made up by somebody."""
    return any(True for form in key.forms for _finding in FORMS[form]([value] if key.kind == STRINGS else value))


def show(schema: Schema, name: str, value: Any) -> str:
    """The value of a dotted name as one line of text that is safe to print.

    Values of unknown keys are never shown, since the key may be a misspelt secret one.
    """
    key = schema.key_of(name)
    if key is not None and key.secret:
        return mask_secret(key, value)
    if name in schema.blocks:
        return f"<{_kind(value)}>"
    if key is None and not schema.why_ignored(name):
        return f"<{_kind(value)} of an unknown key>"
    free = key is not None and key.kind in (MAP, OBJECT_MAP, OBJECTS)
    if not free and (isinstance(value, Mapping) or (isinstance(value, (list, tuple)) and any(map(_is_nested, value)))):
        return f"<{_kind(value)}>"
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = _USERINFO.sub(r"\1<credentials>@", text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"


def masked(schema: Schema, tree: Any, prefix: str = "") -> Any:
    """A copy of a nested mapping in which every value is replaced by its printable form, numbers and booleans kept."""
    if isinstance(tree, Mapping) and (not prefix or prefix in schema.blocks or schema.key_of(prefix) is None):
        return {str(name): masked(schema, item, _join(prefix, str(name))) for name, item in tree.items()}
    key = schema.key_of(prefix)
    if key is not None and not key.secret and (tree is None or isinstance(tree, (bool, int, float))):
        return tree
    return show(schema, prefix, tree).strip('"')


def flat_lines(schema: Schema, tree: Mapping[str, Any]) -> list[str]:
    """The configuration as lines `dotted.key: value`, secrets masked, in the order of the mapping."""
    return [f"{name}: {show(schema, name, value)}" for name, value in leaves(schema, tree)]


def leaves(schema: Schema, tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Pairs of dotted name and value; free mappings (labels, quotas) are split too, lists are not."""
    for raw, value in tree.items():
        name = _join(prefix, str(raw))
        if isinstance(value, Mapping) and value:
            yield from leaves(schema, value, name)
        else:
            yield name, value


def secret_texts(schema: Schema, tree: Any) -> set[str]:
    """All texts of a nested mapping that must not appear in any output, with the passwords inside of URIs."""
    found: set[str] = set()
    if not isinstance(tree, Mapping):
        return found
    for name, value in leaves(schema, tree):
        key = schema.key_of(name)
        hidden = key is not None and key.secret
        unknown = key is None and not schema.why_ignored(name)
        for text in _texts(value):
            if hidden or (unknown and len(text) >= _SHORTEST_UNKNOWN):
                found.add(text)
            if hidden or unknown or "@" in text:
                found.update(_passwords(text))
    found.discard("")
    return found


def _passwords(text: str) -> Iterator[str]:
    _scheme, separator, rest = text.partition("://")
    if not separator or "@" not in rest:
        return
    userinfo = rest.rpartition("@")[0]
    password = userinfo.partition(":")[2]
    yield from (password, unquote(password))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _is_nested(value: Any) -> bool:
    return isinstance(value, (Mapping, list, tuple))


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "mapping"
    return "list" if isinstance(value, (list, tuple)) else "value"


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name
