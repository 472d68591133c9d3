"""For whom we are working: municipalities and their departments."""

from datetime import date
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Json


class Municipality(Base):
    """A municipality that this deployment serves."""

    __tablename__ = "municipalities"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    prefix: Mapped[str] = mapped_column(unique=True)
    name: Mapped[dict[str, str]] = mapped_column(Json)
    country: Mapped[str]
    languages: Mapped[list[str]] = mapped_column(Json)
    time_zone: Mapped[str]
    working_hours: Mapped[dict[str, list[list[str]]]] = mapped_column(Json)
    settings: Mapped[dict[str, Any]] = mapped_column(Json)


class Department(Base):
    """Who solves: an office or crew of the municipality, or an outside body such as the water company."""

    __tablename__ = "departments"
    __table_args__ = (UniqueConstraint("municipality_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    key: Mapped[str]
    name: Mapped[dict[str, str]] = mapped_column(Json)
    email: Mapped[str | None]
    phone: Mapped[str | None]
    working_hours: Mapped[dict[str, list[list[str]]] | None] = mapped_column(Json)
    outside_body: Mapped[bool] = mapped_column(default=False)
    fallback: Mapped[bool] = mapped_column(default=False)
    digest: Mapped[str] = mapped_column(default="each")
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]


class LocalHoliday(Base):
    """A day off that only this municipality has: every year (year is null) or once."""

    __tablename__ = "local_holidays"

    id: Mapped[int] = mapped_column(primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id), index=True)
    month: Mapped[int]
    day: Mapped[int]
    year: Mapped[int | None]
    name: Mapped[dict[str, str]] = mapped_column(Json)
