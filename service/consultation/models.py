"""Consultations, who took part, and their ballots. What a person answered and that they took part never meet in a row.

Participations, ballots and answers have no key of their own, no time and nothing of the request: their names are
random to everybody but the phone. On SQLite their tables are kept in the order of those names.
"""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Json, Uid
from service.municipalities.models import Municipality
from service.people.models import Account

DRAFT, FIXED, COUNTED, CLOSED = "draft", "fixed", "counted", "closed"
VOTE = "vote"
HELD = "held"
PENDING = text("place IS NULL")
IN_ORDER_OF_KEY = {"sqlite_with_rowid": False}


class Consultation(Base):
    """draft → fixed (its questions and rules can no longer change) → counted → closed.

    `ends_with` is the kind of the phase with whose end it is over. `definition` is what was fixed, `definition_digest`
    its SHA-256 in the log's first line, `verifier` the text of the program that checks it, as it was then. `eligible`
    is how many may take part, where that is known, and `eligible_source` by language whose number that is. `among` says
    which of the verified residents may: see among.py. `bundle` names the file with everything to check the result by,
    `statistics` are the numbers of who took part, as they were published. `observers` are the mailboxes that get its
    heads.
    """

    __tablename__ = "consultations"
    __table_args__ = (Index("ix_consultations_municipality_id_id", "municipality_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    state: Mapped[str] = mapped_column(String(16), default=DRAFT)
    version: Mapped[int] = mapped_column(default=1)
    title: Mapped[dict[str, str]] = mapped_column(Json)
    text: Mapped[dict[str, str]] = mapped_column(Json)
    about: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    secrecy: Mapped[str] = mapped_column(String(16))
    eligibility: Mapped[str] = mapped_column(String(16))
    eligible: Mapped[int | None]
    eligible_source: Mapped[dict[str, str] | None] = mapped_column(Json)
    among: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    questions: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    ends_with: Mapped[str] = mapped_column(String(16), default=VOTE)
    extensions: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    observers: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")
    definition: Mapped[dict[str, Any] | None] = mapped_column(Json)
    definition_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    verifier: Mapped[str | None] = mapped_column(deferred=True)
    public_key: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    tally: Mapped[dict[str, Any] | None] = mapped_column(Json)
    statistics: Mapped[dict[str, Any] | None] = mapped_column(Json)
    bundle: Mapped[str | None] = mapped_column(String(200))
    bundle_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)


class ConsultationPhase(Base):
    """From when until before when something can be done; the database's clock says whether it is then."""

    __tablename__ = "consultation_phases"
    __table_args__ = (UniqueConstraint("consultation_id", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey(Consultation.id))
    kind: Mapped[str] = mapped_column(String(16))
    opens_at: Mapped[datetime] = mapped_column(Instant)
    closes_at: Mapped[datetime] = mapped_column(Instant)


class PaperCode(Base):
    """A code on paper with which one person may take part; a keyed pseudonym of it."""

    __tablename__ = "paper_codes"
    __table_args__ = IN_ORDER_OF_KEY

    consultation_id: Mapped[int] = mapped_column(ForeignKey(Consultation.id), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)


class Participation(Base):
    """That somebody took part, by a pseudonym made for this consultation only; it outlives the account.

    `channel`: app or paper; `held` where a paper waits for the second officer, which is not counted yet. `district` and
    `ages` (a band) are known of verified residents only, until the numbers of who took part are out.
    """

    __tablename__ = "participations"
    __table_args__ = IN_ORDER_OF_KEY

    consultation_id: Mapped[int] = mapped_column(ForeignKey(Consultation.id), primary_key=True)
    voter: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(8))
    district: Mapped[str | None] = mapped_column(String(32))
    ages: Mapped[str | None] = mapped_column(String(8))


class Ballot(Base):
    """The answers of one person as one thing, only while they may still be replaced; deleted at the end."""

    __tablename__ = "ballots"
    __table_args__ = IN_ORDER_OF_KEY

    consultation_id: Mapped[int] = mapped_column(ForeignKey(Consultation.id), primary_key=True)
    tracker: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    sequence: Mapped[int]


class BallotAnswer(Base):
    """An answer to one question, each time it was given. Only the last one has its salt and says what was answered.

    `ballot` is the tracker of the whole ballot, null when it is over. `place` is the line of the log, null until it was
    released.
    """

    __tablename__ = "ballot_answers"
    __table_args__ = (
        Index("ix_ballot_answers_consultation_id_ballot", "consultation_id", "ballot"),
        Index(
            "ix_ballot_answers_pending", "consultation_id", "tracker", postgresql_where=PENDING, sqlite_where=PENDING
        ),
        IN_ORDER_OF_KEY,
    )

    consultation_id: Mapped[int] = mapped_column(ForeignKey(Consultation.id), primary_key=True)
    tracker: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ballot: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    question: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(8))
    answer: Mapped[Any] = mapped_column(Json, nullable=True)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    blind: Mapped[bytes] = mapped_column(LargeBinary(16))
    commitment: Mapped[bytes] = mapped_column(LargeBinary(32))
    place: Mapped[int | None]


class OpenVote(Base):
    """Whose ballot it is, where votes are cast with names; gone with the account."""

    __tablename__ = "open_votes"

    id: Mapped[int] = mapped_column(primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey(Consultation.id), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), index=True)
    tracker: Mapped[bytes] = mapped_column(LargeBinary(32))


class Outcome(Base):
    """What the municipality said, on a day, became of a result. Added to, never changed: it stands in place of the one
    that it `corrects`, whose words it may have taken out. `links` are [{kind, id}].
    """

    __tablename__ = "consultation_outcomes"
    __table_args__ = (
        UniqueConstraint("consultation_id", "corrects"),
        Index("ix_consultation_outcomes_consultation_id_id", "consultation_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey(Consultation.id))
    corrects: Mapped[uuid.UUID | None] = mapped_column(Uid)
    said_on: Mapped[date]
    title: Mapped[dict[str, str]] = mapped_column(Json)
    text: Mapped[dict[str, str]] = mapped_column(Json)
    links: Mapped[list[dict[str, str]]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(Instant)


class LogLeaf(Base):
    """A line of a consultation's log that was released; added, never changed."""

    __tablename__ = "consultation_log"

    consultation_id: Mapped[int] = mapped_column(ForeignKey(Consultation.id), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line: Mapped[str]


class LogHead(Base):
    """A signed head. `parts` are the roots of the tree's full parts, in hexadecimal, from which it goes on."""

    __tablename__ = "consultation_heads"
    __table_args__ = (Index("ix_consultation_heads_signed_at", "signed_at"),)

    consultation_id: Mapped[int] = mapped_column(ForeignKey(Consultation.id), primary_key=True)
    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    checkpoint: Mapped[str]
    parts: Mapped[list[str]] = mapped_column(Json)
    signed_at: Mapped[datetime] = mapped_column(Instant)


class PaperBatch(Base):
    """Ballots on paper: entered by one officer, and counted when a second one has entered the same.

    `voters` (pseudonyms in hexadecimal) and `answers` are there only in between.
    `scan_digest` is the SHA-256 of the scanned papers.
    """

    __tablename__ = "paper_batches"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey(Consultation.id), index=True)
    station: Mapped[str] = mapped_column(String(100))
    scan_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    count: Mapped[int]
    voters: Mapped[list[str] | None] = mapped_column(Json)
    answers: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)
    first_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id), index=True)
    second_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
