# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a JWT signing secret usable (upstream config.md section 7, recordings config/refusals.yml jwt-*)."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass

MIN_BYTES = 32
# 48 random bytes make the controller sign with HS384, as "openssl rand -base64 48" does.
GENERATED_BYTES = 48

_SHAPE = re.compile(r"[A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True)
class SecretInfo:
    """Facts about a secret that do not give it away.

    usable: the controller would start with it; reason: why not, or ""; length_bytes: after decoding, 0 if it does not
    decode; fingerprint: first 16 hex digits of the SHA-256 of the decoded bytes, "" unless usable (a fingerprint of a
    weak secret would help guessing it).
    """

    usable: bool
    reason: str
    length_bytes: int
    fingerprint: str


def _unusable(reason: str, length_bytes: int = 0) -> SecretInfo:
    return SecretInfo(False, reason, length_bytes, "")


def inspect_secret(text: str) -> SecretInfo:
    """Judges *text* as security.jwtSecret, as strictly as the controller's own decoder.

    Standard alphabet, padding optional but right if present, at least 32 bytes. The result never contains the text.
    """
    if not text:
        return _unusable("it is blank")
    if not _SHAPE.fullmatch(text):
        if re.search(r"\s", text):
            return _unusable("it contains white space or a line break")
        if re.fullmatch(r"[A-Za-z0-9_-]+={0,2}", text):
            return _unusable("it uses the URL-safe Base64 alphabet (- and _), the controller takes only + and /")
        return _unusable("it is not standard Base64")
    core = text.rstrip("=")
    padding = len(text) - len(core)
    if len(core) % 4 == 1 or (padding and (len(core) + padding) % 4):
        return _unusable("its Base64 has a wrong length or padding")
    decoded = base64.b64decode(core + "=" * (-len(core) % 4), validate=True)
    if len(decoded) < MIN_BYTES:
        return _unusable(f"it decodes to {len(decoded)} bytes, at least {MIN_BYTES} are needed", len(decoded))
    return SecretInfo(True, "", len(decoded), hashlib.sha256(decoded).hexdigest()[:16])


def generate_secret() -> str:
    """48 bytes from the system's generator in standard Base64, padded."""
    return base64.b64encode(secrets.token_bytes(GENERATED_BYTES)).decode("ascii")


@dataclass(frozen=True)
class Choice:
    """source: given, file, generated or none; secret: "" for none; info: facts about it (of the file's if none)."""

    source: str
    secret: str
    info: SecretInfo
    file_info: SecretInfo


class SecretRefused(Exception):
    """The given secret is not usable; the text says why without containing it."""


def choose_secret(given: str | None, in_file: str | None, generate: bool) -> Choice:
    """Which secret counts: the given one, else the one in the file if usable, else a new one if *generate*.

    An unusable given secret is refused, never silently replaced. Raises SecretRefused.
    """
    file_info = inspect_secret(in_file or "")
    if given is not None:
        info = inspect_secret(given)
        if not info.usable:
            raise SecretRefused(f"the given JWT secret is not usable: {info.reason}")
        return Choice("given", given, info, file_info)
    if file_info.usable and in_file is not None:
        return Choice("file", in_file, file_info, file_info)
    if generate:
        secret = generate_secret()
        return Choice("generated", secret, inspect_secret(secret), file_info)
    return Choice("none", "", file_info, file_info)
