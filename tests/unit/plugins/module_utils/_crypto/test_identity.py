# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon's identity is usable only if all of it fits."""

from __future__ import annotations

import base64
import datetime as dt
import itertools

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.identity import (
    FILES,
    IdentityError,
    Material,
    judge,
    outdated,
    parse_material,
)
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.authority import NOW, PASSWORD, Authority

AUTHORITY, STRANGER = Authority(), Authority()
SECRET = PASSWORD.encode()


def material(
    authority: Authority = AUTHORITY,
    name: str = "node-1",
    password: bytes = SECRET,
    ca: bytes = AUTHORITY.pem,
    **more: object,
) -> Material:
    return Material(authority.pack(authority.leaf(name, **more)), password, ca)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("present", "reason"),
    [
        (material(), ""),
        (material(password=SECRET + b"\n"), ""),
        (material(days=30.1), ""),
        (material(days=29.9), "the certificate expires in 29 days"),
        (material(days=-0.5), "the certificate expired at"),
        (material(not_before=dt.timedelta(days=2)), "the certificate is not valid before"),
        (material(name="node-2"), "the certificate is for 'node-2', not for 'node-1'"),
        (material(client=False), "the certificate's key usage"),
        (material(STRANGER), "the certificate is not signed by the CA in ca.pem"),
        (material(password=b"wrong"), "node.p12: the password does not open it"),
        (material(ca=b"garbage"), "ca.pem: it is no PEM certificate"),
        (material(ca=b""), "ca.pem is missing or empty"),
        (Material(b"garbage", SECRET, AUTHORITY.pem), "node.p12: "),
        (Material(None, SECRET, AUTHORITY.pem), "node.p12 is missing"),
        (Material(b"x", None, AUTHORITY.pem), ".node-password is missing"),
        (Material(b"x", SECRET, None), "ca.pem is missing"),
    ],
)
def test_verdicts(present: Material, reason: str) -> None:
    verdict = judge(present, "node-1", NOW, 30)
    assert verdict.reason.startswith(reason)
    assert verdict.usable == (reason == "")
    assert PASSWORD not in repr(verdict)


def test_an_expired_ca() -> None:
    authority = Authority(days=1)
    present = Material(authority.pack(authority.leaf("node-1")), SECRET, authority.pem)
    verdict = judge(present, "node-1", NOW + dt.timedelta(days=2), 30)
    assert verdict.reason.startswith("the CA in ca.pem expired")


def test_facts() -> None:
    verdict = judge(material(days=365), "node-1", NOW, 30)
    assert verdict.not_after == (NOW + dt.timedelta(days=365)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert len(verdict.fingerprint) == len(verdict.ca_fingerprint) == 64


@pytest.mark.parametrize("new_authority", [AUTHORITY, STRANGER])
def test_a_kill_between_two_files_never_leaves_a_wrong_identity_that_looks_right(new_authority: Authority) -> None:
    old = material()
    new = Material(new_authority.pack(new_authority.leaf("node-1"), "fedcba"), b"fedcba", new_authority.pem)
    for written in range(len(FILES)):
        mixed = Material(
            **{
                attribute: getattr(new if index < written else old, attribute)
                for index, (attribute, _name, _mode) in enumerate(FILES)
            }
        )
        verdict = judge(mixed, "node-1", NOW, 30)
        # Only whole sets are usable: everything old, where the CA did not change, or everything new.
        assert verdict.usable == (mixed == old), FILES[:written]
    assert judge(new, "node-1", NOW, 30).usable


def test_parsing() -> None:
    parsed = parse_material(base64.b64encode(b"store").decode(), "password", "pem")
    assert parsed == Material(b"store", b"password", b"pem")
    with pytest.raises(IdentityError, match="Base64"):
        parse_material("%%%", "password", "pem")


def test_outdated_files_in_the_order_to_write_them() -> None:
    old, new = Material(b"1", b"2", b"3"), Material(b"4", b"5", b"6")
    assert outdated(old, new) == ["ca.pem", ".node-password", "node.p12"]
    assert outdated(new, new) == []
    for store, password, ca in itertools.product((b"1", b"4"), (b"2", b"5"), (b"3", b"6")):
        mixed = Material(store, password, ca)
        assert len(outdated(mixed, new)) == (store == b"1") + (password == b"2") + (ca == b"3")
