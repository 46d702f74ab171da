# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Who may have signed, and what has to be proven beside: the same in each module that verifies signatures."""

    DOCUMENTATION = r"""
options:
  certificate_identity:
    description:
      - Exact identity that the signer's certificate must have, such as the URL of a workflow with its ref.
      - Without O(public_keys) this or O(certificate_identity_regexp) is required, and an issuer with it.
    type: str
  certificate_identity_regexp:
    description:
      - Regular expression for the identity, as cosign (Go's RE2) understands it. It is searched for anywhere in the
        identity, so it should begin with V(^) and end with V($); a warning says so if it does not begin with V(^).
      - What Go and Python understand differently is refused, so that a pattern means the same everywhere.
    type: str
  certificate_oidc_issuer:
    description: Exact identity provider that vouched for the signer. An identity is worth nothing without it.
    type: str
  certificate_oidc_issuer_regexp:
    description: Regular expression for the identity provider, as O(certificate_identity_regexp).
    type: str
  public_keys:
    description:
      - Files with PEM blocks C(PUBLIC KEY) where the signature is by a key pair instead of a certificate. One of the
        keys must have signed.
      - Excludes identities and issuers. There is no way from one to the other.
    type: list
    elements: path
    default: []
  key_valid_from:
    description: Signatures by O(public_keys) count from this RFC 3339 time on, for example V(2026-01-01T00:00:00Z).
    type: str
  key_valid_until:
    description: Signatures by O(public_keys) count until this RFC 3339 time. Needs a proof of the time of signing.
    type: str
  trust_root:
    description:
      - C(trusted_root.json) with the authorities and logs that are trusted, where the module runs.
      - Without it the root of Sigstore's public-good instance counts, as shipped with the collection. Its date is in
        the collection's documentation of signatures, and so is how to make a newer one.
    type: path
  transparency_log:
    description:
      - V(online) asks the log at O(rekor_url) for what is missing. What a bundle brings is verified without a network.
      - V(offline) asks nobody. Signature and certificate files alone bring no log entry and are refused then.
      - V(ignore) does without the log, for O(public_keys) only, with a warning.
    type: str
    choices: [online, offline, ignore]
    default: online
  rekor_url:
    description: Base address of the transparency log, HTTPS only. Its answers are verified like any other input.
    type: str
    default: https://rekor.sigstore.dev
  ca_path:
    description: File with the authorities that a server's TLS certificate is verified with, instead of the system's.
    type: path
  timeout:
    description: Seconds for everything that one server is asked, repetitions included.
    type: int
    default: 30
  min_bundle_version:
    description: Oldest version of Sigstore's bundles to accept. V(0.1) needs no proof of inclusion, only a promise.
    type: str
    choices: ['0.1', '0.2', '0.3']
    default: '0.1'
  rsa_padding:
    description: How RSA keys sign. V(pss) is what some key management services use. Never both are tried.
    type: str
    choices: [pkcs1v15, pss]
    default: pkcs1v15
"""
