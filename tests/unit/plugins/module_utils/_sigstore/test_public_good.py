# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the public-good instance really signed verifies with the root that is shipped, and nothing near it does."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import public_good
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.artifact import Artifact
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.encoding import encode_pem
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.formats import read_bundle
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.identity import IdentityPolicy
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.inclusion import leaf_hash
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import Signed, Verdict
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.policy import Policy
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.rekor import parse_entries
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.sidecars import parse_sidecars
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.trust_root import parse_trust_root
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.verify import verify

DATA = Path(__file__).resolve().parent / "public_good"
ISSUER = "https://token.actions.githubusercontent.com"
JAVA = "https://github.com/sigstore/sigstore-java/.github/workflows/release-sigstore-java-from-tag.yaml@refs/tags/v"
NPM = "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main"
SIGNED = {"0.10.0": 97945821, "2.0.0": 711312024}
PROVENANCE = "https://slsa.dev/provenance/v1"
ROOT = parse_trust_root(public_good.TRUSTED_ROOT)


def policy(identity: str, issuer: str = ISSUER, predicate_type: str | None = None) -> Policy:
    who = IdentityPolicy.from_options(identity, None, issuer, None)
    return Policy(ROOT, identity=who, predicate_type=predicate_type)


def artifact(version: str) -> Artifact:
    return Artifact.from_bytes((DATA / f"sigstore-java-{version}.pom").read_bytes(), "pom")


def bundle(version: str) -> Any:
    return json.loads((DATA / f"sigstore-java-{version}.pom.sigstore.json").read_bytes())


def dump(members: object) -> bytes:
    return json.dumps(members).encode()


def judge(members: object, version: str) -> Verdict:
    return verify(read_bundle(dump(members), "0.1"), artifact(version), policy(f"{JAVA}{version}"))


def judge_provenance(members: object) -> Verdict:
    """npm names its packages by SHA-512 alone: a verdict can only be that the statement is about something else."""
    return verify(read_bundle(dump(members), "0.1"), artifact("2.0.0"), policy(NPM, predicate_type=PROVENANCE))


def entry_of(members: Any) -> Any:
    return members["verificationMaterial"]["tlogEntries"][0]


def answer(members: Any) -> bytes:
    """The log's answer about the signature in a bundle, as `entries/retrieve` gives it: the same bytes, other words."""
    entry = entry_of(members)
    proof = entry["inclusionProof"]
    body = base64.b64decode(entry["canonicalizedBody"])
    members = {
        "body": entry["canonicalizedBody"],
        "integratedTime": int(entry["integratedTime"]),
        "logID": base64.b64decode(entry["logId"]["keyId"]).hex(),
        "logIndex": int(entry["logIndex"]),
        "verification": {
            "inclusionProof": {
                "checkpoint": proof["checkpoint"]["envelope"],
                "hashes": [base64.b64decode(one).hex() for one in proof["hashes"]],
                "logIndex": int(proof["logIndex"]),
                "rootHash": base64.b64decode(proof["rootHash"]).hex(),
                "treeSize": int(proof["treeSize"]),
            },
            "signedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
        },
    }
    return dump([{f"{0:016x}{leaf_hash(body).hex()}": members}])


def pem(members: Any) -> bytes:
    der = base64.b64decode(members["verificationMaterial"]["certificate"]["rawBytes"])
    return encode_pem(der, "CERTIFICATE").encode()


def sidecars(members: Any) -> Signed:
    signature = members["messageSignature"]["signature"].encode()
    return replace(parse_sidecars(signature, base64.b64encode(pem(members))), entries=parse_entries(answer(members)))


def old_bundle(members: Any) -> dict[str, Any]:
    entry = entry_of(members)
    payload = {
        "body": entry["canonicalizedBody"],
        "integratedTime": int(entry["integratedTime"]),
        "logIndex": int(entry["logIndex"]),
        "logID": base64.b64decode(entry["logId"]["keyId"]).hex(),
    }
    promise = entry["inclusionPromise"]["signedEntryTimestamp"]
    return {
        "base64Signature": members["messageSignature"]["signature"],
        "cert": base64.b64encode(pem(members)).decode(),
        "rekorBundle": {"SignedEntryTimestamp": promise, "Payload": payload},
    }


def mutations(value: Any) -> Iterator[tuple[str, Any]]:
    """Every document that differs from this one in one leaf: another digit, or another letter in the middle."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for name, member in items:
        if isinstance(member, (dict, list)):
            changes = list(mutations(member))
        elif isinstance(member, int):
            changes = [("", member + 1)]
        elif member:
            at = len(member) // 2
            other = {"7": "8"}.get(member[at], "7" if member[at].isdigit() else "A" if member[at] != "A" else "B")
            changes = [("", member[:at] + other + member[at + 1 :])]
        else:
            changes = []
        for path, changed in changes:
            copied = copy.copy(value)
            copied[name] = changed
            yield f"{name}.{path}".rstrip("."), copied


def refusals(judged: Iterator[tuple[str, Any]], judgement: Any) -> dict[str, str]:
    """The reason by what was changed; "verified" where nothing was refused."""
    found = {}
    for path, members in judged:
        try:
            judgement(members)
            found[path] = "verified"
        except Refused as refused:
            found[path] = refused.reason
    return found


@pytest.mark.parametrize(("version", "index"), SIGNED.items())
def test_a_genuine_bundle_verifies(version: str, index: int) -> None:
    verdict = judge(bundle(version), version)
    assert (verdict.log_index, verdict.log_name) == (index, "rekor.sigstore.dev")
    assert verdict.signer is not None
    assert verdict.signer.identity == f"{JAVA}{version}"


@pytest.mark.parametrize("version", SIGNED)
def test_no_leaf_of_a_genuine_bundle_can_be_changed(version: str) -> None:
    found = refusals(mutations(bundle(version)), lambda members: judge(members, version))
    assert len(found) > 25
    assert set(found.values()).isdisjoint({"verified", "internal_error"}), found


@pytest.mark.parametrize("version", SIGNED)
def test_the_same_as_sidecars_with_the_answer_of_the_log(version: str) -> None:
    members = bundle(version)
    assert verify(sidecars(members), artifact(version), policy(f"{JAVA}{version}")).log_index == SIGNED[version]


def test_sidecars_with_the_answer_about_another_version() -> None:
    swapped = replace(sidecars(bundle("2.0.0")), entries=parse_entries(answer(bundle("0.10.0"))))
    with pytest.raises(Refused) as refused:
        verify(swapped, artifact("2.0.0"), policy(f"{JAVA}2.0.0"))
    # The other version's entry says when *it* was signed, which is outside this certificate's ten minutes.
    assert refused.value.reason == "chain_expired"


@pytest.mark.parametrize("version", SIGNED)
def test_the_same_as_an_old_bundle(version: str) -> None:
    members = old_bundle(bundle(version))
    assert judge(members, version).log_index == SIGNED[version]
    found = refusals(mutations(members), lambda changed: judge(changed, version))
    assert len(found) == 7
    assert set(found.values()).isdisjoint({"verified", "internal_error"}), found


def test_everything_of_a_genuine_attestation_verifies_but_its_subject() -> None:
    genuine = json.loads((DATA / "sigstore-2.0.0.tgz.sigstore.json").read_bytes())
    with pytest.raises(Refused) as refused:
        judge_provenance(genuine)
    assert refused.value.reason == "statement_mismatch"
    # The statement is read last: any change is noticed before, and for another reason.
    found = refusals(mutations(genuine), judge_provenance)
    assert set(found.values()).isdisjoint({"verified", "internal_error", "statement_mismatch"}), found


@pytest.mark.parametrize(
    ("identity", "issuer", "reason"),
    [
        (f"{JAVA}2.0.1", ISSUER, "identity_mismatch"),
        (f"{JAVA}0.10.0", ISSUER, "identity_mismatch"),
        (f"{JAVA}2.0.0", "https://accounts.google.com", "issuer_mismatch"),
    ],
)
def test_a_genuine_bundle_by_somebody_else(identity: str, issuer: str, reason: str) -> None:
    signed = read_bundle(dump(bundle("2.0.0")), "0.3")
    with pytest.raises(Refused) as refused:
        verify(signed, artifact("2.0.0"), policy(identity, issuer))
    assert refused.value.reason == reason


def test_a_genuine_bundle_of_another_artifact() -> None:
    with pytest.raises(Refused) as refused:
        verify(read_bundle(dump(bundle("2.0.0")), "0.3"), artifact("0.10.0"), policy(f"{JAVA}2.0.0"))
    assert refused.value.reason == "digest_mismatch"


def test_the_shipped_root_is_what_it_says() -> None:
    assert hashlib.sha256(public_good.TRUSTED_ROOT).hexdigest() == public_good.SHA256
    assert {log.name for log in ROOT.logs.values()} == {"rekor.sigstore.dev", "log2025-1.rekor.sigstore.dev"}
    assert (len(ROOT.certificate_logs), len(ROOT.authorities), len(ROOT.timestamp_authorities)) == (2, 2, 1)
    assert public_good.NEWEST <= public_good.RETRIEVED
