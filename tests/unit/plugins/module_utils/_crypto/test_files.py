# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sensitive files are read and replaced without gaps."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto import files

NOBODY_CHANGES = files.Ownership(None, None)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_reading(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert files.read_file(str(path)) is None
    assert files.read_file(str(path / "below")) is None
    path.write_bytes(b"12345")
    assert files.read_file(str(path / "below")) is None
    assert files.read_file(str(path), 5) == b"12345"
    with pytest.raises(files.FileError, match="larger than 4 bytes"):
        files.read_file(str(path), 4)


def test_a_directory_or_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(files.FileError, match="not a regular file"):
            files.read_file(str(path))


def test_writing_replaces_content_and_mode_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old and longer")
    path.chmod(0o666)
    files.write_file(str(path), b"new", NOBODY_CHANGES, 0o600)
    assert (path.read_bytes(), mode(path)) == (b"new", 0o600)
    assert os.listdir(tmp_path) == ["secret"]


def test_until_owner_and_mode_are_set_nobody_else_can_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    change_owner = os.fchown

    def noting(descriptor: int, uid: int, gid: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        change_owner(descriptor, uid, gid)

    monkeypatch.setattr(os, "fchown", noting)
    previous = os.umask(0)
    try:
        files.write_file(str(tmp_path / "ca.pem"), b"new", NOBODY_CHANGES, 0o644)
    finally:
        os.umask(previous)
    assert seen == [0o600]
    assert mode(tmp_path / "ca.pem") == 0o644


def test_a_left_over_temporary_file_is_no_obstacle_and_disappears(tmp_path: Path) -> None:
    left = tmp_path / ".secret.new"
    left.symlink_to(tmp_path / "elsewhere")
    files.write_file(str(tmp_path / "secret"), b"new", NOBODY_CHANGES, 0o600)
    assert os.listdir(tmp_path) == ["secret"]


def test_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    target, path = tmp_path / "target", tmp_path / "secret"
    target.write_text("untouched")
    path.symlink_to(target)
    files.write_file(str(path), b"new", NOBODY_CHANGES, 0o600)
    assert target.read_text() == "untouched"
    assert not path.is_symlink()


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret"
    path.write_text("old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(files.FileError, match="No space left on device"):
        files.write_file(str(path), b"new", NOBODY_CHANGES, 0o600)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["secret"]


def test_a_kill_before_the_rename_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(os, "replace", lambda *_args, **_more: os._exit(9))
        files.write_file(str(path), b"new", NOBODY_CHANGES, 0o600)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert path.read_text() == "old"
    assert mode(tmp_path / ".secret.new") == 0o600
    files.write_file(str(path), b"newer", NOBODY_CHANGES, 0o600)
    assert os.listdir(tmp_path) == ["secret"]


def test_writers_at_the_same_time_never_mix(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    contents = [bytes([65 + index]) * 200_000 for index in range(6)]
    threads = [
        threading.Thread(target=files.write_file, args=(str(path), content, NOBODY_CHANGES, 0o600))
        for content in contents
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in contents
    assert os.listdir(tmp_path) == ["secret"]


def test_attributes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert not files.attributes_differ(str(path), NOBODY_CHANGES, 0o600)
    path.touch(0o644)
    assert files.attributes_differ(str(path), NOBODY_CHANGES, 0o600)
    files.set_attributes(str(path), NOBODY_CHANGES, 0o600)
    assert not files.attributes_differ(str(path), files.Ownership(os.getuid(), os.getgid()), 0o600)
    assert files.attributes_differ(str(path), files.Ownership(os.getuid() + 1, None), 0o600)
    link = tmp_path / "link"
    link.symlink_to(path)
    with pytest.raises(files.FileError, match="cannot be set"):
        files.set_attributes(str(link), NOBODY_CHANGES, 0o777)


def test_directories(tmp_path: Path) -> None:
    path = tmp_path / "security"
    files.ensure_directory(str(path), NOBODY_CHANGES, 0o700)
    path.chmod(0o755)
    files.ensure_directory(str(path), NOBODY_CHANGES, 0o700)
    assert mode(path) == 0o700
    with pytest.raises(files.FileError, match="cannot be made"):
        files.ensure_directory(str(tmp_path / "no" / "parent"), NOBODY_CHANGES, 0o700)
    (tmp_path / "file").touch()
    with pytest.raises(files.FileError, match="not a directory"):
        files.ensure_directory(str(tmp_path / "file"), NOBODY_CHANGES, 0o700)


def test_missing_users_are_named() -> None:
    assert files.resolve_ownership("root", "root") == files.Ownership(0, 0)
    assert files.resolve_ownership(None, None) == NOBODY_CHANGES
    with pytest.raises(files.FileError, match="no user prexor-nobody"):
        files.resolve_ownership("prexor-nobody", None)
    with pytest.raises(files.FileError, match="no group prexor-nobody"):
        files.resolve_ownership(None, "prexor-nobody")
