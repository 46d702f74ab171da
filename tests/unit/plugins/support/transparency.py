# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the test signer's logs hand out, as the verifier's own types, and what tests of the readers share."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import (
    SECOND,
    InclusionProof,
    LogEntry,
    LogKey,
    Window,
)
from ansible_collections.prexorcloud.production.tests.support.release_signer.transparency import Record
from ansible_collections.prexorcloud.production.tests.support.release_signer.world import World
from hypothesis import strategies as st

WORLD = World.make()
NOW = WORLD.seconds() * SECOND
WINDOW = Window(NOW - 3600 * SECOND)
LOG = LogKey(WORLD.rekor.id, WORLD.rekor.key.public_key(), WORLD.rekor.name, WINDOW)
TILED_LOG = LogKey(WORLD.rekor2.id, WORLD.rekor2.key.public_key(), WORLD.rekor2.name, WINDOW, v2=True)

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) - 1, 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["", "0", "AAAA", "0.0.1", "SHA2_256", "\u2014 a AAAAAAA=", "9" * 30]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


def entry_of(record: Record) -> LogEntry:
    """The record as an honest reader hands it on."""
    made, proof = record.proof, None
    if made is not None:
        proof = InclusionProof(made.index, made.size, made.root, made.hashes, made.checkpoint)
    return LogEntry(
        log_id=record.log_id,
        log_index=record.log_index,
        kind=record.kind,
        version=record.version,
        body=record.body,
        integrated_time=record.integrated_time,
        promise=record.promise,
        proof=proof,
    )


def reason(function: Callable[..., object], *arguments: object, **options: object) -> str:
    """The reason code with which the call refuses."""
    with pytest.raises(Refused) as caught:
        function(*arguments, **options)
    return caught.value.reason


def places(value: object) -> list[tuple[Any, ...]]:
    """Paths to everything inside a JSON value."""
    pairs: list[tuple[Any, object]] = []
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    return [path for key, inner in pairs for path in [(key,), *((key, *rest) for rest in places(inner))]]


def changed(document: bytes, place: tuple[Any, ...], value: object) -> bytes:
    """The JSON document with another value at this place."""
    members = copy.deepcopy(json.loads(document))
    holder = members
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    return json.dumps(members).encode()


def without(document: bytes, place: tuple[Any, ...]) -> bytes:
    """The JSON document without the member at this place."""
    members = copy.deepcopy(json.loads(document))
    holder = members
    for key in place[:-1]:
        holder = holder[key]
    del holder[place[-1]]
    return json.dumps(members).encode()
