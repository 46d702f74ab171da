# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A strict reader of DER (X.690): definite, minimal lengths, nothing behind the end, bounded depth.

cryptography reads certificates; this is for what it has no reader for: extensions of Fulcio's and time stamp tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused

BOOLEAN, INTEGER, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x04, 0x05, 0x06
UTF8_STRING, UTC_TIME, GENERALIZED_TIME = 0x0C, 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31

CONSTRUCTED = 0x20
MAX_DEPTH = 16
MAX_LENGTH_BYTES = 4
MAX_INTEGER_BYTES = 64
MAX_OID_BYTES = 64


def context(number: int, *, constructed: bool = True) -> int:
    """Tag of a context-specific field [number]."""
    return 0x80 | (CONSTRUCTED if constructed else 0) | number


@dataclass(frozen=True)
class Element:
    """One element: its tag byte, all its bytes (`raw`), the bytes of its value (`content`), and how deep it lies."""

    tag: int
    raw: bytes
    content: bytes
    what: str
    depth: int = 0

    def refuse(self, why: str) -> Refused:
        """An exception, to be raised, that names the input."""
        return Refused("input_malformed", f"{self.what}: {why}")

    def expect(self, tag: int) -> Element:
        """This element, if it has the tag. Raises Refused("input_malformed")."""
        if self.tag != tag:
            raise self.refuse(f"DER element 0x{self.tag:02x} where 0x{tag:02x} is prescribed")
        return self

    def children(self) -> tuple[Element, ...]:
        """The elements that a constructed one consists of, without rest. Raises Refused("input_malformed")."""
        if not self.tag & CONSTRUCTED:
            raise self.refuse("a primitive DER element where a constructed one is prescribed")
        if self.depth >= MAX_DEPTH:
            raise self.refuse("DER is nested too deep")
        found = []
        at = 0
        while at < len(self.content):
            element = _element(self.content, at, self.what, self.depth + 1)
            found.append(element)
            at += len(element.raw)
        return tuple(found)

    def oid(self) -> str:
        """An object identifier in dots. Raises Refused("input_malformed")."""
        data = self.expect(OID).content
        if not data or len(data) > MAX_OID_BYTES or data[-1] & 0x80:
            raise self.refuse("a malformed object identifier")
        arcs: list[int] = []
        value = 0
        fresh = True
        for byte in data:
            if fresh and byte == 0x80:
                raise self.refuse("an object identifier that is not minimal")
            value = value << 7 | byte & 0x7F
            fresh = not byte & 0x80
            if fresh:
                arcs.append(value)
                value = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))

    def integer(self) -> int:
        """An integer of at most 64 bytes. Raises Refused("input_malformed")."""
        data = self.expect(INTEGER).content
        if not data or len(data) > MAX_INTEGER_BYTES:
            raise self.refuse("a malformed integer")
        if len(data) > 1 and (data[0], data[1] >> 7) in ((0x00, 0), (0xFF, 1)):
            raise self.refuse("an integer that is not minimal")
        return int.from_bytes(data, "big", signed=True)

    def boolean(self) -> bool:
        """A truth value. Raises Refused("input_malformed")."""
        data = self.expect(BOOLEAN).content
        if data not in (b"\x00", b"\xff"):
            raise self.refuse("a malformed truth value")
        return data == b"\xff"

    def octets(self) -> bytes:
        """The bytes of an octet string. Raises Refused("input_malformed")."""
        return self.expect(OCTET_STRING).content

    def text(self) -> str:
        """The text of a UTF8String. Raises Refused("input_malformed")."""
        try:
            return self.expect(UTF8_STRING).content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.refuse("text that is not UTF-8") from error


def read(data: bytes, what: str) -> Element:
    """The one element that `data` consists of; `what` names it in messages. Raises Refused("input_malformed")."""
    element = _element(data, 0, what, 0)
    if len(element.raw) != len(data):
        raise element.refuse("bytes behind the end of its DER")
    return element


def _element(data: bytes, at: int, what: str, depth: int) -> Element:
    """The element that begins at an offset: by offset, since cutting off what was read costs the square of the size."""
    start = at + 2
    if len(data) < start or data[at] & 0x1F == 0x1F:
        raise Refused("input_malformed", f"{what}: cut off, or a DER tag that is not used")
    length = data[at + 1]
    if length & 0x80:
        count = length & 0x7F
        digits = data[start : start + count]
        start += count
        length = int.from_bytes(digits, "big")
        if not 0 < count <= MAX_LENGTH_BYTES or len(digits) != count or digits[0] == 0 or length < 0x80:
            raise Refused("input_malformed", f"{what}: a DER length that is not minimal")
    end = start + length
    if len(data) < end:
        raise Refused("input_malformed", f"{what}: cut off")
    return Element(data[at], data[at:end], data[start:end], what, depth)
