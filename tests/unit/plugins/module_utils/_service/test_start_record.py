# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restart is due exactly when an input of the running start differs from now."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._service import start_record as sr

CONFIG = """\
uuid: ctrl-1          # never changed
http: {port: 8080, host: "0.0.0.0"}
security:
  jwtSecret: "c2VjcmV0"
  initialAdminPassword: first
"""


class Host:
    """A unit with a drop-in, a configuration and a program behind a link."""

    def __init__(self, root: Path) -> None:
        self.roots = (str(root / "etc"), str(root / "lib"))
        self.unit = root / "etc" / "prexorcloud-daemon.service"
        self.drop_in = root / "etc" / "prexorcloud-daemon.service.d" / "limits.conf"
        self.config = root / "daemon.yml"
        self.jar = root / "current" / "app.jar"
        self.record = root / "run" / "daemon.json"
        for folder in (root / "lib", self.drop_in.parent, root / "1.0.0", root / "1.0.1"):
            folder.mkdir(parents=True)
        self.unit.write_text("[Service]\nExecStart=/bin/true\n")
        self.drop_in.write_text("[Service]\nLimitNOFILE=100\n")
        self.config.write_text(CONFIG)
        for version in ("1.0.0", "1.0.1"):
            (root / version / "app.jar").write_bytes(b"the same bytes")
        (root / "current").symlink_to("1.0.0")
        self.root = root
        self.inputs = sr.Inputs(
            "prexorcloud-daemon.service", (str(self.config),), ("security.initialAdminPassword",), (str(self.jar),)
        )

    def start(self, loaded: bool = True) -> None:
        sr.record_start(str(self.record), self.inputs, "invocation-1", loaded, self.roots)

    def due(self, invocation: str = "invocation-1") -> list[str]:
        return sr.due_because(sr.read_record(str(self.record)), invocation, self.inputs, self.roots)

    def activate(self, version: str) -> None:
        os.unlink(self.root / "current")
        (self.root / "current").symlink_to(version)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_nothing_is_due_right_after_a_start(host: Host) -> None:
    host.start()
    assert host.due() == []


REWRITTEN = {
    "comments and quoting lost, keys in another order": """\
---
security: {initialAdminPassword: first, jwtSecret: c2VjcmV0}
uuid: "ctrl-1"
http:
  host: 0.0.0.0
  port: 8080
""",
    "the password blanked, which the program reads once": CONFIG.replace("first", '""'),
    "the password removed": CONFIG.replace("  initialAdminPassword: first\n", ""),
    "CRLF and a byte order mark": "\ufeff" + CONFIG.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("text", REWRITTEN.values(), ids=REWRITTEN.keys())
def test_a_rewrite_without_a_change_is_not_due(host: Host, text: str) -> None:
    host.start()
    host.config.write_text(text, encoding="utf-8", newline="")
    assert host.due() == []


CHANGED = {
    "a value": CONFIG.replace("8080", "8081"),
    "a type": CONFIG.replace("8080", '"8080"'),
    "a boolean for a number": CONFIG.replace("8080", "true"),
    "a key more": CONFIG + "raft: {host: 127.0.0.1}\n",
    "a namesake of the ignored key": CONFIG + "initialAdminPassword: x\n",
    "no YAML any more": CONFIG + "\t- [",
    "a second document": CONFIG + "---\nuuid: other\n",
    "empty": "",
}


@pytest.mark.parametrize("text", CHANGED.values(), ids=CHANGED.keys())
def test_a_changed_document_is_due(host: Host, text: str) -> None:
    host.start()
    host.config.write_text(text)
    assert host.due() == [f"yaml:{host.config}"]


def test_garbage_is_compared_by_its_bytes(host: Host) -> None:
    host.config.write_bytes(b"\xff\xfe\tuuid: [")
    host.start()
    assert host.due() == []
    host.config.write_bytes(b"\xff\xfe\tuuid: [ ")
    assert host.due() == [f"yaml:{host.config}"]


def test_anchors_and_a_cycle_do_not_stop_the_recorder(host: Host) -> None:
    host.config.write_text("a: &a {b: 1}\nc: *a\nd: &d [*d]\n")
    host.start()
    assert host.due() == []
    host.config.write_text("a: &a {b: 2}\nc: *a\nd: &d [*d]\n")
    assert host.due() == [f"yaml:{host.config}"]


def test_key_types_stay_apart() -> None:
    assert sr.canonical({1: "a", "1": "b"}) != sr.canonical({1: "b", "1": "a"})


def test_unit_text_and_drop_ins_count(host: Host) -> None:
    host.start()
    host.drop_in.write_text("[Service]\nLimitNOFILE=200\n")
    assert host.due() == ["unit"]
    host.start()
    (host.drop_in.parent / "zz.conf").write_text("[Service]\n")
    assert host.due() == ["unit"]
    host.start()
    host.unit.write_text("[Service]\nExecStart=/bin/false\n")
    assert host.due() == ["unit"]


def test_unit_files_are_found_as_systemd_finds_them(tmp_path: Path) -> None:
    roots = (str(tmp_path / "etc"), str(tmp_path / "lib"))
    for path in (
        "lib/a-b.service",
        "lib/a-b.service.d/10.conf",
        "etc/a-b.service.d/10.conf",
        "lib/a-.service.d/20.conf",
        "lib/service.d/05.conf",
        "lib/service.d/20.conf",
        "lib/a-b.service.d/README",
        "lib/b.service.d/30.conf",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    found = [os.path.relpath(path, tmp_path) for path in sr.unit_files("a-b.service", roots)]
    assert found == [
        "lib/a-b.service",
        "lib/service.d/05.conf",
        "etc/a-b.service.d/10.conf",
        "lib/a-.service.d/20.conf",
    ]


def test_program_by_content_and_by_where_the_link_leads(host: Host) -> None:
    host.start()
    host.activate("1.0.1")
    assert host.due() == [f"file:{host.jar}"]
    host.start()
    (host.root / "1.0.1" / "app.jar").write_bytes(b"other bytes...")
    assert host.due() == [f"file:{host.jar}"]


def test_a_missing_file_is_a_state_like_others(host: Host) -> None:
    os.unlink(host.root / "1.0.0" / "app.jar")
    host.start()
    assert host.due() == []
    (host.root / "1.0.0" / "app.jar").write_bytes(b"back")
    assert host.due() == [f"file:{host.jar}"]


def test_an_input_on_one_side_only_is_due(host: Host) -> None:
    host.start()
    host.inputs = host.inputs._replace(files=("/etc/hostname",))
    assert host.due() == ["file:/etc/hostname", f"file:{host.jar}"]


def test_what_cannot_be_read_is_never_equal(host: Host) -> None:
    host.inputs = host.inputs._replace(files=(str(host.root),))  # a directory
    host.start()
    assert host.due() == [f"file:{host.root}"]


def test_a_start_from_an_outdated_definition_stays_due(host: Host) -> None:
    host.start(loaded=False)
    assert host.due() == ["unit"]


def test_the_record_of_another_invocation_says_nothing(host: Host) -> None:
    assert host.due() == ["record"]
    host.start()
    assert host.due("invocation-2") == ["record"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"version": 2}', '{"version": 1, "parser": "ruamel"}'])
def test_a_damaged_record_says_nothing(host: Host, text: str) -> None:
    host.record.parent.mkdir()
    host.record.write_text(text)
    assert host.due() == ["record"]


def test_a_record_made_with_another_yaml_library_is_compared_with_that(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.config.write_text("mode: 0750\n")  # YAML 1.1 and 1.2 disagree about this number
    monkeypatch.setattr(sr, "best_parser", lambda: "yaml")
    host.start()
    assert host.due() == []

    def missing() -> NoReturn:
        raise ImportError

    monkeypatch.setitem(sr.PARSERS, "yaml", missing)
    assert host.due() == [f"yaml:{host.config}"]


def test_the_record_is_for_root_and_holds_no_secret(host: Host) -> None:
    host.start()
    assert stat.S_IMODE(host.record.stat().st_mode) == 0o600
    text = host.record.read_text()
    assert "c2VjcmV0" not in text and "first" not in text
    assert [path.name for path in host.record.parent.iterdir()] == ["daemon.json"]


def test_equal_inputs_have_other_digests_at_each_start(host: Host) -> None:
    host.start()
    first = json.loads(host.record.read_text())["digests"]
    host.start()
    second = json.loads(host.record.read_text())["digests"]
    assert first.keys() == second.keys() and not set(first.values()) & set(second.values())


def test_the_recorder_runs_alone(host: Host) -> None:
    command = [sys.executable, "-I", sr.__file__, "record", "--record", str(host.record), "--unit", "nowhere.service"]
    command += [
        "--yaml",
        str(host.config),
        "--ignore",
        "security.initialAdminPassword",
        "uuid",
        "--file",
        str(host.jar),
    ]
    subprocess.run(command, check=True, env={"INVOCATION_ID": "invocation-1", "PATH": "/nonexistent"})
    record = sr.read_record(str(host.record))
    assert record is not None and record.invocation == "invocation-1"
    # without systemctl nobody can say which definition was started
    assert record.digests["unit"] == sr.UNKNOWN
    assert set(record.digests) == {"unit", f"yaml:{host.config}", f"file:{host.jar}"}


def test_the_recorder_says_when_it_could_not_record(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    (host.root / "run").write_text("a file where the directory should be")
    assert sr.main(["record", "--record", str(host.record), "--unit", "nowhere.service"]) == 1
    assert "start not recorded" in capsys.readouterr().err
