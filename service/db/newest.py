"""Lists that begin with the newest: a page of them."""

from collections.abc import Sequence
from typing import Any

from service.db import session
from service.db.types import AnyRow, AnySelect


def newest(statement: AnySelect, column: Any, before: Any, limit: int) -> Sequence[AnyRow]:
    """The rows with the highest values of the column, below one unless it is None, highest first."""
    below = statement if before is None else statement.where(column < before)
    return session.execute(below.order_by(column.desc()).limit(limit)).all()
