# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for the tests of all scenarios."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest
import testinfra
from testinfra.host import Host


@pytest.fixture(scope="session")
def get_host() -> Callable[[str], Host]:
    """One host by its testinfra name, for example ``podman://controller-1``; the same object each time."""
    return functools.cache(testinfra.get_host)
