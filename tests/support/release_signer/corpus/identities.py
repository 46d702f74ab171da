# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who signed, and what the caller may ask for (sigstore.md 1.6, 1.7)."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier

from ..authority import FULCIO, LeafPlan
from ..case import ARTIFACT, OK, POLICY, Material, Row, keyless
from ..der_writer import element, field, oid, sequence
from ..world import IDENTITY, ISSUER, World, identity_of, texts_for

PRODUCT = r"(?i)^https://github\.com/prexorjustin/prexorcloud/\.github/workflows/release-jars\.ya?ml@.*"
PINNED = r"(?i)^https://github\.com/prexorjustin/prexorcloud/\.github/workflows/release-jars\.yml@refs/tags/v1\.0\.0$"


def _signed_by(name: str, identity: str, expected: str, rule: str, issuer: str = ISSUER) -> Row:
    """Everything is true, only the signer is another one."""

    def build(world: World) -> Material:
        return keyless(world.sign(ARTIFACT, plan=world.leaf_plan(identity, issuer)).bundle())

    return Row(f"identity-{name}", build, expected, rule)


def _asked(name: str, expected: str, rule: str, **changes: str | None) -> Row:
    """The usual signer, and what the caller asks for."""

    def build(world: World) -> Material:
        return keyless(world.sign(ARTIFACT).bundle(), **changes)

    return Row(f"policy-{name}", build, expected, rule)


def _pattern(name: str, pattern: str, expected: str, rule: str, identity: str = IDENTITY) -> Row:
    """The identity as a regular expression."""

    def build(world: World) -> Material:
        signing = world.sign(ARTIFACT, plan=world.leaf_plan(identity))
        return keyless(signing.bundle(), certificate_identity=None, certificate_identity_regexp=pattern)

    return Row(f"pattern-{name}", build, expected, rule)


def _leaf(name: str, expected: str, rule: str, wanted: str = IDENTITY, **changes: object) -> Row:
    """A certificate that says who signed in an odd way."""

    def build(world: World) -> Material:
        plan = replace(world.leaf_plan(), **changes)  # type: ignore[arg-type]
        return keyless(world.sign(ARTIFACT, plan=plan).bundle(), certificate_identity=wanted)

    return Row(f"subject-{name}", build, expected, rule)


def _issuer_texts(name: str, expected: str, rule: str, *extensions: tuple[int, bytes]) -> Row:
    """Extensions about the issuer, byte by byte."""

    def build(world: World) -> Material:
        extra = tuple(
            (x509.UnrecognizedExtension(ObjectIdentifier(f"{FULCIO}.{number}"), value), False)
            for number, value in extensions
        )
        plan: LeafPlan = replace(world.leaf_plan(), texts=(), extra=extra)
        return keyless(world.sign(ARTIFACT, plan=plan).bundle())

    return Row(f"issuer-{name}", build, expected, rule)


def _other_name(value: bytes, kind: str = f"{FULCIO}.7") -> tuple[x509.GeneralName, ...]:
    return (x509.OtherName(ObjectIdentifier(kind), value),)


def _uri(text: str) -> x509.GeneralName:
    return x509.UniformResourceIdentifier(text)


def _arabic_digit(world: World) -> Material:
    """A digit that is one for Python's `re`, but not for Go."""
    plan = replace(world.leaf_plan(), sans=_other_name(element(0x0C, "user\u0663".encode())))
    signing = world.sign(ARTIFACT, plan=plan)
    return keyless(signing.bundle(), certificate_identity=None, certificate_identity_regexp=r"^user\d$")


def _evil_issuer_pattern(world: World) -> Material:
    plan = world.leaf_plan(issuer="https://token.actions.githubusercontent.com.example.test")
    return keyless(
        world.sign(ARTIFACT, plan=plan).bundle(),
        certificate_oidc_issuer=None,
        certificate_oidc_issuer_regexp=r"^https://token\.actions\.githubusercontent\.com$",
    )


EXACT = "sigstore.md 1.6: byte for byte"
OTHER = "sigstore.md 5: certificate for another identity, look-alike, prefix, other provider"
BOTH = "sigstore.md 1.6: identity and issuer, each exactly one of exact and regexp"
SYNTAX = "sigstore.md 1.7: what Go's RE2 does not know, or reads in another way"
DER_TEXT = "sigstore.md 1.6: DER UTF8String, no trailing bytes, valid UTF-8"
# An otherName with two values in it, which no honest library writes.
TWO_VALUES = x509.UnrecognizedExtension(
    ObjectIdentifier("2.5.29.17"),
    sequence(field(0, oid(f"{FULCIO}.7"), field(0, element(0x0C, b"a!b"), element(0x0C, b"c")))),
)
V1, V2 = ISSUER.encode(), element(0x0C, ISSUER.encode())

ROWS: tuple[Row, ...] = (
    _signed_by("other-workflow", identity_of("release.yml", "refs/tags/v1.0.0"), "identity_mismatch", OTHER),
    _signed_by(
        "other-tag",
        identity_of("release-jars.yml", "refs/tags/v0.9.0"),
        "identity_mismatch",
        "sigstore.md 5: older signed release replayed",
    ),
    _signed_by(
        "branch",
        identity_of("release-jars.yml", "refs/heads/main"),
        "identity_mismatch",
        "sigstore.md 1.6: ref pinning",
    ),
    _signed_by("longer-tag", identity_of("release-jars.yml", "refs/tags/v1.0.0-evil"), "identity_mismatch", OTHER),
    _signed_by(
        "other-repository",
        identity_of("release-jars.yml", "refs/tags/v1.0.0", "prexorjustin/prexorcloud-fork"),
        "identity_mismatch",
        OTHER,
    ),
    _signed_by("other-case", IDENTITY.lower(), "identity_mismatch", EXACT),
    _signed_by("other-host", IDENTITY.replace("github.com", "github.com.example.test"), "identity_mismatch", OTHER),
    _signed_by(
        "unnormalised",
        IDENTITY.replace("/.github/", "/x/../.github/"),
        "identity_mismatch",
        "sigstore.md 1.6: no URL normalisation",
    ),
    _signed_by(
        "other-issuer",
        IDENTITY,
        "issuer_mismatch",
        "sigstore.md 1.6: any provider could vouch for the name",
        "https://accounts.example.test",
    ),
    _signed_by("issuer-with-slash", IDENTITY, "issuer_mismatch", EXACT, f"{ISSUER}/"),
    _asked("identity-only", POLICY, BOTH, certificate_oidc_issuer=None),
    _asked("issuer-only", POLICY, BOTH, certificate_identity=None),
    _asked("identity-empty", POLICY, BOTH, certificate_identity=""),
    _asked("issuer-empty", POLICY, BOTH, certificate_oidc_issuer=""),
    _asked("identity-twice", POLICY, BOTH, certificate_identity_regexp="^https://"),
    _asked("issuer-twice", POLICY, BOTH, certificate_oidc_issuer_regexp="^https://"),
    _asked("identity-pattern-empty", POLICY, BOTH, certificate_identity=None, certificate_identity_regexp=""),
    _asked("issuer-pattern-empty", POLICY, BOTH, certificate_oidc_issuer=None, certificate_oidc_issuer_regexp=""),
    _asked("nobody", POLICY, "sigstore.md 1.6", certificate_identity=None, certificate_oidc_issuer=None),
    _asked(
        "anybody",
        POLICY,
        "sigstore.md 1.7: a bare .* for both",
        certificate_identity=None,
        certificate_oidc_issuer=None,
        certificate_identity_regexp=".*",
        certificate_oidc_issuer_regexp=".*",
    ),
    _asked(
        "issuer-pattern",
        OK,
        "sigstore.md 1.7",
        certificate_oidc_issuer=None,
        certificate_oidc_issuer_regexp=r"^https://token\.actions\.githubusercontent\.com$",
    ),
    _asked(
        "identity-other",
        "identity_mismatch",
        "GHSA-52v5-jr5w-gjxr: no option is silently ignored",
        certificate_identity=identity_of("release-jars.yml", "refs/tags/v2.0.0"),
    ),
    _asked(
        "issuer-other",
        "issuer_mismatch",
        "GHSA-52v5-jr5w-gjxr: no option is silently ignored",
        certificate_oidc_issuer="https://accounts.example.test",
    ),
    _asked(
        "issuer-pattern-other",
        "issuer_mismatch",
        "GHSA-52v5-jr5w-gjxr",
        certificate_oidc_issuer=None,
        certificate_oidc_issuer_regexp=r"^https://accounts\.",
    ),
    Row("pattern-issuer-look-alike", _evil_issuer_pattern, "issuer_mismatch", OTHER),
    _pattern("product", PRODUCT, OK, "upstream/signing.md 2"),
    _pattern("pinned", PINNED, OK, "upstream/signing.md 2"),
    _pattern(
        "pinned-other-tag",
        PINNED,
        "identity_mismatch",
        "sigstore.md 5: older signed release replayed",
        identity_of("release-jars.yml", "refs/tags/v1.0.01"),
    ),
    _pattern(
        "product-case-kept",
        PRODUCT.removeprefix("(?i)"),
        "identity_mismatch",
        "upstream/signing.md 2: GitHub spells the owner PrexorJustin",
    ),
    _pattern(
        "product-other-repository",
        PRODUCT,
        "identity_mismatch",
        OTHER,
        identity_of("release-jars.yml", "refs/tags/v1.0.0", "evil/prexorcloud"),
    ),
    _pattern("unanchored", "prexorcloud/", OK, "sigstore.md 1.7: a search, not a match of the whole"),
    _pattern("group-flag", r"^(?i:HTTPS)://github\.com/PrexorJustin/", OK, "sigstore.md 1.7"),
    _pattern("ascii-class", r"^[a-z]{5}://[\w.]+/\w+/", OK, "sigstore.md 1.7"),
    Row("pattern-unicode-digit", _arabic_digit, "identity_mismatch", r"sigstore.md 1.7: \d is ASCII"),
    *(
        _pattern(name, pattern, POLICY, SYNTAX)
        for name, pattern in (
            ("late-flag", "^https(?i)://"),
            ("lookahead", "^https(?=:)"),
            ("negative-lookahead", "^https(?!x)"),
            ("lookbehind", "(?<=https)://"),
            ("backreference", r"(h)ttps\1"),
            ("named-backreference", "(?P<a>h)(?P=a)"),
            ("atomic", "(?>https)"),
            ("possessive", "https*+"),
            ("end-of-text", r"https\Z"),
            ("go-end-of-text", r"https\z"),
            ("conditional", "(h)(?(1)t|x)"),
            ("too-many-repeats", "h{1,1001}"),
            ("posix-class", "^[[:alpha:]]+"),
            ("unicode-class", r"^\pL+"),
            ("quoted", r"^\Qhttps\E"),
            ("any-byte", r"^\C"),
            ("braced-hex", r"^\x{68}"),
            ("ungreedy", "(?U)https"),
            ("go-name", "(?<n>https)"),
            ("unbalanced", "(https"),
            ("comment", "(?#x)https"),
        )
    ),
    _pattern("nested-quantifier", "^(([a-z])+.)+x$", POLICY, "sigstore.md 1.7: ReDoS"),
    _pattern("nested-quantifier-plain", "^(a+)+$", POLICY, "sigstore.md 1.7: ReDoS"),
    _leaf(
        "two-names", "certificate_profile", "sigstore.md 7: exactly one", sans=(_uri(IDENTITY), _uri(f"{IDENTITY}x"))
    ),
    _leaf(
        "two-names-one-mail",
        "certificate_profile",
        "sigstore.md 7",
        sans=(_uri(IDENTITY), x509.RFC822Name("a@example.test")),
    ),
    _leaf(
        "dns-name",
        "certificate_profile",
        "sigstore.md 1.6: DNS is refused",
        "example.test",
        sans=(x509.DNSName("example.test"),),
    ),
    _leaf(
        "address",
        "certificate_profile",
        "sigstore.md 1.6: IP is refused",
        "192.0.2.1",
        sans=(x509.IPAddress(ip_address("192.0.2.1")),),
    ),
    _leaf(
        "newline",
        "certificate_profile",
        "sigstore.md 1.6: control characters",
        f"{IDENTITY}x",
        sans=(_uri(f"{IDENTITY}\n"),),
    ),
    _leaf(
        "nul",
        "certificate_profile",
        "sigstore.md 1.6: control characters",
        f"{IDENTITY}x",
        sans=(_uri(f"{IDENTITY}\x00.evil"),),
    ),
    _leaf(
        "too-long",
        "input_too_large",
        "sigstore.md 0, 1.7: at most 2048 characters",
        sans=(_uri(IDENTITY + "a" * 2048),),
    ),
    _leaf(
        "other-name-of-another-type",
        "certificate_profile",
        "sigstore.md 1.6",
        "a!b",
        sans=_other_name(element(0x0C, b"a!b"), "1.2.3.4"),
    ),
    _leaf("other-name-bytes-behind", "input_malformed", DER_TEXT, "a!b", sans=(), extra=((TWO_VALUES, True),)),
    _leaf("other-name-no-text", "input_malformed", DER_TEXT, "a!b", sans=_other_name(element(0x16, b"a!b"))),
    _leaf(
        "issuers-differ",
        "certificate_profile",
        "sigstore.md 1.6, 7: both must be equal",
        texts=((1, ISSUER), (8, "https://accounts.example.test")),
    ),
    _leaf(
        "issuers-differ-reversed",
        "certificate_profile",
        "sigstore.md 1.6, 7: both must be equal",
        texts=((1, "https://accounts.example.test"), (8, ISSUER)),
    ),
    _leaf(
        "other-texts-do-not-count",
        OK,
        "sigstore.md 1.6: only the name is the identity",
        texts=texts_for(identity_of("x.yml", "refs/heads/x"), ISSUER),
    ),
    _issuer_texts("good-both", OK, DER_TEXT, (1, V1), (8, V2)),
    _issuer_texts("bytes-behind", "input_malformed", DER_TEXT, (8, V2 + b"\x00")),
    _issuer_texts(
        "long-length-form", "input_malformed", "sigstore.md 1.12: minimal lengths", (8, b"\x0c\x81" + V2[1:])
    ),
    _issuer_texts("no-der", "input_malformed", DER_TEXT, (8, V1)),
    _issuer_texts("other-tag", "input_malformed", DER_TEXT, (8, element(0x16, V1))),
    _issuer_texts("bad-utf8", "input_malformed", DER_TEXT, (8, element(0x0C, V1 + b"\xff"))),
    _issuer_texts("bad-utf8-v1", "input_malformed", DER_TEXT, (1, V1 + b"\xff"), (8, V2)),
    _issuer_texts("newline", "certificate_profile", "sigstore.md 1.6: control characters", (1, V1 + b"\n")),
    _issuer_texts("empty", "certificate_profile", "sigstore.md 1.6: an empty text is an error", (1, b"")),
)
