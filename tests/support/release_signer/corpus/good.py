# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to verify: each format, each kind of key and identity, each thing that looks odd and is right."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier

from ..authority import FULCIO, CaPlan, CtLog, make_ca
from ..case import ARTIFACT, OK, Material, Row, keyless
from ..der_writer import element
from ..keys import b64, new_key
from ..world import ISSUER, YEAR, World


def _bundle(version: str) -> Row:
    def build(world: World) -> Material:
        return keyless(world.sign(ARTIFACT).bundle(version), min_bundle_version="0.1")

    return Row(f"good-bundle-{version}", build, OK, "sigstore.md 2 (2)")


def _old_bundle(world: World) -> Material:
    return keyless(world.sign(ARTIFACT).old_bundle())


def _old_bundle_plain_pem(world: World) -> Material:
    signing = world.sign(ARTIFACT)
    return keyless(signing.old_bundle(lambda members: members.update(cert=signing.certificate_pem.decode())))


def _intermediate_in_chain(world: World) -> Material:
    signing = replace(world.sign(ARTIFACT), parents=(world.intermediate.der,))
    return keyless(signing.bundle("0.2"), min_bundle_version="0.2")


def _no_message_digest(world: World) -> Material:
    return keyless(world.sign(ARTIFACT).bundle(edit=lambda members: members["messageSignature"].pop("messageDigest")))


def _with_key(kind: str, hash_name: str = "sha256") -> Row:
    def build(world: World) -> Material:
        plan = world.leaf_plan(key=new_key(kind))
        signing = world.sign(ARTIFACT, plan=plan, hash_name=hash_name)
        return keyless(signing.bundle())

    return Row(f"good-leaf-{kind}-{hash_name}", build, OK, "sigstore.md 1.13")


def _mail(world: World) -> Material:
    plan = world.leaf_plan("somebody@example.test", "https://accounts.example.test")
    changes = {
        "certificate_identity": "somebody@example.test",
        "certificate_oidc_issuer": "https://accounts.example.test",
    }
    return keyless(world.sign(ARTIFACT, plan=plan).bundle(), **changes)


def _other_name(world: World) -> Material:
    value = element(0x0C, b"somebody!example.test")
    san = x509.OtherName(ObjectIdentifier(f"{FULCIO}.7"), value)
    plan = replace(world.leaf_plan(), sans=(san,))
    return keyless(world.sign(ARTIFACT, plan=plan).bundle(), certificate_identity="somebody!example.test")


def _issuer_spelling(number: int) -> Row:
    def build(world: World) -> Material:
        plan = world.leaf_plan()
        return keyless(world.sign(ARTIFACT, plan=replace(plan, texts=((number, ISSUER),))).bundle())

    return Row(f"good-issuer-only-{number}", build, OK, "sigstore.md 1.6, 7: either spelling of the issuer alone")


def _at_the_edge(seconds: int) -> Row:
    """Signed in the certificate's first (0) or last (600) second."""

    def build(world: World) -> Material:
        begin = world.now - timedelta(seconds=seconds)
        plan = replace(world.leaf_plan(), not_before=begin, not_after=begin + timedelta(seconds=600), sct_time=begin)
        return keyless(world.sign(ARTIFACT, plan=plan).bundle())

    return Row(f"good-signed-in-second-{seconds}", build, OK, "sigstore.md 1.3.3: the dates are a closed range")


def _two_scts(world: World) -> Material:
    other = CtLog(new_key())
    plan = replace(world.leaf_plan(), scts=(other, world.ct))
    return keyless(world.sign(ARTIFACT, plan=plan).bundle())


def _sct_extensions(world: World) -> Material:
    plan = replace(world.leaf_plan(), sct_extensions=b"\x00\x00\x05\x00\x00\x00\x00\x2a")
    return keyless(world.sign(ARTIFACT, plan=plan).bundle())


def _precertificate_issuer(world: World) -> Material:
    usages = (ObjectIdentifier("1.3.6.1.5.5.7.3.3"), ObjectIdentifier("1.3.6.1.4.1.11129.2.4.4"))
    plan = CaPlan(world.now - YEAR, world.now + YEAR, path_length=0, usages=usages)
    issuer = make_ca("test precertificate signer", plan, world.root)
    leaf = replace(world.leaf_plan(), sct_issuer=world.root.key)
    root = world.trust_root_json(
        lambda members: members["certificateAuthorities"][0]["certChain"].update(
            certificates=[{"rawBytes": b64(issuer.der)}, {"rawBytes": b64(world.root.der)}]
        )
    )
    return keyless(world.sign(ARTIFACT, plan=leaf, issuer=issuer).bundle(), root)


ROWS: tuple[Row, ...] = (
    _bundle("0.1"),
    _bundle("0.2"),
    _bundle("0.3"),
    _bundle("0.3-old-spelling"),
    Row("good-old-bundle", _old_bundle, OK, "sigstore.md 2 (3)"),
    Row("good-old-bundle-plain-pem", _old_bundle_plain_pem, OK, "sigstore.md 2 (3): older cosign wrote PEM itself"),
    Row("good-intermediate-in-chain", _intermediate_in_chain, OK, "sigstore.md 1.3: ignored as untrusted"),
    Row("good-no-message-digest", _no_message_digest, OK, "sigstore.md 1.13: only a claim"),
    *(_with_key(kind) for kind in ("P-384", "P-521", "rsa-2048")),
    _with_key("P-384", "sha384"),
    _with_key("P-521", "sha512"),
    Row("good-mail-identity", _mail, OK, "sigstore.md 1.6"),
    Row("good-other-name", _other_name, OK, "sigstore.md 1.6, 7: otherName .7 is decoded"),
    _issuer_spelling(1),
    _issuer_spelling(8),
    _at_the_edge(0),
    _at_the_edge(600),
    Row("good-two-scts", _two_scts, OK, "sigstore.md 1.5: one of a known log suffices"),
    Row("good-sct-extensions", _sct_extensions, OK, "sigstore.md 1.5: extension bytes are signed, not refused"),
    Row("good-precertificate-issuer", _precertificate_issuer, OK, "sigstore.md 1.5: then the issuer's issuer counts"),
)
