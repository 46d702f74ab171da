# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The artifact is read as a stream, and is the same from the first look to the last (sigstore.md 0)."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import artifact as under_test
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.artifact import BLOCK, Artifact
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused

CONTENT = b"the release" * 1000
LONG_AGO = (10**18, 10**18)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A file whose times lie so far back that any write shows in them."""
    path = tmp_path / "release.jar"
    path.write_bytes(CONTENT)
    os.utime(path, ns=LONG_AGO)
    return path


def reason(action: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        action()
    return caught.value.reason


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
def test_digests_of_every_size(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    path = tmp_path / "blob"
    path.write_bytes(data)
    with Artifact.from_path(str(path)) as file, Artifact.from_bytes(data, "blob") as memory:
        for artifact in (file, memory):
            for name in ("sha256", "sha384", "sha512"):
                assert artifact.digest(name) == hashlib.new(name, data).digest()
            assert artifact.whole() == data
            artifact.verify_unchanged()


@pytest.mark.parametrize("name", ["md5", "sha1", "sha224", "sha3_256", "SHA256", "", "x" * 10_000])
def test_other_hashes_are_refused(release: Path, name: str) -> None:
    with Artifact.from_path(str(release)) as artifact:
        assert not artifact.provides(name)
        assert reason(lambda: artifact.digest(name)) == "algorithm_unsupported"


def test_a_digest_alone_has_one_hash_and_no_bytes() -> None:
    artifact = Artifact.from_digest("ab" * 32)
    assert artifact.digest("sha256") == b"\xab" * 32
    assert artifact.provides("sha256") and not artifact.provides("sha384")
    assert reason(lambda: artifact.digest("sha384")) == "algorithm_unsupported"
    assert reason(artifact.whole) == "algorithm_unsupported"
    artifact.verify_unchanged()


@pytest.mark.parametrize(
    "text", ["", "ab" * 31, "ab" * 33, "AB" * 32, "g" * 64, "ab" * 32 + "\n", "sha256:" + "ab" * 32]
)
def test_a_digest_has_one_spelling(text: str) -> None:
    assert reason(lambda: Artifact.from_digest(text)) == "input_malformed"


def missing(place: Path) -> Path:
    return place / "missing"


def directory(place: Path) -> Path:
    return place


def pipe(place: Path) -> Path:
    os.mkfifo(place / "pipe")
    return place / "pipe"


def endless_device(_place: Path) -> Path:
    return Path("/dev/zero")


def unix_socket(place: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(place / "socket"))
    return place / "socket"


def loop(place: Path) -> Path:
    (place / "loop").symlink_to("loop")
    return place / "loop"


def link_to_a_pipe(place: Path) -> Path:
    (place / "link").symlink_to(pipe(place))
    return place / "link"


def nul_in_its_name(place: Path) -> Path:
    return place / "a\0b"


def below_a_file(place: Path) -> Path:
    (place / "file").write_bytes(b"")
    return place / "file" / "release.jar"


@pytest.mark.parametrize(
    "make",
    [
        missing,
        directory,
        pipe,
        endless_device,
        unix_socket,
        loop,
        link_to_a_pipe,
        nul_in_its_name,
        below_a_file,
    ],
)
def test_only_regular_files_are_read(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path)
    before = open_files()
    assert reason(lambda: Artifact.from_path(str(path))) == "artifact_unreadable"
    assert open_files() == before


def test_a_pipe_put_in_place_between_look_and_open_is_refused(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status = os.stat(release)
    release.unlink()
    os.mkfifo(release)
    before = open_files()
    monkeypatch.setattr(os, "stat", lambda _path: status)
    assert reason(lambda: Artifact.from_path(str(release))) == "artifact_unreadable"
    assert open_files() == before


def test_a_link_to_a_file_is_the_file(release: Path) -> None:
    link = release.with_name("current.jar")
    link.symlink_to(release)
    with Artifact.from_path(str(link)) as artifact:
        assert artifact.digest("sha256") == hashlib.sha256(CONTENT).digest()
        artifact.verify_unchanged()
        link.unlink()
        other = release.with_name("other.jar")
        other.write_bytes(CONTENT)
        link.symlink_to(other)
        assert reason(artifact.verify_unchanged) == "artifact_changed"


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"!")


def cut(path: Path) -> None:
    os.truncate(path, len(CONTENT) - 1)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def overwrite_in_place(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"X")


def overwrite_and_set_the_time_back(path: Path) -> None:
    # Further apart than the clock tick of any file system; nobody can set the time of the last change of status.
    time.sleep(0.02)
    overwrite_in_place(path)
    os.utime(path, ns=LONG_AGO)


def replace(path: Path) -> None:
    twin = path.with_name("twin")
    twin.write_bytes(CONTENT)
    os.utime(twin, ns=LONG_AGO)
    twin.replace(path)


def remove(path: Path) -> None:
    path.unlink()


WRITES = [append, cut, empty, overwrite_in_place, overwrite_and_set_the_time_back]
SWAPS = [replace, remove]


@pytest.mark.parametrize("change", [*WRITES, *SWAPS])
@pytest.mark.parametrize("read_first", [True, False])
def test_a_change_between_check_and_use_is_noticed(
    release: Path, change: Callable[[Path], None], read_first: bool
) -> None:
    with Artifact.from_path(str(release)) as artifact:
        if read_first:
            artifact.digest("sha256")
        change(release)
        assert reason(artifact.verify_unchanged) == "artifact_changed"


@pytest.mark.parametrize("change", WRITES)
@pytest.mark.parametrize("before_read", [1, 2])
def test_a_change_during_the_reading_is_noticed(
    release: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], before_read: int
) -> None:
    class Meddled(io.FileIO):
        reads = 0

        def readinto(self, block: memoryview) -> int:  # type: ignore[override]
            self.reads += 1
            if self.reads == before_read:
                change(release)
            return super().readinto(block)

    monkeypatch.setattr(under_test, "BLOCK", 1000)
    monkeypatch.setattr(io, "FileIO", Meddled)
    with Artifact.from_path(str(release)) as artifact:
        assert reason(lambda: artifact.digest("sha256")) == "artifact_changed"
        assert reason(lambda: artifact.digest("sha256")) == "artifact_changed"


def test_a_file_that_grows_while_it_is_read_has_an_end(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Growing(io.FileIO):
        reads = 0

        def readinto(self, block: memoryview) -> int:  # type: ignore[override]
            self.reads += 1
            assert self.reads < 100, "read on and on"
            return len(block)

    monkeypatch.setattr(io, "FileIO", Growing)
    with Artifact.from_path(str(release)) as artifact:
        assert reason(lambda: artifact.digest("sha256")) == "artifact_changed"


@pytest.mark.parametrize("change", WRITES)
def test_a_change_before_the_second_hash_is_noticed(release: Path, change: Callable[[Path], None]) -> None:
    with Artifact.from_path(str(release)) as artifact:
        artifact.digest("sha256")
        change(release)
        assert reason(lambda: artifact.digest("sha384")) == "artifact_changed"
        assert reason(artifact.whole) == "artifact_changed"


def test_a_swapped_path_does_not_swap_the_bytes(release: Path) -> None:
    with Artifact.from_path(str(release)) as artifact:
        other = release.with_name("other")
        other.write_bytes(b"other")
        other.replace(release)
        # Unlinking shows in the file that is open, so that not even a digest of it is given.
        assert reason(lambda: artifact.digest("sha256")) == "artifact_changed"
        assert reason(artifact.verify_unchanged) == "artifact_changed"


def test_passes_over_different_bytes_never_both_count() -> None:
    memory = bytearray(CONTENT)
    with Artifact.from_bytes(bytes(memory), "blob") as artifact:
        artifact.digest("sha256")
        artifact._file.getbuffer()[0] ^= 1  # type: ignore[union-attr]
        assert reason(lambda: artifact.digest("sha512")) == "artifact_changed"
        assert reason(artifact.whole) == "artifact_changed"
        assert artifact.digest("sha256") == hashlib.sha256(CONTENT).digest()


def test_a_digest_is_computed_once(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Artifact.from_path(str(release)) as artifact:
        first = artifact.digest("sha256")
        monkeypatch.setattr(hashlib, "new", None)
        assert artifact.digest("sha256") == first


def test_the_whole_file_has_a_limit(release: Path) -> None:
    with Artifact.from_path(str(release)) as artifact:
        assert artifact.whole(len(CONTENT)) == CONTENT
        assert reason(lambda: artifact.whole(len(CONTENT) - 1)) == "input_too_large"


def test_hashing_needs_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "big"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 32 * BLOCK)
    tracemalloc.start()
    try:
        with Artifact.from_path(str(path)) as artifact:
            artifact.digest("sha512")
        assert tracemalloc.get_traced_memory()[1] < 2 * BLOCK
    finally:
        tracemalloc.stop()


def test_the_file_is_closed_at_the_end(release: Path) -> None:
    before = open_files()
    with Artifact.from_path(str(release)) as artifact:
        digest = artifact.digest("sha256")
        assert open_files() == before + 1
    assert open_files() == before
    assert artifact.digest("sha256") == digest
    assert reason(lambda: artifact.digest("sha384")) == "artifact_unreadable"
    assert reason(artifact.verify_unchanged) == "artifact_changed"
