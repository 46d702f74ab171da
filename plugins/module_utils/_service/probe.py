# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One readiness probe over HTTP. Not urllib: that follows redirects and obeys proxy variables of the environment."""

from __future__ import annotations

import http.client
import socket
from urllib.parse import urlsplit


def split_url(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and request target of an http or https URL. Raises ValueError with a reason."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError("expected http://HOST[:PORT]/PATH without a user")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.scheme, parts.hostname, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def probe(url: str, timeout: float) -> str:
    """Empty if the URL answers 200, else what came instead, e.g. ``HTTP 503`` or ``no answer within 5 s``.

    timeout: seconds of patience; upstream's /ready hangs for up to a minute while a store is away (upstream api.md 4).
    Raises ValueError for an unusable URL.
    """
    scheme, host, port, target = split_url(url)
    kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    connection = kind(host, port, timeout=timeout)
    try:
        connection.request("GET", target, headers={"Connection": "close"})
        status = connection.getresponse().status
    except socket.timeout:
        return f"no answer within {timeout:g} s"
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        connection.close()
    return "" if status == 200 else f"HTTP {status}"
