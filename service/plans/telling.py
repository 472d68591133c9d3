"""Who follows a plan or an element is told when actions get another status: one event, however many follow."""

from collections.abc import Mapping, Sequence
from typing import Any

from service.outbox.posting import owe
from service.plans.models import PlanRow, PlanVersion
from service.plans.trees import State, Tree

PLAN_CHANGED = "plan_changed"
GONE = "gone"
"""What is told of an element that is no part of the plan any more, in place of a status."""
MOST_TOLD = 2000
"""Elements of one event; who follows the plan is told how many there are."""


def told_of(tree: Tree, before: Mapping[str, str | None], after: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """The elements whose status is another one now, with their titles and what is above them."""
    changed = [row for row in tree.rows if after.get(row.key) and before.get(row.key) != after[row.key]]
    return [
        {
            "id": str(tree.uids[row.key]),
            "title": row.title,
            "status": after[row.key],
            "above": [str(tree.uids[one.key]) for one in tree.above(row.key)],
        }
        for row in changed[:MOST_TOLD]
    ]


def gone_of(before: Tree, after: Tree, became: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """The elements that the plan has no more, as they were, and the titles of what they became (`became`: by keys)."""
    gone = [row for row in before.rows if row.key not in after.positions]
    return [
        {
            "id": str(before.uids[row.key]),
            "title": row.title,
            "status": GONE,
            "became": [after.row(key).title for key in became.get(row.key, ()) if key in after.positions],
            "above": [str(before.uids[one.key]) for one in before.above(row.key)],
        }
        for row in gone[:MOST_TOLD]
    ]


def statuses(state: State) -> dict[str, str | None]:
    """Key → the status that everybody saw."""
    return {key: one.status for key, one in state.standings.items()}


def tell(plan: PlanRow, version: PlanVersion, changed: Sequence[Mapping[str, Any]], published: bool) -> None:
    """Owe the event, if there is something to tell; in the transaction of the change."""
    if not changed and not published:
        return
    payload = {
        "plan": str(plan.uid),
        "key": plan.key,
        "title": dict(version.heading["title"]),
        "published": published,
        "changed": [dict(one) for one in changed],
    }
    owe(plan.municipality_id, PLAN_CHANGED, f"plan:{plan.uid}", plan.revision, payload)
