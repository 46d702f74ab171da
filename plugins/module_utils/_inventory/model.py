# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster as an inventory describes it, without any Ansible object."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

CONTROLLERS = "prexorcloud_controllers"
DAEMONS = "prexorcloud_daemons"
PROXIES = "prexorcloud_proxies"
MONGODB = "prexorcloud_mongodb"
GROUPS = (CONTROLLERS, DAEMONS, MONGODB, "prexorcloud_valkey", PROXIES, "prexorcloud_monitoring")

# What the rules ask for, and the variables that say it. The first one that the inventory sets wins, since a role's own
# variable overrides the shared one; the default is that of the last.
FACTS: dict[str, tuple[str, ...]] = {
    "coordination": ("prexorcloud_coordination",),
    "active": ("prexorcloud_active_controller",),
    "address": ("prexorcloud_address",),
    "uuid": ("runtime_profile_uuid", "prexorcloud_uuid"),
    "node id": ("daemon_enrolment_node_id", "prexorcloud_node_id"),
    "jwt secret": ("jwt_secret_value", "prexorcloud_jwt_secret"),
    "mongodb uri": ("runtime_profile_database_uri", "prexorcloud_mongodb_uri"),
    "redis uri": ("runtime_profile_redis_uri", "prexorcloud_redis_uri"),
    "raft host": ("runtime_profile_raft_host",),
    "subnets": ("network_lockdown_allowed_subnets", "prexorcloud_allowed_subnets"),
    "add hosts": ("network_lockdown_add_inventory_hosts",),
    "http port": ("network_lockdown_http_port", "prexorcloud_http_port"),
    "grpc port": ("network_lockdown_grpc_port", "prexorcloud_grpc_port"),
    "raft port": ("network_lockdown_raft_port", "prexorcloud_raft_port"),
    "health port": ("daemon_enrolment_health_port", "prexorcloud_daemon_health_port"),
    "admin user": ("bootstrap_shred_user", "prexorcloud_admin_user"),
    "admin password": ("bootstrap_shred_password", "prexorcloud_admin_password"),
    "signing required": ("module_signing_required",),
    "signing mode": ("module_signing_mode",),
    "trust root": ("module_signing_trust_root", "prexorcloud_module_trust_root"),
    "release source": ("release_source", "prexorcloud_release_source"),
    "release verification": ("release_verification", "prexorcloud_release_verification"),
    "release ref": ("release_ref", "prexorcloud_release_ref"),
    "release trust root": ("release_trust_root", "prexorcloud_release_trust_root"),
    "release authorities": ("release_ca_path", "prexorcloud_release_ca_path"),
    "rekor url": ("release_rekor_url", "prexorcloud_rekor_url"),
}


class Unavailable(NamedTuple):
    """A value that cannot be computed on the control node, e.g. one from a vault without its password."""

    reason: str


class Host(NamedTuple):
    """One host. given: names of the variables that the inventory or the command line set; values: computed values of
    these and of the defaults that FACTS name, Unavailable where that failed."""

    name: str
    given: frozenset[str]
    values: Mapping[str, Any]

    def variable(self, fact: str) -> str:
        """The variable that decides about a fact here: the one to name in a message."""
        names = FACTS[fact]
        return next((name for name in names if name in self.given), names[-1])

    def raw(self, fact: str) -> Any:
        """Value of a fact, None if there is none; Unavailable where it cannot be computed."""
        return self.values.get(self.variable(fact))

    def get(self, fact: str) -> Any:
        """Value of a fact, None if there is none, if it is empty text or cannot be computed."""
        value = self.raw(fact)
        return None if isinstance(value, Unavailable) or (isinstance(value, str) and not value.strip()) else value

    def text(self, fact: str) -> str:
        """Value of a fact as text, empty if there is none."""
        value = self.get(fact)
        return "" if value is None else str(value)


class Finding(NamedTuple):
    """One complaint. text: what is wrong and what to set, a full sentence; hosts: those that it is about."""

    text: str
    hosts: tuple[str, ...] = ()
    warning: bool = False


class Cluster(NamedTuple):
    """hosts: those of the groups of this collection; groups: group name -> host names, all groups of the inventory."""

    hosts: Mapping[str, Host]
    groups: Mapping[str, tuple[str, ...]]

    def members(self, *groups: str) -> list[Host]:
        """Hosts of the groups, each once, in inventory order."""
        names = dict.fromkeys(name for group in groups for name in self.groups.get(group, ()))
        return [self.hosts[name] for name in names if name in self.hosts]

    @property
    def controllers(self) -> list[Host]:
        return self.members(CONTROLLERS)

    @property
    def daemons(self) -> list[Host]:
        return self.members(DAEMONS)

    @property
    def programs(self) -> list[Host]:
        """Hosts with a controller or a daemon."""
        return self.members(CONTROLLERS, DAEMONS)

    @property
    def coordination(self) -> str:
        """valkey or mongodb; valkey where the inventory says something else, which its own rule reports."""
        return next((host.text("coordination") for host in self.programs if host.text("coordination")), "valkey")

    def where(self, names: Iterable[str]) -> str:
        """Host names as short as possible: all, a group that has exactly these, or up to four names."""
        wanted = list(dict.fromkeys(names))
        if len(wanted) > 1 and set(wanted) == set(self.hosts):
            return "all hosts"
        for group in GROUPS:
            if len(wanted) > 1 and set(wanted) == set(self.groups.get(group, ())):
                return f"all of {group}"
        more = f" and {len(wanted) - 4} more" if len(wanted) > 4 else ""
        return ", ".join(wanted[:4]) + more


def by_value(hosts: Iterable[Host], fact: str) -> dict[Hashable, list[Host]]:
    """Hosts with a value for the fact, by that value; other than text and numbers are compared as text."""
    found: dict[Hashable, list[Host]] = {}
    for host in hosts:
        value = host.get(fact)
        if value is not None:
            found.setdefault(value if isinstance(value, (str, int)) else str(value), []).append(host)
    return found


def fingerprint(secret: str) -> str:
    """Eight hexadecimal digits that tell secrets apart and give away nothing of a long random one."""
    return hashlib.sha256(secret.encode()).hexdigest()[:8]


def unavailable(hosts: Iterable[Host], fact: str) -> Iterator[Finding]:
    """A finding for each host whose value of a required fact cannot be computed."""
    for host in hosts:
        value = host.raw(fact)
        if isinstance(value, Unavailable):
            yield Finding(f"{host.variable(fact)} cannot be read on the control node: {value.reason}.", (host.name,))
