# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every replay ahead of the test that judges it, two starting programs at a time, the longest first."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

pytest.register_assert_rewrite("contract_support")

from contract_support.site import Site

THREADS = 10  # most of them wait: for a store to come back, a lock to end, a time limit to pass


class Ahead:
    """The site of the run and the replays under way, by the test that waits for each."""

    def __init__(self, items: list[pytest.Item]) -> None:
        self.site = Site()
        self.pool = ThreadPoolExecutor(THREADS)
        marked = [(item, item.get_closest_marker("ahead")) for item in items]
        wanted = [(item, marker) for item, marker in marked if marker is not None]
        wanted.sort(key=lambda pair: -pair[1].kwargs.get("seconds", 0))
        self.futures: dict[str, Future[Any]] = {}
        for item, marker in wanted:
            key = replay_of(item, marker)
            if key not in self.futures:
                self.futures[key] = self.pool.submit(marker.args[0], self.site, *marker.args[1:])

    def close(self) -> None:
        """Drop what has not begun, wait for the rest, and end everything that was started."""
        for future in self.futures.values():
            future.cancel()
        self.pool.shutdown(wait=True)
        self.site.close()


def replay_of(item: pytest.Item, marker: pytest.Mark) -> str:
    """Name of the replay that a test judges: its own, or the one that tests with the same `key` share."""
    return str(marker.kwargs.get("key", item.nodeid))


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker: function(site, *arguments), and how many seconds it takes on the real program."""
    config.addinivalue_line("markers", "ahead(function, *arguments, seconds=0, key=...): replay to run before the test")


@pytest.fixture(scope="session")
def _ahead(request: pytest.FixtureRequest) -> Iterator[Ahead]:
    runner = Ahead(request.session.items)
    yield runner
    runner.close()


@pytest.fixture
def outcome(request: pytest.FixtureRequest, _ahead: Ahead) -> Any:
    """What the test's replay returned; an assertion that failed in it fails the test."""
    marker = request.node.get_closest_marker("ahead")
    return _ahead.futures[replay_of(request.node, marker)].result()
