# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves a release and a transparency log that can lie. Standard library only: it runs on test hosts as it is.

`python3 -m release_signer.server --directory DIR --certificate PEM --key PEM --port N --mode-file FILE`

GET <path> gives a file below DIR; POST /api/v1/log/entries/retrieve and GET /api/v1/log/entries/<uuid> answer from the
files log-entries/<digest>.json anywhere below DIR. The mode file holds one of MODES, read at each request of the log;
without it all is well. Files are always served truly.
"""

from __future__ import annotations

import argparse
import base64
import json
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Answer = dict[str, Any]  # {uuid: entry}

PREFIX = "/api/v1/log/entries"
MAX_REQUEST = 1024 * 1024
# How long a connection that says nothing, or that is made to hang, is kept.
PATIENCE = 600
BLOCK = 64 * 1024


def _spoiled(text: str) -> str:
    """Base64 of the same bytes with the last bit turned."""
    data = base64.b64decode(text)
    return base64.b64encode(data[:-1] + bytes([data[-1] ^ 1])).decode()


def _bad_set(entry: Answer) -> None:
    verification = entry["verification"]
    verification["signedEntryTimestamp"] = _spoiled(verification["signedEntryTimestamp"])


def _bad_proof(entry: Answer) -> None:
    proof = entry["verification"]["inclusionProof"]
    proof["hashes"] = [proof["hashes"][0][::-1], *proof["hashes"][1:]]


def _bad_checkpoint(entry: Answer) -> None:
    proof = entry["verification"]["inclusionProof"]
    text, name, blob = proof["checkpoint"].rstrip("\n").rsplit(" ", 2)
    proof["checkpoint"] = f"{text} {name} {_spoiled(blob)}\n"


LIES: dict[str, Callable[[Answer], None]] = {
    "lying-bad-set": _bad_set,
    "lying-bad-proof": _bad_proof,
    "lying-bad-checkpoint": _bad_checkpoint,
}
MODES = ("ok", "down", "hang", "endless", "redirect", "empty", "lying-other-entry", *LIES)


class Entries:
    """The saved answers below a directory, read at each request: a release may be added while the server runs."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def _all(self) -> Iterator[Answer]:
        for path in sorted(self.directory.glob("**/log-entries/*.json")):
            yield from json.loads(path.read_bytes())

    def by_uuid(self, uuid: str) -> list[Answer]:
        """Entries whose name is, or ends in, these digits."""
        return [answer for answer in self._all() if any(name.endswith(uuid) for name in answer)]

    def search(self, proposed: Answer) -> list[Answer]:
        """Entries that are just the proposed one: Rekor looks for the hash of the whole entry, not for a digest."""
        return [
            answer for answer in self._all() if any(_spec(entry) == proposed.get("spec") for entry in answer.values())
        ]

    def others(self, proposed: Answer) -> list[Answer]:
        """A real entry of something else."""
        return [answer for answer in self._all() if answer not in self.search(proposed)][:1]


def _spec(entry: Answer) -> object:
    return json.loads(base64.b64decode(entry["body"])).get("spec")


def _unique(answers: list[Answer]) -> list[Answer]:
    return list({json.dumps(answer, sort_keys=True): answer for answer in answers}.values())


class Handler(BaseHTTPRequestHandler):
    """One request. `directory`, `mode_file` and `entries` are set by make_server()."""

    server_version = "test-log"
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE
    directory: Path
    mode_file: Path
    entries: Entries

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith(f"{PREFIX}/"):
            uuid = path.removeprefix(f"{PREFIX}/")
            found = self.entries.by_uuid(uuid)[:1] if len(uuid) in (64, 80) else []
            self._log(found, self.entries.others({}))
        else:
            self._file(path)

    def do_POST(self) -> None:
        if self.path != f"{PREFIX}/retrieve":
            self._send(404, b"{}")
            return
        try:
            size = int(self.headers.get("Content-Length", "0"))
            if not 0 <= size <= MAX_REQUEST:
                raise ValueError("size")
            wanted = json.loads(self.rfile.read(size))["entries"]
            found = [answer for one in wanted for answer in self.entries.search(one)]
            others = [answer for one in wanted for answer in self.entries.others(one)]
        except (ValueError, KeyError, TypeError, AttributeError):
            self.close_connection = True
            self._send(400, b'{"code":400,"message":"malformed request"}')
            return
        self._log(_unique(found), others)

    def _mode(self) -> str:
        try:
            mode = self.mode_file.read_text(encoding="utf-8").strip() or "ok"
        except FileNotFoundError:
            mode = "ok"
        return mode if mode in MODES else "down"

    def _log(self, found: list[Answer], others: list[Answer]) -> None:
        mode = self._mode()
        if mode == "down":
            self._send(503, b'{"code":503,"message":"down"}')
        elif mode == "hang":
            time.sleep(PATIENCE)
            self.close_connection = True
        elif mode == "endless":
            self._endless()
        elif mode == "redirect":
            self._send(302, b"", {"Location": "https://elsewhere.example.test" + self.path})
        else:
            self._answer([] if mode == "empty" else others if mode == "lying-other-entry" else found, mode)

    def _answer(self, found: list[Answer], mode: str) -> None:
        for answer in found:
            for entry in answer.values():
                if mode in LIES:
                    LIES[mode](entry)
        if self.command == "POST":
            self._send(200, json.dumps(found).encode())
        elif found:
            self._send(200, json.dumps(found[0]).encode())
        else:
            self._send(404, b'{"code":404,"message":"no such entry"}')

    def _endless(self) -> None:
        """JSON that never ends, as fast as the peer takes it."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        end = time.monotonic() + PATIENCE
        self.wfile.write(b"[")
        while time.monotonic() < end:
            self.wfile.write(b"{}," * 10_000)

    def _file(self, path: str) -> None:
        wanted = (self.directory / path.lstrip("/")).resolve()
        if not (wanted.is_relative_to(self.directory) and wanted.is_file()):
            self._send(404, b"not found\n", {"Content-Type": "text/plain"})
            return
        with wanted.open("rb") as file:
            self.send_response(200)
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(wanted.stat().st_size))
            self.end_headers()
            while block := file.read(BLOCK):
                self.wfile.write(block)

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Each connection in a thread of its own, its TLS handshake too: a peer that is silent holds up nobody else."""

    daemon_threads = True
    context: ssl.SSLContext

    def get_request(self) -> tuple[Any, Any]:
        """A connection whose handshake is still to come."""
        connection, address = super().get_request()
        connection.settimeout(PATIENCE)
        return self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, _request: Any, client_address: Any) -> None:
        """Peers that hang up are part of the tests; one line is enough."""
        error = sys.exc_info()[1]
        sys.stderr.write(f"{client_address[0]}: {type(error).__name__}: {error}\n")


def make_server(directory: Path, mode_file: Path, certificate: Path, key: Path, address: tuple[str, int]) -> Server:
    """A server that is bound, still to be run with serve_forever()."""
    root = directory.resolve()
    handler = type("BoundHandler", (Handler,), {"directory": root, "mode_file": mode_file, "entries": Entries(root)})
    server = Server(address, handler)
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.context.load_cert_chain(certificate, key)
    return server


def main() -> None:
    """Runs until it is stopped."""
    parser = argparse.ArgumentParser(prog="release_signer.server", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--mode-file", type=Path, required=True)
    parser.add_argument("--certificate", type=Path, required=True)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--address", default="")
    parser.add_argument("--port", type=int, default=8443)
    words = parser.parse_args()
    address = (words.address, words.port)
    make_server(words.directory, words.mode_file, words.certificate, words.key, address).serve_forever()


if __name__ == "__main__":
    main()
