# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GET /metrics of a new controller against metrics-fresh.prom: names, types, units and labels of all series."""

from __future__ import annotations

import re

import pytest
from contract_support import recordings
from contract_support.exchange import Answer
from contract_support.site import Site, controller_ports

FILE = "api/metrics-fresh.prom"
SAMPLE = re.compile(r"(?P<name>\w+)(?:\{(?P<labels>[^}]*)\})? (?P<value>\S+)")


def series(text: str) -> set[str]:
    """Every series with its labels; the values differ from one scrape to the next."""
    matches = (SAMPLE.fullmatch(line) for line in text.splitlines() if line and not line.startswith("#"))
    return {f"{m['name']}{{{m['labels'] or ''}}}" for m in matches if m is not None}


def comments(text: str) -> set[str]:
    """HELP and TYPE lines."""
    return {line for line in text.splitlines() if line.startswith("#")}


def run(site: Site) -> Answer:
    """First scrape of a new controller; the requests that awaited its start are in the counters."""
    redis, mongo = site.new_redis(), site.new_mongo()
    controller = site.controller("metrics")
    controller.write_config(site.config(controller_ports(site), mongo=mongo, redis=redis))
    controller.start_ready()
    controller.send("GET", "/ready")
    return controller.send("GET", "/metrics")


@pytest.mark.ahead(run, key=FILE, seconds=10)
def test_series(outcome: Answer) -> None:
    """The same series, with the same help and type."""
    recorded = recordings.text(FILE)
    assert outcome.status == 200
    assert outcome.headers["content-type"] == "text/plain; version=0.0.4"
    # 5xx appear where a probe came before the start was over
    present = {one for one in series(outcome.text) if 'status_class="5xx"' not in one}
    assert present == series(recorded)
    assert comments(outcome.text) == comments(recorded)
