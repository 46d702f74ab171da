# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A password that is quoted as a URI demands always passes, one that is not never does."""

from __future__ import annotations

from urllib.parse import quote

from ansible_collections.prexorcloud.production.plugins.module_utils._inventory import uris
from hypothesis import given
from hypothesis import strategies as st


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_quoted_passwords_pass(password: str) -> None:
    uri = f"mongodb://prexor:{quote(password, safe='')}@h1:27017,h2:27017/db?replicaSet=rs0&authSource=admin"
    assert uris.encoding_error(uri) == "" and uris.scheme_error(uri, ("mongodb",)) == ""
    assert uris.has_option(uri, "replicaset") and uris.has_host(uri)


@given(
    st.text(st.characters(codec="utf-8")), st.sampled_from([*"@:/?#[] ", "%zz"]), st.text(st.characters(codec="utf-8"))
)
def test_unquoted_passwords_are_refused(before: str, special: str, after: str) -> None:
    assert uris.encoding_error(f"redis://:{before}{special}{quote(after, safe='').replace('%', 'x')}@host:6379/0")


def test_uris_without_user() -> None:
    assert uris.encoding_error("redis://host:6379") == "" and uris.has_host("redis://host")
    assert not uris.has_host("redis://") and not uris.has_host("redis://:pw@/0")
    assert uris.split("no uri") == ("", "", "no uri")
    assert not uris.has_option("mongodb://h/db?replicaSet=", "replicaSet")
