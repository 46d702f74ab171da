# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a file is changed where it must be and nowhere else."""

from __future__ import annotations

import string
from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._config.document import parse
from ansible_collections.prexorcloud.production.plugins.module_utils._config.edit import HEADER, apply
from ansible_collections.prexorcloud.production.plugins.module_utils._config.errors import DocumentError
from ansible_collections.prexorcloud.production.plugins.module_utils._config.tree import copy
from ansible_collections.prexorcloud.production.plugins.module_utils._config.values import identical
from hypothesis import given, settings
from hypothesis import strategies as st

REMOVED = "<removed>"

OPERATORS = """\
# managed by hand, do not touch   \n
uuid: "ctrl-1"   # stable
http:            # listeners
    host: '127.0.0.1'
    port: 8080   # behind nginx

    cors:
        allowedOrigins:
        -   "https://a.example.com"   # office
        # the next one is for tests
        -   "https://b.example.com"

# gRPC
grpc: {host: 0.0.0.0,   port: 9090}  # flow
network:
  allowedSubnets: [ 10.0.0.0/8, 'fd00::/8' ]
modules:
# odd but valid comment
empty:
last: 1
# the end
"""

CASES = [
    pytest.param({"uuid": "ctrl-2"}, [('"ctrl-1"', '"ctrl-2"')], id="keeps-double-quotes"),
    pytest.param({"http.host": "a'b"}, [("'127.0.0.1'", "'a''b'")], id="keeps-single-quotes"),
    pytest.param({"http.port": 80}, [("port: 8080 ", "port: 80 ")], id="keeps-comment-of-line"),
    pytest.param({"last": None}, [("last: 1", "last: null")], id="null"),
    pytest.param({"last": True}, [("last: 1", "last: true")], id="bool"),
    pytest.param({"last": 1.5}, [("last: 1", "last: 1.5")], id="float"),
    pytest.param({"last": "yes"}, [("last: 1", 'last: "yes"')], id="word-that-is-a-boolean-is-quoted"),
    pytest.param({"last": "010"}, [("last: 1", 'last: "010"')], id="text-of-digits-is-quoted"),
    pytest.param({"last": 'a"\\\n\x00é'}, [("last: 1", 'last: "a\\"\\\\\\n\\x00é"')], id="escapes"),
    pytest.param({"last": {"a": [1]}}, [("last: 1\n", "last:\n  a:\n    - 1\n")], id="scalar-to-block"),
    pytest.param({"last": []}, [("last: 1", "last: []")], id="scalar-to-empty-list"),
    pytest.param({"empty": {"a": 1}}, [("empty:\n", "empty:\n  a: 1\n")], id="nothing-to-block"),
    pytest.param({"modules": {"a": 1}}, [("modules:\n", "modules:\n  a: 1\n")], id="nothing-to-block-before-comment"),
    pytest.param({"empty": 5}, [("empty:\n", "empty: 5\n")], id="nothing-to-scalar"),
    pytest.param({"grpc.port": 9}, [("port: 9090}", "port: 9}")], id="in-flow-mapping"),
    pytest.param({"grpc.x": [1, "a"]}, [("port: 9090}", "port: 9090, x: [1, a]}")], id="added-to-flow-mapping"),
    pytest.param({"grpc.host": REMOVED}, [("host: 0.0.0.0,   ", "")], id="first-of-flow-mapping-removed"),
    pytest.param({"grpc.port": REMOVED}, [(",   port: 9090", "")], id="last-of-flow-mapping-removed"),
    pytest.param(
        {"grpc.port": REMOVED, "grpc.host": REMOVED, "grpc.new": 1},
        [("host: 0.0.0.0,   port: 9090", "new: 1")],
        id="all-of-flow-mapping-replaced",
    ),
    pytest.param(
        {"network.allowedSubnets": ["10.1.0.0/16"]},
        [("[ 10.0.0.0/8, 'fd00::/8' ]", '["10.1.0.0/16"]')],
        id="flow-list-replaced",
    ),
    pytest.param({"http.port": REMOVED}, [("    port: 8080   # behind nginx\n", "")], id="removed-with-its-line"),
    pytest.param(
        {"http.cors": REMOVED},
        [(OPERATORS[OPERATORS.index("    cors") : OPERATORS.index("\n# gRPC")], "")],
        id="block-removed",
    ),
    pytest.param({"last": REMOVED}, [("last: 1\n", "")], id="last-removed"),
    pytest.param({"uuid": REMOVED}, [('uuid: "ctrl-1"   # stable\n', "")], id="first-removed"),
    pytest.param(
        {"http.new": "x y"}, [('b.example.com"\n', 'b.example.com"\n    new: "x y"\n')], id="added-after-nested-block"
    ),
    pytest.param(
        {"http.cors.new": 1, "http.new": 2, "new": {"a": {"b": 3}}},
        [
            ('b.example.com"\n', 'b.example.com"\n        new: 1\n    new: 2\n'),
            ("last: 1\n", "last: 1\nnew:\n  a:\n    b: 3\n"),
        ],
        id="added-at-three-depths",
    ),
    pytest.param(
        {"http.cors.allowedOrigins": ["https://a.example.com", "https://b.example.com", "https://c.example.com"]},
        [('b.example.com"\n', 'b.example.com"\n        -   "https://c.example.com"\n')],
        id="list-grows",
    ),
    pytest.param(
        {"http.cors.allowedOrigins": ["https://b.example.com"]},
        [('        -   "https://a.example.com"   # office\n', "")],
        id="list-shrinks",
    ),
    pytest.param(
        {"http.cors.allowedOrigins": ["https://x.example.com", "https://b.example.com"]},
        [('        -   "https://a.example.com"   # office\n', '        -   "https://x.example.com"\n')],
        id="list-item-replaced",
    ),
    pytest.param(
        {"http.cors.allowedOrigins": []},
        [
            (
                OPERATORS[OPERATORS.index("        allowedOrigins") : OPERATORS.index("\n# gRPC")],
                "        allowedOrigins: []\n",
            )
        ],
        id="list-emptied",
    ),
]


def change(tree: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = copy(tree)
    for name, value in changes.items():
        node = result
        *parents, leaf = name.split(".")
        for parent in parents:
            node = node[parent]
        if value is REMOVED:
            del node[leaf]
        else:
            node[leaf] = value
    return result


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize(("changes", "expected"), CASES)
def test_nothing_but_the_change_changes(
    changes: dict[str, Any], expected: list[tuple[str, str]], line_end: str
) -> None:
    text = OPERATORS.replace("\n", line_end)
    document = parse(text)
    result = OPERATORS
    for old, new in expected:
        assert result.count(old) == 1
        result = result.replace(old, new)
    assert apply(document, change(document.plain, changes)) == result.replace("\n", line_end)


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [
        ("", {"a": 1}, HEADER + "a: 1\n"),
        (" \n", {"a": {"b": []}}, HEADER + "a:\n  b: []\n"),
        ("# mine\n", {"a": 1}, "# mine\na: 1\n"),
        ("# mine", {"a": 1}, "# mine\na: 1\n"),
        ("---\n", {"a": 1}, "---\na: 1\n"),
        ("a: 1", {"b": 2}, "a: 1\nb: 2\n"),
        ("\ufeffa: 1\nb: 2\n", {"a": REMOVED}, "\ufeffb: 2\n"),
        ("\ufeffa: 1\n", {"a": 2}, "\ufeffa: 2\n"),
        ("--- # first\na: 1\n...\n", {"b": 2}, "--- # first\na: 1\nb: 2\n...\n"),
        ("{}\n", {"a": {"b": 1}}, "{a: {b: 1}}\n"),
        ("a: {}\n", {"a": {"b": 1}}, "a: {b: 1}\n"),
        ("a: # why\n", {"a": 1}, "a: 1 # why\n"),
        ("a: ~ # why\n", {"a": {"b": 1}}, "a: # why\n  b: 1\n"),
        ("a: |\n  one\n  # two\n\nb: 1\n", {"a": "x"}, "a: x\n\nb: 1\n"),
        ("b: 1\na: >-\n  one\n  # two\n\n# end\n", {"c": 1}, "b: 1\na: >-\n  one\n  # two\nc: 1\n\n# end\n"),
        ("a: one\n  two\nb: 1\n", {"a": "x"}, "a: x\nb: 1\n"),
        ("a:\n- {x: 1}  # k\n- {x: 2}\nb: 1\n", {"a": [{"x": 1}, {"z": 3}]}, "a:\n- {x: 1}  # k\n- {z: 3}\nb: 1\n"),
        ("a:\n  - x: 1\n    y: 2\n  - x: 3\n", {"a": [{"x": 3}]}, "a:\n  - x: 3\n"),
        ("a:\n- - 1\n", {"a": [2]}, "a:\n- 2\n"),
        ("a: {b: [1,\n  2]}  # k\n", {"c": 1}, "a: {b: [1,\n  2]}  # k\nc: 1\n"),
        ("a: {b: 1,}\n", {"a": {"b": 1, "c": 2}}, "a: {b: 1, c: 2,}\n"),
        ("base: &b {p: 1}\na:\n  <<: *b\n  q: 2\n", {"a.p": 3}, "base: &b {p: 1}\na:\n  <<: *b\n  q: 2\n  p: 3\n"),
        ("s: &s one\na: *s  # k\nb: 1\n", {"a": "x"}, "s: &s one\na: x  # k\nb: 1\n"),
        ("s: &s one\na: {x: *s, y: 1}\n", {"a.x": REMOVED}, "s: &s one\na: {y: 1}\n"),
        ("s: &s one\na:\n  x: *s\n\n# c\n", {"a.z": 1}, "s: &s one\na:\n  x: *s\n  z: 1\n\n# c\n"),
        ('"a": 1\n', {"a": 2}, '"a": 2\n'),
        ('{"a":1}\n', {"a": 2}, '{"a":2}\n'),
    ],
)
def test_layouts(text: str, changes: dict[str, Any], expected: str) -> None:
    document = parse(text)
    assert apply(document, change(document.plain, changes)) == expected


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        pytest.param("a: &x 1\nb: *x\n", {"a": 2}, id="anchor-in-use-would-go"),
        pytest.param("a: &x {p: 1}\nb: {<<: *x}\n", {"a": REMOVED}, id="anchored-block-in-use-would-go"),
        pytest.param("? a\n: 1\n? b\n: 2\n", {"a": REMOVED}, id="explicit-keys"),
        pytest.param(
            "--- {a: 1}\n...\n# c\n", {"a": REMOVED, "b": {"c": "x" * 3}, "a2": object()}, id="not-plain-data"
        ),
    ],
)
def test_refuses_what_it_cannot_change_alone(text: str, changes: dict[str, Any]) -> None:
    document = parse(text)
    with pytest.raises((DocumentError, TypeError, AttributeError)):
        apply(document, change(document.plain, changes))


NAMES = st.sampled_from(["a", "b", "c", "yes", "1", "x.y", "-", "é", "a b", "#", "~"])
TEXTS = st.text(alphabet=string.printable[:95] + "éü€\U0001f600\n\t\x85\u2028", max_size=12)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
)
TREES = st.recursive(
    SCALARS,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(NAMES, children, max_size=4),
    max_leaves=12,
)
MAPPINGS = st.dictionaries(NAMES, TREES, max_size=5)


@given(MAPPINGS, MAPPINGS)
@settings(max_examples=60, deadline=None)
def test_any_file_becomes_any_other(first: dict[str, Any], second: dict[str, Any]) -> None:
    text = apply(parse(""), first)
    assert identical(parse(text).plain, first)
    result = apply(parse(text), second)
    assert identical(parse(result).plain, second)


COMMENTS = st.sampled_from(["", "# {}\n", "\n# {}\n\n", "   # {}\n", "# {}\n#\n"])


@st.composite
def commented_files(draw: st.DrawFn) -> tuple[str, dict[str, dict[str, Any]]]:
    """A file of blocks with comments everywhere, and what it means."""
    lines: list[str] = []
    plain: dict[str, dict[str, Any]] = {}
    for block in draw(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=5, unique=True)):
        lines += [draw(COMMENTS).format(f"above-{block}"), f"{block}:  # beside-{block}\n"]
        plain[block] = {}
        for number, key in enumerate(draw(st.lists(st.sampled_from("pqrst"), min_size=1, max_size=3, unique=True))):
            name = f"{block}-{key}"
            plain[block][key] = draw(st.sampled_from([number, [number]]))
            lines.append(draw(COMMENTS).format(f"above-{name}"))
            in_list = isinstance(plain[block][key], list)
            lines.append(
                f"   {key}:\n   - {number} # beside-{name}\n" if in_list else f"   {key}: {number}  # beside-{name}\n"
            )
    return "".join(lines), plain


@given(commented_files(), st.data())
@settings(max_examples=80, deadline=None)
def test_comments_of_untouched_keys_survive(file: tuple[str, dict[str, dict[str, Any]]], data: st.DataObject) -> None:
    """Some keys change or go; the comments beside all others stay, and those above any key."""
    text, plain = file
    document = parse(text)
    assert identical(document.plain, plain)
    wanted, gone = copy(plain), set()
    for block, key in [(name, key) for name, keys in plain.items() for key in keys]:
        what = data.draw(st.sampled_from(["keep", "keep", "set", "remove"]))
        if what == "set":
            wanted[block][key] = "new"
        elif what == "remove":
            del wanted[block][key]
        if what != "keep":
            gone.add(f"beside-{block}-{key}")
    for block in [block for block in plain if not wanted[block]]:
        del wanted[block]
        gone |= {f"beside-{block}", *(f"above-{block}-{key}" for key in plain[block])}
    for block in wanted:
        wanted[block].update(data.draw(st.sampled_from([{}, {"new": 1}, {"new": {"deep": [1]}}])))
    result = apply(document, wanted).split("\n")
    for line in text.split("\n"):
        if "# " in line and not any(line.endswith(name) for name in gone):
            assert line in result
