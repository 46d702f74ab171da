# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing an account to its wanted password, and proving it, without ever locking the account.

Rules of upstream: the fifth wrong password within the window locks the account for everybody, a success clears the
count (api.md section 3, recordings api/01 and api/02); the program deletes its bootstrap file itself after the change
(layout.md section 5).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ansible_collections.prexorcloud.production.plugins.module_utils._api.client import ControllerClient
from ansible_collections.prexorcloud.production.plugins.module_utils._api.errors import (
    ApiError,
    LockedOut,
    NotListening,
    Unauthorized,
)

# Wrong passwords we may send in a row. Upstream locks at five, an operator may have set less, and somebody else may
# have used up some; two leave room for a second run.
MAX_FAILED_LOGINS = 2
MIN_LENGTH = 8


class PasswordError(Exception):
    """The wanted state was not reached or not proven; the text says why and what to do."""


@dataclass(frozen=True)
class Candidate:
    """A password that may be the current one. origin: where it came from, for messages."""

    origin: str
    password: str = field(repr=False)


@dataclass
class Outcome:
    """changed; message; what was proven by logins (None: not tried); warnings for the operator."""

    changed: bool = False
    message: str = ""
    new_accepted: bool | None = None
    old_refused: bool | None = None
    warnings: list[str] = field(default_factory=list)


def check_wanted(password: str) -> None:
    """Raises PasswordError if *password* is not fit to be an account's password.

    The controller itself refuses less than 8 characters only in change-password; other calls take even an empty one
    (upstream api.md section 3).
    """
    if not password.strip():
        raise PasswordError("the wanted password is blank")
    if len(password) < MIN_LENGTH:
        raise PasswordError(
            f"the wanted password has {len(password)} characters, the controller asks for at least {MIN_LENGTH}"
        )


def lockout_cure(error: LockedOut, username: str) -> str:
    """What an operator can do about a locked account (upstream api.md section 3)."""
    return (
        f"the account {username} is locked until {error.locked_until} after too many wrong passwords; wait until then,"
        f" or delete the keys prexor:v1:login:fail:{username} and prexor:v1:login:lock:{username} in Valkey,"
        " then run again"
    )


class _Logins:
    """Logs in, counts what counts towards the lockout, and logs every token out at the end."""

    def __init__(self, client: ControllerClient, username: str, outcome: Outcome) -> None:
        self._client, self._username, self._outcome = client, username, outcome
        self._tokens: list[str] = []
        self.failed = 0

    def attempt(self, password: str) -> str | None:
        """The token, or None if the controller refused the password. Raises PasswordError if locked, ApiError."""
        try:
            token = self._client.login(self._username, password)
        except Unauthorized:
            self.failed += 1
            return None
        except LockedOut as error:
            raise PasswordError(lockout_cure(error, self._username)) from error
        self.failed = 0
        self._tokens.append(token)
        return token

    def close(self) -> None:
        for token in self._tokens:
            try:
                self._client.logout(token)
            except ApiError as error:
                # The result stands; the token merely lives until it expires by itself.
                self._outcome.warnings.append(f"a token of {self._username} was not logged out: {error}")


@contextmanager
def _logins(client: ControllerClient, username: str, outcome: Outcome) -> Iterator[_Logins]:
    logins = _Logins(client, username, outcome)
    try:
        yield logins
    finally:
        logins.close()


def _other_passwords(wanted: str, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates worth a login: not blank, not the wanted one, each value once, order kept."""
    seen = {wanted}
    result = []
    for candidate in candidates:
        if candidate.password.strip() and candidate.password not in seen:
            seen.add(candidate.password)
            result.append(candidate)
    return result


def _find_current(logins: _Logins, candidates: Sequence[Candidate], username: str) -> tuple[str, Candidate]:
    refused: list[str] = []
    for candidate in candidates:
        if logins.failed >= MAX_FAILED_LOGINS:
            raise PasswordError(
                f"the current password of {username} is neither the wanted one nor that of {', '.join(refused)};"
                f" {candidate.origin} was not tried, so as not to lock the account. Remove what is outdated, or"
                " give the current password"
            )
        token = logins.attempt(candidate.password)
        if token is not None:
            return token, candidate
        refused.append(candidate.origin)
    tried = f" nor that of {', '.join(refused)}" if refused else ", and no other password is known"
    raise PasswordError(
        f"the current password of {username} is not the wanted one{tried}. Give the current password, or reset it as"
        " another administrator"
    )


def _prove(logins: _Logins, old: str, new: str, outcome: Outcome) -> None:
    # The old one first: its refusal counts as a failure, and the success of the new one clears the count.
    outcome.old_refused = logins.attempt(old) is None
    outcome.new_accepted = logins.attempt(new) is not None
    if not outcome.old_refused:
        raise PasswordError("the controller still accepts the old password")
    if not outcome.new_accepted:
        raise PasswordError("the controller does not accept the new password")


def ensure_password(
    client: ControllerClient,
    username: str,
    wanted: str,
    candidates: Sequence[Candidate],
    predict: bool = False,
) -> Outcome:
    """Makes *wanted* the password of *username* and proves it by logging in.

    Parameters: candidates, in the order to try, are passwords that may be the current one; predict only logs in with
    the wanted password and says what a real run would do. A controller that does not listen is, when predicting, a
    new install whose password will be changed.
    Raises: PasswordError, ApiError.
    """
    check_wanted(wanted)
    others = _other_passwords(wanted, candidates)
    outcome = Outcome()
    with _logins(client, username, outcome) as logins:
        try:
            accepted = logins.attempt(wanted) is not None
        except NotListening:
            if not predict:
                raise
            outcome.changed = True
            outcome.message = "the controller does not listen yet; after its first start the password will be changed"
            return outcome
        outcome.new_accepted = accepted
        if accepted:
            outcome.message = f"{username} has the wanted password already"
            if others and not predict:
                # An interrupted run left a bootstrap password behind: prove that it opens nothing.
                _prove(logins, others[0].password, wanted, outcome)
            return outcome
        outcome.changed = True
        if predict:
            outcome.message = f"the password of {username} would be changed"
            if not others:
                _find_current(logins, others, username)
            return outcome
        token, current = _find_current(logins, others, username)
        client.change_password(token, current.password, wanted)
        _prove(logins, current.password, wanted, outcome)
        outcome.message = f"changed the password of {username}, before it was that of {current.origin}"
    return outcome
