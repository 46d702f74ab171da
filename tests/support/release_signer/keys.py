# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of the test signer, all made at run time, and how each kind signs."""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | dsa.DSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey | dsa.DSAPublicKey

_CURVES: dict[str, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - only to be refused
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
# What protobuf-specs calls a key that a log, a certificate or an entry holds.
KEY_DETAILS = {
    "secp256r1": "PKIX_ECDSA_P256_SHA_256",
    "secp384r1": "PKIX_ECDSA_P384_SHA_384",
    "secp521r1": "PKIX_ECDSA_P521_SHA_512",
    "ed25519": "PKIX_ED25519",
    "2048": "PKIX_RSA_PKCS1V15_2048_SHA256",
    "3072": "PKIX_RSA_PKCS1V15_3072_SHA256",
    "4096": "PKIX_RSA_PKCS1V15_4096_SHA256",
}


def new_key(kind: str = "P-256") -> PrivateKey:
    """A new key: the name of a curve, "ed25519", "rsa-<bits>", "rsa-e3" (2048 bit with exponent 3) or "dsa"."""
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind])
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "dsa":
        return dsa.generate_private_key(2048)
    if kind == "rsa-e3":
        return rsa.generate_private_key(3, 2048)
    return rsa.generate_private_key(65537, int(kind.removeprefix("rsa-")))


def hash_algorithm(name: str) -> hashes.HashAlgorithm:
    """The hash of this name, as hashlib spells it."""
    return _HASHES[name]


def sign(key: PrivateKey, data: bytes, hash_name: str = "sha256", *, pss: bool = False) -> bytes:
    """Signs as cosign does: ECDSA in DER, RSA with PKCS #1 v1.5 (or PSS on request), pure Ed25519."""
    algorithm = hash_algorithm(hash_name)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    if isinstance(key, rsa.RSAPrivateKey):
        pss_padding = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
        return key.sign(data, pss_padding if pss else padding.PKCS1v15(), algorithm)
    if isinstance(key, dsa.DSAPrivateKey):
        return key.sign(data, algorithm)
    return key.sign(data, ec.ECDSA(algorithm))


def other_half(signature: bytes, order: int) -> bytes:
    """The second ECDSA signature that the first one gives away: (r, n - s)."""
    r, s = utils.decode_dss_signature(signature)
    return utils.encode_dss_signature(r, order - s)


# Order of the group of P-256 (FIPS 186-4 D.1.2.3).
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def spki(key: PublicKey) -> bytes:
    """SubjectPublicKeyInfo, DER."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def private_pem(key: PrivateKey) -> bytes:
    """PKCS #8 in PEM, not encrypted: for the state directory of the command line."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def pem(der: bytes, kind: str) -> bytes:
    """PEM with lines of 64 characters, as Go's encoder writes it."""
    text = base64.b64encode(der).decode()
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n".encode()


def details(key: PublicKey) -> str:
    """The keyDetails of a key (protobuf-specs sigstore_common.proto)."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return KEY_DETAILS[key.curve.name]
    if isinstance(key, rsa.RSAPublicKey):
        return KEY_DETAILS[str(key.key_size)]
    return KEY_DETAILS["ed25519"]


def log_id(key: PublicKey) -> bytes:
    """Key id of a certificate or v1 log: SHA-256 of the SPKI (RFC 6962 3.2)."""
    return hashlib.sha256(spki(key)).digest()


def note_id(name: str, key: ed25519.Ed25519PublicKey, kind: int = 1) -> bytes:
    """Key id of a signed note's Ed25519 key: 1 = the log itself, 4 = a witness (C2SP signed-note, tlog-cosignature)."""
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + raw).digest()


def b64(data: bytes) -> str:
    """Standard Base64 with padding."""
    return base64.b64encode(data).decode()
