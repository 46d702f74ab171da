# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proving that a Valkey or Redis accepts the given credentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.prexorcloud.production.plugins.module_utils._stores.errors import (
    AUTHENTICATION_MISSING,
    FAULT,
    LIBRARY,
    NOT_PERMITTED,
    REFUSED_CREDENTIALS,
    TLS,
    UNREACHABLE,
    StoreError,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._stores.uri import (
    VALKEY,
    StoreUri,
    parse_redis_uri,
    refine_unreachable,
)

REDIS_ERROR = ""
try:
    import redis
    from redis import exceptions
    from redis.backoff import NoBackoff
    from redis.retry import Retry
except ImportError as error:
    REDIS_ERROR = str(error)


@dataclass(frozen=True)
class RedisFacts:
    """version as the server says ("" if the account may not ask)."""

    version: str


def classify(error: Exception, parsed: StoreUri) -> StoreError:
    """The driver's *error* as one of ours. The driver's text is used to decide, never shown."""
    text, where = str(error), parsed.where
    lowered = text.lower()
    if isinstance(error, exceptions.NoPermissionError):
        return StoreError(VALKEY, NOT_PERMITTED, where, "the account may not run PING")
    if "called without any password configured" in lowered or "no password is set" in lowered:
        return StoreError(VALKEY, REFUSED_CREDENTIALS, where, "the server has no password, but the URI gives one")
    if lowered.startswith("noauth") or "authentication required" in lowered:
        detail = "the server demands a password and the URI has none"
        return StoreError(VALKEY, AUTHENTICATION_MISSING, where, detail)
    if isinstance(error, exceptions.AuthenticationError) or "wrongpass" in lowered or "invalid password" in lowered:
        return StoreError(VALKEY, REFUSED_CREDENTIALS, where, "user or password is wrong")
    if isinstance(error, (exceptions.TimeoutError, TimeoutError)):
        return StoreError(VALKEY, UNREACHABLE, where, "no answer in time")
    if isinstance(error, exceptions.ConnectionError):
        if any(word in lowered for word in ("ssl", "tls", "certificate")):
            detail = "no trusted connection: the certificate is not accepted, or one side does not speak TLS"
            return StoreError(VALKEY, TLS, where, detail)
        return StoreError(VALKEY, UNREACHABLE, where, "no connection")
    return StoreError(VALKEY, FAULT, where, f"the server answered with an error ({type(error).__name__})")


def _version(client: Any) -> str:
    try:
        info = client.info("server")
    except exceptions.ResponseError:
        # An account for the controller alone need not be allowed to ask.
        return ""
    # Valkey reports the Redis version it is compatible with beside its own.
    return str(info.get("valkey_version") or info.get("redis_version") or "")


def check_redis(uri: str, timeout: float) -> RedisFacts:
    """Logs in and sends PING. Nothing is written.

    Parameters: uri as the controller gets it; timeout in seconds for connecting and for each answer.
    Raises StoreError.
    """
    if REDIS_ERROR:
        detail = f"the Python library redis cannot be used (Debian: python3-redis): {REDIS_ERROR}"
        raise StoreError(VALKEY, LIBRARY, "", detail)
    parsed = parse_redis_uri(uri)
    host, port = parsed.hosts[0]
    # Without this, newer drivers greet with HELLO, which an account with few rights may not use.
    newer: dict[str, Any] = {"protocol": 2} if int(redis.__version__.split(".")[0]) >= 5 else {}
    client = redis.Redis(
        host=host,
        port=port,
        db=int(parsed.path or 0),
        username=parsed.user or None,
        password=parsed.password or None,
        ssl=parsed.scheme == "rediss",
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        # Newer drivers try four times by default.
        retry=Retry(NoBackoff(), 0),
        **newer,
    )
    try:
        if client.ping() is not True:
            raise StoreError(VALKEY, FAULT, parsed.where, "PING is not answered with PONG")
        return RedisFacts(_version(client))
    except (exceptions.RedisError, OSError, ValueError) as error:
        problem = classify(error, parsed)
        raise refine_unreachable(problem, parsed, timeout) if parsed.scheme == "rediss" else problem from None
    finally:
        client.close()
