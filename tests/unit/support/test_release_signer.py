# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test signer tells the truth where it should: by OpenSSL and the RFCs' arithmetic, not by our own verifier."""

from __future__ import annotations

import base64
import hashlib
import http.client
import ipaddress
import json
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import REASONS
from ansible_collections.prexorcloud.production.tests.support.release_signer import __main__ as command_line
from ansible_collections.prexorcloud.production.tests.support.release_signer import merkle, server
from ansible_collections.prexorcloud.production.tests.support.release_signer.case import OK, POLICY
from ansible_collections.prexorcloud.production.tests.support.release_signer.corpus import CASES
from ansible_collections.prexorcloud.production.tests.support.release_signer.keys import (
    b64,
    pem,
    private_pem,
    spki,
)
from ansible_collections.prexorcloud.production.tests.support.release_signer.transparency import Proof, witness_line
from ansible_collections.prexorcloud.production.tests.support.release_signer.world import IDENTITY, World
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

SUPPORT = Path(server.__file__).resolve().parents[1]
RETRIEVE = "/api/v1/log/entries/retrieve"
WORLD = World.make()
ARTIFACT = b"an artifact\n"

# sigstore.md 6, all but those about registries, which the tests of images have.
ADVISORIES = (
    "CVE-2022-23649", "CVE-2022-35929", "CVE-2022-36056", "CVE-2023-46737", "CVE-2024-45395", "CVE-2026-22703",
    "CVE-2026-24122", "CVE-2026-39395", "GHSA-fx35-mq7g-6g98", "GHSA-9vcr-p3rj-q5q6", "GHSA-wqqc-jjcq-vfxm",
    "GHSA-xm5m-wgh2-rrg3", "GHSA-52v5-jr5w-gjxr",
)  # fmt: skip
# Vectors of the Certificate Transparency project's own tests: eight leaves, and the roots of the first few of them.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def _openssl(*words: str | Path) -> bool:
    return subprocess.run(["openssl", *words], capture_output=True, check=False).returncode == 0


def _by_openssl(key: bytes, signature: bytes, data: bytes, scratch: Path, *, hashed: bool = True) -> bool:
    """Whether OpenSSL calls it a signature by this key (SPKI); `hashed` False is for Ed25519."""
    files = {"key": pem(key, "PUBLIC KEY"), "signature": signature, "data": data}
    for name, content in files.items():
        (scratch / name).write_bytes(content)
    if hashed:
        words = ("dgst", "-sha256", "-verify", scratch / "key", "-signature", scratch / "signature", scratch / "data")
        return _openssl(*words)
    return _openssl(
        "pkeyutl", "-verify", "-pubin", "-inkey", scratch / "key", "-rawin", "-in", scratch / "data", "-sigfile",
        scratch / "signature",
    )  # fmt: skip


def _folded(proof: Proof, leaf: bytes) -> bytes:
    """Root that a proof leads to, by the steps of RFC 9162 2.1.3.2, not by recursion."""
    first, last, found = proof.index, proof.size - 1, leaf
    for node in proof.hashes:
        if first % 2 or first == last:
            found = hashlib.sha256(b"\x01" + node + found).digest()
            while not first % 2 and first:
                first, last = first >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + node).digest()
        first, last = first >> 1, last >> 1
    assert last == 0
    return found


def _signed_note(checkpoint: str) -> tuple[bytes, dict[str, bytes]]:
    """What the signatures of a checkpoint are over, and hint || signature by name."""
    text, _, lines = checkpoint.partition("\n\n")
    found = {}
    for line in lines.splitlines():
        dash, name, blob = line.split(" ")
        assert dash == "\u2014"
        found[name] = base64.b64decode(blob)
    return text.encode() + b"\n", found


@pytest.mark.parametrize("size", ROOTS)
def test_tree_has_the_published_roots(size: int) -> None:
    assert merkle.root([merkle.leaf_hash(leaf) for leaf in LEAVES[:size]]).hex() == ROOTS[size]


@pytest.mark.parametrize("size", range(1, 20))
def test_every_path_leads_to_the_root(size: int) -> None:
    leaves = [merkle.leaf_hash(bytes([number])) for number in range(size)]
    for index in range(size):
        proof = Proof(index, size, b"", tuple(merkle.path(index, leaves)), "")
        assert _folded(proof, leaves[index]) == merkle.root(leaves)


def test_chain_by_openssl(tmp_path: Path) -> None:
    files = {
        "root": WORLD.root.certificate.public_bytes(Encoding.PEM),
        "intermediate": WORLD.intermediate.certificate.public_bytes(Encoding.PEM),
        "leaf": WORLD.sign(ARTIFACT).certificate_pem,
        "other": World.make().root.certificate.public_bytes(Encoding.PEM),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    def verifies(root: str, seconds: int) -> bool:
        moment = str(WORLD.seconds() + seconds)
        words = ("-untrusted", tmp_path / "intermediate", "-no-CApath", "-no-CAstore", tmp_path / "leaf")
        return _openssl("verify", "-x509_strict", "-attime", moment, "-CAfile", tmp_path / root, *words)

    assert verifies("root", 0)
    assert not verifies("root", 3600)
    assert not verifies("other", 0)


def test_certificate_is_fulcios(tmp_path: Path) -> None:
    extensions = WORLD.sign(ARTIFACT).certificate.extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.critical and [name.value for name in names.value] == [IDENTITY]
    present = {
        int(extension.oid.dotted_string.rpartition(".")[2])
        for extension in extensions
        if extension.oid.dotted_string.startswith("1.3.6.1.4.1.57264.1.")
    }
    assert present == set(range(1, 25)) - {7}


def test_sct_by_openssl(tmp_path: Path) -> None:
    certificate = WORLD.sign(ARTIFACT).certificate
    (sct,) = certificate.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value
    since = sct.timestamp - datetime(1970, 1, 1)  # noqa: DTZ001 - naive UTC, as cryptography gives it
    issuer = hashlib.sha256(spki(WORLD.intermediate.key.public_key())).digest()
    tbs = certificate.tbs_precertificate_bytes
    milliseconds = since // timedelta(milliseconds=1)
    signed = b"\0\0" + milliseconds.to_bytes(8, "big") + b"\0\1" + issuer + len(tbs).to_bytes(3, "big") + tbs + b"\0\0"
    key = spki(WORLD.ct.key.public_key())
    assert sct.log_id == hashlib.sha256(key).digest()
    assert _by_openssl(key, sct.signature, signed, tmp_path)
    assert not _by_openssl(key, sct.signature, signed + b"\0", tmp_path)


def test_v1_entry_by_hand(tmp_path: Path) -> None:
    signing = WORLD.sign(ARTIFACT)
    (entries,) = json.loads(signing.answer())
    ((uuid, entry),) = entries.items()
    body = base64.b64decode(entry["body"])
    assert uuid[-64:] == hashlib.sha256(b"\0" + body).hexdigest()
    spec = json.loads(body)["spec"]
    assert spec["data"]["hash"]["value"] == hashlib.sha256(ARTIFACT).hexdigest()
    assert base64.b64decode(spec["signature"]["content"]) == signing.signature
    assert base64.b64decode(spec["signature"]["publicKey"]["content"]) == signing.certificate_pem
    assert _by_openssl(spki(signing.key), signing.signature, ARTIFACT, tmp_path)
    promised = (
        f'{{"body":"{entry["body"]}","integratedTime":{entry["integratedTime"]},'
        f'"logID":"{entry["logID"]}","logIndex":{entry["logIndex"]}}}'
    )
    key = spki(WORLD.rekor.key.public_key())
    assert entry["logID"] == hashlib.sha256(key).hexdigest()
    promise = base64.b64decode(entry["verification"]["signedEntryTimestamp"])
    assert _by_openssl(key, promise, promised.encode(), tmp_path)
    assert signing.record is not None and signing.record.proof is not None
    proof = signing.record.proof
    assert _folded(proof, bytes.fromhex(uuid[-64:])) == proof.root
    text, signatures = _signed_note(proof.checkpoint)
    assert text.decode().splitlines()[1:] == [str(proof.size), b64(proof.root)]
    (blob,) = signatures.values()
    assert blob[:4].hex() == entry["logID"][:8]
    assert _by_openssl(key, blob[4:], text, tmp_path)


def test_v2_entry_by_hand(tmp_path: Path) -> None:
    record = WORLD.sign_v2(ARTIFACT).record
    assert record is not None and record.proof is not None and record.promise is None
    assert _folded(record.proof, hashlib.sha256(b"\0" + record.body).digest()) == record.proof.root
    text, signatures = _signed_note(record.proof.checkpoint)
    key = spki(WORLD.rekor2.key.public_key())
    raw_key = key[-32:]
    name = WORLD.rekor2.name
    assert record.log_id == hashlib.sha256(f"{name}\n\x01".encode() + raw_key).digest()
    blob = signatures[name]
    assert blob[:4] == record.log_id[:4]
    assert _by_openssl(key, blob[4:], text, tmp_path, hashed=False)
    assert len(witness_line(text.decode(), 1)[1]) == 4 + 8 + 64


def test_corpus_is_whole() -> None:
    assert len({row.name for row in CASES}) == len(CASES)
    assert {row.expected for row in CASES} <= {*REASONS, OK, POLICY}
    rules = " ".join(row.rule for row in CASES)
    assert [advisory for advisory in ADVISORIES if advisory not in rules] == []


def test_a_case_brings_what_its_options_name(tmp_path: Path) -> None:
    for row in CASES[:5]:
        case = row.case(WORLD)
        options = case.write(tmp_path / case.name)
        assert Path(str(options["path"])).read_bytes() == case.artifact
        assert Path(str(options["trust_root"])).is_file()


@pytest.fixture(name="jars", scope="module")
def _jars(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    directory = tmp_path_factory.mktemp("jars")
    paths = [directory / f"cloud-{part}-1.0.0.jar" for part in ("controller", "daemon")]
    for path in paths:
        path.write_bytes(path.name.encode())
    return [str(path) for path in paths]


@pytest.fixture(name="state", scope="module")
def _state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("signer") / "state"


def _release(state: Path, out: Path, jars: list[str], *more: str) -> None:
    words = ["release", "--state", str(state), "--out", str(out), "--version", "1.0.0", *more, *jars]
    assert command_line.main(words) == 0


def test_release_is_upstreams(tmp_path: Path, state: Path, jars: list[str]) -> None:
    _release(state, tmp_path, jars)
    names = {path.name for path in tmp_path.iterdir()}
    archives = {f"prexorctl_1.0.0_linux_{architecture}.tar.gz" for architecture in ("amd64", "arm64")}
    assert names == {
        "SHA256SUMS", "SHA256SUMS.sig", "SHA256SUMS.crt", "checksums.txt", "checksums.txt.sig", "checksums.txt.pem",
        "cloud-controller-1.0.0.jar", "cloud-daemon-1.0.0.jar", "dashboard-static-1.0.0.tar.gz", *archives,
        *(f"{archive}.sbom.cdx.json" for archive in archives), "trusted_root.json", "log-entries",
    }  # fmt: skip
    for sums, certificate, workflow in (
        ("SHA256SUMS", "SHA256SUMS.crt", "release-jars.yml"),
        ("checksums.txt", "checksums.txt.pem", "release.yml"),
    ):
        subprocess.run(["sha256sum", "--check", "--strict", sums], cwd=tmp_path, check=True, capture_output=True)
        content = (tmp_path / sums).read_bytes()
        leaf = x509.load_pem_x509_certificate(base64.b64decode((tmp_path / certificate).read_bytes()))
        signature = base64.b64decode((tmp_path / f"{sums}.sig").read_bytes())
        key = leaf.public_key()
        assert _by_openssl(spki(key), signature, content, tmp_path / "log-entries")  # type: ignore[arg-type]
        (name,) = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert (
            name.value == f"https://github.com/PrexorJustin/prexorcloud/.github/workflows/{workflow}@refs/tags/v1.0.0"
        )
        assert (tmp_path / "log-entries" / f"{hashlib.sha256(content).hexdigest()}.json").is_file()
    listed = subprocess.run(
        ["tar", "-tzf", "dashboard-static-1.0.0.tar.gz"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert all(line.startswith("./") for line in listed.stdout.splitlines())


def test_release_again_changes_nothing(
    tmp_path: Path, state: Path, jars: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for out, writes in (("first", True), ("first", False), ("second", True)):
        _release(state, tmp_path / out, jars)
        assert bool(capsys.readouterr().out) == writes
    for path in (tmp_path / "first").rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "second" / path.relative_to(tmp_path / "first")).read_bytes()


def test_releases_share_a_trust_root_and_a_log(tmp_path: Path, state: Path, jars: list[str]) -> None:
    _release(state, tmp_path / "one", jars)
    _release(state, tmp_path / "two", jars[:1])
    roots = {(tmp_path / out / "trusted_root.json").read_bytes() for out in ("one", "two")}
    assert len(roots) == 1
    indices = {
        entry["logIndex"]
        for path in tmp_path.glob("*/log-entries/*.json")
        for answer in json.loads(path.read_bytes())
        for entry in answer.values()
    }
    assert len(indices) == 3


def test_state_is_private(tmp_path: Path, state: Path, jars: list[str]) -> None:
    _release(state, tmp_path, jars)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (state, *state.rglob("*"))}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


@pytest.mark.parametrize(
    ("words", "differs"),
    [
        (("--tag", "v0.9.0"), "SHA256SUMS.crt"),
        (("--identity", "https://example.test/somebody"), "SHA256SUMS.crt"),
        (("--repository", "evil/prexorcloud"), "SHA256SUMS.crt"),
        (("--issuer", "https://accounts.example.test"), "SHA256SUMS.crt"),
        (("--expired",), "SHA256SUMS.crt"),
        (("--alter", "cloud-daemon-1.0.0.jar"), "cloud-daemon-1.0.0.jar"),
        (("--alter", "SHA256SUMS"), "SHA256SUMS"),
        (("--swap-sidecars",), "SHA256SUMS.sig"),
        (("--not-logged",), "log-entries"),
    ],
)
def test_release_can_lie(words: tuple[str, ...], differs: str, tmp_path: Path, state: Path, jars: list[str]) -> None:
    _release(state, tmp_path / "true", jars)
    _release(state, tmp_path / "false", jars, *words)
    true, false = (
        {path.name: path.read_bytes() for path in (tmp_path / out / differs).glob("*")}
        if differs == "log-entries"
        else {differs: (tmp_path / out / differs).read_bytes()}
        for out in ("true", "false")
    )
    assert true.keys() == false.keys() and true != false


def test_altering_what_is_not_there_is_an_error(tmp_path: Path, state: Path) -> None:
    words = ["release", "--state", str(state), "--out", str(tmp_path), "--version", "1.0.0", "--alter", "nothing"]
    assert command_line.main(words) == 2


def test_revoked_root_ends_before_the_release(tmp_path: Path, state: Path) -> None:
    out = tmp_path / "root.json"
    assert command_line.main(["trust-root", "--state", str(state), "--out", str(out), "--revoked"]) == 0
    end = json.loads(out.read_bytes())["certificateAuthorities"][0]["validFor"]["end"]
    assert datetime.fromisoformat(end.replace("Z", "+00:00")) < datetime.now(timezone.utc)


def _tls(directory: Path) -> tuple[Path, Path]:
    """Certificate and key of a server on the loopback."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test log")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (directory / "tls.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (directory / "tls.key").write_bytes(private_pem(key))
    return directory / "tls.pem", directory / "tls.key"


class Log:
    """A running server, its mode, and a client."""

    def __init__(self, port: int, certificate: Path, mode: Path, release: Path) -> None:
        self.address = ("127.0.0.1", port)
        self.context = ssl.create_default_context(cafile=str(certificate))
        self.mode = mode
        self.release = release
        answer = json.loads(self.path_of("SHA256SUMS").read_bytes())
        ((self.uuid, self.entry),) = answer[0].items()

    def path_of(self, sums: str) -> Path:
        digest = hashlib.sha256((self.release / sums).read_bytes()).hexdigest()
        return self.release / "log-entries" / f"{digest}.json"

    def ask(
        self, path: str, body: object = None, *, limit: int | None = None, timeout: float = 10
    ) -> tuple[int, bytes, str]:
        """Status, content (of at most `limit` bytes) and where a redirection leads; POST if there is a body."""
        client = http.client.HTTPSConnection(*self.address, context=self.context, timeout=timeout)
        try:
            if body is None:
                client.request("GET", path)
            else:
                client.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            answer = client.getresponse()
            return answer.status, answer.read(limit), answer.getheader("Location", "")
        finally:
            client.close()

    def fetch(self, path: str, body: object = None) -> bytes:
        status, content, _ = self.ask(path, body)
        assert status == 200
        return content

    def search(self) -> Any:
        proposed = json.loads(base64.b64decode(self.entry["body"]))
        return json.loads(self.fetch(RETRIEVE, {"entries": [proposed]}))


@pytest.fixture(name="log")
def _log(tmp_path: Path, state: Path, jars: list[str]) -> Iterator[Log]:
    release, mode = tmp_path / "served" / "v1.0.0", tmp_path / "mode"
    _release(state, release, jars)
    certificate, key = _tls(tmp_path)
    running = server.make_server(tmp_path / "served", mode, certificate, key, ("127.0.0.1", 0))
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Log(running.server_address[1], certificate, mode, release)
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


def test_server_needs_the_standard_library_only() -> None:
    words = [sys.executable, "-S", "-c", "import release_signer.server, sys; print('cryptography' in sys.modules)"]
    done = subprocess.run(words, env={"PYTHONPATH": str(SUPPORT)}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_server_answers_truly(log: Log) -> None:
    assert log.search() == [{log.uuid: log.entry}]
    for uuid in (log.uuid, log.uuid[-64:]):
        assert json.loads(log.fetch(f"/api/v1/log/entries/{uuid}")) == {log.uuid: log.entry}
    assert log.fetch("/v1.0.0/SHA256SUMS") == (log.release / "SHA256SUMS").read_bytes()


def test_server_finds_only_the_same_signature(log: Log) -> None:
    proposed = json.loads(base64.b64decode(log.entry["body"]))
    proposed["spec"]["signature"]["content"] = "AAAA"
    assert json.loads(log.fetch(RETRIEVE, {"entries": [proposed]})) == []


@pytest.mark.parametrize(
    ("mode", "path"),
    [
        ("lying-bad-set", ("verification", "signedEntryTimestamp")),
        ("lying-bad-proof", ("verification", "inclusionProof", "hashes")),
        ("lying-bad-checkpoint", ("verification", "inclusionProof", "checkpoint")),
    ],
)
def test_server_lies_about_one_thing(log: Log, mode: str, path: tuple[str, ...]) -> None:
    log.mode.write_text(mode)
    ((found,),) = (answer.values() for answer in log.search())
    told, true = found, log.entry
    for step in path[:-1]:
        told, true = told[step], true[step]
    assert told[path[-1]] != true[path[-1]]
    assert len(told[path[-1]]) == len(true[path[-1]])
    told[path[-1]] = true[path[-1]]
    assert found == log.entry


def test_server_gives_another_true_entry(log: Log) -> None:
    log.mode.write_text("lying-other-entry\n")
    assert log.search() == json.loads(log.path_of("checksums.txt").read_bytes())


def test_server_finds_nothing(log: Log) -> None:
    log.mode.write_text("empty")
    assert log.search() == []


@pytest.mark.parametrize("mode", ["down", "a word of no mode"])
def test_server_is_down(log: Log, mode: str) -> None:
    log.mode.write_text(mode)
    assert log.ask(RETRIEVE, {"entries": []})[0] == 503
    assert log.fetch("/v1.0.0/SHA256SUMS")


def test_server_redirects_away(log: Log) -> None:
    log.mode.write_text("redirect")
    status, _, place = log.ask(RETRIEVE, {"entries": []})
    assert status == 302
    assert place.startswith("https://elsewhere.")


def test_server_hangs(log: Log) -> None:
    log.mode.write_text("hang")
    with pytest.raises(TimeoutError):
        log.ask(RETRIEVE, {"entries": []}, timeout=0.3)


def test_server_never_ends(log: Log) -> None:
    log.mode.write_text("endless")
    assert len(log.ask(RETRIEVE, {"entries": []}, limit=3_000_000)[1]) == 3_000_000


@pytest.mark.parametrize("path", ["/../mode", "/v1.0.0/../../tls.key", "/nothing", "/v1.0.0", "/api/v1/log/entries/00"])
def test_server_gives_nothing_else(log: Log, path: str) -> None:
    assert log.ask(path)[0] == 404


@pytest.mark.parametrize("body", [[], {}, {"entries": 1}, {"entries": [1]}, {"entries": [None]}])
def test_server_refuses_what_is_no_search(log: Log, body: object) -> None:
    assert log.ask(RETRIEVE, body)[0] == 400
