#!/usr/bin/python
# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Empty a daemon of game servers, or take it back into service."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_drain
short_description: Empty a daemon of game servers, or take it back into service
version_added: 0.1.0
description:
  - Tells the controller to move the game servers of a daemon away and waits until none is left, or lets the daemon have
    game servers again. The daemon itself keeps running.
  - What the controller answers to an order proves nothing, so every state is read back.
  - Runs on the host of the active controller.
extends_documentation_fragment:
  - prexorcloud.production.attributes
attributes:
  check_mode:
    support: full
    details: The controller is asked for the state of the node, and nothing else is done.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  url:
    description: The controller's REST address, best through loopback on its own host.
    type: str
    default: http://127.0.0.1:8080
    version_added: 0.1.0
  username:
    description: An account with the permissions C(nodes.view) and C(nodes.drain).
    type: str
    required: true
    version_added: 0.1.0
  password:
    description: Its password.
    type: str
    required: true
    version_added: 0.1.0
  node_id:
    description: The daemon's id, as in C(nodeId) of its C(daemon.yml).
    type: str
    required: true
    version_added: 0.1.0
  state:
    description:
      - V(drained) means that the controller has finished draining and the daemon reports no game server. A drain that
        is under way already is waited for. A daemon that is not connected cannot be drained.
      - V(active) means that the controller keeps nothing away from the daemon. A daemon that is not connected counts as
        active, since it comes back without a mark.
    type: str
    choices: [drained, active]
    required: true
    version_added: 0.1.0
  deadline:
    description:
      - Seconds to wait for the state.
      - A game server with players on it ends only when the last one has left.
    type: float
    default: 300
    version_added: 0.1.0
  poll:
    description: Seconds between two looks at the node.
    type: float
    default: 2
    version_added: 0.1.0
  timeout:
    description: Seconds to connect, and to wait for each answer.
    type: float
    default: 5
    version_added: 0.1.0
  resume:
    description: Command that resumes the work, named in the message of a failure.
    type: str
    default: run the same playbook again
    version_added: 0.1.0
notes:
  - The count of game servers comes from the daemon's last report. Before a daemon is stopped, look at the processes
    on its host as well; M(prexorcloud.production.unit_running) does.
  - Release 1.0.0 forgets nothing when a drain is called off before its end. Game servers that had players on them then
    still end when the last one leaves, and the node may become C(CORDONED) afterwards.
seealso:
  - module: prexorcloud.production.unit_running
author:
  - The founders of prexorcloud.production (@prexorcloud)
"""

EXAMPLES = r"""
- name: Move the game servers away
  prexorcloud.production.node_drain:
    username: admin
    password: "{{ prexorcloud_admin_password }}"
    node_id: node-1
    state: drained
    deadline: 900
  delegate_to: "{{ prexorcloud_active_controller }}"

- name: Take the daemon back into service
  prexorcloud.production.node_drain:
    username: admin
    password: "{{ prexorcloud_admin_password }}"
    node_id: node-1
    state: active
  delegate_to: "{{ prexorcloud_active_controller }}"
"""

RETURN = r"""
status:
  description: The node's status when last seen; empty if it was not seen.
  returned: always
  type: str
  sample: CORDONED
instances:
  description: Number of its game servers when last seen; V(null) if unknown.
  returned: always
  type: int
  sample: 0
marked:
  description:
    - Whether the controller keeps new game servers away from the node, or may do so after a failure. In check mode
      as it is now.
  returned: always
  type: bool
  sample: true
"""

from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.prexorcloud.production.plugins.module_utils._api.client import ControllerClient
from ansible_collections.prexorcloud.production.plugins.module_utils._api.drain import (
    DrainError,
    Outcome,
    Patience,
    ensure,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._api.errors import ApiError


def result(outcome: Outcome) -> dict[str, Any]:
    """The returned values of an outcome."""
    return {
        "changed": outcome.changed,
        "status": outcome.status,
        "instances": outcome.instances,
        "marked": outcome.marked,
    }


def standing(outcome: Outcome) -> str:
    """What a failure leaves behind, as a sentence."""
    if not outcome.marked:
        return "The daemon was left running, and the controller keeps nothing away from it."
    return "The daemon was left running, and the controller keeps new game servers away from it until it is taken back."


def main() -> NoReturn:
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "default": "http://127.0.0.1:8080"},
            "username": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
            "node_id": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["drained", "active"], "required": True},
            "deadline": {"type": "float", "default": 300},
            "poll": {"type": "float", "default": 2},
            "timeout": {"type": "float", "default": 5},
            "resume": {"type": "str", "default": "run the same playbook again"},
        },
        supports_check_mode=True,
    )
    params = module.params
    for name in ("deadline", "poll", "timeout"):
        if not params[name] > 0:
            module.fail_json(msg=f"{name} is {params[name]:g}, it has to be more than 0")
    outcome = Outcome()
    try:
        ensure(
            ControllerClient(params["url"], params["timeout"]),
            (params["username"], params["password"]),
            params["node_id"],
            params["state"],
            Patience(params["deadline"], params["poll"]),
            outcome,
            predict=module.check_mode,
        )
    except (DrainError, ApiError, ValueError) as error:
        message = f"{params['node_id']} is not {params['state']}: {error}. {standing(outcome)}"
        module.fail_json(msg=f"{message} To resume: {params['resume']}.", **result(outcome))
    finally:
        for warning in outcome.warnings:
            module.warn(warning)
    wanted = {"drained": "drained", "active": "in service"}[params["state"]]
    before = {"state": "other" if outcome.changed else wanted}
    module.exit_json(diff={"before": before, "after": {"state": wanted}}, **result(outcome))
    raise AssertionError  # exit_json does not return


if __name__ == "__main__":
    main()
