"""Conversations: what is talked about, what people contributed, who supports it, and what the municipality answered."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.consultation.models import Consultation
from service.db import Base
from service.db.types import Instant, Json, Uid
from service.municipalities.models import Department, Municipality
from service.people.models import Account

JsonOrNull = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
TOP = text("parent_id IS NULL")
MANY_NEWCOMERS = 10
"""So many votes of new accounts on one contribution may be a campaign: staff see that it was so."""
MANY = text(f"newcomers >= {MANY_NEWCOMERS}")
DUE = text("answer_id IS NULL AND official IS false AND withdrawn_at IS NULL")
DUE_ON_SQLITE = text("answer_id IS NULL AND official IS 0 AND withdrawn_at IS NULL")


class Thread(Base):
    """One thing that is talked about in a consultation: all of it, a question, an element of a plan, an article.

    `title` and `text` are frozen copies in the consultation's languages and its main one; `revision` names the text
    (SHA-256 in hexadecimal). `contributions` counts those that were ever made here.
    """

    __tablename__ = "threads"
    __table_args__ = (UniqueConstraint("consultation_id", "kind", "target"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    consultation_id: Mapped[int] = mapped_column(ForeignKey(Consultation.id))
    kind: Mapped[str] = mapped_column(String(16))
    target: Mapped[str] = mapped_column(String(200))
    title: Mapped[dict[str, str] | None] = mapped_column(Json)
    revision: Mapped[str | None] = mapped_column(String(64))
    contributions: Mapped[int] = mapped_column(default=0)


class ThreadText(Base):
    """A text as it stood, so that what was said of it stays readable beside it."""

    __tablename__ = "thread_texts"
    __table_args__ = (UniqueConstraint("thread_id", "revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey(Thread.id))
    revision: Mapped[str] = mapped_column(String(64))
    text: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(Instant)


class Answer(Base):
    """What the municipality did with some contributions: `disposition` is a key of answering.DISPOSITIONS."""

    __tablename__ = "contribution_answers"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    consultation_id: Mapped[int] = mapped_column(ForeignKey(Consultation.id), index=True)
    disposition: Mapped[str] = mapped_column(String(16))
    reason: Mapped[dict[str, str]] = mapped_column(Json)
    body: Mapped[str]
    changed_text: Mapped[dict[str, str] | None] = mapped_column(Json)
    by_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant)


class Contribution(Base):
    """What somebody said. `author_id` is null where it came from outside the app, and of who was erased.

    channel         "app", or how it came from outside; then `role` says as what its submitter speaks
    official        it speaks for the municipality
    quote           {"exact", "prefix", "suffix", "revision"}: the passage that it is about, as it was
    quote_start     where the passage stands in the text in force, in characters; null: it is there no more
    supports …      how many votes of each kind; `divided` is the smaller number of supports and oppositions
    newcomers       how many of the votes are of accounts that were new when they voted
    answer_id       the answer in force
    taken_back      it was entered by mistake: without words it holds the place above its replies
    """

    __tablename__ = "contributions"
    __table_args__ = (
        Index("ix_contributions_newest", "thread_id", "id", postgresql_where=TOP, sqlite_where=TOP),
        Index("ix_contributions_supported", "thread_id", "supports", "id", postgresql_where=TOP, sqlite_where=TOP),
        Index("ix_contributions_divided", "thread_id", "divided", "id", postgresql_where=TOP, sqlite_where=TOP),
        Index("ix_contributions_unanswered", "thread_id", "id", postgresql_where=DUE, sqlite_where=DUE_ON_SQLITE),
        Index("ix_contributions_due", "consultation_id", "id", postgresql_where=DUE, sqlite_where=DUE_ON_SQLITE),
        Index("ix_contributions_newcomers", "consultation_id", "id", postgresql_where=MANY, sqlite_where=MANY),
        Index("ix_contributions_consultation_id_id", "consultation_id", "id"),
        Index("ix_contributions_parent_id_id", "parent_id", "id"),
        Index("ix_contributions_author_id_id", "author_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    consultation_id: Mapped[int] = mapped_column(ForeignKey(Consultation.id))
    thread_id: Mapped[int] = mapped_column(ForeignKey(Thread.id))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("contributions.id"))
    depth: Mapped[int] = mapped_column(default=0)
    stance: Mapped[str | None] = mapped_column(String(8))
    language: Mapped[str] = mapped_column(String(8))
    text: Mapped[str]
    author_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id))
    official: Mapped[bool] = mapped_column(default=False)
    channel: Mapped[str] = mapped_column(String(16))
    role: Mapped[str | None]
    received_on: Mapped[date | None]
    entered_by_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id), index=True)
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    quote: Mapped[dict[str, Any] | None] = mapped_column(JsonOrNull)
    quote_start: Mapped[int | None]
    supports: Mapped[int] = mapped_column(default=0)
    opposes: Mapped[int] = mapped_column(default=0)
    passes: Mapped[int] = mapped_column(default=0)
    divided: Mapped[int] = mapped_column(default=0)
    newcomers: Mapped[int] = mapped_column(default=0, server_default="0")
    replies: Mapped[int] = mapped_column(default=0)
    answer_id: Mapped[int | None] = mapped_column(ForeignKey(Answer.id), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)
    taken_back: Mapped[bool] = mapped_column(default=False, server_default=false())


class TakenBack(Base):
    """A contribution that staff had entered by mistake and took back, with the `reason` that they wrote.

    What it said stays here for those who answer contributions, unless it was to be forgotten. `uid` is what it was
    known by; it is never given again.
    """

    __tablename__ = "contributions_taken_back"
    __table_args__ = (Index("ix_contributions_taken_back_consultation_id_id", "consultation_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    consultation_id: Mapped[int] = mapped_column(ForeignKey(Consultation.id))
    thread_id: Mapped[int] = mapped_column(ForeignKey(Thread.id))
    channel: Mapped[str] = mapped_column(String(16))
    role: Mapped[str | None]
    received_on: Mapped[date | None]
    language: Mapped[str] = mapped_column(String(8))
    text: Mapped[str | None]
    reason: Mapped[str]
    by_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id), index=True)
    entered_at: Mapped[datetime] = mapped_column(Instant)
    taken_back_at: Mapped[datetime] = mapped_column(Instant)


class AnswerGiven(Base):
    """That an answer was given to a contribution, the former answers too."""

    __tablename__ = "answers_given"

    answer_id: Mapped[int] = mapped_column(ForeignKey(Answer.id), primary_key=True)
    contribution_id: Mapped[int] = mapped_column(ForeignKey(Contribution.id), primary_key=True, index=True)


class Support(Base):
    """What one participant thinks of a contribution: 1 supports, -1 opposes, 0 passes.

    `participant` is a pseudonym made for this conversation, by the consultation's unit of uniqueness; it outlives the
    account, which is null of who was erased and of participants of another platform. `newcomer`: the account was new.
    """

    __tablename__ = "contribution_votes"
    __table_args__ = (
        UniqueConstraint("contribution_id", "participant"),
        UniqueConstraint("contribution_id", "account_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    contribution_id: Mapped[int] = mapped_column(ForeignKey(Contribution.id))
    participant: Mapped[bytes] = mapped_column(LargeBinary(32))
    account_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id), index=True)
    vote: Mapped[int]
    newcomer: Mapped[bool] = mapped_column(default=False, server_default=false())


class Mark(Base):
    """One of the marks of what a contribution says: those that say nearly the same share some (resembling.py)."""

    __tablename__ = "contribution_marks"

    consultation_id: Mapped[int] = mapped_column(ForeignKey(Consultation.id), primary_key=True)
    mark: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    contribution_id: Mapped[int] = mapped_column(ForeignKey(Contribution.id), primary_key=True, index=True)


class Duty(Base):
    """Which department is to prepare the answer to a contribution."""

    __tablename__ = "contribution_duties"
    __table_args__ = (
        Index("ix_contribution_duties_department_id_contribution_id", "department_id", "contribution_id"),
    )

    contribution_id: Mapped[int] = mapped_column(ForeignKey(Contribution.id), primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey(Department.id))


class AnswerPromise(Base):
    """Within how many days the municipality has promised to answer each contribution of a consultation."""

    __tablename__ = "answer_promises"

    consultation_id: Mapped[int] = mapped_column(ForeignKey(Consultation.id), primary_key=True)
    days: Mapped[int]
