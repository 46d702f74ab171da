# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reason codes in docs/signatures.md are those of the verifier. Started as a program it writes them anew."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import REASONS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "signatures.md"
BLOCK = re.compile(r"(<!-- reasons: [^\n]*-->\n).*?(<!-- end of reasons -->)", re.DOTALL)


def rendered() -> str:
    """The page with the table that the verifier's codes make."""
    rows = "".join(f"| `{code}` | {meaning} |\n" for code, meaning in REASONS.items())
    return BLOCK.sub(lambda found: f"{found[1]}\n| Code | Meaning |\n|---|---|\n{rows}\n{found[2]}", PAGE.read_text())


def test_page_has_the_codes() -> None:
    assert len(BLOCK.findall(PAGE.read_text())) == 1
    assert PAGE.read_text() == rendered()


if __name__ == "__main__":
    PAGE.write_text(rendered())
