"""Contributions as they are shown: what is hidden only to its author, what was withdrawn to nobody."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from service.consultation.conversation.contributing import KIND, owner_of
from service.consultation.conversation.finding import uids_of, votes_of
from service.consultation.conversation.supporting import VOTES
from service.db.types import AnyRow
from service.media.finding import photos_of
from service.moderation.finding import hidden_among
from service.municipalities.directory import Municipality
from service.people.callers import Caller
from service.text import pick

READERS = ("moderate", "manage_consultations")
"""Who reads what is hidden: those who hide it and those who answer it."""
SAID = {number: word for word, number in VOTES.items()}


def contributions(
    municipality: Municipality, rows: Sequence[AnyRow], who: Caller | None, spoken: str
) -> list[dict[str, Any]]:
    """These contributions as the caller may see them; in four statements at most, however many there are."""
    hidden = hidden_among(municipality, KIND, [row.uid for row in rows])
    photos = photos_of(municipality, [owner_of(row.uid) for row in rows])
    votes = votes_of(who.account_id, [row.id for row in rows]) if who and rows else {}
    parents = {row.parent_id for row in rows if row.parent_id is not None}
    names = uids_of(parents) if parents else {}
    return [
        one(row, who, hidden.get(row.uid))
        | {
            "parent": names.get(row.parent_id),
            "photos": [
                {"id": photo.uid, "width": photo.width, "height": photo.height, "alt": photo.alt}
                for photo in photos[owner_of(row.uid)]
                if may_read(row, who, hidden.get(row.uid))
            ],
            "my_vote": SAID[votes[row.id]] if row.id in votes else None,
            "answer": answer_out(municipality, row, spoken),
        }
        for row in rows
    ]


def duties(
    municipality: Municipality, rows: Sequence[AnyRow], who: Caller, spoken: str, days: int | None
) -> list[dict[str, Any]]:
    """The same as those see it who answer them; `days` within which the municipality has promised to."""
    shown = contributions(municipality, rows, who, spoken)
    return [one | of_duty(municipality, row, days) for one, row in zip(shown, rows, strict=True)]


def of_duty(municipality: Municipality, row: AnyRow, days: int | None) -> dict[str, Any]:
    department = municipality.departments_by_id.get(row.department_id)
    done = row.answer_id is not None or row.official or row.withdrawn_at is not None
    return {
        "department": department and department.key,
        "due_at": None if days is None or done else row.created_at + timedelta(days=days),
        "votes_of_newcomers": row.newcomers,
    }


def may_read(row: AnyRow, who: Caller | None, hidden: str | None) -> bool:
    """Whether the caller is shown what was written: of what is hidden only its author and READERS are."""
    if hidden is None:
        return True
    return who is not None and (row.author_id == who.account_id or any(map(who.may, READERS)))


def one(row: AnyRow, who: Caller | None, hidden: str | None) -> dict[str, Any]:
    readable = may_read(row, who, hidden)
    return {
        "id": row.uid,
        "depth": row.depth,
        "stance": row.stance,
        "language": row.language,
        "text": row.text if readable and row.withdrawn_at is None else None,
        "official": row.official,
        "mine": who is not None and row.author_id == who.account_id,
        "channel": row.channel,
        "role": row.role,
        "received_on": row.received_on,
        "place": place_of(row) if readable else None,
        "quote": quote_of(row) if readable else None,
        "supports": row.supports,
        "opposes": row.opposes,
        "passes": row.passes,
        "replies": row.replies,
        "created_at": row.created_at,
        "withdrawn": row.withdrawn_at is not None,
        "taken_back": row.taken_back,
        "hidden_by_rule": hidden,
    }


def place_of(row: AnyRow) -> list[float] | None:
    return None if row.longitude is None else [row.longitude, row.latitude]


def quote_of(row: AnyRow) -> Mapping[str, Any] | None:
    """The passage as it was, and where it stands in the text in force; `orphaned` where it does no more."""
    if row.quote is None:
        return None
    return {**row.quote, "start": row.quote_start, "orphaned": row.quote_start is None}


def answer_out(municipality: Municipality, row: AnyRow, spoken: str) -> dict[str, Any] | None:
    if row.answer_id is None:
        return None
    main = municipality.main_language
    return {
        "id": row.answer_uid,
        "disposition": row.disposition,
        "reason": pick(row.reason, spoken, main),
        "body": row.body,
        "changed_text": pick(row.changed_text, spoken, main) if row.changed_text else None,
        "answered_at": row.answered_at,
    }
