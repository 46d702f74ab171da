# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of registries against a real server on this machine: where credentials go, and what ends it."""

from __future__ import annotations

import base64
import email.message
import json
import re
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.registry import (
    MAX_MANIFEST,
    MAX_PAGES,
    OCI_INDEX,
    Access,
    HttpRegistry,
)
from ansible_collections.prexorcloud.production.tests.unit.plugins.support.registry import (
    Asked,
    LocalRegistry,
    Page,
    local_registry,
    loopback_tls,
    sha256,
)

REPOSITORY = "owner/name"
DOCUMENT = b'{"schemaVersion":2}'
PASSWORD = "marker-1234567"
BASIC = "Basic " + base64.b64encode(f"me:{PASSWORD}".encode()).decode()


@pytest.fixture
def server() -> Iterator[LocalRegistry]:
    with local_registry() as registry:
        registry.put_manifest(DOCUMENT, "1.0.0")
        yield registry


@pytest.fixture
def elsewhere() -> Iterator[LocalRegistry]:
    with local_registry() as registry:
        yield registry


def client(server: LocalRegistry, *, credentials: bool = False, timeout: float = 5.0) -> HttpRegistry:
    username, password = ("me", PASSWORD) if credentials else (None, None)
    access = Access(server.host, REPOSITORY, username, password, insecure=True, timeout=timeout)
    return HttpRegistry(access, pause=lambda _seconds: None)


def refusal(act: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        act()
    assert PASSWORD not in caught.value.detail
    return caught.value


def demanding(challenge: str, wanted: str) -> Callable[[Asked], Page | None]:
    """A guard of /v2/ that lets only the header Authorization `wanted` pass."""

    def guard(asked: Asked) -> Page | None:
        if not asked.path.startswith("/v2/") or asked.authorization == wanted:
            return None
        return Page(status=401, headers={"WWW-Authenticate": challenge})

    return guard


# -- what is there, and what is not ----------------------------------------------------------------------------


def test_reads_what_is_there(server: LocalRegistry) -> None:
    digest = server.put_blob(b"content")
    registry = client(server, credentials=True)
    assert registry.manifest("1.0.0") == DOCUMENT
    assert registry.manifest("2.0.0") is None
    assert registry.blob(digest, 7) == b"content"
    assert refusal(lambda: registry.blob(sha256(b"other"), 7)).reason == "registry_unreachable"
    # Nobody asked for credentials, so nobody got them.
    assert {asked.authorization for asked in server.asked} == {None}


@pytest.mark.parametrize("status", [400, 404, 405, 501])
def test_a_registry_without_the_list_of_referrers(server: LocalRegistry, status: int) -> None:
    server.pages[f"/v2/{REPOSITORY}/referrers/{sha256(DOCUMENT)}"] = Page(status=status)
    assert client(server).referrers(sha256(DOCUMENT)) is None


def test_a_page_of_another_type_is_no_list_of_referrers(server: LocalRegistry) -> None:
    server.pages[f"/v2/{REPOSITORY}/referrers/{sha256(DOCUMENT)}"] = Page(
        b"<html>", headers={"Content-Type": "text/html"}
    )
    assert client(server).referrers(sha256(DOCUMENT)) is None


def test_pages_of_referrers(server: LocalRegistry, elsewhere: LocalRegistry) -> None:
    path = f"/v2/{REPOSITORY}/referrers/{sha256(DOCUMENT)}"
    kind = {"Content-Type": OCI_INDEX}
    server.pages[path] = Page(b"first", headers={**kind, "Link": f'<{path}/2>; rel="next"'})
    server.pages[f"{path}/2"] = Page(b"second", headers=kind)
    assert client(server).referrers(sha256(DOCUMENT)) == (b"first", b"second")

    server.pages[f"{path}/2"] = Page(b"again", headers={**kind, "Link": f'<{path}/2>; rel="next"'})
    pages = client(server).referrers(sha256(DOCUMENT))
    assert pages is not None
    assert len(pages) == MAX_PAGES

    server.pages[path] = Page(b"first", headers={**kind, "Link": f'<http://{elsewhere.host}/>; rel="next"'})
    assert refusal(lambda: client(server).referrers(sha256(DOCUMENT))).reason == "registry_unreachable"
    assert elsewhere.asked == []


def test_faults_that_pass_are_tried_again(server: LocalRegistry) -> None:
    busy = [Page(status=503), Page(status=429)]
    server.guard = lambda _asked: busy.pop() if busy else None
    assert client(server).manifest("1.0.0") == DOCUMENT
    assert len(server.asked) == 3
    server.guard = lambda _asked: Page(status=500)
    refused = refusal(lambda: client(server).manifest("1.0.0"))
    assert (refused.reason, len(server.asked)) == ("registry_unreachable", 6)
    assert "HTTP 500" in refused.detail


def test_nobody_listens() -> None:
    with local_registry() as gone:
        pass
    assert refusal(lambda: client(gone).manifest("1.0.0")).reason == "registry_unreachable"


# -- authorization ---------------------------------------------------------------------------------------------


def test_basic(server: LocalRegistry) -> None:
    server.guard = demanding('Basic realm="registry"', BASIC)
    assert client(server, credentials=True).manifest("1.0.0") == DOCUMENT
    assert refusal(lambda: client(server).manifest("1.0.0")).reason == "registry_unreachable"


@pytest.mark.parametrize("member", ["token", "access_token"])
@pytest.mark.parametrize("credentials", [False, True])
def test_bearer(server: LocalRegistry, elsewhere: LocalRegistry, credentials: bool, member: str) -> None:
    realm = f'Bearer realm="http://{elsewhere.host}/token?account=a",service="the registry",scope="registry:catalog:*"'
    server.guard = demanding(realm, "Bearer abc.def")
    elsewhere.pages["/token"] = Page(json.dumps({member: "abc.def"}).encode())
    registry = client(server, credentials=credentials)
    assert registry.manifest("1.0.0") == DOCUMENT
    assert registry.manifest("2.0.0") is None
    # One token for all, asked for with our own scope, and the password seen by the token service alone.
    asked = Asked(
        "/token?account=a&scope=repository%3Aowner%2Fname%3Apull&service=the+registry", BASIC if credentials else None
    )
    assert elsewhere.asked == [asked]
    assert [one.authorization for one in server.asked] == [None, "Bearer abc.def", "Bearer abc.def"]


def test_a_refused_password_ends_it(server: LocalRegistry) -> None:
    server.guard = lambda _asked: Page(status=401, headers={"WWW-Authenticate": "Basic realm=x"})
    refused = refusal(lambda: client(server, credentials=True).manifest("1.0.0"))
    assert (refused.reason, len(server.asked)) == ("registry_unreachable", 2)
    assert "these credentials" in refused.detail


@pytest.mark.parametrize(
    "answer",
    [
        Page(b"{}"),
        Page(b'{"token":""}'),
        Page(b'{"token":7}'),
        Page(b'{"token":"two words"}'),
        Page(b'{"token":"line\\r\\nX-Injected: 1"}'),
        Page(b"[]"),
        Page(b"no json"),
        Page(b'{"token":"' + b"a" * 70_000 + b'"}'),
        Page(status=403),
        Page(status=302, headers={"Location": "/other"}),
    ],
)
def test_a_token_service_without_a_usable_token(server: LocalRegistry, elsewhere: LocalRegistry, answer: Page) -> None:
    server.guard = demanding(f'Bearer realm="http://{elsewhere.host}/token"', "Bearer good")
    elsewhere.pages["/token"] = answer
    elsewhere.pages["/other"] = Page(b'{"token":"good"}')
    refused = refusal(lambda: client(server, credentials=True).manifest("1.0.0"))
    assert refused.reason in ("registry_unreachable", "input_malformed", "input_too_large")
    # It ends there: no token that is not one goes to the registry.
    assert "token" in refused.detail or refused.reason == "input_too_large"
    assert len(server.asked) == 1
    assert elsewhere.paths() == ["/token?scope=repository%3Aowner%2Fname%3Apull"]


@pytest.mark.parametrize(
    "challenge",
    [
        "",
        "Digest realm=x",
        "Bearer",
        'Bearer realm=""',
        'Bearer realm="ftp://host/token"',
        'Bearer realm="file:///etc/passwd"',
        'Bearer realm="http://a:b@127.0.0.1/token"',
        'Bearer realm="http://[::1/token"',
        'Bearer realm="http://127.0.0.1:99999/token"',
        # Plain HTTP is for this machine; the password does not go to another one.
        'Bearer realm="http://192.0.2.1/token"',
        'Bearer realm="HTTP://192.0.2.1/token"',
    ],
)
def test_challenges_that_get_no_credentials(server: LocalRegistry, challenge: str) -> None:
    server.guard = demanding(challenge, "never")
    refused = refusal(lambda: client(server, credentials=True).manifest("1.0.0"))
    assert (refused.reason, len(server.asked)) == ("registry_unreachable", 1)
    # Not even tried.
    assert re.search("authorization that is not supported|token service (does not lead|leads|would)", refused.detail)


@pytest.mark.parametrize("host", ["192.0.2.1:5000", "registry.example", "127.0.0.1.example", "localhost.example"])
def test_no_password_in_clear_text_to_another_machine(host: str) -> None:
    with pytest.raises(PolicyError, match="clear text") as caught:
        HttpRegistry(Access(host, REPOSITORY, "me", PASSWORD, insecure=True))
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("pair", [("me", None), (None, PASSWORD)])
def test_half_of_the_credentials(pair: tuple[str | None, str | None]) -> None:
    with pytest.raises(PolicyError, match="belong together"):
        HttpRegistry(Access("ghcr.io", REPOSITORY, *pair))


def test_the_password_is_in_no_text_form() -> None:
    assert PASSWORD not in repr(Access("ghcr.io", REPOSITORY, "me", PASSWORD))


# -- redirects -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_storage_hosts_are_followed_without_credentials(
    server: LocalRegistry, elsewhere: LocalRegistry, status: int
) -> None:
    server.guard = demanding("Basic realm=x", BASIC)
    where = {"Location": f"http://{elsewhere.host}/bucket?signature=abc"}
    server.pages[f"/v2/{REPOSITORY}/blobs/{sha256(b'content')}"] = Page(status=status, headers=where)
    elsewhere.pages["/bucket"] = Page(b"content")
    assert client(server, credentials=True).blob(sha256(b"content"), 7) == b"content"
    assert elsewhere.asked == [Asked("/bucket?signature=abc", None)]


def test_a_storage_host_cannot_ask_for_credentials(server: LocalRegistry, elsewhere: LocalRegistry) -> None:
    server.pages[f"/v2/{REPOSITORY}/blobs/{sha256(b'content')}"] = Page(
        status=307, headers={"Location": f"http://{elsewhere.host}/bucket"}
    )
    lure = f'Bearer realm="http://{elsewhere.host}/token"'
    elsewhere.pages["/bucket"] = Page(status=401, headers={"WWW-Authenticate": lure})
    elsewhere.pages["/token"] = Page(b'{"token":"good"}')
    refused = refusal(lambda: client(server, credentials=True).blob(sha256(b"content"), 7))
    assert refused.reason == "registry_unreachable"
    assert elsewhere.asked == [Asked("/bucket", None)]


def test_redirects_on_the_same_host_keep_the_authorization(server: LocalRegistry) -> None:
    server.guard = demanding("Basic realm=x", BASIC)
    server.pages[f"/v2/{REPOSITORY}/manifests/moved"] = Page(
        status=301, headers={"Location": f"/v2/{REPOSITORY}/manifests/1.0.0"}
    )
    assert client(server, credentials=True).manifest("moved") == DOCUMENT


@pytest.mark.parametrize(("hops", "good"), [(3, True), (4, False)])
def test_at_most_three_redirects(server: LocalRegistry, hops: int, good: bool) -> None:
    for hop in range(hops):
        name = "1.0.0" if hop == hops - 1 else f"hop{hop + 1}"
        server.pages[f"/v2/{REPOSITORY}/manifests/hop{hop}"] = Page(status=302, headers={"Location": name})
    if good:
        assert client(server).manifest("hop0") == DOCUMENT
    else:
        assert "redirects" in refusal(lambda: client(server).manifest("hop0")).detail


@pytest.mark.parametrize(
    "location",
    ["ftp://127.0.0.1/", "file:///etc/passwd", "http://a:b@127.0.0.1/", "http://[::1/", "data:,x", "mailto:x"],
)
def test_redirects_to_no_web_address(server: LocalRegistry, location: str) -> None:
    server.pages[f"/v2/{REPOSITORY}/manifests/moved"] = Page(status=302, headers={"Location": location})
    refused = refusal(lambda: client(server).manifest("moved"))
    assert (refused.reason, len(server.asked)) == ("registry_unreachable", 1)
    assert re.search("a redirect (does not lead|leads)", refused.detail)


# -- HTTPS -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 and a server's context with it."""
    return loopback_tls(tmp_path_factory.mktemp("tls"))


def secure(server: LocalRegistry, ca_path: str | None) -> HttpRegistry:
    access = Access(server.host, REPOSITORY, "me", PASSWORD, ca_path=ca_path, timeout=5)
    return HttpRegistry(access, pause=lambda _seconds: None)


def test_https_with_an_authority_of_ones_own(
    certificate: tuple[Path, ssl.SSLContext], elsewhere: LocalRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca_path, context = certificate
    with local_registry(context) as server:
        server.put_manifest(DOCUMENT, "1.0.0")
        server.guard = demanding("Basic realm=x", BASIC)
        # A proxy of the environment would be sent the credentials, if there was one.
        monkeypatch.setenv("https_proxy", f"http://{elsewhere.host}")
        assert secure(server, str(ca_path)).manifest("1.0.0") == DOCUMENT
        # The environment does not decide who is trusted.
        monkeypatch.setenv("SSL_CERT_FILE", str(ca_path))
        assert refusal(lambda: secure(server, None).manifest("1.0.0")).reason == "registry_unreachable"
    assert elsewhere.asked == []


def test_https_never_falls_to_http(certificate: tuple[Path, ssl.SSLContext], elsewhere: LocalRegistry) -> None:
    ca_path, context = certificate
    elsewhere.pages["/token"] = Page(b'{"token":"good"}')
    elsewhere.put_manifest(DOCUMENT, "1.0.0")
    with local_registry(context) as server:
        moved = Page(status=302, headers={"Location": f"http://{elsewhere.host}/v2/{REPOSITORY}/manifests/1.0.0"})
        server.pages[f"/v2/{REPOSITORY}/manifests/1.0.0"] = moved
        assert "HTTPS" in refusal(lambda: secure(server, str(ca_path)).manifest("1.0.0")).detail
        server.guard = demanding(f'Bearer realm="http://{elsewhere.host}/token"', "Bearer good")
        assert "HTTPS" in refusal(lambda: secure(server, str(ca_path)).manifest("1.0.0")).detail
    # A registry that speaks plain HTTP is not talked to unless the caller allows it.
    assert refusal(lambda: secure(elsewhere, str(ca_path)).manifest("1.0.0")).reason == "registry_unreachable"
    assert elsewhere.asked == []


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_without_authorities(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(PolicyError, match="ca_path"):
        HttpRegistry(Access("ghcr.io", REPOSITORY, ca_path=str(tmp_path / "ca.pem")))


# -- servers that do not end (advisories CVE-2023-46737, GHSA-88jx-383q-w4qc, GHSA-95pr-fxf5-86gv) --------------


def endless(write: Callable[[bytes], object]) -> None:
    while True:
        write(b" " * 65536)


def dripping(write: Callable[[bytes], object]) -> None:
    while True:
        write(b" ")
        time.sleep(0.05)


def silent(_write: Callable[[bytes], object]) -> None:
    time.sleep(3)


def test_endless_bodies_are_cut(server: LocalRegistry) -> None:
    server.pages[f"/v2/{REPOSITORY}/manifests/endless"] = Page(endless)
    server.pages[f"/v2/{REPOSITORY}/blobs/{sha256(b'')}"] = Page(endless)
    assert refusal(lambda: client(server).manifest("endless")).reason == "input_too_large"
    assert refusal(lambda: client(server).blob(sha256(b""), 10)).reason == "input_too_large"


def test_the_limit_itself_is_allowed(server: LocalRegistry) -> None:
    server.put_manifest(b" " * MAX_MANIFEST, "largest")
    server.put_manifest(b" " * (MAX_MANIFEST + 1), "larger")
    assert len(client(server, timeout=20).manifest("largest") or b"") == MAX_MANIFEST
    assert refusal(lambda: client(server, timeout=20).manifest("larger")).reason == "input_too_large"


@pytest.mark.parametrize("body", [dripping, silent])
def test_the_time_is_for_everything(server: LocalRegistry, body: Callable[[Any], None]) -> None:
    server.pages[f"/v2/{REPOSITORY}/manifests/slow"] = Page(body)
    started = time.monotonic()
    refused = refusal(lambda: client(server, timeout=0.5).manifest("slow"))
    assert refused.reason == "registry_unreachable"
    assert time.monotonic() - started < 2


def test_headers_that_drip(server: LocalRegistry) -> None:
    # No time-out of a socket catches this: each byte begins it anew.
    class Slow:
        status = 200
        headers = email.message.Message()

        def read1(self, _size: int, /) -> bytes:
            return b""

        def close(self) -> None:
            """Nothing to close."""

    def opener(_request: object, _seconds: float) -> Slow:
        time.sleep(3)
        return Slow()

    registry = HttpRegistry(Access(server.host, REPOSITORY, timeout=0.3), opener=opener)
    started = time.monotonic()
    assert refusal(lambda: registry.manifest("1.0.0")).reason == "registry_unreachable"
    assert time.monotonic() - started < 2


def test_no_request_after_the_time(server: LocalRegistry) -> None:
    now = [0.0]
    access = Access(server.host, REPOSITORY, insecure=True, timeout=5)
    registry = HttpRegistry(access, clock=lambda: now[0])
    assert registry.manifest("1.0.0") == DOCUMENT
    now[0] = 5.0
    assert refusal(lambda: registry.manifest("1.0.0")).reason == "registry_unreachable"
    assert len(server.asked) == 1
