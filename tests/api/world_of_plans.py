"""What calls about plans need: a plan in force with a photo, and drafts and frozen versions that may be changed."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from flask import Flask

from service.db import transaction
from service.evidence.pointing import element_of, point
from service.media.attaching import record_attached, store_photo
from service.municipalities.directory import Municipality
from service.plans.finding import plan_named
from service.plans.freezing import freeze, seal
from service.plans.progress_finding import report_named
from service.plans.reading_json import from_json
from service.plans.record import ProgressEntry, ProgressReport
from service.plans.reporting import taken_apart, write_report
from service.plans.values import Period
from tests.factories.reports import INSIDE, photo
from tests.plans.plans import a_plan, keep, put_in_force

STAGE = {"key": "start", "kind": "start", "title": {"en": "It began"}}
REPORT = {"key": "2024", "period": {"stated": "2024"}, "approved_by": "council", "entries": [{"element": "1.1"}]}
WRITING = {
    *("discardPlanDraft", "changePlanDraft", "rearrangeElements", "putElement", "freezePlan", "publishPlan"),
    *("approveProgress", "putProgress", "dropEntry", "recordEntry", "pointAtNoReports"),
}
"""Operations that are given a plan of their own."""


class Planned(Protocol):
    """What is asked of the world here."""

    app: Flask
    here: Municipality
    planned: dict[str, str]


def add_plan(world: Planned) -> None:
    """The plan that is in force, with a version before it, a draft, an approved report and evidence."""
    world.planned = {"plan": "op", "element": "1.1", "register": "stages", "entry": "start", "report_key": "2024"}
    whole = a_plan(stages=[STAGE], progress=[REPORT])
    world.planned["known_as"] = put_in_force(world.here, whole)
    kept = store_photo(world.here, "nobody", photo("red", (64, 48)), world.app.config["STORE"])
    row = report_named(plan_named(world.here, "op"), "2024")
    with transaction():
        record_attached([kept], f"plan_progress:{row.id}")
    world.planned["photo"] = str(kept.uid)
    point_at(world, "op")


def point_at(world: Planned, plan: str) -> None:
    element = element_of(world.here, plan, "1.1")
    area = {"type": "Point", "coordinates": [INSIDE["longitude"], INSIDE["latitude"]]}
    with transaction():
        point(element.id, ["dark-lamp"], area, 100, None)


def plan_for(world: Planned, operation: str, asked: Mapping[str, Any]) -> dict[str, str]:
    """What is there for the parameters of an address about plans."""
    found: dict[str, str] = dict(world.planned)
    if "photo" not in asked:
        del found["photo"]
    if operation in WRITING:
        found["plan"] = key = f"plan-{uuid.uuid4()}"
        put_in_force(world.here, a_plan(key=key))
        keep(world.here, from_json(a_plan(key=key, stages=[STAGE], vision={"en": key})))
        write_progress(world, key)
        point_at(world, key)
        if operation == "publishPlan":
            sealed = seal(world.here, key)
            with transaction():
                freeze(world.here, key, sealed, None)
            found["known_as"] = sealed.hash
    return found


def write_progress(world: Planned, key: str) -> None:
    report = ProgressReport("2024", Period(), entries=(ProgressEntry("1.1"),))
    with transaction():
        write_report(plan_named(world.here, key, locked=True), taken_apart(report), None)


def filled_plan(world: Any, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"plan": a_plan(key=f"plan-{uuid.uuid4()}"), "dry_run": bool(body.get("dry_run"))}


def always(body: dict[str, Any]) -> Callable[[Any, dict[str, Any], str], dict[str, Any]]:
    """A body that fits whatever was made up."""

    def filled(world: Any, made_up: dict[str, Any], role: str) -> dict[str, Any]:
        return body

    return filled


FILLED: dict[str, Callable[[Any, dict[str, Any], str], dict[str, Any]]] = {
    "applyPlan": filled_plan,
    "putElement": always({"element": {"level": "action", "title": {"en": "Other"}}, "parent": None, "after": None}),
    "rearrangeElements": always({"kind": "removed", "element": "1.1"}),
    "changePlanDraft": always({"heading": {"vision": {"en": "Other"}}}),
    "recordEntry": always({"entry": {"kind": "meeting", "title": {"en": "A meeting"}}}),
    "putProgress": always({"period": {}, "entries": [{"element": "1.1"}]}),
    "approveProgress": always({"by": "council", "revision": 4}),
    "pointAtReports": always({"categories": ["dark-lamp"], "metres": 100}),
}
"""By operation: what a body is made of that fits what there is."""
