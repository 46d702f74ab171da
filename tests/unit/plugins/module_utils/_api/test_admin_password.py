# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account ends with the wanted password, proven, and is never locked on the way."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._api import errors
from ansible_collections.prexorcloud.production.plugins.module_utils._api.admin_password import (
    Candidate,
    Outcome,
    PasswordError,
    ensure_password,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._api.client import ControllerClient
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.replay import Replay, Step

OLD, NEW = "old-Pass!word1", "new-Pass!word2"
VALUES = {
    "<JWT>": "jwt-1",
    "<INITIAL_PASSWORD>": OLD,
    "<ADMIN_PASSWORD>": NEW,
    "<TIMESTAMP>": "2026-11-24T18:00:00Z",
}
LOGOUT = Step("logout")


def refused(password: str) -> Step:
    return Step("login: wrong", {"wrong-password-1": password})


def locked(password: str) -> Step:
    return Step("login: locked", body={"username": "admin", "password": password})


FILE = Candidate("config/.initial-admin-password", OLD)


def play(
    steps: Sequence[Step], candidates: Sequence[Candidate] = (FILE,), wanted: str = NEW, predict: bool = False
) -> Outcome:
    replay = Replay(steps, VALUES)
    try:
        outcome = ensure_password(ControllerClient(replay.url, 2), "admin", wanted, candidates, predict)
    finally:
        replay.close()
    replay.verify()
    return outcome


def play_failing(steps: Sequence[Step], candidates: Sequence[Candidate] = (FILE,)) -> str:
    replay = Replay(steps, VALUES)
    try:
        with pytest.raises((PasswordError, errors.ApiError)) as caught:
            ensure_password(ControllerClient(replay.url, 2), "admin", NEW, candidates)
    finally:
        replay.close()
    replay.verify()
    assert OLD not in str(caught.value)
    assert NEW not in str(caught.value)
    return str(caught.value)


def test_first_run_changes_and_proves_old_before_new() -> None:
    outcome = play(
        [
            refused(NEW),
            Step("login: initial"),
            Step("change: ok"),
            Step("login: old refused"),
            Step("login: new"),
            LOGOUT,
            LOGOUT,
        ]
    )
    assert (outcome.changed, outcome.new_accepted, outcome.old_refused) == (True, True, True)
    assert outcome.warnings == []


@pytest.mark.parametrize("login", ["login: new", "login: limited"])
def test_second_run_is_one_login_and_one_logout(login: str) -> None:
    outcome = play([Step(login), LOGOUT], candidates=[])
    assert (outcome.changed, outcome.new_accepted, outcome.old_refused) == (False, True, None)


def test_a_left_over_bootstrap_file_is_proven_to_open_nothing() -> None:
    outcome = play([Step("login: new"), Step("login: old refused"), Step("login: new"), LOGOUT, LOGOUT])
    assert (outcome.changed, outcome.new_accepted, outcome.old_refused) == (False, True, True)


def test_a_candidate_equal_to_the_wanted_password_or_blank_is_no_candidate() -> None:
    outcome = play(
        [Step("login: new"), LOGOUT], candidates=[Candidate("a", NEW), Candidate("b", ""), Candidate("c", " ")]
    )
    assert not outcome.changed


def test_the_same_password_in_two_files_is_tried_once() -> None:
    text = play_failing([refused(NEW), refused(OLD)], [FILE, Candidate("controller.yml", OLD)])
    assert "controller.yml" not in text


def test_at_most_two_wrong_passwords_are_sent() -> None:
    others = [Candidate("controller.yml", "third-Pass!word")]
    text = play_failing([refused(NEW), refused(OLD)], [FILE, *others])
    assert "controller.yml was not tried" in text


def test_without_any_candidate_the_message_says_so() -> None:
    assert "no other password is known" in play_failing([refused(NEW)], [])


def test_a_locked_account_stops_at_once_with_time_and_cure() -> None:
    text = play_failing([locked(NEW)])
    assert "2026-11-24T18:00:00Z" in text
    assert "prexor:v1:login:lock:admin" in text


def test_a_refused_change_is_an_error_and_the_login_is_closed() -> None:
    body = {"currentPassword": OLD, "newPassword": NEW}
    text = play_failing([refused(NEW), Step("login: initial"), Step("change: too short", body=body), LOGOUT])
    assert "at least 8 characters" in text


def test_an_old_password_that_still_works_is_an_error() -> None:
    accepted_old = Step("login: initial")
    steps = [refused(NEW), accepted_old, Step("change: ok"), accepted_old, Step("login: new"), LOGOUT, LOGOUT, LOGOUT]
    assert "still accepts the old password" in play_failing(steps)


def test_a_change_without_effect_is_an_error() -> None:
    steps = [
        refused(NEW),
        Step("login: initial"),
        Step("change: ok"),
        Step("login: old refused"),
        refused(NEW),
        LOGOUT,
    ]
    assert "does not accept the new password" in play_failing(steps)


def test_a_failed_logout_is_a_warning_only() -> None:
    outcome = play([Step("login: new"), Step("logout: revoked")], candidates=[])
    assert len(outcome.warnings) == 1
    assert not outcome.changed


def test_prediction_sends_the_wanted_password_only() -> None:
    outcome = play([refused(NEW)], predict=True)
    assert (outcome.changed, outcome.new_accepted, outcome.old_refused) == (True, False, None)
    assert not play([Step("login: new"), LOGOUT], predict=True).changed


def test_prediction_for_a_new_install() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = ControllerClient(f"http://127.0.0.1:{port}", 1)
    assert ensure_password(client, "admin", NEW, [], predict=True).changed
    with pytest.raises(errors.NotListening):
        ensure_password(client, "admin", NEW, [])


@pytest.mark.parametrize("password", ["", "       ", "        ", "1234567"])
def test_weak_wanted_passwords_are_refused_before_any_call(password: str) -> None:
    with pytest.raises(PasswordError):
        play([], wanted=password)
