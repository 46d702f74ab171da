#!/usr/bin/python
# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: config
short_description: Merge settings into controller.yml or daemon.yml of PrexorCloud
version_added: 0.1.0
author:
  - The founders of prexorcloud.production (@prexorcloud)
description:
  - Merges a mapping into the configuration file of a controller or daemon and refuses, before anything is written,
    what the program would refuse at its next start and what it would accept in silence although it cannot be meant.
  - Everything that is not changed stays byte for byte as it is, with comments, order, quotes and indentation.
  - Parsed contents are compared. A file that the program has written anew by itself is unchanged if it means the same.
  - When a block of the file is touched, each missing boolean of that block is written with its documented default,
    since the program reads a missing boolean of a block that is there as V(false).
requirements:
  - ruamel.yaml >= 0.17.21 (Debian package C(python3-ruamel.yaml)) on the host
  - cryptography >= 38 (Debian package C(python3-cryptography)) on the host, for O(cluster_certificate)
options:
  path:
    description:
      - The file. A link is followed and stays a link.
      - The directory must exist. A missing file is created.
    type: path
    required: true
  schema:
    description: Which program reads the file.
    type: str
    choices: [controller, daemon]
    required: true
  coordination:
    description:
      - The value of C(prexorcloud_coordination), which decides what keys exist.
      - V(valkey) is release 1.0, V(mongodb) what came after it.
      - Keys of the other one have no effect, are not written and are warned about.
    type: str
    choices: [valkey, mongodb]
    default: valkey
  values:
    description:
      - Nested mapping to merge into the file. Mappings are merged, lists and all other values replace.
      - An unknown key is an error that names the nearest known one.
      - May hold secrets. They do not appear in any output of the module.
    type: dict
    default: {}
  defaults:
    description:
      - Nested mapping of values that are written only where the key is missing or blank,
        such as a C(uuid) that must never change afterwards.
    type: dict
    default: {}
  absent:
    description:
      - Dotted names of keys or whole blocks to remove. Names that are not there are fine.
      - A block that becomes empty is removed too, since the program does not read an empty block like a missing one.
      - Below C(labels) and C(modules.quotas) the rest of the name is one key, dots included.
    type: list
    elements: str
    default: []
  unknown_in_file:
    description:
      - What to do about unknown keys that are in the file already. The program ignores them in silence.
      - V(refuse) stops and names them, V(keep) leaves them and warns.
    type: str
    choices: [refuse, keep]
    default: refuse
  day0_paths:
    description:
      - Paths of which at least one exists once the program has founded its cluster.
      - From then on C(uuid) and C(raft.host) must not change, unless the present value is blank;
        the program would not start any more.
    type: list
    elements: path
    default: []
  cluster_certificate:
    description:
      - The cluster's leaf certificate. When it exists, C(raft.host) is brought to the name that the cluster was founded
        with, which repairs the file after the program's own maintenance call has reset it to V(0.0.0.0).
    type: path
  complete:
    description: Also require the keys that must be there before the first start, like C(uuid), C(security.jwtSecret).
    type: bool
    default: false
  validate_only:
    description: Check the merged result and report, but write nothing and never count as changed.
    type: bool
    default: false
extends_documentation_fragment:
  - ansible.builtin.files
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
  - The diff is one of parsed contents, one line per key. Secrets appear as their length,
    and with the first 8 hex digits of their SHA-256 where they are long and machine made.
  - In check mode a rule that joins a key of O(values) with one of the file is only warned about,
    since earlier tasks of the run have not written their part.
  - In check mode a directory that does not exist yet, and an owner or group that does not exist yet, count as a change.
  - In check mode without ruamel.yaml an existing file cannot be read; it is then reported as changed, with a warning.
  - A new file gets mode V(0640) unless O(mode) is given. O(unsafe_writes) has no effect.
  - User and password inside of a URI must be percent-encoded. The filter
    P(ansible.builtin.urlencode#filter) leaves C(/) as it is.
  - The program reads an alias as the text of its name and ignores merge keys. The former are warned about, the latter
    treated like any unknown key. An anchor that would break an alias by its removal is an error.
seealso:
  - module: prexorcloud.production.layout
"""

EXAMPLES = r"""
- name: Name stores and profile
  prexorcloud.production.config:
    path: /etc/prexorcloud/config/controller.yml
    schema: controller
    values:
      runtime:
        profile: production
      database:
        uri: "mongodb://prexor:{{ mongodb_password | urlencode | replace('/', '%2F') }}@10.0.0.31/?authSource=admin"
        database: prexorcloud
      redis:
        uri: "redis://:{{ valkey_password | urlencode | replace('/', '%2F') }}@10.0.0.31:6379"
      modules:
        signing:
          trustRoot: /etc/prexorcloud/config/security/module-trust.pem
    owner: root
    group: root
    mode: "0640"

- name: Repair the file after the maintenance call, keep what the cluster was founded with
  prexorcloud.production.config:
    path: /etc/prexorcloud/config/controller.yml
    schema: controller
    defaults:
      raft:
        host: 127.0.0.1
    day0_paths:
      - /opt/prexorcloud/controller/config/security/cluster/leaf.crt
    cluster_certificate: /opt/prexorcloud/controller/config/security/cluster/leaf.crt

- name: Take the redeemed join token out of the daemon's file
  prexorcloud.production.config:
    path: /etc/prexorcloud/config/daemon.yml
    schema: daemon
    values:
      nodeId: daemon-1
      controller:
        host: ctrl.example.internal
    absent:
      - security.joinToken

- name: Prove that the file is ready for a start
  prexorcloud.production.config:
    path: /etc/prexorcloud/config/daemon.yml
    schema: daemon
    complete: true
    validate_only: true
"""

RETURN = r"""
path:
  description: The file behind O(path), links resolved.
  returned: success
  type: str
  sample: /etc/prexorcloud/config/controller.yml
keys_changed:
  description: Dotted names of the keys whose value changes. With O(validate_only=true) those that would change.
  returned: success
  type: list
  elements: str
  sample: [runtime.profile, redis.uri]
problems:
  description: All findings that stop the module.
  returned: failure because of the content
  type: list
  elements: dict
  sample:
    - key: http.port
      value: "70000"
      rule: must be at most 65535
      cure: ""
  contains:
    key:
      description: Dotted name.
      type: str
    value:
      description: The value, masked if it is secret.
      type: str
    rule:
      description: What must hold.
      type: str
    cure:
      description: What to do, may be empty.
      type: str
"""

import contextlib
import grp
import os
import pwd
import traceback
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.prexorcloud.production.plugins.module_utils._config import storage
from ansible_collections.prexorcloud.production.plugins.module_utils._config.errors import (
    ConfigError,
    ConflictError,
    InvalidConfigError,
    LibraryMissingError,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._config.leaf import raft_host
from ansible_collections.prexorcloud.production.plugins.module_utils._config.masking import masked, secret_texts
from ansible_collections.prexorcloud.production.plugins.module_utils._config.plan import (
    COORDINATIONS,
    SCHEMAS,
    Plan,
    Request,
    for_coordination,
    make,
)

ATTEMPTS = 5
NEW_FILE_MODE = 0o640
PREDICTED_BLIND = (
    "python3-{0} is not installed yet, so what is there could not be read: the change is assumed, not predicted"
)


def argument_spec() -> dict[str, dict[str, Any]]:
    """Options of the module. `values` is no_log, so that nothing of it is written to the journal before the module has
    told secrets from other values (see ConfigModule)."""
    return {
        "path": {"type": "path", "required": True},
        "schema": {"type": "str", "choices": list(SCHEMAS), "required": True},
        "coordination": {"type": "str", "choices": list(COORDINATIONS), "default": "valkey"},
        "values": {"type": "dict", "default": {}, "no_log": True},
        "defaults": {"type": "dict", "default": {}, "no_log": True},
        "absent": {"type": "list", "elements": "str", "default": []},
        "unknown_in_file": {"type": "str", "choices": ["refuse", "keep"], "default": "refuse"},
        "day0_paths": {"type": "list", "elements": "path", "default": []},
        "cluster_certificate": {"type": "path"},
        "complete": {"type": "bool", "default": False},
        "validate_only": {"type": "bool", "default": False},
    }


class ConfigModule:
    """One run: read, plan, apply, report."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.params: dict[str, Any] = module.params
        self.schema = for_coordination(self.params["schema"], self.params["coordination"])
        # With no_log on the whole mapping each port and path in it would be blotted out of all output.
        # From here on exactly the secrets are.
        module.no_log_values = secret_texts(self.schema, self.params["values"])
        module.no_log_values |= secret_texts(self.schema, self.params["defaults"])
        self.writes = not (module.check_mode or self.params["validate_only"])
        self.warnings: list[str] = []
        self.attribute_diff: dict[str, dict[str, Any]] = {"before": {}, "after": {}}

    def invocation(self) -> dict[str, Any]:
        """The arguments as they may be echoed."""
        shown = {name: masked(self.schema, self.params[name]) for name in ("values", "defaults")}
        return {"module_args": {**self.params, **shown}}

    def run(self) -> dict[str, Any]:
        """Returns the result of the module. Raises ConfigError."""
        target = storage.resolve(self.params["path"])
        lock = storage.locked(os.path.dirname(target)) if self.writes else contextlib.nullcontext()
        with lock:
            for _attempt in range(ATTEMPTS - 1):
                with contextlib.suppress(ConflictError):
                    return self.attempt(target)
            return self.attempt(target)

    def attempt(self, target: str) -> dict[str, Any]:
        if self.writes:
            storage.discard_leftover(target)
        snapshot = storage.read(target)
        text = None if snapshot.content is None else snapshot.text()
        try:
            plan = make(self.request(text), text)
        except LibraryMissingError as error:
            if not self.module.check_mode or self.params["validate_only"]:
                raise
            self.warnings = [PREDICTED_BLIND.format(error)]
            return {"changed": True, "path": target, "keys_changed": []}
        self.module.no_log_values |= secret_texts(self.schema, plan.before)
        self.warnings = list(plan.warnings)
        if self.params["validate_only"]:
            return self.report(plan, target, changed=False)
        exists = snapshot.content is not None
        # A new file is predicted from the values alone: on a bare host check mode has no library yet.
        new = plan.new_text().encode("utf-8") if plan.changed and (self.writes or exists) else b""
        changed = self.set_attributes(target) if exists else False
        if plan.changed:
            changed = True
            if self.writes:
                storage.replace(snapshot, new, NEW_FILE_MODE, self.finish(snapshot))
        if self.writes and os.path.exists(target):
            changed |= bool(self.module.set_attributes_if_different(target, self.params["attributes"], False))
        return self.report(plan, target, changed)

    def request(self, text: str | None) -> Request:
        certified = self.certified(text)
        values = self.params["values"]
        raft = values.get("raft", {})
        if certified and isinstance(raft, dict):
            values = {**values, "raft": {"host": certified, **raft}}
        return Request(
            schema=self.schema,
            values=values,
            defaults=self.params["defaults"],
            absent=tuple(self.params["absent"]),
            founded=any(map(storage.exists, self.params["day0_paths"])),
            certified={"raft.host": certified} if certified else {},
            refuse_unknown=self.params["unknown_in_file"] == "refuse",
            complete=self.params["complete"],
            check_mode=self.module.check_mode,
        )

    def certified(self, text: str | None) -> str | None:
        """The raft.host that the cluster was founded with, None if there is no certificate to tell."""
        path = self.params["cluster_certificate"]
        if not path or not storage.exists(path):
            return None
        return raft_host(path, text)

    def file_arguments(self, path: str) -> dict[str, Any]:
        """The common file arguments without `attributes`: an immutable file could not be moved into place."""
        arguments: dict[str, Any] = self.module.load_file_common_arguments(self.params, path=path)
        return {**arguments, "attributes": None}

    def set_attributes(self, target: str) -> bool:
        """Brings owner, group and mode of an existing file to what was asked for. True if something changes."""
        arguments = self.file_arguments(target)
        changed = False
        if self.module.check_mode:
            for name, known in (("owner", pwd.getpwnam), ("group", grp.getgrnam)):
                if arguments[name] and not arguments[name].isdigit() and not _is_known(known, arguments[name]):
                    arguments[name], changed = None, True
            changed |= bool(self.module.set_attributes_if_different(target, self.params["attributes"], False))
        return bool(self.module.set_fs_attributes_if_different(arguments, changed, self.attribute_diff))

    def finish(self, snapshot: storage.Snapshot) -> Any:
        def set_on_new_file(temporary: str) -> None:
            if snapshot.content is None:
                self.module.set_fs_attributes_if_different(self.file_arguments(temporary), False)

        return set_on_new_file

    def report(self, plan: Plan, target: str, changed: bool) -> dict[str, Any]:
        result: dict[str, Any] = {"changed": changed, "path": target, "keys_changed": list(plan.keys)}
        if self.module._diff and changed:
            before, after = plan.diff()
            result["diff"] = [{"before": before, "after": after, "before_header": target, "after_header": target}]
            if self.attribute_diff["before"] or self.attribute_diff["after"]:
                header = f"{target} (attributes)"
                sides = {side: _lines(values) for side, values in self.attribute_diff.items()}
                result["diff"].append({**sides, "before_header": header, "after_header": header})
        return result


def _lines(values: dict[str, Any]) -> str:
    return "".join(f"{name}: {value}\n" for name, value in sorted(values.items()) if name != "path")


def _is_known(look_up: Any, name: str) -> bool:
    try:
        look_up(name)
    except KeyError:
        return False
    return True


def failure(error: ConfigError, path: str) -> dict[str, Any]:
    """Arguments of fail_json for something that was raised on purpose."""
    if isinstance(error, LibraryMissingError):
        return {"msg": f"{missing_required_lib(str(error))} On Debian install python3-{error}."}
    result: dict[str, Any] = {"msg": f"{path}: {error}"}
    if isinstance(error, InvalidConfigError):
        result["problems"] = [
            {"key": problem.key, "value": problem.shown, "rule": problem.rule, "cure": problem.cure}
            for problem in error.problems
        ]
    return result


def main() -> NoReturn:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True, add_file_common_args=True)
    run = ConfigModule(module)
    failed: dict[str, Any] | None = None
    result: dict[str, Any] = {}
    try:
        result = run.run()
    except ConfigError as error:
        failed = failure(error, module.params["path"])
    except Exception as error:  # noqa: BLE001  (a defect of ours: its text could hold content of the file)
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{os.path.basename(place.filename)}:{place.lineno}"
        failed = {"msg": f"{module.params['path']}: internal error {type(error).__name__} in {where}; please report it"}
    # Outside of the handlers: fail_json would add the exception with its text otherwise.
    for warning in run.warnings:
        module.warn(warning)
    if failed is not None:
        module.fail_json(invocation=run.invocation(), **failed)
    module.exit_json(invocation=run.invocation(), **result)


if __name__ == "__main__":
    main()
