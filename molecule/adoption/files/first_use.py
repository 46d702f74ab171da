"""What an operator did with the install before it is taken over. Prints what has to survive, as JSON.

Arguments: the case (running or maintenance). Runs on the host, beside the controller.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import sys
from pathlib import Path

CONTROLLER = Path("/opt/prexorcloud/controller")
DAEMON = Path("/opt/prexorcloud/daemon/config/security")


def call(method: str, path: str, body: object, token: str = "") -> dict[str, object]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    connection = http.client.HTTPConnection("127.0.0.1", 8080, timeout=20)
    connection.request(method, f"/api/v1{path}", json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status >= 300:
        raise SystemExit(f"{method} {path}: {answer.status} {text!r}")
    parsed: dict[str, object] = json.loads(text or b"{}")
    return parsed


def main() -> None:
    password = (CONTROLLER / "config/.initial-admin-password").read_text()
    token = str(call("POST", "/auth/login", {"username": "admin", "password": password})["token"])
    call("POST", "/users", {"username": "alice", "password": "alice-has-a-password", "role": "VIEWER"}, token)
    if sys.argv[1] == "maintenance":
        call("PUT", "/maintenance", {"enabled": False, "message": "back soon"}, token)
        return
    minted = call("POST", "/admin/tokens", {"nodeId": "adopted-1", "ttlSeconds": 300}, token)
    material = call("POST", "/bootstrap/exchange", {"joinToken": minted["token"], "nodeId": "adopted-1"})
    DAEMON.mkdir(parents=True, exist_ok=True)
    (DAEMON / "node.p12").write_bytes(base64.b64decode(str(material["pkcs12Base64"])))
    (DAEMON / ".node-password").write_text(str(material["pkcs12Password"]))
    (DAEMON / "ca.pem").write_text(str(material["caCertificatePem"]))
    for name in ("node.p12", ".node-password"):
        os.chmod(DAEMON / name, 0o600)
    (CONTROLLER / "templates/lobby").mkdir()
    (CONTROLLER / "templates/lobby/server.properties").write_text("motd=adopted\n")


if __name__ == "__main__":
    main()
