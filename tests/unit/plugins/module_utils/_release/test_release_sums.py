# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proven list names each file exactly once (sigstore.md 0)."""

from __future__ import annotations

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._release.sums import digest_of
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused

A, B = "a" * 64, "b" * 64
NAME = "cloud-daemon-1.0.0.jar"


@pytest.mark.parametrize(
    "content",
    [f"{A}  {NAME}\n", f"{A} *{NAME}", f"{B}  other.jar\n\n{A}  {NAME}\n{B}  {NAME}.asc\n{B}  x{NAME}\n"],
)
def test_the_one_line_with_exactly_this_name_counts(content: str) -> None:
    assert digest_of(content.encode(), NAME, "SHA256SUMS") == A


@pytest.mark.parametrize(
    "content",
    [
        "",
        f"{B}  other.jar\n",
        f"{A}  {NAME}\n{A}  {NAME}\n",
        f"{A}  {NAME}\n{B}  {NAME}\n",
        f"{A.upper()}  {NAME}\n",
        f"{A[:-1]}  {NAME}\n",
        f"{A}a  {NAME}\n",
        f"{A} {NAME}\n",
        f"{A}\t{NAME}\n",
        f"{A}   {NAME}\n",
        f"{A}  ./{NAME}\n",
        f"{A}  {NAME}\r\n",
        f"{A}  {NAME} \n",
        f" {A}  {NAME}\n",
        f"{A}  {NAME}\nrubbish\n",
        f"# comment\n{A}  {NAME}\n",
        f"\ufeff{A}  {NAME}\n",
        f"\\{A}  {NAME}\n",
    ],
)
def test_anything_else_is_refused(content: str) -> None:
    with pytest.raises(Refused) as refused:
        digest_of(content.encode(), NAME, "SHA256SUMS")
    assert refused.value.reason == "sums_mismatch"


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        digest_of(f"{A}  {NAME}\n".encode() + b"\xff", NAME, "SHA256SUMS")
    assert refused.value.reason == "sums_mismatch"
