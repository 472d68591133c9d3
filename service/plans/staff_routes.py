"""Plans over HTTP, for staff: documents become drafts, drafts are edited, frozen and published; what is recorded."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Response

from service.db import transaction
from service.errors import NotFound
from service.http import Blueprint, answer, nothing, operation
from service.municipalities.directory import Municipality
from service.people.access import caller, staff
from service.people.auditing import record
from service.plans import editing, presenting
from service.plans.applying import PlanKeyTaken, Proposal, apply, begin_draft, propose
from service.plans.checking import PlanFaulty, warnings_of
from service.plans.editing import KeyTaken, NotThere, Tree, change_heading, new_heading, open_draft, write
from service.plans.finding import newest_of, plan_named, plans_of, versions_of
from service.plans.freezing import NotFrozen, NothingNew, OnlyVersion, discard, freeze, seal
from service.plans.models import MERGED, MOVED, SPLIT, PlanRow
from service.plans.publishing import publish_and_tell
from service.plans.reading import document, document_json
from service.plans.reading_json import NotAPlan, from_json
from service.plans.recording import (
    drop_entry,
    ensure_unneeded,
    entry_in,
    key_of,
    put_entry,
    read_entry,
    told_of,
)
from service.plans.reporting import NobodyApproves
from service.plans.schemas import DifferencesOut, DocumentOut, PlanVersionOut
from service.plans.staff_schemas import (
    DraftPlanIn,
    ElementIn,
    EntryIn,
    FreezeIn,
    HeadingIn,
    PlanIn,
    ProposedOut,
    RearrangeIn,
    SeenQuery,
    StaffPlanOut,
    StaffPlansOut,
)
from service.plans.writing import NoDraft, PlanChanged, ensure_seen

blueprint = Blueprint(
    "staff_plans", __name__, url_prefix="/<municipality>/staff/plans", description="Plans as they are drafted and kept"
)
EDITING = (NotFound, NoDraft, PlanChanged, NotThere, NotAPlan, PlanFaulty)


@blueprint.get("")
@staff("see_plans")
@blueprint.response(200, StaffPlansOut)
@operation("listPlansForStaff")
def plans(municipality: Municipality) -> Response:
    """List all plans, also those that only staff see"""
    return answer({"plans": [line(plan) for plan in plans_of(municipality)]})


@blueprint.post("")
@staff("manage_plans")
@blueprint.arguments(PlanIn)
@blueprint.response(200, ProposedOut)
@operation("applyPlan", NotAPlan, PlanFaulty, PlanChanged, PlanKeyTaken)
def apply_document(body: dict[str, Any], municipality: Municipality) -> Response:
    """Make a document the draft of a plan

    A new plan begins with it. Of one that is there, elements are known by id, key, number or title; registers and the
    record are added to. With `dry_run` only what it would change is said.
    """
    proposal = propose(municipality, from_json(body["plan"]))
    if body["revision"] not in (None, proposal.revision):
        raise PlanChanged
    if not body["dry_run"]:
        with transaction():
            apply(municipality, proposal, caller().account_id, body["reason"])
    return answer(proposed(proposal, not body["dry_run"]))


@blueprint.get("/<plan>")
@staff("see_plans")
@blueprint.response(200, StaffPlanOut)
@operation("showPlanToStaff", NotFound)
def show(municipality: Municipality, plan: str) -> Response:
    """Show a plan with all its versions, what to look at, and what usually comes next"""
    row = plan_named(municipality, plan)
    newest = newest_of(row)
    return answer(
        {
            **line(row),
            "versions": [presenting.version_line(one) for one in versions_of(row)],
            "advice": presenting.recorded(municipality, row, newest)["advice"],
            "warnings": [asdict(one) for one in warnings_of(document(row, newest))],
        }
    )


@blueprint.post("/<plan>/draft")
@staff("manage_plans")
@blueprint.arguments(DraftPlanIn)
@blueprint.response(201, PlanVersionOut)
@operation("beginPlanDraft", NotFound)
def begin(body: dict[str, Any], municipality: Municipality, plan: str) -> Response:
    """Begin a draft of the newest version, or go on with the one that there is"""
    with transaction():
        draft = begin_draft(municipality, plan, caller().account_id, body["reason"])
    return answer(presenting.version_line(draft), 201)


@blueprint.get("/<plan>/draft")
@staff("see_plans")
@blueprint.response(200, DocumentOut)
@operation("showPlanDraft", NotFound)
def draft(municipality: Municipality, plan: str) -> Response:
    """Show the newest version, the draft where there is one, as a whole document with all that is recorded"""
    row = plan_named(municipality, plan)
    return answer({"plan": document_json(row, newest_of(row))})


@blueprint.patch("/<plan>/draft")
@staff("manage_plans")
@blueprint.arguments(HeadingIn)
@blueprint.response(200, PlanVersionOut)
@operation("changePlanDraft", NotFound, NoDraft, PlanChanged, NotAPlan, PlanFaulty)
def change(body: dict[str, Any], municipality: Municipality, plan: str) -> Response:
    """Change what the draft says of the plan as a whole"""
    revision, heading = new_heading(municipality, plan, body["heading"], body["revision"])
    with transaction():
        found = change_heading(municipality, plan, heading, revision)
    return answer(presenting.version_line(found))


@blueprint.delete("/<plan>/draft")
@staff("manage_plans")
@blueprint.arguments(SeenQuery, location="query")
@blueprint.response(204)
@operation("discardPlanDraft", NotFound, NoDraft, PlanChanged, OnlyVersion)
def throw_away(query: dict[str, Any], municipality: Municipality, plan: str) -> Response:
    """Throw the draft away, with all that it would bring to the record"""
    with transaction():
        row, number = discard(municipality, plan, query["revision"])
        written_down("plan_draft_discarded", row, {"number": number})
    return nothing()


@blueprint.get("/<plan>/draft/changes")
@staff("see_plans")
@blueprint.response(200, DifferencesOut)
@operation("comparePlanDraft", NotFound)
def changes(municipality: Municipality, plan: str) -> Response:
    """Show how the newest version differs from the one in force"""
    row = plan_named(municipality, plan)
    in_force = next((one for one in versions_of(row) if one.id == row.published_version_id), None)
    return answer(presenting.differences(row, in_force, newest_of(row)))


@blueprint.put("/<plan>/draft/elements/<element>")
@staff("manage_plans")
@blueprint.arguments(ElementIn)
@blueprint.response(200, PlanVersionOut)
@operation("putElement", *EDITING)
def put(body: dict[str, Any], municipality: Municipality, plan: str, element: str) -> Response:
    """Add an element to the draft, or let one say something else where it stands"""
    tree = opened(municipality, plan, body)
    editing.put(tree, element, body["element"], body["parent"], body["after"], body["reason"])
    return written(municipality, tree)


@blueprint.post("/<plan>/draft/changes")
@staff("manage_plans")
@blueprint.arguments(RearrangeIn)
@blueprint.response(200, PlanVersionOut)
@operation("rearrangeElements", *EDITING, KeyTaken)
def rearrange(body: dict[str, Any], municipality: Municipality, plan: str) -> Response:
    """Move, merge, split or remove elements of the draft

    What is below a merged element goes where it goes; what is below a removed one goes with it.
    """
    tree, key, reason = opened(municipality, plan, body), body["element"], body["reason"]
    if body["kind"] == MOVED:
        editing.move(tree, key, body["parent"], body["after"], reason)
    elif body["kind"] == MERGED:
        editing.merge(tree, [key], body["into"] or key, reason)
    elif body["kind"] == SPLIT:
        editing.split(tree, key, body["parts"], body["stays"], reason)
    else:
        editing.remove(tree, key, reason)
    return written(municipality, tree)


@blueprint.post("/<plan>/draft/freeze")
@staff("manage_plans")
@blueprint.arguments(FreezeIn)
@blueprint.response(200, PlanVersionOut)
@operation("freezePlan", NotFound, NoDraft, PlanFaulty, PlanChanged, NothingNew)
def freeze_draft(body: dict[str, Any], municipality: Municipality, plan: str) -> Response:
    """Freeze the draft: from now on it is known by the hash of its content, and nobody changes it"""
    sealed = seal(municipality, plan, body["revision"])
    with transaction():
        version = freeze(municipality, plan, sealed, body["label"])
        written_down("plan_frozen", plan_named(municipality, plan), {"number": version.number, "hash": sealed.hash})
    return answer(presenting.version_line(version))


@blueprint.post("/<plan>/versions/<known_as>/publish")
@staff("manage_plans")
@blueprint.response(200, PlanVersionOut)
@operation("publishPlan", NotFound, NotFrozen)
def put_in_force(municipality: Municipality, plan: str, known_as: str) -> Response:
    """Put a frozen version in force, also one that was; the one before is superseded and stays readable"""
    version = publish_and_tell(municipality, plan, known_as, caller())
    return answer(presenting.version_line(version))


@blueprint.put("/<plan>/record/<register>/<entry>")
@staff("manage_plans")
@blueprint.arguments(EntryIn)
@blueprint.response(204)
@operation("recordEntry", NotFound, NotAPlan, PlanFaulty, PlanChanged, NobodyApproves)
def put_in_record(body: dict[str, Any], municipality: Municipality, plan: str, register: str, entry: str) -> Response:
    """Record a stage, decision, evaluation or link, or put a body, place, source or document into its register

    Nothing of a country's usual way is required: a body may decide before anybody was heard. Only staff see the `draft`
    of an evaluation; it is published by recording it without `draft`, with `approved_by` or `approved_in`.
    """
    thing = read_entry(plan_named(municipality, plan), register, entry, body["entry"])
    with transaction():
        row = plan_named(municipality, plan, locked=True)
        ensure_seen(row, body["revision"])
        before = entry_in(row, newest_of(row), register, key_of(register, thing))
        put_entry(row, register, thing, body["after"])
        facts = {"register": register, "key": key_of(register, thing), "before": told_of(before)}
        written_down("plan_entry_put", row, facts)
    return nothing()


@blueprint.delete("/<plan>/record/<register>/<entry>")
@staff("manage_plans")
@blueprint.arguments(SeenQuery, location="query")
@blueprint.response(204)
@operation("dropEntry", NotFound, PlanFaulty, PlanChanged)
def take_out_of_record(
    query: dict[str, Any], municipality: Municipality, plan: str, register: str, entry: str
) -> Response:
    """Take something out of the record that nothing else names, no report and no evaluation either"""
    row = plan_named(municipality, plan)
    ensure_seen(row, query["revision"])
    read_at, newest = row.revision, newest_of(row)
    ensure_unneeded(row, newest, register, entry)
    facts = {"register": register, "key": entry, "before": told_of(entry_in(row, newest, register, entry))}
    with transaction():
        row = plan_named(municipality, plan, locked=True)
        ensure_seen(row, read_at)
        drop_entry(row, register, entry)
        written_down("plan_entry_dropped", row, facts)
    return nothing()


def line(plan: PlanRow) -> Mapping[str, Any]:
    return {
        "id": plan.uid,
        "key": plan.key,
        "kind": plan.kind,
        "title": plan.title,
        "published": plan.published_version_id is not None,
        "revision": plan.revision,
    }


def proposed(proposal: Proposal, applied: bool) -> Mapping[str, Any]:
    return {
        "applied": applied,
        **presenting.comparison_out(proposal.comparison),
        "warnings": [asdict(one) for one in proposal.warnings],
        "revision": proposal.revision,
    }


def opened(municipality: Municipality, plan: str, body: Mapping[str, Any]) -> Tree:
    """The draft to change, as the caller saw it. Raises PlanChanged, NotFound, NoDraft."""
    tree = open_draft(municipality, plan)
    if body["revision"] not in (None, tree.revision):
        raise PlanChanged
    return tree


def written_down(action: str, plan: PlanRow, facts: Mapping[str, Any]) -> None:
    """An act of weight goes into the audit log, inside its transaction."""
    record(plan.municipality_id, caller(), action, "plan", str(plan.uid), facts)


def written(municipality: Municipality, tree: Tree) -> Response:
    """Write what was changed, in one transaction."""
    with transaction():
        version = write(municipality, tree, caller().account_id)
    return answer(presenting.version_line(version))
