# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as integers: nanoseconds since 1970-01-01 UTC, exact at the edges of windows."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import SECOND

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
# The last second that a datetime can hold; anything behind it in an input is nonsense.
LAST_SECOND = 253402300799


def from_naive(moment: datetime) -> int:
    """Instant of a datetime; without a zone it is UTC, as the properties of cryptography's certificates are."""
    moment = moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment
    span = moment - EPOCH
    return (span.days * 86400 + span.seconds) * SECOND + span.microseconds * 1000


def from_seconds(seconds: int, what: str) -> int:
    """Instant of whole seconds since 1970. Raises Refused("input_malformed") naming `what` beyond the year 9999."""
    if not 0 <= seconds <= LAST_SECOND:
        raise Refused("input_malformed", f"{what} is no time: {seconds}")
    return seconds * SECOND


def from_rfc3339(text: str, what: str) -> int:
    """Instant of an RFC 3339 time in UTC ("Z"), fractions to the nanosecond. Raises Refused("input_malformed")."""
    match = RFC3339.fullmatch(text)
    if match is None:
        raise Refused("input_malformed", f"{what} is no RFC 3339 time in UTC")
    day, clock, fraction = match.groups()
    try:
        moment = datetime.strptime(f"{day}T{clock}Z", "%Y-%m-%dT%H:%M:%S%z")
    except ValueError as error:
        raise Refused("input_malformed", f"{what} is no RFC 3339 time in UTC") from error
    return from_naive(moment) + int((fraction or "").ljust(9, "0"))


def to_text(instant: int) -> str:
    """RFC 3339 text in UTC, to the second."""
    return (EPOCH + timedelta(seconds=instant // SECOND)).strftime("%Y-%m-%dT%H:%M:%SZ")
