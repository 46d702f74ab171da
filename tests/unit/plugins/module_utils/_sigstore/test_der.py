# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DER has one spelling; everything else is refused (X.690 chapters 8, 10)."""

from __future__ import annotations

import time

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import der, instants
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st


def element(tag: int, content: bytes) -> bytes:
    size = len(content)
    digits = size.to_bytes((size.bit_length() + 7) // 8 or 1, "big")
    return bytes([tag]) + (bytes([size]) if size < 128 else bytes([0x80 | len(digits)]) + digits) + content


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x80\x00\x00",
        b"\x04\x81\x01\x00",
        b"\x04\x82\x00\x81" + b"\x00" * 0x81,
        b"\x04\x02\x00",
        b"\x04\x01\x00\x00",
        b"\x1f\x01\x00",
        b"\x04\x85\x00\x00\x00\x00\x01\x00",
        b"\x04\x84\xff\xff\xff\xff",
        b"\x04\x82\x01",
    ],
)
def test_other_spellings_are_refused(data: bytes) -> None:
    with pytest.raises(Refused) as refused:
        der.read(data, "it").children()
    assert refused.value.reason == "input_malformed"


@given(st.binary(max_size=300))
def test_values_are_read_back(content: bytes) -> None:
    raw = element(der.OCTET_STRING, content)
    assert der.read(raw, "it").octets() == content
    inner = der.read(element(der.SEQUENCE, raw + raw), "it").children()
    assert [one.octets() for one in inner] == [content, content]
    assert [one.raw for one in inner] == [raw, raw]


@given(st.integers(-(2**200), 2**200))
def test_integers(value: int) -> None:
    content = value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)
    assert der.read(element(der.INTEGER, content), "it").integer() == value


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"\xff\x80", b"\x01" * 65])
def test_malformed_integers(content: bytes) -> None:
    with pytest.raises(Refused):
        der.read(element(der.INTEGER, content), "it").integer()


@pytest.mark.parametrize(
    "dotted", ["1.2.840.113549.1.7.2", "2.5.29.37", "0.9.2342", "2.999.3", "1.3.6.1.4.1.57264.1.8"]
)
def test_object_identifiers(dotted: str) -> None:
    # The library's own writer is the oracle: an extended key usage holds the identifier.
    usage = x509.ExtendedKeyUsage([x509.ObjectIdentifier(dotted)]).public_bytes()
    assert der.read(usage, "it").children()[0].oid() == dotted


@pytest.mark.parametrize("content", [b"", b"\x2a\x86", b"\x2a\x80\x01", b"\x80\x01", b"\x2a" * 65])
def test_malformed_object_identifiers(content: bytes) -> None:
    with pytest.raises(Refused):
        der.read(element(der.OID, content), "it").oid()


def test_text_and_truth() -> None:
    assert der.read(element(der.UTF8_STRING, "ä".encode()), "it").text() == "ä"
    assert der.read(element(der.BOOLEAN, b"\xff"), "it").boolean() is True
    for tag, content in ((der.UTF8_STRING, b"\xff"), (der.BOOLEAN, b"\x01"), (der.BOOLEAN, b"")):
        with pytest.raises(Refused):
            one = der.read(element(tag, content), "it")
            _ = one.text() if tag == der.UTF8_STRING else one.boolean()
    with pytest.raises(Refused):
        der.read(element(der.OCTET_STRING, b""), "it").expect(der.SEQUENCE)


def test_depth_is_bounded() -> None:
    raw = b""
    for _ in range(40):
        raw = element(der.SEQUENCE, raw)
    one = der.read(raw, "it")
    with pytest.raises(Refused) as refused:
        while True:
            one = one.children()[0]
    assert "deep" in refused.value.detail


def test_many_elements_cost_no_more_than_their_number() -> None:
    start = time.process_time()
    assert len(der.read(element(der.SEQUENCE, b"\x05\x00" * 50_000), "it").children()) == 50_000
    assert time.process_time() - start < 2


@given(st.binary(max_size=60))
def test_bytes_of_anybody(data: bytes) -> None:
    try:
        one = der.read(data, "it")
    except Refused:
        return
    assert one.raw == data


def test_context_tags() -> None:
    assert (der.context(0), der.context(3), der.context(6, constructed=False)) == (0xA0, 0xA3, 0x86)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2022-12-31T23:59:59.999Z", 1672531199_999_000_000),
        ("2026-02-28T00:00:00.123456789Z", 1772236800_123_456_789),
    ],
)
def test_instants(text: str, instant: int) -> None:
    assert instants.from_rfc3339(text, "it") == instant
    assert instants.to_text(instant) == text[:19] + "Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-02-30T00:00:00Z",
        "2026-01-01",
        "2026-01-01T00:00:00+00:00",
        "2026-01-01T00:00:00.Z",
        "2026-01-01t00:00:00z",
    ],
)
def test_no_instants(text: str) -> None:
    with pytest.raises(Refused):
        instants.from_rfc3339(text, "it")


def test_seconds() -> None:
    assert instants.from_seconds(5, "it") == 5_000_000_000
    for seconds in (-1, 2**63):
        with pytest.raises(Refused):
            instants.from_seconds(seconds, "it")
