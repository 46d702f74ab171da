#!/usr/bin/python
# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: layout
short_description: Directories, links and seed files of an installation in one call
version_added: 0.1.0
author:
  - The founders of prexorcloud.production (@prexorcloud)
description:
  - Brings a list of paths to their owner, group, mode and kind in one round trip, in the order given.
  - A path that exists with another kind than asked for is an error and left alone, except where O(entries[].adopt)
    allows it.
  - Nothing is ever removed, and no file content is replaced.
options:
  entries:
    description: The paths, parents before children.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Absolute path.
        type: path
        required: true
      kind:
        description:
          - V(directory) is created and owned, not its content.
          - V(link) points to O(entries[].target).
          - V(seed) is a file that is created with O(entries[].content) when it is missing and whose content is
            left alone afterwards.
        type: str
        choices: [directory, link, seed]
        default: directory
      owner:
        description: Name of the owning user. Not applied to links.
        type: str
      group:
        description: Name of the owning group. Not applied to links.
        type: str
      mode:
        description: Mode of a directory or seed file, as octal text.
        type: str
      target:
        description: What a link points to.
        type: str
      content:
        description: First content of a seed file.
        type: str
        default: ''
      adopt:
        description:
          - Leave a regular file or a directory alone where a link is asked for, as found on an install that was laid
            out by others.
        type: bool
        default: false
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
  - In check mode a user or group that does not exist yet counts as a change, since the task that creates it has not
    run.
seealso:
  - module: ansible.builtin.file
"""

EXAMPLES = r"""
- name: Lay out the working directory
  prexorcloud.production.layout:
    entries:
      - {path: /opt/prexorcloud/controller, owner: root, group: prexorcloud, mode: "0750"}
      - {path: /opt/prexorcloud/controller/data, owner: prexorcloud, group: prexorcloud, mode: "0700"}
      - {path: /opt/prexorcloud/controller/config/catalog.yml, kind: seed, content: "platforms: []\n", mode: "0640"}
      - path: /opt/prexorcloud/controller/config/controller.yml
        kind: link
        target: /etc/prexorcloud/config/controller.yml
        adopt: true
"""

RETURN = r"""
changed_paths:
  description: The paths that were changed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/opt/prexorcloud/controller]
adopted_paths:
  description: Paths where an existing file stands in for the link that was asked for.
  returned: success
  type: list
  elements: str
  sample: [/opt/prexorcloud/controller/config/controller.yml]
"""

from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.text.converters import to_native
from ansible_collections.prexorcloud.production.plugins.module_utils._layout.paths import (
    Entry,
    LayoutError,
    apply_entry,
    plan_entry,
)

ENTRY_SPEC: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True},
    "kind": {"type": "str", "choices": ["directory", "link", "seed"], "default": "directory"},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": {"type": "str"},
    "target": {"type": "str"},
    "content": {"type": "str", "default": ""},
    "adopt": {"type": "bool", "default": False},
}


def main() -> NoReturn:
    """Plan every entry, then apply what differs."""
    module = AnsibleModule(
        argument_spec={
            "entries": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": ENTRY_SPEC,
                "required_if": [("kind", "link", ["target"])],
            }
        },
        supports_check_mode=True,
    )
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    adopted: list[str] = []
    for raw in module.params["entries"]:
        try:
            entry = Entry.from_options(raw)
            plan = plan_entry(entry, names_may_be_missing=module.check_mode)
            if plan.adopted:
                adopted.append(entry.path)
            if not plan.differs:
                continue
            before[entry.path], after[entry.path] = plan.before, plan.after
            if not module.check_mode:
                apply_entry(entry)
        except (LayoutError, OSError) as error:
            module.fail_json(msg=to_native(error), changed_paths=sorted(after))
    module.exit_json(
        changed=bool(after),
        changed_paths=list(after),
        adopted_paths=adopted,
        diff={"before": before, "after": after},
    )


if __name__ == "__main__":
    main()
