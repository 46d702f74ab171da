# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One repository of an OCI registry, read over its HTTP API (OCI distribution 1.1).

Nothing that comes from here is trusted: whoever asks compares digests. What this file has to get right is where the
credentials go, and that a server that lies, stalls or never ends costs a bounded time and memory.
"""

from __future__ import annotations

import base64
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import strict_json
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.rekor import tls_context

if TYPE_CHECKING:
    from email.message import Message
    from urllib.request import Request

# Genuine manifests and signatures have a few KiB; a provenance bundle reaches some hundred.
MAX_MANIFEST = 4 * 1024 * 1024
MAX_TOKEN = 64 * 1024
MAX_CHALLENGE = 4096
MAX_REDIRECTS = 3
MAX_PAGES = 8
CHUNK = 64 * 1024
# Seconds before another attempt, for answers and faults that pass.
PAUSES = (0.3, 1.0)
TRANSIENT = frozenset({429, 500, 502, 503, 504})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# How registries without the referrers API answer it.
NO_SUCH_API = frozenset({400, 404, 405, 501})

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    OCI_INDEX,
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
# The one host whose API is not served under the name that images carry.
API_HOSTS = {"docker.io": "registry-1.docker.io"}

LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|\[?::1\]?", re.ASCII)
CHALLENGE = re.compile(r"\s*([A-Za-z]+)(?:\s+(.*))?", re.ASCII | re.DOTALL)
PARAMETER = re.compile(r'([A-Za-z_]+)\s*=\s*(?:"([^"\\]*)"|([^\s",]+))', re.ASCII)
TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)
NEXT_PAGE = re.compile(r'<([^<>]{1,2048})>\s*;\s*rel="?next"?', re.ASCII)


class Response(Protocol):
    """What an opener returns: as much of http.client.HTTPResponse as is used. Redirects and errors come as they are."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Message: ...

    def read1(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


# (request, seconds to wait for the peer) -> response. Raises OSError or http.client.HTTPException.
Opener = Callable[["Request", float], Response]


@dataclass(frozen=True)
class Access:
    """How to reach a registry.

    `host` is host[:port] as the image's name has it. `ca_path` names a PEM file that is trusted instead of the system's
    authorities. `insecure` speaks plain HTTP. `timeout` is the time for everything together, in seconds.
    """

    host: str
    repository: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_path: str | None = None
    insecure: bool = False
    timeout: float = 60.0


@dataclass(frozen=True)
class Answer:
    """One answer. `body` is empty unless the status is 200."""

    url: str
    status: int
    headers: Message
    body: bytes = field(repr=False)


class HttpRegistry:
    """One repository of one registry; the clock of `access.timeout` starts with the object.

    Credentials are sent only after the registry itself has asked for them, only to it or to the token service that it
    names, never behind a redirect to another origin and never over plain HTTP to another machine (sigstore.md 2 (5)).

    Every method raises Refused: "registry_unreachable", or "input_too_large" for an answer above the limit. The
    constructor raises PolicyError for an access that cannot be had safely.
    """

    def __init__(
        self,
        access: Access,
        *,
        opener: Opener | None = None,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        if (access.username is None) != (access.password is None):
            raise PolicyError("registry_username and registry_password belong together")
        if access.insecure and access.password is not None and not _is_loopback(f"http://{access.host}"):
            raise PolicyError(
                f"registry_password would cross the network in clear text to {access.host}: "
                "insecure_registry with credentials is for registries on this machine"
            )
        self._access = access
        self._base = f"{'http' if access.insecure else 'https'}://{API_HOSTS.get(access.host, access.host)}"
        self._repository = f"{self._base}/v2/{access.repository}"
        self._open = opener or _opener(access)
        self._clock = clock
        self._pause = pause
        self._deadline = clock() + access.timeout
        self._authorization: str | None = None

    def remaining(self) -> float:
        """Seconds left of the time allowed. Raises Refused("registry_unreachable") when there are none."""
        left = self._deadline - self._clock()
        if left <= 0:
            raise self._refused(f"no verdict within {self._access.timeout:g} s")
        return left

    def manifest(self, name: str) -> bytes | None:
        """The manifest or index under a tag or digest, as the registry sends it; None if there is none."""
        answer = self._get(f"{self._repository}/manifests/{name}", MANIFEST_TYPES, MAX_MANIFEST)
        if answer.status == 404:
            return None
        return self._content(answer, f"the manifest {name}")

    def blob(self, digest: str, limit: int) -> bytes:
        """The blob with this digest, at most `limit` bytes, as the registry or its storage sends it."""
        answer = self._get(f"{self._repository}/blobs/{digest}", ("*/*",), limit)
        return self._content(answer, f"the blob {digest}")

    def referrers(self, digest: str) -> tuple[bytes, ...] | None:
        """The pages of the list of what refers to a digest, each an OCI index; None if the registry keeps no list."""
        url = f"{self._repository}/referrers/{digest}"
        pages: list[bytes] = []
        while len(pages) < MAX_PAGES:
            answer = self._get(url, (OCI_INDEX,), MAX_MANIFEST)
            kind = answer.headers.get_content_type()
            if not pages and (answer.status in NO_SUCH_API or (answer.status == 200 and kind != OCI_INDEX)):
                return None
            pages.append(self._content(answer, f"the list of referrers of {digest}"))
            link = NEXT_PAGE.search(answer.headers.get("Link", ""))
            if not link:
                break
            url = self._permitted(answer.url, link.group(1), "the list of referrers")
            if _origin(url) != _origin(self._base):
                raise self._refused("the list of referrers continues on another host")
        return tuple(pages)

    # -- one call, with authorization and redirects ------------------------------------------------------------

    def _get(self, url: str, accept: tuple[str, ...], limit: int) -> Answer:
        answer = self._follow(url, accept, limit)
        # Only the registry may ask for credentials: a storage host that did could name a token service of its own.
        if answer.status == 401 and _origin(answer.url) == _origin(self._base):
            self._authorization = self._authorized(answer)
            answer = self._follow(url, accept, limit)
        return answer

    def _content(self, answer: Answer, what: str) -> bytes:
        if answer.status == 200:
            return answer.body
        if answer.status in (401, 403):
            whose = "these credentials" if self._access.username is not None else "strangers"
            raise self._refused(f"{what} is not shown to {whose} (HTTP {answer.status})")
        raise self._refused(f"no answer for {what} (HTTP {answer.status})")

    def _follow(self, url: str, accept: tuple[str, ...], limit: int) -> Answer:
        for _hop in range(MAX_REDIRECTS + 1):
            headers = {"Accept": ", ".join(accept)}
            if self._authorization is not None and _origin(url) == _origin(self._base):
                headers["Authorization"] = self._authorization
            answer = self._patient(url, headers, limit)
            if answer.status not in REDIRECTS:
                return answer
            url = self._permitted(url, answer.headers.get("Location", ""), "a redirect")
        raise self._refused(f"more than {MAX_REDIRECTS} redirects")

    def _permitted(self, base: str, target: str, what: str) -> str:
        """Where a link that the server gave leads to, if it may be followed."""
        from urllib.parse import urljoin, urlsplit

        try:
            url = urljoin(base, target)
            scheme, host, _port = _origin(url)
            plain = urlsplit(url).username is None
        except ValueError as error:
            raise self._refused(f"{what} leads to no address") from error
        if scheme not in (("https", "http") if self._access.insecure else ("https",)) or not host or not plain:
            raise self._refused(f"{what} does not lead to an HTTPS address")
        return url

    # -- authorization ------------------------------------------------------------------------------------------

    def _authorized(self, answer: Answer) -> str:
        """The value of the header Authorization that the registry's challenge asks for."""
        challenges = dict(_challenges(answer.headers))
        if "bearer" in challenges:
            return f"Bearer {self._token(challenges['bearer'])}"
        if "basic" not in challenges:
            raise self._refused("it asks for a kind of authorization that is not supported")
        basic = self._basic()
        if basic is None:
            raise self._refused("it wants a name and a password (HTTP 401)")
        return basic

    def _basic(self) -> str | None:
        if self._access.username is None or self._access.password is None:
            return None
        pair = f"{self._access.username}:{self._access.password}".encode()
        return f"Basic {base64.b64encode(pair).decode('ascii')}"

    def _token(self, challenge: Mapping[str, str]) -> str:
        from urllib.parse import urlencode, urlsplit, urlunsplit

        realm = self._permitted("", challenge.get("realm", ""), "the address of the token service")
        headers = {"Accept": "application/json"}
        basic = self._basic()
        if basic is not None:
            if _origin(realm)[0] == "http" and not _is_loopback(realm):
                raise self._refused("its token service would get the password in clear text")
            headers["Authorization"] = basic
        # The scope is ours, not the challenge's: a token that can do more than read must not come to be.
        asked = {"scope": f"repository:{self._access.repository}:pull"}
        if "service" in challenge:
            asked["service"] = challenge["service"]
        parts = urlsplit(realm)
        query = "&".join(part for part in (parts.query, urlencode(asked)) if part)
        answer = self._patient(urlunsplit((parts.scheme, parts.netloc, parts.path, query, "")), headers, MAX_TOKEN)
        if answer.status != 200:
            raise self._refused(f"its token service gives no token (HTTP {answer.status})")
        members = strict_json.load(answer.body, "the token service's answer", MAX_TOKEN)
        token = members.optional_text("token") or members.optional_text("access_token") or ""
        if not TOKEN.fullmatch(token):
            raise self._refused("its token service gives no usable token")
        return token

    # -- transport ----------------------------------------------------------------------------------------------

    def _patient(self, url: str, headers: Mapping[str, str], limit: int) -> Answer:
        """One exchange; what may pass is tried again while there is time."""
        from http.client import HTTPException

        problem = ""
        for pause in (*PAUSES, None):
            try:
                answer = self._in_time(url, headers, limit)
                if answer.status not in TRANSIENT:
                    return answer
                problem = f"HTTP {answer.status}"
            except (OSError, HTTPException, ValueError) as error:
                problem = str(getattr(error, "reason", None) or error) or type(error).__name__
            if pause is not None:
                self._pause(min(pause, self.remaining()))
        raise self._refused(f"{_origin(url)[1]} gives no usable answer: {_one_line(problem)}")

    def _in_time(self, url: str, headers: Mapping[str, str], limit: int) -> Answer:
        """The exchange in a thread of its own: time-outs of sockets begin anew with every byte that a peer trickles,
        and looking up a name has none at all. A thread that is left behind ends with the process."""
        from http.client import HTTPException

        outcome: list[Answer | Exception] = []

        def work() -> None:
            try:
                outcome.append(self._exchange(url, headers, limit))
            except (OSError, HTTPException, ValueError, Refused) as error:
                outcome.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(self.remaining())
        if not outcome:
            raise self._refused(f"no verdict within {self._access.timeout:g} s")
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        return outcome[0]

    def _exchange(self, url: str, headers: Mapping[str, str], limit: int) -> Answer:
        from urllib.request import Request

        request = Request(url, headers={"User-Agent": "prexorcloud.production", **headers})  # noqa: S310 scheme: _permitted
        response = self._open(request, self.remaining())
        try:
            body = self._body(response, limit) if response.status == 200 else b""
            return Answer(url, response.status, response.headers, body)
        finally:
            response.close()

    def _body(self, response: Response, limit: int) -> bytes:
        body = bytearray()
        while len(body) <= limit:
            self.remaining()
            piece = response.read1(CHUNK)
            if not piece:
                return bytes(body)
            body += piece
        raise Refused("input_too_large", f"the registry {self._access.host} sends more than {limit} bytes")

    def _refused(self, why: str) -> Refused:
        return Refused("registry_unreachable", f"the registry {self._access.host}: {why}")


def _opener(access: Access) -> Opener:
    """HTTP by urllib, without redirects, cookies, other protocols and credentials from the environment.

    As for the log, there is no proxy: credentials go straight to the host.
    """
    import urllib.request
    from urllib.error import URLError

    try:
        context = tls_context(access.ca_path)
    except OSError as error:
        raise PolicyError(f"ca_path {access.ca_path}: no certificates can be read ({error})") from error
    director = urllib.request.OpenerDirector()
    director.add_handler(urllib.request.HTTPSHandler(context=context))
    if access.insecure:
        director.add_handler(urllib.request.HTTPHandler())

    def opener(request: Request, seconds: float) -> Response:
        response: Response | None = director.open(request, timeout=seconds)
        if response is None:
            raise URLError("no such protocol")
        return response

    return opener


def _challenges(headers: Message) -> Iterator[tuple[str, dict[str, str]]]:
    """(scheme in lower case, parameters) of each header WWW-Authenticate."""
    for header in headers.get_all("WWW-Authenticate", []):
        match = CHALLENGE.fullmatch(str(header)[:MAX_CHALLENGE])
        if match:
            found = PARAMETER.finditer(match.group(2) or "")
            yield match.group(1).lower(), {one.group(1).lower(): one.group(2) or one.group(3) or "" for one in found}


def _origin(url: str) -> tuple[str, str, int | None]:
    """(scheme, host, port) that an address leads to."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _is_loopback(url: str) -> bool:
    return LOOPBACK.fullmatch(_origin(url)[1]) is not None


def _one_line(text: str) -> str:
    return re.sub(r"[^\x20-\x7e]+", " ", text)[:200]
