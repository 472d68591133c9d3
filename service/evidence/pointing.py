"""Staff let an action point at categories of reports and an area."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

from sqlalchemy import delete, select

from service.db import session
from service.db.types import AnyRow
from service.errors import NotFound, Problem
from service.evidence.models import Evidence
from service.municipalities.directory import Municipality
from service.plans.finding import element_in, newest_of, plan_named
from service.plans.models import PlanVersion
from service.plans.reading_json import read_geometry
from service.reports.catalogue import NoSuchCategory, catalogue_of
from service.text import N_

MOST_METRES = 2000


class AreaNeeded(Problem):
    """An action without a place of its own points at an area only if one is given, and as GeoJSON."""

    status, code, message = 422, "area_needed", N_("Please say which area the action is about.")


def element_of(municipality: Municipality, plan: str, element: str) -> AnyRow:
    """An element of the version in force, or of the newest one where it is not in force. Raises NotFound."""
    row = plan_named(municipality, plan)
    in_force = session.get(PlanVersion, row.published_version_id) if row.published_version_id else None
    if in_force is not None:
        with suppress(NotFound):
            return element_in(row, in_force, element)
    return element_in(row, newest_of(row), element)


def area_of(element: AnyRow, area: Any) -> dict[str, Any]:
    """The area that is given, or the element's own place. Raises AreaNeeded."""
    faults: list[tuple[str, str]] = []
    given = area if area is not None else element.detail.get("action", {}).get("geometry")
    found: dict[str, Any] | None = None if given is None else read_geometry(given, "area", faults)
    if found is None:
        raise AreaNeeded
    return found


def ensure_categories(municipality: Municipality, keys: Sequence[str]) -> None:
    """Refuse categories that are not here. Raises NoSuchCategory."""
    known = catalogue_of(municipality).by_key
    for key in keys:
        if key not in known:
            raise NoSuchCategory(category=key)


def point(
    element_id: int, categories: Sequence[str], area: Mapping[str, Any], metres: int, completed_on: date | None
) -> Evidence:
    """Let the element point there, in place of where it pointed before. Inside `transaction()`."""
    row = session.scalar(select(Evidence).where(Evidence.element_id == element_id).with_for_update())
    if row is None:
        row = Evidence(element_id=element_id)
        session.add(row)
    row.categories, row.area = list(dict.fromkeys(categories)), dict(area)
    row.metres, row.completed_on = metres, completed_on
    session.flush()
    return row


def pointed(element_id: int) -> Evidence:
    """Where the element points. Raises NotFound."""
    found = session.scalar(select(Evidence).where(Evidence.element_id == element_id))
    if found is None:
        raise NotFound
    return found


def end_pointing(element_id: int) -> None:
    """Let it point at nothing. Inside `transaction()`. Raises NotFound."""
    gone = delete(Evidence).where(Evidence.element_id == element_id).returning(Evidence.id)
    if session.execute(gone.execution_options(synchronize_session=False)).one_or_none() is None:
        raise NotFound
