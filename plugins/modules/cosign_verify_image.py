#!/usr/bin/python
# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove who signed a container image."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cosign_verify_image
short_description: Prove who signed a container image
version_added: 0.2.0
description:
  - Verifies the signature that C(cosign sign) attached to an image in a registry, without the cosign program and
    without pulling the image. Certificate chain, certificate transparency, identity, transparency log, time and digest
    are all checked; what is not proven is refused, and the task fails.
  - A tag is resolved once. Run the image by the name that is returned as RV(image), which has the digest that was
    verified; a tag can be moved between this task and the next.
  - Signatures are looked for under cosign's tag C(sha256-DIGEST.sig), in the list of referrers of OCI 1.1, and under
    the tag C(sha256-DIGEST) that stands in for that list. One that is valid is enough, whatever is beside it.
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
    details: With a tag, what is verified is what the tag leads to at the time.
options:
  image:
    description:
      - Name of the image with registry, and with tag or digest, as in C(ghcr.io/owner/name:1.0.0) or
        C(ghcr.io/owner/name@sha256:DIGEST). With both, the digest counts.
      - Neither registry nor tag is assumed. Only SHA-256 digests are supported.
      - The signature of an index for several platforms is for the index, not for an image of one platform.
    type: str
    required: true
  require_reference:
    description:
      - Repository that the signature must have been made for, as registry and path, such as C(ghcr.io/owner/name).
      - Without it a signature that was copied to another repository together with the image counts, as with cosign.
        Identity and digest are the same there.
      - Signatures in bundles (cosign 3) name no repository and are refused if this is given.
    type: str
  registry_username:
    description: Name to give if the registry asks for one. Needs O(registry_password).
    type: str
  registry_password:
    description:
      - Password or access token to give with O(registry_username).
      - It is sent only to the registry, or to the token service that the registry names, after being asked for it, and
        to no host that the registry redirects to.
    type: str
  insecure_registry:
    description:
      - Speak plain HTTP with the registry. Whoever is in between can then hide signatures, not forge them.
      - Credentials are refused with it unless the registry is on the machine where the module runs.
    type: bool
    default: false
requirements:
  - cryptography 38 or newer (Debian package C(python3-cryptography)) where the module runs
notes:
  - O(ca_path) and O(timeout) are for the registry and for the log. The connection goes straight to them, proxies of the
    environment are not used.
  - O(min_bundle_version) above V(0.1) admits signatures in bundles only.
seealso:
  - module: prexorcloud.production.cosign_verify
author:
  - The founders of prexorcloud.production (@prexorcloud)
"""

EXAMPLES = r"""
- name: Verify the controller's image
  prexorcloud.production.cosign_verify_image:
    image: ghcr.io/prexorjustin/prexorcloud-controller:1.0.0
    certificate_identity_regexp: '(?i)^https://github\.com/prexorjustin/prexorcloud/\.github/workflows/release-images\.yml@refs/tags/v1\.0\.0$'
    certificate_oidc_issuer: https://token.actions.githubusercontent.com
    require_reference: ghcr.io/prexorjustin/prexorcloud-controller
  delegate_to: localhost
  register: controller_image

- name: Show the name to run it by
  ansible.builtin.debug:
    msg: "{{ controller_image.image }}"

- name: Verify an image of our own, signed with a key pair, in a registry that wants a password
  prexorcloud.production.cosign_verify_image:
    image: registry.example.com/network/lobby:2026-11
    registry_username: puller
    registry_password: "{{ vault_registry_password }}"
    ca_path: /etc/ssl/certs/our-authority.pem
    public_keys: [/etc/prexorcloud/image-signing.pem]
    transparency_log: ignore
"""

RETURN = r"""
verified:
  description: Whether the signature is proven. A task that is not failed always says V(true).
  returned: always
  type: bool
  sample: true
reason:
  description:
    - Code of the check that failed; of several signatures, the code that says most. V(image_unsigned) means that the
      registry has no signature. All codes are in the collection's documentation of signatures.
  returned: failure
  type: str
  sample: identity_mismatch
image:
  description: Name of the image pinned to the digest that was verified.
  returned: success
  type: str
  sample: ghcr.io/owner/name@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
digest:
  description: Digest of the image.
  returned: success
  type: str
  sample: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
identity:
  description: Who signed; V(null) if it was a bare key.
  returned: success
  type: str
  sample: https://github.com/PrexorJustin/prexorcloud/.github/workflows/release-images.yml@refs/tags/v1.0.0
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
format:
  description: Format that the signature came in.
  returned: success
  type: str
  sample: cosign image signature
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
skipped:
  description: Signatures that were passed over before a valid one was found, each with its reason.
  returned: success
  type: list
  elements: str
  sample: ["signature_invalid: the signature does not verify with the key"]
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.artifact import Artifact
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.image import (
    Check,
    ImageVerdict,
    parse_image_name,
    verify_image,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.lookup import with_entries
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import Signed, Verdict
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.options import (
    LIBRARY_ADVICE,
    LIBRARY_MISSING,
    POLICY_OPTIONS,
    asking,
    describe,
    read_policy,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.registry import Access, HttpRegistry
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.verify import verify


def checking(params: Mapping[str, Any]) -> Check:
    """What a signature has to stand up to. Raises Refused, PolicyError for options that make no policy."""
    policy = read_policy(params)
    # Anybody who may push can add signatures that are then looked up. The registry's clock runs on meanwhile, so that
    # a log that does not answer costs its time once.
    ask = asking(params)

    def check(signed: Signed, content: bytes, predicate_type: str | None) -> Verdict:
        wanted = replace(policy, predicate_type=predicate_type)
        with Artifact.from_bytes(content, params["image"]) as artifact:
            return verify(with_entries(signed, artifact, wanted, None, ask), artifact, wanted)

    return check


def run(params: Mapping[str, Any]) -> ImageVerdict:
    """The verdict. Raises Refused, PolicyError."""
    name = parse_image_name(params["image"])
    check = checking(params)
    access = Access(
        host=name.host,
        repository=name.repository,
        username=params["registry_username"],
        password=params["registry_password"],
        ca_path=params["ca_path"],
        insecure=params["insecure_registry"],
        timeout=float(params["timeout"]),
    )
    return verify_image(
        HttpRegistry(access),
        name,
        check,
        require_reference=params["require_reference"],
        min_bundle_version=params["min_bundle_version"],
    )


def main() -> NoReturn:
    module = AnsibleModule(
        argument_spec={
            "image": {"type": "str", "required": True},
            "require_reference": {"type": "str"},
            "registry_username": {"type": "str"},
            "registry_password": {"type": "str", "no_log": True},
            "insecure_registry": {"type": "bool", "default": False},
            **POLICY_OPTIONS,
        },
        required_together=[("registry_username", "registry_password")],
        supports_check_mode=True,
    )
    what = module.params["image"]
    if LIBRARY_MISSING:
        module.fail_json(msg=f"{what} is not verified. {LIBRARY_ADVICE}", verified=False, reason="internal_error")
    try:
        found = run(module.params)
    except Refused as refused:
        module.fail_json(
            msg=f"{what} is not verified, {refused.reason}: {refused.detail}", verified=False, reason=refused.reason
        )
    except PolicyError as error:
        module.fail_json(msg=f"{what} is not verified. The options do not say what to trust: {error}", verified=False)
    for warning in found.verdict.warnings:
        module.warn(warning)
    result = {**describe(found.verdict), "image": found.image, "digest": found.digest, "skipped": list(found.skipped)}
    module.exit_json(changed=False, verified=True, **result)


if __name__ == "__main__":
    main()
