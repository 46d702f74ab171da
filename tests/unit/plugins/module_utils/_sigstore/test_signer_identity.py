# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Identities: sigstore.md 1.6, what a certificate may say and what an operator may ask for."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.identity import (
    IdentityPolicy,
    read_signer,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import Signer
from ansible_collections.prexorcloud.production.tests.support.release_signer.authority import (
    FULCIO,
    LeafPlan,
    issue,
    text_extension,
)
from ansible_collections.prexorcloud.production.tests.support.release_signer.der_writer import element, oid, text
from ansible_collections.prexorcloud.production.tests.support.release_signer.world import (
    IDENTITY,
    ISSUER,
    World,
    identity_of,
)
from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

WORLD = World.make()
NAME = x509.UniformResourceIdentifier(IDENTITY)
OTHER_NAME = ObjectIdentifier(f"{FULCIO}.7")
SAN = ObjectIdentifier("2.5.29.17")
PATTERN = r"^https://github\.com/PrexorJustin/prexorcloud/\.github/workflows/release-jars\.yml@refs/tags/"


def extension(number: int, value: bytes) -> tuple[x509.ExtensionType, bool]:
    return x509.UnrecognizedExtension(ObjectIdentifier(f"{FULCIO}.{number}"), value), False


def leaf(**changes: object) -> x509.Certificate:
    plan: LeafPlan = replace(WORLD.leaf_plan(), scts=(), **changes)  # type: ignore[arg-type]
    return issue(plan, WORLD.intermediate)


def refusal(certificate: x509.Certificate) -> Refused:
    with pytest.raises(Refused) as refused:
        read_signer(certificate)
    return refused.value


# What the certificate says


def test_workflow() -> None:
    assert read_signer(leaf()) == Signer(IDENTITY, ISSUER)


def test_mail_address() -> None:
    assert read_signer(leaf(sans=(x509.RFC822Name("a.person@example.org"),))).identity == "a.person@example.org"


@pytest.mark.parametrize("name", ["someone!provider.example.org", "n" * 200], ids=["short length", "long length"])
def test_other_name_is_decoded(name: str) -> None:
    assert read_signer(leaf(sans=(x509.OtherName(OTHER_NAME, text(name)),))).identity == name


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(text("user") + b"\x00", id="bytes behind it"),
        pytest.param(b"\x0c\x81\x04user", id="length not minimal"),
        pytest.param(b"\x0c\x80user\x00\x00", id="indefinite length"),
        pytest.param(element(0x16, b"user"), id="IA5String"),
        pytest.param(element(0x0C, b"\xff\xfe"), id="not UTF-8"),
    ],
)
def test_other_name_in_other_der_is_refused(value: bytes) -> None:
    # Written by hand: some releases of the library refuse to write what others read.
    name = element(0xA0, oid(OTHER_NAME.dotted_string), element(0xA0, value))
    raw = x509.UnrecognizedExtension(SAN, element(0x30, name))
    assert refusal(leaf(sans=(), extra=((raw, True),))).reason == "input_malformed"


@pytest.mark.parametrize(
    "sans",
    [
        pytest.param((), id="none"),
        pytest.param((NAME, x509.UniformResourceIdentifier("https://evil.example")), id="two URIs"),
        pytest.param((x509.RFC822Name("a@example.org"), NAME), id="mail and URI"),
        pytest.param((NAME, NAME), id="the same twice"),
        pytest.param((x509.DNSName("github.com"),), id="DNS"),
        pytest.param((x509.IPAddress(ip_address("192.0.2.1")),), id="IP"),
        pytest.param((x509.DirectoryName(x509.Name([])),), id="directory name"),
        pytest.param((x509.RegisteredID(OTHER_NAME),), id="registered id"),
        pytest.param((x509.OtherName(ObjectIdentifier("1.2.3.4"), text("user")),), id="another otherName"),
        pytest.param((x509.UniformResourceIdentifier(""),), id="empty"),
        pytest.param((x509.UniformResourceIdentifier(IDENTITY + "\n"),), id="line break"),
        pytest.param((x509.UniformResourceIdentifier("https://a\x00.example"),), id="NUL"),
        pytest.param((x509.OtherName(OTHER_NAME, text("user\N{RIGHT-TO-LEFT OVERRIDE}")),), id="reordered"),
        pytest.param((x509.OtherName(OTHER_NAME, text("user\x85")),), id="C1"),
        pytest.param((x509.OtherName(OTHER_NAME, text("user\N{LINE SEPARATOR}")),), id="line separator"),
    ],
)
def test_names_that_are_not_accepted(sans: tuple[x509.GeneralName, ...]) -> None:
    assert refusal(leaf(sans=sans)).reason == "certificate_profile"


def test_name_too_long() -> None:
    longest = "https://example.org/".ljust(2048, "a")
    assert read_signer(leaf(sans=(x509.UniformResourceIdentifier(longest),))).identity == longest
    assert refusal(leaf(sans=(x509.UniformResourceIdentifier(longest + "a"),))).reason == "input_too_large"


@pytest.mark.parametrize(
    "texts", [((1, ISSUER),), ((8, ISSUER),), ((1, ISSUER), (8, ISSUER))], ids=[".1", ".8", "both"]
)
def test_issuer_in_either_spelling(texts: tuple[tuple[int, str], ...]) -> None:
    assert read_signer(leaf(texts=texts)).issuer == ISSUER


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param((), id="none"),
        pytest.param(((1, ISSUER), (8, "https://accounts.example.org")), id="they differ"),
        pytest.param(((1, ISSUER + "/"), (8, ISSUER)), id="they differ by a slash"),
        pytest.param(((8, ""),), id="empty"),
        pytest.param(((1, ""),), id="empty .1"),
        pytest.param(((1, ISSUER + "\n"),), id="line break in .1"),
        pytest.param(((8, "https://\x1b[2K.example"),), id="escape sequence in .8"),
    ],
)
def test_issuers_that_are_not_accepted(texts: tuple[tuple[int, str], ...]) -> None:
    assert refusal(leaf(texts=texts)).reason == "certificate_profile"


@pytest.mark.parametrize(
    ("number", "value"),
    [
        pytest.param(1, b"https://\xff", id=".1 not UTF-8"),
        pytest.param(8, b"https://bare.example", id=".8 without DER"),
        pytest.param(8, text(ISSUER) + b"\x00", id=".8 with bytes behind it"),
        pytest.param(8, element(0x16, ISSUER.encode()), id=".8 as IA5String"),
        pytest.param(8, b"\x0c\x82\x00\x05https", id=".8 with a length that is not minimal"),
        pytest.param(8, element(0x0C, b"\xc0\xaf"), id=".8 not UTF-8"),
        pytest.param(8, b"", id=".8 empty"),
    ],
)
def test_malformed_issuers(number: int, value: bytes) -> None:
    assert refusal(leaf(texts=(), extra=(extension(number, value),))).reason == "input_malformed"


def test_der_text_in_the_old_issuer_is_not_decoded() -> None:
    certificate = leaf(texts=((8, ISSUER),), extra=(extension(1, text(ISSUER)),))
    assert refusal(certificate).reason == "certificate_profile"


def test_issuer_with_a_long_length() -> None:
    issuer = "https://example.org/".ljust(300, "a")
    assert read_signer(leaf(texts=(), extra=((text_extension(8, issuer), False),))).issuer == issuer


# What the operator wants


def policy(
    identity: str | None = IDENTITY,
    identity_regexp: str | None = None,
    issuer: str | None = ISSUER,
    issuer_regexp: str | None = None,
) -> IdentityPolicy:
    return IdentityPolicy.from_options(identity, identity_regexp, issuer, issuer_regexp)


def test_exact() -> None:
    wanted = policy()
    wanted.check(Signer(IDENTITY, ISSUER))
    assert wanted.warnings == ()


@pytest.mark.parametrize(
    "identity",
    [
        IDENTITY + "0",
        IDENTITY[:-1],
        IDENTITY.lower(),
        IDENTITY.replace("https:", "HTTPS:"),
        IDENTITY.replace("/.github", "/%2Egithub"),
        IDENTITY.replace("PrexorJustin/", "PrexorJustin//"),
        IDENTITY.replace("PrexorJustin", "PrexorJust\N{CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I}n"),
        identity_of("release-jars.yml", "refs/tags/v0.9.0"),
        identity_of("release-jars.yml", "refs/heads/main"),
        identity_of("release.yml", "refs/tags/v1.0.0"),
        identity_of("release-jars.yml", "refs/tags/v1.0.0", "someone/prexorcloud"),
    ],
)
def test_another_identity(identity: str) -> None:
    with pytest.raises(Refused) as refused:
        policy().check(Signer(identity, ISSUER))
    assert refused.value.reason == "identity_mismatch"
    assert repr(identity) in refused.value.detail
    assert repr(IDENTITY) in refused.value.detail


@pytest.mark.parametrize(
    "issuer", [ISSUER + "/", ISSUER.replace("https", "http"), "https://accounts.google.com", "x" + ISSUER]
)
def test_another_issuer(issuer: str) -> None:
    with pytest.raises(Refused) as refused:
        policy().check(Signer(IDENTITY, issuer))
    assert refused.value.reason == "issuer_mismatch"
    assert repr(issuer) in refused.value.detail
    assert repr(ISSUER) in refused.value.detail


def test_patterns() -> None:
    wanted = policy(None, PATTERN, None, r"^https://token\.actions\.githubusercontent\.com$")
    wanted.check(Signer(IDENTITY, ISSUER))
    assert wanted.warnings == ()
    with pytest.raises(Refused) as refused:
        wanted.check(Signer(identity_of("release-jars.yml", "refs/heads/main"), ISSUER))
    assert refused.value.reason == "identity_mismatch"
    assert "refs/heads/main" in refused.value.detail
    assert "a match of" in refused.value.detail
    with pytest.raises(Refused) as refused:
        wanted.check(Signer(IDENTITY, ISSUER + ".evil.example"))
    assert refused.value.reason == "issuer_mismatch"


def test_an_exact_value_is_no_pattern() -> None:
    with pytest.raises(Refused) as refused:
        policy(identity=".*").check(Signer(IDENTITY, ISSUER))
    assert refused.value.reason == "identity_mismatch"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"identity": None}, "exactly one of certificate_identity", id="no identity"),
        pytest.param({"issuer": None}, "exactly one of certificate_oidc_issuer", id="no issuer"),
        pytest.param({"identity_regexp": "^a"}, "exactly one", id="two identities"),
        pytest.param({"issuer_regexp": "^a"}, "exactly one", id="two issuers"),
        pytest.param({"identity": ""}, "certificate_identity is empty", id="empty identity"),
        pytest.param({"identity": " "}, "is empty", id="blank identity"),
        pytest.param({"issuer": ""}, "certificate_oidc_issuer is empty", id="empty issuer"),
        pytest.param({"identity": None, "identity_regexp": ""}, "_regexp is empty", id="empty identity pattern"),
        pytest.param({"issuer": None, "issuer_regexp": ""}, "_regexp is empty", id="empty issuer pattern"),
        pytest.param({"identity": "", "identity_regexp": "^a"}, "exactly one", id="empty and a pattern"),
        pytest.param({"identity": IDENTITY + "\n"}, "control characters", id="line break in the identity"),
        pytest.param({"issuer": ISSUER + "\r"}, "control characters", id="line break in the issuer"),
        pytest.param({"identity": None, "identity_regexp": "^a\n"}, "control characters", id="line break in a pattern"),
        pytest.param({"identity": "a" * 2049}, "2048", id="too long"),
        pytest.param(
            {"identity": None, "identity_regexp": "(a+)+"}, "certificate_identity_regexp: .*nested", id="ReDoS"
        ),
        pytest.param({"issuer": None, "issuer_regexp": "(?=a)"}, "certificate_oidc_issuer_regexp: ", id="lookahead"),
    ],
)
def test_options_without_a_safe_meaning(options: dict[str, str | None], message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        policy(**options)


@pytest.mark.parametrize("identity", [".*", "^.*$", ".+", "^", "a*", "(?i)", "[a-z]", ".", "x?|y", r"\S", "(?:.|a)"])
@pytest.mark.parametrize("issuer", [".*", "^.+$", ":|@"])
def test_patterns_that_together_take_anybody(identity: str, issuer: str) -> None:
    with pytest.raises(PolicyError, match="match anybody"):
        policy(None, identity, None, issuer)


def test_one_pattern_that_takes_anybody_is_warned_of() -> None:
    wanted = policy(None, "^.*$")
    assert len(wanted.warnings) == 1
    assert "certificate_identity_regexp" in wanted.warnings[0]
    assert "accepts every value" in wanted.warnings[0]


def test_pattern_without_an_anchor_is_warned_of() -> None:
    wanted = policy(None, PATTERN.removeprefix("^"), None, r"token\.actions\.githubusercontent\.com$")
    assert ["'^'" in warning for warning in wanted.warnings] == [True, True]
    # As cosign has it: found anywhere.
    wanted.check(Signer("https://evil.example/?" + IDENTITY, ISSUER))


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_an_exact_policy_takes_its_own_signer_only(wanted: str, found: str) -> None:
    try:
        exact = policy(wanted)
    except PolicyError:
        return
    exact.check(Signer(wanted, ISSUER))
    if found != wanted:
        with pytest.raises(Refused):
            exact.check(Signer(found, ISSUER))
