# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans and makes directories, links and seed files."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_KINDS = {"directory": stat.S_ISDIR, "link": stat.S_ISLNK, "seed": stat.S_ISREG}


class LayoutError(Exception):
    """What stands in the way, and the cure."""


@dataclass(frozen=True)
class Entry:
    """One path as the role wants it; ``mode`` is a number such as 0o750."""

    path: str
    kind: str = "directory"
    owner: str | None = None
    group: str | None = None
    mode: int | None = None
    target: str | None = None
    content: str = ""
    adopt: bool = False

    @classmethod
    def from_options(cls, raw: Mapping[str, Any]) -> Entry:
        """Build an entry from the module's options.

        :raises LayoutError: the mode is no octal text, or the path is not absolute.
        """
        options = dict(raw)
        if options.get("mode") is not None:
            try:
                options["mode"] = int(options["mode"], 8)
            except ValueError as error:
                raise LayoutError(
                    f"mode {raw['mode']!r} of {raw['path']} is no octal number; write it as text, e.g. '0750'"
                ) from error
        if not os.path.isabs(options["path"]):
            raise LayoutError(f"{options['path']} is not an absolute path")
        return cls(**options)


@dataclass
class Plan:
    """Difference between a path and its entry, as shown in the diff."""

    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    adopted: bool = False

    @property
    def differs(self) -> bool:
        return self.before != self.after

    def note(self, what: str, now: Any, wanted: Any) -> None:
        if now != wanted:
            self.before[what], self.after[what] = now, wanted


def plan_entry(entry: Entry, names_may_be_missing: bool = False) -> Plan:
    """Compare one path with what is wanted; changes nothing.

    :param names_may_be_missing: a user or group unknown to the host counts as a difference (check mode) instead of an
        error.
    :raises LayoutError: the path exists with another kind, or a name is unknown.
    """
    plan = Plan()
    present = _lstat(entry.path)
    if present is not None and not _KINDS[entry.kind](present.st_mode):
        if entry.adopt:
            plan.adopted = True
            return plan
        raise LayoutError(
            f"{entry.path} exists and is no {entry.kind}; move it away or correct the path variables of this collection"
        )
    plan.note("kind", entry.kind if present is not None else "absent", entry.kind)
    if entry.kind == "link":
        plan.note("target", os.readlink(entry.path) if present is not None else None, entry.target)
        return plan
    _ids(entry, names_may_be_missing)  # raises for an unknown name
    if present is None:
        return plan
    if entry.mode is not None:
        plan.note("mode", f"{stat.S_IMODE(present.st_mode):04o}", f"{entry.mode:04o}")
    # A wanted name that this host does not know yet (check mode) differs from whatever owns the path now.
    owner, group = _name(pwd.getpwuid, present.st_uid), _name(grp.getgrgid, present.st_gid)
    plan.note("owner", owner, entry.owner or owner)
    plan.note("group", group, entry.group or group)
    return plan


def apply_entry(entry: Entry) -> None:
    """Bring one path to its entry. Owners are set before modes open anything, so nothing is readable by others in
    between.

    :raises LayoutError: a name is unknown.
    :raises OSError: the file system refused.
    """
    if entry.kind == "link":
        _replace_link(entry)
        return
    uid, gid = _ids(entry, names_may_be_missing=False)
    if entry.kind == "directory" and not os.path.isdir(entry.path):
        os.mkdir(entry.path, 0o700)
    elif entry.kind == "seed" and _lstat(entry.path) is None:
        _write_seed(entry)
    os.chown(entry.path, -1 if uid is None else uid, -1 if gid is None else gid)
    if entry.mode is not None:
        os.chmod(entry.path, entry.mode)


def _lstat(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


def _ids(entry: Entry, names_may_be_missing: bool) -> tuple[int | None, int | None]:
    try:
        uid = pwd.getpwnam(entry.owner).pw_uid if entry.owner else None
        gid = grp.getgrnam(entry.group).gr_gid if entry.group else None
    except KeyError as error:
        if names_may_be_missing:
            return None, None
        raise LayoutError(f"owner or group of {entry.path} is unknown on this host: {error}") from error
    return uid, gid


def _name(lookup: Any, number: int) -> str:
    try:
        return str(lookup(number)[0])
    except KeyError:
        return str(number)


def _replace_link(entry: Entry) -> None:
    temporary = f"{entry.path}.{os.getpid()}.new"
    os.symlink(entry.target or "", temporary)  # without one, as no caller asks for, the system refuses
    try:
        os.replace(temporary, entry.path)
    except OSError:
        os.unlink(temporary)
        raise


def _write_seed(entry: Entry) -> None:
    temporary = f"{entry.path}.{os.getpid()}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(entry.content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, entry.path)
    except OSError:
        os.unlink(temporary)
        raise


def paths_of_others(top: str, uid: int, gid: int) -> Iterator[tuple[int, str]]:
    """Names below ``top`` that do not belong to ``uid`` and ``gid``, each with the open descriptor of its directory.

    The tree may belong to a service that is not trusted: descriptors instead of paths keep a directory that is swapped
    for a link meanwhile from leading root elsewhere; links are reported, never followed.
    """
    for _directory, names, files, descriptor in os.fwalk(top):
        for name in names + files:
            try:
                found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            except FileNotFoundError:
                continue
            if (found.st_uid, found.st_gid) != (uid, gid):
                yield descriptor, name


def give_tree(top: str, uid: int, gid: int) -> int:
    """Give everything below ``top``, and ``top`` itself, to a user and group; modes stay.

    For data that a service running as another user has left behind (upstream's installer runs it as root).

    :returns: how many paths had another owner.
    """
    given = 0
    for directory, name in paths_of_others(top, uid, gid):
        os.chown(name, uid, gid, dir_fd=directory, follow_symlinks=False)
        given += 1
    found = os.lstat(top)
    if (found.st_uid, found.st_gid) != (uid, gid):
        os.chown(top, uid, gid, follow_symlinks=False)
        given += 1
    return given
