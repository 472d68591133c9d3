"""What the tests ask, in few words."""

from typing import Any

import shapely
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from service.db import session, transaction
from service.db.generations import forget
from service.gis.models import DRAFT, Feature, Layer, LayerVersion
from service.municipalities.directory import Municipality
from tests.factories.people import Person

OGC = "/ogc/here"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
POSTS = "/collections/lamp-posts:draft/items"


def get(client: FlaskClient, path: str, who: Person | None = None, **query: Any) -> TestResponse:
    return client.get(f"{OGC}{path}", query_string=query, headers=who.headers if who else {})


def keys(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json["features"]]


def make_public(municipality: Municipality, *layers: str) -> None:
    """Let everybody read these layers."""
    with transaction():
        for layer in session.scalars(
            select(Layer).where(Layer.key.in_(layers), Layer.municipality_id == municipality.id)
        ):
            layer.public = True
    forget()


def point(longitude: float = 21.72, latitude: float = 40.25, key: str | None = None, **properties: Any) -> Any:
    """A GeoJSON feature."""
    geometry = {"type": "Point", "coordinates": [longitude, latitude]}
    return {"type": "Feature", "geometry": geometry, "properties": properties} | ({"id": key} if key else {})


def write(
    client: FlaskClient,
    method: str,
    path: str,
    who: Person | None,
    body: Any = None,
    seen: str | None = None,
    **headers: str,
) -> TestResponse:
    sent = headers | (who.headers if who else {}) | ({"If-Match": seen} if seen else {})
    return client.open(f"{OGC}{path}", method=method, json=body, headers=sent)


def drafts() -> list[LayerVersion]:
    session.rollback()
    return list(session.scalars(select(LayerVersion).where(LayerVersion.state == DRAFT).order_by(LayerVersion.id)))


def kept(key: str) -> Feature:
    """The feature in the newest version that has it."""
    session.rollback()
    return session.scalars(select(Feature).where(Feature.key == key).order_by(Feature.id.desc())).first()


def shape_of(feature: Any) -> Any:
    """The geometry of a GeoJSON feature."""
    return shapely.geometry.shape(feature["geometry"])
