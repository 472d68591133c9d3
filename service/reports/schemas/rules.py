"""Routing rules in JSON: the table and its changes, trying them, and what would be if they or the map were others."""

from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validate

from service.http import PageQuery
from service.people.schemas import Plain
from service.reports import rerouting, shadowing, trying
from service.reports.ordering import MOST_RULES
from service.reports.routing import FALLBACK, FARTHEST, RELATIONS
from service.reports.schemas.parts import following, latitude, longitude
from service.reports.schemas.sending import AssetIn
from service.reports.schemas.staff import internal_note

MOST_POINTS = 3000
MOST_REPLAYED = 200_000
MOST_LISTED = 1000
MOST_REROUTED = 100
KINDS = ("set", "added", "replaced", "moved", "enabled", "disabled", "deleted")

Key = [validate.Length(1, 64), Plain]
Name = [validate.Length(1, 255), Plain]
WANTED = {
    "description": "Attribute → the value that it must have, or a list of values of which it must have one.",
    "additionalProperties": {"type": ["string", "number", "boolean", "array"]},
}
RULE: dict[str, Any] = {
    "group": "lighting",
    "relation": "in",
    "layer": "lighting-areas",
    "department_attribute": "crew",
}
WHOLE_RULE: dict[str, Any] = RULE | {
    "position": 1,
    "active": True,
    "categories": None,
    "metres": None,
    "match": None,
    "department": None,
}


def is_wanted(value: Any) -> None:
    """Refuse what no attribute can be compared with."""
    values = value if isinstance(value, list) else [value]
    if not values or len(values) > 200 or not all(is_plain(one) for one in values):
        raise ValidationError("a text, a number, true or false, or a list of some")


def is_plain(value: Any) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and len(value) <= 1000)


def table_version() -> fields.Integer:
    return fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=0),
        metadata={"description": "Of the table that the caller has seen; refused where it has changed since."},
    )


class RuleFieldsIn(Schema):
    """A routing rule: for reports of these categories, or of this group, or for any, where the place lies so to a
    feature of the layer that has these attributes, the department."""

    example: ClassVar[dict[str, Any]] = RULE

    categories = fields.List(
        fields.String(validate=Key),
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=500),
        metadata={"description": "Keys; without `categories` and `group` the rule is for any report."},
    )
    group = fields.String(
        attribute="group_key",
        load_default=None,
        allow_none=True,
        validate=Key,
        metadata={"description": "The key of a group of categories."},
    )
    relation = fields.String(
        required=True,
        validate=validate.OneOf(RELATIONS),
        metadata={"description": "`in` an area, `within` so many metres, or about this `asset`."},
    )
    metres = fields.Float(
        load_default=None,
        allow_none=True,
        validate=validate.Range(0, FARTHEST),
        metadata={"description": "Of `within`, and of no other."},
    )
    layer = fields.String(required=True, validate=Key, metadata={"description": "The key of a layer in force."})
    match = fields.Dict(
        keys=fields.String(validate=Name),
        values=fields.Raw(validate=is_wanted),
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=20),
        metadata=WANTED,
    )
    department = fields.String(
        load_default=None,
        allow_none=True,
        validate=Key,
        metadata={"description": "The department's key; this or `department_attribute`."},
    )
    department_attribute = fields.String(
        load_default=None,
        allow_none=True,
        validate=Name,
        metadata={"description": "The attribute of the feature that names the department."},
    )


class AddRuleIn(RuleFieldsIn):
    """A new rule, and where it goes."""

    example: ClassVar[dict[str, Any]] = RULE | {"position": 1, "version": 1}

    position = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(1, MOST_RULES),
        metadata={"description": "Those from here on move on by one; left out: behind all others."},
    )
    version = table_version()


class ReplaceRuleIn(RuleFieldsIn):
    """What the rule is from now on; it stays in its place."""

    example: ClassVar[dict[str, Any]] = RULE | {"version": 1}

    version = table_version()


class MoveRuleIn(Schema):
    """Where the rule goes; those between shift by one."""

    example: ClassVar[dict[str, Any]] = {"to": 1, "version": 1}

    to = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, MOST_RULES),
        metadata={"description": "A position; more than there are is the last."},
    )
    version = table_version()


class SwitchRuleIn(Schema):
    """Whether reports are routed by the rule."""

    example: ClassVar[dict[str, Any]] = {"active": False, "version": 1}

    active = fields.Boolean(required=True)
    version = table_version()


class DeleteRuleQuery(Schema):
    """What the caller has seen."""

    version = fields.Integer(
        required=True,
        validate=validate.Range(min=0),
        metadata={"description": "Of the table that the caller has seen; refused where it has changed since."},
    )


class RuleOut(Schema):
    """A rule in its place."""

    position = fields.Integer(required=True, metadata={"description": "The first that matches decides."})
    active = fields.Boolean(required=True)
    categories = fields.List(fields.String(), required=True, allow_none=True)
    group = fields.String(required=True, allow_none=True)
    relation = fields.String(required=True, validate=validate.OneOf(RELATIONS))
    metres = fields.Float(required=True, allow_none=True)
    layer = fields.String(required=True)
    match = fields.Dict(required=True, allow_none=True, metadata={"description": "Attribute → value, or values."})
    department = fields.String(required=True, allow_none=True)
    department_attribute = fields.String(required=True, allow_none=True)


class RulesOut(Schema):
    """The routing table, first to last, disabled rules too."""

    example: ClassVar[dict[str, Any]] = {"rules": [WHOLE_RULE], "version": 1}

    rules = fields.List(fields.Nested(RuleOut), required=True)
    version = fields.Integer(required=True, metadata={"description": "Grows with every change; changes send it back."})


class RuleChangeOut(Schema):
    """One change of the table."""

    number = fields.Integer(required=True, metadata={"description": "The version that the table had from then on."})
    kind = fields.String(
        required=True,
        validate=validate.OneOf(KINDS),
        metadata={"description": "`set`: the whole table, by the operator."},
    )
    before = fields.Nested(RuleOut, required=True, allow_none=True)
    after = fields.Nested(RuleOut, required=True, allow_none=True)
    at = fields.AwareDateTime(required=True)
    by_name = fields.String(required=True, allow_none=True)


class RuleChangesOut(Schema):
    """What was changed, newest first."""

    example: ClassVar[dict[str, Any]] = {
        "changes": [
            {
                "number": 2,
                "kind": "added",
                "before": None,
                "after": WHOLE_RULE,
                "at": "2026-11-21T22:08:17.042554Z",
                "by_name": "Maria",
            }
        ],
        "next": None,
    }

    changes = fields.List(fields.Nested(RuleChangeOut), required=True)
    next = following()


class RuleChangesQuery(PageQuery):
    """Which page."""


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


def listed() -> fields.Integer:
    return fields.Integer(
        load_default=200,
        validate=validate.Range(0, MOST_LISTED),
        metadata={"minimum": 0, "maximum": MOST_LISTED, "description": "How many reports are listed at most."},
    )


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


class ReroutingQuery(Schema):
    """How many are listed."""

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
    }

    reports = fields.Integer(required=True, metadata={"description": "How many open ones were routed."})
    due = fields.Integer(required=True, metadata={"description": "How many of them would go elsewhere."})
    by_department = fields.List(fields.Nested(WayOut), required=True)
    list = fields.List(fields.Nested(DueOut), required=True)


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
