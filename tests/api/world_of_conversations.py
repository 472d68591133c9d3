"""Conversations for whoever asks."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from service.consultation.conversation.contributing import From, Said, contribute
from service.consultation.conversation.threads import put_text
from service.consultation.models import FIXED, Consultation, ConsultationPhase
from service.db import session, transaction
from service.db.clock import now
from service.db.keys import new_uid
from service.moderation.ruling import USUAL
from tests.factories.people import make_resident
from tests.factories.reports import INSIDE

ARTICLE = {"kind": "article", "target": "1"}
OPERATIONS = {
    *("showConversation", "listContributions", "contribute", "showText", "reportContributions", "enterContribution"),
    *("putText", "listUnanswered", "answerContributions"),
}


def new_conversation(world: Any) -> Consultation:
    """A consultation in which people may write, the same for everybody, with an article."""
    found = session.scalars(select(Consultation).where(Consultation.secrecy == "open")).first()
    if found is not None:
        return found
    with transaction():
        made = Consultation(
            uid=new_uid(),
            municipality_id=world.here.id,
            state=FIXED,
            title={"en": "Garden"},
            text={"en": "What?"},
            about=[],
            secrecy="open",
            eligibility="anyone",
            questions=[],
            extensions=[],
            created_at=now(),
        )
        session.add(made)
        session.flush()
        times = {"opens_at": now() - timedelta(hours=1), "closes_at": now() + timedelta(days=1)}
        session.add(ConsultationPhase(consultation_id=made.id, kind="comment", **times))
        put_text(world.here, made, "article", "1", {"en": "Article 1"}, "Two benches.")
    return made


def new_contribution(world: Any) -> uuid.UUID:
    """Something that somebody has just said."""
    about, author = new_conversation(world), make_resident(world.here)
    with transaction():
        said = Said("More shade", "en", target=str(about.uid))
        return contribute(world.here, about, said, From(author_id=author.account_id)).uid


def things_for(world: Any, asked: Mapping[str, Any], operation: str) -> dict[str, str]:
    """What is there for the parameters of an address."""
    there = {}
    if operation in OPERATIONS:
        there["consultation"] = str(new_conversation(world).uid)
    if "contribution" in asked:
        there["contribution"] = str(new_contribution(world))
    return there


def filled_contribution(world: Any, body: dict[str, Any], role: str) -> dict[str, Any]:
    new_conversation(world)
    sound = {"kind": "consultation", "target": None, "parent": None, "quote": None, "photos": [], "place": INSIDE}
    return body | sound | {"id": str(uuid.uuid4())}


def filled_thing(world: Any, body: dict[str, Any], role: str) -> dict[str, Any]:
    rule = {"rule": next(iter(USUAL))} if "rule" in body else {}
    return body | {"kind": "contribution", "id": str(new_contribution(world))} | rule


def filled_answer(world: Any, body: dict[str, Any], role: str) -> dict[str, Any]:
    return body | {"contributions": [str(new_contribution(world))], "reason": {"en": "Yes"}, "changed_text": None}


def filled_text(world: Any, body: dict[str, Any], role: str) -> dict[str, Any]:
    return body | ARTICLE | {"title": {"en": "Article 1"}}


FILLED = {
    "contribute": filled_contribution,
    "enterContribution": filled_contribution,
    "putText": filled_text,
    "answerContributions": filled_answer,
    "complain": filled_thing,
    "decideModeration": filled_thing,
    "decideAppeal": filled_thing,
    "appeal": filled_thing,
}
QUERIES: dict[str, tuple[dict[str, Any], ...]] = {"showText": (ARTICLE,)}
