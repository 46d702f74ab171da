# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module store_check reports facts, names failures, and shows no credentials."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.modules import run_module
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.stores import (
    mongodb_server,
    redis_server,
    serving,
)

SECRET = "marker-1234567"


def test_both_stores() -> None:
    with serving(mongodb_server(secured=False)) as mongo, serving(redis_server(password=SECRET)) as valkey:
        arguments = {
            "mongodb_uri": f"mongodb://127.0.0.1:{mongo}/?directConnection=true",
            "mongodb_database": "prexorcloud",
            "redis_uri": f"redis://:{SECRET}@127.0.0.1:{valkey}",
        }
        for check in (False, True):
            run = run_module("store_check", arguments, check=check)
            assert run.result["changed"] is False
            assert run.result["mongodb"]["authenticated_required"] is False
            assert run.result["mongodb"]["set_name"] == "rs0"
            assert run.result["redis"] == {"version": "8.1.1"}
            assert SECRET not in run.output


def test_a_refused_store_stops_with_one_sentence() -> None:
    with serving(mongodb_server(secured=True)) as port:
        uri = f"mongodb://prexor:{SECRET}@127.0.0.1:{port}/?directConnection=true"
        run = run_module("store_check", {"mongodb_uri": uri, "mongodb_database": "prexorcloud", "timeout": 2})
    assert run.failed
    assert (run.result["kind"], run.result["store"]) == ("refused_credentials", "MongoDB")
    assert f"127.0.0.1:{port}" in run.result["msg"]
    assert SECRET not in run.output


@pytest.mark.parametrize("uri", [f"valkey://:{SECRET}@h", f"redis://:{SECRET}@x@h"])
def test_a_bad_uri_shows_nothing_of_itself(uri: str) -> None:
    with serving(mongodb_server(secured=False)) as port:
        arguments = {
            "mongodb_uri": f"mongodb://127.0.0.1:{port}/?directConnection=true",
            "mongodb_database": "prexorcloud",
            "redis_uri": uri,
        }
        run = run_module("store_check", arguments)
    assert run.failed
    assert (run.result["kind"], run.result["store"]) == ("bad_uri", "Valkey")
    assert SECRET not in run.output


def test_a_missing_library_names_the_package_and_is_a_warning_in_check_mode(tmp_path: Path) -> None:
    (tmp_path / "pymongo.py").write_text("raise ImportError('not here')\n")
    arguments = {"mongodb_uri": f"mongodb://a:{SECRET}@127.0.0.1:1/", "mongodb_database": "prexorcloud"}
    run = run_module("store_check", arguments, before=str(tmp_path))
    assert run.failed
    assert run.result["kind"] == "library"
    assert "python3-pymongo" in run.result["msg"]
    run = run_module("store_check", arguments, check=True, before=str(tmp_path))
    assert not run.failed
    assert "python3-pymongo" in str(run.result["warnings"])
