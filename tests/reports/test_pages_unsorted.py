"""A page of the newest is read from an index, from its end: nothing is collected and sorted first."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from service.db import db, session
from service.reports.listing import LINE, statement

ASKED: tuple[dict[str, Any], ...] = (
    {},
    {"on_map": True},
    {"on_map": True, "states": ["rejected"]},
    {"on_map": True, "category_ids": [3]},
    {"departments": [2]},
    {"departments": [2], "open": True},
    {"departments": [2], "states": ["rejected"]},
    {"states": ["rejected"]},
    {"open": True},
)


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: " ".join(asked) or "all")
def test_a_page_of_the_newest_is_not_sorted(app: Flask, asked: dict[str, Any]) -> None:
    # of a table that other tests have left small in its statistics, the planner may walk the primary key instead
    wanted = {"municipality": 1, **asked, "before": 1000}
    compiled = statement(LINE, "newest", tuple(wanted)).statement.params(**wanted, limit=51)
    literal = str(compiled.compile(db.engine, compile_kwargs={"literal_binds": True}))
    if db.engine.dialect.name == "sqlite":
        plan = " ".join(row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {literal}")))
        assert "SEARCH reports USING" in plan and "TEMP B-TREE" not in plan, plan
        return
    session.execute(text("SET enable_seqscan = off"))
    session.execute(text("SET enable_sort = off"))
    session.execute(text("SET enable_bitmapscan = off"))
    plan = " ".join(row[0] for row in session.execute(text(f"EXPLAIN {literal}")))
    for name in ("seqscan", "sort", "bitmapscan"):
        session.execute(text(f"RESET enable_{name}"))
    assert "Index Scan" in plan and "Sort" not in plan, plan
