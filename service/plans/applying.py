"""A document becomes a draft version of a plan: first what it would change is said, then it is done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from service.crash_points import crash_here
from service.db import session
from service.db.clock import now
from service.db.keys import new_uid
from service.db.upserts import insert_if_absent
from service.errors import Problem
from service.municipalities.directory import Municipality
from service.plans.canonical import REGISTERS, to_json
from service.plans.checking import Warned, ensure_sound, warnings_of
from service.plans.comparing import Comparison, compare
from service.plans.document import RECORD, Plan, walk
from service.plans.finding import draft_of, newest_of, plan_named, side_of, uids_of
from service.plans.matching import identified
from service.plans.models import PlanRow, PlanVersion
from service.plans.recording import write_record
from service.plans.reporting import Apart, taken_apart, write_reports
from service.plans.rows import Row, rows_of
from service.plans.staying import what_stays
from service.plans.writing import Ready, ensure_unchanged, made_ready, new_draft, nothing_collected, write_rows
from service.text import N_


class PlanKeyTaken(Problem):
    """There is a plan with this key already."""

    status, code, message = 409, "plan_key_taken", N_("There is a plan with this key already.")


@dataclass(frozen=True)
class Proposal:
    """What a document would make of a plan: the draft's heading and rows, and how they differ from what is there.

    `revision` is the plan's when it was read; None: there is no such plan yet. `ready` and `reports` are made before
    the transaction, in which others wait.
    """

    document: Plan
    heading: Mapping[str, Any]
    rows: list[Row]
    comparison: Comparison
    warnings: list[Warned]
    revision: int | None
    reports: Sequence[Apart]
    ready: Ready


def propose(municipality: Municipality, document: Plan) -> Proposal:
    """What the document would change; nothing is written. A plan that is there is known by its key.

    Raises PlanFaulty.
    """
    plan = session.scalar(
        select(PlanRow).where(PlanRow.municipality_id == municipality.id, PlanRow.key == document.key)
    )
    before: Any = ({}, [])
    if plan is not None:
        before = side_of(draft_of(plan) or newest_of(plan))
        document = identified(document, before[1], uids_of(plan))
    ensure_sound(document)
    heading, rows = heading_of(document), rows_of(document.elements)
    compared = compare(before, (heading, rows))
    reports = [taken_apart(report) for report in document.progress]
    seen = plan.revision if plan else None
    names = {element.key: element.uid for element, _ in walk(document.elements) if element.uid}
    ready = made_ready(rows, before[1], names)
    warnings = [*(what_stays(plan, document) if plan else ()), *warnings_of(document)]
    return Proposal(document, heading, rows, compared, warnings, seen, reports, ready)


def heading_of(document: Plan) -> dict[str, Any]:
    """What a version keeps of the plan beside its elements; registers and the record are kept by the plan."""
    nothing: dict[str, Any] = {"uid": None, "elements": ()} | dict.fromkeys((*RECORD, *REGISTERS), ())
    heading: dict[str, Any] = to_json(replace(document, **nothing))
    return heading


def apply(
    municipality: Municipality, proposal: Proposal, by_id: int | None = None, reason: str | None = None
) -> PlanVersion:
    """Make the proposal the plan's draft, which is begun if there is none. Inside `transaction()`.

    Registers, the record and progress are added to; nothing in them is taken away. A plan's first document brings its
    approved reports and evaluations; later ones only such to be approved. Raises PlanChanged, PlanKeyTaken.
    """
    if proposal.revision is None:
        plan = begin_plan(municipality, proposal.document)
    else:
        plan = plan_named(municipality, proposal.document.key, locked=True)
        ensure_unchanged(plan, proposal.revision)
    draft = draft_of(plan) or new_draft(plan, proposal.heading, by_id, reason)
    draft.heading = dict(proposal.heading)
    draft.reason = reason or draft.reason
    with nothing_collected():
        ids = write_rows(plan, draft, proposal.rows, proposal.ready)
        write_reports(plan, proposal.reports, by_id, approved=draft.based_on_id is None, known=ids)
    write_record(plan, draft, proposal.document)
    if plan.published_version_id is None:
        plan.kind, plan.title = proposal.document.kind, dict(proposal.document.title)
    session.flush()
    crash_here("before_plan_applied")
    return draft


def begin_plan(municipality: Municipality, document: Plan) -> PlanRow:
    """The row of a plan that is new, locked. Raises PlanKeyTaken."""
    row = {
        "uid": document.uid if document.uid and is_free(document) else new_uid(),
        "municipality_id": municipality.id,
        "key": document.key,
        "kind": document.kind,
        "title": dict(document.title),
        "revision": 1,
        "created_at": now(),
    }
    if not insert_if_absent(PlanRow, [row], returning=PlanRow.id):
        raise PlanKeyTaken
    return plan_named(municipality, document.key, locked=True)


def is_free(document: Plan) -> bool:
    """Whether no plan has our name of the document's."""
    return session.scalar(select(PlanRow.id).where(PlanRow.uid == document.uid)) is None


def begin_draft(municipality: Municipality, key: str, by_id: int | None, reason: str | None) -> PlanVersion:
    """A draft of the newest version, or the one that there is. Inside `transaction()`. Raises NotFound."""
    plan = plan_named(municipality, key, locked=True)
    found = draft_of(plan)
    if found is not None:
        return found
    plan.revision += 1
    content = {name: said for name, said in newest_of(plan).heading.items() if name not in REGISTERS}
    return new_draft(plan, content, by_id, reason)
