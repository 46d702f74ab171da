# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests ask of a host: HTTP answers as seen on it, and its configuration parsed."""

from __future__ import annotations

import base64
import json
from typing import Any

# Runs on the host. The request comes as JSON in Base64, so that no shell looks into it.
_REQUEST = """
import base64, json, sys, urllib.error, urllib.request
wanted = json.loads(base64.b64decode(sys.argv[1]))
body = None if wanted["body"] is None else json.dumps(wanted["body"]).encode()
request = urllib.request.Request(wanted["url"], body, wanted["headers"], method=wanted["method"])
try:
    with urllib.request.urlopen(request, timeout=5) as answer:
        print(json.dumps([answer.status, answer.read().decode()]))
except urllib.error.HTTPError as error:
    print(json.dumps([error.code, error.read().decode()]))
"""
_PARSE = """
import json, sys, ruamel.yaml
print(json.dumps(ruamel.yaml.YAML(typ="safe", pure=True).load(open(sys.argv[1]))))
"""


def run_python(host: Any, program: str, *arguments: str) -> str:
    """Output of a Python program that runs on the host. arguments: words without special characters."""
    encoded = base64.b64encode(program.encode()).decode()
    loader = f'import base64; exec(base64.b64decode("{encoded}"))'
    output: str = host.check_output(f"python3 -c '{loader}' {' '.join(arguments)}")
    return output


def http(host: Any, method: str, url: str, body: Any = None, token: str = "") -> tuple[int, str]:
    """Status and text of an answer to a request made on the host itself. body: sent as JSON unless None."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    wanted = {"method": method, "url": url, "body": body, "headers": headers}
    encoded = base64.b64encode(json.dumps(wanted).encode()).decode()
    status, text = json.loads(run_python(host, _REQUEST, encoded))
    return status, text


def ready(host: Any, port: int) -> int:
    """Status of the readiness probe on a port of the host."""
    return http(host, "GET", f"http://127.0.0.1:{port}/ready")[0]


def login(host: Any, user: str, password: str) -> int:
    """Status of a login at the controller on this host."""
    return http(host, "POST", "http://127.0.0.1:8080/api/v1/auth/login", {"username": user, "password": password})[0]


def parsed(host: Any, path: str) -> Any:
    """A YAML file of the host as plain data."""
    return json.loads(run_python(host, _PARSE, path))


def main_pid(host: Any, component: str) -> str:
    """Process id of a component's service, "0" if it does not run."""
    pid: str = host.check_output(f"systemctl show --property=MainPID --value prexorcloud-{component}.service")
    return pid


def unit_property(host: Any, component: str, name: str) -> str:
    """A property of a component's unit as systemd has it in force."""
    value: str = host.check_output(f"systemctl show --property={name} --value prexorcloud-{component}.service")
    return value
