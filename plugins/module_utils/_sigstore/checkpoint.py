# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoints: a log's signature over the size and root of its tree, as a signed note (C2SP; sigstore.md 1.10)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.encoding import decode_base64
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.inclusion import HASH_BYTES
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.instants import from_seconds
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import LogEntry, LogKey
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.promise import check_log, is_signed

MAX_CHARACTERS = 8192
MAX_SIGNATURES = 16
HINT_BYTES = 4
# Control characters have no place in a note; half a surrogate pair has no bytes that could be signed.
FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]")
SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
SIGNATURE_LINE = re.compile("\u2014 ([^\\s+]+) ([A-Za-z0-9+/=]+)")


@dataclass(frozen=True)
class NoteSignature:
    """One signature line: who claims to sign, the first bytes of the key's id, the signature."""

    name: str
    hint: bytes
    signature: bytes


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as written; `signed` are the bytes that the signatures are over."""

    origin: str
    size: int
    root: bytes
    signed: bytes
    signatures: tuple[NoteSignature, ...]


def _invalid(why: str) -> Refused:
    return Refused("checkpoint_invalid", f"the checkpoint {why}")


def _decoded(text: str, what: str) -> bytes:
    try:
        return decode_base64(text, what)
    except Refused as error:
        raise Refused("checkpoint_invalid", error.detail) from error


def _signature(line: str) -> NoteSignature:
    match = SIGNATURE_LINE.fullmatch(line)
    if match is None:
        raise _invalid("has a line among its signatures that is none")
    blob = _decoded(match[2], "a signature line of the checkpoint")
    if len(blob) <= HINT_BYTES:
        raise _invalid("has a signature line without a signature")
    return NoteSignature(match[1], blob[:HINT_BYTES], blob[HINT_BYTES:])


def read_checkpoint(text: str) -> Checkpoint:
    """The parts of a checkpoint; nothing is proven yet. Raises Refused: "checkpoint_invalid", "input_too_large"."""
    if len(text) > MAX_CHARACTERS:
        raise Refused("input_too_large", f"the checkpoint has more than {MAX_CHARACTERS} characters")
    head, blank, tail = text.partition("\n\n")
    if FORBIDDEN.search(text) or not blank or not tail.endswith("\n"):
        raise _invalid("is no signed note: text, one blank line, signature lines")
    origin, *lines = head.split("\n")
    if not origin or len(lines) < 2 or not SIZE.fullmatch(lines[0]):
        raise _invalid("lacks its origin, size or root hash")
    root = _decoded(lines[1], "the root hash of the checkpoint")
    if len(root) != HASH_BYTES:
        raise _invalid("has a root hash that is not one of SHA-256")
    signature_lines = tail[:-1].split("\n")
    if len(signature_lines) > MAX_SIGNATURES:
        raise Refused("input_too_large", f"the checkpoint has more than {MAX_SIGNATURES} signature lines")
    signatures = tuple(_signature(line) for line in signature_lines)
    return Checkpoint(origin, int(lines[0]), root, f"{head}\n".encode(), signatures)


def _is_origin_of(origin: str, key: LogKey) -> bool:
    if key.v2:
        return origin == key.name
    name, _dash, tree = origin.rpartition(" - ")
    return name == key.name and re.fullmatch(r"[0-9]{1,20}", tree, re.ASCII) is not None


def verify_checkpoint(entry: LogEntry, key: LogKey) -> None:
    """Proves that the log signed the tree (root and size) that the entry's proof names (sigstore.md 1.10).

    Only the log's own signature counts, found by name and key id; every line that matches both must verify, all
    others (witnesses, a second key) are ignored. For a tiled log the window is the caller's: its time is in the token.
    Without a verified promise the time of a Rekor v1 entry is a mere claim, and the window again the caller's.

    Raises Refused: "proof_missing", "checkpoint_missing", "log_unknown" if `key` is not the one that the entry names,
    "checkpoint_invalid", "proof_invalid" if a tiled log's two indices differ, "log_expired", "input_too_large",
    "algorithm_unsupported".
    """
    proof = entry.proof
    if proof is None:
        raise Refused("proof_missing", "the log entry lacks its proof of inclusion")
    if proof.checkpoint is None:
        raise Refused("checkpoint_missing", "the proof of inclusion lacks the log's signed checkpoint")
    check_log(entry, key)
    checkpoint = read_checkpoint(proof.checkpoint)
    if not _is_origin_of(checkpoint.origin, key):
        raise _invalid(f"is not of a tree of {key.name}")
    own = [one for one in checkpoint.signatures if (one.name, one.hint) == (key.name, key.key_id[:HINT_BYTES])]
    if not own:
        raise _invalid(f"has no signature by {key.name}")
    if not all(is_signed(key, one.signature, checkpoint.signed) for one in own):
        raise _invalid(f"has a signature in the name of {key.name} that does not verify")
    if (checkpoint.root, checkpoint.size) != (proof.root, proof.size):
        raise _invalid("is about another tree than the proof of inclusion")
    if key.v2 and entry.log_index != proof.index:
        raise Refused("proof_invalid", f"the entry claims index {entry.log_index}, its proof is for {proof.index}")
    if key.v2 or entry.integrated_time is None:
        return
    if not key.window.contains(from_seconds(entry.integrated_time, "the entry's integratedTime")):
        raise Refused("log_expired", f"the entry's time {entry.integrated_time} is not in the window of {key.name}")
