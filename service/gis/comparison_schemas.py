"""What a version changes against another one, in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.gis.schemas import NUMBER
from service.http import PageQuery, following


class AgainstQuery(Schema):
    """The version to compare with."""

    against = fields.Integer(
        validate=validate.Range(1, NUMBER),
        metadata={"description": "A version's number; left out: the one in force.", "minimum": 1},
    )


class ChangesQuery(PageQuery, AgainstQuery):
    """The version to compare with, and which page."""


class GroundQuery(AgainstQuery):
    """The version to compare with, and how small a piece matters."""

    least = fields.Float(
        load_default=1.0,
        validate=validate.Range(0),
        metadata={"description": "Pieces under so many square metres are left out.", "minimum": 0},
    )


class ChangesOut(Schema):
    """What a version changes against another one, by key, as GeoJSON."""

    example: ClassVar[dict[str, Any]] = {
        "type": "FeatureCollection",
        "against": 1,
        "counts": {
            "added": 0,
            "removed": 0,
            "changed": 1,
            "geometry_changed": 0,
            "attributes_changed": 1,
            "unchanged": 11,
        },
        "features": [
            {
                "type": "Feature",
                "id": "A3",
                "geometry": {"type": "Point", "coordinates": [21.78, 40.3]},
                "properties": {
                    "change": "changed",
                    "geometry_before": None,
                    "attributes": {"crew": {"before": "north", "after": "south"}},
                },
            }
        ],
        "next": None,
    }

    type = fields.String(required=True)
    against = fields.Integer(required=True, allow_none=True, metadata={"description": "null: against nothing."})
    counts = fields.Dict(
        keys=fields.String(), values=fields.Integer(), required=True, metadata={"description": "Of all pages."}
    )
    features = fields.List(fields.Dict(), required=True, metadata={"description": "Ordered by key."})
    next = following()


class GroundOut(Schema):
    """Ground on which a version's areas overlap, and which it covers or leaves against others, as GeoJSON."""

    example: ClassVar[dict[str, Any]] = {
        "type": "FeatureCollection",
        "against": 1,
        "totals": {"gap": {"pieces": 1, "square_metres": 5021.4}},
        "features": [
            {
                "type": "Feature",
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[[21.7, 40.2], [21.701, 40.2], [21.701, 40.201], [21.7, 40.2]]],
                },
                "properties": {"what": "gap", "square_metres": 5021.4, "keys": []},
            }
        ],
    }

    type = fields.String(required=True)
    against = fields.Integer(required=True, allow_none=True, metadata={"description": "null: against nothing."})
    totals = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(),
        required=True,
        metadata={
            "description": "`overlap` of two features; `lost` and `gained` against the other version; `gap` in the "
            "municipality's boundary and `outside` of it."
        },
    )
    features = fields.List(fields.Dict(), required=True, metadata={"description": "The thousand largest."})


class ComparingOut(Schema):
    """How far a comparison is that the worker makes."""

    example: ClassVar[dict[str, Any]] = {"state": "running", "done": 0.25}

    state = fields.String(
        required=True,
        validate=validate.OneOf(("waiting", "running", "failed")),
        metadata={"description": "`failed`: a fault of ours."},
    )
    done = fields.Float(required=True, metadata={"description": "Which share of it, from 0 to 1."})
