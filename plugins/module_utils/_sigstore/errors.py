# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why something is not verified: one exception, one table of reason codes."""

from __future__ import annotations

# Every code that a verdict can carry. Callers and tests decide on the code, people read the text of the exception.
REASONS: dict[str, str] = {
    # Input as such
    "input_unreadable": "a file of the policy or the signature cannot be read",
    "input_malformed": "the signature, certificate, bundle, entry or answer is not what its format prescribes",
    "input_too_large": "an input, or a list in it, is larger than any genuine one",
    "format_unsupported": "the format, its version or a kind in it is not one that is verified",
    "format_too_old": "the bundle's version is below min_bundle_version",
    "material_mismatch": "the input brings another kind of key material than the policy names",
    # Trust root and keys of the operator
    "trust_root_malformed": "the trust root is not usable",
    "key_malformed": "a public key of the policy is not usable",
    # Artifact
    "artifact_unreadable": "the artifact cannot be read",
    "artifact_changed": "the artifact changed while it was verified",
    "digest_mismatch": "the artifact is not what was signed",
    # Signature
    "algorithm_unsupported": "the key or algorithm is not one that is verified",
    "signature_invalid": "the signature does not verify",
    "key_expired": "the key was used outside its window",
    # Time
    "time_missing": "no verified source says when the signature was made",
    "timestamp_invalid": "the time stamp token does not verify",
    # Certificate
    "chain_untrusted": "no authority of the trust root issued the certificate",
    "chain_expired": "the certificate, or one above it, was not valid when the signature was made",
    "certificate_profile": "the certificate is not one for signing code",
    "sct_missing": "no certificate transparency log of the trust root vouches for the certificate",
    "sct_invalid": "a certificate transparency log's signature does not verify",
    # Identity
    "identity_mismatch": "somebody else signed",
    "issuer_mismatch": "another identity provider vouches for the signer",
    # Transparency log
    "log_unreachable": "the transparency log gave no usable answer",
    "log_entry_missing": "the signature is not in the transparency log",
    "log_unknown": "the entry is of a log that the trust root does not know",
    "log_expired": "the log's key was used outside its window",
    "set_missing": "the entry lacks the log's signed promise",
    "set_invalid": "the log's promise does not verify",
    "proof_missing": "the entry lacks its proof of inclusion",
    "proof_invalid": "the entry is not in the tree that its proof names",
    "checkpoint_missing": "the proof lacks the log's signed checkpoint",
    "checkpoint_invalid": "the log did not sign the tree that the proof names",
    "entry_mismatch": "the log entry is about another signature, key or artifact",
    # Statements
    "statement_mismatch": "the signed statement is not about this artifact",
    "predicate_mismatch": "the signed statement says something else than what was asked for",
    # Images
    "registry_unreachable": "the registry gave no usable answer",
    "image_unsigned": "the registry has no signature for the image",
    "reference_mismatch": "the signature was made for another repository",
    # Lists of digests
    "sums_mismatch": "the signed list does not have exactly one digest for the file",
    # The verifier itself
    "internal_error": "the verifier met something it does not know; nothing is verified",
}


class Refused(Exception):
    """Nothing is verified. `reason` is a key of REASONS, the text says what was found; it never holds a secret."""

    def __init__(self, reason: str, detail: str) -> None:
        if reason not in REASONS:
            raise ValueError(f"{reason} is no reason code")
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class PolicyError(Exception):
    """The caller asks for something that has no safe meaning: an option is missing, empty or contradicts another."""
