"""Work to do once, or again and again."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.leases import Leased
from service.db.types import Instant, Json

WAITING = text("state = 'waiting'")
RUNNING = text("state = 'running'")


class Job(Base):
    """A piece of work: waiting → running → done or failed. With `every_seconds` it waits again instead of ending.

    `progress` is what its handler last noted and begins from after a crash, `result` what it gave back. `attempt`
    counts the attempts since it last succeeded. `municipality_id` says whose work it is, null for the installation's.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("kind", "unique_key"),
        Index("ix_jobs_waiting_run_at_id", "run_at", "id", postgresql_where=WAITING, sqlite_where=WAITING),
        Index("ix_jobs_running_lease_until", "lease_until", postgresql_where=RUNNING, sqlite_where=RUNNING),
    )
    leased = Leased(waiting="waiting", working="running", due="run_at")

    id: Mapped[int] = mapped_column(primary_key=True)
    municipality_id: Mapped[int | None] = mapped_column(ForeignKey("municipalities.id"))
    kind: Mapped[str]
    unique_key: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting")
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    progress: Mapped[dict[str, Any] | None] = mapped_column(Json)
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)
    run_at: Mapped[datetime] = mapped_column(Instant)
    every_seconds: Mapped[int | None]
    attempt: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    owner: Mapped[str | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
