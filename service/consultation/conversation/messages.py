"""What we tell people when contributions are answered."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select, union

from service.consultation.conversation.answering import DISPOSITIONS
from service.consultation.conversation.contributing import KIND
from service.consultation.conversation.models import Answer, AnswerGiven, Contribution
from service.consultation.models import Consultation
from service.db import session
from service.municipalities.directory import Municipality, municipality_with
from service.notices.inbox import Reachable, messages_to, reach_each
from service.notices.models import Follow
from service.outbox.expanding import Kept, Owed, Posted
from service.text import N_, pick, say

AT_ONCE = 100
CONSULTATION = "consultation"
YOURS = N_("Your contribution was answered: {disposition}")
OTHERS = N_("A contribution was answered: {disposition}")


def who_is_told(event: Posted) -> Iterator[Owed | Kept]:
    """The authors, those who replied to them, and who follows the consultation; each once, by account."""
    found = session.execute(
        select(Answer, Consultation.uid)
        .join(Consultation, Consultation.id == Answer.consultation_id)
        .where(Answer.id == event.payload["answer_id"])
    ).one_or_none()
    if found is None:
        return
    answer, consultation = found
    municipality = municipality_with(event.municipality_id)
    reached = event.cursor
    while ids := recipients(answer, str(consultation), reached):
        own = authored(answer.id, ids)
        for account_id, person in sorted(reach_each(ids).items()):
            about = own.get(account_id)
            yield from told(event, municipality, person, answer, (about, str(consultation)))
        reached = ids[-1]


def recipients(answer: Answer, consultation: str, after: int) -> list[int]:
    """The next accounts that are told, in their order."""
    answered = select(AnswerGiven.contribution_id).where(AnswerGiven.answer_id == answer.id)
    people = union(
        select(Contribution.author_id.label("account")).where(Contribution.id.in_(answered)),
        select(Contribution.author_id).where(Contribution.parent_id.in_(answered)),
        select(Follow.account_id).where(
            Follow.municipality_id == answer.municipality_id,
            Follow.kind == CONSULTATION,
            Follow.value == consultation,
        ),
    ).subquery()
    query = select(people.c.account).where(people.c.account > after).order_by(people.c.account)
    return list(session.scalars(query.limit(AT_ONCE)))


def authored(answer_id: int, accounts: list[int]) -> Mapping[int, str]:
    """Which of these accounts wrote one of the answered contributions, with its id."""
    rows = session.execute(
        select(Contribution.author_id, Contribution.uid)
        .join(AnswerGiven, AnswerGiven.contribution_id == Contribution.id)
        .where(AnswerGiven.answer_id == answer_id, Contribution.author_id.in_(accounts))
        .order_by(Contribution.id.desc())
    )
    return {row.author_id: str(row.uid) for row in rows}


def told(
    event: Posted, municipality: Municipality, person: Reachable, answer: Any, about: tuple[str | None, str]
) -> Iterator[Owed | Kept]:
    """One person's message, about their own contribution or about the consultation."""
    contribution, consultation = about
    spoken = municipality.language_for(person.language)
    disposition = say(spoken, DISPOSITIONS[answer.disposition])
    title = say(spoken, YOURS if contribution else OTHERS, disposition=disposition)
    body = pick(answer.reason, spoken, municipality.main_language)
    subject = (KIND, contribution) if contribution else (CONSULTATION, consultation)
    data = {"municipality": municipality.slug, subject[0]: subject[1]}
    return messages_to(event, person, (title, body), subject, data, str(event.uid), person.account_id)
