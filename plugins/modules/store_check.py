#!/usr/bin/python
# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove from this host that the stores answer and accept the credentials."""

from __future__ import annotations

DOCUMENTATION = r"""
module: store_check
short_description: Prove that MongoDB and Valkey answer and accept the credentials
version_added: 0.1.0
description:
  - Runs an authenticated read on the database in MongoDB and, if asked, C(PING) after logging in to Valkey or
    Redis, from
    the host the module runs on.
  - A controller that is refused by a store exits at its start and leaves state behind, so this is proven before a
    start.
  - Nothing is written to either store; whether the account may write is not tried.
extends_documentation_fragment:
  - prexorcloud.production.attributes
attributes:
  check_mode:
    support: full
    details: In check mode a missing Python library is a warning, since an earlier task may only have predicted it.
  diff_mode:
    support: none
    details: The module changes nothing.
  idempotent:
    support: full
options:
  mongodb_uri:
    description:
      - The URI as in C(database.uri) of C(controller.yml), C(mongodb://) or C(mongodb+srv://).
      - Special characters of user and password must be percent-encoded.
    type: str
    required: true
  mongodb_database:
    description: The name of the database, as in C(database.database) of C(controller.yml).
    type: str
    required: true
  redis_uri:
    description:
      - The URI as in C(redis.uri) of C(controller.yml), C(redis://) or C(rediss://). C(valkey://) is refused, as by the
        controller.
      - Without it only MongoDB is checked.
    type: str
  timeout:
    description: Seconds to find a server, and to wait for each answer.
    type: float
    default: 5
requirements:
  - pymongo (Debian package C(python3-pymongo)) on the host the module runs on
  - redis (Debian package C(python3-redis)) there, if O(redis_uri) is given
notes:
  - Messages name the store, host and port, never user or password.
author:
  - The founders of prexorcloud.production (@prexorcloud)
"""

EXAMPLES = r"""
- name: Prove that the stores can be used
  prexorcloud.production.store_check:
    mongodb_uri: "{{ prexorcloud_mongodb_uri }}"
    mongodb_database: prexorcloud
    redis_uri: "{{ prexorcloud_redis_uri }}"
"""

RETURN = r"""
mongodb:
  description: What MongoDB said.
  returned: success, if the library is there
  type: dict
  contains:
    host:
      description: The server that answered.
      type: str
      sample: 10.0.0.31:27017
    version:
      description: The version it reports.
      type: str
      sample: 7.0.42
    set_name:
      description: The name of its replica set, V(null) if it is in none.
      type: str
      sample: rs0
    authenticated_required:
      description: Whether a stranger is refused; V(null) if that could not be told.
      type: bool
      sample: true
redis:
  description: What Valkey or Redis said.
  returned: success and O(redis_uri) is given
  type: dict
  contains:
    version:
      description: The version it reports, V(null) if the account may not ask.
      type: str
      sample: 8.1.1
kind:
  description: The kind of failure.
  returned: failure
  type: str
  sample: refused_credentials
  choices: [bad_uri, unreachable, refused_credentials, authentication_missing, not_permitted, tls, library, fault]
store:
  description: The store that failed.
  returned: failure
  type: str
  sample: MongoDB
"""

from typing import NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.prexorcloud.production.plugins.module_utils._stores.errors import LIBRARY, StoreError
from ansible_collections.prexorcloud.production.plugins.module_utils._stores.mongodb import check_mongodb
from ansible_collections.prexorcloud.production.plugins.module_utils._stores.valkey import check_redis


def main() -> NoReturn:
    module = AnsibleModule(
        argument_spec={
            "mongodb_uri": {"type": "str", "required": True, "no_log": True},
            "mongodb_database": {"type": "str", "required": True},
            "redis_uri": {"type": "str", "no_log": True},
            "timeout": {"type": "float", "default": 5},
        },
        supports_check_mode=True,
    )
    params = module.params
    result: dict[str, object] = {"changed": False}
    try:
        facts = check_mongodb(params["mongodb_uri"], params["mongodb_database"], params["timeout"])
        result["mongodb"] = {
            "host": facts.host,
            "version": facts.version,
            "set_name": facts.set_name or None,
            "authenticated_required": facts.authenticated_required,
        }
        if params["redis_uri"] is not None:
            result["redis"] = {"version": check_redis(params["redis_uri"], params["timeout"]).version or None}
    except StoreError as error:
        if error.kind == LIBRARY and module.check_mode:
            # On a new host an earlier task only predicted that it installs the library.
            module.warn(f"not proven in check mode: {error}")
            module.exit_json(**result)
        module.fail_json(msg=str(error), kind=error.kind, store=error.store)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
