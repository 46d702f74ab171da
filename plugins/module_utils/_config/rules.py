# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold for a whole configuration. Own words for what the program's validator and its start check.

Sources: upstream/config.md sections 2 to 5, upstream/controller-config.yml, upstream/README.md
(rules 1 to 8, 16, 17, 22).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import MOST_SHOWN, Problem
from .forms import FORMS
from .masking import show
from .schema import BOOL, DOUBLE, ENUM, NUMBERS, Key, Schema
from .tree import MISSING, Path, at, dotted, leaf_paths
from .values import BadValueError, read

NOT_YET = "Judged from the file as it is now: in check mode earlier tasks have not written their part"


@dataclass(frozen=True)
class Question:
    """What is asked about a merged configuration.

    given: paths that this call sets. check_mode: other tasks of the run may not have written their part of the file.
    complete: the keys that must be there before the first start are asked for.
    refuse_unknown: unknown keys that were in the file before are errors, not warnings.
    """

    schema: Schema
    tree: Mapping[str, Any]
    given: Collection[Path] = ()
    check_mode: bool = False
    complete: bool = False
    refuse_unknown: bool = True


class View:
    """The configuration as the program sees it: values read, defaults filled in (upstream/config.md section 2)."""

    def __init__(self, schema: Schema, tree: Mapping[str, Any]) -> None:
        self.schema = schema
        self.tree = tree

    def raw(self, name: str) -> Any:
        return at(self.tree, tuple(name.split(".")))

    def has_block(self, name: str) -> bool:
        return isinstance(self.raw(name), Mapping)

    def get(self, name: str) -> Any:
        """Effective value of a key of this generation. A value that cannot be read counts as the default."""
        key = self.schema.by_name[name]
        raw = self.raw(name)
        try:
            value = None if raw is MISSING else read(key, raw)
        except BadValueError:
            value = None
        if value is None:
            silent_false = key.kind == BOOL and not key.boxed and key.parent and self.has_block(key.parent)
            return False if silent_false else key.default
        return key.default if _falls_back(key, value) else value

    def text(self, name: str) -> str:
        value = self.get(name)
        return "" if value is None else str(value).strip()


def _falls_back(key: Key, value: Any) -> bool:
    """Whether the program reads the default in the place of this value, in silence."""
    if key.kind in NUMBERS:
        return key.low is not None and value < key.low
    if key.kind == ENUM:
        return value not in key.allowed
    return key.blank_is_default and isinstance(value, str) and not value.strip()


def check(question: Question) -> list[Problem]:
    """All findings about a configuration, errors and warnings, in a stable order."""
    given = {dotted(path) for path in question.given}
    problems = [*_names(question, given), *_values(question, given), *_together(question, given)]
    if question.complete:
        problems.extend(_missing(question))
    return problems


def _names(question: Question, given: Collection[str]) -> Iterator[Problem]:
    schema = question.schema
    reported: set[str] = set()
    for path, value in leaf_paths(schema, question.tree):
        name = dotted(path)
        reason = schema.why_ignored(name)
        key = schema.key_of(name)
        if reason:
            yield Problem(name, f"has no effect: {reason}", fatal=False)
        elif key is not None:
            if key.no_effect and name in given:
                yield Problem(name, f"has no effect: {key.no_effect}", fatal=False)
        elif name in schema.blocks:
            if value is not None and not isinstance(value, Mapping):
                yield Problem(name, "must be a block of keys", shown=show(schema, name, value))
        else:
            unknown = first_unknown(schema, path)
            if unknown not in reported and len(reported) <= MOST_SHOWN:
                reported.add(unknown)
                yield unknown_key(schema, unknown, name in given, question.refuse_unknown)


def first_unknown(schema: Schema, path: Path) -> str:
    """The shortest part of a path that names no known block."""
    for depth in range(1, len(path)):
        if dotted(path[:depth]) not in schema.blocks:
            return dotted(path[:depth])
    return dotted(path)


def unknown_key(schema: Schema, name: str, given: bool, refuse: bool) -> Problem:
    """The finding about a name that is in no table; `given` tells a mistake of the caller from one in the file."""
    if name.rpartition(".")[2] == "<<":
        rule = "is a merge key, which the program ignores in silence"
        cure = f"Write its keys out and remove it with absent: [{name}]"
        return Problem(name, rule, cure, fatal=refuse or given)
    near = schema.nearest(name)
    meant = f"Did you mean {near}" if near else "No known key is similar"
    rule = f"unknown key of {schema.name}.yml, the program would ignore it in silence"
    if given:
        return Problem(name, rule, meant)
    return Problem(name, f"{rule} (it is in the file)", f"{meant}? Remove it with absent: [{name}]", fatal=refuse)


def _values(question: Question, given: Collection[str]) -> Iterator[Problem]:
    schema = question.schema
    for key in schema.by_name.values():
        raw = at(question.tree, tuple(key.name.split(".")))
        if raw is MISSING:
            continue
        ours = any(name == key.name or name.startswith(f"{key.name}.") for name in given)
        shown = show(schema, key.name, raw)
        try:
            value = read(key, raw)
        except BadValueError as error:
            yield Problem(key.name, str(error), shown=shown)
            continue
        if value is None:
            continue
        for stops, rule, cure in (*_bounds(key, value), *_forms(key, value)):
            if stops or ours or rule:
                yield Problem(key.name, rule, cure, shown, fatal=stops or ours)


def _forms(key: Key, value: Any) -> Iterator[tuple[bool, str, str]]:
    for name in key.forms:
        yield from FORMS[name](value)


def _bounds(key: Key, value: Any) -> Iterator[tuple[bool, str, str]]:
    if key.kind not in NUMBERS:
        return
    if key.low is not None and value < key.low:
        stops = key.strict_low and value > 0
        silent = "" if stops else f"; less would silently mean {key.default}"
        yield stops, f"must be at least {key.low}{silent}", ""
    if key.high is not None and value > key.high:
        yield key.kind != DOUBLE, f"must be at most {key.high}", ""


def _missing(question: Question) -> Iterator[Problem]:
    view = View(question.schema, question.tree)
    for key in question.schema.by_name.values():
        if key.required and view.raw(key.name) in (MISSING, None, ""):
            yield Problem(key.name, "must be set before the first start", "Run the role that owns it")


Verdict = tuple[bool, tuple[str, ...], str, str]


def _together(question: Question, given: Collection[str]) -> Iterator[Problem]:
    view = View(question.schema, question.tree)
    for rule in _JOINED[question.schema.name]:
        for stops, keys, text, cure in rule(view):
            all_given = all(key in given for key in keys)
            fatal = stops or any(key in given for key in keys)
            unsure = question.check_mode and not all_given
            advice = ". ".join(filter(None, (cure, NOT_YET if unsure else "")))
            shown = show(question.schema, keys[0], view.get(keys[0]))
            yield Problem(keys[0], text, advice, shown, fatal and not unsure, keys[1:])


def _ports(view: View) -> Iterator[Verdict]:
    # Release 1.0 finds a clash with the Raft port only when it binds; later releases have no listener there.
    names = ["http.port", "grpc.port"] + (["raft.port"] if view.schema.coordination == "valkey" else [])
    for number, first in enumerate(names):
        for second in names[number + 1 :]:
            if view.get(first) == view.get(second):
                yield True, (first, second), f"must differ from {second}, which has the same port", ""


def _stores(view: View) -> Iterator[Verdict]:
    production = view.get("runtime.profile") == "production"
    if "redis.uri" in view.schema.by_name and production and not view.has_block("redis"):
        yield True, ("runtime.profile", "redis.uri"), "needs redis.uri", "Set redis.uri to redis://... or rediss://..."
    uri = view.raw("database.uri")
    single = isinstance(uri, str) and uri.startswith("mongodb://") and "replicaSet=" not in uri
    if view.schema.coordination == "mongodb" and single:
        text = "must name the replica set with replicaSet=, a single MongoDB is refused at the start"
        yield False, ("database.uri",), text, ""


def _signing(view: View) -> Iterator[Verdict]:
    production = view.get("runtime.profile") == "production"
    required = view.get("modules.signing.required")
    trust_root = view.text("modules.signing.trustRoot")
    rekor = view.get("modules.signing.rekor.policy")
    if not trust_root and required is None and production:
        keys = ("runtime.profile", "modules.signing.trustRoot", "modules.signing.required")
        cure = "Set modules.signing.trustRoot, or opt out with modules.signing.required: false"
        yield True, keys, "needs modules.signing.trustRoot, since production verifies modules by default", cure
    if not trust_root and required:
        pair = ("modules.signing.required", "modules.signing.trustRoot")
        yield True, pair, "needs modules.signing.trustRoot", "Set it to the PEM file with the trusted keys"
    if rekor == "REQUIRE_SET" and view.get("modules.signing.mode") != "COSIGN_BUNDLE":
        yield (
            True,
            ("modules.signing.rekor.policy", "modules.signing.mode"),
            "needs modules.signing.mode COSIGN_BUNDLE",
            "",
        )
    if rekor == "REQUIRE_SET" and not view.text("modules.signing.rekor.publicKey"):
        pair = ("modules.signing.rekor.policy", "modules.signing.rekor.publicKey")
        yield True, pair, "needs modules.signing.rekor.publicKey", "Set it to the PEM file with the log's key"


def _daemon_signing(view: View) -> Iterator[Verdict]:
    if view.get("modules.signing.required") and not view.text("modules.signing.trustRoot"):
        keys = ("modules.signing.required", "modules.signing.trustRoot")
        yield False, keys, "needs modules.signing.trustRoot", "Set it to the PEM file with the trusted keys"


def _daemon_ports(view: View) -> Iterator[Verdict]:
    if not view.get("health.enabled") or view.get("health.port") != view.get("controller.grpcPort"):
        return
    if _is_local(view.text("controller.host")):
        keys = ("health.port", "controller.grpcPort", "controller.host")
        yield False, keys, "must differ from controller.grpcPort, since the controller runs on this host", ""


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reconnect(view: View) -> Iterator[Verdict]:
    if view.get("reconnect.maxDelayMs") < view.get("reconnect.initialDelayMs"):
        keys = ("reconnect.maxDelayMs", "reconnect.initialDelayMs")
        yield False, keys, "must not be less than reconnect.initialDelayMs", ""


_JOINED: Mapping[str, tuple[Callable[[View], Iterator[Verdict]], ...]] = {
    "controller": (_ports, _stores, _signing),
    "daemon": (_daemon_signing, _daemon_ports, _reconnect),
}


def immutable(
    schema: Schema, before: Mapping[str, Any], after: Mapping[str, Any], certified: Mapping[str, str]
) -> Iterator[Problem]:
    """Findings about keys that are fixed once the cluster is founded (config.md section 5).

    before, after: the file as found and as merged. certified: key -> the value the cluster's own material names, to
    which the key may be changed back; the program's own maintenance call resets raft.host, and that must be curable.
    A blank value never founded anything, so it may be replaced; a missing one is its default where it has one.
    """
    for key in schema.by_name.values():
        if not key.immutable:
            continue
        path = tuple(key.name.split("."))
        old, new = (_standing(key, at(tree, path)) for tree in (before, after))
        if old in ("", new) or new == certified.get(key.name):
            continue
        proven = certified.get(key.name)
        cure = "Keep it" + (f", or set {proven!r}, the name in the cluster's certificate" if proven else "")
        rule = f"is fixed since the cluster was founded with {show(schema, key.name, old)}; the next start would fail"
        yield Problem(key.name, rule, cure, show(schema, key.name, new))


def _standing(key: Key, raw: Any) -> str:
    if raw is MISSING or raw is None:
        return "" if key.default is None else str(key.default)
    return str(raw).strip()
