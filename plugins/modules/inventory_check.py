#!/usr/bin/python
# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The action plugin of the same name does the work on the control node.

from __future__ import annotations

DOCUMENTATION = r"""
module: inventory_check
short_description: Checks an inventory against the rules of a whole cluster before any host is touched
version_added: 0.1.0
description:
  - Refuses variables that begin like those of this collection and are in no argument spec, naming the nearest valid
    name. Argument specs alone accept them, and the default stays in force.
  - Checks the values that the inventory or the command line sets against the types and choices of the argument specs.
  - Checks what a single host cannot know, such as distinct ids, one secret for all controllers, and allowed subnets
    that contain every peer. The page C(docs/rules.md) of this collection lists the rules.
  - Looks at all hosts of the groups C(prexorcloud_*), whatever C(--limit) says, and connects to none.
  - A value that cannot be computed on the control node, such as one that needs facts, is checked only by the role that
    uses it; where a rule requires the value, that is an error.
extends_documentation_fragment:
  - prexorcloud.production.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing is changed.
  idempotent:
    support: full
notes:
  - No message contains a secret. Secrets that differ are told apart by the first digits of their SHA-256.
  - Use it once per play with C(run_once), on any host.
author:
  - The founders of prexorcloud.production (@prexorcloud)
"""

EXAMPLES = r"""
- name: Check the inventory
  hosts: prexorcloud_controllers:prexorcloud_daemons
  gather_facts: false
  tasks:
    - name: Check variables and rules of the whole cluster
      prexorcloud.production.inventory_check:
      run_once: true
"""

RETURN = r"""
errors:
  description: Everything that is wrong, each with what to set, beginning with the id of the rule.
  returned: always
  type: list
  elements: str
  sample:
    - "[unknown-variable] jwt_secret_expiry_minutes is no variable of this collection. Is jwt_secret_expiration_minutes
      meant? (controller-1)"
warnings:
  description: What is allowed and still likely to be a mistake or a risk.
  returned: when there are any
  type: list
  elements: str
  sample: []
rules_checked:
  description: Ids of all rules that were checked.
  returned: always
  type: list
  elements: str
  sample: [unknown-variable, wrong-value, controllers-named]
"""
