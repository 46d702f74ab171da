# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry on this machine that answers what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import hashlib
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def loopback_tls(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A new certificate for 127.0.0.1, as the file to trust and as a server's context. `folder` gets the files."""
    options = (
        "-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test"
        " -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out ca.pem"
    )
    subprocess.run(["openssl", "req", *options.split()], cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return folder / "ca.pem", context


@dataclass(frozen=True)
class Page:
    """One answer. A callable body writes to the connection itself, after the headers."""

    body: bytes | Callable[[Callable[[bytes], object]], None] = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One request: path with query, the header Authorization, and what was posted."""

    path: str
    authorization: str | None
    body: bytes = b""


class LocalRegistry:
    """`pages` by path without query; `guard` may answer in the place of any of them."""

    def __init__(self, repository: str) -> None:
        self.repository = repository
        self.pages: dict[str, Page] = {}
        self.asked: list[Asked] = []
        self.guard: Callable[[Asked], Page | None] = lambda _asked: None
        self.host = ""

    def put_manifest(self, document: bytes, *names: str) -> str:
        """Shows a manifest under its digest and the names. Returns the digest."""
        for name in (sha256(document), *names):
            self.pages[f"/v2/{self.repository}/manifests/{name}"] = Page(document, headers={"Content-Type": MANIFEST})
        return sha256(document)

    def put_blob(self, content: bytes) -> str:
        """Shows a blob under its digest. Returns the digest."""
        self.pages[f"/v2/{self.repository}/blobs/{sha256(content)}"] = Page(content)
        return sha256(content)

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]


class _Handler(BaseHTTPRequestHandler):
    registry: ClassVar[LocalRegistry]

    def do_GET(self) -> None:
        posted = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        asked = Asked(self.path, self.headers.get("Authorization"), posted)
        self.registry.asked.append(asked)
        page = self.registry.guard(asked) or self.registry.pages.get(self.path.partition("?")[0], Page(status=404))
        self.send_response(page.status)
        for name, value in page.headers.items():
            self.send_header(name, value)
        if isinstance(page.body, bytes):
            self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()
        try:
            if isinstance(page.body, bytes):
                self.wfile.write(page.body)
            else:
                page.body(self.wfile.write)
        except OSError:
            self.close_connection = True

    do_POST = do_GET  # noqa: N815 the name that http.server looks for

    def log_message(self, *_parts: object) -> None:
        """Nothing: tests print only what they say."""


@contextmanager
def local_registry(context: ssl.SSLContext | None = None, repository: str = "owner/name") -> Iterator[LocalRegistry]:
    """A registry with one repository on a free port of 127.0.0.1, until the block ends; with TLS if given a context."""
    registry = LocalRegistry(repository)
    handler = type("Handler", (_Handler,), {"registry": registry})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    registry.host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
