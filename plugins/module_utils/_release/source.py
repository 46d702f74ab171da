# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a release comes from: a directory of the control node or a base URL. Nothing that comes from it is trusted."""

from __future__ import annotations

import http.client
import os
import stat
import time
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, BinaryIO, Protocol, cast

from ansible.module_utils.urls import open_url

from .._sigstore.errors import PolicyError, Refused

CHUNK = 1024 * 1024
# Caps on what any genuine release has (sigstore.md 0).
LIST_LIMIT = 1024 * 1024
SIDECAR_LIMIT = 64 * 1024
BUNDLE_LIMIT = 1024 * 1024
ARTIFACT_LIMIT = 1024 * 1024 * 1024
# Seconds for one small file and for one artifact, whatever the server does; a pause in between has a limit of its own.
SMALL_SECONDS = 60
ARTIFACT_SECONDS = 3600


class Source(Protocol):
    """A place with the files of one release under upstream's names."""

    local: bool

    def opened(self, name: str) -> Any:
        """Context manager: a stream of the file, None if there is no such file. Raises Refused(artifact_unreadable)."""


class DirectorySource:
    """A directory of the control node."""

    local = True

    def __init__(self, path: str) -> None:
        self.path = path

    @contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO | None]:
        path = os.path.join(self.path, name)
        try:
            # a named pipe must not block
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            if not os.path.isdir(self.path):
                raise Refused("artifact_unreadable", f"{self.path} is no directory of the control node") from None
            yield None
            return
        except OSError as error:
            raise Refused("artifact_unreadable", f"{path} cannot be read: {error.strerror}") from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise Refused("artifact_unreadable", f"{path} is no regular file")
        with os.fdopen(descriptor, "rb", buffering=0) as stream:
            yield cast(BinaryIO, stream)


class UrlSource:
    """A base URL, http or https."""

    local = False

    def __init__(self, url: str, ca_path: str | None, timeout: int) -> None:
        self.url = url.rstrip("/")
        self.ca_path = ca_path
        self.timeout = timeout

    @contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO | None]:
        url = f"{self.url}/{name}"
        try:
            answer = open_url(
                url, ca_path=self.ca_path, timeout=self.timeout, follow_redirects="safe", decompress=False, force=True
            )
        except urllib.error.HTTPError as error:
            with closing(error):
                if error.code in (404, 410):
                    yield None
                    return
                raise Refused("artifact_unreadable", f"{url} answers with {error.code} {error.reason}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Refused("artifact_unreadable", f"{url} cannot be fetched: {_reason(error)}") from error
        with closing(answer):
            if url.startswith("https:") and not str(answer.geturl()).startswith("https:"):
                raise Refused("artifact_unreadable", f"{url} leads away from https, which is not followed")
            yield cast(BinaryIO, answer)


def open_source(source: str, verified: bool, ca_path: str | None, timeout: int) -> Source:
    """The place that a text names.

    Plain http is good enough for bytes that a signature proves, and common for mirrors of closed networks; without the
    signature nothing else would vouch for them. timeout: seconds without a byte. Raises PolicyError.
    """
    if not source.strip():
        raise PolicyError("the source of the release is empty; give a base URL, or a directory on the control node")
    scheme, separator, rest = source.partition("://")
    if not separator:
        if not os.path.isabs(source):
            raise PolicyError(f"the source {source} is neither a URL nor an absolute path")
        return DirectorySource(source)
    if scheme == "file" and rest.startswith("/"):
        return DirectorySource(rest)
    if scheme not in ("https", "http"):
        raise PolicyError(f"the source {source} is no https or http URL")
    if "@" in rest.split("/")[0]:
        raise PolicyError("the source holds a user or password, which would appear in messages; use a mirror without")
    if scheme == "http" and not verified:
        raise PolicyError(
            f"without signatures {source} has to be https: nothing else says that the bytes are the right ones"
        )
    return UrlSource(source, ca_path, timeout)


def chunks(stream: BinaryIO, name: str, limit: int, seconds: int) -> Iterator[bytes]:
    """The content of a stream piece by piece. Raises Refused(input_too_large, artifact_unreadable)."""
    # What has arrived, not what was asked for: a server that drips would hold a full read for ever.
    some: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    end = time.monotonic() + seconds
    size = 0
    while True:
        try:
            piece = some(min(CHUNK, limit + 1 - size))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Refused("artifact_unreadable", f"{name} cannot be read to its end: {_reason(error)}") from error
        if not piece:
            missing = getattr(stream, "length", None)
            if missing:
                raise Refused("artifact_unreadable", f"{name} ended {missing} bytes early")
            return
        size += len(piece)
        if size > limit:
            raise Refused("input_too_large", f"{name} is larger than {limit} bytes")
        if time.monotonic() > end:
            raise Refused("artifact_unreadable", f"{name} did not arrive within {seconds} seconds")
        yield piece


def read(source: Source, name: str, limit: int) -> bytes | None:
    """A small file, None if the source has none. Raises Refused."""
    with source.opened(name) as stream:
        return None if stream is None else b"".join(chunks(stream, name, limit, SMALL_SECONDS))


def need(source: Source, name: str, limit: int) -> bytes:
    """A small file that has to be there. Raises Refused."""
    content = read(source, name, limit)
    if content is None:
        raise Refused("artifact_unreadable", f"the source has no {name}")
    return content


def _reason(error: BaseException) -> str:
    return str(getattr(error, "reason", None) or error or type(error).__name__)
