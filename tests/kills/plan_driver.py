"""Whoever writes a plan dies at each named point of it: nothing of what was begun is there; tried again, all of it is.

`python -m tests.kills.plan_driver URL` works on a database with the empty municipality `here`, and prints for each
point how the process ended, whether anything differed after that, and whether anything did after the second try.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from service import crash_points
from service.app import create_app
from service.config import Settings
from service.db import Base, db, session, transaction
from service.municipalities.directory import Municipality, municipality
from service.plans.finding import newest_of, plan_named
from service.plans.freezing import freeze, seal
from service.plans.publishing import approve_and_tell, publish_and_tell
from service.plans.reporting import Approval
from tests.plans.plans import a_plan, action, keep, put_in_force

WRITTEN = ("plan", "outbox", "event", "audit")
"""What the tables begin with into which the acts write."""


def apply_another(here: Municipality) -> None:
    report = {"key": "r", "period": {}, "entries": [{"element": "1.1", "status": "completed"}]}
    keep(here, a_plan(elements=[action("1.1", "Άλλη")], stages=[{"key": "s", "title": {}}], progress=[report]))


def freeze_it(here: Municipality) -> None:
    sealed = seal(here, "op")
    with transaction():
        freeze(here, "op", sealed, "second")


def publish_it(here: Municipality) -> None:
    publish_and_tell(here, "op", str(newest_of(plan_named(here, "op")).content_hash), None)


def approve_it(here: Municipality) -> None:
    approve_and_tell(here, "op", "r", Approval("council"), plan_named(here, "op").revision, None)


ACTS: dict[str, Callable[[Municipality], None]] = {
    "before_plan_applied": apply_another,
    "before_plan_frozen": freeze_it,
    "before_plan_published": publish_it,
    "before_progress_approved": approve_it,
}


def run(here: Municipality) -> dict[str, Any]:
    """Point → [the signal by which the process ended, whether anything was left, whether the second try did it]."""
    put_in_force(here, a_plan())
    found = {}
    for point, act in ACTS.items():
        before = everything()
        ended = die_at(point, act, here)
        left = everything() != before
        act(here)
        found[point] = [ended, left, everything() != before]
    return found


def die_at(point: str, act: Callable[[Municipality], None], here: Municipality) -> int:
    """Let a process of its own do it and die at the point; the signal that ended it."""
    session.remove()
    db.engine.dispose()  # a connection belongs to one process
    child = os.fork()
    if child == 0:
        crash_points.WANTED = point
        act(here)
        os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


def everything() -> dict[str, list[str]]:
    """All rows of the tables into which is written."""
    tables = [table for table in Base.metadata.sorted_tables if table.name.startswith(WRITTEN)]
    found = {table.name: sorted(map(repr, session.execute(select(table)))) for table in tables}
    session.rollback()
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), database_url=sys.argv[1], log_level="ERROR")
        with create_app(settings).app_context():
            print(json.dumps(run(municipality("here"))))
            db.engine.dispose()
