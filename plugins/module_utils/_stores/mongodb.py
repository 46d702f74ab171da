# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proving that a MongoDB accepts the given credentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.prexorcloud.production.plugins.module_utils._stores.errors import (
    AUTHENTICATION_MISSING,
    BAD_URI,
    FAULT,
    LIBRARY,
    NOT_PERMITTED,
    REFUSED_CREDENTIALS,
    TLS,
    UNREACHABLE,
    StoreError,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._stores.uri import (
    MONGODB,
    StoreUri,
    parse_mongodb_uri,
    refine_unreachable,
    without_credentials,
)

PYMONGO_ERROR = ""
try:
    from pymongo import MongoClient
    from pymongo.errors import ConfigurationError, OperationFailure, PyMongoError
except ImportError as error:
    PYMONGO_ERROR = str(error)

# Error codes of the server: Unauthorized, AuthenticationFailed.
_UNAUTHORIZED = 13
_AUTHENTICATION_FAILED = 18


@dataclass(frozen=True)
class MongoFacts:
    """host: where it answered; version and set_name as the server says (set_name "" for none).

    authenticated_required: True if a stranger is refused, False if a stranger may read, None if that could not be told.
    """

    host: str
    version: str
    set_name: str
    authenticated_required: bool | None


def _mentions_tls(text: str) -> bool:
    lowered = text.lower()
    return any(word in lowered for word in ("ssl", "tls", "certificate"))


def classify(error: Exception, parsed: StoreUri) -> StoreError:
    """The driver's *error* as one of ours. The driver's text is used to decide, never shown."""
    where = parsed.where
    code = getattr(error, "code", None)
    has_credentials = parsed.user is not None or parsed.option("authMechanism") is not None
    if isinstance(error, OperationFailure):
        if code == _AUTHENTICATION_FAILED:
            return StoreError(MONGODB, REFUSED_CREDENTIALS, where, "user or password is wrong, or authSource is")
        if code == _UNAUTHORIZED and not has_credentials:
            detail = "the server demands a login and the URI has no user and password"
            return StoreError(MONGODB, AUTHENTICATION_MISSING, where, detail)
        if code == _UNAUTHORIZED:
            return StoreError(MONGODB, NOT_PERMITTED, where, "the user may not read the database")
        return StoreError(MONGODB, FAULT, where, f"the server answered with error code {code}")
    if isinstance(error, ConfigurationError):
        detail = f"the driver does not accept it ({type(error).__name__}); check the options behind the ?"
        return StoreError(MONGODB, BAD_URI, where, detail)
    if _mentions_tls(str(error)):
        detail = "no trusted connection: the certificate is not accepted, or one side does not speak TLS"
        return StoreError(MONGODB, TLS, where, detail)
    replica_set = parsed.option("replicaSet")
    suffix = f" as a member of the replica set {replica_set}" if replica_set else ""
    return StoreError(MONGODB, UNREACHABLE, where, f"no server answered in time{suffix} ({type(error).__name__})")


def _wants_tls(parsed: StoreUri) -> bool:
    return (parsed.option("tls") or parsed.option("ssl") or "").lower() == "true"


def _client(uri: str, timeout: float) -> Any:
    milliseconds = int(timeout * 1000)
    return MongoClient(
        uri,
        serverSelectionTimeoutMS=milliseconds,
        connectTimeoutMS=milliseconds,
        socketTimeoutMS=milliseconds,
        appname="prexorcloud.production",
    )


def _list_collections(client: Any, database: str) -> None:
    # Unlike ping and hello it needs a login; authorizedCollections lets users with few rights call it, too.
    client[database].command({"listCollections": 1, "nameOnly": True, "authorizedCollections": True, "cursor": {}})


def _stranger_refused(parsed: StoreUri, database: str, timeout: float) -> bool | None:
    client = _client(without_credentials(parsed), timeout)
    try:
        _list_collections(client, database)
    except OperationFailure as error:
        return True if error.code in (_UNAUTHORIZED, _AUTHENTICATION_FAILED) else None
    except PyMongoError:
        return None
    finally:
        client.close()
    return False


def check_mongodb(uri: str, database: str, timeout: float) -> MongoFacts:
    """Runs an authenticated read on *database*. Nothing is written.

    Parameters: uri as the controller gets it; timeout in seconds for finding a server and for each answer.
    Raises StoreError.
    """
    if PYMONGO_ERROR:
        detail = f"the Python library pymongo cannot be used (Debian: python3-pymongo): {PYMONGO_ERROR}"
        raise StoreError(MONGODB, LIBRARY, "", detail)
    parsed = parse_mongodb_uri(uri)
    try:
        client = _client(uri, timeout)
        try:
            _list_collections(client, database)
            hello = client.admin.command("isMaster")
            version = str(client.server_info().get("version", ""))
            address = client.address
        finally:
            client.close()
    except (PyMongoError, ValueError, TypeError) as error:
        problem = classify(error, parsed)
        raise refine_unreachable(problem, parsed, timeout) if _wants_tls(parsed) else problem from None
    host = f"{address[0]}:{address[1]}" if address else parsed.where
    return MongoFacts(host, version, str(hello.get("setName", "")), _stranger_refused(parsed, database, timeout))
