# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The artifact: opened once, read as a stream, and the same bytes from the first look to the last (sigstore.md 0).

What cannot be seen: a write within the clock tick of the file system in which the file was last written before it was
opened. Whoever has to exclude that works on a private copy.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
from types import TracebackType

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.encoding import decode_hex
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused

BLOCK = 1024 * 1024
WHOLE_LIMIT = 64 * BLOCK
SIZES = {"sha256": 32, "sha384": 48, "sha512": 64}
# Not waiting for the writer of a pipe, no terminal of our own: the file is refused after its kind is known.
FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY

_Stamp = tuple[int, int, int, int, int]


class Artifact:
    """Some bytes that somebody signed; a context manager that closes the file.

    Made by from_path(), from_bytes() or from_digest(). `name` is for people.
    """

    def __init__(self, name: str, file: io.FileIO | io.BytesIO | None, size: int, path: str | None = None) -> None:
        self.name = name
        self._file = file
        self._size = size
        self._path = path
        self._stamp = _stamp(os.fstat(file.fileno())) if path is not None and file is not None else None
        self._digests: dict[str, bytes] = {}

    @classmethod
    def from_path(cls, path: str) -> Artifact:
        """The file at `path`, or the one that a link there leads to; opened now, read later.

        Raises Refused("artifact_unreadable") if there is no regular file that can be read.
        """
        try:
            # Opening a device can have effects, so its kind is looked at first; what was opened is what counts.
            _require_regular(os.stat(path), path)
            file = io.FileIO(os.open(path, FLAGS), "rb", closefd=True)
        except (OSError, ValueError) as error:
            raise Refused("artifact_unreadable", f"{path}: {getattr(error, 'strerror', None) or error}") from error
        try:
            status = os.fstat(file.fileno())
            _require_regular(status, path)
            return cls(path, file, status.st_size, path)
        except BaseException:
            file.close()
            raise

    @classmethod
    def from_bytes(cls, data: bytes, name: str) -> Artifact:
        """Bytes that are in memory already."""
        return cls(name, io.BytesIO(data), len(data))

    @classmethod
    def from_digest(cls, sha256: str) -> Artifact:
        """An artifact of which only the SHA-256 digest is known, in 64 lower-case hex digits.

        Raises Refused("input_malformed").
        """
        artifact = cls(f"sha256:{sha256}", None, 0)
        artifact._digests["sha256"] = decode_hex(sha256, SIZES["sha256"], "the digest")
        return artifact

    def __enter__(self) -> Artifact:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; digests that were computed stay."""
        if self._file is not None:
            self._file.close()

    def provides(self, hash_name: str) -> bool:
        """True if digest(hash_name) is there or can be computed."""
        return hash_name in self._digests or (self._file is not None and hash_name in SIZES)

    def digest(self, hash_name: str) -> bytes:
        """Digest of the artifact: sha256, sha384 or sha512; read on the first request only.

        Raises Refused: "algorithm_unsupported" (another hash, or one that cannot be had from a digest alone),
        "artifact_unreadable", "artifact_changed".
        """
        if hash_name not in self._digests:
            if hash_name not in SIZES:
                raise Refused("algorithm_unsupported", f"{hash_name[:32]!r} is no hash that is verified")
            self._read(hash_name, None)
        return self._digests[hash_name]

    def whole(self, limit: int = WHOLE_LIMIT) -> bytes:
        """All bytes, at most `limit`: for signatures over the message itself (sigstore.md 1.13, Ed25519).

        Raises Refused: "input_too_large", else as digest().
        """
        if self._size > limit:
            size = f"{self.name} has {self._size} bytes, at most {limit}"
            raise Refused("input_too_large", f"{size} can be verified with a key that signs the whole file (Ed25519)")
        parts: list[bytes] = []
        self._read("sha256", parts)
        return b"".join(parts)

    def verify_unchanged(self) -> None:
        """Proves at the end that the path still leads to the file that was read, and that nobody wrote to it.

        Raises Refused("artifact_changed"). Bytes in memory and digests do not change.
        """
        if self._path is None or self._file is None:
            return
        try:
            named, opened = _stamp(os.stat(self._path)), _stamp(os.fstat(self._file.fileno()))
        except (OSError, ValueError) as error:
            raise Refused("artifact_changed", f"{self.name} is no longer there: {error}") from error
        if not named == opened == self._stamp:
            raise self._changed()

    def _read(self, hash_name: str, parts: list[bytes] | None) -> None:
        """One pass. SHA-256 is part of each: two passes over different bytes cannot both count."""
        if self._file is None:
            wanted = "the whole file" if parts is not None else hash_name.upper()
            raise Refused("algorithm_unsupported", f"{wanted} is needed, only a SHA-256 digest was given: give a path")
        hashers = {name: hashlib.new(name) for name in dict.fromkeys(("sha256", hash_name))}
        block = memoryview(bytearray(min(BLOCK, self._size + 1)))
        done = 0
        try:
            self._require_same()
            self._file.seek(0)
            while count := self._file.readinto(block):
                done += count
                if done > self._size:
                    raise self._changed()
                for hasher in hashers.values():
                    hasher.update(block[:count])
                if parts is not None:
                    parts.append(bytes(block[:count]))
            self._require_same()
        except (OSError, ValueError) as error:
            raise Refused("artifact_unreadable", f"{self.name}: {error}") from error
        found = {name: hasher.digest() for name, hasher in hashers.items()}
        if done != self._size or self._digests.get("sha256", found["sha256"]) != found["sha256"]:
            raise self._changed()
        self._digests.update(found)

    def _require_same(self) -> None:
        if self._stamp is not None and self._file is not None and _stamp(os.fstat(self._file.fileno())) != self._stamp:
            raise self._changed()

    def _changed(self) -> Refused:
        return Refused("artifact_changed", f"{self.name} changed while it was verified")


def _stamp(status: os.stat_result) -> _Stamp:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _require_regular(status: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Refused("artifact_unreadable", f"{path} is no regular file")
