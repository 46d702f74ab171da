# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory of the control node in which a release is brought together: private, each file whole or not there."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from .._crypto.files import Ownership, read_file, write_file
from .._sigstore.errors import PolicyError, Refused

OWN = Ownership(None, None)
_BLOCK = 1024 * 1024


class Store:
    """A directory that nobody but its owner can look into or change."""

    def __init__(self, path: str) -> None:
        self.path = path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Makes the directory and keeps other runs out of it meanwhile. Raises PolicyError, OSError."""
        os.makedirs(self.path, mode=0o700, exist_ok=True)
        if os.stat(self.path).st_uid != os.geteuid():
            raise PolicyError(f"{self.path} belongs to another user, who could change what was verified")
        os.chmod(self.path, 0o700)
        descriptor = os.open(self.place(".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def place(self, name: str) -> str:
        """Path of a file of the store."""
        return os.path.join(self.path, name)

    def read(self, name: str, limit: int) -> bytes | None:
        """Content of a small file, None if there is none. Raises FileError."""
        return read_file(self.place(name), limit)

    def write(self, name: str, content: bytes) -> None:
        """Replaces a small file. Raises FileError."""
        write_file(self.place(name), content, OWN, 0o600)

    def remove(self, name: str) -> None:
        """Removes a file if it is there."""
        try:
            os.unlink(self.place(name))
        except FileNotFoundError:
            return

    def has(self, name: str, sha256: str) -> bool:
        """Whether the file is there with that content."""
        return file_digest(self.place(name)) == sha256

    def receive(self, name: str, pieces: Iterable[bytes], sha256: str) -> int:
        """Writes a file while hashing it, and puts it in place only if it is the right one; its size in bytes.

        sha256: 64 hex digits. Raises Refused(digest_mismatch), and what the pieces raise.
        """
        temporary = self.place(f".{name}.new")
        self.remove(f".{name}.new")
        digest = hashlib.sha256()
        size = 0
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                for piece in pieces:
                    digest.update(piece)
                    size += file.write(piece)
                file.flush()
                os.fsync(descriptor)
            if digest.hexdigest() != sha256:
                raise Refused("digest_mismatch", f"{name} has the SHA-256 {digest.hexdigest()}, signed is {sha256}")
            os.replace(temporary, self.place(name))
        except BaseException:
            self.remove(f".{name}.new")
            raise
        return size


def file_digest(path: str) -> str | None:
    """SHA-256 of a regular file as hex digits, None if there is none or it is something else. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError:
        if os.path.islink(path):
            return None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        digest = hashlib.sha256()
        for block in iter(lambda: file.read(_BLOCK), b""):
            digest.update(block)
    return digest.hexdigest()
