# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the caller demands. Trust comes from here and from nowhere else (sigstore.md 0)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.bundle import NUMBERS
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.identity import IdentityPolicy
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import TrustRoot, Window
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.signature import RSA_PADDINGS

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

ONLINE, OFFLINE, IGNORE = "online", "offline", "ignore"
TRANSPARENCY_LOGS = (ONLINE, OFFLINE, IGNORE)


@dataclass(frozen=True)
class Policy:
    """Who may have signed, and what has to be proven beside.

    Exactly one of `identity` (keyless) and `keys` counts, and there is no way from one to the other. `key_window` is
    when the keys were in use, None if the caller does not limit it. `transparency_log` "ignore" is for keys only;
    everything else needs a `trust_root`. `predicate_type` names the attestation that is wanted, None if a signature is.

    Raises PolicyError if that has no safe meaning.
    """

    trust_root: TrustRoot | None
    identity: IdentityPolicy | None = None
    keys: tuple[PublicKeyTypes, ...] = ()
    key_window: Window | None = None
    transparency_log: str = OFFLINE
    min_bundle_version: str = NUMBERS[0]
    predicate_type: str | None = None
    rsa_padding: str = RSA_PADDINGS[0]

    def __post_init__(self) -> None:
        choices = (
            ("transparency_log", self.transparency_log, TRANSPARENCY_LOGS),
            ("min_bundle_version", self.min_bundle_version, NUMBERS),
            ("rsa_padding", self.rsa_padding, RSA_PADDINGS),
        )
        for name, value, allowed in choices:
            if value not in allowed:
                raise PolicyError(f"{name} is {value!r}, not one of {', '.join(allowed)}")
        rules = (
            (self.identity is not None or self.keys, "neither an identity with its issuer nor a public key is given"),
            (self.identity is None or not self.keys, "an identity and public keys exclude each other"),
            (
                self.transparency_log != IGNORE or self.keys,
                "without the transparency log nothing says when a certificate was used: it is ignored for keys only",
            ),
            (self.trust_root is not None or self.transparency_log == IGNORE, "a trust root is needed"),
            (self.key_window is None or self.keys, "a window of keys is given, but no keys"),
            (self.predicate_type is None or self.predicate_type.strip(), "predicate_type is empty"),
        )
        for holds, fault in rules:
            if not holds:
                raise PolicyError(fault)
