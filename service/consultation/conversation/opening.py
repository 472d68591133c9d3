"""Whether a conversation takes what people write: the database's clock says so, in the transaction of the writing."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from service.consultation.models import CLOSED, DRAFT, Consultation, ConsultationPhase
from service.consultation.phases import WRITING
from service.db import session
from service.db.clock import seconds_from_now
from service.db.types import AnyRow
from service.errors import NotFound, Problem
from service.municipalities.directory import Municipality
from service.text import N_

WITHIN = "/"
"""Between the name of a whole and that of its part."""
WHOLE = "consultation"


class ConversationClosed(Problem):
    """No phase in which people write is open by the database's clock; `opens_at` of the next one, if there is one."""

    status, code = 409, "conversation_closed"
    message = N_("Contributions are not taken at this time.")


def consultation_row(municipality: Municipality, uid: uuid.UUID, drafts: bool = False) -> Consultation:
    """A consultation that everybody may know of, or for staff a draft too. Raises NotFound."""
    found = session.scalar(select(Consultation).filter_by(municipality_id=municipality.id, uid=uid))
    if found is None or (found.state == DRAFT and not drafts):
        raise NotFound
    return found


def ensure_open(consultation_id: int) -> None:
    """Refuse what comes before or after a phase in which people write; inside `transaction()`.

    Raises ConversationClosed.
    """
    mine = ConsultationPhase.consultation_id == consultation_id, ConsultationPhase.kind.in_(WRITING)
    running = ConsultationPhase.opens_at <= seconds_from_now(0), ConsultationPhase.closes_at > seconds_from_now(0)
    lasting = select(ConsultationPhase.id).where(*mine, *running).with_for_update(read=True, key_share=True)
    if session.scalars(lasting).first() is not None:
        return
    later = select(ConsultationPhase.opens_at).where(*mine, ConsultationPhase.opens_at > seconds_from_now(0))
    raise ConversationClosed(opens_at=session.scalars(later.order_by(ConsultationPhase.opens_at)).first())


def ensure_running(found: Consultation) -> None:
    """Refuse what staff enter when all is over, the vote and the phases in which people write.

    Inside `transaction()`. Raises ConversationClosed.
    """
    if found.state == CLOSED:
        ensure_open(found.id)


def phases_of(consultation_id: int) -> Sequence[AnyRow]:
    """When people can write: kind, opens_at, closes_at and whether it is `open` now."""
    running = (ConsultationPhase.opens_at <= seconds_from_now(0)) & (ConsultationPhase.closes_at > seconds_from_now(0))
    columns = ConsultationPhase.kind, ConsultationPhase.opens_at, ConsultationPhase.closes_at, running.label("open")
    mine = ConsultationPhase.consultation_id == consultation_id, ConsultationPhase.kind.in_(WRITING)
    return session.execute(select(*columns).where(*mine).order_by(ConsultationPhase.opens_at)).all()


def targets_of(found: Consultation) -> Mapping[tuple[str, str], Mapping[str, str] | None]:
    """What can be talked about without further ado, by kind and key, with its title: the whole, questions, links."""
    linked = [*found.about, *(one["about"] for one in found.questions if one.get("about"))]
    targets: dict[tuple[str, str], Mapping[str, str] | None] = {(one["kind"], key_of(one)): None for one in linked}
    targets |= {("question", one["key"]): one["text"] for one in found.questions}
    return targets | {(WHOLE, str(found.uid)): found.title}


def key_of(link: Mapping[str, str | None]) -> str:
    """By what name a linked thing is talked about: of a part the name of the whole, `/` and its own."""
    return f"{link['within']}{WITHIN}{link['id']}" if link.get("within") else str(link["id"])


def key_of_whole(found: Any, kind: str) -> str:
    """What is meant where a kind has no key: of the kind `consultation` this one, of others nothing."""
    return str(found.uid) if kind == WHOLE else ""
