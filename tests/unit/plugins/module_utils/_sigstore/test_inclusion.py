# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proofs of inclusion: published trees, a reference tree of every small size, and every way to be wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.inclusion import (
    computed_root,
    leaf_hash,
    node_hash,
    verify_inclusion,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import InclusionProof, LogEntry
from ansible_collections.prexorcloud.production.tests.support.release_signer import merkle
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.transparency import reason
from hypothesis import given
from hypothesis import strategies as st

# The tree with which implementations of RFC 6962 are commonly compared: its leaves and, by size, its roots.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
PATHS = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            ROOTS[4],
        ],
    ),
    (2, 3, [ROOTS[2]]),
    (1, 5, [ROOTS[1], "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"]),
]  # fmt: skip
MANY = [leaf_hash(b"%d" % number) for number in range(64)]


def entry(body: bytes, proof: InclusionProof | None) -> LogEntry:
    return LogEntry(bytes(32), 0, "k", "v", body, proof=proof)


@pytest.mark.parametrize(("index", "size", "path"), PATHS)
def test_published_proofs(index: int, size: int, path: list[str]) -> None:
    hashes = tuple(bytes.fromhex(one) for one in path)
    proof = InclusionProof(index, size, bytes.fromhex(ROOTS[size]), hashes, None)
    verify_inclusion(entry(LEAVES[index], proof))
    assert reason(verify_inclusion, entry(LEAVES[index] + b"\x00", proof)) == "proof_invalid"


@pytest.mark.parametrize("size", ROOTS)
def test_the_reference_tree_is_the_published_one(size: int) -> None:
    leaves = [leaf_hash(leaf) for leaf in LEAVES[:size]]
    assert merkle.root(leaves).hex() == ROOTS[size]


@pytest.mark.parametrize("size", range(1, 65))
def test_every_leaf_of_every_small_tree(size: int) -> None:
    root = merkle.root(MANY[:size])
    for index in range(size):
        path = merkle.path(index, MANY[:size])
        assert computed_root(MANY[index], index, size, path) == root
        assert reason(computed_root, MANY[index], index, size, [*path, bytes(32)]) == "proof_invalid"
        if path:
            assert reason(computed_root, MANY[index], index, size, path[:-1]) == "proof_invalid"


@given(st.data())
def test_a_proof_is_for_one_leaf_at_one_place(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 64))
    index, other = data.draw(st.lists(st.integers(0, size - 1), min_size=2, max_size=2, unique=True))
    root, path = merkle.root(MANY[:size]), tuple(merkle.path(index, MANY[:size]))
    body = b"%d" % index
    right = InclusionProof(index, size, root, path, None)
    verify_inclusion(entry(body, right))
    at = data.draw(st.integers(0, len(path) - 1))
    swapped = (*path[:at], bytes(32), *path[at + 1 :])
    for wrong in (replace(right, index=other), replace(right, hashes=swapped), replace(right, root=bytes(32))):
        assert reason(verify_inclusion, entry(body, wrong)) == "proof_invalid"
    assert reason(verify_inclusion, entry(b"%d" % other, right)) == "proof_invalid"


def test_a_node_is_no_leaf() -> None:
    # Without the two prefixes an inner node could be shown as an entry that nobody logged.
    body = MANY[0] + MANY[1]
    root = node_hash(MANY[0], MANY[1])
    assert reason(verify_inclusion, entry(body, InclusionProof(0, 1, root, (), None))) == "proof_invalid"


Path = tuple[bytes, tuple[bytes, ...]]


def folded(sides: str, *, sibling: bytes = bytes(32)) -> Path:
    """Root and path where the sibling stands on these sides ("l", "r"), from the leaf of no bytes up."""
    computed = leaf_hash(b"")
    for side in sides:
        computed = node_hash(sibling, computed) if side == "l" else node_hash(computed, sibling)
    return computed, (sibling,) * len(sides)


@pytest.mark.parametrize(
    ("index", "size", "root_and_path"),
    [
        (1, 1, folded("l")),
        (3, 2, folded("rr")),
        (-1, 1, folded("ll")),
        (0, 2**63, folded("r" * 63)),
        (0, 2, folded("r", sibling=bytes(31))),
        (0, 2, folded("r", sibling=bytes(33))),
    ],
)
def test_hashes_that_fit_do_not_make_a_tree(
    index: int, size: int, root_and_path: tuple[bytes, tuple[bytes, ...]]
) -> None:
    # The path leads to the root all right; only such a place, tree or hash does not exist.
    root, path = root_and_path
    assert reason(verify_inclusion, entry(b"", InclusionProof(index, size, root, path, None))) == "proof_invalid"


def test_hashes_that_fit_a_tree() -> None:
    root, path = folded("rlr")
    verify_inclusion(entry(b"", InclusionProof(2, 8, root, path, None)))


@pytest.mark.parametrize(
    ("index", "size", "hashes"),
    [
        (0, 0, ()),
        (1, 1, ()),
        (-1, 1, ()),
        (0, 2**63, (bytes(32),) * 63),
        (2**70, 2**71, (bytes(32),) * 71),
        (0, 2, (bytes(31),)),
        (0, 2, (bytes(33),)),
        (0, 2, ()),
    ],
)
def test_no_such_tree(index: int, size: int, hashes: tuple[bytes, ...]) -> None:
    assert reason(verify_inclusion, entry(b"", InclusionProof(index, size, bytes(32), hashes, None))) == "proof_invalid"


def test_the_largest_tree_is_computed() -> None:
    path = (bytes(32),) * 63
    assert len(computed_root(MANY[0], 0, 2**63 - 1, path)) == 32


def test_no_proof() -> None:
    assert reason(verify_inclusion, entry(b"", None)) == "proof_missing"
