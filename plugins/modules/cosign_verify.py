#!/usr/bin/python
# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove who signed a file."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cosign_verify
short_description: Prove who signed a file
version_added: 0.2.0
description:
  - Verifies a signature that was made with cosign or another Sigstore client, without the cosign program. Certificate
    chain, certificate transparency, identity, transparency log, time and digest are all checked; what is not proven is
    refused, and the task fails.
  - Reads signature and certificate files, Sigstore bundles 0.1 to 0.3 and cosign's old bundles.
extends_documentation_fragment:
  - prexorcloud.production.attributes
  - prexorcloud.production.sigstore_policy
attributes:
  check_mode:
    support: full
    details: The module changes nothing, and verifies in check mode too.
  diff_mode:
    support: none
    details: The module changes nothing.
  idempotent:
    support: full
options:
  path:
    description:
      - The file that was signed. It is read once, as a stream.
      - Either this or O(digest).
    type: path
  digest:
    description: SHA-256 of what was signed, in place of O(path), as 64 hex digits or C(sha256:) and 64 hex digits.
    type: str
  signature:
    description: File with the signature, in Base64 or raw. Either this or O(bundle).
    type: path
  certificate:
    description: File with the signer's certificate, as PEM or Base64 of PEM, beside O(signature).
    type: path
  bundle:
    description: Sigstore bundle, or a bundle of cosign's old format. Its content says which; there is no second guess.
    type: path
  log_entry:
    description:
      - Saved answer of the transparency log about O(signature), as C(POST /api/v1/log/entries/retrieve) or
        C(GET /api/v1/log/entries/UUID) give it. It is verified like an answer from the network.
    type: path
  predicate_type:
    description:
      - Type of the attestation that the bundle must hold about the file.
      - Without it only plain signatures count. Any attestation would otherwise pass as a signature.
    type: str
requirements:
  - cryptography 38 or newer (Debian package C(python3-cryptography)) where the module runs
seealso:
  - module: prexorcloud.production.cosign_verify_image
author:
  - The founders of prexorcloud.production (@prexorcloud)
"""

EXAMPLES = r"""
- name: Verify the list of digests of a release, with the log asked
  prexorcloud.production.cosign_verify:
    path: /srv/release/SHA256SUMS
    signature: /srv/release/SHA256SUMS.sig
    certificate: /srv/release/SHA256SUMS.crt
    certificate_identity_regexp: '(?i)^https://github\.com/prexorjustin/prexorcloud/\.github/workflows/release-jars\.yml@refs/tags/v1\.0\.0$'
    certificate_oidc_issuer: https://token.actions.githubusercontent.com
  delegate_to: localhost

- name: Verify a bundle without a network
  prexorcloud.production.cosign_verify:
    path: /srv/release/SHA256SUMS
    bundle: /srv/release/SHA256SUMS.sigstore.json
    certificate_identity: https://github.com/PrexorJustin/prexorcloud/.github/workflows/release-jars.yml@refs/tags/v1.0.0
    certificate_oidc_issuer: https://token.actions.githubusercontent.com
    transparency_log: offline
    min_bundle_version: '0.3'

- name: Verify a file that was signed with a key pair of our own
  prexorcloud.production.cosign_verify:
    path: /srv/modules/economy.jar
    signature: /srv/modules/economy.jar.sig
    public_keys: [/etc/prexorcloud/config/security/module-trust.pem]
    transparency_log: ignore
"""

RETURN = r"""
verified:
  description: Whether the signature is proven. A task that is not failed always says V(true).
  returned: always
  type: bool
  sample: true
reason:
  description: Code of the first check that failed. All codes are in the collection's documentation of signatures.
  returned: failure
  type: str
  sample: identity_mismatch
identity:
  description: Who signed; V(null) if it was a bare key.
  returned: success
  type: str
  sample: https://github.com/PrexorJustin/prexorcloud/.github/workflows/release-jars.yml@refs/tags/v1.0.0
issuer:
  description: Identity provider that vouched for the signer; V(null) if it was a bare key.
  returned: success
  type: str
  sample: https://token.actions.githubusercontent.com
key:
  description: Kind of the key that signed; V(null) if it was a certificate.
  returned: success
  type: str
  sample: ECDSA on secp256r1
digest:
  description: Digest of the file that was verified.
  returned: success
  type: str
  sample: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
format:
  description: Format that the signature came in.
  returned: success
  type: str
  sample: Sigstore bundle 0.3
log:
  description: Name of the transparency log that has the signature; V(null) if none was asked.
  returned: success
  type: str
  sample: rekor.sigstore.dev
log_index:
  description: Index of the entry in that log; V(null) if none was asked.
  returned: success
  type: int
  sample: 79571823
time:
  description: Earliest proven time of signing, RFC 3339; V(null) if nothing proves one.
  returned: success
  type: str
  sample: "2026-11-24T12:00:00Z"
"""

from typing import NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.artifact import Artifact
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.formats import read_bundle
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.lookup import with_entries
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import Signed, Verdict
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.options import (
    LIBRARY_ADVICE,
    LIBRARY_MISSING,
    POLICY_OPTIONS,
    asking,
    describe,
    read_input,
    read_policy,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.sidecars import parse_sidecars
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.verify import verify


def open_artifact(module: AnsibleModule) -> Artifact:
    """The artifact that the options name. Raises Refused."""
    if module.params["path"] is not None:
        return Artifact.from_path(module.params["path"])
    return Artifact.from_digest(module.params["digest"].removeprefix("sha256:"))


def read_signed(module: AnsibleModule) -> Signed:
    """What bundle or sidecars claim. Raises Refused."""
    params = module.params
    if params["bundle"] is not None:
        return read_bundle(read_input(params["bundle"]), params["min_bundle_version"])
    certificate = None if params["certificate"] is None else read_input(params["certificate"])
    return parse_sidecars(read_input(params["signature"]), certificate)


def run(module: AnsibleModule) -> Verdict:
    """The verdict. Raises Refused, PolicyError."""
    params = module.params
    policy = read_policy(params, params["predicate_type"])
    if params["signature"] is not None and (params["certificate"] is None) != bool(policy.keys):
        raise PolicyError("beside a signature file give either its certificate and an identity, or public keys")
    saved = None if params["log_entry"] is None else read_input(params["log_entry"])
    signed = read_signed(module)
    with open_artifact(module) as artifact:
        return verify(with_entries(signed, artifact, policy, saved, asking(params)), artifact, policy)


def main() -> NoReturn:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path"},
            "digest": {"type": "str"},
            "signature": {"type": "path"},
            "certificate": {"type": "path"},
            "bundle": {"type": "path"},
            "log_entry": {"type": "path"},
            "predicate_type": {"type": "str"},
            **POLICY_OPTIONS,
        },
        mutually_exclusive=[("path", "digest"), ("bundle", "signature"), ("bundle", "certificate")],
        required_one_of=[("path", "digest"), ("bundle", "signature")],
        supports_check_mode=True,
    )
    what = module.params["path"] or module.params["digest"]
    if LIBRARY_MISSING:
        module.fail_json(msg=f"{what} is not verified. {LIBRARY_ADVICE}", verified=False, reason="internal_error")
    try:
        verdict = run(module)
    except Refused as refused:
        module.fail_json(
            msg=f"{what} is not verified, {refused.reason}: {refused.detail}", verified=False, reason=refused.reason
        )
    except PolicyError as error:
        module.fail_json(msg=f"{what} is not verified. The options do not say what to trust: {error}", verified=False)
    for warning in verdict.warnings:
        module.warn(warning)
    module.exit_json(changed=False, verified=True, **describe(verdict))


if __name__ == "__main__":
    main()
