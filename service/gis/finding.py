"""Questions to the database about layers, their versions and what came into force."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, select
from sqlalchemy.orm import aliased

from service.db import session
from service.db.newest import newest
from service.db.types import AnyRow, AnySelect
from service.errors import NotFound
from service.gis.models import DRAFT, WHOLE, Layer, LayerPublication, LayerVersion
from service.municipalities.directory import Municipality
from service.people.models import Account

In, Base, Before = aliased(LayerVersion), aliased(LayerVersion), aliased(LayerVersion)


def called(municipality: Municipality, key: str) -> ColumnElement[bool]:
    """The condition for the layer of this key; none has a null character, with which PostgreSQL compares nothing."""
    return and_(Layer.municipality_id == municipality.id, Layer.key == key.partition("\0")[0], literal("\0" not in key))


def layers_of(municipality: Municipality) -> Sequence[AnyRow]:
    """(layer, number and features of the version in force or None, number of drafts) of each layer, by key."""
    return session.execute(_layers(municipality).order_by(Layer.key)).all()


def layer_shown(municipality: Municipality, key: str) -> AnyRow:
    """The same of one layer. Raises NotFound."""
    found = session.execute(_layers(municipality).where(called(municipality, key))).one_or_none()
    if found is None:
        raise NotFound
    return found


def layer_here(municipality: Municipality, key: str) -> Layer:
    """A layer to read, not locked. Raises NotFound."""
    found = session.scalar(select(Layer).where(called(municipality, key)))
    if found is None:
        raise NotFound
    return found


def is_shown(layer: Layer) -> ColumnElement[bool]:
    """The condition for the versions of a layer that are whole: what is being written or deleted is nobody's."""
    return and_(LayerVersion.layer_id == layer.id, LayerVersion.state.in_(WHOLE))


def versions_of(layer: Layer, before: int | None, limit: int) -> Sequence[AnyRow]:
    """Versions with a number below `before`, newest first: columns of the version, `based_on`, `by_name`."""
    return newest(_versions(layer), LayerVersion.number, before, limit)


def version_shown(layer: Layer, number: int) -> AnyRow:
    """One of them. Raises NotFound."""
    found = session.execute(_versions(layer).where(LayerVersion.number == number)).one_or_none()
    if found is None:
        raise NotFound
    return found


def findings_of(municipality: Municipality, key: str, number: int) -> dict[str, Any] | None:
    """What was said of the file that a version was read from; None where there is none, or no such version."""
    return session.scalar(
        select(LayerVersion.findings)
        .join(Layer, Layer.id == LayerVersion.layer_id)
        .where(called(municipality, key), LayerVersion.number == number, LayerVersion.state.in_(WHOLE))
    )


def publications_of(layer: Layer, before: int | None, limit: int) -> Sequence[AnyRow]:
    """What came into force, newest first: id, at, reason, `version`, `before`, `by_name`."""
    publication = LayerPublication
    statement = (
        select(
            publication.id,
            publication.at,
            publication.reason,
            In.number.label("version"),
            Before.number.label("before"),
            Account.name.label("by_name"),
        )
        .join(In, In.id == publication.version_id)
        .outerjoin(Before, Before.id == publication.before_id)
        .outerjoin(Account, Account.id == publication.by_id)
        .where(publication.layer_id == layer.id)
    )
    return newest(statement, publication.id, before, limit)


def _layers(municipality: Municipality) -> AnySelect:
    drafts = (
        select(func.count())
        .select_from(LayerVersion)
        .where(LayerVersion.layer_id == Layer.id, LayerVersion.state == DRAFT)
        .correlate(Layer)
        .scalar_subquery()
    )
    columns: tuple[Any, ...] = (In.number.label("in_force"), In.feature_count.label("features"), drafts.label("drafts"))
    return (
        select(Layer, *columns)
        .outerjoin(In, In.id == Layer.published_version_id)
        .where(Layer.municipality_id == municipality.id)
    )


def _versions(layer: Layer) -> AnySelect:
    return (
        select(LayerVersion, Base.number.label("based_on"), Account.name.label("by_name"))
        .outerjoin(Base, and_(Base.id == LayerVersion.based_on_id, Base.state.in_(WHOLE)))
        .outerjoin(Account, Account.id == LayerVersion.by_id)
        .where(is_shown(layer))
    )
