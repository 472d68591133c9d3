"""Open reports that the map and the rules of today would give to another department: listed first, then handed over.

What counts is the decision that the report keeps. A report that staff have handed over by hand since is listed only
where the decision itself has changed, and says so.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from service.errors import NotFound
from service.municipalities.directory import Municipality, department_with
from service.people.callers import Caller
from service.reports.audience import report_handled_by
from service.reports.catalogue import category_with
from service.reports.history import STAFF, Actor
from service.reports.models import Report
from service.reports.moving import hand_over
from service.reports.replaying import ASKED, Block, Replay, blocks, reports
from service.reports.routing import Asset, Decision, Router

HANDED_OVER, CHANGED, NOT_DUE, NOT_THERE = "handed_over", "changed", "not_due", "not_there"
OUTCOMES = (HANDED_OVER, CHANGED, NOT_DUE, NOT_THERE)
"""What became of a report: handed over; somebody changed it since it was listed; the rules do not send it elsewhere
(any more); there is none that the caller may act for."""

DECIDED = reports.c.routing["department"].as_string().label("decided")


def due(
    municipality: Municipality,
    router: Router,
    departments: Collection[int] | None,
    most: int,
    listed: int,
    below: int | None = None,
) -> dict[str, Any]:
    """Open reports of these departments (None: of all) that would go elsewhere, newest first, with counts by way.

    `listed` are listed as (id, line), with ids `below` one where that is said.
    """
    query = select(*ASKED, reports.c.uid, reports.c.number, reports.c.version, reports.c.department_id, DECIDED).where(
        reports.c.municipality_id == municipality.id, reports.c.open
    )
    if departments is not None:
        query = query.where(reports.c.department_id.in_(departments))
    replay = Replay(municipality, router)
    looked_at, ways = 0, Counter[tuple[str, str]]()
    shown: list[tuple[int, dict[str, Any]]] = []
    for block in blocks(query, most):
        looked_at += len(block.rows)
        for key, line in elsewhere(municipality, replay, block):
            ways[line["from"], line["to"]] += 1
            if len(shown) < listed and (below is None or key < below):
                shown.append((key, line))
    counted = [{"from": way[0], "to": way[1], "reports": count} for way, count in ways.most_common()]
    return {"reports": looked_at, "due": ways.total(), "by_department": counted, "list": shown}


def elsewhere(municipality: Municipality, replay: Replay, block: Block) -> Iterator[tuple[int, dict[str, Any]]]:
    """Those of a block that would go elsewhere, with their ids."""
    routed = replay.route(block)
    for row, number, line, position in zip(
        block.rows, routed.department.tolist(), routed.line.tolist(), routed.position.tolist(), strict=True
    ):
        to, present = replay.keys[number], department_with(municipality, row.department_id).key
        if to not in (row.decided, present):
            yield (
                row.id,
                {
                    "id": row.uid,
                    "number": row.number,
                    "version": row.version,
                    "category": category_with(municipality, row.category_id).key,
                    "from": present,
                    "to": to,
                    "by_hand": present != row.decided,
                    "because": replay.deciding(line, position),
                },
            )


def reroute(
    municipality: Municipality,
    router: Router,
    who: Caller,
    wanted: Sequence[Mapping[str, Any]],
    internal: str | None,
) -> list[dict[str, Any]]:
    """Hand each of these over to where map and rules send it, unless it has changed since; what became of each.

    They are locked in the order of their ids, so that two who do the same do not wait for each other. `wanted` has the
    id and the version that was listed, and the department where it is to go.
    """
    once = {str(one["id"]): one for one in wanted}
    outcomes = {key: reroute_one(municipality, router, who, once[key], internal) for key in sorted(once)}
    return [{"id": one["id"], "outcome": outcomes[str(one["id"])]} for one in wanted]


def reroute_one(
    municipality: Municipality, router: Router, who: Caller, one: Mapping[str, Any], internal: str | None
) -> str:
    """What became of one."""
    try:
        report = report_handled_by(municipality, who, one["id"]).row
    except NotFound:
        return NOT_THERE
    if report.version != one["version"] or not report.open:
        return CHANGED
    decision = decide(municipality, router, report)
    present = department_with(municipality, report.department_id).key
    if decision.department != one["to"] or decision.department in (report.routing["department"], present):
        return NOT_DUE
    by = Actor(STAFF, who.account_id, who.name)
    hand_over(municipality, report, decision.department, by, internal, routing=router.explain(decision))
    return HANDED_OVER


def decide(municipality: Municipality, router: Router, report: Report) -> Decision:
    """The decision for a report that is there, as at intake."""
    category = category_with(municipality, report.category_id)
    asset: Asset | None = None
    if report.asset_layer is not None and report.asset_key is not None:
        asset = report.asset_layer, report.asset_key
    return router.route(category.key, category.group_key, report.longitude, report.latitude, asset)
