"""A plan's actions as projects of OC4IDS (Open Contracting for Infrastructure Data Standards, 0.9).

Only what the plan knows is said: sums that have a number, days that are known to the day or become the first and last
of their month or year, places with a name or a geometry. Texts are in one language.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from service.errors import Problem
from service.plans.checking import currencies
from service.plans.document import Action, Element, Plan, walk
from service.plans.files.amounts import major
from service.plans.rolling_up import standings_in
from service.plans.rows import rows_of
from service.plans.values import MoneyLine, Period, StatedDate, Territory
from service.text import N_, pick


class NoActions(Problem):
    """A plan without actions is no package of projects."""

    status, code, message = 409, "plan_without_actions", N_("This plan has no actions that could be given as projects.")


VERSION = "0.9"
STATUSES = {
    "proposed": "identification",
    "planned": "identification",
    "mature": "preparation",
    "tendering": "preparation",
    "in_progress": "implementation",
    "suspended": "implementation",
    "completed": "completed",
    "cancelled": "cancelled",
    "rejected": "cancelled",
}
"""Status of an action → `projectStatus`."""
UNLISTED = frozenset(
    "ARL ARM BAN BGM BGO BOL BRZ CLE CNH CNX KRH KRO MAF MCF MDC MKN MVP SLE UYW VED VES VNN XCG YUR ZWG".split()  # noqa: SIM905
)
"""Currencies that the closed list of the standard does not have."""
BUDGETS = ("budgeted", "total", "grant", "own", "other")


def package(plan: Plan, language: str, uri: str, published: str, publisher: str) -> dict[str, Any]:
    """A project package: every action of the plan as a project. `published` is an instant in RFC 3339.

    Raises NoActions: a package has one project or more.
    """
    prefix = uri.rstrip("/")
    leaves = {level.key for level in plan.levels if level.leaf}
    actions = [one for one, _ in walk(plan.elements) if one.action is not None or one.level in leaves]
    if not actions:
        raise NoActions
    found = standings_in(plan, rows_of(plan.elements))
    return {
        "uri": uri,
        "publishedDate": published,
        "version": VERSION,
        "publisher": {"name": publisher},
        "projects": [project(plan, action, found[action.key].status, language, prefix) for action in actions],
    }


def project(plan: Plan, element: Element, status: str | None, language: str, prefix: str) -> dict[str, Any]:
    """One action as a project; `status` by the newest approved report. Its id is where everybody finds it."""
    action = element.action or Action()
    found = {
        "id": f"{prefix}/elements/{quote(element.key)}",
        "title": pick(element.title, language),
        "description": pick(element.description, language),
        "purpose": pick(element.objective, language),
        "status": STATUSES.get(status or ""),
        "period": period(action.when),
        "locations": locations(plan, action, language),
        "budget": budget(plan, element.money, language),
        "parties": parties(plan, action, element.money, language),
        "documents": documents(plan, element, language),
    }
    return {name: said for name, said in found.items() if said}


def budget(plan: Plan, lines: Iterable[MoneyLine], language: str) -> dict[str, Any]:
    """The total, and each sum by year and source; sums that are only words are left out.

    Without a total it is the sum of what is budgeted, else of who pays what: both at once would count twice.
    """
    sums = [line for line in lines if line.role in BUDGETS and line.amount_minor is not None and is_listed(line)]
    parts = [line for line in sums if line.role != "total"]
    total = next((line for line in sums if line.role == "total"), None)
    found: dict[str, Any] = {}
    if total is not None:
        found["amount"] = value(total)
    elif summed := _summed(parts):
        found["amount"] = value(summed)
    if parts:
        found["budgetBreakdown"] = [_breakdown(plan, place, line, language) for place, line in enumerate(parts, 1)]
    return found


def is_listed(line: MoneyLine) -> bool:
    """Whether the sum is in a currency of the standard's closed list."""
    return line.currency in currencies() - UNLISTED


def _summed(parts: list[MoneyLine]) -> MoneyLine | None:
    """The sum of what is budgeted, else of the parts; None of several currencies."""
    lines = [line for line in parts if line.role == "budgeted"] or parts
    if len({line.currency for line in lines}) != 1:
        return None
    return MoneyLine("total", sum(line.amount_minor or 0 for line in lines), lines[0].currency)


def _breakdown(plan: Plan, place: int, line: MoneyLine, language: str) -> dict[str, Any]:
    found: dict[str, Any] = {"id": str(place), "amount": value(line)}
    if line.stated:
        found["description"] = line.stated
    if line.year:
        found["period"] = {"startDate": f"{line.year}-01-01T00:00:00Z", "endDate": f"{line.year}-12-31T23:59:59Z"}
    source = next((one for one in plan.funding_sources if one.key == line.source), None)
    if source is not None:
        found["sourceParty"] = {"id": id_of(source.key), "name": pick(source.name, language)}
    return found


def id_of(source: str) -> str:
    """The id of a source of money among the parties, where a body may have the same key."""
    return f"sources/{source}"


def value(line: MoneyLine) -> dict[str, Any]:
    """A sum in major units of its currency."""
    exact = major(line.amount_minor or 0, line.currency or "")
    number = int(exact) if exact == exact.to_integral_value() else float(exact)
    return {"amount": number, "currency": line.currency}


def period(when: Period | None) -> dict[str, str]:
    """Start and end as instants of the days that are known."""
    found = {}
    if when and when.start:
        found["startDate"] = f"{first_day(when.start)}T00:00:00Z"
    if when and when.end:
        found["endDate"] = f"{last_day(when.end)}T23:59:59Z"
    return found


def first_day(date: StatedDate) -> str:
    """The first day that it can be: 2014-11 → 2014-11-01."""
    return "-".join([*date.value.split("-"), "01", "01"][:3])


def last_day(date: StatedDate) -> str:
    """The last day that it can be: 2014-11 → 2014-11-30."""
    parts = date.value.split("-")
    month = parts[1] if len(parts) > 1 else "12"
    day = parts[2] if len(parts) > 2 else str(monthrange(int(parts[0]), int(month))[1])
    return f"{parts[0]}-{month}-{day}"


def locations(plan: Plan, action: Action, language: str) -> list[dict[str, Any]]:
    """The action's own geometry and words, and the places that it names."""
    found = []
    said = pick(action.location, language)
    if said or action.geometry:
        found.append({"id": "action/place"} | ({"description": said} if said else {}) | _geometry(action.geometry))
    places = {one.key: one for one in plan.territories}
    return found + [_place(places[key], language) for key in dict.fromkeys(action.territories) if key in places]


def _place(place: Territory, language: str) -> dict[str, Any]:
    return {"id": place.key, "description": pick(place.name, language)} | _geometry(place.geometry)


def _geometry(geometry: Mapping[str, Any] | None) -> dict[str, Any]:
    simple = geometry is not None and "coordinates" in geometry
    return (
        {"geometry": {"type": geometry["type"], "coordinates": geometry["coordinates"]}} if simple and geometry else {}
    )


def parties(plan: Plan, action: Action, lines: Iterable[MoneyLine], language: str) -> list[dict[str, Any]]:
    """Who is responsible, who takes part, and who pays."""
    bodies = {one.key: pick(one.name, language) for one in plan.bodies}
    sources = {id_of(one.key): pick(one.name, language) for one in plan.funding_sources}
    roles: dict[tuple[str, str], list[str]] = {}
    for keys, names, role in (
        (action.responsible, bodies, "publicAuthority"),
        (action.partners, bodies, "partner"),
        ([id_of(line.source) for line in lines if line.source], sources, "funder"),
    ):
        for key in keys:
            if key in names and role not in (there := roles.setdefault((key, names[key]), [])):
                there.append(role)
    return [{"id": key, "name": name, "roles": said} for (key, name), said in roles.items()]


def documents(plan: Plan, element: Element, language: str) -> list[dict[str, Any]]:
    """The papers that the action points at."""
    papers = {one.key: one for one in plan.documents}
    found = []
    for key in dict.fromkeys(element.documents):
        if paper := papers.get(key):
            about = {"id": key, "title": pick(paper.title, language)}
            found.append(about | ({"language": paper.language} if paper.language else {}))
    return found
