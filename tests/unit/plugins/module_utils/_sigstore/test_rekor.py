# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The look-up in the log: what is asked, what is read of the answer, and a server that is slow, broken or lying."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.bundle import parse_bundle, render_bundle
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.checkpoint import verify_checkpoint
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.entry_body import verify_body
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.inclusion import verify_inclusion
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import LogEntry
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.promise import verify_promise
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.rekor import (
    MAX_ANSWER,
    SEARCH_PATH,
    parse_entries,
    search,
    search_request,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.sidecars import parse_sidecars
from ansible_collections.prexorcloud.production.tests.support.release_signer.keys import b64, new_key, spki
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.authority import Authority
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.transparency import (
    JSON_VALUES,
    LOG,
    NOW,
    WORLD,
    changed,
    entry_of,
    places,
    reason,
    without,
)
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

ARTIFACT = b"what was signed\n"
DIGEST = hashlib.sha256(ARTIFACT).digest()
SIGNING = WORLD.sign(ARTIFACT)
KEYED = WORLD.sign_with_key(ARTIFACT, new_key())
SIGNED = parse_sidecars(*SIGNING.sidecars())
ANSWER = SIGNING.answer()
assert SIGNING.record
UUID = SIGNING.record.uuid
ENTRY = (0, UUID)
VERIFICATION = (*ENTRY, "verification")
PROOF = (*VERIFICATION, "inclusionProof")


# The question


def test_the_question_is_the_entry_that_the_signer_logged() -> None:
    assert SIGNING.record
    assert json.loads(search_request(SIGNED, DIGEST)) == {"entries": [json.loads(SIGNING.record.body)]}


def test_a_signature_by_a_key_is_looked_up_by_the_key() -> None:
    signed = parse_sidecars(KEYED.sidecars()[0], None)
    assert KEYED.record
    asked = json.loads(search_request(signed, DIGEST, spki(KEYED.key)))
    assert asked == {"entries": [json.loads(KEYED.record.body)]}
    with pytest.raises(ValueError, match="by its key"):
        search_request(signed, DIGEST)


def test_statements_are_not_looked_up() -> None:
    with pytest.raises(ValueError, match="over a file"):
        search_request(parse_bundle(WORLD.attest(ARTIFACT).bundle()), DIGEST)


# The answer


@pytest.mark.parametrize("document", [ANSWER, json.dumps(json.loads(ANSWER)[0]).encode()], ids=["search", "saved"])
def test_an_answer_holds_all_that_proves_the_entry(document: bytes) -> None:
    assert SIGNING.record
    (entry,) = parse_entries(document)
    assert entry == entry_of(SIGNING.record)
    assert verify_promise(entry, LOG) == NOW
    verify_inclusion(entry)
    verify_checkpoint(entry, LOG)
    verify_body(entry, SIGNED, spki(SIGNING.key), lambda name: hashlib.new(name, ARTIFACT).digest())


def test_a_look_up_becomes_a_bundle() -> None:
    found = replace(SIGNED, entries=parse_entries(ANSWER))
    assert json.loads(render_bundle(found, DIGEST)) == json.loads(SIGNING.bundle())


@pytest.mark.parametrize("document", [b"[]", b"{}", b"[{}]"])
def test_an_empty_answer(document: bytes) -> None:
    assert parse_entries(document) == ()


@pytest.mark.parametrize(
    "uuid",
    [
        UUID[:-1] + ("0" if UUID[-1] != "0" else "1"),
        "f" * 64,
        UUID.upper(),
        UUID[1:],
        UUID + UUID[-64:],
        "",
        "x" * 16 + UUID[-65:],
    ],
)
def test_an_entry_under_a_foreign_uuid_is_left_out(uuid: str) -> None:
    entry = json.loads(ANSWER)[0][UUID]
    honest = {UUID: entry}
    assert parse_entries(json.dumps([{uuid: entry}]).encode()) == ()
    assert len(parse_entries(json.dumps([{uuid: entry}, honest]).encode())) == 1


def test_a_short_uuid_is_the_leaf_alone() -> None:
    entry = json.loads(ANSWER)[0][UUID]
    assert parse_entries(json.dumps([{UUID[-64:]: entry}]).encode()) == parse_entries(ANSWER)


def test_what_may_be_absent_or_unknown() -> None:
    assert parse_entries(changed(ANSWER, (*ENTRY, "attestation"), {"data": "AA=="})) == parse_entries(ANSWER)
    (bare,) = parse_entries(without(ANSWER, VERIFICATION))
    assert (bare.promise, bare.proof) == (None, None)
    (unsigned,) = parse_entries(without(ANSWER, (*PROOF, "checkpoint")))
    assert unsigned.proof and unsigned.proof.checkpoint is None


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (ENTRY, None),
        (ENTRY, []),
        ((*ENTRY, "body"), None),
        ((*ENTRY, "body"), {"kind": "hashedrekord"}),
        ((*ENTRY, "logID"), LOG.key_id.hex().upper()),
        ((*ENTRY, "logID"), None),
        ((*ENTRY, "logIndex"), "1"),
        ((*ENTRY, "logIndex"), -1),
        ((*ENTRY, "integratedTime"), 1.5),
        ((*ENTRY, "integratedTime"), None),
        (VERIFICATION, "text"),
        ((*VERIFICATION, "signedEntryTimestamp"), "-_"),
        ((*PROOF, "rootHash"), b64(bytes(32))),
        ((*PROOF, "hashes"), [None]),
        ((*PROOF, "hashes"), ["00"]),
        ((*PROOF, "treeSize"), "7"),
        ((*PROOF, "logIndex"), None),
        ((*PROOF, "checkpoint"), {"envelope": "x"}),
    ],
)
def test_malformed_entries(place: tuple[Any, ...], value: object) -> None:
    assert reason(parse_entries, changed(ANSWER, place, value)) == "input_malformed"


@pytest.mark.parametrize("document", [b"", b"null", b'"text"', b"7", b"[null]", b"[[]]", b"<html>", ANSWER + b"]"])
def test_malformed_answers(document: bytes) -> None:
    assert reason(parse_entries, document) == "input_malformed"


def test_caps() -> None:
    entry = json.loads(ANSWER)[0][UUID]
    many = {f"{number:064x}": entry for number in range(33)}
    assert reason(parse_entries, json.dumps([many]).encode()) == "input_too_large"
    assert reason(parse_entries, json.dumps([{name: entry} for name in many]).encode()) == "input_too_large"
    assert reason(parse_entries, changed(ANSWER, (*PROOF, "hashes"), ["00" * 32] * 65)) == "input_too_large"
    start = time.process_time()
    assert reason(parse_entries, b"[" + b"{}," * 100_000 + b"{}]") == "input_too_large"
    assert reason(parse_entries, json.dumps([many] * 1000).encode()) == "input_too_large"
    assert time.process_time() - start < 1


@given(st.data())
def test_any_alteration_parses_or_is_refused(data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(places(json.loads(ANSWER))))
    document = data.draw(st.sampled_from([without(ANSWER, place), changed(ANSWER, place, data.draw(JSON_VALUES))]))
    try:
        assert all(isinstance(entry, LogEntry) for entry in parse_entries(document))
    except Refused as refusal:
        assert refusal.reason == "input_malformed"


# The conversation

AUTHORITY = Authority()
Reply = Callable[[BaseHTTPRequestHandler], None]


def answering(status: int, body: bytes = b"", **headers: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def _drip_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(200):
        handler.wfile.write(b"x")
        time.sleep(0.05)


def _drip_body(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(200):
        handler.wfile.write(b" ")
        time.sleep(0.05)


def _endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 65536)


def _hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def _no_http(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n")


GOOD = answering(200, ANSWER)


@dataclass
class Server:
    """A log that answers the requests, one after the other, with these replies; the last one is repeated."""

    url: str
    ca_file: str
    replies: list[Reply]
    requests: list[tuple[str, bytes]] = field(default_factory=list)

    def ask(self, timeout: float = 10.0, **options: Any) -> bytes:
        return search(self.url, b"{}", ca_file=self.ca_file, timeout=timeout, sleep=lambda _seconds: None, **options)


class QuietServer(ThreadingHTTPServer):
    """Clients that hang up are what is tested; the server has nothing to say about it."""

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("tls")
    leaf = AUTHORITY.leaf("log", client=False, names=["127.0.0.1", "localhost"])
    key = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (directory / "server.pem").write_bytes(key + leaf.certificate.public_bytes(Encoding.PEM))
    (directory / "ca.pem").write_bytes(AUTHORITY.pem)
    (directory / "stranger.pem").write_bytes(Authority().pem)
    return directory


@pytest.fixture
def serve(certificates: Path) -> Iterator[Callable[..., Server]]:
    running: list[ThreadingHTTPServer] = []

    def start(*replies: Reply) -> Server:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.requests.append((self.path, body))
                reply = server.replies.pop(0) if len(server.replies) > 1 else server.replies[0]
                try:
                    reply(self)
                except OSError:
                    # The client hung up on an answer that is slow or endless, as it should.
                    self.close_connection = True

            def log_message(self, *_arguments: object) -> None:
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "server.pem")
        http = QuietServer(("127.0.0.1", 0), Handler)
        # The handshake belongs into the connection's own thread: a client that hangs up must not stop the server.
        http.socket = context.wrap_socket(http.socket, server_side=True, do_handshake_on_connect=False)
        server = Server(f"https://127.0.0.1:{http.server_port}", str(certificates / "ca.pem"), list(replies))
        threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
        running.append(http)
        return server

    yield start
    for http in running:
        http.shutdown()
        http.server_close()


def test_a_good_log(serve: Callable[..., Server]) -> None:
    server = serve(GOOD)
    request = search_request(SIGNED, DIGEST)
    assert search(server.url + "/", request, ca_file=server.ca_file, timeout=10) == ANSWER
    assert server.requests == [(SEARCH_PATH, request)]


def test_a_log_below_a_path(serve: Callable[..., Server]) -> None:
    server = serve(GOOD)
    server.url += "/rekor"
    assert server.ask() == ANSWER
    assert server.requests == [(f"/rekor{SEARCH_PATH}", b"{}")]


@pytest.mark.parametrize(
    "passing",
    [answering(500), answering(503, b"busy"), answering(429), answering(502), _hang_up, _no_http],
)
def test_what_passes_by_itself_is_asked_again(serve: Callable[..., Server], passing: Reply) -> None:
    server = serve(passing, passing, passing, GOOD)
    assert server.ask() == ANSWER
    assert len(server.requests) == 4
    stubborn = serve(passing)
    assert reason(stubborn.ask) == "log_unreachable"
    assert len(stubborn.requests) == 4


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 422])
def test_a_refusal_is_not_asked_again(serve: Callable[..., Server], status: int) -> None:
    server = serve(answering(status), GOOD)
    assert reason(server.ask) == "log_unreachable"
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(serve: Callable[..., Server], status: int) -> None:
    other = serve(GOOD)
    server = serve(answering(status, Location=other.url + SEARCH_PATH))
    assert reason(server.ask) == "log_unreachable"
    assert (len(server.requests), len(other.requests)) == (1, 0)


@pytest.mark.parametrize("slow", [_drip_headers, _drip_body])
def test_a_slow_answer_ends_at_the_deadline(serve: Callable[..., Server], slow: Reply) -> None:
    server = serve(slow)
    start = time.monotonic()
    assert reason(server.ask, 0.7) == "log_unreachable"
    assert 0.6 < time.monotonic() - start < 3


def test_a_server_that_never_shakes_hands(certificates: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        start = time.monotonic()
        assert reason(search, url, b"{}", ca_file=str(certificates / "ca.pem"), timeout=0.5) == "log_unreachable"
        assert time.monotonic() - start < 3


def test_repetitions_end_at_the_deadline(serve: Callable[..., Server]) -> None:
    server = serve(answering(503))
    start = time.monotonic()
    assert reason(search, server.url, b"{}", ca_file=server.ca_file, timeout=0.5) == "log_unreachable"
    # One pause of a quarter of a second fits in, the next one does not.
    assert len(server.requests) == 2
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("large", [_endless, answering(200, b" " * (MAX_ANSWER + 1))])
def test_an_endless_answer(serve: Callable[..., Server], large: Reply) -> None:
    server = serve(large)
    assert reason(server.ask) == "input_too_large"
    assert len(server.requests) == 1


def test_the_largest_answer(serve: Callable[..., Server]) -> None:
    assert len(serve(answering(200, b" " * MAX_ANSWER)).ask()) == MAX_ANSWER


def test_nobody_listens(certificates: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
    pauses: list[float] = []
    code = reason(search, url, b"{}", ca_file=str(certificates / "ca.pem"), timeout=10, sleep=pauses.append)
    assert (code, pauses) == ("log_unreachable", [0.25, 0.5, 1.0])


def test_a_certificate_of_a_stranger(serve: Callable[..., Server], certificates: Path) -> None:
    server = serve(GOOD)
    stranger = str(certificates / "stranger.pem")
    pauses: list[float] = []
    code = reason(search, server.url, b"{}", ca_file=stranger, timeout=10, sleep=pauses.append)
    assert (code, server.requests, pauses) == ("log_unreachable", [], [])


def test_a_certificate_for_another_name(serve: Callable[..., Server]) -> None:
    server = serve(GOOD)
    server.url = server.url.replace("127.0.0.1", "127.0.0.2")
    assert reason(server.ask) == "log_unreachable"
    assert server.requests == []


def test_the_environment_decides_nothing(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(GOOD)
    for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("SIGSTORE_REKOR_PUBLIC_KEY", "COSIGN_REPOSITORY", "REKOR_SERVER"):
        monkeypatch.setenv(name, "https://127.0.0.1:1")
    assert server.ask() == ANSWER
    # An authority from the environment is none.
    monkeypatch.setenv("SSL_CERT_FILE", server.ca_file)
    with pytest.raises((Refused, PolicyError)):  # the latter on a system that has no authorities at all
        search(server.url, b"{}", timeout=10)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://rekor.example.test",
        "HTTP://rekor.example.test",
        "rekor.example.test",
        "file:///etc/passwd",
        "ftp://rekor.example.test",
        "https://",
        "https:///path",
        "https://user:secret@rekor.example.test",
        "https://@rekor.example.test",
        "https://rekor.example.test?x=1",
        "https://rekor.example.test#x",
        "https://rekor.example.test:99999",
        "https://rekor.example.test:port",
        "https://rekor.example.test:0",
        "https://rekor.example.test/ HTTP/1.1",
        "https://rekor.example.test/\r\nHost: other",
        "https://rekor.ex\u00e4mple.test",
        "https://[::1",
        "",
    ],
)
def test_addresses_that_are_no_log(url: str) -> None:
    def never(*_arguments: object) -> tuple[int, bytes]:
        raise AssertionError("somebody was asked")

    with pytest.raises(PolicyError):
        search(url, b"{}", opener=never)


@pytest.mark.parametrize("content", [None, b"", b"no PEM"])
def test_authorities_that_cannot_be_loaded(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    with pytest.raises(PolicyError, match="authorities"):
        search("https://rekor.example.test", b"{}", ca_file=str(tmp_path / "ca.pem"))


def test_the_opener_gets_what_is_left_of_the_time() -> None:
    calls: list[tuple[str, bytes, float]] = []

    def opener(url: str, body: bytes, seconds: float) -> tuple[int, bytes]:
        calls.append((url, body, seconds))
        return 200, b"[]"

    assert search("https://rekor.example.test", b"{}", timeout=5, opener=opener) == b"[]"
    ((url, body, seconds),) = calls
    assert (url, body) == (f"https://rekor.example.test{SEARCH_PATH}", b"{}")
    assert 4 < seconds <= 5


def test_no_time_at_all() -> None:
    def never(*_arguments: object) -> tuple[int, bytes]:
        raise AssertionError("the time was over")

    assert reason(search, "https://rekor.example.test", b"{}", timeout=0, opener=never) == "log_unreachable"
