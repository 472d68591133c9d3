"""Evidence in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.evidence.pointing import MOST_METRES
from service.people.schemas import Plain

AREA: dict[str, Any] = {"type": "Point", "coordinates": [21.7883, 40.3005]}
COUNTED: dict[str, Any] = {"reports": 12, "open": 0, "resolved": 12, "median_hours": 52.5}


class EvidenceIn(Schema):
    """At which reports an action points."""

    example: ClassVar[dict[str, Any]] = {
        "categories": ["street-light-out"],
        "area": AREA,
        "metres": 200,
        "completed_on": "2026-05-31",
    }

    categories = fields.List(
        fields.String(validate=[validate.Length(1, 64), Plain]),
        required=True,
        validate=validate.Length(1, 50),
        metadata={"description": "Their keys.", "minItems": 1, "maxItems": 50},
    )
    area = fields.Dict(
        load_default=None,
        allow_none=True,
        metadata={"description": "A GeoJSON geometry, WGS84; left out: where the action is."},
    )
    metres = fields.Integer(
        load_default=100,
        validate=validate.Range(0, MOST_METRES),
        metadata={"description": "How far around it.", "minimum": 0, "maximum": MOST_METRES},
    )
    completed_on = fields.Date(
        load_default=None,
        allow_none=True,
        metadata={"description": "What parts before from after; left out: by the report that says so."},
    )


class CountedOut(Schema):
    """How many reports there are, and how long it took."""

    example: ClassVar[dict[str, Any]] = COUNTED

    reports = fields.Integer(required=True)
    open = fields.Integer(required=True)
    resolved = fields.Integer(required=True, metadata={"description": "At least once."})
    median_hours = fields.Float(
        required=True, allow_none=True, metadata={"description": "From sent to first resolved; null: none was."}
    )


class EvidenceOut(Schema):
    """The reports about an action, before and after it was completed."""

    example: ClassVar[dict[str, Any]] = {
        "categories": ["street-light-out"],
        "area": AREA,
        "metres": 200,
        "completed_on": "2026-05-31",
        "before": COUNTED,
        "after": COUNTED | {"reports": 3, "resolved": 3, "median_hours": 20.0},
        "reports": {"type": "FeatureCollection", "features": []},
    }

    categories = fields.List(fields.String(), required=True)
    area = fields.Dict(required=True)
    metres = fields.Integer(required=True)
    completed_on = fields.Date(required=True, allow_none=True, metadata={"description": "Null: all count as before."})
    before = fields.Nested(CountedOut, required=True)
    after = fields.Nested(CountedOut, required=True)
    reports = fields.Dict(required=True, metadata={"description": "The newest hundred, as in listReportsOnMap."})
