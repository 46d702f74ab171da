# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster_config against the file: CORS and JWT secrets through edits, POSTs and restarts."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from contract_support import recordings
from contract_support.exchange import Answer
from contract_support.matching import Bindings, agree
from contract_support.program import Controller
from contract_support.replay import parts, sign
from contract_support.site import Site, controller_ports
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, hmac

CORS_FILE = "config/cors-precedence.yml"
JWT_FILE = "config/jwt-rotation.yml"
OPERATOR = {"username": "ops", "password": "Ops-1234567", "role": "CLUSTER_OPS"}
ROLE = {"name": "CLUSTER_OPS", "permissions": ["cluster.view", "cluster.manage", "cluster.config.write"]}


def make_operator(controller: Controller, admin: str) -> tuple[int, int]:
    """The role and user that may write cluster_config; returns both statuses."""
    role = controller.send("POST", "/api/v1/roles", json=ROLE, token=admin)
    user = controller.send("POST", "/api/v1/users", json=OPERATOR, token=admin)
    return role.status, user.status


# --- CORS ----------------------------------------------------------------------------------------------------------

ORIGINS = {name: f"https://{name}.example.com" for name in ("dash", "new", "third")}


def origins(controller: Controller) -> dict[str, Any]:
    """How each origin is treated, in the form of the recording."""
    seen = {}
    for origin in ORIGINS.values():
        headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        preflight = controller.send("OPTIONS", "/api/v1/system/version", headers=headers)
        get = controller.send("GET", "/api/v1/system/version", headers={"Origin": origin})
        seen[origin] = {
            "preflight": preflight.status,
            "acao_preflight": preflight.headers.get("access-control-allow-origin"),
            "get": get.status,
            "acao_get": get.headers.get("access-control-allow-origin"),
        }
    return seen


def run_cors(site: Site) -> dict[str, list[str]]:
    """The consecutive steps on one controller."""
    controller = site.controller("cors")
    controller.write_config(site.config(controller_ports(site)))
    controller.start_ready()
    password = controller.bootstrap_password()
    admin = controller.login("admin", password)
    assert make_operator(controller, admin) == (201, 201)
    ops = controller.login(OPERATOR["username"], OPERATOR["password"])

    def restart() -> dict[str, Any]:
        assert controller.stop() == 143
        controller.start_ready()
        return origins(controller)

    def answered(answer: Answer) -> dict[str, Any]:
        return {"status": answer.status, "answer": answer.json(), "live": origins(controller)}

    def post(parent: int) -> Answer:
        patch = {"http": {"cors": {"allowedOrigins": [ORIGINS["new"]]}}}
        body = {"parentVersion": parent, "patch": patch, "reason": "test"}
        return controller.send("POST", "/api/v1/cluster/config", json=body, token=ops)

    seen: list[Any] = [origins(controller)]
    config = controller.read_config()
    config["http"]["cors"]["allowedOrigins"] = [ORIGINS["new"]]
    controller.write_config(config)
    seen.append(restart())
    body = {"action": "add", "origin": ORIGINS["third"]}
    patched = answered(controller.send("PATCH", "/api/v1/admin/cors/origins", json=body, token=admin))
    seen.append({**patched, "file": controller.read_config()["http"]["cors"]})
    seen.append(restart())
    seen.append(answered(post(1)))
    stale = post(1)
    seen.append([stale.status, stale.json()])
    seen.append(restart())
    recorded = recordings.entries(CORS_FILE)
    assert len(seen) == len(recorded)
    return {
        key: Bindings().differences(_parsed(expected), present)
        for (key, expected), present in zip(recorded.items(), seen)
    }


def _parsed(recorded: Any) -> Any:
    """A recorded step with its answer parsed."""
    if isinstance(recorded, list):
        return [recorded[0], json.loads(recorded[1])]
    return {key: json.loads(value) if key == "answer" else value for key, value in recorded.items()}


@pytest.mark.parametrize("entry", recordings.replayed(CORS_FILE))
@pytest.mark.ahead(run_cors, key=CORS_FILE, seconds=40)
def test_cors(entry: str, outcome: dict[str, list[str]]) -> None:
    """Origins are allowed, and the file looks, as recorded."""
    agree(outcome[entry])


# --- JWT -----------------------------------------------------------------------------------------------------------

SECRETS = {name: base64.b64encode(name.encode() * 48).decode() for name in "ABCD"}


class Rotation:
    """One controller through the recorded steps."""

    def __init__(self, site: Site) -> None:
        self.controller = site.controller("jwt")
        self.config = site.config(controller_ports(site), {"security": {"initialAdminPassword": "<absent>"}})
        self.site = site
        self.password = ""
        self.admin = ""
        self.bindings = Bindings(values=dict(SECRETS))

    def step(self, entry: dict[str, Any]) -> list[str]:
        """Do one step and compare; the kind of a step follows from its keys."""
        if "file" in entry:
            return self.restart(entry)
        if "request" in entry:
            return self.post(entry)
        return getattr(self, {"ADMIN role": "admin_role"}.get(entry["step"], "read"))(entry)  # type: ignore[no-any-return]

    def restart(self, entry: dict[str, Any]) -> list[str]:
        """Render the file, start or restart, see who signs and who is accepted."""
        if self.controller.process is not None:
            assert self.controller.stop() == 143
        file = entry["file"]
        security = self.config["security"]
        security["jwtSecret"] = SECRETS[file["jwtSecret"]]
        security["jwtPreviousSecrets"] = [SECRETS.get(name, name) for name in file["jwtPreviousSecrets"]]
        self.controller.write_config(self.config)
        self.controller.start_ready()
        if not self.password:
            self.password = self.controller.bootstrap_password()
        return self.judge(entry, self.controller.log())

    def post(self, entry: dict[str, Any]) -> list[str]:
        """POST cluster/config as the operator."""
        length = len(self.controller.log())
        body = json.loads(self.bindings.fill(json.dumps(entry["request"])))
        token = self.controller.login(OPERATOR["username"], OPERATOR["password"])
        answer = self.controller.send("POST", "/api/v1/cluster/config", json=body, token=token)
        found = [f"status {answer.status}"] * (answer.status != entry["status"])
        found += self.bindings.differences(json.loads(entry["answer"]), answer.json())
        return found + self.judge(entry, self.controller.log()[length:])

    def judge(self, entry: dict[str, Any], log: str) -> list[str]:
        """Signer, accepted tokens and log lines of a step."""
        self.admin = self.controller.login("admin", self.password)
        signer = f"{self.signer(self.admin)} ({parts(self.admin)[0]['alg']})"
        recorded = entry.get("signs_with", entry.get("signs_with_live"))
        found = [f"signs with {signer}, recorded {recorded}"] * (signer != recorded)
        for name, status in entry["tokens_accepted"].items():
            present = self.controller.send("GET", "/api/v1/auth/me", token=sign(SECRETS[name])).status
            found += [f"a token of {name} gets {present}, recorded {status}"] * (present != status)
        return found + [f"not logged: {line}" for line in entry["log"] if line not in log]

    @staticmethod
    def signer(token: str) -> str:
        """Name of the secret that signed a token."""
        head, _, signature = token.rpartition(".")
        for name, secret in SECRETS.items():
            mac = hmac.HMAC(base64.b64decode(secret), hashes.SHA384())
            mac.update(head.encode())
            try:
                mac.verify(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
            except InvalidSignature:
                continue
            return name
        return "none of them"

    def admin_role(self, entry: dict[str, Any]) -> list[str]:
        """The built-in role has no cluster permission."""
        answer = self.controller.send("GET", "/api/v1/roles/ADMIN", token=self.admin)
        permissions = answer.json()["permissions"]
        seen = {
            "step": entry["step"],
            "status": answer.status,
            "cluster_perms": [name for name in permissions if name.startswith("cluster.")],
            "n": len(permissions),
        }
        return self.bindings.differences(entry, seen)

    def read(self, entry: dict[str, Any]) -> list[str]:
        """Steps that read cluster/config, or make the operator."""
        if "role" in entry:
            role, user = make_operator(self.controller, self.admin)
            return self.bindings.differences(entry, {"step": entry["step"], "role": role, "user": user})
        if "status" in entry:
            answer = self.controller.send(
                "GET", "/api/v1/cluster/config", token=self.admin, headers={"Accept": "application/json"}
            )
            found = [f"status {answer.status}"] * (answer.status != entry["status"])
            return found + self.bindings.differences(json.loads(entry["body"]), answer.json())
        token = self.controller.login(OPERATOR["username"], OPERATOR["password"])
        query = "" if entry["step"] == "cluster config masked" else "?reveal=true"
        body = self.controller.send("GET", f"/api/v1/cluster/config{query}", token=token).json()
        if "v" in entry:
            body = {"jwtSecret": body["patch"]["security"]["jwtSecret"], "v": body["activeVersion"]}
            return self.bindings.differences({**entry["body"], "v": entry["v"]}, body)
        stores = {"mongodb://<MONGO>/": "uri", "<DB>": "database", "redis://:<REDISPW>@127.0.0.1:<REDISPORT>": "redis"}
        present = {
            "uri": self.config["database"]["uri"],
            "database": self.config["database"]["database"],
            "redis": self.config["redis"]["uri"],
        }
        text = json.dumps(entry["body"])
        for recorded, name in stores.items():
            text = text.replace(recorded, present[name])
        return self.bindings.differences(json.loads(text), body)


def run_jwt(site: Site) -> dict[str, list[str]]:
    """All steps on one controller."""
    rotation = Rotation(site)
    return {key: rotation.step(entry) for key, entry in recordings.entries(JWT_FILE).items()}


@pytest.mark.parametrize("entry", recordings.replayed(JWT_FILE))
@pytest.mark.ahead(run_jwt, key=JWT_FILE, seconds=100)
def test_jwt(entry: str, outcome: dict[str, list[str]]) -> None:
    """Signer, accepted tokens, answers and log lines are as recorded."""
    agree(outcome[entry])
