# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do when a release is refused, by reason code."""

from __future__ import annotations

_TAMPERED = (
    "Do not use these files. Remove them, fetch the release anew from upstream, and report it there if it is refused"
    " again."
)
_REF = (
    "Check prexorcloud_version. If upstream's maintainers confirm that this release was signed by a workflow started by"
    " hand, name the branch in prexorcloud_release_ref."
)
_ROOT = (
    "Check prexorcloud_release_trust_root: a trust root of its own has to be the signer's, and the one that is shipped"
    " may need a refresh. If it is right, do not use these files."
)
_CURES = {
    "artifact_unreadable": (
        "Check prexorcloud_release_source and prexorcloud_version, and that the source has all files of the release."
    ),
    "input_unreadable": "Check the paths of prexorcloud_release_trust_root and prexorcloud_release_ca_path.",
    "identity_mismatch": _REF,
    "chain_untrusted": _ROOT,
    "chain_expired": _ROOT,
    "log_unknown": _ROOT,
    "log_expired": _ROOT,
    "sct_missing": _ROOT,
    "trust_root_malformed": (
        "Give the trusted_root.json as its publisher made it, or leave prexorcloud_release_trust_root out."
    ),
    "log_unreachable": (
        "Check prexorcloud_rekor_url and prexorcloud_release_ca_path, and run again. Without a way to the log, prepare"
        " a directory on a connected machine with playbooks/verify_release.yml and set prexorcloud_release_source to"
        " it."
    ),
    "log_entry_missing": (
        "If the log was asked, do not use these files: a genuine signature is in it. If it was not"
        " (prexorcloud_release_transparency_log is offline), the source needs the bundles that"
        " playbooks/verify_release.yml writes."
    ),
    "sums_mismatch": (
        "Version and source do not belong together: check prexorcloud_version and prexorcloud_release_source."
    ),
}


def cure(reason: str) -> str:
    """What to do about a refusal. reason: a key of _sigstore.errors.REASONS."""
    return _CURES.get(reason, _TAMPERED)
