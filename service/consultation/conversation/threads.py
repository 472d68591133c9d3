"""What is talked about in a consultation: each target has one thread, made when it is first spoken of."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from service.consultation.conversation.anchoring import anchor, revision_of
from service.consultation.conversation.models import Contribution, Thread, ThreadText
from service.consultation.conversation.opening import targets_of
from service.consultation.models import Consultation
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
    targets = targets_of(about)
    if thread_of(about.id, kind, target) is None and (kind, target) not in targets:
        raise NothingToTalkAbout
    return made_locked(municipality, about, kind, target, targets.get((kind, target)))


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
) -> Thread:
    """This is the text that is talked about from now on; inside `transaction()`. An article may be new.

    Every quotation is looked for in it: one that is not there keeps its words and loses its place, until a later text
    has them again. Raises NothingToTalkAbout.
    """
    if kind == ARTICLE:
        thread = made_locked(municipality, about, kind, target, title)
    else:
        thread = thread_locked(municipality, about, kind, target)
    thread.title = dict(title) if title else thread.title
    thread.revision = revision_of(text)
    row = {"thread_id": thread.id, "revision": thread.revision, "text": text, "created_at": now()}
    insert_if_absent(ThreadText, [row], returning=ThreadText.id)
    quoting = select(Contribution).where(Contribution.thread_id == thread.id, Contribution.quote.is_not(None))
    for contribution in session.scalars(quoting.order_by(Contribution.id).with_for_update()):
        contribution.quote_start = anchor(text, contribution.quote or {})
    return thread


def text_of(thread: Thread, revision: str | None = None) -> str | None:
    """The text in force, or that of a former revision; None where there is none."""
    wanted = revision or thread.revision
    return session.scalar(select(ThreadText.text).filter_by(thread_id=thread.id, revision=wanted))
