# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading one text value from a controller.yml or daemon.yml."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.prexorcloud.production.plugins.module_utils._crypto.files import read_file

YAML_ERROR = ""
try:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
except ImportError as error:
    YAML_ERROR = str(error)


class ConfigValueError(Exception):
    """The file cannot be understood; the text names path and line, never content (it holds secrets)."""


class LibraryMissing(ConfigValueError):
    """The host lacks the library; in check mode an earlier task of the run may be about to install it."""


def _parse(path: str, data: bytes) -> Any:
    if YAML_ERROR:
        raise LibraryMissing(f"the Python library ruamel.yaml is missing (Debian: python3-ruamel.yaml): {YAML_ERROR}")
    try:
        return YAML(typ="safe", pure=True).load(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigValueError(f"{path} is not UTF-8") from error
    except MarkedYAMLError as error:
        # Only the place: the error's own text quotes the lines around it.
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark is not None else ""
        raise ConfigValueError(f"{path} is not valid YAML{line}") from None
    except (YAMLError, ValueError, RecursionError):
        raise ConfigValueError(f"{path} is not valid YAML") from None


def read_text_value(path: str, keys: Sequence[str]) -> str | None:
    """The text at *keys* (for example security, jwtSecret) of the YAML file *path*.

    None if the file, a mapping on the way or the key is missing, or the value is null; "" stays "".
    Raises ConfigValueError, FileError.
    """
    data = read_file(path)
    if data is None:
        return None
    value = _parse(path, data)
    for depth, key in enumerate(keys):
        if value is None:
            return None
        if not isinstance(value, dict):
            where = ".".join(keys[:depth]) or "the document"
            raise ConfigValueError(f"{path}: {where} is not a mapping")
        value = value.get(key)
    if value is None or isinstance(value, str):
        return value
    # 0123 or 1e3 would reach the controller as another text than we read here.
    raise ConfigValueError(f"{path}: {'.'.join(keys)} is not text, put it in quotes")
