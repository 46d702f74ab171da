# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a list of digests, once it is proven. Never call this with a list whose signature was not verified."""

from __future__ import annotations

import re

from .._sigstore.errors import Refused

_LINE = re.compile(r"([0-9a-f]{64}) [ *]([^\r\n]+)\Z", re.ASCII)


def digest_of(content: bytes, name: str, where: str) -> str:
    """The SHA-256 that a list has for a file, as 64 hex digits.

    content: the verified list; name: of the file, compared byte for byte; where: name of the list for messages.
    Raises Refused(sums_mismatch) unless every line is a digest and a name, and exactly one line is about this name
    (sigstore.md 0).
    """
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise Refused("sums_mismatch", f"{where} is no UTF-8 text") from error
    found = []
    for number, line in enumerate(lines, 1):
        match = _LINE.match(line)
        if match is not None:
            found += [match.group(1)] if match.group(2) == name else []
        elif line:
            raise Refused("sums_mismatch", f"line {number} of {where} is not a SHA-256 in 64 hex digits and a name")
    if len(found) != 1:
        raise Refused("sums_mismatch", f"{where} has {len(found)} lines for {name}, exactly one is needed")
    return found[0]
