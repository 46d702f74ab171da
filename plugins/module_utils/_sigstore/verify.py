# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one verdict: every check of sigstore.md, in its order, or nothing is verified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import signature
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.artifact import Artifact
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.chain import (
    check_leaf_profile,
    load_certificate,
    public_key,
    verify_chain,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.checkpoint import verify_checkpoint
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.dsse import check_statement, pae
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.entry_body import verify_body
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.identity import read_signer
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.inclusion import verify_inclusion
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import (
    Envelope,
    LogEntry,
    LogKey,
    Signed,
    Signer,
    TrustRoot,
    Verdict,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.policy import IGNORE, Policy
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.promise import verify_promise
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.sct import verify_scts
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.timestamp import verify_token

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
    from cryptography.x509 import Certificate

HASHEDREKORD = "hashedrekord"
NO_LOG = "the transparency log is ignored: nothing shows when the signature was made, or that others can see it"


@dataclass(frozen=True)
class _Logged:
    """An entry that a trusted log vouches for; `time` is the instant it promised, None if it promised none."""

    entry: LogEntry
    log: LogKey
    time: int | None


@dataclass(frozen=True)
class _Times:
    """The verified instants of signing, and why time stamp tokens beside them do not count."""

    instants: tuple[int, ...]
    faults: tuple[Refused, ...]


def verify(signed: Signed, artifact: Artifact, policy: Policy) -> Verdict:
    """Proves that whom the policy names signed the artifact, when, and that the transparency log has it.

    `signed` is what a reader of one of the formats found. Of several entries, as a look-up in the log gives them, those
    that prove nothing are passed over and the earliest counts (sigstore.md 2 (1)); a bundle has at most one.

    Raises Refused with the reason of the first check that failed. Nothing else ends it: an exception that nobody
    foresaw becomes Refused("internal_error").
    """
    try:
        verdict = _verify(signed, artifact, policy)
        artifact.verify_unchanged()
    except (Refused, PolicyError):
        raise
    except Exception as error:
        raise Refused("internal_error", f"{type(error).__name__}: {str(error)[:200]}") from error
    return verdict


def _verify(signed: Signed, artifact: Artifact, policy: Policy) -> Verdict:
    leaf = None if signed.certificate is None else load_certificate(signed.certificate)
    keys = _keys(signed, leaf, policy)
    _check_claimed_digest(signed, artifact)
    found: list[Verdict] = []
    faults: list[Refused] = []
    for logged in _entries(signed, policy, faults):
        for key in keys:
            try:
                found.append(_check(signed, artifact, policy, logged, leaf, key))
                break
            except Refused as refused:
                faults.append(refused)
    if not found:
        _give_reason(faults, len(keys))
    return min(found, key=lambda verdict: (verdict.time is None, verdict.time or 0))


def _give_reason(faults: list[Refused], keys: int) -> NoReturn:
    if len({fault.reason for fault in faults}) > 1 and keys > 1:
        raise Refused("signature_invalid", f"none of the {keys} keys verifies it; the first: {faults[0].detail}")
    raise faults[0]


def _keys(signed: Signed, leaf: Certificate | None, policy: Policy) -> tuple[PublicKeyTypes, ...]:
    """The keys one of which has to have signed. What the input brings never decides, it has to fit the policy."""
    own = None if leaf is None else public_key(leaf)
    if policy.identity is not None:
        if leaf is None:
            raise Refused("material_mismatch", f"the {signed.label} is by a bare key, but an identity is demanded")
        if own is None:
            raise Refused("algorithm_unsupported", "the certificate's key is of a kind that is not verified")
        return (own,)
    if leaf is None:
        return policy.keys
    if signed.bundle_version is not None:
        raise Refused("material_mismatch", f"the {signed.label} is by a certificate, but a public key is demanded")
    # cosign's old bundle may repeat the caller's key as a certificate (sigstore.md 2 (3)).
    pinned = () if own is None else tuple(key for key in policy.keys if signature.spki(key) == signature.spki(own))
    if not pinned:
        raise Refused("material_mismatch", f"the {signed.label} brings a certificate of another key than the given one")
    return pinned


def _check_claimed_digest(signed: Signed, artifact: Artifact) -> None:
    # A claim may only repeat what was computed; it never stands in for it (sigstore.md 1.13).
    claimed = None if isinstance(signed.content, Envelope) else signed.content.digest
    if claimed is not None and artifact.digest(claimed[0]) != claimed[1]:
        raise Refused("digest_mismatch", f"{artifact.name} has another {claimed[0].upper()} digest than was signed")


def _entries(signed: Signed, policy: Policy, faults: list[Refused]) -> Iterator[_Logged | None]:
    """The entries that are proven to be in a trusted log; None where the policy ignores logs. Others become faults."""
    if policy.transparency_log == IGNORE:
        yield None
        return
    if policy.trust_root is None:
        raise PolicyError("a trust root is needed")
    if not signed.entries:
        faults.append(
            Refused("log_entry_missing", f"the {signed.label} comes without an entry of the transparency log")
        )
    for entry in signed.entries:
        try:
            yield _prove_entry(entry, signed, policy.trust_root)
        except Refused as refused:
            faults.append(refused)


def _prove_entry(entry: LogEntry, signed: Signed, trust_root: TrustRoot) -> _Logged:
    log = trust_root.logs.get(entry.log_id)
    if log is None:
        raise Refused(
            "log_unknown", f"the entry is of the log {entry.log_id.hex()}, which the trust root does not name"
        )
    if entry.proof is None and (signed.proof_required or log.v2):
        raise Refused("proof_missing", "the log entry lacks its proof of inclusion")
    if log.v2 and entry.promise is not None:
        raise Refused("input_malformed", f"the entry has a promise, but the log {log.name} makes none")
    if log.v2 and not signed.timestamps:
        raise Refused("time_missing", f"entries of the log {log.name} hold no time, and no time stamp says when it was")
    if entry.promise is None and signed.promise_required:
        raise Refused("set_missing", "the log entry lacks the log's signed promise")
    time = None if entry.promise is None else verify_promise(entry, log)
    if entry.proof is not None:
        verify_inclusion(entry)
        if entry.proof.checkpoint is not None or signed.proof_required or log.v2:
            verify_checkpoint(entry, log)
    return _Logged(entry, log, time)


def _check(
    signed: Signed,
    artifact: Artifact,
    policy: Policy,
    logged: _Logged | None,
    leaf: Certificate | None,
    key: PublicKeyTypes,
) -> Verdict:
    times = _times(signed, policy, logged)
    signer = None
    if policy.identity is None:
        _check_key_window(policy, times)
    else:
        signer = _check_certificate(leaf, policy, times)
    if logged is not None:
        verify_body(logged.entry, signed, signature.spki(key), artifact.digest)
    _check_signature(signed, artifact, policy, key, logged)
    if policy.identity is not None and signer is not None:
        # Last, so that patterns only meet what a trusted authority wrote.
        policy.identity.check(signer)
    warnings = [] if policy.identity is None else list(policy.identity.warnings)
    warnings += [] if logged else [NO_LOG]
    warnings += [f"a time stamp does not count: {fault.detail}" for fault in times.faults]
    return Verdict(
        label=signed.label,
        digest=artifact.digest("sha256").hex(),
        signer=signer,
        key=None if signer else signature.describe(key),
        log_index=logged.entry.log_index if logged else None,
        log_name=logged.log.name if logged else None,
        time=min(times.instants, default=None),
        warnings=tuple(warnings),
    )


def _times(signed: Signed, policy: Policy, logged: _Logged | None) -> _Times:
    """Every verified instant counts; a token that does not verify counts for nothing beside one (sigstore.md 1.2)."""
    promised = () if logged is None or logged.time is None else (logged.time,)
    stamped: list[int] = []
    faults: list[Refused] = []
    authorities = () if policy.trust_root is None else policy.trust_root.timestamp_authorities
    for token in signed.timestamps if policy.trust_root is not None else ():
        try:
            stamped.append(verify_token(token, signed.content.signature, authorities))
        except Refused as refused:
            faults.append(refused)
    instants = (*promised, *stamped)
    if logged is not None and not promised:
        # Without a promise the token is the only witness of the time at which the log's key was used.
        if not stamped:
            raise (
                faults[0] if faults else Refused("time_missing", "neither a promise nor a time stamp says when it was")
            )
        if not all(logged.log.window.contains(instant) for instant in stamped):
            raise Refused("log_expired", f"the time stamp is not in the window of the log {logged.log.name}")
    return _Times(instants, tuple(faults))


def _check_key_window(policy: Policy, times: _Times) -> None:
    window = policy.key_window
    if window is None:
        return
    if not times.instants:
        raise Refused("time_missing", "the keys have a window, but nothing proves when the signature was made")
    if not all(window.contains(instant) for instant in times.instants):
        raise Refused("key_expired", "the signature was made outside of the window in which the keys were used")


def _check_certificate(leaf: Certificate | None, policy: Policy, times: _Times) -> Signer:
    if leaf is None or policy.trust_root is None:
        raise PolicyError("a certificate and a trust root are needed")
    issuer = verify_chain(leaf, times.instants, policy.trust_root.authorities)
    check_leaf_profile(leaf)
    verify_scts(leaf, issuer, policy.trust_root.certificate_logs)
    return read_signer(leaf)


def _check_signature(
    signed: Signed, artifact: Artifact, policy: Policy, key: PublicKeyTypes, logged: _Logged | None
) -> None:
    content = signed.content
    if isinstance(content, Envelope):
        signature.verify_bytes(key, content.signature, pae(content.payload_type, content.payload), policy.rsa_padding)
        digest = artifact.digest("sha256").hex()
        check_statement(content.payload, content.payload_type, digest, policy.predicate_type)
        return
    if policy.predicate_type is not None:
        raise Refused(
            "predicate_mismatch", f"a plain signature, but an attestation {policy.predicate_type!r} is wanted"
        )
    # Ed25519, which has no hash of its own choice.
    signs_message = not signature.allowed_hashes(key)
    if signs_message and logged is not None and logged.entry.kind == HASHEDREKORD:
        raise Refused("algorithm_unsupported", "logged signatures by Ed25519 are Ed25519ph, which is not verified")
    claimed = None if content.digest is None or signs_message else content.digest[0]
    signature.verify_artifact(key, content.signature, artifact, policy.rsa_padding, claimed)
