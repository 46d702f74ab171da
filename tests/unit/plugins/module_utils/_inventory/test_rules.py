# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sound cluster keeps all rules; each way to break one yields its rule, a cure, and no secret."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._inventory.model import (
    FACTS,
    Cluster,
    Host,
    Unavailable,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._inventory.rules import RULES, findings

MARKER = "MARKERsecret"
JWT = base64.b64encode(f"{MARKER}-thirty-two-bytes-or-more-of-it".encode()).decode()
PUBLIC = f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(b'a public key').decode()}\n-----END PUBLIC KEY-----\n"
PRIVATE = f"-----BEGIN PRIVATE KEY-----\n{base64.b64encode(MARKER.encode()).decode()}\n-----END PRIVATE KEY-----\n"

DEFAULTS: dict[str, Any] = {
    "prexorcloud_coordination": "valkey",
    "prexorcloud_active_controller": "controller-1",
    "prexorcloud_http_port": 8080,
    "prexorcloud_grpc_port": 9090,
    "prexorcloud_raft_port": 9190,
    "prexorcloud_daemon_health_port": 9091,
    "prexorcloud_admin_user": "admin",
    "runtime_profile_raft_host": "127.0.0.1",
    "network_lockdown_add_inventory_hosts": True,
    "module_signing_required": True,
    "module_signing_mode": "COSIGN_BUNDLE",
    "prexorcloud_release_verification": "required",
    "prexorcloud_release_ref": "refs/tags/v1.0.0",
    "prexorcloud_rekor_url": "https://rekor.sigstore.dev",
}
SHARED: dict[str, Any] = {
    "prexorcloud_mongodb_uri": f"mongodb://prexor:{MARKER}%40x@10.0.0.31:27017/prexorcloud?replicaSet=rs0",
    "prexorcloud_redis_uri": f"redis://:{MARKER}@10.0.0.31:6379",
    "prexorcloud_admin_password": f"{MARKER}-admin",
    "prexorcloud_jwt_secret": JWT,
    "prexorcloud_module_trust_root": PUBLIC,
    "prexorcloud_release_source": "https://mirror.example.com/prexorcloud",
    "prexorcloud_allowed_subnets": ["10.0.0.0/24", "fd00::/64", "192.0.2.7"],
}
ADDRESSES = {"controller-1": "10.0.0.11", "controller-2": "10.0.0.12", "daemon-1": "10.0.0.21", "daemon-2": "10.0.0.22"}
GROUPS = {
    "prexorcloud_controllers": ("controller-1", "controller-2"),
    "prexorcloud_daemons": ("daemon-1", "daemon-2"),
}


def cluster(
    everywhere: dict[str, Any] | None = None,
    hosts: dict[str, dict[str, Any]] | None = None,
    groups: dict[str, tuple[str, ...]] | None = None,
    without: str = "",
) -> Cluster:
    """The sound cluster with variables changed on all hosts or on some, other groups, or one variable left out."""
    members = {**GROUPS, **(groups or {})}
    found = {}
    for name in dict.fromkeys(name for group in members.values() for name in group):
        own = {"prexorcloud_address": ADDRESSES.get(name, name), "prexorcloud_node_id": name.replace("controller", "c")}
        given = {**SHARED, **own, **(everywhere or {}), **(hosts or {}).get(name, {})}
        given.pop(without, None)
        found[name] = Host(name, frozenset(given), {**DEFAULTS, **given})
    return Cluster(found, members)


def found(subject: Cluster) -> list[tuple[str, str, bool]]:
    return [(rule.id, finding.text, finding.warning) for rule, finding in findings(subject)]


def test_a_sound_cluster_keeps_all_rules() -> None:
    assert found(cluster()) == []


def test_so_does_one_host_that_is_both_and_one_of_the_next_generation() -> None:
    one = ("controller-1",)
    assert found(cluster(groups={"prexorcloud_controllers": one, "prexorcloud_daemons": one})) == []
    assert found(cluster({"prexorcloud_coordination": "mongodb"}, without="prexorcloud_redis_uri")) == []


def test_a_jwt_secret_is_optional() -> None:
    assert found(cluster(without="prexorcloud_jwt_secret")) == []
    assert found(cluster({"prexorcloud_jwt_secret": JWT.rstrip("=")})) == []


def b64(size: int) -> str:
    return base64.b64encode(MARKER.encode() * 4)[: size * 4 // 3].decode()


NO_ADD = {"network_lockdown_add_inventory_hosts": False}
# rule, what its text has to say, how to break it
BROKEN: list[tuple[str, str, Cluster]] = [
    ("controllers-named", "at least one", cluster(groups={"prexorcloud_controllers": ()})),
    (
        "one-generation",
        "prexorcloud_coordination differs",
        cluster(hosts={"daemon-1": {"prexorcloud_coordination": "mongodb"}}),
    ),
    ("one-active", "not in prexorcloud_controllers", cluster({"prexorcloud_active_controller": "daemon-1"})),
    ("one-active", "differs", cluster(hosts={"daemon-2": {"prexorcloud_active_controller": "controller-2"}})),
    ("one-active", "cannot be read", cluster({"prexorcloud_active_controller": Unavailable("'x' is undefined")})),
    ("uuids-distinct", "Give each its own", cluster({"prexorcloud_uuid": "ctrl"})),
    ("uuids-distinct", "Give each its own", cluster(hosts={"controller-2": {"prexorcloud_uuid": "controller-1"}})),
    ("uuids-distinct", "runtime_profile_uuid is x", cluster({"runtime_profile_uuid": "x"})),
    ("node-ids", "Give each its own", cluster({"prexorcloud_node_id": "node"})),
    ("node-ids", "mint join tokens", cluster(hosts={"daemon-1": {"prexorcloud_node_id": "my-Controller-7"}})),
    ("node-ids", "is empty", cluster(hosts={"daemon-1": {"prexorcloud_node_id": " "}})),
    (
        "jwt-secret",
        "has 16 bytes",
        cluster({"prexorcloud_jwt_secret": base64.b64encode(MARKER.encode() + b"1234").decode()}),
    ),
    ("jwt-secret", "URL-safe", cluster({"prexorcloud_jwt_secret": JWT.rstrip("=") + "-_8="})),
    ("jwt-secret", "white space", cluster({"prexorcloud_jwt_secret": JWT + "\n"})),
    ("jwt-secret", "no Base64", cluster({"prexorcloud_jwt_secret": f"!{JWT}"})),
    ("jwt-secret", "no Base64", cluster({"jwt_secret_value": b64(31) + "A" * (5 - len(b64(31)) % 4)})),
    ("jwt-secret", "differs (fingerprints)", cluster(hosts={"controller-2": {"prexorcloud_jwt_secret": "A" * 44}})),
    ("jwt-secret", "not here", cluster(hosts={"controller-2": {"prexorcloud_jwt_secret": ""}})),
    ("jwt-secret", "cannot be read", cluster({"prexorcloud_jwt_secret": Unavailable("AnsibleVaultError")})),
    ("admin-password", "is missing", cluster(without="prexorcloud_admin_password")),
    ("admin-password", "has 7 characters", cluster({"prexorcloud_admin_password": "abcdefg"})),
    ("admin-password", "tried first", cluster({"prexorcloud_admin_password": "Password123"})),
    (
        "admin-password",
        "tried first",
        cluster({"prexorcloud_admin_user": "operator", "prexorcloud_admin_password": "operator"}),
    ),
    ("admin-password", "differs", cluster(hosts={"controller-2": {"prexorcloud_admin_password": f"{MARKER}-other"}})),
    ("admin-password", "cannot be read", cluster({"prexorcloud_admin_password": Unavailable("AnsibleVaultError")})),
    ("mongodb-uri", "is missing", cluster(without="prexorcloud_mongodb_uri")),
    ("mongodb-uri", "starts with postgres://", cluster({"prexorcloud_mongodb_uri": f"postgres://a:{MARKER}@h/db"})),
    ("mongodb-uri", "has to start with", cluster({"prexorcloud_mongodb_uri": MARKER})),
    ("mongodb-uri", "names no host", cluster({"prexorcloud_mongodb_uri": f"mongodb://a:{MARKER}@/db"})),
    (
        "mongodb-uri",
        "differs",
        cluster(hosts={"controller-2": {"prexorcloud_mongodb_uri": f"mongodb://a:{MARKER}@other/db"}}),
    ),
    ("redis-uri", "is missing", cluster(without="prexorcloud_redis_uri")),
    ("redis-uri", "which Valkey speaks", cluster({"prexorcloud_redis_uri": f"valkey://:{MARKER}@h:6379"})),
    ("redis-uri", "runtime_profile_redis_uri", cluster({"runtime_profile_redis_uri": f"tcp://:{MARKER}@h:6379"})),
    ("uri-encoding", "percent-encoded", cluster({"prexorcloud_mongodb_uri": f"mongodb://a:{MARKER}@x@h/db"})),
    ("uri-encoding", "percent-encoded", cluster({"prexorcloud_mongodb_uri": f"mongodb://a:{MARKER}/x@h/db"})),
    ("uri-encoding", "percent-encoded", cluster({"prexorcloud_redis_uri": f"redis://u:{MARKER}:x@h"})),
    ("uri-encoding", "percent-encoded", cluster({"prexorcloud_redis_uri": f"redis://:{MARKER}%4@h"})),
    (
        "replica-set",
        "replicaSet=",
        cluster({"prexorcloud_coordination": "mongodb", "prexorcloud_mongodb_uri": f"mongodb://a:{MARKER}@h/db?w=1"}),
    ),
    ("subnets-valid", "10.0.0.0/33", cluster({"prexorcloud_allowed_subnets": ["10.0.0.0/33"]})),
    ("subnets-valid", "dash.example.com", cluster({"network_lockdown_allowed_subnets": ["dash.example.com"]})),
    ("subnets-closed", "IPv4 internet", cluster({"prexorcloud_allowed_subnets": ["10.0.0.0/24", "0.0.0.0/0"]})),
    ("subnets-closed", "IPv4 internet", cluster({"prexorcloud_allowed_subnets": ["10.1.2.3/0"]})),
    ("subnets-closed", "IPv4 internet", cluster({"prexorcloud_allowed_subnets": ["128.0.0.0/1", "0.0.0.0/1"]})),
    ("subnets-closed", "IPv6 internet", cluster({"prexorcloud_allowed_subnets": ["::/0"]})),
    ("addresses-listed", "which is no IP address", cluster(hosts={"daemon-1": {"prexorcloud_address": "daemon-1"}})),
    ("addresses-listed", "10.0.0.0/24, which", cluster(hosts={"daemon-1": {"prexorcloud_address": "10.0.0.0/24"}})),
    (
        "addresses-listed",
        "does not contain 10.0.0.22, the address of daemon-2",
        cluster({**NO_ADD, "prexorcloud_allowed_subnets": ["10.0.0.8/29", "10.0.0.21"]}),
    ),
    (
        "addresses-listed",
        "198.51.100.9",
        cluster(NO_ADD, groups={"prexorcloud_proxies": ("198.51.100.9",)}),
    ),
    ("ports-distinct", "all 8080", cluster({"prexorcloud_grpc_port": 8080})),
    ("ports-distinct", "all 9190", cluster({"network_lockdown_http_port": "9190"})),
    ("ports-distinct", "from 1 to 65535", cluster({"prexorcloud_daemon_health_port": 70000})),
    (
        "ports-distinct",
        "all 9091",
        cluster({"prexorcloud_http_port": 9091}, groups={"prexorcloud_daemons": ("controller-1",)}),
    ),
    ("signing", "is missing", cluster(without="prexorcloud_module_trust_root")),
    ("signing", "not to the path", cluster({"prexorcloud_module_trust_root": "/etc/trust.pem"})),
    ("signing", "private key", cluster({"prexorcloud_module_trust_root": PUBLIC + PRIVATE})),
    ("signing", "no Base64", cluster({"prexorcloud_module_trust_root": PUBLIC.replace("\n", "\n*", 1)})),
    ("signing", "COSIGN_BUNDLE", cluster({"module_signing_mode": "cosign_bundle"})),
    ("signing", "cannot be read", cluster({"prexorcloud_module_trust_root": Unavailable("no file")})),
    ("signing-agrees", "module_signing_mode differs", cluster(hosts={"daemon-1": {"module_signing_mode": "KEYED"}})),
    (
        "signing-agrees",
        "trust_root differs",
        cluster(hosts={"daemon-1": {"prexorcloud_module_trust_root": PUBLIC.replace("YSBw", "YSBx")}}),
    ),
    ("release-source", "is missing", cluster(without="prexorcloud_release_source")),
    ("release-source", "no directory", cluster({"prexorcloud_release_source": "/nonexistent/release"})),
    ("release-source", "no http", cluster({"prexorcloud_release_source": "ftp://mirror/x"})),
    ("release-signed", "is empty. Set it to required", cluster({"prexorcloud_release_verification": ""})),
    ("release-signed", "is empty. Set it to required", cluster({"release_verification": None})),
    ("release-signed", "is false. Set it to required", cluster({"prexorcloud_release_verification": "false"})),
    ("release-signed", "no git ref", cluster({"prexorcloud_release_ref": ""})),
    ("release-signed", "no git ref", cluster({"prexorcloud_release_ref": "refs/tags/.*"})),
    ("release-signed", "no https URL", cluster({"prexorcloud_rekor_url": "http://rekor.example.com"})),
    ("release-signed", "no file of the control node", cluster({"prexorcloud_release_trust_root": ""})),
    ("release-signed", "no file of the control node", cluster({"prexorcloud_release_ca_path": "/nonexistent"})),
    (
        "release-signed",
        "Use https",
        cluster({"prexorcloud_release_verification": "digests_only", "prexorcloud_release_source": "http://mirror/x"}),
    ),
    ("release-source", "user or password", cluster({"prexorcloud_release_source": f"https://u:{MARKER}@mirror/x"})),
]


@pytest.mark.parametrize(("rule", "says", "subject"), BROKEN, ids=[f"{rule}: {says}" for rule, says, _ in BROKEN])
def test_a_broken_rule_is_reported_alone_and_without_secrets(rule: str, says: str, subject: Cluster) -> None:
    errors = [(one, text) for one, text, warning in found(subject) if not warning]
    assert {one for one, _text in errors} == {rule}
    assert any(says in text for _one, text in errors), errors
    assert not any(MARKER in text or "TUFSS" in text for _one, text in errors)


WARNED: list[tuple[str, str, Cluster]] = [
    ("groups-known", "prexorcloud_daemons meant", cluster(groups={"prexorcloud_daemon": ("daemon-1",)})),
    ("raft-host", "founded with it", cluster({"runtime_profile_raft_host": "10.0.0.11"})),
    (
        "signing",
        "WITHOUT A SIGNATURE",
        cluster({"module_signing_required": "false"}, without="prexorcloud_module_trust_root"),
    ),
    ("release-signed", "NO SIGNATURE", cluster({"prexorcloud_release_verification": "digests_only"})),
    (
        "replica-set",
        "odd number",
        cluster({"prexorcloud_coordination": "mongodb"}, groups={"prexorcloud_mongodb": ("daemon-1", "daemon-2")}),
    ),
]


@pytest.mark.parametrize(("rule", "says", "subject"), WARNED, ids=[rule for rule, _says, _ in WARNED])
def test_what_is_allowed_but_doubtful_is_a_warning(rule: str, says: str, subject: Cluster) -> None:
    assert [(one, warning) for one, _text, warning in found(subject)] == [(rule, True)]
    assert says in found(subject)[0][1]


def test_every_rule_has_a_case_that_breaks_it() -> None:
    assert {rule for rule, _says, _ in BROKEN + WARNED} == {rule.id for rule in RULES}


def test_everything_is_listed_at_once() -> None:
    subject = cluster({"prexorcloud_grpc_port": 8080, "prexorcloud_uuid": "x", "prexorcloud_allowed_subnets": ["::/0"]})
    assert {rule for rule, _text, _warning in found(subject)} == {"ports-distinct", "uuids-distinct", "subnets-closed"}


def test_equal_findings_of_several_hosts_are_one() -> None:
    (only,) = [finding for _rule, finding in findings(cluster({"prexorcloud_redis_uri": "valkey://h"}))]
    assert only.hosts == ("controller-1", "controller-2")


def test_the_roles_own_variable_wins_and_is_named() -> None:
    subject = cluster({"network_lockdown_allowed_subnets": ["0.0.0.0/0"]})
    assert "network_lockdown_allowed_subnets" in found(subject)[0][1]


def test_hosts_are_named_briefly() -> None:
    subject = cluster()
    assert subject.where(("daemon-2", "daemon-1")) == "all of prexorcloud_daemons"
    assert subject.where(subject.hosts) == "all hosts"
    assert subject.where(("daemon-1",)) == "daemon-1"
    assert subject.where("abcdef") == "a, b, c, d and 2 more"


@pytest.mark.parametrize("value", [["x"], {"a": 1}, 7, True, None, Unavailable("x")], ids=repr)
def test_a_value_of_another_type_stops_no_check(value: object) -> None:
    for names in FACTS.values():
        subject = cluster({names[-1]: value})
        assert all(rule in RULES and finding.text for rule, finding in findings(subject))
