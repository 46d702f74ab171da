# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every entry of every recording is replayed by a test or stands in uncovered.yml with a reason."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from contract_support import recordings

TESTS = Path(__file__).parent


def replaying_modules() -> dict[str, set[str]]:
    """Recording -> test modules that replay it, by the constants that name it."""
    found: dict[str, set[str]] = {}
    for module in pkgutil.iter_modules([str(TESTS)]):
        if not module.name.startswith("test_"):
            continue
        loaded = importlib.import_module(module.name)
        names = [value for key, value in vars(loaded).items() if key == "FILE" or key.endswith("_FILE")]
        names += getattr(loaded, "REPLAYS", {})
        for name in names:
            found.setdefault(name, set()).add(module.name)
    return found


def test_every_recording_is_replayed_or_listed() -> None:
    """No recording lies in the folder without a test that parametrizes over all entries not in the table."""
    listed = {entry.partition("#")[0] for entry in recordings.uncovered()}
    wholly = {name for name in recordings.all_files() if not recordings.replayed(name)}
    unknown = set(recordings.all_files()) - set(replaying_modules()) - (wholly & listed)
    assert unknown == set()


def test_table_gives_reasons() -> None:
    """A reason is a sentence, and the table names existing entries once (loading it raises otherwise)."""
    assert all(len(reason) > 10 for reason in recordings.uncovered().values())
