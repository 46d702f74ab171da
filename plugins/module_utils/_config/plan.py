# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a request and the text of the file to the new text: everything the module decides, without touching a disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .document import Document, parse
from .edit import apply
from .errors import InvalidConfigError, Problem
from .masking import flat_lines, show
from .rules import Question, check, first_unknown, immutable, unknown_key
from .schema import GENERATIONS, Schema
from .schema_controller import CONTROLLER
from .schema_daemon import DAEMON
from .tree import MISSING, Path, at, changed_names, copy, dotted, leaf_paths, merge, path_of, remove, write_out_booleans
from .values import BadValueError, identical, typed

SCHEMAS: Mapping[str, Schema] = {schema.name: schema for schema in (CONTROLLER, DAEMON)}
COORDINATIONS = tuple(GENERATIONS)


@dataclass(frozen=True)
class Request:
    """What the caller wants.

    values: nested mapping to merge. defaults: the same, for keys that are missing or blank in the file.
    absent: dotted names to remove.
    founded: the cluster exists, immutable keys are fixed. certified: key -> value it may be changed back to.
    refuse_unknown: unknown keys in the file are errors. complete: required keys must be set.
    check_mode: other tasks of the run may not have written their part.
    """

    schema: Schema
    values: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    founded: bool = False
    certified: Mapping[str, str] = field(default_factory=dict)
    refuse_unknown: bool = True
    complete: bool = False
    check_mode: bool = False


@dataclass(frozen=True)
class Plan:
    """The outcome. before, after: plain data. keys: dotted names that change. warnings: safe to print."""

    schema: Schema
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    document: Document | None
    keys: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def changed(self) -> bool:
        return not identical(self.before, self.after)

    def new_text(self) -> str:
        """Text of the new file. Raises DocumentError, LibraryMissingError."""
        return apply(self.document or Document("", {}, None, self.schema.texts), self.after)

    def diff(self) -> tuple[str, str]:
        """Both sides as lines `dotted.key: value`, secrets masked, a changed secret of equal length told apart."""
        before = flat_lines(self.schema, self.before)
        after = flat_lines(self.schema, self.after)
        changed = {f"{name}: " for name in self.keys if (self.schema.secrets.get(name))}
        known = set(before)
        after = [f"{line} (new)" if line in known and any(map(line.startswith, changed)) else line for line in after]
        return "".join(f"{line}\n" for line in before), "".join(f"{line}\n" for line in after)


def for_coordination(name: str, coordination: str) -> Schema:
    """The key table of `controller` or `daemon` for one value of prexorcloud_coordination."""
    return replace(SCHEMAS[name], coordination=coordination)


def make(request: Request, text: str | None) -> Plan:
    """Plans the change. text: content of the file, None if there is no file.

    Raises InvalidConfigError with all problems at once, DocumentError if the file cannot be read, LibraryMissingError.
    """
    document = None if text is None else parse(text, request.schema.texts)
    before: dict[str, Any] = {} if document is None else document.plain
    problems: list[Problem] = []
    wanted, ignored = _wanted(request, request.values, problems)
    fallback, _ignored = _wanted(request, request.defaults, problems)
    given = {path for path, _value in wanted}
    wanted += [(path, value) for path, value in fallback if path not in given and _is_blank(at(before, path))]
    absent = _absent(request, wanted, problems)
    after = copy(before)
    for path in absent:
        remove(after, path)
    merge(request.schema, after, wanted)
    touched = [path for path, _value in wanted] + absent
    write_out_booleans(request.schema, after, touched)
    question = Question(
        request.schema,
        after,
        given={path for path, _value in wanted},
        check_mode=request.check_mode,
        complete=request.complete and not (request.check_mode and text is None),
        refuse_unknown=request.refuse_unknown,
    )
    problems += ignored + check(question)
    if document is not None:
        problems += _aliases(request.schema, document, after)
    if request.founded:
        problems += immutable(request.schema, before, after, request.certified)
    fatal = [problem for problem in problems if problem.fatal]
    if fatal:
        raise InvalidConfigError(fatal)
    keys = tuple(changed_names(request.schema, before, after))
    warnings = tuple(dict.fromkeys(str(problem) for problem in problems))
    return Plan(request.schema, before, after, document, keys, warnings)


def _wanted(
    request: Request, values: Mapping[str, Any], problems: list[Problem]
) -> tuple[list[tuple[Path, Any]], list[Problem]]:
    """The values to merge, of proper types. Unknown and mistyped ones become problems, ignored ones warnings."""
    schema = request.schema
    wanted: list[tuple[Path, Any]] = []
    ignored: list[Problem] = []
    for path, value in leaf_paths(schema, _names_as_text(values)):
        name = dotted(path)
        reason = schema.why_ignored(name)
        key = schema.by_name.get(name)
        if reason:
            ignored.append(Problem(name, f"has no effect and is not written: {reason}", fatal=False))
        elif key is not None:
            try:
                wanted.append((path, typed(key, value)))
            except BadValueError as error:
                problems.append(Problem(name, str(error), shown=show(schema, name, value)))
        elif name in schema.blocks:
            if value != {}:
                problems.append(
                    Problem(name, "must be a block of keys", "Use absent to remove it", show(schema, name, value))
                )
        else:
            wanted.extend(_below_free_mapping(schema, path, value, problems))
    return wanted, ignored


def _below_free_mapping(schema: Schema, path: Path, value: Any, problems: list[Problem]) -> Iterable[tuple[Path, Any]]:
    key = schema.key_of(dotted(path))
    if key is None or path[: key.name.count(".") + 1] != tuple(key.name.split(".")) or dotted(path) == key.name:
        problems.append(unknown_key(schema, first_unknown(schema, path), given=True, refuse=True))
        return
    try:
        yield path, typed(key, {path[-1]: value})[path[-1]]
    except BadValueError as error:
        problems.append(Problem(key.name, str(error), shown=show(schema, key.name, value)))


def _absent(request: Request, wanted: Iterable[tuple[Path, Any]], problems: list[Problem]) -> list[Path]:
    """Paths to remove. A name that is both set and removed is a contradiction."""
    paths = [path_of(request.schema, name) for name in request.absent]
    for path in paths:
        for other, _value in wanted:
            shorter = min(len(path), len(other))
            if path[:shorter] == other[:shorter]:
                problems.append(Problem(dotted(path), f"is listed under absent while {dotted(other)} is set"))
    return paths


def _is_blank(value: Any) -> bool:
    return value is MISSING or value is None or (isinstance(value, str) and not value.strip())


def _aliases(schema: Schema, document: Document, after: Mapping[str, Any]) -> Iterable[Problem]:
    """Warnings about aliases in known places. Those that cannot be read as a text at all are errors of check()."""
    for path in document.aliases:
        known = schema.key_of(dotted(path)) is not None or dotted(path) in schema.blocks
        if known and identical(at(document.plain, path), at(after, path)):
            rule = "is an alias (*), which the program reads as the plain text of the anchor's name"
            yield Problem(dotted(path), rule, "Write the value out", fatal=False)


def _names_as_text(tree: Any) -> Any:
    if isinstance(tree, Mapping):
        return {str(name): _names_as_text(item) for name, item in tree.items()}
    return tree
