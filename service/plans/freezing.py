"""A draft is frozen by the hash of its content, a frozen version is published, and the one before is superseded."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, select

from service.crash_points import crash_here
from service.db import session
from service.db.clock import now
from service.errors import Problem
from service.municipalities.directory import Municipality
from service.plans.canonical import REGISTERS, content_hash, frozen_part, to_json
from service.plans.checking import ensure_sound
from service.plans.finding import plan_named, version_known_as
from service.plans.models import FROZEN, PUBLISHED, SUPERSEDED, PlanChange, PlanRevision, PlanRow, PlanVersion
from service.plans.reading import document
from service.plans.recording import write_brought
from service.plans.writing import ensure_seen, ensure_unchanged, the_draft
from service.text import N_


class NothingNew(Problem):
    """A version with just this content is there already; its `hash`."""

    status, code, message = 409, "nothing_new", N_("There is a version with just this content already.")


class NotFrozen(Problem):
    """Only a frozen version that is not in force can be published."""

    status, code, message = 409, "not_frozen", N_("Only a frozen version that is not in force can be published.")


class OnlyVersion(Problem):
    """The first version of a plan is changed, not thrown away."""

    status, code, message = 409, "only_version", N_("A plan needs a version: this is the only one.")


@dataclass(frozen=True)
class Sealed:
    """A draft as it was read: what it will be known by, and its heading with the registers that it refers to."""

    hash: str
    heading: dict[str, Any]
    revision: int


def seal(municipality: Municipality, key: str, seen: int | None = None) -> Sealed:
    """Read the draft and hash it, if the plan is as it was `seen`; before the transaction.

    Raises NotFound, PlanChanged, NoDraft, PlanFaulty.
    """
    plan = plan_named(municipality, key)
    ensure_seen(plan, seen)
    revision, draft = plan.revision, the_draft(plan)
    whole = document(plan, draft)
    ensure_sound(replace(whole, progress=()))
    part = frozen_part(whole)
    registers = {name: to_json(getattr(part, name)) for name in REGISTERS}
    heading = dict(draft.heading) | {name: said for name, said in registers.items() if said}
    return Sealed(content_hash(whole), heading, revision)


def freeze(municipality: Municipality, key: str, sealed: Sealed, label: str | None) -> PlanVersion:
    """Nobody changes the draft any more, the database sees to it. Inside `transaction()`.

    Raises NotFound, PlanChanged, NothingNew.
    """
    plan = plan_named(municipality, key, locked=True)
    ensure_unchanged(plan, sealed.revision)
    twin = select(PlanVersion.id).where(PlanVersion.plan_id == plan.id, PlanVersion.content_hash == sealed.hash)
    if session.scalar(twin) is not None:
        raise NothingNew(hash=sealed.hash)
    draft = the_draft(plan)
    draft.heading, draft.label, draft.content_hash = sealed.heading, label, sealed.hash
    draft.state, draft.frozen_at = FROZEN, now()
    session.flush()
    crash_here("before_plan_frozen")
    return draft


def publish(municipality: Municipality, key: str, known_as: str) -> tuple[PlanRow, PlanVersion, int | None]:
    """Put a frozen version in force, or one that was; the plan, the version, and which was in force before.

    What the version brings is recorded. `published_at` is when it was first in force. Inside `transaction()`.
    Raises NotFound, NotFrozen.
    """
    plan = plan_named(municipality, key, locked=True)
    version = version_known_as(plan, known_as)
    if version.state not in (FROZEN, SUPERSEDED):
        raise NotFrozen
    before = session.get(PlanVersion, plan.published_version_id) if plan.published_version_id else None
    if before is not None:
        before.state = SUPERSEDED
    version.state, version.published_at = PUBLISHED, version.published_at or now()
    write_brought(plan, version)
    plan.published_version_id = version.id
    plan.revision, plan.shown = plan.revision + 1, plan.shown + 1
    plan.kind, plan.title = version.heading["kind"], version.heading["title"]
    session.flush()
    return plan, version, before.id if before else None


def discard(municipality: Municipality, key: str, seen: int | None = None) -> tuple[PlanRow, int]:
    """Delete the draft with what it brings to the record; the plan, and the draft's number. Inside `transaction()`.

    Raises NotFound, PlanChanged, NoDraft, OnlyVersion.
    """
    plan = plan_named(municipality, key, locked=True)
    ensure_seen(plan, seen)
    draft = the_draft(plan)
    if draft.based_on_id is None:
        raise OnlyVersion
    for model in (PlanChange, PlanRevision):
        session.execute(delete(model).where(model.version_id == draft.id))
    session.delete(draft)
    plan.revision += 1
    session.flush()
    return plan, draft.number
