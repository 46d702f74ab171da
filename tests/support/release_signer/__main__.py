# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the test signer: `release` signs a release, `trust-root` writes a trust root of its own."""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from pathlib import Path

from . import state
from .release import Plan, release, write
from .signing import Members
from .world import ISSUER, REPOSITORY, World, stamp


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="release_signer", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    made = commands.add_parser(
        "release", help="sign a release as upstream's workflows do; the same again changes nothing"
    )
    made.add_argument("--out", type=Path, required=True, help="directory of the release")
    made.add_argument("--version", required=True, help="as in the names of the files, without a leading v")
    made.add_argument("--tag", help="that the certificates name (v<version>); another one is a release replayed")
    made.add_argument("--identity", help="sign as somebody else")
    made.add_argument("--repository", default=REPOSITORY, help="sign as a workflow of another repository")
    made.add_argument("--issuer", default=ISSUER, help="have another identity provider vouch for the signer")
    made.add_argument("--not-logged", action="store_true", help="the log never hears of it")
    made.add_argument("--expired", action="store_true", help="sign after the certificate's life")
    made.add_argument("--alter", metavar="NAME", help="add a byte to this file after signing")
    made.add_argument("--swap-sidecars", action="store_true", help="each list gets the signature of the other")
    made.add_argument("--bundle", action="store_true", help="put its bundle beside each list")
    made.add_argument("files", nargs="*", type=Path, metavar="FILE", help="the JARs, or stand-ins for other files")
    root = commands.add_parser("trust-root", help="write the trust root")
    root.add_argument("--out", type=Path, required=True)
    root.add_argument("--revoked", action="store_true", help="the authority ended a day before trust began to be used")
    for command in (made, root):
        command.add_argument("--state", type=Path, required=True, help="keys and logs; made if absent, private")
    return parser.parse_args(words)


def _revoked(world: World, members: Members) -> None:
    end = stamp(world.since + timedelta(days=1))
    members["certificateAuthorities"][0]["validFor"]["end"] = end


def main(words: list[str] | None = None) -> int:
    """Runs a command; prints the names that were written, nothing if all was there already."""
    arguments = _arguments(words)
    world = state.load(arguments.state)
    if arguments.command == "trust-root":
        document = world.trust_root_json((lambda members: _revoked(world, members)) if arguments.revoked else None)
        changed = write({arguments.out.name: document}, arguments.out.parent)
    else:
        plan = Plan(
            version=arguments.version,
            tag=arguments.tag or f"v{arguments.version}",
            identity=arguments.identity,
            issuer=arguments.issuer,
            repository=arguments.repository,
            logged=not arguments.not_logged,
            expired=arguments.expired,
            altered=arguments.alter,
            swapped=arguments.swap_sidecars,
            bundled=arguments.bundle,
        )
        given = {path.name: path.read_bytes() for path in arguments.files}
        try:
            changed = write(release(world, arguments.state, plan, given), arguments.out)
        except ValueError as error:
            sys.stderr.write(f"release_signer: {error}\n")
            return 2
    sys.stdout.write("".join(f"{name}\n" for name in changed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
