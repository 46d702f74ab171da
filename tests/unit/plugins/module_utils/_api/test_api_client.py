# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client takes the controller's answers for what they mean, in all their shapes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._api import errors
from ansible_collections.prexorcloud.production.plugins.module_utils._api.client import (
    Answer,
    ControllerClient,
    Node,
    check_answer,
    presentable,
)
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.replay import Replay, Step

VALUES = {"<JWT>": "jwt-1", "<TIMESTAMP>": "2026-11-24T18:00:00.000000001Z", "<ADMIN_PASSWORD>": "Secret-123456"}


@contextmanager
def playing(*steps: Step, values: dict[str, str] | None = None) -> Iterator[tuple[ControllerClient, Replay]]:
    replay = Replay(steps, {**VALUES, **(values or {})})
    try:
        yield ControllerClient(replay.url, 2), replay
        replay.verify()
    finally:
        replay.close()


@pytest.mark.parametrize("step", ["login: new", "login: limited"])
def test_login_succeeds_with_200_and_with_a_429_that_holds_a_token(step: str) -> None:
    with playing(Step(step)) as (client, _replay):
        assert client.login("admin", "Secret-123456") == "jwt-1"


@pytest.mark.parametrize(
    ("step", "kind", "words"),
    [
        ("login: wrong", errors.Unauthorized, "401 UNAUTHORIZED: Invalid username or password"),
        ("login: locked", errors.LockedOut, "the account is locked"),
        ("forbidden: subnet", errors.Forbidden, "allowedSubnets"),
    ],
)
def test_refused_logins(step: str, kind: type[errors.ApiError], words: str) -> None:
    body = {"username": "admin", "password": "Wrong-123456"}
    with playing(Step(step, body=body)) as (client, _replay), pytest.raises(kind, match=words) as caught:
        client.login("admin", "Wrong-123456")
    assert "Wrong-123456" not in str(caught.value)


def test_a_lockout_tells_until_when() -> None:
    body = {"username": "admin", "password": "x"}
    with playing(Step("login: locked", body=body)) as (client, _replay), pytest.raises(errors.LockedOut) as caught:
        client.login("admin", "x")
    assert caught.value.locked_until == "2026-11-24T18:00:00.000000001Z"
    assert caught.value.retry_after == 900


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer(401, {}, "Token has been revoked"), errors.Unauthorized, "Token has been revoked"),
        (Answer(403, {}, '{"title": "Insufficient permissions", "status": 403}'), errors.Forbidden, "Insufficient"),
        (Answer(409, {}, '{"error": {"code": "CONFLICT", "message": "m"}}'), errors.Conflict, "409 CONFLICT: m"),
        (Answer(422, {}, '{"error": {"code": "VALIDATION_ERROR", "message": "m"}}'), errors.Invalid, "m"),
        (Answer(500, {}, '{"error": {"code": "INTERNAL_ERROR", "message": "m"}}'), errors.ServerFault, "INTERNAL"),
        (Answer(418, {}, ""), errors.Refused, "418: no reason given"),
        (Answer(307, {"location": "http://10.0.0.12:8080/x"}, ""), errors.NotLeader, "the leader is 10.0.0.12:8080"),
        (Answer(503, {}, '{"error": {"code": "NO_LEADER", "message": "m"}}'), errors.NotLeader, "no controller leads"),
    ],
)
def test_error_answers(answer: Answer, kind: type[errors.ApiError], words: str) -> None:
    with pytest.raises(kind, match=words):
        check_answer(answer, "GET /x")


@pytest.mark.parametrize("status", [200, 201, 204, 429])
def test_carried_out(status: int) -> None:
    answer = Answer(status, {}, "")
    assert check_answer(answer, "GET /x") is answer


def test_bodies_and_tokens_stay_out_of_representations() -> None:
    assert "geheim" not in repr(Answer(200, {}, "geheim"))


def test_presentable_masks_the_longer_secret_first_and_keeps_one_line() -> None:
    assert presentable("a\nsecret-long secret", ["secret", "secret-long", ""]) == "a *** ***"
    assert len(presentable("x" * 500, [])) == 200


def test_an_unknown_node_is_none_but_an_unknown_path_is_an_error() -> None:
    with playing(Step("node: unknown")) as (client, _replay):
        assert client.node("jwt-1", "nope") is None
    plain = Step("node: unknown", answer="Endpoint GET /api/v1/nodes/nope not found")
    with playing(plain) as (client, _replay), pytest.raises(errors.NotFound):
        client.node("jwt-1", "nope")


def test_a_connected_node() -> None:
    with playing(Step("node: connected")) as (client, _replay):
        assert client.node("jwt-1", "node-a") == Node("node-a", "CONNECTED", "ONLINE", 0)


@pytest.mark.parametrize(
    ("kind", "status", "connected"),
    [
        ("CONNECTED", "ONLINE", True),
        ("CONNECTED", "DRAINING", True),
        ("DISCONNECTED", "ONLINE", True),
        ("DISCONNECTED", "OFFLINE", False),
        ("PENDING", "PENDING", False),
    ],
)
def test_connected_in_doubt(kind: str, status: str, connected: bool) -> None:
    assert Node("n", kind, status).connected is connected


def test_tokens_are_read_over_all_pages() -> None:
    first = '{"data": [{"tokenId": "t1", "nodeId": "a", "status": "ACTIVE"}], "page": 1, "pageSize": 1, "total": 2}'
    second = '{"data": [{"tokenId": "t2", "nodeId": "b", "status": "EXPIRED"}], "page": 2, "pageSize": 1, "total": 2}'
    with playing(Step("tokens: empty", answer=first), Step("tokens: empty", answer=second)) as (client, _replay):
        assert [entry.token_id for entry in client.join_tokens("jwt-1")] == ["t1", "t2"]


@pytest.mark.parametrize("answer", ["", "[]", "{}", '{"token": 5}', "<html>"])
def test_an_answer_without_token_is_not_a_login(answer: str) -> None:
    with playing(Step("login: new", answer=answer)) as (client, _replay), pytest.raises(errors.BadAnswer):
        client.login("admin", "Secret-123456")


@contextmanager
def raw_server(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A peer that does anything but HTTP as usual."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            connection, _peer = listener.accept()
        except OSError:
            return
        with connection:
            behave(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()
        thread.join(5)


def _read_request(connection: socket.socket) -> None:
    """Head and body: closing with something unread would reset the connection."""
    received = b""
    while not received.endswith(b"}"):
        received += connection.recv(65536)


def _silent(connection: socket.socket) -> None:
    _read_request(connection)
    connection.settimeout(5)
    connection.recv(1)


def _closing(connection: socket.socket) -> None:
    _read_request(connection)


def _dripping(connection: socket.socket) -> None:
    _read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    pause = threading.Event()
    try:
        while not pause.wait(0.05):
            connection.sendall(b"x")
    except OSError:
        return


def _babbling(connection: socket.socket) -> None:
    _read_request(connection)
    try:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (9 * 1024 * 1024))
    except OSError:
        return


@pytest.mark.parametrize(
    ("behave", "kind", "words"),
    [
        (_silent, errors.NoAnswer, "no complete answer within 0.5 s"),
        (_closing, errors.NoAnswer, "broke the connection off"),
        (_dripping, errors.NoAnswer, "no complete answer within 0.5 s"),
        (_babbling, errors.BadAnswer, "exceeds 8388608 bytes"),
    ],
)
def test_a_broken_peer_never_hangs_us(
    behave: Callable[[socket.socket], None], kind: type[errors.ApiError], words: str
) -> None:
    with raw_server(behave) as url, pytest.raises(kind, match=words):
        ControllerClient(url, 0.5).login("admin", "Secret-123456")


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(errors.NotListening, match=f"nothing listens at http://127.0.0.1:{port}"):
        ControllerClient(f"http://127.0.0.1:{port}", 1).login("admin", "Secret-123456")


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://h", "http://u:p@h", "http://h/api", "http://h:x", "http://"])
def test_strange_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"URL|[Pp]ort"):
        ControllerClient(url)


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with playing(Step("login: new")) as (client, _replay):
        assert client.login("admin", "Secret-123456") == "jwt-1"
