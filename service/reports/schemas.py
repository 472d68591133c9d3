"""Reports in JSON: what comes in, with its limits, and what goes out."""

from collections.abc import Mapping
from typing import Any, ClassVar

import orjson
from flask_smorest.fields import Upload
from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema
from webargs.fields import DelimitedList
from werkzeug.datastructures import FileStorage

from service.gis.models import KINDS
from service.http import PageQuery, read_json
from service.municipalities.schemas import lon_lat, texts
from service.people.schemas import Language, Plain
from service.reports import examples
from service.reports.answering import DATATYPES, LONGEST_TEXT
from service.reports.routing import FALLBACK, RELATIONS
from service.reports.starting import LONGEST_DESCRIPTION
from service.reports.states import REPORTER, STAFF, STATES, SYSTEM

MOST_PHOTOS = 20

Description = validate.Length(max=LONGEST_DESCRIPTION)
Key = validate.Regexp(r"\A[A-Za-z0-9._:~-]{16,200}\Z", error="16 to 200 letters, digits or ._:~-")
ANSWER = {"type": ["string", "number", "boolean", "array"], "items": {"type": "string"}, "maxLength": LONGEST_TEXT}
StateName = validate.OneOf(tuple(STATES))
STEPS = ("submitted", "moved", "handed_over", "assigned", "looked")


def longitude(**options: Any) -> fields.Float:
    return fields.Float(validate=validate.Range(-180, 180), metadata={"description": "WGS84 degrees."}, **options)


def latitude(**options: Any) -> fields.Float:
    return fields.Float(validate=validate.Range(-90, 90), metadata={"description": "WGS84 degrees."}, **options)


def following() -> fields.String:
    return fields.String(
        required=True, allow_none=True, metadata={"description": "`after` of the next page; null on the last."}
    )


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


class StaffLineOut(ReportLineOut):
    """A report in the queue."""

    example: ClassVar[dict[str, Any]] = examples.STAFF_LINE

    looked_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "When staff first looked."}
    )
    private = fields.Boolean(required=True, metadata={"description": "Never shown to the public."})


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


class ReportsOut(Schema):
    """A page of reports, newest first."""

    example: ClassVar[dict[str, Any]] = {"reports": [examples.LINE], "next": None}

    reports = fields.List(fields.Nested(ReportLineOut), required=True)
    next = following()


class QueueOut(Schema):
    """A page of the queue."""

    example: ClassVar[dict[str, Any]] = {"reports": [examples.STAFF_LINE], "next": None}

    reports = fields.List(fields.Nested(StaffLineOut), required=True)
    next = following()


class PointOut(Schema):
    """A GeoJSON point."""

    type = fields.String(required=True, validate=validate.Equal("Point"))
    coordinates = lon_lat()


class PropertiesOut(Schema):
    """What the map shows of a report."""

    number = fields.String(required=True)
    category = fields.String(required=True)
    state = fields.String(required=True, validate=StateName)
    open = fields.Boolean(required=True)
    created_at = fields.AwareDateTime(required=True)
    description = fields.String(required=True, allow_none=True)


class FeatureOut(Schema):
    """A report on the map."""

    type = fields.String(required=True, validate=validate.Equal("Feature"))
    id = fields.UUID(required=True)
    geometry = fields.Nested(PointOut, required=True)
    properties = fields.Nested(PropertiesOut, required=True)


class MapOut(Schema):
    """Reports as a GeoJSON feature collection."""

    example: ClassVar[dict[str, Any]] = examples.MAP

    type = fields.String(required=True, validate=validate.Equal("FeatureCollection"))
    features = fields.List(fields.Nested(FeatureOut), required=True)
    next = following()


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


class MapQuery(PageQuery, FilterQuery):
    """Where, and which."""

    box = DelimitedList(
        fields.Float(),
        validate=validate.Length(equal=4),
        metadata={"description": "West, south, east, north in degrees.", "examples": [[21.7, 40.2, 21.9, 40.4]]},
    )
    near = DelimitedList(
        fields.Float(),
        validate=validate.Length(equal=2),
        metadata={"description": "Longitude, latitude.", "examples": [[21.7883, 40.3005]]},
    )
    radius = fields.Float(
        load_default=500, validate=validate.Range(1, 2000), metadata={"description": "Metres around `near`."}
    )

    @validates_schema
    def check(self, values: Mapping[str, Any], **options: Any) -> None:
        box, near = values.get("box"), values.get("near")
        if box and near:
            raise ValidationError("box or near, not both", "near")
        if box and not (-180 <= box[0] <= box[2] <= 180 and -90 <= box[1] <= box[3] <= 90):
            raise ValidationError("west, south, east, north in degrees", "box")
        if near and not (-180 <= near[0] <= 180 and -90 <= near[1] <= 90):
            raise ValidationError("longitude, latitude in degrees", "near")


class SimilarQuery(Schema):
    """What somebody is about to report."""

    category = fields.String(
        required=True,
        validate=validate.Length(1, 64),
        metadata={"description": "A `key` of the categories.", "examples": ["lamp-out"]},
    )
    longitude = longitude(required=True)
    latitude = latitude(required=True)


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


class ValueOut(Schema):
    """One possible answer."""

    key = fields.String(required=True)
    name = texts(required=True)


class QuestionOut(Schema):
    """A question of a category; the datatypes are those of GeoReport v2."""

    code = fields.String(required=True)
    datatype = fields.String(required=True, validate=validate.OneOf(tuple(DATATYPES)))
    required = fields.Boolean(required=True)
    question = texts(required=True)
    hint = texts(allow_none=True)
    values = fields.List(fields.Nested(ValueOut), metadata={"description": "Of the two list types."})


class DangerOut(Schema):
    """Call this number, instead of a form."""

    phone = fields.String(required=True)
    text = texts(required=True)


class CategoryOut(Schema):
    """A kind of problem that can be reported."""

    example: ClassVar[dict[str, Any]] = examples.CATEGORY

    key = fields.String(required=True)
    group = fields.String(required=True)
    group_name = texts(required=True)
    name = texts(required=True)
    description = texts(required=True, allow_none=True)
    allows_anonymous = fields.Boolean(required=True)
    asset_layer = fields.String(required=True, allow_none=True)
    asset_required = fields.Boolean(required=True)
    danger = fields.Nested(DangerOut, required=True, allow_none=True)
    questions = fields.List(fields.Nested(QuestionOut), required=True)


class LimitsOut(Schema):
    """What can be sent."""

    photos_per_report = fields.Integer(required=True)
    photo_bytes = fields.Integer(required=True)
    description_characters = fields.Integer(required=True)


class PhoneOut(Schema):
    """A number to call."""

    name = texts(required=True)
    number = fields.String(required=True)


class StateOut(Schema):
    """A state with its public label."""

    key = fields.String(required=True)
    label = texts(required=True)
    open = fields.Boolean(required=True)


class LayerOut(Schema):
    """A public layer of the map, with what must be said wherever it is shown."""

    key = fields.String(required=True)
    name = texts(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    version = fields.Integer(required=True)
    attribution = fields.String(required=True, allow_none=True, metadata={"description": "Show it with the map."})
    licence = fields.String(required=True, allow_none=True)
    approximate = fields.Boolean(required=True, metadata={"description": "Nobody official has drawn these borders."})


class AppOut(Schema):
    """What a phone needs at start."""

    example: ClassVar[dict[str, Any]] = examples.APP

    slug = fields.String(required=True)
    name = texts(required=True)
    languages = fields.List(fields.String(), required=True)
    time_zone = fields.String(required=True)
    centre = lon_lat()
    oldest_app = fields.String(required=True, metadata={"description": "An older app asks to be updated."})
    privacy_version = fields.String(
        required=True, metadata={"description": "Show the privacy text again when it changes."}
    )
    phones = fields.List(fields.Nested(PhoneOut), required=True)
    limits = fields.Nested(LimitsOut, required=True)
    states = fields.List(fields.Nested(StateOut), required=True, metadata={"description": "All of them, with labels."})
    categories_version = fields.String(required=True, metadata={"description": "Changes with any category."})
    categories = fields.List(fields.Nested(CategoryOut), required=True)
    layers = fields.List(fields.Nested(LayerOut), required=True, metadata={"description": "Whose the map is."})
