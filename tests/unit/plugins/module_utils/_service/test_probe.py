# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only a 200 within the time limit counts as ready."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._service.probe import probe, split_url


class Server:
    """Answers every connection with the same bytes; with none it keeps silent."""

    def __init__(self, answer: bytes) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/ready"
        self.answer = answer
        self.open: list[socket.socket] = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                connection, _peer = self.socket.accept()
            except OSError:
                return
            self.open.append(connection)
            connection.recv(4096)
            if self.answer:
                connection.sendall(self.answer)
                connection.close()


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    running = Server(request.param)
    yield running
    for one in (*running.open, running.socket):
        one.close()


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""),
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "HTTP 503"),
        (b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1/\r\n\r\n", "HTTP 307"),
    ],
    indirect=["server"],
)
def test_status(server: Server, expected: str) -> None:
    assert probe(server.url, 5) == expected


@pytest.mark.parametrize("server", [b"SSH-2.0-OpenSSH\r\n"], indirect=True)
def test_no_http(server: Server) -> None:
    assert probe(server.url, 5).startswith("BadStatusLine")


@pytest.mark.parametrize("server", [b""], indirect=True)
def test_a_hanging_server_costs_the_time_limit_only(server: Server) -> None:
    begin = time.monotonic()
    assert probe(server.url, 0.3) == "no answer within 0.3 s"
    assert time.monotonic() - begin < 3


def test_nobody_listens() -> None:
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    assert probe(f"http://127.0.0.1:{port}/", 1).startswith("ConnectionRefusedError")


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8080", "ftp://host/", "http://", "http://user:pw@host/", "http://h:99999/"]
)
def test_unusable_urls(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        split_url(url)


def test_split_url() -> None:
    assert split_url("http://[::1]:9091/ready?x=1") == ("http", "::1", 9091, "/ready?x=1")
    assert split_url("https://host") == ("https", "host", 443, "/")
