# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between us and a controller, as one exception tree.

The texts are made to be shown to an operator: they name the call and the controller's own words, never a credential.
"""

from __future__ import annotations


class ApiError(Exception):
    """Base of everything this package raises."""


class Unreachable(ApiError):
    """No connection came about: nothing was sent, nothing changed."""


class NotListening(Unreachable):
    """The connection was refused: no program listens at the address."""


class NoAnswer(ApiError):
    """The request was sent but no complete answer came, so **what it did is unknown**.

    A controller whose store is away lets a call hang for up to a minute and may still carry it out
    (upstream api.md section 4); such a call must be proven by reading back, never repeated blindly.
    """


class BadAnswer(ApiError):
    """The answer is not what this call answers with (not JSON, or a member is missing)."""


class NotLeader(ApiError):
    """Another controller leads; this one only redirects (upstream api.md section 1)."""


class Refused(ApiError):
    """The controller answered with an error.

    Attributes: status (HTTP status), code (its error code such as CONFLICT, or "").
    """

    def __init__(self, message: str, status: int, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Unauthorized(Refused):
    """401: wrong credentials, or a token that is unknown, used up, expired or revoked."""


class Forbidden(Refused):
    """403: a permission is missing, or our address is outside network.allowedSubnets."""


class NotFound(Refused):
    """404."""


class Conflict(Refused):
    """409: the thing exists already or is in use."""


class Invalid(Refused):
    """400 or 422: the controller does not accept the values."""


class ServerFault(Refused):
    """5xx. The change may be committed all the same (upstream api.md section 6)."""


class LockedOut(Refused):
    """The account is locked after too many wrong passwords; even the right one is refused until then.

    Attributes: locked_until (ISO 8601 instant as the controller gave it), retry_after (seconds, 0 if not told).
    """

    def __init__(self, message: str, locked_until: str, retry_after: int) -> None:
        super().__init__(message, 429, "ACCOUNT_LOCKED")
        self.locked_until = locked_until
        self.retry_after = retry_after
