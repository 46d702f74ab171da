# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate a TLS server presents.

The controller loads a changed server.p12 within 30 seconds (recording ha/daemon-02), so a new file proves nothing yet.
"""

from __future__ import annotations

import socket
import ssl
import time

POLL_SECONDS = 1.0
ATTEMPT_SECONDS = 5.0


class NotServed(Exception):
    """The expected certificate was not presented in time; the text says what was seen last."""


def presented_certificate(host: str, port: int, name: str, ca_pem: str, timeout: float) -> bytes:
    """The certificate (DER) that host:port presents, verified against *ca_pem* and *name*.

    No client certificate is sent; the controller asks for one but does not insist during the handshake.
    Raises OSError (ssl.SSLError for a failed verification).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=ca_pem)
    # gRPC servers speak HTTP/2 only and may drop a client that does not offer it.
    context.set_alpn_protocols(["h2"])
    with socket.create_connection((host, port), timeout=timeout) as plain:
        plain.settimeout(timeout)
        with context.wrap_socket(plain, server_hostname=name) as secured:
            certificate = secured.getpeercert(binary_form=True)
    if certificate is None:
        raise OSError("the server presented no certificate")
    return certificate


def _describe(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the presented certificate is not accepted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"the TLS handshake failed ({error.reason or 'no reason given'})"
    return f"no connection ({error.strerror or type(error).__name__})"


def wait_served(host: str, port: int, name: str, ca_pem: str, expected_der: bytes, timeout: float) -> None:
    """Returns as soon as host:port presents the expected certificate; raises NotServed after *timeout* seconds."""
    deadline = time.monotonic() + timeout
    while True:
        remaining = deadline - time.monotonic()
        try:
            attempt = max(0.1, min(ATTEMPT_SECONDS, remaining))
            if presented_certificate(host, port, name, ca_pem, attempt) == expected_der:
                return
            last = "another certificate of the same CA is presented"
        except OSError as error:
            last = _describe(error)
        if deadline - time.monotonic() <= POLL_SECONDS:
            raise NotServed(f"{host}:{port} does not present the new certificate within {timeout:g} s: {last}")
        time.sleep(POLL_SECONDS)
