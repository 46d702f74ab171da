# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparison of an answer with its recording: placeholders, and what the recordings' READMEs say varies."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
JWT = r"[\w-]+\.[\w-]+\.[\w-]+"
FORMS = {
    "UUID": UUID,
    "UUID-1": UUID,
    "JWT": JWT,
    "cliToken": JWT,
    "JOIN_TOKEN": r"pxr_[\w-]{32}",
    "DAEMON-JOIN-TOKEN": r"pxr_[\w-]{32}",
    "CLUSTER_JOIN_TOKEN": r"prexor-jt:v1:[\w-]+\.[\w-]+",
    "CONTROLLER-JOIN-TOKEN": r"prexor-jt:v1:[\w-]+\.[\w-]+",
    "TIMESTAMP": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
    "MILLIS": r"\d{13}",
    "BASE64": r"[A-Za-z0-9+/=]+",
    "pkcs12Base64": r"[A-Za-z0-9+/=]+",
    "PASSWORD": r".+",
    "pkcs12Password": r".{32}",
    "PEM": r"-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----",
    "caCertificatePem": r"-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----\s*",
    "JWT_SECRET": r"[A-Za-z0-9+/]+={0,2}",
    "JWTSECRET": r"[A-Za-z0-9+/]+={0,2}",
    "...": r"[\s\S]+",
}
PLACEHOLDER = re.compile(r"<([A-Za-z0-9_-]+|\.\.\.)>")
RECORDED_TOKEN_ID = re.compile(f"tok_{UUID}")
# Values of the machine or the build, not of the contract: only their type is compared.
MACHINE_KEYS = frozenset(
    {
        *("javaVersion", "gitCommit"),
        *("cpuUsage", "totalMemoryMb", "usedMemoryMb", "freeDiskMb", "totalDiskMb"),
        "hostInfo",
    }
)
# The order of permissions is not stable between two runs of the real program.
UNORDERED_KEYS = frozenset({"permissions"})
NO_BODY_RECORDED = re.compile(r"<\d+ bytes>")


@dataclass
class Bindings:
    """What a replay knows: fixed values, recorded literals with their present counterpart, captured values."""

    values: dict[str, str] = field(default_factory=dict)
    literals: dict[str, str] = field(default_factory=dict)
    captured: dict[str, str] = field(default_factory=dict)

    def fill(self, text: str) -> str:
        """A recorded request part with fixed and captured values in place of placeholders and literals."""
        for recorded, present in self.literals.items():
            text = text.replace(recorded, present)
        return PLACEHOLDER.sub(lambda m: self.values.get(m[1], self.captured.get(m[1], m[0])), text)

    def match_text(self, expected: str, actual: str) -> bool:
        """Whether a text equals its recording; captures the values behind placeholders."""
        for recorded, present in self.literals.items():
            expected = expected.replace(recorded, present)
        pattern, position = "", 0
        names: list[str] = []
        for found in PLACEHOLDER.finditer(expected):
            pattern += re.escape(expected[position : found.start()])
            name = found[1]
            if name in self.values:
                pattern += re.escape(self.values[name])
            elif name in FORMS:
                pattern += f"(?P<g{len(names)}>{FORMS[name]})"
                names.append(name)
            else:
                pattern += re.escape(found[0])
            position = found.end()
        result = re.fullmatch(pattern + re.escape(expected[position:]), actual)
        if result is None:
            return self._match_token_id(expected, actual)
        for number, name in enumerate(names):
            self.captured[name] = result[f"g{number}"]
        return True

    def _match_token_id(self, expected: str, actual: str) -> bool:
        """Token ids are recorded as they were; the first one seen stands for the recorded one from then on."""
        if not (RECORDED_TOKEN_ID.fullmatch(expected) and RECORDED_TOKEN_ID.fullmatch(actual)):
            return False
        if expected in self.literals or expected in self.literals.values():
            return False
        self.literals[expected] = actual
        return True

    def differences(self, expected: Any, actual: Any, path: str = "$") -> list[str]:
        """Every difference between a recorded and a present JSON value, one sentence each."""
        key = path.rpartition(".")[2]
        if key in MACHINE_KEYS and type(expected) is type(actual):
            return []
        if isinstance(expected, dict) and isinstance(actual, dict):
            found = [f"{path}.{name} is missing" for name in expected.keys() - actual.keys()]
            found += [f"{path}.{name} is not in the recording" for name in actual.keys() - expected.keys()]
            for name in expected.keys() & actual.keys():
                found += self.differences(expected[name], actual[name], f"{path}.{name}")
            return found
        if key == "id" and isinstance(expected, int) and isinstance(actual, int):  # of an audit entry
            return []
        if isinstance(expected, list) and isinstance(actual, list):
            if key in UNORDERED_KEYS:
                expected, actual = sorted(expected), sorted(actual)
            if len(expected) != len(actual):
                return [f"{path} has {len(actual)} entries, recorded {len(expected)}: {actual!r}"]
            return [
                difference
                for number, (one, other) in enumerate(zip(expected, actual))
                for difference in self.differences(one, other, f"{path}[{number}]")
            ]
        if isinstance(expected, str) and PLACEHOLDER.fullmatch(expected) and isinstance(actual, int):
            actual = str(actual)
        if isinstance(expected, str) and isinstance(actual, str):
            return [] if self.match_text(expected, actual) else [f"{path} is {actual!r}, recorded {expected!r}"]
        if type(expected) is not type(actual) or expected != actual:
            return [f"{path} is {actual!r}, recorded {expected!r}"]
        return []


def agree(differences: list[str]) -> None:
    """Raise AssertionError that lists all differences, if there are any."""
    assert not differences, "\n".join(differences)
