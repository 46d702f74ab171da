# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it: its own process, JSON in, JSON out, files on a disk."""

from __future__ import annotations

import grp
import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.prexorcloud.production.plugins.modules import config
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.modules import Run, run_module

MARKER = "hunter2-hunter2"
SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm"
VALUES = {
    "uuid": "ctrl-1",
    "http": {"port": 8080},
    "database": {"uri": f"mongodb://u:{MARKER}@db.example.com:27017"},
    "redis": {"uri": f"redis://:{MARKER}@kv.example.com:6379"},
    "security": {"jwtSecret": SECRET, "initialAdminPassword": MARKER},
}
NO_GROUP = "prexorcloud-that-is-missing"


def run(path: Path, values: Any = None, *, check: bool = False, before: str = "", **options: Any) -> Run:
    arguments = {"path": str(path), "schema": "controller", "values": values or {}, **options}
    done = run_module("config", arguments, check=check, before=before)
    assert MARKER not in done.output
    assert SECRET not in done.output
    return done


def diff_of(done: Run) -> list[tuple[str, str]]:
    return [(part["before"], part["after"]) for part in done.result.get("diff", [])]


def without_library(tmp_path: Path) -> str:
    """A directory that hides ruamel.yaml."""
    package = tmp_path / "hidden" / "ruamel" / "yaml"
    package.mkdir(parents=True)
    for place in (package.parent, package):
        (place / "__init__.py").write_text("raise ImportError('hidden')\n", encoding="utf-8")
    return str(tmp_path / "hidden")


def test_check_real_check_real(tmp_path: Path) -> None:
    path = tmp_path / "controller.yml"
    foreseen = run(path, VALUES, check=True)
    assert not path.exists()
    made = run(path, VALUES)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    again = [run(path, VALUES, check=True), run(path, VALUES)]
    assert [done.result["changed"] for done in (foreseen, made, *again)] == [True, True, False, False]
    assert diff_of(foreseen) == diff_of(made) != []
    assert diff_of(again[0]) == diff_of(again[1]) == []
    assert foreseen.result["keys_changed"] == made.result["keys_changed"]
    assert "http.port: 8080\n" in diff_of(made)[0][1]


def test_what_is_echoed_stays_readable(tmp_path: Path) -> None:
    done = run(tmp_path / "c.yml", VALUES)
    echoed = done.result["invocation"]["module_args"]
    assert echoed["values"]["http"]["port"] == 8080
    assert echoed["path"] == str(tmp_path / "c.yml")
    assert "********" not in done.output


@pytest.mark.parametrize(
    ("values", "options"),
    [
        ({"security": {"jwtSecret": MARKER}}, {}),
        ({"securty": {"jwtSecret": MARKER}}, {}),
        ({"security": MARKER}, {}),
        ({"security": {"jwtPreviousSecrets": MARKER}}, {}),
        ({"security": {"jwtSecret": {"a": [MARKER]}}}, {}),
        ({"database": {"uri": f"mongodb://u:x@{MARKER}@h"}}, {}),
        (VALUES, {"schema": "no such schema"}),
        (VALUES, {"validate_only": "no boolean"}),
        (VALUES, {"no_such_option": 1}),
        (VALUES, {"absent": [{"a": 1}], "mode": "rubbish"}),
        (MARKER, {}),
        ([MARKER], {}),
    ],
)
def test_no_failure_tells_a_secret(tmp_path: Path, values: Any, options: Any) -> None:
    path = tmp_path / "c.yml"
    assert run(path, values, **options).failed
    assert not path.exists()


def test_a_broken_file_is_left_alone_and_not_quoted(tmp_path: Path) -> None:
    path = tmp_path / "c.yml"
    for content in (
        f"a: [{MARKER}\n",
        f"security:\n\tjwtSecret: {MARKER}\n",
        f"a: {MARKER}\na: 1\n",
        f"{MARKER}: *{MARKER}\n",
    ):
        path.write_text(content, encoding="utf-8")
        assert run(path, VALUES).failed
        assert path.read_text(encoding="utf-8") == content


def test_problems_are_returned_as_data_too(tmp_path: Path) -> None:
    done = run(tmp_path / "c.yml", {"http": {"port": 70000}, "securty": {"x": MARKER}})
    assert [problem["key"] for problem in done.result["problems"]] == ["securty", "http.port"]
    assert done.result["msg"].startswith(f"{tmp_path / 'c.yml'}: 2 problems, nothing was written:")


def test_an_unforeseen_error_keeps_its_text_to_itself(tmp_path: Path) -> None:
    package = tmp_path / "bad" / "ruamel" / "yaml"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").write_text(
        f"class YAML:\n    def __init__(self, **_options):\n        raise MemoryError('{MARKER}')\n",
        encoding="utf-8",
    )
    (package / "error.py").write_text(
        "class YAMLError(Exception): pass\nclass MarkedYAMLError(YAMLError): pass\n", encoding="utf-8"
    )
    path = tmp_path / "c.yml"
    path.write_text("a: 1\n", encoding="utf-8")
    done = run(path, VALUES, before=str(tmp_path / "bad"))
    assert "internal error MemoryError" in done.result["msg"]


def test_validate_only_judges_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "c.yml"
    path.write_text("http: {port: 70000}\n", encoding="utf-8")
    assert "http.port" in run(path, validate_only=True).result["msg"]
    done = run(path, {"http": {"port": 81}}, validate_only=True)
    assert (done.result["changed"], done.result["keys_changed"]) == (False, ["http.port"])
    assert "security.jwtSecret" in run(path, {"http": {"port": 81}}, validate_only=True, complete=True).result["msg"]
    assert path.read_text(encoding="utf-8") == "http: {port: 70000}\n"


def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    link = tmp_path / "controller.yml"
    link.symlink_to("etc/controller.yml")
    assert run(link, {"uuid": "a"}).result["path"] == str(tmp_path / "etc" / "controller.yml")
    assert run(link, {"uuid": "b"}).result["changed"]
    assert link.is_symlink()
    assert "uuid: b\n" in (tmp_path / "etc" / "controller.yml").read_text(encoding="utf-8")


def test_mode_alone_is_a_change_with_a_diff(tmp_path: Path) -> None:
    path = tmp_path / "c.yml"
    path.write_text("uuid: a\n", encoding="utf-8")
    path.chmod(0o644)
    foreseen = run(path, {"uuid": "a"}, mode="0640", check=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    made = run(path, {"uuid": "a"}, mode="0640")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert diff_of(foreseen) == diff_of(made)
    assert ("mode: 0644\n", "mode: 0640\n") in diff_of(made)
    assert made.result["keys_changed"] == []
    assert not run(path, {"uuid": "a"}, mode="0640").result["changed"]


def test_the_mode_of_the_file_is_kept_unless_given(tmp_path: Path) -> None:
    path = tmp_path / "c.yml"
    path.write_text("uuid: a\n", encoding="utf-8")
    path.chmod(0o604)
    run(path, {"uuid": "b"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    run(tmp_path / "new.yml", {"uuid": "b"}, mode="0600")
    assert stat.S_IMODE((tmp_path / "new.yml").stat().st_mode) == 0o600


@pytest.mark.parametrize("exists", [True, False])
def test_check_mode_foresees_what_other_tasks_are_about_to_make(tmp_path: Path, exists: bool) -> None:
    with pytest.raises(KeyError):
        grp.getgrnam(NO_GROUP)
    path = tmp_path / "c.yml" if exists else tmp_path / "missing" / "c.yml"
    if exists:
        path.write_text("uuid: a\n", encoding="utf-8")
    assert run(path, {"uuid": "a"}, group=NO_GROUP, check=True).result["changed"]
    assert run(path, {"uuid": "a"}, group=NO_GROUP).failed
    assert exists or "No such file or directory" in run(path, {"uuid": "a"}).result["msg"]


def test_without_the_library(tmp_path: Path) -> None:
    hidden = without_library(tmp_path)
    path = tmp_path / "c.yml"
    done = run(path, VALUES, before=hidden)
    assert "python3-ruamel.yaml" in done.result["msg"]
    assert run(path, VALUES, before=hidden, check=True).result["changed"]
    assert run(path, {"http": {"port": 0}}, before=hidden, check=True).failed
    path.write_text("uuid: a\n", encoding="utf-8")
    guess = run(path, VALUES, before=hidden, check=True)
    assert guess.result["changed"]
    assert "not predicted" in str(guess.result["warnings"])


def test_nothing_to_write_makes_no_file(tmp_path: Path) -> None:
    assert not run(tmp_path / "c.yml").result["changed"]
    assert not (tmp_path / "c.yml").exists()


def test_founded_clusters(tmp_path: Path) -> None:
    path = tmp_path / "c.yml"
    path.write_text("uuid: a\n", encoding="utf-8")
    day0 = [str(tmp_path / "data"), str(tmp_path / "leaf")]
    (tmp_path / "leaf").symlink_to("gone")
    assert "founded" in run(path, {"uuid": "b"}, day0_paths=day0).result["msg"]
    (tmp_path / "leaf").unlink()
    assert run(path, {"uuid": "b"}, day0_paths=day0).result["changed"]


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "c.yml"
    path.write_text("# mine\n", encoding="utf-8")
    parts: list[dict[str, Any]] = [
        {"uuid": "a"},
        {"http": {"port": 81}},
        {"grpc": {"port": 82}},
        {"backup": {"retentionCount": 3}},
    ]
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda values: run(path, values), parts))
    assert all(done.result["changed"] for done in runs)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# mine\n")
    for part in ("uuid: a", "port: 81", "port: 82", "retentionCount: 3"):
        assert part in text
    assert [entry.name for entry in tmp_path.iterdir()] == ["c.yml"]


def test_the_program_writing_at_the_same_time_is_not_overwritten(tmp_path: Path) -> None:
    """The program rewrites its file in place and knows no lock: a change in between is read again."""
    path = tmp_path / "c.yml"
    path.write_text("uuid: a\n", encoding="utf-8")

    class Busy(config.ConfigModule):
        rounds = 0

        def finish(self, _snapshot: Any) -> Any:
            def meanwhile(_temporary: str) -> None:
                self.rounds += 1
                if self.rounds < 3:
                    path.write_text(f"uuid: a\nbackup: {{retentionCount: {self.rounds}}}\n", encoding="utf-8")

            return meanwhile

    class Fake:
        check_mode = False
        _diff = True

        def __init__(self) -> None:
            self.params = {name: option.get("default") for name, option in config.argument_spec().items()}
            self.params.update(path=str(path), schema="controller", values={"http": {"port": 81}}, attributes=None)
            self.no_log_values: set[str] = set()

        def load_file_common_arguments(self, _params: Any, path: str) -> dict[str, Any]:
            return {"path": path, "owner": None, "group": None}

        def set_fs_attributes_if_different(self, *_arguments: Any) -> bool:
            return False

        set_attributes_if_different = set_fs_attributes_if_different

    stand_in: Any = Fake()
    busy = Busy(stand_in)
    assert busy.run()["changed"]
    assert busy.rounds == 3
    assert path.read_text(encoding="utf-8") == "uuid: a\nbackup: {retentionCount: 2}\nhttp:\n  port: 81\n"


def test_killed_at_any_moment_the_file_is_whole_and_the_next_run_tidies_up(tmp_path: Path) -> None:
    path = tmp_path / "c.yml"
    chance = random.Random(4)
    old = "".join(f"# line {number}\n" for number in range(300)) + "uuid: a\nhttp:\n  port: 80\n"
    new = old.replace("port: 80", "port: 81")
    code = (
        "import sys; from ansible_collections.prexorcloud.production.plugins.module_utils._config import storage\n"
        "print('go', flush=True)\n"
        f"while True:\n    for text in ({old!r}, {new!r}):\n"
        "        storage.replace(storage.read(sys.argv[1]), text.encode(), 0o640, lambda _path: None)\n"
    )
    for _round in range(8):
        path.write_text(old, encoding="utf-8")
        with subprocess.Popen(
            [sys.executable, "-c", code, str(path)],
            env={"PYTHONPATH": ":".join(filter(None, sys.path))},
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.uniform(0, 0.02))
            process.send_signal(signal.SIGKILL)
        assert path.read_text(encoding="utf-8") in (old, new)
    (tmp_path / ".c.yml.prexorcloud-tmp").write_text(MARKER, encoding="utf-8")
    run(path, {"uuid": "a"})
    assert [entry.name for entry in tmp_path.iterdir()] == ["c.yml"]


@pytest.mark.parametrize("kind", ["text", "zeros", "random", "brackets", "too-big", "list"])
def test_garbage_is_refused_in_bounded_time(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "c.yml"
    size = 200 * 1024
    content = {
        "text": b"x" * size,
        "zeros": bytes(size),
        "random": random.Random(1).randbytes(size),
        "brackets": b"[" * size,
        "too-big": b"# x\n" * (1024 * 256),
        "list": b"- a\n" * 5000,
    }[kind]
    path.write_bytes(content)
    started = time.monotonic()
    assert run(path, VALUES).failed
    assert time.monotonic() - started < 20
    assert path.read_bytes() == content


@pytest.mark.skipif(os.geteuid() != 0, reason="giving files away needs root")
def test_owner_and_group(tmp_path: Path) -> None:
    path = tmp_path / "c.yml"
    path.write_text("uuid: a\n", encoding="utf-8")
    os.chown(path, 4321, 4321)
    run(path, {"uuid": "b"})
    assert (path.stat().st_uid, path.stat().st_gid) == (4321, 4321)
    done = run(path, {"uuid": "b"}, owner="root", group="root")
    assert done.result["changed"]
    assert (path.stat().st_uid, path.stat().st_gid) == (0, 0)


def test_options_and_documentation_agree() -> None:
    import yaml

    documented = yaml.safe_load(config.DOCUMENTATION)["options"]
    spec = config.argument_spec()
    assert set(documented) == set(spec)
    for name, option in spec.items():
        for field in ("type", "default", "choices", "required", "elements"):
            assert documented[name].get(field) == option.get(field), (name, field)
    assert json.dumps(spec["values"]["no_log"]) == "true"


def test_the_journal_of_the_host_gets_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ansible logs each call with its arguments before the module can say which of them are secret."""
    logged: list[str] = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda _self, *texts, **more: logged.append(str((texts, more))))
    arguments = {
        "path": str(tmp_path / "c.yml"),
        "schema": "controller",
        "values": VALUES,
        "defaults": {"uuid": MARKER},
    }
    with patch_module_args(arguments), pytest.raises(SystemExit):
        config.main()
    assert any("NOT_LOGGING_PARAMETER" in text for text in logged)
    assert not any(word in text for text in logged for word in (MARKER, SECRET))
