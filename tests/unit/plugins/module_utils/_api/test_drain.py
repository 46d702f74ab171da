# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A drain is ordered at most once, believed only when read back, and its state is known after a failure, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._api import errors
from ansible_collections.prexorcloud.production.plugins.module_utils._api.client import (
    Answer,
    ControllerClient,
    Node,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._api.drain import (
    DrainError,
    Outcome,
    Patience,
    ensure,
)


class Controller:
    """A controller with one node and a clock that only sleeping advances.

    takes: seconds that a drain needs; lag: seconds by which the count comes later; events: what else happens at which
    second of the clock. unheard: orders are carried out, but not answered; deaf: answered, but not carried out.
    """

    def __init__(self, kind: str = "CONNECTED", status: str = "ONLINE", instances: int | None = 2) -> None:
        self.kind, self.status, self.instances = kind, status, instances
        self.now = 1000.0
        self.takes, self.lag = 20.0, 10.0
        self.since = self.now if status == "DRAINING" else -1.0
        self.unheard = self.deaf = False
        self.events: dict[float, Callable[[], None]] = {}
        self.calls: list[str] = []
        self.known = True

    def login(self, username: str, _password: str) -> str:
        self.calls.append(f"login {username}")
        return "jwt"

    def logout(self, _token: str) -> None:
        self.calls.append("logout")

    def node(self, _token: str, node_id: str) -> Node | None:
        for moment in [moment for moment in self.events if moment <= self.now - 1000]:
            self.events.pop(moment)()
        if self.since >= 0 and self.status == "DRAINING" and self.now >= self.since + self.takes:
            self.status = "CORDONED"
        if self.since >= 0 and self.now >= self.since + self.takes + self.lag:
            self.instances = 0
        return Node(node_id, self.kind, self.status, self.instances) if self.known else None

    def drain(self, _token: str, _node_id: str, seconds: int) -> None:
        self.since = self.now
        self.order(f"drain {seconds}", "DRAINING")

    def undrain(self, _token: str, _node_id: str) -> None:
        self.order("undrain", "ONLINE")

    def order(self, call: str, status: str) -> None:
        self.calls.append(call)
        if not self.deaf:
            self.status = status
        if self.unheard:
            raise errors.NoAnswer("no complete answer")

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def set(self, **values: Any) -> Callable[[], None]:
        return lambda: self.__dict__.update(values)

    def fail(self, error: errors.ApiError) -> Callable[[], None]:
        def event() -> None:
            raise error

        return event

    def orders(self) -> list[str]:
        return [call for call in self.calls if "drain" in call]


def bring(controller: Controller, state: str, predict: bool = False, outcome: Outcome | None = None) -> Outcome:
    outcome = outcome or Outcome()
    patience = Patience(60, 2, lambda: controller.now, controller.sleep)
    client = cast(ControllerClient, controller)
    ensure(client, ("admin", "pw"), "node-a", state, patience, outcome, predict)
    return outcome


def fail(controller: Controller, state: str = "drained") -> tuple[str, Outcome]:
    outcome = Outcome()
    with pytest.raises((DrainError, errors.ApiError)) as caught:
        bring(controller, state, outcome=outcome)
    assert controller.calls[-1] == "logout"
    return str(caught.value), outcome


def test_it_waits_for_the_controller_and_for_the_reported_count() -> None:
    controller = Controller()
    outcome = bring(controller, "drained")
    assert controller.calls == ["login admin", "drain 60", "logout"]
    assert 30 <= controller.now - 1000 < 33
    assert outcome == Outcome(changed=True, status="CORDONED", instances=0, marked=True)


def test_a_count_of_zero_alone_is_not_believed() -> None:
    controller = Controller(instances=0)
    bring(controller, "drained")
    assert controller.orders() == ["drain 60"] and controller.now - 1000 >= 20


def test_a_drain_under_way_is_waited_for() -> None:
    controller = Controller(status="DRAINING")
    assert bring(controller, "drained").changed is False
    assert controller.orders() == []


@pytest.mark.parametrize(
    ("controller", "state", "orders"),
    [
        (Controller(), "drained", ["drain 60"]),
        (Controller(status="DRAINING"), "drained", []),
        (Controller(status="CORDONED", instances=0), "drained", []),
        (Controller(status="CORDONED", instances=1), "drained", ["drain 60"]),
        (Controller(), "active", []),
        (Controller(status="DRAINING"), "active", ["undrain"]),
        (Controller(status="CORDONED"), "active", ["undrain"]),
        (Controller(kind="DISCONNECTED", status="OFFLINE", instances=None), "active", []),
    ],
)
def test_a_check_foretells_whether_an_order_is_sent(controller: Controller, state: str, orders: list[str]) -> None:
    foretold = bring(controller, state, predict=True)
    assert controller.orders() == [] and controller.now == 1000
    assert bring(controller, state).changed is foretold.changed is bool(orders)
    assert controller.orders() == orders
    assert bring(controller, state).changed is False, "the second time there is nothing to do"


def test_the_deadline_says_what_is_left() -> None:
    controller = Controller()
    controller.takes = 1e6
    text, outcome = fail(controller)
    assert "not empty after 60 s (DRAINING, 2 game servers)" in text
    assert (outcome.changed, outcome.marked) == (True, True)
    assert controller.now - 1000 < 63


@pytest.mark.parametrize(
    ("event", "words", "marked"),
    [
        ({"kind": "DISCONNECTED", "status": "OFFLINE"}, "disconnected while it was drained", False),
        ({"status": "ONLINE"}, "somebody took it back", False),
        ({"known": False}, "knows no node node-a", True),
    ],
)
def test_what_happens_meanwhile_is_noticed(event: dict[str, Any], words: str, marked: bool) -> None:
    controller = Controller()
    controller.events[10] = controller.set(**event)
    text, outcome = fail(controller)
    assert words in text
    assert (outcome.changed, outcome.marked) == (True, marked)
    assert controller.orders() == ["drain 60"]


@pytest.mark.parametrize(
    ("controller", "words"),
    [
        (Controller(kind="DISCONNECTED", status="OFFLINE", instances=None), r"not connected (OFFLINE)"),
        (Controller(kind="PENDING", status="PENDING", instances=None), "not connected"),
    ],
)
def test_a_daemon_that_is_not_connected_cannot_be_drained(controller: Controller, words: str) -> None:
    text, outcome = fail(controller)
    assert words in text and not outcome.changed and not outcome.marked
    assert controller.orders() == []


@pytest.mark.parametrize("state", ["drained", "active"])
def test_an_order_without_an_answer_is_read_back_and_never_repeated(state: str) -> None:
    controller = Controller(status="ONLINE" if state == "drained" else "CORDONED")
    controller.unheard = True
    assert bring(controller, state).changed is True
    assert len(controller.orders()) == 1


def test_an_order_without_answer_and_effect_may_still_take_effect() -> None:
    controller = Controller()
    controller.unheard = controller.deaf = True
    text, outcome = fail(controller)
    assert "not empty after 60 s (ONLINE, " in text and controller.orders() == ["drain 60"]
    assert outcome.changed is True


@pytest.mark.parametrize(("state", "words"), [("drained", "although it was to be drained"), ("active", "CORDONED")])
def test_an_answer_without_effect_is_not_believed(state: str, words: str) -> None:
    controller = Controller(status="ONLINE" if state == "drained" else "CORDONED")
    controller.deaf = True
    text, _outcome = fail(controller, state)
    assert words in text


@pytest.mark.parametrize("error", [errors.NoAnswer("hangs"), errors.ServerFault("GET answered 500", 500)])
def test_a_look_without_an_answer_proves_nothing(error: errors.ApiError) -> None:
    controller = Controller()
    controller.events[4] = controller.fail(error)
    assert bring(controller, "drained").status == "CORDONED"


def test_a_refusal_meanwhile_ends_it() -> None:
    controller = Controller()
    controller.events[4] = controller.fail(errors.Forbidden("GET answered 403", 403))
    text, outcome = fail(controller)
    assert "403" in text and outcome.marked is True


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.Unauthorized("no", 401), "refuses the password of admin"),
        (errors.LockedOut("no", "noon", 9), "is locked until noon"),
    ],
)
def test_a_refused_login_is_explained(monkeypatch: pytest.MonkeyPatch, error: errors.ApiError, words: str) -> None:
    controller = Controller()
    monkeypatch.setattr(controller, "login", lambda *_arguments: controller.fail(error)())
    with pytest.raises(DrainError, match=words):
        bring(controller, "drained")
    assert controller.calls == []


def test_a_token_that_stays_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    controller = Controller()
    monkeypatch.setattr(controller, "logout", lambda _token: controller.fail(errors.NoAnswer("silence"))())
    assert "not logged out" in bring(controller, "active").warnings[0]


def test_the_daemon_is_not_told_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, str]] = []

    def call(method: str, path: str, **_more: object) -> Answer:
        calls.append((method, path))
        return Answer(200, {}, "{}")

    client = ControllerClient("http://127.0.0.1:1")
    monkeypatch.setattr(client, "_call", call)
    client.drain("jwt", "a/b", 90)
    client.undrain("jwt", "a/b")
    assert calls == [
        ("POST", "/api/v1/nodes/a%2Fb/drain?shutdown=false&timeout=90"),
        ("POST", "/api/v1/nodes/a%2Fb/undrain"),
    ]
