"""An open answer as moderators look at it, when the questionnaire is closed: nobody reads it before."""

import uuid
from collections.abc import Collection, Mapping

from sqlalchemy import select

from service.consultation.questionnaires.models import OpenAnswer, Questionnaire, QuestionnaireResponse
from service.db import session
from service.moderation.looking import Shown
from service.municipalities.directory import Municipality


def look_at_open_answers(municipality: Municipality, uids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Shown]:
    """Those of these open answers that are here, of questionnaires that are closed."""
    query = (
        select(
            OpenAnswer.uid,
            OpenAnswer.text,
            QuestionnaireResponse.account_id,
            QuestionnaireResponse.entered_by_id,
            QuestionnaireResponse.second_by_id,
            Questionnaire.uid.label("questionnaire"),
        )
        .join(QuestionnaireResponse, QuestionnaireResponse.id == OpenAnswer.response_id)
        .join(Questionnaire, Questionnaire.id == OpenAnswer.questionnaire_id)
        .where(
            Questionnaire.municipality_id == municipality.id,
            Questionnaire.closed_at.is_not(None),
            OpenAnswer.uid.in_(uids),
        )
    )
    return {
        row.uid: Shown(
            row.account_id,
            row.text,
            None,
            [],
            f"/api/v1/{municipality.slug}/questionnaires/{row.questionnaire}",
            row.entered_by_id,
            row.second_by_id,
        )
        for row in session.execute(query)
    }
