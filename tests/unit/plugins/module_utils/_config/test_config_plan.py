# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merging, refusing and warning, without a disk."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._config.document import parse
from ansible_collections.prexorcloud.production.plugins.module_utils._config.errors import InvalidConfigError
from ansible_collections.prexorcloud.production.plugins.module_utils._config.plan import (
    SCHEMAS,
    Plan,
    Request,
    for_coordination,
    make,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._config.schema import (
    BOOL,
    DOUBLE,
    ENUM,
    INT,
    LONG,
    MAP,
    OBJECT_MAP,
    OBJECTS,
    STRINGS,
    Key,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._config.values import identical
from hypothesis import given, settings
from hypothesis import strategies as st

CONTROLLER = for_coordination("controller", "valkey")
LATER = for_coordination("controller", "mongodb")
DAEMON = for_coordination("daemon", "valkey")
SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm"
OTHER = "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="


def plan(values: Any = None, text: str | None = "", schema: Any = CONTROLLER, **options: Any) -> Plan:
    return make(Request(schema, values or {}, **options), text)


def problems(values: Any = None, text: str | None = "", schema: Any = CONTROLLER, **options: Any) -> dict[str, str]:
    with pytest.raises(InvalidConfigError) as caught:
        plan(values, text, schema, **options)
    return {problem.key: str(problem) for problem in caught.value.problems}


def nested(name: str, value: Any) -> dict[str, Any]:
    for part in reversed(name.split(".")):
        value = {part: value}
    return dict(value)


def test_mappings_merge_and_lists_replace() -> None:
    result = plan(
        {"http": {"port": 81}, "network": {"allowedSubnets": ["10.2.0.0/16"]}},
        "http: {host: a, port: 80}\nnetwork: {allowedSubnets: [10.0.0.0/8, 10.1.0.0/16]}\n",
    )
    assert result.after == {"http": {"host": "a", "port": 81}, "network": {"allowedSubnets": ["10.2.0.0/16"]}}
    assert result.keys == ("http.port", "network.allowedSubnets")


def test_absent_removes_keys_and_blocks_that_become_empty() -> None:
    text = "redis: {uri: 'redis://h'}\nsecurity:\n  lockout:\n    maxAttempts: 3\n  joinToken: x\nuuid: a\n"
    result = plan(text=text, absent=("redis.uri", "security.lockout", "security.joinToken", "never.there"))
    assert result.after == {"uuid": "a"}
    assert not plan(text="uuid: a\n", absent=("redis.uri", "redis", "htpp")).changed


def test_absent_reaches_names_with_dots_below_free_mappings() -> None:
    text = "labels: {a.b/zone: x, other: y}\n"
    assert plan(text=text, schema=DAEMON, absent=("labels.a.b/zone",)).after == {"labels": {"other": "y"}}
    assert plan({"labels": {"a.b/zone": "z"}}, text, DAEMON).after["labels"] == {"a.b/zone": "z", "other": "y"}


def test_what_is_set_and_removed_is_a_contradiction() -> None:
    said = problems({"redis": {"uri": "redis://h"}}, absent=("redis",))
    assert "while redis.uri is set" in said["redis"]


def test_defaults_fill_only_what_is_missing_or_blank() -> None:
    defaults = {"uuid": "new", "raft": {"host": "127.0.0.1"}}
    assert plan(text="uuid: ''\nraft: {host: 10.0.0.1}\n", defaults=defaults).after == {
        "uuid": "new",
        "raft": {"host": "10.0.0.1"},
    }
    assert plan({"uuid": "mine"}, defaults=defaults).after["uuid"] == "mine"
    assert "nknown" not in str(plan(text="uuid: old\n", defaults=defaults).warnings)


@pytest.mark.parametrize(
    ("schema", "values", "added"),
    [
        (CONTROLLER, {"metrics": {"retentionHours": 5}}, {"metrics.enabled": True}),
        (
            CONTROLLER,
            {"share": {"pasteUrl": "https://x"}},
            {"share.enabled": False, "share.defaultPrivate": True, "share.e2e": False},
        ),
        (CONTROLLER, {"security": {"lockout": {"maxAttempts": 3}}}, {"security.lockout.enabled": True}),
        (
            CONTROLLER,
            {"security": {"rateLimiting": {"perIpPerMinute": 9}}},
            {"security.rateLimiting.failOpenOnRedisError": False},
        ),
        (LATER, {"security": {"rateLimiting": {"perIpPerMinute": 9}}}, {}),
        (
            CONTROLLER,
            {"security": {"passwordReset": {"smtp": {"host": "m"}}}},
            {
                "security.passwordReset.enabled": False,
                "security.passwordReset.smtp.startTls": True,
                "security.passwordReset.smtp.implicitTls": False,
            },
        ),
        # signing.required has no default of its own: missing, it follows the profile, in a written block too.
        (CONTROLLER, {"modules": {"signing": {"trustRoot": "p"}}}, {"modules.signing.allowUnsignedDevelopment": True}),
        (DAEMON, {"health": {"port": 5}}, {"health.enabled": True}),
        (CONTROLLER, {"http": {"port": 5}}, {}),
    ],
)
def test_every_boolean_of_a_written_block_is_written_out(schema: Any, values: Any, added: dict[str, bool]) -> None:
    result = plan(values, schema=schema)
    assert {name: name in added and added[name] for name in result.keys if name in added} == added
    assert len(result.keys) == 1 + len(added)


def test_booleans_of_untouched_blocks_are_left_alone() -> None:
    assert plan({"http": {"port": 5}}, "metrics: {retentionHours: 3}\n").after["metrics"] == {"retentionHours": 3}


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("htpp.port", "http"),
        ("http.prot", "http.port"),
        ("http.PORT", "http.port"),
        ("Security.jwtSecret", "security"),
        ("jwtSecret", "security.jwtSecret"),
        ("security.jwtsecret", "security.jwtSecret"),
        ("metrics.enable", "metrics.enabled"),
        ("http.allowedOrigins", "http.cors.allowedOrigins"),
        ("network.allowedSubnet", "network.allowedSubnets"),
        ("security.lockout.maxAttempt", "security.lockout.maxAttempts"),
    ],
)
def test_a_misspelt_key_is_an_error_that_names_the_nearest(name: str, near: str) -> None:
    (said,) = problems(nested(name, "hunter2-hunter2")).values()
    assert f"Did you mean {near}" in said
    assert "hunter2" not in said


def test_unknown_keys_of_the_file_are_refused_with_the_cure_or_kept() -> None:
    text = "htpp: {port: 1}\nuuid: a\n"
    assert "absent: [htpp]" in problems(text=text)["htpp"]
    kept = plan({"uuid": "b"}, text, refuse_unknown=False)
    assert kept.after["htpp"] == {"port": 1}
    assert "htpp" in kept.warnings[0]
    assert plan(text=text, absent=("htpp",)).after == {"uuid": "a"}


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        (CONTROLLER, {"http": {"trustedProxyCidrs": ["10.0.0.0/8"]}}),
        (CONTROLLER, {"grpc": {"subjectAltNames": ["a"]}}),
        (LATER, {"redis": {"uri": "redis://:hunter2@h"}}),
        (DAEMON, {"runtime": {"profile": "production"}}),
        (DAEMON, {"modules": {"signing": {"rekor": {"policy": "DISABLED"}}}}),
        (DAEMON, {"controller": {"endpoints": ["a:1"]}}),
    ],
)
def test_keys_without_effect_are_warned_about_and_not_written(schema: Any, values: Any) -> None:
    result = plan(values, schema=schema)
    assert result.after == {}
    assert "no effect" in result.warnings[0]
    assert "hunter2" not in result.warnings[0]


def test_keys_without_effect_may_stay_in_the_file() -> None:
    result = plan(text="http: {trustedProxyCidrs: [10.0.0.0/8]}\n")
    assert "no effect" in result.warnings[0]
    assert not result.changed


@pytest.mark.parametrize("name", ["dashboard.enabled", "scheduler.nodeTimeoutSeconds"])
def test_declared_keys_without_effect_are_written_and_warned_about(name: str) -> None:
    result = plan(nested(name, False if "enabled" in name else 5))
    assert result.keys == (name,)
    assert "no effect" in result.warnings[0]


RULES = [
    ({"http": {"port": 0}}, "http.port", "at least 1"),
    ({"http": {"port": 9190}}, "http.port", "differ from raft.port"),
    ({"grpc": {"port": 9190}}, "grpc.port", "differ from raft.port"),
    ({"raft": {"port": 8080}}, "http.port", "differ from raft.port"),
    ({"http": {"cors": {"allowedOrigins": ["https://a.example.com/"]}}}, "http.cors.allowedOrigins", "never match"),
    ({"http": {"cors": {"allowedOrigins": ["https://A.example.com"]}}}, "http.cors.allowedOrigins", "never match"),
    ({"network": {"allowedSubnets": ["0.0.0.0/0"]}}, "network.allowedSubnets", "whole world"),
    ({"network": {"allowedSubnets": ["10.0.0.0/8", "::/0"]}}, "network.allowedSubnets", "whole world"),
    ({"network": {"allowedSubnets": ["10.9.9.9/0"]}}, "network.allowedSubnets", "whole world"),
    ({"network": {"allowedSubnets": ["0.0.0.0/1", "128.0.0.0/1"]}}, "network.allowedSubnets", "together"),
    ({"network": {"allowedSubnets": ["10.0.0.0/33"]}}, "network.allowedSubnets", "not a subnet"),
    ({"network": {"allowedSubnets": ["10.0.0.0/255.0.0.0"]}}, "network.allowedSubnets", "not a subnet"),
    ({"network": {"allowedSubnets": ["fe80::1%eth0"]}}, "network.allowedSubnets", "not a subnet"),
    ({"network": {"allowedSubnets": ["proxy.example.com"]}}, "network.allowedSubnets", "not a subnet"),
    ({"redis": {"uri": "valkey://h:6379"}}, "redis.uri", "redis:// or rediss://"),
    ({"redis": {"uri": "redis://h:6379/db"}}, "redis.uri", "number of a database"),
    ({"redis": {"uri": "redis://:p@ss@h:6379"}}, "redis.uri", "percent-encoded"),
    ({"redis": {"uri": "redis://:pa%ss@h:6379"}}, "redis.uri", "percent-encoded"),
    ({"redis": {"uri": "redis://:pw@h:0"}}, "redis.uri", "host[:port]"),
    ({"redis": {"uri": "redis://"}}, "redis.uri", "host[:port]"),
    ({"database": {"uri": "mongodb://u:p:w@h"}}, "database.uri", "percent-encoded"),
    ({"database": {"uri": "mongodb://u:p/w@h"}}, "database.uri", "percent-encoded"),
    ({"database": {"uri": "mongodb://u:p?w@h"}}, "database.uri", "host[:port]"),
    ({"database": {"uri": "mongodb://u:p w@h"}}, "database.uri", "percent-encoded"),
    ({"database": {"uri": "mongodb://u:p@h:99999"}}, "database.uri", "host[:port]"),
    ({"database": {"uri": "mongodb+srv://a,b"}}, "database.uri", "host[:port]"),
    ({"security": {"jwtPreviousSecrets": [SECRET, OTHER]}}, "security.jwtPreviousSecrets", "one secret at most"),
    ({"security": {"jwtPreviousSecrets": ["short"]}}, "security.jwtPreviousSecrets", "entry 1"),
    ({"security": {"jwtSecret": SECRET + "="}}, "security.jwtSecret", "Base64"),
    ({"security": {"jwtSecret": "  "}}, "security.jwtSecret", "blank"),
    ({"uuid": " "}, "uuid", "blank"),
    ({"logging": {"level": "LOUD"}}, "logging.level", "no log level"),
    ({"modules": {"directory": "/srv/modules"}}, "modules.directory", "relative"),
    ({"telemetry": {"samplerRatio": 1.5}}, "telemetry.samplerRatio", "at most 1.0"),
    ({"networks": [{"name": "main"}]}, "networks", "lobbyGroup"),
    ({"http": "x"}, "http", "block of keys"),
    ({"http": None}, "http", "block of keys"),
    ({"http": {"port": None}}, "http.port", "absent"),
]


@pytest.mark.parametrize(("values", "key", "says"), RULES)
def test_values_that_break_a_rule(values: Any, key: str, says: str) -> None:
    assert says in problems(values)[key]


@pytest.mark.parametrize(
    ("values", "key", "says"),
    [
        ({"nodeId": "my-Controller-2"}, "nodeId", "controller"),
        ({"health": {"port": 9090}, "controller": {"host": "127.0.0.1"}}, "health.port", "controller.grpcPort"),
        ({"health": {"port": 9090}, "controller": {"host": "localhost"}}, "health.port", "controller.grpcPort"),
        ({"reconnect": {"maxDelayMs": 10}}, "reconnect.maxDelayMs", "initialDelayMs"),
        ({"resources": {"maxMemoryMb": -1}}, "resources.maxMemoryMb", "at least 0"),
        ({"labels": {"a": 1}}, "labels", "text"),
        ({"labels": ["a"]}, "labels", "mapping"),
    ],
)
def test_daemon_values_that_break_a_rule(values: Any, key: str, says: str) -> None:
    assert says in problems(values, schema=DAEMON)[key]


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        (
            CONTROLLER,
            {"database": {"uri": "mongodb://u:p%40ss@m1:27017,m2:27017,[fd00::1]:27017/x?replicaSet=rs0&tls=true"}},
        ),
        (CONTROLLER, {"database": {"uri": "mongodb+srv://u:p@cluster.example.com/x"}}),
        (CONTROLLER, {"redis": {"uri": "rediss://user:pw@h:6380/3"}}),
        (CONTROLLER, {"redis": {"uri": "redis://h"}}),
        (CONTROLLER, {"network": {"allowedSubnets": ["10.0.0.5", "10.0.0.5/24", "fd00::/8"]}}),
        (CONTROLLER, {"network": {"allowedSubnets": []}}),
        (CONTROLLER, {"http": {"cors": {"allowedOrigins": ["http://localhost:3000", "https://[::1]:8443"]}}}),
        (CONTROLLER, {"security": {"jwtSecret": OTHER.rstrip("="), "jwtPreviousSecrets": [SECRET]}}),
        (CONTROLLER, {"uuid": "ctrl 1"}),
        (CONTROLLER, {"modules": {"quotas": {"a.b": {"maxThreads": 3}}}}),
        (LATER, {"http": {"port": 9190}}),
        (DAEMON, {"health": {"port": 9090}, "controller": {"host": "ctrl.example.com"}}),
        (DAEMON, {"health": {"port": 9090, "enabled": False}}),
        (DAEMON, {"security": {"joinToken": ""}}),
    ],
)
def test_values_that_are_fine(schema: Any, values: Any) -> None:
    result = plan(values, schema=schema)
    assert result.warnings == ()
    assert not plan(values, result.new_text(), schema).changed


def test_replica_set_is_needed_after_release_1() -> None:
    uri = {"database": {"uri": "mongodb://h/x"}}
    assert "replicaSet=" in problems(uri, schema=LATER)["database.uri"]
    assert plan(uri).warnings == ()


@pytest.mark.parametrize("uri", ["mongodb://u:hunt/er2@h", "mongodb://u:hunt@er2@h", "mongodb://u:hunter2@h:x"])
def test_no_error_repeats_a_part_of_a_password(uri: str) -> None:
    said = str(problems({"database": {"uri": uri}}))
    assert not any(part in said for part in ("hunt", "er2"))


def test_one_slice_after_the_other() -> None:
    """The roles write one part each; a rule that joins parts must only fire when its condition is written."""
    text = plan({"http": {"port": 8080}}).new_text()
    text = plan({"modules": {"signing": {"trustRoot": "/t.pem", "required": True}}}, text).new_text()
    slice_3 = {"runtime": {"profile": "production"}, "redis": {"uri": "redis://h"}, "database": {"uri": "mongodb://h"}}
    text = plan(slice_3, text).new_text()
    assert "needs redis.uri" in problems(text=text, absent=("redis",))["runtime.profile"]


def test_in_check_mode_rules_that_join_parts_are_warnings() -> None:
    values = {"runtime": {"profile": "production"}, "redis": {"uri": "redis://h"}}
    result = plan(values, None, check_mode=True)
    assert "check mode" in result.warnings[0]
    assert "trustRoot" in problems(values, None)["runtime.profile"]
    both = {"http": {"port": 5}, "grpc": {"port": 5}}
    assert "differ" in problems(both, None, check_mode=True)["http.port"]


def test_faults_of_the_file_that_the_program_accepts_are_warnings() -> None:
    result = plan({"uuid": "x"}, "http: {port: 0}\nnetwork: {allowedSubnets: [0.0.0.0/0]}\nlogging: {format: xml}\n")
    assert len(result.warnings) == 3


def test_complete_asks_for_what_a_first_start_needs() -> None:
    assert set(problems(complete=True)) == {"uuid", "security.jwtSecret"}
    assert set(problems(schema=DAEMON, complete=True)) == {"nodeId"}
    assert plan({"uuid": "a", "security": {"jwtSecret": SECRET}}, complete=True).changed
    assert plan(text=None, complete=True, check_mode=True).warnings == ()


@pytest.mark.parametrize(
    ("text", "values", "refused"),
    [
        ("uuid: a\n", {"uuid": "b"}, True),
        ("uuid: a\n", {"uuid": "a"}, False),
        ("uuid: ''\n", {"uuid": "b"}, False),
        ("uuid: ~\n", {"uuid": "b"}, False),
        ("", {"uuid": "b"}, False),
        ("uuid: 007\n", {"uuid": "007"}, False),
        ("uuid: 007\n", {"uuid": "7"}, True),
        ("raft: {host: 127.0.0.1}\n", {"raft": {"host": "10.0.0.1"}}, True),
        ("raft: {host: ''}\n", {"raft": {"host": "10.0.0.1"}}, False),
        # Missing means 0.0.0.0, and that is what the cluster was founded with.
        ("raft: {port: 1}\n", {"raft": {"host": "10.0.0.1"}}, True),
        ("raft: {port: 1}\n", {"raft": {"host": "0.0.0.0"}}, False),
        ("raft: {host: 127.0.0.1}\n", {"raft": {"port": 5}}, False),
    ],
)
def test_what_the_cluster_was_founded_with_stays(text: str, values: Any, refused: bool) -> None:
    plan(values, text)
    if refused:
        assert "founded" in next(iter(problems(values, text, founded=True).values()))
    else:
        plan(values, text, founded=True)


def test_what_the_cluster_was_founded_with_cannot_be_removed() -> None:
    assert "uuid" in problems(text="uuid: a\nhttp: {port: 5}\n", founded=True, absent=("uuid",))
    assert "raft.host" in problems(text="raft: {host: 127.0.0.1}\n", founded=True, absent=("raft",))


def test_the_certificate_may_repair_raft_host() -> None:
    text = "raft: {host: 0.0.0.0}\n"
    certified = {"raft.host": "127.0.0.1"}
    assert plan({"raft": {"host": "127.0.0.1"}}, text, founded=True, certified=certified).keys == ("raft.host",)
    said = problems({"raft": {"host": "10.0.0.1"}}, text, founded=True, certified=certified)
    assert "127.0.0.1" in said["raft.host"]


def test_aliases_in_known_places_are_told() -> None:
    result = plan(text="x: &a 10.0.0.1\nhttp: {host: *a}\n", refuse_unknown=False)
    assert any(text.startswith("http.host: is an alias") for text in result.warnings)
    assert (
        "list"
        in problems(text="x: &a [10.0.0.0/8]\nnetwork: {allowedSubnets: *a}\n", refuse_unknown=False)[
            "network.allowedSubnets"
        ]
    )
    assert "merge key" in problems(text="grpc:\n  <<: {port: 5}\n")["grpc.<<"]


def samples(key: Key) -> st.SearchStrategy[Any]:
    """Values of a key that break no rule for themselves, from its form."""
    special = {
        "network.allowedSubnets": st.lists(
            st.sampled_from(["10.0.0.0/8", "fd00::/8", "192.0.2.1"]), unique=True, max_size=3
        ),
        "http.cors.allowedOrigins": st.lists(
            st.sampled_from(["https://a.example.com", "http://b:3000"]), unique=True, max_size=2
        ),
        "database.uri": st.sampled_from(["mongodb://h/x?replicaSet=a", "mongodb+srv://u:p@h"]),
        "redis.uri": st.sampled_from(["redis://h", "rediss://:pw@h:1/2"]),
        "security.jwtSecret": st.sampled_from([SECRET, OTHER]),
        "security.jwtPreviousSecrets": st.sampled_from([[], [SECRET]]),
        "controller.endpoints": st.sampled_from([[], ["a:1", "b"]]),
        "reconnect.maxDelayMs": st.integers(60000, 70000),
        "reconnect.initialDelayMs": st.integers(1, 60000),
    }
    low = 1 if key.low is None else int(key.low)
    kinds = {
        BOOL: st.booleans(),
        INT: st.integers(low, min(int(key.high or 60000), 60000)),
        LONG: st.integers(low, 2**40),
        DOUBLE: st.floats(key.low or 0, key.high or 10),
        ENUM: st.sampled_from(key.allowed or ("x",)),
        STRINGS: st.lists(st.sampled_from(["a", "b c", "yes"]), max_size=3),
        OBJECTS: st.just([dict.fromkeys(key.item_keys, "x")]),
        MAP: st.dictionaries(st.sampled_from(["a", "b.c"]), st.sampled_from(["x", "010"]), max_size=2),
        OBJECT_MAP: st.dictionaries(st.sampled_from(["a", "b.c"]), st.just({"maxThreads": 3}), max_size=2),
    }
    text = st.sampled_from(["INFO"] if key.name == "logging.level" else ["x", "a b", "yes", "10", "é: #", "'\"\\"])
    if "database_name" in key.forms:
        text = st.just("prexor")
    return special.get(key.name, kinds.get(key.kind, text))


def some_values(schema: Any) -> st.SearchStrategy[dict[str, Any]]:
    keys = [key for key in schema.by_name.values() if "port" not in key.name.lower()]
    fixed: dict[str, Any] = {"modules": {"signing": {"trustRoot": "/t", "mode": "COSIGN_BUNDLE"}}}
    if schema.name == "controller":
        fixed["modules"]["signing"]["rekor"] = {"publicKey": "/k"}
        fixed["redis"] = {"uri": "redis://h"}

    @st.composite
    def build(draw: st.DrawFn) -> dict[str, Any]:
        result: dict[str, Any] = {name: dict(value) for name, value in fixed.items()}
        never = ("modules.signing.trustRoot", "modules.signing.mode", "modules.signing.rekor.publicKey")
        for key in draw(st.lists(st.sampled_from(keys), max_size=8, unique_by=lambda one: one.name)):
            if key.name in never:
                continue
            node = result
            *parents, leaf = key.name.split(".")
            for parent in parents:
                node[parent] = dict(node.get(parent, {}))
                node = node[parent]
            node[leaf] = draw(samples(key))
        return result

    return build()


@pytest.mark.parametrize("schema", [CONTROLLER, DAEMON], ids=lambda schema: str(schema.name))
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_merging_twice_changes_nothing_and_keeps_the_rest(schema: Any, data: st.DataObject) -> None:
    first, second = data.draw(some_values(schema)), data.draw(some_values(schema))
    text = plan(first, schema=schema).new_text()
    assert not plan(first, text, schema).changed
    merged = plan(second, text, schema)
    new = merged.new_text() if merged.changed else text
    assert identical(parse(new, schema.texts).plain, merged.after)
    assert not plan(second, new, schema).changed
    kept = [name for name in dict(leaves(parse(text, schema.texts).plain)) if name not in merged.keys]
    after = dict(leaves(merged.after))
    assert all(name in after for name in kept)


def leaves(tree: Any, prefix: str = "") -> Any:
    for name, value in tree.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def test_tables_name_each_key_once_and_have_typed_defaults() -> None:
    assert (len(SCHEMAS["controller"].keys), len(SCHEMAS["daemon"].keys)) == (84, 30)
    kinds = {BOOL: bool, INT: int, LONG: int, DOUBLE: float}
    for schema in SCHEMAS.values():
        assert len({key.name for key in schema.keys}) == len(schema.keys)
        for key in schema.keys:
            assert key.default is None or type(key.default) is kinds.get(key.kind, type(key.default)), key.name
            assert key.kind != ENUM or key.default in key.allowed
