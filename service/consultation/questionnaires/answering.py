"""Residents and bodies answer, and answer anew, while the database's clock says that the phase is open.

One response for each respondent is held by a constraint: what was committed last stands.
"""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, insert, select

from service.consultation.questionnaires.asking import Given
from service.consultation.questionnaires.finding import ensure_open, written_in
from service.consultation.questionnaires.inviting import code_digest
from service.consultation.questionnaires.models import (
    BODIES,
    OpenAnswer,
    QuestionnaireBody,
    QuestionnaireResponse,
)
from service.db import session
from service.db.upserts import on_both
from service.errors import NotFound, Problem
from service.people.callers import Caller
from service.sealing import pseudonym
from service.text import N_

APP, CODE = "app", "code"
REPLACED = ("account_id", "channel", "answers", "entered_by_id")

responses = QuestionnaireResponse.__table__


def upsert(insert: Any) -> Any:
    """Insert a response or replace it, where it came by the app or is a body's; no row where it is on paper."""
    statement = insert(responses)
    return statement.on_conflict_do_update(
        index_elements=["questionnaire_id", "respondent"],
        set_={name: statement.excluded[name] for name in REPLACED},
        where=(responses.c.channel == APP) | responses.c.body_id.is_not(None),
    ).returning(responses.c.id)


PUT = on_both(upsert)


class AnsweredOnPaper(Problem):
    """A form on paper was entered for this person: it can no longer be answered in the app."""

    status, code, message = 409, "answered_on_paper", N_("You have already answered this on paper.")


class ForBodiesOnly(Problem):
    """Only the bodies that are named answer this, each with its code."""

    status, code = 403, "for_bodies_only"
    message = N_("Only the bodies that were asked can answer this, with their code.")


class BodyCodeNotValid(Problem):
    """No body has this code for this questionnaire, or it has a newer one."""

    status, code, message = 403, "body_code_not_valid", N_("This code is not valid here.")


class BodyHasAnswered(Problem):
    """The code was used. Whoever runs the questionnaire can give the body a new one, to answer anew."""

    status, code = 409, "body_has_answered"
    message = N_("An answer was already given with this code. The municipality can give you a new one.")


def respondent_of(questionnaire: Any, identity: str) -> bytes:
    """The pseudonym of whoever answers, of this questionnaire alone."""
    return pseudonym(f"questionnaire {questionnaire.uid.hex}", questionnaire.municipality_id, identity)


def ensure_for_everyone(questionnaire: Any) -> None:
    """Raises ForBodiesOnly."""
    if questionnaire.audience == BODIES:
        raise ForBodiesOnly


def answer_as_resident(questionnaire: Any, who: Caller, voter: bytes, given: Given) -> None:
    """Write the answers of the caller, who takes part in the consultation as `voter`; inside a transaction.

    Raises QuestionnaireNotOpen, AnsweredOnPaper.
    """
    ensure_open(questionnaire)
    row = row_of(questionnaire, voter.hex(), given) | {"account_id": who.account_id, "channel": APP}
    kept = PUT.value(row)
    if kept is None:
        raise AnsweredOnPaper
    write(questionnaire, kept, given)


def row_of(questionnaire: Any, identity: str, given: Given) -> dict[str, Any]:
    return {
        "uid": uuid4(),
        "questionnaire_id": questionnaire.id,
        "respondent": respondent_of(questionnaire, identity),
        "body_id": None,
        "account_id": None,
        "channel": APP,
        "held": False,
        "answers": dict(given.chosen),
        "entered_by_id": None,
        "second_by_id": None,
    }


def write(questionnaire: Any, response_id: int, given: Given) -> None:
    """Put what is written in place of what was written before; the response is locked."""
    before = delete(OpenAnswer).where(OpenAnswer.response_id == response_id)
    session.execute(before.execution_options(synchronize_session=False))
    own = {"questionnaire_id": questionnaire.id, "response_id": response_id}
    rows = [own | {"uid": uuid4(), "question": key, "text": text} for key, text in given.written.items()]
    if rows:
        session.execute(insert(OpenAnswer), rows)


def body_with(questionnaire: Any, code: str, locked: bool = False) -> QuestionnaireBody:
    """The body that has this code. Raises BodyCodeNotValid."""
    query = select(QuestionnaireBody).filter_by(
        questionnaire_id=questionnaire.id, code_digest=code_digest(questionnaire, code)
    )
    found = session.scalar(query.with_for_update().execution_options(populate_existing=True) if locked else query)
    if found is None:
        raise BodyCodeNotValid
    return found


def answer_with_code(questionnaire: Any, code: str, role: str, given: Given) -> QuestionnaireBody:
    """Write what a body answers, once for each code; the same again is the same. Inside a transaction.

    Raises BodyCodeNotValid, QuestionnaireNotOpen, BodyHasAnswered.
    """
    ensure_open(questionnaire)
    body = body_with(questionnaire, code, locked=True)
    if body.answered_issue == body.issue:
        if not is_same(body, given.by(role)):
            raise BodyHasAnswered
        return body
    put_body(questionnaire, body, given.by(role), {"channel": CODE})
    return body


def put_body(questionnaire: Any, body: QuestionnaireBody, given: Given, how: Mapping[str, Any]) -> int:
    """Write what the body answers, who is locked, in place of what it answered; its code is used up. The key."""
    row = row_of(questionnaire, f"body:{body.uid}", given) | {"body_id": body.id, **how}
    kept = int(PUT.value(row))
    write(questionnaire, kept, given)
    body.answered_issue = body.issue
    session.flush()
    return kept


def is_same(body: QuestionnaireBody, given: Given) -> bool:
    """Whether just this is kept already."""
    kept = session.scalars(select(QuestionnaireResponse).filter_by(body_id=body.id)).one()
    return (kept.answers, written_in(kept.id)) == (given.chosen, given.written)


def body_locked(questionnaire: Any, uid: Any) -> QuestionnaireBody:
    """A body that is asked, locked. Raises NotFound."""
    query = select(QuestionnaireBody).filter_by(questionnaire_id=questionnaire.id, uid=uid).with_for_update()
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound
    return found
