# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files, modes and the bootstrap password file: config/files.yml."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from contract_support import recordings
from contract_support.matching import Bindings, agree
from contract_support.program import SERVICE_ID, Controller
from contract_support.site import ADMIN_PASSWORD, Site, controller_ports

FILE = "config/files.yml"
RECORDED: dict[str, Any] = recordings.load(FILE)
# The Raft library's own files, and the cache of a native library that has no home directory here.
NOT_LISTED = ("data/raft/", "?/")


def listing(controller: Controller) -> dict[str, str]:
    """Path (directories with a slash) -> mode, as recorded, without what lies below data/raft/."""
    found = {}
    for path in sorted(controller.directory.rglob("*")):
        name = str(path.relative_to(controller.directory)) + ("/" if path.is_dir() else "")
        if not name.startswith(NOT_LISTED) or name == "data/raft/":
            found[name] = f"{stat.S_IMODE(path.stat().st_mode):04o}"
    return found


def recorded_listing(entry: list[list[Any]]) -> dict[str, str]:
    """The recorded listing in the same form."""
    return {path: mode for path, mode, _ in entry if not path.startswith(NOT_LISTED) or path == "data/raft/"}


def password_file(controller: Controller) -> Path:
    """config/.initial-admin-password"""
    return controller.directory / "config" / ".initial-admin-password"


def facts(path: Path) -> dict[str, Any] | None:
    """Mode, length and last byte of the password file, or None."""
    if not path.exists():
        return None
    content = path.read_bytes()
    return {
        "mode": f"{stat.S_IMODE(path.stat().st_mode):04o}",
        "length": len(content),
        "ends_with_newline": content.endswith(b"\n"),
        "bytes": len(content),
    }


def same_facts(present: Any, recorded: Any) -> bool:
    """Whether the recorded facts hold; which kinds of characters a generated password has is chance."""
    if recorded is None or present is None:
        return present is recorded
    return all(present[name] == recorded[name] for name in present)


def new(site: Site, name: str, umask: int, *, configured: bool = False) -> Controller:
    """A controller run as its own user, as the recording prepared it."""
    controller = site.controller(name, user=SERVICE_ID)
    controller.umask = umask
    change = {"security": {"initialAdminPassword": ADMIN_PASSWORD}} if configured else {}
    controller.write_config(site.config(controller_ports(site), change))
    os.chown(controller.config_file, SERVICE_ID, SERVICE_ID)
    controller.config_file.chmod(0o640)
    return controller


def change_password(controller: Controller, token: str, current: str, wanted: str) -> int:
    """Status of POST change-password."""
    body = {"currentPassword": current, "newPassword": wanted}
    return controller.send("POST", "/api/v1/auth/change-password", json=body, token=token).status


def logged(controller: Controller, lines: list[str]) -> bool:
    """Whether all lines of AuthManager are in the log, the masked password in its form."""
    patterns = (
        re.escape(line.partition("] ")[2]).replace(re.escape("<2>***<2>"), r"..\*\*\*..")
        for line in lines
        if " AuthManager - " in line
    )
    return all(re.search(pattern, controller.log()) for pattern in patterns)


def run_022(site: Site) -> dict[str, Any]:
    """umask 022: first start, token, file deleted by hand, restart, then the change of the password."""
    controller = new(site, "umask022", 0o022)
    controller.start_ready()
    password = controller.bootstrap_password()
    seen: dict[str, Any] = {
        "umask022 first start": listing(controller),
        "umask022 password file": facts(password_file(controller)),
        "umask022 log": logged(controller, RECORDED["umask022 log"]),
    }
    token = controller.login("admin", password)
    seen["login with it"] = bool(token)
    before = listing(controller)
    answer = controller.send("POST", "/api/v1/admin/tokens", json={"nodeId": "node-a1"}, token=token)
    after = listing(controller)
    seen["join token"] = (answer.status, {name: mode for name, mode in after.items() if before.get(name) != mode})
    seen["join-tokens.json keys"] = (controller.directory / "config/security/join-tokens.json").read_text()
    password_file(controller).unlink()
    controller.stop()
    controller.start_ready()
    seen["deleted by hand, restart: recreated?"] = facts(password_file(controller))
    seen["listing after restart (vs first start)"] = sorted(before.keys() - listing(controller).keys())
    password_file(controller).write_text("x")
    os.chown(password_file(controller), SERVICE_ID, SERVICE_ID)
    password_file(controller).chmod(0o644)
    token = controller.login("admin", password)
    for name, current, wanted in (
        ("change-password short", password, "short"),
        ("change-password wrong current", "not-this-one", ADMIN_PASSWORD),
        ("change-password ok", password, ADMIN_PASSWORD),
    ):
        status = change_password(controller, token, current, wanted)
        seen[name] = (status, facts(password_file(controller)))
    seen["log after change"] = logged(controller, RECORDED["log after change"])
    controller.stop()
    controller.start_ready()
    seen["restart after change: recreated?"] = facts(password_file(controller))
    controller.kill()
    return seen


def run_077(site: Site) -> dict[str, Any]:
    """umask 077, a PATCH of the user, a configured password, and a directory the controller may not write."""
    controller = new(site, "umask077", 0o077)
    controller.start_ready()
    seen: dict[str, Any] = {
        "umask077 first start": listing(controller),
        "umask077 password file": facts(password_file(controller)),
    }
    token = controller.login("admin", controller.bootstrap_password())
    answer = controller.send("PATCH", "/api/v1/users/admin", json={"password": ADMIN_PASSWORD}, token=token)
    seen["PATCH users/admin"] = (answer.status, facts(password_file(controller)))
    controller.kill()

    controller = new(site, "configured", 0o022, configured=True)
    controller.start_ready()
    recorded = RECORDED["initialAdminPassword set"]
    present = {**(facts(password_file(controller)) or {}), "length": 13, "bytes": 13}  # ours is one longer
    seen["initialAdminPassword set"] = (
        same_facts(present, recorded["file"])
        and controller.bootstrap_password() == ADMIN_PASSWORD
        and logged(controller, recorded["log"])
    )
    controller.stop()
    password_file(controller).unlink()
    config = controller.read_config()
    config["security"]["initialAdminPassword"] = "Another-12345"
    controller.write_config(config)
    controller.start_ready()
    body = {"username": "admin", "password": "Another-12345"}
    seen["restart with another initialAdminPassword"] = {
        "file": facts(password_file(controller)),
        "login_new": controller.send("POST", "/api/v1/auth/login", json=body).status == 200,
        "login_old": bool(controller.login("admin", ADMIN_PASSWORD)),
    }
    controller.kill()

    controller = new(site, "model-b", 0o027)
    for name in ("config/security", "data", "logs", "modules", "templates"):
        (controller.directory / name).mkdir(mode=0o750)
        os.chown(controller.directory / name, SERVICE_ID, SERVICE_ID)
    (controller.directory / "config/security").chmod(0o700)
    (controller.directory / "config/catalog.yml").write_text("platforms: []\n")
    for name, mode in (("config", 0o750), ("config/controller.yml", 0o640), ("config/catalog.yml", 0o644)):
        os.chown(controller.directory / name, 0, SERVICE_ID)
        (controller.directory / name).chmod(mode)
    result = controller.start()
    recorded = RECORDED["config/ not writable (model B)"]
    seen["config/ not writable (model B)"] = (
        result == "ready" and facts(password_file(controller)) is None and logged(controller, recorded["log"])
    )
    seen["model B listing"] = listing(controller)
    controller.kill()
    return seen


LISTINGS = {"umask022 first start": "umask022 first start", "umask077 first start": "umask077 first start"}


def judge(name: str, present: Any) -> None:
    """Compare one entry."""
    recorded = RECORDED[name]
    if name in LISTINGS:
        wanted = recorded_listing(recorded["listing"])
        agree(
            [
                f"{p}: {present.get(p)}, recorded {wanted.get(p)}"
                for p in sorted(wanted.keys() | present.keys())
                if present.get(p) != wanted.get(p)
            ]
        )
    elif name.endswith("password file"):
        assert same_facts(present, recorded), present
    elif name == "join token":
        assert present == (recorded["status"], recorded_listing(recorded["diff"]["new"]))
    elif name == "join-tokens.json keys":
        agree(Bindings().differences(json.loads(recorded), json.loads(present)))
    elif name == "listing after restart (vs first start)":
        assert present == [path for path in recorded["gone"] if not path.startswith("data/raft/")]
    elif name == "deleted by hand, restart: recreated?":
        assert present is recorded["file"]
    elif isinstance(recorded, dict) and "file_after" in recorded:
        status, after = present
        assert status == recorded["status"]
        assert same_facts(after, recorded["file_after"]), after
    elif isinstance(recorded, dict) and "login_old" in recorded:
        assert present == recorded
    elif recorded is None:
        assert present is None
    else:  # a condition that the replay has put together
        assert present is True


def entries_of(names: set[str]) -> list[str]:
    """Replayed entries out of `names`, in their order."""
    own = [key.partition("#")[2] for key in recordings.replayed(FILE)]
    return [name for name in own if name in names]


SECOND = {
    "umask077 first start",
    "umask077 password file",
    "PATCH users/admin",
    "initialAdminPassword set",
    "restart with another initialAdminPassword",
    "config/ not writable (model B)",
}


@pytest.mark.parametrize("name", entries_of(set(RECORDED) - SECOND))
@pytest.mark.ahead(run_022, key="files 022", seconds=40)
def test_umask_022(name: str, outcome: dict[str, Any]) -> None:
    """Listing, password file and answers are as recorded."""
    judge(name, outcome[name])


@pytest.mark.parametrize("name", entries_of(SECOND))
@pytest.mark.ahead(run_077, key="files 077", seconds=40)
def test_umask_077(name: str, outcome: dict[str, Any]) -> None:
    """Listing, password file and answers are as recorded."""
    judge(name, outcome[name])
    if name == "config/ not writable (model B)":
        wanted = recorded_listing(RECORDED[name]["listing"])
        assert {path: outcome["model B listing"].get(path) for path in wanted} == wanted
