"""Who was shown to live here: when, how, a keyed pseudonym of who it is, the year of birth and the district where they
are known. No document, number, day of birth or address.
"""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Json, Uid
from service.municipalities.models import Municipality
from service.people.models import Account


class District(Base):
    """A part of the municipality in which people live, by its own key."""

    __tablename__ = "districts"

    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id), primary_key=True)
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    place: Mapped[int]
    name: Mapped[dict[str, str]] = mapped_column(Json)


class VerifiedResident(Base):
    """One person, one account: `person_pseudonym` stands for the identifier of who was verified.

    `birth_year` and `district` (a key) are for votes that only some may take part in, and for numbers of who did.
    """

    __tablename__ = "verified_residents"
    __table_args__ = (UniqueConstraint("municipality_id", "person_pseudonym"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), unique=True)
    person_pseudonym: Mapped[bytes] = mapped_column(LargeBinary(32))
    birth_year: Mapped[int | None]
    district: Mapped[str | None] = mapped_column(String(32))


class Verification(Base):
    """How and when it was shown; by each method once, the newest."""

    __tablename__ = "verifications"
    __table_args__ = (UniqueConstraint("resident_id", "method"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey(VerifiedResident.id))
    method: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)


class DeskCode(Base):
    """A code that a resident shows at the desk; a keyed pseudonym of it."""

    __tablename__ = "desk_codes"
    __table_args__ = (UniqueConstraint("municipality_id", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    expires_at: Mapped[datetime] = mapped_column(Instant)


class LetterCode(Base):
    """A code that was sent by letter: whose it is, as a pseudonym; where it went is not kept. One for each person."""

    __tablename__ = "letter_codes"
    __table_args__ = (
        UniqueConstraint("municipality_id", "digest"),
        UniqueConstraint("municipality_id", "person_pseudonym"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    person_pseudonym: Mapped[bytes] = mapped_column(LargeBinary(32))
    birth_year: Mapped[int | None]
    district: Mapped[str | None] = mapped_column(String(32))
    expires_at: Mapped[datetime] = mapped_column(Instant)
