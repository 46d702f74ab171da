# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name that a cluster was founded with is taken from its certificate."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._config.errors import DocumentError
from ansible_collections.prexorcloud.production.plugins.module_utils._config.leaf import choose, raft_host
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.modules import run_module
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def certificate(path: Path, names: list[str]) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ctrl-1")])
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=365))
    )
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([general_name(name) for name in names]), critical=False
        )
    path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


def general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@pytest.mark.parametrize(
    ("names", "plain", "expected"),
    [
        (["ctrl-1", "localhost", "127.0.0.1"], {"uuid": "ctrl-1", "raft": {"host": "0.0.0.0"}}, "127.0.0.1"),
        (["ctrl-1", "localhost", "127.0.0.1"], {"uuid": "ctrl-1", "raft": {"host": "127.0.0.1"}}, "127.0.0.1"),
        (["ctrl-1", "localhost", "0.0.0.0"], {"uuid": "ctrl-1"}, "0.0.0.0"),
        (["ctrl-1", "localhost", "10.0.0.1"], {"uuid": "ctrl-1"}, "10.0.0.1"),
        (
            ["ctrl-1", "localhost", "raft.example.com"],
            {"uuid": "ctrl-1", "raft": {"host": "0.0.0.0"}},
            "raft.example.com",
        ),
        (["ctrl-1", "localhost"], {"uuid": "ctrl-1", "raft": {"host": "0.0.0.0"}}, "localhost"),
        (["ctrl-1", "localhost", "10.0.0.1", "10.0.0.2"], {"uuid": "ctrl-1", "raft": {"host": "10.0.0.2"}}, "10.0.0.2"),
        (["ctrl-1", "localhost", "10.0.0.1", "10.0.0.2"], {"uuid": "ctrl-1", "raft": {"host": "0.0.0.0"}}, None),
        (["a.example.com", "b.example.com"], {"raft": "no block"}, None),
    ],
)
def test_choice(names: list[str], plain: dict[str, object], expected: str | None) -> None:
    if expected is None:
        with pytest.raises(DocumentError, match="cannot be told"):
            choose(names, plain)
    else:
        assert choose(names, plain) == expected


@pytest.mark.parametrize(
    "content", [b"", b"rubbish", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_broken_certificate_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "leaf.crt").write_bytes(content)
    with pytest.raises(DocumentError, match="cannot be checked"):
        raft_host(str(tmp_path / "leaf.crt"), "uuid: a\n")


def test_a_certificate_without_names_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be checked"):
        raft_host(str(certificate(tmp_path / "leaf.crt", [])), None)


def test_the_maintenance_call_is_repaired_and_nothing_else(tmp_path: Path) -> None:
    leaf = certificate(tmp_path / "leaf.crt", ["007", "localhost", "10.0.0.1"])
    path = tmp_path / "controller.yml"
    path.write_text("uuid: 007\nraft: {host: 0.0.0.0, port: 9190}\n", encoding="utf-8")
    arguments = {"path": str(path), "schema": "controller", "day0_paths": [str(leaf)], "cluster_certificate": str(leaf)}
    refused = run_module("config", {**arguments, "values": {"raft": {"host": "10.0.0.2"}}})
    assert "10.0.0.1" in refused.result["msg"]
    runs = [
        run_module("config", {**arguments, "defaults": {"raft": {"host": "127.0.0.1"}}}, check=check)
        for check in (True, False, False)
    ]
    assert [run.result["changed"] for run in runs] == [True, True, False]
    assert path.read_text(encoding="utf-8") == "uuid: 007\nraft: {host: 10.0.0.1, port: 9190}\n".replace(
        "10.0.0.1", '"10.0.0.1"'
    )


def test_without_a_certificate_the_default_counts(tmp_path: Path) -> None:
    path = tmp_path / "controller.yml"
    options = {"cluster_certificate": str(tmp_path / "none"), "defaults": {"raft": {"host": "127.0.0.1"}}}
    run_module("config", {"path": str(path), "schema": "controller", **options})
    assert "127.0.0.1" in path.read_text(encoding="utf-8")
