# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A world that outlives the process: several releases share its trust root and its log. The directory is private."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from .authority import CtLog, Issuer
from .keys import PrivateKey, private_pem
from .transparency import RekorV1, RekorV2
from .tsa import Tsa
from .world import World

FILE = "world.json"


def _key(pem: str) -> PrivateKey:
    return load_pem_private_key(pem.encode(), None)  # type: ignore[return-value]


def _issuer(members: dict[str, str]) -> Issuer:
    return Issuer(x509.load_pem_x509_certificate(members["certificate"].encode()), _key(members["key"]))


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def write_private(path: Path, content: bytes) -> None:
    """Writes a file that only its owner can read, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    part.replace(path)


def save(world: World, directory: Path) -> None:
    """Keeps keys, certificates and logs of the world in the directory (0700)."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    members: dict[str, Any] = {
        "since": world.since.timestamp(),
        **{
            name: {"certificate": _pem(issuer.certificate), "key": private_pem(issuer.key).decode()}
            for name, issuer in (("root", world.root), ("intermediate", world.intermediate))
        },
        "ct": private_pem(world.ct.key).decode(),
        **{
            name: {"key": private_pem(log.key).decode(), "leaves": [leaf.hex() for leaf in log.leaves]}
            for name, log in (("rekor", world.rekor), ("rekor2", world.rekor2))
        },
        "tsa": {"chain": [_pem(one) for one in world.tsa.chain], "key": private_pem(world.tsa.key).decode()},
    }
    write_private(directory / FILE, json.dumps(members).encode())


def load(directory: Path) -> World:
    """The world of the directory as of now (whole seconds); a new one if there is none yet."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    if not (directory / FILE).exists():
        world = World.make(now)
        save(world, directory)
        return world
    members = json.loads((directory / FILE).read_bytes())
    tiled = _key(members["rekor2"]["key"])
    assert isinstance(tiled, ed25519.Ed25519PrivateKey)
    chain = tuple(x509.load_pem_x509_certificate(pem.encode()) for pem in members["tsa"]["chain"])
    return World(
        now,
        datetime.fromtimestamp(members["since"], timezone.utc),
        _issuer(members["root"]),
        _issuer(members["intermediate"]),
        CtLog(_key(members["ct"])),
        RekorV1(_key(members["rekor"]["key"]), leaves=[bytes.fromhex(leaf) for leaf in members["rekor"]["leaves"]]),
        RekorV2(tiled, leaves=[bytes.fromhex(leaf) for leaf in members["rekor2"]["leaves"]]),
        Tsa(chain, _key(members["tsa"]["key"])),
    )
