# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for a whole cluster that its inventory alone can break.

RULES is the table; docs/rules.md maps upstream's rules (upstream README.md, "Rules the collection should enforce") to
them. A check yields findings. No finding contains a secret: lengths, kinds of mistakes and fingerprints at most.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import ipaddress
import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Union

from ansible.module_utils.parsing.convert_bool import boolean

from .model import (
    CONTROLLERS,
    DAEMONS,
    GROUPS,
    MONGODB,
    PROXIES,
    Cluster,
    Finding,
    Host,
    Unavailable,
    by_value,
    fingerprint,
    unavailable,
)
from .uris import encoding_error, has_host, has_option, scheme_error, split

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

# Passwords that are tried first; upstream accepts every text of 8 characters (upstream layout.md section 5).
COMMON_PASSWORDS = frozenset[str]().union(
    ("12345678", "123456789", "1234567890", "abcd1234", "admin", "admin123", "adminadmin", "administrator", "changeit"),
    ("changeme", "change-me", "default", "letmein", "letmein1", "minecraft", "minecraft1", "p@ssw0rd", "passw0rd"),
    ("password", "password1", "password123", "prexor", "prexorcloud", "qwertyui", "secret", "secret123", "test1234"),
)
JWT_SECRET = re.compile(r"^[A-Za-z0-9+/]+={0,2}$")
JWT_BYTES = 32
PASSWORD_LENGTH = 8
_REF = re.compile(r"refs/(?:tags|heads)/[A-Za-z0-9][A-Za-z0-9._/+-]*\Z", re.ASCII)
PEM_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
SIGNING_MODES = ("KEYED", "COSIGN_BUNDLE")


class Rule(NamedTuple):
    """id: stable name of the rule; title: what must hold; upstream: numbers in upstream's table, empty for our own."""

    id: str
    title: str
    upstream: tuple[int, ...]
    check: Callable[[Cluster], Iterator[Finding]]


# --- members ---------------------------------------------------------------------------------------------------------


def controllers_named(cluster: Cluster) -> Iterator[Finding]:
    if not cluster.controllers:
        yield Finding(f"No host is a controller. Put at least one into the group {CONTROLLERS}.")


def groups_known(cluster: Cluster) -> Iterator[Finding]:
    for group in cluster.groups:
        if group.startswith("prexorcloud_") and group not in GROUPS:
            near = difflib.get_close_matches(group, GROUPS, n=1, cutoff=0.85)
            if near:
                yield Finding(f"The group {group} is none of ours. Is {near[0]} meant?", cluster.groups[group], True)


def one_generation(cluster: Cluster) -> Iterator[Finding]:
    found = by_value(cluster.programs, "coordination")
    if len(found) > 1:
        yield Finding(
            f"prexorcloud_coordination differs: {_spread(cluster, found)}. Set one value for the whole cluster."
        )


def one_active(cluster: Cluster) -> Iterator[Finding]:
    if cluster.coordination != "valkey" or not cluster.controllers:
        return
    yield from unavailable(cluster.programs, "active")
    found = by_value(cluster.programs, "active")
    if len(found) > 1:
        yield Finding(
            f"prexorcloud_active_controller differs: {_spread(cluster, found)}. Two controllers that run side by side "
            "lose each other's writes; set one name for the whole cluster."
        )
    names = [host.name for host in cluster.controllers]
    for value, hosts in found.items():
        if value not in names:
            yield Finding(
                f"prexorcloud_active_controller is {value}, which is not in {CONTROLLERS}. "
                f"Set one of {', '.join(names)}.",
                _names(hosts),
            )


def uuids_distinct(cluster: Cluster) -> Iterator[Finding]:
    yield from unavailable(cluster.controllers, "uuid")
    found: dict[str, list[Host]] = {}
    for host in cluster.controllers:
        found.setdefault(host.text("uuid") or host.name, []).append(host)
    for value, hosts in found.items():
        if len(hosts) > 1:
            yield Finding(
                f"{hosts[0].variable('uuid')} is {value} on several controllers. Give each its own.", _names(hosts)
            )


def node_ids(cluster: Cluster) -> Iterator[Finding]:
    yield from unavailable(cluster.daemons, "node id")
    for value, hosts in by_value(cluster.daemons, "node id").items():
        name = hosts[0].variable("node id")
        if len(hosts) > 1:
            yield Finding(f"{name} is {value} on several daemons. Give each its own.", _names(hosts))
        if "controller" in str(value).lower():
            yield Finding(
                f'{name} is {value}. A daemon whose id contains "controller" may mint join tokens; set another id.',
                _names(hosts),
            )
    for host in cluster.daemons:
        if host.get("node id") is None and not isinstance(host.raw("node id"), Unavailable):
            yield Finding(f"{host.variable('node id')} is empty. Set an id for each daemon.", (host.name,))


# --- secrets ---------------------------------------------------------------------------------------------------------


def jwt_secret(cluster: Cluster) -> Iterator[Finding]:
    yield from unavailable(cluster.controllers, "jwt secret")
    found = by_value(cluster.controllers, "jwt secret")
    for value, hosts in found.items():
        error = jwt_secret_error(str(value))
        if error:
            yield Finding(
                f"{hosts[0].variable('jwt secret')} {error}. Make one: openssl rand -base64 48.", _names(hosts)
            )
    without = [host for host in cluster.controllers if host.raw("jwt secret") in (None, "")]
    if len(found) > 1:
        marks = {fingerprint(str(value)): hosts for value, hosts in found.items()}
        yield Finding(
            f"prexorcloud_jwt_secret differs (fingerprints): {_spread(cluster, marks)}. Set one for all controllers."
        )
    elif found and without:
        yield Finding(
            "prexorcloud_jwt_secret is set for other controllers, but not here. Set one for all.", _names(without)
        )


def jwt_secret_error(secret: str) -> str:
    """Why upstream would not start with the secret; empty if it would (upstream config.md section 7)."""
    if secret != secret.strip() or re.search(r"\s", secret):
        return "contains white space"
    if re.search(r"[-_]", secret):
        return "is written in the URL-safe alphabet, but has to be standard Base64 (+ and / instead of - and _)"
    if not JWT_SECRET.match(secret):
        return "is no Base64"
    try:
        size = len(base64.b64decode(secret.rstrip("=") + "=" * (-len(secret.rstrip("=")) % 4), validate=True))
    except (binascii.Error, ValueError):
        return "is no Base64"
    return f"has {size} bytes, but has to have at least {JWT_BYTES}" if size < JWT_BYTES else ""


def admin_password(cluster: Cluster) -> Iterator[Finding]:
    yield from unavailable(cluster.controllers, "admin password")
    for host in cluster.controllers:
        if isinstance(host.raw("admin password"), Unavailable):
            continue
        password, name = host.text("admin password"), host.variable("admin password")
        if not password:
            yield Finding(f"{name} is missing. Set the password that the administrator is to have.", (host.name,))
        elif len(password) < PASSWORD_LENGTH:
            yield Finding(
                f"{name} has {len(password)} characters, but has to have at least {PASSWORD_LENGTH}.", (host.name,)
            )
        elif password.casefold() in COMMON_PASSWORDS or password.casefold() == host.text("admin user").casefold():
            yield Finding(f"{name} is one of the passwords that are tried first. Set another.", (host.name,))
    if len(by_value(cluster.controllers, "admin password")) > 1:
        yield Finding("prexorcloud_admin_password differs between controllers, which share one database. Set one.")


# --- stores ----------------------------------------------------------------------------------------------------------


def mongodb_uri(cluster: Cluster) -> Iterator[Finding]:
    yield from _store_uri(
        cluster, "mongodb uri", ("mongodb", "mongodb+srv"), "mongodb://USER:PASSWORD@HOST:27017/DATABASE"
    )


def redis_uri(cluster: Cluster) -> Iterator[Finding]:
    if cluster.coordination == "valkey":
        yield from _store_uri(cluster, "redis uri", ("redis", "rediss"), "redis://:PASSWORD@HOST:6379")


def _store_uri(cluster: Cluster, fact: str, schemes: tuple[str, ...], example: str) -> Iterator[Finding]:
    yield from unavailable(cluster.controllers, fact)
    for host in cluster.controllers:
        uri, name = host.text(fact), host.variable(fact)
        if isinstance(host.raw(fact), Unavailable):
            continue
        if not uri:
            yield Finding(f"{name} is missing. Set it to {example}.", (host.name,))
            continue
        error = scheme_error(uri, schemes)
        if error and split(uri)[0].startswith("valkey"):
            error += ", which Valkey speaks as well"
        error = error or ("" if has_host(uri) else f"names no host; write it as {example}")
        if error:
            yield Finding(f"{name} {error}.", (host.name,))
    found = by_value(cluster.controllers, fact)
    if len(found) > 1:
        marks = {fingerprint(str(value)): hosts for value, hosts in found.items()}
        yield Finding(
            f"{cluster.controllers[0].variable(fact)} differs between controllers (fingerprints): "
            f"{_spread(cluster, marks)}. All controllers share one store."
        )


def uri_encoding(cluster: Cluster) -> Iterator[Finding]:
    for fact in ("mongodb uri", "redis uri"):
        for host in cluster.controllers:
            error = encoding_error(host.text(fact))
            if error:
                yield Finding(f"{host.variable(fact)} {error}.", (host.name,))


def replica_set(cluster: Cluster) -> Iterator[Finding]:
    if cluster.coordination != "mongodb":
        return
    for host in cluster.controllers:
        uri = host.text("mongodb uri")
        if split(uri)[0] == "mongodb" and not has_option(uri, "replicaSet"):
            yield Finding(
                f"{host.variable('mongodb uri')} has no replicaSet=NAME, without which this generation may find a "
                "standalone server.",
                (host.name,),
            )
    stores = cluster.groups.get(MONGODB, ())
    if len(stores) > 1 and len(stores) % 2 == 0:
        yield Finding(
            f"{len(stores)} MongoDB hosts survive no more failures than {len(stores) - 1}. Use an odd number.",
            stores,
            True,
        )


# --- network ---------------------------------------------------------------------------------------------------------


def subnets_valid(cluster: Cluster) -> Iterator[Finding]:
    yield from unavailable(cluster.controllers, "subnets")
    for host in cluster.controllers:
        for entry in _subnets(host):
            if _network(entry) is None:
                yield Finding(
                    f"{host.variable('subnets')} has {entry}, which is no network. Write it like 10.0.0.0/24.",
                    (host.name,),
                )


def subnets_closed(cluster: Cluster) -> Iterator[Finding]:
    for host in cluster.controllers:
        networks = [network for network in map(_network, _subnets(host)) if network is not None]
        # halves of the world, listed one by one, are the world too
        worlds: dict[str, Iterable[Network]] = {
            "IPv4": ipaddress.collapse_addresses(n for n in networks if isinstance(n, ipaddress.IPv4Network)),
            "IPv6": ipaddress.collapse_addresses(n for n in networks if isinstance(n, ipaddress.IPv6Network)),
        }
        for family, merged in worlds.items():
            for network in merged:
                if network.prefixlen == 0:
                    yield Finding(
                        f"{host.variable('subnets')} covers {network}, so it lets the whole {family} internet in. "
                        "List the networks of operators only.",
                        (host.name,),
                    )


def addresses_listed(cluster: Cluster) -> Iterator[Finding]:
    """The guard sees the TCP peer (upstream proxy-network.md section 2). The role lists the hosts' addresses by itself
    unless told not to; either way they have to be addresses."""
    peers = cluster.members(CONTROLLERS, DAEMONS, PROXIES)
    for peer in peers:
        if _address(peer) is None:
            yield Finding(
                f"prexorcloud_address is {peer.text('address') or peer.name}, which is no IP address. "
                "Set the one from which this host reaches the controllers.",
                (peer.name,),
            )
    for host in cluster.controllers:
        if host.get("add hosts") is None or _boolean(host.get("add hosts")):
            continue
        networks = [network for network in map(_network, _subnets(host)) if network is not None]
        for peer in peers:
            address = _address(peer)
            if address is not None and not any(address in network for network in networks):
                yield Finding(
                    f"{host.variable('subnets')} does not contain {address}, the address of {peer.name}. Add it, "
                    "or leave network_lockdown_add_inventory_hosts at true.",
                    (host.name,),
                )


def ports_distinct(cluster: Cluster) -> Iterator[Finding]:
    daemons = {host.name for host in cluster.daemons}
    raft = ("raft port",) if cluster.coordination == "valkey" else ()
    for host in cluster.programs:
        controller = host in cluster.controllers
        facts = (("http port", "grpc port", *raft) if controller else ()) + (
            ("health port",) if host.name in daemons else ()
        )
        used: dict[int, list[str]] = {}
        for fact in facts:
            value = host.text(fact)
            if value.isdigit():  # other values are a matter of the argument specs
                used.setdefault(int(value), []).append(host.variable(fact))
        for port, names in used.items():
            if not 1 <= port <= 65535:
                yield Finding(f"{names[0]} is {port}. Ports go from 1 to 65535.", (host.name,))
            if len(names) > 1:
                yield Finding(f"{' and '.join(names)} are all {port}. Give each its own port.", (host.name,))


def raft_host(cluster: Cluster) -> Iterator[Finding]:
    """Upstream ha.md section 1: the host is fixed by the first start, so one that was founded with another keeps it."""
    if cluster.coordination != "valkey":
        return
    for host in cluster.controllers:
        value = host.text("raft host")
        if value not in ("", "127.0.0.1"):
            yield Finding(
                f"{host.variable('raft host')} is {value}. It is right only for a controller that was founded with it; "
                "all others need 127.0.0.1.",
                (host.name,),
                True,
            )


# --- what is run -----------------------------------------------------------------------------------------------------


def signing(cluster: Cluster) -> Iterator[Finding]:
    yield from unavailable(cluster.programs, "trust root")
    for host in cluster.programs:
        if host.get("signing required") is not None and not _boolean(host.get("signing required")):
            yield Finding(
                "module_signing_required is false: CONTROLLERS AND DAEMONS RUN ANY MODULE THAT IS UPLOADED, WITHOUT A "
                "SIGNATURE. Set it to true and give prexorcloud_module_trust_root.",
                (host.name,),
                True,
            )
        elif not isinstance(host.raw("trust root"), Unavailable):
            error = trust_root_error(host.text("trust root"))
            if error:
                yield Finding(f"{host.variable('trust root')} {error}.", (host.name,))
        mode = host.text("signing mode")
        if mode and mode not in SIGNING_MODES:
            yield Finding(f"{host.variable('signing mode')} is {mode}. Set {' or '.join(SIGNING_MODES)}.", (host.name,))


def signing_agrees(cluster: Cluster) -> Iterator[Finding]:
    for fact in ("signing required", "signing mode"):
        found = by_value(cluster.programs, fact)
        if len(found) > 1:
            yield Finding(
                f"{cluster.programs[0].variable(fact)} differs: {_spread(cluster, found)}. "
                "Controllers and daemons need the same."
            )
    roots = {
        fingerprint(str(value).strip()): hosts for value, hosts in by_value(cluster.programs, "trust root").items()
    }
    if len(roots) > 1:
        yield Finding(
            f"prexorcloud_module_trust_root differs (fingerprints): {_spread(cluster, roots)}. "
            "Controllers and daemons need the same."
        )


def trust_root_error(text: str) -> str:
    """Why upstream could not use a PEM text as trust root; empty if it could (upstream signing.md)."""
    if not text:
        return (
            "is missing. Set it to PEM text with the public keys or certificates whose modules may be installed; "
            "production does not start without"
        )
    blocks = PEM_BLOCK.findall(text)
    if any(label.endswith("PRIVATE KEY") for label, _body in blocks):
        return "holds a private key, which must never leave its owner. Give its public key"
    usable = [body for label, body in blocks if label in ("PUBLIC KEY", "CERTIFICATE")]
    if not usable:
        return "has no PUBLIC KEY or CERTIFICATE block. Set it to the PEM text itself, not to the path of a file"
    for body in usable:
        try:
            decoded = base64.b64decode("".join(body.split()), validate=True)
        except (binascii.Error, ValueError):
            decoded = b""
        if not decoded:
            return "has a PEM block that is no Base64"
    return ""


def release_source(cluster: Cluster) -> Iterator[Finding]:
    yield from unavailable(cluster.programs, "release source")
    for host in cluster.programs:
        if isinstance(host.raw("release source"), Unavailable):
            continue
        source, name = host.text("release source"), host.variable("release source")
        if not source:
            yield Finding(
                f"{name} is missing. Set the base URL or the directory with the JARs, SHA256SUMS and its signature.",
                (host.name,),
            )
        elif "://" in source:
            if not source.startswith(("https://", "http://")):
                yield Finding(f"{name} is no http or https URL.", (host.name,))
            elif "@" in source.split("/")[2]:
                yield Finding(
                    f"{name} holds a user or password, which would appear in messages. Use a mirror without.",
                    (host.name,),
                )
        elif os.path.isabs(source) and not os.path.isdir(source):
            yield Finding(f"{name} is {source}, which is no directory of the control node.", (host.name,))


def release_signed(cluster: Cluster) -> Iterator[Finding]:
    """Verification is switched off by saying so, never by a value that is missing or empty."""
    for host in cluster.programs:
        verification, name = host.text("release verification"), host.variable("release verification")
        if verification == "digests_only":
            yield Finding(
                f"{name} is digests_only: NO SIGNATURE OF THE RELEASE IS VERIFIED. Whoever can change"
                f" {host.text('release source')} decides what runs on the hosts. Set it to required.",
                (host.name,),
                True,
            )
            if host.text("release source").startswith("http://"):
                yield Finding(
                    f"{host.variable('release source')} is plain http, and without signatures nothing else vouches for"
                    " what it sends. Use https.",
                    (host.name,),
                )
        elif verification != "required":
            yield Finding(
                f"{name} is {verification or 'empty'}. Set it to required, or leave it out, which means the same.",
                (host.name,),
            )
        if not _REF.match(host.text("release ref")):
            yield Finding(
                f"{host.variable('release ref')} is {host.text('release ref') or 'empty'}, which is no git ref. Leave"
                " it out, or name one like refs/tags/v1.0.0 or refs/heads/main.",
                (host.name,),
            )
        if not host.text("rekor url").startswith("https://"):
            yield Finding(f"{host.variable('rekor url')} is no https URL.", (host.name,))
        for fact, what in (("release trust root", "trusted_root.json"), ("release authorities", "PEM file")):
            path = host.text(fact)
            if host.variable(fact) in host.given and not os.path.isfile(path):
                yield Finding(
                    f"{host.variable(fact)} is {path or 'empty'}, which is no file of the control node. Give the path"
                    f" of a {what}, or leave it out.",
                    (host.name,),
                )


RULES: tuple[Rule, ...] = (
    Rule("controllers-named", "at least one controller", (), controllers_named),
    Rule("groups-known", "no group that is ours but for a typing error", (), groups_known),
    Rule("one-generation", "one prexorcloud_coordination for all hosts", (), one_generation),
    Rule(
        "one-active", "at valkey one active controller, a member of the group, the same for all hosts", (3,), one_active
    ),
    Rule("uuids-distinct", "each controller has its own uuid", (1, 23), uuids_distinct),
    Rule("node-ids", 'each daemon has its own id, without the text "controller"', (16,), node_ids),
    Rule(
        "jwt-secret",
        "a given JWT secret is standard Base64 of 32 bytes or more and the same everywhere",
        (1,),
        jwt_secret,
    ),
    Rule(
        "admin-password",
        "an administrator password of 8 characters or more that nobody tries first",
        (13,),
        admin_password,
    ),
    Rule("mongodb-uri", "a MongoDB URI, the same for all controllers", (7,), mongodb_uri),
    Rule("redis-uri", "at valkey a redis:// or rediss:// URI, the same for all controllers", (7,), redis_uri),
    Rule("uri-encoding", "users and passwords in URIs are percent-encoded", (7,), uri_encoding),
    Rule("replica-set", "at mongodb a URI with replicaSet=", (22,), replica_set),
    Rule("raft-host", "at valkey raft.host is 127.0.0.1", (2,), raft_host),
    Rule("subnets-valid", "allowed subnets are networks", (17,), subnets_valid),
    Rule("subnets-closed", "allowed subnets do not add up to the whole internet", (17,), subnets_closed),
    Rule("addresses-listed", "allowed subnets contain all controllers, daemons and proxies", (17,), addresses_listed),
    Rule("ports-distinct", "the ports of one host are valid and distinct", (), ports_distinct),
    Rule("signing", "modules are verified against a usable trust root", (6,), signing),
    Rule("signing-agrees", "controllers and daemons verify in the same way", (6,), signing_agrees),
    Rule("release-source", "a place to take the release from", (21,), release_source),
    Rule(
        "release-signed", "the release's signatures are verified, against a policy that is whole", (21,), release_signed
    ),
)


# --- helpers ---------------------------------------------------------------------------------------------------------


def _names(hosts: list[Host]) -> tuple[str, ...]:
    return tuple(host.name for host in hosts)


def _spread(cluster: Cluster, found: dict[Any, list[Host]]) -> str:
    return ", ".join(f"{value} on {cluster.where(_names(hosts))}" for value, hosts in found.items())


def _boolean(value: object) -> bool:
    try:
        return bool(boolean(value))
    except TypeError:
        return True  # its own type check reports it; the strict reading is the safe one


def _subnets(host: Host) -> list[str]:
    value = host.get("subnets")
    return [str(entry).strip() for entry in value] if isinstance(value, (list, tuple)) else []


def _network(text: str) -> Network | None:
    """The network as upstream reads it: a bare address is one of its own, host bits are masked."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _address(host: Host) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.text("address") or host.name)
    except ValueError:
        return None


def findings(cluster: Cluster) -> Iterator[tuple[Rule, Finding]]:
    """All findings of all rules; equal ones of several hosts are one."""
    for rule in RULES:
        merged: dict[tuple[str, bool], list[str]] = {}
        for finding in rule.check(cluster):
            merged.setdefault((finding.text, finding.warning), []).extend(finding.hosts)
        for (text, warning), hosts in merged.items():
            yield rule, Finding(text, tuple(hosts), warning)
