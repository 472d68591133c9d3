"""Trying the routing rules, and what is known of each, in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.reports import shadowing, trying
from service.reports.ordering import MOST_RULES
from service.reports.routing import FALLBACK, RELATIONS
from service.reports.schemas.parts import latitude, longitude
from service.reports.schemas.rules import Key, RuleFieldsIn
from service.reports.schemas.sending import AssetIn

MOST_POINTS = 3000
MOST_REPLAYED = 200_000


class SupposedVersionIn(Schema):
    """A version of a layer, a draft too, in place of that in force."""

    layer = fields.String(required=True, validate=Key, metadata={"description": "The layer's key."})
    version = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, 2**31 - 1),
        metadata={"description": "The number of the version."},
    )


class SupposedIn(Schema):
    """Other versions of layers and other rules than those in force."""

    versions = fields.List(fields.Nested(SupposedVersionIn), load_default=list, validate=validate.Length(max=10))
    rules = fields.List(
        fields.Nested(RuleFieldsIn),
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=MOST_RULES),
        metadata={"description": "A whole table in its order, instead of that in force."},
    )


class PointIn(Schema):
    """What a report would say of its place."""

    category = fields.String(required=True, validate=Key, metadata={"description": "A key of a category in use."})
    longitude = longitude(required=True)
    latitude = latitude(required=True)
    asset = fields.Nested(AssetIn, load_default=None, allow_none=True)


class TryPointIn(SupposedIn, PointIn):
    """A place, and by what it is routed."""

    example: ClassVar[dict[str, Any]] = {"category": "lamp-out", "longitude": 21.7883, "latitude": 40.3005}


class TryPointsIn(SupposedIn):
    """Many places, and by what they are routed."""

    example: ClassVar[dict[str, Any]] = {"points": [TryPointIn.example]}

    points = fields.List(fields.Nested(PointIn), required=True, validate=validate.Length(1, MOST_POINTS))


class OutcomeOut(Schema):
    """What became of one rule."""

    rule = fields.Integer(required=True, metadata={"description": "Its position."})
    layer = fields.String(required=True)
    outcome = fields.String(
        required=True,
        validate=validate.OneOf(trying.OUTCOMES),
        metadata={
            "description": "`decides`; `later`: it would, had no earlier one; `other_category`; `not_here`: no feature"
            " that it means; `no_department`: what is here names none; `no_layer`: its layer is not in force."
        },
    )
    feature = fields.String(required=True, allow_none=True)
    department = fields.String(required=True, allow_none=True)


class TriedOut(Schema):
    """Who would get the report, why, and what became of each rule that is enabled."""

    example: ClassVar[dict[str, Any]] = {
        "department": "lighting",
        "inside": True,
        "words": "The place lies in “Town centre” (Street lighting areas).",
        "routing": {"department": "lighting", "relation": "in", "rule": 1, "layer": "lighting-areas"},
        "rules": [
            {
                "rule": 1,
                "layer": "lighting-areas",
                "outcome": "decides",
                "feature": "centre",
                "department": "lighting",
            }
        ],
    }

    department = fields.String(required=True)
    inside = fields.Boolean(required=True, metadata={"description": "Whether reports are taken from there."})
    words = fields.String(required=True, metadata={"description": "A sentence in the language of the answer."})
    routing = fields.Dict(required=True, metadata={"description": "The whole decision, as a report would keep it."})
    rules = fields.List(fields.Nested(OutcomeOut), required=True)


class DecidedOut(Schema):
    """Who would get a report, and what decides."""

    department = fields.String(required=True)
    relation = fields.String(required=True, validate=validate.OneOf((*RELATIONS, FALLBACK)))
    rule = fields.Integer(required=True, allow_none=True)
    layer = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True, allow_none=True)
    feature = fields.String(required=True, allow_none=True)


class TriedPointsOut(Schema):
    """One decision for each place, in their order."""

    example: ClassVar[dict[str, Any]] = {
        "points": [
            {
                "department": "lighting",
                "relation": "in",
                "rule": 1,
                "layer": "lighting-areas",
                "version": 1,
                "feature": "centre",
            }
        ]
    }

    points = fields.List(fields.Nested(DecidedOut), required=True)


class FindingsQuery(Schema):
    """How many past reports are replayed."""

    reports = fields.Integer(
        load_default=20_000,
        validate=validate.Range(0, MOST_REPLAYED),
        metadata={"minimum": 0, "maximum": MOST_REPLAYED, "description": "The newest so many."},
    )


class FindingOut(Schema):
    """What is known of one rule. `never` and `covered_by` are proven and hold for every report; null proves nothing.
    `matched`, `decided` and `shadowed_by` are what the replayed reports show."""

    rule = fields.Integer(required=True, metadata={"description": "Its position."})
    layer = fields.String(required=True)
    never = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(shadowing.NEVER),
        metadata={
            "description": "Why it can decide nothing: `no_layer` in force, `no_category` in use, `no_feature` with its"
            " attributes, `no_department` that those name, `asset_not_named` by any category of its."
        },
    )
    covered_by = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "An earlier rule that decides wherever this one would match."},
    )
    matched = fields.Integer(required=True, metadata={"description": "Reports that it matches, whoever decides."})
    decided = fields.Integer(required=True, metadata={"description": "Reports that it decides."})
    shadowed_by = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "It matched but never decided: the earlier rule that most often did."},
    )


class FindingsOut(Schema):
    """What is known of each rule that is enabled, first to last."""

    example: ClassVar[dict[str, Any]] = {
        "reports": 20000,
        "rules": [
            {
                "rule": 1,
                "layer": "lighting-areas",
                "never": None,
                "covered_by": None,
                "matched": 812,
                "decided": 812,
                "shadowed_by": None,
            }
        ],
    }

    reports = fields.Integer(required=True, metadata={"description": "How many were replayed."})
    rules = fields.List(fields.Nested(FindingOut), required=True)
