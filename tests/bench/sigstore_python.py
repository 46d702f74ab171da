# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One verification by sigstore-python with a trust root from a file: what its command line does, without its arguments.

Usage: sigstore_python.py ROOT BUNDLE IDENTITY ISSUER ARTIFACT
"""

from __future__ import annotations

import sys
from pathlib import Path

from sigstore._utils import sha256_digest
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier, policy


def main() -> None:
    """Verify, or raise."""
    root, bundle, identity, issuer, artifact = sys.argv[1:]
    verifier = Verifier(trusted_root=TrustedRoot.from_file(root))
    with Path(artifact).open("rb") as stream:
        hashed = sha256_digest(stream)
    wanted = policy.Identity(identity=identity, issuer=issuer)
    verifier.verify_artifact(hashed, Bundle.from_json(Path(bundle).read_bytes()), wanted)


if __name__ == "__main__":
    main()
