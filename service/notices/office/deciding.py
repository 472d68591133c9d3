"""A notice is submitted, approved, sent, refused, cancelled, corrected, repeated: who may, and what follows.

The second person: where the municipality wants it, nobody sends what they have written themselves, also when somebody
else has changed it since. An emergency needs
a second person or a written reason, everywhere.
"""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select, update

from service.crash_points import crash_here
from service.db import session
from service.db.clock import now, seconds_from_now
from service.errors import Problem
from service.jobs.planning import plan, unplan
from service.municipalities.directory import Municipality
from service.notices.office.composing import check_version, editions_of, sign, touch
from service.notices.office.fan_out import begin, stop
from service.notices.office.models import Notice, NoticeEdition
from service.notices.office.states import AGAIN, CORRECTED, CORRECTION, SCHEDULED, SENDING, SENT, NotNow, next_state
from service.notices.office.wording import ensure_sendable
from service.people.auditing import record
from service.people.callers import Caller
from service.text import N_

SEND_NOTICE = "send_notice"
CLEAR_NOTICE = "clear_notice"
FIGURES_AFTER = timedelta(days=60)
"""How long after a notice was sent the rows are there that say whom it reached; then only its figures are kept."""


class SecondPersonNeeded(Problem):
    """Somebody else than who wrote the notice must approve it; an emergency may go with a written reason instead."""

    status, code, message = 403, "second_person_needed", N_("Somebody else has to approve this first.")


class ReasonNeeded(Problem):
    """An emergency that nobody else approves needs a written reason."""

    status, code, message = 422, "notice_reason_needed", N_("Please write down why.")


def subject_of(notice: Notice) -> tuple[str, str] | None:
    """What the notice is about, as a link; None: about itself."""
    if notice.subject_kind is None or notice.subject is None:
        return None
    return notice.subject_kind, notice.subject


def submit(municipality: Municipality, notice: Notice, version: int) -> None:
    """Hand a draft to who approves. Raises NotNow, NoticeChanged, TextMissing, TextTooLong."""
    check_version(notice, version)
    ensure_sendable(municipality, notice.texts, subject_of(notice))
    move(notice, "submit")


def send(municipality: Municipality, caller: Caller, notice: Notice, version: int, reason: str | None) -> None:
    """Send what needs no second person. Raises SecondPersonNeeded, ReasonNeeded and as `submit` does."""
    check_version(notice, version)
    ensure_sendable(municipality, notice.texts, subject_of(notice))
    if notice.emergency and not reason:
        raise ReasonNeeded
    if municipality.notices_need_second_person and not notice.emergency:
        raise SecondPersonNeeded
    move(notice, "send")
    go_ahead(caller, notice, "notice_sent_alone", reason)


def approve(caller: Caller, notice: Notice, version: int) -> None:
    """Let a notice go that somebody else has written. Raises SecondPersonNeeded, NotNow, NoticeChanged."""
    check_version(notice, version)
    move(notice, "approve")
    if caller.account_id in (notice.written_by_id, *(notice.writers or ())):
        raise SecondPersonNeeded
    notice.approved_by_id = caller.account_id
    go_ahead(caller, notice, "notice_approved", None)


def go_ahead(caller: Caller, notice: Notice, action: str, reason: str | None) -> None:
    """Plan the sending: now, or when its time has come. Raises NotNow for a repeat when nobody knows any more whom the
    notice has reached.
    """
    if notice.mode == AGAIN:
        ensure_known(notice)
    notice.reason = reason or notice.reason
    write_down(caller, notice, action, reason)
    plan(
        SEND_NOTICE,
        planned_as(notice),
        notice.send_at,
        {"notice": str(notice.uid), "version": notice.version},
        municipality_id=notice.municipality_id,
    )


def planned_as(notice: Notice) -> str:
    """The unique key of the job that sends a scheduled notice."""
    return f"{notice.uid}:{notice.edition + 1}:{notice.version}"


def send_planned(municipality_id: int, uid: uuid.UUID, version: int) -> bool:
    """The time of a notice has come, inside `transaction()`: begin, if it is still the one that was planned."""
    planned = Notice.state == SCHEDULED, Notice.version == version
    its_time = or_(Notice.send_at.is_(None), Notice.send_at <= seconds_from_now(0))
    query = select(Notice).where(Notice.municipality_id == municipality_id, Notice.uid == uid, *planned, its_time)
    notice = session.scalar(query.with_for_update())
    if notice is None:
        return False
    notice.state = next_state(notice.state, "begin")
    begin(notice)
    notice.writers = []
    notice.changed_at = now()
    return True


def refuse(caller: Caller, notice: Notice, reason: str) -> None:
    """Who approves gives a notice back, or stops one that is being sent. Raises NotNow."""
    running = end(notice, "refuse")
    notice.reason = reason
    write_down(caller, notice, "notice_cancelled" if running else "notice_refused", reason)


def cancel(caller: Caller, notice: Notice, reason: str | None) -> None:
    """Send it no more; what was sent stays and is shown. Raises NotNow."""
    end(notice, "cancel")
    notice.reason = reason
    write_down(caller, notice, "notice_cancelled", reason)
    crash_here("before_cancel_commit")


def end(notice: Notice, act: str) -> bool:
    """Take a step after which a notice goes out no more; whether it was going out already. Raises NotNow."""
    running = notice.state == SENDING
    unplan(SEND_NOTICE, planned_as(notice))
    move(notice, act)
    if running:
        taken_back = update(NoticeEdition).where(
            NoticeEdition.notice_id == notice.id, NoticeEdition.number == notice.edition
        )
        session.execute(taken_back.values(cancelled_at=now()).execution_options(synchronize_session=False))
        halt(notice)
    return running


def correct(caller: Caller, notice: Notice, texts: Mapping[str, Any], reason: str) -> None:
    """Write what replaces a notice that was sent, and stop what still goes out of it. Raises NotNow."""
    if not editions_of(notice):
        raise NotNow(state=notice.state, act="correct")
    notice.wide = notice.state == SENDING
    move(notice, "correct")
    halt(notice)
    notice.texts, notice.mode, notice.send_at = dict(texts), CORRECTION, None
    notice.approved_by_id, notice.reason = None, reason
    sign(notice, caller)
    write_down(caller, notice, "notice_corrected", reason)
    crash_here("before_correction_commit")


def repeat(caller: Caller, notice: Notice) -> None:
    """Prepare to send it again to those who were not reached, while that is known. Raises NotNow."""
    notice.send_at = None
    ensure_known(notice)
    move(notice, "repeat")
    notice.mode = AGAIN
    notice.approved_by_id = None
    sign(notice, caller)
    write_down(caller, notice, "notice_repeated", None)


def ensure_known(notice: Notice) -> None:
    """Refuse a repeat that begins when it is no longer known whom the notice has reached. Raises NotNow."""
    moment = now()
    begins = max(notice.send_at or moment, moment)
    if notice.figures or (notice.sent_at is not None and begins - notice.sent_at > FIGURES_AFTER):
        raise NotNow(state=notice.state, act="repeat")


def move(notice: Notice, act: str) -> None:
    """Take one step of the table. Raises NotNow."""
    notice.state = next_state(notice.state, act)
    touch(notice)


def halt(notice: Notice) -> None:
    """Nothing more goes out of what is being sent; what waits is cleared away in parts."""
    events = [edition.event_id for edition in editions_of(notice)]
    stop(events)
    plan(
        CLEAR_NOTICE, f"{notice.uid}:{notice.version}", None, {"events": events}, municipality_id=notice.municipality_id
    )


def finished_state(notice: Notice) -> str:
    """What a notice is when everybody has it."""
    return CORRECTED if notice.mode == CORRECTION or any(e.mode == CORRECTION for e in editions_of(notice)) else SENT


def write_down(caller: Caller, notice: Notice, action: str, reason: str | None) -> None:
    """The act into the audit log; the reason is a text that somebody wrote."""
    facts = {"state": notice.state, "edition": notice.edition, "emergency": notice.emergency, "mode": notice.mode}
    session.flush()
    record(notice.municipality_id, caller, action, "notice", str(notice.uid), facts, reason)
