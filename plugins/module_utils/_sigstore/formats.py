# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which format a bundle has. Its content decides once; there is no second try as another one (sigstore.md 2 (3))."""

from __future__ import annotations

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.bundle import MAX_BUNDLE, read_members
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import Signed
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.old_bundle import (
    read_members as read_old_members,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.strict_json import load


def read_bundle(document: bytes, min_version: str) -> Signed:
    """What a bundle, Sigstore's or cosign's old one, claims. `min_version` as for parse_bundle().

    Raises Refused: "format_unsupported" if it is neither, "format_too_old" for cosign's old one if a version is
    demanded, and what the two readers raise.
    """
    members = load(document, "the bundle", MAX_BUNDLE)
    if members.has("mediaType"):
        return read_members(members, min_version)
    if not members.has("base64Signature"):
        raise Refused("format_unsupported", "the file is neither a Sigstore bundle nor one of cosign's old ones")
    if min_version != "0.1":
        raise Refused("format_too_old", f"cosign's old bundle is older than version {min_version}, which is demanded")
    return read_old_members(members)
