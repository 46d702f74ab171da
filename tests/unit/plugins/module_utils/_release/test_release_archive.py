# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives of a release: what upstream makes is unpacked, what would reach out of the folder is not."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import tarfile
from pathlib import Path

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._release import archive
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from hypothesis import given
from hypothesis import strategies as st

Entry = tuple[tarfile.TarInfo, bytes]


def file(name: str, content: bytes = b"x", mode: int = 0o644) -> Entry:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    return entry, content


def special(name: str, kind: bytes, target: str = "") -> Entry:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.mode = kind, target, 0o4777
    return entry, b""


def packed(*entries: Entry) -> io.BytesIO:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry, content in entries:
            tar.addfile(entry, io.BytesIO(content))
    return io.BytesIO(gzip.compress(plain.getvalue()))


def test_a_web_root_as_upstream_packs_it(tmp_path: Path) -> None:
    os.umask(0o077)
    found = archive.unpack(
        packed(
            special("./", tarfile.DIRTYPE),
            file("./index.html", b"<html>"),
            special("./assets", tarfile.DIRTYPE),
            file("./assets/deep/er/app.js", b"js", 0o666),
            file("prexorctl", b"ELF", 0o4755),
        ),
        str(tmp_path),
    )
    assert found == {
        "index.html": archive.Member(hashlib.sha256(b"<html>").hexdigest(), False),
        "assets/deep/er/app.js": archive.Member(hashlib.sha256(b"js").hexdigest(), False),
        "prexorctl": archive.Member(hashlib.sha256(b"ELF").hexdigest(), True),
    }
    modes = {str(path.relative_to(tmp_path)): stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {
        "index.html": 0o644,
        "assets": 0o755,
        "assets/deep": 0o755,
        "assets/deep/er": 0o755,
        "assets/deep/er/app.js": 0o644,
        "prexorctl": 0o755,
    }


REFUSED = {
    "absolute": (file("/etc/cron.d/x"), "input_malformed"),
    "upwards": (file("../x"), "input_malformed"),
    "upwards inside": (file("a/../../x"), "input_malformed"),
    "upwards directory": (special("a/..", tarfile.DIRTYPE), "input_malformed"),
    "symbolic link": (special("x", tarfile.SYMTYPE, "/etc/passwd"), "input_malformed"),
    "hard link": (special("x", tarfile.LNKTYPE, "/etc/passwd"), "input_malformed"),
    "device": (special("x", tarfile.CHRTYPE), "input_malformed"),
    "pipe": (special("x", tarfile.FIFOTYPE), "input_malformed"),
    "control character": (file("a\nb"), "input_malformed"),
    "backslash": (file("a\\b"), "input_malformed"),
    "long name": (file("n/" * 600), "input_malformed"),
    "no name": (file("./"), "input_malformed"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_reaches_out_of_the_folder_is_refused(name: str, tmp_path: Path) -> None:
    entry, reason = REFUSED[name]
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(Refused) as refused:
        archive.unpack(packed(file("good"), entry), str(folder))
    assert refused.value.reason == reason
    assert os.listdir(tmp_path) == ["folder"]
    assert not any(path.is_symlink() for path in folder.rglob("*"))


@pytest.mark.parametrize(
    "entries",
    [
        (file("a"), file("./a")),
        (file("a"), file("a/b")),
        (file("a/b"), file("a")),
        (file("a"), special("a", tarfile.DIRTYPE)),
    ],
)
def test_one_name_for_two_members_is_refused(entries: tuple[Entry, ...], tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        archive.unpack(packed(*entries), str(tmp_path))
    assert refused.value.reason == "input_malformed"


def test_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MEMBER_LIMIT", 3)
    with pytest.raises(Refused) as refused:
        archive.unpack(packed(*(file(str(number)) for number in range(4))), str(tmp_path))
    assert refused.value.reason == "input_too_large"
    monkeypatch.setattr(archive, "CONTENT_LIMIT", 100_000)
    with pytest.raises(Refused) as refused:
        archive.unpack(packed(file("bomb", b"\0" * 1_000_000)), str(tmp_path))
    assert refused.value.reason == "input_too_large"


def test_a_torn_archive_is_refused(tmp_path: Path) -> None:
    whole = packed(file("a", os.urandom(50_000))).getvalue()
    for number, content in enumerate((b"", b"no archive", whole[:200], whole[:-9000], gzip.compress(b"no tar" * 1000))):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(Refused) as refused:
            archive.unpack(io.BytesIO(content), str(folder))
        assert refused.value.reason == "input_malformed"


@given(st.text(max_size=40))
def test_a_name_stays_below_the_folder(name: str) -> None:
    try:
        clean = archive.safe_name(name)
    except Refused:
        return
    assert os.path.normpath(os.path.join("/folder", clean)).startswith("/folder")
    assert not clean.startswith("/")
