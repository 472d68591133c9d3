"""Routing rules over HTTP, for staff who keep the map: the table, trying it, and what a change would do."""

from typing import Any

from flask import Response

from service.db import stop_reading, transaction
from service.db.clock import now
from service.errors import NotFound
from service.gis.index import indexes_of
from service.http import (
    Blueprint,
    CursorNotValid,
    after_key,
    answer,
    cursor,
    language,
    operation,
    page_of,
)
from service.municipalities.directory import Municipality, NoSuchDepartment
from service.people.access import caller, staff
from service.reports import ordering, rerouting
from service.reports.catalogue import NoSuchCategory
from service.reports.judging import RuleFaulty
from service.reports.ordering import RulesChanged, TooManyRules
from service.reports.replaying import months_ago, what_if
from service.reports.routers import NoFallbackDesk, router_of
from service.reports.schemas.moved import (
    ReroutedOut,
    RerouteIn,
    ReroutingOut,
    ReroutingQuery,
    WhatIfIn,
    WhatIfOut,
)
from service.reports.schemas.rules import (
    AddRuleIn,
    DeleteRuleQuery,
    MoveRuleIn,
    ReplaceRuleIn,
    RuleChangesOut,
    RuleChangesQuery,
    RulesOut,
    SwitchRuleIn,
)
from service.reports.schemas.trying import (
    MOST_REPLAYED,
    FindingsOut,
    FindingsQuery,
    TriedOut,
    TriedPointsOut,
    TryPointIn,
    TryPointsIn,
)
from service.reports.shadowing import find_shadows
from service.reports.showing_moved import show_moved
from service.reports.supposing import Supposed, router_supposed
from service.reports.trying import asset_of, try_point, try_points

blueprint = Blueprint(
    "routing_rules", __name__, url_prefix="/<municipality>/staff", description="Which department gets which reports"
)
RULES = "/routing-rules"
ONE = f"{RULES}/<int:position>"


@blueprint.get(RULES)
@staff("see_map")
@blueprint.response(200, RulesOut)
@operation("listRules")
def table(municipality: Municipality) -> Response:
    """Show the routing table in its order"""
    return table_now(municipality)


@blueprint.post(RULES)
@staff("manage_map")
@blueprint.arguments(AddRuleIn)
@blueprint.response(201, RulesOut)
@operation("addRule", RuleFaulty, RulesChanged, TooManyRules)
def add(body: dict[str, Any], municipality: Municipality) -> Response:
    """Add a rule, at a position or behind all others

    Every server routes by the new table within a second or two.
    """
    place, version, indexes = body.pop("position"), body.pop("version"), indexes_of(municipality)
    with transaction():
        ordering.add_rule(municipality, indexes, body, place, version, caller().account_id)
    return table_now(municipality, 201)


@blueprint.put(ONE)
@staff("manage_map")
@blueprint.arguments(ReplaceRuleIn)
@blueprint.response(200, RulesOut)
@operation("replaceRule", NotFound, RuleFaulty, RulesChanged)
def replace(body: dict[str, Any], municipality: Municipality, position: int) -> Response:
    """Replace a rule by another in its place"""
    version, indexes = body.pop("version"), indexes_of(municipality)
    with transaction():
        ordering.replace_rule(municipality, indexes, position, body, version, caller().account_id)
    return table_now(municipality)


@blueprint.post(f"{ONE}/move")
@staff("manage_map")
@blueprint.arguments(MoveRuleIn)
@blueprint.response(200, RulesOut)
@operation("moveRule", NotFound, RulesChanged)
def move(body: dict[str, Any], municipality: Municipality, position: int) -> Response:
    """Move a rule to another position; the rules between shift"""
    with transaction():
        ordering.move_rule(municipality, position, body["to"], body["version"], caller().account_id)
    return table_now(municipality)


@blueprint.post(f"{ONE}/activity")
@staff("manage_map")
@blueprint.arguments(SwitchRuleIn)
@blueprint.response(200, RulesOut)
@operation("switchRule", NotFound, RuleFaulty, RulesChanged)
def switch(body: dict[str, Any], municipality: Municipality, position: int) -> Response:
    """Disable a rule, or enable it again"""
    indexes = indexes_of(municipality)
    with transaction():
        ordering.switch_rule(municipality, indexes, position, body["active"], body["version"], caller().account_id)
    return table_now(municipality)


@blueprint.delete(ONE)
@staff("manage_map")
@blueprint.arguments(DeleteRuleQuery, location="query")
@blueprint.response(200, RulesOut)
@operation("deleteRule", NotFound, RulesChanged)
def delete(query: dict[str, Any], municipality: Municipality, position: int) -> Response:
    """Delete a rule; those behind it move up"""
    with transaction():
        ordering.delete_rule(municipality, position, query["version"], caller().account_id)
    return table_now(municipality)


@blueprint.get(f"{RULES}/changes")
@staff("see_map")
@blueprint.arguments(RuleChangesQuery, location="query")
@blueprint.response(200, RuleChangesOut)
@operation("listRuleChanges", CursorNotValid)
def changes(query: dict[str, Any], municipality: Municipality) -> Response:
    """Show who changed the rules, what and when, newest first"""
    after = after_key(query.get("after"), int)
    found = ordering.changes_of(municipality, after, query["limit"] + 1)
    rows, following = page_of(found, query["limit"], lambda row: cursor(row.number))
    return answer({"changes": [row._asdict() for row in rows], "next": following})


@blueprint.post(f"{RULES}/try")
@staff("manage_map")
@blueprint.arguments(TryPointIn)
@blueprint.response(200, TriedOut)
@operation("tryPoint", NotFound, NoSuchCategory, RuleFaulty, NoFallbackDesk)
def try_one(body: dict[str, Any], municipality: Municipality) -> Response:
    """Say who would get a report from a place, why, and what became of each rule

    By map and rules in force, or by drafts of them. Nothing is changed.
    """
    router = router_supposed(municipality, supposed(body))
    place = body["longitude"], body["latitude"]
    return answer(try_point(municipality, router, body["category"], place, asset_of(body), language()))


@blueprint.post(f"{RULES}/try-many")
@staff("manage_map")
@blueprint.arguments(TryPointsIn)
@blueprint.response(200, TriedPointsOut)
@operation("tryPoints", NotFound, NoSuchCategory, RuleFaulty, NoFallbackDesk)
def try_many(body: dict[str, Any], municipality: Municipality) -> Response:
    """Say who would get reports from many places

    Nothing is changed.
    """
    router = router_supposed(municipality, supposed(body))
    return answer({"points": list(try_points(municipality, router, body["points"]))})


@blueprint.get(f"{RULES}/findings")
@staff("see_map")
@blueprint.arguments(FindingsQuery, location="query")
@blueprint.response(200, FindingsOut)
@operation("listFindings", NoFallbackDesk)
def findings(query: dict[str, Any], municipality: Municipality) -> Response:
    """Show which rules never decide anything, or are shadowed by earlier ones

    What is proven by map, rules and categories, and what past reports show.
    """
    return answer(find_shadows(municipality, router_of(municipality), query["reports"]))


@blueprint.post("/what-if")
@staff("manage_map")
@blueprint.arguments(WhatIfIn)
@blueprint.response(200, WhatIfOut)
@operation("askWhatIf", NotFound, RuleFaulty, NoFallbackDesk, CursorNotValid)
def suppose(body: dict[str, Any], municipality: Municipality) -> Response:
    """Say which past reports would go to another department by drafts of layers or rules

    Compared with map and rules in force, whatever became of the reports since. Nothing is changed. The list comes in
    pages; the counts are of all of them.
    """
    after = after_key(body["after"], int)
    then = router_supposed(municipality, supposed(body))
    since = None if body["months"] is None else months_ago(now(), body["months"])
    listed, below = body["limit"] + 1, after
    found = what_if(municipality, router_of(municipality), then, since, body["reports"], listed, below)
    page, following = page_of(found["list"], body["limit"], lambda line: cursor(line["key"]))
    return answer(found | {"list": show_moved(municipality, caller(), page), "next": following})


@blueprint.get("/rerouting")
@staff("see_reports")
@blueprint.arguments(ReroutingQuery, location="query")
@blueprint.response(200, ReroutingOut)
@operation("listRerouting", NoFallbackDesk, CursorNotValid)
def due(query: dict[str, Any], municipality: Municipality) -> Response:
    """Show open reports that map and rules would now give to another department

    Of the departments for which one may act, newest first. Nothing is changed. The list comes in pages; the counts are
    of all of them.
    """
    after = after_key(query.get("after"), int)
    departments, router = caller().departments("see_reports"), router_of(municipality)
    listed, below = query["limit"] + 1, after
    found = rerouting.due(municipality, router, departments, MOST_REPLAYED, listed, below)
    page, following = page_of(found["list"], query["limit"], lambda line: cursor(line[0]))
    return answer(found | {"list": [line for _, line in page], "next": following})


@blueprint.post("/rerouting")
@staff("handle_reports")
@blueprint.arguments(RerouteIn)
@blueprint.response(200, ReroutedOut)
@operation("rerouteReports", NoFallbackDesk, NoSuchDepartment)
def reroute(body: dict[str, Any], municipality: Municipality) -> Response:
    """Hand open reports over to where map and rules now send them

    Each as it was listed; what has changed since stays where it is. The departments are told.
    """
    who = caller()
    stop_reading()  # so that map and rules are the newest
    router = router_of(municipality)
    with transaction():
        outcomes = rerouting.reroute(municipality, router, who, body["reports"], body["internal"])
    return answer({"reports": outcomes})


def table_now(municipality: Municipality, status: int = 200) -> Response:
    """The table as it is now. The version is read first: it must not be newer than what is shown."""
    version = ordering.version_of(municipality)
    rows = [ordering.described(row) for row in ordering.rules_of(municipality)]
    return answer({"rules": rows, "version": version}, status)


def supposed(body: dict[str, Any]) -> Supposed:
    """What the body supposes; of two versions of one layer the last."""
    return Supposed({one["layer"]: one["version"] for one in body["versions"]}, body["rules"])
