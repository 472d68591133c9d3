"""Make a layer, and say anew what it is called and how it is to be shown."""

from collections.abc import Mapping
from typing import Any

from service.db import session
from service.db.generations import grow
from service.db.upserts import insert_if_absent
from service.errors import Problem
from service.gis.drafting import layer_named
from service.gis.index import SUBJECT
from service.gis.models import Layer
from service.municipalities.directory import Municipality
from service.text import N_


class LayerExists(Problem):
    """The municipality has a layer of this key."""

    status, code, message = 409, "layer_exists", N_("There is a layer with this key already.")


def make_layer(municipality: Municipality, key: str, about: Mapping[str, Any]) -> Layer:
    """A layer without any version yet; `about` are its other columns. Inside `transaction()`. Raises LayerExists."""
    row = {"municipality_id": municipality.id, "key": key} | dict(about)
    if not insert_if_absent(Layer, [row], returning=Layer.id):
        raise LayerExists
    return layer_named(municipality, key)


def describe_layer(layer: Layer, about: Mapping[str, Any]) -> None:
    """Change these columns of a layer. Inside `transaction()`, with the layer locked."""
    for column, value in about.items():
        setattr(layer, column, value)
    session.flush()
    grow(SUBJECT)
