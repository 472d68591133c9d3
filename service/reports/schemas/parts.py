"""Fields and parameters that several subjects have in common."""

from typing import Any

from marshmallow import Schema, fields, validate
from webargs.fields import DelimitedList

from service.reports.starting import LONGEST_DESCRIPTION
from service.reports.states import STATES

Description = validate.Length(max=LONGEST_DESCRIPTION)
StateName = validate.OneOf(tuple(STATES))


def longitude(**options: Any) -> fields.Float:
    return fields.Float(validate=validate.Range(-180, 180), metadata={"description": "WGS84 degrees."}, **options)


def latitude(**options: Any) -> fields.Float:
    return fields.Float(validate=validate.Range(-90, 90), metadata={"description": "WGS84 degrees."}, **options)


class FilterQuery(Schema):
    """Which reports."""

    category = DelimitedList(
        fields.String(validate=validate.Length(1, 64)),
        validate=validate.Length(min=1),
        metadata={"description": "Keys, with commas between.", "examples": [["lamp-out"]]},
    )
    state = DelimitedList(
        fields.String(validate=StateName),
        validate=validate.Length(min=1),
        metadata={"description": "Names, with commas between."},
    )
    open = fields.Boolean(metadata={"description": "Only those still being worked on, or only the others."})
