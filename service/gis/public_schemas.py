"""Public layers and places in JSON."""

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validate, validates_schema
from webargs.fields import DelimitedList

from service.gis.models import KINDS
from service.http import PageQuery
from service.municipalities.schemas import texts

LAYER: dict[str, Any] = {
    "key": "chargers",
    "name": {"el": "Φόρτιση ηλεκτρικών οχημάτων", "en": "EV charging"},
    "kind": "asset",
    "style": {"icon": "charger", "colour": "#1b7f3b"},
    "attribution": "Plateia",
    "licence": "CC0 1.0",
    "approximate": True,
    "version": 1,
    "count": 3,
    "box": [21.7846, 40.2963, 21.7921, 40.3037],
}
OPENING: dict[str, Any] = {"open": True, "next_change": "2026-11-22T20:00:00Z"}
FEATURE: dict[str, Any] = {
    "type": "Feature",
    "id": "EV1",
    "geometry": {"type": "Point", "coordinates": [21.7879, 40.3012]},
    "properties": {"charger": "EV1", "sockets": 2, "kilowatts": 22, "opening_hours": "Mo-Su 07:00-22:00"},
    "opening": OPENING,
}
PLACE: dict[str, Any] = {
    "layer": "places",
    "feature": "kozani",
    "name": {"el": "Κοζάνη", "en": "Kozani"},
    "kind": "settlement",
    "longitude": 21.7885,
    "latitude": 40.3007,
    "metres": None,
}


class LayerFeaturesQuery(PageQuery):
    """Where."""

    box = DelimitedList(
        fields.Float(),
        validate=validate.Length(equal=4),
        metadata={"description": "West, south, east, north in degrees.", "examples": [[21.7, 40.2, 21.9, 40.4]]},
    )

    @validates_schema
    def check(self, values: Mapping[str, Any], **options: Any) -> None:
        box = values.get("box")
        if box and not (-180 <= box[0] <= box[2] <= 180 and -90 <= box[1] <= box[3] <= 90):
            raise ValidationError("west, south, east, north in degrees", "box")


class PlacesQuery(Schema):
    """What somebody has typed so far."""

    q = fields.String(
        required=True,
        validate=validate.Length(1, 100),
        metadata={
            "description": "The beginning of a name or of a word of it, in any script, with or without accents.",
            "examples": ["koz"],
        },
    )
    near = DelimitedList(
        fields.Float(),
        validate=validate.Length(equal=2),
        metadata={"description": "Longitude, latitude: nearer places first.", "examples": [[21.7883, 40.3005]]},
    )
    limit = fields.Integer(
        load_default=10,
        validate=validate.Range(1, 20),
        metadata={"minimum": 1, "maximum": 20, "description": "How many at most."},
    )

    @validates_schema
    def check(self, values: Mapping[str, Any], **options: Any) -> None:
        near = values.get("near")
        if near and not (-180 <= near[0] <= 180 and -90 <= near[1] <= 90):
            raise ValidationError("longitude, latitude in degrees", "near")


class NearQuery(Schema):
    """A point that is to be named."""

    longitude = fields.Float(
        required=True, validate=validate.Range(-180, 180), metadata={"description": "WGS84 degrees."}
    )
    latitude = fields.Float(required=True, validate=validate.Range(-90, 90), metadata={"description": "WGS84 degrees."})
    limit = fields.Integer(
        load_default=1,
        validate=validate.Range(1, 20),
        metadata={"minimum": 1, "maximum": 20, "description": "How many at most."},
    )


class PublicLayerOut(Schema):
    """A layer that the app may show."""

    example: ClassVar[dict[str, Any]] = LAYER

    key = fields.String(required=True)
    name = texts(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    style = fields.Dict(required=True, allow_none=True, metadata={"description": "Hints for who draws it."})
    attribution = fields.String(required=True, allow_none=True, metadata={"description": "To be shown beside the map."})
    licence = fields.String(required=True, allow_none=True)
    approximate = fields.Boolean(required=True, metadata={"description": "Nobody official has drawn it: say so."})
    version = fields.Integer(required=True, metadata={"description": "Another one when the layer was published anew."})
    count = fields.Integer(required=True, metadata={"description": "How many features."})
    box = fields.List(
        fields.Float(),
        required=True,
        validate=validate.Length(equal=4),
        metadata={"description": "West, south, east, north of all of them."},
    )


class PublicLayersOut(Schema):
    """All layers that the app may show."""

    example: ClassVar[dict[str, Any]] = {"layers": [LAYER]}

    layers = fields.List(fields.Nested(PublicLayerOut), required=True)


class OpeningOut(Schema):
    """Whether something is open now."""

    example: ClassVar[dict[str, Any]] = OPENING

    open = fields.Boolean(required=True, allow_none=True, metadata={"description": "null: nobody knows."})
    next_change = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "When that changes; null: not within a year."}
    )


class LayerFeatureOut(Schema):
    """A feature of a layer as GeoJSON."""

    example: ClassVar[dict[str, Any]] = FEATURE

    type = fields.String(required=True, validate=validate.Equal("Feature"))
    id = fields.String(required=True, metadata={"description": "Its key, which a report names as `asset.feature`."})
    geometry = fields.Dict(required=True, metadata={"description": "A GeoJSON geometry."})
    properties = fields.Dict(required=True, metadata={"description": "Its attributes, as the layer has them."})
    opening = fields.Nested(
        OpeningOut, required=True, allow_none=True, metadata={"description": "null where it has no `opening_hours`."}
    )


class LayerFeaturesOut(Schema):
    """A page of the features of a layer, by key, as a GeoJSON feature collection."""

    example: ClassVar[dict[str, Any]] = {"type": "FeatureCollection", "features": [FEATURE], "next": None}

    type = fields.String(required=True, validate=validate.Equal("FeatureCollection"))
    features = fields.List(fields.Nested(LayerFeatureOut), required=True)
    next = fields.String(
        required=True, allow_none=True, metadata={"description": "`after` of the next page; null on the last."}
    )


class PlaceOut(Schema):
    """A settlement, a street or a point of interest."""

    example: ClassVar[dict[str, Any]] = PLACE

    layer = fields.String(required=True)
    feature = fields.String(required=True, metadata={"description": "Its key in that layer."})
    name = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "Language → name; `und` where the layer does not say in which language it is."},
    )
    kind = fields.String(
        required=True, allow_none=True, metadata={"description": "What the layer calls it, such as `settlement`."}
    )
    longitude = fields.Float(required=True)
    latitude = fields.Float(required=True)
    metres = fields.Float(
        required=True, allow_none=True, metadata={"description": "From the point of the question; null without one."}
    )


class PlacesOut(Schema):
    """Places, the best first."""

    example: ClassVar[dict[str, Any]] = {"places": [PLACE]}

    places = fields.List(fields.Nested(PlaceOut), required=True)


class NamedOut(Schema):
    """What to call a point."""

    example: ClassVar[dict[str, Any]] = {"text": "κοντά: Κοζάνη", "places": [PLACE | {"metres": 220.0}]}

    text = fields.String(
        required=True, allow_none=True, metadata={"description": "For a person; null where no place is near."}
    )
    places = fields.List(fields.Nested(PlaceOut), required=True, metadata={"description": "Nearest first."})
