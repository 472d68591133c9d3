"""Questions to the database about plans, read only; every one says of which municipality."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from service.db import session
from service.db.types import AnyRow
from service.errors import NotFound
from service.municipalities.directory import Municipality
from service.plans.canonical import REGISTERS, digest
from service.plans.comparing import Said, Side
from service.plans.models import PUBLISHED as IN_FORCE
from service.plans.models import (
    SUPERSEDED,
    WORKING,
    PlanChange,
    PlanElement,
    PlanEntry,
    PlanRevision,
    PlanRow,
    PlanVersion,
)
from service.plans.rows import Row

EVERYBODYS = (IN_FORCE, SUPERSEDED)
"""The states of versions that everybody may read."""


def plan_named(municipality: Municipality, key: str, locked: bool = False) -> PlanRow:
    """A plan of the municipality by its key or our name of it; `locked` until the transaction ends. Raises NotFound."""
    query = select(PlanRow).where(PlanRow.municipality_id == municipality.id, is_called(plain(key)))
    found = session.scalars(query.with_for_update() if locked else query).first()
    if found is None:
        raise NotFound
    return found


def plain(name: str) -> str:
    """The name; none has a null character, with which PostgreSQL compares nothing. Raises NotFound."""
    if "\0" in name:
        raise NotFound
    return name


def is_called(name: str) -> Any:
    """The plan with this key, or with this name of ours."""
    uid = as_uid(name)
    return PlanRow.key == name if uid is None else (PlanRow.uid == uid) | (PlanRow.key == name)


def as_uid(name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(name)
    except ValueError:
        return None


def plans_of(municipality: Municipality) -> Sequence[PlanRow]:
    """All plans of the municipality, by key."""
    query = select(PlanRow).where(PlanRow.municipality_id == municipality.id).order_by(PlanRow.key)
    return session.scalars(query).all()


def published_plans(municipality: Municipality) -> Sequence[tuple[PlanRow, PlanVersion]]:
    """The plans that everybody may see, with their versions in force, by key."""
    query = (
        select(PlanRow, PlanVersion)
        .join(PlanVersion, PlanVersion.id == PlanRow.published_version_id)
        .where(PlanRow.municipality_id == municipality.id)
        .order_by(PlanRow.key)
    )
    return [(plan, version) for plan, version in session.execute(query)]


def published_plan(municipality: Municipality, key: str) -> tuple[PlanRow, PlanVersion]:
    """A plan that everybody may see, with its version in force; one statement. Raises NotFound."""
    query = (
        select(PlanRow, PlanVersion)
        .join(PlanVersion, PlanVersion.id == PlanRow.published_version_id)
        .where(PlanRow.municipality_id == municipality.id, is_called(plain(key)))
    )
    found = session.execute(query).first()
    if found is None:
        raise NotFound
    return found[0], found[1]


def linked_from(municipality: Municipality, key: str) -> list[dict[str, Any]]:
    """The links of published plans that lead to the plan with this key: their plan, kind and year."""
    query = (
        select(PlanRow.uid, PlanRow.key, PlanRow.title, PlanEntry.detail)
        .join(PlanEntry, PlanEntry.plan_id == PlanRow.id)
        .where(
            PlanRow.municipality_id == municipality.id,
            PlanRow.published_version_id.is_not(None),
            PlanEntry.kind == "links",
        )
        .order_by(PlanRow.key, PlanEntry.position)
    )
    return [
        {"id": row.uid, "key": row.key, "title": row.title, "kind": row.detail["kind"], "year": row.detail.get("year")}
        for row in session.execute(query)
        if row.detail.get("plan") == key
    ]


def published_among(municipality: Municipality, keys: Iterable[str]) -> dict[str, PlanRow]:
    """Of the plans with these keys those that everybody may see, by key."""
    query = select(PlanRow).where(
        PlanRow.municipality_id == municipality.id,
        PlanRow.published_version_id.is_not(None),
        PlanRow.key.in_(sorted(set(keys))),
    )
    return {plan.key: plan for plan in session.scalars(query)}


def versions_of(plan: PlanRow, states: Sequence[str] | None = None) -> Sequence[PlanVersion]:
    """The versions of a plan, first to last."""
    query = select(PlanVersion).where(PlanVersion.plan_id == plan.id).order_by(PlanVersion.number)
    return session.scalars(query if states is None else query.where(PlanVersion.state.in_(states))).all()


def version_known_as(plan: PlanRow, content_hash: str, states: Sequence[str] | None = None) -> PlanVersion:
    """A version by its content hash; only in these states. Raises NotFound."""
    query = select(PlanVersion).where(PlanVersion.plan_id == plan.id, PlanVersion.content_hash == plain(content_hash))
    found = session.scalar(query if states is None else query.where(PlanVersion.state.in_(states)))
    if found is None:
        raise NotFound
    return found


def draft_of(plan: PlanRow) -> PlanVersion | None:
    """The version that is worked on; None while there is none."""
    return session.scalar(select(PlanVersion).where(PlanVersion.plan_id == plan.id, PlanVersion.state == WORKING))


def newest_of(plan: PlanRow) -> PlanVersion:
    """The newest version in whatever state: the draft where there is one."""
    query = select(PlanVersion).where(PlanVersion.plan_id == plan.id).order_by(PlanVersion.number.desc())
    return session.scalars(query.limit(1)).one()


def stored_rows(version: PlanVersion) -> list[Row]:
    """The tree of a version, from the top down; one statement."""
    found = revisions_of(version.id)
    keys = {row.element_id: row.key for row in found}
    return [Row(row.key, keys.get(row.parent_id), row.detail, row.revision_hash) for row in found]


def revisions_of(version_id: int) -> Sequence[AnyRow]:
    """Every revision of a version with the key of its element, from the top down."""
    return session.execute(
        select(
            PlanRevision.element_id,
            PlanRevision.parent_id,
            PlanElement.key,
            PlanElement.uid,
            PlanRevision.ordinal,
            PlanRevision.detail,
            PlanRevision.revision_hash,
        )
        .join(PlanElement, PlanElement.id == PlanRevision.element_id)
        .where(PlanRevision.version_id == version_id)
        .order_by(PlanRevision.ordinal)
    ).all()


def side_of(version: PlanVersion | None, registers: bool = False) -> Side:
    """A version as `comparing` wants it; of no version nothing. Only frozen ones have `registers` of their own."""
    if version is None:
        return {}, []
    heading = {name: said for name, said in version.heading.items() if registers or name not in REGISTERS}
    return heading, stored_rows(version)


def sides_of(before: PlanVersion | None, after: PlanVersion) -> tuple[Side, Side]:
    """Two versions to compare, with their registers where both are frozen."""
    both = after.content_hash is not None and (before is None or before.content_hash is not None)
    return side_of(before, both), side_of(after, both)


def uids_of(plan: PlanRow) -> dict[str, uuid.UUID]:
    """Key → our name of every element that the plan ever had."""
    rows = session.execute(select(PlanElement.key, PlanElement.uid).where(PlanElement.plan_id == plan.id))
    return {row.key: row.uid for row in rows}


def said_between(plan: PlanRow, after: int, until: int) -> list[Said]:
    """What staff did and why in the versions after one number until another, first to last."""
    rows = session.execute(
        select(PlanElement.key, PlanChange.kind, PlanChange.others, PlanChange.reason)
        .join(PlanElement, PlanElement.id == PlanChange.element_id)
        .join(PlanVersion, PlanVersion.id == PlanChange.version_id)
        .where(PlanVersion.plan_id == plan.id, PlanVersion.number > after, PlanVersion.number <= until)
        .order_by(PlanChange.id)
    )
    return [Said(key, kind, tuple(others), reason) for key, kind, others, reason in rows]


def is_everybodys(entry: Mapping[str, Any] | None) -> bool:
    """Whether everybody sees an entry of the record: not an evaluation that is a draft."""
    return entry is not None and not entry.get("draft")


def shown_of(plan: PlanRow, version: PlanVersion | None = None) -> dict[str, list[Mapping[str, Any]]]:
    """As `entries_of`, of what everybody sees."""
    seen = {kind: [one for one in found if is_everybodys(one)] for kind, found in entries_of(plan, version).items()}
    return {kind: found for kind, found in seen.items() if found}


def entries_of(plan: PlanRow, version: PlanVersion | None = None) -> dict[str, list[Mapping[str, Any]]]:
    """Kind → the JSON of what stands in this register or was recorded, in its order; and what the version brings."""
    rows = session.execute(
        select(PlanEntry.kind, PlanEntry.detail)
        .where(PlanEntry.plan_id == plan.id)
        .order_by(PlanEntry.position, PlanEntry.id)
    )
    found: dict[str, list[Mapping[str, Any]]] = {}
    for kind, detail in rows:
        found.setdefault(kind, []).append(detail)
    return with_brought(found, version.brings) if version is not None and version.brings else found


def with_brought(
    recorded: Mapping[str, Sequence[Mapping[str, Any]]], brought: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, list[Mapping[str, Any]]]:
    """The lists with what comes in place of what has its name; what is new comes last."""
    found = {kind: {name_of(kind, one): one for one in things} for kind, things in recorded.items()}
    for kind, things in brought.items():
        found.setdefault(kind, {}).update({name_of(kind, one): one for one in things})
    return {kind: list(things.values()) for kind, things in found.items()}


def name_of(kind: str, entry: Mapping[str, Any]) -> str:
    """By what an entry is known; links have no key of their own."""
    return digest(entry) if kind == "links" else str(entry["key"])


def element_in(plan: PlanRow, version: PlanVersion, named: str) -> AnyRow:
    """One element of a version, by key or by our name, with its detail. Raises NotFound."""
    query = (
        select(
            PlanElement.id,
            PlanElement.key,
            PlanElement.uid,
            PlanRevision.parent_id,
            PlanRevision.detail,
            PlanRevision.revision_hash,
        )
        .join(PlanRevision, PlanRevision.element_id == PlanElement.id)
        .where(PlanElement.plan_id == plan.id, PlanRevision.version_id == version.id)
    )
    found = session.execute(query.where(is_named(plain(named)))).one_or_none()
    if found is None:
        raise NotFound
    return found


def is_named(named: str) -> Any:
    """The element with this key, or with this name of ours."""
    uid = as_uid(named)
    return PlanElement.key == named if uid is None else (PlanElement.uid == uid) | (PlanElement.key == named)


def revisions_of_element(element_id: int, states: Sequence[str]) -> Sequence[AnyRow]:
    """What an element was in each version in these states: number, hash, when published, detail; first to last."""
    return session.execute(
        select(
            PlanVersion.number,
            PlanVersion.content_hash,
            PlanVersion.published_at,
            PlanRevision.detail,
            PlanRevision.revision_hash,
        )
        .join(PlanVersion, PlanVersion.id == PlanRevision.version_id)
        .where(PlanRevision.element_id == element_id, PlanVersion.state.in_(states))
        .order_by(PlanVersion.number)
    ).all()
