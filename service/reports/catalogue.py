"""Categories and routers as this process knows them: plain values, read anew when they change."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import select

from service.db import session
from service.db.generations import Remembered, looked_up
from service.errors import NotFound
from service.municipalities.directory import Municipality
from service.reports import models
from service.text import N_

SUBJECT = "categories"


class NoSuchCategory(NotFound):
    """The municipality has no category of this name, or it is not in use."""

    status, code, message = 422, "no_such_category", N_("There is no such category here.")


@dataclass(frozen=True, eq=False)
class Category:
    """A category; the fields are those of the table, where they are explained."""

    id: int
    key: str
    group_key: str
    group_name: Mapping[str, str]
    name: Mapping[str, str]
    description: Mapping[str, str] | None
    active: bool
    private: bool
    show_text: str
    show_photo: str
    show_place: str
    allows_anonymous: bool
    target_hours: float
    asset_layer: str | None
    asset_required: bool
    danger_phone: str | None
    danger_text: Mapping[str, str] | None
    questions: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The categories of one municipality, in their order."""

    by_key: Mapping[str, Category]
    by_id: Mapping[int, Category]


FIELDS = tuple(Category.__dataclass_fields__)
NOTHING = Catalogue(MappingProxyType({}), MappingProxyType({}))


def build() -> Mapping[int, Catalogue]:
    """The categories of all municipalities by municipality id: one statement."""
    ordered = select(models.Category).order_by(models.Category.municipality_id, models.Category.position)
    found: dict[int, dict[int, Category]] = {}
    for row in session.scalars(ordered):
        values = {name: getattr(row, name) for name in FIELDS} | {"questions": tuple(row.questions)}
        found.setdefault(row.municipality_id, {})[row.id] = Category(**values)
    return {
        municipality_id: Catalogue({c.key: c for c in by_id.values()}, by_id)
        for municipality_id, by_id in found.items()
    }


_catalogues = Remembered(build, SUBJECT)
served = _catalogues.served


def catalogue_of(municipality: Municipality) -> Catalogue:
    """The categories of this municipality."""
    return _catalogues.get().get(municipality.id, NOTHING)


def category_with(municipality: Municipality, category_id: int) -> Category:
    """The category that a row names, in use or not, whoever has just made it. Raises KeyError."""
    return looked_up(lambda: catalogue_of(municipality).by_id.get(category_id))


def category_in(municipality: Municipality, key: str) -> Category:
    """A category that may be reported now. Raises NoSuchCategory."""
    found = catalogue_of(municipality).by_key.get(key)
    if found is None or not found.active:
        raise NoSuchCategory(category=key)
    return found
