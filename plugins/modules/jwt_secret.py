#!/usr/bin/python
# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which JWT signing secret counts."""

from __future__ import annotations

DOCUMENTATION = r"""
module: jwt_secret
short_description: Decide which JWT signing secret counts
version_added: 0.1.0
description:
  - Takes the given secret, else the one in C(controller.yml) if it is usable, else makes a new one if allowed.
  - Writes nothing; the secret gets into the file with M(prexorcloud.production.config).
  - A given secret that the controller would refuse is an error. An unusable one in the file is reported, never silently
    kept.
extends_documentation_fragment:
  - prexorcloud.production.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: The module changes nothing.
  idempotent:
    support: partial
    details:
      - With O(generate=true) and no usable secret anywhere, each run returns another one until it is written to
        the file.
options:
  path:
    description: The C(controller.yml) to look into. It may be missing.
    type: path
    required: true
  secret:
    description: The secret that counts, in standard Base64, at least 32 bytes after decoding.
    type: str
  generate:
    description: Make a secret of 48 random bytes if neither O(secret) nor the file has a usable one.
    type: bool
    default: false
  reveal:
    description:
      - Return the secret itself.
      - Use it with C(no_log=true) only.
    type: bool
    default: false
requirements:
  - ruamel.yaml (Debian package C(python3-ruamel.yaml)) on the host the module runs on, if O(path) exists
seealso:
  - module: prexorcloud.production.config
author:
  - The founders of prexorcloud.production (@prexorcloud)
"""

EXAMPLES = r"""
- name: Look at the secret that is in use
  prexorcloud.production.jwt_secret:
    path: /etc/prexorcloud/config/controller.yml
  register: found

- name: Adopt the secret, or make one
  prexorcloud.production.jwt_secret:
    path: /etc/prexorcloud/config/controller.yml
    generate: true
    reveal: true
  register: secret
  no_log: true
"""

RETURN = r"""
source:
  description: Where the secret comes from.
  returned: success
  type: str
  sample: file
  choices: [given, file, generated, none]
usable:
  description: Whether there is a secret the controller starts with.
  returned: success
  type: bool
  sample: true
reason:
  description: Why the secret in the file is not usable, if RV(source=none); else empty.
  returned: success
  type: str
  sample: ""
fingerprint:
  description: The first 16 hex digits of the SHA-256 of the decoded secret; V(null) if there is none.
  returned: success
  type: str
  sample: 5f16f4c7f149ac4f
length_bytes:
  description: Length of the decoded secret.
  returned: success
  type: int
  sample: 48
file_fingerprint:
  description: As RV(fingerprint), of the secret in the file; V(null) if that is missing or not usable.
  returned: success
  type: str
  sample: 5f16f4c7f149ac4f
secret:
  description: The secret.
  returned: success, with O(reveal=true) and RV(source) other than V(none)
  type: str
"""

from typing import NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.config_value import (
    ConfigValueError,
    LibraryMissing,
    read_text_value,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.files import FileError
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.jwt import SecretRefused, choose_secret

MASKED = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def read_present(module: AnsibleModule, path: str) -> str | None:
    """The secret in the file. In check mode a file that cannot be read for lack of the library counts as having none.
    Raises ConfigValueError, FileError."""
    try:
        return read_text_value(path, ("security", "jwtSecret"))
    except LibraryMissing as error:
        if not module.check_mode:
            raise
        module.warn(f"{error}; whether {path} has a secret is not known")
        return None


def main() -> NoReturn:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "secret": {"type": "str", "no_log": True},
            "generate": {"type": "bool", "default": False},
            "reveal": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        in_file = read_present(module, params["path"])
        choice = choose_secret(params["secret"], in_file, params["generate"])
    except (SecretRefused, ConfigValueError, FileError) as error:
        module.fail_json(msg=str(error))
    result: dict[str, object] = {
        "changed": False,
        "source": choice.source,
        "usable": choice.info.usable,
        "reason": choice.info.reason,
        "fingerprint": choice.info.fingerprint or None,
        "length_bytes": choice.info.length_bytes,
        "file_fingerprint": choice.file_info.fingerprint or None,
    }
    if params["reveal"] and choice.source != "none":
        # A no_log parameter is masked everywhere in the result, and the mask would end up in controller.yml as the
        # secret. So the value is let through on request, but not inside the echoed arguments.
        module.no_log_values.discard(choice.secret)
        result["secret"] = choice.secret
        result["invocation"] = {"module_args": {**params, "secret": MASKED if params["secret"] else None}}
    module.exit_json(**result)


if __name__ == "__main__":
    main()
