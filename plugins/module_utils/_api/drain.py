# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emptying a daemon of game servers through the controller, and taking it back.

What the program (release 1.0.0) does: a drain shows as DRAINING, and as CORDONED once the controller knows of no game
server of the node any more, for which it looks every five seconds. Game servers without players are stopped at once,
the others when their last player has left. The instance count comes from the daemon's own reports, so it lags and may
be 0 too early; only both together mean that the node is empty. A daemon that connects anew comes without a mark.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ansible_collections.prexorcloud.production.plugins.module_utils._api.client import ControllerClient, Node
from ansible_collections.prexorcloud.production.plugins.module_utils._api.errors import (
    ApiError,
    LockedOut,
    NoAnswer,
    NotFound,
    ServerFault,
    Unauthorized,
)

IN_SERVICE = "ONLINE"
_UNSURE = (NoAnswer, ServerFault)


@dataclass
class Outcome:
    """What was found and done.

    changed: an order was sent, or would be; status, instances: as last seen; marked: the controller may be keeping new
    game servers away from the node; warnings for the operator. Kept up to date, so it is right after an error, too.
    """

    changed: bool = False
    status: str = ""
    instances: int | None = None
    marked: bool = False
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Patience:
    """seconds to wait for the wanted state, asking again after every poll; clock and sleep are time's."""

    seconds: float
    poll: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class DrainError(Exception):
    """The wanted state was not reached or not proven; the text says why."""


def empty(node: Node) -> bool:
    """Whether the node is drained: the controller has finished and the daemon reports no game server."""
    return node.connected and node.status == "CORDONED" and node.instances == 0


class _Session:
    """One login, and the node seen through it."""

    def __init__(self, client: ControllerClient, token: str, node_id: str, outcome: Outcome) -> None:
        self.client, self.token, self.node_id, self.outcome = client, token, node_id, outcome

    def look(self) -> Node:
        node = self.client.node(self.token, self.node_id)
        if node is None:
            raise DrainError(f"the controller knows no node {self.node_id}")
        self.outcome.status, self.outcome.instances = node.status, node.instances
        self.outcome.marked = node.connected and node.status != IN_SERVICE
        return node

    def order(self, call: Callable[[], None]) -> bool:
        """Send an order. False if no clear answer came: what it did shows later, it is never sent twice."""
        self.outcome.changed = self.outcome.marked = True
        try:
            call()
        except NotFound as error:
            raise DrainError(f"{self.node_id} has just disconnected") from error
        except _UNSURE:
            return False
        return True

    def await_state(self, patience: Patience, reached: Callable[[Node], bool]) -> Node | None:
        """The node as soon as it is as wanted, None when the patience is at an end."""
        end = patience.clock() + patience.seconds
        while True:
            try:
                node = self.look()
                if reached(node):
                    return node
            except _UNSURE:
                # one question that a busy controller leaves open proves nothing
                self.outcome.marked = True
            left = end - patience.clock()
            if left <= 0:
                return None
            patience.sleep(min(patience.poll, left))


def _drain(session: _Session, patience: Patience, predict: bool) -> None:
    node_id, outcome = session.node_id, session.outcome
    node = session.look()
    if not node.connected:
        raise DrainError(f"{node_id} is not connected ({node.status}), so the controller cannot stop its game servers")
    if empty(node):
        return
    draining = node.status == "DRAINING"
    if predict:
        outcome.changed = not draining
        return
    answered = draining or session.order(
        lambda: session.client.drain(session.token, node_id, max(1, int(patience.seconds)))
    )

    def reached(node: Node) -> bool:
        if not node.connected:
            raise DrainError(f"{node_id} disconnected while it was drained, so nothing is known of its game servers")
        if node.status == IN_SERVICE and answered:
            raise DrainError(
                f"{node_id} is {IN_SERVICE} although it was to be drained: somebody took it back, or its daemon"
                " connected anew"
            )
        return empty(node)

    if session.await_state(patience, reached) is None:
        count = "an unknown number of" if outcome.instances is None else str(outcome.instances)
        raise DrainError(
            f"{node_id} is not empty after {patience.seconds:g} s ({outcome.status or 'state unknown'}, {count} game"
            " servers); those with players end only when the last one has left"
        )


def _activate(session: _Session, patience: Patience, predict: bool) -> None:
    node_id, outcome = session.node_id, session.outcome
    node = session.look()
    # a daemon that is not connected carries no mark: it comes back in service
    if not node.connected or node.status == IN_SERVICE:
        return
    if predict:
        outcome.changed = True
        return
    session.order(lambda: session.client.undrain(session.token, node_id))
    if session.await_state(patience, lambda node: not node.connected or node.status == IN_SERVICE) is None:
        raise DrainError(f"{node_id} was not taken back, the controller still shows {outcome.status or 'nothing'}")


def ensure(
    client: ControllerClient,
    credentials: tuple[str, str],
    node_id: str,
    state: str,
    patience: Patience,
    outcome: Outcome,
    predict: bool = False,
) -> None:
    """Brings *node_id* to *state* and proves it by reading back; the outcome is written into *outcome*.

    Parameters: credentials, user name and password; state, ``drained`` (no game server left and no new ones) or
    ``active``; predict only says what a real run would do.
    Raises: DrainError, ApiError.
    """
    username, password = credentials
    try:
        token = client.login(username, password)
    except Unauthorized as error:
        raise DrainError(f"the controller refuses the password of {username}") from error
    except LockedOut as error:
        raise DrainError(f"the account {username} is locked until {error.locked_until}") from error
    try:
        session = _Session(client, token, node_id, outcome)
        {"drained": _drain, "active": _activate}[state](session, patience, predict)
    finally:
        try:
            client.logout(token)
        except ApiError as error:
            outcome.warnings.append(f"a token of {username} was not logged out: {error}")
