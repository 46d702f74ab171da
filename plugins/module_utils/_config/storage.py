# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and replacing the file. A reader never sees half a file, and a failed write leaves the old one."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .document import MAX_BYTES
from .errors import ConflictError, DocumentError, StorageError

LOCK_SECONDS = 30.0
_LOCK_PAUSE = 0.05


@dataclass(frozen=True)
class Snapshot:
    """What the file was when it was read. content: None if there is no file; state identifies this very content."""

    target: str
    content: bytes | None
    state: tuple[int, ...] = ()

    @property
    def directory(self) -> str:
        return os.path.dirname(self.target)

    def text(self) -> str:
        """Raises DocumentError if the content is no UTF-8 text."""
        try:
            return (self.content or b"").decode("utf-8")
        except UnicodeDecodeError as error:
            raise DocumentError(f"is not a text file: byte {error.start + 1} is not UTF-8") from None


def resolve(path: str) -> str:
    """The file behind a path: links are followed and stay, also one that points to nothing yet.

    Raises StorageError for a link that belongs to an unprivileged user and points to somebody else's file: the service
    owns its directories on installs laid out by others, and must not be able to aim a write of root's.
    """
    target = os.path.realpath(path)
    try:
        link = os.lstat(path)
    except OSError:
        return target
    if not stat.S_ISLNK(link.st_mode):
        return target
    if os.path.islink(target):
        raise StorageError("is a link that ends in a circle of links")
    if link.st_uid not in (0, os.geteuid()):
        owner = os.lstat(target).st_uid if os.path.exists(target) else -1
        if owner != link.st_uid:
            raise StorageError(f"is a link owned by uid {link.st_uid} to a file of another owner; it is not followed")
    return target


def read(target: str) -> Snapshot:
    """Reads a regular file of at most MAX_BYTES. Raises StorageError, DocumentError."""
    try:
        descriptor = os.open(target, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return Snapshot(target, None)
    except OSError as error:
        raise StorageError(f"cannot be read: {error.strerror}") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise StorageError("is not a regular file")
        if status.st_size > MAX_BYTES:
            raise DocumentError(f"has {status.st_size} bytes, more than the {MAX_BYTES} a configuration may have")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return Snapshot(target, stream.read(MAX_BYTES + 1), _state(status))
    finally:
        os.close(descriptor)


def exists(path: str) -> bool:
    """Whether there is anything at a path, broken links included. Raises StorageError where that cannot be told."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise StorageError(f"cannot be judged: {path}: {error.strerror}") from None
    return True


def _state(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


@contextlib.contextmanager
def locked(directory: str, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Keeps other runs of this module out of a directory. The lock is on the directory and leaves nothing behind.

    Raises StorageError if the directory is missing or another run holds the lock for too long.
    """
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise StorageError(f"cannot be written: directory {directory}: {error.strerror}") from None
    try:
        deadline = time.monotonic() + seconds
        while not _try_lock(descriptor):
            if time.monotonic() > deadline:
                raise StorageError(f"is being changed by another run for more than {seconds:.0f} seconds")
            time.sleep(_LOCK_PAUSE)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise StorageError(f"cannot be locked: {error.strerror}") from None
    return True


def temporary_name(target: str) -> str:
    """One fixed name per file, so that what a killed run left behind is removed by the next one."""
    return os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.prexorcloud-tmp")


def discard_leftover(target: str) -> None:
    """Removes the temporary file of a killed run; call it under the lock only."""
    with contextlib.suppress(FileNotFoundError, PermissionError, IsADirectoryError):
        os.unlink(temporary_name(target))


def replace(snapshot: Snapshot, content: bytes, mode: int, finish: Callable[[str], None]) -> None:
    """Writes the content beside the file and moves it over the file in one step. Call it under the lock.

    Owner, group, mode and extended attributes of the old file are kept; a new file gets `mode`. `finish` is called with
    the temporary path before the move, to set what was asked for. Raises ConflictError if the file is not the one any
    more that was read, StorageError if it cannot be written; either way the old content is intact, nothing is left.
    """
    temporary = temporary_name(snapshot.target)
    try:
        discard_leftover(snapshot.target)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o600)
        try:
            _write_all(descriptor, content)
            _like(snapshot, descriptor, mode)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        finish(temporary)
        if read(snapshot.target).state != snapshot.state:
            raise ConflictError("was changed by somebody else at the same time")
        os.rename(temporary, snapshot.target)
        _sync_directory(snapshot.directory)
    except OSError as error:
        raise StorageError(
            f"cannot be written: {snapshot.directory}: {error.strerror}; the old content is intact"
        ) from None
    finally:
        discard_leftover(snapshot.target)


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _like(snapshot: Snapshot, descriptor: int, mode: int) -> None:
    if snapshot.content is None:
        os.fchmod(descriptor, mode)
        return
    old = os.stat(snapshot.target)
    made = os.fstat(descriptor)
    if (old.st_uid, old.st_gid) != (made.st_uid, made.st_gid):
        os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))
    for name in os.listxattr(snapshot.target):
        os.setxattr(descriptor, name, os.getxattr(snapshot.target, name))


def _sync_directory(directory: str) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
