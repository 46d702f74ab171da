# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A time stamp authority (RFC 3161): good tokens, and each kind of bad one by a switch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from .authority import CaPlan, Issuer, make_ca, name
from .der_writer import NULL, element, field, integer, octets, oid, sequence, set_of, text, truth
from .keys import PrivateKey, new_key, sign

SIGNED_DATA = "1.2.840.113549.1.7.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE = {1: "1.2.840.113549.1.9.16.2.12", 2: "1.2.840.113549.1.9.16.2.47"}
POLICY = "1.3.6.1.4.1.57264.2"
HASHES = {
    "md5": "1.2.840.113549.2.5",
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
ECDSA = {
    "sha1": "1.2.840.10045.4.1",
    "sha256": "1.2.840.10045.4.3.2",
    "sha384": "1.2.840.10045.4.3.3",
    "sha512": "1.2.840.10045.4.3.4",
}
RSA = "1.2.840.113549.1.1.1"


def _same(data: bytes) -> bytes:
    return data


@dataclass(frozen=True)
class Shape:
    """How a token looks; the defaults are what Sigstore's authority sends, every field is one that a case may spoil.

    `*_edit` get the finished DER of their part and return what is used instead, before it is signed (`attributes_edit`
    that of the SET). None means that
    the true value is used (or, for optional parts, that the part is left out).
    """

    status: int = 0
    with_token: bool = True
    status_text: str | None = None
    # TSTInfo
    hash_name: str = "sha256"
    imprint: bytes | None = None
    info_version: int = 1
    gen_time: str | None = None
    accuracy: bool = False
    ordering: bool = False
    nonce: int | None = None
    tsa_name: bool = False
    extension_critical: bool | None = None
    info_edit: Callable[[bytes], bytes] = _same
    attributes_edit: Callable[[bytes], bytes] = _same
    # SignedData
    content_info_type: str = SIGNED_DATA
    version: int = 3
    content_type: str = TST_INFO
    announced: tuple[str, ...] = ()
    certificates: tuple[bytes, ...] | None = None
    revocation_list: bool = False
    with_signers: bool = True
    signers: int = 1
    # SignerInfo
    signer_version: int | None = None
    by_key_id: bool = False
    signer_serial: int | None = None
    signer_key: PrivateKey | None = None
    digest_name: str = "sha256"
    signature_name: str | None = None
    with_attributes: bool = True
    attribute_content_type: str | None = TST_INFO
    attribute_twice: bool = False
    message_digest: bytes | None = None
    with_message_digest: bool = True
    signing_certificate: int | None = 2
    ess_hash_name: str = "sha256"
    ess_certificate: bytes | None = None
    ess_issuer_serial: bool = False
    ess_serial: int | None = None
    signed_tag: int = 0x31
    signature_edit: Callable[[bytes], bytes] = _same
    unsigned_attribute: bool = False
    # The whole answer
    info_after: Callable[[bytes], bytes] = _same
    answer_edit: Callable[[bytes], bytes] = _same


@dataclass(frozen=True)
class TsaPlan:
    """How the authority's certificates look; the defaults are a leaf under an intermediate under a root."""

    not_before: datetime
    not_after: datetime
    leaf_not_after: datetime | None = None
    intermediate: CaPlan | None = None
    key: PrivateKey | None = None
    usages: tuple[ObjectIdentifier, ...] = (ExtendedKeyUsageOID.TIME_STAMPING,)
    usages_critical: bool = True
    is_ca: bool | None = None
    digital_signature: bool = True
    serial: int | None = None
    extra: tuple[tuple[x509.ExtensionType, bool], ...] = ()


@dataclass(frozen=True)
class Tsa:
    """An authority: its certificates, leaf first and anchor last, and the key of the leaf."""

    chain: tuple[x509.Certificate, ...]
    key: PrivateKey

    @classmethod
    def make(cls, not_before: datetime, not_after: datetime, **plan: Any) -> Tsa:
        """A new authority whose certificates are valid from `not_before` to `not_after`; `plan`: fields of TsaPlan."""
        wanted = TsaPlan(not_before, not_after, **plan)
        above = CaPlan(not_before, not_after, usages=(ExtendedKeyUsageOID.TIME_STAMPING,))
        root = make_ca("test tsa root", above)
        intermediate = make_ca("test tsa intermediate", wanted.intermediate or above, root)
        key = wanted.key or new_key()
        leaf = issue(wanted, key, intermediate)
        return cls((leaf, intermediate.certificate, root.certificate), key)

    def token(self, signature: bytes, instant: datetime, **switches: Any) -> bytes:
        """A TimeStampResp (DER) that vouches for `signature` at `instant`; `switches`: fields of Shape."""
        shape = Shape(**switches)
        info = shape.info_edit(self._info(shape, signature, instant))
        signers = [self._signer(shape, info) for _ in range(shape.signers)]
        bag = () if shape.certificates is None else (set_of(*shape.certificates, tag=0xA0),)
        signed_data = sequence(
            integer(shape.version),
            set_of(*(_algorithm(HASHES[one]) for one in (shape.announced or (shape.digest_name,)))),
            sequence(oid(shape.content_type), field(0, octets(shape.info_after(info)))),
            *bag,
            *([element(0xA1)] if shape.revocation_list else []),
            *([set_of(*signers)] if shape.with_signers else []),
        )
        status = [integer(shape.status)]
        if shape.status_text is not None:
            status.append(sequence(text(shape.status_text)))
        token = [sequence(oid(shape.content_info_type), field(0, signed_data))] if shape.with_token else []
        return shape.answer_edit(sequence(sequence(*status), *token))

    def _info(self, shape: Shape, signature: bytes, instant: datetime) -> bytes:
        imprint = hashlib.new(shape.hash_name, signature).digest() if shape.imprint is None else shape.imprint
        optional = []
        if shape.accuracy:
            optional.append(sequence(integer(1), element(0x80, b"\x05")))
        if shape.ordering:
            optional.append(truth(True))
        if shape.nonce is not None:
            optional.append(integer(shape.nonce))
        if shape.tsa_name:
            optional.append(field(0, field(4, self.chain[0].subject.public_bytes())))
        if shape.extension_critical is not None:
            critical = [truth(True)] if shape.extension_critical else []
            optional.append(field(1, sequence(oid("1.3.6.1.4.1.57264.99"), *critical, octets(NULL))))
        return sequence(
            integer(shape.info_version),
            oid(POLICY),
            sequence(_algorithm(HASHES[shape.hash_name]), octets(imprint)),
            integer(0x5EED),
            element(0x18, (gen_time(instant) if shape.gen_time is None else shape.gen_time).encode()),
            *optional,
        )

    def _signer(self, shape: Shape, info: bytes) -> bytes:
        leaf = self.chain[0]
        if shape.by_key_id:
            key_id = leaf.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
            version, sid = 3, element(0x80, key_id)
        else:
            serial = leaf.serial_number if shape.signer_serial is None else shape.signer_serial
            version, sid = 1, sequence(leaf.issuer.public_bytes(), integer(serial))
        attributes = shape.attributes_edit(set_of(*self._attributes(shape, info)))
        key = shape.signer_key or self.key
        signed = bytes([shape.signed_tag]) + attributes[1:] if shape.with_attributes else info
        return sequence(
            integer(version if shape.signer_version is None else shape.signer_version),
            sid,
            _algorithm(HASHES[shape.digest_name]),
            *([b"\xa0" + attributes[1:]] if shape.with_attributes else []),
            _signature_algorithm(key, shape.signature_name or shape.digest_name),
            octets(shape.signature_edit(sign(key, signed, shape.digest_name))),
            *([field(1, _attribute(CONTENT_TYPE, oid(TST_INFO)))] if shape.unsigned_attribute else []),
        )

    def _attributes(self, shape: Shape, info: bytes) -> list[bytes]:
        found = []
        if shape.attribute_content_type is not None:
            found.append(_attribute(CONTENT_TYPE, oid(shape.attribute_content_type)))
        if shape.with_message_digest:
            digest = hashlib.new(shape.digest_name, info).digest()
            found.append(
                _attribute(MESSAGE_DIGEST, octets(digest if shape.message_digest is None else shape.message_digest))
            )
            found.extend(found[-1:] if shape.attribute_twice else [])
        if shape.signing_certificate is not None:
            found.append(_attribute(SIGNING_CERTIFICATE[shape.signing_certificate], self._ess(shape)))
        return found

    def _ess(self, shape: Shape) -> bytes:
        leaf = self.chain[0]
        certificate = leaf.public_bytes(Encoding.DER) if shape.ess_certificate is None else shape.ess_certificate
        hash_name = "sha1" if shape.signing_certificate == 1 else shape.ess_hash_name
        # SHA-256 is the default of ESSCertIDv2, and DER leaves defaults out (RFC 5035).
        parts = [] if hash_name in ("sha1", "sha256") else [_algorithm(HASHES[hash_name])]
        parts.append(octets(hashlib.new(hash_name, certificate).digest()))
        if shape.ess_issuer_serial:
            serial = leaf.serial_number if shape.ess_serial is None else shape.ess_serial
            parts.append(sequence(sequence(field(4, leaf.issuer.public_bytes())), integer(serial)))
        return sequence(sequence(sequence(*parts)))


def issue(plan: TsaPlan, key: PrivateKey, issuer: Issuer) -> x509.Certificate:
    """The certificate of an authority's signing key."""
    usage = x509.KeyUsage(
        digital_signature=plan.digital_signature,
        content_commitment=False,
        key_encipherment=not plan.digital_signature,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name("test tsa"))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number() if plan.serial is None else plan.serial)
        .not_valid_before(plan.not_before)
        .not_valid_after(plan.leaf_not_after or plan.not_after)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if plan.usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(plan.usages), critical=plan.usages_critical)
    if plan.is_ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=plan.is_ca, path_length=None), critical=True)
    for extension, critical in plan.extra:
        builder = builder.add_extension(extension, critical=critical)
    assert not isinstance(issuer.key, dsa.DSAPrivateKey)
    return builder.sign(issuer.key, hashes.SHA384())


def gen_time(instant: datetime) -> str:
    """GeneralizedTime as DER has it: a fraction only where there is one, without zeros at its end."""
    fraction = f".{instant.microsecond:06}".rstrip("0") if instant.microsecond else ""
    return instant.strftime("%Y%m%d%H%M%S") + fraction + "Z"


def _algorithm(dotted: str) -> bytes:
    return sequence(oid(dotted), NULL)


def _signature_algorithm(key: PrivateKey, hash_name: str) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return _algorithm(RSA)
    return sequence(oid(ECDSA[hash_name] if isinstance(key, ec.EllipticCurvePrivateKey) else "1.3.101.112"))


def _attribute(dotted: str, value: bytes) -> bytes:
    return sequence(oid(dotted), set_of(value))
