"""What everybody sees of plans, and what staff see, as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from service.municipalities.directory import Municipality
from service.plans.canonical import REGISTERS
from service.plans.comparing import Change, Comparison, compare
from service.plans.finding import element_in as element_in_version
from service.plans.finding import (
    linked_from,
    name_of,
    published_among,
    revisions_of_element,
    said_between,
    shown_of,
    sides_of,
)
from service.plans.models import PlanRow, PlanVersion
from service.plans.rolling_up import Delay, Sum, delays, roll_up
from service.plans.stages import advise, template_of
from service.plans.trees import State, rounded

Json = dict[str, Any]
MOST_CHANGES = 1000


def summary(plan: PlanRow, version: PlanVersion) -> Json:
    """A plan in a list."""
    return {
        "id": plan.uid,
        "key": plan.key,
        "kind": version.heading["kind"],
        "title": version.heading["title"],
        "period": version.heading.get("period"),
        "version": version_line(version),
    }


def version_line(version: PlanVersion) -> Json:
    """A version without what is in it."""
    return {
        "number": version.number,
        "label": version.label,
        "state": version.state,
        "hash": version.content_hash,
        "reason": version.reason,
        "created_at": version.created_at,
        "frozen_at": version.frozen_at,
        "published_at": version.published_at,
    }


def address_of(municipality: Municipality, plan: PlanRow) -> str:
    """Where everybody finds a plan; by our name of it, which stays."""
    return f"/api/v1/{municipality.slug}/plans/{plan.uid}"


def whole(municipality: Municipality, plan: PlanRow, version: PlanVersion, versions: Sequence[PlanVersion]) -> Json:
    """A plan without its elements: what it says of itself, its versions, and its links in both directions."""
    address = address_of(municipality, plan)
    entries = shown_of(plan)
    left_out = ("key", "kind", "title", "period", *REGISTERS)
    return {
        **summary(plan, version),
        "about": {name: said for name, said in version.heading.items() if name not in left_out},
        "address": address,
        "versions": [version_line(one) | {"address": f"{address}/versions/{one.content_hash}"} for one in versions],
        "links": links_out(municipality, entries.get("links", [])),
        "linked_from": linked_from(municipality, plan.key),
    }


def links_out(municipality: Municipality, links: Sequence[Mapping[str, Any]]) -> list[Json]:
    """The links of a plan by their keys; `there` is the plan that one leads to, where everybody may see it."""
    plans = published_among(municipality, (link["plan"] for link in links if "plan" in link))
    return [
        {**link, "key": name_of("links", link), "there": there_of(municipality, plans.get(link.get("plan", "")))}
        for link in links
    ]


def there_of(municipality: Municipality, plan: PlanRow | None) -> Json | None:
    """What a plan is called and where it is found."""
    if plan is None:
        return None
    return {"id": plan.uid, "title": plan.title, "address": address_of(municipality, plan)}


def registers(plan: PlanRow, version: PlanVersion) -> Json:
    """Bodies, territories, sources of money and documents by their keys, as the version froze them or as they are."""
    entries = shown_of(plan)
    return {
        name: {one["key"]: one for one in (*entries.get(name, ()), *version.heading.get(name, ()))}
        for name in REGISTERS
    }


def recorded(municipality: Municipality, plan: PlanRow, version: PlanVersion) -> Json:
    """How the plan came about: stages and decisions in their order, and what usually comes next."""
    entries, heading = shown_of(plan, version), version.heading
    template = template_of(heading.get("stage_template"), municipality.country, heading["kind"])
    advice = advise(template, entries.get("stages", []))
    return {
        **{name: entries.get(name, []) for name in ("stages", "decisions", "evaluations", *REGISTERS)},
        "advice": {
            "template": advice.template,
            "next": advice.next,
            "optional": list(advice.optional),
            "noticed": [one._asdict() for one in advice.noticed],
        },
    }


def element(state: State, key: str, frozen: Mapping[str, Any], address: str, history: Sequence[Json]) -> Json:
    """An element with all that it says, where it stands and how far it is; `address` is that of its plan."""
    row, tree = state.tree.row(key), state.tree
    named = f"elements/{tree.uids[key]}"
    children = [state.line(one) for one in tree.rows if one.parent == key]
    return {
        **state.line(row),
        "revision": row.hash,
        "detail": row.detail,
        "above": [{"id": str(tree.uids[one.key]), "key": one.key, "title": one.title} for one in tree.above(key)],
        "children": children,
        "sum": sum_out(state.sums[key]),
        "reports": [
            {"report": report["key"], "period": report["period"], "entry": entry}
            for report, entries in state.reports
            for entry in entries
            if entry["element"] == key
        ],
        "names": names_in(row.detail, frozen),
        "address": f"{address}/{named}",
        "revisions": [one | {"address": f"{address}/versions/{one['version']}/{named}"} for one in history],
    }


def names_in(detail: Mapping[str, Any], registers: Mapping[str, Any]) -> Json:
    """What the registers say of whom the element names: bodies, territories, documents, sources."""
    action = detail.get("action", {})
    money = detail.get("money", ())
    wanted = {
        "bodies": (*action.get("responsible", ()), *action.get("partners", ())),
        "territories": action.get("territories", ()),
        "documents": (*detail.get("documents", ()), *(line["stated_in"] for line in money if "stated_in" in line)),
        "funding_sources": [line["source"] for line in money if "source" in line],
    }
    return {
        name: {key: registers[name][key] for key in keys if key in registers[name]} for name, keys in wanted.items()
    }


def history_of(element_id: int, states: Sequence[str]) -> list[Json]:
    """In which versions the element said something new: their numbers and hashes, and its title then."""
    found: list[Json] = []
    for row in revisions_of_element(element_id, states):
        if not found or found[-1]["revision"] != row.revision_hash:
            found.append(
                {
                    "number": row.number,
                    "version": row.content_hash,
                    "published_at": row.published_at,
                    "revision": row.revision_hash,
                    "title": row.detail["title"],
                }
            )
    return found


def element_then(plan: PlanRow, version: PlanVersion, named: str) -> Json:
    """An element as a version has it. Raises NotFound."""
    row = element_in_version(plan, version, named)
    return {
        "id": row.uid,
        "key": row.key,
        "version": version_line(version),
        "revision": row.revision_hash,
        "detail": row.detail,
    }


def sum_out(below: Sum) -> Json:
    """What is below an element; `percent` null: nobody has reported on anything there."""
    return {
        "actions": below.actions,
        "reported": below.reported,
        "percent": rounded(below.percent),
        "statuses": dict(below.statuses),
        "money": [
            {"role": role, "currency": currency, "amount_minor": amount}
            for (role, currency), amount in sorted(below.money.items())
        ],
    }


def progress(state: State, today: date) -> Json:
    """How far the plan is: its sum, by the elements at the top, what is late and at risk, and how it went."""
    tree = state.tree
    late, at_risk = delays(tree.rows, state.standings, tree.leaves, today)
    top = [state.line(row) | {"sum": sum_out(state.sums[row.key])} for row in tree.rows if row.parent is None]
    return {
        "sum": sum_out(state.sums[None]),
        "top": top,
        "late": [delay_out(state, one) for one in late],
        "at_risk": [delay_out(state, one) for one in at_risk],
        "history": [after_report(state, count) for count in range(1, len(state.reports) + 1)],
    }


def delay_out(state: State, delay: Delay) -> Json:
    return state.line(state.tree.row(delay.key)) | {"reasons": list(delay.reasons), "due": delay.due}


def after_report(state: State, count: int) -> Json:
    """The plan's sum as it was after so many reports, and what the last of them says."""
    detail, entries = state.reports[count - 1]
    tree = state.tree
    total = roll_up(tree.rows, state.standings_after(count), tree.leaves)[None]
    return {**detail, "entries": len(entries), "sum": sum_out(total)}


def differences(plan: PlanRow, before: PlanVersion | None, after: PlanVersion) -> Json:
    """How one version of a plan differs from an older one."""
    said = said_between(plan, before.number if before else 0, after.number)
    found = compare(*sides_of(before, after), said)
    return {"before": before and version_line(before), "after": version_line(after), **comparison_out(found)}


def comparison_out(found: Comparison) -> Json:
    """The heading's fields that differ, and the first thousand elements; `counts` are of all."""
    return {
        "heading": [asdict(one) for one in found.heading],
        "counts": dict(found.counts),
        "changes": [change_out(change) for change in found.changes[:MOST_CHANGES]],
    }


def change_out(change: Change) -> Json:
    return {
        "kind": change.kind,
        "key": change.key,
        "number": change.number,
        "title": change.title,
        "parent_before": change.parent_before,
        "parent_after": change.parent_after,
        "others": list(change.others),
        "reason": change.reason,
        "fields": [asdict(one) for one in change.fields],
    }
