# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A checkpoint counts if the log itself signed it and it is about the tree that the proof names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.checkpoint import (
    read_checkpoint,
    verify_checkpoint,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import LogEntry, LogKey, Window
from ansible_collections.prexorcloud.production.tests.support.release_signer.keys import b64, new_key, sign
from ansible_collections.prexorcloud.production.tests.support.release_signer.transparency import (
    RekorV1,
    note,
    note_text,
    witness_line,
)
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.transparency import (
    LOG,
    NOW,
    TILED_LOG,
    WORLD,
    entry_of,
    reason,
)
from hypothesis import given
from hypothesis import strategies as st

ENTRY = entry_of(WORLD.rekor.add("hashedrekord", "0.0.1", b"{}", WORLD.seconds()))
TILED = entry_of(WORLD.rekor2.add("hashedrekord", "0.0.2", b"{}"))
PAIRS = [(ENTRY, LOG), (TILED, TILED_LOG)]
LINE = Callable[[str], "tuple[str, bytes]"]


def with_checkpoint(entry: LogEntry, text: str | None) -> LogEntry:
    assert entry.proof
    return replace(entry, proof=replace(entry.proof, checkpoint=text))


def text_of(entry: LogEntry, origin: str, extra: str = "") -> str:
    assert entry.proof
    return note_text(origin, entry.proof.size, entry.proof.root, extra)


def checkpoint_of(entry: LogEntry) -> str:
    assert entry.proof and entry.proof.checkpoint
    return entry.proof.checkpoint


def signed(text: str, *, line: LINE = WORLD.rekor.line) -> LogEntry:
    return with_checkpoint(ENTRY, note(text, [line(text)]))


@pytest.mark.parametrize(("entry", "key"), PAIRS)
def test_what_a_log_signs(entry: LogEntry, key: LogKey) -> None:
    verify_checkpoint(entry, key)


@pytest.mark.parametrize(("entry", "key"), PAIRS)
def test_nothing_to_check(entry: LogEntry, key: LogKey) -> None:
    assert reason(verify_checkpoint, replace(entry, proof=None), key) == "proof_missing"
    assert reason(verify_checkpoint, with_checkpoint(entry, None), key) == "checkpoint_missing"


def test_the_key_is_that_of_the_named_log() -> None:
    assert reason(verify_checkpoint, ENTRY, TILED_LOG) == "log_unknown"
    assert reason(verify_checkpoint, replace(ENTRY, log_id=bytes(32)), LOG) == "log_unknown"


def test_more_lines_are_signed_too() -> None:
    verify_checkpoint(signed(text_of(ENTRY, WORLD.rekor.origin, "Timestamp: 1\nanother\n")), LOG)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_witnesses_are_ignored_wherever_they_stand(at: int) -> None:
    text = text_of(TILED, WORLD.rekor2.origin)
    lines = [witness_line(text, WORLD.seconds(), name) for name in ("a.example.test", "b.example.test")]
    lines.insert(at, WORLD.rekor2.line(text))
    verify_checkpoint(with_checkpoint(TILED, note(text, lines)), TILED_LOG)
    # A witness alone is not the log.
    del lines[at]
    assert reason(verify_checkpoint, with_checkpoint(TILED, note(text, lines)), TILED_LOG) == "checkpoint_invalid"


def test_a_second_key_of_the_same_name_is_ignored() -> None:
    text = text_of(TILED, WORLD.rekor2.origin)
    other = (WORLD.rekor2.name, b"abcd" + bytes(64))
    for lines in ([other, WORLD.rekor2.line(text)], [WORLD.rekor2.line(text), other]):
        verify_checkpoint(with_checkpoint(TILED, note(text, lines)), TILED_LOG)


@pytest.mark.parametrize("order", [1, -1])
def test_every_line_in_the_logs_name_has_to_verify(order: int) -> None:
    text = text_of(TILED, WORLD.rekor2.origin)
    false = (WORLD.rekor2.name, WORLD.rekor2.id[:4] + bytes(64))
    entry = with_checkpoint(TILED, note(text, [WORLD.rekor2.line(text), false][::order]))
    assert reason(verify_checkpoint, entry, TILED_LOG) == "checkpoint_invalid"


def test_a_line_with_another_name_or_hint_is_not_the_logs() -> None:
    text = text_of(ENTRY, WORLD.rekor.origin)
    _name, blob = WORLD.rekor.line(text)
    for line in (("other.example.test", blob), (WORLD.rekor.name, b"\0\0\0\0" + blob[4:])):
        assert reason(verify_checkpoint, with_checkpoint(ENTRY, note(text, [line])), LOG) == "checkpoint_invalid"


def test_a_forged_log() -> None:
    text = text_of(ENTRY, WORLD.rekor.origin)
    stranger = new_key()
    blob = LOG.key_id[:4] + sign(stranger, text.encode())
    assert (
        reason(verify_checkpoint, with_checkpoint(ENTRY, note(text, [(LOG.name, blob)])), LOG) == "checkpoint_invalid"
    )
    own = RekorV1(stranger)
    entry = replace(entry_of(own.add("k", "v", b"{}", WORLD.seconds())), log_id=LOG.key_id)
    assert reason(verify_checkpoint, entry, LOG) == "checkpoint_invalid"


@pytest.mark.parametrize(
    "origin",
    [
        "other.example.test - 1",
        WORLD.rekor.name,
        f"{WORLD.rekor.name} - ",
        f"{WORLD.rekor.name} - tree",
        f"{WORLD.rekor.name}-1",
        f" {WORLD.rekor.name} - 1",
        f"{WORLD.rekor.name} - 1 - 1",
        f"{WORLD.rekor.name} - \u0661",
    ],
)
def test_a_v1_origin_is_name_and_tree(origin: str) -> None:
    # Signed by the right key, under its own name: only the origin is not that of this log.
    assert reason(verify_checkpoint, signed(text_of(ENTRY, origin)), LOG) == "checkpoint_invalid"


@pytest.mark.parametrize("origin", [f"{WORLD.rekor2.name} - 1", "other.example.test", f"{WORLD.rekor2.name}/x"])
def test_a_v2_origin_is_the_name(origin: str) -> None:
    text = text_of(TILED, origin)
    entry = with_checkpoint(TILED, note(text, [WORLD.rekor2.line(text)]))
    assert reason(verify_checkpoint, entry, TILED_LOG) == "checkpoint_invalid"


@pytest.mark.parametrize(("entry", "key"), PAIRS)
def test_it_is_about_the_tree_of_the_proof(entry: LogEntry, key: LogKey) -> None:
    assert entry.proof
    for proof in (replace(entry.proof, root=bytes(32)), replace(entry.proof, size=entry.proof.size + 1)):
        assert reason(verify_checkpoint, replace(entry, proof=proof), key) == "checkpoint_invalid"


def test_the_two_indices_of_a_tiled_log_agree() -> None:
    assert reason(verify_checkpoint, replace(TILED, log_index=TILED.log_index + 1), TILED_LOG) == "proof_invalid"
    # Of a Rekor v1 log the outer one is global.
    assert ENTRY.proof and ENTRY.log_index != ENTRY.proof.index


def test_the_window_of_a_v1_log() -> None:
    verify_checkpoint(ENTRY, replace(LOG, window=Window(NOW, NOW)))
    for window in (Window(NOW + 1), Window(0, NOW - 1)):
        assert reason(verify_checkpoint, ENTRY, replace(LOG, window=window)) == "log_expired"
    # A tiled log's time is in the time stamp token, which the caller has.
    verify_checkpoint(TILED, replace(TILED_LOG, window=Window(NOW + 1)))


GOOD = checkpoint_of(ENTRY)
HEAD, _BLANK, TAIL = GOOD.partition("\n\n")
ORIGIN, SIZE, ROOT = HEAD.split("\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "\n\n",
        HEAD,
        f"{HEAD}\n\n",
        GOOD[:-1],
        GOOD + "\n",
        GOOD + "stray\n",
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n\n", "\n\n\n"),
        GOOD.replace("\n\n", "\n\nmore\n\n"),
        f"\n{GOOD}",
        f"\n{SIZE}\n{ROOT}\n\n{TAIL}",
        f"{ORIGIN}\n{ROOT}\n\n{TAIL}",
        f"{ORIGIN}\n{SIZE}\n\n{TAIL}",
        f"{ORIGIN}\n0{SIZE}\n{ROOT}\n\n{TAIL}",
        f"{ORIGIN}\n+{SIZE}\n{ROOT}\n\n{TAIL}",
        f"{ORIGIN}\n{SIZE}.0\n{ROOT}\n\n{TAIL}",
        f"{ORIGIN}\n{'9' * 5000}\n{ROOT}\n\n{TAIL}",
        f"{ORIGIN}\n\u0661\n{ROOT}\n\n{TAIL}",
        f"{ORIGIN}\n{SIZE}\n{ROOT[:-1]}\n\n{TAIL}",
        f"{ORIGIN}\n{SIZE}\n{b64(bytes(31))}\n\n{TAIL}",
        f"{ORIGIN}\n{SIZE}\n{ROOT}\n\n{TAIL.replace(chr(0x2014), '-')}",
        f"{ORIGIN}\n{SIZE}\n{ROOT}\n\n\u2014 {LOG.name} AAAA\n",
        f"{ORIGIN}\n{SIZE}\n{ROOT}\n\n\u2014 {LOG.name} AAAAAA==\n",
        f"{ORIGIN}\n{SIZE}\n{ROOT}\n\n\u2014 {LOG.name} AAAAAAB=\n",
        f"{ORIGIN}\n{SIZE}\n{ROOT}\n\n\u2014  AAAAAAAA\n",
        f"{ORIGIN}\n{SIZE}\n{ROOT}\n\n{TAIL[:-1]}\t\n",
        f"{ORIGIN}\x00\n{SIZE}\n{ROOT}\n\n{TAIL}",
        f"{ORIGIN}\ud800\n{SIZE}\n{ROOT}\n\n{TAIL}",
    ],
)
def test_malformed_checkpoints_are_refused(text: str) -> None:
    assert reason(read_checkpoint, text) == "checkpoint_invalid"
    assert reason(verify_checkpoint, with_checkpoint(ENTRY, text), LOG) == "checkpoint_invalid"


def test_caps() -> None:
    text = text_of(TILED, WORLD.rekor2.origin)
    lines = [witness_line(text, 1, f"w{number}.example.test") for number in range(15)]
    verify_checkpoint(with_checkpoint(TILED, note(text, [*lines, WORLD.rekor2.line(text)])), TILED_LOG)
    crowded = note(text, [*lines, lines[0], WORLD.rekor2.line(text)])
    assert reason(verify_checkpoint, with_checkpoint(TILED, crowded), TILED_LOG) == "input_too_large"
    endless = note(text_of(ENTRY, WORLD.rekor.origin, "x" * 9000 + "\n"), [])
    assert reason(verify_checkpoint, with_checkpoint(ENTRY, endless), LOG) == "input_too_large"


@given(st.data())
def test_no_character_of_a_checkpoint_may_change(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(GOOD) - 1))
    other = data.draw(st.characters().filter(lambda one: one != GOOD[at]))
    with pytest.raises(Refused):
        verify_checkpoint(with_checkpoint(ENTRY, GOOD[:at] + other + GOOD[at + 1 :]), LOG)


@given(st.text(alphabet=st.sampled_from(list("\n\n\r\u2014 aA0=+/.- ")) | st.characters(), max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert read_checkpoint(text).signed.decode() + "\n" == text[: len(text.partition("\n\n")[0]) + 2]
    except Refused as refusal:
        assert refusal.reason == "checkpoint_invalid"
