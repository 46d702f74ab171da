# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DSSE envelopes with in-toto statements: what is signed, and what it has to say (sigstore.md 1.13, 2 (2))."""

from __future__ import annotations

import re

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.strict_json import Members, load

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPES = ("https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1")
PAYLOAD_LIMIT = 10 * 1024 * 1024
MAX_SUBJECTS = 1024
MAX_DIGESTS = 32


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that a DSSE signature is over (pre-authentication encoding); lengths count bytes of UTF-8."""
    kind = payload_type.encode("utf-8")
    return b" ".join((b"DSSEv1", b"%d" % len(kind), kind, b"%d" % len(payload), payload))


def check_statement(payload: bytes, payload_type: str, sha256: str, predicate_type: str | None) -> str:
    """Checks that a payload, whose signature is verified already, speaks of the artifact and says what was asked for.

    `sha256`: the artifact's digest, 64 lower-case hex digits. `predicate_type`: what the caller names; None means that
    the caller asked for a signature, for which no attestation passes.

    Returns the predicate type. Raises Refused: "format_unsupported" (not an in-toto statement), "predicate_mismatch",
    "statement_mismatch" (no subject is the artifact), "input_malformed", "input_too_large".
    """
    if payload_type != PAYLOAD_TYPE:
        raise Refused("format_unsupported", f"the envelope holds {payload_type[:128]!r}, not {PAYLOAD_TYPE}")
    if predicate_type is None:
        raise Refused(
            "predicate_mismatch",
            "the bundle holds an attestation, not a signature; what it states counts only if predicate_type names it",
        )
    statement = load(payload, "the statement", PAYLOAD_LIMIT)
    kind = statement.text("_type")
    if kind not in STATEMENT_TYPES:
        raise Refused("format_unsupported", f"the statement's _type is {kind[:128]!r}")
    found = statement.optional_text("predicateType")
    if found != predicate_type:
        raise Refused("predicate_mismatch", f"the statement is {str(found)[:256]!r}, not {predicate_type!r}")
    subjects = statement.objects("subject", MAX_SUBJECTS)
    # Every subject is read, so that a malformed one behind the artifact's is not passed over.
    if sha256 not in [_sha256(subject) for subject in subjects]:
        raise Refused("statement_mismatch", f"none of the statement's {len(subjects)} subjects is sha256:{sha256}")
    return predicate_type


def _sha256(subject: Members) -> str | None:
    digests = subject.members("digest")
    if len(digests.value) > MAX_DIGESTS:
        raise Refused("input_too_large", f"{digests.where} has more than {MAX_DIGESTS} entries")
    for name in digests.value:
        digests.optional_text(name)
    found = digests.optional_text("sha256")
    if found is not None and not re.fullmatch(r"[0-9a-f]{64}", found, re.ASCII):
        raise digests.refuse("sha256", "is not 64 lower-case hex digits")
    return found
