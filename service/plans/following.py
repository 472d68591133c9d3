"""Plans and their elements as things that people follow, and to which other things link: by our names of them."""

import uuid
from collections.abc import Callable, Mapping

from sqlalchemy import select

from service.db import session
from service.db.types import AnyRow
from service.municipalities.directory import Municipality
from service.notices.following import PLAN, PLAN_ELEMENT, Followed
from service.plans.models import PlanElement, PlanRevision, PlanRow, PlanVersion


def as_plan(municipality: Municipality, name: str, part: str) -> Followed | None:
    """A plan that everybody may see."""
    found = plan_with(municipality, name)
    return None if found is None or part else Followed(found.heading["title"])


def as_element(municipality: Municipality, name: str, part: str) -> Followed | None:
    """An element of the version in force of such a plan."""
    found = element_with(municipality, name)
    return None if found is None or part else Followed(found.detail["title"], found.heading["title"])


def plan_with(municipality: Municipality, name: str) -> AnyRow | None:
    """Key and heading of a plan that everybody may see, by our name of it."""
    uid = uuid_of(name)
    query = (
        select(PlanRow.key, PlanVersion.heading)
        .join(PlanVersion, PlanVersion.id == PlanRow.published_version_id)
        .where(PlanRow.municipality_id == municipality.id, PlanRow.uid == uid)
    )
    return None if uid is None else session.execute(query).one_or_none()


def element_with(municipality: Municipality, name: str) -> AnyRow | None:
    """Key, detail, and key and heading of the plan, of an element in force, by our name of it."""
    uid = uuid_of(name)
    query = (
        select(PlanElement.key, PlanRevision.detail, PlanRow.key.label("plan"), PlanVersion.heading)
        .join(PlanRow, PlanRow.id == PlanElement.plan_id)
        .join(PlanVersion, PlanVersion.id == PlanRow.published_version_id)
        .join(
            PlanRevision,
            (PlanRevision.version_id == PlanVersion.id) & (PlanRevision.element_id == PlanElement.id),
        )
        .where(PlanRow.municipality_id == municipality.id, PlanElement.uid == uid)
    )
    return None if uid is None else session.execute(query).one_or_none()


def uuid_of(name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(name)
    except ValueError:
        return None


FOLLOWED: Mapping[str, Callable[[Municipality, str, str], Followed | None]] = {PLAN: as_plan, PLAN_ELEMENT: as_element}
"""Kind of thing → what one of them is called."""
