# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transparency logs: Rekor v1 (promise, proof, checkpoint) and Rekor v2 (proof, checkpoint, witnesses)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519

from . import merkle
from .keys import PrivateKey, b64, log_id, new_key, note_id, sign

# Other people's entries, so that no proof is trivial.
FILLERS = 6


def canonical(value: object) -> bytes:
    """RFC 8785 for what is signed here: texts without control characters and integers."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


@dataclass(frozen=True)
class Proof:
    """Where an entry is in its tree."""

    index: int
    size: int
    root: bytes
    hashes: tuple[bytes, ...]
    checkpoint: str


@dataclass(frozen=True)
class Record:
    """What a log hands out about one entry. `integrated_time` in seconds; a v2 log gives neither time nor promise."""

    log_id: bytes
    log_index: int
    kind: str
    version: str
    body: bytes
    uuid: str
    proof: Proof | None
    integrated_time: int | None = None
    promise: bytes | None = None

    def answer(self) -> dict[str, Any]:
        """As Rekor v1's HTTP interface gives it: {uuid: entry}."""
        verification: dict[str, Any] = {}
        if self.promise is not None:
            verification["signedEntryTimestamp"] = b64(self.promise)
        if self.proof is not None:
            verification["inclusionProof"] = {
                "checkpoint": self.proof.checkpoint,
                "hashes": [node.hex() for node in self.proof.hashes],
                "logIndex": self.proof.index,
                "rootHash": self.proof.root.hex(),
                "treeSize": self.proof.size,
            }
        entry = {
            "body": b64(self.body),
            "integratedTime": self.integrated_time,
            "logID": self.log_id.hex(),
            "logIndex": self.log_index,
            "verification": verification,
        }
        return {self.uuid: entry}

    def bundled(self) -> dict[str, Any]:
        """As a Sigstore bundle holds it (protobuf-specs sigstore_rekor.proto)."""
        entry: dict[str, Any] = {
            "logIndex": str(self.log_index),
            "logId": {"keyId": b64(self.log_id)},
            "kindVersion": {"kind": self.kind, "version": self.version},
            "canonicalizedBody": b64(self.body),
        }
        if self.integrated_time is not None:
            entry["integratedTime"] = str(self.integrated_time)
        if self.promise is not None:
            entry["inclusionPromise"] = {"signedEntryTimestamp": b64(self.promise)}
        if self.proof is not None:
            entry["inclusionProof"] = {
                "logIndex": str(self.proof.index),
                "rootHash": b64(self.proof.root),
                "treeSize": str(self.proof.size),
                "hashes": [b64(node) for node in self.proof.hashes],
                "checkpoint": {"envelope": self.proof.checkpoint},
            }
        return entry


def note(text: str, signatures: Sequence[tuple[str, bytes]]) -> str:
    """A signed note (C2SP signed-note): the text, a blank line, and a line for each (name, hint || signature)."""
    return text + "\n" + "".join(f"\u2014 {name} {b64(blob)}\n" for name, blob in signatures)


def note_text(origin: str, size: int, root: bytes, extra: str = "") -> str:
    """What a log signs about its tree (C2SP tlog-checkpoint)."""
    return f"{origin}\n{size}\n{b64(root)}\n{extra}"


@dataclass
class RekorV1:
    """A Rekor v1 log with one shard. The global index of an entry is `first` + its index in the shard's tree."""

    key: PrivateKey
    name: str = "rekor.example.test"
    tree_id: int = 3904496407287907110
    first: int = 4163431
    leaves: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        while len(self.leaves) < FILLERS:
            self.leaves.append(merkle.leaf_hash(b"somebody else's entry %d" % len(self.leaves)))

    @property
    def id(self) -> bytes:
        """Key id."""
        return log_id(self.key.public_key())

    @property
    def origin(self) -> str:
        """First line of the checkpoints."""
        return f"{self.name} - {self.tree_id}"

    def add(self, kind: str, version: str, body: bytes, seconds: int) -> Record:
        """Takes an entry into the log at this time and hands out promise, proof and checkpoint."""
        index = len(self.leaves)
        leaf = merkle.leaf_hash(body)
        self.leaves += [leaf, merkle.leaf_hash(b"somebody else's later entry %d" % index)]
        proof = self.prove(index)
        record = Record(
            self.id, self.first + index, kind, version, body, f"{self.tree_id:016x}{leaf.hex()}", proof, seconds
        )
        return replace(record, promise=self.promise(record))

    def prove(self, index: int) -> Proof:
        """Proof against the tree as it is now."""
        size, root = len(self.leaves), merkle.root(self.leaves)
        return Proof(index, size, root, tuple(merkle.path(index, self.leaves)), self.checkpoint(size, root))

    def promise(self, record: Record) -> bytes:
        """The signed entry time stamp over what the record says."""
        payload = {
            "body": b64(record.body),
            "integratedTime": record.integrated_time,
            "logID": record.log_id.hex(),
            "logIndex": record.log_index,
        }
        return sign(self.key, canonical(payload))

    def line(self, text: str) -> tuple[str, bytes]:
        """The log's own signature line for a note."""
        return self.name, self.id[:4] + sign(self.key, text.encode())

    def checkpoint(self, size: int, root: bytes) -> str:
        """Signed checkpoint of a tree with this size and root."""
        text = note_text(self.origin, size, root)
        return note(text, [self.line(text)])


@dataclass
class RekorV2:
    """A tiled Rekor v2 log: Ed25519, no time of its own."""

    key: ed25519.Ed25519PrivateKey
    name: str = "log2026.rekor.example.test"
    leaves: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        while len(self.leaves) < FILLERS:
            self.leaves.append(merkle.leaf_hash(b"somebody else's v2 entry %d" % len(self.leaves)))

    @property
    def id(self) -> bytes:
        """Key id, which holds the name too."""
        return note_id(self.name, self.key.public_key())

    @property
    def origin(self) -> str:
        """First line of the checkpoints."""
        return self.name

    def add(self, kind: str, version: str, body: bytes) -> Record:
        """Takes an entry into the log and hands out proof and checkpoint."""
        index = len(self.leaves)
        leaf = merkle.leaf_hash(body)
        self.leaves += [leaf, merkle.leaf_hash(b"somebody else's later v2 entry %d" % index)]
        return Record(self.id, index, kind, version, body, leaf.hex(), self.prove(index))

    def prove(self, index: int) -> Proof:
        """Proof against the tree as it is now."""
        size, root = len(self.leaves), merkle.root(self.leaves)
        return Proof(index, size, root, tuple(merkle.path(index, self.leaves)), self.checkpoint(size, root))

    def line(self, text: str) -> tuple[str, bytes]:
        """The log's own signature line for a note."""
        return self.name, self.id[:4] + self.key.sign(text.encode())

    def checkpoint(self, size: int, root: bytes) -> str:
        """Signed checkpoint of a tree with this size and root."""
        text = note_text(self.origin, size, root)
        return note(text, [self.line(text)])


def witness_line(text: str, seconds: int, name: str = "witness.example.test") -> tuple[str, bytes]:
    """A witness's cosignature of a checkpoint at this time (C2SP tlog-cosignature)."""
    key = new_key("ed25519")
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    signature = key.sign(f"cosignature/v1\ntime {seconds}\n{text}".encode())
    return name, note_id(name, key.public_key(), 4)[:4] + seconds.to_bytes(8, "big") + signature
