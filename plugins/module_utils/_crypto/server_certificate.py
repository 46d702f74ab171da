# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the controller's server certificate must be issued anew, and how.

Why we issue it (upstream layout.md section 4, recordings ha/daemon-02 and ha/server-p12-reissue): the controller's own
is valid for localhost only, it does not check that it chains to its CA, and with 30 days or less left it overwrites the
file with such a one again. So ours is renewed well before that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.prexorcloud.production.plugins.module_utils._crypto import pki
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.names import Names

COMMON_NAME = "prexorcloud-controller"
DEFAULT_ALIAS = b"server"
# Upstream's own rotation replaces the file from this many days on.
UPSTREAM_ROTATION_DAYS = 30


@dataclass(frozen=True)
class Assessment:
    """reason: why the certificate must be issued anew, "" if it is fine; store: the present one if it could be read."""

    reason: str
    store: pki.Store | None


def check_days(validity_days: int, renew_before_days: int) -> str:
    """What is wrong with the two numbers of days, or ""."""
    if renew_before_days <= UPSTREAM_ROTATION_DAYS:
        return (
            f"renew_before_days is {renew_before_days}: it must be at least {UPSTREAM_ROTATION_DAYS + 1}, since the"
            f" controller itself replaces a certificate with {UPSTREAM_ROTATION_DAYS} days or less left by one that is"
            " valid for localhost only"
        )
    if validity_days <= renew_before_days:
        return f"validity_days ({validity_days}) must be more than renew_before_days ({renew_before_days})"
    return ""


def open_ca(data: bytes, password: bytes, ca_pem: bytes | None, until: datetime) -> pki.Store:
    """The daemon CA of the controller. Raises PkiError.

    It must be the CA of ca.pem (the file daemons trust), where that exists, and valid beyond *until*: a certificate
    from a CA that ends before would have to be renewed in every run.
    """
    try:
        ca = pki.open_store(data, password)
    except pki.PkiError as error:
        raise pki.PkiError(f"ca.p12: {error}") from error
    if ca_pem is not None and pki.fingerprint(pki.load_certificate(ca_pem)) != pki.fingerprint(ca.certificate):
        raise pki.PkiError("ca.pem is not the certificate of ca.p12")
    end = pki.not_after(ca.certificate)
    if end <= until:
        raise pki.PkiError(f"the CA itself ends at {pki.instant(end)}; a new CA and new enrolments are due")
    return ca


def assess(
    data: bytes | None, password: bytes, ca: pki.Store, names: Names, now: datetime, renew_before_days: int
) -> Assessment:
    """Judges the present server.p12 (*data*, None if missing). More names than wanted are fine."""
    if data is None:
        return Assessment("there is no server certificate", None)
    try:
        store = pki.open_store(data, password)
    except pki.PkiError as error:
        return Assessment(f"the key store is unusable: {error}", None)
    certificate = store.certificate
    missing = names.missing_from(pki.alternative_names(certificate))
    left = pki.not_after(certificate) - now
    if not pki.signed_by(certificate, ca.certificate):
        reason = "it is not signed by the controller's CA"
    elif missing:
        reason = f"names are missing: {', '.join(missing)}"
    elif pki.not_before(certificate) > now:
        reason = f"it is not valid before {pki.instant(pki.not_before(certificate))}"
    elif left <= timedelta(0):
        reason = f"it expired at {pki.instant(pki.not_after(certificate))}"
    elif left <= timedelta(days=renew_before_days):
        reason = f"it expires in {left.days} days"
    elif not pki.fit_for(certificate, "server"):
        reason = "its key usage does not allow a TLS server"
    else:
        reason = ""
    return Assessment(reason, store)


def issue(ca: pki.Store, present: pki.Store | None, names: Names, now: datetime, validity_days: int) -> pki.Store:
    """A new server certificate; the entry's name in the present store is kept."""
    alias = present.alias if present is not None and present.alias else DEFAULT_ALIAS
    return pki.issue_server(ca, COMMON_NAME, names, now, validity_days, alias)
