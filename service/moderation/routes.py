"""Moderation over HTTP: rules, complaints, the queue, appeals, public counts."""

from typing import Any

from flask import Response, current_app

from service.db import stop_reading, transaction
from service.errors import NotFound
from service.http import (
    Blueprint,
    CursorNotValid,
    PageQuery,
    after_key,
    answer,
    etag_of,
    language,
    nothing,
    operation,
    page_of,
)
from service.moderation import presenting
from service.moderation.complaining import case_locked, complain
from service.moderation.deciding import (
    AlreadyHidden,
    AppealDecided,
    NoAppeal,
    NothingToAppeal,
    OwnText,
    ReasonMissing,
    SameModerator,
    appeal,
    decide,
    decide_appeal,
)
from service.moderation.finding import case_to_change, counts_of, decided_about, queue_of
from service.moderation.looking import Looks, Shown, look_at, look_at_each
from service.moderation.ruling import NoSuchRule, Rule, rules_of, set_rules
from service.moderation.schemas import (
    AppealDecisionIn,
    AppealIn,
    ComplaintIn,
    DecisionIn,
    HouseRulesIn,
    HouseRulesOut,
    ModeratedListOut,
    ModerationCasesOut,
    ModerationCountsOut,
)
from service.municipalities.directory import Municipality
from service.people.access import SignInNeeded, anybody, caller, signed_in, staff
from service.people.auditing import record
from service.people.callers import Caller
from service.people.holding import held
from service.people.limits import complaining_limit
from service.text import pick

blueprint = Blueprint("moderation", __name__, url_prefix="/<municipality>", description="What is hidden, and why")


@blueprint.get("/moderation/rules")
@anybody
@blueprint.response(200, HouseRulesOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("listHouseRules")
def rules(municipality: Municipality) -> Response:
    """Show the rules by which texts and photos are hidden"""
    content = rules_out(municipality)
    return answer(content, etag=etag_of(content))


@blueprint.put("/staff/moderation/rules")
@staff("manage_settings")
@blueprint.arguments(HouseRulesIn)
@blueprint.response(200, HouseRulesOut)
@operation("setHouseRules")
def put_rules(body: dict[str, Any], municipality: Municipality) -> Response:
    """Set the published rules

    What was hidden by a rule that ends stays hidden by it.
    """
    who = caller()
    with transaction():
        set_rules(municipality, [Rule(one["key"], one["text"]) for one in body["rules"]])
        record(municipality.id, who, "house_rules_set", "house_rules", municipality.slug)
    return answer(rules_out(municipality))


@blueprint.get("/moderation/counts")
@anybody
@blueprint.response(200, ModerationCountsOut)
@operation("countModeration")
def counts(municipality: Municipality) -> Response:
    """Show how many texts and photos were complained of, hidden, and shown again"""
    return answer(counts_of(municipality))


@blueprint.post("/moderation/complaints")
@signed_in
@complaining_limit
@blueprint.arguments(ComplaintIn)
@blueprint.response(204)
@operation("complain", NotFound, NoSuchRule)
def send_complaint(body: dict[str, Any], municipality: Municipality) -> Response:
    """Ask a moderator to look at something

    A complaint hides nothing by itself, however many there are. To complain twice is to complain once.
    """
    who = caller()
    shown = look_at(looks(), municipality, body["kind"], body["id"])
    stop_reading()
    with transaction():
        case = case_locked(municipality, body["kind"], body["id"], author_held(who, shown))
        complain(municipality, case, who.account_id, body["rule"], body["note"])
    return nothing()


@blueprint.get("/staff/moderation/cases")
@staff("moderate")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, ModerationCasesOut)
@operation("listModerationCases", CursorNotValid)
def queue(query: dict[str, Any], municipality: Municipality) -> Response:
    """List what waits for a moderator, the oldest first"""
    found = queue_of(municipality, after_key(query.get("after"), int), query["limit"] + 1)
    rows, following = page_of(found, query["limit"])
    cases = presenting.waiting(municipality, looks(), rows, caller().account_id, language())
    return answer({"cases": cases, "next": following})


@blueprint.post("/staff/moderation/decisions")
@staff("moderate")
@blueprint.arguments(DecisionIn)
@blueprint.response(204)
@operation("decideModeration", NotFound, OwnText, AppealDecided, AlreadyHidden, ReasonMissing, NoSuchRule)
def make_decision(body: dict[str, Any], municipality: Municipality) -> Response:
    """Hide something by a published rule, or show it

    With or without a complaint. Its author is told, can still read it and may appeal once. What is hidden is not hidden
    again; nobody decides about what they wrote or entered themselves.
    """
    who = caller()
    shown = look_at(looks(), municipality, body["kind"], body["id"])
    stop_reading()
    with transaction():
        case = case_locked(municipality, body["kind"], body["id"], author_held(who, shown))
        decide(municipality, who, case, shown, body["hide"], body["rule"], body["reason"])
    return nothing()


@blueprint.post("/staff/moderation/appeals")
@staff("moderate")
@blueprint.arguments(AppealDecisionIn)
@blueprint.response(204)
@operation("decideAppeal", NotFound, OwnText, NoAppeal, SameModerator)
def make_appeal_decision(body: dict[str, Any], municipality: Municipality) -> Response:
    """Decide an appeal, for good

    Only a moderator who has never decided about it can, and nobody whose own words these are.
    """
    who, thing = caller(), (body["kind"], body["id"])
    shown = look_at_each(looks(), municipality, [thing]).get(thing)
    stop_reading()
    with transaction():
        case = case_to_change(municipality, *thing)
        decide_appeal(municipality, who, case, shown, body["uphold"], body["reason"])
    return nothing()


@blueprint.get("/my/moderation")
@signed_in
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, ModeratedListOut)
@operation("listMyModeration", CursorNotValid)
def mine(query: dict[str, Any], municipality: Municipality) -> Response:
    """Show what moderators decided about what the caller wrote

    With the text, which nobody else is shown while it is hidden.
    """
    before, limit = after_key(query.get("after"), int), query["limit"]
    found = decided_about(municipality, caller().account_id, before, limit + 1)
    rows, following = page_of(found, limit)
    return answer({"decided": presenting.decided(municipality, looks(), rows, language()), "next": following})


@blueprint.post("/my/moderation/appeals")
@signed_in
@blueprint.arguments(AppealIn)
@blueprint.response(204)
@operation("appeal", NotFound, NothingToAppeal)
def send_appeal(body: dict[str, Any], municipality: Municipality) -> Response:
    """Ask for another moderator, once"""
    who = caller().account_id
    with transaction():
        appeal(case_to_change(municipality, body["kind"], body["id"], author_id=who), body["text"])
    return nothing()


def looks() -> Looks:
    found: Looks = current_app.config["LOOKS"]
    return found


def author_held(who: Caller, shown: Shown) -> int | None:
    """The author of this thing, if they were not erased meanwhile; held with the caller until the transaction ends.

    Raises SignInNeeded where the caller was erased.
    """
    author = shown.author_id
    there = held(who.account_id) if author is None else held(who.account_id, author)
    if who.account_id not in there:
        raise SignInNeeded
    return author if author in there else None


def rules_out(municipality: Municipality) -> dict[str, Any]:
    spoken = language()
    texts = [(rule.key, pick(rule.text, spoken, municipality.main_language)) for rule in rules_of(municipality)]
    return {"rules": [{"key": key, "text": text} for key, text in texts]}
