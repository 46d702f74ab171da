# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole Sigstore of one's own: authorities, logs, trust root, and what signers do with them."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from . import bodies
from .authority import LIFE, CaPlan, CtLog, Issuer, LeafPlan, issue, make_ca
from .keys import PrivateKey, PublicKey, b64, details, new_key, sign, spki
from .signing import IN_TOTO, Edit, Members, Signing, pae
from .transparency import Record, RekorV1, RekorV2, canonical
from .tsa import Tsa

REPOSITORY = "PrexorJustin/prexorcloud"
ISSUER = "https://token.actions.githubusercontent.com"
PREDICATE = "https://slsa.dev/provenance/v1"
# Of the corpus: long past, so that nothing can depend on the machine's clock.
SIGNED_AT = datetime(2026, 3, 2, 12, 0, 0, tzinfo=timezone.utc)
YEAR = timedelta(days=365)


def identity_of(workflow: str, ref: str, repository: str = REPOSITORY) -> str:
    """The subject that GitHub's provider and Fulcio give a workflow run."""
    return f"https://github.com/{repository}/.github/workflows/{workflow}@{ref}"


IDENTITY = identity_of("release-jars.yml", "refs/tags/v1.0.0")


def texts_for(identity: str, issuer: str) -> tuple[tuple[int, str], ...]:
    """Fulcio's extensions for a GitHub workflow, 1 to 24 (fulcio oid-info.md); 7 exists only inside a name.

    For an identity that is no workflow only the two spellings of the issuer.
    """
    address, at, ref = identity.partition("@")
    owner_and_name, workflows, _file = address.removeprefix("https://github.com/").partition("/.github/workflows/")
    if not (at and workflows):
        return ((1, issuer), (8, issuer))
    owner = owner_and_name.partition("/")[0]
    commit = hashlib.sha1(ref.encode(), usedforsecurity=False).hexdigest()
    home = f"https://github.com/{owner_and_name}"
    subject = f"repo:{owner_and_name}:ref:{ref}"
    return (
        (1, issuer), (2, "push"), (3, commit), (4, "Release"), (5, owner_and_name), (6, ref),
        (8, issuer), (9, identity), (10, commit), (11, "github-hosted"), (12, home), (13, commit), (14, ref),
        (15, "903214577"), (16, f"https://github.com/{owner}"), (17, "77120045"), (18, identity), (19, commit),
        (20, "push"), (21, f"{home}/actions/runs/14200000001/attempts/1"), (22, "public"),
        (23, "release"), (24, subject),
    )  # fmt: skip


def stamp(moment: datetime) -> str:
    """RFC 3339 as trusted roots spell it."""
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds").replace("+00:00", "Z")


@dataclass
class World:
    """All the parties, and the clock they share (`now`, the moment of the next signature; trust begins at `since`)."""

    now: datetime
    since: datetime
    root: Issuer
    intermediate: Issuer
    ct: CtLog
    rekor: RekorV1
    rekor2: RekorV2
    tsa: Tsa

    @classmethod
    def make(cls, now: datetime = SIGNED_AT) -> World:
        """A new world, each key made for it."""
        start, end = now - YEAR, now + 9 * YEAR
        root = make_ca("test root", CaPlan(start, end))
        intermediate = make_ca("test intermediate", CaPlan(start, end, path_length=0), root)
        tiled = new_key("ed25519")
        assert isinstance(tiled, ed25519.Ed25519PrivateKey)
        return cls(
            now, start, root, intermediate, CtLog(new_key()), RekorV1(new_key()), RekorV2(tiled), Tsa.make(start, end)
        )

    # The trust root

    def log_members(self, url: str, key: PublicKey, key_id: bytes) -> Members:
        """A log in the trust root."""
        window = {"start": stamp(self.since)}
        public_key = {"rawBytes": b64(spki(key)), "keyDetails": details(key), "validFor": window}
        return {"baseUrl": url, "hashAlgorithm": "SHA2_256", "publicKey": public_key, "logId": {"keyId": b64(key_id)}}

    def authority_members(self, common_name: str, chain: tuple[bytes, ...]) -> Members:
        """An authority in the trust root: issuing certificate first, anchor last."""
        return {
            "subject": {"organization": "sigstore.example.test", "commonName": common_name},
            "uri": f"https://{common_name}.example.test",
            "certChain": {"certificates": [{"rawBytes": b64(der)} for der in chain]},
            "validFor": {"start": stamp(self.since)},
        }

    def trust_members(self) -> Members:
        """trusted_root.json, still to be altered (protobuf-specs sigstore_trustroot.proto)."""
        tsa_chain = tuple(certificate.public_bytes(Encoding.DER) for certificate in self.tsa.chain)
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [
                self.log_members(f"https://{self.rekor.name}", self.rekor.key.public_key(), self.rekor.id),
                self.log_members(f"https://{self.rekor2.name}", self.rekor2.key.public_key(), self.rekor2.id),
            ],
            "certificateAuthorities": [self.authority_members("fulcio", (self.intermediate.der, self.root.der))],
            "ctlogs": [self.log_members("https://ctfe.example.test", self.ct.key.public_key(), self.ct.id)],
            "timestampAuthorities": [self.authority_members("tsa", tsa_chain)],
        }

    def trust_root_json(self, edit: Edit | None = None) -> bytes:
        """trusted_root.json; `edit` alters its members first."""
        members = copy.deepcopy(self.trust_members())
        if edit:
            edit(members)
        return json.dumps(members, indent=2).encode()

    # Signers

    def leaf_plan(self, identity: str = IDENTITY, issuer: str = ISSUER, key: PrivateKey | None = None) -> LeafPlan:
        """The certificate that an honest authority issues to this signer a second before it signs."""
        is_mail = "@" in identity and not identity.startswith("https:")
        san = x509.RFC822Name(identity) if is_mail else x509.UniformResourceIdentifier(identity)
        begin = self.now - timedelta(seconds=1)
        return LeafPlan(
            key or new_key(), (san,), texts_for(identity, issuer), begin, begin + LIFE, (self.ct,), sct_time=begin
        )

    def seconds(self) -> int:
        """The clock as the log writes it down."""
        return int(self.now.timestamp())

    def log(self, kind: str, version: str, members: Members, edit: Edit | None = None) -> Record:
        """An entry of the v1 log; `edit` alters the body before the log takes it in and signs for it."""
        if edit:
            edit(members)
        return self.rekor.add(kind, version, canonical(members), self.seconds())

    def sign(
        self,
        artifact: bytes,
        *,
        plan: LeafPlan | None = None,
        issuer: Issuer | None = None,
        edit_body: Edit | None = None,
        **faults: Any,
    ) -> Signing:
        """Keyless signature in the v1 log.

        `plan` and `issuer` say which certificate who issues (an honest one by default), `edit_body` what the log is
        told; `faults`: hash_name (of the signature), signature (instead of a true one), logged (False: the log never
        heard of it), certificate (DER, instead of the one that was issued).
        """
        plan = plan or self.leaf_plan()
        hash_name = faults.get("hash_name", "sha256")
        leaf = faults.get("certificate") or issue(plan, issuer or self.intermediate).public_bytes(Encoding.DER)
        signature = faults.get("signature") or sign(plan.key, artifact, hash_name)
        digest = (hash_name, hashlib.new(hash_name, artifact).digest())
        signing = Signing(artifact, signature, plan.key.public_key(), digest, leaf)
        if not faults.get("logged", True):
            return signing
        body = bodies.hashedrekord_1(digest, signature, signing.certificate_pem)
        return replace(signing, record=self.log("hashedrekord", "0.0.1", body, edit_body))

    def sign_with_key(
        self, artifact: bytes, key: PrivateKey, *, logged: bool = True, hash_name: str = "sha256", pss: bool = False
    ) -> Signing:
        """Signature by a bare key; in the v1 log unless told otherwise."""
        signature = sign(key, artifact, hash_name, pss=pss)
        digest = (hash_name, hashlib.new(hash_name, artifact).digest())
        signing = Signing(artifact, signature, key.public_key(), digest)
        if not logged:
            return signing
        body = bodies.hashedrekord_1(digest, signature, signing.key_pem)
        return replace(signing, record=self.log("hashedrekord", "0.0.1", body))

    def sign_v2(
        self,
        artifact: bytes,
        *,
        plan: LeafPlan | None = None,
        key: PrivateKey | None = None,
        edit_body: Edit | None = None,
        statement: bytes | None = None,
    ) -> Signing:
        """Signature in the v2 log with a time stamp token: keyless, by `key`, or of a `statement` in an envelope."""
        plan = plan or (None if key else self.leaf_plan())
        signer = key or (plan.key if plan else new_key())
        leaf = issue(plan, self.intermediate).public_bytes(Encoding.DER) if plan else None
        signed = artifact if statement is None else pae(IN_TOTO, statement)
        signature = sign(signer, signed)
        raw = leaf or spki(signer.public_key())
        verifier = {("x509Certificate" if leaf else "publicKey"): {"rawBytes": b64(raw)}}
        body = bodies.hashedrekord_2(signed, signature, verifier, details(signer.public_key()))
        if edit_body:
            edit_body(body)
        record = self.rekor2.add("hashedrekord", "0.0.2", canonical(body))
        digest = ("sha256", hashlib.sha256(artifact).digest())
        token = self.tsa.token(signature, self.now)
        return Signing(artifact, signature, signer.public_key(), digest, leaf, record, (token,), statement)

    def attest(
        self,
        artifact: bytes,
        *,
        statement: bytes | None = None,
        kind: str = "dsse",
        plan: LeafPlan | None = None,
        key: PrivateKey | None = None,
        payload_type: str = IN_TOTO,
        edit_body: Edit | None = None,
    ) -> Signing:
        """A DSSE envelope about the artifact in the v1 log, as a dsse 0.0.1 or an intoto 0.0.2 entry."""
        plan = plan or (None if key else self.leaf_plan())
        signer = key or (plan.key if plan else new_key())
        leaf = issue(plan, self.intermediate).public_bytes(Encoding.DER) if plan else None
        payload = statement if statement is not None else statement_about(artifact)
        signature = sign(signer, pae(payload_type, payload))
        digest = ("sha256", hashlib.sha256(artifact).digest())
        signing = Signing(
            artifact, signature, signer.public_key(), digest, leaf, payload=payload, payload_type=payload_type
        )
        verifier = signing.certificate_pem if leaf else signing.key_pem
        envelope = canonical(signing.members()["dsseEnvelope"])
        if kind == "dsse":
            record = self.log("dsse", "0.0.1", bodies.dsse_1(envelope, payload, signature, verifier), edit_body)
        else:
            body = bodies.intoto_2(envelope, payload, payload_type, signature, verifier)
            record = self.log("intoto", "0.0.2", body, edit_body)
        return replace(signing, record=record)


def statement_about(
    artifact: bytes, predicate_type: str = PREDICATE, edit: Callable[[Members], None] | None = None
) -> bytes:
    """An in-toto statement v1 about the artifact; `edit` alters it first."""
    digest: Mapping[str, str] = {"sha256": hashlib.sha256(artifact).hexdigest()}
    members: Members = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "artifact", "digest": dict(digest)}],
        "predicateType": predicate_type,
        "predicate": {"buildDefinition": {"buildType": "https://example.test/build"}},
    }
    if edit:
        edit(members)
    return json.dumps(members).encode()
