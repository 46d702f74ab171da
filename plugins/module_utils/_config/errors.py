# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with a configuration, as data. No text in here ever holds a secret."""

from __future__ import annotations

from dataclasses import dataclass, field

# A file of garbage could have thousands of problems; nobody reads more than these.
MOST_SHOWN = 30


@dataclass(frozen=True)
class Problem:
    """One finding.

    key: dotted name, as the operator wrote it.
    rule: what holds for the key, in upstream's meaning.
    cure: what to do about it; may be empty.
    shown: the value as it may be printed (already masked); empty when there is none to show.
    fatal: False for findings that are only reported.
    others: keys outside of `key` that take part in the rule.
    """

    key: str
    rule: str
    cure: str = ""
    shown: str = ""
    fatal: bool = True
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        head = f"{self.key} = {self.shown}" if self.shown else self.key
        return f"{head}: {self.rule}" + (f". {self.cure}" if self.cure else "")


class ConfigError(Exception):
    """Root of everything this package raises on purpose; the text is safe to print."""


@dataclass
class InvalidConfigError(ConfigError):
    """The merged result breaks rules; nothing was written."""

    problems: list[Problem] = field(default_factory=list)

    def __str__(self) -> str:
        count = len(self.problems)
        lines = "".join(f"\n- {problem}" for problem in self.problems[:MOST_SHOWN])
        if count > MOST_SHOWN:
            lines += f"\n- and {count - MOST_SHOWN} more"
        return f"{count} problem{'' if count == 1 else 's'}, nothing was written:{lines}"


class DocumentError(ConfigError):
    """The file is not something that can be read or edited as a configuration."""


class StorageError(ConfigError):
    """The file could not be read or replaced; the old content is intact."""


class ConflictError(StorageError):
    """Somebody else changed the file between reading and replacing it."""


class LibraryMissingError(ConfigError):
    """ruamel.yaml is not installed for this Python."""
