# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create the user of a test store, or give it the wanted password: {host, admin_password, user, password} on stdin."""

from __future__ import annotations

import json
import sys

from pymongo import MongoClient
from pymongo.errors import OperationFailure

USER_EXISTS = 51003


def main() -> None:
    """Read the request and carry it out."""
    wanted = json.load(sys.stdin)
    client: MongoClient[dict[str, object]] = MongoClient(
        wanted["host"],
        username="root",
        password=wanted["admin_password"],
        authSource="admin",
        directConnection=True,
        serverSelectionTimeoutMS=20_000,
    )
    try:
        client.admin.command("createUser", wanted["user"], pwd=wanted["password"], roles=[])
    except OperationFailure as error:
        if error.code != USER_EXISTS:
            raise
        client.admin.command("updateUser", wanted["user"], pwd=wanted["password"])


if __name__ == "__main__":
    main()
