# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every case of the test signer's corpus, judged by the module and by other verifiers: ./dev conformance [CASE...].

Fails if the module does not give the verdict of the corpus, or if somebody disagrees with it in a way that
differences.yml does not explain. With --suite FOLDER also the module's verdicts about the cases of Sigstore's own
conformance suite (its test/assets/bundle-verify), which has to be there already.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import fnmatch
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.bundle import parse_bundle
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.timestamp import verify_token
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.trust_root import parse_trust_root
from ansible_collections.prexorcloud.production.tests.support.release_signer import corpus

from . import suite
from .verifiers import ACCEPTS, OK, REFUSES, UNABLE, VERBOSE, Job, Verifier, ours, sigstore_python, verifiers

HERE = Path(__file__).resolve().parent
TOKENS = "rfc3161-client"


@dataclass
class Difference:
    """A disagreement that is meant: which verifiers say `verdict` about which cases, and why the module does not.

    `by_chance`: what the test signer makes differs from run to run, and with it this verdict.
    """

    verifiers: list[str]
    cases: list[str]
    verdict: str
    reason: str
    by_chance: bool = False
    uses: int = 0

    def explains(self, verifier: str, case: str, verdict: str) -> bool:
        """True if it is about this; counts that it was needed."""
        matches = (
            verdict == self.verdict
            and any(fnmatch.fnmatchcase(verifier, pattern) for pattern in self.verifiers)
            and any(fnmatch.fnmatchcase(case, pattern) for pattern in self.cases)
        )
        self.uses += matches
        return matches


@dataclass
class Table:
    """The verdicts, and what is wrong with them."""

    differences: list[Difference]
    lines: list[list[str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    compared: int = 0

    def cell(self, verifier: str, case: str, theirs: str, wanted: str) -> str:
        """A verdict as the table shows it: "*" for an explained disagreement, "!" for another one."""
        if theirs.startswith(UNABLE):
            return theirs
        self.compared += 1
        if theirs == wanted:
            return theirs
        if any(difference.explains(verifier, case, theirs) for difference in self.differences):
            return f"{theirs} *"
        self.faults.append(f"{case}: {verifier} {theirs} it, and differences.yml does not say why")
        return f"{theirs} !"

    def write(self) -> None:
        """Prints it."""
        widths = [max(len(line[column]) for line in self.lines) for column in range(len(self.lines[0]))]
        for line in self.lines:
            cells = (cell.ljust(width) for cell, width in zip(line, widths))
            sys.stdout.write("  ".join(cells).rstrip() + "\n")


def jobs_of_corpus(folder: Path, patterns: Sequence[str]) -> Iterator[Job]:
    """The cases, written below the folder; those that match a pattern if there are any."""
    for case in corpus.build():
        if not patterns or any(fnmatch.fnmatchcase(case.name, pattern) for pattern in patterns):
            place = folder / case.name
            yield Job(case.name, case.format, place / "artifact", case.write(place), case.expected)


def our_token_verdict(job: Job) -> str:
    """Whether one of the bundle's time stamp tokens verifies."""
    root = parse_trust_root(Path(job.options["trust_root"]).read_bytes())
    signed = parse_bundle(Path(job.options["bundle"]).read_bytes())
    for token in signed.timestamps:
        try:
            verify_token(token, signed.content.signature, root.timestamp_authorities)
            return ACCEPTS
        except Refused:
            continue
    return REFUSES


def verdicts_of(verifier: Verifier, jobs: Sequence[Job], python: dict[str, str], home: Path) -> list[str]:
    """One verifier's verdict about every case, or the feature that it does not have."""

    def one(job: Job) -> str:
        hindrance = verifier.hindrance(job)
        if hindrance is not None:
            return f"{UNABLE} ({hindrance})"
        return python[job.name] if verifier.ask is None else verifier.ask(job, home)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(one, jobs))


def compare(patterns: Sequence[str], folder: Path, others: Sequence[Verifier], table: Table) -> None:
    """Fills the table."""
    jobs = list(jobs_of_corpus(folder, patterns))
    (folder / ".home").mkdir()
    askable = [job for job in jobs if others[0].hindrance(job) is None]
    python = sigstore_python(askable)
    columns = [verdicts_of(verifier, jobs, python, folder / ".home") for verifier in others]
    table.lines.append(["case", "module", *(verifier.name for verifier in others), TOKENS])
    for job, *theirs in zip(jobs, *columns):
        found = ours(job)
        table.compared += 1
        if found != job.expected:
            table.faults.append(f"{job.name}: the module says {found}, the corpus {job.expected}")
        wanted = ACCEPTS if job.expected == OK else REFUSES
        cells = [table.cell(verifier.name, job.name, cell, wanted) for verifier, cell in zip(others, theirs)]
        token = python.get(f"tokens {job.name}")
        try:
            cells.append("" if token is None else table.cell(TOKENS, job.name, token, our_token_verdict(job)))
        except Refused:
            cells.append("")  # the bundle or the root is refused before any token is read
        table.lines.append([job.name, found, *cells])
    explain(python)


def explain(python: dict[str, str]) -> None:
    """What sigstore-python said, for who looks into a disagreement."""
    if os.environ.get(VERBOSE):
        json.dump({name: text for name, text in python.items() if name.startswith("why ")}, sys.stderr, indent=1)


def compare_images(folder: Path) -> list[str]:
    """The same for images, on a registry of this machine; they have a table of their own."""
    registry = folder / "docker-registry/usr/bin/docker-registry"
    cosigns = [f"--cosign={name}={folder / name / 'usr/bin/cosign'}" for name in ("cosign-2.5.0", "cosign-3.1.1")]
    command = [sys.executable, str(HERE / "images.py"), f"--registry-binary={registry}", *cosigns]
    sys.stdout.flush()
    return ["images: see its table"] if subprocess.run(command, check=False).returncode else []


def main() -> int:
    """Compare and print; the exit status is 1 if something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite", type=Path, help="folder with the cases of Sigstore's conformance suite")
    parser.add_argument("--verbose", action="store_true", help="also what the verifiers print, on standard error")
    parser.add_argument("cases", nargs="*")
    arguments = parser.parse_args()
    if arguments.verbose:
        os.environ[VERBOSE] = "yes"
    folder = Path(os.environ["SIGSTORE_VERIFIERS"])
    texts = yaml.safe_load((HERE / "differences.yml").read_text(encoding="utf-8"))
    table = Table([Difference(**text) for about in texts.values() for text in about])
    with tempfile.TemporaryDirectory(prefix="conformance-") as place:
        compare(arguments.cases, Path(place), verifiers(folder), table)
    table.write()
    if not arguments.cases:
        unused = [difference for difference in table.differences if not (difference.uses or difference.by_chance)]
        table.faults += [f"differences.yml: nobody differs any more: {one.verifiers} {one.cases}" for one in unused]
        table.faults += compare_images(folder)
    if arguments.suite:
        table.faults += suite.run(arguments.suite)
    for fault in table.faults:
        sys.stdout.write(f"WRONG {fault}\n")
    sys.stdout.write(f"{table.compared} verdicts\n{int(not table.faults)} passed, {len(table.faults)} failed\n")
    return 1 if table.faults else 0


if __name__ == "__main__":
    sys.exit(main())
