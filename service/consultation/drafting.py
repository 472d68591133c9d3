"""A consultation is prepared, changed while it is a draft, and fixed: from then on everybody sees what is asked."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, func, select

from service.consultation.among import SMALLEST, among_of, is_limited
from service.consultation.appending import append, origin_of
from service.consultation.ballots import KINDS, check_question
from service.consultation.ballots.asking import KEY, QuestionNotValid
from service.consultation.ending import plan_closing
from service.consultation.finding import locked, question_of
from service.consultation.heads import public_bytes, signing_key
from service.consultation.leaves import canonical, event_line
from service.consultation.models import DRAFT, FIXED, VOTE, Consultation, ConsultationPhase, PaperCode
from service.consultation.phases import Phase, ending, fault_in
from service.consultation.statistics import TABLES
from service.consultation.subjects import freeze, links_in
from service.consultation.telling import tell_begun
from service.consultation.verifying import verifier
from service.consultation.wording import CODE, RESIDENT
from service.db import session
from service.db.clock import now, seconds_from_now
from service.db.keys import new_uid
from service.db.upserts import insert_if_absent
from service.errors import Problem
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.callers import Caller
from service.people.verified.codes import meant, new_code, shown
from service.sealing import pseudonym
from service.text import N_

CODE_LENGTH = 12
MOST_QUESTIONS, MOST_TOGETHER = 100, 2000
"""Questions, and options of all of them together."""
FRONT = ("title", "text", "about", "secrecy", "eligibility", "eligible", "eligible_source", "questions")


class ConsultationNotValid(Problem):
    """It cannot be asked so. `question` is the key of the question, where it is one; `reason` a stable word."""

    status, code, message = 422, "consultation_not_valid", N_("This consultation cannot be held as it is described.")


class ConsultationChanged(Problem):
    """Somebody else changed it since; `version` is the one it has now."""

    status, code, message = 409, "consultation_changed", N_("Somebody else has changed this consultation meanwhile.")


class ConsultationFixed(Problem):
    """What is asked and how it is counted can no longer change."""

    status, code, message = 409, "consultation_fixed", N_("This consultation can no longer be changed.")


@dataclass(frozen=True)
class Draft:
    """A consultation as staff describe it; `phases` are (kind, opens_at, closes_at), `among` as `among_of` takes it."""

    title: Mapping[str, str]
    text: Mapping[str, str]
    about: Sequence[Mapping[str, Any]]
    secrecy: str
    eligibility: str
    eligible: int | None
    questions: Sequence[Mapping[str, Any]]
    phases: Sequence[Phase]
    eligible_source: Mapping[str, str] | None = None
    among: Mapping[str, Any] | None = None


def begin(municipality: Municipality, actor: Caller, draft: Draft) -> Consultation:
    """Write a draft down. Raises ConsultationNotValid."""
    check(draft)
    made = Consultation(
        uid=new_uid(), municipality_id=municipality.id, state=DRAFT, version=1, extensions=[], created_at=now()
    )
    describe(municipality, made, draft)
    session.add(made)
    session.flush()
    write_phases(made, draft)
    record(municipality.id, actor, "consultation_drafted", "consultation", str(made.uid))
    return made


def change(municipality: Municipality, uid: uuid.UUID, draft: Draft, version: int) -> Consultation:
    """Describe a draft anew. Raises NotFound, ConsultationNotValid, ConsultationChanged, ConsultationFixed."""
    check(draft)
    found = draft_of(municipality, uid, version)
    describe(municipality, found, draft)
    found.version += 1
    session.execute(delete(ConsultationPhase).where(ConsultationPhase.consultation_id == found.id))
    write_phases(found, draft)
    return found


def draft_of(municipality: Municipality, uid: uuid.UUID, version: int) -> Consultation:
    """The draft, locked, if it is the version that the caller has seen."""
    found = locked(municipality, uid)
    if found.state != DRAFT:
        raise ConsultationFixed
    if found.version != version:
        raise ConsultationChanged(version=found.version)
    return found


def describe(municipality: Municipality, consultation: Consultation, draft: Draft) -> None:
    """Raises ConsultationNotValid where the residents who may take part are said wrongly."""
    for name in FRONT:
        setattr(consultation, name, getattr(draft, name))
    consultation.ends_with = ending(draft.phases)
    if draft.eligibility != RESIDENT:
        if draft.among:
            raise ConsultationNotValid(reason="among")
        consultation.among = {}
        return
    year = next(municipality.day(opens_at).year for kind, opens_at, _ in draft.phases if kind == consultation.ends_with)
    try:
        consultation.among = among_of(municipality, draft.among or {}, year)
    except ValueError as refused:
        raise ConsultationNotValid(reason=str(refused)) from None


def write_phases(consultation: Consultation, draft: Draft) -> None:
    for kind, opens_at, closes_at in draft.phases:
        phase = ConsultationPhase(consultation_id=consultation.id, kind=kind, opens_at=opens_at, closes_at=closes_at)
        session.add(phase)
    session.flush()


def check(draft: Draft) -> None:
    """Raises ConsultationNotValid."""
    keys = [question["key"] for question in draft.questions]
    if len(keys) > MOST_QUESTIONS or len(set(keys)) != len(keys):
        raise ConsultationNotValid(reason="questions")
    if sum(len(question["ask"]["options"]) for question in draft.questions if question["ask"]) > MOST_TOGETHER:
        raise ConsultationNotValid(reason="options")
    if fault := fault_in(draft.phases):
        raise ConsultationNotValid(reason=fault)
    votes = VOTE in (kind for kind, _, _ in draft.phases)
    if votes != any(question["ask"] for question in draft.questions):
        raise ConsultationNotValid(reason="questions" if votes else "phases")
    for question in draft.questions:
        check_one(question)


def check_one(question: Mapping[str, Any]) -> None:
    key = question["key"]
    if not KEY.fullmatch(key) or key in TABLES:
        raise ConsultationNotValid(question=key, reason="key")
    if question["ask"] is None:
        return
    try:
        check_question(question_of(question["ask"]))
    except QuestionNotValid as refused:
        raise ConsultationNotValid(question=key, reason=refused.reason) from None


def no_texts(consultation_id: int) -> list[dict[str, Any]]:
    return []


def fix(
    municipality: Municipality,
    actor: Caller,
    uid: uuid.UUID,
    seen: int,
    texts_of: Callable[[int], list[dict[str, Any]]] = no_texts,
) -> Consultation:
    """Fix what is asked, begin the log and plan the closing; from now on the database's clock opens and ends phases.
    `texts_of` gives the texts that were put up for it.

    Raises NotFound, ConsultationChanged, ConsultationFixed, LinkNotFound, SubjectChanged, and ConsultationNotValid
    where its end is past, and where only some residents may vote and these are few or nobody said how many.
    """
    found = draft_of(municipality, uid, seen)
    query = select(ConsultationPhase, ConsultationPhase.closes_at > seconds_from_now(0)).where(
        ConsultationPhase.consultation_id == found.id, ConsultationPhase.kind == found.ends_with
    )
    phase, ahead = session.execute(query).one()
    if not ahead:
        raise ConsultationNotValid(reason="past")
    if found.eligibility == CODE:
        found.eligible = count_codes(found.id)
    if found.ends_with == VOTE and is_limited(found.among) and (found.eligible or 0) < SMALLEST:
        raise ConsultationNotValid(reason="eligible")
    name = found.uid.hex
    found.definition = definition_of(municipality, found, phase) | {"texts": texts_of(found.id)}
    found.definition_digest = sha256(canonical(found.definition)).digest()
    found.verifier = verifier()
    found.public_key = public_bytes(signing_key(municipality.id, name))
    found.state, found.version = FIXED, found.version + 1
    line = event_line(name, "open", {"definition": found.definition_digest.hex()})
    append(found, municipality.slug, [line], 0)
    plan_closing(found, phase.closes_at)
    session.flush()
    tell_begun(found.id)
    facts = {"definition": found.definition_digest.hex(), "log": origin_of(municipality.slug, name)}
    record(municipality.id, actor, "consultation_fixed", "consultation", str(found.uid), facts)
    return found


def count_codes(consultation_id: int) -> int:
    """How many codes there are. Raises ConsultationNotValid for none."""
    number = session.scalar(select(func.count()).where(PaperCode.consultation_id == consultation_id)) or 0
    if not number:
        raise ConsultationNotValid(reason="codes")
    return int(number)


def definition_of(municipality: Municipality, found: Consultation, phase: ConsultationPhase) -> dict[str, Any]:
    """All that is fixed: what is asked, of whom, until when, by which rules it is counted, and the SHA-256 of the
    program that checks it.
    """
    return {
        "consultation": found.uid.hex,
        "municipality": municipality.slug,
        "title": found.title,
        "text": found.text,
        "about": found.about,
        "subjects": freeze(municipality, links_in(found.about, found.questions)),
        "secrecy": found.secrecy,
        "eligibility": found.eligibility,
        "eligible": found.eligible,
        "eligible_source": found.eligible_source,
        "among": found.among,
        "opens_at": written(phase.opens_at),
        "closes_at": written(phase.closes_at),
        "questions": [with_rule(question) for question in found.questions if question["ask"]],
        "free_questions": [without_rule(question) for question in found.questions if not question["ask"]],
        "verifier": sha256(verifier().encode()).hexdigest(),
    }


def with_rule(question: Mapping[str, Any]) -> dict[str, Any]:
    kind = KINDS[question["ask"]["kind"]]
    return {**question, "rule": kind.rule, "version": kind.version}


def without_rule(question: Mapping[str, Any]) -> dict[str, Any]:
    """A question that is only talked about."""
    return {name: question[name] for name in ("key", "text", "about")}


def written(moment: datetime) -> str:
    """An instant as the log writes it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def make_codes(municipality: Municipality, actor: Caller, uid: uuid.UUID, version: int, count: int) -> list[str]:
    """So many more codes to be printed; they are known only now. Raises as `draft_of`, and ConsultationNotValid where
    no codes are used.
    """
    found = draft_of(municipality, uid, version)
    if found.eligibility != CODE:
        raise ConsultationNotValid(reason="codes")
    codes = [new_code(CODE_LENGTH) for _ in range(count)]
    rows = [{"consultation_id": found.id, "digest": code_digest(found, code)} for code in codes]
    insert_if_absent(PaperCode, rows, returning=PaperCode.digest)
    found.version += 1
    record(municipality.id, actor, "consultation_codes_made", "consultation", str(found.uid), {"count": count})
    return [shown(code) for code in codes]


def code_digest(consultation: Any, code: str) -> bytes:
    """What is kept of a code, however it is typed."""
    return pseudonym(f"paper code {consultation.uid.hex}", consultation.municipality_id, meant(code))
