# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON that parsers read differently is refused, and so is JSON that costs without end."""

from __future__ import annotations

import json
import time

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import strict_json
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from hypothesis import given
from hypothesis import strategies as st

LIMIT = 1 << 20
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4, alphabet="ab{[\"'"), inner, max_size=3)
    ),
    max_leaves=12,
)


def refused(document: bytes, limit: int = LIMIT) -> str:
    with pytest.raises(Refused) as error:
        strict_json.load(document, "it", limit)
    return error.value.reason


@given(st.dictionaries(st.text(max_size=6, alphabet='ab\\"[}'), VALUES))
def test_what_json_writes_is_read(value: dict[str, object]) -> None:
    for ascii_only in (True, False):
        document = json.dumps(value, ensure_ascii=ascii_only).encode()
        assert strict_json.load(document, "it", LIMIT).value == value


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b'"text"',
        b"null",
        b'{"a":1,"a":1}',
        b'{"b":{"a":1,"a":2}}',
        b'{"a":1,"\\u0061":2}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":1}{}',
        b'{"a":1} x',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":"\xff"}',
        b'{"a":"\xc0\xaf"}',
        b'{"a":"\\ud800"}',
        b'{"\\udc00":"a"}',
        b'{"a":["\\ud83d x"]}',
        b'{"a":01}',
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":"line\nend"}',
        b'{"a":' + b"1" * 21 + b"}",
        '{"a":1}'.encode("utf-16"),
        b'{"a":' + b"[" * 33 + b"]" * 33 + b"}",
        b'{"a":"\\x"}',
    ],
)
def test_more_than_one_reading_is_refused(document: bytes) -> None:
    assert refused(document) == "input_malformed"


def test_pair_of_escapes_is_one_character() -> None:
    assert strict_json.load(b'{"a":"\\ud83d\\ude00"}', "it", LIMIT).text("a") == "\U0001f600"


def test_brackets_in_text_are_no_depth() -> None:
    assert strict_json.load(json.dumps({"a": "[{" * 99 + '\\"'}).encode(), "it", LIMIT).has("a")


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"[" * 500_000, "input_too_large"),
        (b"[" * 150_000, "input_malformed"),
        (b"]" * 900_000, "input_malformed"),
        (b'{"a":' * 150_000, "input_malformed"),
        (b'{"a":"' + b'\\"' * 400_000, "input_malformed"),
        (b'"' * 900_000, "input_malformed"),
    ],
)
def test_bombs_are_refused_at_once(document: bytes, code: str) -> None:
    start = time.process_time()
    assert refused(document) == code
    assert time.process_time() - start < 1


@pytest.mark.parametrize("unit", [b"[]", b"{}", b"[[]]"])
def test_many_containers_are_refused_at_once(unit: bytes) -> None:
    document = b'{"a":[' + b",".join([unit] * 1_000_000) + b"]}"
    start = time.process_time()
    assert refused(document, limit=1 << 24) == "input_too_large"
    assert time.process_time() - start < 0.5


def test_size_is_checked_before_anything_is_read() -> None:
    assert refused(b"\xff" * 11, limit=10) == "input_too_large"


@pytest.mark.parametrize("value", [1.0, True, -1, 2**63, "01", "-1", "1.0", "1e3", " 1", "\u0661", "", [], {}])
def test_only_integers_are_integers(value: object) -> None:
    with pytest.raises(Refused) as error:
        strict_json.Members({"n": value}, "it").integer("n")
    assert error.value.reason == "input_malformed"


@pytest.mark.parametrize("value", [0, "0", 2**63 - 1, str(2**63 - 1)])
def test_integers_may_be_decimal_text(value: object) -> None:
    assert strict_json.Members({"n": value}, "it").integer("n") == int(str(value))


def test_null_is_absent() -> None:
    members = strict_json.Members({"a": None}, "it")
    assert not members.has("a")
    assert members.names() == ()
    assert (members.optional_text("a"), members.optional_integer("a"), members.optional_members("a")) == (None,) * 3
    assert members.items("a", 1) == []
    for read in (members.text, members.integer, members.members):
        with pytest.raises(Refused):
            read("a")


@pytest.mark.parametrize("reader", ["text", "members", "integer"])
def test_wrong_types_are_refused(reader: str) -> None:
    values: list[object] = [1.5, [], True, {"a": 1} if reader != "members" else "x"]
    for value in values:
        with pytest.raises(Refused):
            getattr(strict_json.Members({"a": value}, "it"), reader)("a")


def test_unknown_members_and_long_lists() -> None:
    members = strict_json.Members({"a": 1, "b": [{}, {}]}, "it")
    assert members.only("a", "b") is members
    with pytest.raises(Refused) as unknown:
        members.only("a")
    assert "'b'" in unknown.value.detail
    assert len(members.objects("b", 2)) == 2
    with pytest.raises(Refused) as long:
        members.objects("b", 1)
    assert long.value.reason == "input_too_large"
    with pytest.raises(Refused):
        strict_json.Members({"b": [1]}, "it").objects("b", 1)
