# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking a signature up in a Rekor v1 log (sigstore.md 2 (1)).

The server is not trusted: what it answers is worth nothing until the log's own signatures in it are verified. TLS only
keeps others out of the conversation.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.encoding import (
    decode_base64,
    decode_hex,
    encode_base64,
    encode_pem,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.entry_body import kind_of
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.inclusion import (
    HASH_BYTES,
    MAX_HASHES,
    leaf_hash,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import (
    InclusionProof,
    LogEntry,
    MessageSignature,
    Signed,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.old_bundle import KEY_ID_BYTES, number
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.strict_json import (
    Members,
    as_members,
    load_value,
)

if TYPE_CHECKING:
    from ssl import SSLContext

MAX_ANSWER = 1024 * 1024
MAX_ENTRIES = 32
# 64 digits are the leaf's hash; 16 more in front of it name the shard of the log.
UUID_LENGTHS = (64, 80)
SEARCH_PATH = "/api/v1/log/entries/retrieve"
WHAT = "the answer of the log"
# Seconds before each repetition; only what may pass by itself is repeated, and never beyond the deadline.
PAUSES = (0.25, 0.5, 1.0)
BUSY = (429, 500, 502, 503, 504)

# (url, request body, seconds left) -> (HTTP status, answer of at most MAX_ANSWER + 1 bytes); raises OSError.
Opener = Callable[[str, bytes, float], "tuple[int, bytes]"]


def _hashes(proof: Members) -> tuple[bytes, ...]:
    found = proof.items("hashes", MAX_HASHES)
    if not all(isinstance(one, str) for one in found):
        raise proof.refuse("hashes", "has a hash that is not text")
    return tuple(decode_hex(str(one), HASH_BYTES, f"{proof.where}.hashes") for one in found)


def _proof(proof: Members) -> InclusionProof:
    return InclusionProof(
        index=number(proof, "logIndex"),
        size=number(proof, "treeSize"),
        root=decode_hex(proof.text("rootHash"), HASH_BYTES, f"{proof.where}.rootHash"),
        hashes=_hashes(proof),
        checkpoint=proof.optional_text("checkpoint") or None,
    )


def _entry(entry: Members, body: bytes) -> LogEntry:
    kind, version = kind_of(body)
    verification = entry.optional_members("verification") or Members({}, entry.where)
    proof = verification.optional_members("inclusionProof")
    promise = verification.optional_text("signedEntryTimestamp")
    return LogEntry(
        log_id=decode_hex(entry.text("logID"), KEY_ID_BYTES, f"{entry.where}.logID"),
        log_index=number(entry, "logIndex"),
        kind=kind,
        version=version,
        body=body,
        integrated_time=number(entry, "integratedTime") or None,
        promise=None if promise is None else decode_base64(promise, f"{entry.where}.signedEntryTimestamp"),
        proof=None if proof is None else _proof(proof),
    )


def parse_entries(document: bytes) -> tuple[LogEntry, ...]:
    """The entries that an answer claims: a list of {uuid: entry}, or one such object, as `GET entries/<uuid>` gives.

    An entry whose uuid does not end in the hash of its body is left out, as other clients do. Members that are not
    known are ignored: servers add them (attestation). Raises Refused: "input_malformed", "input_too_large".
    """
    answer = load_value(document, WHAT, MAX_ANSWER)
    groups = answer if isinstance(answer, list) else [answer]
    named = [item for group in groups[: MAX_ENTRIES + 1] for item in as_members(group, WHAT).value.items()]
    if max(len(groups), len(named)) > MAX_ENTRIES:
        raise Refused("input_too_large", f"{WHAT} has more than {MAX_ENTRIES} entries")
    found = []
    for uuid, value in named:
        entry = as_members(value, f"{WHAT}: entry {uuid[:80]!r}")
        body = decode_base64(entry.text("body"), f"{entry.where}.body")
        if len(uuid) in UUID_LENGTHS and uuid[-64:] == leaf_hash(body).hex():
            found.append(_entry(entry, body))
    return tuple(found)


def search_request(signed: Signed, digest: bytes, spki: bytes | None = None) -> bytes:
    """Body of the request for all entries of this signature: the hashedrekord 0.0.1 that its signer logged.

    Parameters: digest, the artifact's SHA-256; spki, the key (DER) where there is no certificate. Raises ValueError
    for a statement or without a key.
    """
    if not isinstance(signed.content, MessageSignature):
        raise ValueError("only signatures over a file are looked up")
    if signed.certificate is not None:
        pem = encode_pem(signed.certificate, "CERTIFICATE")
    elif spki is not None:
        pem = encode_pem(spki, "PUBLIC KEY")
    else:
        raise ValueError("a signature without a certificate is looked up by its key")
    entry = {
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": digest.hex()}},
            "signature": {
                "content": encode_base64(signed.content.signature),
                "publicKey": {"content": encode_base64(pem.encode("ascii"))},
            },
        },
    }
    return json.dumps({"entries": [entry]}, separators=(",", ":")).encode("ascii")


def tls_context(ca_file: str | None) -> SSLContext:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # The system's own store by the paths that OpenSSL was built with: load_default_certs() would also take them from
    # SSL_CERT_FILE and SSL_CERT_DIR, and nobody's environment decides whom this module talks to.
    system = ssl.get_default_verify_paths()
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
        return context
    from os import path

    cafile = system.openssl_cafile if path.isfile(system.openssl_cafile) else None
    capath = system.openssl_capath if path.isdir(system.openssl_capath) else None
    if cafile is None and capath is None:
        raise PolicyError("this system has no certificate authorities; name a file of them")
    context.load_verify_locations(cafile=cafile, capath=capath)
    return context


def https_opener(ca_file: str | None) -> Opener:
    """A client that posts over HTTPS, straight to the host: no redirects, no proxies, no trust from the environment.

    Each call ends when its seconds are over, however slowly the name is resolved or the peer sends. `ca_file` has the
    authorities (PEM) for a log of one's own; None are the system's. Raises PolicyError if they cannot be loaded.
    """
    try:
        context = tls_context(ca_file)
    except OSError as error:
        raise PolicyError(f"the certificate authorities for the log cannot be loaded: {error}") from error

    def post(url: str, body: bytes, seconds: float) -> tuple[int, bytes]:
        import socket
        from contextlib import suppress
        from http.client import HTTPException, HTTPSConnection
        from threading import Thread
        from urllib.parse import urlsplit

        parts = urlsplit(url)
        connection = HTTPSConnection(str(parts.hostname), parts.port or 443, timeout=seconds, context=context)
        results: list[tuple[int, bytes] | OSError] = []

        def exchange() -> None:
            try:
                headers = {"Content-Type": "application/json", "Accept": "application/json", "Connection": "close"}
                connection.request("POST", parts.path, body, headers)
                response = connection.getresponse()
                results.append((response.status, response.read(MAX_ANSWER + 1)))
            except OSError as error:
                results.append(error)
            except (HTTPException, ValueError) as error:
                results.append(OSError(f"no HTTP: {type(error).__name__}"))

        # Time-outs of sockets are per read, and there is none for resolving a name: only waiting from outside ends
        # an answer that drips. The thread is left to its fate with its connection cut.
        worker = Thread(target=exchange, name="transparency log", daemon=True)
        worker.start()
        worker.join(seconds)
        if worker.is_alive():
            if connection.sock is not None:
                with suppress(OSError):
                    socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)
            raise TimeoutError("the time is over")
        connection.close()
        result = results[0]
        if isinstance(result, OSError):
            raise result
        return result

    return post


def _entry_url(url: str) -> str:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise PolicyError(f"the address of the log is malformed: {error}") from error
    extra = (parts.username, parts.password, parts.query or None, parts.fragment or None)
    if parts.scheme != "https" or not parts.hostname or port == 0 or any(one is not None for one in extra):
        raise PolicyError("the address of the log has to be https://host[:port][/path], without user or query")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise PolicyError("the address of the log has characters that no address has")
    return url.rstrip("/") + SEARCH_PATH


def _unreachable(url: str, why: str) -> NoReturn:
    raise Refused("log_unreachable", f"{url}: {why}")


def search(
    url: str,
    request: bytes,
    *,
    ca_file: str | None = None,
    timeout: float = 30.0,
    opener: Opener | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> bytes:
    """The log's answer to search_request(); an empty list in it means that the log does not know the signature.

    Parameters: url, base address of the log (https only); ca_file, as for https_opener; timeout, seconds for everything
    together, repetitions included; opener and sleep, replacements for tests. Broken connections, 429 and 5xx are
    repeated three times; redirects are not followed: another host is another log.

    Raises Refused: "log_unreachable", "input_too_large"; PolicyError for an address or authorities that are unusable.
    """
    address = _entry_url(url)
    post = https_opener(ca_file) if opener is None else opener
    deadline = time.monotonic() + timeout
    why = "no time was left to ask"
    for pause in (0.0, *PAUSES):
        if deadline - time.monotonic() <= pause:
            break
        if pause:
            sleep(pause)
        try:
            status, answer = post(address, request, deadline - time.monotonic())
        except OSError as error:
            why = f"{type(error).__name__}: {error}"
            if _is_final(error):
                break
            continue
        if status == 200:
            if len(answer) > MAX_ANSWER:
                raise Refused("input_too_large", f"{WHAT} has more than {MAX_ANSWER} bytes")
            return answer
        why = f"HTTP status {status}"
        if status not in BUSY:
            break
    return _unreachable(address, why)


def _is_final(error: OSError) -> bool:
    """True for a certificate that is not accepted: asking again does not change it."""
    from ssl import SSLCertVerificationError

    return isinstance(error, SSLCertVerificationError)
