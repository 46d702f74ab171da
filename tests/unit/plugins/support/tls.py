# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TLS server that presents what a server.p12 holds."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from ansible_collections.prexorcloud.production.tests.unit.plugins.support.authority import server_context


def presenting(store: Path, scratch: Path) -> Callable[[socket.socket], None]:
    """Handles a connection; the store is read anew for each, as if the controller had reloaded it."""

    def handle(connection: socket.socket) -> None:
        try:
            with server_context(store.read_bytes(), scratch).wrap_socket(connection, server_side=True) as secured:
                secured.recv(1)
        except ssl.SSLError:
            return

    return handle
