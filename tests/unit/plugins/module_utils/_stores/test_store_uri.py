# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URIs are taken apart exactly, and a bad one is refused without a part of it being repeated."""

from __future__ import annotations

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._stores.errors import BAD_URI, StoreError
from ansible_collections.prexorcloud.production.plugins.module_utils._stores.uri import (
    parse_mongodb_uri,
    parse_redis_uri,
    without_credentials,
)


@pytest.mark.parametrize(
    ("uri", "where", "user", "password", "path"),
    [
        ("mongodb://db", "db:27017", None, None, ""),
        ("mongodb://a:p@db1:1,db2,[::1]:3/prexor?replicaSet=rs0", "db1:1,db2:27017,[::1]:3", "a", "p", "prexor"),
        ("mongodb://a:p%40s%3As%2F@10.0.0.1:27017/", "10.0.0.1:27017", "a", "p@s:s/", ""),
        ("mongodb+srv://a:p@cluster.example.com/x", "cluster.example.com:27017", "a", "p", "x"),
        ("MONGODB://db", "db:27017", None, None, ""),
    ],
)
def test_mongodb(uri: str, where: str, user: str | None, password: str | None, path: str) -> None:
    parsed = parse_mongodb_uri(uri)
    assert (parsed.where, parsed.user, parsed.password, parsed.path) == (where, user, password, path)


@pytest.mark.parametrize(
    ("uri", "where", "user", "password", "path"),
    [
        ("redis://cache", "cache:6379", None, None, ""),
        ("redis://:secret@cache:6380/2", "cache:6380", "", "secret", "2"),
        ("redis://prexor:secret@cache", "cache:6379", "prexor", "secret", ""),
        ("redis://secret@cache", "cache:6379", None, "secret", ""),
        ("rediss://:s%25@[fd00::1]:6379", "[fd00::1]:6379", "", "s%", ""),
    ],
)
def test_redis(uri: str, where: str, user: str | None, password: str | None, path: str) -> None:
    parsed = parse_redis_uri(uri)
    assert (parsed.where, parsed.user, parsed.password, parsed.path) == (where, user, password, path)


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("valkey://:topsecret@h", "write redis://"),
        ("VALKEYS://:topsecret@h", "write rediss://"),
        ("http://:topsecret@h", "must begin with redis://"),
        ("topsecret", "must begin with redis://"),
        ("redis://:top@secret@h", "percent-encode"),
        ("redis://:top:secret@h", "percent-encode"),
        ("redis://:top/secret@h", "percent-encode"),
        ("redis://:top?secret@h", "percent-encode"),
        ("redis://:top#secret@h", "percent-encode"),
        ("redis://:top%secret@h", "percent-encode"),
        ("redis://h#fragment", "percent-encode"),
        ("redis://:topsecret@h:port", "percent-encode"),
        ("redis://:topsecret@h:99999", "port 99999"),
        ("redis://:topsecret@h:0", "port 0"),
        ("redis://:topsecret@", "host is blank"),
        ("redis://:topsecret@h1,h2", "exactly one host"),
        ("redis://:topsecret@h/name", "number of a database"),
        ("redis://:topsecret@[nonsense]:1", "no IPv6 address"),
        ("redis://:top secret@h", "white space"),
        ("redis://:topsecret@h\n", "white space"),
    ],
)
def test_bad_redis(uri: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        parse_redis_uri(uri)
    assert caught.value.kind == BAD_URI
    assert "secret" not in str(caught.value)
    assert "top" not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("mongo://a:topsecret@h", "must begin with mongodb://"),
        ("a:topsecret@h", "does not look like"),
        ("mongodb://:topsecret@h", "user name is blank"),
        ("mongodb://a:top@secret@h", "percent-encode"),
        ("mongodb://a:top/secret@h", "percent-encode"),
        ("mongodb://a:topsecret@h1,,h2", "host is blank"),
    ],
)
def test_bad_mongodb(uri: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        parse_mongodb_uri(uri)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "stranger"),
    [
        (
            "mongodb://a:p@h1:1,h2:2/x?replicaSet=rs0&authSource=admin&tls=true",
            "mongodb://h1:1,h2:2/x?replicaSet=rs0&tls=true",
        ),
        ("mongodb://a:p@h/?authMechanism=PLAIN&AUTHSOURCE=x", "mongodb://h:27017/"),
        ("mongodb+srv://a:p@h.example.com/x", "mongodb+srv://h.example.com/x"),
    ],
)
def test_a_stranger_has_the_same_hosts_and_no_credentials(uri: str, stranger: str) -> None:
    assert without_credentials(parse_mongodb_uri(uri)) == stranger


def test_credentials_stay_out_of_representations() -> None:
    assert "topsecret" not in repr(parse_redis_uri("redis://user9:topsecret@h"))
    assert "user9" not in repr(parse_redis_uri("redis://user9:topsecret@h"))
