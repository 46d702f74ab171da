# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time stamp tokens (sigstore.md 1.2, 1.12): as the only source of time (v2 log), and beside a promise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from ..authority import CaPlan, spoil
from ..case import ARTIFACT, OK, Material, Row, keyless
from ..keys import new_key
from ..signing import Members
from ..tsa import SIGNED_DATA, Tsa
from ..world import YEAR, World

SECOND = timedelta(seconds=1)


def _shape(name: str, expected: str, rule: str, *, at: timedelta = timedelta(), **switches: Any) -> Row:
    """The v2 log, and a token that the true authority made in this shape."""

    def build(world: World) -> Material:
        signing = world.sign_v2(ARTIFACT)
        token = world.tsa.token(signing.signature, world.now + at, **switches)
        return keyless(replace(signing, tokens=(token,)).bundle())

    return Row(f"stamp-{name}", build, expected, rule)


def _authority(name: str, plan: Callable[[World], dict[str, Any]], expected: str, rule: str) -> Row:
    """The v2 log, and an authority of the trust root whose certificates look like this."""

    def build(world: World) -> Material:
        wanted = {"not_before": world.now - YEAR, "not_after": world.now + YEAR, **plan(world)}
        tsa = Tsa.make(wanted.pop("not_before"), wanted.pop("not_after"), **wanted)
        signing = world.sign_v2(ARTIFACT)
        chain = tuple(certificate.public_bytes(Encoding.DER) for certificate in tsa.chain)

        def edit(members: Members) -> None:
            members["timestampAuthorities"] = [world.authority_members("tsa", chain)]

        token = tsa.token(signing.signature, world.now)
        return keyless(replace(signing, tokens=(token,)).bundle(), world.trust_root_json(edit))

    return Row(f"stamp-authority-{name}", build, expected, rule)


def _beside(name: str, token: Callable[[World, bytes], bytes], expected: str, rule: str) -> Row:
    """The v1 log with its promise, and a token beside it."""

    def build(world: World) -> Material:
        signing = world.sign(ARTIFACT)
        return keyless(replace(signing, tokens=(token(world, signing.signature),)).bundle())

    return Row(f"stamp-beside-promise-{name}", build, expected, rule)


def _tokens(name: str, tokens: Callable[[World, bytes], tuple[bytes, ...]], expected: str, rule: str) -> Row:
    def build(world: World) -> Material:
        signing = world.sign_v2(ARTIFACT)
        return keyless(replace(signing, tokens=tokens(world, signing.signature)).bundle())

    return Row(f"stamp-{name}", build, expected, rule)


def _fraction(world: World) -> Material:
    """A fraction of a second still belongs to the second in which the certificate ends only if nothing is cut off."""
    plan = replace(world.leaf_plan(), not_after=world.now)
    signing = world.sign_v2(ARTIFACT, plan=plan)
    late = world.tsa.token(signing.signature, world.now + timedelta(microseconds=1))
    return keyless(replace(signing, tokens=(late,)).bundle())


def _own_authority_embedded(world: World) -> Material:
    """A self-made authority that brings its certificates along (GHSA-xm5m-wgh2-rrg3)."""
    own = Tsa.make(world.now - YEAR, world.now + YEAR)
    signing = world.sign_v2(ARTIFACT)
    bag = tuple(certificate.public_bytes(Encoding.DER) for certificate in own.chain)
    token = own.token(signing.signature, world.now, certificates=bag)
    return keyless(replace(signing, tokens=(token,)).bundle())


def _true_certificate_own_key(world: World) -> Material:
    """The true certificate in the bag, the signature by somebody else."""
    signing = world.sign_v2(ARTIFACT)
    bag = (world.tsa.chain[0].public_bytes(Encoding.DER),)
    token = world.tsa.token(signing.signature, world.now, certificates=bag, signer_key=new_key())
    return keyless(replace(signing, tokens=(token,)).bundle())


def _embedded(world: World) -> Material:
    signing = world.sign_v2(ARTIFACT)
    bag = (world.tsa.chain[0].public_bytes(Encoding.DER),)
    token = world.tsa.token(signing.signature, world.now, certificates=bag)
    return keyless(replace(signing, tokens=(token,)).bundle())


def _over_artifact(world: World) -> Material:
    """A token for the file instead of for the signature."""
    return keyless(replace(world.sign_v2(ARTIFACT), tokens=(world.tsa.token(ARTIFACT, world.now),)).bundle())


def _at(world: World, seconds: int) -> datetime:
    return world.now + timedelta(seconds=seconds)


RULE = "sigstore.md 1.12"
ALL_TIMES = "sigstore.md 1.2: the chain at every verified time"
BAD = "timestamp_invalid"

ROWS: tuple[Row, ...] = (
    _shape("good-sha384", OK, RULE, hash_name="sha384"),
    _shape("good-sha512", OK, RULE, hash_name="sha512"),
    _shape("good-by-key-id", OK, RULE, by_key_id=True),
    _shape("good-old-signing-certificate", OK, RULE, signing_certificate=1),
    _shape("good-accuracy-and-nonce", OK, RULE, accuracy=True, nonce=0x5EED5EED, tsa_name=True),
    _shape("good-fraction", OK, RULE, at=timedelta(milliseconds=250)),
    Row("stamp-good-embedded-certificate", _embedded, OK, RULE),
    Row("stamp-fraction-too-late", _fraction, "chain_expired", "sigstore.md 1.3.3: exact to the fraction"),
    _shape("too-late", "chain_expired", ALL_TIMES, at=timedelta(hours=1)),
    _shape("too-early", "chain_expired", ALL_TIMES, at=-timedelta(hours=1)),
    Row("stamp-over-artifact", _over_artifact, BAD, "sigstore.md 1.12: imprint of the signature"),
    Row("stamp-own-authority", _own_authority_embedded, BAD, "GHSA-xm5m-wgh2-rrg3; sigstore.md 5: self-made TSA"),
    Row("stamp-own-key", _true_certificate_own_key, BAD, "sigstore-python 3.6.4, rfc3161-client 1.0.3"),
    _shape("other-imprint", BAD, "sigstore.md 5: token for another signature", imprint=bytes(32)),
    _shape("short-imprint", BAD, RULE, imprint=bytes(20)),
    _shape("sha1-imprint", BAD, RULE, hash_name="sha1"),
    _shape("granted-with-mods", BAD, RULE, status=1),
    _shape("rejected", BAD, RULE, status=2),
    _shape("no-token", BAD, RULE, with_token=False),
    _shape("other-content", BAD, RULE, content_type=SIGNED_DATA),
    _shape("other-version", BAD, RULE, version=1),
    _shape("info-version-2", BAD, RULE, info_version=2),
    _shape("two-signers", BAD, RULE, signers=2),
    _shape("no-signers", BAD, RULE, signers=0),
    _shape("no-attributes", BAD, RULE, with_attributes=False),
    _shape("no-message-digest", BAD, RULE, with_message_digest=False),
    _shape("other-message-digest", BAD, RULE, message_digest=bytes(32)),
    _shape("no-content-type", BAD, RULE, attribute_content_type=None),
    _shape("other-content-type", BAD, RULE, attribute_content_type=SIGNED_DATA),
    _shape("no-signing-certificate", BAD, RULE, signing_certificate=None),
    _shape("other-signing-certificate", BAD, RULE, ess_certificate=b"other"),
    _shape("attribute-twice", BAD, RULE, attribute_twice=True),
    _shape("implicit-tag-signed", BAD, "sigstore.md 1.12: attributes re-tagged as SET", signed_tag=0xA0),
    _shape("signature-spoiled", BAD, "sigstore-python 3.6.4", signature_edit=spoil),
    _shape("other-serial", BAD, RULE, signer_serial=7),
    _shape("unknown-critical-extension", BAD, RULE, extension_critical=True),
    _shape("local-time", BAD, "sigstore.md 1.12: Z", gen_time="20260302120000+0100"),
    _shape("no-zone", BAD, "sigstore.md 1.12: Z", gen_time="20260302120000"),
    _shape(
        "info-changed-after", BAD, RULE, info_after=lambda info: info.replace(b"20260302120000Z", b"20260302120001Z")
    ),
    _shape("bytes-behind", BAD, "sigstore.md 1.12: no trailing bytes", answer_edit=lambda answer: answer + b"\x00"),
    _shape("cut", BAD, RULE, answer_edit=lambda answer: answer[:-1]),
    _shape("depth-bomb", BAD, "sigstore.md 1.12: depth cap", answer_edit=lambda _: b"\x30\x80" * 2000),
    _shape("no-der", BAD, RULE, answer_edit=lambda _: b"no token"),
    _authority("usage-not-critical", lambda _: {"usages_critical": False}, BAD, RULE),
    _authority(
        "more-usages",
        lambda _: {"usages": (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING)},
        BAD,
        "sigstore.md 1.12: exactly timeStamping",
    ),
    _authority("other-usage", lambda _: {"usages": (ExtendedKeyUsageOID.CODE_SIGNING,)}, BAD, RULE),
    _authority("no-usage", lambda _: {"usages": ()}, BAD, RULE),
    _authority("is-ca", lambda _: {"is_ca": True}, BAD, RULE),
    _authority("rsa", lambda _: {"key": new_key("rsa-2048")}, OK, RULE),
    _authority("expired", lambda world: {"leaf_not_after": world.now - SECOND}, BAD, RULE),
    _authority("not-yet", lambda world: {"not_before": world.now + SECOND}, BAD, RULE),
    _authority(
        "intermediate-expired",
        lambda world: {
            "intermediate": CaPlan(world.now - YEAR, world.now - SECOND, usages=(ExtendedKeyUsageOID.TIME_STAMPING,))
        },
        BAD,
        "sigstore.md 1.12: the whole chain at genTime",
    ),
    _authority(
        "ended-since",
        lambda world: {"not_after": world.now + SECOND},
        OK,
        "sigstore.md 1.12: valid at genTime, not now (suite rekor2-timestamp-with-expired-cert-chain)",
    ),
    _beside("good", lambda world, signature: world.tsa.token(signature, world.now), OK, RULE),
    _beside(
        "too-late", lambda world, signature: world.tsa.token(signature, _at(world, 3600)), "chain_expired", ALL_TIMES
    ),
    _beside(
        "spoiled",
        lambda world, signature: world.tsa.token(signature, world.now, signature_edit=spoil),
        OK,
        "sigstore.md 1.2: ignored beside a good source; sigstore-python 3.6.5",
    ),
    _beside(
        "unknown-authority",
        lambda world, signature: Tsa.make(world.now - YEAR, world.now + YEAR).token(signature, world.now),
        OK,
        "sigstore.md 1.2: suite managed-key-happy-path carries one",
    ),
    _tokens(
        "two-one-too-late",
        lambda world, signature: (world.tsa.token(signature, world.now), world.tsa.token(signature, _at(world, 3600))),
        "chain_expired",
        "suite rekor2-multiple-timestamps-one-outside-cert-validity",
    ),
    _tokens(
        "one-good-one-spoiled",
        lambda world, signature: (
            world.tsa.token(signature, world.now, signature_edit=spoil),
            world.tsa.token(signature, world.now),
        ),
        OK,
        "sigstore.md 1.2",
    ),
    _tokens(
        "thirty-three",
        lambda world, signature: (world.tsa.token(signature, world.now),) * 33,
        "input_too_large",
        "CVE-2024-45395 GHSA-cq38-jh5f-37mq",
    ),
)
