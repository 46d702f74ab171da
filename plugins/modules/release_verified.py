#!/usr/bin/python
# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: release_verified
short_description: Artifacts of a release on the control node, each proven before it is used
version_added: 0.2.0
author:
  - The founders of prexorcloud.production (@prexorcloud)
description:
  - Brings the signed lists of a release and the wanted artifacts into a private directory of the machine it runs on,
    which should be the control node.
  - A list is read only after its signature, the signer's certificate and identity, and its entry in the
    transparency log are proven, as by M(prexorcloud.production.cosign_verify). An artifact is kept only if it has the
    digest that the list has for it; it is hashed while it is received.
  - Upstream's signatures come without their log entry. It is looked up once, and kept with signature and certificate
    as a bundle beside the list, C(SHA256SUMS.sigstore.json). Later runs verify the bundle again, against the trust
    root then in force, without a network.
  - The directory can be carried to a machine without a network and be the O(source) there.
options:
  source:
    description:
      - Base URL, or absolute path of a directory, with the files of the release under upstream's names.
      - V(http://) will do only where signatures are verified; they prove the bytes whoever sends them.
      - What was proven from a URL is not fetched again; a directory is looked at each time.
    type: str
    required: true
  version:
    description: Version of the release, as it appears in names; without a leading V(v).
    type: str
    required: true
  artifacts:
    description: What is wanted.
    type: list
    elements: str
    choices: [controller, daemon, dashboard, cli_amd64, cli_arm64]
    required: true
  directory:
    description: Where lists, proofs and artifacts are put. It is made accessible to its owner only.
    type: path
    required: true
  verification:
    description:
      - V(required) proves everything.
      - V(digests_only) believes the list as it is found. Whoever can change the source then decides what runs on the
        hosts.
      - There is no default, so that nothing is switched off by leaving something out.
    type: str
    choices: [required, digests_only]
    required: true
  ref:
    description:
      - The git ref from which upstream's workflow has to have been run, for example V(refs/tags/v1.0.0).
      - A run that was started by hand signs with the branch it was started on, for example V(refs/heads/main). Naming a
        branch accepts whatever was signed on it.
    type: str
    required: true
  trust_root:
    description: Path of a C(trusted_root.json). Without it, that of Sigstore's public-good instance, which is shipped.
    type: path
  transparency_log:
    description:
      - V(online) looks a signature up that comes without its log entry.
      - V(offline) asks nobody; the source needs the bundles that an earlier run of this module wrote.
    type: str
    choices: [online, offline]
    default: online
  rekor_url:
    description: Base URL of the transparency log.
    type: str
    default: https://rekor.sigstore.dev
  ca_path:
    description: PEM file with the certificate authorities for source and log. Without it, those of the system.
    type: path
  timeout:
    description: Seconds without an answer after which a server counts as unreachable.
    type: int
    default: 30
  trust_root_copy:
    description: Whether to put the trust root beside the lists, as C(trusted_root.json), for a directory that travels.
    type: bool
    default: false
extends_documentation_fragment:
  - prexorcloud.production.attributes
attributes:
  check_mode:
    support: full
    details: The directory is a cache and no state, so it is filled in check mode too and is never a change.
  diff_mode:
    support: none
  idempotent:
    support: full
  safe_file_operations:
    support: full
requirements:
  - cryptography >= 38
notes:
  - A failure names the file, a reason code and what to do. The codes are those of
    M(prexorcloud.production.cosign_verify).
seealso:
  - module: prexorcloud.production.cosign_verify
  - module: prexorcloud.production.release_installed
"""

EXAMPLES = r"""
- name: Verify the release once for all hosts
  prexorcloud.production.release_verified:
    source: https://github.com/PrexorJustin/prexorcloud/releases/download/v1.0.0
    version: 1.0.0
    ref: refs/tags/v1.0.0
    artifacts: [controller, daemon]
    directory: /var/cache/prexorcloud/1.0.0
    verification: required
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
version:
  description: The version that was proven.
  returned: success
  type: str
  sample: 1.0.0
artifacts:
  description: The wanted artifacts by their names.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the file.
      type: str
      sample: cloud-controller-1.0.0.jar
    path:
      description: The file on the machine that ran the module.
      type: str
      sample: /var/cache/prexorcloud/1.0.0/cloud-controller-1.0.0.jar
    sha256:
      description: SHA-256 as 64 hex digits.
      type: str
      sample: 0f5ca1a4d3f6b3f5f0e9d8b5b4ac2e9c2b1d1c6a5f7e8d9c0b1a2f3e4d5c6b7a
    list:
      description: The signed list that has this digest.
      type: str
      sample: SHA256SUMS
    verified:
      description: V(false) only with O(verification=digests_only).
      type: bool
      sample: true
    proof:
      description: What the list was verified with.
      type: str
      sample: bundle
    identity:
      description: Who signed the list.
      type: str
      sample: https://github.com/PrexorJustin/prexorcloud/.github/workflows/release-jars.yml@refs/tags/v1.0.0
    issuer:
      description: Who vouched for the signer.
      type: str
      sample: https://token.actions.githubusercontent.com
    log_index:
      description: Index of the list's entry in the transparency log.
      type: int
      sample: 79571823
    time:
      description: When the list was signed, as the log says.
      type: str
      sample: "2026-07-24T09:30:00Z"
artifact:
  description: The file that a refusal is about.
  returned: failure because of a file
  type: str
  sample: SHA256SUMS
reason:
  description: Reason code of the refusal.
  returned: failure because of a file
  type: str
  sample: identity_mismatch
cure:
  description: What to do about it.
  returned: failure because of a file
  type: str
"""

from collections.abc import Mapping
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.files import FileError
from ansible_collections.prexorcloud.production.plugins.module_utils._release.advice import cure
from ansible_collections.prexorcloud.production.plugins.module_utils._release.names import (
    ARTIFACTS,
    ISSUER,
    SignedList,
    identity_pattern,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._release.source import open_source
from ansible_collections.prexorcloud.production.plugins.module_utils._release.store import Store
from ansible_collections.prexorcloud.production.plugins.module_utils._release.verified import (
    BUNDLE_VERSION,
    NotProven,
    Received,
    about,
    bring,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.identity import IdentityPolicy
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.instants import to_text
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.options import (
    LIBRARY_ADVICE,
    LIBRARY_MISSING,
    asking,
    read_input,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.policy import Policy
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.public_good import TRUSTED_ROOT
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.trust_root import parse_trust_root

TRUST_ROOT = "trusted_root.json"


def policies(trust_root: bytes, ref: str, transparency_log: str) -> dict[SignedList, Policy]:
    """What each list has to stand up to. Raises Refused, PolicyError, ValueError."""
    trusted = parse_trust_root(trust_root)
    return {
        what: Policy(
            trust_root=trusted,
            identity=IdentityPolicy.from_options(None, identity_pattern(what.workflow, ref), ISSUER, None),
            transparency_log=transparency_log,
            min_bundle_version=BUNDLE_VERSION,
        )
        for _name, what in ARTIFACTS.values()
    }


def described(received: Received, store: Store) -> dict[str, Any]:
    """What the caller learns about one artifact."""
    verdict = received.listed.verdict
    signer = None if verdict is None else verdict.signer
    return {
        "name": received.name,
        "path": store.place(received.name),
        "sha256": received.sha256,
        "list": received.listed.what.name,
        "verified": verdict is not None,
        "proof": received.listed.proof,
        "identity": None if signer is None else signer.identity,
        "issuer": None if signer is None else signer.issuer,
        "log_index": None if verdict is None else verdict.log_index,
        "time": None if verdict is None or verdict.time is None else to_text(verdict.time),
    }


def run(params: Mapping[str, Any]) -> dict[str, Any]:
    """Everything, under the lock of the directory. Raises NotProven, PolicyError, FileError, OSError, ValueError."""
    required = params["verification"] == "required"
    source = open_source(params["source"], required, params["ca_path"], params["timeout"])
    store = Store(params["directory"])
    trust_root = b""
    wanted_by = None
    if required:
        with about(params["trust_root"] or TRUST_ROOT):
            trust_root = read_input(params["trust_root"]) if params["trust_root"] is not None else TRUSTED_ROOT
            wanted_by = policies(trust_root, params["ref"], params["transparency_log"])
    with store.locked():
        found = bring(params["artifacts"], params["version"], source, store, wanted_by, asking(params))
        if required and params["trust_root_copy"]:
            store.write(TRUST_ROOT, trust_root)
    return {artifact: described(received, store) for artifact, received in found.items()}


def main() -> NoReturn:
    module = AnsibleModule(
        argument_spec={
            "source": {"type": "str", "required": True},
            "version": {"type": "str", "required": True},
            "artifacts": {"type": "list", "elements": "str", "choices": list(ARTIFACTS), "required": True},
            "directory": {"type": "path", "required": True},
            "verification": {"type": "str", "choices": ["required", "digests_only"], "required": True},
            "ref": {"type": "str", "required": True},
            "trust_root": {"type": "path"},
            "transparency_log": {"type": "str", "choices": ["online", "offline"], "default": "online"},
            "rekor_url": {"type": "str", "default": "https://rekor.sigstore.dev"},
            "ca_path": {"type": "path"},
            "timeout": {"type": "int", "default": 30},
            "trust_root_copy": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    if module.params["verification"] != "required":
        module.warn(
            "prexorcloud_release_verification is digests_only: NO SIGNATURE IS VERIFIED. Whoever can change"
            f" {module.params['source']} decides what runs on the hosts. Set it to required."
        )
    elif LIBRARY_MISSING:
        module.fail_json(msg=f"Release {module.params['version']} is not verified. {LIBRARY_ADVICE}")
    try:
        module.exit_json(changed=False, version=module.params["version"], artifacts=run(module.params))
    except NotProven as refused:
        advice = cure(refused.reason)
        module.fail_json(
            msg=f"Release {module.params['version']} is not used: {refused.name} is refused, {refused.reason}:"
            f" {refused.detail}. {advice}",
            artifact=refused.name,
            reason=refused.reason,
            cure=advice,
        )
    except (PolicyError, FileError, OSError, ValueError) as error:
        module.fail_json(msg=f"Release {module.params['version']} is not used: {error}")


if __name__ == "__main__":
    main()
