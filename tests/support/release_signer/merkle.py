# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Merkle tree of a log, as RFC 6962 2.1 defines it: recursive, plain, not the way a verifier does it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def leaf_hash(body: bytes) -> bytes:
    """Hash of one entry."""
    return hashlib.sha256(b"\x00" + body).digest()


def _split(size: int) -> int:
    """The largest power of two that is smaller than the size."""
    return 1 << (size - 1).bit_length() - 1


def root(leaves: Sequence[bytes]) -> bytes:
    """Hash of the tree over these leaf hashes; of no leaves at all: SHA-256 of nothing."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    cut = _split(len(leaves))
    return hashlib.sha256(b"\x01" + root(leaves[:cut]) + root(leaves[cut:])).digest()


def path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Audit path of the leaf with this index, from the leaf up."""
    if len(leaves) == 1:
        return []
    cut = _split(len(leaves))
    if index < cut:
        return [*path(index, leaves[:cut]), root(leaves[cut:])]
    return [*path(index - cut, leaves[cut:]), root(leaves[:cut])]
