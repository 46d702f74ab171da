# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon is enrolled with a token that leaves no trace, whatever goes wrong."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._api import errors
from ansible_collections.prexorcloud.production.plugins.module_utils._api.client import ControllerClient
from ansible_collections.prexorcloud.production.plugins.module_utils._api.enrolment import (
    Enrolment,
    EnrolmentError,
    check_node_id,
    enrol,
)
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.replay import Replay, Step

PASSWORD, TOKEN = "admin-Pass!word", "pxr_0123456789"
TOKEN_ID = "tok_fb433ce7-6f2a-4e86-8ca9-63da3259f396"
VALUES = {
    "<JWT>": "jwt-1",
    "<ADMIN_PASSWORD>": PASSWORD,
    "<JOIN_TOKEN>": TOKEN,
    "<BASE64>": "cDEy",
    "<PASSWORD>": "p12-password",
    "<PEM>": "pem",
    "<UUID>": "1",
    "node-1": "node-a",
    "node-3": "node-a",
}
MINT = {"nodeId": "node-a", "ttlSeconds": 90}
LOGIN, LOGOUT, MINTED, EXCHANGED = Step("login: new"), Step("logout"), Step("mint: ok"), Step("exchange: ok")
REGISTERED = Step("mint: registered", body=MINT)
PENDING = Step("mint: pending", body=MINT)
GONE = Step("node: unknown", {"nope": "node-a"})
NO_TOKENS = Step("tokens: empty")
OFFLINE = Step(
    "node: connected", answer=json.dumps({"id": "node-a", "type": "DISCONNECTED", "status": "OFFLINE", "labels": {}})
)


def revoke(token_id: str) -> Step:
    return Step("tokens: revoke", path=f"/api/v1/admin/tokens/{token_id}")


def play(steps: Sequence[Step]) -> Enrolment:
    replay = Replay(steps, VALUES)
    try:
        return enrol(ControllerClient(replay.url, 2), "admin", PASSWORD, "node-a", 90)
    finally:
        replay.close()
        replay.verify()


def play_failing(steps: Sequence[Step]) -> str:
    with pytest.raises((EnrolmentError, errors.ApiError)) as caught:
        play(steps)
    assert TOKEN not in str(caught.value)
    return str(caught.value)


def test_a_new_node() -> None:
    enrolment = play([LOGIN, MINTED, EXCHANGED, LOGOUT])
    assert enrolment.material.pkcs12_base64 == "cDEy"
    assert enrolment.material.pkcs12_password == "p12-password"
    assert enrolment.material.ca_pem == "pem\n"
    assert not enrolment.replaced
    # neither the token nor the daemon host's login is kept anywhere
    assert TOKEN not in repr(enrolment)
    assert "jwt-1" not in repr(vars(enrolment.material))


def test_an_offline_registration_is_replaced() -> None:
    steps = [
        LOGIN,
        REGISTERED,
        OFFLINE,
        NO_TOKENS,
        Step("node: delete"),
        GONE,
        NO_TOKENS,
        MINTED,
        EXCHANGED,
        LOGOUT,
    ]
    assert play(steps).replaced


def test_a_pending_token_of_a_killed_run_is_revoked() -> None:
    steps = [LOGIN, PENDING, GONE, Step("tokens: one"), revoke("tok_1"), GONE, NO_TOKENS, MINTED, EXCHANGED, LOGOUT]
    assert play(steps).replaced


def test_an_expired_token_is_neither_revoked_nor_in_the_way() -> None:
    expired = Step("tokens: one", {"ACTIVE": "EXPIRED"})
    steps = [LOGIN, PENDING, GONE, expired, GONE, expired, MINTED, EXCHANGED, LOGOUT]
    assert play(steps).replaced


def test_a_connected_daemon_is_left_alone() -> None:
    text = play_failing([LOGIN, REGISTERED, Step("node: connected"), LOGOUT])
    assert "is connected" in text
    assert "prexor:v1:node:node-a" in text


def test_a_daemon_that_connects_in_between_is_left_alone() -> None:
    steps = [LOGIN, REGISTERED, OFFLINE, NO_TOKENS, Step("node: delete connected"), LOGOUT]
    assert "Cannot delete a connected node" in play_failing(steps)


def test_a_delete_that_deletes_nothing_is_noticed() -> None:
    steps = [LOGIN, REGISTERED, OFFLINE, NO_TOKENS, Step("node: delete"), OFFLINE, NO_TOKENS, LOGOUT]
    assert "was not removed" in play_failing(steps)


def test_the_token_is_minted_at_most_twice() -> None:
    steps = [LOGIN, REGISTERED, OFFLINE, NO_TOKENS, Step("node: delete"), GONE, NO_TOKENS, REGISTERED, LOGOUT]
    assert "already registered" in play_failing(steps)


@pytest.mark.parametrize(
    "exchange",
    [Step("exchange: refused"), Step("exchange: ok", status=500, answer=""), Step("exchange: ok", answer="{}")],
)
def test_a_token_that_was_not_redeemed_is_revoked(exchange: Step) -> None:
    play_failing([LOGIN, MINTED, exchange, revoke(TOKEN_ID), LOGOUT])


def test_the_first_error_wins_over_a_failing_revocation() -> None:
    failing = Step("tokens: revoke", path=f"/api/v1/admin/tokens/{TOKEN_ID}", status=500)
    text = play_failing([LOGIN, MINTED, Step("exchange: refused"), failing, LOGOUT])
    assert "Invalid or expired join token" in text


def test_a_limited_exchange_counts_if_the_material_is_there() -> None:
    enrolment = play([LOGIN, MINTED, Step("exchange: ok", status=429), LOGOUT])
    assert enrolment.material.pkcs12_base64 == "cDEy"


def test_a_refused_login_mints_nothing() -> None:
    body = {"username": "admin", "password": PASSWORD}
    assert "refuses the password of admin" in play_failing([Step("login: wrong", body=body)])
    assert "locked until" in play_failing([Step("login: locked", body=body)])


def test_a_failed_logout_is_a_warning() -> None:
    assert len(play([LOGIN, MINTED, EXCHANGED, Step("logout: revoked")]).warnings) == 1


@pytest.mark.parametrize("node_id", ["node-1", "n", "a.b_c-D9", "x" * 63])
def test_good_node_ids(node_id: str) -> None:
    check_node_id(node_id)


@pytest.mark.parametrize(
    "node_id",
    [
        "",
        " ",
        "a b",
        "a/../b",
        "-a",
        "a-",
        "x" * 64,
        "node\n",
        "knöten",
        "controller-1",
        "my-Controller",
        "xcontrollerx",
    ],
)
def test_bad_node_ids(node_id: str) -> None:
    with pytest.raises(EnrolmentError):
        check_node_id(node_id)


@pytest.mark.parametrize("ttl", [-5, 0, 9, 3601])
def test_a_lifetime_the_controller_would_not_honour_is_refused(ttl: int) -> None:
    with pytest.raises(EnrolmentError):
        enrol(ControllerClient("http://127.0.0.1:9"), "admin", PASSWORD, "node-a", ttl)
