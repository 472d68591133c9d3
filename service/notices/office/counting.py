"""What came of a notice: exact, from rows. After two months the figures are kept, before the rows go."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import case, delete, exists, func, select

from service.db import session
from service.db.clock import now, seconds_from_now
from service.db.leases import changed, fixed
from service.db.types import AnyRow
from service.db.upserts import insert_if_absent
from service.errors import NotFound
from service.municipalities.directory import Municipality
from service.notices.models import InboxMessage
from service.notices.office.composing import editions_of, notice_here
from service.notices.office.deciding import FIGURES_AFTER, finished_state
from service.notices.office.models import Notice, NoticeCell, NoticeEdition, NoticeLeftOut, NoticeOpening
from service.notices.office.states import CANCELLED, CORRECTED, SENDING, SENT, next_state
from service.notices.preferences.models import NoticePreference
from service.outbox.models import Delivery, Event
from service.text import N_

UNSUBSCRIBED_WITHIN = timedelta(days=7)
AT_ONCE = 1000

REASONS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "gone": (
        ("UnregisteredError", "web: 404", "web: 410", "target retired"),
        N_("The app was removed there, or the browser no longer wants to be told."),
    ),
    "other_app": (
        ("SenderIdMismatchError",),
        N_("These phones belong to another app. Whoever runs the service should check for which app it sends."),
    ),
    "message_refused": (
        ("message refused", "web: 400", "web: 413"),
        N_("The push service refuses this message as it is. Its text or its link has to be changed."),
    ),
    "too_long": (("too long",), N_("The text is longer than phones are sent.")),
    "not_valid": (
        ("InvalidArgumentError", "web: refused", "web: too_slow"),
        N_("The address of these devices is not valid. Their owners are told again once they open the app."),
    ),
    "expired": (("expired",), N_("It could not be delivered in time.")),
    "other": (("",), N_("It failed for another reason. Whoever runs the service finds it in the outbox.")),
}
"""Why a push was not accepted: the beginnings of what the channel said, and the same in plain words."""


def reason_of(error: str | None) -> str:
    """Which of `REASONS` this is."""
    return next(name for name, (begins, _) in REASONS.items() if any((error or "").startswith(b) for b in begins))


def figures_of(notice: Notice) -> dict[str, Any]:
    """What came of each edition, how many opened the notice, and how many then wanted no more."""
    editions = editions_of(notice)
    kept = notice.figures["editions"] if notice.figures else []
    return {
        "editions": [*kept, *(edition_figures(edition) for edition in editions[len(kept) :])],
        "opened": session.scalar(select(func.count()).where(NoticeOpening.notice_id == notice.id)) or 0,
        "unsubscribed": unsubscribed(notice, [edition.event_id for edition in editions]),
    }


def edition_figures(edition: AnyRow) -> dict[str, Any]:
    """The figures of one sending, by device."""
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for row in delivered(edition.event_id):
        state = CANCELLED if row.state == "pending" and row.event_state == CANCELLED else row.state
        counts[state] += row.devices
        counts["uncertain"] += row.uncertain
        counts["put_off"] += row.put_off if state == "pending" else 0
        if state == "failed":
            reasons[reason_of(row.error)] += row.devices
    kept_from = dict(left_out(edition.event_id))
    owed = sum(counts[state] for state in ("pending", "sending", "sent", "failed", "expired", CANCELLED))
    return {
        "number": edition.number,
        "mode": edition.mode,
        "at": edition.at.isoformat(),
        "people": people(edition.event_id),
        "targeted": owed + sum(kept_from.values()),
        "owed": owed,
        "accepted": counts["sent"],
        "failed": counts["failed"],
        "expired": counts["expired"],
        "cancelled": counts[CANCELLED],
        "waiting": counts["pending"] + counts["sending"],
        "put_off": counts["put_off"],
        "uncertain": counts["uncertain"],
        "muted": kept_from.get("muted", 0),
        "capped": kept_from.get("capped", 0),
        "reasons": dict(sorted(reasons.items())),
    }


def delivered(event_id: int) -> Sequence[AnyRow]:
    """(state, event_state, error, count, uncertain, put_off) of the deliveries of an event."""
    deferred = case((Delivery.next_at > seconds_from_now(0), 1), else_=0)
    error = case((Delivery.state == "failed", Delivery.error), else_=None)
    query = (
        select(
            Delivery.state,
            Event.state.label("event_state"),
            error.label("error"),
            func.count().label("devices"),
            func.sum(case((Delivery.uncertain > 0, 1), else_=0)).label("uncertain"),
            func.sum(deferred).label("put_off"),
        )
        .join(Event, Event.id == Delivery.event_id)
        .where(Delivery.event_id == event_id)
        .group_by(Delivery.state, Event.state, error)
    )
    return session.execute(query).all()


def left_out(event_id: int) -> list[tuple[str, int]]:
    """(reason, devices) of those who were not pushed it."""
    query = select(NoticeLeftOut.reason, func.sum(NoticeLeftOut.devices)).where(NoticeLeftOut.event_id == event_id)
    return [(reason, int(devices)) for reason, devices in session.execute(query.group_by(NoticeLeftOut.reason))]


def people(event_id: int) -> int:
    """How many people are owed a push of it."""
    query = select(func.count(Delivery.person_id.distinct())).where(Delivery.event_id == event_id)
    return session.scalar(query) or 0


def unsubscribed(notice: Notice, events: Sequence[int]) -> int:
    """How many of those who had it have switched the office's notices off within a week of it."""
    if notice.sent_at is None:
        return 0
    had = exists().where(InboxMessage.account_id == NoticePreference.account_id, InboxMessage.event_id.in_(events))
    query = (
        select(func.count())
        .select_from(NoticePreference)
        .where(
            NoticePreference.municipality_id == notice.municipality_id,
            NoticePreference.notices_off_at.between(notice.sent_at, notice.sent_at + UNSUBSCRIBED_WITHIN),
            had,
        )
    )
    return session.scalar(query) or 0


def note_opening(municipality: Municipality, account_id: int, uid: Any) -> None:
    """A person has opened this notice, which they had; inside `transaction()`. Raises NotFound."""
    notice = notice_here(municipality, uid)
    events = [edition.event_id for edition in editions_of(notice)]
    had = select(InboxMessage.id).where(InboxMessage.account_id == account_id, InboxMessage.event_id.in_(events))
    if session.scalar(had.limit(1)) is None:
        raise NotFound
    row = {"notice_id": notice.id, "account_id": account_id, "at": now()}
    insert_if_absent(NoticeOpening, [row], returning=NoticeOpening.id)


def finish_one() -> int:
    """One step towards the end of some notice whose devices all have it or never will; 0: there is none.

    What earlier editions said leaves the inbox first: the correction is there.
    """
    notice = session.scalar(
        select(Notice)
        .where(Notice.state == SENDING, ended())
        .order_by(Notice.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if notice is None:
        return 0
    if notice.mode == "correction" and (gone := replace_in_inboxes(notice)):
        return gone
    notice.state = next_state(notice.state, "finish")
    if finished_state(notice) == CORRECTED:
        notice.state = CORRECTED
    notice.version += 1
    notice.changed_at = now()
    return 1


def ended() -> Any:
    """Whether nothing is left to be done of a notice's newest edition."""
    newest = (NoticeEdition.notice_id == Notice.id, NoticeEdition.number == Notice.edition)
    event = exists().where(*newest, Event.id == NoticeEdition.event_id, Event.state == "expanded")
    open_still = exists().where(
        *newest, Delivery.event_id == NoticeEdition.event_id, Delivery.state.in_((fixed("pending"), fixed("sending")))
    )
    return event & ~open_still


def replace_in_inboxes(notice: Notice) -> int:
    """Delete some messages of earlier editions from inboxes; how many."""
    earlier = [edition.event_id for edition in editions_of(notice)[:-1]]
    some = select(InboxMessage.id).where(
        InboxMessage.municipality_id == notice.municipality_id,
        InboxMessage.about_kind == "notice",
        InboxMessage.about == str(notice.uid),
        InboxMessage.event_id.in_(earlier),
    )
    return changed(delete(InboxMessage).where(InboxMessage.id.in_(some.limit(AT_ONCE))))


def keep_some_figures() -> int:
    """Keep the figures of a notice that was sent two months ago, and forget its area and who was left out."""
    old = Notice.state.in_((SENT, CORRECTED, CANCELLED)), Notice.sent_at < now() - FIGURES_AFTER
    notice = session.scalar(select(Notice).where(*old, Notice.figures.is_(None)).limit(1).with_for_update())
    if notice is None:
        return 0
    notice.figures = {"editions": figures_of(notice)["editions"]}
    events = [edition.event_id for edition in editions_of(notice)]
    for gone in (
        delete(NoticeCell).where(NoticeCell.notice_id == notice.id),
        delete(NoticeLeftOut).where(NoticeLeftOut.event_id.in_(events)),
    ):
        session.execute(gone.execution_options(synchronize_session=False))
    return 1
