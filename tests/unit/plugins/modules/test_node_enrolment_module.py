# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module node_enrolment hands out the material and nothing else."""

from __future__ import annotations

import pytest
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.modules import run_module
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.replay import Replay, Step

PASSWORD = "marker-password"
VALUES = {
    "<JWT>": "marker-jwt",
    "<ADMIN_PASSWORD>": PASSWORD,
    "<JOIN_TOKEN>": "marker-token",
    "<BASE64>": "cDEy",
    "<PASSWORD>": "p12-password",
    "<PEM>": "pem",
    "node-1": "node-a",
    "node-3": "node-a",
}
ARGUMENTS = {"username": "admin", "password": PASSWORD, "node_id": "node-a", "ttl_seconds": 90}


def test_check_calls_nothing_and_predicts_a_change() -> None:
    run = run_module("node_enrolment", {"url": "http://127.0.0.1:9", **ARGUMENTS}, check=True)
    assert run.result["changed"] is True
    assert run.result["pkcs12_base64"] == run.result["pkcs12_password"] == run.result["ca_pem"] == ""


def test_real() -> None:
    replay = Replay([Step("login: new"), Step("mint: ok"), Step("exchange: ok"), Step("logout")], VALUES)
    try:
        run = run_module("node_enrolment", {"url": replay.url, **ARGUMENTS})
    finally:
        replay.close()
    replay.verify()
    assert run.result["changed"] is True
    assert (run.result["pkcs12_base64"], run.result["pkcs12_password"], run.result["ca_pem"]) == (
        "cDEy",
        "p12-password",
        "pem\n",
    )
    assert "marker" not in run.output


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"node_id": "my-controller"}, "controller"), ({"node_id": "a b"}, "letters"), ({"ttl_seconds": 5}, "10 to 3600")],
)
def test_bad_input_is_refused_before_any_call(arguments: dict[str, object], words: str, check: bool) -> None:
    run = run_module("node_enrolment", {"url": "http://127.0.0.1:9", **ARGUMENTS, **arguments}, check=check)
    assert run.failed
    assert words in run.result["msg"]


def test_a_controller_that_does_not_listen() -> None:
    run = run_module("node_enrolment", {"url": "http://127.0.0.1:9", **ARGUMENTS})
    assert run.failed
    assert "nothing listens at http://127.0.0.1:9" in run.result["msg"]
