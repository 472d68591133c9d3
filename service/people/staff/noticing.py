"""That somebody's password was guessed at is written down, so that it is noticed."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response, after_this_request, current_app
from limits import RateLimitItemPerHour
from limits.strategies import FixedWindowRateLimiter

from service import logs
from service.db import transaction
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.signing_in import SignInRefused, staff_account_with

NOTED = RateLimitItemPerHour(10)
"""How many refusals of one account are written down: who guesses all day fills no log."""


@contextmanager
def refusals_noted(municipality: Municipality, email: str, step: str) -> Iterator[None]:
    """Write a refusal down, after the answer has gone out: it must take as long whether somebody has this address."""
    try:
        yield
    except SignInRefused:
        note_later(municipality, email, step)
        raise


def note_later(municipality: Municipality, email: str, step: str) -> None:
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def note() -> None:
        try:
            with app.app_context(), transaction():
                note_refusal(municipality, email, step)
        except Exception as error:  # the answer has gone out
            logs.unforeseen(error)

    @after_this_request
    def later(response: Response) -> Response:
        response.call_on_close(note)
        return response


def note_refusal(municipality: Municipality, email: str, step: str) -> None:
    """Write it down where somebody is staff with this address, unless that was done often within the hour."""
    account = staff_account_with(municipality, email)
    counts: FixedWindowRateLimiter | None = current_app.extensions["limits"]
    if account is not None and (counts is None or counts.hit(NOTED, "refused", str(account))):
        record(municipality.id, None, "sign_in_refused", "staff", str(account), {"step": step})
