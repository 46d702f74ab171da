# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed certificate timestamps (sigstore.md 1.5): what no log has seen may have been issued in secret."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import instants as clock
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.chain import extension, guarded
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import LogKey

if TYPE_CHECKING:
    from cryptography.x509.certificate_transparency import SignedCertificateTimestamp

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509.certificate_transparency import LogEntryType, SignatureAlgorithm, Version
except ImportError:
    # Said by the modules before anything of this is called.
    pass

MAX_SCTS = 32
MILLISECOND = 1_000_000
V1, CERTIFICATE_TIMESTAMP, PRECERTIFICATE_ENTRY = b"\x00", b"\x00", b"\x00\x01"


def verify_scts(leaf: x509.Certificate, issuer: x509.Certificate, logs: Mapping[bytes, LogKey]) -> int:
    """Counts the distinct known logs whose embedded timestamps for the certificate verify; at least one has to.

    `issuer` is what verify_chain() returned, `logs` the trust root's certificate logs by key id. A timestamp of an
    unknown log, or that does not verify, counts for nothing, but takes nothing away from a good one. Raises Refused:
    "sct_missing" without a timestamp of a known log in its window, "sct_invalid" if there is one but none verifies,
    "input_malformed", "input_too_large".
    """
    vouching: set[bytes] = set()
    faults: list[Refused] = []
    for sct in _read_scts(leaf):
        log = logs.get(sct.log_id)
        if log is None:
            continue
        try:
            _verify(sct, log, leaf, issuer)
            vouching.add(log.key_id)
        except Refused as refused:
            faults.append(refused)
    if not vouching:
        worst = [fault for fault in faults if fault.reason == "sct_invalid"] or faults
        raise (
            worst[0]
            if worst
            else Refused(
                "sct_missing", "the certificate has no timestamp of a certificate log that the trust root knows"
            )
        )
    return len(vouching)


def _read_scts(leaf: x509.Certificate) -> list[SignedCertificateTimestamp]:
    found = extension(leaf, x509.PrecertificateSignedCertificateTimestamps)
    scts = [] if found is None else guarded(lambda: list(found), "the list of certificate timestamps")
    if len(scts) > MAX_SCTS:
        raise Refused("input_too_large", f"the certificate has {len(scts)} timestamps, at most {MAX_SCTS} are read")
    return scts


def _verify(sct: SignedCertificateTimestamp, log: LogKey, leaf: x509.Certificate, issuer: x509.Certificate) -> None:
    milliseconds = guarded(lambda: clock.from_naive(sct.timestamp), "a certificate timestamp's time") // MILLISECOND
    if not log.window.contains(milliseconds * MILLISECOND):
        moment = clock.to_text(milliseconds * MILLISECOND)
        raise Refused("sct_missing", f"the certificate log {log.name} was not in use at {moment}, when it vouched")
    if sct.version is not Version.v1 or sct.entry_type is not LogEntryType.PRE_CERTIFICATE:
        raise Refused("sct_invalid", "a certificate timestamp is of another version or kind of entry")
    if not isinstance(guarded(lambda: sct.signature_hash_algorithm, "a certificate timestamp's hash"), hashes.SHA256):
        raise Refused("sct_invalid", "a certificate timestamp is not signed with SHA-256")
    signed = signed_bytes(milliseconds, sct.extension_bytes, leaf, issuer)
    try:
        if isinstance(log.key, ec.EllipticCurvePublicKey) and sct.signature_algorithm is SignatureAlgorithm.ECDSA:
            log.key.verify(sct.signature, signed, ec.ECDSA(hashes.SHA256()))
        elif isinstance(log.key, rsa.RSAPublicKey) and sct.signature_algorithm is SignatureAlgorithm.RSA:
            log.key.verify(sct.signature, signed, padding.PKCS1v15(), hashes.SHA256())
        else:
            raise Refused("sct_invalid", f"a certificate timestamp's algorithm is not that of the key of {log.name}")
    except InvalidSignature as error:
        raise Refused("sct_invalid", f"the signature of the certificate log {log.name} does not verify") from error


def signed_bytes(milliseconds: int, extensions: bytes, leaf: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """What a log signs for a certificate with embedded timestamps (RFC 6962 3.2).

    `milliseconds` since 1970, `extensions` as in the timestamp, not interpreted. Raises Refused("input_malformed").
    """
    precertificate = guarded(lambda: leaf.tbs_precertificate_bytes, "the precertificate")
    issuer_key = guarded(
        lambda: issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), "the issuer's key"
    )
    return b"".join(
        (
            V1,
            CERTIFICATE_TIMESTAMP,
            milliseconds.to_bytes(8, "big"),
            PRECERTIFICATE_ENTRY,
            hashlib.sha256(issuer_key).digest(),
            len(precertificate).to_bytes(3, "big"),
            precertificate,
            len(extensions).to_bytes(2, "big"),
            extensions,
        )
    )
