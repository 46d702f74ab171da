# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One spelling per value: everything that another reader could take for the same bytes is refused."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import encoding
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from hypothesis import given
from hypothesis import strategies as st

BLOCK = encoding.encode_pem(b"some bytes that are long enough for more than one line of text", "PUBLIC KEY")


def reason(call: Callable[..., object], *arguments: object) -> str:
    with pytest.raises(Refused) as refused:
        call(*arguments)
    return refused.value.reason


@given(st.binary(min_size=1))
def test_base64_is_read_back(data: bytes) -> None:
    assert encoding.decode_base64(encoding.encode_base64(data), "it") == data


@pytest.mark.parametrize(
    "text",
    ["", "AA", "AA=", "AAAA=", "AB==", "A-_A", "AA\n==", " AAAA", "AAAA\n", "AA==AA==", "ÄAAA", "====", "\u0410AAA"],
)
def test_other_spellings_of_base64_are_refused(text: str) -> None:
    assert reason(encoding.decode_base64, text, "it") == "input_malformed"


@given(st.text(alphabet="ABab+/=-_ \n", max_size=12))
def test_no_two_texts_are_the_same_bytes(text: str) -> None:
    try:
        data = encoding.decode_base64(text, "it")
    except Refused:
        return
    assert base64.b64encode(data).decode() == text


@pytest.mark.parametrize(
    ("text", "length"),
    [("", None), ("0", None), ("AB", None), ("ab", 2), ("0x", None), ("ab\n", 1), ("\u0660\u0660", None)],
)
def test_other_spellings_of_hex_are_refused(text: str, length: int | None) -> None:
    assert reason(encoding.decode_hex, text, length, "it") == "input_malformed"


def test_hex_is_read() -> None:
    assert encoding.decode_hex("00ff", 2, "it") == b"\x00\xff"


@given(st.binary(min_size=1))
def test_pem_is_read_back(data: bytes) -> None:
    text = encoding.encode_pem(data, "CERTIFICATE").encode()
    assert encoding.decode_pem(text, "CERTIFICATE", "it") == data
    assert encoding.decode_pem(text.replace(b"\n", b"\r\n") + b"\n ", "CERTIFICATE", "it") == data


@pytest.mark.parametrize(
    "text",
    [
        "",
        BLOCK + BLOCK,
        "x" + BLOCK,
        "\n" + BLOCK,
        BLOCK + "x",
        BLOCK.replace("PUBLIC KEY", "CERTIFICATE"),
        BLOCK.replace("PUBLIC KEY", "PRIVATE KEY"),
        BLOCK + encoding.encode_pem(b"another", "CERTIFICATE"),
        BLOCK.replace("-----END PUBLIC KEY-----", ""),
        BLOCK.replace("-----BEGIN PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----\nProc-Type: 4,ENCRYPTED\n"),
        BLOCK.replace("-----END", "=-----END"),
    ],
)
def test_anything_but_one_block_is_refused(text: str) -> None:
    assert reason(encoding.decode_pem, text.encode(), "PUBLIC KEY", "it") == "input_malformed"


@given(st.binary(max_size=200))
def test_pem_of_anything_is_refused_at_most(data: bytes) -> None:
    with pytest.raises(Refused):
        encoding.decode_pem(data, "PUBLIC KEY", "it")
