# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates as the real controller makes them (facts of recording api/05).

Made independently of the code under test.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
# 32 characters, as in the real .ca-password.
PASSWORD = "0123456789abcdef0123456789abcdef"


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass
class Leaf:
    """A key with its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


class Authority:
    """A daemon CA: CN=PrexorCloud CA, EC P-256, CA:TRUE critical, keyCertSign and cRLSign."""

    def __init__(self, days: int = 3650) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(_name("PrexorCloud CA"))
            .issuer_name(_name("PrexorCloud CA"))
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - dt.timedelta(days=1))
            .not_valid_after(NOW + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(self.key, hashes.SHA256())
        )

    @classmethod
    def impostor(cls, leaf: Leaf) -> Authority:
        """The holder of a mere leaf, playing CA with its key."""
        impostor = cls.__new__(cls)
        impostor.key, impostor.certificate = leaf.key, leaf.certificate
        return impostor

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def store(self) -> bytes:
        """ca.p12 as bytes."""
        encryption = BestAvailableEncryption(PASSWORD.encode())
        return pkcs12.serialize_key_and_certificates(b"ca", self.key, self.certificate, None, encryption)

    def leaf(
        self,
        name: str,
        *,
        client: bool = True,
        days: float = 365,
        names: Sequence[str] = (),
        not_before: dt.timedelta = dt.timedelta(days=-1),
        signing: bool = True,
    ) -> Leaf:
        """A certificate signed by this CA; names become DNS or IP alternative names; signing: a key usage TLS needs."""
        key = ec.generate_private_key(ec.SECP256R1())
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        usage = x509.KeyUsage(signing, False, True, False, False, False, False, False, False)
        end = NOW + dt.timedelta(days=days)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(NOW + not_before, end - dt.timedelta(hours=1)))
            .not_valid_after(end)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.SubjectAlternativeName([_general(text) for text in names or [name]]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return Leaf(key, certificate)

    def pack(self, leaf: Leaf, password: str = PASSWORD) -> bytes:
        """A PKCS#12 store of the leaf and this CA."""
        encryption = BestAvailableEncryption(password.encode())
        chain = [self.certificate]
        return pkcs12.serialize_key_and_certificates(b"cert", leaf.key, leaf.certificate, chain, encryption)

    def security_directory(self, path: Path) -> Path:
        """A controller's config/security after its first start: CA files and the certificate for localhost."""
        path.mkdir(mode=0o700)
        own = self.leaf("prexorcloud-controller", client=False, days=825, names=["localhost", "127.0.0.1"])
        for name, data, mode in (
            (".ca-password", PASSWORD.encode(), 0o600),
            ("ca.p12", self.store(), 0o600),
            ("ca.pem", self.pem, 0o644),
            ("server.p12", self.pack(own), 0o600),
        ):
            (path / name).write_bytes(data)
            (path / name).chmod(mode)
        return path


def _general(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def openssl(*arguments: str, errors: bool = False) -> str:
    """Output of the openssl program, the independent judge; errors: what it writes to standard error."""
    done = subprocess.run(["openssl", *arguments], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return (done.stderr if errors else done.stdout).decode()


def server_context(store: bytes, directory: Path) -> ssl.SSLContext:
    """A TLS server with the content of a server.p12, unpacked by openssl."""
    source, pem = directory / "served.p12", directory / "served.pem"
    source.write_bytes(store)
    text = openssl("pkcs12", "-in", str(source), "-nodes", "-passin", f"pass:{PASSWORD}")
    pem.write_text(text, encoding="ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.set_alpn_protocols(["h2"])
    return context
