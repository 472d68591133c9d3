"""What can go wrong, as the mobile app sees it.

A rule raises a Problem; the application turns it into application/problem+json (RFC 9457). `code` is stable and is
what an app decides by; `message` is for a person, in their language.
"""

from typing import Any

from service.text import N_


class Problem(Exception):
    """A refusal with a status, a stable code and a message for a person. `details` go into the answer as they are."""

    status = 400
    code = "bad_request"
    message = N_("The request could not be carried out.")

    def __init__(self, **details: Any) -> None:
        super().__init__(self.code)
        self.details = details


class NotFound(Problem):
    """There is no such thing here, or none that the caller may know of."""

    status, code, message = 404, "not_found", N_("There is nothing here.")


class Forbidden(Problem):
    """The caller is known and may not."""

    status, code, message = 403, "forbidden", N_("You are not allowed to do this.")


class TryAgain(Problem):
    """The database is busy or away, or no turn to hash came; nothing was changed. `retry_after` is in seconds."""

    status, code, message = 503, "try_again", N_("The service is busy. Please try again in a moment.")
