# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chain, leaf profile and certificate transparency (sigstore.md 1.2 to 1.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from ..authority import CaPlan, CtLog, Issuer, LeafPlan, issue, make_ca, name, spoiled_certificate
from ..case import ARTIFACT, OK, Material, Row, keyless
from ..keys import b64, new_key
from ..signing import Members
from ..world import YEAR, World

SECOND = timedelta(seconds=1)
Change = Callable[[World, LeafPlan], LeafPlan]
SomeExtension = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.57264.99"), b"\x05\x00")


def _leaf(name: str, change: Change, expected: str, rule: str) -> Row:
    """A certificate that the honest authority issued, but not one of Fulcio's profile."""

    def build(world: World) -> Material:
        return keyless(world.sign(ARTIFACT, plan=change(world, world.leaf_plan())).bundle())

    return Row(f"certificate-{name}", build, expected, rule)


def with_authority(world: World, *chain: Issuer, plan: LeafPlan | None = None) -> Material:
    """Signed under the first authority of this chain, all of which the trust root names."""

    def edit(members: Members) -> None:
        certificates = [{"rawBytes": b64(issuer.der)} for issuer in chain]
        members["certificateAuthorities"][0]["certChain"]["certificates"] = certificates

    return keyless(world.sign(ARTIFACT, plan=plan, issuer=chain[0]).bundle(), world.trust_root_json(edit))


def _plan(world: World) -> CaPlan:
    return CaPlan(world.now - YEAR, world.now + YEAR)


def _intermediate(name: str, change: Callable[[World, CaPlan], CaPlan], expected: str, rule: str) -> Row:
    """An intermediate that the root issued, but not one that may issue what it did."""

    def build(world: World) -> Material:
        issuer = make_ca("another intermediate", change(world, _plan(world)), world.root)
        return with_authority(world, issuer, world.root)

    return Row(f"chain-{name}", build, expected, rule)


def _expired_root(world: World) -> Material:
    root = make_ca("old root", replace(_plan(world), not_after=world.now - SECOND))
    return with_authority(world, make_ca("intermediate", _plan(world), root), root)


def _path_too_long(world: World) -> Material:
    root = make_ca("short root", replace(_plan(world), path_length=0))
    return with_authority(world, make_ca("intermediate", _plan(world), root), root)


def _other_hash(world: World) -> Material:
    signing = world.sign(ARTIFACT, plan=replace(world.leaf_plan(), hash_name="sha256"))
    return keyless(signing.bundle())


def _spoiled(world: World) -> Material:
    plan = world.leaf_plan()
    certificate = spoiled_certificate(issue(plan, world.intermediate))
    return keyless(world.sign(ARTIFACT, plan=plan, certificate=certificate).bundle())


def _same_names_other_keys(world: World) -> Material:
    fake = make_ca("test intermediate", _plan(world), make_ca("test root", _plan(world)))
    plan = replace(world.leaf_plan(), sct_issuer=world.intermediate.key)
    return keyless(world.sign(ARTIFACT, plan=plan, issuer=fake).bundle())


def _issued_by_a_leaf(world: World) -> Material:
    """Whoever gets one certificate must not be able to issue the next."""
    plan = world.leaf_plan()
    fake = Issuer(issue(plan, world.intermediate), plan.key)
    return keyless(world.sign(ARTIFACT, issuer=fake).bundle())


def _root_in_bundle(world: World) -> Material:
    signing = replace(world.sign(ARTIFACT), parents=(world.intermediate.der, world.root.der))
    return keyless(signing.bundle("0.2"), min_bundle_version="0.1")


def _own_chain_in_bundle(world: World) -> Material:
    fake_root = make_ca("own root", _plan(world))
    fake = make_ca("own intermediate", _plan(world), fake_root)
    signing = replace(world.sign(ARTIFACT, issuer=fake), parents=(fake.der,))
    return keyless(signing.bundle("0.2"), min_bundle_version="0.1")


def _authority_signs(world: World) -> Material:
    """The intermediate itself, whose key signs a file."""
    plan = replace(world.leaf_plan(), key=world.intermediate.key)
    return keyless(world.sign(ARTIFACT, plan=plan, certificate=world.intermediate.der, hash_name="sha384").bundle())


def _transplanted_sct(world: World) -> Material:
    """The promise for one certificate in another of the same key, names and dates."""
    honest = issue(world.leaf_plan(), world.intermediate)
    scts = honest.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value
    extension = x509.UnrecognizedExtension(scts.oid, scts.public_bytes())
    plan = replace(world.leaf_plan(), scts=(), extra=((extension, False),))
    return keyless(world.sign(ARTIFACT, plan=plan).bundle())


def _malformed(world: World) -> Material:
    whole = issue(world.leaf_plan(), world.intermediate).public_bytes(Encoding.DER)
    return keyless(world.sign(ARTIFACT, certificate=whole[:-20]).bundle())


def _bytes_behind(world: World) -> Material:
    plan = world.leaf_plan()
    whole = issue(plan, world.intermediate).public_bytes(Encoding.DER)
    return keyless(world.sign(ARTIFACT, plan=plan, certificate=whole + b"\x00").bundle())


def _dates(begin: int, end: int) -> Change:
    """Valid from and to this many seconds from the signature."""

    def change(world: World, plan: LeafPlan) -> LeafPlan:
        first, last = world.now + timedelta(seconds=begin), world.now + timedelta(seconds=end)
        return replace(plan, not_before=first, not_after=last, sct_time=world.now)

    return change


def _with(**changes: object) -> Change:
    return lambda _world, plan: replace(plan, **changes)  # type: ignore[arg-type]


def _unknown_ct_log(world: World, plan: LeafPlan) -> LeafPlan:
    return replace(plan, scts=(CtLog(new_key()),))


def _same_log_twice(world: World, plan: LeafPlan) -> LeafPlan:
    return replace(plan, scts=(world.ct, world.ct))


def _sct_of_other_issuer(world: World, plan: LeafPlan) -> LeafPlan:
    return replace(plan, sct_issuer=world.root.key)


def _sct_other_hash(world: World, plan: LeafPlan) -> LeafPlan:
    return replace(plan, scts=(replace(world.ct, hash_name="sha512"),))


def _sct_by_other_key(world: World, plan: LeafPlan) -> LeafPlan:
    class Impostor(CtLog):
        """Signs with a key of its own under the true log's id."""

        @property
        def id(self) -> bytes:
            return world.ct.id

    return replace(plan, scts=(Impostor(new_key()),))


CONSTRAINTS = x509.NameConstraints([x509.UniformResourceIdentifier("example.test")], None)
HYBRID = "sigstore.md 1.3.3: every certificate valid at every verified time"
PROFILE = "sigstore.md 1.4"
ISSUER_RULES = "sigstore.md 1.3.4"
SCT = "sigstore.md 1.5"
CRITICAL = "sigstore.md 1.3.5: unknown critical extension"

ROWS: tuple[Row, ...] = (
    _leaf("expired", _dates(-600, -1), "chain_expired", "sigstore.md 5: old key used after the certificate's life"),
    _leaf("not-yet-valid", _dates(1, 600), "chain_expired", HYBRID),
    _leaf("is-ca", _with(is_ca=True), "certificate_profile", PROFILE),
    _leaf("is-explicitly-no-ca", _with(is_ca=False), OK, PROFILE),
    _leaf("no-digital-signature", _with(digital_signature=False), "certificate_profile", PROFILE),
    _leaf("no-code-signing", _with(usages=(ExtendedKeyUsageOID.CLIENT_AUTH,)), "certificate_profile", PROFILE),
    _leaf("no-usages", _with(usages=()), "certificate_profile", PROFILE),
    _leaf("time-stamping-only", _with(usages=(ExtendedKeyUsageOID.TIME_STAMPING,)), "certificate_profile", PROFILE),
    _leaf("no-subject-name", _with(sans=()), "certificate_profile", PROFILE),
    _leaf("no-issuer-named", _with(texts=()), "certificate_profile", PROFILE),
    _leaf("key-rsa-1024", lambda _, plan: replace(plan, key=new_key("rsa-1024")), "certificate_profile", PROFILE),
    _leaf("key-secp256k1", lambda _, plan: replace(plan, key=new_key("secp256k1")), "certificate_profile", PROFILE),
    _leaf("unknown-critical", _with(extra=((SomeExtension, True),)), "certificate_profile", CRITICAL),
    _leaf("unknown-harmless", _with(extra=((SomeExtension, False),)), OK, CRITICAL),
    _leaf("other-issuer-name", _with(issuer_name=name("somebody else")), "chain_untrusted", "sigstore.md 1.3.2"),
    _leaf("no-sct", _with(scts=()), "sct_missing", SCT),
    _leaf("sct-of-unknown-log", _unknown_ct_log, "sct_missing", SCT),
    _leaf("sct-spoiled", _with(sct_spoiled=True), "sct_invalid", SCT),
    _leaf("sct-sha512", _sct_other_hash, "sct_invalid", "sigstore.md 1.5: only SHA-256"),
    _leaf("sct-by-other-key", _sct_by_other_key, "sct_invalid", SCT),
    _leaf("sct-of-other-issuer", _sct_of_other_issuer, "sct_invalid", "sigstore.md 1.5: hash of the issuer's SPKI"),
    _leaf("sct-twice", _same_log_twice, OK, "GHSA-9vcr-p3rj-q5q6: the same log counts once, and once is enough"),
    Row("certificate-sct-of-another", _transplanted_sct, "sct_invalid", SCT),
    Row("certificate-spoiled", _spoiled, "chain_untrusted", "sigstore.md 1.3.2"),
    Row("certificate-sha256", _other_hash, OK, "sigstore.md 1.3.2: with the leaf's own hash"),
    Row("certificate-of-own-authority", _same_names_other_keys, "chain_untrusted", "sigstore.md 5: own CA"),
    Row("certificate-issued-by-a-leaf", _issued_by_a_leaf, "chain_untrusted", "sigstore.md 1.3.4"),
    Row("certificate-is-the-authority", _authority_signs, "chain_untrusted", PROFILE),
    Row("certificate-malformed", _malformed, "input_malformed", "sigstore.md 7: refused cleanly"),
    Row("certificate-bytes-behind", _bytes_behind, "input_malformed", "sigstore.md 1.6, 1.12: no trailing bytes"),
    Row("chain-root-in-bundle", _root_in_bundle, "input_malformed", "sigstore.md 1.3, 7: signers must not send it"),
    Row("chain-own-in-bundle", _own_chain_in_bundle, "chain_untrusted", "sigstore.md 0: never trust from the bundle"),
    _intermediate(
        "intermediate-expired",
        lambda world, plan: replace(plan, not_after=world.now - SECOND),
        "chain_expired",
        "CVE-2026-24122 GHSA-wfqv-66vq-46rm",
    ),
    _intermediate(
        "intermediate-not-yet",
        lambda world, plan: replace(plan, not_before=world.now + SECOND),
        "chain_expired",
        HYBRID,
    ),
    _intermediate(
        "intermediate-ends-now", lambda world, plan: replace(plan, not_after=world.now), OK, "sigstore.md 1.3.3: closed"
    ),
    _intermediate("intermediate-no-ca", lambda _, plan: replace(plan, is_ca=False), "chain_untrusted", ISSUER_RULES),
    _intermediate(
        "intermediate-no-constraints",
        lambda _, plan: replace(plan, with_constraints=False),
        "chain_untrusted",
        ISSUER_RULES,
    ),
    _intermediate(
        "intermediate-constraints-not-critical",
        lambda _, plan: replace(plan, constraints_critical=False),
        "chain_untrusted",
        ISSUER_RULES,
    ),
    _intermediate(
        "intermediate-no-cert-sign", lambda _, plan: replace(plan, cert_sign=False), "chain_untrusted", ISSUER_RULES
    ),
    _intermediate(
        "intermediate-other-usage",
        lambda _, plan: replace(plan, usages=(ExtendedKeyUsageOID.TIME_STAMPING,)),
        "chain_untrusted",
        ISSUER_RULES,
    ),
    _intermediate(
        "intermediate-no-usage", lambda _, plan: replace(plan, usages=()), OK, "sigstore.md 1.3.4: if present"
    ),
    _intermediate(
        "intermediate-unknown-critical",
        lambda _, plan: replace(plan, extra=((SomeExtension, True),)),
        "chain_untrusted",
        CRITICAL,
    ),
    _intermediate(
        "intermediate-name-constraints",
        lambda _, plan: replace(plan, extra=((CONSTRAINTS, True),)),
        "chain_untrusted",
        "sigstore.md 1.3.5: a condition that is not checked",
    ),
    Row("chain-root-expired", _expired_root, "chain_expired", HYBRID),
    Row("chain-path-too-long", _path_too_long, "chain_untrusted", "sigstore.md 1.3.4: pathLen respected"),
)
