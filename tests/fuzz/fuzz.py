# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One target under the fuzzer: fuzz.py TARGET CONTEXT [option of libFuzzer or corpus folder]...; see run.py."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["ansible_collections.prexorcloud.production.plugins.module_utils"]):
    from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused

    from tests.fuzz.targets import TARGETS, Context


def main() -> None:
    """Run until an option of libFuzzer ends it, or something else than a refusal comes out."""
    _program, name, folder, *options = sys.argv
    context, target = Context.load(Path(folder)), TARGETS[name]

    def one(data: bytes) -> None:
        try:
            target(context, data)
        except (Refused, PolicyError):
            return

    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
