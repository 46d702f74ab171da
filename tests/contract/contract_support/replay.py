# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replay of recorded exchanges in their order, each judged by itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import exchange, recordings
from .matching import NO_BODY_RECORDED, Bindings
from .program import Controller
from .site import Site
from .stores import Mongo, Redis

# The headers that the recorder kept.
KEPT_HEADERS = ("content-type", "retry-after", "location", "vary", "x-request-id", "x-correlation-id", "x-trace-id")
CORS_HEADERS = "access-control-"


@dataclass(frozen=True)
class Step:
    """What a recording does not say about one of its items.

    before: what happened unrecorded just before it; token: which token stands for <JWT>; save: name under which
    the token of the answer is kept; values: meaning of placeholders in this request only; check: for a note,
    function(replay, note) that raises AssertionError.
    """

    before: Callable[[Replay], object] | None = None
    token: str = ""
    save: str = ""
    values: dict[str, str] | Callable[[Replay], dict[str, str]] = field(default_factory=dict)
    check: Callable[[Replay, str], object] | None = None
    after: Callable[[Replay], object] | None = None


@dataclass
class Replay:
    """One controller with stores of its own, and what the exchanges so far brought."""

    site: Site
    controller: Controller
    mongo: Mongo
    redis: Redis
    bindings: Bindings = field(default_factory=Bindings)
    tokens: dict[str, str] = field(default_factory=dict)
    token: str = "admin"
    answer: exchange.Answer | None = None
    memory: dict[str, Any] = field(default_factory=dict)
    kept_headers: tuple[str, ...] = KEPT_HEADERS

    def run(
        self, name: str, plan: dict[int, Step], adapt: Callable[[dict[str, Any]], dict[str, Any]] = dict
    ) -> dict[str, list[str]]:
        """Replay a recording and return the differences by entry id; `adapt` gives an item the form of api/."""
        results: dict[str, list[str]] = {}
        for entry_id, recorded in recordings.replayed(name).items():
            item = adapt(recorded)
            step = plan.get(int(entry_id.rpartition("#")[2]), Step())
            try:
                if step.before is not None:
                    step.before(self)
                if "note" in item:
                    assert step.check is not None, "a note without a check; list it in uncovered.yml"
                    step.check(self, item["note"])
                    results[entry_id] = []
                else:
                    results[entry_id] = self.exchange(item, step)
                if step.after is not None:
                    step.after(self)
            except Exception as error:  # noqa: BLE001 - reported as the entry's difference
                results[entry_id] = [f"{type(error).__name__}: {error}"]
        return results

    def exchange(self, item: dict[str, Any], step: Step) -> list[str]:
        """Send one recorded request and compare the answer."""
        request, recorded = item["request"], item["response"]
        values = step.values(self) if callable(step.values) else step.values
        fixed = {**self.bindings.values, **values}
        token = self.tokens.get(step.token or self.token)
        if token is not None:
            fixed.setdefault("JWT", token)
        asking = Bindings(fixed, self.bindings.literals, self.bindings.captured)
        source = request.get("from")
        self.answer = exchange.send(
            self.controller.port,
            request["method"],
            asking.fill(request["path"]),
            headers={name: asking.fill(value) for name, value in (request.get("headers") or {}).items()},
            body=None if request.get("body") is None else asking.fill(request["body"]),
            host="127.0.0.1" if not source or source.startswith("127.") else "10.99.0.1",
            source=source,
        )
        differences = self.judge(recorded)
        if step.save:
            self.tokens[step.save] = self.bindings.captured["JWT"]
        return differences

    def judge(self, recorded: dict[str, Any]) -> list[str]:
        """Compare the last answer with a recorded one: status, kept headers, body."""
        answer = self.answer
        assert answer is not None
        found = []
        if answer.status != recorded["status"]:
            found.append(f"status {answer.status}, recorded {recorded['status']}: {answer.text[:300]}")
        headers = {name.lower(): value for name, value in recorded["headers"]}
        present = {n: v for n, v in answer.headers.items() if n in self.kept_headers or n.startswith(CORS_HEADERS)}
        found += [f"header {name} is missing" for name in headers.keys() - present.keys()]
        found += [f"header {name} is not in the recording" for name in present.keys() - headers.keys()]
        for name in headers.keys() & present.keys():
            if name == "retry-after" and headers[name] != "60":  # seconds that a lock still has
                same = present[name].isdigit() and 0 < int(present[name]) <= 900
            else:
                same = self.bindings.match_text(headers[name], present[name])
            if not same:
                found.append(f"header {name} is {present[name]!r}, recorded {headers[name]!r}")
        return found + self._judge_body(recorded["body"] or "", answer.text)

    def _judge_body(self, recorded: str, present: str) -> list[str]:
        if NO_BODY_RECORDED.fullmatch(recorded):
            return []
        try:
            expected = json.loads(recorded)
        except ValueError:
            return [] if self.bindings.match_text(recorded, present) else [f"body {present!r}, recorded {recorded!r}"]
        try:
            actual = json.loads(present)
        except ValueError:
            return [f"body {present!r} is not JSON, recorded {recorded!r}"]
        return self.bindings.differences(expected, actual)


def start(site: Site, name: str, *changes: dict[str, Any]) -> Replay:
    """A controller with the configuration of the API recordings and stores of its own, ready."""
    mongo, redis = site.new_mongo(), site.new_redis()
    controller = site.controller(name)
    ports = {block: {"port": site.port()} for block in ("http", "grpc", "raft")}
    controller.write_config(site.config(ports, *changes, mongo=mongo, redis=redis))
    controller.start_ready()
    return Replay(site, controller, mongo, redis)


def login_with_bootstrap_password(replay: Replay) -> None:
    """Keep the password that the first start left as ADMIN_PASSWORD and its token as "admin"."""
    password = replay.controller.bootstrap_password()
    replay.bindings.values["ADMIN_PASSWORD"] = password
    replay.tokens["admin"] = replay.controller.login("admin", password, source="127.9.9.9")


def _unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(secret: str, *, subject: str = "admin", role: str = "ADMIN", lifetime: int = 3600) -> str:
    """A token as the controller itself would issue it, from its secret (standard Base64)."""
    key = base64.b64decode(secret + "=" * (-len(secret) % 4))
    name, digest = ("HS256", hashlib.sha256) if len(key) < 48 else ("HS384", hashlib.sha384)
    now = int(time.time())
    claims = {"sub": subject, "role": role, "jti": str(uuid.uuid4()), "iat": now - 7200, "exp": now + lifetime}
    head = _unpadded(json.dumps({"alg": name}).encode()) + "." + _unpadded(json.dumps(claims).encode())
    return head + "." + _unpadded(hmac.new(key, head.encode(), digest).digest())


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token, its signature unchecked."""
    header, claims, _ = token.split(".")
    return _decoded(header), _decoded(claims)


def _decoded(part: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return data
