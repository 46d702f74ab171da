# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of a server: DNS names and addresses, in one spelling each."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

# The controller's own certificate has these two (upstream layout.md section 4); ours keeps them.
ALWAYS = ("localhost", "127.0.0.1")

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


class BadName(ValueError):
    """A text is neither a DNS name nor an IP address."""


@dataclass(frozen=True)
class Names:
    """dns: lower-case DNS names; addresses: IP addresses in their canonical spelling."""

    dns: tuple[str, ...]
    addresses: tuple[str, ...]

    def all(self) -> list[str]:
        """DNS names, then addresses."""
        return [*self.dns, *self.addresses]

    def missing_from(self, other: Names) -> list[str]:
        """Those of these names that *other* lacks."""
        return [name for name in self.dns if name not in other.dns] + [
            address for address in self.addresses if address not in other.addresses
        ]


def normal_name(text: str) -> tuple[str, bool]:
    """(normal spelling, True if it is an address). Raises BadName."""
    try:
        # A zone (%eth0) means something on one host only.
        if "%" not in text:
            return str(ipaddress.ip_address(text)), True
    except ValueError:
        pass
    name = text.lower()
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise BadName(f"{text[:80]!r} is neither a DNS name nor an IP address")
    return name, False


def parse_names(wanted: Iterable[str]) -> Names:
    """The wanted names plus localhost and 127.0.0.1, each once, order kept. Raises BadName."""
    dns: list[str] = []
    addresses: list[str] = []
    for text in [*ALWAYS, *wanted]:
        name, is_address = normal_name(text)
        kind = addresses if is_address else dns
        if name not in kind:
            kind.append(name)
    return Names(tuple(dns), tuple(addresses))
