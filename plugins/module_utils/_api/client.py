# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small typed client of the controller's REST API: only the calls this collection needs.

It talks through http.client, not through a proxy-aware opener: a proxy from the environment must never see these
credentials, and redirects are not followed (a follower's redirect means that we ask the wrong controller).
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from ansible_collections.prexorcloud.production.plugins.module_utils._api.errors import (
    ApiError,
    BadAnswer,
    Conflict,
    Forbidden,
    Invalid,
    LockedOut,
    NoAnswer,
    NotFound,
    NotLeader,
    NotListening,
    Refused,
    ServerFault,
    Unauthorized,
    Unreachable,
)

# The largest answer we read (a node list of a big cluster is some 100 kB); protects against a babbling peer.
MAX_ANSWER_BYTES = 8 * 1024 * 1024
# The list of join tokens is paged; more pages than this means that the controller lies about "total".
MAX_PAGES = 100

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True)
class Answer:
    """One HTTP answer. body is never part of repr: it may hold tokens and keys."""

    status: int
    headers: Mapping[str, str]
    body: str = field(repr=False)

    def members(self) -> dict[str, object]:
        """The body as a JSON object; empty if it is anything else."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def text(self, name: str) -> str:
        """Member *name* if it is a non-empty string, else ""."""
        value = self.members().get(name)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True)
class JoinToken:
    """A freshly minted daemon join token."""

    token_id: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class JoinTokenState:
    """A join token as the list shows it (the list does not contain the token itself)."""

    token_id: str
    node_id: str
    status: str


@dataclass(frozen=True)
class Node:
    """A daemon as the controller knows it.

    kind: PENDING, DISCONNECTED or CONNECTED; status: PENDING, OFFLINE, ONLINE, DRAINING, CORDONED or UNREACHABLE;
    instances: its game servers as its last report counted them, None unless connected.
    """

    node_id: str
    kind: str
    status: str
    instances: int | None = None

    @property
    def connected(self) -> bool:
        """True if a daemon with this id holds a session now (or, after a crash, is believed to)."""
        return self.kind == "CONNECTED" or self.status in ("ONLINE", "DRAINING")


@dataclass(frozen=True)
class NodeMaterial:
    """What a daemon needs to connect: its key store, the store's password, the CA certificate."""

    pkcs12_base64: str = field(repr=False)
    pkcs12_password: str = field(repr=False)
    ca_pem: str


_REFUSALS: Mapping[int, type[Refused]] = {
    400: Invalid,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    422: Invalid,
}


def error_of(answer: Answer) -> tuple[str, str]:
    """(code, message) of an error answer, in any of the controller's shapes.

    Shapes (upstream api.md section 2): {"error": {"code", "message", "status"}}, {"error": "CODE", "message"},
    Javalin's {"title", "status", ...}, plain text.
    """
    members = answer.members()
    error = members.get("error")
    if isinstance(error, dict):
        return str(error.get("code", "")), str(error.get("message", ""))
    if isinstance(error, str):
        return error, str(members.get("message", ""))
    if "title" in members:
        return "", str(members["title"])
    return "", "" if members else answer.body


def presentable(text: str, secrets: Iterable[str]) -> str:
    """*text* on one line of at most 200 characters, with every one of *secrets* replaced by ***."""
    for secret in sorted((s for s in secrets if s), key=len, reverse=True):
        text = text.replace(secret, "***")
    text = _CONTROL_CHARACTERS.sub(" ", text).strip()
    return text if len(text) <= 200 else text[:197] + "..."


def check_answer(answer: Answer, call: str, secrets: Iterable[str] = ()) -> Answer:
    """Returns *answer* if the controller carried the call out, else raises the fitting error.

    A 429 that is not a lockout counts as carried out: the limiter only presets the status and the handler runs
    (upstream api.md section 2, recording api/02). Whoever needs a result must find it in the body.

    Raises: NotLeader, LockedOut, Unauthorized, Forbidden, NotFound, Conflict, Invalid, ServerFault, Refused.
    """
    code, message = error_of(answer)
    code, message = presentable(code, secrets), presentable(message, secrets)
    if answer.status == 429 and code == "ACCOUNT_LOCKED":
        retry_after = answer.headers.get("retry-after", "")
        raise LockedOut(
            f"{call}: the account is locked",
            presentable(answer.text("lockedUntil"), secrets) or "an unknown time",
            int(retry_after) if retry_after.isdigit() else 0,
        )
    if answer.status == 429 or 200 <= answer.status < 300:
        return answer
    if 300 <= answer.status < 400:
        leader = urlsplit(answer.headers.get("location", "")).netloc
        raise NotLeader(f"{call}: this controller does not lead, the leader is {leader or 'unknown'}")
    if code == "NO_LEADER":
        raise NotLeader(f"{call}: no controller leads at the moment")
    said = " ".join(part for part in (str(answer.status), code) if part)
    kind = ServerFault if answer.status >= 500 else _REFUSALS.get(answer.status, Refused)
    raise kind(f"{call} answered {said}: {message or 'no reason given'}", answer.status, code)


class ControllerClient:
    """Calls one controller.

    Parameters: base_url, http://host:port or https://host:port (nothing behind it); timeout in seconds for
    connecting, for each wait for data, and for reading the body as a whole.
    Raises ValueError for a URL of another shape.
    """

    def __init__(self, base_url: str, timeout: float = 5.0) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the URL must look like http://127.0.0.1:8080")
        if parts.username is not None or parts.path not in ("", "/") or parts.query or parts.fragment:
            raise ValueError("the URL must consist of scheme, host and port only")
        self._tls = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port or (443 if self._tls else 80)
        self._timeout = timeout
        self.address = f"{parts.scheme}://{parts.netloc}"

    # -- accounts ---------------------------------------------------------------------------------------------

    def login(self, username: str, password: str) -> str:
        """A bearer token of *username*. A 429 with a token inside is a success (the limiter preset the status).

        Raises: Unauthorized (wrong name or password; counts towards the lockout), LockedOut, and the general ones.
        """
        answer = self._call(
            "POST", "/api/v1/auth/login", {"username": username, "password": password}, secrets=[password]
        )
        token = answer.text("token")
        if not token:
            raise BadAnswer("POST /api/v1/auth/login: the answer holds no token")
        return token

    def logout(self, token: str) -> None:
        """Revokes *token*; other tokens of the user stay valid."""
        self._call("POST", "/api/v1/auth/logout", token=token)

    def change_password(self, token: str, current: str, new: str) -> None:
        """Changes the own password. Prove it by logging in: old tokens say nothing about it.

        Raises: Unauthorized if *current* is wrong (does not count for the lockout), Invalid if *new* is too short.
        """
        self._call(
            "POST",
            "/api/v1/auth/change-password",
            {"currentPassword": current, "newPassword": new},
            token=token,
            secrets=[current, new],
        )

    # -- daemons ----------------------------------------------------------------------------------------------

    def mint_join_token(self, token: str, node_id: str, ttl_seconds: int) -> JoinToken:
        """A join token for *node_id*, valid *ttl_seconds*.

        Raises Conflict if the node is registered or has an unexpired token.
        """
        body = {"nodeId": node_id, "ttlSeconds": ttl_seconds}
        answer = self._call("POST", "/api/v1/admin/tokens", body, token=token)
        minted = JoinToken(answer.text("tokenId"), answer.text("token"))
        if not minted.token_id or not minted.token:
            raise BadAnswer("POST /api/v1/admin/tokens: the answer holds no token")
        return minted

    def join_tokens(self, token: str) -> list[JoinTokenState]:
        """All join tokens this controller knows, over all pages."""
        found: list[JoinTokenState] = []
        for page in range(1, MAX_PAGES + 1):
            path = f"/api/v1/admin/tokens?page={page}&pageSize=100"
            members = self._call("GET", path, token=token).members()
            rows, total = members.get("data"), members.get("total")
            if not isinstance(rows, list) or not isinstance(total, int):
                raise BadAnswer("GET /api/v1/admin/tokens: the answer is no list")
            found += [
                JoinTokenState(str(row.get("tokenId", "")), str(row.get("nodeId", "")), str(row.get("status", "")))
                for row in rows
                if isinstance(row, dict)
            ]
            if not rows or len(found) >= total:
                return found
        raise BadAnswer("GET /api/v1/admin/tokens: the list does not end")

    def revoke_join_token(self, token: str, token_id: str) -> None:
        """Deletes a join token. The answer proves nothing (204 for unknown ids, too): read the list."""
        self._call("DELETE", f"/api/v1/admin/tokens/{quote(token_id, safe='')}", token=token)

    def node(self, token: str, node_id: str) -> Node | None:
        """What the controller knows of *node_id*; None if nothing."""
        try:
            members = self._call("GET", f"/api/v1/nodes/{quote(node_id, safe='')}", token=token).members()
        except NotFound as error:
            # An unknown path is 404, too; only the error body says that it is the node which is unknown.
            if error.code == "NOT_FOUND":
                return None
            raise
        if "type" not in members or "status" not in members:
            raise BadAnswer("GET /api/v1/nodes/{id}: the answer is no node")
        count = members.get("instanceCount")
        return Node(node_id, str(members["type"]), str(members["status"]), count if isinstance(count, int) else None)

    def delete_node(self, token: str, node_id: str) -> None:
        """Forgets a node. Raises Conflict while it is connected. Read back: the answer proves nothing."""
        self._call("DELETE", f"/api/v1/nodes/{quote(node_id, safe='')}", token=token)

    def drain(self, token: str, node_id: str, seconds: int) -> None:
        """Tells the controller to end the node's game servers and to send it no new ones. Read back what came of it.

        Without shutdown=false the controller ends the daemon as well, with exit code 0, and systemd leaves it so.
        seconds: after this time the controller looks again for game servers without players.
        Raises NotFound unless the node is connected.
        """
        path = f"/api/v1/nodes/{quote(node_id, safe='')}/drain?shutdown=false&timeout={seconds}"
        self._call("POST", path, token=token)

    def undrain(self, token: str, node_id: str) -> None:
        """Lets the node have new game servers again. Raises NotFound unless it is connected. Read back."""
        self._call("POST", f"/api/v1/nodes/{quote(node_id, safe='')}/undrain", token=token)

    def exchange(self, join_token: str, node_id: str) -> NodeMaterial:
        """Redeems a join token. The answer's cliToken (a long-lived login of the daemon host) is dropped here.

        Raises Unauthorized if the token is unknown, used or expired.
        """
        body = {"joinToken": join_token, "nodeId": node_id}
        answer = self._call("POST", "/api/v1/bootstrap/exchange", body, secrets=[join_token])
        material = NodeMaterial(
            answer.text("pkcs12Base64"), answer.text("pkcs12Password"), answer.text("caCertificatePem")
        )
        if not (material.pkcs12_base64 and material.pkcs12_password and material.ca_pem):
            raise BadAnswer("POST /api/v1/bootstrap/exchange: the answer lacks key store, password or CA")
        return material

    # -- transport --------------------------------------------------------------------------------------------

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        token: str = "",
        secrets: Iterable[str] = (),
    ) -> Answer:
        """One request; raises Unreachable, NotListening, NoAnswer and what check_answer raises."""
        headers = {"Accept": "application/json"}
        payload = None
        if body is not None:
            payload = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        if token:
            headers["Authorization"] = f"Bearer {token}"
        call = f"{method} {path.partition('?')[0]}"
        connection = self._connect(call)
        try:
            answer = self._exchange(connection, method, path, payload, headers)
        except (TimeoutError, socket.timeout) as error:
            # Two classes before Python 3.10, one since.
            raise NoAnswer(f"{call}: {self.address} gave no complete answer within {self._timeout:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            name = type(error).__name__
            raise NoAnswer(f"{call}: {self.address} broke the connection off without an answer ({name})") from error
        finally:
            connection.close()
        return check_answer(answer, call, [*secrets, token])

    def _connect(self, call: str) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection
        if self._tls:
            context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=context)
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        try:
            connection.connect()
        except ConnectionRefusedError as error:
            raise NotListening(f"{call}: nothing listens at {self.address}") from error
        except ssl.SSLError as error:
            raise Unreachable(f"{call}: no TLS with {self.address} ({error.reason or 'handshake failed'})") from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise Unreachable(f"{call}: cannot connect to {self.address} ({reason})") from error
        return connection

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        payload: bytes | None,
        headers: Mapping[str, str],
    ) -> Answer:
        # Kept here, since http.client lets go of the socket when the peer wants to close after the answer.
        sock = connection.sock
        connection.request(method, path, body=payload, headers=dict(headers))
        response = connection.getresponse()
        deadline = time.monotonic() + self._timeout
        received = bytearray()
        while not response.isclosed():
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError
            sock.settimeout(remaining)
            chunk = response.read1(65536)
            if not chunk:
                break
            received += chunk
            if len(received) > MAX_ANSWER_BYTES:
                raise BadAnswer(f"{method} {path}: the answer exceeds {MAX_ANSWER_BYTES} bytes")
        lowered = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, lowered, received.decode("utf-8", "replace"))


__all__ = [
    "Answer",
    "ApiError",
    "ControllerClient",
    "JoinToken",
    "JoinTokenState",
    "Node",
    "NodeMaterial",
    "check_answer",
    "error_of",
    "presentable",
]
