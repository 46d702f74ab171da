# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate authority (Fulcio's profile) and the certificate transparency log that vouches for what it issues."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from .der_writer import element
from .keys import PrivateKey, hash_algorithm, log_id, new_key, sign

SCT_LIST = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
FULCIO = "1.3.6.1.4.1.57264.1"
LIFE = timedelta(minutes=10)


def text_extension(number: int, text: str) -> x509.UnrecognizedExtension:
    """A Fulcio extension: 1 to 6 hold bare bytes, all later ones a DER UTF8String (fulcio oid-info.md)."""
    raw = text.encode()
    return x509.UnrecognizedExtension(ObjectIdentifier(f"{FULCIO}.{number}"), raw if number < 7 else element(0x0C, raw))


def name(common_name: str) -> x509.Name:
    """A distinguished name of the test signer."""
    parts = ((NameOID.ORGANIZATION_NAME, "sigstore.example.test"), (NameOID.COMMON_NAME, common_name))
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts])


@dataclass(frozen=True)
class CtLog:
    """A certificate transparency log: it only signs promises, nobody asks it for a tree."""

    key: PrivateKey
    hash_name: str = "sha256"

    @property
    def id(self) -> bytes:
        """Key id."""
        return log_id(self.key.public_key())

    def promise(self, precertificate: bytes, issuer_spki_hash: bytes, when: datetime, extensions: bytes = b"") -> bytes:
        """A serialised SCT (RFC 6962 3.2) for a certificate's TBS without its SCT extension."""
        since = when - datetime(1970, 1, 1, tzinfo=when.tzinfo)
        milliseconds = (since.days * 86400 + since.seconds) * 1000 + since.microseconds // 1000
        size = len(precertificate).to_bytes(3, "big")
        tail = struct.pack(">H", len(extensions)) + extensions
        signed = b"\x00\x00" + struct.pack(">QH", milliseconds, 1) + issuer_spki_hash + size + precertificate + tail
        signature = sign(self.key, signed, self.hash_name)
        # 4 = SHA-256, 6 = SHA-512; 3 = ECDSA, 1 = RSA (RFC 5246 7.4.1.4.1).
        kind = 3 if isinstance(self.key, ec.EllipticCurvePrivateKey) else 1
        algorithm = bytes([{"sha256": 4, "sha512": 6}[self.hash_name], kind])
        head = b"\x00" + self.id + struct.pack(">Q", milliseconds)
        return head + tail + algorithm + struct.pack(">H", len(signature)) + signature


def sct_list(promises: Sequence[bytes]) -> x509.UnrecognizedExtension:
    """The extension that carries SCTs."""
    inner = b"".join(struct.pack(">H", len(promise)) + promise for promise in promises)
    return x509.UnrecognizedExtension(SCT_LIST, element(0x04, struct.pack(">H", len(inner)) + inner))


@dataclass(frozen=True)
class CaPlan:
    """How a certificate of an authority looks. Every field is one that a case may spoil."""

    not_before: datetime
    not_after: datetime
    is_ca: bool = True
    path_length: int | None = None
    constraints_critical: bool = True
    with_constraints: bool = True
    cert_sign: bool = True
    usages: tuple[ObjectIdentifier, ...] = (ExtendedKeyUsageOID.CODE_SIGNING,)
    extra: tuple[tuple[x509.ExtensionType, bool], ...] = ()


@dataclass(frozen=True)
class Issuer:
    """A certificate and the key that issues with it."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        """The certificate, DER."""
        return self.certificate.public_bytes(Encoding.DER)


def _usage(*, digital_signature: bool = False, cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=not (digital_signature or cert_sign),
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=cert_sign,
        crl_sign=cert_sign,
        encipher_only=False,
        decipher_only=False,
    )


def make_ca(common_name: str, plan: CaPlan, parent: Issuer | None = None, key: PrivateKey | None = None) -> Issuer:
    """A root (no parent) or an intermediate."""
    key = key or new_key("P-384")
    above = parent.key if parent else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common_name))
        .issuer_name(parent.certificate.subject if parent else name(common_name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(plan.not_before)
        .not_valid_after(plan.not_after)
        .add_extension(_usage(cert_sign=plan.cert_sign, digital_signature=not plan.cert_sign), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False)
    )
    if plan.with_constraints:
        constraints = x509.BasicConstraints(ca=plan.is_ca, path_length=plan.path_length if plan.is_ca else None)
        builder = builder.add_extension(constraints, critical=plan.constraints_critical)
    if plan.usages and parent:
        builder = builder.add_extension(x509.ExtendedKeyUsage(plan.usages), critical=False)
    for extension, critical in plan.extra:
        builder = builder.add_extension(extension, critical=critical)
    assert not isinstance(above, dsa.DSAPrivateKey)
    return Issuer(builder.sign(above, hashes.SHA384()), key)


@dataclass(frozen=True)
class LeafPlan:
    """How a signer's certificate looks: Fulcio's profile, each field of which a case may spoil.

    `texts` are the Fulcio extensions by number; `scts` the logs that promise it; `sct_time` defaults to `not_before`.
    """

    key: PrivateKey
    sans: tuple[x509.GeneralName, ...]
    texts: tuple[tuple[int, str], ...]
    not_before: datetime
    not_after: datetime
    scts: tuple[CtLog, ...]
    sct_time: datetime | None = None
    sct_extensions: bytes = b""
    sct_issuer: PrivateKey | None = None
    sct_spoiled: bool = False
    is_ca: bool | None = None
    digital_signature: bool = True
    usages: tuple[ObjectIdentifier, ...] = (ExtendedKeyUsageOID.CODE_SIGNING,)
    extra: tuple[tuple[x509.ExtensionType, bool], ...] = ()
    issuer_name: x509.Name | None = None
    hash_name: str = "sha384"


def _leaf_builder(plan: LeafPlan, issuer: Issuer, serial: int) -> x509.CertificateBuilder:
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(plan.issuer_name or issuer.certificate.subject)
        .public_key(plan.key.public_key())
        .serial_number(serial)
        .not_valid_before(plan.not_before)
        .not_valid_after(plan.not_after)
        .add_extension(_usage(digital_signature=plan.digital_signature), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(plan.key.public_key()), critical=False)
        .add_extension(authority_key, critical=False)
    )
    if plan.usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(plan.usages), critical=False)
    if plan.sans:
        builder = builder.add_extension(x509.SubjectAlternativeName(plan.sans), critical=True)
    if plan.is_ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=plan.is_ca, path_length=None), critical=True)
    for number, text in plan.texts:
        builder = builder.add_extension(text_extension(number, text), critical=False)
    for extension, critical in plan.extra:
        builder = builder.add_extension(extension, critical=critical)
    return builder


def issue(plan: LeafPlan, issuer: Issuer) -> x509.Certificate:
    """Issues a certificate. The logs sign the certificate without the SCT extension; then it is made again with it."""
    assert not isinstance(issuer.key, dsa.DSAPrivateKey)
    builder = _leaf_builder(plan, issuer, x509.random_serial_number())
    algorithm = hash_algorithm(plan.hash_name)
    before = builder.sign(issuer.key, algorithm)  # type: ignore[arg-type]
    if not plan.scts:
        return before
    issuer_hash = log_id((plan.sct_issuer or issuer.key).public_key())
    promises = [
        log.promise(before.tbs_certificate_bytes, issuer_hash, plan.sct_time or plan.not_before, plan.sct_extensions)
        for log in plan.scts
    ]
    if plan.sct_spoiled:
        promises = [spoil(promise) for promise in promises]
    return builder.add_extension(sct_list(promises), critical=False).sign(issuer.key, algorithm)  # type: ignore[arg-type]


def spoil(signature: bytes) -> bytes:
    """The same with the last bit turned: still well formed, no longer true."""
    return signature[:-1] + bytes([signature[-1] ^ 1])


def spoiled_certificate(certificate: x509.Certificate) -> bytes:
    """The certificate with a signature that its issuer did not make, DER."""
    return spoil(certificate.public_bytes(Encoding.DER))
