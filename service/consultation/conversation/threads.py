"""What is talked about in a consultation: each target has one thread, made when it is first spoken of."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import Select, select

from service.consultation.appending import append
from service.consultation.conversation.anchoring import anchor, revision_of
from service.consultation.conversation.models import Contribution, Thread, ThreadText
from service.consultation.conversation.opening import targets_of
from service.consultation.drafting import ConsultationFixed
from service.consultation.finding import participations
from service.consultation.leaves import event_line
from service.consultation.models import CLOSED, COUNTED, FIXED, Consultation
from service.db import session
from service.db.clock import now
from service.db.upserts import insert_if_absent
from service.errors import Problem
from service.municipalities.directory import Municipality
from service.text import N_

ARTICLE = "article"


class NothingToTalkAbout(Problem):
    """The consultation is not about this."""

    status, code, message = 422, "nothing_to_talk_about", N_("This consultation is not about that.")


def thread_of(consultation_id: int, kind: str, target: str) -> Thread | None:
    """The thread about this; None while nobody has spoken of it."""
    return session.scalar(select(Thread).filter_by(consultation_id=consultation_id, kind=kind, target=target))


def threads_of(consultation_id: int) -> Sequence[Thread]:
    """All threads, the first one first."""
    return session.scalars(select(Thread).filter_by(consultation_id=consultation_id).order_by(Thread.id)).all()


def thread_locked(municipality: Municipality, about: Consultation, kind: str, target: str) -> Thread:
    """The thread, made where there is none yet, locked; inside `transaction()`. Raises NothingToTalkAbout."""
    ensure_about(about, kind, target)
    return made_locked(municipality, about, kind, target, targets_of(about).get((kind, target)))


def ensure_about(about: Consultation, kind: str, target: str) -> None:
    """Refuse what the consultation is not about. Raises NothingToTalkAbout."""
    if thread_of(about.id, kind, target) is None and (kind, target) not in targets_of(about):
        raise NothingToTalkAbout


def made_locked(
    municipality: Municipality, about: Consultation, kind: str, target: str, title: Mapping[str, str] | None
) -> Thread:
    thing = {"consultation_id": about.id, "kind": kind, "target": target}
    row = thing | {"municipality_id": municipality.id, "title": title, "contributions": 0}
    insert_if_absent(Thread, [row], returning=Thread.id)
    found = select(Thread).filter_by(**thing).with_for_update()
    return session.scalars(found.execution_options(populate_existing=True)).one()


def put_text(
    municipality: Municipality,
    about: Consultation,
    kind: str,
    target: str,
    title: Mapping[str, str] | None,
    text: str,
    known: Mapping[int, int | None] = MappingProxyType({}),
) -> Thread:
    """This is the text that is talked about from now on; inside `transaction()`. An article may be new.

    Every quotation is looked for in it: one that is not there keeps its words and loses its place, until a later text
    has them again; `known` are the places of those that were looked for before (places_of_quotations).
    Raises NothingToTalkAbout.
    """
    if kind == ARTICLE:
        thread = made_locked(municipality, about, kind, target, title)
    else:
        thread = thread_locked(municipality, about, kind, target)
    thread.title = dict(title) if title else thread.title
    thread.revision = revision_of(text)
    row = {"thread_id": thread.id, "revision": thread.revision, "text": text, "created_at": now()}
    insert_if_absent(ThreadText, [row], returning=ThreadText.id)
    for one in session.scalars(quoting(thread.id).with_for_update()):
        one.quote_start = known[one.id] if one.id in known else anchor(text, one.quote or {})
    return thread


def texts_of(consultation_id: int) -> list[dict[str, Any]]:
    """The texts that are put up, by the SHA-256 of each, as a definition names them."""
    columns = Thread.kind, Thread.target, Thread.title, Thread.revision
    texts = select(*columns).where(Thread.consultation_id == consultation_id, Thread.revision.is_not(None))
    return [dict(row._mapping) for row in session.execute(texts.order_by(Thread.id))]


def replace_text(
    municipality: Municipality,
    about: Consultation,
    kind: str,
    target: str,
    title: Mapping[str, str] | None,
    text: str,
    known: Mapping[int, int | None],
) -> Thread:
    """As put_text, of a consultation that is locked: a new text of one that is fixed is a line of its log, and none is
    taken when that has ended. Raises ConsultationFixed, NothingToTalkAbout.
    """
    if about.state in (COUNTED, CLOSED):
        raise ConsultationFixed
    former = session.scalar(select(Thread.revision).filter_by(consultation_id=about.id, kind=kind, target=target))
    thread = put_text(municipality, about, kind, target, title, text, known)
    if thread.revision != former:
        log_text(municipality, about, thread)
    return thread


def log_text(municipality: Municipality, about: Consultation, thread: Thread) -> None:
    """Say in the log of a consultation that is fixed that there is a new text, unless the program with which it was
    fixed knows no such line.
    """
    if about.state == FIXED and about.verifier is not None:
        facts = {"about": thread.kind, "target": thread.target, "revision": thread.revision}
        line = event_line(about.uid.hex, "text", facts)
        append(about, municipality.slug, [line], sum(participations(about.id).values()))


def places_of_quotations(consultation_id: int, kind: str, target: str, text: str) -> dict[int, int | None]:
    """Where in a new text the quotations of its thread stand, by contribution; it may last: before `transaction()`."""
    thread = thread_of(consultation_id, kind, target)
    found = session.scalars(quoting(thread.id)) if thread else ()
    return {one.id: anchor(text, one.quote or {}) for one in found}


def quoting(thread_id: int) -> Select[Contribution]:
    """The contributions that quote the text of a thread, in their order."""
    mine = Contribution.thread_id == thread_id, Contribution.quote.is_not(None)
    return select(Contribution).where(*mine).order_by(Contribution.id)


def text_of(thread: Thread, revision: str | None = None) -> str | None:
    """The text in force, or that of a former revision; None where there is none."""
    wanted = revision or thread.revision
    return session.scalar(select(ThreadText.text).filter_by(thread_id=thread.id, revision=wanted))
