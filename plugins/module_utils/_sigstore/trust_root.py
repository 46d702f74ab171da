# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of Sigstore's trusted_root.json (sigstore.md 1.1): everything that is trusted comes from here."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import instants
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.chain import load_certificate
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.encoding import decode_base64
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import (
    Authority,
    LogKey,
    TrustRoot,
    Window,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.strict_json import Members, load

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

try:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
except ImportError:
    # Said by the modules before anything of this is called.
    pass

MEDIA_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
MAX_DOCUMENT = 1024 * 1024
MAX_ENTRIES = 64
MAX_CHAIN = 8
HASH = "SHA2_256"
# Kinds of keys by the names of protobuf-specs' PublicKeyDetails: curve, or sizes; a log with any other is left out.
CURVES = {
    "PKIX_ECDSA_P256_SHA_256": "secp256r1",
    "PKIX_ECDSA_P384_SHA_384": "secp384r1",
    "PKIX_ECDSA_P521_SHA_512": "secp521r1",
}
RSA_SIZES = {
    "PKIX_RSA_PKCS1V15_2048_SHA256": (2048,),
    "PKIX_RSA_PKCS1V15_3072_SHA256": (3072,),
    "PKIX_RSA_PKCS1V15_4096_SHA256": (4096,),
    # Deprecated; rawBytes is PKCS#1, not SPKI. Sigstore's staging logs have it.
    "PKCS1_RSA_PKCS1V5": (2048, 3072, 4096),
}
PKCS1 = "PKCS1_RSA_PKCS1V5"
ED25519 = "PKIX_ED25519"
# C2SP signed note: the algorithm byte of Ed25519 in the hash that names a key.
NOTE_ED25519 = b"\n\x01"


def parse_trust_root(document: bytes) -> TrustRoot:
    """Reads a trusted_root.json of at most 1 MiB.

    Unknown members are ignored, here only, as the format grows; unknown media types are refused. Logs whose kind of key
    or hash is not known, or whose id is not that of their key, are left out: they verify nothing. Raises
    Refused("trust_root_malformed") for all that cannot be read, above all a window without a start.
    """
    try:
        root = load(document, "the trust root", MAX_DOCUMENT)
        if root.text("mediaType") != MEDIA_TYPE:
            raise root.refuse("mediaType", f"is not {MEDIA_TYPE}")
        return TrustRoot(
            logs=_read_logs(root.objects("tlogs", MAX_ENTRIES)),
            certificate_logs=_read_logs(root.objects("ctlogs", MAX_ENTRIES)),
            authorities=tuple(map(_read_authority, root.objects("certificateAuthorities", MAX_ENTRIES))),
            timestamp_authorities=tuple(map(_read_authority, root.objects("timestampAuthorities", MAX_ENTRIES))),
        )
    except Refused as refused:
        raise Refused("trust_root_malformed", refused.detail) from refused


def _read_logs(entries: Sequence[Members]) -> dict[bytes, LogKey]:
    found: dict[bytes, LogKey] = {}
    for entry in entries:
        log = _read_log(entry)
        if log is None:
            continue
        if log.key_id in found:
            raise entry.refuse("logId", "is that of another log, too")
        found[log.key_id] = log
    return found


def _read_log(entry: Members) -> LogKey | None:
    public_key = entry.members("publicKey")
    raw = decode_base64(public_key.text("rawBytes"), f"{public_key.where}: rawBytes")
    details = public_key.text("keyDetails")
    window = _read_window(public_key)
    name = _read_name(entry)
    key_id = decode_base64(entry.members("logId").text("keyId"), f"{entry.where}: logId")
    if entry.text("hashAlgorithm") != HASH:
        return None
    key = _read_key(raw, details, public_key)
    if key is None:
        return None
    v2 = isinstance(key, ed25519.Ed25519PublicKey)
    expected = note_key_id(name, key) if isinstance(key, ed25519.Ed25519PublicKey) else log_key_id(key)
    return LogKey(key_id, key, name, window, v2) if key_id == expected else None


def _read_name(entry: Members) -> str:
    text = entry.text("baseUrl")
    try:
        url = urlsplit(text)
        # Read here, where an error is caught.
        str(url.port)
    except ValueError as error:
        raise entry.refuse("baseUrl", "is no URL") from error
    if url.scheme not in ("https", "http") or not url.hostname or "@" in url.netloc:
        raise entry.refuse("baseUrl", "is not the URL of a log")
    return url.netloc


def _read_window(owner: Members, name: str = "validFor") -> Window:
    times = owner.members(name)
    start = instants.from_rfc3339(times.text("start"), f"{times.where}: start")
    end = times.optional_text("end")
    window = Window(start, None if end is None else instants.from_rfc3339(end, f"{times.where}: end"))
    if not window.contains(start):
        raise times.refuse("end", "is before the start")
    return window


def _read_authority(entry: Members) -> Authority:
    entries = entry.members("certChain").objects("certificates", MAX_CHAIN)
    if not entries:
        raise entry.refuse("certChain", "is empty")
    chain = [
        load_certificate(decode_base64(one.text("rawBytes"), f"{one.where}: rawBytes"), one.where) for one in entries
    ]
    return Authority(tuple(chain), _read_window(entry))


def _read_key(raw: bytes, details: str, where: Members) -> PublicKeyTypes | None:
    if details not in {*CURVES, *RSA_SIZES, ED25519}:
        return None
    try:
        key = load_der_public_key(raw)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise where.refuse("rawBytes", "is no public key") from error
    # One key has one spelling: the library reads PKCS#1 where SPKI is named, too, and the reverse.
    spelling = PublicFormat.PKCS1 if details == PKCS1 else PublicFormat.SubjectPublicKeyInfo
    if not _fits(key, details) or key.public_bytes(Encoding.DER, spelling) != raw:
        raise where.refuse("rawBytes", f"is not a key of the kind {details}")
    return key


def _fits(key: PublicKeyTypes, details: str) -> bool:
    if isinstance(key, ec.EllipticCurvePublicKey):
        return CURVES.get(details) == key.curve.name
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size in RSA_SIZES.get(details, ())
    return isinstance(key, ed25519.Ed25519PublicKey) and details == ED25519


def log_key_id(key: PublicKeyTypes) -> bytes:
    """Id of a log by RFC 6962: SHA-256 of its key as SPKI."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


def note_key_id(name: str, key: ed25519.Ed25519PublicKey) -> bytes:
    """Id of a tiled log's Ed25519 key: SHA-256 over the log's name, host[:port], and the 32 bytes of the key (C2SP)."""
    return hashlib.sha256(name.encode() + NOTE_ED25519 + key.public_bytes(Encoding.Raw, PublicFormat.Raw)).digest()
