# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cluster, token and node calls of ha/rest-cluster-and-enrolment.json, with a daemon that connects and goes."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from contract_support import recordings
from contract_support.matching import agree
from contract_support.program import Daemon, eventually
from contract_support.replay import Replay, Step, start
from contract_support.site import Site
from test_cluster_config import OPERATOR, make_operator

FILE = "ha/rest-cluster-and-enrolment.json"


def adapt(item: dict[str, Any]) -> dict[str, Any]:
    """An item in the form of api/; `as` names the token."""
    headers = {"Accept": "application/json"}
    request = item["request"]
    if item["as"] is not None:
        headers["Authorization"] = f"Bearer <{item['as']}>"
    body = None if request["body"] is None else json.dumps(request["body"])
    if body is not None:
        headers["Content-Type"] = "application/json"
    answer = item["body"] if isinstance(item["body"], str) else json.dumps(item["body"])
    return {
        "request": {"method": request["method"], "path": request["path"], "headers": headers, "body": body},
        "response": {"status": item["status"], "headers": list(item["headers"].items()), "body": answer},
    }


def enrol(daemon: Daemon, answer: dict[str, str], host: str, port: int, health: int, node: str = "node-a") -> None:
    """Place the three files of an exchange and a daemon.yml without a token."""
    security = daemon.directory / "config" / "security"
    security.mkdir(mode=0o700)
    (security / "node.p12").write_bytes(base64.b64decode(answer["pkcs12Base64"]))
    (security / ".node-password").write_text(answer["pkcs12Password"] + "\n")
    (security / "ca.pem").write_text(answer["caCertificatePem"])
    daemon.write_config(
        {
            "nodeId": node,
            "controller": {"host": host, "grpcPort": port},
            "health": {"enabled": True, "bindAddress": "127.0.0.1", "port": health},
            "security": {"certificateDir": "config/security", "joinToken": ""},
            "reconnect": {"initialDelayMs": 500, "maxDelayMs": 1000},
            "logging": {"level": "INFO", "format": "HUMAN"},
        }
    )


def keep_exchange(replay: Replay) -> None:
    """The three files' contents."""
    assert replay.answer is not None
    replay.memory["files"] = replay.answer.json()


def connect(replay: Replay) -> None:
    """The daemon starts and connects."""
    daemon = replay.site.daemon("node-a")
    port = replay.controller.read_config()["grpc"]["port"]
    enrol(daemon, replay.memory["files"], "localhost", port, replay.site.port())
    daemon.start_ready()
    replay.memory["daemon"] = daemon


def disconnect(replay: Replay) -> None:
    """The daemon ends, and the controller notices at once."""
    assert replay.memory["daemon"].stop() == 143

    def offline() -> bool:
        nodes = replay.controller.send("GET", "/api/v1/nodes/node-a", token=replay.bindings.values["admin"])
        return bool(nodes.json()["status"] == "OFFLINE")

    eventually(offline, 10, "the node is OFFLINE")


def run(site: Site) -> dict[str, list[str]]:
    """The founder's part of the recording."""
    limits = {"perIpPerMinute": 60000, "perUserPerMinute": 60000, "failOpenOnRedisError": False}
    replay = start(
        site,
        "cluster",
        {
            "http": {"cors": "<absent>"},
            "network": {"allowedSubnets": ["10.23.0.0/24", "127.0.0.0/8"]},
            "security": {"rateLimiting": limits},
        },
    )
    controller = replay.controller
    replay.bindings.values["admin"] = controller.login("admin", controller.bootstrap_password())
    assert make_operator(controller, replay.bindings.values["admin"]) == (201, 201)
    replay.bindings.values["ops"] = controller.login(OPERATOR["username"], OPERATOR["password"])
    config = controller.read_config()
    replay.bindings.values["UUID-1"] = config["uuid"]
    replay.bindings.literals |= {
        "10.23.0.11:9190": f"127.0.0.1:{config['raft']['port']}",
        "10.23.0.21": "127.0.0.1",
    }
    replay.kept_headers = ("content-type",)
    plan = {
        32: Step(after=keep_exchange),
        37: Step(before=connect),
        42: Step(before=disconnect),
    }
    return replay.run(FILE, plan, adapt)


@pytest.mark.parametrize("entry", recordings.replayed(FILE))
@pytest.mark.ahead(run, key=FILE, seconds=30)
def test_exchange(entry: str, outcome: dict[str, list[str]]) -> None:
    """The answer equals its recording."""
    agree(outcome[entry])
