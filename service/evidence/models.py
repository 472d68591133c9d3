"""What there is: at which reports an action points."""

from datetime import date
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Json
from service.plans.models import PlanElement


class Evidence(Base):
    """That an element of a plan points at reports of these categories (keys) in an area, GeoJSON in EPSG:4326, and so
    many metres around it. `completed_on` parts them; null: the day on which it was reported as completed.
    """

    __tablename__ = "plan_evidence"

    id: Mapped[int] = mapped_column(primary_key=True)
    element_id: Mapped[int] = mapped_column(ForeignKey(PlanElement.id), unique=True)
    categories: Mapped[list[str]] = mapped_column(Json)
    area: Mapped[dict[str, Any]] = mapped_column(Json)
    metres: Mapped[int]
    completed_on: Mapped[date | None]
