"""Bodies are asked by name: each gets a code that can be used once, by e-mail or on paper.

Codes are made of the installation's key, so that the worker can write a letter and no table holds one that works; but
for a letter by e-mail, which waits in `deliveries` with its code until it is sent.
"""

import base64
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from service.consultation.questionnaires.asking import QuestionnaireNotValid
from service.consultation.questionnaires.finding import QuestionnaireNotOpen, locked
from service.consultation.questionnaires.models import BODIES, Questionnaire, QuestionnaireBody
from service.db import session
from service.db.keys import new_uid
from service.db.upserts import insert_if_absent
from service.errors import NotFound, Problem
from service.municipalities.directory import Municipality
from service.outbox import targets
from service.outbox.posting import owe
from service.people.auditing import record
from service.people.callers import Caller
from service.people.verified.codes import ALPHABET, meant, shown
from service.plans.finding import entries_of, published_plan
from service.sealing import pseudonym
from service.text import N_, pick

QUESTIONNAIRE_SENT = "questionnaire_sent"
CODE_LENGTH = 16
BASE32 = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET)


class BodyNamedTwice(Problem):
    """A body of this name is asked already; `key` says which."""

    status, code, message = 409, "body_named_twice", N_("This body is asked already.")


@dataclass(frozen=True)
class Named:
    """A body to be asked: by a name of its own, or as `plan_body` of a published `plan`, whose name it gets."""

    name: str | None
    plan: str | None
    plan_body: str | None
    email: str | None


@dataclass(frozen=True)
class Asked:
    """A body with its code, to be printed; the code is None where it goes by e-mail."""

    body: QuestionnaireBody
    code: str | None


def ask(
    municipality: Municipality, actor: Caller, uid: uuid.UUID, named: Sequence[Named], page: str | None
) -> list[Asked]:
    """Ask these bodies too; `page` is where a letter leads. Inside a transaction.

    Raises NotFound (no such questionnaire, plan or body of a plan), QuestionnaireNotValid where it is a draft or for
    everyone, QuestionnaireNotOpen when it is closed, BodyNamedTwice.
    """
    found = of_bodies(municipality, uid)
    asked = [ask_one(municipality, found, one, page) for one in named]
    facts = {"bodies": [one.body.name for one in asked]}
    record(municipality.id, actor, "questionnaire_bodies_asked", "questionnaire", str(uid), facts)
    return asked


def of_bodies(municipality: Municipality, uid: uuid.UUID) -> Questionnaire:
    """A questionnaire that is for bodies only, fixed and not closed; locked."""
    found = locked(municipality, uid)
    if found.audience != BODIES or found.digest is None:
        raise QuestionnaireNotValid(question=None, reason="audience" if found.audience != BODIES else "draft")
    if found.closed_at is not None:
        raise QuestionnaireNotOpen
    return found


def ask_one(municipality: Municipality, found: Questionnaire, named: Named, page: str | None) -> Asked:
    own = new_uid()
    row = {"uid": own, "questionnaire_id": found.id, "name": name_of(municipality, named), "issue": 1}
    row |= {"plan": named.plan, "plan_body": named.plan_body, "email": named.email}
    row["code_digest"] = code_digest(found, code_of(municipality.id, own, 1))
    if not insert_if_absent(QuestionnaireBody, [row], returning=QuestionnaireBody.id):
        raise BodyNamedTwice(key=row["name"])
    return give(municipality, session.scalars(select(QuestionnaireBody).filter_by(uid=own)).one(), page)


def name_of(municipality: Municipality, named: Named) -> str:
    """What the body is called. Raises NotFound."""
    if named.plan is None or named.plan_body is None:
        return str(named.name)
    plan, version = published_plan(municipality, named.plan)
    there = {one["key"]: one["name"] for one in entries_of(plan, version).get("bodies", [])}
    if named.plan_body not in there:
        raise NotFound
    return pick(there[named.plan_body], municipality.main_language)


def renew(
    municipality: Municipality, actor: Caller, uid: uuid.UUID, body: uuid.UUID, page: str | None, **changed: str | None
) -> Asked:
    """A new code, to another `email` where one is given: the code before is worth nothing any more, and with the new
    one the body may answer in place of what it answered. Inside a transaction. Raises as `ask`, and NotFound for
    another's body.
    """
    found = of_bodies(municipality, uid)
    one = session.scalar(select(QuestionnaireBody).filter_by(questionnaire_id=found.id, uid=body).with_for_update())
    if one is None:
        raise NotFound
    one.issue += 1
    one.email = changed.get("email", one.email)
    one.code_digest = code_digest(found, code_of(municipality.id, one.uid, one.issue))
    session.flush()
    facts = {"body": one.name}
    record(municipality.id, actor, "questionnaire_code_renewed", "questionnaire", str(uid), facts)
    return give(municipality, one, page)


def give(municipality: Municipality, body: QuestionnaireBody, page: str | None) -> Asked:
    """Owe the letter with the code, or give the code out where no address is known."""
    if body.email is None:
        return Asked(body, shown(code_of(municipality.id, body.uid, body.issue)))
    targets.register(municipality.id, "email", targets.MAILBOX, body.email)
    facts = {"body": str(body.uid), "page": page}
    owe(municipality.id, QUESTIONNAIRE_SENT, f"questionnaire_body:{body.uid}", body.issue, facts)
    return Asked(body, None)


def code_of(municipality_id: int, body: uuid.UUID, issue: int) -> str:
    """The code of a body: 16 characters, five bits each."""
    made = pseudonym(f"questionnaire body {body.hex}", municipality_id, str(issue))
    return base64.b32encode(made[:10]).decode().translate(BASE32)


def code_digest(questionnaire: Any, code: str) -> bytes:
    """What is kept of a code, however it is typed."""
    return pseudonym(f"questionnaire code {questionnaire.uid.hex}", questionnaire.municipality_id, meant(code))
