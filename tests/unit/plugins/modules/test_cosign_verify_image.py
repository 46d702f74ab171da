# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose signature of an image counts: the whole way from a registry over HTTP to the verdict, attack by attack."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.image import ImageVerdict
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.options import POLICY_OPTIONS
from ansible_collections.prexorcloud.production.plugins.modules.cosign_verify_image import run
from ansible_collections.prexorcloud.production.tests.support.release_signer.signing import Signing
from ansible_collections.prexorcloud.production.tests.support.release_signer.world import World, identity_of
from ansible_collections.prexorcloud.production.tests.unit.plugins.support import images
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.modules import run_module
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.registry import (
    LocalRegistry,
    Page,
    local_registry,
    loopback_tls,
)

WORLD = World.make()
OTHER_WORLD = World.make()
KEY = images.new_key()
OTHER_KEY = images.new_key()
IDENTITY = identity_of("release-images.yml", "refs/tags/v1.0.0")
ISSUER = "https://token.actions.githubusercontent.com"
DOCUMENT = images.manifest(images.descriptor(b"layer", "application/vnd.oci.image.layer.v1.tar"))
DIGEST = images.sha256(DOCUMENT)
TEXT = images.simple_signing(DIGEST)
STATEMENT = images.statement(DIGEST)
PASSWORD = "marker-1234567"
RETRIEVE = "/api/v1/log/entries/retrieve"


@dataclass
class Setting:
    """A registry with an image, a folder with what the operator trusts, and the options that name it."""

    registry: LocalRegistry
    folder: Path

    def file(self, name: str, content: bytes) -> str:
        (self.folder / name).write_bytes(content)
        return str(self.folder / name)

    def options(self, **changes: object) -> dict[str, Any]:
        """Keyless and offline, with the test signer's root, unless changed."""
        root = self.file("trusted_root.json", WORLD.trust_root_json())
        return {
            "image": f"{self.registry.host}/owner/name:1.0.0",
            "insecure_registry": True,
            "certificate_identity": IDENTITY,
            "certificate_oidc_issuer": ISSUER,
            "trust_root": root,
            "transparency_log": "offline",
            **changes,
        }

    def key_options(self, **changes: object) -> dict[str, Any]:
        return self.options(
            certificate_identity=None,
            certificate_oidc_issuer=None,
            public_keys=[self.file("key.pub", images.public_pem(KEY))],
            **changes,
        )


def verdict(options: dict[str, Any]) -> ImageVerdict:
    """The module's verdict, in this process."""
    names = ["require_reference", "registry_username", "registry_password"]
    defaults = {name: spec.get("default") for name, spec in POLICY_OPTIONS.items()}
    return run({**dict.fromkeys(names), **defaults, **options})


def reason(options: dict[str, Any]) -> str:
    with pytest.raises(Refused) as caught:
        verdict(options)
    return caught.value.reason


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    with local_registry() as registry:
        registry.put_manifest(DOCUMENT, "1.0.0")
        yield Setting(registry, tmp_path)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return loopback_tls(tmp_path_factory.mktemp("tls"))


def by(identity: str = IDENTITY, issuer: str = ISSUER, text: bytes = TEXT, world: World = WORLD) -> Signing:
    return world.sign(text, plan=world.leaf_plan(identity, issuer))


def put(setting: Setting, *signings: Signing) -> None:
    layers = [images.keyless_layer(one, WORLD) for one in signings]
    for one in signings:
        setting.registry.put_blob(one.artifact)
    images.put_classic(setting.registry, DIGEST, layers)


def put_bundle(setting: Setting, bundle: bytes) -> None:
    images.put_fallback(setting.registry, DIGEST, [images.put_referrer(setting.registry, DIGEST, bundle)])


def attested(statement: bytes = STATEMENT, identity: str = IDENTITY, world: World = WORLD) -> bytes:
    return world.attest(DOCUMENT, statement=statement, plan=world.leaf_plan(identity)).bundle()


# -- good ------------------------------------------------------------------------------------------------------


def test_keyless_classic(setting: Setting) -> None:
    put(setting, by())
    found = verdict(setting.options())
    assert found.image == f"{setting.registry.host}/owner/name@{DIGEST}"
    assert found.digest == DIGEST
    assert found.verdict.signer is not None
    assert (found.verdict.signer.identity, found.verdict.signer.issuer) == (IDENTITY, ISSUER)
    assert found.verdict.time == WORLD.seconds() * 10**9


def test_the_identity_of_the_example(setting: Setting) -> None:
    put(setting, by())
    pattern = (
        r"(?i)^https://github\.com/prexorjustin/prexorcloud/\.github/workflows/release-images\.yml"
        r"@refs/tags/v1\.0\.0$"
    )
    assert verdict(setting.options(certificate_identity=None, certificate_identity_regexp=pattern))


def test_keyless_bundles(setting: Setting) -> None:
    put_bundle(setting, attested())
    assert verdict(setting.options(min_bundle_version="0.3")).verdict.log_name == WORLD.rekor.name
    put_bundle(setting, WORLD.sign_v2(DOCUMENT, plan=WORLD.leaf_plan(IDENTITY), statement=STATEMENT).bundle())
    assert verdict(setting.options(min_bundle_version="0.3")).verdict.log_name == WORLD.rekor2.name


def test_keys(setting: Setting) -> None:
    put(setting, WORLD.sign_with_key(TEXT, KEY, logged=False))
    found = verdict(setting.key_options(transparency_log="ignore"))
    assert found.verdict.signer is None
    assert any("transparency log is ignored" in warning for warning in found.verdict.warnings)
    assert reason(setting.key_options()) == "log_entry_missing"
    put(setting, WORLD.sign_with_key(TEXT, KEY))
    assert verdict(setting.key_options()).verdict.log_name == WORLD.rekor.name
    images.put_classic(setting.registry, DIGEST, [])
    put_bundle(setting, images.key_bundle(KEY, STATEMENT))
    assert verdict(setting.key_options(transparency_log="ignore"))


def test_one_good_one_is_enough(setting: Setting) -> None:
    put(setting, by(world=OTHER_WORLD), by(identity_of("release-images.yml", "refs/tags/v0.9.0")), by())
    assert [skipped.partition(":")[0] for skipped in verdict(setting.options()).skipped] == [
        "log_unknown",
        "identity_mismatch",
    ]


# -- attacks ---------------------------------------------------------------------------------------------------


def entry_of_another(change: str) -> Signing:
    """The log entry of another signature, by the same signer, attached to this one (CVE-2022-36056, CVE-2026-22703)."""
    mine = by()
    if change == "signature":
        return replace(mine, record=WORLD.sign(TEXT, plan=WORLD.leaf_plan(IDENTITY)).record)
    return replace(mine, record=by(text=images.simple_signing(images.sha256(b"other"))).record)


def promise_of_another() -> Signing:
    mine, other = by(), by()
    assert mine.record is not None
    assert other.record is not None
    return replace(mine, record=replace(mine.record, promise=other.record.promise))


def back_dated() -> Signing:
    """The time in the entry is changed, as if the certificate had still been valid."""
    mine = by()
    assert mine.record is not None
    assert mine.record.integrated_time is not None
    return replace(mine, record=replace(mine.record, integrated_time=mine.record.integrated_time - 5))


def after_the_certificate() -> Signing:
    plan = WORLD.leaf_plan(IDENTITY)
    return replace(WORLD, now=WORLD.now + timedelta(hours=1)).sign(TEXT, plan=plan)


def with_the_chain_of_another_world() -> Signing:
    return WORLD.sign(TEXT, plan=WORLD.leaf_plan(IDENTITY), issuer=OTHER_WORLD.intermediate)


def without_sct() -> Signing:
    return WORLD.sign(TEXT, plan=replace(WORLD.leaf_plan(IDENTITY), scts=()))


CLASSIC_ATTACKS: dict[str, tuple[Callable[[], Signing], str]] = {
    "other workflow": (lambda: by(identity_of("release-jars.yml", "refs/tags/v1.0.0")), "identity_mismatch"),
    "other tag": (lambda: by(identity_of("release-images.yml", "refs/tags/v0.9.0")), "identity_mismatch"),
    "branch": (lambda: by(identity_of("release-images.yml", "refs/heads/main")), "identity_mismatch"),
    "longer tag": (lambda: by(f"{IDENTITY}.1"), "identity_mismatch"),
    "other repository": (
        lambda: by(identity_of("release-images.yml", "refs/tags/v1.0.0", "Prexor/prexorcloud")),
        "identity_mismatch",
    ),
    "other provider": (lambda: by(issuer="https://accounts.example.test"), "issuer_mismatch"),
    "own sigstore": (lambda: by(world=OTHER_WORLD), "log_unknown"),
    "own authority": (with_the_chain_of_another_world, "chain_untrusted"),
    "no certificate transparency": (without_sct, "sct_missing"),
    "no log entry": (lambda: WORLD.sign(TEXT, plan=WORLD.leaf_plan(IDENTITY), logged=False), "log_entry_missing"),
    "log entry of another signature": (lambda: entry_of_another("signature"), "entry_mismatch"),
    "log entry of another image": (lambda: entry_of_another("image"), "entry_mismatch"),
    "promise of another entry": (promise_of_another, "set_invalid"),
    "back-dated": (back_dated, "set_invalid"),
    "signed after the certificate's end": (after_the_certificate, "chain_expired"),
    "signature of another text": (lambda: replace(by(), artifact=TEXT.replace(b"null", b"{}")), "entry_mismatch"),
    "signature of another image": (
        lambda: by(text=images.simple_signing(images.sha256(b"other"))),
        "statement_mismatch",
    ),
    "file signed by the same workflow": (lambda: by(text=b'{"critical":{}}'), "input_malformed"),
    "bare key instead of an identity": (lambda: WORLD.sign_with_key(TEXT, KEY), "material_mismatch"),
}


@pytest.mark.parametrize("attack", CLASSIC_ATTACKS)
def test_classic_attacks(setting: Setting, attack: str) -> None:
    make, expected = CLASSIC_ATTACKS[attack]
    put(setting, make())
    assert reason(setting.options()) == expected


def edited(edit: Callable[[dict[str, Any]], object]) -> bytes:
    bundle: dict[str, Any] = json.loads(attested())
    edit(bundle)
    return images.encoded(bundle)


def with_payload(statement: bytes) -> bytes:
    def edit(bundle: dict[str, Any]) -> None:
        bundle["dsseEnvelope"]["payload"] = base64.b64encode(statement).decode()

    return edited(edit)


BUNDLE_ATTACKS: dict[str, tuple[Callable[[], bytes], str]] = {
    "other workflow": (
        lambda: attested(identity=identity_of("release-jars.yml", "refs/tags/v1.0.0")),
        "identity_mismatch",
    ),
    "provenance by the same identity": (
        lambda: attested(images.statement(DIGEST, "https://slsa.dev/provenance/v1")),
        "predicate_mismatch",
    ),
    "statement about another image": (lambda: attested(images.statement(images.sha256(b"x"))), "statement_mismatch"),
    "own sigstore": (lambda: attested(world=OTHER_WORLD), "log_unknown"),
    "altered statement": (lambda: with_payload(STATEMENT + b" "), "entry_mismatch"),
    "no log entry": (
        lambda: edited(lambda bundle: bundle["verificationMaterial"].pop("tlogEntries")),
        "log_entry_missing",
    ),
    "no proof": (
        lambda: edited(lambda bundle: bundle["verificationMaterial"]["tlogEntries"][0].pop("inclusionProof")),
        "proof_missing",
    ),
    "key instead of an identity": (lambda: images.key_bundle(KEY, STATEMENT), "log_entry_missing"),
    "plain signature of the manifest": (
        lambda: WORLD.sign(DOCUMENT, plan=WORLD.leaf_plan(IDENTITY)).bundle(),
        "format_unsupported",
    ),
}


@pytest.mark.parametrize("attack", BUNDLE_ATTACKS)
def test_bundle_attacks(setting: Setting, attack: str) -> None:
    make, expected = BUNDLE_ATTACKS[attack]
    put_bundle(setting, make())
    assert reason(setting.options()) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"certificate_identity": f"{IDENTITY}1"}, "identity_mismatch"),
        ({"certificate_identity": None, "certificate_identity_regexp": "^nobody$"}, "identity_mismatch"),
        ({"certificate_oidc_issuer": "https://other.example"}, "issuer_mismatch"),
        ({"certificate_oidc_issuer": None, "certificate_oidc_issuer_regexp": "^nobody$"}, "issuer_mismatch"),
        # The root that is shipped does not know the test signer.
        ({"trust_root": None}, "log_unknown"),
        ({"min_bundle_version": "0.2"}, "format_too_old"),
        ({"require_reference": "ghcr.io/prexorjustin/prexorcloud-controller"}, "reference_mismatch"),
        ({"image": "{host}/owner/name:2.0.0"}, "registry_unreachable"),
        ({"image": "{host}/owner/other:1.0.0"}, "registry_unreachable"),
        ({"image": f"{{host}}/owner/name:1.0.0@{images.sha256(b'other')}"}, "registry_unreachable"),
        ({"insecure_registry": False, "timeout": 2}, "registry_unreachable"),
    ],
)
def test_every_option_can_make_a_good_signature_fail(setting: Setting, changes: dict[str, Any], expected: str) -> None:
    put(setting, by())
    assert verdict(setting.options())
    changes = {**changes}
    if "image" in changes:
        changes["image"] = changes["image"].format(host=setting.registry.host)
    assert reason(setting.options(**changes)) == expected


def test_every_option_of_keys_can_make_a_good_signature_fail(setting: Setting) -> None:
    put(setting, WORLD.sign_with_key(TEXT, KEY))
    assert verdict(setting.key_options())
    other = [setting.file("other.pub", images.public_pem(OTHER_KEY))]
    assert reason({**setting.key_options(), "public_keys": other}) == "entry_mismatch"
    assert reason({**setting.key_options(), "public_keys": other, "transparency_log": "ignore"}) == "signature_invalid"
    assert reason(setting.key_options(key_valid_from="2030-01-01T00:00:00Z")) == "key_expired"
    assert reason(setting.key_options(key_valid_until="2020-01-01T00:00:00Z")) == "key_expired"
    unproven = setting.key_options(key_valid_until="2030-01-01T00:00:00Z", transparency_log="ignore")
    assert reason(unproven) == "time_missing"
    # A key that signed does not make a certificate's signature count, nor the reverse.
    put(setting, by())
    assert reason(setting.key_options()) == "material_mismatch"


@pytest.mark.parametrize(
    "changes",
    [
        {"certificate_identity": None},
        {"certificate_oidc_issuer": None},
        {"certificate_identity": ""},
        {"certificate_identity_regexp": ".*"},
        {"transparency_log": "ignore"},
        {"image": "owner/name:1.0.0"},
        {"image": "ghcr.io/owner/name"},
        {"image": "ghcr.io/owner/name:1", "registry_username": "me", "registry_password": PASSWORD},
        {"registry_username": "me"},
        {"ca_path": "/nonexistent/ca.pem"},
    ],
)
def test_options_that_do_not_say_what_to_trust(setting: Setting, changes: dict[str, Any]) -> None:
    put(setting, by())
    with pytest.raises(PolicyError):
        verdict(setting.options(**changes))


# -- asking the log --------------------------------------------------------------------------------------------


def unlogged(signing: Signing) -> Signing:
    return replace(signing, record=None)


def test_a_signature_without_its_entry_is_looked_up(setting: Setting, tls: tuple[Path, ssl.SSLContext]) -> None:
    ca_path, context = tls
    good, other = by(), by()
    put(setting, unlogged(good))
    with local_registry(context) as log:
        online = {"transparency_log": "online", "rekor_url": f"https://{log.host}", "ca_path": str(ca_path)}
        answers = [
            (Page(good.answer()), None),
            (Page(b"[]"), "log_entry_missing"),
            (Page(other.answer()), "entry_mismatch"),
            (Page(b"{"), "input_malformed"),
            (Page(good.answer(lambda entry: entry["verification"].pop("inclusionProof"))), "proof_missing"),
            (Page(good.answer(lambda entry: entry["verification"].pop("signedEntryTimestamp"))), "set_missing"),
            (Page(status=400), "log_unreachable"),
        ]
        for page, expected in answers:
            log.pages[RETRIEVE] = page
            if expected is None:
                assert verdict(setting.options(**online)).verdict.log_name == WORLD.rekor.name
            else:
                assert reason(setting.options(**online)) == expected
        # What brings its entry is verified without the log.
        log.asked.clear()
        put(setting, good)
        assert verdict(setting.options(**online))
        assert log.asked == []
    put(setting, unlogged(good))
    assert reason(setting.options(**online, timeout=2)) == "log_unreachable"
    assert reason(setting.options()) == "log_entry_missing"


def test_a_log_that_does_not_answer_costs_its_time_once(setting: Setting, tls: tuple[Path, ssl.SSLContext]) -> None:
    ca_path, context = tls
    put(setting, *[unlogged(by())] * 5)
    with local_registry(context) as log:
        log.pages[RETRIEVE] = Page(status=503)
        online = {"transparency_log": "online", "rekor_url": f"https://{log.host}", "ca_path": str(ca_path)}
        assert reason(setting.options(**online, timeout=1)) == "log_unreachable"
        # Four attempts each would be twenty.
        assert len(log.asked) < 8


# -- as Ansible runs it ----------------------------------------------------------------------------------------


def given(options: dict[str, Any]) -> dict[str, object]:
    return {name: value for name, value in options.items() if value is not None}


def test_the_module_proves(setting: Setting) -> None:
    put(setting, by(world=OTHER_WORLD), by())
    for check in (False, True):
        result = run_module("cosign_verify_image", given(setting.options()), check=check).result
        assert not result.get("failed"), result
        assert (result["changed"], result["verified"]) == (False, True)
        assert result["image"] == f"{setting.registry.host}/owner/name@{DIGEST}"
        assert (result["digest"], result["identity"], result["issuer"]) == (DIGEST, IDENTITY, ISSUER)
        assert result["log"] == WORLD.rekor.name
        assert isinstance(result["log_index"], int)
        assert result["time"] == "2026-03-02T12:00:00Z"
        assert len(result["skipped"]) == 1


def test_the_module_refuses(setting: Setting) -> None:
    put(setting, by(identity_of("release-jars.yml", "refs/tags/v1.0.0")))
    for check in (False, True):
        run = run_module("cosign_verify_image", given(setting.options()), check=check)
        assert run.failed
        assert (run.result["verified"], run.result["reason"]) == (False, "identity_mismatch")
        assert "owner/name:1.0.0" in run.result["msg"]
        assert "release-jars.yml" in run.result["msg"]
    images.put_classic(setting.registry, DIGEST, [])
    run = run_module("cosign_verify_image", given(setting.options()))
    assert (run.failed, run.result["reason"]) == (True, "image_unsigned")


def test_the_module_refuses_options_without_meaning(setting: Setting) -> None:
    run = run_module("cosign_verify_image", given(setting.options(certificate_oidc_issuer=None)))
    assert (run.failed, run.result["verified"]) == (True, False)
    run = run_module("cosign_verify_image", given(setting.options(registry_username="me")))
    assert run.failed
    assert "registry_password" in run.result["msg"]


@pytest.mark.parametrize("welcome", [True, False])
def test_the_password_shows_nowhere(setting: Setting, welcome: bool) -> None:
    put(setting, by())
    pair = "Basic " + base64.b64encode(f"me:{PASSWORD}".encode()).decode()
    challenge = Page(status=401, headers={"WWW-Authenticate": "Basic realm=x"})
    setting.registry.guard = lambda asked: None if welcome and asked.authorization == pair else challenge
    options = given(setting.options(registry_username="me", registry_password=PASSWORD))
    run = run_module("cosign_verify_image", options)
    assert run.failed is not welcome
    assert run.result.get("reason") == (None if welcome else "registry_unreachable")
    assert any(asked.authorization == pair for asked in setting.registry.asked)
    assert PASSWORD not in run.output
    assert pair[6:] not in run.output
