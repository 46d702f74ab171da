# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller that knows a script only: it answers recorded exchanges in order and notes every deviation.

data/exchanges.json holds exchanges of the real program (each names its recording), with placeholders such as <JWT>.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_EXCHANGES: dict[str, dict[str, Any]] = {
    entry["name"]: entry
    for entry in json.loads((Path(__file__).parent / "data" / "exchanges.json").read_text(encoding="utf-8"))
}


@dataclass(frozen=True)
class Step:
    """One expected request and its answer: a recorded exchange, with parts replaced.

    values: placeholder (or any text) -> text, applied to request and answer; the others override a part.
    """

    name: str
    values: Mapping[str, str] = field(default_factory=dict)
    path: str | None = None
    body: Mapping[str, object] | None = None
    status: int | None = None
    answer: str | None = None

    def resolve(self, common: Mapping[str, str]) -> dict[str, Any]:
        entry = dict(_EXCHANGES[self.name])
        overrides = {"path": self.path, "body": self.body, "status": self.status, "answer": self.answer}
        entry.update({key: value for key, value in overrides.items() if value is not None})
        text = json.dumps(entry)
        for placeholder, value in {**common, **self.values}.items():
            text = text.replace(json.dumps(placeholder)[1:-1], json.dumps(value)[1:-1])
        # answers are JSON inside JSON: the values used here need no second escaping
        resolved: dict[str, Any] = json.loads(text)
        return resolved


class Replay:
    """The server. problems: what the client did otherwise than scripted; calls: "METHOD path" of every request."""

    def __init__(self, steps: Sequence[Step], values: Mapping[str, str]) -> None:
        self._steps = [step.resolve(values) for step in steps]
        self._expected = len(self._steps)
        self.problems: list[str] = []
        self.calls: list[str] = []
        replay = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, _format: str, *args: object) -> None:
                """Quiet."""

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                raw = self.rfile.read(length)
                answer = replay.answer(self.command, self.path, self.headers.get("Authorization"), raw)
                payload = answer["answer"].encode()
                self.send_response(answer["status"])
                for name, value in answer["headers"].items():
                    self.send_header(name, value)
                if answer["status"] != 204:
                    self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                if answer["status"] != 204:
                    self.wfile.write(payload)

            do_GET = do_POST = do_DELETE = handle_any  # noqa: N815  http.server looks for these names

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def answer(self, method: str, path: str, authorization: str | None, raw: bytes) -> dict[str, Any]:
        bare = path.partition("?")[0]
        self.calls.append(f"{method} {bare}")
        if not self._steps:
            self.problems.append(f"unexpected {method} {bare} after the end of the script")
            return {"status": 500, "headers": {}, "answer": ""}
        step = self._steps.pop(0)
        body = json.loads(raw) if raw else None
        for what, expected, found in (
            ("method", step["method"], method),
            ("path", step["path"], bare),
            ("body", step["body"], body),
            ("authorization", step["authorized"], authorization is not None),
        ):
            if expected != found:
                self.problems.append(f"{step['name']}: {what} {found!r} instead of {expected!r}")
        return step

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def verify(self) -> None:
        """Fails unless exactly the script was played."""
        assert self.problems == []
        left = [step["name"] for step in self._steps]
        assert left == [], f"never asked for: {left}"
