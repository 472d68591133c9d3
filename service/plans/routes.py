"""Plans over HTTP, for everybody: to browse, to search, on the map, and as open data."""

from typing import Any

import orjson
from flask import Response

from service.db.clock import now
from service.errors import NotFound
from service.http import (
    ASK_AGAIN,
    VARY,
    Blueprint,
    CursorNotValid,
    after_key,
    answer,
    cursor,
    etag_of,
    not_modified,
    operation,
)
from service.municipalities.directory import Municipality
from service.people.access import anybody
from service.plans import presenting
from service.plans.departing import ElementGone, element_or_gone
from service.plans.finding import (
    EVERYBODYS,
    published_plan,
    published_plans,
    version_known_as,
    versions_of,
)
from service.plans.models import PlanRow, PlanVersion
from service.plans.reading import document_json, frozen_json
from service.plans.schemas import (
    DifferencesOut,
    DocumentOut,
    ElementOut,
    ElementsOut,
    ElementsQuery,
    ElementThenOut,
    PlanMapOut,
    PlanOut,
    PlanProgressOut,
    PlansOut,
    RecordOut,
    SinceQuery,
    TreeOut,
)
from service.plans.trees import state_of

blueprint = Blueprint(
    "plans", __name__, url_prefix="/<municipality>/plans", description="What the municipality plans, and how far it is"
)


def etag_for(what: str, plan: PlanRow, version: PlanVersion, *more: Any) -> str:
    """What names an answer about a plan as everybody sees it now; it stays while only a draft changes."""
    return etag_of(what, plan.uid, version.content_hash, plan.shown, *more)


def ready(data: bytes, etag: str, content_type: str = "application/json") -> Response:
    """An answer that is made already."""
    response = Response(data, content_type=content_type)
    response.set_etag(etag)
    response.headers["Cache-Control"] = ASK_AGAIN
    response.headers["Vary"] = VARY
    return response


@blueprint.get("")
@anybody
@blueprint.response(200, PlansOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("listPlans")
def plans(municipality: Municipality) -> Response:
    """List the plans in force"""
    content = {"plans": [presenting.summary(plan, version) for plan, version in published_plans(municipality)]}
    return answer(content, etag=etag_of(content))


@blueprint.get("/<plan>")
@anybody
@blueprint.response(200, PlanOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showPlan", NotFound)
def show(municipality: Municipality, plan: str) -> Response:
    """Show a plan without its elements, its versions and its links"""
    row, version = published_plan(municipality, plan)
    versions = versions_of(row, EVERYBODYS)
    content = presenting.whole(municipality, row, version, versions)
    return answer(content, etag=etag_of(content))


@blueprint.get("/<plan>/tree")
@anybody
@blueprint.response(200, TreeOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("browsePlan", NotFound)
def tree(municipality: Municipality, plan: str) -> Response:
    """Show the whole tree of a plan, and how far each element is"""
    row, version = published_plan(municipality, plan)
    etag = etag_for("tree", row, version)
    if unchanged := not_modified(etag):
        return unchanged
    return ready(state_of(row, version).tree_bytes, etag)


@blueprint.get("/<plan>/elements")
@anybody
@blueprint.arguments(ElementsQuery, location="query")
@blueprint.response(200, ElementsOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("findElements", NotFound, CursorNotValid)
def elements(query: dict[str, Any], municipality: Municipality, plan: str) -> Response:
    """Find elements of a plan by words, level and status

    Accents, capitals, script and the endings of words do not matter; what has the words in its title comes first.
    """
    row, version = published_plan(municipality, plan)
    begin = after_key(query.get("after"), int) or 0
    etag = etag_for("elements", row, version, *sorted(query.items(), key=str))
    if unchanged := not_modified(etag):
        return unchanged
    state = state_of(row, version)
    found = state.found(query["q"], query["level"], query["status"])
    end = begin + query["limit"]
    content = {
        "elements": [state.line(state.tree.rows[place]) for place in found[begin:end]],
        "next": cursor(end) if end < len(found) else None,
    }
    return answer(content, etag=etag)


@blueprint.get("/<plan>/elements/<element>")
@anybody
@blueprint.response(200, ElementOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showElement", NotFound, ElementGone)
def element(municipality: Municipality, plan: str, element: str) -> Response:
    """Show an element with all that it says

    By its id or its key; both stay through all versions.
    """
    row, version = published_plan(municipality, plan)
    etag = etag_for("element", row, version, element)
    if unchanged := not_modified(etag):
        return unchanged
    found = element_or_gone(row, version, element)
    history = presenting.history_of(found.id, EVERYBODYS)
    registers = presenting.registers(row, version)
    address = presenting.address_of(municipality, row)
    return answer(presenting.element(state_of(row, version), found.key, registers, address, history), etag=etag)


@blueprint.get("/<plan>/map")
@anybody
@blueprint.response(200, PlanMapOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("mapPlan", NotFound)
def on_the_map(municipality: Municipality, plan: str) -> Response:
    """Show the elements of a plan that have a place, as GeoJSON"""
    row, version = published_plan(municipality, plan)
    etag = etag_for("map", row, version)
    return not_modified(etag) or ready(state_of(row, version).map_bytes, etag)


@blueprint.get("/<plan>/record")
@anybody
@blueprint.response(200, RecordOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showPlanRecord", NotFound)
def record(municipality: Municipality, plan: str) -> Response:
    """Show how a plan came about: stages, decisions and evaluations, in the order of the record"""
    row, version = published_plan(municipality, plan)
    content = presenting.recorded(municipality, row, version)
    return answer(content, etag=etag_of(content))


@blueprint.get("/<plan>/progress")
@anybody
@blueprint.response(200, PlanProgressOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showPlanProgress", NotFound)
def progress(municipality: Municipality, plan: str) -> Response:
    """Show how far a plan is, what is late and what is at risk

    By the approved reports. What nobody has reported on is no nought: it is left out of the mean and counted apart.
    """
    row, version = published_plan(municipality, plan)
    today = municipality.day(now())
    etag = etag_for("progress", row, version, today)
    if unchanged := not_modified(etag):
        return unchanged
    return answer(presenting.progress(state_of(row, version), today), etag=etag)


@blueprint.get("/<plan>/data")
@anybody
@blueprint.response(200, DocumentOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("downloadPlan", NotFound)
def data(municipality: Municipality, plan: str) -> Response:
    """Give a whole plan as open data: everything of it that is public, in one document"""
    row, version = published_plan(municipality, plan)
    etag = etag_for("data", row, version)
    return not_modified(etag) or answer({"plan": document_json(row, version, only_approved=True)}, etag=etag)


@blueprint.get("/<plan>/versions/<known_as>")
@anybody
@blueprint.response(200, DocumentOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("downloadVersion", NotFound)
def version(municipality: Municipality, plan: str, known_as: str) -> Response:
    """Give what a version froze, in canonical form

    The SHA-256 of `plan`, with sorted keys and without spaces, is the version's hash.
    """
    row, _ = published_plan(municipality, plan)
    found = version_known_as(row, known_as, EVERYBODYS)
    etag = etag_of("version", found.content_hash)
    if unchanged := not_modified(etag):
        return unchanged
    return ready(orjson.dumps({"plan": frozen_json(found)}, option=orjson.OPT_SORT_KEYS), etag)


@blueprint.get("/<plan>/versions/<known_as>/changes")
@anybody
@blueprint.arguments(SinceQuery, location="query")
@blueprint.response(200, DifferencesOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("compareVersions", NotFound)
def changes(query: dict[str, Any], municipality: Municipality, plan: str, known_as: str) -> Response:
    """Show how a version differs from an older one, element by element, and why"""
    row, _ = published_plan(municipality, plan)
    after = version_known_as(row, known_as, EVERYBODYS)
    if query["since"]:
        before: PlanVersion | None = version_known_as(row, query["since"], EVERYBODYS)
    else:
        before = next((one for one in reversed(versions_of(row, EVERYBODYS)) if one.number < after.number), None)
    etag = etag_of("changes", row.uid, before and before.content_hash, after.content_hash, row.shown)
    return not_modified(etag) or answer(presenting.differences(row, before, after), etag=etag)


@blueprint.get("/<plan>/versions/<known_as>/elements/<element>")
@anybody
@blueprint.response(200, ElementThenOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showElementThen", NotFound)
def element_then(municipality: Municipality, plan: str, known_as: str, element: str) -> Response:
    """Show an element as a version has it; the address stays good"""
    row, _ = published_plan(municipality, plan)
    content = presenting.element_then(row, version_known_as(row, known_as, EVERYBODYS), element)
    return answer(content, etag=etag_of(content))
