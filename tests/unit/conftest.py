# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the checkout importable under its collection name, wherever it lies."""

from __future__ import annotations

import atexit
import importlib.util
import sys
import tempfile
from pathlib import Path

import hypothesis
import pytest

# The same examples in each run: a red gate is red again when it is repeated.
hypothesis.settings.register_profile("repeatable", derandomize=True)
hypothesis.settings.load_profile("repeatable")

CHECKOUT = Path(__file__).resolve().parents[2]


def _is_importable() -> bool:
    try:
        spec = importlib.util.find_spec("ansible_collections.prexorcloud.production.plugins")
    except ModuleNotFoundError:
        return False
    places = list(spec.submodule_search_locations or []) if spec else []
    return any(Path(place).resolve() == CHECKOUT / "plugins" for place in places)


def _make_importable() -> None:
    # The directory lives as long as the process: tests start modules in processes of their own with the same path.
    holder = tempfile.TemporaryDirectory(prefix="collections-")
    atexit.register(holder.cleanup)
    namespace = Path(holder.name, "ansible_collections", "prexorcloud")
    namespace.mkdir(parents=True)
    (namespace / "production").symlink_to(CHECKOUT, target_is_directory=True)
    for name in [name for name in sys.modules if name.partition(".")[0] == "ansible_collections"]:
        del sys.modules[name]
    sys.path.insert(0, holder.name)


if not _is_importable():
    _make_importable()


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Keys and signatures are made anew in each run; a test has to keep its name, and to have one that can be read."""
    return argname if isinstance(val, (bytes, str)) and len(val) > 40 else None
