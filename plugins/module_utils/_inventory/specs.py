# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument specs of the roles as one list of public variables, against which an inventory is checked.

Specs alone accept a misspelt name: it is a variable of nobody, and the default stays in force.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

# Values of such names appear in no message, whether or not their spec says no_log.
_SECRET_NAME = re.compile(r"(?:^|_)(?:password|passphrase|secret|token|uri|private_key|credentials?)$")

Specs = Mapping[str, Mapping[str, Any]]


def is_secret(name: str, several: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the value of a variable must not be shown. several: the options that specify it."""
    return bool(_SECRET_NAME.search(name)) or any(option.get("no_log") for option in several)


def options(specs: Specs) -> dict[str, list[dict[str, Any]]]:
    """Public variables of all entry points: name -> the options that specify it.

    specs: role name -> content of its ``meta/argument_specs.yml``.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for content in specs.values():
        for entry_point in (content.get("argument_specs") or {}).values():
            for name, option in (entry_point.get("options") or {}).items():
                known = found.setdefault(name, [])
                if option not in known:
                    known.append(option)
    return found


def defaults(specs: Specs) -> dict[str, Any]:
    """Default values of the public variables that have one; they may be templates."""
    return {
        name: option["default"] for name, several in options(specs).items() for option in several if "default" in option
    }


def prefixes(specs: Specs) -> tuple[str, ...]:
    """Beginnings of the names that belong to this collection: each role's own, and the shared one."""
    return tuple(sorted({f"{role.lstrip('_')}_" for role in specs} | {"prexorcloud_"}))


def nearest(name: str, known: Iterable[str]) -> str:
    """The most similar known name, empty if none is similar."""
    return next(iter(difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)), "")


def unknown(names: Iterable[str], known: Iterable[str], ours: tuple[str, ...]) -> dict[str, str]:
    """Names that look like variables of this collection and are none, each with its nearest valid name or "".

    ours: result of prefixes().
    """
    valid = set(known)
    return {name: nearest(name, valid) for name in sorted(set(names)) if name.startswith(ours) and name not in valid}


def value_error(name: str, value: Any, several: list[dict[str, Any]]) -> str:
    """Why no option of the name takes the value; empty if one does. The value of a secret is not shown."""
    errors = [_one_error(name, value, option) for option in several]
    error = "" if not errors or "" in errors else errors[0]
    return (
        f"is no {several[0].get('type', 'str')} (its value is not shown)"
        if error and is_secret(name, several)
        else error
    )


def _one_error(name: str, value: Any, option: dict[str, Any]) -> str:
    kind = option.get("type", "str")
    if kind in ("str", "path") and isinstance(value, (Mapping, list, tuple, bool)):
        # the validator would turn it into text without a word
        return f"has to be text, but is a {'mapping' if isinstance(value, Mapping) else type(value).__name__}"
    if value is None:
        return ""  # "not given", as everywhere in Ansible
    messages = ArgumentSpecValidator({name: option}).validate({name: value}).error_messages
    return "; ".join(str(message) for message in messages)
