# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bare keys (sigstore.md 2 (4), 1.13): the caller's key, never the input's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ..case import ARTIFACT, OK, POLICY, Material, Options, Row, keyed, options
from ..keys import b64, new_key, pem, private_pem, spki
from ..world import IDENTITY, ISSUER, World, stamp


def _kind(kind: str, expected: str = OK, rule: str = "sigstore.md 1.13", **how: Any) -> Row:
    """A bundle without a log entry by a key of this kind, under an explicit `ignore`."""
    chosen: Options = how.pop("options", {})

    def build(world: World) -> Material:
        signing = world.sign_with_key(ARTIFACT, new_key(kind), logged=False, **how)
        return keyed(signing.bundle(), signing.key_pem, transparency_log="ignore", **chosen)

    name = "-".join([kind, how.get("hash_name", ""), "pss" if how.get("pss") else "", *map(str, chosen.values())])
    return Row(f"key-{'good-' if expected == OK else ''}{name.strip('-').replace('--', '-')}", build, expected, rule)


def _form(name: str, build: Callable[[World], Material], expected: str, rule: str) -> Row:
    return Row(f"key-{name}", build, expected, rule)


def _logged(world: World) -> Material:
    signing = world.sign_with_key(ARTIFACT, new_key())
    return keyed(signing.bundle(), signing.key_pem)


def _ed25519_logged(world: World) -> Material:
    signing = world.sign_with_key(ARTIFACT, new_key("ed25519"))
    return keyed(signing.bundle(), signing.key_pem)


def _logged_old(world: World) -> Material:
    signing = world.sign_with_key(ARTIFACT, new_key())
    return keyed(signing.old_bundle(), signing.key_pem)


def _old_not_logged(world: World) -> Material:
    signing = world.sign_with_key(ARTIFACT, new_key(), logged=False)
    return keyed(signing.old_bundle(), signing.key_pem, transparency_log="ignore")


def _not_logged(world: World) -> Material:
    signing = world.sign_with_key(ARTIFACT, new_key(), logged=False)
    return keyed(signing.bundle(), signing.key_pem)


def _old_not_logged_offline(world: World) -> Material:
    signing = world.sign_with_key(ARTIFACT, new_key(), logged=False)
    return keyed(signing.old_bundle(), signing.key_pem)


def _sidecar(world: World, signature: Callable[[bytes], bytes]) -> Material:
    signing = world.sign_with_key(ARTIFACT, new_key(), logged=False)
    files = {"artifact.sig": signature(signing.signature), "key.pub": signing.key_pem}
    chosen: Options = {"signature": "artifact.sig", "public_keys": ["key.pub"], "transparency_log": "ignore"}
    return Material(files, options(chosen))


def _sidecar_logged(world: World) -> Material:
    signing = world.sign_with_key(ARTIFACT, new_key())
    files = {
        "artifact.sig": b64(signing.signature).encode(),
        "key.pub": signing.key_pem,
        "entry.json": signing.answer(),
    }
    return Material(
        files, options({"signature": "artifact.sig", "public_keys": ["key.pub"], "log_entry": "entry.json"})
    )


def _sidecar_no_entry(world: World) -> Material:
    signing = world.sign_with_key(ARTIFACT, new_key())
    files = {"artifact.sig": b64(signing.signature).encode(), "key.pub": signing.key_pem}
    return Material(files, options({"signature": "artifact.sig", "public_keys": ["key.pub"]}))


def _any_of(world: World) -> Material:
    signing = world.sign_with_key(ARTIFACT, new_key())
    return keyed(signing.bundle(), _pem(new_key), signing.key_pem)


def _any_in_file(world: World) -> Material:
    signing = world.sign_with_key(ARTIFACT, new_key())
    return keyed(signing.bundle(), _pem(new_key) + signing.key_pem)


def _pem(make: Callable[[], Any]) -> bytes:
    return pem(spki(make().public_key()), "PUBLIC KEY")


def _other_key(world: World) -> Material:
    return keyed(
        world.sign_with_key(ARTIFACT, new_key(), logged=False).bundle(), _pem(new_key), transparency_log="ignore"
    )


def _hint_selects_nothing(world: World) -> Material:
    """The bundle's hint names the attacker's key."""
    signing = world.sign_with_key(ARTIFACT, new_key(), logged=False)
    bundle = signing.bundle(
        edit=lambda members: members["verificationMaterial"]["publicKey"].update(hint=signing.key_pem.decode())
    )
    return keyed(bundle, _pem(new_key), transparency_log="ignore")


def _entry_of_other_key(world: World) -> Material:
    """The entry was made by somebody who signed the same file with his own key."""
    signing = world.sign_with_key(ARTIFACT, new_key())
    other = world.sign_with_key(ARTIFACT, new_key())
    return keyed(replace(signing, record=other.record).bundle(), signing.key_pem)


def _changed(world: World) -> Material:
    signing = world.sign_with_key(ARTIFACT, new_key(), logged=False)
    bundle = signing.bundle(edit=lambda members: members["messageSignature"].pop("messageDigest"))
    return replace(keyed(bundle, signing.key_pem, transparency_log="ignore"), artifact=ARTIFACT + b"x")


def _certificate_for_key(world: World) -> Material:
    signing = world.sign(ARTIFACT)
    return keyed(signing.bundle(), signing.key_pem)


def _old_certificate_of_key(world: World) -> Material:
    signing = world.sign(ARTIFACT)
    return keyed(signing.old_bundle(), signing.key_pem)


def _old_certificate_of_other_key(world: World) -> Material:
    signing = world.sign(ARTIFACT)
    return keyed(signing.old_bundle(), _pem(new_key))


def _old_key_replaces_key(world: World) -> Material:
    """GHSA-fx35-mq7g-6g98: the attacker's key in `cert` instead of the operator's."""
    signing = world.sign_with_key(ARTIFACT, new_key())
    bundle = signing.old_bundle(lambda members: members.update(cert=b64(signing.key_pem)))
    return keyed(bundle, _pem(new_key))


def _old_same_key(world: World) -> Material:
    signing = world.sign_with_key(ARTIFACT, new_key())
    bundle = signing.old_bundle(lambda members: members.update(cert=b64(signing.key_pem)))
    return keyed(bundle, signing.key_pem)


def _file(change: Callable[[World, Any], bytes]) -> Callable[[World], Material]:
    """Something else in the file of the key."""

    def build(world: World) -> Material:
        key = new_key()
        signing = world.sign_with_key(ARTIFACT, key, logged=False)
        return keyed(signing.bundle(), change(world, key), transparency_log="ignore")

    return build


def _policy(**changes: str | list[str] | None) -> Callable[[World], Material]:
    def build(world: World) -> Material:
        signing = world.sign_with_key(ARTIFACT, new_key())
        return keyed(signing.bundle(), signing.key_pem, **changes)

    return build


def _window(start: timedelta | None, end: timedelta | None, *, logged: bool = True) -> Callable[[World], Material]:
    """The caller says when the key was in use, in distances from the moment of signing."""

    def build(world: World) -> Material:
        signing = world.sign_with_key(ARTIFACT, new_key(), logged=logged)
        ends = {"key_valid_from": start, "key_valid_until": end}
        window = {name: None if distance is None else stamp(world.now + distance) for name, distance in ends.items()}
        return keyed(signing.bundle(), signing.key_pem, transparency_log="offline" if logged else "ignore", **window)

    return build


def _digest_for_ed25519(world: World) -> Material:
    signing = world.sign_with_key(ARTIFACT, new_key("ed25519"), logged=False)
    digest = f"sha256:{hashlib.sha256(ARTIFACT).hexdigest()}"
    return keyed(signing.bundle(), signing.key_pem, transparency_log="ignore", digest=digest)


def _own(key: Any) -> bytes:
    return pem(spki(key.public_key()), "PUBLIC KEY")


KEYS = "sigstore.md 2 (4): PEM PUBLIC KEY only"
NEVER = "sigstore.md 2: never from keyless to key or back"
WEAK = "sigstore.md 1.13: refused keys"
WINDOW = "GHSA-wqqc-jjcq-vfxm: key used outside its window"
SECOND = timedelta(seconds=1)

ROWS: tuple[Row, ...] = (
    *(_kind(kind) for kind in ("P-256", "P-384", "P-521", "rsa-2048", "rsa-3072", "ed25519")),
    _kind("P-384", hash_name="sha384"),
    _kind("P-521", hash_name="sha512"),
    _kind("rsa-2048", pss=True, options={"rsa_padding": "pss"}),
    _kind("rsa-2048", "signature_invalid", "sigstore.md 1.13: PSS only if the caller asks", pss=True),
    _kind("rsa-2048", "signature_invalid", "sigstore.md 1.13: never try both silently", options={"rsa_padding": "pss"}),
    _kind(
        "P-256", "algorithm_unsupported", "sigstore.md 1.13: the hash of the curve, then SHA-256", hash_name="sha512"
    ),
    _kind("rsa-1024", "algorithm_unsupported", WEAK),
    _kind("rsa-e3", "algorithm_unsupported", WEAK),
    _kind("secp256k1", "algorithm_unsupported", WEAK),
    _kind("dsa", "algorithm_unsupported", WEAK),
    _form("ed25519-logged", _ed25519_logged, "algorithm_unsupported", "sigstore.md 1.13: the log needs Ed25519ph"),
    _form("good-logged", _logged, OK, "sigstore.md 2 (4)"),
    _form("good-old-logged", _logged_old, OK, "sigstore.md 2 (3): no `cert`, as cosign 2.5 writes it"),
    _form("good-old-not-logged", _old_not_logged, OK, "sigstore.md 2 (3): only with a key and ignore"),
    _form(
        "good-sidecar", lambda world: _sidecar(world, lambda raw: b64(raw).encode()), OK, "sigstore.md 2 (4): Base64"
    ),
    _form(
        "good-sidecar-newline",
        lambda world: _sidecar(world, lambda raw: b64(raw).encode() + b"\n"),
        OK,
        "sigstore.md 2 (4)",
    ),
    _form("good-sidecar-raw", lambda world: _sidecar(world, lambda raw: raw), OK, "sigstore.md 2 (4): or raw"),
    _form("good-sidecar-logged", _sidecar_logged, OK, "sigstore.md 2 (4)"),
    _form("good-any-of-files", _any_of, OK, "sigstore.md 2 (4): any of several"),
    _form("good-any-in-file", _any_in_file, OK, "sigstore.md 2 (4): any of several, said aloud"),
    _form(
        "good-old-certificate-of-key", _old_certificate_of_key, OK, "sigstore.md 2 (3): or a CERTIFICATE of that key"
    ),
    _form("not-logged", _not_logged, "log_entry_missing", "sigstore.md 2 (4): transparency is explicit"),
    _form("old-not-logged", _old_not_logged_offline, "log_entry_missing", "sigstore.md 2 (3)"),
    _form("sidecar-no-entry", _sidecar_no_entry, "log_entry_missing", "sigstore.md 2 (4)"),
    _form(
        "sidecar-empty",
        lambda world: _sidecar(world, lambda _: b""),
        "input_malformed",
        "sigstore.md 5: dropped sidecar",
    ),
    _form("other", _other_key, "signature_invalid", "sigstore.md 5: own key pair"),
    _form(
        "hint-selects-nothing", _hint_selects_nothing, "signature_invalid", "sigstore.md 2 (2): the hint is only a hint"
    ),
    _form(
        "entry-of-other-key", _entry_of_other_key, "entry_mismatch", "CVE-2026-22703: body publicKey must be that key"
    ),
    _form("artifact-changed", _changed, "signature_invalid", "sigstore.md 5: changed artifact"),
    _form("bundle-has-certificate", _certificate_for_key, "material_mismatch", "suite managed-key-no-key; " + NEVER),
    _form("old-certificate-of-other-key", _old_certificate_of_other_key, "material_mismatch", "sigstore.md 2 (3)"),
    _form("old-key-replaces-key", _old_key_replaces_key, "material_mismatch", "GHSA-fx35-mq7g-6g98: with a key"),
    _form("old-same-key", _old_same_key, "material_mismatch", "sigstore.md 2 (3): never a PUBLIC KEY"),
    _form("good-in-window", _window(-SECOND, SECOND), OK, WINDOW),
    _form("good-at-edge-of-window", _window(timedelta(), timedelta()), OK, "sigstore.md 1.1.4: closed"),
    _form("window-over", _window(None, -SECOND), "key_expired", WINDOW),
    _form("window-not-begun", _window(SECOND, None), "key_expired", WINDOW),
    _form("window-without-time", _window(-SECOND, SECOND, logged=False), "time_missing", WINDOW),
    _form("file-private", _file(lambda _, key: private_pem(key)), "key_malformed", KEYS),
    _form("file-private-beside", _file(lambda _, key: _own(key) + private_pem(key)), "key_malformed", KEYS),
    _form("file-certificate", _file(lambda world, _: world.sign(b"").certificate_pem), "key_malformed", KEYS),
    _form("file-der", _file(lambda _, key: spki(key.public_key())), "key_malformed", KEYS),
    _form("file-empty", _file(lambda *_: b""), "key_malformed", KEYS),
    _form("file-text", _file(lambda *_: b"no key\n"), "key_malformed", KEYS),
    _form("file-text-behind", _file(lambda _, key: _own(key) + b"more\n"), "key_malformed", KEYS),
    _form("file-cut", _file(lambda _, key: _own(key)[:-30]), "key_malformed", KEYS),
    _form(
        "file-bytes-behind",
        _file(lambda _, key: pem(spki(key.public_key()) + b"\x00", "PUBLIC KEY")),
        "key_malformed",
        KEYS,
    ),
    _form(
        "and-identity",
        _policy(certificate_identity=IDENTITY, certificate_oidc_issuer=ISSUER),
        POLICY,
        "suite managed-key-and-client-identity",
    ),
    _form("no-keys", _policy(public_keys=[]), POLICY, NEVER),
    _form("padding-unknown", _policy(rsa_padding="any"), POLICY, "sigstore.md 1.13"),
    _form("log-unknown-word", _policy(transparency_log="maybe"), POLICY, "sigstore.md 2 (4): explicit"),
    _form("digest-for-ed25519", _digest_for_ed25519, "algorithm_unsupported", "sigstore.md 1.13: needs the whole file"),
)
