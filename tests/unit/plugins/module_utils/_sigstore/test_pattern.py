# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns: sigstore.md 1.7, row by row, and that no pattern and subject take long."""

from __future__ import annotations

import re
import time

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.pattern import (
    MAX_SUBJECT,
    compile_pattern,
    search,
)
from hypothesis import given, settings
from hypothesis import strategies as st

SIGNER = "https://github.com/PrexorJustin/prexorcloud/.github/workflows/release-jars.yml@refs/tags/v1.0.0"
LOOSE = r"(?i)^https://github\.com/prexorjustin/prexorcloud/\.github/workflows/release-jars\.ya?ml@.*"
PINNED = r"(?i)^https://github\.com/prexorjustin/prexorcloud/\.github/workflows/release-jars\.yml@refs/tags/v1\.0\.0$"


@pytest.mark.parametrize("pattern", [LOOSE, PINNED])
def test_patterns_of_the_product_match_its_signer(pattern: str) -> None:
    assert search(compile_pattern(pattern), SIGNER)


@pytest.mark.parametrize(
    ("pattern", "subject"),
    [
        (PINNED, SIGNER + "0"),
        (PINNED, SIGNER.replace("v1.0.0", "v1x0.0")),
        (PINNED, "x" + SIGNER),
        (LOOSE, SIGNER.replace("release-jars", "release")),
        (LOOSE, SIGNER.replace("github.com", "githubxcom")),
        (LOOSE, SIGNER.replace("PrexorJustin", "someone-else")),
        (LOOSE, "https://evil.example/?" + SIGNER),
    ],
)
def test_patterns_of_the_product_match_nobody_else(pattern: str, subject: str) -> None:
    assert not search(compile_pattern(pattern), subject)


@pytest.mark.parametrize(
    ("pattern", "subject", "expected"),
    [
        pytest.param("user", "a user here", True, id="search, not match"),
        pytest.param("^user$", "user", True, id="anchored"),
        pytest.param("^user$", "user\n", False, id="the end is the end, not before a line break"),
        pytest.param("^user$", "other\nuser", False, id="the begin is the begin, not behind a line break"),
        pytest.param("^a.b$", "a\nb", False, id="a dot is no line break"),
        pytest.param(r"^\d$", "\N{ARABIC-INDIC DIGIT ONE}", False, id="digits are ASCII"),
        pytest.param(r"^\w$", "\N{LATIN SMALL LETTER E WITH ACUTE}", False, id="word characters are ASCII"),
        pytest.param(r"^\W$", "\N{LATIN SMALL LETTER E WITH ACUTE}", True, id="and their opposite is the rest"),
        pytest.param(r"^\s$", "\N{NO-BREAK SPACE}", False, id="spaces are ASCII"),
        pytest.param(r"\bab\b", "x ab y", True, id="word boundary"),
        pytest.param(r"\bab\b", "xaby", False, id="no word boundary"),
        pytest.param(r"a\Bb", "ab", True, id="no boundary"),
        pytest.param(r"\bb", "\N{LATIN SMALL LETTER E WITH ACUTE}b", True, id="boundaries are ASCII"),
        pytest.param("(?i)^k$", "\N{KELVIN SIGN}", False, id="case folds ASCII only"),
        pytest.param("(?i)^K$", "k", True, id="case folds"),
        pytest.param("^(?i:ab)c$", "ABc", True, id="case folds in its group"),
        pytest.param("^(?i:ab)c$", "ABC", False, id="and not behind it"),
        pytest.param(r"\Aab", "ab", True, id="begin of text"),
        pytest.param("^(?:a|bc|)d$", "bcd", True, id="alternatives"),
        pytest.param("^(?:a|bc|)d$", "d", True, id="an empty alternative"),
        pytest.param("^(?:a|bc|)d$", "abcd", False, id="one alternative, not two"),
        pytest.param("^(?P<owner>a)b$", "ab", True, id="named group"),
        pytest.param("^a{2}$", "aa", True, id="exact repeat"),
        pytest.param("^a{2}$", "aaa", False, id="exact repeat exceeded"),
        pytest.param("^a{2,}$", "a", False, id="open repeat missed"),
        pytest.param("^a{2,3}$", "aaaa", False, id="repeat exceeded"),
        pytest.param("^a{0}b$", "ab", False, id="repeat of none"),
        pytest.param("^(?:ab){2,}?$", "ababab", True, id="lazy repeat"),
        pytest.param(r"^[a-c.\d-]+$", "a.1-", True, id="class"),
        pytest.param(r"^[^@\]]+$", "a]", False, id="class of all others"),
        pytest.param(r"^\x41\.\@$", "A.@", True, id="escapes"),
        pytest.param("^x$|y", "xy", True, id="alternatives bind loosest"),
        pytest.param("", "", None, id="empty"),
    ],
)
def test_meaning(pattern: str, subject: str, expected: bool | None) -> None:
    if expected is None:
        with pytest.raises(PolicyError, match="everybody"):
            compile_pattern(pattern)
    else:
        assert search(compile_pattern(pattern), subject) is expected


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("a(?i)b", r"write \(\?i:"),
        ("[[:alpha:]]", r"without '\\'"),
        (r"\pL", r"\\p does not mean the same"),
        (r"\PL", "does not mean the same"),
        (r"\Qa.b\E", "does not mean the same"),
        (r"a\z", "does not mean the same"),
        (r"a\Z", "does not mean the same"),
        (r"\C", "does not mean the same"),
        (r"\x{41}", "does not mean the same"),
        (r"(a)\1", "does not mean the same"),
        (r"\012", "does not mean the same"),
        (r"\n", "does not mean the same"),
        ("a\\", "does not mean the same"),
        (r"[\b]", "an escape"),
        ("(?U)a", "only"),
        ("(?m)^a", "only"),
        ("(?-i:a)", "only"),
        ("(?<n>a)", "only"),
        ("(?P=n)", "only"),
        ("(?P<n>a)(?P<n>b)", "one name"),
        ("(?P<1>a)", "only"),
        ("(?=a)", "only"),
        ("(?!a)", "only"),
        ("(?<=a)", "only"),
        ("(?<!a)", "only"),
        ("(?>a)", "only"),
        ("(?(1)a|b)", "only"),
        ("(?#a)", "only"),
        ("(?:*)", "nothing is there"),
        ("(?", "only"),
        ("a*+", "possessive"),
        ("a++", "possessive"),
        ("a{2}+", "possessive"),
        ("a**", "repeat of a repeat"),
        ("a???", "repeat of a repeat"),
        ("a{1001}", "up to|to 1000"),
        ("a{2,1001}", "to 1000"),
        ("a{3,2}", "rise"),
        ("a{,3}", r"write \\{"),
        ("a{x}", r"write \\{"),
        ("*a", "nothing is there"),
        ("a|+", "nothing is there"),
        ("^*", "empty"),
        ("(?:a?){2}", "empty"),
        ("()*", "empty"),
        ("(a", "not closed"),
        ("a)", "closing bracket"),
        ("[a", "not closed"),
        ("[]a]", "without"),
        ("[b-a]", "class"),
        ("[a--b]", "doubled"),
        ("[a&&b]", "doubled"),
        ("(" * 40 + "a" + ")" * 40, "deeper"),
        ("(?:(?:a{100}){100}){100}", "too large"),
        ("a" * 2049, "characters"),
    ],
)
def test_what_re2_or_python_read_otherwise_is_refused(pattern: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+",
        "^(a+)+$",
        "(a*)*b",
        "(a|a)*",
        "(a|aa)+$",
        "(.*a){20}",
        "([a-z]+)*@",
        "(?:a{1,9}){1,9}",
        "((a?)b)+c",
        "(x+x+)+y",
    ],
)
def test_nested_quantifiers_are_refused_within_a_second(pattern: str) -> None:
    start = time.monotonic()
    with pytest.raises(PolicyError, match=r"nested quantifiers|empty"):
        compile_pattern(pattern)
    assert time.monotonic() - start < 1


@pytest.mark.parametrize(
    "pattern",
    [
        ".*.*.*.*x",
        "^.*.*.*.*.*.*.*.*x$",
        "a?" * 300 + "x",
        "[a-b]{0,498}x",
        "a" + ".?" * 480 + "x",
        "|".join(["a*b*c*x"] * 80),
        "a[^x]{480}x",
        "".join(f"[a{chr(0x4E00 + number)}]?" for number in range(330)) + "x",
    ],
)
@pytest.mark.parametrize(
    "subject",
    [
        "a" * MAX_SUBJECT,
        "ab" * (MAX_SUBJECT // 2),
        "".join("ab"[number * number * 7919 % 64 // 32] for number in range(MAX_SUBJECT)),
        "".join(chr(0x4E00 + number) for number in range(MAX_SUBJECT)),
    ],
    ids=["one letter", "two letters", "mixed letters", "all different"],
)
def test_no_subject_takes_long(pattern: str, subject: str) -> None:
    compiled = compile_pattern(pattern)
    start = time.process_time()
    assert not search(compiled, subject)
    assert time.process_time() - start < 1


def test_subject_too_long() -> None:
    compiled = compile_pattern("a")
    assert search(compiled, "a" * 2048)
    with pytest.raises(Refused) as refused:
        search(compiled, "a" * 2049)
    assert refused.value.reason == "input_too_large"


@pytest.mark.parametrize(
    ("pattern", "anchored"),
    [
        ("^a", True), (r"\Aa", True), ("(?i)^a", True), ("(?:^a|^b)c", True), ("^a|^b", True),
        ("a", False), ("^a|b", False), ("(?:^a)?b", False), (r"\^a", False), ("a^b", False), ("[^a]b", False),
    ],
)  # fmt: skip
def test_anchored(pattern: str, anchored: bool) -> None:
    assert compile_pattern(pattern).anchored is anchored


CHARACTERS = st.sampled_from(
    ["a", "b", "1", "-", ".", r"\.", "[ab]", "[^a]", "[a-z0-9]", r"\d", r"\w", r"\S", r"[\d.]"]
)
REPEATS = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,}", "{0,2}", "*?", "??"])
SIMPLE = st.builds(lambda character, repeat: character + repeat, CHARACTERS, REPEATS)
PIECES = st.recursive(
    st.one_of(SIMPLE, st.sampled_from(["^", "$", r"\b", r"\B"])),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda branches: f"({'|'.join(branches)})"),
        st.lists(CHARACTERS, min_size=1, max_size=3).map(lambda run: f"(?:{''.join(run)})*"),
        inner.map(lambda body: f"(?:{body}|)"),
    ),
    max_leaves=8,
)


# Not empty: releases of Python disagree about \B there.
@given(PIECES, st.text("abA1-.", min_size=1, max_size=12), st.sampled_from(["", "(?i)"]))
@settings(max_examples=300, deadline=None)
def test_agrees_with_re_where_that_has_the_same_meaning(pattern: str, subject: str, flag: str) -> None:
    assert search(compile_pattern(flag + pattern), subject) is bool(re.search(flag + pattern, subject, re.ASCII))


@given(st.text(r"ab()[]{}*+?|^$\.,-0123iP<>:=!dwsbBAZxpQ&~ ", max_size=24), st.text("ab01-. ", min_size=1, max_size=8))
@settings(max_examples=500, deadline=None)
def test_whatever_is_accepted_means_what_re_means(pattern: str, subject: str) -> None:
    try:
        compiled = compile_pattern(pattern)
    except PolicyError:
        return
    assert search(compiled, subject) is bool(re.search(pattern, subject, re.ASCII))
