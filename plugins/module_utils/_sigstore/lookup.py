# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the log entry of a signature comes from: its bundle, a saved answer, or the log itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import signature
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.artifact import Artifact
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import Envelope, LogEntry, Signed
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.policy import IGNORE, ONLINE, Policy
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.rekor import (
    parse_entries,
    search_request,
)

# Sends the body of a request to the log and gives back its answer.
Ask = Callable[[bytes], bytes]


def with_entries(signed: Signed, artifact: Artifact, policy: Policy, saved: bytes | None, ask: Ask) -> Signed:
    """The same, with the entries that are claimed for it; verify() decides which of them prove something.

    What the input brings stays. Else they come from `saved`, an answer of the log that was kept, or, if the policy says
    online, from the log through `ask`. Raises Refused: "log_entry_missing", saying how to get one, and what the reader
    of answers and `ask` raise.
    """
    if signed.entries or policy.transparency_log == IGNORE:
        return signed
    if saved is not None:
        entries = parse_entries(saved)
        why = "the saved answer of the log has none"
    elif isinstance(signed.content, Envelope):
        raise Refused("log_entry_missing", "the bundle brings no log entry, and logs are not searched for statements")
    elif policy.transparency_log != ONLINE:
        raise Refused(
            "log_entry_missing",
            f"the {signed.label} brings no log entry; look it up (transparency_log: online), or give it (log_entry)",
        )
    else:
        entries = _search(signed, artifact, policy, ask)
        why = "the log does not have it"
    if not entries:
        raise Refused("log_entry_missing", f"no log entry for this signature of {artifact.name}: {why}")
    return replace(signed, entries=entries)


def _search(signed: Signed, artifact: Artifact, policy: Policy, ask: Ask) -> tuple[LogEntry, ...]:
    digest = artifact.digest("sha256")
    if signed.certificate is not None:
        return parse_entries(ask(search_request(signed, digest)))
    found: list[LogEntry] = []
    for key in policy.keys:
        found += parse_entries(ask(search_request(signed, digest, signature.spki(key))))
    return tuple(found)
