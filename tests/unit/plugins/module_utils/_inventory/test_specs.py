# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No name and no value of ours passes that a spec does not know."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._inventory import specs
from ansible_collections.prexorcloud.production.plugins.module_utils._inventory.model import Cluster, Host, Unavailable
from ansible_collections.prexorcloud.production.plugins.module_utils._inventory.report import report

SPECS: dict[str, Any] = {
    "_common": {"argument_specs": {"main": {"options": {"prexorcloud_version": {"type": "str", "default": "1.0.0"}}}}},
    "jwt_secret": {
        "argument_specs": {
            "main": {
                "options": {
                    "jwt_secret_expiration_minutes": {"type": "int", "default": 1440},
                    "jwt_secret_value": {"type": "str", "no_log": True},
                    "jwt_secret_api_password": {"type": "str"},
                    "jwt_secret_policy": {"type": "str", "choices": ["never", "always"]},
                    "jwt_secret_origins": {"type": "list", "elements": "str"},
                    "jwt_secret_limits": {"type": "dict", "options": {"seconds": {"type": "int"}}},
                }
            },
            "rotate": {"options": {"jwt_secret_reason": {"type": "str"}, "jwt_secret_policy": {"type": "bool"}}},
        }
    },
}
KNOWN = specs.options(SPECS)


def test_options_of_all_entry_points() -> None:
    assert {"prexorcloud_version", "jwt_secret_reason", "jwt_secret_value"} < KNOWN.keys()
    assert specs.defaults(SPECS) == {"prexorcloud_version": "1.0.0", "jwt_secret_expiration_minutes": 1440}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("jwt_secret_expiration_minute", {"jwt_secret_expiration_minute": "jwt_secret_expiration_minutes"}),
        ("prexorcloud_versoin", {"prexorcloud_versoin": "prexorcloud_version"}),
        ("prexorcloud_zzzzzzzzzzzzzzzzzzzz", {"prexorcloud_zzzzzzzzzzzzzzzzzzzz": ""}),
        ("jwt_secret_expiration_minutes", {}),
        ("__jwt_secret_private", {}),
        ("vault_prexorcloud_version", {}),
        ("jwt_secrets", {}),
        ("ansible_host", {}),
    ],
)
def test_unknown_names(name: str, expected: dict[str, str]) -> None:
    assert specs.unknown([name], KNOWN, specs.prefixes(SPECS)) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jwt_secret_expiration_minutes", "1440"),
        ("jwt_secret_expiration_minutes", None),
        ("jwt_secret_policy", "never"),
        ("jwt_secret_policy", True),  # another entry point takes it
        ("jwt_secret_origins", []),
        ("jwt_secret_limits", {"seconds": "5"}),
        ("prexorcloud_version", 1.0),
    ],
)
def test_right_values(name: str, value: object) -> None:
    assert specs.value_error(name, value, KNOWN[name]) == ""


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("jwt_secret_expiration_minutes", "a day", "int"),
        ("jwt_secret_policy", "sometimes", "never, always"),
        ("jwt_secret_origins", {"a": "b"}, "list"),
        ("jwt_secret_limits", {"second": 5}, "seconds"),
        ("prexorcloud_version", ["1.0.0"], "has to be text, but is a list"),
        ("prexorcloud_version", {"a": 1}, "has to be text, but is a mapping"),
        ("prexorcloud_version", False, "has to be text, but is a bool"),
    ],
)
def test_wrong_values(name: str, value: object, says: str) -> None:
    assert says in specs.value_error(name, value, KNOWN[name])


@pytest.mark.parametrize("name", ["jwt_secret_value", "jwt_secret_api_password"])
def test_a_wrong_secret_is_not_shown(name: str) -> None:
    error = specs.value_error(name, {"hunter2": "hunter2"}, KNOWN[name])
    assert error and "hunter2" not in error


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("prexorcloud_mongodb_uri", True),
        ("prexorcloud_jwt_secret", True),
        ("prexorcloud_admin_password", True),
        ("jwt_secret_value", True),
        ("jwt_secret_config_file", False),
        ("daemon_enrolment_token_ttl_seconds", False),
    ],
)
def test_secret_names(name: str, secret: bool) -> None:
    assert specs.is_secret(name, KNOWN.get(name, [])) is secret


def test_the_report_joins_hosts_and_goes_on_after_the_first_mistake() -> None:
    given = {"prexorcloud_versoin": "1", "jwt_secret_expiration_minutes": "x", "jwt_secret_value": Unavailable("vault")}
    hosts = {name: Host(name, frozenset(given), given) for name in ("c1", "c2")}
    found = report(Cluster(hosts, {"prexorcloud_controllers": ("c1", "c2")}), SPECS)
    assert (
        "[unknown-variable] prexorcloud_versoin is no variable of this collection. Is prexorcloud_version meant? "
        "(all hosts)"
    ) in found.errors
    assert any(error.startswith("[wrong-value] jwt_secret_expiration_minutes: ") for error in found.errors)
    assert any(error.startswith("[redis-uri]") for error in found.errors)
    assert found.checked[:2] == ("unknown-variable", "wrong-value")
