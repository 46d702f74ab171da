# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enrolling a daemon over REST: mint a join token, redeem it at once at the same controller, leave nothing behind.

Why like this (upstream api.md section 7, proxy-network.md section 5, recordings api/05 and ha/daemon-10): a join token
yields a certificate for any name, everybody with nodes.view can read pending ones, and they do not survive a restart of
the controller. So it lives for seconds and never reaches the daemon's host.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field

from ansible_collections.prexorcloud.production.plugins.module_utils._api.client import (
    ControllerClient,
    JoinToken,
    NodeMaterial,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._api.errors import (
    ApiError,
    Conflict,
    LockedOut,
    Unauthorized,
)

# A common name holds 64 characters; the rest keeps the id usable as DNS name, file name and path segment.
_NODE_ID = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


class EnrolmentError(Exception):
    """The daemon was not enrolled; the text says why and what to do."""


@dataclass
class Enrolment:
    """The material; replaced: an old registration was removed; warnings for the operator."""

    material: NodeMaterial = field(repr=False)
    replaced: bool = False
    warnings: list[str] = field(default_factory=list)


def check_node_id(node_id: str) -> None:
    """Raises EnrolmentError for an id that is unusable or dangerous.

    A certificate whose name contains "controller" may mint join tokens over gRPC, and the controller itself refuses no
    id at all (upstream proxy-network.md section 5).
    """
    if not _NODE_ID.fullmatch(node_id):
        raise EnrolmentError(
            f"node id {node_id[:80]!r}: use 1 to 63 letters, digits, '.', '_' and '-', beginning and ending with a"
            " letter or digit"
        )
    if "controller" in node_id.lower():
        raise EnrolmentError(
            f'node id {node_id!r} contains "controller": a daemon of such a name could mint join tokens'
        )


def check_ttl(ttl_seconds: int) -> None:
    """Raises EnrolmentError unless 10 <= ttl_seconds <= 3600.

    The controller takes any positive number and silently makes an hour of the others (upstream api.md section 7).
    """
    if not 10 <= ttl_seconds <= 3600:
        raise EnrolmentError(f"ttl_seconds is {ttl_seconds}, allowed are 10 to 3600")


def _pending(client: ControllerClient, token: str, node_id: str) -> list[str]:
    """Ids of the unexpired join tokens of *node_id*."""
    return [
        entry.token_id for entry in client.join_tokens(token) if entry.node_id == node_id and entry.status != "EXPIRED"
    ]


def _make_room(client: ControllerClient, token: str, node_id: str) -> None:
    """Removes an old registration and pending tokens of *node_id*, and reads back that they are gone."""
    node = client.node(token, node_id)
    if node is not None and node.connected:
        raise EnrolmentError(
            f"a daemon with the id {node_id} is connected ({node.status}). Stop it first; if it runs nowhere, the entry"
            f" is stale: stop the controller, delete the key prexor:v1:node:{node_id} in Valkey, start the controller"
        )
    for token_id in _pending(client, token, node_id):
        client.revoke_join_token(token, token_id)
    if node is not None and node.kind != "PENDING":
        client.delete_node(token, node_id)
    node = client.node(token, node_id)
    left = _pending(client, token, node_id)
    if node is not None or left:
        what = f"node {node.kind}" if node is not None else f"token {left[0]}"
        raise EnrolmentError(f"the old registration of {node_id} was not removed, the controller still shows: {what}")


def _mint(client: ControllerClient, token: str, node_id: str, ttl_seconds: int) -> tuple[JoinToken, bool]:
    try:
        return client.mint_join_token(token, node_id, ttl_seconds), False
    except Conflict:
        _make_room(client, token, node_id)
    return client.mint_join_token(token, node_id, ttl_seconds), True


def _redeem(client: ControllerClient, token: str, minted: JoinToken, node_id: str) -> NodeMaterial:
    redeemed = False
    try:
        material = client.exchange(minted.token, node_id)
        redeemed = True
    finally:
        if not redeemed:
            # Also when the outcome is unknown: revoking a used token harms nothing.
            _revoke(client, token, minted)
    try:
        base64.b64decode(material.pkcs12_base64, validate=True)
    except binascii.Error as error:
        raise EnrolmentError("the controller's key store is not valid Base64") from error
    return material


def _revoke(client: ControllerClient, token: str, minted: JoinToken) -> None:
    try:
        client.revoke_join_token(token, minted.token_id)
    except ApiError:
        # The error of the exchange is on its way and says more; the token ends by itself after its short lifetime.
        return


def enrol(client: ControllerClient, username: str, password: str, node_id: str, ttl_seconds: int) -> Enrolment:
    """A key store for the daemon *node_id*, signed by this controller's CA.

    An offline registration of the same id is replaced; a connected one is an error.
    Parameters: ttl_seconds is how long a token may live that is lost on the way.
    Raises: EnrolmentError, ApiError.
    """
    check_node_id(node_id)
    check_ttl(ttl_seconds)
    try:
        token = client.login(username, password)
    except Unauthorized as error:
        raise EnrolmentError(f"the controller refuses the password of {username}") from error
    except LockedOut as error:
        raise EnrolmentError(f"the account {username} is locked until {error.locked_until}") from error
    warnings: list[str] = []
    try:
        minted, replaced = _mint(client, token, node_id, ttl_seconds)
        material = _redeem(client, token, minted, node_id)
    finally:
        try:
            client.logout(token)
        except ApiError as error:
            warnings.append(f"a token of {username} was not logged out: {error}")
    return Enrolment(material, replaced, warnings)
