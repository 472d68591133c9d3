"""Reports on the map: where they are looked for, and what it shows of them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validate, validates_schema
from webargs.fields import DelimitedList

from service.http import PageQuery, following
from service.municipalities.schemas import lon_lat
from service.reports import examples
from service.reports.schemas.parts import FilterQuery, StateName, latitude, longitude


class MapQuery(PageQuery, FilterQuery):
    """Where, and which."""

    box = DelimitedList(
        fields.Float(),
        validate=validate.Length(equal=4),
        metadata={"description": "West, south, east, north in degrees.", "examples": [[21.7, 40.2, 21.9, 40.4]]},
    )
    near = DelimitedList(
        fields.Float(),
        validate=validate.Length(equal=2),
        metadata={"description": "Longitude, latitude.", "examples": [[21.7883, 40.3005]]},
    )
    radius = fields.Float(
        load_default=500, validate=validate.Range(1, 2000), metadata={"description": "Metres around `near`."}
    )

    @validates_schema
    def check(self, values: Mapping[str, Any], **options: Any) -> None:
        box, near = values.get("box"), values.get("near")
        if box and near:
            raise ValidationError("box or near, not both", "near")
        if box and not (-180 <= box[0] <= box[2] <= 180 and -90 <= box[1] <= box[3] <= 90):
            raise ValidationError("west, south, east, north in degrees", "box")
        if near and not (-180 <= near[0] <= 180 and -90 <= near[1] <= 90):
            raise ValidationError("longitude, latitude in degrees", "near")


class SimilarQuery(Schema):
    """What somebody is about to report."""

    category = fields.String(
        required=True,
        validate=validate.Length(1, 64),
        metadata={"description": "A `key` of the categories.", "examples": ["lamp-out"]},
    )
    longitude = longitude(required=True)
    latitude = latitude(required=True)


class PointOut(Schema):
    """A GeoJSON point."""

    type = fields.String(required=True, validate=validate.Equal("Point"))
    coordinates = lon_lat()


class PropertiesOut(Schema):
    """What the map shows of a report."""

    number = fields.String(required=True)
    category = fields.String(required=True)
    state = fields.String(required=True, validate=StateName)
    open = fields.Boolean(required=True)
    created_at = fields.AwareDateTime(required=True)
    description = fields.String(required=True, allow_none=True)


class FeatureOut(Schema):
    """A report on the map."""

    type = fields.String(required=True, validate=validate.Equal("Feature"))
    id = fields.UUID(required=True)
    geometry = fields.Nested(PointOut, required=True)
    properties = fields.Nested(PropertiesOut, required=True)


class MapOut(Schema):
    """Reports as a GeoJSON feature collection."""

    example: ClassVar[dict[str, Any]] = examples.MAP

    type = fields.String(required=True, validate=validate.Equal("FeatureCollection"))
    features = fields.List(fields.Nested(FeatureOut), required=True)
    next = following()
