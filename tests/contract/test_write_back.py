# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller writes into its own controller.yml, and what happens where it may not."""

from __future__ import annotations

import json
import os
import re
import stat
from typing import Any

import pytest
import yaml
from contract_support import recordings
from contract_support.exchange import Answer
from contract_support.matching import Bindings, agree
from contract_support.program import SERVICE_ID, Controller
from contract_support.site import ADMIN_PASSWORD, JWT_SECRET, Site
from contract_support.stores import REDIS_PASSWORD

FILE = "config/write-back/answers.yml"
ENTRIES: dict[str, Any] = {key.partition("#")[2]: value for key, value in recordings.entries(FILE).items()}
UUID_IN_FILE = "0b0c6f3e-7f0e-4d59-9a8b-bbbbbbbbbbbb"
STARTS = [name for name in ENTRIES if name.startswith(("first-start", "effective"))]
WRITABLE = [name for name in ENTRIES if not name.startswith(("first-start", "effective", "readonly"))]
READONLY = [name for name in ENTRIES if name.startswith("readonly")]


class Case:
    """One controller run as its own user, with the recorded file in its place."""

    def __init__(self, site: Site, name: str, *, on_all_addresses: bool = False) -> None:
        self.on_all_addresses = on_all_addresses  # for callers that are not loopback; recorded with other means
        self.controller: Controller = site.controller(name, user=SERVICE_ID)
        self.texts = {
            "21060": str(site.port()),
            "21061": str(site.port()),
            "21062": str(site.port()),
            "mongodb://<MONGO>/": site.mongo.uri(),
            "<DB>": site.database(),
            "<REDISPW>": REDIS_PASSWORD,
            "<REDISPORT>": str(site.redis.port),
            "<ADMINPW>": ADMIN_PASSWORD,
        }
        self.token = ""

    def present(self, name: str) -> str:
        """A recorded file with present ports, stores and accounts."""
        text = recordings.text(f"config/write-back/{name}.yml")
        if self.on_all_addresses:
            text = re.sub(r'^  host: "?127\.0\.0\.1"?$', "  host: 0.0.0.0", text, count=1, flags=re.MULTILINE)
        for recorded, present in self.texts.items():
            text = text.replace(recorded, present)
        return text

    def render(self, name: str) -> None:
        """Put NAME.before.yml in place, over the same inode if there is one."""
        file = self.controller.config_file
        file.write_text(self.present(f"{name}.before").replace("<JWTSECRET>", JWT_SECRET))
        os.chown(file, SERVICE_ID, SERVICE_ID)
        file.chmod(0o640)

    def differences(self, name: str) -> list[str]:
        """Differences of the file from NAME.after.yml, both parsed."""
        expected = yaml.safe_load(self.present(f"{name}.after"))
        return Bindings().differences(expected, self.controller.read_config())

    def state(self) -> tuple[bytes, int, int, int, int]:
        """Content, inode, mode, owner and group of the file."""
        status = self.controller.config_file.stat()
        content = self.controller.config_file.read_bytes()
        return content, status.st_ino, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid

    def ask(self, request: list[Any], source: str | None = None) -> Answer:
        """Send a recorded [method, path, body] as admin."""
        return self.controller.send(
            request[0],
            request[1],
            json=request[2],
            token=self.token,
            source=source,
            host="10.99.0.1" if source else "127.0.0.1",
        )

    def join_token(self, node: str) -> str:
        """A token for the enrolment of a daemon."""
        answer = self.ask(["POST", "/api/v1/admin/tokens", {"nodeId": node}])
        assert answer.status == 201, answer
        return str(answer.json()["token"])

    def missing_log_lines(self, recorded: list[str]) -> list[str]:
        """The recorded lines of the program itself that its log does not have."""
        log = self.controller.log()
        wanted = [line.partition("] ")[2] for line in recorded if " PrexorCloudBootstrap - " in line]
        return [line for line in wanted if line not in log]


def run_start(site: Site, name: str) -> dict[str, Any]:
    """Start once with the recorded file."""
    case = Case(site, name)
    case.render("first-start-blank-jwtsecret" if name.startswith("first-start") else name)
    if name.endswith("-and-uuid"):
        file = case.controller.config_file
        file.write_text(file.read_text().replace(f'"{UUID_IN_FILE}"', '""'))
    before = case.state()
    result = case.controller.start()
    seen: dict[str, Any] = {"result": result, "missing": case.missing_log_lines(ENTRIES[name].get("log", []))}
    if result == "ready":
        seen["metrics"] = case.controller.send("GET", "/metrics").status
        assert case.controller.stop() == 143
        seen["differences"] = case.differences(name)
    else:
        seen["unchanged"] = case.state() == before
    seen["same"] = case.state()[1:] == before[1:]
    return seen


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.ahead(run_start, n, seconds=16)) for n in STARTS])
def test_start(name: str, outcome: dict[str, Any]) -> None:
    """A blank secret makes the controller write every effective value, over the same inode."""
    entry = ENTRIES[name]
    assert outcome["result"] == ("ready" if entry["start"][0] == "ready" else entry["start"][1])
    agree(outcome["missing"])
    assert outcome["same"]
    if outcome["result"] == "ready":
        agree(outcome["differences"])
        assert outcome["metrics"] == entry.get("metrics_status", 200)
    else:
        assert outcome["unchanged"]


def run_writable(site: Site) -> dict[str, list[str]]:
    """The API calls of answers.yml on one controller whose file is its own."""
    case = Case(site, "write-back", on_all_addresses=True)
    case.render("patch-cors-add")
    case.controller.start_ready()
    case.token = case.controller.login("admin", ADMIN_PASSWORD)
    return {name: _writable(case, name, ENTRIES[name]) for name in WRITABLE}


def _writable(case: Case, name: str, entry: Any) -> list[str]:
    if name == "listing-after-join-token":
        case.join_token("node-listing")
        path, mode, _ = entry[0]
        present = stat.S_IMODE((case.controller.directory / path).stat().st_mode)
        return [] if present == int(mode, 8) else [f"{path} has mode {present:o}"]
    if name == "restart-after-put-maintenance":
        case.controller.stop()
        result = case.controller.start()
        return [f"start: {result}"] * (result != entry["start"][1]) + case.missing_log_lines(entry["log"])
    has_pair = (recordings.ROOT / f"config/write-back/{name}.before.yml").exists()
    if has_pair:
        case.render(name)
    request, source = list(entry["request"]), None
    if name.startswith("daemon-join"):
        request[2] = {**request[2], "joinToken": case.join_token(request[2]["nodeId"])}
        source = "10.99.0.5" if name.endswith("new-address") else None
    before = case.state()
    answer = case.ask(request, source)
    after = case.state()
    found = [f"status {answer.status}: {answer.text}"] * (answer.status != entry["status"])
    found += Bindings().differences(json.loads(entry["answer"]), answer.json())
    found += [f"inode, mode or owner: {before[1:]} -> {after[1:]}"] * (before[1:] != after[1:])
    found += [f"file changed: {before[0] != after[0]}"] * ((before[0] != after[0]) != entry["file_changed"])
    return found + (case.differences(name) if has_pair else [])


@pytest.mark.parametrize("name", WRITABLE)
@pytest.mark.ahead(run_writable, key="write-back", seconds=40)
def test_call(name: str, outcome: dict[str, list[str]]) -> None:
    """The call answers, and leaves the file, as recorded."""
    agree(outcome[name])


def run_readonly(site: Site) -> dict[str, list[str]]:
    """The same calls where the file belongs to root."""
    case = Case(site, "readonly", on_all_addresses=True)
    case.render("patch-cors-add")
    os.chown(case.controller.config_file, 0, SERVICE_ID)
    case.controller.start_ready()
    case.token = case.controller.login("admin", ADMIN_PASSWORD)
    return {name: _readonly(case, name, ENTRIES[name]) for name in READONLY}


BODIES = {
    "readonly-patch-cors": {"action": "add", "origin": "https://new.example.com"},
    "readonly-patch-cors-again": {"action": "add", "origin": "https://new.example.com"},
    "readonly-patch-subnets": {"action": "add", "cidr": "10.30.0.0/16"},
    "readonly-put-maintenance": {"enabled": True, "message": "x"},
}


def _readonly(case: Case, name: str, entry: Any) -> list[str]:
    if name == "readonly-log":
        # Thread names carry numbers and only the lines of the start come from one class.
        return case.missing_log_lines([line for line in entry if "mailer" not in line])
    if name == "readonly-cors-in-memory":
        headers = {"Origin": "https://new.example.com", "Access-Control-Request-Method": "GET"}
        answer = case.controller.send("OPTIONS", "/api/v1/users", headers=headers)
        seen = {"preflight": answer.status, "acao": answer.headers.get("access-control-allow-origin")}
        return [] if seen == entry else [f"{seen}"]
    before = case.state()
    if name == "readonly-daemon-join":
        body = {"joinToken": case.join_token("node-ro"), "nodeId": "node-ro"}
        answer = case.ask(["POST", "/api/v1/bootstrap/exchange", body], "10.99.0.6")
        found = [f"keys {sorted(answer.json())}"] * (sorted(answer.json()) != sorted(entry["keys"]))
    else:
        answer = case.ask([*entry["request"], BODIES[name]])
        found = Bindings().differences(json.loads(entry["answer"]), answer.json())
    found += [f"status {answer.status}: {answer.text}"] * (answer.status != entry["status"])
    found += ["the file changed"] * (case.state() != before)
    if entry.get("in_memory"):
        memory = case.controller.send("GET", entry["request"][1], token=case.token).json()
        found += Bindings().differences(json.loads(entry["in_memory"]), memory)
    return found


@pytest.mark.parametrize("name", READONLY)
@pytest.mark.ahead(run_readonly, key="readonly", seconds=30)
def test_readonly(name: str, outcome: dict[str, list[str]]) -> None:
    """Where the file is not writable, the call fails, or works in memory only, as recorded."""
    agree(outcome[name])
