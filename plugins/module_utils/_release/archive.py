# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpacks a release's tar.gz: files and directories below one folder, and nothing that reaches out of it."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import tarfile
import zlib
from dataclasses import dataclass
from typing import IO, BinaryIO, cast

from .._sigstore.errors import Refused

# Caps on what any genuine archive has (sigstore.md 0).
MEMBER_LIMIT = 20_000
CONTENT_LIMIT = 1024 * 1024 * 1024
NAME_LIMIT = 1024
DIRECTORY_MODE = 0o755
_BLOCK = 1024 * 1024
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")
FILE_TYPES = (tarfile.REGTYPE, tarfile.AREGTYPE)


@dataclass(frozen=True)
class Member:
    """One file as it was unpacked: its SHA-256 as hex digits and whether it may be executed."""

    sha256: str
    executable: bool


class _Bounded:
    """A stream that ends in a refusal instead of endless data."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self.stream = stream
        self.left = limit

    def read(self, size: int) -> bytes:
        data = self.stream.read(size)
        self.left -= len(data)
        if self.left < 0:
            raise Refused("input_too_large", f"the archive unpacks to more than {CONTENT_LIMIT} bytes")
        return data


def safe_name(name: str) -> str:
    """The path of a member below the folder, "" for the folder itself; upstream writes names with a leading "./".

    Raises Refused(input_malformed) for what is absolute, leads upwards, has control characters or is no UTF-8.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    clean = "/".join(parts)
    if name.startswith("/") or ".." in parts or _CONTROL.search(name) or len(name) > NAME_LIMIT:
        raise Refused("input_malformed", f"the archive has a member named {name[:100]!r}, which is not unpacked")
    try:
        clean.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Refused("input_malformed", f"the archive has a member named {name[:100]!r}, which is no UTF-8") from error
    return clean


def unpack(archive: BinaryIO, folder: str) -> dict[str, Member]:
    """Unpacks a tar.gz into an empty folder; path below the folder -> file. Directories get 0755, files 0644 or 0755.

    archive: the very bytes whose digest was checked, at their start. Raises Refused, and OSError if the folder cannot
    be written.
    """
    found: dict[str, Member] = {}
    try:
        with gzip.GzipFile(fileobj=archive, mode="rb") as plain:
            bounded = cast(BinaryIO, _Bounded(cast(BinaryIO, plain), CONTENT_LIMIT))
            with tarfile.open(fileobj=bounded, mode="r|", encoding="utf-8", errors="surrogateescape") as tar:
                for number, entry in enumerate(tar, 1):
                    if number > MEMBER_LIMIT:
                        raise Refused("input_too_large", f"the archive has more than {MEMBER_LIMIT} members")
                    _unpack_one(tar, entry, folder, found)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, OverflowError) as error:
        raise Refused("input_malformed", f"the archive cannot be read: {error}") from error
    return found


def _unpack_one(tar: tarfile.TarFile, entry: tarfile.TarInfo, folder: str, found: dict[str, Member]) -> None:
    name = safe_name(entry.name)
    if entry.type == tarfile.DIRTYPE:
        _make_directories(folder, name)
        return
    if entry.type not in FILE_TYPES or not name:
        raise Refused("input_malformed", f"the archive's member {entry.name[:100]!r} is neither file nor directory")
    _make_directories(folder, os.path.dirname(name))
    digest = hashlib.sha256()
    mode = 0o755 if entry.mode & 0o100 else 0o644
    try:
        # O_EXCL: what is there already is never followed nor overwritten
        descriptor = os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise Refused("input_malformed", f"the archive has two members named {name[:100]!r}") from None
    content = cast(IO[bytes], tar.extractfile(entry))
    with os.fdopen(descriptor, "wb") as file:
        for block in iter(lambda: content.read(_BLOCK), b""):
            digest.update(block)
            file.write(block)
        os.fchmod(descriptor, mode)
    found[name] = Member(digest.hexdigest(), mode == 0o755)


def _make_directories(folder: str, name: str) -> None:
    path = folder
    for part in filter(None, name.split("/")):
        path = os.path.join(path, part)
        try:
            os.mkdir(path, DIRECTORY_MODE)
        except FileExistsError:
            if os.path.isdir(path):
                continue
            raise Refused("input_malformed", f"the archive has {name[:100]!r} as a file and as a directory") from None
        os.chmod(path, DIRECTORY_MODE)
