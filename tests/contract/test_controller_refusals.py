# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start-up of the controller: every case of refusals.yml with its exit code, log lines and the files it leaves."""

from __future__ import annotations

import os
import re
import shutil
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from contract_support import recordings
from contract_support.matching import PLACEHOLDER
from contract_support.program import LOG_LINE, READY, SERVICE_ID, Controller, merge
from contract_support.site import ADMIN_PASSWORD, Site
from contract_support.stores import MONGO_USER, REDIS_PASSWORD
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

FILE = "config/refusals.yml"
BASE: dict[str, Any] = recordings.entries(FILE)[f"{FILE}#baseline"]["config"]
# Lines of these two are the contract. What the libraries below them log is their own affair.
LOGGERS = frozenset({"ConfigValidator", "PrexorCloudBootstrap"})
PACKAGE = re.compile(r"(?:[a-z_][a-z0-9_]*\.){2,}(?=[A-Z])")
# The words of the resolver and of the JDK's builds, and the mechanism that was agreed with the store.
SURROUNDINGS = re.compile(
    r": (Temporary failure in name resolution|Name or service not known)| \(connect failed\)|SCRAM-SHA-\d+"
)
CLASS_PREFIX = re.compile(r"\b[A-Z]\w*(?:\$)(?=[A-Z])")
JSON_LINE = re.compile(r'"level":"(?P<level>\w+)".*"logger":"(?P<logger>[^"]+)".*"message":"(?P<text>[^"]*)"')
# Cases described in words only.
CHANGES: dict[str, dict[str, Any]] = {
    "http-grpc-equal": {"grpc": {"port": "<HTTP>"}},
    "http-raft-equal": {"raft": {"port": "<HTTP>"}},
    "grpc-raft-equal": {"raft": {"port": "<GRPC>"}},
}
SERVICE_DIRECTORIES = ("config", "config/security", "data", "logs", "modules", "templates")
# One at a time: they fall back to the default port.
DEFAULT_PORT = threading.Lock()


@dataclass(frozen=True)
class Outcome:
    """What one start did."""

    result: str | int
    stopped: int | None
    log: str
    wrote: list[str]
    removed: list[str]
    values: dict[str, str]


def values_of(site: Site) -> dict[str, str]:
    """Present values of the placeholders that occur in configurations."""
    ports = {name: str(site.port()) for name in ("HTTP", "GRPC", "RAFT", "DEADPORT")}
    return {
        **ports,
        "UUID": "0b0c6f3e-7f0e-4d59-9a8b-aaaaaaaaaaaa",
        "DB": site.database(),
        "MONGO": f"127.0.0.1:{site.mongo.port}",
        "MONGOUSER": MONGO_USER,
        "MONGOPW": "not-the-password",
        "REDISPORT": str(site.redis.port),
        "REDISPW": REDIS_PASSWORD,
        "WRONG-REDISPW": "not-the-password",
        "ADMINPW": ADMIN_PASSWORD,
        "DIR": "",
        "EC-P256-PUBLIC-KEY-PEM": _pem(ec.generate_private_key(ec.SECP256R1()).public_key()),
        "ED25519-PUBLIC-KEY-PEM": _pem(ed25519.Ed25519PrivateKey.generate().public_key()),
    }


def _pem(key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def fill(value: Any, values: dict[str, str], mongo_uri: str) -> Any:
    """A recorded configuration with present values; a text that is one port placeholder becomes a number."""
    if isinstance(value, dict):
        return {key: fill(one, values, mongo_uri) for key, one in value.items()}
    if isinstance(value, list):
        return [fill(one, values, mongo_uri) for one in value]
    if not isinstance(value, str):
        return value
    if value == "mongodb://<MONGO>/":  # recorded without authentication
        return mongo_uri
    filled = PLACEHOLDER.sub(lambda m: values.get(m[1], m[0]), value).replace("21038", values["DEADPORT"])
    return int(filled) if re.fullmatch(r"<(HTTP|GRPC|RAFT)>", value) else filled


def run(site: Site, entry: dict[str, Any]) -> Outcome:
    """Prepare a directory as the case says, start, stop what starts, and report."""
    setup = entry.get("setup") or {}
    values = values_of(site)
    controller = site.controller(entry["id"], user=SERVICE_ID if "user" in setup else None)
    values["DIR"] = str(controller.directory)
    change = entry["change"]
    if isinstance(change, dict) and "patch" in change:
        change = change["patch"]
    elif isinstance(change, str):
        change = CHANGES.get(entry["id"], {})
    base = fill(BASE, values, site.mongo.uri())
    changed = fill(merge(BASE, change), values, site.mongo.uri())
    if setup.get("first_start"):
        prepare(controller, base, {}, values)
        controller.start_ready()
        assert controller.stop() == 143
        alter(site, controller, changed, setup["before_second_start"])
    else:
        prepare(controller, changed, setup, values)
    if jvm := setup.get("jvm"):
        controller.jvm = [jvm.replace("<DIR>", values["DIR"])]
    before = controller.snapshot()
    with _listener(setup.get("listener"), values), _default_port(changed):
        result = controller.start()
        stopped = controller.stop() if result == READY else None
    after = controller.snapshot()
    return Outcome(
        result,
        stopped,
        controller.log(),
        _fold(path for path in after if before.get(path) != after[path]),
        _fold(path for path in before if path not in after),
        values,
    )


def _default_port(config: dict[str, Any]) -> Any:
    return DEFAULT_PORT if config["http"].get("port", 0) in (0, -1) else threading.Lock()


class _listener:  # noqa: N801 - reads as a word in a with statement
    """Something that already listens where the controller wants to."""

    def __init__(self, address: str | None, values: dict[str, str]) -> None:
        self.socket: socket.socket | None = None
        if address is not None:
            host, _, port = PLACEHOLDER.sub(lambda m: values[m[1]], address).partition(":")
            self.socket = socket.create_server((host, int(port)))

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        if self.socket is not None:
            self.socket.close()


def _fold(paths: Any) -> list[str]:
    folded = {"data/raft/<GROUP>/..." if path.startswith("data/raft/") else path for path in paths}
    return sorted(folded)


def prepare(controller: Controller, config: dict[str, Any], setup: dict[str, Any], values: dict[str, str]) -> None:
    """Write the configuration and everything else that the case finds when it starts."""
    if removed := setup.get("block_removed"):
        config = {key: value for key, value in config.items() if key != removed}
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    text = setup.get("prepended", "") + setup.get("content", text) + setup.get("appended", "")
    text = PLACEHOLDER.sub(lambda m: values.get(m[1], m[0]), text)
    if setup.get("line_ends") == "CRLF":
        text = text.replace("\n", "\r\n")
    controller.config_file.write_text(text, encoding="utf-8", newline="")
    root = controller.directory
    if controller.user is not None:
        for name in SERVICE_DIRECTORIES:
            (root / name).mkdir(exist_ok=True)
        controller.config_file.chmod(0o640)
    for name, content in setup.get("files", {}).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PLACEHOLDER.sub(lambda m: values.get(m[1], m[0]), content))
    for name in setup.get("missing", []):
        _remove(root / name)
    if "modes" in setup and "tmp" in setup["modes"]:
        (root / "tmp").mkdir()
    if controller.user is not None:
        for path in [root, *root.rglob("*")]:
            os.chown(path, SERVICE_ID, SERVICE_ID)
    for name, mode in setup.get("modes", {}).items():
        owner, permissions = mode.split()
        uid, _, gid = owner.partition(":")
        os.chown(root / name, int(uid), int(gid))
        (root / name).chmod(int(permissions, 8))


def alter(site: Site, controller: Controller, changed: dict[str, Any], what: str) -> None:
    """What happens between the first and the recorded start."""
    if what == "change merged into the file":
        controller.write_config(changed)
    elif what == "database.database changed to an unused name":
        controller.write_config(merge(changed, {"database": {"database": site.database()}}))
    else:
        path, _, verb = what.rpartition(" ")
        assert verb == "removed", what
        _remove(controller.directory / path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def lines(log: str) -> list[tuple[str, str, str]]:
    """(level, logger, text) of WARN and ERROR lines of the loggers that count, package names taken out."""
    found = []
    for line in log.splitlines():
        match = LOG_LINE.search(line) or JSON_LINE.search(line)
        if match is None or match["level"] not in {"WARN", "ERROR"}:
            continue
        logger = match["logger"].rpartition(".")[2]
        if logger in LOGGERS:
            found.append((match["level"], logger, normal(match["text"])))
    return found


def normal(text: str) -> str:
    """A message without package and outer class names and the words of the surroundings."""
    return SURROUNDINGS.sub("", CLASS_PREFIX.sub("", PACKAGE.sub("", text))).rstrip()


def expected_lines(entry: dict[str, Any], values: dict[str, str]) -> list[tuple[str, str, re.Pattern[str]]]:
    """The recorded lines as patterns. The recorder cut long ones; a cut line only has to begin the same way."""
    found = []
    recorded = "\n".join(entry.get("log", [])).replace("21038", values["DEADPORT"])
    for level, logger, text in lines(recorded):
        pattern, position = "", 0
        for placeholder in PLACEHOLDER.finditer(text):
            pattern += re.escape(text[position : placeholder.start()])
            known = values.get(placeholder[1])
            pattern += re.escape(known) if known and placeholder[1] not in {"MONGO", "UUID"} else r"\S+?"
            position = placeholder.end()
        found.append((level, logger, re.compile(pattern + re.escape(text[position:]))))
    return found


def judge(entry: dict[str, Any], outcome: Outcome) -> None:
    """Compare one start with its recording."""
    wanted = entry["exit_code"]
    assert outcome.result == (READY if wanted == "starts" else wanted), outcome.log[-3000:]
    assert outcome.stopped == entry.get("exit_code_after_sigterm")
    present = lines(outcome.log)
    recorded = expected_lines(entry, outcome.values)
    assert len(present) == len(recorded), f"recorded {entry.get('log')}, now {present}"
    for (level, logger, pattern), now in zip(recorded, present):
        assert (level, logger) == now[:2]
        assert pattern.match(now[2]), f"recorded {pattern.pattern!r}, now {now[2]!r}"
    second_start = "first_start" in (entry.get("setup") or {})
    ignored = {"data/raft/<GROUP>/..."} if second_start else set()
    assert set(outcome.wrote) - ignored == set(entry.get("wrote", [])) - ignored
    assert set(outcome.removed) - ignored == set(entry.get("removed", [])) - ignored


REPLAYED = recordings.replayed(FILE)


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(entry, id=entry["id"], marks=pytest.mark.ahead(run, entry, seconds=entry["seconds"]))
        for entry in REPLAYED.values()
    ],
)
def test_start(entry: dict[str, Any], outcome: Outcome) -> None:
    """The controller starts, or refuses, as recorded."""
    judge(entry, outcome)
