# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proof that an entry is in a log's tree (RFC 6962 2.1.1, RFC 9162 2.1.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import LogEntry

HASH_BYTES = 32
MAX_HASHES = 64
MAX_SIZE = 2**63 - 1


def leaf_hash(body: bytes) -> bytes:
    """SHA-256 of a leaf of the tree: the canonical body behind a byte 0."""
    return hashlib.sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of an inner node: both children behind a byte 1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def computed_root(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Root of the tree of `size` leaves that has `leaf` (its hash) at `index`, by the audit path, lowest hash first.

    Raises Refused: "proof_invalid" unless 0 <= index < size < 2^63 and the path has exactly the hashes, of 32 bytes
    each, that such a tree needs.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise Refused("proof_invalid", f"no tree of {size} entries has one at {index}")
    # Below `inner` the path zigzags with the bits of the index; above, the leaf is on the tree's right border, where
    # there is a sibling, always a left one, only for the bits that are set.
    inner = (index ^ (size - 1)).bit_length()
    border = bin(index >> inner).count("1")
    if len(path) != inner + border or any(len(sibling) != HASH_BYTES for sibling in path):
        raise Refused("proof_invalid", f"the proof has {len(path)} hashes instead of {inner + border} of 32 bytes")
    computed = leaf
    for level, sibling in enumerate(path):
        is_left = level < inner and not index >> level & 1
        computed = node_hash(computed, sibling) if is_left else node_hash(sibling, computed)
    return computed


def verify_inclusion(entry: LogEntry) -> None:
    """Proves that the entry's body is in the tree that its proof names (sigstore.md 1.9); the root is still a claim.

    Raises Refused: "proof_missing", "proof_invalid".
    """
    proof = entry.proof
    if proof is None:
        raise Refused("proof_missing", "the log entry lacks its proof of inclusion")
    if computed_root(leaf_hash(entry.body), proof.index, proof.size, proof.hashes) != proof.root:
        raise Refused("proof_invalid", "the proof of inclusion does not lead from this entry to its root hash")
