# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon's identity: node.p12, .node-password and ca.pem (upstream layout.md section 6, api.md section 7)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ansible_collections.prexorcloud.production.plugins.module_utils._crypto import pki

if TYPE_CHECKING:
    from cryptography import x509

# (attribute of Material, file name, mode). The order makes a kill in between harmless: with a new password beside the
# old store the identity is unusable and reported as such; the store, written last, completes it.
FILES = (
    ("ca_pem", "ca.pem", 0o644),
    ("password", ".node-password", 0o600),
    ("store", "node.p12", 0o600),
)
DIRECTORY_MODE = 0o700


class IdentityError(Exception):
    """The given material is not usable; the text says why, without any of it."""


@dataclass(frozen=True)
class Material:
    """The contents of the three files; None for one that does not exist."""

    store: bytes | None = field(repr=False)
    password: bytes | None = field(repr=False)
    ca_pem: bytes | None = field(repr=False)


@dataclass(frozen=True)
class Verdict:
    """usable, and the reason if not; facts as far as they could be read ("" otherwise).

    not_after: ISO 8601; fingerprint, ca_fingerprint: SHA-256 in hex; serial: in hex.
    """

    usable: bool
    reason: str
    not_after: str = ""
    fingerprint: str = ""
    serial: str = ""
    ca_fingerprint: str = ""

    def summary(self) -> str:
        """Lines for a diff."""
        if not self.fingerprint:
            return f"no identity: {self.reason}\n"
        return f"certificate: {self.fingerprint}\nnot after: {self.not_after}\nCA: {self.ca_fingerprint}\n"


def _problem(store: pki.Store, ca: x509.Certificate, node_id: str, now: datetime, renew_before_days: int) -> str:
    certificate = store.certificate
    left = pki.not_after(certificate) - now
    if pki.common_name(certificate) != node_id:
        return f"the certificate is for {pki.common_name(certificate)[:80]!r}, not for {node_id!r}"
    if not pki.signed_by(certificate, ca):
        return "the certificate is not signed by the CA in ca.pem"
    if pki.not_after(ca) <= now:
        return f"the CA in ca.pem expired at {pki.instant(pki.not_after(ca))}"
    if pki.not_before(certificate) > now:
        return f"the certificate is not valid before {pki.instant(pki.not_before(certificate))}"
    if left <= timedelta(0):
        return f"the certificate expired at {pki.instant(pki.not_after(certificate))}"
    if left <= timedelta(days=renew_before_days):
        return f"the certificate expires in {left.days} days"
    if not pki.fit_for(certificate, "client"):
        return "the certificate's key usage does not allow a TLS client"
    return ""


def judge(material: Material, node_id: str, now: datetime, renew_before_days: int) -> Verdict:
    """Whether a daemon with id *node_id* can connect with *material* for the next *renew_before_days* days.

    Raises PkiError if there is something to read and the cryptography library is missing.
    """
    for attribute, name, _mode in FILES:
        if not getattr(material, attribute):
            return Verdict(False, f"{name} is missing or empty")
    pki.require_cryptography()
    # All three are there, see above.
    store_data, password, ca_data = material.store or b"", material.password or b"", material.ca_pem or b""
    try:
        ca = pki.load_certificate(ca_data)
    except pki.PkiError as error:
        return Verdict(False, f"ca.pem: {error}")
    ca_fingerprint = pki.fingerprint(ca)
    try:
        # A line break at the end is harmless to the daemon (recording ha/daemon-10).
        store = pki.open_store(store_data, password.rstrip(b"\r\n"))
    except pki.PkiError as error:
        return Verdict(False, f"node.p12: {error}", ca_fingerprint=ca_fingerprint)
    reason = _problem(store, ca, node_id, now, renew_before_days)
    return Verdict(
        usable=not reason,
        reason=reason,
        not_after=pki.instant(pki.not_after(store.certificate)),
        fingerprint=pki.fingerprint(store.certificate),
        serial=f"{store.certificate.serial_number:x}",
        ca_fingerprint=ca_fingerprint,
    )


def parse_material(pkcs12_base64: str, pkcs12_password: str, ca_pem: str) -> Material:
    """The material as the controller's exchange gives it. Raises IdentityError."""
    try:
        store = base64.b64decode(pkcs12_base64, validate=True)
    except (binascii.Error, ValueError) as error:
        raise IdentityError("pkcs12_base64 is not valid Base64") from error
    return Material(store, pkcs12_password.encode(), ca_pem.encode())


def outdated(present: Material, wanted: Material) -> list[str]:
    """Names of the files whose content differs, in the order to write them."""
    return [name for attribute, name, _mode in FILES if getattr(present, attribute) != getattr(wanted, attribute)]
