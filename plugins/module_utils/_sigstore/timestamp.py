# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time stamp tokens (RFC 3161), verified against the authorities of the trust root (sigstore.md 1.12).

With a strict reader of our own instead of the library rfc3161-client: that one needs cryptography 43, which Debian 12's
Python does not have, so the same bundle would verify on one host and be refused on another. This way there is one
dependency and one verdict everywhere; the tests hold it against rfc3161-client and OpenSSL.

What makes it small: the signer's certificate is never taken from the token. It is one of the trust root, which the
token may only point at; so nothing has to be built, fetched or believed, and certificates in the token are merely
compared.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import chain, der
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.der import Element
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.instants import from_naive, to_text
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import Authority
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.signature import verify_digest

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

try:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding
except ImportError:
    # Said by the modules before anything of this is called.
    pass

# A token with a certificate has 2 KiB, one with a whole RSA chain less than 10.
TOKEN_LIMIT = 64 * 1024
WHAT = "the time stamp token"

GRANTED = 0
SIGNED_DATA = "1.2.840.113549.1.7.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
# The signing-certificate attributes, and the hash with which each names the certificate unless it says another. SHA-1
# does no harm there: the certificate is one of the trust root in any case.
REFERENCE_HASHES = {"1.2.840.113549.1.9.16.2.12": "sha1", "1.2.840.113549.1.9.16.2.47": "sha256"}
EXTENDED_KEY_USAGE, TIME_STAMPING = "2.5.29.37", "1.3.6.1.5.5.7.3.8"
DIRECTORY_NAME = 4

HASHES = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
# Signature algorithms of each kind of key, and the hash that they name; None leaves it to the digest algorithm.
ECDSA_SIGNATURES: dict[str, str | None] = {
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}
RSA_SIGNATURES: dict[str, str | None] = {
    "1.2.840.113549.1.1.1": None,
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
}
SIGNATURES = {**ECDSA_SIGNATURES, **RSA_SIGNATURES}

NULL = b"\x05\x00"
KEY_ID = der.context(0, constructed=False)
ATTRIBUTES = der.context(0)
# Optional fields in the order in which they may follow each other, each at most once. Revocation lists and attributes
# that nobody signed are not among them: Sigstore's authorities send none, and nothing here would read them.
STATUS_TAIL = (der.SEQUENCE,)
INFO_TAIL = (der.SEQUENCE, der.BOOLEAN, der.INTEGER, der.context(0), der.context(1))
SIGNED_DATA_TAIL = (der.context(0), der.SET)

GENERALIZED_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{0,8}[1-9]))?Z", re.ASCII)


@dataclass(frozen=True)
class _Info:
    """What the authority says: `instant`, and the digest of what it vouches for."""

    instant: int
    hash_name: str
    imprint: bytes


@dataclass(frozen=True)
class _Token:
    """A token that is well-formed; nothing in it is proven yet."""

    info: _Info
    content: bytes
    embedded: tuple[bytes, ...]
    signer: tuple[str, bytes]
    hash_name: str
    by_rsa: bool
    attributes: Mapping[str, Element]
    signed: bytes
    signature: bytes


def verify_token(token: bytes, signature: bytes, authorities: Sequence[Authority]) -> int:
    """The time, in nanoseconds since 1970, at which an authority of the trust root saw the signature.

    `token` is a TimeStampResp in DER, `signature` the raw bytes that were stamped (of a DSSE envelope: its one
    signature), `authorities` those of the trust root, each with the certificate that signs tokens in its chain. Nothing
    in the token is trusted; the clock of this machine does not count (sigstore.md 1.2, 1.12).

    Raises Refused("timestamp_invalid") for anything that is not proven, malformed input included.
    """
    try:
        parsed = _parse(token)
        digest = hashlib.new(parsed.info.hash_name, signature).digest()
        if digest != parsed.info.imprint:
            raise _refuse("it is about another signature")
        _check_content(parsed)
        faults = []
        for authority, certificate, above in _signers(parsed, authorities):
            fault = _fault(parsed, authority, certificate, above)
            if fault is None:
                return parsed.info.instant
            faults.append(fault)
    except Refused as refusal:
        raise Refused("timestamp_invalid", refusal.detail) from refusal
    if faults:
        raise Refused("timestamp_invalid", faults[0])
    raise _refuse("the trust root does not have the certificate that it names")


def _refuse(why: str) -> Refused:
    return Refused("timestamp_invalid", f"{WHAT}: {why}")


# Reading


def _parse(token: bytes) -> _Token:
    if len(token) > TOKEN_LIMIT:
        raise _refuse(f"it has {len(token)} bytes, at most {TOKEN_LIMIT} are read")
    status, *rest = _fields(der.read(token, WHAT).expect(der.SEQUENCE), 1)
    granted, *words = _fields(status.expect(der.SEQUENCE), 1)
    if granted.integer() != GRANTED:
        raise _refuse("the authority did not grant it")
    _tail(words, STATUS_TAIL)
    if len(rest) != 1:
        raise _refuse("the answer holds no token")
    kind, wrapped = _fields(rest[0].expect(der.SEQUENCE), 2, exact=True)
    if kind.oid() != SIGNED_DATA:
        raise _refuse("it is not signed data")
    return _signed_data(_explicit(wrapped, 0).expect(der.SEQUENCE))


def _signed_data(signed_data: Element) -> _Token:
    version, algorithms, content_info, *rest = _fields(signed_data, 4)
    tail = _tail(rest, SIGNED_DATA_TAIL)
    if der.SET not in tail:
        raise _refuse("it has no signer")
    signers = tail[der.SET].children()
    announced = {_algorithm(one) for one in algorithms.expect(der.SET).children()}
    kind, wrapped = _fields(content_info.expect(der.SEQUENCE), 2, exact=True)
    if version.integer() != 3 or kind.oid() != TST_INFO:
        raise _refuse("its signed data is not that of a time stamp")
    if len(signers) != 1:
        raise _refuse(f"it has {len(signers)} signers, not one")
    bag = tail.get(der.context(0))
    content = _explicit(wrapped, 0).octets()
    embedded = tuple(one.raw for one in bag.children()) if bag else ()
    parsed = _signer_info(signers[0].expect(der.SEQUENCE), content, embedded)
    if parsed.hash_name not in {HASHES.get(name) for name in announced}:
        raise _refuse("it does not announce the hash of its signer")
    return parsed


def _signer_info(signer: Element, content: bytes, embedded: tuple[bytes, ...]) -> _Token:
    version, sid, algorithm, attributes, signature_algorithm, signature = _fields(signer, 6, exact=True)
    # RFC 5652 5.3: the version follows from how the certificate is named.
    if version.integer() != (3 if sid.tag == KEY_ID else 1):
        raise _refuse("version and signer identifier do not fit each other")
    hash_name = _hash_name(algorithm)
    named = _algorithm(signature_algorithm)
    if named not in SIGNATURES or SIGNATURES[named] not in (None, hash_name):
        raise _refuse(f"the signature algorithm {named} with {hash_name} is not verified")
    return _Token(
        info=_info(content),
        content=content,
        embedded=embedded,
        signer=_signer_id(sid),
        hash_name=hash_name,
        by_rsa=named in RSA_SIGNATURES,
        attributes=_attributes(attributes.expect(ATTRIBUTES)),
        # RFC 5652 5.4: what is signed has the tag of a SET, not the one that the attributes have in the message.
        signed=bytes([der.SET]) + attributes.raw[1:],
        signature=signature.octets(),
    )


def _signer_id(sid: Element) -> tuple[str, bytes]:
    if sid.tag == KEY_ID:
        return "key id", sid.content
    issuer, serial = _fields(sid.expect(der.SEQUENCE), 2, exact=True)
    return "issuer and serial", issuer.raw + serial.raw


def _attributes(attributes: Element) -> dict[str, Element]:
    """The one value of each attribute by its object identifier."""
    found: dict[str, Element] = {}
    for one in attributes.children():
        kind, values = _fields(one.expect(der.SEQUENCE), 2, exact=True)
        name = kind.oid()
        if name in found:
            raise _refuse(f"the attribute {name} is there twice")
        found[name] = _only(values.expect(der.SET))
    return found


def _info(content: bytes) -> _Info:
    version, policy, imprint, serial, moment, *rest = _fields(der.read(content, WHAT).expect(der.SEQUENCE), 5)
    tail = _tail(rest, INFO_TAIL)
    if version.integer() != 1:
        raise _refuse("it is of another version")
    policy.oid()
    serial.integer()
    for one in tail[der.context(1)].children() if der.context(1) in tail else ():
        name, *critical, value = _fields(one.expect(der.SEQUENCE), 2)
        kind = name.oid()
        value.octets()
        if any(flag.boolean() for flag in critical):
            raise _refuse(f"its critical extension {kind} is not known")
    algorithm, digest = _fields(imprint.expect(der.SEQUENCE), 2, exact=True)
    return _Info(_gen_time(moment), _hash_name(algorithm), digest.octets())


def _gen_time(moment: Element) -> int:
    """RFC 3161 2.4.2: in UTC, to the second or with a fraction that does not end in 0; to the nanosecond here."""
    match = GENERALIZED_TIME.fullmatch(moment.expect(der.GENERALIZED_TIME).content.decode("ascii", "replace"))
    if match is None:
        raise _refuse("its time is not a GeneralizedTime of DER in UTC")
    year, month, day, hour, minute, second = (int(digits) for digits in match.groups()[:6])
    try:
        whole = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    except ValueError as error:
        raise _refuse("its time is none") from error
    return from_naive(whole) + int((match.group(7) or "").ljust(9, "0"))


def _algorithm(algorithm: Element) -> str:
    kind, *parameters = _fields(algorithm.expect(der.SEQUENCE), 1)
    if len(parameters) > 1 or any(one.raw != NULL for one in parameters):
        raise _refuse("an algorithm has parameters that are not verified")
    return kind.oid()


def _hash_name(algorithm: Element) -> str:
    name = _algorithm(algorithm)
    if name not in HASHES:
        raise _refuse(f"the hash {name} is not one that is verified")
    return HASHES[name]


def _fields(element: Element, least: int, *, exact: bool = False) -> tuple[Element, ...]:
    found = element.children()
    if len(found) < least or (exact and len(found) > least):
        raise _refuse(f"a structure in it has {len(found)} fields, not {least}")
    return found


def _explicit(element: Element, number: int) -> Element:
    return _only(element.expect(der.context(number)))


def _only(element: Element) -> Element:
    return _fields(element, 1, exact=True)[0]


def _tail(elements: Sequence[Element], order: Sequence[int]) -> dict[int, Element]:
    """Optional fields by tag: none that is not in `order`, none twice, none before its turn."""
    places = [order.index(one.tag) if one.tag in order else -1 for one in elements]
    if -1 in places or any(first >= second for first, second in zip(places, places[1:])):
        raise _refuse("a structure in it has fields that it must not have")
    return {one.tag: one for one in elements}


# Proving


def _check_content(token: _Token) -> None:
    """The attributes, which are what is signed, bind the content (RFC 5652 11.1, 11.2)."""
    kind = token.attributes.get(CONTENT_TYPE)
    digest = token.attributes.get(MESSAGE_DIGEST)
    if kind is None or kind.oid() != TST_INFO:
        raise _refuse("its signed attributes do not name the type of its content")
    if digest is None or digest.octets() != hashlib.new(token.hash_name, token.content).digest():
        raise _refuse("its signed attributes are about another content")


def _signers(token: _Token, authorities: Sequence[Authority]) -> Iterator[tuple[Authority, Certificate, int]]:
    """Certificates of the trust root that the token names, with their authority and their place in its chain."""
    for authority in authorities:
        for place, certificate in enumerate(authority.chain):
            if _name_of(certificate, token.signer[0]) == token.signer[1]:
                yield authority, certificate, place + 1


def _name_of(certificate: Certificate, by: str) -> bytes | None:
    if by == "key id":
        key_id = chain.extension(certificate, x509.SubjectKeyIdentifier)
        return key_id.digest if key_id else None
    issuer, serial = _issuer_and_serial(certificate)
    return issuer + serial


def _issuer_and_serial(certificate: Certificate) -> tuple[bytes, bytes]:
    """As they stand in the certificate: bytes are compared, not what they mean."""
    fields = _fields(der.read(certificate.tbs_certificate_bytes, WHAT), 6)
    start = 1 if fields[0].tag == der.context(0) else 0
    return fields[start + 2].raw, fields[start].raw


def _fault(token: _Token, authority: Authority, certificate: Certificate, above: int) -> str | None:
    """Why this certificate of the trust root did not make the token, None if it did."""
    rules: tuple[Callable[[], str | None], ...] = (
        lambda: _embedded_fault(token, authority),
        lambda: _reference_fault(token, certificate),
        lambda: _profile_fault(certificate),
        lambda: _path_fault(certificate, authority.chain[above:]),
        lambda: _signature_fault(token, certificate),
        lambda: _time_fault(token.info.instant, authority, authority.chain[above - 1 :]),
    )
    try:
        return next((f"{WHAT}: {fault}" for fault in (rule() for rule in rules) if fault is not None), None)
    except Refused as refusal:
        return refusal.detail


def _embedded_fault(token: _Token, authority: Authority) -> str | None:
    """A certificate in the token may repeat the trusted ones, byte for byte (GHSA-xm5m-wgh2-rrg3)."""
    trusted = {certificate.public_bytes(Encoding.DER) for certificate in authority.chain}
    return None if trusted.issuperset(token.embedded) else "it brings a certificate that the trust root does not have"


def _reference_fault(token: _Token, certificate: Certificate) -> str | None:
    """The signing-certificate attribute, old or new: which certificate the signer meant (RFC 5035, 5816)."""
    raw = certificate.public_bytes(Encoding.DER)
    references = [
        (default, token.attributes[name]) for name, default in REFERENCE_HASHES.items() if name in token.attributes
    ]
    for default, value in references:
        # The first one listed is the signer's; policies may follow the list.
        listed = _fields(value.expect(der.SEQUENCE), 1)[0]
        reference = _fields(listed.expect(der.SEQUENCE), 1)[0]
        parts = list(_fields(reference.expect(der.SEQUENCE), 1))
        explicit = default != "sha1" and parts[0].tag == der.SEQUENCE
        hash_name = _hash_name(parts.pop(0)) if explicit else default
        digest, *issuer_serial = parts
        if digest.octets() != hashlib.new(hash_name, raw, usedforsecurity=hash_name != "sha1").digest():
            return "its signing-certificate attribute names another certificate"
        if issuer_serial and _issuer_serial(issuer_serial) != _issuer_and_serial(certificate):
            return "its signing-certificate attribute names another issuer or serial number"
    return None if references else "it lacks the signing-certificate attribute"


def _issuer_serial(parts: Sequence[Element]) -> tuple[bytes, bytes]:
    """IssuerSerial: exactly one name, a directory name, and the serial number."""
    if len(parts) > 1:
        raise _refuse("its signing-certificate attribute has fields that it must not have")
    names, serial = _fields(parts[0].expect(der.SEQUENCE), 2, exact=True)
    name = _explicit(_only(names.expect(der.SEQUENCE)), DIRECTORY_NAME)
    return name.raw, serial.raw


def _profile_fault(certificate: Certificate) -> str | None:
    """RFC 3161 2.3: a certificate for time stamps and nothing else."""
    usage = chain.extension(certificate, x509.KeyUsage)
    constraints = chain.extension(certificate, x509.BasicConstraints)
    purposes = [one.dotted_string for one in chain.extension(certificate, x509.ExtendedKeyUsage) or ()]
    critical = {one.oid.dotted_string for one in certificate.extensions if one.critical}
    rules = (
        (purposes == [TIME_STAMPING], "is not for time stamps alone (extended key usage)"),
        (EXTENDED_KEY_USAGE in critical, "does not insist on its extended key usage (it is not critical)"),
        (constraints is None or not constraints.ca, "is one of a certificate authority"),
        (usage is None or usage.digital_signature or usage.content_commitment, "may not sign (key usage)"),
        (not chain.unchecked_conditions(certificate), "has conditions that are not checked here"),
    )
    fault = next((fault for holds, fault in rules if not holds), None)
    return fault and f"the certificate of its authority {fault}"


def _path_fault(certificate: Certificate, above: Sequence[Certificate]) -> str | None:
    for below, issuer in enumerate(above):
        fault = chain.authority_fault(issuer, below, TIME_STAMPING)
        if fault is None and not chain.is_issued_by(certificate, issuer):
            fault = "it did not issue the certificate below it"
        if fault is not None:
            return f"the chain of its authority in the trust root is broken: {fault}"
        certificate = issuer
    return None


def _signature_fault(token: _Token, certificate: Certificate) -> str | None:
    key = chain.public_key(certificate)
    if key is None:
        return "its authority has a key of an unknown kind"
    if isinstance(key, rsa.RSAPublicKey) != token.by_rsa:
        return "its signature algorithm does not fit its authority's key"
    try:
        verify_digest(key, token.signature, hashlib.new(token.hash_name, token.signed).digest(), token.hash_name)
    except Refused as refusal:
        return refusal.detail
    return None


def _time_fault(instant: int, authority: Authority, certificates: Sequence[Certificate]) -> str | None:
    if not authority.window.contains(instant):
        return f"its time {to_text(instant)} is outside the authority's window in the trust root"
    if not all(chain.is_valid_at(one, instant) for one in certificates):
        return f"at its time {to_text(instant)} a certificate of its authority was not valid"
    return None
