"""Questionnaires for whoever asks."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from service.consultation.questionnaires.inviting import Asked, Named, ask
from service.consultation.questionnaires.models import BODIES, EVERYONE, Questionnaire
from service.db import session, transaction
from service.people.callers import find_caller
from tests.consultation.questioning import new_questionnaire

OF_BODIES = ("askBodies", "renewBodyCode", "whoseCode", "answerForBody", "enterForm")
ANSWERS = {"answers": {"more": "Benches"}, "others": {}}


def questionnaire_of(world: Any, audience: str) -> Questionnaire:
    """One that is answered now, the same for everybody."""
    there = select(Questionnaire).filter_by(audience=audience).order_by(Questionnaire.id)
    found = session.scalars(there).first()
    return found or new_questionnaire(world.here, world.people["administrator"], audience)


def new_body(world: Any) -> Asked:
    """A body that is asked just now, with its code."""
    found = questionnaire_of(world, BODIES).uid
    actor = find_caller(world.here.id, world.people["administrator"].token)
    assert actor is not None
    with transaction():
        [asked] = ask(world.here, actor, found, [Named(f"Body {uuid.uuid4()}", None, None, None)], None)
    return asked


def questionnaire_for(world: Any, asked: Mapping[str, Any], operation: str) -> dict[str, str]:
    """What is there for the parameters of an address."""
    found = questionnaire_of(world, BODIES if operation in OF_BODIES else EVERYONE)
    there = {"questionnaire": str(found.uid)}
    return there | ({"body": str(new_body(world).body.uid)} if "body" in asked else {})


def filled_draft(world: Any, body: dict[str, Any], role: str) -> dict[str, Any]:
    question = {"key": "more", "kind": "text", "text": {"en": "What else?"}}
    said = {"title": {"en": "Summer"}, "text": {"en": "Tell us"}, "sections": [{"questions": [question]}]}
    return body | said


def filled_answers(world: Any, body: dict[str, Any], role: str) -> dict[str, Any]:
    return ANSWERS | {"code": None}


def filled_bodies(world: Any, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"bodies": [{"name": f"Body {uuid.uuid4()}"}]}


def filled_code(world: Any, body: dict[str, Any], role: str) -> dict[str, Any]:
    return body | {"code": new_body(world).code}


def filled_for_body(world: Any, body: dict[str, Any], role: str) -> dict[str, Any]:
    return ANSWERS | {"code": new_body(world).code, "role": "President"}


def filled_form(world: Any, body: dict[str, Any], role: str) -> dict[str, Any]:
    return ANSWERS | {"body": str(new_body(world).body.uid), "role": "President", "channel": "form"}


FILLED = {
    "draftQuestionnaire": filled_draft,
    "putMyAnswers": filled_answers,
    "askBodies": filled_bodies,
    "whoseCode": filled_code,
    "answerForBody": filled_for_body,
    "enterForm": filled_form,
}
