# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fuzzer starts from input that gets far: every target reads its seeds, or stops where it has to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.tests.fuzz import seeds
from ansible_collections.prexorcloud.production.tests.fuzz.targets import TARGETS, Context

READ = "read"
# What the best seed comes to where a target's surroundings do not let anything through.
ENDS = {
    "statement": "predicate_mismatch",
    "image_index": "registry_unreachable",
    "image_signatures": "input_malformed",
    "image_referrer": "digest_mismatch",
    "image_payload": "statement_mismatch",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("fuzz")
    seeds.write(place)
    return place


def outcomes(name: str, folder: Path) -> Iterator[str]:
    context = Context.load(folder / "context")
    for seed in (folder / "seeds" / name).iterdir():
        try:
            TARGETS[name](context, seed.read_bytes())
            yield READ
        except Refused as refused:
            yield refused.reason
        except PolicyError:
            yield "policy"


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_reads_its_seeds(name: str, folder: Path) -> None:
    assert ENDS.get(name, READ) in set(outcomes(name, folder))


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_refuses_what_it_cannot_read(name: str, folder: Path) -> None:
    context = Context.load(folder / "context")
    for data in (b"", b"\0", b"\xff" * 64, b"[" * 100_000):
        try:
            TARGETS[name](context, data)
        except (Refused, PolicyError):
            continue
