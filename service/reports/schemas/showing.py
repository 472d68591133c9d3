"""What is shown of a report: whole, or as a line of a list."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.http import following
from service.reports import examples
from service.reports.routing import FALLBACK, RELATIONS
from service.reports.schemas.parts import StateName, latitude, longitude
from service.reports.schemas.sending import AssetIn
from service.reports.states import REPORTER, STAFF, SYSTEM

STEPS = ("submitted", "moved", "handed_over", "assigned", "looked")


class PhotoOut(Schema):
    """A photo that was taken in: upright, without any metadata."""

    example: ClassVar[dict[str, Any]] = examples.PHOTO

    id = fields.UUID(required=True)
    width = fields.Integer(required=True, metadata={"description": "Pixels of the large rendition."})
    height = fields.Integer(required=True)


class PhotoLinksOut(PhotoOut):
    """Where the renditions of a photo are."""

    example: ClassVar[dict[str, Any]] = examples.PHOTO_LINKS

    alt = fields.String(required=True, allow_none=True)
    small = fields.String(required=True)
    medium = fields.String(required=True)
    large = fields.String(required=True)


class ReportLineOut(Schema):
    """A report as one line of a list. What may not be seen (yet) is null."""

    example: ClassVar[dict[str, Any]] = examples.LINE

    id = fields.UUID(required=True)
    number = fields.String(required=True, metadata={"description": "For people, unique in the municipality."})
    category = fields.String(required=True, metadata={"description": "The category's key."})
    category_name = fields.String(required=True, metadata={"description": "In the language of the answer."})
    state = fields.String(required=True, validate=StateName)
    state_label = fields.String(required=True)
    open = fields.Boolean(required=True, metadata={"description": "Whether it is still being worked on."})
    department = fields.String(required=True)
    department_name = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)
    moved_at = fields.AwareDateTime(required=True, metadata={"description": "When its state last changed."})
    promised_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata={"description": "When it should be solved; null while the clock stands."},
    )
    district = fields.String(required=True, allow_none=True, metadata={"description": "The key of the district."})
    district_name = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True, metadata={"description": "Grows with every change."})
    longitude = longitude(required=True, allow_none=True)
    latitude = latitude(required=True, allow_none=True)
    description = fields.String(required=True, allow_none=True)


class WhyOut(Schema):
    """Why this department: what of the map decided, in words and in keys."""

    words = fields.String(required=True, metadata={"description": "A sentence in the language of the answer."})
    relation = fields.String(required=True, validate=validate.OneOf((*RELATIONS, FALLBACK)))
    rule = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The place of the rule in their order."}
    )
    layer = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True, allow_none=True, metadata={"description": "The version of the layer."})
    feature = fields.String(required=True, allow_none=True)
    distance_to_edge = fields.Float(
        required=True, allow_none=True, metadata={"description": "Metres to the nearest edge of the feature."}
    )


class StepOut(Schema):
    """One line of the timeline."""

    example: ClassVar[dict[str, Any]] = examples.STEP

    at = fields.AwareDateTime(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(STEPS))
    by = fields.String(required=True, validate=validate.OneOf((REPORTER, STAFF, SYSTEM)))
    state = fields.String(required=True, validate=StateName, metadata={"description": "After this step."})
    state_label = fields.String(required=True)
    department = fields.String(required=True)
    note = fields.String(required=True, allow_none=True, metadata={"description": "Written for the public."})
    photos = fields.List(fields.Nested(PhotoLinksOut), required=True)


class ReportOut(ReportLineOut):
    """A report with its explanation, photos and timeline, as the caller may see it."""

    example: ClassVar[dict[str, Any]] = examples.REPORT

    address = fields.String(required=True, allow_none=True)
    answers = fields.Dict(required=True, allow_none=True, metadata={"description": "The question's code → the answer."})
    asset = fields.Nested(AssetIn, required=True, allow_none=True)
    why = fields.Nested(WhyOut, required=True)
    photos = fields.List(fields.Nested(PhotoLinksOut), required=True)
    timeline = fields.List(fields.Nested(StepOut), required=True)
    moves = fields.List(
        fields.String(validate=StateName),
        required=True,
        metadata={"description": "The states to which the caller may move it now: the buttons to show."},
    )


class ReportsOut(Schema):
    """A page of reports, newest first."""

    example: ClassVar[dict[str, Any]] = {"reports": [examples.LINE], "next": None}

    reports = fields.List(fields.Nested(ReportLineOut), required=True)
    next = following()
