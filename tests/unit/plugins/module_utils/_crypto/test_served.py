# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A presented certificate counts only if it is the expected one, of the right CA, for the right name."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto import pki
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.served import (
    NotServed,
    presented_certificate,
    wait_served,
)
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.authority import Authority
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.stores import serving
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.tls import presenting

AUTHORITY, STRANGER = Authority(), Authority()
LEAF = AUTHORITY.leaf("prexorcloud-controller", client=False, names=["ctrl.example.internal", "127.0.0.1"])
EXPECTED = pki.der_of(LEAF.certificate)
CA_PEM = AUTHORITY.pem.decode()


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "server.p12").write_bytes(AUTHORITY.pack(LEAF))
    with serving(presenting(tmp_path / "server.p12", tmp_path)) as found:
        yield found


@pytest.mark.parametrize("name", ["ctrl.example.internal", "127.0.0.1"])
def test_the_right_name(port: int, name: str) -> None:
    assert presented_certificate("127.0.0.1", port, name, CA_PEM, 5) == EXPECTED


@pytest.mark.parametrize(
    ("name", "ca_pem"),
    [("other.example.internal", CA_PEM), ("10.0.0.1", CA_PEM), ("ctrl.example.internal", STRANGER.pem.decode())],
)
def test_another_name_or_ca_is_not_accepted(port: int, name: str, ca_pem: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        presented_certificate("127.0.0.1", port, name, ca_pem, 5)
    with pytest.raises(NotServed, match="is not accepted"):
        wait_served("127.0.0.1", port, name, ca_pem, EXPECTED, 0.5)


def test_another_certificate_of_the_same_ca(port: int) -> None:
    other = pki.der_of(AUTHORITY.leaf("x", client=False).certificate)
    with pytest.raises(NotServed, match="another certificate of the same CA"):
        wait_served("127.0.0.1", port, "127.0.0.1", CA_PEM, other, 0.5)


def test_it_waits_for_the_reload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "server.p12"
    store.write_bytes(AUTHORITY.pack(AUTHORITY.leaf("old", client=False, names=["127.0.0.1"])))
    pauses: list[float] = []

    def reload_meanwhile(seconds: float) -> None:
        pauses.append(seconds)
        store.write_bytes(AUTHORITY.pack(LEAF))

    monkeypatch.setattr(time, "sleep", reload_meanwhile)
    with serving(presenting(store, tmp_path)) as port:
        wait_served("127.0.0.1", port, "127.0.0.1", CA_PEM, EXPECTED, 30)
    assert len(pauses) == 1
