# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs verified artifacts on a host: what is there already, what is missing, and the change from received bytes.

Everything belongs to the user that runs this. A program file is replaced in one step. A tree is unpacked beside its
place and then moved there, with a record of every file: a tree that does not fit its record is unpacked anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from .._sigstore.errors import Refused
from . import archive, store

# Component -> name of its program file; the others are trees.
PROGRAMS = {"controller": "cloud-controller.jar", "daemon": "cloud-daemon.jar"}
COMPONENTS = (*PROGRAMS, "dashboard", "cli")
_BLOCK = 1024 * 1024
_RECORD_LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True)
class Wanted:
    """One component as it has to be. `directory` holds the versions of all components; `sha256` is of the artifact."""

    directory: str
    component: str
    version: str
    sha256: str

    @property
    def folder(self) -> str:
        """Directory of all versions of the component."""
        return os.path.join(self.directory, self.component)

    @property
    def version_folder(self) -> str:
        """Directory of this version."""
        return os.path.join(self.folder, self.version)

    @property
    def program(self) -> str | None:
        """Path of the program file, None for a tree."""
        name = PROGRAMS.get(self.component)
        return None if name is None else os.path.join(self.version_folder, name)

    @property
    def record(self) -> str:
        """What a tree has to contain; beside the tree, which a web server may show to the world."""
        return os.path.join(self.folder, f".{self.version}.json")

    @property
    def fresh(self) -> str:
        """Where a tree is unpacked."""
        return os.path.join(self.folder, f".{self.version}.new")


@dataclass
class Plan:
    """Differences, by path. `missing`: the artifact's bytes are needed."""

    missing: bool = False
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    @property
    def differs(self) -> bool:
        return self.before != self.after

    def note(self, path: str, what: str, now: Any, wanted: Any) -> None:
        if now != wanted:
            self.before.setdefault(path, {})[what] = now
            self.after.setdefault(path, {})[what] = wanted


def plan(wanted: Wanted) -> Plan:
    """Compares a component with what is wanted; changes nothing. Raises OSError."""
    found = Plan()
    folders = [wanted.folder, wanted.version_folder] if wanted.program else [wanted.folder]
    for path in folders:
        _note_attributes(found, path, 0o755)
    path = wanted.program or wanted.version_folder
    present = store.file_digest(path) if wanted.program else _tree_digest(wanted)
    found.missing = present != wanted.sha256
    found.note(path, "sha256", present, wanted.sha256)
    if wanted.program and present is not None:
        _note_attributes(found, path, 0o644)
    return found


def apply(wanted: Wanted, received: str | None) -> None:
    """Brings a component to what is wanted.

    received: the artifact as it was brought to the host, None if only owner and mode of what is there differ. It is
    hashed while it is copied to where nobody else can write, and installed from that copy. Raises
    Refused(digest_mismatch, input_malformed, input_too_large) with nothing changed that was there before, and OSError.
    """
    for path in (wanted.folder, wanted.version_folder) if wanted.program else (wanted.folder,):
        _own_directory(path)
    with _locked(wanted.folder):
        if received is not None and wanted.program:
            _install_program(wanted, wanted.program, received)
        elif received is not None:
            _install_tree(wanted, received)
        elif wanted.program:
            _own(wanted.program, 0o644)


def _note_attributes(found: Plan, path: str, mode: int) -> None:
    try:
        present = os.lstat(path)
    except FileNotFoundError:
        found.note(path, "kind", "absent", "directory")
        return
    found.note(path, "mode", f"{stat.S_IMODE(present.st_mode):04o}", f"{mode:04o}")
    found.note(path, "owner", [present.st_uid, present.st_gid], [os.geteuid(), os.getegid()])


def _own_directory(path: str) -> None:
    try:
        os.mkdir(path, 0o755)
    except FileExistsError:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise Refused("internal_error", f"{path} exists and is no directory; move it away") from None
    _own(path, 0o755)


def _own(path: str, mode: int) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        os.fchown(descriptor, os.geteuid(), os.getegid())
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(folder: str) -> Iterator[None]:
    """Keeps another run out: both would write the same temporary names."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _proven_copy(received: str, place: str, sha256: str) -> Iterator[BinaryIO]:
    """The received artifact as an own file at `place`, open at its start, once its digest is the right one.

    The file is removed in the end unless it was moved away; one left behind by a killed run is replaced.
    """
    _remove(place)
    digest = hashlib.sha256()
    source = os.open(received, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        with os.fdopen(source, "rb", buffering=0) as incoming, _created(place) as copy:
            for block in iter(lambda: incoming.read(_BLOCK), b""):
                digest.update(block)
                copy.write(block)
            copy.flush()
            if digest.hexdigest() != sha256:
                raise Refused(
                    "digest_mismatch", f"the host received the SHA-256 {digest.hexdigest()}, verified is {sha256}"
                )
            os.fsync(copy.fileno())
            copy.seek(0)
            yield copy
    finally:
        _remove(place)


def _created(place: str) -> BinaryIO:
    descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    return cast(BinaryIO, os.fdopen(descriptor, "w+b"))


def _install_program(wanted: Wanted, path: str, received: str) -> None:
    temporary = os.path.join(wanted.version_folder, f".{os.path.basename(path)}.new")
    with _proven_copy(received, temporary, wanted.sha256) as copy:
        os.fchmod(copy.fileno(), 0o644)
        os.replace(temporary, path)


def _install_tree(wanted: Wanted, received: str) -> None:
    with _proven_copy(received, f"{wanted.fresh}.tar.gz", wanted.sha256) as copy:
        _remove(wanted.fresh)
        try:
            os.mkdir(wanted.fresh, 0o700)
            files = archive.unpack(copy, wanted.fresh)
            os.chmod(wanted.fresh, archive.DIRECTORY_MODE)
            _write_record(wanted, files)
            # The wrong tree, if there is one, is away for a moment: two directories cannot be exchanged in one step.
            _remove(wanted.version_folder)
            os.rename(wanted.fresh, wanted.version_folder)
        except BaseException:
            _remove(wanted.fresh)
            raise


def _write_record(wanted: Wanted, files: dict[str, archive.Member]) -> None:
    content = {
        "sha256": wanted.sha256,
        "files": {name: [member.sha256, member.executable] for name, member in sorted(files.items())},
    }
    temporary = f"{wanted.record}.new"
    _remove(temporary)
    with _created(temporary) as file:
        file.write(json.dumps(content).encode())
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, wanted.record)


def _tree_digest(wanted: Wanted) -> str | None:
    """SHA-256 of the archive that the tree is from; None if there is none, "altered" if it does not fit its record."""
    if not os.path.isdir(wanted.version_folder) or os.path.islink(wanted.version_folder):
        return None
    try:
        with open(wanted.record, "rb") as file:
            record = json.loads(file.read(_RECORD_LIMIT))
        expected = {name: (sha256, executable) for name, (sha256, executable) in record["files"].items()}
        digest = str(record["sha256"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "altered"
    return digest if _tree(wanted.version_folder) == expected else "altered"


def _tree(top: str) -> dict[str, tuple[str | None, bool]] | None:
    """Path below the folder -> digest and whether it may be executed; None if an owner or mode is not what we give."""
    found: dict[str, tuple[str | None, bool]] = {}
    for directory, folders, names in os.walk(top):
        if _unlike(directory, (0o755,)) or any(os.path.islink(os.path.join(directory, name)) for name in folders):
            return None
        for name in names:
            path = os.path.join(directory, name)
            if _unlike(path, (0o644, 0o755)):
                return None
            found[os.path.relpath(path, top)] = (store.file_digest(path), os.stat(path).st_mode & 0o100 != 0)
    return found


def _unlike(path: str, modes: tuple[int, ...]) -> bool:
    present = os.lstat(path)
    return (
        stat.S_ISLNK(present.st_mode)
        or stat.S_IMODE(present.st_mode) not in modes
        or (present.st_uid, present.st_gid) != (os.geteuid(), os.getegid())
    )


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)
