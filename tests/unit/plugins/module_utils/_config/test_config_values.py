# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the program reads scalars. The expected values were tried with the library it uses (jackson-dataformat-yaml)."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._config.document import parse
from ansible_collections.prexorcloud.production.plugins.module_utils._config.errors import DocumentError
from ansible_collections.prexorcloud.production.plugins.module_utils._config.schema import (
    BOOL,
    DOUBLE,
    ENUM,
    INT,
    LONG,
    MAP,
    OBJECTS,
    STR,
    STRINGS,
    Key,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._config.values import (
    BadValueError,
    identical,
    read,
    same,
    typed,
)

FAILS = object()
KEYS = {
    INT: Key("k", INT, 1),
    LONG: Key("k", LONG, 1),
    BOOL: Key("k", BOOL, True),
    DOUBLE: Key("k", DOUBLE, 1.0),
    STR: Key("k", STR, "d"),
    ENUM: Key("k", ENUM, "KEYED", allowed=("KEYED", "COSIGN_BUNDLE")),
    STRINGS: Key("k", STRINGS, ()),
    MAP: Key("k", MAP, {}),
    OBJECTS: Key("k", OBJECTS, (), item_keys=("name",)),
}

READ = [
    (INT, "0x1F", 31),
    (INT, "'0x1F'", FAILS),
    (INT, "010", 8),
    (INT, "'010'", 10),
    (INT, "09", 9),
    (INT, "0b11", 3),
    (INT, "0o17", FAILS),
    (INT, "1_000", 1000),
    (INT, "-5", -5),
    (INT, "+5", 5),
    (INT, "''", 0),
    (INT, "' 7 '", 7),
    (INT, "'x'", FAILS),
    (INT, "true", FAILS),
    (INT, "7.5", 7),
    (INT, "'7.5'", FAILS),
    (INT, "1e3", 1000),
    (INT, "1:30", FAILS),
    (INT, "3000000000", FAILS),
    (INT, "3000000000.5", FAILS),
    (INT, "'3000000000'", FAILS),
    (INT, "null", None),
    (INT, "[1]", FAILS),
    (LONG, "3000000000", 3000000000),
    (LONG, "9223372036854775808", FAILS),
    (LONG, "1.5", 1),
    (BOOL, "true", True),
    (BOOL, "'TRUE'", True),
    (BOOL, "tRuE", FAILS),
    (BOOL, "yes", True),
    (BOOL, "'yes'", FAILS),
    (BOOL, "Off", False),
    (BOOL, "y", FAILS),
    (BOOL, "2", True),
    (BOOL, "0", False),
    (BOOL, "1.0", FAILS),
    (BOOL, "''", False),
    (BOOL, "' true '", True),
    (BOOL, "~", None),
    (DOUBLE, "5", 5.0),
    (DOUBLE, "'0.5'", 0.5),
    (DOUBLE, ".5", 0.5),
    (DOUBLE, "1.", 1.0),
    (DOUBLE, "1e-3", 0.001),
    (DOUBLE, "'1,5'", FAILS),
    (DOUBLE, "''", 0.0),
    (DOUBLE, ".nan", FAILS),
    (DOUBLE, ".inf", FAILS),
    (STR, "007", "007"),
    (STR, "1e3", "1e3"),
    (STR, "2024-01-01", "2024-01-01"),
    (STR, "true", "true"),
    (STR, "12:30", "12:30"),
    (STR, "yes", "yes"),
    (STR, "nULL", "nULL"),
    (STR, "Null", None),
    (STR, '""', ""),
    (STR, "[a]", FAILS),
    (STR, "{a: b}", FAILS),
    (STR, "|\n  a\n", "a\n"),
    (ENUM, "KEYED", "KEYED"),
    (ENUM, "keyed", FAILS),
    (ENUM, "''", FAILS),
    (STRINGS, "[1, ~, yes]", ["1", "", "yes"]),
    (STRINGS, "[[x]]", FAILS),
    (STRINGS, "''", FAILS),
    (STRINGS, "x", FAILS),
    (MAP, "{1: a, b: 010, c: ~}", {"1": "a", "b": "010", "c": ""}),
    (MAP, "''", FAILS),
    (OBJECTS, "[{name: a, x: 1}]", [{"name": "a", "x": 1}]),
    (OBJECTS, "[{name: ''}]", FAILS),
    (OBJECTS, "[a]", FAILS),
]


@pytest.mark.parametrize(("kind", "text", "expected"), READ)
def test_read_as_by_the_program(kind: str, text: str, expected: Any) -> None:
    plain = parse(f"k: {text}\n", {"k"} if kind in (STR, ENUM, STRINGS, MAP) else ()).plain["k"]
    if expected is FAILS:
        with pytest.raises(BadValueError):
            read(KEYS[kind], plain)
    else:
        assert identical(read(KEYS[kind], plain), expected)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (INT, "8080", 8080),
        (INT, 8080, 8080),
        (INT, 80.0, FAILS),
        (INT, " 80", FAILS),
        (INT, True, FAILS),
        (INT, None, FAILS),
        (INT, 2**31, FAILS),
        (BOOL, "True", True),
        (BOOL, "false", False),
        (BOOL, "yes", FAILS),
        (BOOL, 1, FAILS),
        (BOOL, None, FAILS),
        (DOUBLE, 1, 1.0),
        (DOUBLE, "0.5", 0.5),
        (DOUBLE, float("nan"), FAILS),
        (STR, "x", "x"),
        (STR, 5, FAILS),
        (STR, "a\x00b", FAILS),
        (STR, ["x"], FAILS),
        (ENUM, "KEYED", "KEYED"),
        (ENUM, "keyed", FAILS),
        (STRINGS, ["a"], ["a"]),
        (STRINGS, [1], FAILS),
        (STRINGS, "a", FAILS),
        (MAP, {"a": "b"}, {"a": "b"}),
        (MAP, {"a": 1}, FAILS),
        (OBJECTS, [{"name": "a"}], [{"name": "a"}]),
        (OBJECTS, [{}], FAILS),
    ],
)
def test_what_we_write_is_of_the_proper_type(kind: str, value: Any, expected: Any) -> None:
    if expected is FAILS:
        with pytest.raises(BadValueError):
            typed(KEYS[kind], value)
    else:
        assert identical(typed(KEYS[kind], value), expected)


def test_null_is_a_value_where_it_is_the_default() -> None:
    assert typed(Key("k", STR), None) is None


@pytest.mark.parametrize(
    ("kind", "present", "wanted", "expected"),
    [
        (INT, "8080", 8080, True),
        (INT, "8081", 8080, False),
        (INT, 7.5, 7, True),
        (INT, "x", 7, False),
        (INT, None, 7, False),
        (BOOL, "true", True, True),
        (BOOL, 1, True, True),
        (BOOL, 0, True, False),
        (STR, "KEYED ", "KEYED", False),
        (STR, "", None, False),
        (OBJECTS, [{"name": "a", "b": "", "c": []}], [{"name": "a"}], True),
        (OBJECTS, [{"name": "a", "b": "x"}], [{"name": "a"}], False),
        (OBJECTS, [], [{"name": "a"}], False),
    ],
)
def test_a_spelling_that_means_the_same_may_stay(kind: str, present: Any, wanted: Any, expected: bool) -> None:
    assert same(KEYS[kind], present, wanted) is expected


@pytest.mark.parametrize(
    ("one", "other"), [(1, True), (1, 1.0), (0, False), ("1", 1), ([1], [True]), ({"a": 0}, {"a": False}), ([], {})]
)
def test_values_of_different_type_are_not_identical(one: Any, other: Any) -> None:
    assert not identical(one, other)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a\n", "list or a single value"),
        ("hunter2\n", "list or a single value"),
        ("a: [hunter2\n", "not valid YAML at line 2"),
        ("a: 1\n\tb: hunter2\n", "indented with a tab"),
        ("a:\n\tb: hunter2\n", "indented with a tab"),
        ("a: 1\nb: 2\na: hunter2\n", "duplicate keys, of which only the last counts: a (lines 1 and 3)"),
        ("a: {b: hunter2, b: 2}\n", "a.b (lines 1 and 1)"),
        ("a: 1\n'a': hunter2\n", "a (lines 1 and 2)"),
        ("a: 1\n---\nb: hunter2\n", "second document"),
        ("a: *hunter2\n", "not valid YAML at line 1, column 4"),
        ("a: !vault hunter2\n", "uses a tag (!...) at line 1"),
        ("? [hunter2]\n: 1\n", "as a key at line 1"),
        ("a: \x07hunter2\n", "not allowed in a text file"),
        ("{" * 3000, "nested too deeply"),
        ("a: " + "[" * 60 + "]" * 60, "nested too deeply"),
        ("%YAML 9.9\n---\na: hunter2\n", "not valid YAML"),
        ('a: "hunter2', "not valid YAML"),
        ("a: 'x'hunter2\n", "not valid YAML"),
        ("hunter2: : :\n- x", "not valid YAML"),
    ],
)
def test_a_file_that_is_no_configuration_is_told_without_its_content(text: str, says: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(text)
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("text", ["", "\n", "# only this\n", "---\n", "\ufeff", "--- # x\n"])
def test_a_file_without_content_is_empty(text: str) -> None:
    assert parse(text).plain == {}


def test_aliases_are_texts_and_merge_keys_are_keys() -> None:
    document = parse("b: &b {host: x}\nl: &l [1]\ngrpc:\n  <<: *b\n  on: *l\n")
    assert document.plain == {"b": {"host": "x"}, "l": [1], "grpc": {"<<": "b", "on": "l"}}
    assert set(document.aliases) == {("grpc", "<<"), ("grpc", "on")}


def test_anchors_that_repeat_themselves_cost_nothing() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    assert parse("\n".join(lines)).plain["a59"] == ["a58", "a58"]
    assert parse("a: &a [*a]\n").plain == {"a": ["a"]}
