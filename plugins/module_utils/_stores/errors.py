# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a store cannot be used, in words that never contain credentials."""

from __future__ import annotations

BAD_URI = "bad_uri"
UNREACHABLE = "unreachable"
REFUSED_CREDENTIALS = "refused_credentials"
AUTHENTICATION_MISSING = "authentication_missing"
NOT_PERMITTED = "not_permitted"
TLS = "tls"
LIBRARY = "library"
FAULT = "fault"

_WORDS = {
    BAD_URI: "bad URI",
    UNREACHABLE: "unreachable",
    REFUSED_CREDENTIALS: "refused credentials",
    AUTHENTICATION_MISSING: "authentication missing",
    NOT_PERMITTED: "not permitted",
    TLS: "TLS",
    LIBRARY: "library missing",
    FAULT: "fault",
}


class StoreError(Exception):
    """A store is not usable.

    Attributes: store (MongoDB or Valkey), kind (one of the constants of this file), where (host:port[,host:port] or
    ""), detail (one sentence part).
    """

    def __init__(self, store: str, kind: str, where: str, detail: str) -> None:
        place = f" at {where}" if where else ""
        super().__init__(f"{store}{place}: {_WORDS[kind]}: {detail}")
        self.store, self.kind, self.where, self.detail = store, kind, where, detail
