# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's certificate: when it is due, and that independent programs accept what we issue."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto import pki
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.names import parse_names
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.server_certificate import (
    assess,
    check_days,
    issue,
    open_ca,
)
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.authority import (
    NOW,
    PASSWORD,
    Authority,
    openssl,
)

NAMES = parse_names(["ctrl.example.internal", "10.99.1.11", "fd00::1"])
ALL = NAMES.all()
AUTHORITY, STRANGER = Authority(), Authority()
SECRET = PASSWORD.encode()
CA = open_ca(AUTHORITY.store(), SECRET, AUTHORITY.pem, NOW)


def server(authority: Authority = AUTHORITY, *, names: list[str] = ALL, days: float = 825, **more: object) -> bytes:
    leaf = authority.leaf("prexorcloud-controller", client=False, names=names, days=days, **more)  # type: ignore[arg-type]
    return authority.pack(leaf)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (server(), ""),
        (server(names=[*ALL, "extra.example.com"]), ""),
        (server(days=60.1), ""),
        (server(days=59.9), "it expires in 59 days"),
        (server(days=-1), "it expired at"),
        (server(not_before=dt.timedelta(days=2)), "it is not valid before"),
        (server(names=["localhost", "127.0.0.1"]), "names are missing: ctrl.example.internal, 10.99.1.11, fd00::1"),
        (server(STRANGER), "it is not signed by the controller's CA"),
        (AUTHORITY.pack(AUTHORITY.leaf("x", client=True, names=ALL, days=825)), "its key usage"),
        (server(signing=False), "its key usage"),
        (AUTHORITY.pack(AUTHORITY.leaf("x", client=False, names=ALL, days=825), "other"), "the key store is unusable"),
        (b"", "the key store is unusable"),
        (b"garbage", "the key store is unusable"),
        (None, "there is no server certificate"),
    ],
)
def test_when_it_is_due(data: bytes | None, reason: str) -> None:
    found = assess(data, SECRET, CA, NAMES, NOW, 60)
    assert found.reason.startswith(reason)
    assert bool(found.reason) == bool(reason)


def test_what_we_issue_is_fine_for_us() -> None:
    data = pki.store_bytes(issue(CA, None, NAMES, NOW, 825), SECRET)
    assert assess(data, SECRET, CA, NAMES, NOW, 60).reason == ""


def test_what_we_issue_is_what_openssl_expects(tmp_path: Path) -> None:
    path, ca, leaf = tmp_path / "server.p12", tmp_path / "ca.pem", tmp_path / "leaf.pem"
    path.write_bytes(pki.store_bytes(issue(CA, None, NAMES, NOW, 825), SECRET))
    ca.write_bytes(AUTHORITY.pem)
    # The leaf comes first; openssl's -clcerts would need an attribute that cryptography 43 does not write.
    chain = openssl("pkcs12", "-in", str(path), "-passin", f"pass:{PASSWORD}", "-nokeys")
    leaf.write_text(chain)
    for name in ("ctrl.example.internal", "localhost"):
        openssl("verify", "-purpose", "sslserver", "-verify_hostname", name, "-CAfile", str(ca), str(leaf))
    for address in ("10.99.1.11", "127.0.0.1", "fd00::1"):
        openssl("verify", "-purpose", "sslserver", "-verify_ip", address, "-CAfile", str(ca), str(leaf))
    text = openssl("x509", "-in", str(leaf), "-noout", "-text")
    assert "prime256v1" in text
    assert "ecdsa-with-SHA256" in text
    assert "CN = prexorcloud-controller" in text or "CN=prexorcloud-controller" in text
    assert chain.count("BEGIN CERTIFICATE") == 2
    assert AUTHORITY.pem.decode().strip() in chain


def test_the_store_is_encrypted_as_the_jdk_does_it(tmp_path: Path) -> None:
    path = tmp_path / "server.p12"
    path.write_bytes(pki.store_bytes(issue(CA, None, NAMES, NOW, 825), SECRET))
    info = openssl("pkcs12", "-in", str(path), "-passin", f"pass:{PASSWORD}", "-noout", "-info", errors=True)
    assert info.count("PBES2, PBKDF2, AES-256-CBC, Iteration 10000, PRF hmacWithSHA256") == 2
    assert "MAC: sha256" in info
    with pytest.raises(AssertionError):
        openssl("pkcs12", "-in", str(path), "-passin", "pass:wrong", "-noout")


def test_the_name_of_the_entry_is_kept() -> None:
    present = pki.open_store(server(), SECRET)
    assert present.alias == b"cert"
    assert issue(CA, present, NAMES, NOW, 825).alias == b"cert"
    assert issue(CA, None, NAMES, NOW, 825).alias == b"server"


def test_it_never_outlives_the_ca() -> None:
    authority = Authority(days=100)
    ca = open_ca(authority.store(), SECRET, authority.pem, NOW)
    assert pki.not_after(issue(ca, None, NAMES, NOW, 825).certificate) == pki.not_after(ca.certificate)
    with pytest.raises(pki.PkiError, match="the CA itself ends"):
        open_ca(authority.store(), SECRET, authority.pem, NOW + dt.timedelta(days=101))


@pytest.mark.parametrize(
    ("store", "password", "pem", "words"),
    [
        (AUTHORITY.store(), b"wrong", AUTHORITY.pem, "ca.p12: the password does not open it"),
        (b"garbage", SECRET, AUTHORITY.pem, "ca.p12: "),
        (AUTHORITY.store(), SECRET, STRANGER.pem, "ca.pem is not the certificate of ca.p12"),
        (AUTHORITY.store(), SECRET, b"garbage", "no PEM certificate"),
    ],
)
def test_a_damaged_ca(store: bytes, password: bytes, pem: bytes, words: str) -> None:
    with pytest.raises(pki.PkiError, match=words):
        open_ca(store, password, pem, NOW)


@pytest.mark.parametrize(
    ("validity", "renew", "words"), [(825, 60, ""), (825, 31, ""), (825, 30, "at least 31"), (60, 60, "must be more")]
)
def test_days(validity: int, renew: int, words: str) -> None:
    problem = check_days(validity, renew)
    assert words in problem
    assert bool(problem) == bool(words)


def test_a_signature_of_another_key_with_the_same_name_is_noticed() -> None:
    leaf = STRANGER.leaf("x")
    assert leaf.certificate.issuer == AUTHORITY.certificate.subject
    assert not pki.signed_by(leaf.certificate, AUTHORITY.certificate)
    assert pki.signed_by(leaf.certificate, STRANGER.certificate)


def test_a_leaf_is_no_ca_even_with_a_valid_signature() -> None:
    impostor = Authority.impostor(AUTHORITY.leaf("node-1"))
    assert not pki.signed_by(impostor.leaf("x").certificate, impostor.certificate)
