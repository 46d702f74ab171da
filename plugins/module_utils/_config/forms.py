# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the form of one value. Each takes the value as read and yields findings.

A finding is (stops, rule, cure): `stops` is True where the program refuses to start (or hangs), and False where it
accepts the value in silence and does something else than what was meant. The latter is an error for a value that is
set through the module and a warning for one that was found in the file.
Sources: upstream/config.md sections 4 and 7, upstream/README.md rules 5 to 8, 16 and 17.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Union

Finding = tuple[bool, str, str]
_Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9._-]*[a-z0-9])?)(:[0-9]{1,5})?")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_USERINFO = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")
_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "OFF", "ALL")
MIN_SECRET_BYTES = 32


def not_blank(value: str) -> Iterator[Finding]:
    if not value.strip():
        yield False, "must not be blank", ""


def origins(value: Sequence[str]) -> Iterator[Finding]:
    """Browsers' origins for CORS; the program compares them character by character and knows no wildcard."""
    for origin in value:
        if not origin.startswith(("http://", "https://")):
            yield True, f"origin {origin!r} must start with http:// or https:// in lower case, and * is not known", ""
        elif not _ORIGIN.fullmatch(origin):
            yield (
                False,
                f"origin {origin!r} can never match a browser's",
                "Write scheme, lower-case host and port only, without a path or slash at the end",
            )


def subnets(value: Sequence[str]) -> Iterator[Finding]:
    """CIDR texts. The program drops malformed ones with a warning and reads a missing list as open to the world."""
    networks: list[_Network] = []
    for text in value:
        network = _network(text)
        if network is None:
            yield (
                False,
                f"{text!r} is not a subnet and would be dropped",
                "Write an address with a prefix, like 10.0.0.0/24",
            )
        elif network.prefixlen == 0:
            yield False, f"{text!r} lets the whole world in", "Name the networks of proxies, controllers and daemons"
        else:
            networks.append(network)
    for version in (4, 6):
        family = [network for network in networks if network.version == version]
        if any(merged.prefixlen == 0 for merged in ipaddress.collapse_addresses(family)):  # type: ignore[type-var]
            yield (
                False,
                "the entries together let the whole world in",
                "Name the networks of proxies, controllers and daemons",
            )


def _network(text: str) -> _Network | None:
    address, slash, prefix = text.partition("/")
    if "%" in address or (slash and not re.fullmatch(r"[0-9]{1,3}", prefix)):
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def signing_secret(value: str) -> Iterator[Finding]:
    """upstream/config.md section 7. Blank is reported by not_blank: the program would make one up and write it back."""
    if not value.strip():
        return
    size = secret_bytes(value)
    if size is None:
        yield (
            True,
            "must be Base64 with + and / and without blanks or line ends",
            "Create one with: openssl rand -base64 48",
        )
    elif size < MIN_SECRET_BYTES:
        yield True, f"must decode to at least 32 bytes, has {size}", "Create one with: openssl rand -base64 48"


def secret_bytes(value: str) -> int | None:
    """Decoded length of a signing secret in bytes, None if the alphabet or padding is wrong. Padding is optional."""
    if not _BASE64.fullmatch(value):
        return None
    bare = value.rstrip("=")
    if bare != value and len(value) % 4:
        return None
    try:
        return len(base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True))
    except (binascii.Error, ValueError):
        return None


def previous_secrets(value: Sequence[str]) -> Iterator[Finding]:
    """Only the last valid entry verifies tokens; unusable ones are skipped with a warning."""
    used = [secret for secret in value if secret.strip()]
    if len(used) > 1:
        yield (
            False,
            f"must hold one secret at most, has {len(used)}: only the last would be accepted",
            "Keep the newest",
        )
    if len(used) < len(value):
        yield False, "must not hold blank entries", "Use an empty list"
    for number, secret in enumerate(used, 1):
        for _stops, rule, cure in signing_secret(secret):
            yield False, f"entry {number} {rule}; it would be skipped", cure


def mongodb_uri(value: str) -> Iterator[Finding]:
    if not value.strip():
        yield True, "must be configured", ""
        return
    if not value.startswith(("mongodb://", "mongodb+srv://")):
        yield True, "must start with mongodb:// or mongodb+srv://", ""
        return
    yield from _authority(value, several_hosts=value.startswith("mongodb://"))


def redis_uri(value: str) -> Iterator[Finding]:
    if not value.strip():
        yield True, "must not be blank when redis is configured", "Set it, or remove the whole block with absent"
        return
    if not value.startswith(("redis://", "rediss://")):
        yield True, "must start with redis:// or rediss:// (a Valkey too: valkey:// is not known)", ""
        return
    yield from _authority(value, several_hosts=False)
    path = value.partition("://")[2].rpartition("@")[2].partition("?")[0].partition("/")[2]
    if path and not path.isdigit():
        yield True, "the part after the host must be the number of a database, like /0", ""


def _authority(uri: str, several_hosts: bool) -> Iterator[Finding]:
    """User and password must be percent-encoded: an unescaped @ sends the tail of the password to the log as a host.

    The cure never repeats any part of the URI.
    """
    rest = uri.partition("://")[2].partition("?")[0]
    userinfo, at, location = rest.rpartition("@")
    cure = "Percent-encode user and password: @ is %40, : is %3A, / is %2F, % is %25, a blank is %20"
    if at:
        user, _colon, password = userinfo.partition(":")
        if not (_USERINFO.fullmatch(user) and _USERINFO.fullmatch(password)):
            yield True, "user or password holds a character that must be percent-encoded", cure
            return
    hosts = location.partition("/")[0].split(",") if several_hosts else [location.partition("/")[0]]
    for host in hosts:
        match = _HOST.fullmatch(host)
        if match is None or not 0 < int(match.group(2) or 1) < 65536:
            yield True, "has no valid host[:port] after the credentials", f"{cure}. A port is 1 to 65535"
            return


def database_name(value: str) -> Iterator[Finding]:
    if not value.strip() or re.search(r'[\s/\\."\0]', value):
        yield True, "must not be blank and must not contain blanks, slashes, dots or quotes", ""


def log_level(value: str) -> Iterator[Finding]:
    if value.upper() not in _LEVELS:
        yield False, f"is no log level ({', '.join(_LEVELS)}); the program falls back to another in silence", ""


def log_format(value: str) -> Iterator[Finding]:
    if value not in ("HUMAN", "JSON"):
        yield False, "must be HUMAN or JSON; any other text silently means HUMAN", ""


def relative(value: str) -> Iterator[Finding]:
    if value.startswith("/"):
        yield False, "must be relative to the working directory, otherwise backups leave it out", ""


def node_id(value: str) -> Iterator[Finding]:
    if "controller" in value.lower():
        yield (
            False,
            'must not contain the text "controller": the controllers would let this daemon create join tokens',
            "Choose another id",
        )


def endpoints(value: Sequence[str]) -> Iterator[Finding]:
    for text in value:
        match = _HOST.fullmatch(text)
        if match is None or text.startswith("[") or not 0 < int(match.group(2) or 1) < 65536:
            yield False, f"{text!r} is not host or host:port and would be skipped", ""


FORMS: dict[str, Callable[[Any], Iterator[Finding]]] = {
    check.__name__: check
    for check in (
        not_blank,
        origins,
        subnets,
        signing_secret,
        previous_secrets,
        mongodb_uri,
        redis_uri,
        database_name,
        log_level,
        log_format,
        relative,
        node_id,
        endpoints,
    )
}
