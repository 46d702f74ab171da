# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verification costs, beside cosign and sigstore-python, and what the worst input costs: ./dev bench signatures.

Prints the tables of docs/benchmarks.md. Exit status 1 if a bound is missed. With 256 MiB: at most 1.2 times the
hashing, and faster than the others as a whole process. Always: 64 MiB, and a second for the worst input.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROUNDS = 5
MIB = 1024 * 1024
BIG = 10 * MIB
SIZES = (1, 256)
OVER_HASHING, RESIDENT, REFUSED_IN = 1.2, 64, 1.0
FORMS = ("bundle", "sidecars")
BLOCK = b"the bytes of a release, over and over again; hashing does not mind\n" * 1024
MODULE = """
import runpy, sys
from ansible.module_utils import basic
basic._ANSIBLE_ARGS = open(sys.argv[1], "rb").read()
basic._ANSIBLE_PROFILE = "legacy"
sys.argv = ["module"]
runpy.run_module("ansible_collections.prexorcloud.production.plugins.modules.cosign_verify", run_name="__main__")
"""


# -- in processes of their own, so that the one that measures stays small ------------------------------------------


def prepare(folder: Path) -> None:
    """Signs artifacts of each size: `MIB/{artifact,bundle.json,artifact.sig,artifact.crt,entry.json,NAME.args}`."""
    from ansible_collections.prexorcloud.production.tests.support.release_signer.world import IDENTITY, ISSUER, World

    world = World.make()
    for size in SIZES:
        place = folder / str(size)
        place.mkdir()
        content = (BLOCK * (size * MIB // len(BLOCK) + 1))[: size * MIB]
        signing = world.sign(content)
        signature, certificate = signing.sidecars()
        files = {
            "artifact": content,
            "bundle.json": signing.bundle(),
            "artifact.sig": signature,
            "artifact.crt": certificate,
            "entry.json": signing.answer(),
            "trusted_root.json": world.trust_root_json(),
        }
        for name, data in files.items():
            (place / name).write_bytes(data)
        common = {
            "path": str(place / "artifact"),
            "trust_root": str(place / "trusted_root.json"),
            "certificate_identity": IDENTITY,
            "certificate_oidc_issuer": ISSUER,
            "transparency_log": "offline",
        }
        sidecars = {"signature": "artifact.sig", "certificate": "artifact.crt", "log_entry": "entry.json"}
        inputs = {"bundle": {"bundle": "bundle.json"}, "sidecars": sidecars}
        for form, names in inputs.items():
            arguments = {**common, **{name: str(place / file) for name, file in names.items()}}
            (place / f"{form}.args").write_text(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))


def run_module_in_process(arguments: dict[str, Any]) -> None:
    """What the module does between reading its arguments and printing its result."""
    from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.options import POLICY_OPTIONS
    from ansible_collections.prexorcloud.production.plugins.modules import cosign_verify

    names = ("path", "digest", "signature", "certificate", "bundle", "log_entry", "predicate_type")
    defaults = {name: option.get("default") for name, option in POLICY_OPTIONS.items()}
    cosign_verify.run(SimpleNamespace(params={**dict.fromkeys(names), **defaults, **arguments}))  # type: ignore[arg-type]


def in_process(arguments: dict[str, Any]) -> None:
    """Prints the medians of hashing the artifact and of verifying it, in seconds, taken in turn; the peak in MiB."""
    import hashlib
    import resource

    def hashing() -> None:
        digest = hashlib.sha256()
        with open(arguments["path"], "rb", buffering=0) as stream:
            while block := stream.read(MIB):
                digest.update(block)

    def verification() -> None:
        run_module_in_process(arguments)

    verification()  # imports what it needs
    times: dict[str, list[float]] = {"hashing": [], "verification": []}
    for _round in range(ROUNDS):
        for work in (hashing, verification):
            times[work.__name__].append(seconds(work))
    found = {name: statistics.median(values) for name, values in times.items()}
    found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump(found, sys.stdout)


# -- the one that measures -----------------------------------------------------------------------------------------


def seconds(work: Callable[[], object]) -> float:
    """Wall time of a call."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


@dataclass(frozen=True)
class Cost:
    """Median wall time in seconds, and the highest peak of resident memory in MiB, of a whole process."""

    wall: float
    peak: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} s, {self.peak:.0f} MiB"


def whole_process(command: Sequence[str], environment: dict[str, str], home: Path) -> Cost:
    """Runs a command several times. Raises CalledProcessError if it fails once: then there is nothing to compare."""
    walls, peaks = [], []
    for _round in range(ROUNDS):
        begun = time.perf_counter()
        with (home / "output").open("wb") as output:
            process = subprocess.Popen(command, env=environment, cwd=home, stdout=output, stderr=output)
            _pid, status, usage = os.wait4(process.pid, 0)
        walls.append(time.perf_counter() - begun)
        peaks.append(usage.ru_maxrss / 1024)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.stderr.write((home / "output").read_text(errors="replace"))
            raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(statistics.median(walls), max(peaks))


def commands(place: Path, form: str, programs: Path) -> dict[str, list[str]]:
    """How each verifier is started for an artifact; none of them asks anybody."""
    arguments = json.loads((place / f"{form}.args").read_text())["ANSIBLE_MODULE_ARGS"]
    identity, issuer = arguments["certificate_identity"], arguments["certificate_oidc_issuer"]
    root, artifact, bundle = arguments["trust_root"], arguments["path"], str(place / "bundle.json")
    found = {"cosign_verify": [sys.executable, "-c", MODULE, str(place / f"{form}.args")]}
    if form == "bundle":
        who = [f"--certificate-identity={identity}", f"--certificate-oidc-issuer={issuer}"]
        trust = [f"--bundle={bundle}", "--new-bundle-format", f"--trusted-root={root}"]
        python = Path(__file__).resolve().with_name("sigstore_python.py")
        cosign = str(programs / "cosign-3.1.1/usr/bin/cosign")
        found["cosign 3.1.1"] = [cosign, "verify-blob", *trust, *who, artifact]
        client = os.environ["SIGSTORE_PYTHON"]
        found["sigstore-python 4.5.1"] = [client, "-I", str(python), root, bundle, identity, issuer, artifact]
    return found


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table of the page."""
    lines = [head, ["---"] * len(head), *rows]
    sys.stdout.write("\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n\n")


def compare_processes(folder: Path, programs: Path) -> list[str]:
    """Whole processes side by side."""
    rows, faults = [], []
    # Modules find what they import as Ansible lays it out; the others get nothing of our environment.
    own = {"PYTHONPATH": os.environ["PYTHONPATH"], "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    for size in SIZES:
        for form in FORMS:
            costs = {
                name: whole_process(command, own if name == "cosign_verify" else {"HOME": str(folder)}, folder)
                for name, command in commands(folder / str(size), form, programs).items()
            }
            ours = costs["cosign_verify"]
            for name, cost in costs.items():
                rows.append((f"{size} MiB, {form}", name, f"{cost.wall:.2f} s", f"{cost.peak:.0f} MiB"))
                if size == max(SIZES) and name != "cosign_verify" and cost.wall <= ours.wall:
                    faults.append(
                        f"{size} MiB, {form}: {name} takes {cost.wall:.2f} s, cosign_verify {ours.wall:.2f} s"
                    )
    table(("Whole process", "Verifier", "Time", "Peak"), rows)
    return faults


def compare_hashing(folder: Path) -> list[str]:
    """Verification in process beside the hashing, which nobody gets around."""
    rows, faults = [], []
    for size in SIZES:
        for form in FORMS:
            command = [sys.executable, __file__, "in-process", str(folder / str(size) / f"{form}.args")]
            found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            hashing, verification, peak = found["hashing"], found["verification"], found["peak"]
            times = (f"{hashing * 1000:.1f} ms", f"{verification * 1000:.1f} ms")
            rows.append((f"{size} MiB, {form}", *times, f"{verification / hashing:.2f}", f"{peak:.0f} MiB"))
            # Beside a small artifact the signatures themselves weigh more than the hashing.
            if size == max(SIZES) and verification > OVER_HASHING * hashing:
                faults.append(f"{size} MiB, {form}: {verification / hashing:.2f} times the hashing")
            if peak > RESIDENT:
                faults.append(f"{size} MiB, {form}: {peak:.0f} MiB resident")
    table(("In process", "Hashing", "Verification", "Ratio", "Peak"), rows)
    return faults


def worst_documents() -> dict[str, tuple[Callable[[bytes], object], bytes]]:
    """Input that is made to cost much, by name, with what reads it."""
    from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import (
        bundle,
        der,
        formats,
        rekor,
        strict_json,
        timestamp,
    )

    def read_bundle(document: bytes) -> object:
        return formats.read_bundle(document, "0.1")

    def read_json(document: bytes) -> object:
        return strict_json.load_value(document, "it", BIG)

    def walk(document: bytes) -> object:
        return der.read(document, "it").children()

    def members(count: int) -> bytes:
        return b"{" + b",".join(b'"%07d":0' % number for number in range(count)) + b"}"

    entry = b'{"%064x":{"body":"e30=","integratedTime":1,"logID":"","logIndex":1}}'
    entries = [entry % number for number in range(100_000)]
    some = entries[: rekor.MAX_ANSWER // (len(entries[0]) + 1) - 1]
    cap, elements = bundle.MAX_BUNDLE, timestamp.TOKEN_LIMIT // 2 - 2
    lists = strict_json.MAX_CONTAINERS - 2
    return {
        "a bundle of 10 MiB": (read_bundle, b'{"mediaType":"' + b"a" * BIG + b'"}'),
        "a bundle of 10 MiB, all members": (read_bundle, members(BIG // 12)),
        "a bundle of the largest size, all lists": (read_bundle, b'{"mediaType":[' + b"[]," * (cap // 3 - 9) + b"[]]}"),
        "a bundle of the largest size, all members": (read_bundle, members(cap // 12)),
        "a bundle of the largest size, all closing brackets": (read_bundle, b"]" * cap),
        "a bundle with as many lists as are read": (read_bundle, b'{"mediaType":[' + b"[]," * lists + b"0]}"),
        "a bundle with a number of 3,000,000 digits": (read_bundle, b'{"mediaType":' + b"9" * 3_000_000 + b"}"),
        "JSON of 100,000 levels": (read_json, b'{"a":' * 100_000 + b"0" + b"}" * 100_000),
        "JSON of 1,000,000 levels": (read_json, b"[" * 1_000_000 + b"]" * 1_000_000),
        "an answer of 100,000 entries": (rekor.parse_entries, b"[" + b",".join(entries) + b"]"),
        "an answer of the largest size, all entries": (rekor.parse_entries, b"[" + b",".join(some) + b"]"),
        "DER of the largest size, all empty": (
            walk,
            b"\x30\x82" + (2 * elements).to_bytes(2, "big") + b"\x30\0" * elements,
        ),
    }


def worst_inputs() -> dict[str, Callable[[], object]]:
    """The documents, read, and patterns that are slow elsewhere, searched."""
    from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import pattern

    subject = "a" * (pattern.MAX_SUBJECT - 1) + "!"
    patterns = ("(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*a){20}$", "(?:a?){50}a{50}$", "a{1000}a{1000}$", ".*.*.*.*=.*$")

    def search(text: str) -> object:
        return pattern.compile_pattern(text).search(subject)

    many = {
        "`.*a` 240 times": ".*a" * 240 + "!",
        "250 sets and none": "".join(f"[^{chr(200 + n)}]?" for n in range(250)) + "!!",
    }
    found = {name: partial(read, document) for name, (read, document) in worst_documents().items()}
    # A bar would end the cell of the table.
    found.update({f"the pattern {name}": partial(search, text) for name, text in many.items()})
    return {**found, **{f"the pattern `{text}`".replace("|", "\\|"): partial(search, text) for text in patterns}}


def measure_worst() -> list[str]:
    """Each of the worst inputs, refused (or for patterns: answered) within the bound."""
    from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused

    rows, faults = [], []
    for name, work in worst_inputs().items():
        begun = time.perf_counter()
        try:
            outcome = "read" if work() else "no match"
        except Refused as refused:
            outcome = refused.reason
        except PolicyError:
            outcome = "not supported"
        took = time.perf_counter() - begun
        rows.append((name, f"{took * 1000:.0f} ms", outcome))
        if took >= REFUSED_IN:
            faults.append(f"{name}: {took:.2f} s")
    table(("Worst input", "Time", "Outcome"), rows)
    return faults


def main() -> int:
    """Measure and print; the exit status says whether the bounds hold."""
    if sys.argv[1:2] == ["prepare"]:
        prepare(Path(sys.argv[2]))
        return 0
    if sys.argv[1:2] == ["in-process"]:
        in_process(json.loads(Path(sys.argv[2]).read_text())["ANSIBLE_MODULE_ARGS"])
        return 0
    programs = Path(os.environ["SIGSTORE_VERIFIERS"])
    with tempfile.TemporaryDirectory(prefix="signatures-") as place:
        subprocess.run([sys.executable, __file__, "prepare", place], check=True)
        sys.stdout.write(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, median of {ROUNDS}\n\n")
        faults = compare_hashing(Path(place)) + compare_processes(Path(place), programs)
    faults += measure_worst()
    sys.stdout.writelines(f"MISSED {fault}\n" for fault in faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
