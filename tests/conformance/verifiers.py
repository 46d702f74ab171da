# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How each verifier is asked for its verdict about a case, and what none of them can be asked."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.options import POLICY_OPTIONS
from ansible_collections.prexorcloud.production.plugins.modules import cosign_verify

ACCEPTS, REFUSES, UNABLE = "accepts", "refuses", "n/a"
OK, POLICY = "ok", "policy_error"
SECONDS = 60
# Set to anything, it makes the run print what the verifiers said; by --verbose.
VERBOSE = "CONFORMANCE_VERBOSE"
# cosign's flags are the module's options but for the dashes.
IDENTITY = (
    "certificate_identity",
    "certificate_identity_regexp",
    "certificate_oidc_issuer",
    "certificate_oidc_issuer_regexp",
)
OWN_OPTIONS = ("path", "digest", "signature", "certificate", "bundle", "log_entry", "predicate_type")
Options = Mapping[str, Any]


@dataclass(frozen=True)
class Job:
    """A case as files in a folder. `options` are the module's, with whole paths; `form` is the flow (sigstore.md 2)."""

    name: str
    form: str
    artifact: Path
    options: Options
    expected: str

    def features(self) -> set[str]:
        """What a verifier has to know to judge it."""
        found = {self.form} | {name for name in ("predicate_type", "digest") if name in self.options}
        keys = self.options.get("public_keys", [])
        material = self.material()
        conditions = {
            "no entry": self.form == "sidecars" and "log_entry" not in self.options,
            "key": bool(keys),
            "several keys": len(keys) > 1 or any(_blocks(Path(path)) > 1 for path in keys),
            "regexp": any(name.endswith("_regexp") for name in self.options),
            "key window": bool({"key_valid_from", "key_valid_until"} & set(self.options)),
            "PSS": self.options.get("rsa_padding", "pkcs1v15") != "pkcs1v15",
            "minimum version": self.options.get("min_bundle_version", "0.1") != "0.1",
            "ignored log": self.options.get("transparency_log") == "ignore",
            "tiled log": b'"hashedrekord"' in material and b'"0.0.2"' in material,
            "word": self.options.get("transparency_log") not in ("offline", "ignore"),
        }
        return found | {name for name, holds in conditions.items() if holds}

    def material(self) -> bytes:
        """The bundle, if there is one."""
        return Path(self.options["bundle"]).read_bytes() if "bundle" in self.options else b""


def _blocks(path: Path) -> int:
    return path.read_bytes().count(b"-----BEGIN ")


def ours(job: Job) -> str:
    """The module's own verdict: "ok", a reason code, or "policy_error"."""
    defaults = {name: option.get("default") for name, option in POLICY_OPTIONS.items()}
    params = {**dict.fromkeys(OWN_OPTIONS), **defaults, **job.options}
    try:
        cosign_verify.run(SimpleNamespace(params=params))  # type: ignore[arg-type]
    except Refused as refused:
        return refused.reason
    except PolicyError:
        return POLICY
    return OK


class _Log(BaseHTTPRequestHandler):
    """A log that gives the saved answer to whoever asks: cosign takes entries for sidecars from nowhere else."""

    answer = b"[]"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_arguments: object) -> None:
        """Nothing: the table is the log."""


@contextlib.contextmanager
def log_with(answer: bytes) -> Iterator[str]:
    """Address of a log on the loopback interface with this answer, until the block ends."""
    handler = type("Answering", (_Log,), {"answer": answer})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def _accepts(command: Sequence[str], home: Path, anchors: Mapping[str, str] | None = None) -> str:
    """A program's verdict by its exit status. Nothing of our environment goes along: it could replace its anchors."""
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "TUF_ROOT": str(home / "tuf"), **(anchors or {})}
    done = subprocess.run(command, env=environment, cwd=home, capture_output=True, check=False, timeout=SECONDS)
    if os.environ.get(VERBOSE):
        sys.stderr.write(f"{command[0]} {command[-1]}: {done.stderr.decode(errors='replace')[-400:].strip()}\n")
    return REFUSES if done.returncode else ACCEPTS


def anchors_of(trust_root: Path) -> dict[str, str]:
    """The trust root in the form in which cosign takes it for its older formats: PEM files, without any window."""
    root = json.loads(trust_root.read_bytes())
    keys = [log["publicKey"] for log in root["tlogs"] if "ED25519" not in log["publicKey"]["keyDetails"]]
    chains = [one["certChain"]["certificates"] for one in root["certificateAuthorities"]]
    pems = {
        "SIGSTORE_REKOR_PUBLIC_KEY": [_pem(key["rawBytes"], "PUBLIC KEY") for key in keys[:1]],
        "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE": [_pem(log["publicKey"]["rawBytes"], "PUBLIC KEY") for log in root["ctlogs"]],
        "SIGSTORE_ROOT_FILE": [_pem(one["rawBytes"], "CERTIFICATE") for chain in chains for one in chain],
    }
    for name, blocks in pems.items():
        (trust_root.parent / name).write_text("".join(blocks), encoding="ascii")
    return {name: str(trust_root.parent / name) for name in pems}


def _pem(base64: str, kind: str) -> str:
    lines = "\n".join(base64[start : start + 64] for start in range(0, len(base64), 64))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n"


def cosign(program: Path, job: Job, home: Path) -> str:
    """cosign verify-blob, or verify-blob-attestation if an attestation is wanted."""
    options = job.options
    wanted = options.get("predicate_type")
    command = [str(program), *(["verify-blob"] if wanted is None else ["verify-blob-attestation", f"--type={wanted}"])]
    command += [f"--{name.replace('_', '-')}={options[name]}" for name in IDENTITY if name in options]
    command += [f"--key={path}" for path in options.get("public_keys", [])]
    anchors: dict[str, str] = {}
    if job.form == "bundle":
        command += ["--new-bundle-format=true", f"--trusted-root={options['trust_root']}"]
    else:
        command += ["--new-bundle-format=false"]
        anchors = anchors_of(Path(options["trust_root"]))
    if b"rfc3161Timestamps" in job.material() and b"inclusionPromise" not in job.material():
        # With this option it demands a token even beside a promise.
        command.append("--use-signed-timestamps")
    command += [f"--{name}={options[name]}" for name in ("bundle", "signature", "certificate") if name in options]
    if options.get("transparency_log") == "ignore":
        command.append("--insecure-ignore-tlog")
    if "log_entry" not in options:
        return _accepts([*command, "--offline", str(job.artifact)], home, anchors)
    with log_with(Path(options["log_entry"]).read_bytes()) as address:
        return _accepts([*command, f"--rekor-url={address}", str(job.artifact)], home, anchors)


def sigstore_go(program: Path, job: Job, home: Path) -> str:
    """The example verifier of sigstore-go."""
    options = job.options
    names = {
        "certificate_identity": "expectedSAN",
        "certificate_identity_regexp": "expectedSANRegex",
        "certificate_oidc_issuer": "expectedIssuer",
        "certificate_oidc_issuer_regexp": "expectedIssuerRegex",
        "trust_root": "trustedrootJSONpath",
        "min_bundle_version": "minBundleVersion",
    }
    command = [str(program), *(f"-{flag}={options[name]}" for name, flag in names.items() if name in options)]
    command += [
        flag for path in options.get("public_keys", []) for flag in (f"-publicKey={path}", "-requireCTlog=false")
    ]
    digest = options.get("digest")
    command.append(
        f"-artifact={job.artifact}" if digest is None else f"-artifact-digest={digest.removeprefix('sha256:')}"
    )
    return _accepts([*command, str(options["bundle"])], home)


def sigstore_python(jobs: Sequence[Job]) -> dict[str, str]:
    """Verdicts of sigstore-python by case, all in one process of its own environment; "tokens NAME" are its tokens'."""
    work = [{"name": job.name, "artifact": str(job.artifact), "options": dict(job.options)} for job in jobs]
    client = Path(__file__).resolve().with_name("python_client.py")
    # PYTHONPATH has the collection, and nothing that this environment must not see.
    done = subprocess.run(
        [os.environ["SIGSTORE_PYTHON"], "-I", str(client)],
        input=json.dumps(work).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=SECONDS * 10,
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


@dataclass(frozen=True)
class Verifier:
    """Another verifier. `unable` says by feature why it cannot be asked; `ask` is None for sigstore-python's batch."""

    name: str
    unable: Mapping[str, str]
    ask: Callable[[Job, Path], str] | None = None

    def hindrance(self, job: Job) -> str | None:
        """The feature of the case that it does not have."""
        return next((feature for feature in sorted(job.features()) if feature in self.unable), None)


_WORD = {"word": "the option is the module's own"}
_COSIGN_LACKS = {
    **_WORD,
    "digest": "it takes the file",
    "several keys": "it takes one key",
    "key window": "no such option",
    "PSS": "no such option",
    "minimum version": "no such option",
}
_GO_LACKS = {
    **_WORD,
    "ignored log": "it demands a witness of the time",
    "old-bundle": "it reads Sigstore bundles only",
    "sidecars": "it reads Sigstore bundles only",
    "several keys": "it takes one key",
    "key window": "no such option",
    "PSS": "no such option",
    "predicate_type": "it verifies a statement, and prints what it says",
}
_PYTHON_LACKS = {
    **_WORD,
    "ignored log": "no such option",
    "old-bundle": "it reads Sigstore bundles only",
    "key": "it has no verification with keys",
    "regexp": "it compares exactly",
    "no entry": "it asks the log, which is out of reach",
    "minimum version": "no such option",
}


def verifiers(folder: Path) -> tuple[Verifier, ...]:
    """All of them, their programs being below the folder."""
    programs = {name: folder / name / "usr/bin" for name in ("cosign-2.5.0", "cosign-3.1.1", "sigstore-go-1.3.0")}

    def cosign_at(name: str) -> Callable[[Job, Path], str]:
        return lambda job, home: cosign(programs[name] / "cosign", job, home)

    def go(job: Job, home: Path) -> str:
        return sigstore_go(programs["sigstore-go-1.3.0"] / "sigstore-go-verification", job, home)

    return (
        Verifier("python 4.5.1", _PYTHON_LACKS),
        Verifier("cosign 2.5.0", {**_COSIGN_LACKS, "tiled log": "it is older"}, cosign_at("cosign-2.5.0")),
        Verifier("cosign 3.1.1", _COSIGN_LACKS, cosign_at("cosign-3.1.1")),
        Verifier("go 1.3.0", _GO_LACKS, go),
    )
