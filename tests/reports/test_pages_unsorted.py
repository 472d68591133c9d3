"""A page of the newest is read from an index, from its end: nothing is collected and sorted first."""

from typing import Any

import pytest
from flask import Flask

from service.reports.listing import LINE, statement
from tests.databases import is_sorted, plan_in_order

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
    plan = plan_in_order(compiled)
    assert ("SEARCH reports USING" in plan or "Index Scan" in plan) and not is_sorted(plan), plan
