# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service was started with, recorded at its start and compared later.

This one file is both the recorder, run on the host as ``ExecStartPre=-+/usr/bin/python3 start_record.py record ...``,
and the comparer, imported by the module C(unit_running). Both must compute digests in the same way, so they share it;
it therefore imports nothing of this collection and of Ansible.

A record describes one invocation of the unit. It lies below /run, because a reboot ends what it describes, and is
readable by root only: its salted digests of configuration files must not help to guess the passwords in them.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import hmac
import importlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

VERSION = 1
ABSENT = "absent"
# Never equal to anything, itself included: what could not be determined counts as a difference.
UNKNOWN = "unknown"

# systemd.unit(5), strongest first. The system.control directories are left out on purpose: what `systemctl
# set-property` writes there is already in force, so no restart is due for it.
UNIT_ROOTS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
)


class Inputs(NamedTuple):
    """What a start depends on.

    unit: name with suffix; yaml: absolute paths of configuration files; ignore: dotted keys left out of each of them;
    files: absolute paths of further files, compared by content and by the path their links lead to.
    """

    unit: str
    yaml: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


class Record(NamedTuple):
    """One start. parser names its YAML library; digests maps input names (``unit``, ``yaml:PATH``, ``file:PATH``)."""

    invocation: str
    salt: bytes
    parser: str
    digests: dict[str, str]


# --- YAML ------------------------------------------------------------------------------------------------------------


def _ruamel() -> Callable[[str], Any]:
    library = importlib.import_module("ruamel.yaml")

    def load(text: str) -> Any:
        try:
            # pure: the C parser reads YAML 1.1 and exists on some hosts only
            return library.YAML(typ="safe", pure=True).load(text)
        except library.error.YAMLError as error:
            raise ValueError("not YAML") from error

    return load


def _pyyaml() -> Callable[[str], Any]:
    library = importlib.import_module("yaml")

    def load(text: str) -> Any:
        try:
            return library.safe_load(text)
        except library.YAMLError as error:
            raise ValueError("not YAML") from error

    return load


def _none() -> Callable[[str], Any]:
    def load(_text: str) -> Any:
        raise ValueError("no YAML library")

    return load


# Strongest first. "text" compares the bytes: comments then matter, nothing else is lost.
PARSERS: dict[str, Callable[[], Callable[[str], Any]]] = {"ruamel": _ruamel, "yaml": _pyyaml, "text": _none}


def best_parser() -> str:
    """Name of the best YAML library this Python has, a key of PARSERS."""
    for name, factory in PARSERS.items():
        try:
            factory()
        except ImportError:
            continue
        return name
    return "text"


def without(document: Any, ignore: tuple[str, ...]) -> Any:
    """Copy of a parsed document without the dotted keys of ignore (``security.initialAdminPassword``)."""
    if not isinstance(document, dict) or not ignore:
        return document
    here = {key for key in ignore if "." not in key}
    below: dict[str, list[str]] = {}
    for head, dot, rest in (key.partition(".") for key in ignore):
        if dot:
            below.setdefault(head, []).append(rest)
    return {
        key: without(value, tuple(below.get(str(key), ()))) for key, value in document.items() if str(key) not in here
    }


def canonical(node: Any) -> Any:
    """A parsed YAML document in a form whose JSON is equal for equal documents, whatever their layout and key order.

    Key types stay apart (1 and "1"), and values without a JSON form (dates, binaries) become type and text.
    """
    if isinstance(node, dict):
        return {json.dumps(canonical(key), sort_keys=True): canonical(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [canonical(value) for value in node]
    if node is None or isinstance(node, (str, int, float, bool)):
        return node
    return {type(node).__name__: str(node)}


def document_bytes(raw: bytes, parser: str, ignore: tuple[str, ...]) -> bytes:
    """Canonical bytes of a YAML file's content; the content itself where it is no YAML (garbage must compare too).

    Raises ImportError if this Python lacks the parser.
    """
    load = PARSERS[parser]()
    try:
        document = without(load(raw.decode("utf-8-sig")), ignore)
        return b"yaml\0" + json.dumps(canonical(document), sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, TypeError, AttributeError, RecursionError):
        return b"text\0" + raw


# --- digests ---------------------------------------------------------------------------------------------------------


def unit_files(unit: str, roots: tuple[str, ...] = UNIT_ROOTS) -> list[str]:
    """Paths of the unit's file and drop-ins on disk, in the order systemd applies them (systemd.unit(5))."""
    fragment = next((path for path in (os.path.join(root, unit) for root in roots) if os.path.lexists(path)), None)
    stem, suffix = os.path.splitext(unit)
    parts = stem.split("-")
    # service.d, prexorcloud-.service.d, prexorcloud-daemon.service.d
    owners = [suffix.lstrip(".")] + ["-".join(parts[:n]) + "-" + suffix for n in range(1, len(parts))] + [unit]
    drop_ins: dict[str, str] = {}
    for owner in reversed(owners):
        for root in roots:
            folder = os.path.join(root, owner + ".d")
            for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
                if name.endswith(".conf"):
                    drop_ins.setdefault(name, os.path.join(folder, name))
    return ([fragment] if fragment else []) + [drop_ins[name] for name in sorted(drop_ins)]


def _sign(salt: bytes, *parts: bytes) -> str:
    digest = hmac.new(salt, digestmod=hashlib.sha256)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _read(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()


def _guarded(compute: Callable[[], str]) -> str:
    try:
        return compute()
    except FileNotFoundError:
        return ABSENT
    except (OSError, ImportError):
        return UNKNOWN


def _unit_digest(unit: str, salt: bytes, roots: tuple[str, ...]) -> str:
    paths = unit_files(unit, roots)
    if not paths:
        return ABSENT
    return _sign(salt, *(part for path in paths for part in (path.encode(), _read(path))))


def _yaml_digest(path: str, parser: str, ignore: tuple[str, ...], salt: bytes) -> str:
    return _sign(salt, document_bytes(_read(path), parser, ignore))


def _file_digest(path: str, salt: bytes) -> str:
    content = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            content.update(block)
    return _sign(salt, os.path.realpath(path).encode(), content.digest())


def digests(inputs: Inputs, salt: bytes, parser: str, roots: tuple[str, ...] = UNIT_ROOTS) -> dict[str, str]:
    """Digest of each input as it is now: 64 hex digits, ABSENT, or UNKNOWN where it cannot be read."""
    result = {"unit": _guarded(partial(_unit_digest, inputs.unit, salt, roots))}
    for path in inputs.yaml:
        result["yaml:" + path] = _guarded(partial(_yaml_digest, path, parser, inputs.ignore, salt))
    for path in inputs.files:
        result["file:" + path] = _guarded(partial(_file_digest, path, salt))
    return result


def differing(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """Names of the inputs that are not known to be equal, sorted; an input listed on one side only differs."""
    return sorted(
        name
        for name in set(before) | set(now)
        if before.get(name) != now.get(name) or UNKNOWN in (before.get(name), now.get(name))
    )


# --- records ---------------------------------------------------------------------------------------------------------


def read_record(path: str) -> Record | None:
    """The record at path; None if there is none or it is not one of ours (then nothing is known of the start)."""
    try:
        data = json.loads(_read(path))
        if data["version"] != VERSION or data["parser"] not in PARSERS:
            return None
        return Record(
            str(data["invocation"]),
            bytes.fromhex(data["salt"]),
            data["parser"],
            {str(name): str(value) for name, value in data["digests"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_record(path: str, record: Record) -> None:
    """Put the record at path (0600, atomic), making its directory. Raises OSError."""
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o755, exist_ok=True)
    data = {
        "version": VERSION,
        "invocation": record.invocation,
        "recorded": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "parser": record.parser,
        "salt": record.salt.hex(),
        "digests": record.digests,
    }
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".start-record-")  # 0600 from its creation on
    try:
        with os.fdopen(handle, "w") as stream:
            json.dump(data, stream, indent=1, sort_keys=True)
            stream.write("\n")
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def due_because(
    record: Record | None, invocation: str, inputs: Inputs, roots: tuple[str, ...] = UNIT_ROOTS
) -> list[str]:
    """Names of the inputs for which a restart is due; ``record`` if nothing is known of the running invocation.

    invocation: InvocationID of what runs now. A record of another one is left from an earlier start, and says nothing.
    """
    if record is None or record.invocation != invocation:
        return ["record"]
    return differing(record.digests, digests(inputs, record.salt, record.parser, roots))


# --- the recorder ----------------------------------------------------------------------------------------------------


def loaded_as_on_disk(unit: str) -> bool:
    """Whether systemd starts the unit from what lies on disk now, i.e. needs no daemon-reload."""
    command = ["systemctl", "show", "--property=NeedDaemonReload", "--", unit]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.strip() == "NeedDaemonReload=no"


def record_start(
    path: str, inputs: Inputs, invocation: str, loaded: bool, roots: tuple[str, ...] = UNIT_ROOTS
) -> Record:
    """Record the present inputs as those of this start. loaded: see loaded_as_on_disk. Raises OSError."""
    salt = secrets.token_bytes(32)
    parser = best_parser()
    values = digests(inputs, salt, parser, roots)
    if not loaded:
        values["unit"] = UNKNOWN  # what starts is an older text than the one on disk
    record = Record(invocation, salt, parser, values)
    write_record(path, record)
    return record


def main(arguments: list[str] | None = None) -> int:
    """Entry point on the host; exit 1 where the start could not be recorded (the unit starts all the same)."""
    parser = argparse.ArgumentParser(description="Records what a systemd unit is started with.")
    verb = parser.add_subparsers(dest="verb", required=True).add_parser("record")
    verb.add_argument("--record", required=True, metavar="PATH")
    verb.add_argument("--unit", required=True, metavar="NAME")
    for option, metavar in (("--yaml", "PATH"), ("--ignore", "KEY"), ("--file", "PATH")):
        verb.add_argument(option, nargs="+", action="extend", default=[], metavar=metavar)
    given = parser.parse_args(arguments)
    inputs = Inputs(given.unit, tuple(given.yaml), tuple(given.ignore), tuple(given.file))
    try:
        record_start(given.record, inputs, os.environ.get("INVOCATION_ID", ""), loaded_as_on_disk(given.unit))
    except OSError as error:
        sys.stderr.write(f"start not recorded: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
