# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real stores: a MongoDB-protocol server with authentication and Redis or Valkey with a password."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pymongo
import redis

MONGO_USER = "contract"
MONGO_PASSWORD = "contract-mongo-pw"
REDIS_PASSWORD = "contract-redis-pw"


def wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path, seconds: float = 30) -> None:
    """Return when something listens on 127.0.0.1:port; raise RuntimeError with the log if the process ends first."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}: {log.read_text(errors='replace')[-2000:]}")


class Store:
    """A server process with a port and a directory of its own."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory = directory
        self.port = port
        self.log = directory / "log"
        self.process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True)

    def command(self) -> list[str]:
        """Arguments that start the server in the foreground."""
        raise NotImplementedError

    def start(self) -> None:
        """Start the server and wait until it listens."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=self.directory, stdout=log, stderr=log)
        wait_for_port(self.port, self.process, self.log)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the server."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """End the server at once, as a power cut would; it may be started again."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


class Mongo(Store):
    """FerretDB on SQLite; the first start makes the user that all URIs name."""

    def __init__(self, directory: Path, port: int, program: Path) -> None:
        super().__init__(directory, port)
        self.program = program

    def command(self) -> list[str]:
        """Arguments of FerretDB 1.24.2 with the authentication that a production store has."""
        data = self.directory / "data"
        data.mkdir(exist_ok=True)
        return [
            str(self.program),
            "--handler=sqlite",
            f"--sqlite-url=file:{data}/",
            f"--listen-addr=127.0.0.1:{self.port}",
            "--debug-addr=-",
            "--telemetry=disable",
            "--log-level=error",
            f"--state-dir={self.directory}",
            "--test-enable-new-auth",
            "--setup-database=admin",
            f"--setup-username={MONGO_USER}",
            f"--setup-password={MONGO_PASSWORD}",
        ]

    def uri(self, options: str = "") -> str:
        """Connection string of the test user; options are appended to the query."""
        return f"mongodb://{MONGO_USER}:{MONGO_PASSWORD}@127.0.0.1:{self.port}/?authSource=admin{options}"

    def client(self) -> pymongo.MongoClient[dict[str, object]]:
        """A client for looking at what the program stored."""
        return pymongo.MongoClient(self.uri(), serverSelectionTimeoutMS=5000)


class Redis(Store):
    """redis-server or valkey-server, whichever is on PATH, without persistence."""

    def command(self) -> list[str]:
        """Arguments of the server; raise RuntimeError when neither program is installed."""
        program = shutil.which("valkey-server") or shutil.which("redis-server")
        if program is None:
            raise RuntimeError("neither valkey-server nor redis-server is on PATH")
        return [
            program,
            *("--port", str(self.port), "--bind", "127.0.0.1", "--requirepass", REDIS_PASSWORD),
            *("--save", "", "--appendonly", "no", "--dir", str(self.directory)),
        ]

    def uri(self) -> str:
        """URI as controller.yml needs it: upstream refuses the scheme valkey://."""
        return f"redis://:{REDIS_PASSWORD}@127.0.0.1:{self.port}"

    def client(self) -> redis.Redis:
        """A client for looking at the keys the program made."""
        return redis.Redis(port=self.port, password=REDIS_PASSWORD, decode_responses=True)
