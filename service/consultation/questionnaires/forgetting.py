"""What questionnaires hold about somebody: given out, erased, handed over. What was counted stays, and nobody knows
whose it was.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select, update

from service.consultation.questionnaires.finding import KIND, shown_case
from service.consultation.questionnaires.forms import QUIETLY
from service.consultation.questionnaires.models import OpenAnswer, Questionnaire, QuestionnaireResponse
from service.db import session
from service.moderation.awaiting import wait_no_more
from service.moderation.models import ModerationCase
from service.municipalities.directory import Municipality
from service.notices.inbox import remove_messages_about


def forget_respondent(municipality: Municipality, account_id: int, keep_public: bool) -> None:
    """Unlink what this person answered and entered; their words go, unless everybody may go on to see them. What they
    chose goes where it is counted, and is counted first where it is not.
    """
    mine = select(QuestionnaireResponse.id).where(QuestionnaireResponse.account_id == account_id)
    locked = session.scalars(mine.order_by(QuestionnaireResponse.id).with_for_update()).all()
    written = select(OpenAnswer.uid).where(OpenAnswer.response_id.in_(locked)).order_by(OpenAnswer.id)
    all_of_them = session.scalars(written).all()
    kept = session.scalars(written.join(ModerationCase, shown_case(municipality))).all() if keep_public else []
    gone = [uid for uid in all_of_them if uid not in set(kept)]
    session.execute(delete(OpenAnswer).where(OpenAnswer.uid.in_(gone)), execution_options=QUIETLY)
    wait_no_more(municipality, KIND, gone)
    for uid in all_of_them:
        remove_messages_about(municipality, KIND, str(uid))
    response = QuestionnaireResponse
    counted = response.id.in_(locked) & response.questionnaire_id.in_(counted_of(locked))
    session.execute(update(response).where(counted).values(answers={}), execution_options=QUIETLY)
    for column in (response.account_id, response.entered_by_id, response.second_by_id):
        session.execute(update(response).where(column == account_id).values({column: None}), execution_options=QUIETLY)


def counted_of(responses: Sequence[int]) -> list[int]:
    """The questionnaires of these responses that are counted; none of the others is before this transaction ends."""
    theirs = select(QuestionnaireResponse.questionnaire_id).where(QuestionnaireResponse.id.in_(responses))
    query = select(Questionnaire.id, Questionnaire.counted_at).where(Questionnaire.id.in_(theirs))
    found = session.execute(query.order_by(Questionnaire.id).with_for_update(read=True)).all()
    return [row.id for row in found if row.counted_at is not None]


def answers_of(account_id: int) -> Sequence[Mapping[str, Any]]:
    """What this person answered, with what they wrote."""
    query = (
        select(
            QuestionnaireResponse.id,
            Questionnaire.uid.label("questionnaire"),
            Questionnaire.title,
            QuestionnaireResponse.answers,
        )
        .join(Questionnaire, Questionnaire.id == QuestionnaireResponse.questionnaire_id)
        .where(QuestionnaireResponse.account_id == account_id)
    )
    rows = session.execute(query.order_by(QuestionnaireResponse.id)).all()
    words = select(OpenAnswer.response_id, OpenAnswer.question, OpenAnswer.text)
    words = words.where(OpenAnswer.response_id.in_([row.id for row in rows])).order_by(OpenAnswer.id)
    written: dict[int, dict[str, str]] = {row.id: {} for row in rows}
    for response_id, question, text in session.execute(words):
        written[response_id][question] = text
    names = ("questionnaire", "title", "answers")
    return [{name: getattr(row, name) for name in names} | {"written": written[row.id]} for row in rows]


def hand_over_answers(before: int, after: int) -> None:
    """What the one account answered is the other's, which is the same person's."""
    theirs = update(QuestionnaireResponse).where(QuestionnaireResponse.account_id == before)
    session.execute(theirs.values(account_id=after), execution_options=QUIETLY)
