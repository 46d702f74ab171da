# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading store URIs without ever repeating what may be a password.

A password with an unescaped special character is cut at the wrong place by every URI parser, so that parts of it end up
as host, port or path, and from there in logs (upstream README rule 7). Such URIs are refused before any of it is shown.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlencode

from ansible_collections.prexorcloud.production.plugins.module_utils._stores.errors import (
    BAD_URI,
    TLS,
    UNREACHABLE,
    StoreError,
)

MONGODB = "MongoDB"
VALKEY = "Valkey"

_ESCAPE = (
    "percent-encode special characters of the password (@ is %40, : is %3A, / is %2F, ? is %3F, # is %23, % is %25)"
)
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?")
# Options of a MongoDB URI that only make sense with credentials.
_CREDENTIAL_OPTIONS = frozenset({"authsource", "authmechanism", "authmechanismproperties"})


@dataclass(frozen=True)
class StoreUri:
    """A URI taken apart. hosts: (name or address, port); userinfo: (user, password), decoded, None if absent."""

    scheme: str
    hosts: tuple[tuple[str, int], ...]
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)
    path: str
    options: tuple[tuple[str, str], ...]

    @property
    def where(self) -> str:
        """host:port, several separated by commas."""
        return ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.hosts)

    def option(self, name: str) -> str | None:
        """The last value of an option; option names are not case-sensitive."""
        values = [value for key, value in self.options if key.lower() == name.lower()]
        return values[-1] if values else None


def _bad(store: str, detail: str) -> StoreError:
    return StoreError(store, BAD_URI, "", detail)


def _split(store: str, uri: str) -> tuple[str, str | None, str, str, str]:
    """(scheme, userinfo, hosts, path, query), all undecoded."""
    if re.search(r"\s", uri):
        raise _bad(store, "it contains white space")
    scheme, separator, rest = uri.partition("://")
    if not separator:
        raise _bad(store, "it does not look like scheme://host:port")
    match = re.fullmatch(r"([^/?#]*)(/[^?#]*)?(\?[^#]*)?(#.*)?", rest)
    if match is None or match.group(4) is not None or "@" in (match.group(2) or "") + (match.group(3) or ""):
        # An @ behind the host part: the password contains the / ? or # that ended it.
        raise _bad(store, _ESCAPE)
    authority = match.group(1)
    userinfo, at, hosts = authority.rpartition("@")
    if "@" in userinfo or userinfo.count(":") > 1 or re.search(r"%(?![0-9A-Fa-f]{2})", userinfo):
        raise _bad(store, _ESCAPE)
    return scheme.lower(), userinfo if at else None, hosts, (match.group(2) or "")[1:], (match.group(3) or "")[1:]


def _host_and_port(store: str, text: str, default_port: int) -> tuple[str, int]:
    match = re.fullmatch(r"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?", text)
    if match is None:
        raise _bad(store, f"host and port are not understood; if there is a password, {_ESCAPE}")
    host, port = match.group(1), int(match.group(2) or default_port)
    if host.startswith("["):
        host = host[1:-1]
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            raise _bad(store, "the address in brackets is no IPv6 address") from None
    elif not _HOST.fullmatch(host):
        raise _bad(store, "the host is blank or contains characters no host name has")
    if not 0 < port < 65536:
        raise _bad(store, f"the port {port} does not exist")
    return host, port


def _parse(store: str, uri: str, default_port: int) -> StoreUri:
    scheme, userinfo, hosts, path, query = _split(store, uri)
    user: str | None = None
    password: str | None = None
    if userinfo is not None:
        name, colon, secret = userinfo.partition(":")
        user, password = unquote(name), unquote(secret) if colon else None
    return StoreUri(
        scheme=scheme,
        hosts=tuple(_host_and_port(store, host, default_port) for host in hosts.split(",")),
        user=user,
        password=password,
        path=unquote(path),
        options=tuple(parse_qsl(query, keep_blank_values=True)),
    )


def parse_mongodb_uri(uri: str) -> StoreUri:
    """A mongodb:// or mongodb+srv:// URI. Raises StoreError (kind bad_uri)."""
    parsed = _parse(MONGODB, uri, 27017)
    if parsed.scheme not in ("mongodb", "mongodb+srv"):
        raise _bad(MONGODB, "it must begin with mongodb:// or mongodb+srv://")
    if parsed.user is not None and not parsed.user:
        raise _bad(MONGODB, "the user name is blank")
    return parsed


def parse_redis_uri(uri: str) -> StoreUri:
    """A redis:// or rediss:// URI with one host. Raises StoreError (kind bad_uri).

    As in the controller's client, user information without a colon is the password.
    """
    scheme = uri.partition("://")[0].lower()
    if scheme in ("valkey", "valkeys"):
        # Upstream config.md section 5: "Scheme valkey not supported".
        wanted = "redis" if scheme == "valkey" else "rediss"
        raise _bad(VALKEY, f"the controller does not know the scheme {scheme}://, write {wanted}://")
    if scheme not in ("redis", "rediss"):
        raise _bad(VALKEY, "it must begin with redis:// (or rediss:// for TLS)")
    parsed = _parse(VALKEY, uri, 6379)
    if len(parsed.hosts) != 1:
        raise _bad(VALKEY, "it must name exactly one host")
    if not re.fullmatch(r"[0-9]{0,4}", parsed.path):
        raise _bad(VALKEY, "behind the host only the number of a database may follow")
    if parsed.user is not None and parsed.password is None:
        return StoreUri(parsed.scheme, parsed.hosts, None, parsed.user, parsed.path, parsed.options)
    return parsed


def without_credentials(parsed: StoreUri) -> str:
    """The MongoDB URI of *parsed* for a stranger: same hosts and TLS, no user, no authentication options."""
    options = [(key, value) for key, value in parsed.options if key.lower() not in _CREDENTIAL_OPTIONS]
    query = f"?{urlencode(options)}" if options else ""
    hosts = parsed.where if parsed.scheme == "mongodb" else parsed.hosts[0][0]
    return f"{parsed.scheme}://{hosts}/{quote(parsed.path, safe='')}{query}"


def refine_unreachable(problem: StoreError, parsed: StoreUri, timeout: float) -> StoreError:
    """For a URI that wants TLS: *problem*, or a TLS error if a host takes plain connections after all.

    The drivers call a server that does not answer their handshake a time-out.
    """
    if problem.kind != UNREACHABLE or parsed.scheme.endswith("+srv"):
        return problem
    for address in parsed.hosts:
        try:
            socket.create_connection(address, timeout=timeout).close()
        except OSError:
            continue
        return StoreError(problem.store, TLS, parsed.where, "it takes connections, but no TLS handshake came about")
    return problem
