# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What each module of the collection promises; a module states its own support under the same names."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and predicts the change without making it.
    support: full
  diff_mode:
    description: Returns what changed, or would change in check mode. Secrets are masked.
    support: full
  idempotent:
    description: A second run with the same arguments changes nothing.
    support: full
  safe_file_operations:
    description: Replaces files in one step, so that nobody reads half a file and a failed write leaves the old one.
    support: full
"""
