#!/usr/bin/python
# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give the controller a server certificate with its real names."""

from __future__ import annotations

DOCUMENTATION = r"""
module: controller_certificate
short_description: Give the controller a server certificate with its real names
version_added: 0.1.0
description:
  - Issues C(server.p12) from the controller's own CA (C(ca.p12)) with the wanted names. The certificate the
    controller makes
    by itself is valid for localhost only, so no daemon on another host ever connects.
  - It is issued anew if a wanted name is missing, it is not signed by the CA, its key usage is wrong, its key
    store does not
    open, or it expires within O(renew_before_days). A certificate with more names than wanted is left alone.
  - The controller loads a changed file within 30 seconds, without a restart.
extends_documentation_fragment:
  - prexorcloud.production.attributes
attributes:
  check_mode:
    support: full
    details: If the controller has made no CA yet, since it was never started, a change is predicted.
  diff_mode:
    support: full
    details: Shows names, dates and fingerprints only.
  idempotent:
    support: full
options:
  directory:
    description: The C(config/security) of the controller.
    type: path
    required: true
  names:
    description:
      - DNS names and IP addresses under which daemons reach the controller. V(localhost) and V(127.0.0.1) are
        always added.
    type: list
    elements: str
    required: true
  owner:
    description: The user that shall own the file.
    type: str
  group:
    description: The group that shall own the file.
    type: str
  validity_days:
    description: Days a new certificate is valid, at most as long as the CA.
    type: int
    default: 825
  renew_before_days:
    description:
      - Issue anew if this many days or less are left.
      - At least 31, since the controller itself replaces a certificate with 30 days or less left by one for localhost.
    type: int
    default: 60
  wait_served:
    description:
      - Prove by a TLS handshake that the certificate on disk is the one presented, and wait for it if it is not
        yet. This is
        done whether or not the file was changed, but not in check mode if it would be changed.
      - The handshake is verified against the CA and the first of O(names).
    type: dict
    suboptions:
      host:
        description: The address to connect to.
        type: str
        default: 127.0.0.1
      port:
        description: The controller's gRPC port.
        type: int
        default: 9090
      timeout:
        description: Seconds to wait at most.
        type: int
        default: 40
requirements:
  - cryptography >= 38 (Debian package C(python3-cryptography)) on the host the module runs on
author:
  - The founders of prexorcloud.production (@prexorcloud)
"""

EXAMPLES = r"""
- name: Issue the controller's certificate
  prexorcloud.production.controller_certificate:
    directory: /opt/prexorcloud/controller/config/security
    names:
      - ctrl.example.internal
      - 10.0.0.11
    owner: prexorcloud
    group: prexorcloud
    wait_served:
      host: 127.0.0.1
      port: 9090
"""

RETURN = r"""
reason:
  description: Why the file was changed, empty if it was not.
  returned: success
  type: str
  sample: "names are missing: ctrl.example.internal"
not_after:
  description: End of validity (predicted in check mode); V(null) if there is no CA yet.
  returned: success
  type: str
  sample: "2028-09-05T12:00:00Z"
names:
  description: The names in the certificate, in check mode those it would have.
  returned: success
  type: list
  elements: str
  sample: [localhost, ctrl.example.internal, 127.0.0.1, 10.0.0.11]
fingerprint:
  description: SHA-256 of the certificate; V(null) if it is still to be issued (only in check mode).
  returned: success
  type: str
ca_fingerprint:
  description: SHA-256 of the CA's certificate; V(null) if there is no CA yet.
  returned: success
  type: str
served:
  description: Whether the certificate was seen in a handshake; V(null) if that was not tried.
  returned: success
  type: bool
  sample: true
"""

import os
from datetime import datetime, timedelta, timezone
from typing import NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto import pki
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.files import (
    FileError,
    Ownership,
    attributes_differ,
    read_file,
    resolve_ownership,
    set_attributes,
    write_file,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.names import (
    BadName,
    normal_name,
    parse_names,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.served import NotServed, wait_served
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.server_certificate import (
    Assessment,
    assess,
    check_days,
    issue,
    open_ca,
)

FILE_MODE = 0o600


def describe(store: pki.Store | None, missing: str) -> str:
    """Lines for a diff."""
    if store is None:
        return f"{missing}\n"
    certificate = store.certificate
    names = "".join(f"name: {name}\n" for name in pki.alternative_names(certificate).all())
    return f"{names}not after: {pki.instant(pki.not_after(certificate))}\ncertificate: {pki.fingerprint(certificate)}\n"


class ControllerCertificate:
    """One server.p12: read, plan, apply, report."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.params = module.params
        self.now = datetime.now(timezone.utc)
        self.names = parse_names(self.params["names"])
        self.path = self.file("server.p12")

    def file(self, name: str) -> str:
        return os.path.join(self.params["directory"], name)

    def check_parameters(self) -> None:
        if not self.params["names"]:
            raise pki.PkiError("names is empty: name the address that daemons use")
        problem = check_days(self.params["validity_days"], self.params["renew_before_days"])
        if problem:
            raise pki.PkiError(problem)

    def ca(self) -> tuple[pki.Store, bytes] | None:
        """The CA and the password of both stores; None if the controller has made none yet."""
        data = read_file(self.file("ca.p12"))
        password = read_file(self.file(".ca-password"))
        if data is None:
            return None
        if password is None:
            raise pki.PkiError(f"{self.file('.ca-password')} is missing, without it the CA cannot be opened")
        pki.require_cryptography()
        password = password.rstrip(b"\r\n")
        until = self.now + timedelta(days=self.params["renew_before_days"])
        return open_ca(data, password, read_file(self.file("ca.pem")), until), password

    def without_ca(self) -> NoReturn:
        text = f"{self.file('ca.p12')} does not exist, the controller was not started yet"
        if not self.module.check_mode:
            raise pki.PkiError(f"{text}; start it, then issue its certificate")
        self.module.exit_json(
            changed=True,
            reason=text,
            not_after=None,
            names=self.names.all(),
            fingerprint=None,
            ca_fingerprint=None,
            served=None,
        )

    def ownership(self) -> Ownership | None:
        """None in check mode if user or group are still to be made by an earlier task."""
        try:
            return resolve_ownership(self.params["owner"], self.params["group"])
        except FileError:
            if self.module.check_mode:
                return None
            raise

    def apply(self, ca: pki.Store, password: bytes, found: Assessment) -> tuple[pki.Store, str]:
        """The certificate now in force (in check mode one that is thrown away) and the reason of a change, or ""."""
        ownership = self.ownership()
        if found.reason or found.store is None:
            store = issue(ca, found.store, self.names, self.now, self.params["validity_days"])
            if ownership is not None and not self.module.check_mode:
                write_file(self.path, pki.store_bytes(store, password), ownership, FILE_MODE)
            return store, found.reason
        if ownership is None or attributes_differ(self.path, ownership, FILE_MODE):
            if ownership is not None and not self.module.check_mode:
                set_attributes(self.path, ownership, FILE_MODE)
            return found.store, "owner, group or mode differ"
        return found.store, ""

    def served(self, ca: pki.Store, store: pki.Store) -> bool | None:
        wanted = self.params["wait_served"]
        if wanted is None:
            return None
        name = normal_name(self.params["names"][0])[0]
        expected = pki.der_of(store.certificate)
        wait_served(wanted["host"], wanted["port"], name, pki.pem_of(ca.certificate), expected, wanted["timeout"])
        return True

    def run(self) -> NoReturn:
        self.check_parameters()
        opened = self.ca()
        if opened is None:
            self.without_ca()
        ca, password = opened
        found = assess(read_file(self.path), password, ca, self.names, self.now, self.params["renew_before_days"])
        store, reason = self.apply(ca, password, found)
        predicted = self.module.check_mode and bool(found.reason)
        after = describe(store, "")
        if predicted:
            after = after.rpartition("certificate: ")[0] + "certificate: not issued yet\n"
        self.module.exit_json(
            changed=bool(reason),
            reason=reason,
            not_after=pki.instant(pki.not_after(store.certificate)),
            names=pki.alternative_names(store.certificate).all(),
            fingerprint=None if predicted else pki.fingerprint(store.certificate),
            ca_fingerprint=pki.fingerprint(ca.certificate),
            served=None if predicted else self.served(ca, store),
            diff={
                "before_header": self.path,
                "after_header": self.path,
                "before": describe(found.store, found.reason),
                "after": after,
            },
        )


def main() -> NoReturn:
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "names": {"type": "list", "elements": "str", "required": True},
            "owner": {"type": "str"},
            "group": {"type": "str"},
            "validity_days": {"type": "int", "default": 825},
            "renew_before_days": {"type": "int", "default": 60},
            "wait_served": {
                "type": "dict",
                "options": {
                    "host": {"type": "str", "default": "127.0.0.1"},
                    "port": {"type": "int", "default": 9090},
                    "timeout": {"type": "int", "default": 40},
                },
            },
        },
        supports_check_mode=True,
    )
    try:
        ControllerCertificate(module).run()
    except pki.LibraryMissing as error:
        if not module.check_mode:
            module.fail_json(msg=str(error))
        module.warn(f"{error}; the change is assumed, not predicted")
        module.exit_json(changed=True, reason=str(error))
    except (BadName, FileError, NotServed, pki.PkiError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
