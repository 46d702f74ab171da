# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the controller issues its own server certificate anew: ha/server-p12-reissue.txt, step by step."""

from __future__ import annotations

import datetime
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from contract_support import recordings
from contract_support.program import Controller, eventually
from contract_support.site import Site, controller_ports
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

FILE = "ha/server-p12-reissue.txt"
OWN_NAME = "controller.example.internal"


def security(controller: Controller) -> Path:
    """config/security"""
    return controller.directory / "config" / "security"


def issue(controller: Controller, days: int, *, foreign: bool = False, password: bytes | None = None) -> bytes:
    """Put a server.p12 with our own name and `days` left in place; return the certificate (DER)."""
    secret = (security(controller) / ".ca-password").read_bytes().strip()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "self" if foreign else "prexorcloud-controller")])
    issuer, signer, chain = name, key, []
    if not foreign:
        authority = pkcs12.load_pkcs12((security(controller) / "ca.p12").read_bytes(), secret)
        assert authority.cert is not None and isinstance(authority.key, ec.EllipticCurvePrivateKey)
        issuer, signer, chain = authority.cert.certificate.subject, authority.key, [authority.cert.certificate]
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(OWN_NAME)]), critical=False)
        .sign(signer, hashes.SHA256())
    )
    store = pkcs12.serialize_key_and_certificates(
        b"server", key, certificate, chain, serialization.BestAvailableEncryption(password or secret)
    )
    (security(controller) / "server.p12").write_bytes(store)
    return certificate.public_bytes(serialization.Encoding.DER)


def served(controller: Controller) -> bytes:
    """The certificate (DER) that the gRPC port shows to anyone."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    port = int(controller.read_config()["grpc"]["port"])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain, context.wrap_socket(plain) as secured:
        certificate = secured.getpeercert(binary_form=True)
    assert certificate is not None
    return certificate


def names(der: bytes) -> list[str]:
    """Alternative names of a certificate."""
    extension = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    dns = extension.value.get_values_for_type(x509.DNSName)
    return [*dns, *(str(address) for address in extension.value.get_values_for_type(x509.IPAddress))]


def run(site: Site) -> dict[str, Any]:
    """The steps of the recording on one controller, which is restarted in between."""
    controller = site.controller("server-certificate")
    controller.write_config(site.config(controller_ports(site)))
    controller.start_ready()
    seen: dict[str, Any] = {"fresh": served(controller)}

    def restarted(certificate: bytes | None) -> tuple[bytes | None, bytes]:
        controller.stop()
        controller.start_ready()
        return certificate, served(controller)

    # 20 days left: served at first, replaced within seconds
    own = issue(controller, 20)
    restarted(own)
    eventually(lambda: served(controller) != own, 40, "the certificate with 20 days left is replaced")
    eventually(lambda: "rotated successfully" in controller.log(), 5, "the replacement is logged")
    seen["20 days"] = served(controller)
    seen["20 days log"] = controller.log()
    seen["31 days"] = restarted(issue(controller, 32))
    (security(controller) / "server.p12").unlink()
    seen["missing"] = restarted(None)[1]
    seen["foreign"] = restarted(issue(controller, 300, foreign=True))
    controller.stop()
    issue(controller, 300, password=b"another")
    seen["wrong password"] = controller.start()
    seen["wrong password log"] = controller.log()
    return seen


DEFAULT_NAMES = ["localhost", "127.0.0.1"]
STEPS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "fresh": lambda seen: names(seen["fresh"]) == DEFAULT_NAMES,
    "20 days": lambda seen: names(seen["20 days"]) == DEFAULT_NAMES,
    "20 days are logged": lambda seen: all(
        line.partition("[heartbeat] ")[2] in seen["20 days log"]
        for line in recordings.text(FILE).splitlines()
        if "CertificateRotationTask" in line
    ),
    "31 days are kept": lambda seen: seen["31 days"][0] == seen["31 days"][1],
    "a missing file is made": lambda seen: names(seen["missing"]) == DEFAULT_NAMES,
    "one of a foreign CA is served": lambda seen: seen["foreign"][0] == seen["foreign"][1],
    "a wrong password ends the start": lambda seen: seen["wrong password"] == 1,
    "a wrong password is logged": lambda seen: (
        "Failed to start PrexorCloud Controller: keystore password was incorrect" in seen["wrong password log"]
    ),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.ahead(run, key=FILE, seconds=100)
def test_reissue(step: str, outcome: dict[str, Any]) -> None:
    """The step ends as recorded."""
    assert STEPS[step](outcome)
