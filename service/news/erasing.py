"""One person's part in the news: what they signed up for; of staff, what they wrote and set up."""

from collections.abc import Mapping, Sequence
from typing import Any

from service.municipalities.directory import Municipality
from service.news.signing_up import forget_sign_ups_of, sign_ups_of
from service.news.sourcing import forget_setter
from service.news.writing import forget_writer
from service.text import pick


def forget_in_news(account_id: int, is_resident: bool) -> None:
    """Erase their sign-ups; what they wrote stays without their name. Inside `transaction()`."""
    forget_sign_ups_of(account_id)
    if not is_resident:
        forget_writer(account_id)
        forget_setter(account_id)


def collect_sign_ups(here: Municipality, account_id: int, language: str) -> Sequence[Mapping[str, Any]]:
    """What somebody signed up for, for the copy of their data."""
    return [
        {
            "event": pick(row.content["title"], language, here.main_language),
            "starts_at": row.starts_at,
            "state": row.state,
            "places": row.places,
            "note": row.note,
            "signed_up_at": row.created_at,
        }
        for row in sign_ups_of(account_id)
    ]
