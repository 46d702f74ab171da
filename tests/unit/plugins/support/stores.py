# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small servers that speak just enough of MongoDB's and Redis' protocols to answer, refuse, and demand a login."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import bson


@contextmanager
def serving(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP server on a free port of 127.0.0.1; *handle* gets each connection in a thread of its own."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                handle(self.request)
            except OSError:
                return

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def redis_server(
    *, password: str | None = None, denied: frozenset[str] = frozenset()
) -> Callable[[socket.socket], None]:
    """A Redis. denied: commands (upper case) the account may not run."""

    def reply(name: str, arguments: list[str], state: dict[str, bool]) -> bytes:
        if name == "AUTH":
            if password is None:
                return (
                    b"-ERR AUTH <password> called without any password configured for the default user."
                    b" Are you sure your configuration is correct?"
                )
            state["in"] = arguments[-1] == password
            return b"+OK" if state["in"] else b"-WRONGPASS invalid username-password pair or user is disabled."
        if name in ("HELLO", "CLIENT"):
            return b"-ERR unknown command"
        if password is not None and not state["in"]:
            return b"-NOAUTH Authentication required."
        if name in denied:
            return f"-NOPERM User default has no permissions to run the '{name.lower()}' command".encode()
        info = b"redis_version:7.2.4\r\nvalkey_version:8.1.1\r\n"
        replies = {"PING": b"+PONG", "SELECT": b"+OK", "INFO": b"$%d\r\n%s" % (len(info), info)}
        return replies.get(name, b"-ERR unknown command")

    def handle(connection: socket.socket) -> None:
        state = {"in": False}
        stream = connection.makefile("rb")
        while True:
            head = stream.readline()
            if not head.startswith(b"*"):
                return
            words = []
            for _index in range(int(head[1:])):
                size = int(stream.readline()[1:])
                words.append(stream.read(size + 2)[:-2].decode())
            connection.sendall(reply(words[0].upper(), words[1:], state) + b"\r\n")

    return handle


def mongodb_server(*, secured: bool) -> Callable[[socket.socket], None]:
    """A MongoDB that knows hello, buildInfo and listCollections. Secured: every login fails, strangers get code 13."""

    def answer(command: dict[str, Any]) -> dict[str, Any]:
        name = next(iter(command)).lower()
        if name in ("ismaster", "hello"):
            return {
                "ok": 1,
                "ismaster": True,
                "setName": "rs0",
                "hosts": [],
                "minWireVersion": 0,
                "maxWireVersion": 21,
                "maxBsonObjectSize": 16777216,
                "maxMessageSizeBytes": 48000000,
                "maxWriteBatchSize": 1000,
            }
        if name == "saslstart":
            return {"ok": 0, "code": 18, "codeName": "AuthenticationFailed", "errmsg": "Authentication failed."}
        if secured:
            return {
                "ok": 0,
                "code": 13,
                "codeName": "Unauthorized",
                "errmsg": f"command {name} requires authentication",
            }
        if name == "buildinfo":
            return {"ok": 1, "version": "7.0.42"}
        if name == "listcollections":
            return {"ok": 1, "cursor": {"id": 0, "ns": "x.$cmd.listCollections", "firstBatch": []}}
        return {"ok": 1}

    def handle(connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        while True:
            head = stream.read(16)
            if len(head) < 16:
                return
            length, request, _to, code = struct.unpack("<iiii", head)
            body = stream.read(length - 16)
            if code == 2004:  # OP_QUERY: flags, name of the collection, skip, limit, document
                start = body.index(b"\0", 4) + 9
                document = bson.encode(answer(bson.decode(body[start:])))
                payload, kind = struct.pack("<iqii", 8, 0, 0, 1) + document, 1
            else:  # OP_MSG: flags, kind of the section, document
                size = struct.unpack("<i", body[5:9])[0]
                document = bson.encode(answer(bson.decode(body[5 : 5 + size])))
                payload, kind = struct.pack("<iB", 0, 0) + document, 2013
            connection.sendall(struct.pack("<iiii", 16 + len(payload), 1, request, kind) + payload)

    return handle
