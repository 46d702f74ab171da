#!/usr/bin/python
# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give the administrator the wanted password, and prove it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: admin_password
short_description: Give the administrator the wanted password, and prove it
version_added: 0.1.0
description:
  - Logs in with the wanted password. If that is refused, finds the current one among the candidates, changes it through
    the controller's API, and proves by logging in that the old one is refused and the new one accepted.
  - Sends at most two wrong passwords in a row, since the controller locks the account for everybody after five.
  - All logins it makes are logged out again.
extends_documentation_fragment:
  - prexorcloud.production.attributes
attributes:
  check_mode:
    support: full
    details:
      - In check mode the module only logs in with the wanted password and logs out again. A refused login counts
        towards the
        lockout there, too.
      - A controller that does not listen counts as a new install whose password will be changed.
  diff_mode:
    support: none
    details: There is nothing to show but secrets.
  idempotent:
    support: full
options:
  url:
    description: The controller's REST address, best through loopback on its own host.
    type: str
    default: http://127.0.0.1:8080
  username:
    description: The account.
    type: str
    default: admin
  password:
    description: The wanted password, at least 8 characters.
    type: str
    required: true
  candidate:
    description: A password that may be the current one. It is tried before O(candidate_files).
    type: str
  candidate_files:
    description:
      - Files on the controller's host that may hold the current password, in the order to try. They may be missing.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The file.
        type: path
        required: true
      format:
        description:
          - V(text) is a file that holds the password only, like the controller's C(config/.initial-admin-password).
          - V(controller_yml) is a C(controller.yml) with C(security.initialAdminPassword).
        type: str
        choices: [text, controller_yml]
        required: true
  timeout:
    description: Seconds to connect, and to wait for each answer.
    type: float
    default: 5
requirements:
  - ruamel.yaml (Debian package C(python3-ruamel.yaml)) on the host the module runs on, for a file of format
    V(controller_yml)
notes:
  - If the module fails because an answer did not come, run it again. It begins with the wanted password and so
    finds out
    whether the change was made.
author:
  - The founders of prexorcloud.production (@prexorcloud)
"""

EXAMPLES = r"""
- name: Change the first password
  prexorcloud.production.admin_password:
    password: "{{ prexorcloud_admin_password }}"
    candidate_files:
      - path: /opt/prexorcloud/controller/config/.initial-admin-password
        format: text
      - path: /etc/prexorcloud/config/controller.yml
        format: controller_yml
"""

RETURN = r"""
msg:
  description: What was done or found.
  returned: always
  type: str
  sample: admin has the wanted password already
proven:
  description: What logins proved.
  returned: success
  type: dict
  contains:
    new_accepted:
      description:
        - The wanted password is accepted.
        - Only in check mode it may be V(false) (refused now), or V(null) if the controller does not listen.
      type: bool
      sample: true
    old_refused:
      description:
        - The former password is refused; V(null) if none is known or it was not tried. Never V(false), that fails.
      type: bool
      sample: true
"""

from typing import NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.prexorcloud.production.plugins.module_utils._api.admin_password import (
    Candidate,
    PasswordError,
    ensure_password,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._api.client import ControllerClient
from ansible_collections.prexorcloud.production.plugins.module_utils._api.errors import ApiError, NoAnswer
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.config_value import (
    ConfigValueError,
    LibraryMissing,
    read_text_value,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.files import FileError, read_file

MAX_PASSWORD_BYTES = 4096


def read_candidate(path: str, kind: str) -> str | None:
    """The password in *path*, None if there is none. Raises FileError, ConfigValueError."""
    if kind == "controller_yml":
        return read_text_value(path, ("security", "initialAdminPassword"))
    data = read_file(path, MAX_PASSWORD_BYTES)
    if data is None:
        return None
    try:
        return data.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not UTF-8") from error


def candidates(module: AnsibleModule) -> list[Candidate]:
    """The given candidate, then what the files hold. Values from files are kept out of all output."""
    found = []
    if module.params["candidate"] is not None:
        found.append(Candidate("the given candidate", module.params["candidate"]))
    for entry in module.params["candidate_files"]:
        try:
            password = read_candidate(entry["path"], entry["format"])
        except LibraryMissing:
            # In check mode only the wanted password is tried, so no candidate is missed.
            if not module.check_mode:
                raise
            continue
        if password:
            module.no_log_values.add(password)
            found.append(Candidate(entry["path"], password))
    return found


def main() -> NoReturn:
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "default": "http://127.0.0.1:8080"},
            "username": {"type": "str", "default": "admin"},
            "password": {"type": "str", "required": True, "no_log": True},
            "candidate": {"type": "str", "no_log": True},
            "candidate_files": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "path": {"type": "path", "required": True},
                    "format": {"type": "str", "choices": ["text", "controller_yml"], "required": True},
                },
            },
            "timeout": {"type": "float", "default": 5},
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        outcome = ensure_password(
            ControllerClient(params["url"], params["timeout"]),
            params["username"],
            params["password"],
            candidates(module),
            predict=module.check_mode,
        )
    except NoAnswer as error:
        module.fail_json(msg=f"{error}; run again, the next run finds out whether the change was made")
    except (PasswordError, ApiError, ConfigValueError, FileError, ValueError) as error:
        module.fail_json(msg=str(error))
    for warning in outcome.warnings:
        module.warn(warning)
    proven = {"new_accepted": outcome.new_accepted, "old_refused": outcome.old_refused}
    module.exit_json(changed=outcome.changed, msg=outcome.message, proven=proven)


if __name__ == "__main__":
    main()
