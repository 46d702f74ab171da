# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that is printed holds a secret, and what is no secret stays readable."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._config.masking import masked, secret_texts, show
from ansible_collections.prexorcloud.production.plugins.module_utils._config.plan import Request, for_coordination, make

CONTROLLER = for_coordination("controller", "valkey")
DAEMON = for_coordination("daemon", "valkey")
SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm"
OTHER = "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("security.jwtSecret", SECRET, "<secret: 64 characters, sha256:0d1f6c34>"),
        (
            "security.jwtPreviousSecrets",
            [SECRET, "short"],
            "[<secret: 64 characters, sha256:0d1f6c34>, <secret: 5 characters>]",
        ),
        # What a human may have made up gets no fingerprint: it would confirm guesses.
        ("security.jwtSecret", "change-me-please-this-is-not-base64", "<secret: 35 characters>"),
        ("security.initialAdminPassword", "a" * 40, "<secret: 40 characters>"),
        ("security.initialAdminPassword", "", '""'),
        ("share.pasteToken", None, "null"),
        ("database.uri", "mongodb://u:hunter2@h", "<secret: 21 characters>"),
        ("redis.uri", ["redis://:hunter2@h"], "[<secret: 18 characters>]"),
        ("security.jwtSecret", {"a": "hunter2"}, "<secret: 16 characters>"),
        ("http.port", 70000, "70000"),
        ("http.host", {"password": "hunter2"}, "<mapping>"),
        ("http", "hunter2", "<value>"),
        ("security", ["hunter2"], "<list>"),
        ("securty.jwtSecret", "hunter2", "<value of an unknown key>"),
        ("http.password", ["hunter2"], "<list of an unknown key>"),
        ("telemetry.otlpEndpoint", "http://u:hunter2@h:4317", '"http://<credentials>@h:4317"'),
        ("modules.registries", ["https://u:hunter@2@h/x"], '["https://<credentials>@h/x"]'),
        ("maintenance.message", "x" * 300, '"' + "x" * 199 + "... (302 characters)"),
        ("networks", [{"name": "main"}], '[{"name": "main"}]'),
    ],
)
def test_one_value(name: str, value: Any, expected: str) -> None:
    assert show(CONTROLLER, name, value) == expected


def test_the_echo_of_the_arguments() -> None:
    values = {
        "http": {"port": 8080, "cors": {"allowedOrigins": ["https://a"]}},
        "security": {"jwtSecret": SECRET, "lockout": {"enabled": True}},
        "securty": {"jwtSecret": "hunter2"},
        "modules": {"quotas": {"a": {"maxThreads": 3}}},
        "redis": "redis://:hunter2@h",
    }
    echoed = masked(CONTROLLER, values)
    assert echoed["http"]["port"] == 8080
    assert echoed["security"]["lockout"] == {"enabled": True}
    assert SECRET not in str(echoed)
    assert "hunter2" not in str(echoed)


def test_texts_to_blot_out() -> None:
    values = {
        "database": {"uri": "mongodb://u:hunt%40er2@h"},
        "security": {"jwtPreviousSecrets": [SECRET, ""], "initialAdminPassword": "pw"},
        "http": {"port": 8080, "host": "127.0.0.1"},
        "securty": {"jwtSecret": OTHER, "short": "http"},
        "share": {"pasteUrl": "https://u:hunter3@h"},
    }
    assert secret_texts(CONTROLLER, values) == {
        "mongodb://u:hunt%40er2@h",
        "hunt%40er2",
        "hunt@er2",
        SECRET,
        "pw",
        OTHER,
        "hunter3",
    }
    assert secret_texts(CONTROLLER, "not a mapping") == set()


def test_the_diff_tells_a_changed_secret_of_equal_length() -> None:
    text = "security: {initialAdminPassword: hunter1}\nhttp: {port: 80}\nhtpp: hunter2\n"
    before, after = make(
        Request(
            CONTROLLER, {"security": {"initialAdminPassword": "hunter3"}, "http": {"port": 81}}, refuse_unknown=False
        ),
        text,
    ).diff()
    assert before.splitlines() == [
        "security.initialAdminPassword: <secret: 7 characters>",
        "http.port: 80",
        "htpp: <value of an unknown key>",
    ]
    assert after.splitlines() == [
        "security.initialAdminPassword: <secret: 7 characters> (new)",
        "http.port: 81",
        "htpp: <value of an unknown key>",
    ]
