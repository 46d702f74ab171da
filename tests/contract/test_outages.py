# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller answers, and how late, while Redis or MongoDB hang or are gone: api/06-*.

The recordings tell it in notes of the form "Redis killed GET me (asked at 2 s): 200 after 17.2 s BODY". The outages
here are shorter where the answer comes when the store is back, and as long where a time limit of 30 or 60 s decides.
"""

from __future__ import annotations

import json
import re
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException

import pytest
from contract_support import recordings
from contract_support.exchange import Answer
from contract_support.matching import Bindings, agree
from contract_support.program import Controller
from contract_support.replay import Replay, Step, login_with_bootstrap_password, sign, start
from contract_support.site import JWT_SECRET, Site, controller_ports
from contract_support.stores import Store

FILE = "api/06-health-outage.json"
GONE_FILE = "api/06-redis-gone-80s.json"
NOTE = re.compile(
    r"(?:(?P<outage>(?:Redis|MongoDB) (?:SIGSTOP|killed)) )?(?P<call>[a-zA-Z][\w /()]*?) "
    r"\(asked at (?P<asked>[\d.]+) s\): (?P<status>\d+) after (?P<after>[\d.]+) s (?P<body>.*)"
)
PATHS = {
    "ready": "/ready",
    "health": "/health",
    "metrics": "/metrics",
    "GET me": "/api/v1/auth/me",
    "GET /api/v1/auth/me": "/api/v1/auth/me",
    "GET users": "/api/v1/users",
    "version (no token)": "/api/v1/system/version",
}


@dataclass(frozen=True)
class Timed:
    """An answer, and how many seconds it took."""

    answer: Answer | None
    seconds: float


def timed(call: Callable[[], Answer], into: dict[str, Timed], name: str) -> threading.Thread:
    """Make a call on a thread of its own."""

    def run() -> None:
        begun = time.monotonic()
        try:
            answer: Answer | None = call()
        except (OSError, HTTPException):
            answer = None
        into[name] = Timed(answer, time.monotonic() - begun)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def calls(controller: Controller, token: str, password: str) -> dict[str, Callable[[], Answer]]:
    """The calls of the recordings by their names there, each from an address of its own."""

    def get(path: str, bearer: str | None, source: str) -> Callable[[], Answer]:
        return lambda: controller.send("GET", path, token=bearer, source=source, timeout=180)

    made = {
        name: get(path, token if path.startswith("/api/v1/") and "version" not in path else None, f"127.6.1.{number}")
        for number, (name, path) in enumerate(PATHS.items(), 1)
    }
    role = {"name": f"R{time.monotonic_ns()}"}
    login = {"username": "admin", "password": password}
    made["create role"] = lambda: controller.send("POST", "/api/v1/roles", json=role, token=token, timeout=180)
    made["login"] = lambda: controller.send("POST", "/api/v1/auth/login", json=login, source="127.6.1.50", timeout=180)
    return made


def outage(replay: Replay, name: str) -> dict[str, Timed]:
    """Take a store away, ask everything, bring it back; the answers by call, the seconds of the outage as "outage"."""
    store: Store = replay.redis if name.startswith("Redis") else replay.mongo
    hangs = name.endswith("SIGSTOP")
    # The driver gives up on a killed MongoDB after 30 s, which the answers tell; the others wait for the store.
    seconds = 36 if name == "MongoDB killed" else 9
    answers: dict[str, Timed] = {}
    if hangs:
        store.send(signal.SIGSTOP)
    else:
        store.kill()
    begun = time.monotonic()
    time.sleep(1)
    asked = calls(replay.controller, replay.tokens["admin"], replay.bindings.values["ADMIN_PASSWORD"])
    threads = [timed(call, answers, call_name) for call_name, call in asked.items()]
    time.sleep(max(0.0, begun + seconds - time.monotonic()))
    if hangs:
        store.send(signal.SIGCONT)
    else:
        store.start()
    for thread in threads:
        thread.join(180)
    answers["outage"] = Timed(None, seconds - 1)
    back = time.monotonic()
    while replay.controller.send("GET", "/ready", timeout=60).status != 200:
        assert time.monotonic() - back < 60, f"{name}: not ready again"
        time.sleep(0.5)
    return answers


def judge(note: str, answers: dict[str, Timed]) -> None:
    """Compare one call of an outage with its note: status, body as far as recorded, and what it waited for."""
    found = NOTE.fullmatch(note)
    assert found is not None, note
    present = answers[found["call"]]
    assert present.answer is not None, f"no answer after {present.seconds} s"
    recorded_seconds = float(found["after"])
    if recorded_seconds < 1:
        assert present.seconds < 3
    elif 29 < recorded_seconds < 31 or 59 < recorded_seconds < 61:
        assert present.seconds < recorded_seconds + 8
        # a second probe of the same store may get the verdict at once
        assert present.seconds > recorded_seconds - 8 or found["call"] == "health"
    else:  # until the store is back
        assert present.seconds > answers["outage"].seconds - 1
    assert present.answer.status == int(found["status"]), present.answer
    try:
        expected = json.loads(found["body"])
    except ValueError:  # cut by the recorder
        return
    if isinstance(expected, dict) and "name" not in expected:
        agree(Bindings().differences(expected, present.answer.json()))


def begins(replay: Replay, note: str) -> None:
    """NAME: down at ...; controller process alive: True"""
    name = note.partition(":")[0]
    assert note.endswith("controller process alive: True")
    replay.memory[name] = outage(replay, name)
    assert replay.controller.process is not None and replay.controller.process.poll() is None


def polls(replay: Replay, note: str) -> None:
    """NAME /ready polls [...]: a probe sent during the outage has the recorded status, and waited."""
    name = note.partition(" /ready polls")[0]
    during = [(float(took), int(status)) for took, status in re.findall(r"\+([\d.]+) (\d{3}) ", note)]
    status = next(status for took, status in during if took > 5)
    answers = replay.memory[name]
    assert answers["ready"].answer.status == status
    assert answers["ready"].seconds > min(answers["outage"].seconds - 1, 29)


def call(replay: Replay, note: str) -> None:
    """NAME CALL (asked at ...): STATUS after SECONDS BODY"""
    found = NOTE.fullmatch(note)
    assert found is not None, note
    judge(note, replay.memory[found["outage"]])


def refused(without: str) -> Callable[[Replay, str], None]:
    """start without STORE: exit 1 after N s; last log lines: TEXT"""

    def check(replay: Replay, note: str) -> None:
        site = replay.site
        change = {
            "Redis": {"redis": {"uri": f"redis://:x@127.0.0.1:{site.port()}"}},
            "MongoDB": {"database": {"uri": f"mongodb://127.0.0.1:{site.port()}/?serverSelectionTimeoutMS=3000"}},
        }[without]
        controller = site.controller(f"without-{without}")
        controller.write_config(site.config(controller_ports(site), change))
        assert note.startswith(f"start without {without}: exit 1 ")
        assert controller.start() == 1
        text = note.partition("PrexorCloudBootstrap - ")[2]
        words = re.split(r"127\.0\.0\.1|:\d+", text)[0]
        assert words in controller.log()

    return check


def run(site: Site) -> dict[str, list[str]]:
    """All of 06-health-outage on one controller, whose stores come and go."""
    replay = start(site, "outage")
    login_with_bootstrap_password(replay)
    config = replay.controller.read_config()
    ports = {block: config[block]["port"] for block in ("http", "grpc", "raft")}
    replay.bindings.literals |= {"mongodb://127.0.0.1:22016/prexorcloud": config["database"]["uri"]}
    replay.memory["ports"] = ports
    notes = {16, 24, 32, 40}
    plan = {
        **dict.fromkeys(range(18, 48), Step(check=call)),
        **dict.fromkeys(notes, Step(check=begins)),
        **{number + 1: Step(check=polls) for number in notes},
        49: Step(check=refused("Redis")),
        50: Step(check=refused("MongoDB")),
    }
    return replay.run(FILE, plan)


@pytest.mark.parametrize("entry", recordings.replayed(FILE))
@pytest.mark.ahead(run, key=FILE, seconds=120)
def test_outage(entry: str, outcome: dict[str, list[str]]) -> None:
    """The answer, its time and the fate of the process are as recorded."""
    agree(outcome[entry])


def run_gone(site: Site) -> dict[str, Timed]:
    """Redis away for longer than the 60 s that the controller waits for it."""
    replay = start(site, "gone")
    login_with_bootstrap_password(replay)
    replay.tokens["admin"] = sign(JWT_SECRET)
    answers: dict[str, Timed] = {}
    asked = calls(replay.controller, replay.tokens["admin"], replay.bindings.values["ADMIN_PASSWORD"])
    answers["ready before"] = Timed(asked["ready"](), 0)
    replay.redis.kill()
    time.sleep(0.5)
    threads = [timed(asked[name], answers, name) for name in ("health", "metrics", "version (no token)")]
    for thread in threads:
        thread.join(120)
    assert replay.controller.process is not None
    answers["alive"] = Timed(None, 0 if replay.controller.process.poll() is None else 1)
    replay.redis.start()
    replay.controller.kill()
    answers["outage"] = Timed(None, 80)
    return answers


@pytest.mark.parametrize("entry", recordings.replayed(GONE_FILE))
@pytest.mark.ahead(run_gone, key=GONE_FILE, seconds=110)
def test_gone(entry: str, outcome: dict[str, Timed]) -> None:
    """Calls wait 60 s for Redis, then answer as recorded."""
    note = recordings.entries(GONE_FILE)[entry]["note"]
    if note.startswith("controller process alive"):
        assert note.endswith(str(outcome["alive"].seconds == 0))
    else:
        judge(note, outcome)
