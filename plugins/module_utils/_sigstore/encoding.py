# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base64, hex and PEM with one spelling per value (sigstore.md 3): a second spelling would be a second signature."""

from __future__ import annotations

import base64
import binascii
import re

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused

BOUNDARY = re.compile(rb"-----(?:BEGIN|END) [^-\r\n]{1,64}-----")
WIDTH = 64


def decode_base64(text: str, what: str) -> bytes:
    """Bytes of standard, padded Base64 in its one canonical spelling; empty text is refused.

    Raises Refused("input_malformed") naming `what`.
    """
    try:
        raw = text.encode("ascii")
        data = base64.b64decode(raw, validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise Refused("input_malformed", f"{what} is not standard Base64") from error
    if not data or base64.b64encode(data) != raw:
        raise Refused("input_malformed", f"{what} is not canonical Base64")
    return data


def encode_base64(data: bytes) -> str:
    """Standard, padded Base64 on one line."""
    return base64.b64encode(data).decode("ascii")


def decode_hex(text: str, length: int | None, what: str) -> bytes:
    """Bytes of lower-case hex digits; `length` in bytes, or None for any but zero.

    Raises Refused("input_malformed") naming `what`.
    """
    if not re.fullmatch(r"(?:[0-9a-f]{2})+", text, re.ASCII) or length not in (None, len(text) // 2):
        wanted = "an even number of" if length is None else f"{length * 2}"
        raise Refused("input_malformed", f"{what} is not {wanted} lower-case hex digits")
    return bytes.fromhex(text)


def decode_pem(data: bytes, kind: str, what: str) -> bytes:
    """DER bytes of the one block of `kind` ("CERTIFICATE", "PUBLIC KEY") that `data` consists of.

    Nothing may stand before the block and nothing but white space behind it; lines may end in CR LF. Raises
    Refused("input_malformed") naming `what` and what was found instead.
    """
    begin, end = (f"-----{word} {kind}-----".encode("ascii") for word in ("BEGIN", "END"))
    boundaries = BOUNDARY.findall(data)
    if boundaries != [begin, end] or not data.startswith(begin) or data.rstrip(b" \t\r\n")[-len(end) :] != end:
        found = (
            ", ".join(sorted({one.decode("ascii", "replace").strip("-") for one in boundaries[:8]})) or "no PEM block"
        )
        raise Refused("input_malformed", f"{what} is not exactly one block {kind} (found: {found})")
    text = data[len(begin) : data.index(end)]
    return decode_base64(re.sub(rb"[ \t\r\n]+", b"", text).decode("ascii", "replace"), what)


def encode_pem(der: bytes, kind: str) -> str:
    """One PEM block of `kind` with lines of 64 characters, as OpenSSL and Go write it."""
    text = encode_base64(der)
    lines = [text[at : at + WIDTH] for at in range(0, len(text), WIDTH)]
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""])
