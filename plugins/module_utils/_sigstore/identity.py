# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who signed, as the certificate says, and whom the operator wants (sigstore.md 1.6)."""

from __future__ import annotations

import contextlib
import unicodedata
from dataclasses import dataclass

from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore import der
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.chain import (
    ISSUER_V1,
    ISSUER_V2,
    extension,
    extensions,
)
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.errors import PolicyError, Refused
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.model import Signer
from ansible_collections.prexorcloud.production.plugins.module_utils._sigstore.pattern import (
    MAX_SUBJECT,
    Pattern,
    compile_pattern,
)

with contextlib.suppress(ImportError):  # said by the modules before anything of this is called
    from cryptography import x509

OTHER_NAME = "1.3.6.1.4.1.57264.1.7"
# Control, format (they reorder or hide what people read) and surrogate characters, separators of lines and paragraphs.
UNREADABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Names of nobody in particular: a pattern that takes them all says nothing about the signer.
ANYBODY = (
    "somebody@example.org",
    "https://git.example.net/other/project/.workflows/build.yml@refs/heads/work",
    "http://10.0.0.1:8080",
    "spiffe://cluster.example.com/ns/default",
)


def read_signer(leaf: x509.Certificate) -> Signer:
    """The one subject alternative name of a certificate and the issuer that vouched for it.

    Raises Refused: "certificate_profile" if there is not exactly one name, it is of another kind than an e-mail
    address, URI or Fulcio's otherName, the issuer is missing, its two spellings (.1 and .8) differ, or a text has
    characters that people cannot see; "input_malformed", "input_too_large".
    """
    return Signer(_readable(_read_identity(leaf), "name"), _readable(_read_issuer(leaf), "issuer"))


def _read_identity(leaf: x509.Certificate) -> str:
    names = extension(leaf, x509.SubjectAlternativeName)
    found = [] if names is None else list(names)
    if len(found) != 1:
        raise Refused("certificate_profile", f"the certificate has {len(found)} subject alternative names, not one")
    name = found[0]
    if isinstance(name, (x509.RFC822Name, x509.UniformResourceIdentifier)):
        return name.value
    if isinstance(name, x509.OtherName) and name.type_id.dotted_string == OTHER_NAME:
        return der.read(name.value, "the certificate's otherName").text()
    raise Refused(
        "certificate_profile", f"the certificate names its signer by a {type(name).__name__}, which is not accepted"
    )


def _read_issuer(leaf: x509.Certificate) -> str:
    old, new = (_raw_extension(leaf, oid) for oid in (ISSUER_V1, ISSUER_V2))
    issuers = set()
    if old is not None:
        try:
            issuers.add(old.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise Refused("input_malformed", "the certificate's issuer is not UTF-8") from error
    if new is not None:
        issuers.add(der.read(new, "the certificate's issuer").text())
    if len(issuers) > 1:
        first, second = sorted(issuers)
        raise Refused("certificate_profile", f"the certificate names two issuers: {first[:256]!r}, {second[:256]!r}")
    if not issuers:
        raise Refused("certificate_profile", "the certificate does not say which issuer vouches for its signer")
    return issuers.pop()


def _raw_extension(leaf: x509.Certificate, oid: str) -> bytes | None:
    found = [one.value for one in extensions(leaf) if one.oid.dotted_string == oid]
    return found[0].value if found and isinstance(found[0], x509.UnrecognizedExtension) else None


def _readable(text: str, what: str) -> str:
    if len(text) > MAX_SUBJECT:
        raise Refused(
            "input_too_large", f"the certificate's {what} has {len(text)} characters, not at most {MAX_SUBJECT}"
        )
    if not text or has_unreadable(text):
        raise Refused("certificate_profile", f"the certificate's {what} is empty or has control characters: {text!r}")
    return text


def has_unreadable(text: str) -> bool:
    """True if the text has control characters, or others that people do not see as they are."""
    return any(unicodedata.category(character) in UNREADABLE for character in text)


@dataclass(frozen=True)
class Wanted:
    """What one text of the certificate has to be: exactly `exact`, or matched by `pattern`."""

    exact: str | None
    pattern: Pattern | None

    @classmethod
    def from_options(cls, name: str, exact: str | None, regexp: str | None) -> Wanted:
        """From the values of the options `name` and `name`_regexp. Raises PolicyError unless exactly one is usable."""
        given = [(key, value) for key, value in ((name, exact), (f"{name}_regexp", regexp)) if value is not None]
        if len(given) != 1:
            raise PolicyError(f"exactly one of {name} and {name}_regexp is required")
        key, text = given[0]
        if not text.strip():
            raise PolicyError(f"{key} is empty; that never means anybody")
        if has_unreadable(text) or len(text) > MAX_SUBJECT:
            raise PolicyError(f"{key} has control characters (a line break?) or over {MAX_SUBJECT} characters")
        if regexp is None:
            return cls(text, None)
        try:
            return cls(None, compile_pattern(text))
        except PolicyError as error:
            raise PolicyError(f"{key}: {error}") from error

    def accepts(self, found: str) -> bool:
        """True if the text is wanted: equal byte for byte, or matched somewhere by the pattern."""
        return found == self.exact if self.pattern is None else self.pattern.search(found)

    def accepts_anybody(self) -> bool:
        """True if the pattern takes whatever comes."""
        return self.pattern is not None and all(self.pattern.search(name) for name in ANYBODY)

    def describe(self) -> str:
        """What is wanted, for people."""
        return repr(self.exact) if self.pattern is None else f"a match of {self.pattern.text!r}"


@dataclass(frozen=True)
class IdentityPolicy:
    """Which signer is wanted, and who has to vouch for it. `warnings` say where that is less than it seems."""

    identity: Wanted
    issuer: Wanted
    warnings: tuple[str, ...] = ()

    @classmethod
    def from_options(
        cls, identity: str | None, identity_regexp: str | None, issuer: str | None, issuer_regexp: str | None
    ) -> IdentityPolicy:
        """From cosign's four options (certificate_identity, ..._regexp, certificate_oidc_issuer, ..._regexp).

        Raises PolicyError: not exactly one of each pair, an empty or unreadable value, a pattern that is not supported,
        two patterns that together take anybody (sigstore.md 1.6, 1.7).
        """
        wanted = {
            "certificate_identity": Wanted.from_options("certificate_identity", identity, identity_regexp),
            "certificate_oidc_issuer": Wanted.from_options("certificate_oidc_issuer", issuer, issuer_regexp),
        }
        if all(one.accepts_anybody() for one in wanted.values()):
            raise PolicyError("certificate_identity_regexp and certificate_oidc_issuer_regexp together match anybody")
        warnings = []
        for name, one in wanted.items():
            if one.accepts_anybody():
                warnings.append(f"{name}_regexp {one.describe()} accepts every value")
            elif one.pattern is not None and not one.pattern.anchored:
                warnings.append(f"{name}_regexp {one.describe()} is searched for anywhere: it does not begin with '^'")
        return cls(wanted["certificate_identity"], wanted["certificate_oidc_issuer"], tuple(warnings))

    def check(self, signer: Signer) -> None:
        """Raises Refused("issuer_mismatch") or ("identity_mismatch"), saying what was found and what was wanted.

        Only for a certificate whose chain, log and signature are verified: before that its texts are anybody's.
        """
        if not self.issuer.accepts(signer.issuer):
            raise Refused("issuer_mismatch", f"vouched for by {signer.issuer!r}, wanted {self.issuer.describe()}")
        if not self.identity.accepts(signer.identity):
            raise Refused("identity_mismatch", f"signed by {signer.identity!r}, wanted {self.identity.describe()}")
