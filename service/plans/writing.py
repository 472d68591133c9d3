"""Writes the tree of a draft: only what differs from what is there. Call inside `transaction()`, the plan locked."""

import gc
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import bindparam, delete, insert, literal, select, update

from service.db import Base, dialect, session
from service.db.clock import now
from service.db.driver import copy_in
from service.db.keys import new_uid
from service.db.prepared import Prepared, fitting
from service.errors import Problem
from service.plans.comparing import Said
from service.plans.finding import draft_of, newest_of
from service.plans.models import WORKING, PlanChange, PlanElement, PlanRevision, PlanRow, PlanVersion
from service.plans.rows import Row
from service.text import N_

AT_ONCE = 500
OF_PLAN: Any = PlanElement.__table__
REVISIONS: Any = PlanRevision.__table__
PLACED = Prepared(
    select(REVISIONS.c.element_id, REVISIONS.c.parent_id, REVISIONS.c.ordinal, REVISIONS.c.revision_hash).where(
        REVISIONS.c.version_id == bindparam("of_version")
    )
)
MOVING = Prepared(
    update(REVISIONS)
    .where(REVISIONS.c.version_id == bindparam("of_version"), REVISIONS.c.element_id == bindparam("of_element"))
    .values(parent_id=bindparam("new_parent"), ordinal=bindparam("new_ordinal"))
)
ELEMENTS = Prepared(select(OF_PLAN.c.key, OF_PLAN.c.id).where(OF_PLAN.c.plan_id == bindparam("of_plan")))


class PlanChanged(Problem):
    """Somebody else has changed the plan since it was read."""

    status, code, message = 409, "plan_changed", N_("Somebody has changed the plan meanwhile. Please look again.")


class NoDraft(Problem):
    """There is no version that is worked on."""

    status, code, message = 409, "no_draft", N_("No version of this plan is being worked on.")


class Placed(NamedTuple):
    """Where an element stands, by our keys, and the hash of what it says."""

    parent_id: int | None
    ordinal: int
    hash: str


def ensure_unchanged(plan: PlanRow, revision: int) -> None:
    """Refuse to write on what was read before somebody else wrote; count the change. Raises PlanChanged."""
    ensure_seen(plan, revision)
    plan.revision += 1


def ensure_seen(plan: PlanRow, revision: int | None) -> None:
    """Refuse where the plan is another one than was seen; None: nobody says what was. Raises PlanChanged."""
    if revision not in (None, plan.revision):
        raise PlanChanged


def the_draft(plan: PlanRow) -> PlanVersion:
    """The version that is worked on. Raises NoDraft."""
    found = draft_of(plan)
    if found is None:
        raise NoDraft
    return found


def new_draft(plan: PlanRow, heading: Mapping[str, Any], by_id: int | None, reason: str | None) -> PlanVersion:
    """A draft after the newest version, with its elements."""
    base = newest_of(plan) if plan.id and has_versions(plan) else None
    version = PlanVersion(
        plan_id=plan.id,
        number=base.number + 1 if base else 1,
        label=None,
        state=WORKING,
        content_hash=None,
        heading=dict(heading),
        brings=dict(base.brings) if base else {},
        based_on_id=base.id if base else None,
        reason=reason,
        by_id=by_id,
        created_at=now(),
    )
    session.add(version)
    session.flush()
    if base is not None:
        copy_revisions(base.id, version.id)
    return version


def has_versions(plan: PlanRow) -> bool:
    return session.scalar(select(PlanVersion.id).where(PlanVersion.plan_id == plan.id).limit(1)) is not None


def copy_revisions(from_id: int, to_id: int) -> None:
    """Every revision of one version for another; one statement."""
    table: Any = PlanRevision.__table__
    columns = [table.c[name] for name in ("element_id", "parent_id", "ordinal", "detail", "revision_hash")]
    rows = select(literal(to_id), *columns).where(table.c.version_id == from_id)
    session.execute(insert(table).from_select([table.c.version_id, *columns], rows))


@dataclass(frozen=True)
class Ready:
    """What of a tree is made before the transaction in which it is written, each by the key of the element.

    `details` is the JSON as the driver takes it, `names` ours of elements that come from elsewhere, to be given where
    they are free, `fresh` ours for all the others.
    """

    details: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, uuid.UUID] = field(default_factory=dict)
    fresh: Mapping[str, uuid.UUID] = field(default_factory=dict)


def made_ready(rows: Sequence[Row], before: Iterable[Row], names: Mapping[str, uuid.UUID]) -> Ready:
    """What is new in the rows, ready to be written; `before` is what is there."""
    there = {row.key: row.hash for row in before}
    details = {row.key: spelled(row.detail) for row in rows if there.get(row.key) != row.hash}
    return Ready(details, names, {row.key: new_uid() for row in rows if row.key not in there})


def write_rows(plan: PlanRow, version: PlanVersion, rows: Sequence[Row], ready: Ready | None = None) -> dict[str, int]:
    """Make the rows the tree of the draft; our key in the database of each element of the plan by its key."""
    ready = ready or Ready()
    ids = element_ids(plan, [row.key for row in rows], ready)
    there = placed_in(version)
    wanted = {
        ids[row.key]: (row, Placed(ids[row.parent] if row.parent is not None else None, ordinal, row.hash))
        for ordinal, row in enumerate(rows)
    }
    gone = [element_id for element_id, at in there.items() if said_otherwise(wanted.get(element_id), at)]
    for part in parts(gone):
        session.execute(
            delete(PlanRevision)
            .where(PlanRevision.version_id == version.id, PlanRevision.element_id.in_(part))
            .execution_options(synchronize_session=False)
        )
    kept = there.keys() - set(gone)
    added = [one for element_id, one in wanted.items() if element_id not in kept]
    revisions = [of_revision(version.id, ids[row.key], at, detail_of(row, ready)) for row, at in added]
    put_in(PlanRevision, revisions, ready=("detail",))
    moved = [(one, at) for one, (_, at) in wanted.items() if one in kept and there[one] != at]
    move(moved, version)
    return ids


def said_otherwise(wanted: tuple[Row, Placed] | None, at: Placed) -> bool:
    """Whether an element is gone or says something else."""
    return wanted is None or wanted[1].hash != at.hash


def detail_of(row: Row, ready: Ready) -> Any:
    """What the row says as the driver takes it."""
    return ready.details.get(row.key) or spelled(row.detail)


def spelled(detail: Any) -> str:
    """The JSON as both drivers take it."""
    return orjson.dumps(detail).decode()


def of_revision(version_id: int, element_id: int, at: Placed, detail: Any) -> dict[str, Any]:
    """The row of a revision; `detail` as the driver takes it."""
    return {
        "version_id": version_id,
        "element_id": element_id,
        "parent_id": at.parent_id,
        "ordinal": at.ordinal,
        "detail": detail,
        "revision_hash": at.hash,
    }


def move(moved: Sequence[tuple[int, Placed]], version: PlanVersion) -> None:
    """Elements that say the same in another place."""
    rows: list[dict[str, Any]] = [
        {"of_version": version.id, "of_element": one, "new_parent": at.parent_id, "new_ordinal": at.ordinal}
        for one, at in moved
    ]
    MOVING.many(rows)


def placed_in(version: PlanVersion) -> dict[int, Placed]:
    """Element → where it stands in a version."""
    return {element_id: Placed(*at) for element_id, *at in PLACED.rows({"of_version": version.id})}


def element_ids(
    plan: PlanRow, keys: Sequence[str], ready: Ready | None = None, known: dict[str, int] | None = None
) -> dict[str, int]:
    """Key → our key in the database of each element, made where it is new; `known` are those that were read already."""
    ids = known_ids(plan) if known is None else known
    new = [key for key in dict.fromkeys(keys) if key not in ids]
    if not new:
        return ids
    ready = ready or Ready()
    free = free_names({ready.names[key] for key in new if key in ready.names})
    rows = [{"plan_id": plan.id, "key": key, "uid": named(key, ready, free)} for key in new]
    put_in(PlanElement, rows)
    return known_ids(plan)


def known_ids(plan: PlanRow) -> dict[str, int]:
    """Key → our key in the database of each element that the plan ever had."""
    return dict(ELEMENTS.rows({"of_plan": plan.id}))


@contextmanager
def nothing_collected() -> Iterator[None]:
    """Python looks for garbage later: while 10,000 rows are made it would look at all there is, again and again."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def put_in(model: type[Base], rows: Sequence[Mapping[str, Any]], ready: Collection[str] = ()) -> None:
    """Many rows at once, which name the same columns, by the driver itself: others who write wait meanwhile, on
    PostgreSQL those of the same plan.

    The values of the `ready` columns are as the driver takes them.
    """
    table: Any = model.__table__
    if dialect() != "postgresql":
        inserting(table).many(rows, ready)
    elif rows:
        fits = [(name, None if name in ready else fitting(table.c[name])) for name in rows[0]]
        values = ([row[name] if fit is None else fit(row[name]) for name, fit in fits] for row in rows)
        copy_in(session.connection(), table.name, list(rows[0]), values)


@cache
def inserting(table: Any) -> Prepared:
    """The statement, made once."""
    return Prepared(insert(table).inline())


def named(key: str, ready: Ready, free: set[uuid.UUID]) -> uuid.UUID:
    """The name that the element comes with, once, if it is free; a new one otherwise."""
    name = ready.names.get(key)
    if name is None or name not in free:
        return ready.fresh.get(key) or new_uid()
    free.remove(name)
    return name


def free_names(names: set[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the names that no element has."""
    taken: set[uuid.UUID] = set()
    for part in parts(list(names)):
        taken |= set(session.scalars(select(PlanElement.uid).where(PlanElement.uid.in_(part))))
    return names - taken


def write_acts(plan: PlanRow, version: PlanVersion, acts: Iterable[Said], by_id: int | None) -> None:
    """Write down what staff did to elements and why."""
    acts, moment = list(acts), now()
    ids = known_ids(plan)
    rows = [
        {
            "version_id": version.id,
            "element_id": ids[act.key],
            "kind": act.kind,
            "others": list(act.others),
            "reason": act.reason,
            "by_id": by_id,
            "at": moment,
        }
        for act in acts
    ]
    put_in(PlanChange, rows)


def parts(things: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """So many at once as a statement takes."""
    return (things[start : start + AT_ONCE] for start in range(0, len(things), AT_ONCE))
