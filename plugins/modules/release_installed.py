#!/usr/bin/python
# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: release_installed
short_description: Verified artifacts of a release, side by side by version on a host
version_added: 0.2.0
author:
  - The founders of prexorcloud.production (@prexorcloud)
description:
  - Installs what M(prexorcloud.production.release_verified) has verified on the control node.
  - The host is asked first, by digest, what it has. Only what is missing is sent.
  - What was received is hashed again on the host while it is copied to where only the caller can write, and it is
    installed from that copy. Wrong bytes change nothing.
  - Programs are replaced in one step. Archives are unpacked beside their place and moved there; members that are no
    files or directories, or that would lie outside, are refused.
  - A tree is compared file by file with what was unpacked, and unpacked anew where it differs.
options:
  directory:
    description: Where the versions of all components lie side by side. It has to exist.
    type: path
    required: true
  version:
    description: Version to install, as it appears in names.
    type: str
    required: true
  artifacts:
    description: What the host needs.
    type: list
    elements: dict
    required: true
    suboptions:
      component:
        description:
          - V(controller) and V(daemon) are JARs, which become C(cloud-<component>.jar) in the directory of the version.
          - V(dashboard) and V(cli) are archives, which become the directory of the version.
        type: str
        choices: [controller, daemon, dashboard, cli]
        required: true
      path:
        description: The verified file on the control node.
        type: path
        required: true
      sha256:
        description: Its SHA-256 as 64 hex digits, as verified.
        type: str
        required: true
      received:
        description: Where the file was put on the host. Set by the action of the same name, never by a playbook.
        type: path
extends_documentation_fragment:
  - prexorcloud.production.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
  safe_file_operations:
    support: full
notes:
  - Everything belongs to the user that runs the module; use C(become).
seealso:
  - module: prexorcloud.production.release_verified
"""

EXAMPLES = r"""
- name: Install the controller
  prexorcloud.production.release_installed:
    directory: /opt/prexorcloud/releases
    version: 1.0.0
    artifacts:
      - component: controller
        path: "{{ verified.artifacts.controller.path }}"
        sha256: "{{ verified.artifacts.controller.sha256 }}"
  become: true
"""

RETURN = r"""
missing:
  description: The components whose bytes were not there.
  returned: success
  type: list
  elements: str
  sample: [controller]
reason:
  description: Reason code of a refusal, for example V(digest_mismatch).
  returned: failure because of the artifact
  type: str
  sample: digest_mismatch
"""

from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.prexorcloud.production.plugins.module_utils._release.installed import (
    COMPONENTS,
    Wanted,
    apply,
    plan,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused

ARTIFACT_SPEC: dict[str, dict[str, Any]] = {
    "component": {"type": "str", "choices": list(COMPONENTS), "required": True},
    "path": {"type": "path", "required": True},
    "sha256": {"type": "str", "required": True},
    "received": {"type": "path"},
}


def main() -> NoReturn:
    """Plan every component, then apply what differs and can be applied: bytes that are needed may not be here yet."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "version": {"type": "str", "required": True},
            "artifacts": {"type": "list", "elements": "dict", "required": True, "options": ARTIFACT_SPEC},
        },
        supports_check_mode=True,
    )
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    missing: list[str] = []
    for one in module.params["artifacts"]:
        wanted = Wanted(module.params["directory"], one["component"], module.params["version"], one["sha256"])
        try:
            found = plan(wanted)
            before.update(found.before)
            after.update(found.after)
            if found.missing:
                missing.append(wanted.component)
            if found.differs and not module.check_mode and (one["received"] or not found.missing):
                apply(wanted, one["received"] if found.missing else None)
        except (Refused, OSError) as error:
            module.fail_json(
                msg=f"{wanted.component} {wanted.version} is not installed: {error}",
                reason=getattr(error, "reason", "artifact_unreadable"),
                missing=missing,
            )
    module.exit_json(changed=bool(after), missing=missing, diff={"before": before, "after": after})


if __name__ == "__main__":
    main()
