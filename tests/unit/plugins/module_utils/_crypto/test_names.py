# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in one spelling each."""

from __future__ import annotations

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.names import BadName, Names, parse_names


@pytest.mark.parametrize(
    ("wanted", "dns", "addresses"),
    [
        ([], ("localhost",), ("127.0.0.1",)),
        (["localhost", "127.0.0.1"], ("localhost",), ("127.0.0.1",)),
        (["Ctrl.Example.Internal", "ctrl.example.internal"], ("localhost", "ctrl.example.internal"), ("127.0.0.1",)),
        (["10.0.0.11", "FD00::0:1"], ("localhost",), ("127.0.0.1", "10.0.0.11", "fd00::1")),
        (["controller-1", "my_host"], ("localhost", "controller-1", "my_host"), ("127.0.0.1",)),
    ],
)
def test_parsing(wanted: list[str], dns: tuple[str, ...], addresses: tuple[str, ...]) -> None:
    assert parse_names(wanted) == Names(dns, addresses)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a b",
        "*.example.com",
        "a..b",
        "-a",
        "a-",
        "10.0.0.300",
        "10.0.0.1/24",
        "fe80::1%eth0",
        "höst",
        "a" * 64,
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(BadName):
        parse_names([text])


def test_missing() -> None:
    assert parse_names(["b", "a", "10.0.0.1"]).missing_from(Names(("localhost", "a"), ("127.0.0.1",))) == [
        "b",
        "10.0.0.1",
    ]
    assert parse_names(["a"]).missing_from(Names(("a", "extra", "localhost"), ("127.0.0.1", "10.0.0.2"))) == []
