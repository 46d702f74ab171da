# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and writing small sensitive files safely."""

from __future__ import annotations

import fcntl
import grp
import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MAX_FILE_BYTES = 2 * 1024 * 1024


class FileError(Exception):
    """A file cannot be used; the text names path and reason, never content."""


@dataclass(frozen=True)
class Ownership:
    """Wanted owner; None leaves that part as it is (a new file then belongs to the caller)."""

    uid: int | None
    gid: int | None


def read_file(path: str, limit: int = MAX_FILE_BYTES) -> bytes | None:
    """The content of the regular file *path*; None if there is no such file. Raises FileError.

    Never blocks: a named pipe put in place of the file is refused.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileError(f"{path} is not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise FileError(f"{path} is larger than {limit} bytes")
    return data


def resolve_ownership(owner: str | None, group: str | None) -> Ownership:
    """Ids of user and group names. Raises FileError naming the missing one."""
    try:
        uid = pwd.getpwnam(owner).pw_uid if owner is not None else None
    except KeyError as error:
        raise FileError(f"there is no user {owner}") from error
    try:
        gid = grp.getgrnam(group).gr_gid if group is not None else None
    except KeyError as error:
        raise FileError(f"there is no group {group}") from error
    return Ownership(uid, gid)


def attributes_differ(path: str, ownership: Ownership, mode: int) -> bool:
    """True if *path* exists with another owner, group or mode than wanted."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return False
    return (
        stat.S_IMODE(found.st_mode) != mode
        or ownership.uid not in (None, found.st_uid)
        or ownership.gid not in (None, found.st_gid)
    )


def set_attributes(path: str, ownership: Ownership, mode: int) -> None:
    """Sets owner, group and mode through a descriptor, so that a link put in place meanwhile is not followed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            _apply(descriptor, ownership, mode)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise FileError(f"owner and mode of {path} cannot be set: {error.strerror}") from error


def _apply(descriptor: int, ownership: Ownership, mode: int) -> None:
    # Owner before mode: changing the owner may clear mode bits, and the file is 0600 until then.
    uid = -1 if ownership.uid is None else ownership.uid
    gid = -1 if ownership.gid is None else ownership.gid
    os.fchown(descriptor, uid, gid)
    os.fchmod(descriptor, mode)


@contextmanager
def _locked(directory: str) -> Iterator[int]:
    """A descriptor of *directory* under an exclusive lock: two writers would share the temporary name."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def ensure_directory(path: str, ownership: Ownership, mode: int) -> None:
    """Makes *path* a directory with that owner and mode; its parent must exist. Raises FileError."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise FileError(f"the directory {path} cannot be made: {error.strerror}") from error
    if not os.path.isdir(path):
        raise FileError(f"{path} is not a directory")
    if attributes_differ(path, ownership, mode):
        set_attributes(path, ownership, mode)


def write_file(path: str, data: bytes, ownership: Ownership, mode: int) -> None:
    """Replaces *path* atomically: the old content or the new one, never a part, never readable for others meanwhile.

    The temporary file has a fixed name, so one left behind by a killed run is overwritten by the next.
    Raises FileError.
    """
    directory, name = os.path.split(path)
    temporary = f".{name}.new"
    try:
        with _locked(directory or ".") as parent:
            try:
                _write_temporary(temporary, data, ownership, mode, parent)
                os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
            except BaseException:
                _remove(temporary, parent)
                raise
            os.fsync(parent)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror}") from error


def _write_temporary(name: str, data: bytes, ownership: Ownership, mode: int, parent: int) -> None:
    _remove(name, parent)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, 0o600, dir_fd=parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        _apply(descriptor, ownership, mode)
        os.fsync(descriptor)


def _remove(name: str, parent: int) -> None:
    try:
        os.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        return
