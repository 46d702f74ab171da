# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old cosign bundles: `cert` is a certificate or absent, the promise is an entry's only proof, nothing else is read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import MessageSignature, Signed
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.old_bundle import parse_old_bundle
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.promise import verify_promise
from ansible_collections.prexorcloud.production.tests.support.release_signer.keys import b64, new_key, private_pem
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.transparency import (
    JSON_VALUES,
    LOG,
    NOW,
    WORLD,
    changed,
    places,
    reason,
    without,
)
from hypothesis import given
from hypothesis import strategies as st

ARTIFACT = b"what was signed\n"
SIGNING = WORLD.sign(ARTIFACT)
KEYED = WORLD.sign_with_key(ARTIFACT, new_key())
BUNDLE = SIGNING.old_bundle()
CERTIFICATE = SIGNING.certificate_pem
LOG_BUNDLE = ("rekorBundle",)
PAYLOAD = (*LOG_BUNDLE, "Payload")


def test_what_cosign_writes() -> None:
    signed = parse_old_bundle(BUNDLE)
    (entry,) = signed.entries
    assert signed == Signed("old cosign bundle", MessageSignature(SIGNING.signature), SIGNING.leaf, (entry,))
    assert (signed.promise_required, signed.proof_required, entry.proof) == (True, False, None)
    # Kind and version are those of the body: the format itself does not say them.
    assert (entry.kind, entry.version) == ("hashedrekord", "0.0.1")
    assert verify_promise(entry, LOG) == NOW


def test_pem_is_what_older_versions_wrote() -> None:
    assert parse_old_bundle(changed(BUNDLE, ("cert",), CERTIFICATE.decode())) == parse_old_bundle(BUNDLE)


def test_a_key_bundle_has_no_certificate() -> None:
    assert parse_old_bundle(KEYED.old_bundle()).certificate is None
    assert parse_old_bundle(changed(BUNDLE, ("cert",), None)).certificate is None


def test_without_an_entry_it_is_the_policys_to_refuse() -> None:
    assert parse_old_bundle(without(BUNDLE, LOG_BUNDLE)).entries == ()
    assert parse_old_bundle(changed(BUNDLE, LOG_BUNDLE, None)).entries == ()


@pytest.mark.parametrize(
    "block",
    [
        KEYED.key_pem,
        CERTIFICATE + KEYED.key_pem,
        KEYED.key_pem + CERTIFICATE,
        private_pem(new_key()),
        CERTIFICATE.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE"),
    ],
)
def test_a_key_never_stands_in_for_the_callers(block: bytes) -> None:
    # GHSA-fx35-mq7g-6g98: cosign took it instead of the operator's key, or skipped every check of identity.
    for spelling in (block.decode(), b64(block)):
        assert reason(parse_old_bundle, changed(BUNDLE, ("cert",), spelling)) == "material_mismatch"


@pytest.mark.parametrize(
    "spelling",
    [
        "",
        "text",
        (CERTIFICATE * 2).decode(),
        b64(CERTIFICATE * 2),
        b64(SIGNING.leaf or b""),
        " " + CERTIFICATE.decode(),
        b64(CERTIFICATE).rstrip("=") + "==\n\n",
        "\u00e9",
        7,
        [],
        {"pem": CERTIFICATE.decode()},
    ],
)
def test_the_certificate_is_one_block(spelling: object) -> None:
    assert reason(parse_old_bundle, changed(BUNDLE, ("cert",), spelling)) == "input_malformed"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("base64Signature",), None),
        (("base64Signature",), ""),
        (("base64Signature",), b64(SIGNING.signature) + "\n"),
        (("base64Signature",), 7),
        (LOG_BUNDLE, "text"),
        (LOG_BUNDLE, {}),
        ((*LOG_BUNDLE, "SignedEntryTimestamp"), None),
        ((*LOG_BUNDLE, "SignedEntryTimestamp"), ""),
        ((*LOG_BUNDLE, "SignedEntryTimestamp"), "-_-_"),
        (PAYLOAD, None),
        (PAYLOAD, []),
        ((*PAYLOAD, "body"), None),
        ((*PAYLOAD, "body"), json.loads(BUNDLE)),
        ((*PAYLOAD, "body"), b64(b"null")),
        ((*PAYLOAD, "body"), b64(b'{"kind":{},"apiVersion":"0.0.1"}')),
        # Numbers are numbers here, and log ids have one spelling.
        ((*PAYLOAD, "integratedTime"), str(WORLD.seconds())),
        ((*PAYLOAD, "integratedTime"), 1.5),
        ((*PAYLOAD, "integratedTime"), -1),
        ((*PAYLOAD, "integratedTime"), True),
        ((*PAYLOAD, "logIndex"), None),
        ((*PAYLOAD, "logIndex"), "7"),
        ((*PAYLOAD, "logIndex"), 2**63),
        ((*PAYLOAD, "logID"), LOG.key_id.hex().upper()),
        ((*PAYLOAD, "logID"), LOG.key_id.hex()[:-2]),
        ((*PAYLOAD, "logID"), b64(LOG.key_id)),
        (("mediaType",), "application/vnd.dev.sigstore.bundle.v0.3+json"),
        (("unknown",), None),
        ((*LOG_BUNDLE, "unknown"), 1),
        ((*PAYLOAD, "unknown"), 1),
    ],
)
def test_malformed_members(place: tuple[Any, ...], value: object) -> None:
    assert reason(parse_old_bundle, changed(BUNDLE, place, value)) == "input_malformed"


def test_it_is_not_a_new_bundle() -> None:
    assert reason(parse_old_bundle, SIGNING.bundle()) == "input_malformed"


def test_an_entry_of_no_time_has_none() -> None:
    entry = parse_old_bundle(changed(BUNDLE, (*PAYLOAD, "integratedTime"), 0)).entries[0]
    assert reason(verify_promise, entry, LOG) == "set_missing"


def test_caps() -> None:
    huge = changed(BUNDLE, ("base64Signature",), "A" * (1 << 20))
    assert reason(parse_old_bundle, huge) == "input_too_large"
    long = changed(BUNDLE, ("cert",), "A" * (1 << 17))
    assert reason(parse_old_bundle, long) == "input_too_large"


@given(st.data())
def test_any_alteration_parses_or_is_refused(data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(places(json.loads(BUNDLE))))
    document = data.draw(st.sampled_from([without(BUNDLE, place), changed(BUNDLE, place, data.draw(JSON_VALUES))]))
    try:
        assert isinstance(parse_old_bundle(document), Signed)
    except Refused as refusal:
        assert refusal.reason == "input_malformed"
