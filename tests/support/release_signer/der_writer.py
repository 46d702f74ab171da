# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A writer of DER (X.690), independent of the reader under test."""

from __future__ import annotations

NULL = b"\x05\x00"


def element(tag: int, *parts: bytes) -> bytes:
    """One element: its tag, the minimal length, and the parts as its value."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE of elements."""
    return element(0x30, *parts)


def set_of(*parts: bytes, tag: int = 0x31) -> bytes:
    """A SET OF, sorted as DER demands; `tag` for an implicitly tagged one."""
    return element(tag, *sorted(parts))


def field(number: int, *parts: bytes) -> bytes:
    """The constructed, context-specific field [number]."""
    return element(0xA0 | number, *parts)


def integer(value: int) -> bytes:
    """An INTEGER with the fewest bytes."""
    size = (value + (value < 0)).bit_length() // 8 + 1
    return element(0x02, value.to_bytes(size, "big", signed=True))


def octets(data: bytes) -> bytes:
    """An OCTET STRING."""
    return element(0x04, data)


def truth(value: bool) -> bytes:
    """A BOOLEAN."""
    return element(0x01, b"\xff" if value else b"\x00")


def text(value: str) -> bytes:
    """A UTF8String."""
    return element(0x0C, value.encode())


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return element(0x06, *(_base128(arc) for arc in (40 * first + second, *rest)))


def _base128(arc: int) -> bytes:
    digits = [arc & 0x7F]
    while arc := arc >> 7:
        digits.append(arc & 0x7F | 0x80)
    return bytes(reversed(digits))
