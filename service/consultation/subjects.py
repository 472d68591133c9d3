"""What a consultation is about, as it stood when it was fixed: the version of a plan, a branch or an action of it, a
report on progress, and texts that were put up before.

Versions of plans and approved reports never change and stay readable: a hash names what was read, and titles say it in
words. Whatever else a consultation links to is a link, without a promise of what stands there later.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from service.consultation.leaves import canonical
from service.errors import NotFound, Problem
from service.municipalities.directory import Municipality
from service.municipalities.linking import LinkNotFound, Links, ensure_linked
from service.notices.following import PLAN, PLAN_ELEMENT
from service.plans.finding import EVERYBODYS, element_in, published_plan, version_known_as
from service.plans.following import element_with
from service.plans.models import PlanRow
from service.plans.progress_finding import entries_in, report_named
from service.plans.rows import Row
from service.plans.trees import Tree, tree_of
from service.text import N_

PROGRESS_REPORT = "progress_report"
MOST_ELEMENTS = 100
"""Of a branch so many are named one by one: what is fixed goes to every phone. The others are read page by page from
its version (elements_of)."""

Link = Mapping[str, Any]
"""`kind`, `id`, and maybe `within` and `version`."""
Frozen = dict[str, Any]
"""`kind`, our own `id`, `within` (the plan), `version` (a hash), `title`; of a branch the first `elements` in it, and
how many it has (`count`).
"""


class SubjectChanged(Problem):
    """What it is about is another version by now: `links` says what, `version` is the one in force."""

    status, code, message = 409, "subject_changed", N_("What this consultation is about has changed meanwhile.")


def ensure_there(table: Links, municipality: Municipality, links: Iterable[Link]) -> None:
    """Refuse links to what is not there for everybody to see; reads only. Raises LinkNotFound."""
    elsewhere = []
    for link in links:
        if link["kind"] in SUBJECTS:
            frozen(municipality, link)
        else:
            elsewhere.append({"kind": link["kind"], "id": link["id"]})
    ensure_linked(table, municipality, elsewhere)


def freeze(municipality: Municipality, links: Iterable[Link]) -> list[Frozen]:
    """What those links that lead to plans lead to, as it stands now, each once. Raises LinkNotFound, SubjectChanged."""
    found: dict[tuple[str, ...], Frozen] = {}
    for link in links:
        if link["kind"] not in SUBJECTS:
            continue
        subject = frozen(municipality, link)
        if link.get("version") not in (None, subject["version"]):
            raise SubjectChanged(links=[{"kind": link["kind"], "id": link["id"]}], version=subject["version"])
        found[subject["kind"], subject["within"] or "", subject["id"]] = subject
    return list(found.values())


def frozen(municipality: Municipality, link: Link) -> Frozen:
    """One of them. Raises LinkNotFound."""
    try:
        return SUBJECTS[link["kind"]](municipality, link)
    except NotFound:
        raise LinkNotFound(links=[{"kind": link["kind"], "id": link["id"]}]) from None


def the_plan(municipality: Municipality, link: Link) -> Frozen:
    """The version of a plan that is in force."""
    plan, version = published_plan(municipality, link["id"])
    return subject(PLAN, str(plan.uid), None, version.content_hash, version.heading["title"])


def an_element(municipality: Municipality, link: Link) -> Frozen:
    """An action, or a branch with all that is below it, of the version in force. By its key within a plan, or alone by
    our name of it.
    """
    known = None if link.get("within") else element_with(municipality, link["id"])
    if known is None and not link.get("within"):
        raise NotFound
    plan, version = published_plan(municipality, known.plan if known else link["within"])
    row = element_in(plan, version, link["id"])
    inside = branch_of(tree_of(plan, version), row.key)
    elements = [as_it_stood(one) for one in inside[:MOST_ELEMENTS]]
    made = subject(PLAN_ELEMENT, str(row.uid), plan, version.content_hash, row.detail["title"])
    return made | {"elements": elements, "count": len(inside)}


def branch_of(tree: Tree, key: str) -> list[Row]:
    """An element and all that is below it: rows come from the top down."""
    keys, inside = {key}, []
    for row in tree.rows[tree.positions[key] :]:
        if row.key == key or row.parent in keys:
            keys.add(row.key)
            inside.append(row)
    return inside


def elements_of(municipality: Municipality, found: Frozen, begin: int, end: int) -> Sequence[Mapping[str, Any]]:
    """Some elements of a branch that was frozen, from the top down; of anything else none.

    The first of them stand with it, the others in the version of the plan that it names, which never changes.
    """
    named: Sequence[Mapping[str, Any]] = found.get("elements", ())
    if end <= len(named) or found.get("count", len(named)) <= len(named):
        return named[begin:end]
    plan, _ = published_plan(municipality, found["within"])
    tree = tree_of(plan, version_known_as(plan, found["version"], EVERYBODYS))
    return [as_it_stood(row) for row in branch_of(tree, tree.keys_by_uid[UUID(found["id"])])[begin:end]]


def as_it_stood(row: Row) -> Mapping[str, Any]:
    return {"key": row.key, "title": row.title, "hash": row.hash}


def a_report(municipality: Municipality, link: Link) -> Frozen:
    """An approved report on the progress of the plan that it is `within`."""
    plan, _ = published_plan(municipality, link.get("within") or "")
    report = report_named(plan, link["id"])
    if report.approved_at is None:
        raise NotFound
    said = [report.detail, *([entry.key, entry.detail] for entry in entries_in([report.id]))]
    version = sha256(canonical(said)).hexdigest()
    return subject(PROGRESS_REPORT, report.key, plan, version, plan.title)


def subject(kind: str, name: str, plan: PlanRow | None, version: str | None, title: Mapping[str, str]) -> Frozen:
    within = str(plan.uid) if plan else None
    return {"kind": kind, "id": name, "within": within, "version": version, "title": dict(title)}


def links_in(about: Sequence[Link], questions: Iterable[Mapping[str, Any]]) -> list[Link]:
    """All links of a consultation, those of its questions too."""
    return [*about, *(question["about"] for question in questions if question["about"])]


SUBJECTS: Mapping[str, Callable[[Municipality, Link], Frozen]] = {
    PLAN: the_plan,
    PLAN_ELEMENT: an_element,
    PROGRESS_REPORT: a_report,
}
"""Kind of link → what is frozen of it."""
