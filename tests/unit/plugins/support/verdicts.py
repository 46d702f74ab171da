# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict of cosign_verify about files and options, without a process for each."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.options import POLICY_OPTIONS
from ansible_collections.prexorcloud.production.plugins.modules import cosign_verify
from ansible_collections.prexorcloud.production.tests.support.release_signer.case import OK, POLICY, Options

OWN = ("path", "digest", "signature", "certificate", "bundle", "log_entry", "predicate_type")
DEFAULTS: dict[str, Any] = {name: option.get("default") for name, option in POLICY_OPTIONS.items()}
DEFAULTS |= dict.fromkeys(OWN)


def verdict_of(options: Options) -> str:
    """OK, POLICY, or the code of the refusal."""
    module = cast(AnsibleModule, SimpleNamespace(params={**DEFAULTS, **options}))
    try:
        cosign_verify.run(module)
    except Refused as refused:
        return refused.reason
    except PolicyError:
        return POLICY
    return OK
