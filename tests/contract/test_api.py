# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The REST exchanges of api/ in their order."""

from __future__ import annotations

import base64
import json
import re
import stat
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from contract_support import recordings
from contract_support.matching import agree
from contract_support.program import eventually
from contract_support.replay import Replay, Step, login_with_bootstrap_password, parts, sign, start
from contract_support.site import ADMIN_PASSWORD, JWT_SECRET, Site
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

VIEWER = {"username": "viewer1", "password": "Viewer1-12345", "role": "VIEWER"}
OWN = "127.9.9.9"  # source of what the recordings leave out, so that their counters stay theirs


def wait(seconds: float) -> Callable[[Replay], None]:
    """A step that lets time pass."""
    return lambda _: time.sleep(seconds)


# --- 01 ------------------------------------------------------------------------------------------------------------


def _password_file(replay: Replay) -> Any:
    return replay.controller.directory / "config" / ".initial-admin-password"


def bootstrap_file(replay: Replay, note: str) -> None:
    """mode 700, 16 bytes, trailing newline: False, alphabet [A-Za-z0-9!@#$%]"""
    assert "mode 700, 16 bytes, trailing newline: False, alphabet [A-Za-z0-9!@#$%]" in note
    file = _password_file(replay)
    assert stat.S_IMODE(file.stat().st_mode) == 0o700
    assert re.fullmatch(r"[A-Za-z0-9!@#$%]{16}", file.read_text())


def token_claims(replay: Replay, note: str) -> None:
    """The form of the token of the bootstrap login."""
    header, claims = parts(replay.tokens["first"])
    assert json.dumps(header) in note
    forms = {name: value if name in {"sub", "role"} else type(value).__name__ for name, value in claims.items()}
    assert json.dumps({name: forms[name] for name in ("sub", "role", "jti", "iat", "exp")}) in note
    assert f"exp-iat={claims['exp'] - claims['iat']} s" in note


def file_present(replay: Replay, note: str) -> None:
    """Whether the password file is there."""
    assert note.endswith(f": {_password_file(replay).exists()}")


def start_01(site: Site) -> Replay:
    """A fresh database."""
    replay = start(site, "auth")
    replay.token = "first"
    replay.bindings.values |= {
        "INITIAL_PASSWORD": replay.controller.bootstrap_password(),
        "ADMIN_PASSWORD": ADMIN_PASSWORD,
    }
    replay.tokens |= {"expired": sign(JWT_SECRET, lifetime=-60), "own": sign(JWT_SECRET)}
    return replay


PLAN_01 = {
    0: Step(check=bootstrap_file),
    4: Step(save="first"),
    5: Step(check=token_claims),
    22: Step(token="expired"),
    23: Step(token="own"),
    34: Step(check=file_present),
    36: Step(check=file_present),
    39: Step(save="second"),
    **dict.fromkeys((40, 41), Step(token="second")),
    42: Step(token="second", save="refreshed"),
    43: Step(save="third"),
    45: Step(token="refreshed"),
    **dict.fromkeys((46, 48, 49, 50, 51), Step(token="second")),
    52: Step(token="third"),
}


# --- 02 ------------------------------------------------------------------------------------------------------------


def with_viewer(replay: Replay) -> Replay:
    """The user that gets locked."""
    login_with_bootstrap_password(replay)
    answer = replay.controller.send("POST", "/api/v1/users", json=VIEWER, token=replay.tokens["admin"], source=OWN)
    assert answer.status == 201, answer
    return replay


def keys(replay: Replay, pattern: str = "prexor:v1:*") -> set[str]:
    """Names of Redis keys, without those of the unrecorded caller."""
    found = {str(key) for key in replay.redis.client().scan_iter(pattern)}
    return {key for key in found if OWN not in key and ":ratelimit:user:" not in key}


def log_in(replay: Replay, user: str, password: str, source: str) -> int:
    """Status of a login."""
    body = {"username": user, "password": password}
    return replay.controller.send("POST", "/api/v1/auth/login", json=body, source=source).status


def key_names(replay: Replay, note: str) -> None:
    """redis keys: NAMES"""
    names = set(note.partition(": ")[2].split())
    assert keys(replay, "prexor:v1:login:*") | keys(replay, "prexor:v1:ratelimit:*") == names


def no_ghost_keys(replay: Replay, note: str) -> None:
    """An unknown user name leaves no counter."""
    assert note == "redis keys with ghost: "
    assert keys(replay, "*ghost*") == set()


def ghost_attempts(replay: Replay) -> None:
    """The first five attempts of an unknown user."""
    for number in range(5):
        assert log_in(replay, "ghost", "wrong", f"127.2.0.{11 + number}") == 401


def restart(replay: Replay) -> None:
    """Stop and start the controller."""
    assert replay.controller.stop() == 143
    replay.controller.start_ready()


def string_key(replay: Replay, note: str) -> None:
    """redis NAME type string ttl N value V"""
    found = re.fullmatch(r"redis (\S+) type string ttl (\d+) value (\d+)", note)
    assert found is not None
    client = replay.redis.client()
    assert client.type(found[1]) == "string"
    assert abs(int(client.ttl(found[1])) - int(found[2])) < 60
    present = str(client.get(found[1]))
    assert present == found[3] or (len(present) == len(found[3]) == 13 and present.isdigit())


def delete_login_keys(replay: Replay, note: str) -> None:
    """DEL of the counter and the lock."""
    assert note == "Redis holds the state: DEL of these keys unlocks"
    replay.redis.client().delete("prexor:v1:login:fail:viewer1", "prexor:v1:login:lock:viewer1")


def success_clears(replay: Replay, note: str) -> None:
    """Four wrong, one right, four wrong: no lock."""
    assert "4 wrong, 1 right, then 4 wrong: [401, 401, 401, 401]" in note
    for number in range(4):
        assert log_in(replay, "viewer1", "wrong", f"127.2.1.{number + 1}") == 401
    assert log_in(replay, "viewer1", VIEWER["password"], "127.2.1.9") == 200
    assert [log_in(replay, "viewer1", "wrong", f"127.2.2.{number + 1}") for number in range(4)] == [401] * 4
    delete_login_keys(replay, "Redis holds the state: DEL of these keys unlocks")


def hundred_requests(replay: Replay) -> None:
    """What fills the bucket of one address."""
    for _ in range(100):
        me = replay.controller.send("GET", "/api/v1/auth/me", token=replay.tokens["admin"], source="127.2.4.1")
        assert me.status == 200, me


def user_count(replay: Replay, note: str) -> None:
    """The number of users that the note ends with."""
    users = replay.controller.send("GET", "/api/v1/users", token=replay.tokens["admin"], source=OWN)
    assert users.json()["total"] == int(note[-1])


def unlimited(path: str, source: str) -> Callable[[Replay, str], None]:
    """130 x GET PATH: {200: 130}, and the address is not limited afterwards."""

    def check(replay: Replay, note: str) -> None:
        assert note.startswith(f"130 x GET {path}: {{200: 130}}")
        assert {replay.controller.send("GET", path, source=source).status for _ in range(130)} == {200}
        me = replay.controller.send("GET", "/api/v1/auth/me", token=replay.tokens["own"], source=source)
        assert me.status == 200, me

    return check


def ten_logins(replay: Replay) -> None:
    """What fills the login bucket of one address."""
    for _ in range(10):
        assert log_in(replay, "admin", replay.bindings.values["ADMIN_PASSWORD"], "127.2.6.1") == 200


def per_user_limit(replay: Replay, note: str) -> None:
    """300 requests a minute of one user, whatever the addresses (here by a user without requests so far)."""
    assert "per-user limit: 330 requests of one user from 6 addresses" in note
    flood = {**VIEWER, "username": "flood2"}
    answer = replay.controller.send("POST", "/api/v1/users", json=flood, token=sign(JWT_SECRET), source=OWN)
    assert answer.status in {201, 429}, answer  # the administrator's own bucket is full by now; executed all the same
    token = sign(JWT_SECRET, subject="flood2", role="VIEWER")
    statuses = [
        replay.controller.send("GET", "/api/v1/auth/me", token=token, source=f"127.2.7.{1 + n % 6}").status
        for n in range(330)
    ]
    assert statuses == [200] * 300 + [429] * 30


def after_the_minute(replay: Replay) -> None:
    """Wait until the buckets are gone."""
    client = replay.redis.client()
    names = ("prexor:v1:ratelimit:ip:127.2.4.1", "prexor:v1:ratelimit:user:admin")
    assert all(0 <= int(client.ttl(name)) <= 60 or not client.exists(name) for name in names)
    eventually(lambda: not client.exists(*names), 70, "the buckets end with their minute")


def start_02(site: Site) -> Replay:
    """Default limits."""
    replay = with_viewer(start(site, "limits", {"security": {"rateLimiting": "<absent>"}}))
    replay.tokens["own"] = sign(JWT_SECRET, subject="viewer1", role="VIEWER")
    return replay


PLAN_02 = {
    14: Step(check=key_names),
    15: Step(before=ghost_attempts),
    17: Step(check=no_ghost_keys),
    18: Step(before=restart),
    19: Step(check=string_key),
    20: Step(check=string_key),
    21: Step(check=delete_login_keys),
    23: Step(check=success_clears),
    24: Step(before=hundred_requests),
    26: Step(check=user_count),
    28: Step(check=user_count),
    39: Step(check=unlimited("/ready", "127.2.5.1")),
    40: Step(check=unlimited("/metrics", "127.2.5.2")),
    42: Step(before=ten_logins),
    45: Step(check=per_user_limit),
    46: Step(before=after_the_minute),
}


def login_keys(replay: Replay, note: str) -> None:
    """NAME=VALUE ttl SECONDS | ...: the login keys with their lifetimes."""
    recorded = dict(re.findall(r"(prexor:\S+)=(\S+ ttl \d+)", note))
    client = replay.redis.client()
    assert keys(replay, "prexor:v1:login:*") == recorded.keys()
    for name, text in recorded.items():
        value, _, ttl = text.partition(" ttl ")
        assert value == "<MILLIS>" or client.get(name) == value, name
        assert abs(int(client.ttl(name)) - int(ttl)) <= 1, name


def lock_again(replay: Replay) -> None:
    """Three wrong passwords, then the end of the lock."""
    for number in range(3):
        log_in(replay, "viewer1", "wrong", f"127.2.21.{30 + number}")
    time.sleep(4.3)


def slow_attempts(replay: Replay, note: str) -> None:
    """Three wrong passwords outside each other's window lock nothing."""
    assert note == "3 wrong, 4 s apart, window 6 s: [401, 401, 401]"
    statuses = []
    for number in range(3):
        statuses.append(log_in(replay, "viewer1", "wrong", f"127.2.21.{40 + number}"))
        time.sleep(4 if number < 2 else 0)
    assert statuses == [401] * 3


def wrong_current_password(replay: Replay) -> None:
    """change-password with a wrong current password, which does not count."""
    body = {"currentPassword": "nope-nope", "newPassword": "Whatever-1"}
    answer = replay.controller.send(
        "POST", "/api/v1/auth/change-password", json=body, token=replay.tokens["admin"], source=OWN
    )
    assert answer.status == 401, answer


def empty_redis_after_lock(replay: Replay) -> None:
    """A lock, then a Redis that came back empty."""
    for number in range(3):
        log_in(replay, "viewer1", "wrong", f"127.2.21.{50 + number}")
    assert log_in(replay, "viewer1", VIEWER["password"], "127.2.21.60") == 429
    replay.redis.client().flushall()


def no_login_keys(replay: Replay) -> None:
    """Wait for the end of the window and remove what is left."""
    replay.redis.client().delete(*(keys(replay, "prexor:v1:login:*") or {"none"}))


def start_02_short(site: Site) -> Replay:
    """3 attempts, a window of 6 s, a lock of 4 s."""
    lockout = {"enabled": True, "maxAttempts": 3, "windowSeconds": 6, "lockoutSeconds": 4}
    return with_viewer(start(site, "lockout", {"security": {"lockout": lockout}}))


PLAN_02_SHORT = {
    **dict.fromkeys((1, 3, 5, 7, 10, 13, 16), Step(check=login_keys)),
    8: Step(before=wait(4.3), check=login_keys),
    11: Step(before=lock_again, check=login_keys),
    15: Step(before=no_login_keys, check=slow_attempts),
    18: Step(before=wrong_current_password, check=login_keys),
    20: Step(before=empty_redis_after_lock),
}


# --- 03 ------------------------------------------------------------------------------------------------------------


def log_in_as(name: str, user: str, password: str) -> Callable[[Replay], None]:
    """A login that the recording leaves out."""

    def step(replay: Replay) -> None:
        replay.tokens[name] = replay.controller.login(user, password, source=OWN)

    return step


def give_permission_back(replay: Replay) -> None:
    """The role gets cluster.manage again."""
    answer = replay.controller.send(
        "PATCH",
        "/api/v1/roles/CLUSTER_OPS",
        json={"permissions": ["cluster.manage", "cluster.view", "cluster.config.write"]},
        token=replay.tokens["admin"],
        source=OWN,
    )
    assert answer.status == 200, answer


def start_03(site: Site) -> Replay:
    """A fresh database; the lockout is out of the way."""
    lockout = {"enabled": True, "maxAttempts": 1000, "windowSeconds": 900, "lockoutSeconds": 900}
    replay = start(site, "users", {"security": {"lockout": lockout}})
    login_with_bootstrap_password(replay)
    config = replay.controller.read_config()
    replay.bindings.literals |= {
        "mongodb://127.0.0.1:22010/prexorcloud": config["database"]["uri"],
        "redis://:<PASSWORD>@127.0.0.1:22011": config["redis"]["uri"],
        "127.0.0.1:22021": f"127.0.0.1:{config['grpc']['port']}",
        "127.0.0.1:22022": f"127.0.0.1:{config['raft']['port']}",
    }
    return replay


PLAN_03 = {
    50: Step(before=log_in_as("cops", "cops", "Cops-123456"), token="cops"),
    **dict.fromkeys((52, 54, 56, 58, 60, 64, 66, 68, 70), Step(token="cops")),
    69: Step(before=log_in_as("ops.one", "ops.one", "OpsOne-654321"), token="ops.one"),
    73: Step(token="cops"),
    74: Step(before=give_permission_back, token="cops"),
    **dict.fromkeys((76, 77), Step(token="cops")),
    78: Step(token="cops", save="refreshed"),
    79: Step(token="refreshed"),
    **dict.fromkeys((81, 83, 84, 85, 88), Step(token="cops")),
    90: Step(before=log_in_as("admin2", "admin2", "Admin2-123456"), token="admin2"),
}


# --- 04 ------------------------------------------------------------------------------------------------------------

SUBNETS = ["10.99.0.3/32", "192.0.2.0/24", "bogus-cidr/99"]


def subnets_in_file(replay: Replay, note: str) -> None:
    """The list in controller.yml as the note quotes it."""
    quoted = re.findall(r'- "([^"]+)"', note)
    assert replay.controller.read_config()["network"]["allowedSubnets"] == quoted


def malformed_entry_logged(replay: Replay, note: str) -> None:
    """The WARN for the entry that is dropped."""
    message = re.search(r"Ignoring invalid CIDR[^']*", note)
    assert message is not None
    assert message[0] in replay.controller.log()


def start_04(site: Site) -> Replay:
    """Listening on all addresses; callers come from 10.99.0.x."""
    replay = start(
        site,
        "guard",
        {
            "http": {
                "host": "0.0.0.0",
                "cors": {"allowedOrigins": ["https://dash.example.com", "http://127.0.0.1:3000"]},
            },
            "network": {"allowedSubnets": SUBNETS},
        },
    )
    replay.bindings.values["ADMIN_PASSWORD"] = replay.controller.bootstrap_password()
    return replay


PLAN_04 = {
    26: Step(save="admin"),
    28: Step(values=lambda replay: {"JOIN_TOKEN": replay.bindings.captured["JOIN_TOKEN"]}),
    30: Step(check=subnets_in_file),
    54: Step(before=restart),
    57: Step(check=malformed_entry_logged),
}


# --- 05 ------------------------------------------------------------------------------------------------------------


def lifetime(replay: Replay, note: str) -> None:
    """lifetime about N s; tokenId tok_UUID; token length 36 (of the answer before)."""
    assert replay.answer is not None
    body = replay.answer.json()
    replay.memory.setdefault("join tokens", {})[body["nodeId"]] = body["token"]
    expires = datetime.fromisoformat(re.sub(r"\.\d+Z|Z$", "+00:00", body["expiresAt"]))
    seconds = (expires - datetime.now(timezone.utc)).total_seconds()
    recorded = re.fullmatch(r"lifetime about (\d+) s; tokenId tok_[x-]{36}; token length 36", note)
    assert recorded is not None
    assert abs(seconds - int(recorded[1])) < 5
    assert len(body["token"]) == 36


def join_token(node: str) -> Step:
    """A request that carries the token issued for a node."""
    return Step(values=lambda replay: {"JOIN_TOKEN": replay.memory["join tokens"][node]})


def remember(name: str) -> Callable[[Replay], None]:
    """Keep the certificate answer of an exchange."""

    def step(replay: Replay) -> None:
        assert replay.answer is not None
        replay.memory[name] = replay.answer.json()
        replay.tokens[name] = replay.memory[name]["cliToken"]

    return step


def cli_claims(replay: Replay, note: str) -> None:
    """cliToken claims sub=... role=... lifetime N s"""
    claims = parts(replay.tokens["node-1"])[1]
    sentence = f"sub={claims['sub']} role={claims['role']} lifetime {claims['exp'] - claims['iat']} s"
    assert note == f"cliToken claims {sentence}"


def _openssl_names(names: x509.Name) -> str:
    name = names.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    assert isinstance(name, str)
    return f"CN = {name}"


def node_store(name: str) -> Callable[[Replay, str], None]:
    """The PKCS#12 of an enrolment: password, names, uses, key, lifetime and chain."""

    def check(replay: Replay, note: str) -> None:
        answer = replay.memory[name]
        password = answer["pkcs12Password"]
        assert f"password length {len(password)};" in note
        store = pkcs12.load_pkcs12(base64.b64decode(answer["pkcs12Base64"]), password.encode())
        assert store.cert is not None
        certificate = store.cert.certificate
        assert f"subject={_openssl_names(certificate.subject)};" in note
        assert f"issuer={_openssl_names(certificate.issuer)};" in note
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert f"DNS:{', '.join(alternative.get_values_for_type(x509.DNSName))};" in note
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        assert usage.critical and usage.value.digital_signature and usage.value.key_encipherment
        extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert [use.dotted_string for use in extended] == ["1.3.6.1.5.5.7.3.2"]
        assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert isinstance(store.key, ec.EllipticCurvePrivateKey) and store.key.curve.name == "secp256r1"
        assert certificate.signature_algorithm_oid.dotted_string == "1.2.840.10045.4.3.2"
        assert 1 + len(store.additional_certs) == int(re.findall(r"certificates in the store: (\d)", note)[0])
        days = (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days
        assert days == 365

    return check


def chains(name: str) -> Callable[[Replay, str], None]:
    """openssl verify against caCertificatePem"""

    def check(replay: Replay, note: str) -> None:
        assert note.endswith("OK ")
        answer = replay.memory[name]
        authority = x509.load_pem_x509_certificate(answer["caCertificatePem"].encode())
        store = pkcs12.load_pkcs12(base64.b64decode(answer["pkcs12Base64"]), answer["pkcs12Password"].encode())
        assert store.cert is not None
        key = authority.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        certificate = store.cert.certificate
        assert certificate.signature_hash_algorithm is not None
        key.verify(
            certificate.signature,
            certificate.tbs_certificate_bytes,
            ec.ECDSA(certificate.signature_hash_algorithm),
        )

    return check


def authority(replay: Replay, note: str) -> None:
    """Names and extensions of the daemon CA."""
    certificate = x509.load_pem_x509_certificate(replay.memory["node-1"]["caCertificatePem"].encode())
    assert f"subject={_openssl_names(certificate.subject)}; issuer={_openssl_names(certificate.issuer)};" in note
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical and constraints.value.ca
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical and usage.value.key_cert_sign and usage.value.crl_sign


def _security(replay: Replay) -> Any:
    return replay.controller.directory / "config" / "security"


def same_authority(replay: Replay, note: str) -> None:
    """caCertificatePem equals config/security/ca.pem: True"""
    same = replay.memory["node-1"]["caCertificatePem"] == (_security(replay) / "ca.pem").read_text()
    assert note == f"caCertificatePem equals config/security/ca.pem: {same}"


def mode_600(replay: Replay, note: str) -> None:
    """FILE mode 600"""
    found = re.fullmatch(r"(\S+) mode (\d+)", note)
    assert found is not None
    assert f"{stat.S_IMODE((replay.controller.directory / found[1]).stat().st_mode):o}" == found[2]


def server_certificate(replay: Replay, note: str) -> None:
    """server.p12: names and use."""
    password = (_security(replay) / ".ca-password").read_bytes().strip()
    store = pkcs12.load_pkcs12((_security(replay) / "server.p12").read_bytes(), password)
    assert store.cert is not None
    certificate = store.cert.certificate
    assert f"subject={_openssl_names(certificate.subject)}; issuer={_openssl_names(certificate.issuer)};" in note
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    dns, addresses = names.get_values_for_type(x509.DNSName), names.get_values_for_type(x509.IPAddress)
    text = ", ".join([f"DNS:{n}" for n in dns] + [f"IP Address:{a}" for a in addresses])
    assert f"X509v3 Subject Alternative Name: ;     {text};" in note
    extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [use.dotted_string for use in extended] == ["1.3.6.1.5.5.7.3.1"]


def security_files(replay: Replay, note: str) -> None:
    """Names in config/security after an enrolment."""
    assert sorted(p.name for p in _security(replay).iterdir()) == sorted(note.partition(": ")[2].split(", "))


def subnets_unchanged(replay: Replay, note: str) -> None:
    """A caller on loopback is not added."""
    assert note.endswith("True")
    assert replay.controller.read_config()["network"]["allowedSubnets"] == ["127.0.0.0/8"]


def start_05(site: Site) -> Replay:
    """A fresh database."""
    replay = start(site, "tokens")
    login_with_bootstrap_password(replay)
    return replay


PLAN_05 = {
    **dict.fromkeys(range(2, 31, 2), Step(check=lifetime)),
    40: Step(values={"JOIN_TOKEN": "pxr_" + "0" * 32}),
    42: join_token("node-9"),
    43: Step(before=wait(2), values=lambda replay: {"JOIN_TOKEN": replay.memory["join tokens"]["node-short"]}),
    **dict.fromkeys((44, 51), join_token("node-1")),
    50: Step(values=join_token("node-1").values, after=remember("node-1")),
    52: Step(values=join_token("node-2").values, after=remember("evil")),
    **dict.fromkeys((56, 57, 58), Step(token="node-1")),
    59: Step(check=cli_claims),
    60: Step(check=node_store("node-1")),
    61: Step(check=chains("node-1")),
    62: Step(check=node_store("evil")),
    63: Step(check=chains("evil")),
    64: Step(check=authority),
    65: Step(check=same_authority),
    **dict.fromkeys((66, 67, 68), Step(check=mode_600)),
    69: Step(check=server_certificate),
    70: Step(check=security_files),
    71: Step(check=subnets_unchanged),
}

REPLAYS: dict[str, tuple[Callable[[Site], Replay], dict[int, Step], float]] = {
    "api/01-auth.json": (start_01, PLAN_01, 60),
    "api/02-lockout-ratelimit.json": (start_02, PLAN_02, 150),
    "api/02-lockout-short.json": (start_02_short, PLAN_02_SHORT, 90),
    "api/03-users-roles.json": (start_03, PLAN_03, 60),
    "api/04-subnet-guard-cors.json": (start_04, PLAN_04, 60),
    "api/05-join-tokens.json": (start_05, PLAN_05, 60),
}


def replay(site: Site, name: str) -> dict[str, list[str]]:
    """Replay one recording on a controller of its own."""
    begin, plan, _ = REPLAYS[name]
    running = begin(site)
    try:
        return running.run(name, plan)
    finally:
        running.controller.kill()
        running.mongo.kill()
        running.redis.kill()


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(entry, id=entry, marks=pytest.mark.ahead(replay, name, key=name, seconds=seconds))
        for name, (_, _, seconds) in REPLAYS.items()
        for entry in recordings.replayed(name)
    ],
)
def test_exchange(entry: str, outcome: dict[str, list[str]]) -> None:
    """The answer equals its recording."""
    agree(outcome[entry])
