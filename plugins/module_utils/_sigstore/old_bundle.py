# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cosign's bundles from before Sigstore's (`--bundle` of cosign 1 and 2; sigstore.md 2 (3))."""

from __future__ import annotations

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.encoding import decode_base64, decode_hex
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.entry_body import kind_of
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import (
    LogEntry,
    MessageSignature,
    Signed,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.sidecars import read_certificate
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.strict_json import Members, load

MAX_OLD_BUNDLE = 1024 * 1024
KEY_ID_BYTES = 32


def number(members: Members, name: str) -> int:
    """A member that must be an integer written as a number, as everywhere outside of protobuf's JSON.

    Raises Refused("input_malformed").
    """
    value = members.integer(name)
    if isinstance(members.value[name], str):
        raise members.refuse(name, "is text instead of a number")
    return value


def parse_log_bundle(bundle: Members) -> LogEntry:
    """The entry in a `rekorBundle`: its promise is the only proof there is. Raises Refused("input_malformed").

    Container images carry the same object in an annotation (sigstore.md 2 (5)).
    """
    payload = bundle.only("SignedEntryTimestamp", "Payload").members("Payload")
    payload.only("body", "integratedTime", "logIndex", "logID")
    body = decode_base64(payload.text("body"), f"{payload.where}.body")
    kind, version = kind_of(body)
    return LogEntry(
        log_id=decode_hex(payload.text("logID"), KEY_ID_BYTES, f"{payload.where}.logID"),
        log_index=number(payload, "logIndex"),
        kind=kind,
        version=version,
        body=body,
        integrated_time=number(payload, "integratedTime") or None,
        promise=decode_base64(bundle.text("SignedEntryTimestamp"), f"{bundle.where}.SignedEntryTimestamp"),
    )


def parse_old_bundle(document: bytes) -> Signed:
    """What an old bundle claims; nothing of it is verified.

    `cert` is one certificate, as PEM or Base64 of PEM, or absent where the caller brings the key; without
    `rekorBundle` there is no entry, which is left to the policy to refuse.

    Raises Refused: "material_mismatch" if `cert` is anything else, such as a PUBLIC KEY (GHSA-fx35-mq7g-6g98);
    "input_malformed" (unknown members included), "input_too_large".
    """
    return read_members(load(document, "the bundle", MAX_OLD_BUNDLE))


def read_members(bundle: Members) -> Signed:
    """As parse_old_bundle(), of JSON that is read already."""
    bundle.only("base64Signature", "cert", "rekorBundle")
    certificate = bundle.optional_text("cert")
    entry = bundle.optional_members("rekorBundle")
    return Signed(
        label="old cosign bundle",
        content=MessageSignature(decode_base64(bundle.text("base64Signature"), "the bundle.base64Signature")),
        certificate=None if certificate is None else read_certificate(certificate.encode("utf-8"), "the bundle.cert"),
        entries=() if entry is None else (parse_log_bundle(entry),),
        promise_required=True,
        proof_required=False,
    )
