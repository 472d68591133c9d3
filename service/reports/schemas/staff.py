"""What staff ask for, what they see and what they do."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.http import PageQuery, following
from service.people.schemas import Plain
from service.reports import examples
from service.reports.schemas.parts import Description, FilterQuery
from service.reports.schemas.sending import ReporterMoveIn
from service.reports.schemas.showing import ReportLineOut, ReportOut, StepOut


class QueueQuery(PageQuery, FilterQuery):
    """Which part of the queue, in what order."""

    department = fields.String(
        validate=validate.Length(1, 64),
        metadata={"description": "One of the caller's departments; left out: all of them."},
    )
    late = fields.Boolean(metadata={"description": "Only open ones whose promised time has passed."})
    order = fields.String(
        load_default="newest",
        validate=validate.OneOf(("newest", "due")),
        metadata={"description": "`due`: open ones with a promise, the most urgent first."},
    )


class StaffLineOut(ReportLineOut):
    """A report in the queue."""

    example: ClassVar[dict[str, Any]] = examples.STAFF_LINE

    looked_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "When staff first looked."}
    )
    private = fields.Boolean(required=True, metadata={"description": "Never shown to the public."})


class QueueOut(Schema):
    """A page of the queue."""

    example: ClassVar[dict[str, Any]] = {"reports": [examples.STAFF_LINE], "next": None}

    reports = fields.List(fields.Nested(StaffLineOut), required=True)
    next = following()


class StaffStepOut(StepOut):
    """One line of the timeline, with what is internal."""

    example: ClassVar[dict[str, Any]] = examples.STAFF_STEP

    id = fields.UUID(required=True)
    internal = fields.String(required=True, allow_none=True)
    facts = fields.Dict(required=True, metadata={"description": "What was changed, by kind of step."})
    by_name = fields.String(
        required=True, allow_none=True, metadata={"description": "The name of the member of staff."}
    )


class StaffReportOut(ReportOut):
    """A report with everything that staff may see."""

    example: ClassVar[dict[str, Any]] = examples.STAFF_REPORT

    looked_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "When staff first looked."}
    )
    private = fields.Boolean(required=True, metadata={"description": "Never shown to the public."})
    timeline = fields.List(fields.Nested(StaffStepOut), required=True)
    routing = fields.Dict(required=True, metadata={"description": "The whole decision, as it was made and kept."})
    accuracy = fields.Float(required=True, allow_none=True, metadata={"description": "Metres, as the phone said."})
    text_public = fields.Boolean(required=True)
    photos_public = fields.Boolean(required=True)
    place_public = fields.Boolean(required=True)
    assignee = fields.UUID(
        required=True, allow_none=True, metadata={"description": "The account of who has it in hand."}
    )


def seen_version() -> fields.Integer:
    return fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        metadata={"description": "Of the report that the caller has seen; refused where it has changed since."},
    )


def internal_note() -> fields.String:
    return fields.String(
        load_default=None,
        allow_none=True,
        validate=[Description, Plain],
        metadata={"description": "For colleagues only."},
    )


class StaffMoveIn(ReporterMoveIn):
    """What staff do; `version` is that of the report that they have seen."""

    example: ClassVar[dict[str, Any]] = {"to": "acknowledged", "version": 1}

    internal = internal_note()
    version = seen_version()


class HandOverIn(Schema):
    """To which department, and why, for the colleagues there."""

    example: ClassVar[dict[str, Any]] = {"department": "roads", "internal": "The pavement is yours", "version": 1}

    department = fields.String(
        required=True, validate=validate.Length(1, 64), metadata={"description": "The department's key."}
    )
    internal = internal_note()
    version = seen_version()


class AssignIn(Schema):
    """Who takes it in hand; null is nobody."""

    example: ClassVar[dict[str, Any]] = {"person": None, "version": 1}

    person = fields.UUID(
        required=True, allow_none=True, metadata={"description": "The `account` of a member of staff."}
    )
    version = seen_version()


class LookIn(Schema):
    """What everybody may see, as far as the category allows."""

    example: ClassVar[dict[str, Any]] = {"text": True, "photos": True, "place": True}

    text = fields.Boolean(required=True)
    photos = fields.Boolean(required=True)
    place = fields.Boolean(load_default=True)
