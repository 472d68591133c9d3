"""A questionnaire is prepared, changed while it is a draft, and fixed: from then on everybody sees what is asked."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from service.consultation.finding import whole as consultation_whole
from service.consultation.leaves import canonical
from service.consultation.models import DRAFT, VOTE, Consultation, ConsultationPhase
from service.consultation.questionnaires.asking import (
    QuestionnaireNotValid,
    check_sections,
    languages_missing,
    texts_of,
)
from service.consultation.questionnaires.finding import locked
from service.consultation.questionnaires.models import EVERYONE, Questionnaire
from service.consultation.wording import SECRET
from service.db import session
from service.db.clock import now, seconds_from_now
from service.db.keys import new_uid
from service.errors import Problem
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.callers import Caller
from service.text import N_

FRONT = ("audience", "phase", "title", "text", "sections")


class QuestionnaireChanged(Problem):
    """Somebody else changed it since; `version` is the one it has now."""

    status, code, message = 409, "questionnaire_changed", N_("Somebody else has changed this questionnaire meanwhile.")


class QuestionnaireFixed(Problem):
    """What is asked can no longer change."""

    status, code, message = 409, "questionnaire_fixed", N_("This questionnaire can no longer be changed.")


@dataclass(frozen=True)
class Described:
    """A questionnaire as staff describe it."""

    audience: str
    phase: str
    title: Mapping[str, str]
    text: Mapping[str, str]
    sections: Sequence[Mapping[str, Any]]


def begin(municipality: Municipality, actor: Caller, consultation: uuid.UUID, described: Described) -> Questionnaire:
    """Write a draft down, inside a transaction. Raises NotFound, QuestionnaireNotValid."""
    about = consultation_whole(municipality, consultation, drafts=True)
    check(about, described)
    made = Questionnaire(
        uid=new_uid(), municipality_id=municipality.id, consultation_id=about.id, version=1, created_at=now()
    )
    describe(made, described)
    session.add(made)
    session.flush()
    facts = {"consultation": str(about.uid)}
    record(municipality.id, actor, "questionnaire_drafted", "questionnaire", str(made.uid), facts)
    return made


def change(municipality: Municipality, uid: uuid.UUID, described: Described, version: int) -> Questionnaire:
    """Describe a draft anew. Raises NotFound, QuestionnaireNotValid, QuestionnaireChanged, QuestionnaireFixed."""
    found = draft_of(municipality, uid, version)
    check(session.get_one(Consultation, found.consultation_id), described)
    describe(found, described)
    found.version += 1
    return found


def draft_of(municipality: Municipality, uid: uuid.UUID, version: int) -> Questionnaire:
    """The draft, locked, if it is the version that the caller has seen."""
    found = locked(municipality, uid)
    if found.digest is not None:
        raise QuestionnaireFixed
    if found.version != version:
        raise QuestionnaireChanged(version=found.version)
    return found


def describe(questionnaire: Questionnaire, described: Described) -> None:
    for name in FRONT:
        setattr(questionnaire, name, getattr(described, name))


def check(about: Consultation, described: Described) -> None:
    """Refuse what cannot be asked, not in every language of the consultation, or not beside its secret vote.

    Raises QuestionnaireNotValid.
    """
    check_sections(described.sections)
    if described.audience == EVERYONE and about.secrecy == SECRET and is_not_before_the_vote(about.id, described.phase):
        raise QuestionnaireNotValid(question=None, reason="secret")
    spoken = sorted(about.title)
    if languages_missing([described.title, described.text, *(one["title"] for one in described.sections)], spoken):
        raise QuestionnaireNotValid(question=None, reason="languages")
    for question in (one for section in described.sections for one in section["questions"]):
        if languages_missing(texts_of(question), spoken):
            raise QuestionnaireNotValid(question=question["key"], reason="languages")


def is_not_before_the_vote(consultation_id: int, kind: str) -> bool:
    """Whether people may vote at any time of this phase, as the end of the vote can be moved: the order in which
    accounts answer would be about that in which they vote, and batches of the log are small.
    """
    vote, mine = aliased(ConsultationPhase), aliased(ConsultationPhase)
    query = select(vote.id).join(mine, mine.consultation_id == vote.consultation_id)
    query = query.where(vote.consultation_id == consultation_id, vote.kind == VOTE, mine.kind == kind)
    return session.scalar(query.where(mine.closes_at > vote.opens_at)) is not None


def fix(municipality: Municipality, actor: Caller, uid: uuid.UUID, seen: int) -> Questionnaire:
    """Fix what is asked; answers are taken while its phase lasts.

    Raises NotFound, QuestionnaireChanged, QuestionnaireFixed, and QuestionnaireNotValid while its consultation is a
    draft itself, where the phase is not one of it or is over, or where the consultation changed since so that it
    cannot be asked any more.
    """
    found = draft_of(municipality, uid, seen)
    about = session.get_one(Consultation, found.consultation_id)
    if about.state == DRAFT:
        raise QuestionnaireNotValid(question=None, reason="consultation")
    check(about, Described(**{name: getattr(found, name) for name in FRONT}))
    ahead = ConsultationPhase.closes_at > seconds_from_now(0)
    mine = select(ConsultationPhase.id).filter_by(consultation_id=about.id, kind=found.phase)
    if session.scalar(mine.where(ahead)) is None:
        raise QuestionnaireNotValid(question=None, reason="phase")
    found.digest = sha256(canonical(definition_of(about, found))).digest()
    found.version += 1
    facts = {"definition": found.digest.hex(), "consultation": str(about.uid)}
    record(municipality.id, actor, "questionnaire_fixed", "questionnaire", str(found.uid), facts)
    return found


def definition_of(about: Consultation, found: Questionnaire) -> dict[str, Any]:
    """All that is fixed: what is asked, of whom and in which phase."""
    asked = {name: getattr(found, name) for name in FRONT}
    whose = {"questionnaire": found.uid.hex, "consultation": about.uid.hex}
    return {**asked, **whose, "eligibility": about.eligibility, "among": about.among}
