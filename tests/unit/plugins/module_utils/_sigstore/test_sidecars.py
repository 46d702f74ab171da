# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signature and certificate files: every spelling that cosign writes, one reading for each, nothing else."""

from __future__ import annotations

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import MessageSignature
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.sidecars import (
    parse_sidecars,
    read_certificate,
    read_signature,
)
from ansible_collections.prexorcloud.production.tests.support.release_signer.keys import b64, new_key, private_pem, sign
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.transparency import WORLD, reason
from hypothesis import given
from hypothesis import strategies as st

SIGNING = WORLD.sign(b"what was signed\n")
KEYED = WORLD.sign_with_key(b"what was signed\n", new_key())
TEXT, CERTIFICATE = SIGNING.sidecars()
PEM = SIGNING.certificate_pem


def test_what_cosign_writes() -> None:
    signed = parse_sidecars(TEXT, CERTIFICATE)
    assert signed.content == MessageSignature(SIGNING.signature)
    assert signed.certificate == SIGNING.leaf
    # Such files prove no time at all: the entry has to be looked up, with all that it can prove.
    assert (signed.entries, signed.timestamps) == ((), ())
    assert signed.promise_required and signed.proof_required


def test_a_bare_key_has_no_certificate() -> None:
    assert parse_sidecars(TEXT, None).certificate is None


@pytest.mark.parametrize("spelling", [TEXT, TEXT + b"\n", SIGNING.signature])
def test_spellings_of_a_signature(spelling: bytes) -> None:
    assert read_signature(spelling) == SIGNING.signature


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "rsa-2048", "rsa-3072", "ed25519"])
def test_raw_signatures_of_each_kind_of_key(kind: str) -> None:
    signature = sign(new_key(kind), b"data")
    assert read_signature(signature) == signature
    assert read_signature(b64(signature).encode()) == signature


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"no text",
        TEXT + b"\n\n",
        TEXT + b"\r\n",
        b" " + TEXT,
        TEXT[:20] + b"\n" + TEXT[20:],
        TEXT.rstrip(b"=") + b"=" * (TEXT.count(b"=") + 1),
        b"\xef\xbb\xbf" + TEXT,
        TEXT.replace(TEXT[:1], b"-"),
        TEXT + b"\x00",
        SIGNING.signature + b"\n",
        SIGNING.signature[:-1],
        b"\x30\x00",
        b"\x30\x03\x02\x01\x01",
        b"\x30\x09\x02\x01\x01\x02\x01\x01\x02\x01\x01",
        b"\x30\x06\x04\x01\x01\x04\x01\x01",
        b"\x31\x06\x02\x01\x01\x02\x01\x01",
        bytes(65),
        PEM,
        KEYED.key_pem,
    ],
)
def test_what_is_no_signature(data: bytes) -> None:
    assert reason(read_signature, data) == "input_malformed"


@pytest.mark.parametrize(
    "spelling", [PEM, PEM.rstrip(b"\n"), CERTIFICATE, CERTIFICATE + b"\n", PEM.replace(b"\n", b"\r\n")]
)
def test_spellings_of_a_certificate(spelling: bytes) -> None:
    assert read_certificate(spelling, "it") == SIGNING.leaf


@pytest.mark.parametrize(
    "block", [KEYED.key_pem, PEM + KEYED.key_pem, KEYED.key_pem + PEM, private_pem(new_key()), b"-----BEGIN X-----"]
)
def test_another_kind_of_block(block: bytes) -> None:
    for spelling in (block, b64(block).encode()):
        assert reason(read_certificate, spelling, "it") == "material_mismatch"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text",
        PEM + PEM,
        PEM + b"more",
        b"more\n" + PEM,
        b"\xef\xbb\xbf" + PEM,
        b64(PEM + PEM).encode(),
        b64(b64(PEM).encode()).encode(),
        CERTIFICATE + b"\n\n",
        CERTIFICATE[:64] + b"\n" + CERTIFICATE[64:],
        PEM[:-12],
        SIGNING.leaf,
        b64(SIGNING.leaf or b"").encode(),
        b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
    ],
)
def test_what_is_not_one_certificate(data: bytes) -> None:
    assert reason(read_certificate, data, "it") == "input_malformed"


def test_caps() -> None:
    assert reason(parse_sidecars, b"A" * (1 << 15), None) == "input_too_large"
    assert reason(parse_sidecars, TEXT, PEM * 100) == "input_too_large"


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_any_bytes_parse_or_are_refused(signature: bytes, certificate: bytes) -> None:
    for function, arguments in ((read_signature, (signature,)), (read_certificate, (certificate, "it"))):
        try:
            assert function(*arguments)
        except Refused as refusal:
            assert refusal.reason in ("input_malformed", "material_mismatch")


@given(st.binary(min_size=1, max_size=200))
def test_text_has_precedence(signature: bytes) -> None:
    assert read_signature(b64(signature).encode()) == signature
