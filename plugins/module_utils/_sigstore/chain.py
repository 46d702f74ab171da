# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates: reading them, who issued them and when they counted (sigstore.md 1.3), what a leaf has to be (1.4).

By hand, as cryptography 38 has no verifier and newer ones only know TLS and the current time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar, cast

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import instants as clock
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import Authority
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.signature import allowed_hashes

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes, PublicKeyTypes

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.serialization import Encoding
except ImportError:
    # Said by the modules before anything of this is called.
    pass

MAX_CERTIFICATE = 64 * 1024
# Signature algorithms of certificates and their hash; neither SHA-1 nor PSS is among them.
ECDSA_HASHES = {"1.2.840.10045.4.3.2": "SHA256", "1.2.840.10045.4.3.3": "SHA384", "1.2.840.10045.4.3.4": "SHA512"}
RSA_HASHES = {"1.2.840.113549.1.1.11": "SHA256", "1.2.840.113549.1.1.12": "SHA384", "1.2.840.113549.1.1.13": "SHA512"}
ED25519 = "1.3.101.112"

CODE_SIGNING = "1.3.6.1.5.5.7.3.3"
PRECERTIFICATE_SIGNING = "1.3.6.1.4.1.11129.2.4.4"
NAME_CONSTRAINTS = "2.5.29.30"
# Fulcio's, old (bare text) and new (DER).
ISSUER_V1, ISSUER_V2 = "1.3.6.1.4.1.57264.1.1", "1.3.6.1.4.1.57264.1.8"
# Extensions whose meaning is checked here or in identity.py; any other that is critical is a condition nobody checked.
KNOWN_EXTENSIONS = frozenset({"2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.37"})

T = TypeVar("T")
E = TypeVar("E", bound="x509.ExtensionType")


def guarded(read: Callable[[], T], what: str) -> T:
    """The result of `read`: releases of cryptography differ in when they notice a malformed certificate, and how."""
    try:
        return read()
    except (
        ValueError,
        TypeError,
        KeyError,  # 38: text in a name of a kind that it does not know
        OverflowError,
        UnsupportedAlgorithm,
        x509.InvalidVersion,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
    ) as error:
        raise Refused("input_malformed", f"{what} cannot be read: {str(error)[:200]}") from error


def load_certificate(raw: bytes, what: str = "the certificate") -> x509.Certificate:
    """One X.509 certificate from its DER bytes, with every part of it that is used later read once.

    Raises Refused naming `what`: "input_malformed", "input_too_large" beyond 64 KiB. A public key of an unknown kind is
    no error here; such a certificate verifies nothing.
    """
    if len(raw) > MAX_CERTIFICATE:
        raise Refused("input_too_large", f"{what} has {len(raw)} bytes, at most {MAX_CERTIFICATE} are read")

    def read() -> x509.Certificate:
        certificate = x509.load_der_x509_certificate(raw)
        if certificate.public_bytes(Encoding.DER) != raw:
            raise ValueError("bytes behind its end")
        # Read here, where an error is caught: some releases read each part on the first request only.
        dates = _not_before(certificate), _not_after(certificate)
        names = certificate.version, certificate.issuer, certificate.subject, certificate.serial_number
        repr((dates, names, certificate.tbs_certificate_bytes, [one.oid for one in certificate.extensions]))
        return certificate

    return guarded(read, what)


def public_key(certificate: x509.Certificate) -> CertificatePublicKeyTypes | None:
    """The certificate's public key, None if it is of an unknown kind. Raises Refused("input_malformed")."""

    def read() -> CertificatePublicKeyTypes | None:
        try:
            return certificate.public_key()
        except UnsupportedAlgorithm:
            return None

    return guarded(read, "the public key of the certificate")


def extensions(certificate: x509.Certificate) -> x509.Extensions:
    """The certificate's extensions. Raises Refused("input_malformed"), also if one of them is there twice."""
    return guarded(lambda: certificate.extensions, "an extension of the certificate")


def extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    """The value of an extension, None if the certificate lacks it. Raises Refused("input_malformed")."""
    for one in extensions(certificate):
        if isinstance(one.value, kind):
            return one.value
    return None


def _instant(certificate: x509.Certificate, name: str) -> int:
    # The attributes with _utc came with cryptography 42, those without are deprecated since then.
    moment: datetime | None = getattr(certificate, f"{name}_utc", None)
    return clock.from_naive(getattr(certificate, name) if moment is None else moment)


def _not_before(certificate: x509.Certificate) -> int:
    return _instant(certificate, "not_valid_before")


def _not_after(certificate: x509.Certificate) -> int:
    return _instant(certificate, "not_valid_after")


def is_valid_at(certificate: x509.Certificate, instant: int) -> bool:
    """True if the instant lies within the certificate's own dates, both ends included."""
    return _not_before(certificate) <= instant <= _not_after(certificate)


def is_strong(key: CertificatePublicKeyTypes | None) -> bool:
    """True for the keys whose signatures are verified at all: certificates get no weaker ones (sigstore.md 1.13)."""
    if key is None:
        return False
    try:
        allowed_hashes(cast("PublicKeyTypes", key))
    except Refused:
        return False
    return True


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """True if the names fit byte for byte and the issuer's key made the signature, with the certificate's own hash."""
    if certificate.issuer.public_bytes() != issuer.subject.public_bytes():
        return False
    key = public_key(issuer)
    algorithm = certificate.signature_algorithm_oid.dotted_string
    signature, signed = certificate.signature, certificate.tbs_certificate_bytes
    if not is_strong(key):
        return False
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and algorithm in ECDSA_HASHES:
            key.verify(signature, signed, ec.ECDSA(getattr(hashes, ECDSA_HASHES[algorithm])()))
        elif isinstance(key, rsa.RSAPublicKey) and algorithm in RSA_HASHES:
            key.verify(signature, signed, padding.PKCS1v15(), getattr(hashes, RSA_HASHES[algorithm])())
        elif isinstance(key, ed25519.Ed25519PublicKey) and algorithm == ED25519:
            key.verify(signature, signed)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def usages(certificate: x509.Certificate) -> frozenset[str] | None:
    """Object identifiers of the extended key usage, None without the extension. Raises Refused("input_malformed")."""
    found = extension(certificate, x509.ExtendedKeyUsage)
    return None if found is None else frozenset(one.dotted_string for one in found)


def unchecked_conditions(certificate: x509.Certificate) -> list[str]:
    """Object identifiers of extensions that restrict the certificate in a way that nobody here checks."""
    return [
        one.oid.dotted_string
        for one in extensions(certificate)
        if one.oid.dotted_string == NAME_CONSTRAINTS or (one.critical and one.oid.dotted_string not in KNOWN_EXTENSIONS)
    ]


def authority_fault(certificate: x509.Certificate, below: int, purpose: str = CODE_SIGNING) -> str | None:
    """Why the certificate may not issue, None if it may (sigstore.md 1.3.4, 1.3.5).

    `below` is how many authorities stand between it and the leaf, `purpose` the usage that an extended key usage, if
    there is one, has to contain: authorities of time stamps have another. Raises Refused("input_malformed").
    """
    constraints = extension(certificate, x509.BasicConstraints)
    critical = {one.oid for one in extensions(certificate) if one.critical}
    usage = extension(certificate, x509.KeyUsage)
    extended = usages(certificate)
    unchecked = unchecked_conditions(certificate)
    if certificate.version is not x509.Version.v3:
        return "it is not X.509 v3"
    if constraints is None or not constraints.ca or constraints.oid not in critical:
        return "it lacks critical basic constraints of an authority"
    if constraints.path_length is not None and constraints.path_length < below:
        return f"more authorities stand below it than its path length {constraints.path_length} allows"
    if usage is None or not usage.key_cert_sign:
        return "it may not sign certificates"
    if extended is not None and purpose not in extended:
        return "its extended key usage is for something else"
    return f"it has conditions that are not checked: {', '.join(unchecked)}" if unchecked else None


def verify_chain(leaf: x509.Certificate, instants: Sequence[int], authorities: Sequence[Authority]) -> x509.Certificate:
    """Finds the authority of the trust root that issued the leaf and was valid, with it, at each of the instants.

    `instants` are the verified times of signing, nanoseconds since 1970; all of them have to pass with one and the same
    authority. The authorities' anchors are taken as they are. Returns the certificate whose key certificate logs bind
    the leaf to: its issuer, or that one's issuer if it only signs precertificates (sigstore.md 1.3, 1.5). Raises
    Refused: "time_missing" without an instant, "chain_expired" if an authority issued the leaf but it, or one above it,
    was not valid, "chain_untrusted" otherwise, "certificate_profile" for an unknown critical extension,
    "input_malformed".
    """
    if not instants:
        raise Refused("time_missing", "no verified time says when the certificate has to have been valid")
    unchecked = unchecked_conditions(leaf)
    if unchecked:
        raise Refused("certificate_profile", f"the certificate has conditions not checked here: {', '.join(unchecked)}")
    faults: list[str] = []
    late: list[str] = []
    for authority in authorities:
        fault = _path_fault(leaf, authority.chain)
        if fault is not None:
            faults.append(fault)
            continue
        misses = [miss for miss in (_time_fault(leaf, authority, instant) for instant in instants) if miss is not None]
        if not misses:
            return _sct_issuer(authority.chain)
        late.append(misses[0])
    if late:
        raise Refused("chain_expired", late[0])
    raise Refused(
        "chain_untrusted", next(filter(None, faults), "no authority of the trust root issued the certificate")
    )


def _path_fault(leaf: x509.Certificate, chain: Sequence[x509.Certificate]) -> str | None:
    """Why the chain does not lead from the leaf to the anchor, None if it does; empty if it is simply another one."""
    if not chain or not is_issued_by(leaf, chain[0]):
        return ""
    for below, certificate in enumerate(chain):
        fault = authority_fault(certificate, below)
        if fault is not None:
            return f"the authority {_name(certificate)} may not issue the certificate: {fault}"
        if below + 1 < len(chain) and not is_issued_by(certificate, chain[below + 1]):
            return f"the authority {_name(certificate)} was not issued by the one above it in the trust root"
    return None


def _time_fault(leaf: x509.Certificate, authority: Authority, instant: int) -> str | None:
    moment = clock.to_text(instant)
    if not authority.window.contains(instant):
        return f"at {moment} the authority {_name(authority.chain[0])} was not in use (its window in the trust root)"
    for certificate in (leaf, *authority.chain):
        if not is_valid_at(certificate, instant):
            dates = " to ".join(clock.to_text(one) for one in (_not_before(certificate), _not_after(certificate)))
            what = "the certificate" if certificate is leaf else f"the authority {_name(certificate)}"
            return f"signed at {moment}, but {what} was valid from {dates}"
    return None


def _sct_issuer(chain: Sequence[x509.Certificate]) -> x509.Certificate:
    if PRECERTIFICATE_SIGNING not in (usages(chain[0]) or ()):
        return chain[0]
    if len(chain) == 1:
        raise Refused("chain_untrusted", "the trust root lacks the issuer of an authority that signs precertificates")
    return chain[1]


def _name(certificate: x509.Certificate) -> str:
    return repr(certificate.subject.rfc4514_string()[:128])


def check_leaf_profile(leaf: x509.Certificate) -> None:
    """Raises Refused("certificate_profile") if the certificate is not one for signing code with one identity.

    Wanted (sigstore.md 1.4): X.509 v3, no authority, key usage digitalSignature, extended key usage codeSigning, one
    subject alternative name, an issuer of the identity, a strong key, no condition that is not checked. Also raises
    Refused("input_malformed").
    """
    constraints = extension(leaf, x509.BasicConstraints)
    usage = extension(leaf, x509.KeyUsage)
    names = extension(leaf, x509.SubjectAlternativeName)
    present = {one.oid.dotted_string for one in extensions(leaf)}
    rules = (
        (leaf.version is x509.Version.v3, "is not X.509 v3"),
        (constraints is None or not constraints.ca, "is an authority"),
        (usage is not None and usage.digital_signature, "lacks the key usage digitalSignature"),
        (CODE_SIGNING in (usages(leaf) or ()), "lacks the extended key usage codeSigning"),
        (names is not None and len(list(names)) == 1, "does not have exactly one subject alternative name"),
        (bool(present & {ISSUER_V1, ISSUER_V2}), "does not say which issuer vouches for its signer"),
        (is_strong(public_key(leaf)), "has a key that is too weak or of an unknown kind"),
        (not unchecked_conditions(leaf), "has conditions that are not checked here"),
    )
    for holds, fault in rules:
        if not holds:
            raise Refused("certificate_profile", f"the certificate {fault}")
