"""What readers see of a municipality's news has a version and a moment: an unchanged poll asks the database nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from service.db import session
from service.db.clock import now
from service.db.generations import Remembered, grow
from service.db.upserts import insert_if_absent
from service.municipalities.directory import Municipality
from service.news.models import NewsBoard

SUBJECT = "news"
NEVER = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Board:
    """How often the news have changed, and when last (whole seconds)."""

    version: int
    changed_at: datetime


EMPTY = Board(0, NEVER)


def touch(municipality_id: int) -> None:
    """Say that readers see something else from now on; inside `transaction()`. Holds the municipality's board."""
    insert_if_absent(
        NewsBoard,
        [{"municipality_id": municipality_id, "version": 0, "changed_at": NEVER}],
        returning=NewsBoard.municipality_id,
    )
    query = select(NewsBoard).where(NewsBoard.municipality_id == municipality_id).with_for_update()
    board = session.scalars(query.execution_options(populate_existing=True)).one()
    board.version += 1
    board.changed_at = max(now().replace(microsecond=0), board.changed_at + timedelta(seconds=1))
    session.flush()
    grow(SUBJECT)


def build() -> Mapping[int, Board]:
    rows = session.execute(select(NewsBoard.municipality_id, NewsBoard.version, NewsBoard.changed_at)).all()
    return {row.municipality_id: Board(row.version, row.changed_at) for row in rows}


_boards = Remembered(build, SUBJECT)


def board_of(municipality: Municipality) -> Board:
    """The board as this process knows it, at most a second old. What is read afterwards, in a snapshot that begins
    afterwards, is as new or newer.
    """
    return _boards.get().get(municipality.id, EMPTY)
