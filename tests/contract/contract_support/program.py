# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs under test as child processes: start, readiness, signals, log, and the files they leave."""

from __future__ import annotations

import copy
import itertools
import json
import os
import re
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

import yaml

from . import exchange

JVM_FLAGS = [
    "-Xms32m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # a start is short: compiling it well costs more than it gains
    "-XX:-UsePerfData",
    "--enable-preview",
    "-Dio.netty.noUnsafe=true",
]
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
START_SECONDS = 120
SERVICE_ID = 21000  # the unprivileged user of the recordings
READY = "ready"


class StartSlots:
    """Lets two programs burn CPU at a time. One that waits longer than its start takes gives its slot back."""

    BUSY_SECONDS = 12

    def __init__(self, count: int) -> None:
        self._slots = threading.Semaphore(count)

    def take(self) -> _Slot:
        """Wait for a slot and return it."""
        self._slots.acquire()
        return _Slot(self._slots, time.monotonic() + self.BUSY_SECONDS)


@dataclass
class _Slot:
    slots: threading.Semaphore
    until: float
    held: bool = True

    def release(self, *, when_late: bool = False) -> None:
        if self.held and (not when_late or time.monotonic() > self.until):
            self.held = False
            self.slots.release()


@dataclass
class Program:
    """A JAR run in its working directory. `user` drops root, so that file permissions mean something."""

    java: str
    jar: Path
    directory: Path
    slots: StartSlots
    user: int | None = None
    umask: int = 0o022
    jvm: list[str] = field(default_factory=list)
    archive: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    @property
    def config_file(self) -> Path:
        """The program's configuration file."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Whether the program answers that it is ready."""
        raise NotImplementedError

    def forget(self) -> None:
        """Drop what was learnt about the start before."""

    def write_config(self, config: dict[str, Any]) -> None:
        """Write the configuration as plain YAML, owner and mode kept if the file exists."""
        self.config_file.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=1000))

    def read_config(self) -> Any:
        """Parse the configuration file as it is now."""
        return yaml.safe_load(self.config_file.read_text())

    def launch(self) -> None:
        """Start the process; each start has its own log, beside the working directory."""
        assert self.process is None or self.process.poll() is not None
        self.starts += 1
        self.forget()
        archive = [f"-XX:SharedArchiveFile={self.archive}"] if self.archive else []
        command = [self.java, *JVM_FLAGS, *archive, *self.jvm, "-jar", str(self.jar)]
        ids: dict[str, Any] = {}
        if self.user is not None:
            ids = {"user": self.user, "group": self.user, "extra_groups": []}
        with self._log_file(self.starts).open("wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
                umask=self.umask,
                **ids,
            )

    def start(self, seconds: float = START_SECONDS) -> str | int:
        """Start and wait: "ready", or the exit code. Raise TimeoutError when neither comes in time."""
        slot = self.slots.take()
        try:
            self.launch()
            assert self.process is not None
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                code = self.process.poll()
                if code is not None:
                    return code
                if self.is_ready():
                    return READY
                slot.release(when_late=True)
                time.sleep(0.1)
        finally:
            slot.release()
        raise TimeoutError(f"neither ready nor ended after {seconds} s: {self.log()[-3000:]}")

    def start_ready(self) -> None:
        """Start; raise AssertionError with the log when the program ends instead."""
        result = self.start()
        assert result == READY, f"exit code {result}: {self.log()[-3000:]}"

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 60) -> int:
        """Send a signal and return the exit code as a shell would see it (128 + signal where the signal ended it)."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(seconds)
        return code if code >= 0 else 128 - code

    def kill(self) -> None:
        """Make sure that nothing is left running."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _log_file(self, number: int) -> Path:
        return self.directory.with_name(f"{self.directory.name}.{number}.log")

    def log(self) -> str:
        """Everything the last start wrote to its standard output and error, without colours."""
        return COLOUR.sub("", self._log_file(self.starts).read_text(errors="replace")) if self.starts else ""

    def snapshot(self) -> dict[str, tuple[int, int, int]]:
        """Every file below the working directory with what tells that it was written: time, size and inode."""
        return {
            str(path.relative_to(self.directory)): (path.stat().st_mtime_ns, path.stat().st_size, path.stat().st_ino)
            for path in sorted(self.directory.rglob("*"))
            if path.is_file() and not path.is_symlink()
        }


@dataclass
class Controller(Program):
    """The controller.

    It is ready when it says so in its log: without Redis /ready stays 503, and it may answer 200 before the
    start is over. Where a log level hides the line, /ready has to answer 200 for a while.
    """

    SETTLED_SECONDS = 4
    answers_since: float | None = None

    @property
    def config_file(self) -> Path:
        """config/controller.yml, relative to the working directory."""
        return self.directory / "config" / "controller.yml"

    @property
    def port(self) -> int:
        """HTTP port the present file leads to (the default for 0, negative, absent or unreadable values)."""
        try:
            port = int(next(yaml.safe_load_all(self.config_file.read_text()))["http"]["port"])
        except (yaml.YAMLError, OSError, KeyError, TypeError, ValueError, StopIteration):
            return 8080
        return port if 0 < port < 65536 else 8080

    def is_ready(self) -> bool:
        """Whether the log has the ready line, or GET /ready has answered 200 for some seconds."""
        if "Controller ready - REST" in self.log():
            return True
        try:
            answers = exchange.send(self.port, "GET", "/ready", timeout=10).status == 200
        except (OSError, HTTPException):
            answers = False
        self.answers_since = (self.answers_since or time.monotonic()) if answers else None
        return self.answers_since is not None and time.monotonic() - self.answers_since > self.SETTLED_SECONDS

    def forget(self) -> None:
        """Drop what was learnt about the start before."""
        self.answers_since = None

    def send(self, method: str, path: str, **parts: Any) -> exchange.Answer:
        """Send a request; `json` is a body to serialise, `token` a bearer token, the rest as exchange.send."""
        headers = dict(parts.pop("headers", {}))
        if "json" in parts:
            parts["body"] = json.dumps(parts.pop("json"))
            headers["Content-Type"] = "application/json"
        token = parts.pop("token", None)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return exchange.send(self.port, method, path, headers=headers, **parts)

    def bootstrap_password(self) -> str:
        """Content of the file that a first start leaves."""
        return (self.directory / "config" / ".initial-admin-password").read_text()

    def login(self, username: str, password: str, source: str | None = None) -> str:
        """Log in and return the token; raise AssertionError when the controller refuses.

        Each login comes from an address of its own, since one address may log in ten times a minute only.
        """
        source = source or next(FRESH_SOURCES)
        answer = self.send(
            "POST", "/api/v1/auth/login", json={"username": username, "password": password}, source=source
        )
        assert answer.status == 200, f"login of {username}: {answer}"
        token = answer.json()["token"]
        assert isinstance(token, str)
        return token


@dataclass
class Daemon(Program):
    """The daemon. Readiness is its own /ready, which tells that it is connected."""

    @property
    def config_file(self) -> Path:
        """config/daemon.yml, relative to the working directory."""
        return self.directory / "config" / "daemon.yml"

    def health(self, path: str) -> exchange.Answer:
        """Ask the health server for /health or /ready; raise OSError when it does not listen."""
        return exchange.send(int(self.read_config()["health"]["port"]), "GET", path, timeout=10)

    def is_ready(self) -> bool:
        """Whether GET /ready answers 200."""
        try:
            return self.health("/ready").status == 200
        except (OSError, HTTPException, KeyError, TypeError, yaml.YAMLError):
            return False


def merge(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """`change` merged into a copy of `base`; the text <absent> removes a key (head of refusals.yml)."""
    result = copy.deepcopy(base)
    for key, value in change.items():
        if value == "<absent>":
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], value)
        elif isinstance(value, dict):
            result[key] = merge({}, value)
        else:
            result[key] = value
    return result


def eventually(condition: Any, seconds: float, what: str) -> None:
    """Ask `condition` twice a second until it is true; raise AssertionError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.5)


FRESH_SOURCES = (f"127.200.{n // 250}.{n % 250 + 1}" for n in itertools.count())
LOG_LINE = re.compile(r"\[(?P<thread>[^\]]+)\] (?P<level>TRACE|DEBUG|INFO|WARN|ERROR) +(?P<logger>\S+) - (?P<text>.*)$")
