# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a store's behaviour is called: against small real servers, through the real drivers."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._stores.errors import (
    AUTHENTICATION_MISSING,
    NOT_PERMITTED,
    REFUSED_CREDENTIALS,
    TLS,
    UNREACHABLE,
    StoreError,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._stores.mongodb import check_mongodb, classify
from ansible_collections.prexorcloud.production.plugins.module_utils._stores.uri import parse_mongodb_uri
from ansible_collections.prexorcloud.production.plugins.module_utils._stores.valkey import check_redis
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.stores import (
    mongodb_server,
    redis_server,
    serving,
)
from pymongo.errors import OperationFailure, ServerSelectionTimeoutError

SECRET = "top-secret-1"


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def silent(connection: socket.socket) -> None:
    connection.settimeout(10)
    while connection.recv(65536):
        pass


def test_redis_with_password() -> None:
    with serving(redis_server(password=SECRET)) as port:
        assert check_redis(f"redis://:{SECRET}@127.0.0.1:{port}", 2).version == "8.1.1"


def test_redis_without_password_and_with_another_database() -> None:
    with serving(redis_server()) as port:
        assert check_redis(f"redis://127.0.0.1:{port}/3", 2).version == "8.1.1"


def test_redis_that_does_not_tell_its_version() -> None:
    with serving(redis_server(password=SECRET, denied=frozenset({"INFO"}))) as port:
        assert check_redis(f"redis://:{SECRET}@127.0.0.1:{port}", 2).version == ""


@pytest.mark.parametrize(
    ("password", "denied", "userinfo", "kind"),
    [
        (SECRET, "", ":wrong-password@", REFUSED_CREDENTIALS),
        (SECRET, "", "", AUTHENTICATION_MISSING),
        (None, "", f":{SECRET}@", REFUSED_CREDENTIALS),
        (SECRET, "PING", f":{SECRET}@", NOT_PERMITTED),
    ],
)
def test_redis_refusals(password: str | None, denied: str, userinfo: str, kind: str) -> None:
    server = redis_server(password=password, denied=frozenset({denied}))
    with serving(server) as port, pytest.raises(StoreError) as caught:
        check_redis(f"redis://{userinfo}127.0.0.1:{port}", 2)
    assert caught.value.kind == kind
    assert f"127.0.0.1:{port}" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "wrong-password" not in str(caught.value)


def test_redis_that_is_not_there_or_silent_or_without_tls() -> None:
    with pytest.raises(StoreError) as caught:
        check_redis(f"redis://127.0.0.1:{closed_port()}", 1)
    assert caught.value.kind == UNREACHABLE
    with serving(silent) as port, pytest.raises(StoreError) as caught:
        check_redis(f"redis://127.0.0.1:{port}", 0.5)
    assert caught.value.kind == UNREACHABLE
    for server in (redis_server(), silent):
        with serving(server) as port, pytest.raises(StoreError) as caught:
            check_redis(f"rediss://127.0.0.1:{port}", 0.5)
        assert caught.value.kind == TLS
    with pytest.raises(StoreError) as caught:
        check_redis(f"rediss://127.0.0.1:{closed_port()}", 0.5)
    assert caught.value.kind == UNREACHABLE


def test_mongodb_that_is_open_to_everybody() -> None:
    with serving(mongodb_server(secured=False)) as port:
        facts = check_mongodb(f"mongodb://127.0.0.1:{port}/?directConnection=true", "prexorcloud", 2)
    assert (facts.host, facts.version, facts.set_name) == (f"127.0.0.1:{port}", "7.0.42", "rs0")
    assert facts.authenticated_required is False


@pytest.mark.parametrize(
    ("userinfo", "kind"), [("", AUTHENTICATION_MISSING), ("prexor:wrong-password@", REFUSED_CREDENTIALS)]
)
def test_mongodb_refusals(userinfo: str, kind: str) -> None:
    with serving(mongodb_server(secured=True)) as port, pytest.raises(StoreError) as caught:
        check_mongodb(f"mongodb://{userinfo}127.0.0.1:{port}/?directConnection=true", "prexorcloud", 2)
    assert caught.value.kind == kind
    assert f"127.0.0.1:{port}" in str(caught.value)
    assert "wrong-password" not in str(caught.value)


def test_mongodb_that_is_not_there_or_without_tls() -> None:
    with pytest.raises(StoreError) as caught:
        check_mongodb(f"mongodb://127.0.0.1:{closed_port()}/", "prexorcloud", 0.5)
    assert caught.value.kind == UNREACHABLE
    with serving(silent) as port, pytest.raises(StoreError) as caught:
        check_mongodb(f"mongodb://127.0.0.1:{port}/?tls=true", "prexorcloud", 0.5)
    assert caught.value.kind == TLS
    with pytest.raises(StoreError) as caught:
        check_mongodb(f"mongodb://127.0.0.1:{closed_port()}/?tls=true", "prexorcloud", 0.5)
    assert caught.value.kind == UNREACHABLE


@pytest.mark.parametrize(
    ("error", "uri", "kind"),
    [
        (OperationFailure("x", 18), "mongodb://a:p@h", REFUSED_CREDENTIALS),
        (OperationFailure("x", 13), "mongodb://a:p@h", NOT_PERMITTED),
        (OperationFailure("x", 13), "mongodb://h", AUTHENTICATION_MISSING),
        (OperationFailure("x", 13), "mongodb://h/?authMechanism=MONGODB-X509", NOT_PERMITTED),
        (ServerSelectionTimeoutError("SSL handshake failed: certificate verify failed"), "mongodb://h", TLS),
        (ServerSelectionTimeoutError("No servers found yet"), "mongodb://h", UNREACHABLE),
    ],
)
def test_names_of_driver_errors(error: Exception, uri: str, kind: str) -> None:
    assert classify(error, parse_mongodb_uri(uri)).kind == kind
