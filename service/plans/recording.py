"""What is recorded about a plan, in the order in which it was: stages, decisions, links, evaluations; and registers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, select, update

from service.db import session
from service.errors import NotFound
from service.plans.canonical import digest, references, to_json
from service.plans.checking import PlanFaulty, ensure_sound, faults_of_evaluation, faults_of_report, faults_of_weight
from service.plans.document import Element, Plan
from service.plans.evaluating import as_first, as_later, is_approved
from service.plans.finding import entries_of, is_everybodys, name_of, versions_of, with_brought
from service.plans.models import PlanElement, PlanEntry, PlanRow, PlanVersion
from service.plans.reading import document
from service.plans.reading_json import read
from service.plans.record import Decision, EvaluationReport, PlanLink, ProgressReport, Stage
from service.plans.reporting import NobodyApproves
from service.plans.values import Body, Document, FundingSource, Territory

KINDS: Mapping[str, type] = {
    "bodies": Body,
    "territories": Territory,
    "funding_sources": FundingSource,
    "documents": Document,
    "links": PlanLink,
    "stages": Stage,
    "decisions": Decision,
    "evaluations": EvaluationReport,
}
"""Field of the document → what one of its things is."""
FAULTS: Mapping[type, Any] = {
    EvaluationReport: faults_of_evaluation,
    ProgressReport: faults_of_report,
    Element: faults_of_weight,
}
"""What else may be wrong with a thing by itself."""
PLAIN = (
    *("kind", "outcome", "body", "stage", "parent", "document", "on_recommendation_of", "plan", "year"),
    *("draft", "approved_by", "approved_in"),
)
"""Of an entry, what says nothing in free words."""


def read_entry(plan: PlanRow, kind: str, key: str, data: Mapping[str, Any]) -> Any:
    """One thing of this kind from JSON, by this key; what it names must be there. Reads only.

    Raises NotFound for a kind that there is not, NotAPlan, PlanFaulty.
    """
    if kind not in KINDS:
        raise NotFound
    entry: Any = read(KINDS[kind], dict(data) if kind == "links" else {**data, "key": key})
    ensure_known(plan, entry)
    return entry


def ensure_known(
    plan: PlanRow, entry: Any, also: Mapping[str, set[str]] | None = None, version: PlanVersion | None = None
) -> None:
    """Refuse references to what stands in no register of the plan; of a draft also to what it brings.

    Raises PlanFaulty.
    """
    known = known_to(plan, version) | dict(also or {})
    own = getattr(entry, "key", None)
    faults = [
        {"fault": "nothing_there", "what": what, "key": key}
        for what, key in references(entry)
        if what in known and key not in known[what] and key != own
    ]
    own_faults: Any = FAULTS.get(type(entry))
    if own_faults is not None:
        faults += [{"fault": fault, "what": what, "key": key} for fault, what, key in own_faults(entry)]
    if faults:
        raise PlanFaulty(faults=faults)


def known_to(plan: PlanRow, version: PlanVersion | None = None) -> dict[str, set[str]]:
    """The keys of every register, and of everything recorded or brought; those of elements of any version."""
    entries = entries_of(plan, version)
    known = {kind: {str(one["key"]) for one in entries.get(kind, ())} for kind in KINDS if kind != "links"}
    elements = session.scalars(select(PlanElement.key).where(PlanElement.plan_id == plan.id))
    return known | {"elements": set(elements)}


def key_of(kind: str, entry: Any) -> str:
    """By what an entry is known; links have no key of their own."""
    return digest(entry) if kind == "links" else str(entry.key)


def write_entries(plan: PlanRow, kind: str, things: Sequence[Any]) -> None:
    """Put things into their list, in this order; those that are there keep their place. Inside `transaction()`."""
    places = positions_of(plan, kind)
    last = max(places.values(), default=-1)
    for thing in things:
        key = key_of(kind, thing)
        if key in places:
            session.execute(
                update(PlanEntry)
                .where(PlanEntry.plan_id == plan.id, PlanEntry.kind == kind, PlanEntry.key == key)
                .values(detail=to_json(thing))
                .execution_options(synchronize_session=False)
            )
            continue
        last += 1
        places[key] = last
        session.add(PlanEntry(plan_id=plan.id, kind=kind, key=key, position=last, detail=to_json(thing)))
    session.flush()


def positions_of(plan: PlanRow, kind: str) -> dict[str, int]:
    rows = session.execute(
        select(PlanEntry.key, PlanEntry.position).where(PlanEntry.plan_id == plan.id, PlanEntry.kind == kind)
    )
    return {row.key: row.position for row in rows}


def put_entry(plan: PlanRow, kind: str, entry: Any, after: str | None) -> None:
    """Record one thing, or record it rightly; behind the one with the key `after` where it is given.

    Inside `transaction()`, the plan locked. Raises NobodyApproves for an evaluation that would be published by nobody,
    NotFound where there is none with the key `after`.
    """
    key = key_of(kind, entry)
    before = entry_there(plan, kind, key)
    ensure_approved(before, entry)
    was_shown = is_everybodys(before)
    write_entries(plan, kind, [entry])
    forget_brought(plan, kind, key)
    if after is not None:
        places = positions_of(plan, kind)
        if after not in places:
            raise NotFound
        order = [one for one in sorted(places, key=lambda one: places[one]) if one != key]
        order.insert(order.index(after) + 1 if after != key else len(order), key)
        for position, one in enumerate(order):
            session.execute(
                update(PlanEntry)
                .where(PlanEntry.plan_id == plan.id, PlanEntry.kind == kind, PlanEntry.key == one)
                .values(position=position)
                .execution_options(synchronize_session=False)
            )
    count_change(plan, was_shown or is_everybodys(to_json(entry)))


def count_change(plan: PlanRow, shown: bool) -> None:
    """The plan is another one now; `shown`: for everybody."""
    plan.revision += 1
    plan.shown += int(shown)


def ensure_approved(before: Mapping[str, Any] | None, entry: Any) -> None:
    """Refuse to publish an evaluation without saying who approved it. Raises NobodyApproves.

    One that everybody sees, as it came before approval was asked for, may be recorded again without.
    """
    if not isinstance(entry, EvaluationReport) or entry.draft or is_approved(entry):
        return
    if before is None or not is_everybodys(before) or is_approved(read(EvaluationReport, dict(before))):
        raise NobodyApproves


def entry_there(plan: PlanRow, kind: str, key: str) -> Mapping[str, Any] | None:
    """The JSON of what is recorded under this name; None: nothing, or it waits with a version."""
    found = select(PlanEntry.detail).where(PlanEntry.plan_id == plan.id, PlanEntry.kind == kind, PlanEntry.key == key)
    return session.scalar(found)


def ensure_unneeded(plan: PlanRow, version: PlanVersion, kind: str, key: str) -> None:
    """Refuse to take away what something else names, a report or an evaluation too. Reads only.

    Raises NotFound, PlanFaulty.
    """
    if kind not in KINDS or entry_in(plan, version, kind, key) is None:
        raise NotFound
    whole = document(plan, version)
    left = tuple(one for one in getattr(whole, kind) if key_of(kind, one) != key)
    without: Plan = replace(whole, **{kind: left})  # type: ignore[arg-type]
    if (kind, key) in references((without.progress, without.evaluations)):
        raise PlanFaulty(faults=[{"fault": "nothing_there", "what": kind, "key": key}])
    ensure_sound(without)


def entry_in(plan: PlanRow, version: PlanVersion, kind: str, key: str) -> Mapping[str, Any] | None:
    """The JSON of what stands under this name, or waits there with the version; None: nothing."""
    there = entries_of(plan, version).get(kind, ())
    return next((one for one in there if name_of(kind, one) == key), None)


def told_of(entry: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the audit log keeps of an entry: no free text, in which people may be named, but the hash of all of it."""
    if entry is None:
        return None
    return {name: entry[name] for name in PLAIN if name in entry} | {"sha256": digest(entry)}


def drop_entry(plan: PlanRow, kind: str, key: str) -> None:
    """Take a thing out of its list. Inside `transaction()`, the plan locked. Raises NotFound."""
    there = entry_there(plan, kind, key)
    session.execute(
        delete(PlanEntry)
        .where(PlanEntry.plan_id == plan.id, PlanEntry.kind == kind, PlanEntry.key == key)
        .execution_options(synchronize_session=False)
    )
    if not forget_brought(plan, kind, key) and there is None:
        raise NotFound
    count_change(plan, is_everybodys(there))


def write_record(plan: PlanRow, draft: PlanVersion, document: Plan) -> None:
    """Everything that the document records and has in its registers; nothing is taken away. Inside `transaction()`.

    A plan's first draft begins the record. What a later one brings waits until it is published, or goes with it; its
    evaluations are to be approved.
    """
    if draft.based_on_id is None:
        first = replace(document, evaluations=tuple(map(as_first, document.evaluations)))
        for kind in KINDS:
            write_entries(plan, kind, getattr(first, kind))
        return
    there = entries_of(plan)
    known = {one["key"]: one for one in there.get("evaluations", ())}
    evaluations = tuple(as_later(one, known.get(one.key)) for one in document.evaluations)
    later = replace(document, evaluations=evaluations)
    coming = {kind: to_json(getattr(later, kind)) for kind in KINDS}
    new = {kind: [one for one in things if one not in there.get(kind, ())] for kind, things in coming.items()}
    brought = with_brought(draft.brings, new)
    draft.brings = {kind: [dict(one) for one in things] for kind, things in brought.items() if things}


def write_brought(plan: PlanRow, version: PlanVersion) -> None:
    """What a version brings is recorded, and nothing waits with it or an older one. Inside `transaction()`."""
    for kind, things in version.brings.items():
        write_entries(plan, kind, [ready(plan, kind, read(KINDS[kind], one)) for one in things])
    for one in versions_of(plan):
        if one.number <= version.number and one.brings:
            one.brings = {}


def ready(plan: PlanRow, kind: str, entry: Any) -> Any:
    """What waited, as it is recorded: an evaluation that nobody sees yet and nobody approved is a draft."""
    if kind != "evaluations" or is_everybodys(entry_there(plan, kind, entry.key)):
        return entry
    return as_first(entry)


def forget_brought(plan: PlanRow, kind: str, key: str) -> bool:
    """Nothing of this name waits any more; whether something did. Inside `transaction()`."""
    waited = False
    for version in versions_of(plan):
        left = [one for one in version.brings.get(kind, ()) if name_of(kind, one) != key]
        if len(left) < len(version.brings.get(kind, ())):
            waited = True
            version.brings = version.brings | {kind: left}
    return waited
