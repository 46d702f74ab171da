# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and replacing the file: whatever happens, there is one whole file and nothing beside it."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._config import storage
from ansible_collections.prexorcloud.production.plugins.module_utils._config.document import MAX_BYTES
from ansible_collections.prexorcloud.production.plugins.module_utils._config.errors import (
    ConflictError,
    DocumentError,
    StorageError,
)

OLD, NEW = b"a: 1\n", b"a: 2 # the new one\n"


@pytest.fixture(name="target")
def existing_file(tmp_path: Path) -> Path:
    target = tmp_path / "controller.yml"
    target.write_bytes(OLD)
    target.chmod(0o640)
    return target


def replace(target: Path, content: bytes = NEW, finish: Any = lambda _path: None) -> None:
    storage.replace(storage.read(str(target)), content, 0o640, finish)


def alone(target: Path) -> bool:
    return [path.name for path in target.parent.iterdir()] == [target.name]


def test_replaces_and_keeps_mode_owner_and_attributes(target: Path) -> None:
    target.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(target, 4321, 1234)
    before = target.stat()
    replace(target)
    after = target.stat()
    assert target.read_bytes() == NEW
    assert after.st_ino != before.st_ino
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert alone(target)


def test_a_new_file_gets_the_given_mode_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        replace(tmp_path / "new.yml")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "new.yml").stat().st_mode) == 0o640


def test_nobody_can_read_the_temporary_file(target: Path) -> None:
    seen = []
    storage.replace(storage.read(str(target)), NEW, 0o644, lambda path: seen.append(os.stat(path).st_mode & 0o777))
    assert seen == [0o640]  # the mode of the old file, set after the content was written under 0600

    real = os.write
    modes = []

    def spying(descriptor: int, data: bytes) -> int:
        modes.append(os.fstat(descriptor).st_mode & 0o777)
        return real(descriptor, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", spying)
        replace(target)
    assert modes == [0o600]


def test_short_writes_are_continued(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:3]))
    replace(target)
    assert target.read_bytes() == NEW


@pytest.mark.parametrize("call", ["open", "write", "fsync", "fchmod", "rename"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    target: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    snapshot = storage.read(str(target))
    real = getattr(os, call)

    def failing(*arguments: Any, **options: Any) -> Any:
        if call == "open" and not arguments[1] & os.O_CREAT:
            return real(*arguments, **options)
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, call, failing)
    with pytest.raises(StorageError, match=os.strerror(code)):
        storage.replace(snapshot, NEW, 0o640, lambda _path: None)
    monkeypatch.undo()
    assert target.read_bytes() == OLD
    assert alone(target)


@pytest.fixture(name="small_disk")
def mounted_tmpfs(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("no mounts allowed here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    target = small_disk / "controller.yml"
    target.write_bytes(OLD)
    with (small_disk / "ballast").open("wb", buffering=0) as ballast, pytest.raises(OSError, match="No space left"):
        while True:
            ballast.write(b"x" * 1024)
    with pytest.raises(StorageError, match="No space left on device; the old content is intact"):
        replace(target, NEW * 1000)
    assert target.read_bytes() == OLD
    assert sorted(path.name for path in small_disk.iterdir()) == ["ballast", "controller.yml"]


def test_a_failure_in_the_last_step_leaves_nothing(target: Path) -> None:
    def failing(_path: str) -> None:
        raise SystemExit(1)

    with pytest.raises(SystemExit):
        replace(target, finish=failing)
    assert target.read_bytes() == OLD
    assert alone(target)


@pytest.mark.parametrize("kind", ["file", "link", "dangling"])
def test_what_a_killed_run_left_is_replaced(target: Path, kind: str) -> None:
    leftover = Path(storage.temporary_name(str(target)))
    victim = target.parent / "victim"
    if kind == "file":
        leftover.write_bytes(b"half")
    else:
        if kind == "link":
            victim.write_bytes(b"precious")
        leftover.symlink_to(victim)
    replace(target)
    assert target.read_bytes() == NEW
    assert not leftover.exists()
    assert kind != "link" or victim.read_bytes() == b"precious"
    assert kind != "dangling" or not victim.exists()


@pytest.mark.parametrize("change", ["content", "rewrite", "removed"])
def test_a_change_by_somebody_else_is_noticed(target: Path, change: str) -> None:
    def meanwhile(_path: str) -> None:
        if change == "removed":
            target.unlink()
        else:
            target.write_bytes(b"theirs: 1\n" if change == "content" else OLD)

    with pytest.raises(ConflictError):
        replace(target, finish=meanwhile)
    assert change == "removed" or target.read_bytes() == (b"theirs: 1\n" if change == "content" else OLD)
    assert not Path(storage.temporary_name(str(target))).exists()


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "controller.yml"
    with pytest.raises(ConflictError):
        replace(target, finish=lambda _path: target.write_bytes(OLD))
    assert target.read_bytes() == OLD


def test_the_lock_keeps_others_out_and_leaves_nothing(tmp_path: Path) -> None:
    with storage.locked(str(tmp_path)):
        with pytest.raises(StorageError, match="another run"), storage.locked(str(tmp_path), seconds=0.1):
            pytest.fail("two runs at once")
        descriptor = os.open(tmp_path, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(descriptor)
    with storage.locked(str(tmp_path), seconds=0.1):
        assert list(tmp_path.iterdir()) == []


def test_the_directory_must_exist(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file or directory"), storage.locked(str(tmp_path / "missing")):
        pytest.fail("locked nothing")


@pytest.mark.parametrize("kind", ["directory", "fifo", "device"])
def test_only_regular_files_are_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path = Path("/dev/null")
    with pytest.raises(StorageError, match="not a regular file"):
        storage.read(str(path))


def test_size_and_coding_are_bounded(target: Path) -> None:
    target.write_bytes(b"\0" * (MAX_BYTES + 1))
    with pytest.raises(DocumentError, match="bytes"):
        storage.read(str(target))
    target.write_bytes(b"a: \xff\xfehunter2")
    with pytest.raises(DocumentError, match="byte 4 is not UTF-8"):
        storage.read(str(target)).text()


def test_links_are_followed_also_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    link = tmp_path / "controller.yml"
    link.symlink_to("etc/controller.yml")
    target = storage.resolve(str(link))
    assert target == str(tmp_path / "etc" / "controller.yml")
    replace(Path(target))
    assert link.is_symlink()
    assert link.read_bytes() == NEW


def test_a_circle_of_links_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(StorageError, match=r"circle|cannot be read"):
        storage.read(storage.resolve(str(tmp_path / "a")))


@pytest.mark.skipif(os.geteuid() != 0, reason="giving files away needs root")
@pytest.mark.parametrize(("owner", "fine"), [(4321, True), (0, False), (None, False)])
def test_a_link_of_the_service_must_not_aim_at_files_of_others(tmp_path: Path, owner: int | None, fine: bool) -> None:
    victim, link = tmp_path / "victim", tmp_path / "controller.yml"
    if owner is not None:
        victim.write_bytes(OLD)
        os.chown(victim, owner, owner)
    link.symlink_to(victim)
    os.lchown(link, 4321, 4321)
    if fine:
        assert storage.resolve(str(link)) == str(victim)
    else:
        with pytest.raises(StorageError, match="not followed"):
            storage.resolve(str(link))


def test_exists_tells_links_and_fails_where_it_cannot_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "file").write_bytes(b"")
    assert storage.exists(str(tmp_path / "link"))
    assert not storage.exists(str(tmp_path / "missing"))
    assert not storage.exists(str(tmp_path / "file" / "below"))

    def denied(_path: str) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "lstat", denied)
    with pytest.raises(StorageError, match="Permission denied"):
        storage.exists(str(tmp_path))
