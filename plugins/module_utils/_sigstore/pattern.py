# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns for identities, with one meaning here and in cosign (sigstore.md 1.7).

Accepted is what Go's RE2 and Python's `re` both know and read alike; everything else is refused with its reason.

Patterns are searched for, unanchored, by running their automaton over the subject, as RE2 does, not by `re`: whoever
got the certificate chose the subject, and a backtracking matcher needs cubic time for as little as two ".*". Here a
character costs at most one pass over MAX_STATES states, whatever the pattern and the subject. Nested quantifiers are
refused all the same: they never say what their author meant. `re` only decides whether a character is in a class.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Union

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused

MAX_SUBJECT = 2048
MAX_PATTERN = 2048
MAX_STATES = 1000
MAX_REPEAT = 1000
MAX_GROUPS = 32

BEGIN, END, BOUNDARY, NO_BOUNDARY = "^", "$", r"\b", r"\B"
ASSERTIONS = {"^": BEGIN, "$": END, r"\A": BEGIN, r"\b": BOUNDARY, r"\B": NO_BOUNDARY}
REPEAT = re.compile(r"[*+?]|\{(\d{1,6})(,(\d{1,6})?)?\}", re.ASCII)
ESCAPE = re.compile(r"\\(?:[dDwWsS]|x[0-9A-Fa-f]{2}|[ -/:-@\[-`{-~])", re.ASCII)
CLASS_MEMBER = re.compile(r"\\(?:[dDwWsS]|x[0-9A-Fa-f]{2}|[ -/:-@\[-`{-~])|[^\\\[\]]", re.ASCII)
GROUP = re.compile(r"\((?:\?(?:(i)?:|P<([A-Za-z_][A-Za-z0-9_]*)>))?", re.ASCII)
WORD = re.compile(r"\w", re.ASCII)


@dataclass(frozen=True)
class _Character:
    """One character of a class: `source` as in the pattern, `fold` for either case."""

    source: str
    fold: bool


@dataclass(frozen=True)
class _Assertion:
    kind: str


@dataclass(frozen=True)
class _Sequence:
    parts: tuple[_Node, ...]


@dataclass(frozen=True)
class _Choice:
    branches: tuple[_Node, ...]


@dataclass(frozen=True)
class _Repeat:
    body: _Node
    least: int
    most: int | None


_Node = Union[_Character, _Assertion, _Sequence, _Choice, _Repeat]


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern: its text, whether every match has to begin where the subject does, and its automaton.

    States are numbered; a state either takes one character and goes on to the next number, or leads on without one.
    Sets of states are integers with one bit for each: `takes` by character, `forks` those that have `leads`.
    """

    text: str
    anchored: bool
    takes: dict[_Character, int] = field(repr=False)
    leads: dict[int, tuple[tuple[int, str | None], ...]] = field(repr=False)
    forks: int = field(repr=False)
    final: int = field(repr=False)

    def search(self, subject: str) -> bool:
        """True if the pattern matches somewhere. Raises Refused("input_too_large") beyond MAX_SUBJECT characters."""
        if len(subject) > MAX_SUBJECT:
            raise Refused(
                "input_too_large", f"an identity of {len(subject)} characters, at most {MAX_SUBJECT} are read"
            )
        members = [(_member(character), states) for character, states in self.takes.items()]
        taking: dict[str, int] = {}
        reached: dict[tuple[int, frozenset[str]], int] = {}
        waiting = 0
        for at in range(len(subject) + 1):
            here = _assertions_at(subject, at)
            key = (waiting, here)
            if key not in reached:
                reached[key] = self._spread(waiting | 1, here)
            if reached[key] >> self.final & 1:
                return True
            character = subject[at : at + 1]
            if character not in taking:
                taking[character] = sum(states for member, states in members if character and member(character))
            waiting = (reached[key] & taking[character]) << 1
        return False

    def _spread(self, states: int, here: frozenset[str]) -> int:
        """The states and all that they lead to without a character, given the assertions that hold here."""
        pending = states & self.forks
        while pending:
            state = pending.bit_length() - 1
            pending ^= 1 << state
            for target, condition in self.leads[state]:
                bit = 1 << target
                if not states & bit and (condition is None or condition in here):
                    states |= bit
                    pending |= bit & self.forks
        return states


def compile_pattern(text: str) -> Pattern:
    """Compiles a pattern of the common language of RE2 and `re`.

    Supported: literals, ".", classes, \\d \\w \\s and their opposites, \\b \\B, "^" "$" \\A, groups, alternatives,
    repeats up to 1000, "(?i)" at the very start and "(?i:...)". "$" is the end of the text only, classes are ASCII and
    so is the folding of case. Inside a repeat that may run more than once nothing may vary in length or be an
    alternative. Raises PolicyError that says what is not supported and, where there is a way, what to write instead.
    """
    if not text:
        raise PolicyError("an empty pattern is not supported: it would match everybody")
    if len(text) > MAX_PATTERN:
        raise PolicyError(f"a pattern of {len(text)} characters is not supported, at most {MAX_PATTERN} are")
    root = _Reader(text).read()
    program = _Program()
    program.add(root)
    forks = sum(1 << state for state in program.leads)
    return Pattern(text, _begins_anchored(root), program.takes, program.leads, forks, program.size)


def search(pattern: Pattern, subject: str) -> bool:
    """True if the pattern matches somewhere. Raises Refused("input_too_large") beyond MAX_SUBJECT characters."""
    return pattern.search(subject)


def _member(character: _Character) -> Callable[[str], object]:
    return re.compile(character.source, re.ASCII | re.IGNORECASE if character.fold else re.ASCII).fullmatch


def _assertions_at(subject: str, at: int) -> frozenset[str]:
    """The assertions that hold before the character number `at`."""
    before, after = subject[max(at - 1, 0) : at], subject[at : at + 1]
    found = {BOUNDARY if bool(WORD.match(before)) != bool(WORD.match(after)) else NO_BOUNDARY}
    if not before:
        found.add(BEGIN)
    if not after:
        found.add(END)
    return frozenset(found)


def _begins_anchored(node: _Node) -> bool:
    if isinstance(node, _Assertion):
        return node.kind == BEGIN
    if isinstance(node, _Sequence):
        return bool(node.parts) and _begins_anchored(node.parts[0])
    if isinstance(node, _Choice):
        return all(_begins_anchored(branch) for branch in node.branches)
    return False


def _is_fixed(node: _Node) -> bool:
    """True if there is only one way through the node, so that repeating it cannot be ambiguous."""
    if isinstance(node, _Sequence):
        return all(_is_fixed(part) for part in node.parts)
    if isinstance(node, _Repeat):
        return node.least == node.most and _is_fixed(node.body)
    return isinstance(node, _Character)


def _takes_something(node: _Node) -> bool:
    if isinstance(node, _Sequence):
        return any(_takes_something(part) for part in node.parts)
    if isinstance(node, _Choice):
        return all(_takes_something(branch) for branch in node.branches)
    if isinstance(node, _Repeat):
        return node.least > 0 and _takes_something(node.body)
    return isinstance(node, _Character)


class _Program:
    """Numbers the states of a pattern; `size` is the number of the next one, in the end that of the final state."""

    def __init__(self) -> None:
        self.takes: dict[_Character, int] = {}
        self.leads: dict[int, tuple[tuple[int, str | None], ...]] = {}
        self.size = 0

    def add(self, node: _Node) -> None:
        """Appends the states of a node: entered at the first, left behind the last."""
        if isinstance(node, _Character):
            self.takes[node] = self.takes.get(node, 0) | 1 << self._next()
        elif isinstance(node, _Assertion):
            state = self._next()
            self.leads[state] = ((state + 1, node.kind),)
        elif isinstance(node, _Sequence):
            for part in node.parts:
                self.add(part)
        elif isinstance(node, _Choice):
            self._add_choice(node)
        else:
            self._add_repeat(node)

    def _next(self) -> int:
        self.size += 1
        if self.size > MAX_STATES:
            raise PolicyError(f"the pattern is too large: with its repeats written out it has over {MAX_STATES} parts")
        return self.size - 1

    def _add_choice(self, node: _Choice) -> None:
        fork = self._next()
        starts, ends = [], []
        for branch in node.branches:
            starts.append((self.size, None))
            self.add(branch)
            ends.append(self._next())
        self.leads[fork] = tuple(starts)
        for end in ends:
            self.leads[end] = ((self.size, None),)

    def _add_repeat(self, node: _Repeat) -> None:
        for _again in range(node.least):
            self.add(node.body)
        forks = []
        for _again in range(1 if node.most is None else node.most - node.least):
            forks.append(self._next())
            self.add(node.body)
        if node.most is None:
            back = self._next()
            self.leads[back] = ((forks[0], None),)
        for fork in forks:
            self.leads[fork] = ((fork + 1, None), (self.size, None))


class _Reader:
    """Reads a pattern once from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.names: set[str] = set()
        self.fold = text.startswith("(?i)")
        if self.fold:
            self.at = len("(?i)")

    def read(self) -> _Node:
        """The whole pattern. Raises PolicyError."""
        node = self._choice()
        if self.at < len(self.text):
            raise self._refuse("a closing bracket without an opening one")
        return node

    def _refuse(self, why: str) -> PolicyError:
        return PolicyError(f"the pattern is not supported at character {self.at + 1}: {why}")

    def _choice(self) -> _Node:
        branches = [self._sequence()]
        while self.text.startswith("|", self.at):
            self.at += 1
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else _Choice(tuple(branches))

    def _sequence(self) -> _Node:
        parts: list[_Node] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            parts.append(self._repeated(self._one()))
        return _Sequence(tuple(parts))

    def _repeated(self, body: _Node) -> _Node:
        match = REPEAT.match(self.text, self.at)
        if match is None:
            if self.text.startswith("{", self.at):
                raise self._refuse(r"a brace that is no repeat such as {2}, {2,} or {2,3}; write \{ for a brace itself")
            return body
        least, most = _bounds(match)
        if least > MAX_REPEAT or (most is not None and not least <= most <= MAX_REPEAT):
            raise self._refuse(f"a repeat has to rise and may go to {MAX_REPEAT}, no further")
        if not _takes_something(body):
            raise self._refuse("something that may be empty is repeated")
        if most != 1 and not _is_fixed(body):
            raise self._refuse("what is repeated has itself parts that vary (nested quantifiers); write them out")
        self.at = match.end()
        if self.text.startswith("+", self.at):
            raise self._refuse("a second '+' (possessive repeats are unknown to RE2)")
        if self.text.startswith("?", self.at):
            # Lazy or not, there is a match or there is none.
            self.at += 1
        if REPEAT.match(self.text, self.at):
            raise self._refuse("a repeat of a repeat")
        return _Repeat(body, least, most)

    def _one(self) -> _Node:
        character = self.text[self.at]
        if character == "(":
            return self._group()
        if character == "[":
            return self._class()
        if character in "*+?{":
            raise self._refuse(f"nothing is there for {character!r} to repeat")
        source = self.text[self.at : self.at + (2 if character == "\\" else 1)]
        if source in ASSERTIONS:
            self.at += len(source)
            return _Assertion(ASSERTIONS[source])
        if character == "\\":
            match = ESCAPE.match(self.text, self.at)
            if match is None:
                raise self._refuse(f"{source} does not mean the same in RE2 and in Python, or nothing at all in one")
            source = match.group()
        self.at += len(source)
        return _Character(source if character in "\\." else re.escape(source), self.fold)

    def _group(self) -> _Node:
        match = GROUP.match(self.text, self.at)
        if match is None or self.text.startswith("?", match.end()):
            raise self._refuse(self._why_no_group())
        if match.group(2):
            if match.group(2) in self.names:
                raise self._refuse("two groups have one name")
            self.names.add(match.group(2))
        self.depth += 1
        if self.depth > MAX_GROUPS:
            raise self._refuse(f"groups are nested deeper than {MAX_GROUPS}")
        outside = self.fold
        self.fold = outside or bool(match.group(1))
        self.at = match.end()
        node = self._choice()
        if not self.text.startswith(")", self.at):
            raise self._refuse("a group is not closed")
        self.at += 1
        self.fold = outside
        self.depth -= 1
        return node

    def _why_no_group(self) -> str:
        if self.text.startswith("(?i)", self.at):
            return "(?i) counts from the very start only; write (?i:...) around the part that it is for"
        found = self.text[self.at : self.at + 4]
        return f"{found}: only (...), (?:...), (?i:...) and (?P<name>...) mean the same in RE2 and in Python"

    def _class(self) -> _Node:
        start = self.at
        self.at += 2 if self.text.startswith("[^", start) else 1
        first = self.at
        while not self.text.startswith("]", self.at) or self.at == first:
            match = CLASS_MEMBER.match(self.text, self.at)
            if match is None:
                raise self._refuse(r"a class that is not closed, or in it an escape or a '[' or ']' without '\'")
            self.at = match.end()
        self.at += 1
        source = self.text[start : self.at]
        if re.search(r"--|&&|\|\||~~", source):
            raise self._refuse("a doubled mark in a class, which Python may read as an operator")
        character = _Character(source, self.fold)
        try:
            _member(character)
        except re.error as error:
            raise self._refuse(f"the class {source}: {error.msg}") from error
        return character


def _bounds(match: re.Match[str]) -> tuple[int, int | None]:
    """Least and most of a repeat; None is without end."""
    if match.group(1) is None:
        least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[match.group()]
        return least, most
    least = int(match.group(1))
    if match.group(2) is None:
        return least, least
    return least, None if match.group(3) is None else int(match.group(3))
