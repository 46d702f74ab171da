# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that the verifying modules share, and the policy that they make."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.files import FileError, read_file
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.bundle import NUMBERS
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.identity import IdentityPolicy
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.instants import from_rfc3339, to_text
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.lookup import Ask
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import TrustRoot, Verdict, Window
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.policy import (
    IGNORE,
    ONLINE,
    TRANSPARENCY_LOGS,
    Policy,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.public_good import TRUSTED_ROOT
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.rekor import search
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.signature import (
    KEY_LIMIT,
    RSA_PADDINGS,
    load_public_keys,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.trust_root import parse_trust_root

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

LIBRARY_MISSING = importlib.util.find_spec("cryptography") is None
LIBRARY_ADVICE = "Signatures are verified with python3-cryptography (>= 38), which is missing where the module runs."
FILE_LIMIT = 8 * 1024 * 1024
IDENTITY = (
    "certificate_identity",
    "certificate_identity_regexp",
    "certificate_oidc_issuer",
    "certificate_oidc_issuer_regexp",
)

POLICY_OPTIONS: dict[str, dict[str, Any]] = {
    **{name: {"type": "str"} for name in IDENTITY},
    "public_keys": {"type": "list", "elements": "path", "default": [], "no_log": False},
    "key_valid_from": {"type": "str", "no_log": False},
    "key_valid_until": {"type": "str", "no_log": False},
    "trust_root": {"type": "path"},
    "transparency_log": {"type": "str", "choices": list(TRANSPARENCY_LOGS), "default": ONLINE},
    "rekor_url": {"type": "str", "default": "https://rekor.sigstore.dev"},
    "ca_path": {"type": "path"},
    "timeout": {"type": "int", "default": 30},
    "min_bundle_version": {"type": "str", "choices": list(NUMBERS), "default": NUMBERS[0]},
    "rsa_padding": {"type": "str", "choices": list(RSA_PADDINGS), "default": RSA_PADDINGS[0]},
}


def read_input(path: str) -> bytes:
    """The content of a file that an option names. Raises Refused: "input_unreadable", "input_too_large"."""
    try:
        if os.stat(path).st_size > FILE_LIMIT:
            raise Refused("input_too_large", f"{path} is larger than {FILE_LIMIT} bytes")
        content = read_file(path, FILE_LIMIT)
    except (FileError, OSError, ValueError) as error:
        raise Refused("input_unreadable", f"{path} cannot be read: {error}") from error
    if content is None:
        raise Refused("input_unreadable", f"{path} does not exist")
    return content


def read_policy(params: Mapping[str, Any], predicate_type: str | None = None) -> Policy:
    """The policy that a module's options make; `params` has every name of POLICY_OPTIONS.

    Raises PolicyError if the options have no safe meaning, Refused if a file that they name is not usable.
    """
    keys = _read_keys(params["public_keys"])
    named = any(params[name] is not None for name in IDENTITY)
    identity = IdentityPolicy.from_options(*(params[name] for name in IDENTITY)) if named or not keys else None
    return Policy(
        trust_root=_read_trust_root(params),
        identity=identity,
        keys=keys,
        key_window=_read_window(params),
        transparency_log=params["transparency_log"],
        min_bundle_version=params["min_bundle_version"],
        predicate_type=predicate_type,
        rsa_padding=params["rsa_padding"],
    )


def asking(params: Mapping[str, Any]) -> Ask:
    """Sends a request to the log that the options name."""
    return partial(search, params["rekor_url"], ca_file=params["ca_path"], timeout=float(params["timeout"]))


def _read_trust_root(params: Mapping[str, Any]) -> TrustRoot | None:
    if params["trust_root"] is not None:
        return parse_trust_root(read_input(params["trust_root"]))
    return None if params["transparency_log"] == IGNORE else parse_trust_root(TRUSTED_ROOT)


def _read_keys(paths: list[str]) -> tuple[PublicKeyTypes, ...]:
    keys: list[PublicKeyTypes] = []
    for path in paths:
        content = read_input(path)
        if len(content) > KEY_LIMIT:
            raise Refused("key_malformed", f"{path} is too large for public keys")
        keys += load_public_keys(content, path)
    return tuple(keys)


def _read_window(params: Mapping[str, Any]) -> Window | None:
    start, end = params["key_valid_from"], params["key_valid_until"]
    if start is None and end is None:
        return None
    try:
        return Window(
            0 if start is None else from_rfc3339(start, "key_valid_from"),
            None if end is None else from_rfc3339(end, "key_valid_until"),
        )
    except Refused as error:
        raise PolicyError(error.detail) from error


def describe(verdict: Verdict) -> dict[str, Any]:
    """What a module returns of a verdict."""
    return {
        "identity": verdict.signer.identity if verdict.signer else None,
        "issuer": verdict.signer.issuer if verdict.signer else None,
        "key": verdict.key,
        "digest": f"sha256:{verdict.digest}",
        "format": verdict.label,
        "log_index": verdict.log_index,
        "log": verdict.log_name,
        "time": None if verdict.time is None else to_text(verdict.time),
    }
