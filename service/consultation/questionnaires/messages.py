"""The letter with which a body is asked."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from sqlalchemy import select

from service.consultation.questionnaires.finding import phase_of
from service.consultation.questionnaires.inviting import code_of
from service.consultation.questionnaires.models import Questionnaire, QuestionnaireBody
from service.db import session
from service.municipalities.directory import Municipality, municipality_with
from service.outbox.expanding import Owed, Posted
from service.outbox.targets import MAILBOX, id_of
from service.people.verified.codes import shown
from service.text import N_, locale_of, pick, say

SUBJECT = N_("{municipality} asks {body}: {title}")
GREETING = N_("To: {body}")
ASKED = N_("{municipality} asks you to answer “{title}” by {until}.")
HOW = N_("Your code is {code}. It takes one answer, on behalf of the body; everybody sees it after the end.")
WHERE = N_("This link has the code in it: {link}")


def who_is_asked(event: Posted) -> Iterator[Owed]:
    """The letter with the code, unless a newer one is on its way or no answer is taken any more."""
    found = session.execute(
        select(QuestionnaireBody, Questionnaire)
        .join(Questionnaire, Questionnaire.id == QuestionnaireBody.questionnaire_id)
        .where(
            QuestionnaireBody.uid == uuid.UUID(event.payload["body"]),
            QuestionnaireBody.issue == event.version,
            Questionnaire.closed_at.is_(None),
        )
    ).one_or_none()
    if found is None:
        return
    body, questionnaire = found
    phase = phase_of(questionnaire)
    target = id_of(event.municipality_id, "email", MAILBOX, body.email)
    if target is None or phase is None:
        return
    municipality = municipality_with(event.municipality_id)
    code = shown(code_of(municipality.id, body.uid, body.issue))
    content = letter(municipality, body.name, questionnaire, phase.closes_at, code, event.payload["page"])
    yield Owed(target, str(event.uid), content, until=phase.closes_at, fleeting=True)


def letter(
    municipality: Municipality, body: str, questionnaire: Questionnaire, until: datetime, code: str, page: str | None
) -> dict[str, str]:
    """Subject, which is one line whatever the names are, and text, in the municipality's main language."""
    spoken = municipality.main_language
    zone, locale = ZoneInfo(municipality.time_zone), locale_of(spoken)
    values = {
        "municipality": pick(municipality.name, spoken),
        "body": body,
        "title": pick(questionnaire.title, spoken),
        "until": str(format_datetime(until, "short", tzinfo=zone, locale=locale)),
        "code": code,
        "link": f"{page}#{quote(code)}",
    }
    parts = (GREETING, ASKED, HOW, *((WHERE,) if page else ()))
    text = "\n\n".join(say(spoken, part, **values) for part in parts)
    subject = " ".join(say(spoken, SUBJECT, **values).split())
    return {"subject": subject, "text": f"{text}\n"}
