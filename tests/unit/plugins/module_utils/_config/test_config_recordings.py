# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real controller and daemon were seen to do with a file, and what we say about it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._config.document import parse
from ansible_collections.prexorcloud.production.plugins.module_utils._config.edit import apply
from ansible_collections.prexorcloud.production.plugins.module_utils._config.errors import (
    ConfigError,
    InvalidConfigError,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._config.plan import (
    Plan,
    Request,
    for_coordination,
    make,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._config.rules import View
from ansible_collections.prexorcloud.production.plugins.module_utils._config.tree import copy, leaf_paths

DATA = Path(__file__).parent / "data"
CONTROLLER = for_coordination("controller", "valkey")
DAEMON = for_coordination("daemon", "valkey")
SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm"
PLACES = {
    "<HTTP>": "8080",
    "<GRPC>": "9090",
    "<RAFT>": "9190",
    "<MONGO>": "db.example.com:27017",
    "<REDISPORT>": "6379",
    "<UUID>": "ctrl-1",
    "<JWTSECRET>": SECRET,
    "<ADMINPW>": "Thirteen13xyz",
    "<MONGOUSER>": "prexor",
}


def filled(text: str) -> str:
    """Placeholders of the recordings replaced; the remaining ones stand for passwords and names."""
    for name, value in PLACES.items():
        text = text.replace(name, value)
    return re.sub(r"<(DB|REDISPW|WRONG-REDISPW|MONGOPW)>", "example", text)


def numbers(tree: Any) -> Any:
    """Ports that stood in for placeholders are numbers in the file."""
    if isinstance(tree, dict):
        return {name: numbers(value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [numbers(value) for value in tree]
    return (
        int(PLACES[tree]) if tree in ("<HTTP>", "<GRPC>", "<RAFT>") else filled(tree) if isinstance(tree, str) else tree
    )


STARTS = numbers(json.loads((DATA / "controller_starts.json").read_text(encoding="utf-8")))
CASES = {case["id"]: case for case in STARTS["cases"]}

# The start failed because of something outside of the file; store_check and other modules look at that.
OF_THE_HOST = {
    "db-block-absent",
    "redis-block-empty-production",
    "trustroot-missing-keyed",
    "trustroot-missing-cosign",
    "trustroot-empty-file",
    "trustroot-garbage",
    "rekor-key-missing-file",
    "mongo-unreachable",
    "mongo-unreachable-short-timeout",
    "mongo-unknown-host",
    "mongo-auth-refused",
    "redis-unreachable",
    "redis-unreachable-development",
    "redis-wrong-password",
    "redis-no-password",
    "http-host-foreign",
    "grpc-host-foreign",
    "raft-host-unresolvable",
    "cluster-id-mismatch",
    "uuid-changed",
    "file-empty-map",
}
# An empty file is no error for us: it is filled.
EMPTY = {"file-empty", "file-only-comment"}
# The program starts, but not with what the file says; we do not let that pass in silence.
ACCEPTED_IN_SILENCE = {
    "unknown-keys",
    "key-wrong-case",
    "yaml-duplicate-key",
    "yaml-two-documents",
    "yaml-anchor",
    "yaml-merge-key",
}


def file_of(case: dict[str, Any]) -> str:
    if "content" in case:
        return str(case["content"])
    tree = merged(STARTS["start"], case.get("change", {}))
    if "block_removed" in case:
        del tree[case["block_removed"]]
    text: str = case.get("prepended", "") + apply(parse(""), tree) + case.get("appended", "")
    return text.replace("\n", "\r\n") if case.get("line_ends") == "CRLF" else text


def merged(tree: Any, change: dict[str, Any]) -> Any:
    result = copy(tree)
    for name, value in change.items():
        if value == "<absent>":
            result.pop(name, None)
        elif isinstance(value, dict) and isinstance(result.get(name), dict):
            result[name] = merged(result[name], value)
        else:
            result[name] = value
    return result


def refusal(request: Request, text: str | None) -> str:
    try:
        make(request, text)
    except ConfigError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", sorted(set(CASES) - OF_THE_HOST - EMPTY))
def test_files_are_refused_and_accepted_as_by_the_program(name: str) -> None:
    case = CASES[name]
    # uuid "" is the one key that is only judged before a start: the installer leaves it blank and a role fills it.
    said = refusal(Request(CONTROLLER, complete="uuid" in case.get("change", {})), file_of(case))
    assert bool(said) == (not case["starts"] or name in ACCEPTED_IN_SILENCE), said


@pytest.mark.parametrize("name", sorted(name for name in CASES if "change" in CASES[name] and name not in OF_THE_HOST))
def test_values_that_stop_a_start_are_refused_before(name: str) -> None:
    case = CASES[name]
    said = refusal(Request(CONTROLLER, values=merged(STARTS["start"], case["change"])), None)
    assert case["starts"] or said


@pytest.mark.parametrize("name", sorted(OF_THE_HOST & set(CASES)))
def test_what_only_the_host_can_tell_is_let_through(name: str) -> None:
    assert refusal(Request(CONTROLLER), file_of(CASES[name])) == ""


@pytest.mark.parametrize("name", sorted(EMPTY))
def test_an_empty_file_is_filled(name: str) -> None:
    plan = make(Request(CONTROLLER, values=STARTS["start"]), CASES[name]["content"])
    assert parse(plan.new_text()).plain["http"]["port"] == 8080


# Each text of the program's validator that can fire -> the key that our error names.
VALIDATOR = {
    r"http\.port must be between 1 and 65535, got: 70000": "http.port",
    r"grpc\.port must be between 1 and 65535, got: 70000": "grpc.port",
    r"http\.port and grpc\.port must be different \(both are 8080\)": "http.port",
    r"cors\.allowedOrigins: invalid origin '\*' .*": "http.cors.allowedOrigins",
    r"cors\.allowedOrigins: invalid origin 'dash\.example\.com' .*": "http.cors.allowedOrigins",
    r"runtime\.profile must be one of \[development, production\], got: staging": "runtime.profile",
    r"database\.uri must be configured": "database.uri",
    r"redis\.uri must be configured when runtime\.profile=production": "runtime.profile",
    r"redis\.uri must not be blank when redis is configured": "redis.uri",
    r"heartbeat\.intervalMs must be >= 1000": "heartbeat.intervalMs",
    r"security\.jwtExpirationMinutes should not exceed 43200 \(30 days\)": "security.jwtExpirationMinutes",
    r"modules\.signing\.trustRoot must be configured when runtime\.profile=production .*": "runtime.profile",
    r"modules\.signing\.trustRoot must be configured when modules\.signing\.required=true": "modules.signing.required",
    r"modules\.signing\.rekor\.policy=REQUIRE_SET requires modules\.signing\.mode=.*": "modules.signing.rekor.policy",
    r"modules\.signing\.rekor\.publicKey must be configured when policy=REQUIRE_SET": "modules.signing.rekor.policy",
    r"port out of range:70000": "raft.port",
    r"JWT secret must be at least 256 bits.*": "security.jwtSecret",
    r"JWT secret is not valid Base64: .*": "security.jwtSecret",
    r"Scheme valkey not supported": "redis.uri",
    r"The connection string is invalid.*": "database.uri",
    r"state should be: databaseName does not contain ' '": "database.database",
}


@pytest.mark.parametrize("text", sorted(VALIDATOR))
def test_each_text_of_the_validator_has_a_case_that_we_refuse(text: str) -> None:
    hits = [case for case in CASES.values() if any(re.fullmatch(text, line) for line in case.get("log", []))]
    assert hits
    for case in hits:
        with pytest.raises(InvalidConfigError) as caught:
            make(Request(CONTROLLER), file_of(case))
        assert VALIDATOR[text] in [problem.key for problem in caught.value.problems]


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(InvalidConfigError) as caught:
        make(Request(CONTROLLER), file_of(CASES["many-errors"]))
    assert {problem.key for problem in caught.value.problems} >= {
        "http.port",
        "runtime.profile",
        "database.uri",
        "heartbeat.intervalMs",
    }


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"modules": {"signing": {"mode": "keyed"}}}, "modules.signing.mode"),
        ({"controller": {"grpcPort": 70000}}, "controller.grpcPort"),
        ({"nodeId": ""}, "nodeId"),
        ({"modules": {"signing": {"required": True}}}, "modules.signing.required"),
    ],
)
def test_daemon_starts_that_failed_hung_or_were_not_meant(change: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        make(Request(DAEMON, values={"nodeId": "node-a1", **change}), "")
    assert [problem.key for problem in caught.value.problems] == [key]


PAIRS = sorted(path.name.split(".")[0] for path in (DATA / "write_back").glob("*.before.txt"))
# What a rewrite by the program really changes, hence what has to be written again. Empty: nothing.
DAMAGE = {
    "daemon-join-new-address": {"network.allowedSubnets"},
    "effective-blocks-absent": set(),
    "effective-blocks-present-empty": set(),
    "effective-inner-blocks-present-empty": set(),
    "patch-cors-add": {"http.cors.allowedOrigins"},
    "patch-cors-remove": {"http.cors.allowedOrigins"},
    "patch-subnets-add": {"network.allowedSubnets"},
    "put-maintenance": {"networks", "cluster.id", "raft.host", "raft.port", "telemetry.serviceName"},
}


def side(pair: str, which: str) -> str:
    return filled((DATA / "write_back" / f"{pair}.{which}.txt").read_text(encoding="utf-8"))


def values_of(text: str) -> dict[str, Any]:
    tree: dict[str, Any] = copy(parse(text, CONTROLLER.texts).plain)
    tree.pop("ansible_managed_extra", None)
    # What the module itself would have written with the block.
    if "perIpPerMinute" in tree.get("security", {}).get("rateLimiting", {}):
        tree["security"]["rateLimiting"].pop("failOpenOnRedisError", None)
    return tree


def rewritten(pair: str) -> Plan:
    return make(Request(CONTROLLER, values=values_of(side(pair, "before")), refuse_unknown=False), side(pair, "after"))


@pytest.mark.parametrize("pair", sorted(DAMAGE))
def test_a_file_that_the_program_wrote_anew_is_only_changed_where_it_lost_something(pair: str) -> None:
    plan = rewritten(pair)
    added_booleans = {"security.rateLimiting.failOpenOnRedisError"} & set(plan.keys)
    assert set(plan.keys) - added_booleans == DAMAGE[pair]
    again = make(
        Request(CONTROLLER, values=values_of(side(pair, "before")), refuse_unknown=False),
        plan.new_text() if plan.changed else side(pair, "after"),
    )
    assert not again.changed


def test_a_file_that_the_program_wrote_anew_at_its_first_start_is_unchanged() -> None:
    values = values_of(side("first-start-blank-jwtsecret", "before"))
    values["security"]["jwtSecret"] = SECRET
    plan = make(Request(CONTROLLER, values=values, refuse_unknown=False), side("first-start-blank-jwtsecret", "after"))
    # The program's own damage at that start (config.md section 5).
    assert set(plan.keys) <= {
        "telemetry.serviceName",
        "security.passwordReset.enabled",
        "security.passwordReset.tokenTtlMinutes",
        "security.passwordReset.resetUrlBase",
    }


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair.startswith("effective-")])
def test_defaults_of_the_table_are_the_effective_values_of_the_program(pair: str) -> None:
    """A start with a blank jwtSecret makes the program spell out every effective value."""
    before = View(CONTROLLER, parse(side(pair, "before"), CONTROLLER.texts).plain)
    after = parse(side(pair, "after"), CONTROLLER.texts).plain
    reset_by_that_writer = ("security.passwordReset", "telemetry.", "security.jwtSecret", "uuid")
    compared = 0
    for path, value in leaf_paths(CONTROLLER, after):
        name = ".".join(path)
        if name.startswith(reset_by_that_writer) or CONTROLLER.by_name.get(name) is None:
            continue
        effective = before.get(name)
        assert (list(effective) if isinstance(effective, tuple) else effective) == value, name
        compared += 1
    assert compared > 50


def test_every_pair_is_used() -> None:
    effective = {pair for pair in PAIRS if pair.startswith("effective-")}
    assert set(PAIRS) == set(DAMAGE) | effective | {"first-start-blank-jwtsecret"}
