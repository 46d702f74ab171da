# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trust root (sigstore.md 1.1): its own form, and every window and key in it that must not be stretched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ..authority import CtLog
from ..case import ARTIFACT, OK, Material, Row, keyless
from ..keys import b64, new_key, spki
from ..signing import Members
from ..world import YEAR, World, stamp

Edit = Callable[[World, Members], Any]
SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)


def _row(name: str, edit: Edit, expected: str, rule: str) -> Row:
    """A good bundle under a trust root that was altered."""

    def build(world: World) -> Material:
        return keyless(world.sign(ARTIFACT).bundle(), world.trust_root_json(lambda members: edit(world, members)))

    return Row(f"trust-{name}", build, expected, rule)


def _stamped(name: str, edit: Edit, expected: str, rule: str) -> Row:
    """The same with a bundle of the v2 log, whose only time is a token."""

    def build(world: World) -> Material:
        return keyless(world.sign_v2(ARTIFACT).bundle(), world.trust_root_json(lambda members: edit(world, members)))

    return Row(f"trust-{name}", build, expected, rule)


def _window(*path: str | int, **ends: timedelta) -> Edit:
    """Sets start, end or both of the window at this path, as distances from the moment of signing."""

    def edit(world: World, members: Any) -> None:
        for step in path:
            members = members[step]
        members["validFor"].update({name: stamp(world.now + distance) for name, distance in ends.items()})

    return edit


def _in_key(part: str, **changes: object) -> Edit:
    return lambda _world, members: members[part][0]["publicKey"].update(changes)


def _raw_key(part: str, kind: str) -> Edit:
    """Another key under the id of the true one."""
    return lambda _world, members: members[part][0]["publicKey"].update(rawBytes=b64(spki(new_key(kind).public_key())))


def _other_world(*parts: str) -> Edit:
    """The same parts of somebody else's Sigstore."""

    def edit(world: World, members: Members) -> None:
        other = World.make(world.now).trust_members()
        members.update({part: other[part] for part in parts})

    return edit


def _unknown_log_beside(_world: World, members: Members) -> None:
    key = {"rawBytes": b64(b"\x30\x00"), "keyDetails": "PKIX_ML_DSA_87", "validFor": {"start": "2026-01-01T00:00:00Z"}}
    members["tlogs"].insert(0, {**members["tlogs"][0], "publicKey": key, "logId": {"keyId": b64(bytes(32))}})


def _second_log_first(world: World, members: Members) -> None:
    key = new_key("P-384").public_key()
    members["tlogs"].insert(0, world.log_members("https://old.example.test", key, World.make(world.now).rekor.id))


def _ended_authority_first(world: World, members: Members) -> None:
    ended = World.make(world.now).trust_members()["certificateAuthorities"][0]
    ended["validFor"]["end"] = stamp(world.now - SECOND)
    members["certificateAuthorities"].insert(0, ended)


def _same_authority_ended_first(world: World, members: Members) -> None:
    good = members["certificateAuthorities"][0]
    members["certificateAuthorities"].insert(
        0, {**good, "validFor": {**good["validFor"], "end": stamp(world.now - YEAR / 2)}}
    )


def _intermediate_is_anchor(_world: World, members: Members) -> None:
    members["certificateAuthorities"][0]["certChain"]["certificates"].pop()


def _chain_backwards(_world: World, members: Members) -> None:
    members["certificateAuthorities"][0]["certChain"]["certificates"].reverse()


def _rsa_ct_log(details: str, *, bare: bool) -> Callable[[World], Material]:
    def build(world: World) -> Material:
        key = new_key("rsa-2048")
        assert isinstance(key, rsa.RSAPrivateKey)
        log = CtLog(key)
        signing = world.sign(ARTIFACT, plan=replace(world.leaf_plan(), scts=(log,)))

        def edit(members: Members) -> None:
            members["ctlogs"] = [world.log_members("https://ctfe.example.test", key.public_key(), log.id)]
            members["ctlogs"][0]["publicKey"]["keyDetails"] = details
            if bare:
                raw = key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
                members["ctlogs"][0]["publicKey"]["rawBytes"] = b64(raw)

        return keyless(signing.bundle(), world.trust_root_json(edit))

    return build


def _document(name: str, change: Callable[[bytes], bytes], rule: str) -> Row:
    def build(world: World) -> Material:
        return keyless(world.sign(ARTIFACT).bundle(), change(world.trust_root_json()))

    return Row(f"trust-{name}", build, "trust_root_malformed", rule)


def _media_type(text: str) -> Edit:
    return lambda _world, members: members.update(mediaType=text)


CA = ("certificateAuthorities", 0)
LEAF_BEGIN = timedelta(seconds=-1)  # also the time of its SCT, see World.leaf_plan
CLOSED = "sigstore.md 1.1.4: windows are closed ranges"
WINDOW = "sigstore.md 5: retired or compromised key used outside its window"
LOG_ID = "sigstore.md 1.1.6: the id is recomputed"
TYPES = "sigstore.md 1.1.1: an unknown media type is refused"

ROWS: tuple[Row, ...] = (
    _row(
        "media-type-0.2",
        _media_type("application/vnd.dev.sigstore.trustedroot.v0.2+json"),
        "trust_root_malformed",
        TYPES,
    ),
    _row(
        "media-type-0.1-new",
        _media_type("application/vnd.dev.sigstore.trustedroot.v0.1+json"),
        "trust_root_malformed",
        TYPES,
    ),
    _row("media-type-missing", lambda _, members: members.pop("mediaType"), "trust_root_malformed", TYPES),
    _row(
        "unknown-field",
        lambda _, members: members["tlogs"][0].update(operator="somebody", checkpointKeyId={"keyId": "AAAA"}),
        OK,
        "sigstore.md 1.1.1: unknown fields are ignored",
    ),
    _row(
        "log-without-start",
        lambda _, members: members["tlogs"][0]["publicKey"]["validFor"].pop("start"),
        "trust_root_malformed",
        "sigstore.md 1.1.3",
    ),
    _row(
        "log-other-hash",
        lambda _, members: members["tlogs"][0].update(hashAlgorithm="SHA2_512"),
        "log_unknown",
        "sigstore.md 1.1.2: hashAlgorithm = SHA2_256",
    ),
    _row(
        "authority-without-start",
        lambda _, members: members["certificateAuthorities"][0]["validFor"].pop("start"),
        "trust_root_malformed",
        "sigstore.md 1.1.3: no start is not unbounded",
    ),
    _row(
        "log-without-window",
        lambda _, members: members["tlogs"][0]["publicKey"].pop("validFor"),
        "trust_root_malformed",
        "sigstore.md 1.1.3",
    ),
    _row(
        "ct-log-without-start",
        lambda _, members: members["ctlogs"][0]["publicKey"]["validFor"].pop("start"),
        "trust_root_malformed",
        "sigstore.md 1.1.3",
    ),
    _document("empty", lambda _: b"{}", "sigstore.md 1.1"),
    _document("cut", lambda document: document[:-2], "sigstore.md 3"),
    _document("duplicate-key", lambda document: b'{"tlogs": [], ' + document.lstrip()[1:], "sigstore.md 3"),
    _document("trailing", lambda document: document + b"{}", "sigstore.md 3"),
    _document("list", lambda document: b"[" + document + b"]", "sigstore.md 3"),
    _row(
        "log-unknown-key-type-beside",
        _unknown_log_beside,
        OK,
        "sigstore.md 1.1.2; sigstore-python 4.5.0: skipped, no crash",
    ),
    _row("log-key-type-unknown", _in_key("tlogs", keyDetails="PKIX_ML_DSA_87"), "log_unknown", "sigstore.md 1.1.2"),
    _row(
        "log-key-type-differs",
        _in_key("tlogs", keyDetails="PKIX_ECDSA_P384_SHA_384"),
        "trust_root_malformed",
        "sigstore.md 1.1.2",
    ),
    _row("log-key-swapped", _raw_key("tlogs", "P-256"), "log_unknown", LOG_ID),
    _row("ct-log-key-swapped", _raw_key("ctlogs", "P-256"), "sct_missing", LOG_ID),
    _row(
        "log-id-altered",
        lambda _, members: members["tlogs"][0]["logId"].update(keyId=b64(bytes(32))),
        "log_unknown",
        LOG_ID,
    ),
    _stamped(
        "log2-id-is-spki-hash",
        lambda world, members: members["tlogs"][1]["logId"].update(keyId=b64(World.make(world.now).rekor.id)),
        "log_unknown",
        LOG_ID,
    ),
    _stamped(
        "log2-other-name",
        lambda _, members: members["tlogs"][1].update(baseUrl="https://other.example.test"),
        "log_unknown",
        "sigstore.md 1.1.6: the id holds the name",
    ),
    _row("two-log-keys", _second_log_first, OK, "sigstore-python 3.6.2: several log keys"),
    _row(
        "no-logs",
        lambda _, members: members.update(tlogs=[]),
        "log_unknown",
        "sigstore.md 0: anchors only from options",
    ),
    _row("no-ct-logs", lambda _, members: members.update(ctlogs=[]), "sct_missing", "sigstore.md 1.5"),
    _row(
        "no-authorities",
        lambda _, members: members.update(certificateAuthorities=[]),
        "chain_untrusted",
        "sigstore.md 1.3",
    ),
    _row("other-log", _other_world("tlogs"), "log_unknown", "sigstore.md 5: own Rekor"),
    _row(
        "other-authority",
        _other_world("certificateAuthorities"),
        "chain_untrusted",
        "sigstore.md 5: own CA of the same name",
    ),
    _row(
        "other-ct-log", _other_world("ctlogs"), "sct_missing", "sigstore.md 5: certificate kept off the known CT logs"
    ),
    _stamped("other-tsa", _other_world("timestampAuthorities"), "timestamp_invalid", "sigstore.md 5: own TSA"),
    _stamped(
        "no-tsa", lambda _, members: members.update(timestampAuthorities=[]), "timestamp_invalid", "sigstore.md 1.12"
    ),
    _row("log-ends-now", _window("tlogs", 0, "publicKey", end=timedelta()), OK, CLOSED),
    _row("log-starts-now", _window("tlogs", 0, "publicKey", start=timedelta()), OK, CLOSED),
    _row("log-ended", _window("tlogs", 0, "publicKey", end=-MILLISECOND), "log_expired", WINDOW),
    _row("log-not-yet", _window("tlogs", 0, "publicKey", start=MILLISECOND), "log_expired", WINDOW),
    _stamped("log2-ends-now", _window("tlogs", 1, "publicKey", end=timedelta()), OK, CLOSED),
    _stamped(
        "log2-ended",
        _window("tlogs", 1, "publicKey", end=-SECOND),
        "log_expired",
        "sigstore.md 1.10.7: v2 by the token's time",
    ),
    _row("authority-ends-now", _window(*CA, end=timedelta()), OK, CLOSED),
    _row("authority-starts-now", _window(*CA, start=timedelta()), OK, CLOSED),
    _row("authority-ended", _window(*CA, end=-MILLISECOND), "chain_expired", WINDOW),
    _row("authority-not-yet", _window(*CA, start=MILLISECOND), "chain_expired", WINDOW),
    _row("ct-log-ends-now", _window("ctlogs", 0, "publicKey", end=LEAF_BEGIN), OK, CLOSED),
    _row("ct-log-ended", _window("ctlogs", 0, "publicKey", end=LEAF_BEGIN - MILLISECOND), "sct_missing", WINDOW),
    _row("ct-log-not-yet", _window("ctlogs", 0, "publicKey", start=LEAF_BEGIN + MILLISECOND), "sct_missing", WINDOW),
    _stamped("tsa-ends-now", _window("timestampAuthorities", 0, end=timedelta()), OK, CLOSED),
    _stamped("tsa-ended", _window("timestampAuthorities", 0, end=-SECOND), "timestamp_invalid", WINDOW),
    _stamped("tsa-not-yet", _window("timestampAuthorities", 0, start=SECOND), "timestamp_invalid", WINDOW),
    _row(
        "end-with-fraction",
        _window("tlogs", 0, "publicKey", end=timedelta(milliseconds=999)),
        OK,
        "sigstore.md 1.1.6: fractions of a second occur",
    ),
    _row(
        "ended-authority-first",
        _ended_authority_first,
        OK,
        "sigstore-js 2.1.1: authority chosen by what works at the time",
    ),
    _row("same-authority-ended-first", _same_authority_ended_first, OK, "sigstore.md 1.3: the first entry that works"),
    _row("intermediate-is-anchor", _intermediate_is_anchor, OK, "sigstore.md 1.1.5: the anchor may be an intermediate"),
    _row("chain-backwards", _chain_backwards, "chain_untrusted", "sigstore.md 1.1.5: issuing certificate first"),
    Row("trust-rsa-ct-log", _rsa_ct_log("PKIX_RSA_PKCS1V15_2048_SHA256", bare=False), OK, "sigstore.md 1.1.2"),
    Row(
        "trust-bare-rsa-ct-log",
        _rsa_ct_log("PKCS1_RSA_PKCS1V5", bare=True),
        OK,
        "sigstore.md 1.1.2, 1.1.6: staging's PKCS #1",
    ),
)
