#!/usr/bin/python
# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Obtain a daemon's certificate from the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_enrolment
short_description: Obtain a daemon's certificate from the controller
version_added: 0.1.0
description:
  - Makes a join token for the daemon and redeems it at once at the same controller. The token lives for seconds
    and never
    leaves the controller's host.
  - An offline registration of the same id is replaced, and its pending tokens are revoked. If a daemon with the id is
    connected, the module fails.
  - Runs on the host of the active controller. Redeeming through loopback adds nothing to the controller's allowed
    subnets.
extends_documentation_fragment:
  - prexorcloud.production.attributes
attributes:
  check_mode:
    support: full
    details: In check mode nothing is called, and the returned material is empty.
  diff_mode:
    support: none
    details: There is nothing to show but secrets.
  idempotent:
    support: none
    details:
      - Every run issues another certificate. Ask M(prexorcloud.production.node_identity) first whether one is
        needed.
options:
  url:
    description: The controller's REST address, best through loopback on its own host.
    type: str
    default: http://127.0.0.1:8080
  username:
    description:
      - An account with the permissions C(tokens.create), C(tokens.view), C(tokens.revoke), C(nodes.view) and
        C(nodes.drain).
    type: str
    required: true
  password:
    description: Its password.
    type: str
    required: true
  node_id:
    description:
      - The daemon's id, as in C(nodeId) of its C(daemon.yml).
      - An id that contains C(controller) is refused, since such a daemon could make join tokens.
    type: str
    required: true
  ttl_seconds:
    description: How long a token lives that is lost on the way, 10 to 3600 seconds.
    type: int
    default: 300
  timeout:
    description: Seconds to connect, and to wait for each answer.
    type: float
    default: 5
seealso:
  - module: prexorcloud.production.node_identity
notes:
  - The result contains a private key. Use C(no_log=true).
author:
  - The founders of prexorcloud.production (@prexorcloud)
"""

EXAMPLES = r"""
- name: Enrol the daemon
  prexorcloud.production.node_enrolment:
    username: admin
    password: "{{ prexorcloud_admin_password }}"
    node_id: node-1
  delegate_to: "{{ prexorcloud_active_controller }}"
  register: material
  no_log: true
"""

RETURN = r"""
pkcs12_base64:
  description: The daemon's key store, Base64; empty in check mode.
  returned: success
  type: str
pkcs12_password:
  description: The password of the key store; empty in check mode.
  returned: success
  type: str
ca_pem:
  description: The certificate of the CA that the daemon is to trust; empty in check mode.
  returned: success
  type: str
replaced:
  description: Whether an old registration was removed.
  returned: success
  type: bool
  sample: false
"""

from typing import NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.prexorcloud.production.plugins.module_utils._api.client import ControllerClient
from ansible_collections.prexorcloud.production.plugins.module_utils._api.enrolment import (
    EnrolmentError,
    check_node_id,
    check_ttl,
    enrol,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._api.errors import ApiError


def main() -> NoReturn:
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "default": "http://127.0.0.1:8080"},
            "username": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
            "node_id": {"type": "str", "required": True},
            "ttl_seconds": {"type": "int", "default": 300},
            "timeout": {"type": "float", "default": 5},
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        check_node_id(params["node_id"])
        check_ttl(params["ttl_seconds"])
        client = ControllerClient(params["url"], params["timeout"])
        if module.check_mode:
            module.exit_json(changed=True, pkcs12_base64="", pkcs12_password="", ca_pem="", replaced=False)
        enrolment = enrol(client, params["username"], params["password"], params["node_id"], params["ttl_seconds"])
    except (EnrolmentError, ApiError, ValueError) as error:
        module.fail_json(msg=f"{params['node_id']} was not enrolled: {error}")
    for warning in enrolment.warnings:
        module.warn(warning)
    material = enrolment.material
    module.exit_json(
        changed=True,
        pkcs12_base64=material.pkcs12_base64,
        pkcs12_password=material.pkcs12_password,
        ca_pem=material.ca_pem,
        replaced=enrolment.replaced,
    )


if __name__ == "__main__":
    main()
