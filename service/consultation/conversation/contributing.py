"""Somebody says something in a consultation: a resident, the municipality itself, or staff for somebody outside."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select, update

from service.consultation.conversation.anchoring import anchor
from service.consultation.conversation.finding import ContributionTakenBack, missing, those_ever, was_taken_back
from service.consultation.conversation.models import Contribution, Thread
from service.consultation.conversation.opening import ensure_open, ensure_running
from service.consultation.conversation.resembling import forget_marks, keep_marks
from service.consultation.conversation.threads import text_of, thread_locked, thread_of
from service.consultation.models import Consultation
from service.db import session
from service.db.clock import now
from service.db.keys import new_uid
from service.db.upserts import insert_if_absent
from service.errors import NotFound, Problem
from service.media.attaching import attach
from service.media.removing import remove_photos
from service.moderation.finding import hidden_among
from service.municipalities.directory import Municipality
from service.text import N_

APP = "app"
CHANNELS = ("letter", "email", "form", "meeting", "phone", "council_faction", "neighbouring_municipality", "forum")
STANCES = ("pro", "contra", "question", "proposal")
DEEPEST = 2
"""A reply to a reply stands beside it: deeper than this nobody reads on a phone."""
KIND = "contribution"
COUNTED = ("supports", "opposes", "passes", "divided", "newcomers", "replies")


class QuoteNotFound(Problem):
    """The quoted words are not in the text in force; `revision` is its name. Load the text again."""

    status, code = 409, "quote_not_found"
    message = N_("The text has changed. Please choose the passage again.")


class ContributionIdTaken(Problem):
    """The id that the phone made exists already, with another text or from somebody else."""

    status, code, message = 409, "contribution_id_taken", N_("This cannot be sent. Please write it once more.")


class ContributionGone(Problem):
    """What is hidden or was withdrawn takes no replies and no votes: nobody can read what they would be about."""

    status, code = 409, "contribution_gone"
    message = N_("This was hidden or withdrawn. It takes no replies and no votes.")


class NotEntered(Problem):
    """It did not come from outside: a resident or the municipality wrote it in the app, or it came with a file of
    another platform.
    """

    status, code = 409, "not_entered"
    message = N_("This did not come from outside the app. Its author can withdraw it; a moderator can hide it.")


@dataclass(frozen=True)
class Said:
    """What is said; `quote` is {"exact", "prefix", "suffix", "revision"}, `parent` the contribution it replies to.

    `quote_start` is where the quoted passage begins in the text of that revision (place_quoted); null: nowhere. `marks`
    are those by which it is found again (marks_of).
    """

    text: str
    language: str
    kind: str = "consultation"
    target: str = ""
    stance: str | None = None
    parent: uuid.UUID | None = None
    quote: Mapping[str, Any] | None = None
    quote_start: int | None = None
    place: tuple[float, float] | None = None
    photos: Sequence[uuid.UUID] = ()
    uid: uuid.UUID | None = None
    marks: Sequence[int] = ()


@dataclass(frozen=True)
class From:
    """Who says it: an author in the app, the municipality (`official`), or whom staff (`entered_by`) write it for."""

    author_id: int | None = None
    uploader: str = ""
    official: bool = False
    channel: str = APP
    role: str | None = None
    received_on: date | None = None
    entered_by_id: int | None = None

    @property
    def is_resident(self) -> bool:
        return self.channel == APP and not self.official


def contribute(municipality: Municipality, about: Consultation, said: Said, by: From) -> Contribution:
    """Write it down; inside `transaction()`. The same id with the same text from the same author is written once.

    Raises ConversationClosed, NothingToTalkAbout, NotFound (no such parent), ContributionGone, ContributionTakenBack,
    QuoteNotFound, ContributionIdTaken, PhotoNotFound.
    """
    if said.uid is not None and is_there(said.uid):
        return same_as_before(municipality, said.uid, said, by)
    ensure_open(about.id) if by.is_resident else ensure_running(about)
    thread, parent = place_of(municipality, about, said)
    ensure_quoted(thread, said)
    uid = said.uid or new_uid()
    row = row_of(municipality, thread, parent, said, by) | {"uid": uid}
    written = insert_if_absent(Contribution, [row], returning=Contribution.id)
    if not written:
        return same_as_before(municipality, uid, said, by)
    keep_marks(about.id, {written[0]: said.marks})
    thread.contributions += 1
    if parent is not None:
        add_reply(parent)
    attach(municipality, said.photos, owner_of(uid), by.uploader)
    return session.scalars(select(Contribution).filter_by(uid=uid)).one()


def row_of(
    municipality: Municipality, thread: Thread, parent: Contribution | None, said: Said, by: From
) -> dict[str, Any]:
    above = parent if parent is None or parent.depth < DEEPEST else session.get_one(Contribution, parent.parent_id)
    zeros = dict.fromkeys(COUNTED, 0)
    return zeros | {
        "municipality_id": municipality.id,
        "consultation_id": thread.consultation_id,
        "thread_id": thread.id,
        "parent_id": above.id if above else None,
        "depth": above.depth + 1 if above else 0,
        "stance": said.stance,
        "language": said.language,
        "text": said.text,
        "author_id": by.author_id,
        "official": by.official,
        "channel": by.channel,
        "role": by.role,
        "received_on": by.received_on,
        "entered_by_id": by.entered_by_id,
        "longitude": said.place[0] if said.place else None,
        "latitude": said.place[1] if said.place else None,
        "quote": dict(said.quote) if said.quote else None,
        "quote_start": said.quote_start if said.quote else None,
        "created_at": now(),
    }


def place_of(municipality: Municipality, about: Consultation, said: Said) -> tuple[Thread, Contribution | None]:
    """The thread, locked, and in it what is replied to, which nobody takes back from then on.

    Raises NothingToTalkAbout, NotFound, ContributionGone, ContributionTakenBack.
    """
    if said.parent is None:
        return thread_locked(municipality, about, said.kind, said.target), None
    one = select(Contribution).filter_by(consultation_id=about.id, uid=said.parent, taken_back=False)
    thread_id = session.scalar(one.with_only_columns(Contribution.thread_id))
    thread = thread_with(thread_id) if thread_id is not None else None
    parent = session.scalar(one) if thread is not None else None
    if thread is None or parent is None:
        raise missing(municipality, said.parent)
    ensure_readable(municipality, parent)
    return thread, parent


def ensure_readable(municipality: Municipality, found: Contribution) -> None:
    """Raises ContributionGone."""
    if found.withdrawn_at is not None or hidden_among(municipality, KIND, [found.uid]):
        raise ContributionGone


def ensure_entered(channel: str) -> None:
    """Refuse what was not entered for somebody outside. Raises NotEntered."""
    if channel not in CHANNELS:
        raise NotEntered


def thread_with(thread_id: int) -> Thread:
    locked = select(Thread).filter_by(id=thread_id).with_for_update()
    return session.scalars(locked.execution_options(populate_existing=True)).one()


def place_quoted(about: Consultation, said: Said) -> int | None:
    """Where the quoted passage begins in the text of the revision that was read, whether that is in force or not; None
    where it is nowhere. It may last: before `transaction()`.
    """
    if said.quote is None:
        return None
    parent = session.scalar(select(Contribution).filter_by(consultation_id=about.id, uid=said.parent))
    thread = session.get(Thread, parent.thread_id) if parent else thread_of(about.id, said.kind, said.target)
    text = text_of(thread, said.quote["revision"]) if thread else None
    return None if text is None else anchor(text, said.quote)


def ensure_quoted(thread: Thread, said: Said) -> None:
    """Refuse a quotation that is not in the text in force. Raises QuoteNotFound."""
    if said.quote and (said.quote_start is None or said.quote["revision"] != thread.revision):
        raise QuoteNotFound(revision=thread.revision)


def is_there(uid: uuid.UUID) -> bool:
    """Whether this was ever contributed; what was taken back is not written again."""
    return bool(those_ever([uid]))


def same_as_before(municipality: Municipality, uid: uuid.UUID, said: Said, by: From) -> Contribution:
    """What a retry sent before. Raises ContributionIdTaken, ContributionTakenBack."""
    found = session.scalar(select(Contribution).filter_by(municipality_id=municipality.id, uid=uid))
    if (found is None or found.taken_back) and was_taken_back(municipality, uid):
        raise ContributionTakenBack
    if found is None or (found.author_id, found.text) != (by.author_id, said.text):
        raise ContributionIdTaken
    return found


def add_reply(parent: Contribution) -> None:
    above = parent.id if parent.depth < DEEPEST else parent.parent_id
    counted = update(Contribution).where(Contribution.id == above).values(replies=Contribution.replies + 1)
    session.execute(counted, execution_options={"synchronize_session": False})


def owner_of(uid: uuid.UUID) -> str:
    """Under what its photos are kept."""
    return f"{KIND}:{uid}"


def withdraw(municipality: Municipality, uid: uuid.UUID, author_id: int) -> Sequence[uuid.UUID]:
    """The author takes their words and photos back; what others answered stays. Inside `transaction()`.

    The photos that went. Raises NotFound for anybody else's, ConversationClosed.
    """
    mine = select(Contribution).filter_by(municipality_id=municipality.id, uid=uid, author_id=author_id)
    found = session.scalars(mine.with_for_update().execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound
    ensure_open(found.consultation_id)
    found.withdrawn_at = found.withdrawn_at or now()
    return empty(municipality, found)


def empty(municipality: Municipality, found: Contribution) -> Sequence[uuid.UUID]:
    """Take away what was written and shown; the photos that went."""
    found.text, found.quote, found.quote_start = "", None, None
    found.longitude, found.latitude = None, None
    forget_marks(found.id)
    return remove_photos(municipality, [owner_of(found.uid)])
