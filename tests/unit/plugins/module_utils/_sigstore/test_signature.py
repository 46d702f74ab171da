# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys, hashes and signatures are verified (sigstore.md 1.13), and how public keys are read (2 (4))."""

from __future__ import annotations

import base64
import hashlib
import os
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.artifact import WHOLE_LIMIT, Artifact
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.signature import (
    KEY_LIMIT,
    MAX_KEYS,
    allowed_hashes,
    load_public_key,
    load_public_keys,
    load_spki,
    spki,
    verify_artifact,
    verify_bytes,
    verify_digest,
)
from ansible_collections.prexorcloud.production.tests.support.release_signer import keys as signer
from ansible_collections.prexorcloud.production.tests.support.release_signer.authority import CaPlan, make_ca
from cryptography.hazmat.primitives.asymmetric import ec, ed448, padding, rsa, utils, x448, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

MESSAGE = b"what was released"
KINDS = ("P-256", "P-384", "P-521", "rsa-2048", "ed25519")


@cache
def _made(kind: str, _number: int) -> Any:
    return signer.new_key(kind)


def private(kind: str, number: int = 0) -> Any:
    """A private key of the kind, the same one for the same number."""
    return _made(kind, number)


def public(kind: str, number: int = 0) -> Any:
    return private(kind, number).public_key()


def pem(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signed(kind: str, hash_name: str = "sha256", *, pss: bool = False) -> bytes:
    return signer.sign(private(kind), MESSAGE, hash_name, pss=pss)


class Watched(Artifact):
    """An artifact that remembers which digests it was asked for."""

    asked: tuple[str, ...] = ()

    def digest(self, hash_name: str) -> bytes:
        self.asked += (hash_name,)
        return super().digest(hash_name)


def artifact(data: bytes = MESSAGE) -> Watched:
    found = Watched.from_bytes(data, "blob")
    assert isinstance(found, Watched)
    return found


def reason(verify: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(Refused) as caught:
        verify(*arguments, **named)
    return caught.value.reason


# What verifies


@pytest.mark.parametrize(
    ("kind", "hash_name", "asked"),
    [
        ("P-256", "sha256", ("sha256",)),
        # cosign 3 signs with the hash of the curve, cosign 2 with SHA-256; a second hash only if the first one failed.
        ("P-384", "sha384", ("sha384",)),
        ("P-384", "sha256", ("sha384", "sha256")),
        ("P-521", "sha512", ("sha512",)),
        ("P-521", "sha256", ("sha512", "sha256")),
        ("rsa-2048", "sha256", ("sha256",)),
    ],
)
def test_the_key_decides_on_the_hash(kind: str, hash_name: str, asked: tuple[str, ...]) -> None:
    watched = artifact()
    assert verify_artifact(public(kind), signed(kind, hash_name), watched) == hash_name
    assert watched.asked == asked
    assert verify_bytes(public(kind), signed(kind, hash_name), MESSAGE) == hash_name
    assert verify_bytes(public(kind), signed(kind, hash_name), MESSAGE, hash_name=hash_name) == hash_name


@pytest.mark.parametrize("kind", ["rsa-3072", "rsa-4096"])
def test_longer_rsa_keys(kind: str) -> None:
    assert verify_bytes(public(kind), signed(kind), MESSAGE) == "sha256"


def test_ed25519_signs_the_message_itself(tmp_path: Path) -> None:
    assert verify_artifact(public("ed25519"), signed("ed25519"), artifact()) is None
    assert verify_bytes(public("ed25519"), signed("ed25519"), MESSAGE) is None
    path = tmp_path / "blob"
    path.write_bytes(MESSAGE)
    with Artifact.from_path(str(path)) as file:
        assert verify_artifact(public("ed25519"), signed("ed25519"), file) is None


def test_ed25519_cannot_use_a_digest() -> None:
    digest = hashlib.sha256(MESSAGE).hexdigest()
    assert reason(verify_artifact, public("ed25519"), signed("ed25519"), Artifact.from_digest(digest)) == (
        "algorithm_unsupported"
    )
    # Ed25519ph and a signature over the digest are other things than a signature over the message.
    over_digest = private("ed25519").sign(hashlib.sha512(MESSAGE).digest())
    assert reason(verify_artifact, public("ed25519"), over_digest, artifact()) == "signature_invalid"
    assert reason(verify_bytes, public("ed25519"), signed("ed25519"), MESSAGE, hash_name="sha512") == (
        "algorithm_unsupported"
    )


def test_ed25519_has_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "big"
    with path.open("wb") as file:
        os.truncate(file.fileno(), WHOLE_LIMIT + 1)
    with Artifact.from_path(str(path)) as big:
        assert reason(verify_artifact, public("ed25519"), signed("ed25519"), big) == "input_too_large"


def test_a_digest_alone_serves_where_sha256_was_signed() -> None:
    digest = Artifact.from_digest(hashlib.sha256(MESSAGE).hexdigest())
    for kind in ("P-256", "P-384", "P-521", "rsa-2048"):
        assert verify_artifact(public(kind), signed(kind), digest) == "sha256"
    # Not "signature_invalid": it may well be good.
    assert reason(verify_artifact, public("P-384"), signed("P-384", "sha384"), digest) == "algorithm_unsupported"
    assert reason(verify_artifact, public("P-256"), signed("P-384"), digest) == "signature_invalid"


def test_pss_only_if_asked_for_and_then_nothing_else() -> None:
    rsa_key = public("rsa-2048")
    assert verify_artifact(rsa_key, signed("rsa-2048", pss=True), artifact(), "pss") == "sha256"
    assert verify_bytes(rsa_key, signed("rsa-2048", pss=True), MESSAGE, "pss") == "sha256"
    assert reason(verify_artifact, rsa_key, signed("rsa-2048", pss=True), artifact()) == "signature_invalid"
    assert reason(verify_artifact, rsa_key, signed("rsa-2048"), artifact(), "pss") == "signature_invalid"
    for name in ("", "PSS", "any"):
        with pytest.raises(PolicyError):
            verify_artifact(rsa_key, signed("rsa-2048"), artifact(), name)


# What does not


@pytest.mark.parametrize("kind", KINDS)
def test_altered_artifact_other_key_other_signature(kind: str) -> None:
    good = signed(kind)
    verify_artifact(public(kind), good, artifact())
    assert reason(verify_artifact, public(kind), good, artifact(MESSAGE + b"!")) == "signature_invalid"
    assert reason(verify_artifact, public(kind), good, artifact(b"")) == "signature_invalid"
    assert reason(verify_artifact, public(kind, 1), good, artifact()) == "signature_invalid"
    for other in (b"", b"\x00", good[:-1], good + b"\x00", good[1:], good * 2, base64.b64encode(good)):
        assert reason(verify_artifact, public(kind), other, artifact()) == "signature_invalid"
        assert reason(verify_bytes, public(kind), other, MESSAGE) == "signature_invalid"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_a_signature_of_another_kind_of_key(kind: str, other: str) -> None:
    if kind != other:
        assert reason(verify_bytes, public(kind), signed(other), MESSAGE) == "signature_invalid"


@pytest.mark.parametrize(
    ("kind", "hash_name"),
    [
        ("P-256", "sha384"),
        ("P-256", "sha512"),
        ("P-256", "sha1"),
        ("P-384", "sha512"),
        ("P-521", "sha384"),
        ("rsa-2048", "sha1"),
        ("rsa-2048", "sha512"),
    ],
)
def test_other_hashes_are_never_tried(kind: str, hash_name: str) -> None:
    other = signed(kind, hash_name)
    verify_bytes(public(kind), signed(kind), MESSAGE)
    assert reason(verify_bytes, public(kind), other, MESSAGE) == "signature_invalid"
    assert reason(verify_bytes, public(kind), other, MESSAGE, hash_name=hash_name) == "algorithm_unsupported"
    assert reason(verify_artifact, public(kind), other, artifact(), hash_name=hash_name) == "algorithm_unsupported"


def test_a_fixed_hash_is_the_only_one() -> None:
    good = signed("P-384", "sha256")
    assert verify_artifact(public("P-384"), good, artifact(), hash_name="sha256") == "sha256"
    assert reason(verify_artifact, public("P-384"), good, artifact(), hash_name="sha384") == "signature_invalid"


def test_formats_that_name_their_hash() -> None:
    digest = hashlib.sha512(MESSAGE).digest()
    verify_digest(public("P-256"), signed("P-256", "sha512"), digest, "sha512")
    assert reason(verify_digest, public("P-256"), signed("P-256", "sha384"), digest, "sha512") == "signature_invalid"
    assert reason(verify_digest, public("ed25519"), signed("ed25519"), digest, "sha512") == "algorithm_unsupported"
    assert (
        reason(verify_digest, public("P-256"), signed("P-256", "sha1"), digest[:20], "sha1") == "algorithm_unsupported"
    )
    assert reason(verify_digest, public("P-256"), signed("P-256"), digest, "sha256") == "signature_invalid"


def integer(value: int, *, spare: bytes = b"") -> bytes:
    size = value.bit_length() // 8 + 1
    return bytes([2, size + len(spare)]) + spare + value.to_bytes(size, "big")


def test_ecdsa_has_one_encoding() -> None:
    r, s = utils.decode_dss_signature(signed("P-256"))
    body = integer(r) + integer(s)
    assert verify_bytes(public("P-256"), bytes([0x30, len(body)]) + body, MESSAGE) == "sha256"
    spellings = {
        "raw": r.to_bytes(32, "big") + s.to_bytes(32, "big"),
        "long length": bytes([0x30, 0x81, len(body)]) + body,
        "endless": b"\x30\x80" + body + b"\x00\x00",
        "spare zero": bytes([0x30, len(body) + 1]) + integer(r, spare=b"\x00") + integer(s),
        "third integer": bytes([0x30, len(body) + 3]) + body + b"\x02\x01\x00",
        "zero": b"\x30\x06\x02\x01\x00\x02\x01\x00",
        "r + order": utils.encode_dss_signature(r + signer.P256_ORDER, s),
    }
    for name, other in spellings.items():
        assert reason(verify_bytes, public("P-256"), other, MESSAGE) == "signature_invalid", name


def test_the_other_half_of_a_signature_verifies_too() -> None:
    """So whoever compares signatures compares bytes: entry_body.py does (sigstore.md 1.11)."""
    half = signer.other_half(signed("P-256"), signer.P256_ORDER)
    assert half != signed("P-256")
    assert verify_bytes(public("P-256"), half, MESSAGE) == "sha256"


def test_pkcs1_has_one_encoding() -> None:
    """DigestInfo without its NULL, and the bare digest, are signatures that lax verifiers take."""
    key = private("rsa-2048")
    bare = key.sign(hashlib.sha256(MESSAGE).digest(), padding.PKCS1v15(), utils.NoDigestInfo())
    assert reason(verify_bytes, public("rsa-2048"), bare, MESSAGE) == "signature_invalid"
    short = bytes.fromhex("302f300b0609608648016503040201" + "0420") + hashlib.sha256(MESSAGE).digest()
    assert reason(
        verify_bytes, public("rsa-2048"), key.sign(short, padding.PKCS1v15(), utils.NoDigestInfo()), MESSAGE
    ) == ("signature_invalid")


@pytest.mark.parametrize("kind", KINDS)
@given(at=st.integers(0, 2**16), flip=st.integers(1, 255))
def test_no_flipped_byte_verifies(kind: str, at: int, flip: int) -> None:
    altered = bytearray(signed(kind))
    verify_bytes(public(kind), bytes(altered), MESSAGE)
    altered[at % len(altered)] ^= flip
    assert reason(verify_bytes, public(kind), bytes(altered), MESSAGE) == "signature_invalid"


# Keys that never verify


def rsa_numbers(bits: int, exponent: int) -> rsa.RSAPublicKey:
    return rsa.RSAPublicNumbers(exponent, (1 << bits - 1) | 0x10001).public_key()


# By what the refusal calls them.
WEAK: dict[str, Any] = {
    "ECDSA on secp256k1": lambda: public("secp256k1"),
    "ECDSA on secp224r1": lambda: ec.generate_private_key(ec.SECP224R1()).public_key(),
    "ECDSA on brainpoolP256r1": lambda: ec.generate_private_key(ec.BrainpoolP256R1()).public_key(),
    "RSA with 1024 bits and exponent 65537": lambda: rsa_numbers(1024, 65537),
    "RSA with 2047 bits": lambda: rsa_numbers(2047, 65537),
    "RSA with 4097 bits": lambda: rsa_numbers(4097, 65537),
    "RSA with 2048 bits and exponent 3": lambda: rsa_numbers(2048, 3),
    "RSA with 2048 bits and exponent 65539": lambda: rsa_numbers(2048, 65539),
    "DSA": lambda: public("dsa"),
    "Ed448": lambda: ed448.Ed448PrivateKey.generate().public_key(),
    "X25519": lambda: x25519.X25519PrivateKey.generate().public_key(),
    "X448": lambda: x448.X448PrivateKey.generate().public_key(),
}


@pytest.mark.parametrize(("said", "make"), WEAK.items(), ids=WEAK)
def test_keys_that_never_verify(said: str, make: Any) -> None:
    weak = make()
    with pytest.raises(Refused) as caught:
        allowed_hashes(weak)
    assert caught.value.reason == "algorithm_unsupported" and caught.value.detail.startswith(said)
    assert reason(verify_artifact, weak, b"\x00" * 64, artifact()) == "algorithm_unsupported"
    assert reason(verify_bytes, weak, b"\x00" * 64, MESSAGE, hash_name="sha256") == "algorithm_unsupported"
    assert reason(verify_digest, weak, b"\x00" * 64, b"\x00" * 32, "sha256") == "algorithm_unsupported"
    assert reason(load_public_key, pem(weak)) == "algorithm_unsupported"
    assert reason(load_public_keys, pem(public("P-256")) + pem(weak)) == "algorithm_unsupported"


# Files


@pytest.mark.parametrize("kind", KINDS)
def test_a_public_key_is_read(kind: str) -> None:
    text = pem(public(kind))
    for spelling in (text, text.replace(b"\n", b"\r\n"), text.rstrip(), text + b"\n\n"):
        assert spki(load_public_key(spelling)) == signer.spki(public(kind))


def test_a_file_of_several_keys() -> None:
    text = b"\n".join(pem(public(kind)) for kind in ("P-384", "P-256", "ed25519", "P-256"))
    found = load_public_keys(text)
    assert [spki(one) for one in found] == [signer.spki(public(kind)) for kind in ("P-384", "P-256", "ed25519")]
    assert reason(load_public_key, text) == "key_malformed"
    assert len(load_public_keys(pem(public("P-256")))) == 1


def certificate() -> bytes:
    now = datetime(2025, 1, 1, tzinfo=timezone.utc)
    plan = CaPlan(now, now + timedelta(days=1))
    return make_ca("a certificate", plan, key=private("P-384")).certificate.public_bytes(Encoding.PEM)


def private_pem(kind: PrivateFormat, encryption: Any = None) -> bytes:
    found: bytes = private("P-256").private_bytes(Encoding.PEM, kind, encryption or NoEncryption())
    return found


GOOD = pem(public("P-256"))
BODY = GOOD.split(b"\n")[1]
POINT = private("P-256").public_key()
# SubjectPublicKeyInfo of the same key, its point compressed.
COMPRESSED = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + POINT.public_bytes(
    Encoding.X962, PublicFormat.CompressedPoint
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "does not consist of PEM blocks"),
        (b"\n", "does not consist of PEM blocks"),
        (signer.spki(POINT), "does not consist of PEM blocks"),
        (b"ssh-ed25519 AAAA", "does not consist of PEM blocks"),
        (private_pem(PrivateFormat.PKCS8), "is a private key"),
        (private_pem(PrivateFormat.TraditionalOpenSSL), "is a private key"),
        (private_pem(PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")), "is a private key"),
        (private_pem(PrivateFormat.OpenSSH), "is a private key"),
        (GOOD + private_pem(PrivateFormat.PKCS8), "is a private key"),
        (
            b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
            "private",
        ),
        (certificate(), "CERTIFICATE"),
        (GOOD + certificate(), "CERTIFICATE"),
        (public("rsa-2048").public_bytes(Encoding.PEM, PublicFormat.PKCS1), "RSA PUBLIC KEY"),
        (b"Comment\n" + GOOD, "not exactly one block"),
        (GOOD + b"Comment\n", "text behind"),
        (GOOD + b"Comment\n" + pem(public("P-384")), "not exactly one block"),
        (GOOD.replace(BODY, b""), "is no public key"),
        (GOOD.replace(BODY, BODY[:-4]), "is no public key"),
        (GOOD.replace(BODY, BODY[:-1] + b"!"), "Base64"),
        (GOOD.replace(b"=", b""), ""),
        (GOOD.replace(b"-----END PUBLIC KEY-----", b""), "does not consist"),
        (GOOD.replace(b"-----BEGIN PUBLIC KEY-----", b""), "does not consist"),
        (b"-----END PUBLIC KEY-----\n" + GOOD + b"-----BEGIN PUBLIC KEY-----", ""),
        (GOOD * (MAX_KEYS + 2), "more than"),
        (GOOD + b" " * KEY_LIMIT, "at most"),
        (signer.pem(signer.spki(POINT) + b"\x00", "PUBLIC KEY"), ""),
        (signer.pem(COMPRESSED, "PUBLIC KEY"), "usual encoding"),
        (signer.pem(b"\x30\x00", "PUBLIC KEY"), "is no public key"),
    ],
)
def test_what_is_no_public_key(text: bytes, said: str) -> None:
    for load in (load_public_key, load_public_keys):
        with pytest.raises(Refused) as caught:
            load(text, "trust.pem")
        assert caught.value.reason == "key_malformed"
        assert said in caught.value.detail and "trust.pem" in caught.value.detail
        # Of a private key that was named by mistake nothing shows.
        assert BODY.decode() not in caught.value.detail and len(caught.value.detail) < 300


@given(st.binary(max_size=120) | st.binary(max_size=60).map(lambda data: signer.pem(data, "PUBLIC KEY")))
def test_files_are_read_or_refused(text: bytes) -> None:
    try:
        load_public_keys(text)
    except Refused as refusal:
        assert refusal.reason in ("key_malformed", "algorithm_unsupported")


@given(st.sampled_from(KINDS), st.integers(0, 2**16), st.integers(1, 255))
def test_an_altered_key_is_another_key(kind: str, at: int, flip: int) -> None:
    der = bytearray(signer.spki(public(kind)))
    der[at % len(der)] ^= flip
    try:
        altered = load_spki(bytes(der), "the key")
    except Refused as refusal:
        assert refusal.reason in ("key_malformed", "algorithm_unsupported")
        return
    assert reason(verify_bytes, altered, signed(kind), MESSAGE) == "signature_invalid"
