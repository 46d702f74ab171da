# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A case of the corpus: files, options and the right verdict. All data, so that any verifier can run it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .world import IDENTITY, ISSUER, World

Options = dict[str, "str | list[str]"]
# Verdicts besides the reason codes of the verifier's own table.
OK = "ok"
POLICY = "policy_error"  # the options themselves are refused, whatever was signed

ARTIFACT = b"the bytes that somebody signed\n"
ARTIFACT_NAME = "artifact"
# Options whose values name files of the case.
FILE_OPTIONS = ("path", "bundle", "signature", "certificate", "public_keys", "trust_root", "log_entry")


@dataclass(frozen=True)
class Case:
    """One case: `files` by name (the artifact is `artifact`), `options` by the verifier's names, `expected` verdict.

    Option values that name a file are names in `files`. `rule` says which rule or advisory is at stake.
    """

    name: str
    artifact: bytes
    files: dict[str, bytes]
    options: Options
    expected: str
    rule: str

    @property
    def format(self) -> str:
        """Which flow of sigstore.md 2 it is: "bundle", "old-bundle" or "sidecars"."""
        if "bundle" not in self.options:
            return "sidecars"
        return "old-bundle" if b"base64Signature" in self.files["bundle.json"][:1000] else "bundle"

    def write(self, directory: Path) -> Options:
        """Writes the files and gives the options with whole paths in them; `path` only if there is no `digest`."""
        directory.mkdir(parents=True, exist_ok=True)
        for name, content in {ARTIFACT_NAME: self.artifact, **self.files}.items():
            (directory / name).write_bytes(content)
        options: Options = dict(self.options)
        if "digest" not in options:
            options["path"] = ARTIFACT_NAME
        for name in FILE_OPTIONS:
            value = options.get(name)
            if isinstance(value, str):
                options[name] = str(directory / value)
            elif value is not None:
                options[name] = [str(directory / item) for item in value]
        return options


@dataclass(frozen=True)
class Material:
    """What a row of a table builds: files and options; the trust root is the world's own unless given."""

    files: dict[str, bytes]
    options: Options
    artifact: bytes = ARTIFACT


@dataclass(frozen=True)
class Row:
    """A row of the corpus: how to build the case in a world, and the verdict."""

    name: str
    build: Callable[[World], Material]
    expected: str
    rule: str

    def case(self, world: World) -> Case:
        """The case itself."""
        material = self.build(world)
        files = {"trusted_root.json": b"", **material.files}
        if not files["trusted_root.json"]:
            files["trusted_root.json"] = world.trust_root_json()
        return Case(self.name, material.artifact, files, material.options, self.expected, self.rule)


COMMON: Options = {"trust_root": "trusted_root.json", "transparency_log": "offline"}
SIGNER: Options = {"certificate_identity": IDENTITY, "certificate_oidc_issuer": ISSUER}
KEYED: Options = {"public_keys": ["key.pub"]}


def options(*parts: Options, **changes: str | list[str] | None) -> Options:
    """Options put together; a change to None takes one away."""
    merged = {name: value for part in (COMMON, *parts) for name, value in part.items()}
    merged.update({name: value for name, value in changes.items() if value is not None})
    return {name: value for name, value in merged.items() if changes.get(name, value) is not None}


def keyless(bundle: bytes, root: bytes = b"", /, **changes: str | list[str] | None) -> Material:
    """A bundle, old or new, with the policy that names the usual signer; `root`: another trust root."""
    files = {"bundle.json": bundle, "trusted_root.json": root}
    return Material(files, options(SIGNER, {"bundle": "bundle.json"}, **changes))


def keyed(bundle: bytes, *keys: bytes, **changes: str | list[str] | None) -> Material:
    """A bundle, old or new, with a policy that names keys (PEM)."""
    names = [f"key{number or ''}.pub" for number in range(len(keys))]
    files = {"bundle.json": bundle, **dict(zip(names, keys))}
    return Material(files, options({"bundle": "bundle.json", "public_keys": names}, **changes))


def sidecars(
    signature: bytes, certificate: bytes | None, entry: bytes | None, **changes: str | list[str] | None
) -> Material:
    """Sidecars as the product publishes them, with a saved answer of the log."""
    files = {"artifact.sig": signature}
    chosen: Options = {"signature": "artifact.sig"}
    for name, option, content in (("artifact.crt", "certificate", certificate), ("entry.json", "log_entry", entry)):
        if content is not None:
            files[name] = content
            chosen[option] = name
    return Material(files, options(SIGNER, chosen, **changes))
