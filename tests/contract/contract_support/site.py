# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the programs of one test run live: directories, ports, stores, addresses."""

from __future__ import annotations

import base64
import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from .program import SERVICE_ID, Controller, Daemon, Program, StartSlots, merge
from .stores import Mongo, Redis, Store

JWT_SECRET = base64.b64encode(b"0123456789abcdef" * 3).decode()
ADMIN_PASSWORD = "Contract-12345"
# The addresses of the recordings, added to the loopback interface: callers that are not loopback.
ADDRESSES = tuple(f"10.99.0.{n}" for n in range(1, 7))


def required(name: str) -> str:
    """An environment variable the run cannot do without; raise RuntimeError naming it."""
    value = os.environ.get(name)
    if not value:
        raise RuntimeError(f"set {name}; tests/contract/README.md says to what")
    return value


def controller_ports(site: Site) -> dict[str, Any]:
    """Ports of one controller, to be merged into its configuration."""
    return {block: {"port": site.port()} for block in ("http", "grpc", "raft")}


class Site:
    """Everything the tests of one run share. close() ends every process and removes every file."""

    def __init__(self) -> None:
        self.java = os.environ.get("PREXORCLOUD_JAVA", "java")
        controller_jar = Path(required("PREXORCLOUD_CONTROLLER_JAR"))
        daemon_jar = Path(required("PREXORCLOUD_DAEMON_JAR"))
        self.ferretdb = Path(required("PREXORCLOUD_FERRETDB")).resolve()
        if os.geteuid() != 0:
            raise RuntimeError("the contract tests start programs as other users and therefore run as root")
        self.slots = StartSlots(2)
        self.root = Path(tempfile.mkdtemp(prefix="prexorcloud-contract-"))
        self.root.chmod(0o711)
        # Copies: readable for the service user, and the same to the end if someone builds meanwhile.
        self.controller_jar = Path(shutil.copy(controller_jar, self.root / "cloud-controller.jar"))
        self.daemon_jar = Path(shutil.copy(daemon_jar, self.root / "cloud-daemon.jar"))
        for jar in (self.controller_jar, self.daemon_jar):
            jar.chmod(0o644)
        self._names = itertools.count(1)
        self._ports = itertools.count(21100)
        self._lock = threading.Lock()
        self._open: list[Store | Program] = []
        self._added: list[str] = []
        self._add_addresses()
        self.mongo = self.new_mongo()
        self.redis = self.new_redis()
        self.archive: Path | None = None
        self.archive = self._archive_classes()

    def _add_addresses(self) -> None:
        for address in ADDRESSES:
            done = subprocess.run(
                ["ip", "address", "add", f"{address}/32", "dev", "lo"], capture_output=True, text=True, check=False
            )
            if done.returncode == 0:
                self._added.append(address)
            elif "exists" not in done.stderr and "assigned" not in done.stderr:
                raise RuntimeError(f"cannot add {address} to lo (see tests/contract/README.md): {done.stderr.strip()}")
        for port in (6379, 8080, 27017):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    raise RuntimeError(f"port {port} is taken, but the program's defaults are part of the contract")

    def _archive_classes(self) -> Path:
        """One start that leaves the JVM's class archive, which makes all later ones a third cheaper."""
        archive = self.root / "controller.jsa"
        controller = self.controller("archive")
        controller.jvm = [f"-XX:ArchiveClassesAtExit={archive}"]
        controller.write_config(self.config(controller_ports(self)))
        controller.start_ready()
        controller.stop(seconds=120)
        archive.chmod(0o644)
        return archive

    def config(
        self, *changes: dict[str, Any], mongo: Mongo | None = None, redis: Redis | None = None
    ) -> dict[str, Any]:
        """The production configuration of the API recordings on stores of this site, `changes` merged into it."""
        config: dict[str, Any] = {
            "uuid": "0b0c6f3e-7f0e-4d59-9a8b-cccccccccccc",
            "http": {"host": "127.0.0.1", "cors": {"allowedOrigins": ["https://dash.example.com"]}},
            "grpc": {"host": "127.0.0.1"},
            "raft": {"host": "127.0.0.1"},
            "network": {"allowedSubnets": ["127.0.0.0/8"]},
            "runtime": {"profile": "production"},
            "database": {
                "uri": (mongo or self.mongo).uri(),
                "database": "prexorcloud" if mongo else self.database(),
            },
            "redis": {"uri": (redis or self.redis).uri()},
            "logging": {"level": "INFO", "format": "HUMAN"},
            "security": {
                "jwtSecret": JWT_SECRET,
                "jwtExpirationMinutes": 480,
                "rateLimiting": {"perIpPerMinute": 100000, "perUserPerMinute": 100000, "failOpenOnRedisError": False},
            },
            "modules": {"signing": {"required": False, "allowUnsignedDevelopment": False}},
            "metrics": {"enabled": True},
            "backup": {"directory": "backups", "retentionCount": 5},
        }
        for change in changes:
            config = merge(config, change)
        return config

    def port(self) -> int:
        """A port that nothing listens on and no other test uses."""
        with self._lock:
            while True:
                port = next(self._ports)
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) != 0:
                        return port

    def directory(self, name: str) -> Path:
        """A path for one program or store; nothing exists there yet."""
        with self._lock:
            return self.root / f"{next(self._names):03d}-{name}"

    def new_mongo(self) -> Mongo:
        """A MongoDB-protocol server of one's own, running."""
        mongo = Mongo(self.directory("mongo"), self.port(), self.ferretdb)
        self._begin(mongo)
        return mongo

    def new_redis(self) -> Redis:
        """A Redis or Valkey of one's own, running."""
        redis = Redis(self.directory("redis"), self.port())
        self._begin(redis)
        return redis

    def _begin(self, store: Store) -> None:
        with self._lock:
            self._open.append(store)
        store.start()

    def controller(self, name: str, *, user: int | None = None) -> Controller:
        """A controller with an empty working directory that holds config/ only."""
        directory = self.directory(name)
        (directory / "config").mkdir(parents=True)
        controller = Controller(self.java, self.controller_jar, directory, self.slots, user=user, archive=self.archive)
        self._adopt(controller)
        return controller

    def daemon(self, name: str) -> Daemon:
        """A daemon with an empty working directory that holds config/ only."""
        directory = self.directory(name)
        (directory / "config").mkdir(parents=True)
        daemon = Daemon(self.java, self.daemon_jar, directory, self.slots)
        self._adopt(daemon)
        return daemon

    def _adopt(self, program: Program) -> None:
        if program.user is not None:
            for path in (program.directory, program.directory / "config"):
                os.chown(path, SERVICE_ID, SERVICE_ID)
                path.chmod(0o750)
        with self._lock:
            self._open.append(program)

    def database(self) -> str:
        """A database name of one's own."""
        with self._lock:
            return f"contract{next(self._names)}"

    def close(self) -> None:
        """End every process, take the addresses back, remove every file."""
        for owned in reversed(self._open):
            owned.kill()
        for address in self._added:
            subprocess.run(["ip", "address", "del", f"{address}/32", "dev", "lo"], check=True)
        if os.environ.get("PREXORCLOUD_CONTRACT_KEEP") is None:
            shutil.rmtree(self.root)
        else:
            sys.stderr.write(f"kept: {self.root}\n")
