# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the public-good trust root as Python data: `./dev trust-root` runs this where sigstore-python is installed.

Usage: public_root.py FILE. The root comes from a TUF refresh, else it is the one that sigstore-python ships. FILE stays
as it is if it holds that root from that origin already: its date says when the root was first had.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path

WIDTH = 100
HEAD = '''\
# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trust root of Sigstore's public-good instance, as it was on a day. Made by `./dev trust-root`, not by hand."""

from __future__ import annotations

'''


def current_root() -> tuple[bytes, str]:
    """The production root and a sentence on where it is from: TUF if it answers, else sigstore-python's own copy."""
    from sigstore import __version__
    from sigstore._internal.tuf import DEFAULT_TUF_URL, TrustUpdater
    from sigstore._utils import read_embedded
    from sigstore.errors import TUFError

    with tempfile.TemporaryDirectory() as folder:
        # The refresh starts from what the package ships, not from what is left in the user's folders.
        os.environ.update(XDG_DATA_HOME=folder, XDG_CACHE_HOME=folder)
        try:
            path = TrustUpdater(DEFAULT_TUF_URL).get_trusted_root_path()
            return Path(path).read_bytes(), "Sigstore's production repository, by a TUF refresh"
        except TUFError as error:
            sys.stderr.write(f"no TUF refresh ({error}), so this is the root that sigstore-python ships\n")
    return read_embedded("trusted_root.json", DEFAULT_TUF_URL), f"the copy that sigstore-python {__version__} ships"


def newest_start(document: bytes) -> str:
    """The day from which the newest of the root's keys and authorities counts: what says how old a root is."""
    root = json.loads(document)
    parts = [part for value in root.values() if isinstance(value, list) for part in value]
    return max(str((part.get("publicKey") or part)["validFor"]["start"])[:10] for part in parts)


def literals(document: bytes) -> str:
    """The bytes as literals of at most WIDTH bytes, one or more for each line of the document."""
    lines = document.splitlines(keepends=True)
    pieces = [line[start : start + WIDTH] for line in lines for start in range(0, len(line), WIDTH)]
    # In the quotes that the formatter of this checkout wants.
    quoted = [repr(piece) if b'"' in piece else f'b"{repr(piece)[2:-1]}"' for piece in pieces]
    return "".join(f"    {piece}\n" for piece in quoted)


def main() -> None:
    """Write the module."""
    target = Path(sys.argv[1])
    document, origin = current_root()
    data = (
        f"ORIGIN = {json.dumps(origin)}\n"
        f"# The newest key or authority in it counts from this day on.\n"
        f"NEWEST = {json.dumps(newest_start(document))}\n"
        f"SHA256 = {json.dumps(hashlib.sha256(document).hexdigest())}\n"
        f"TRUSTED_ROOT = (\n{literals(document)})\n"
    )
    if target.is_file() and target.read_text(encoding="utf-8").endswith(data):
        sys.stdout.write(f"{target} holds the root of {origin} already\n")
        return
    today = datetime.datetime.now(tz=datetime.timezone.utc).date().isoformat()
    target.write_text(f"{HEAD}RETRIEVED = {json.dumps(today)}\n{data}", encoding="utf-8")
    sys.stdout.write(f"{target}: {len(document)} bytes, from {origin}\n")


if __name__ == "__main__":
    main()
