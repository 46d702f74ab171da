# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sigstore-python's verdicts: cases in (JSON on standard input), verdicts by name out. Runs in its own environment.

A case is {"name", "artifact", "options"}, a verdict "accepts" or "refuses". "tokens NAME" is what rfc3161-client says:
whether any of the case's time stamp tokens verifies.
"""

from __future__ import annotations

import base64
import json
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.x509 import load_pem_x509_certificate
from rfc3161_client import decode_timestamp_response
from sigstore._utils import sha256_digest
from sigstore.errors import Error
from sigstore.hashes import HashAlgorithm, Hashed
from sigstore.models import Bundle, TransparencyLogEntry, TrustedRoot
from sigstore.verify import Verifier, policy

Options = Mapping[str, Any]


class Refused(Exception):
    """What its command line refuses beside its library, or would."""


def read_bundle(options: Options) -> Any:
    """The bundle, or the one that its command line makes of sidecars and the log's answer."""
    if "bundle" in options:
        return Bundle.from_json(Path(options["bundle"]).read_bytes())
    pem = Path(options["certificate"]).read_bytes()
    if b"-----BEGIN" not in pem:
        pem = base64.b64decode(pem)
    signature = base64.b64decode(Path(options["signature"]).read_text(encoding="utf-8"))
    answers = json.loads(Path(options["log_entry"]).read_bytes())
    entries = [TransparencyLogEntry._from_v1_response(answer) for answer in answers]
    oldest = min(entries, key=lambda entry: entry._inner.integrated_time)
    return Bundle.from_parts(load_pem_x509_certificate(pem), signature, oldest)


def verify(artifact: Path, options: Options) -> None:
    """Raises whatever it raises if it does not accept the case."""
    identity, issuer = options.get("certificate_identity"), options.get("certificate_oidc_issuer")
    if not identity or not issuer:
        raise Refused("its command line demands both")
    verifier = Verifier(trusted_root=TrustedRoot.from_file(options["trust_root"]))
    bundle = read_bundle(options)
    wanted = policy.Identity(identity=identity, issuer=issuer)
    if "digest" in options:
        digest = bytes.fromhex(options["digest"].removeprefix("sha256:"))
        hashed = Hashed(algorithm=HashAlgorithm.SHA2_256, digest=digest)
    else:
        with artifact.open("rb") as stream:
            hashed = sha256_digest(stream)
    if not bundle._inner.dsse_envelope:
        verifier.verify_artifact(hashed, bundle, wanted)
        if "predicate_type" in options:
            raise Refused("a signature, but an attestation is wanted")
        return
    payload_type, payload = verifier.verify_dsse(bundle, wanted)
    statement = json.loads(payload)
    subjects = [subject["digest"].get("sha256") for subject in statement["subject"]]
    if payload_type != "application/vnd.in-toto+json" or hashed.digest.hex() not in subjects:
        raise Refused("the statement is about something else")
    if "predicate_type" in options and statement["predicateType"] != options["predicate_type"]:
        raise Refused("the statement says something else")


def has_good_token(options: Options) -> bool | None:
    """True if a token of the bundle verifies; None if the bundle or the root is too broken to have one."""
    try:
        verifier = Verifier(trusted_root=TrustedRoot.from_file(options["trust_root"]))
        bundle = json.loads(Path(options["bundle"]).read_bytes())
        tokens = bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
        content = bundle.get("messageSignature") or bundle["dsseEnvelope"]["signatures"][0]
        signature = base64.b64decode(content.get("signature") or content["sig"])
        raw = [base64.b64decode(token["signedTimestamp"]) for token in tokens]
    except (Error, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return any(is_good(verifier, token, signature) for token in raw) if raw else None


def is_good(verifier: Any, token: bytes, signature: bytes) -> bool:
    """Whether rfc3161-client, asked as sigstore-python asks it, verifies the token."""
    try:
        return verifier._verify_signed_timestamp(decode_timestamp_response(token), signature) is not None
    except ValueError:
        return False


def main() -> None:
    """Judge every case."""
    logging.disable()
    found = {}
    for job in json.load(sys.stdin):
        try:
            verify(Path(job["artifact"]), job["options"])
            found[job["name"]] = "accepts"
        except Exception as error:  # noqa: BLE001 - it ends in a traceback for some input, which is no acceptance
            found[job["name"]] = "refuses"
            found[f"why {job['name']}"] = f"{type(error).__name__}: {str(error)[:300]}"
        token = has_good_token(job["options"]) if "bundle" in job["options"] else None
        if token is not None:
            found[f"tokens {job['name']}"] = "accepts" if token else "refuses"
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
