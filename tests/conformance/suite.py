# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's verdicts about Sigstore's own conformance suite, whose layout its README describes.

A case is a folder whose name says by `_fail` at its end that it has to be refused.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.formats import read_bundle
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import Envelope
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.public_good import TRUSTED_ROOT
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.strict_json import load

from .verifiers import OK, Job, ours

IDENTITY = (
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/"
    "extremely-dangerous-oidc-beacon.yml@refs/heads/main"
)
ISSUER = "https://token.actions.githubusercontent.com"
FAILS = "_fail"


def predicate_of(document: bytes) -> str | None:
    """What the statement in a bundle says it is: the suite does not ask for a certain one, the module has to."""
    try:
        content = read_bundle(document, "0.1").content
        if isinstance(content, Envelope):
            return load(content.payload, "the statement", len(content.payload)).optional_text("predicateType")
    except Refused:
        pass
    return None


def read(folder: Path, own_root: Path) -> Job:
    """A case."""

    def text(name: str, default: str) -> str:
        place = folder / name
        return place.read_text(encoding="utf-8").strip() if place.exists() else default

    bundle, root = folder / "bundle.sigstore.json", folder / "trusted_root.json"
    options: dict[str, object] = {
        "bundle": str(bundle),
        "trust_root": str(root if root.exists() else own_root),
        "transparency_log": "offline",
        "predicate_type": predicate_of(bundle.read_bytes()),
    }
    if (folder / "key.pub").exists():
        options["public_keys"] = [str(folder / "key.pub")]
    else:
        options["certificate_identity"] = text("identity", IDENTITY)
        options["certificate_oidc_issuer"] = text("issuer", ISSUER)
    artifact = folder / "artifact"
    if not artifact.exists():
        artifact = folder.parent / "a.txt"
    options["path"] = str(artifact)
    return Job(folder.name, "bundle", artifact, options, "refused" if folder.name.endswith(FAILS) else OK)


def judged(place: Path) -> Iterator[tuple[Job, str]]:
    """Every case with the module's verdict."""
    with tempfile.NamedTemporaryFile() as root:
        root.write(TRUSTED_ROOT)
        root.flush()
        for folder in sorted(path for path in place.iterdir() if path.is_dir()):
            job = read(folder, Path(root.name))
            yield job, ours(job)


def run(place: Path) -> list[str]:
    """Prints the verdicts, and gives back what is wrong."""
    faults = []
    good = 0
    for job, verdict in judged(place):
        agrees = (verdict == OK) == (job.expected == OK)
        good += agrees and job.expected == OK
        sys.stdout.write(f"{job.name:<60}  {verdict}{'' if agrees else ' !'}\n")
        if not agrees:
            faults.append(f"{job.name}: the module says {verdict}, the suite {job.expected}")
    sys.stdout.write(f"{good} good cases of the suite are accepted\n")
    return faults
