# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name that a cluster was founded with, as its leaf certificate tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .document import parse
from .errors import DocumentError, LibraryMissingError
from .schema import ANY_ADDRESS
from .schema_controller import CONTROLLER

# What the program uses where the file says nothing (controller-config.yml).
DEFAULT_HOST = ANY_ADDRESS


def raft_host(path: str, text: str | None) -> str:
    """The value that raft.host must have, since the next start checks it against this certificate.

    The certificate names the uuid, localhost and the raft.host of the founding start (config.md section 5). What the
    file says is right if it is among them; otherwise the maintenance call has reset it, and the remaining name is it.

    path: PEM file of the leaf certificate; text: content of controller.yml, None if there is none.
    Raises DocumentError if the certificate cannot be read or names no candidate, LibraryMissingError.
    """
    plain: Mapping[str, Any] = {} if text is None else parse(text, CONTROLLER.texts).plain
    return choose(certificate_names(path), plain)


def choose(names: Iterable[str], plain: Mapping[str, Any]) -> str:
    """The raft.host among the names of a certificate. plain: the parsed controller.yml. Raises DocumentError."""
    known = list(names)
    block = plain.get("raft")
    present = block.get("host") if isinstance(block, Mapping) else None
    present = DEFAULT_HOST if present in (None, "") else str(present)
    if present in known:
        return present
    candidates = [name for name in known if name not in ("localhost", str(plain.get("uuid")))]
    addresses = [name for name in candidates if name.replace(".", "").isdigit() or ":" in name]
    for found in (addresses, candidates or [name for name in known if name == "localhost"]):
        if len(found) == 1:
            return found[0]
    raise DocumentError(
        f"has raft.host {present}, which is none of the names in the cluster's certificate ({', '.join(known)}), "
        "and which of them is right cannot be told; set raft.host to the one it was founded with"
    )


def certificate_names(path: str) -> list[str]:
    """DNS names and addresses of a PEM certificate. Raises DocumentError, LibraryMissingError."""
    try:
        from cryptography import x509
    except ImportError as error:
        raise LibraryMissingError("cryptography") from error
    try:
        with open(path, "rb") as stream:
            certificate = x509.load_pem_x509_certificate(stream.read())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound) as error:
        raise DocumentError(
            f"cannot be checked against the cluster's certificate {path}: {type(error).__name__}"
        ) from error
    return [str(name.value) for name in names if isinstance(name, (x509.DNSName, x509.IPAddress))]
