# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole verifier against the test signer's corpus: every good case, every attack, and no mutation of a good one."""

from __future__ import annotations

import base64
import copy
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import lookup
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.artifact import Artifact
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.bundle import parse_bundle
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import (
    REASONS,
    PolicyError,
    Refused,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.identity import IdentityPolicy
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import Signed
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.policy import Policy
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.rekor import parse_entries
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.sidecars import parse_sidecars
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.signature import load_public_key
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.trust_root import parse_trust_root
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.verify import verify
from ansible_collections.prexorcloud.production.tests.support.release_signer.case import (
    ARTIFACT,
    OK,
    Case,
    Material,
    Row,
    keyed,
    keyless,
)
from ansible_collections.prexorcloud.production.tests.support.release_signer.corpus import CASES
from ansible_collections.prexorcloud.production.tests.support.release_signer.keys import new_key
from ansible_collections.prexorcloud.production.tests.support.release_signer.signing import Signing
from ansible_collections.prexorcloud.production.tests.support.release_signer.world import IDENTITY, ISSUER, World
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.verdicts import verdict_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

WORLD = World.make()
TRUST_ROOT = parse_trust_root(WORLD.trust_root_json())
SIGNER = IdentityPolicy.from_options(IDENTITY, None, ISSUER, None)
POLICY = Policy(trust_root=TRUST_ROOT, identity=SIGNER)

# Codes that need something else than files: a network, a registry, a list of digests, a file that changes meanwhile.
NOT_IN_CORPUS = {
    "artifact_changed": "here",
    "image_unsigned": "test_image.py",
    "internal_error": "here",
    "log_unreachable": "test_rekor.py",
    "reference_mismatch": "test_image.py",
    "registry_unreachable": "test_registry.py",
    "sums_mismatch": "the tests of releases",
    "artifact_unreadable": "test_cosign_verify_module.py",
    "input_unreadable": "test_cosign_verify_module.py",
}


@pytest.mark.parametrize("row", CASES, ids=lambda row: row.name)
def test_corpus(row: Row, tmp_path: Path) -> None:
    options = row.case(WORLD).write(tmp_path)
    start = time.process_time()
    assert verdict_of(options) == row.expected, row.rule
    assert time.process_time() - start < 1


def test_every_reason_has_a_case() -> None:
    assert {row.expected for row in CASES} | set(NOT_IN_CORPUS) >= set(REASONS)
    assert not set(NOT_IN_CORPUS) & {row.expected for row in CASES}


# Advisories of Sigstore's clients (sigstore.md 6).
ADVISORIES = """
CVE-2022-23649 CVE-2022-35929 CVE-2022-36056 CVE-2026-22703 CVE-2026-24122 CVE-2026-39395 GHSA-fx35-mq7g-6g98
CVE-2024-45395 GHSA-9vcr-p3rj-q5q6 GHSA-wqqc-jjcq-vfxm GHSA-xm5m-wgh2-rrg3 CVE-2023-46737 GHSA-52v5-jr5w-gjxr
"""


@pytest.mark.parametrize("advisory", ADVISORIES.split())
def test_every_advisory_has_a_case(advisory: str) -> None:
    assert any(advisory in row.rule for row in CASES)


# Fields of a bundle that no verdict may depend on, or that another field stands for, each with the reason.
FREE = {
    "hint": "selects among trusted keys, no more",
    "keyid": "unsigned, and not looked at",
    "rfc3161Timestamps": "a token that does not verify counts for nothing beside a promise (sigstore.md 1.2)",
}
KEYED = WORLD.sign_with_key(ARTIFACT, new_key())


def _good() -> Iterator[tuple[str, Material]]:
    signing = WORLD.sign(ARTIFACT)
    for version in ("0.1", "0.2", "0.3"):
        yield f"bundle {version}", keyless(signing.bundle(version), min_bundle_version="0.1")
    yield "old bundle", keyless(signing.old_bundle())
    yield "tiled log", keyless(WORLD.sign_v2(ARTIFACT).bundle())
    for kind in ("dsse", "intoto"):
        statement = WORLD.attest(ARTIFACT, kind=kind)
        yield kind, keyless(statement.bundle(), predicate_type="https://slsa.dev/provenance/v1")
    yield "key", keyed(KEYED.bundle(), KEYED.key_pem)
    yield "key, old bundle", keyed(KEYED.old_bundle(), KEYED.key_pem)


MATERIALS = dict(_good())


def leaves(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all texts, numbers and truth values in a document."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in FREE:
                yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from leaves(inner, (*path, at))
    else:
        yield path


def mutated(value: object, bit: int) -> object:
    """Another value of the same kind: one bit of what Base64 holds, else one of the text, or the next number."""
    if isinstance(value, int):
        return value + 1 + bit % 7
    text = str(value)
    if text.isdigit():
        return str(int(text) + 1 + bit % 7)
    try:
        data = bytearray(base64.b64decode(text, validate=True))
        data[bit // 8 % len(data)] ^= 1 << bit % 8
        return base64.b64encode(data).decode()
    except (ValueError, ZeroDivisionError):
        at = bit % len(text)
        return text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]


PLACES = [
    (name, path) for name, material in MATERIALS.items() for path in leaves(json.loads(material.files["bundle.json"]))
]


def case_of(material: Material) -> Case:
    return Row("", lambda _world: material, OK, "").case(WORLD)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("case")


@pytest.mark.parametrize("name", MATERIALS)
def test_what_is_mutated_verifies_as_it_is(name: str, tmp_path: Path) -> None:
    assert verdict_of(case_of(MATERIALS[name]).write(tmp_path)) == OK


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PLACES), st.integers(0, 2**16))
def test_no_mutation_of_a_field_verifies(place: Path, where: tuple[str, tuple[Any, ...]], bit: int) -> None:
    name, path = where
    material = MATERIALS[name]
    document = json.loads(material.files["bundle.json"])
    holder: Any = document
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = mutated(holder[path[-1]], bit)
    changed = replace(material, files={**material.files, "bundle.json": json.dumps(document).encode()})
    assert verdict_of(case_of(changed).write(place)) != OK


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PLACES), st.sampled_from([None, "", 0, True, [], {}, "AAAA", 1.5, "\ud83d\ude00"]))
def test_no_missing_or_foreign_field_verifies(place: Path, where: tuple[str, tuple[Any, ...]], value: object) -> None:
    name, path = where
    material = MATERIALS[name]
    document = json.loads(material.files["bundle.json"])
    holder: Any = document
    for step in path[:-1]:
        holder = holder[step]
    before = holder[path[-1]]
    holder[path[-1]] = value
    # What the claimed digest repeats is computed anyway, and may be absent.
    if value == before or "messageDigest" in path:
        return
    changed = replace(material, files={**material.files, "bundle.json": json.dumps(document).encode()})
    absent_is_allowed = not value and path[-1] in ("integratedTime", "logIndex", "signedEntryTimestamp", "envelope")
    if absent_is_allowed and name in ("tiled log", "bundle 0.2"):
        return
    assert verdict_of(case_of(changed).write(place)) != OK


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(MATERIALS)), st.integers(0, 10**9))
def test_no_mutation_of_the_artifact_verifies(place: Path, name: str, bit: int) -> None:
    data = bytearray(ARTIFACT)
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    assert verdict_of(case_of(replace(MATERIALS[name], artifact=bytes(data))).write(place)) != OK


# A value for each option that refuses a good bundle: none of them is silently ignored (CVE-2026-48815).
STRICTER: dict[str, tuple[str, object]] = {
    "certificate_identity": ("bundle 0.3", IDENTITY.swapcase()),
    "certificate_identity_regexp": ("bundle 0.3", "^https://other/"),
    "certificate_oidc_issuer": ("bundle 0.3", f"{ISSUER}/"),
    "certificate_oidc_issuer_regexp": ("bundle 0.3", "^https://other/"),
    "public_keys": ("key", ["other.pub"]),
    "key_valid_from": ("key", "2026-03-02T12:00:01Z"),
    "key_valid_until": ("key", "2026-03-02T11:59:59Z"),
    "trust_root": ("bundle 0.3", "other_root.json"),
    "min_bundle_version": ("bundle 0.2", "0.3"),
    "predicate_type": ("bundle 0.3", "https://slsa.dev/provenance/v1"),
    "digest": ("bundle 0.3", "00" * 32),
}


@pytest.mark.parametrize("option", STRICTER)
def test_every_option_can_refuse(option: str, tmp_path: Path) -> None:
    name, value = STRICTER[option]
    material = MATERIALS[name]
    options: Any = {**material.options, option: value}
    if option.endswith("_regexp"):
        del options[option.removesuffix("_regexp")]
    other = World.make()
    files = {**material.files, "other.pub": other.sign_with_key(b"", new_key()).key_pem}
    files["other_root.json"] = other.trust_root_json()
    changed = replace(material, files=files, options=options)
    assert verdict_of(case_of(changed).write(tmp_path)) not in (OK, "policy_error")


def sidecars(signing: Signing) -> Signed:
    return parse_sidecars(*signing.sidecars())


def look_up(signing: Signing, *answers: bytes) -> Signed:
    """The sidecars with all entries of several answers of the log."""
    entries = tuple(entry for answer in answers for entry in parse_entries(answer))
    return replace(sidecars(signing), entries=entries)


def reason_of(signed: Signed, policy: Policy = POLICY, artifact: bytes = ARTIFACT) -> str:
    with pytest.raises(Refused) as refused:
        verify(signed, Artifact.from_bytes(artifact, "it"), policy)
    return refused.value.reason


def test_the_earliest_of_the_found_entries_counts() -> None:
    world = copy.copy(WORLD)
    plan = world.leaf_plan()
    signing = world.sign(ARTIFACT, plan=plan)
    again = []
    for seconds in (90, 30, 60):
        later = copy.copy(WORLD)
        later.now = WORLD.now.fromtimestamp(WORLD.seconds() + seconds, WORLD.now.tzinfo)
        repeated = later.sign(ARTIFACT, plan=plan, signature=signing.signature, certificate=signing.leaf)
        again.append(repeated.answer())
    signed = look_up(signing, *again)
    verdict = verify(signed, Artifact.from_bytes(ARTIFACT, "it"), POLICY)
    assert verdict.time == (WORLD.seconds() + 30) * 10**9
    assert verdict.log_index == signed.entries[1].log_index


def test_entries_of_something_else_are_passed_over_but_prove_nothing() -> None:
    signing, other = WORLD.sign(ARTIFACT), WORLD.sign(b"something else")
    verify(look_up(signing, other.answer(), signing.answer()), Artifact.from_bytes(ARTIFACT, "it"), POLICY)
    assert reason_of(look_up(signing, other.answer())) == "entry_mismatch"
    assert reason_of(sidecars(signing)) == "log_entry_missing"


def test_look_up() -> None:
    signing = WORLD.sign(ARTIFACT)
    asked: list[bytes] = []

    def ask(request: bytes) -> bytes:
        asked.append(request)
        return signing.answer()

    online = replace(POLICY, transparency_log="online")
    with Artifact.from_bytes(ARTIFACT, "it") as artifact:
        signed = lookup.with_entries(sidecars(signing), artifact, online, None, ask)
        verify(signed, artifact, online)
        assert len(asked) == 1
        assert lookup.with_entries(signed, artifact, online, None, ask) is signed
        assert lookup.with_entries(sidecars(signing), artifact, POLICY, signing.answer(), ask) == signed
        assert len(asked) == 1
        with pytest.raises(Refused) as refused:
            lookup.with_entries(sidecars(signing), artifact, POLICY, None, ask)
        assert "log_entry" in refused.value.detail
        for empty in (b"[]", b"[{}]"):
            with pytest.raises(Refused) as refused:
                lookup.with_entries(sidecars(signing), artifact, online, empty, ask)
            assert refused.value.reason == "log_entry_missing"


def test_any_one_of_several_keys() -> None:
    keys = tuple(load_public_key(WORLD.sign_with_key(b"", new_key()).key_pem) for _ in range(3))
    own = load_public_key(KEYED.key_pem)
    signed = parse_bundle(KEYED.bundle())
    verify(signed, Artifact.from_bytes(ARTIFACT, "it"), Policy(TRUST_ROOT, keys=(*keys, own)))
    assert reason_of(signed, Policy(TRUST_ROOT, keys=keys)) == "entry_mismatch"
    unlogged = parse_sidecars(WORLD.sign_with_key(ARTIFACT, new_key(), logged=False).sidecars()[0], None)
    assert reason_of(unlogged, Policy(None, keys=keys, transparency_log="ignore")) == "signature_invalid"


def test_ignoring_the_log_is_said_aloud() -> None:
    key = new_key()
    signing = WORLD.sign_with_key(ARTIFACT, key, logged=False)
    policy = Policy(None, keys=(load_public_key(signing.key_pem),), transparency_log="ignore")
    verdict = verify(parse_sidecars(signing.sidecars()[0], None), Artifact.from_bytes(ARTIFACT, "it"), policy)
    assert (verdict.time, verdict.log_index) == (None, None)
    assert any("log is ignored" in warning for warning in verdict.warnings)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"identity": SIGNER, "keys": (KEYED.key,)},
        {"identity": SIGNER, "trust_root": None},
        {"identity": SIGNER, "transparency_log": "ignore"},
        {"keys": (KEYED.key,), "trust_root": None},
        {"identity": SIGNER, "transparency_log": ""},
        {"identity": SIGNER, "min_bundle_version": "0.4"},
        {"identity": SIGNER, "rsa_padding": "any"},
        {"identity": SIGNER, "predicate_type": " "},
        {"identity": SIGNER, "key_window": TRUST_ROOT.authorities[0].window},
    ],
)
def test_policies_without_a_safe_meaning(arguments: dict[str, Any]) -> None:
    with pytest.raises(PolicyError):
        Policy(**{"trust_root": TRUST_ROOT, **arguments})


def test_what_nobody_foresaw_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_hash_name: str) -> bytes:
        raise KeyError("surprise")

    artifact = Artifact.from_bytes(ARTIFACT, "it")
    monkeypatch.setattr(artifact, "digest", broken)
    with pytest.raises(Refused) as refused:
        verify(parse_bundle(WORLD.sign(ARTIFACT).bundle()), artifact, POLICY)
    assert refused.value.reason == "internal_error"


def test_a_file_that_is_swapped_after_it_was_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "artifact"
    path.write_bytes(ARTIFACT)
    signed = parse_bundle(WORLD.sign(ARTIFACT).bundle())
    with Artifact.from_path(str(path)) as artifact:
        artifact.digest("sha256")
        (tmp_path / "other").write_bytes(b"something else")
        (tmp_path / "other").rename(path)
        with pytest.raises(Refused) as refused:
            verify(signed, artifact, POLICY)
    assert refused.value.reason == "artifact_changed"


def _heavy() -> Iterator[tuple[str, bytes, str]]:
    members = json.loads(WORLD.sign(ARTIFACT).bundle())
    padded = json.dumps({**members, "pad": "x" * (10 << 20)}).encode()
    yield "10 MiB", padded, "input_too_large"
    entry = {"logIndex": "1"}
    many = copy.deepcopy(members)
    many["verificationMaterial"]["tlogEntries"] = [entry] * 100_000
    yield "100,000 entries", json.dumps(many).encode(), "input_too_large"
    yield "deep", b'{"mediaType":' + b"[" * 1_000_000, "input_too_large"
    long_proof = copy.deepcopy(members)
    proof = long_proof["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]
    proof["hashes"] = proof["rootHash"] and [proof["rootHash"]] * 50_000
    yield "long proof", json.dumps(long_proof).encode(), "input_too_large"


HEAVY = {name: (document, reason) for name, document, reason in _heavy()}


@pytest.mark.parametrize("name", HEAVY)
def test_what_is_too_heavy_is_refused_within_a_second(name: str, tmp_path: Path) -> None:
    document, reason = HEAVY[name]
    options = case_of(keyless(document)).write(tmp_path)
    start = time.process_time()
    assert verdict_of(options) == reason
    assert time.process_time() - start < 1
