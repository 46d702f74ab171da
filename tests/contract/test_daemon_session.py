# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon's session with a controller: recordings daemon-01 to daemon-10 of the fact sheet's folder ha/.

They are prose, so nothing is replayed as data; each step names the recording it follows.
"""

from __future__ import annotations

import os
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from contract_support.program import Controller, Daemon, eventually
from contract_support.site import ADMIN_PASSWORD, Site, controller_ports
from test_cluster_api import enrol
from test_daemon_refusals import lines


class Pair:
    """A controller and one enrolled daemon that has not started yet."""

    def __init__(self, site: Site, name: str, host: str = "localhost") -> None:
        self.site = site
        self.controller: Controller = site.controller(f"{name}-controller")
        everywhere = {"http": {"host": "0.0.0.0"}, "grpc": {"host": "0.0.0.0"}}
        self.controller.write_config(
            site.config(
                controller_ports(site),
                everywhere,
                {"security": {"initialAdminPassword": ADMIN_PASSWORD}},
                redis=site.new_redis(),
            )
            | {"database": {"uri": site.mongo.uri(), "database": site.database()}}
        )
        self.controller.start_ready()
        self.token = self.controller.login("admin", ADMIN_PASSWORD)
        self.node = f"node-{name}"
        join = self.controller.send("POST", "/api/v1/admin/tokens", json={"nodeId": self.node}, token=self.token)
        body = {"joinToken": join.json()["token"], "nodeId": self.node}
        self.files: dict[str, str] = self.controller.send("POST", "/api/v1/bootstrap/exchange", json=body).json()
        self.daemon: Daemon = site.daemon(name)
        port = int(self.controller.read_config()["grpc"]["port"])
        enrol(self.daemon, self.files, host, port, site.port(), self.node)

    def status(self) -> str:
        """What the controller says of the node."""
        answer = self.controller.send("GET", f"/api/v1/nodes/{self.node}", token=self.token)
        return str(answer.json()["status"])

    def ready(self) -> bool:
        """Whether the daemon says that it is connected."""
        return self.daemon.is_ready()


def run_life(site: Site) -> dict[str, Any]:
    """daemon-10 (three files, newline after the password), -03, -05, -08b: connect, lose, come back, end."""
    pair = Pair(site, "life")
    daemon = pair.daemon
    before = daemon.config_file.read_bytes()
    daemon.start_ready()
    seen: dict[str, Any] = {
        "health": daemon.health("/health").json(),
        "ready": daemon.health("/ready").json(),
        "online": pair.status(),
        "controller": daemon.read_config()["controller"],
    }
    revoke = pair.controller.send("POST", f"/api/v1/nodes/{pair.node}/revoke-cert?ttlDays=1", json={}, token=pair.token)
    time.sleep(3)
    seen["live session after revoke"] = (revoke.status, pair.ready(), pair.status())
    pair.controller.send("POST", f"/api/v1/nodes/{pair.node}/unrevoke-cert", json={}, token=pair.token)
    seen["stop of the controller"] = pair.controller.stop()
    eventually(lambda: not pair.ready(), 30, "the daemon notices that the controller is gone")
    seen["alone health"] = (daemon.health("/health").status, daemon.health("/health").json()["connected"])
    seen["alone ready"] = (daemon.health("/ready").status, daemon.health("/ready").json()["status"])
    pair.controller.start_ready()
    eventually(pair.ready, 60, "the daemon is connected again")
    seen["exit code"] = daemon.stop()
    eventually(lambda: pair.status() == "OFFLINE", 10, "the controller sees the daemon go")
    daemon.start_ready()
    daemon.kill()  # daemon-05: kill -9
    eventually(lambda: pair.status() == "OFFLINE", 10, "the controller sees the killed daemon go")
    seen["unchanged"] = daemon.config_file.read_bytes() == before
    seen["log"] = daemon.log()
    seen["directories"] = sorted(
        str(p.relative_to(daemon.directory)) for p in daemon.directory.rglob("*") if p.is_dir() and p.name != "security"
    )
    pair.controller.kill()
    return seen


LIFE: dict[str, Callable[[dict[str, Any]], bool]] = {
    "health": lambda s: (
        s["health"]
        == {"status": "UP", "nodeId": "node-life", "connected": True, "instanceCount": 0, "controller": s["controller"]}
    ),
    "ready": lambda s: s["ready"] == {"status": "READY", "nodeId": "node-life", "connected": True, "instanceCount": 0},
    "the controller says ONLINE": lambda s: s["online"] == "ONLINE",
    "revoking leaves a live session alone": lambda s: s["live session after revoke"] == (200, True, "ONLINE"),
    "the controller stops with 143": lambda s: s["stop of the controller"] == 143,
    "alone it is healthy": lambda s: s["alone health"] == (200, False),
    "alone it is not ready": lambda s: s["alone ready"] == (503, "NOT_READY"),
    "it stops with 143": lambda s: s["exit code"] == 143,
    "it never writes daemon.yml": lambda s: s["unchanged"],
    "it makes its directories": lambda s: s["directories"] == ["config", "instances", "logs"],
    "it logs the connection": lambda s: "Connected to controller (handshake acknowledged)" in s["log"],
}


@pytest.mark.parametrize("step", LIFE)
@pytest.mark.ahead(run_life, key="daemon life", seconds=60)
def test_life(step: str, outcome: dict[str, Any]) -> None:
    """The step ends as recorded."""
    assert LIFE[step](outcome), {**outcome, "log": outcome["log"][-2000:]}


def run_never(site: Site) -> dict[str, tuple[int, int, str]]:
    """daemon-01 (name not in the certificate), -09 (wrong CA), -08 (revoked): alive, healthy, never ready."""
    pair = Pair(site, "never")
    other = Pair(site, "other")
    ca = pair.daemon.directory / "config" / "security" / "ca.pem"
    config = pair.daemon.read_config()
    seen = {}

    def tried(name: str) -> None:
        pair.daemon.launch()
        eventually(lambda: "Connection error" in pair.daemon.log(), 30, "the first attempt fails")
        time.sleep(3)
        seen[name] = (
            pair.daemon.health("/health").status,
            pair.daemon.health("/ready").status,
            pair.daemon.log(),
        )
        assert pair.daemon.stop() == 143

    pair.daemon.write_config({**config, "controller": {**config["controller"], "host": "10.99.0.1"}})
    tried("name")
    pair.daemon.write_config(config)
    ca.write_text(other.files["caCertificatePem"])
    tried("authority")
    ca.write_text(pair.files["caCertificatePem"])
    revoked = pair.controller.send(
        "POST", f"/api/v1/nodes/{pair.node}/revoke-cert?ttlDays=1", json={}, token=pair.token
    )
    assert revoked.status == 200, revoked
    tried("revoked")
    pair.controller.kill()
    other.controller.kill()
    return seen


@pytest.mark.parametrize(
    ("case", "status"),
    [
        ("name", "UNAVAILABLE: io exception"),
        ("authority", "UNAVAILABLE: io exception"),
        ("revoked", "UNAVAILABLE: ssl exception"),
    ],
)
@pytest.mark.ahead(run_never, key="daemon never connects", seconds=60)
def test_never_connects(case: str, status: str, outcome: dict[str, tuple[int, int, str]]) -> None:
    """All three look alike: /health 200, /ready 503, the same line over and over, no end."""
    health, ready, log = outcome[case]
    assert (health, ready) == (200, 503)
    assert log.count(f"DaemonGrpcClient - Connection error: {status}") >= 2
    assert "Attempting reconnection..." in log


def run_used_token(site: Site) -> tuple[int | str, str]:
    """daemon-10: no node.p12 and a used token in daemon.yml."""
    pair = Pair(site, "used")
    shutil.rmtree(pair.daemon.directory / "config" / "security")
    config = pair.daemon.read_config()
    pair.daemon.write_config({**config, "security": {**config["security"], "joinToken": "pxr_" + "0" * 32}})
    result = pair.daemon.start()
    pair.controller.kill()
    return result, pair.daemon.log()


@pytest.mark.ahead(run_used_token, seconds=20)
def test_used_token(outcome: tuple[int | str, str]) -> None:
    """A token that is not valid ends the start."""
    result, log = outcome
    assert result == 1
    refusal = "Failed to start PrexorCloud Daemon: UNAUTHENTICATED: Invalid or expired join token"
    assert ("ERROR", "PrexorDaemon", refusal) in lines(log)


def run_children(site: Site) -> dict[str, Any]:
    """Two instances, one of them a shell that tells how it was ended; then SIGTERM to the daemon alone."""
    pair = Pair(site, "children")
    instances = pair.daemon.directory / "instances"
    for name in ("lobby", "game"):
        (instances / name).mkdir(parents=True)
        (instances / name / "start").touch()
    pair.daemon.start_ready()
    eventually(lambda: pair.daemon.health("/health").json()["instanceCount"] == 2, 10, "both instances run")
    (instances / "game" / "start").unlink()
    eventually(lambda: pair.daemon.health("/health").json()["instanceCount"] == 1, 10, "one instance is stopped")
    code = pair.daemon.stop()
    pair.controller.kill()
    return {"code": code, **{name: (instances / name / "stopped").read_text() for name in ("lobby", "game")}}


def is_stand_in(jar: str) -> bool:
    """Whether a JAR is ours: the order file that starts an instance exists in no other daemon."""
    if not jar:
        return True
    with zipfile.ZipFile(Path(jar)) as archive:
        return any(name.startswith("org/prexorcloud/standin/") for name in archive.namelist())


@pytest.mark.skipif(
    not is_stand_in(os.environ.get("PREXORCLOUD_DAEMON_JAR", "")),
    reason="instances/NAME/start is the stand-in's own way to run a game server",
)
@pytest.mark.ahead(run_children, seconds=20)
def test_children(outcome: dict[str, Any]) -> None:
    """The daemon stops its children by their command, as upstream does, before any signal."""
    assert outcome == {"code": 143, "lobby": "command\n", "game": "command\n"}
