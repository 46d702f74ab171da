# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be said of a store's URI without connecting. No message contains any part of it but the scheme."""

from __future__ import annotations

import re

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://(.*)$", re.DOTALL)
# RFC 3986 section 3.2.1, with at most one colon, which separates user and password
_PLAIN = r"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*"
_USERINFO = re.compile(f"^{_PLAIN}(?::{_PLAIN})?$")


def split(uri: str) -> tuple[str, str, str]:
    """Scheme in lower case, user information and the rest behind the last ``@``; empty texts where there is none.

    Everything before the last ``@`` counts as user information, even what a parser would take for a path: that is what
    its author meant.
    """
    match = _SCHEME.match(uri.strip())
    if not match:
        return "", "", uri
    userinfo, _at, rest = match.group(2).rpartition("@")
    return match.group(1).lower(), userinfo, rest


def scheme_error(uri: str, allowed: tuple[str, ...]) -> str:
    """Why the scheme is unusable; empty if it is one of allowed."""
    scheme = split(uri)[0]
    if scheme in allowed:
        return ""
    wanted = " or ".join(f"{name}://" for name in allowed)
    return f"starts with {scheme}://, but has to start with {wanted}" if scheme else f"has to start with {wanted}"


def encoding_error(uri: str) -> str:
    """Why user and password are not written as a URI demands; empty if they are.

    Upstream logs what stands behind an unescaped @ as a host name (upstream config.md section 4).
    """
    userinfo = split(uri)[1]
    if _USERINFO.match(userinfo):
        return ""
    return (
        "holds a user or password with characters that have to be percent-encoded (@ as %40, : as %3A, / as %2F; "
        "Jinja's urlencode leaves / as it is, so use urlencode | replace('/', '%2F'))"
    )


def has_option(uri: str, name: str) -> bool:
    """Whether the query of the URI sets an option (names of MongoDB's options are case-insensitive) to some value."""
    query = split(uri)[2].partition("?")[2]
    pairs = (pair.partition("=") for pair in query.split("&"))
    return any(key.lower() == name.lower() and value for key, _equal, value in pairs)


def has_host(uri: str) -> bool:
    """Whether a host follows the user information."""
    return bool(re.split(r"[/?#]", split(uri)[2], maxsplit=1)[0].strip(",: "))
