# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test signer: a private Sigstore with everything that the public one has, and every way in which it can lie.

Importing the package imports nothing: `release_signer.server` runs on hosts that have only the standard library.
"""
