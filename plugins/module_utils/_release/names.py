# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What upstream releases: names, the signed list that names each artifact, and who signs that list.

Source: upstream's release workflows, as written down in signing.md 1 and 2. File names carry no leading "v".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ISSUER = "https://token.actions.githubusercontent.com"
# GitHub spells the owner in its own way, so letters of the identity are compared without their case (signing.md 2).
_IDENTITY = r"(?i)^https://github\.com/prexorjustin/prexorcloud/\.github/workflows/{workflow}\.yml@{ref}$"
_REF = re.compile(r"refs/(?:tags|heads)/[A-Za-z0-9][A-Za-z0-9._/+-]*\Z", re.ASCII)
_VERSION = re.compile(r"[0-9][A-Za-z0-9._+-]*\Z", re.ASCII)


@dataclass(frozen=True)
class SignedList:
    """A list of digests with its sidecars. `workflow` is the one that signs it."""

    name: str
    certificate: str
    workflow: str

    @property
    def signature(self) -> str:
        """Name of the signature beside the list."""
        return f"{self.name}.sig"

    @property
    def bundle(self) -> str:
        """Name of the bundle beside the list that proves it without a network. Ours: upstream publishes none."""
        return f"{self.name}.sigstore.json"


SUMS = SignedList("SHA256SUMS", "SHA256SUMS.crt", "release-jars")
# The archives of the command line tool have a list of their own, whose certificate has another extension.
CHECKSUMS = SignedList("checksums.txt", "checksums.txt.pem", "release")

# Artifact as callers name it -> name of its file, and the list that names it.
ARTIFACTS: dict[str, tuple[str, SignedList]] = {
    "controller": ("cloud-controller-{version}.jar", SUMS),
    "daemon": ("cloud-daemon-{version}.jar", SUMS),
    "dashboard": ("dashboard-static-{version}.tar.gz", SUMS),
    "cli_amd64": ("prexorctl_{version}_linux_amd64.tar.gz", CHECKSUMS),
    "cli_arm64": ("prexorctl_{version}_linux_arm64.tar.gz", CHECKSUMS),
}


def artifact_name(artifact: str, version: str) -> str:
    """Name of an artifact's file, for example cloud-daemon-1.0.0.jar.

    artifact: a key of ARTIFACTS. Raises ValueError if the version could not be a part of a file name.
    """
    if not _VERSION.match(version):
        raise ValueError(f"{version!r} is no version; write it like 1.0.0, without a leading v")
    return ARTIFACTS[artifact][0].format(version=version)


def identity_pattern(workflow: str, ref: str) -> str:
    """The pattern that the signer's identity has to match: upstream's repository, this workflow, run from this ref.

    workflow: name of the file without .yml; ref: for example refs/tags/v1.0.0 (signing.md 2: a pattern that accepts
    every ref accepts every older release). Raises ValueError if the ref is none.
    """
    if not _REF.match(ref):
        raise ValueError(f"{ref!r} is no git ref; write it like refs/tags/v1.0.0 or refs/heads/main")
    return _IDENTITY.format(workflow=re.escape(workflow), ref=re.escape(ref))
