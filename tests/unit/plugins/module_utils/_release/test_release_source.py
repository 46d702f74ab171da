# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories and servers as sources: what is read, what is refused, and that nothing hangs or fills the disk."""

from __future__ import annotations

import hashlib
import http.server
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._release import source as sources
from ansible_collections.prexorcloud.production.plugins.module_utils._release.source import open_source, read
from ansible_collections.prexorcloud.production.plugins.module_utils._release.store import Store
from ansible_collections.prexorcloud.production.plugins.module_utils._release.verified import receive
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused

LIMIT = 1000


class Mirror(http.server.BaseHTTPRequestHandler):
    """Answers by path."""

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        if name in ("404", "410", "403", "500"):
            self.send_error(int(name))
        elif name == "redirect":
            self.send_response(302)
            self.send_header("Location", "/file")
            self.end_headers()
        elif name == "short":
            self.answer(b"half", length=100)
        elif name == "endless":
            self.answer(b"x" * (LIMIT + 1))
        elif name == "stuck":
            self.send_response(200)
            self.end_headers()
            self.wfile.flush()
            time.sleep(2)
        elif name == "slow":
            self.send_response(200)
            self.end_headers()
            for _second in range(30):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.1)
        else:
            self.answer(b"content")

    def answer(self, content: bytes, length: int | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """Silence."""


@pytest.fixture(scope="module")
def mirror() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/releases"
    server.shutdown()


def refusal(url: str, name: str, timeout: int = 1) -> Refused:
    with pytest.raises(Refused) as refused:
        read(open_source(url, True, None, timeout), name, LIMIT)
    return refused.value


def test_a_file_of_a_server(mirror: str) -> None:
    source = open_source(mirror + "/", True, None, 5)
    assert read(source, "file", LIMIT) == b"content"
    assert read(source, "redirect", LIMIT) == b"content"
    assert read(source, "404", LIMIT) is None
    assert read(source, "410", LIMIT) is None
    assert source.local is False


@pytest.mark.parametrize(
    ("name", "reason", "says"),
    [
        ("403", "artifact_unreadable", "403"),
        ("500", "artifact_unreadable", "500"),
        ("short", "artifact_unreadable", "96 bytes early"),
        ("stuck", "artifact_unreadable", "to its end"),
        ("endless", "input_too_large", "1000 bytes"),
    ],
)
def test_what_a_server_does_wrong(mirror: str, name: str, reason: str, says: str) -> None:
    refused = refusal(mirror, name)
    assert refused.reason == reason
    assert says in refused.detail
    assert name in refused.detail


def test_a_server_that_drips_is_left(mirror: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "SMALL_SECONDS", 0.5)
    begun = time.monotonic()
    assert "within 0.5 seconds" in refusal(mirror, "slow").detail
    assert time.monotonic() - begun < 2


def test_nobody_listens() -> None:
    assert refusal("http://127.0.0.1:1", "file").reason == "artifact_unreadable"


def test_a_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "big").write_bytes(b"x" * (LIMIT + 1))
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for text in (str(tmp_path), f"file://{tmp_path}"):
        source = open_source(text, True, None, 5)
        assert source.local is True
        assert read(source, "file", LIMIT) == b"content"
        assert read(source, "missing", LIMIT) is None
    assert refusal(str(tmp_path), "big").reason == "input_too_large"
    for name in ("folder", "pipe"):
        assert refusal(str(tmp_path), name).reason == "artifact_unreadable"
    assert "no directory" in refusal(str(tmp_path / "nowhere"), "file").detail


@pytest.mark.parametrize(
    ("source", "verified", "says"),
    [
        ("", True, "empty"),
        ("  ", True, "empty"),
        ("releases", True, "absolute"),
        ("ftp://mirror/x", True, "no https or http"),
        ("https://user:secret@mirror/x", True, "user or password"),
        ("http://mirror/x", False, "has to be https"),
    ],
)
def test_sources_that_are_none(source: str, verified: bool, says: str) -> None:
    with pytest.raises(PolicyError, match=says) as refused:
        open_source(source, verified, None, 5)
    assert "secret" not in str(refused.value)


def test_http_will_do_where_a_signature_proves_the_bytes() -> None:
    assert open_source("http://mirror/x", True, None, 5).local is False


def test_a_torn_artifact_is_not_kept_and_the_old_one_stays(mirror: str, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "cache"))
    with store.locked():
        (tmp_path / "cache" / "short").write_bytes(b"old")
        for name, sha256 in (("short", "a" * 64), ("file", "b" * 64)):
            with pytest.raises(Refused):
                receive(name, sha256, open_source(mirror, True, None, 1), store)
        assert sorted(os.listdir(store.path)) == [".lock", "short"]
        assert (tmp_path / "cache" / "short").read_bytes() == b"old"
        receive("file", hashlib.sha256(b"content").hexdigest(), open_source(mirror, True, None, 1), store)
        assert (tmp_path / "cache" / "file").read_bytes() == b"content"
