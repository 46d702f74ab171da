# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signature and certificate as files of their own, as `cosign sign-blob` writes them (sigstore.md 2 (1) and (4))."""

from __future__ import annotations

import re

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import der
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.encoding import decode_base64, decode_pem
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import MessageSignature, Signed

MAX_SIGNATURE = 16 * 1024
MAX_CERTIFICATE = 64 * 1024
# Raw signatures that are no DER: Ed25519, RSA of 2048, 3072 and 4096 bits.
PLAIN_LENGTHS = (64, 256, 384, 512)
# DER has its tags and lengths among these; a plain signature without any of them does not happen.
NOT_TEXT = re.compile(rb"[^\t\n\r -~]")
FOREIGN_BLOCK = re.compile(rb"-----BEGIN (?!CERTIFICATE-----)[^-\r\n]{1,64}-----")


def _one_line(data: bytes) -> str:
    """The text without one final newline; what is no ASCII in it is no Base64 either."""
    text = data.decode("ascii", "replace")
    return text.removesuffix("\n")


def _is_raw(data: bytes) -> bool:
    if len(data) in PLAIN_LENGTHS:
        return True
    try:
        # Two integers. Their value is for cryptography to judge, which is as strict.
        parts = der.read(data, "").expect(der.SEQUENCE).children()
    except Refused:
        return False
    return [part.tag for part in parts] == [der.INTEGER, der.INTEGER]


def read_signature(data: bytes) -> bytes:
    """Signature bytes of a file that holds them as one line of Base64, or raw.

    Bytes that are valid Base64 text are text: nothing has two readings. Raises Refused: "input_malformed",
    "input_too_large".
    """
    what = "the signature file"
    if len(data) > MAX_SIGNATURE:
        raise Refused("input_too_large", f"{what} has {len(data)} bytes, at most {MAX_SIGNATURE} are read")
    if not NOT_TEXT.search(data):
        return decode_base64(_one_line(data), what)
    if not _is_raw(data):
        raise Refused("input_malformed", f"{what} holds neither Base64 nor a raw signature")
    return data


def read_certificate(data: bytes, what: str) -> bytes:
    """DER of the one certificate in `data`, which is PEM or one line of Base64 of PEM (what cosign writes by default).

    Raises Refused: "material_mismatch" if there is a block of another kind, such as a PUBLIC KEY, which must never
    stand in for the caller's key (GHSA-fx35-mq7g-6g98); "input_malformed", "input_too_large".
    """
    if len(data) > MAX_CERTIFICATE:
        raise Refused("input_too_large", f"{what} has {len(data)} bytes, at most {MAX_CERTIFICATE} are read")
    if b"-----" not in data:
        data = decode_base64(_one_line(data), what)
    if FOREIGN_BLOCK.search(data):
        raise Refused("material_mismatch", f"{what} holds a block that is not a certificate")
    return decode_pem(data, "CERTIFICATE", what)


def parse_sidecars(signature: bytes, certificate: bytes | None) -> Signed:
    """What signature file and certificate file claim; `certificate` is None for a bare key.

    Such files hold no log entry: it has to be looked up, or given by the caller. Raises Refused as read_signature and
    read_certificate do.
    """
    return Signed(
        label="signature file" if certificate is None else "signature and certificate files",
        content=MessageSignature(read_signature(signature)),
        certificate=None if certificate is None else read_certificate(certificate, "the certificate file"),
        entries=(),
        promise_required=True,
        proof_required=True,
    )
