"""What a consultation is about, in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.http import following
from service.people.schemas import Plain

ABOUT_KINDS = ("plan", "plan_element", "progress_report", "article", "report", "layer", "feature")
NAMED = [validate.Length(1, 200), Plain]


class ConsultedOnIn(Schema):
    """What it is about: a kind of thing and its name, in the version that was read. A plan is named by its key or id,
    an element or a report on progress by its key `within` a plan.
    """

    example: ClassVar[dict[str, Any]] = {"kind": "plan_element", "id": "1.1", "within": "op", "version": None}

    kind = fields.String(required=True, validate=validate.OneOf(ABOUT_KINDS))
    id = fields.String(required=True, validate=NAMED)
    within = fields.String(
        load_default=None,
        allow_none=True,
        validate=NAMED,
        metadata={"description": "Of an element or report its plan."},
    )
    version = fields.String(
        load_default=None,
        allow_none=True,
        validate=NAMED,
        metadata={"description": "The hash of what was read: it must still be in force."},
    )


class ConsultedOnOut(Schema):
    """What it is about."""

    kind = fields.String(required=True)
    id = fields.String(required=True)
    within = fields.String(required=True, allow_none=True)
    version = fields.String(required=True, allow_none=True)


class ConsultedElementOut(Schema):
    """An element of a plan, as it stood."""

    key = fields.String(required=True)
    title = fields.String(required=True)
    hash = fields.String(required=True)


class ConsultationSubjectOut(Schema):
    """What it is about as it stood when it was fixed; that version stays readable."""

    kind = fields.String(required=True, metadata={"description": "`plan`, `plan_element` or `progress_report`."})
    id = fields.String(required=True)
    within = fields.String(required=True, allow_none=True)
    version = fields.String(
        required=True, metadata={"description": "The hash of the plan's version, or of the report."}
    )
    title = fields.String(required=True)
    elements = fields.List(
        fields.Nested(ConsultedElementOut),
        required=True,
        metadata={"description": "Of a branch the first hundred that are in it; listConsultedElements has them all."},
    )
    count = fields.Integer(required=True, metadata={"description": "Of a branch how many elements are in it."})


class ConsultedElementsOut(Schema):
    """A page of what is in a branch."""

    example: ClassVar[dict[str, Any]] = {
        "elements": [{"key": "2.1.101", "title": "Trees on Mill Street", "hash": "9f86d081884c7d65"}],
        "next": None,
    }

    elements = fields.List(fields.Nested(ConsultedElementOut), required=True)
    next = following()
