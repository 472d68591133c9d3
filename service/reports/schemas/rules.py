"""Routing rules in JSON: the table and its changes."""

from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validate

from service.http import PageQuery, following
from service.people.schemas import Plain
from service.reports.ordering import MOST_RULES
from service.reports.routing import FARTHEST, RELATIONS

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
