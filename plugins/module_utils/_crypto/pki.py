# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and PKCS#12 stores: everything that touches the cryptography library (38 and newer).

Only old enough calls are used: Debian 12 has 38.0.4, which knows neither not_valid_after_utc nor
verify_directly_issued_by.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.names import Names

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

CRYPTOGRAPHY_ERROR = ""
try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, pkcs12
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError as error:
    CRYPTOGRAPHY_ERROR = str(error)

# As the controller's own stores (recording api/05, notes on the key store): AES-256, SHA-256, 10000 rounds.
KDF_ROUNDS = 10000
# Clocks of daemons may be a little behind ours.
BACKDATE = timedelta(minutes=5)


class PkiError(Exception):
    """A certificate or store cannot be used; the text says why and never contains a password or key."""


class LibraryMissing(PkiError):
    """The host lacks the library; in check mode an earlier task of the run may be about to install it."""


@dataclass(frozen=True)
class Store:
    """An opened PKCS#12 store: one key, its certificate, the rest of the chain, the entry's name."""

    key: PrivateKeyTypes = field(repr=False)
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    alias: bytes | None


def require_cryptography() -> None:
    """Raises LibraryMissing, naming the Debian package, if the library is missing."""
    if CRYPTOGRAPHY_ERROR:
        raise LibraryMissing(
            f"the Python library cryptography is missing (Debian: python3-cryptography): {CRYPTOGRAPHY_ERROR}"
        )


def open_store(data: bytes, password: bytes) -> Store:
    """Opens a PKCS#12 store. Raises PkiError: wrong password, damaged, or without a key and its certificate.

    The library itself pairs them: a certificate of another key counts as missing.
    """
    try:
        content = pkcs12.load_pkcs12(data, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise PkiError("the password does not open it, or it is damaged") from error
    if content.key is None or content.cert is None:
        raise PkiError("it holds no key with a certificate")
    chain = tuple(entry.certificate for entry in content.additional_certs)
    return Store(content.key, content.cert.certificate, chain, content.cert.friendly_name)


def load_certificate(pem: bytes) -> x509.Certificate:
    """The first certificate of a PEM text. Raises PkiError."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise PkiError("it is no PEM certificate") from error


def pem_of(certificate: x509.Certificate) -> str:
    """The certificate as PEM text."""
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def der_of(certificate: x509.Certificate) -> bytes:
    """The certificate as DER."""
    return certificate.public_bytes(Encoding.DER)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate, 64 lower-case hex digits."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def not_after(certificate: x509.Certificate) -> datetime:
    """End of validity, with time zone UTC."""
    return _utc(certificate, "not_valid_after")


def not_before(certificate: x509.Certificate) -> datetime:
    """Begin of validity, with time zone UTC."""
    return _utc(certificate, "not_valid_before")


def _utc(certificate: x509.Certificate, name: str) -> datetime:
    # The attributes with _utc came with cryptography 42, those without are deprecated since then.
    aware: datetime | None = getattr(certificate, f"{name}_utc", None)
    if aware is not None:
        return aware
    naive: datetime = getattr(certificate, name)
    return naive.replace(tzinfo=timezone.utc)


def instant(value: datetime) -> str:
    """ISO 8601 in UTC, to the second."""
    return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def common_name(certificate: x509.Certificate) -> str:
    """The subject's common name, or ""."""
    values = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    value = values[0].value if values else ""
    return value if isinstance(value, str) else ""


def signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """True if *issuer* is a CA and its key signed *certificate*."""
    if certificate.issuer != issuer.subject or not _is_ca(issuer):
        return False
    key = issuer.public_key()
    try:
        algorithm = certificate.signature_hash_algorithm
        if algorithm is None:
            return False
        signed, signature = certificate.tbs_certificate_bytes, certificate.signature
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def alternative_names(certificate: x509.Certificate) -> Names:
    """DNS names and addresses of the certificate; other kinds are left out."""
    try:
        value = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return Names((), ())
    dns = tuple(name.lower() for name in value.get_values_for_type(x509.DNSName))
    addresses = tuple(str(address) for address in value.get_values_for_type(x509.IPAddress))
    return Names(dns, addresses)


def fit_for(certificate: x509.Certificate, role: str) -> bool:
    """True if the key usages allow *role*: "server" or "client". A missing extension allows everything."""
    wanted = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}[role]
    try:
        extensions = certificate.extensions
    except ValueError:
        return False
    try:
        if wanted not in extensions.get_extension_for_class(x509.ExtendedKeyUsage).value:
            return False
    except x509.ExtensionNotFound:
        pass
    try:
        return extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    except x509.ExtensionNotFound:
        return True


def _server_extensions(
    key: ec.EllipticCurvePrivateKey, ca: Store, names: Names
) -> Sequence[tuple[x509.ExtensionType, bool]]:
    alternatives = [
        *(x509.DNSName(name) for name in names.dns),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in names.addresses),
    ]
    usage = x509.KeyUsage(
        digital_signature=True,
        key_encipherment=True,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (usage, True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName(alternatives), False),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (_authority_identifier(ca), False),
    )


def _authority_identifier(ca: Store) -> x509.AuthorityKeyIdentifier:
    # Verifiers compare it with the CA's own identifier, if the CA has one.
    try:
        subject = ca.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key())  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(subject)


def issue_server(ca: Store, name: str, names: Names, now: datetime, days: int, alias: bytes) -> Store:
    """A new EC P-256 key with a server certificate signed by *ca*.

    Parameters: name, the common name; names, the alternative names; days of validity, cut to the CA's own end.
    Raises PkiError if the CA's key is neither EC nor RSA.
    """
    if not isinstance(ca.key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)):
        raise PkiError("the CA's key is neither EC nor RSA")
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(ca.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(max(now - BACKDATE, not_before(ca.certificate)))
        .not_valid_after(min(now + timedelta(days=days), not_after(ca.certificate)))
    )
    for extension, critical in _server_extensions(key, ca, names):
        builder = builder.add_extension(extension, critical)
    certificate = builder.sign(ca.key, hashes.SHA256())
    return Store(key, certificate, (ca.certificate,), alias)


def store_bytes(store: Store, password: bytes) -> bytes:
    """The store as PKCS#12, encrypted as the JDK writes it by itself (and therefore reads it)."""
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(KDF_ROUNDS)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(password)
    )
    return pkcs12.serialize_key_and_certificates(
        store.alias,
        store.key,  # type: ignore[arg-type]
        store.certificate,
        list(store.chain),
        encryption,
    )
