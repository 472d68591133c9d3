"""What residents send: reports, photos, and what they do with a report of theirs."""

from typing import Any, ClassVar

import orjson
from flask_smorest.fields import Upload
from marshmallow import Schema, ValidationError, fields, post_load, validate
from werkzeug.datastructures import FileStorage

from service.http import read_json
from service.people.schemas import Language, Plain
from service.reports import examples
from service.reports.answering import LONGEST_TEXT
from service.reports.schemas.parts import Description, StateName, latitude, longitude

MOST_PHOTOS = 20

Key = validate.Regexp(r"\A[A-Za-z0-9._:~-]{16,200}\Z", error="16 to 200 letters, digits or ._:~-")
ANSWER = {"type": ["string", "number", "boolean", "array"], "items": {"type": "string"}, "maxLength": LONGEST_TEXT}


def is_answer(value: Any) -> None:
    """Refuse what no datatype has: objects, lists of anything but texts, endless texts."""
    texts_of_it = value if isinstance(value, list) else [value] if isinstance(value, str) else []
    if not isinstance(value, str | int | float | list) or not all(is_text(text) for text in texts_of_it):
        raise ValidationError("no answer to any kind of question")


def is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT and "\0" not in value


def is_file(part: Any) -> None:
    """Refuse a field of a multipart body where a file is needed."""
    if not isinstance(part, FileStorage):
        raise ValidationError("a file is needed")


class IdempotencyHeader(Schema):
    """The key that the phone made for this report and sends again with each retry."""

    idempotency_key = fields.String(
        required=True,
        data_key="Idempotency-Key",
        validate=Key,
        metadata={
            "description": "Made once per report (a UUID will do); the same for each retry, for 14 days.",
            "examples": ["5f0c7a3e-8f8b-4d0e-9c57-3a1d2b6e4f70"],
        },
    )


class AssetIn(Schema):
    """A feature of an asset layer: the lamp-post, the bin."""

    example: ClassVar[dict[str, Any]] = {"layer": "lamp-posts", "feature": "KZ-0101"}

    layer = fields.String(
        required=True,
        validate=[validate.Length(1, 64), Plain],
        metadata={"description": "The category's `asset_layer`."},
    )
    feature = fields.String(
        required=True, validate=[validate.Length(1, 255), Plain], metadata={"description": "The key of the feature."}
    )


class ReportFieldsIn(Schema):
    """A new report but for its photos."""

    example: ClassVar[dict[str, Any]] = examples.NEW

    id = fields.UUID(metadata={"description": "Made by the phone (a UUIDv7), or left out: then the service makes it."})
    category = fields.String(
        required=True,
        validate=[validate.Length(1, 64), Plain],
        metadata={"description": "A `key` of the categories of startApp."},
    )
    longitude = longitude(required=True)
    latitude = latitude(required=True)
    accuracy = fields.Float(
        allow_none=True,
        validate=validate.Range(0, 100_000),
        metadata={"description": "Metres, as the phone says."},
    )
    address = fields.String(
        allow_none=True,
        validate=[validate.Length(max=300), Plain],
        metadata={"description": "Where it is in words, where the phone knows."},
    )
    asset = fields.Nested(
        AssetIn, allow_none=True, metadata={"description": "Where the category requires or offers one."}
    )
    description = fields.String(load_default="", validate=[Description, Plain])
    answers = fields.Dict(
        keys=fields.String(validate=validate.Length(max=64)),
        values=fields.Raw(allow_none=True, validate=is_answer, metadata=ANSWER),
        load_default=dict,
        metadata={"description": "The question's code → the answer; lists for multivaluelist."},
    )
    language = fields.String(
        allow_none=True, validate=Language, metadata={"description": "In which the description is written."}
    )


class ReportIn(ReportFieldsIn):
    """A new report; photos were sent before, each with a call of its own."""

    example: ClassVar[dict[str, Any]] = examples.NEW | {"photos": []}

    photos = fields.List(
        fields.UUID(),
        load_default=list,
        validate=validate.Length(max=MOST_PHOTOS),
        metadata={"description": "Ids that sendPhoto gave; at most `photos_per_report` of startApp."},
    )


class ReportPartsIn(Schema):
    """A new report with its photos in one multipart body."""

    report = fields.String(
        required=True,
        validate=validate.Length(max=400_000),
        metadata={"description": "A JSON text."},
    )
    photos = fields.List(
        Upload(validate=is_file),
        load_default=list,
        validate=validate.Length(max=MOST_PHOTOS),
        metadata={"description": "JPEG, PNG, WebP, HEIC/HEIF or AVIF; one part each, all called `photos`."},
    )

    @post_load
    def read(self, values: dict[str, Any], **options: Any) -> dict[str, Any]:
        try:
            report = read_json(values["report"].encode())
        except orjson.JSONDecodeError:
            raise ValidationError("not valid JSON", "report") from None
        try:
            loaded = ReportFieldsIn().load(report)
        except ValidationError as error:
            raise ValidationError({"report": error.messages}) from None
        return {"report": loaded, "photos": values["photos"]}


class PhotoIn(Schema):
    """A photo: JPEG, PNG, WebP, HEIC/HEIF or AVIF."""

    photo = Upload(required=True, validate=is_file)
    alt = fields.String(
        load_default=None,
        validate=[validate.Length(max=500), Plain],
        metadata={"description": "What is to be seen, for who cannot see it."},
    )


class ReporterMoveIn(Schema):
    """What the reporter does: withdraw, answer a question, reopen, or agree that it is solved."""

    example: ClassVar[dict[str, Any]] = {"to": "withdrawn", "note": "It works again."}

    to = fields.String(required=True, validate=StateName, metadata={"description": "One of the report's `moves`."})
    note = fields.String(
        load_default=None,
        allow_none=True,
        validate=[Description, Plain],
        metadata={"description": "Shown in the timeline."},
    )
    photos = fields.List(
        fields.UUID(),
        load_default=list,
        validate=validate.Length(max=MOST_PHOTOS),
        metadata={"description": "Ids that sendPhoto gave."},
    )
