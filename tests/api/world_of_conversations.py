"""Conversations for whoever asks."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from service.consultation.conversation.contributing import From, Said, contribute
from service.consultation.conversation.scanning import owner_of_scans, store_scan
from service.consultation.conversation.threads import put_text
from service.consultation.models import FIXED, Consultation, ConsultationPhase
from service.db import session, transaction
from service.db.clock import now
from service.db.keys import new_uid
from service.media.attaching import record_attached
from service.moderation.complaining import case_locked
from service.moderation.deciding import appeal, decide
from service.moderation.ruling import USUAL
from service.people.callers import find_caller
from tests.factories.people import make_resident, make_staff
from tests.factories.reports import INSIDE
from tests.media.documents import PDF

ARTICLE = {"kind": "article", "target": "1"}
SHEET = b"channel,role,received_on,language,text\nletter,Club,2026-11-20,en,Shade\n"
OPERATIONS = {
    *("showConversation", "listContributions", "contribute", "showText", "reportContributions", "enterContribution"),
    *("putText", "listUnanswered", "answerContributions", "listBursts", "promiseAnswers", "handContributions"),
    *("enterSheet", "listTakenBack"),
}
ENTERED = {"keepScan", "listScans", "fetchScan", "removeScan", "takeBackContribution"}


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


def new_contribution(world: Any, own: bool = False) -> uuid.UUID:
    """Something that somebody has just said; `own`: the resident."""
    about, author = new_conversation(world), world.people["resident"] if own else make_resident(world.here)
    with transaction():
        said = Said("More shade", "en", target=str(about.uid))
        return contribute(world.here, about, said, From(author_id=author.account_id)).uid


def new_entered(world: Any) -> uuid.UUID:
    """A letter that staff have just entered."""
    about = new_conversation(world)
    with transaction():
        said = Said("More shade", "en", target=str(about.uid))
        by = From(channel="letter", role="Club", received_on=now().date())
        return contribute(world.here, about, said, by).uid


def new_scan(world: Any, uid: uuid.UUID) -> uuid.UUID:
    """A scan of this letter."""
    kept = store_scan(world.here, uid, PDF, world.app.config["STORE"])
    with transaction():
        record_attached([kept], owner_of_scans(uid))
    return kept.uid


def new_hidden(world: Any, appealed: bool) -> uuid.UUID:
    """Something that the resident has said and somebody has hidden."""
    uid = new_contribution(world, own=True)
    moderator = make_staff(world.here, f"moderator-{uid}", [("moderator", None)])
    with transaction():
        actor = find_caller(world.here.id, moderator.token)
        assert actor is not None
        case = case_locked(world.here, "contribution", uid, world.people["resident"].account_id)
        decide(world.here, actor, case, None, True, next(iter(USUAL)), None)
        if appealed:
            appeal(case, "Why?")
    return uid


def things_for(world: Any, asked: Mapping[str, Any], operation: str) -> dict[str, str]:
    """What is there for the parameters of an address."""
    there = {}
    if operation in OPERATIONS:
        there["consultation"] = str(new_conversation(world).uid)
    if "report_form" in asked:
        there["report_form"] = "csv"
    if "contribution" in asked:
        own = operation == "withdrawContribution"
        uid = new_entered(world) if operation in ENTERED else new_contribution(world, own)
        there["contribution"] = str(uid)
    if "scan" in asked:
        there["scan"] = str(new_scan(world, uid))
    return there


def filled_contribution(world: Any, body: dict[str, Any], role: str) -> dict[str, Any]:
    new_conversation(world)
    sound = {"kind": "consultation", "target": None, "parent": None, "quote": None, "photos": [], "place": INSIDE}
    return body | sound | {"id": str(uuid.uuid4())}


def filled_thing(world: Any, body: dict[str, Any], role: str) -> dict[str, Any]:
    rule = {"rule": next(iter(USUAL))} if "rule" in body else {}
    return body | {"kind": "contribution", "id": str(new_contribution(world))} | rule


def filled_appeal(world: Any, body: dict[str, Any], role: str) -> dict[str, Any]:
    return body | {"kind": "contribution", "id": str(new_hidden(world, appealed="uphold" in body))}


def filled_answer(world: Any, body: dict[str, Any], role: str) -> dict[str, Any]:
    return body | {"contributions": [str(new_contribution(world))], "reason": {"en": "Yes"}, "changed_text": None}


def filled_hand(world: Any, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"contributions": [str(new_contribution(world))], "department": None}


def filled_sheet(world: Any, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"file": SHEET}


def filled_scan(world: Any, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"scan": PDF}


def filled_reason(world: Any, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"reason": "It was entered twice."}


def filled_text(world: Any, body: dict[str, Any], role: str) -> dict[str, Any]:
    return body | ARTICLE | {"title": {"en": "Article 1"}}


FILLED = {
    "contribute": filled_contribution,
    "enterContribution": filled_contribution,
    "putText": filled_text,
    "answerContributions": filled_answer,
    "handContributions": filled_hand,
    "enterSheet": filled_sheet,
    "keepScan": filled_scan,
    "takeBackContribution": filled_reason,
    "complain": filled_thing,
    "decideModeration": filled_thing,
    "decideAppeal": filled_appeal,
    "appeal": filled_appeal,
}
QUERIES: dict[str, tuple[dict[str, Any], ...]] = {"showText": (ARTICLE,)}
