# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the readers of the formats hand to the checks. Nothing here is trusted because it is here.

Times are integers, nanoseconds since 1970-01-01 UTC ("instants"): comparisons at the edge of a window have to be exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
    from cryptography.x509 import Certificate

SECOND = 1_000_000_000


@dataclass(frozen=True)
class Window:
    """A closed range of instants; `end` None is open."""

    start: int
    end: int | None = None

    def contains(self, instant: int) -> bool:
        """True if the instant lies in the range, both ends included (proto sigstore_common TimeRange)."""
        return self.start <= instant and (self.end is None or instant <= self.end)


@dataclass(frozen=True)
class LogKey:
    """A transparency log, of signatures or of certificates, that the trust root names.

    `key_id` has 32 bytes and was recomputed from the key; `name` is host[:port] of its base URL; `v2` says that the log
    is a tiled one (Rekor v2), whose checkpoints carry no tree id and whose entries have no promise.
    """

    key_id: bytes
    key: PublicKeyTypes
    name: str
    window: Window
    v2: bool = False


@dataclass(frozen=True)
class Authority:
    """A certificate or time stamp authority: issuer first, anchor last, and the window of the whole chain."""

    chain: tuple[Certificate, ...]
    window: Window


@dataclass(frozen=True)
class TrustRoot:
    """Everything that is trusted; logs by key id."""

    logs: Mapping[bytes, LogKey]
    certificate_logs: Mapping[bytes, LogKey]
    authorities: tuple[Authority, ...]
    timestamp_authorities: tuple[Authority, ...]


@dataclass(frozen=True)
class InclusionProof:
    """Where an entry is in the tree: all as claimed by whoever made the input."""

    index: int
    size: int
    root: bytes
    hashes: tuple[bytes, ...]
    checkpoint: str | None


@dataclass(frozen=True)
class LogEntry:
    """One entry of a transparency log as the input claims it.

    `integrated_time` in seconds since 1970, None if absent or 0.
    """

    log_id: bytes
    log_index: int
    kind: str
    version: str
    body: bytes
    integrated_time: int | None = None
    promise: bytes | None = None
    proof: InclusionProof | None = None


@dataclass(frozen=True)
class MessageSignature:
    """A signature over the artifact itself. `digest` is (hash name as in hashlib, digest) if the input claims one."""

    signature: bytes
    digest: tuple[str, bytes] | None = None


@dataclass(frozen=True)
class Envelope:
    """A DSSE envelope with its one signature; `payload` is decoded."""

    payload: bytes
    payload_type: str
    signature: bytes


@dataclass(frozen=True)
class Signed:
    """What every format comes down to.

    `certificate` is DER, None where the signature is by a bare key. `promise_required` and `proof_required` follow from
    the format and its version (sigstore.md 2). `label` names the format for people.
    """

    label: str
    content: MessageSignature | Envelope
    certificate: bytes | None
    entries: tuple[LogEntry, ...]
    timestamps: tuple[bytes, ...] = ()
    promise_required: bool = True
    proof_required: bool = False
    bundle_version: str | None = None


@dataclass(frozen=True)
class Signer:
    """The identity in a certificate: one subject alternative name and the issuer that vouched for it."""

    identity: str
    issuer: str


@dataclass(frozen=True)
class Verdict:
    """What was proven. `time` is the earliest verified instant of signing, None for a bare key without one."""

    label: str
    digest: str
    signer: Signer | None = None
    key: str | None = None
    log_index: int | None = None
    log_name: str | None = None
    time: int | None = None
    warnings: tuple[str, ...] = ()
