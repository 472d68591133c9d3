"""Writes the tree of a draft: only what differs from what is there. Call inside `transaction()`, the plan locked."""

import gc
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, insert, literal, select, update

from service.db import Base, session
from service.db.clock import now
from service.db.keys import new_uid
from service.errors import Problem
from service.plans.comparing import Said
from service.plans.finding import draft_of, newest_of
from service.plans.models import WORKING, PlanChange, PlanElement, PlanRevision, PlanRow, PlanVersion
from service.plans.rows import Row
from service.text import N_

AT_ONCE = 500


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


def write_rows(
    plan: PlanRow, version: PlanVersion, rows: Sequence[Row], names: Mapping[str, uuid.UUID] | None = None
) -> None:
    """Make the rows the tree of the draft; `names` are ours for elements that come from elsewhere, where free."""
    ids = element_ids(plan, [row.key for row in rows], names or {})
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
    put_in(PlanRevision, [of_revision(version.id, ids, row, at) for row, at in added])
    moved = [(one, at) for one, (_, at) in wanted.items() if one in kept and there[one] != at]
    move(moved, version)


def said_otherwise(wanted: tuple[Row, Placed] | None, at: Placed) -> bool:
    """Whether an element is gone or says something else."""
    return wanted is None or wanted[1].hash != at.hash


def of_revision(version_id: int, ids: Mapping[str, int], row: Row, at: Placed) -> dict[str, Any]:
    return {
        "version_id": version_id,
        "element_id": ids[row.key],
        "parent_id": at.parent_id,
        "ordinal": at.ordinal,
        "detail": dict(row.detail),
        "revision_hash": row.hash,
    }


def move(moved: Sequence[tuple[int, Placed]], version: PlanVersion) -> None:
    """Elements that say the same in another place."""
    table: Any = PlanRevision.__table__
    statement = (
        update(table)
        .where(table.c.version_id == version.id, table.c.element_id == bindparam("of_element"))
        .values(parent_id=bindparam("new_parent"), ordinal=bindparam("new_ordinal"))
    )
    rows = [{"of_element": one, "new_parent": at.parent_id, "new_ordinal": at.ordinal} for one, at in moved]
    if rows:
        session.connection().execute(statement, rows)


def placed_in(version: PlanVersion) -> dict[int, Placed]:
    """Element → where it stands in a version."""
    rows = session.execute(
        select(PlanRevision.element_id, PlanRevision.parent_id, PlanRevision.ordinal, PlanRevision.revision_hash).where(
            PlanRevision.version_id == version.id
        )
    )
    return {row.element_id: Placed(row.parent_id, row.ordinal, row.revision_hash) for row in rows}


def element_ids(plan: PlanRow, keys: Sequence[str], names: Mapping[str, uuid.UUID]) -> dict[str, int]:
    """Key → our key in the database of each element, made where it is new."""
    ids = known_ids(plan)
    new = [key for key in dict.fromkeys(keys) if key not in ids]
    if not new:
        return ids
    free = free_names({names[key] for key in new if key in names})
    put_in(PlanElement, [{"plan_id": plan.id, "key": key, "uid": named(names.get(key), free)} for key in new])
    return known_ids(plan)


def known_ids(plan: PlanRow) -> dict[str, int]:
    """Key → our key in the database of each element that the plan ever had."""
    rows = session.execute(select(PlanElement.key, PlanElement.id).where(PlanElement.plan_id == plan.id))
    return {row.key: row.id for row in rows}


@contextmanager
def nothing_collected() -> Iterator[None]:
    """Python looks for garbage later: while 10,000 rows are made it would look at all there is, again and again."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def put_in(model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Many rows at once, past the session: while they are written on SQLite everybody else who writes waits."""
    table: Any = model.__table__
    if rows:
        session.execute(insert(table), list(rows))


def named(name: uuid.UUID | None, free: set[uuid.UUID]) -> uuid.UUID:
    """The name, once, if it is free; a new one otherwise."""
    if name is None or name not in free:
        return new_uid()
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
    ids = element_ids(plan, [], {})
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
