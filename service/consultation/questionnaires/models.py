"""Questionnaires: what is asked, which bodies are asked by name, and what was answered.

What somebody chose and what somebody wrote lie apart: words may be hidden or erased, what was counted stays.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from service.consultation.models import Consultation
from service.db import Base
from service.db.types import Instant, Json, Uid
from service.municipalities.models import Municipality
from service.people.models import Account

EVERYONE, BODIES = "everyone", "bodies"
UNCOUNTED = text("counted_at IS NULL AND digest IS NOT NULL")


class Questionnaire(Base):
    """What is asked in one phase of a consultation; fixed when it has a `digest` (SHA-256 of all that is asked).

    `sections` are [{"title", "questions": [...]}]. Closed: no answer is taken any more; counted: `results` are there.
    """

    __tablename__ = "questionnaires"
    __table_args__ = (
        Index("ix_questionnaires_uncounted", "id", postgresql_where=UNCOUNTED, sqlite_where=UNCOUNTED),
        Index("ix_questionnaires_consultation_id_id", "consultation_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    consultation_id: Mapped[int] = mapped_column(ForeignKey(Consultation.id))
    audience: Mapped[str] = mapped_column(String(16))
    phase: Mapped[str] = mapped_column(String(16))
    version: Mapped[int] = mapped_column(default=1)
    title: Mapped[dict[str, str]] = mapped_column(Json)
    text: Mapped[dict[str, str]] = mapped_column(Json)
    sections: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    results: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    counted_at: Mapped[datetime | None] = mapped_column(Instant)


class QuestionnaireBody(Base):
    """A body that is asked by name. `plan` and `plan_body` name it in a plan, where it stands in one.

    `issue` counts its codes, of which only the newest is good and only a digest is kept; `answered_issue` is the one
    with which it answered last.
    """

    __tablename__ = "questionnaire_bodies"
    __table_args__ = (
        UniqueConstraint("questionnaire_id", "name"),
        UniqueConstraint("questionnaire_id", "code_digest"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey(Questionnaire.id))
    name: Mapped[str] = mapped_column(String(200))
    plan: Mapped[str | None] = mapped_column(String(200))
    plan_body: Mapped[str | None] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(320))
    issue: Mapped[int] = mapped_column(default=1)
    code_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    answered_issue: Mapped[int | None]


class QuestionnaireResponse(Base):
    """The answers of one resident or of one body, by a pseudonym made for this questionnaire; it outlives the account.

    `answers` by question: what was chosen, true where something was written. `held`: a form on paper waits for the
    second officer and is not counted yet. Nothing says when somebody answered, nor does the `uid`, which is random:
    beside the account it would say near which lines of a secret vote's log the same person's ballot stands.
    """

    __tablename__ = "questionnaire_responses"
    __table_args__ = (UniqueConstraint("questionnaire_id", "respondent"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey(Questionnaire.id))
    respondent: Mapped[bytes] = mapped_column(LargeBinary(32))
    body_id: Mapped[int | None] = mapped_column(ForeignKey(QuestionnaireBody.id), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id), index=True)
    channel: Mapped[str] = mapped_column(String(16))
    held: Mapped[bool] = mapped_column(default=False)
    answers: Mapped[dict[str, Any]] = mapped_column(Json)
    entered_by_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id), index=True)
    second_by_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id), index=True)


class OpenAnswer(Base):
    """What somebody wrote in answer to one question, or in the name of which role (`asking.ROLE`); gone when its author
    wants so.

    Its `uid` is random and says nothing of when it was written or what else the same person wrote: texts are shown in
    its order.
    """

    __tablename__ = "open_answers"
    __table_args__ = (
        UniqueConstraint("response_id", "question"),
        Index("ix_open_answers_questionnaire_id_uid", "questionnaire_id", "uid"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey(Questionnaire.id))
    response_id: Mapped[int] = mapped_column(ForeignKey(QuestionnaireResponse.id))
    question: Mapped[str] = mapped_column(String(32))
    text: Mapped[str]
