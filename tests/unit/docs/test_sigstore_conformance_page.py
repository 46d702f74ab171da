# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/sigstore-conformance.md says what differences.yml says. Run as a program, this file writes the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "tests" / "conformance" / "differences.yml"
PAGE = ROOT / "docs" / "sigstore-conformance.md"
EVERYBODY = "all others"
HEAD = """\
# Verdicts beside those of other verifiers

<!-- Made from differences.yml by: .venv/bin/python tests/unit/docs/test_sigstore_conformance_page.py -->

`./dev conformance` signs with the test signer (`tests/support/release_signer`), which knows every good case and every
attack of the specification, and asks others about each of its files what `cosign_verify` is asked:

| Verifier | From | Judges |
|---|---|---|
| sigstore-python 4.5.1 | PyPI, pinned | bundles, and sidecars with a saved answer of the log; no keys, no patterns |
| cosign 2.5.0 and 3.1.1 | Debian's packages, pinned by digest | every format; 2.5.0 knows no tiled log |
| sigstore-go 1.3.0 | Debian's package, pinned by digest | bundles |
| rfc3161-client 1.0.9 | PyPI, pinned | the time stamp tokens alone |

What one of them cannot be asked is `n/a` in the table, with what it lacks. Sidecars reach cosign with a log on the
loopback interface that gives the saved answer, and its older formats take the trust root as PEM files, so without
windows. Images have a table of their own: both cosigns sign and verify on a registry of the machine. `--verbose` prints
what the others say.

`./dev conformance --suite FOLDER` also judges Sigstore's own conformance suite (its folder `test/assets/bundle-verify`,
which is not part of this collection). On 2026-11-24, at its commit a73de49, all 70 verdicts were the suite's: 21 good
cases accepted, 49 bad ones refused.

A pinned package that has left Debian's pool stops the run with that message; pin its successor in
`.config/dev/sigstore.sh`.

## Where they disagree

Each line is a disagreement that is meant; any other one fails the run, and so does a line that nobody needs any more.
Numbers are sections of the specification, ids are of published advisories, and "all others" are all that can be asked.
"""


def page(data: dict[str, list[dict[str, Any]]]) -> str:
    """The whole page."""
    lines = [HEAD]
    for about, differences in data.items():
        lines += [f"### {about}\n", "| Case | Others | Rule |", "|---|---|---|"]
        for one in differences:
            cases = ", ".join(f"`{case}`" for case in one["cases"])
            who = ", ".join(EVERYBODY if name == "*" else name.removesuffix(" *") for name in one["verifiers"])
            alone = who != EVERYBODY and len(one["verifiers"]) == 1
            verb = one["verdict"] if alone else one["verdict"].removesuffix("s")
            lines.append(f"| {cases} | {who} {verb} | {one['reason']} |")
        lines.append("")
    return "\n".join(lines)


def test_the_page_is_made_from_the_data() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(yaml.safe_load(DATA.read_text(encoding="utf-8")))


if __name__ == "__main__":
    PAGE.write_text(page(yaml.safe_load(DATA.read_text(encoding="utf-8"))), encoding="utf-8")
