# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys and signatures are verified, and with which hashes (sigstore.md 1.13).

Only what is in the tables here verifies. Nothing is guessed from the signature: the key decides.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.encoding import BOUNDARY, decode_pem
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused

if TYPE_CHECKING:
    from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.artifact import Artifact
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
except ImportError:
    # Said by the modules before anything of this is called.
    pass

HASHES = ("sha256", "sha384", "sha512")
# cosign 3 signs with the hash of the curve, cosign 2 always with SHA-256.
CURVES: dict[str, tuple[str, ...]] = {
    "secp256r1": ("sha256",),
    "secp384r1": ("sha384", "sha256"),
    "secp521r1": ("sha512", "sha256"),
}
RSA_HASHES = ("sha256",)
RSA_BITS = range(2048, 4096 + 1)
RSA_EXPONENT = 65537
RSA_PADDINGS = ("pkcs1v15", "pss")

KEY_LIMIT = 64 * 1024
MAX_KEYS = 64
KEY_BLOCK = "PUBLIC KEY"
BEGIN = re.compile(rb"-----BEGIN ([^-\r\n]{1,64})-----")
END = b"-----END PUBLIC KEY-----"


def allowed_hashes(key: PublicKeyTypes) -> tuple[str, ...]:
    """Names (as in hashlib) of the hashes that this key may have signed with, the likeliest first.

    Empty for Ed25519, which signs the message itself. Raises Refused("algorithm_unsupported") for any key that is not
    ECDSA on P-256, P-384 or P-521, RSA of 2048 to 4096 bits with exponent 65537, or Ed25519 (sigstore.md 1.13).
    """
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in CURVES:
        return CURVES[key.curve.name]
    if isinstance(key, rsa.RSAPublicKey):
        exponent = key.public_numbers().e
        if key.key_size in RSA_BITS and exponent == RSA_EXPONENT:
            return RSA_HASHES
    if isinstance(key, ed25519.Ed25519PublicKey):
        return ()
    raise Refused("algorithm_unsupported", f"{describe(key)} is no key that is verified")


def describe(key: PublicKeyTypes) -> str:
    """What kind of key this is, for people."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ECDSA on {key.curve.name}"
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA with {key.key_size} bits and exponent {key.public_numbers().e}"
    if isinstance(key, dsa.DSAPublicKey):
        return "DSA"
    return type(key).__name__.strip("_").replace("PublicKey", "")


def verify_artifact(
    key: PublicKeyTypes,
    signature: bytes,
    artifact: Artifact,
    rsa_padding: str = "pkcs1v15",
    hash_name: str | None = None,
) -> str | None:
    """Verifies a signature over the artifact.

    `signature` raw: DER for ECDSA. `rsa_padding`: "pkcs1v15" or "pss", never both. `hash_name` fixes the hash; without
    it each of allowed_hashes() is tried in turn, and the artifact is hashed only as far as that takes.

    Returns the name of the hash that verified, None for Ed25519. Raises Refused: "signature_invalid",
    "algorithm_unsupported" (key or hash; or the artifact is a mere digest of another hash), and what Artifact raises.
    """
    missing = []
    for name in _candidates(key, hash_name):
        if name is None:
            _verify_message(key, signature, artifact.whole())
            return None
        if not artifact.provides(name):
            missing.append(name)
        elif _verifies(key, signature, artifact.digest(name), name, rsa_padding):
            return name
    if missing:
        wanted = ", ".join(missing)
        raise Refused("algorithm_unsupported", f"the signature may be over {wanted}, not SHA-256: give a path")
    raise _invalid(key)


def verify_bytes(
    key: PublicKeyTypes, signature: bytes, data: bytes, rsa_padding: str = "pkcs1v15", hash_name: str | None = None
) -> str | None:
    """Verifies a signature over bytes in memory: promise, checkpoint, SCT, DSSE encoding; else as verify_artifact().

    Raises Refused: "signature_invalid", "algorithm_unsupported".
    """
    for name in _candidates(key, hash_name):
        if name is None:
            _verify_message(key, signature, data)
            return None
        if _verifies(key, signature, hashlib.new(name, data).digest(), name, rsa_padding):
            return name
    raise _invalid(key)


def verify_digest(
    key: PublicKeyTypes, signature: bytes, digest: bytes, hash_name: str, rsa_padding: str = "pkcs1v15"
) -> None:
    """Verifies a signature over a digest of any hash of HASHES, also one that allowed_hashes() lacks.

    For formats that name their hash in what is signed for: certificates and time stamp tokens. Not for
    Ed25519. Raises Refused: "signature_invalid", "algorithm_unsupported".
    """
    if hash_name not in HASHES or not allowed_hashes(key):
        raise Refused("algorithm_unsupported", f"{describe(key)} with {hash_name[:32]} is not verified")
    if not _verifies(key, signature, digest, hash_name, rsa_padding):
        raise _invalid(key)


def load_public_key(pem: bytes, what: str = "the public key") -> PublicKeyTypes:
    """The key of a file with exactly one PEM block PUBLIC KEY and nothing else (sigstore.md 2 (4)).

    `what` names the file in messages. Raises Refused: "key_malformed" saying what was found instead,
    "algorithm_unsupported" for a key that never verifies.
    """
    keys = load_public_keys(pem, what)
    if len(keys) != 1:
        raise Refused("key_malformed", f"{what} holds {len(keys)} keys where one is wanted")
    return keys[0]


def load_public_keys(pem: bytes, what: str = "the public keys") -> tuple[PublicKeyTypes, ...]:
    """The keys of a file that consists of PEM blocks PUBLIC KEY: at least one, in their order, each once.

    Raises as load_public_key(); one bad block spoils the file.
    """
    if len(pem) > KEY_LIMIT:
        raise Refused("key_malformed", f"{what} has {len(pem)} bytes, at most {KEY_LIMIT} are read")
    _require_kinds(pem, what)
    blocks = [block + END for block in pem.strip().split(END)]
    if len(blocks) > MAX_KEYS + 1 or blocks.pop() != END:
        raise Refused("key_malformed", f"{what} has more than {MAX_KEYS} blocks, or text behind the last one")
    keys = {}
    for block in blocks:
        try:
            der = decode_pem(block.lstrip(), KEY_BLOCK, what)
        except Refused as refusal:
            raise Refused("key_malformed", refusal.detail) from refusal
        keys[der] = load_spki(der, what)
    return tuple(keys.values())


def load_spki(der: bytes, what: str) -> PublicKeyTypes:
    """The key of a SubjectPublicKeyInfo in DER, which must be the one encoding that this key has.

    Raises Refused: "key_malformed", "algorithm_unsupported".
    """
    try:
        key = serialization.load_der_public_key(der)
    except UnsupportedAlgorithm as error:
        raise Refused("algorithm_unsupported", f"{what} is of a kind that is not verified") from error
    except (ValueError, TypeError) as error:
        raise Refused("key_malformed", f"{what} is no public key") from error
    allowed_hashes(key)
    # Old releases of cryptography write a compressed point as they read it, newer ones never.
    whole = _whole_point(key) if isinstance(key, ec.EllipticCurvePublicKey) else b""
    if spki(key) != der or not der.endswith(whole):
        raise Refused("key_malformed", f"{what} is not in the usual encoding (whole point, no bytes behind the end)")
    return key


def spki(key: PublicKeyTypes) -> bytes:
    """SubjectPublicKeyInfo of the key, DER."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _whole_point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def _candidates(key: PublicKeyTypes, hash_name: str | None) -> Iterable[str | None]:
    allowed = allowed_hashes(key)
    if hash_name is not None:
        if hash_name not in allowed:
            raise Refused("algorithm_unsupported", f"{describe(key)} with {hash_name[:32]} is not verified")
        return (hash_name,)
    return allowed or (None,)


def _verify_message(key: PublicKeyTypes, signature: bytes, message: bytes) -> None:
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
            return
    except (InvalidSignature, ValueError) as error:
        raise _invalid(key) from error
    raise _invalid(key)


def _verifies(key: PublicKeyTypes, signature: bytes, digest: bytes, hash_name: str, rsa_padding: str) -> bool:
    if rsa_padding not in RSA_PADDINGS:
        raise PolicyError(f"rsa_padding is {rsa_padding!r}, not one of {', '.join(RSA_PADDINGS)}")
    algorithm: hashes.HashAlgorithm = getattr(hashes, hash_name.upper())()
    prehashed = Prehashed(algorithm)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, digest, ec.ECDSA(prehashed))
            return True
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, digest, _padding(rsa_padding, algorithm), prehashed)
            return True
    except (InvalidSignature, ValueError):
        return False
    return False


def _padding(rsa_padding: str, algorithm: hashes.HashAlgorithm) -> padding.AsymmetricPadding:
    if rsa_padding == "pss":
        return padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO)
    return padding.PKCS1v15()


def _invalid(key: PublicKeyTypes) -> Refused:
    return Refused("signature_invalid", f"the signature is not one by this key ({describe(key)}) over these bytes")


def _require_kinds(pem: bytes, what: str) -> None:
    """Says what a file is that holds anything but public keys: most likely the wrong file was named."""
    kinds = [kind.decode("ascii", "replace") for kind in BEGIN.findall(pem)]
    strangers = sorted({kind for kind in kinds if kind != KEY_BLOCK})
    if any("PRIVATE KEY" in kind for kind in strangers):
        raise Refused("key_malformed", f"{what} is a private key; give the public one, and keep this one secret")
    if strangers:
        raise Refused("key_malformed", f"{what} holds {', '.join(strangers[:8])}; only PEM blocks {KEY_BLOCK} are keys")
    if not kinds or len(BOUNDARY.findall(pem)) != 2 * len(kinds):
        raise Refused("key_malformed", f"{what} does not consist of PEM blocks {KEY_BLOCK}")
