"""Assets in JSON."""

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validate, validates_schema
from webargs.fields import DelimitedList

from service.http import PageQuery, following
from service.people.schemas import Plain
from service.reports import examples
from service.reports.routing import FARTHEST_ASSET
from service.reports.schemas.parts import latitude, longitude
from service.reports.schemas.showing import ReportLineOut

ASSET: dict[str, Any] = {
    "layer": "lamp-posts",
    "feature": "KZ-0101",
    "name": "KZ-0101",
    "longitude": 21.7883,
    "latitude": 40.3005,
    "attributes": {"post": "KZ-0101", "crew": "lighting"},
}


class AssetsQuery(Schema):
    """Of which layer, around which place."""

    layer = fields.String(
        required=True,
        validate=[validate.Length(1, 64), Plain],
        metadata={"description": "The category's `asset_layer`.", "examples": ["lamp-posts"]},
    )
    near = DelimitedList(
        fields.Float(),
        required=True,
        validate=validate.Length(equal=2),
        metadata={"description": "Longitude, latitude.", "examples": [[21.7883, 40.3005]]},
    )
    radius = fields.Float(
        load_default=FARTHEST_ASSET, validate=validate.Range(1, 2000), metadata={"description": "Metres."}
    )
    limit = fields.Integer(
        load_default=20,
        validate=validate.Range(1, 100),
        metadata={"minimum": 1, "maximum": 100, "description": "How many at most."},
    )

    @validates_schema
    def check(self, values: Mapping[str, Any], **options: Any) -> None:
        near = values.get("near")
        if near and not (-180 <= near[0] <= 180 and -90 <= near[1] <= 90):
            raise ValidationError("longitude, latitude in degrees", "near")


class AssetPageQuery(PageQuery):
    """Which page of its reports."""


class AssetOut(Schema):
    """A feature of the map that a report can be about; an area or a line is shown by a point on it."""

    layer = fields.String(required=True)
    feature = fields.String(required=True, metadata={"description": "Its key; a report names both."})
    name = fields.String(required=True, metadata={"description": "In the language of the answer, or its key."})
    longitude = longitude(required=True)
    latitude = latitude(required=True)
    attributes = fields.Dict(required=True, metadata={"description": "As the municipality keeps them."})


class AssetNearOut(AssetOut):
    """An asset near the place."""

    metres = fields.Float(required=True, metadata={"description": "From the place; 0 within an area."})
    open_reports = fields.Integer(required=True, metadata={"description": "Open reports about it on the public map."})


class AssetsOut(Schema):
    """Assets around a place, nearest first."""

    example: ClassVar[dict[str, Any]] = {
        "layer": "lamp-posts",
        "version": 1,
        "assets": [ASSET | {"metres": 3.4, "open_reports": 1}],
    }

    layer = fields.String(required=True)
    version = fields.Integer(required=True, metadata={"description": "The version of the layer."})
    assets = fields.List(fields.Nested(AssetNearOut), required=True)


class AssetPageOut(AssetOut):
    """An asset, with how often it was reported and a page of its reports."""

    example: ClassVar[dict[str, Any]] = ASSET | {
        "gone": False,
        "times": 1,
        "open": 1,
        "reports": [examples.LINE],
        "next": None,
    }

    gone = fields.Boolean(required=True, metadata={"description": "Whether the map no longer has it."})
    times = fields.Integer(required=True, metadata={"description": "How many reports about it the caller may see."})
    open = fields.Integer(required=True, metadata={"description": "How many of them are being worked on."})
    reports = fields.List(fields.Nested(ReportLineOut), required=True)
    next = following()
