#!/usr/bin/python
# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge or place a daemon's certificate."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_identity
short_description: Judge or place a daemon's certificate
version_added: 0.1.0
description:
  - Without material, says whether the daemon's key store, its password and the CA certificate fit together, belong
    to this
    daemon and last long enough. Nothing is changed.
  - With material from M(prexorcloud.production.node_enrolment), checks it in the same way and writes C(node.p12),
    C(.node-password) and C(ca.pem).
  - Each file is replaced atomically, the key store last, so a run that is killed in between leaves an identity
    that the next
    run reports as unusable.
extends_documentation_fragment:
  - prexorcloud.production.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Shows fingerprints and dates only.
  idempotent:
    support: full
options:
  directory:
    description: The C(config/security) of the daemon. Its parent must exist. With material it is made, mode 0700.
    type: path
    required: true
  node_id:
    description: The daemon's id, as in C(nodeId) of its C(daemon.yml).
    type: str
    required: true
  pkcs12_base64:
    description:
      - The key store, Base64.
      - In check mode it may be empty, as M(prexorcloud.production.node_enrolment) returns it there; then a change
        is predicted.
    type: str
  pkcs12_password:
    description: The password of the key store.
    type: str
  ca_pem:
    description: The certificate of the CA.
    type: str
  owner:
    description: The user that shall own directory and files. Only used with material.
    type: str
  group:
    description: The group that shall own directory and files. Only used with material.
    type: str
  renew_before_days:
    description: A certificate with this many days or less left is not usable.
    type: int
    default: 30
requirements:
  - cryptography >= 38 (Debian package C(python3-cryptography)) on the host the module runs on
seealso:
  - module: prexorcloud.production.node_enrolment
author:
  - The founders of prexorcloud.production (@prexorcloud)
"""

EXAMPLES = r"""
- name: Look at the daemon's certificate
  prexorcloud.production.node_identity:
    directory: /opt/prexorcloud/daemon/config/security
    node_id: node-1
  register: identity

- name: Place the daemon's certificate
  prexorcloud.production.node_identity:
    directory: /opt/prexorcloud/daemon/config/security
    node_id: node-1
    pkcs12_base64: "{{ material.pkcs12_base64 }}"
    pkcs12_password: "{{ material.pkcs12_password }}"
    ca_pem: "{{ material.ca_pem }}"
    owner: prexorcloud-daemon
    group: prexorcloud-daemon
  no_log: true
"""

RETURN = r"""
usable:
  description:
    - Whether the daemon can connect with what is on disk now (in check mode with material, with what would be
      there).
  returned: success
  type: bool
  sample: true
reason:
  description: Why it is not usable, empty if it is.
  returned: success
  type: str
  sample: node.p12 is missing or empty
not_after:
  description: End of the certificate's validity; V(null) if it cannot be read.
  returned: success
  type: str
  sample: "2027-01-31T12:00:00Z"
fingerprint:
  description: SHA-256 of the certificate; V(null) if it cannot be read.
  returned: success
  type: str
ca_fingerprint:
  description: SHA-256 of the CA certificate; V(null) if it cannot be read.
  returned: success
  type: str
"""

import os
from datetime import datetime, timezone
from typing import NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto import pki
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.files import (
    FileError,
    Ownership,
    attributes_differ,
    ensure_directory,
    read_file,
    resolve_ownership,
    set_attributes,
    write_file,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.identity import (
    DIRECTORY_MODE,
    FILES,
    IdentityError,
    Material,
    Verdict,
    judge,
    outdated,
    parse_material,
)


class NodeIdentity:
    """One directory: read, plan, apply, report."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.params = module.params
        self.directory: str = self.params["directory"]
        self.now = datetime.now(timezone.utc)

    def path(self, name: str) -> str:
        return os.path.join(self.directory, name)

    def read(self) -> Material:
        return Material(**{attribute: read_file(self.path(name)) for attribute, name, _mode in FILES})

    def judge(self, material: Material) -> Verdict:
        return judge(material, self.params["node_id"], self.now, self.params["renew_before_days"])

    def ownership(self) -> Ownership | None:
        """None in check mode if user or group are still to be made by an earlier task."""
        try:
            return resolve_ownership(self.params["owner"], self.params["group"])
        except FileError:
            if self.module.check_mode:
                return None
            raise

    def report(self, verdict: Verdict, **more: object) -> NoReturn:
        self.module.exit_json(
            usable=verdict.usable,
            reason=verdict.reason,
            not_after=verdict.not_after or None,
            fingerprint=verdict.fingerprint or None,
            ca_fingerprint=verdict.ca_fingerprint or None,
            **more,
        )

    def predict_unknown(self, before: Verdict) -> NoReturn:
        """Check mode before the enrolment: that the identity changes is all that is known."""
        if not self.module.check_mode:
            raise IdentityError("the given material is empty")
        after = "a certificate that is not issued yet\n"
        self.report(before, changed=True, diff=self.diff(before.summary(), after))

    def diff(self, before: str, after: str) -> dict[str, str]:
        return {
            "before_header": self.directory,
            "after_header": self.directory,
            "before": before,
            "after": after,
        }

    def place(self, present: Material, before: Verdict) -> NoReturn:
        wanted = parse_material(self.params["pkcs12_base64"], self.params["pkcs12_password"], self.params["ca_pem"])
        verdict = self.judge(wanted)
        if not verdict.usable:
            raise IdentityError(f"the given material is not usable: {verdict.reason}")
        ownership = self.ownership()
        names = outdated(present, wanted)
        changed = bool(names) or ownership is None or self.attributes_outdated(ownership)
        if changed and ownership is not None and not self.module.check_mode:
            self.write(wanted, names, ownership)
        self.report(verdict, changed=changed, diff=self.diff(before.summary(), verdict.summary()))

    def attributes_outdated(self, ownership: Ownership) -> bool:
        return attributes_differ(self.directory, ownership, DIRECTORY_MODE) or any(
            attributes_differ(self.path(name), ownership, mode) for _attribute, name, mode in FILES
        )

    def write(self, wanted: Material, names: list[str], ownership: Ownership) -> None:
        ensure_directory(self.directory, ownership, DIRECTORY_MODE)
        for attribute, name, mode in FILES:
            if name in names:
                write_file(self.path(name), getattr(wanted, attribute), ownership, mode)
            elif attributes_differ(self.path(name), ownership, mode):
                set_attributes(self.path(name), ownership, mode)

    def run(self) -> NoReturn:
        present = self.read()
        before = self.judge(present)
        if self.params["pkcs12_base64"] is None:
            self.report(before, changed=False)
        if not self.params["pkcs12_base64"]:
            self.predict_unknown(before)
        self.place(present, before)


def main() -> NoReturn:
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "node_id": {"type": "str", "required": True},
            "pkcs12_base64": {"type": "str", "no_log": True},
            "pkcs12_password": {"type": "str", "no_log": True},
            "ca_pem": {"type": "str", "no_log": True},
            "owner": {"type": "str"},
            "group": {"type": "str"},
            "renew_before_days": {"type": "int", "default": 30},
        },
        required_together=[("pkcs12_base64", "pkcs12_password", "ca_pem")],
        supports_check_mode=True,
    )
    try:
        NodeIdentity(module).run()
    except pki.LibraryMissing as error:
        if not module.check_mode:
            module.fail_json(msg=str(error))
        # An identity that is there serves until the real run has looked at it.
        module.warn(f"{error}; the present identity is assumed to be usable")
        module.exit_json(changed=False, usable=True, reason=str(error))
    except (IdentityError, FileError, pki.PkiError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
