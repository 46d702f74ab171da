# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The promise of a log of signatures (SET, Rekor v1): the log's own signature over an entry and its time."""

from __future__ import annotations

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.encoding import encode_base64
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.instants import from_seconds
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import LogEntry, LogKey
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.signature import (
    allowed_hashes,
    verify_bytes,
)


def is_signed(key: LogKey, signature: bytes, data: bytes) -> bool:
    """True if the log's key signed `data`: ECDSA with the hash of its curve, RSA PKCS #1 v1.5 with SHA-256, or Ed25519.

    Raises Refused("algorithm_unsupported") for any other key.
    """
    hash_names = allowed_hashes(key.key)
    try:
        verify_bytes(key.key, signature, data, hash_name=hash_names[0] if hash_names else None)
    except Refused as refused:
        if refused.reason != "signature_invalid":
            raise
        return False
    return True


def check_log(entry: LogEntry, key: LogKey) -> None:
    """Raises Refused("log_unknown") unless the entry names this very log: a key is never tried on another's entry."""
    if entry.log_id != key.key_id:
        raise Refused("log_unknown", f"the entry is of the log {entry.log_id.hex()}, not of {key.name}")


def promised_bytes(entry: LogEntry) -> bytes:
    """What a promise signs: canonical JSON (RFC 8785) of the entry, with its global index (sigstore.md 1.8)."""
    # Base64, hex and integers have nothing to escape, so pasting them is canonical.
    return (
        f'{{"body":"{encode_base64(entry.body)}","integratedTime":{entry.integrated_time},'
        f'"logID":"{entry.log_id.hex()}","logIndex":{entry.log_index}}}'
    ).encode("ascii")


def verify_promise(entry: LogEntry, key: LogKey) -> int:
    """The instant (ns) at which the log vouches to have taken the entry in (sigstore.md 1.8).

    Raises Refused: "set_missing" (also for a promise of no time), "log_unknown" if `key` is not the one that the entry
    names, "algorithm_unsupported" if it is not ECDSA P-256, "set_invalid", "log_expired" if the time is not in the
    key's window.
    """
    if entry.promise is None or entry.integrated_time is None:
        raise Refused("set_missing", "the log entry lacks the log's signed promise, or the time that it promises")
    check_log(entry, key)
    if getattr(getattr(key.key, "curve", None), "name", None) != "secp256r1":
        raise Refused("algorithm_unsupported", f"promises of the log {key.name} are not by ECDSA P-256")
    if not is_signed(key, entry.promise, promised_bytes(entry)):
        raise Refused("set_invalid", f"the promise is not one of the log {key.name} for this entry")
    instant = from_seconds(entry.integrated_time, "the entry's integratedTime")
    if not key.window.contains(instant):
        raise Refused("log_expired", f"the entry's time {entry.integrated_time} is not in the window of {key.name}")
    return instant
