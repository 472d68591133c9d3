"""Reports that would go elsewhere, in JSON: in the past, and those that are open."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.http import PageQuery, following
from service.reports import rerouting
from service.reports.schemas.parts import latitude, longitude
from service.reports.schemas.rules import Key
from service.reports.schemas.staff import internal_note
from service.reports.schemas.trying import MOST_REPLAYED, SupposedIn

MOST_LISTED = 1000
MOST_REROUTED = 100


def listed() -> fields.Integer:
    return fields.Integer(
        load_default=200,
        validate=validate.Range(1, MOST_LISTED),
        metadata={"minimum": 1, "maximum": MOST_LISTED, "description": "How many reports are listed at most."},
    )


class WayOut(Schema):
    """So many reports go from one department to another."""

    from_ = fields.String(required=True, data_key="from")
    to = fields.String(required=True)
    reports = fields.Integer(required=True)


class DecidingOut(Schema):
    """What decides; null is the fallback desk, or what the caller may not know."""

    rule = fields.Integer(required=True, metadata={"description": "Its position in the table that was used."})
    layer = fields.String(required=True)
    version = fields.Integer(required=True)
    feature = fields.String(required=True)


class WhatIfIn(SupposedIn):
    """What is supposed, and which past reports are routed by it: the newest, of so many months."""

    example: ClassVar[dict[str, Any]] = {"versions": [{"layer": "lighting-areas", "version": 1}], "months": 12}

    months = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(1, 120),
        metadata={"description": "Only reports of the last so many months."},
    )
    reports = fields.Integer(
        load_default=100_000,
        strict=True,
        validate=validate.Range(1, MOST_REPLAYED),
        metadata={"description": "At most so many."},
    )
    limit = listed()
    after = fields.String(
        load_default=None, allow_none=True, metadata={"description": "`next` of the page before; null: the first page."}
    )


class FeaturesOut(Schema):
    """So many reports go from what decides now to what would decide."""

    before = fields.Nested(DecidingOut, required=True, allow_none=True)
    after = fields.Nested(DecidingOut, required=True, allow_none=True)
    reports = fields.Integer(required=True)


class MovedOut(Schema):
    """A report that would go elsewhere; place and features only where the caller may see them."""

    id = fields.UUID(required=True)
    number = fields.String(required=True)
    category = fields.String(required=True)
    open = fields.Boolean(required=True)
    from_ = fields.String(required=True, data_key="from")
    to = fields.String(required=True)
    before = fields.Nested(DecidingOut, required=True, allow_none=True)
    after = fields.Nested(DecidingOut, required=True, allow_none=True)
    longitude = longitude(required=True, allow_none=True)
    latitude = latitude(required=True, allow_none=True)


DECIDING: dict[str, Any] = {"rule": 1, "layer": "lighting-areas", "version": 1, "feature": "centre"}


class WhatIfOut(Schema):
    """Which past reports would go to another department than by map and rules in force, whatever became of them."""

    example: ClassVar[dict[str, Any]] = {
        "reports": 1200,
        "complete": True,
        "moved": 3,
        "by_department": [{"from": "lighting", "to": "desk", "reports": 3}],
        "by_feature": [{"before": DECIDING, "after": None, "reports": 3}],
        "list": [
            {
                "id": "01a20027-2c8e-7266-ae20-55ab6d37ca6a",
                "number": "KOZ-2026-000001",
                "category": "lamp-out",
                "open": True,
                "from": "lighting",
                "to": "desk",
                "before": DECIDING,
                "after": None,
                "longitude": 21.7883,
                "latitude": 40.3005,
            }
        ],
        "next": None,
    }

    reports = fields.Integer(required=True, metadata={"description": "How many were routed."})
    complete = fields.Boolean(
        required=True, metadata={"description": "False where there are more than were asked for."}
    )
    moved = fields.Integer(required=True, metadata={"description": "How many would go elsewhere."})
    by_department = fields.List(fields.Nested(WayOut), required=True)
    by_feature = fields.List(
        fields.Nested(FeaturesOut), required=True, metadata={"description": "The most frequent, 200 at most."}
    )
    list = fields.List(
        fields.Nested(MovedOut), required=True, metadata={"description": "Newest first, at most as many as asked for."}
    )
    next = following()


class ReroutingQuery(PageQuery):
    """Which page."""

    limit = listed()


class DueOut(Schema):
    """An open report that map and rules would now give to another department."""

    id = fields.UUID(required=True)
    number = fields.String(required=True)
    version = fields.Integer(required=True)
    category = fields.String(required=True)
    from_ = fields.String(required=True, data_key="from", metadata={"description": "The department that has it."})
    to = fields.String(required=True)
    by_hand = fields.Boolean(
        required=True, metadata={"description": "Staff have handed it over since it was routed last."}
    )
    because = fields.Nested(DecidingOut, required=True, allow_none=True)


class ReroutingOut(Schema):
    """Open reports that would go elsewhere, of the departments for which the caller may act."""

    example: ClassVar[dict[str, Any]] = {
        "reports": 120,
        "due": 1,
        "by_department": [{"from": "lighting", "to": "desk", "reports": 1}],
        "list": [
            {
                "id": "01a20027-2c8e-7266-ae20-55ab6d37ca6a",
                "number": "KOZ-2026-000001",
                "version": 1,
                "category": "lamp-out",
                "from": "lighting",
                "to": "desk",
                "by_hand": False,
                "because": None,
            }
        ],
        "next": None,
    }

    reports = fields.Integer(required=True, metadata={"description": "How many open ones were routed."})
    due = fields.Integer(required=True, metadata={"description": "How many of them would go elsewhere."})
    by_department = fields.List(fields.Nested(WayOut), required=True)
    list = fields.List(fields.Nested(DueOut), required=True)
    next = following()


class RerouteOneIn(Schema):
    """A report as it was listed."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True, strict=True)
    to = fields.String(required=True, validate=Key)


class RerouteIn(Schema):
    """Reports to hand over, as they were listed, and why, for the colleagues."""

    example: ClassVar[dict[str, Any]] = {
        "reports": [{"id": "01a20027-2c8e-7266-ae20-55ab6d37ca6a", "version": 1, "to": "desk"}],
        "internal": "The new lighting areas are in force.",
    }

    reports = fields.List(fields.Nested(RerouteOneIn), required=True, validate=validate.Length(1, MOST_REROUTED))
    internal = internal_note()


class ReroutedOneOut(Schema):
    """What became of one."""

    id = fields.UUID(required=True)
    outcome = fields.String(
        required=True,
        validate=validate.OneOf(rerouting.OUTCOMES),
        metadata={
            "description": "`handed_over`; `changed` since it was listed; `not_due`: map and rules do not send it"
            " there; `not_there` for the caller."
        },
    )


class ReroutedOut(Schema):
    """What became of each, in their order."""

    example: ClassVar[dict[str, Any]] = {
        "reports": [{"id": "01a20027-2c8e-7266-ae20-55ab6d37ca6a", "outcome": "handed_over"}]
    }

    reports = fields.List(fields.Nested(ReroutedOneOut), required=True)
