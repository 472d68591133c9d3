"""Reports in JSON: what comes in, with its limits, and what goes out."""

from collections.abc import Mapping
from typing import Any

import orjson
from flask_smorest.fields import Upload
from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema
from webargs.fields import DelimitedList

from service.http import PageQuery
from service.people.schemas import Language
from service.reports.starting import LONGEST_DESCRIPTION
from service.reports.states import STATES

MOST_PHOTOS = 20

Description = validate.Length(max=LONGEST_DESCRIPTION)
Key = validate.Regexp(r"\A[A-Za-z0-9._:~-]{16,200}\Z", error="16 to 200 letters, digits or ._:~-")
Plain = validate.Regexp(r"\A[^\x00]*\Z", error="may not contain a null character")
StateName = validate.OneOf(tuple(STATES))


def longitude(**options: Any) -> fields.Float:
    return fields.Float(validate=validate.Range(-180, 180), metadata={"description": "WGS84 degrees."}, **options)


def latitude(**options: Any) -> fields.Float:
    return fields.Float(validate=validate.Range(-90, 90), metadata={"description": "WGS84 degrees."}, **options)


class IdempotencyHeader(Schema):
    """The key that the phone made for this report and sends again with each retry."""

    idempotency_key = fields.String(
        required=True,
        data_key="Idempotency-Key",
        validate=Key,
        metadata={"description": "Made once per report (a UUID will do); the same for each retry, for 14 days."},
    )


class AssetIn(Schema):
    """A feature of an asset layer: the lamp-post, the bin."""

    layer = fields.String(required=True, validate=[validate.Length(1, 64), Plain])
    feature = fields.String(required=True, validate=[validate.Length(1, 255), Plain])


class ReportIn(Schema):
    """A new report; photos were sent before, each with a call of its own."""

    id = fields.UUID(metadata={"description": "Made by the phone (UUIDv7), or left out."})
    category = fields.String(required=True, validate=[validate.Length(1, 64), Plain])
    longitude = longitude(required=True)
    latitude = latitude(required=True)
    accuracy = fields.Float(
        allow_none=True,
        validate=validate.Range(0, 100_000),
        metadata={"description": "Metres, as the phone says."},
    )
    address = fields.String(allow_none=True, validate=[validate.Length(max=300), Plain])
    asset = fields.Nested(AssetIn, allow_none=True)
    description = fields.String(load_default="", validate=[Description, Plain])
    answers = fields.Dict(
        keys=fields.String(validate=validate.Length(max=64)),
        values=fields.Raw(allow_none=True),
        load_default=dict,
        metadata={"description": "The question's code → the answer; lists for multivaluelist."},
    )
    photos = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=MOST_PHOTOS))
    language = fields.String(allow_none=True, validate=Language)


class ReportPartsIn(Schema):
    """A new report with its photos in one multipart body."""

    report = fields.String(
        required=True,
        validate=validate.Length(max=40_000),
        metadata={"description": "The JSON of `ReportIn`, without `photos`."},
    )
    photos = fields.List(Upload(), load_default=list, validate=validate.Length(max=MOST_PHOTOS))

    @post_load
    def read(self, values: dict[str, Any], **options: Any) -> dict[str, Any]:
        try:
            report = orjson.loads(values["report"])
        except orjson.JSONDecodeError:
            raise ValidationError("not valid JSON", "report") from None
        try:
            loaded = ReportIn(exclude=("photos",)).load(report)
        except ValidationError as error:
            raise ValidationError({"report": error.messages}) from None
        return {"report": loaded, "photos": values["photos"]}


class PhotoIn(Schema):
    """A photo: JPEG, PNG, WebP, HEIC/HEIF or AVIF."""

    photo = Upload(required=True)
    alt = fields.String(
        load_default=None,
        validate=[validate.Length(max=500), Plain],
        metadata={"description": "What is to be seen, for who cannot see it."},
    )


class PhotoOut(Schema):
    """A photo that was taken in: upright, without any metadata."""

    id = fields.UUID(required=True)
    width = fields.Integer(required=True)
    height = fields.Integer(required=True)


class PhotoLinksOut(PhotoOut):
    """Where the renditions of a photo are."""

    alt = fields.String(required=True, allow_none=True)
    small = fields.String(required=True)
    medium = fields.String(required=True)
    large = fields.String(required=True)


class ReportLineOut(Schema):
    """A report as one line of a list. What may not be seen (yet) is null."""

    id = fields.UUID(required=True)
    number = fields.String(required=True)
    category = fields.String(required=True)
    category_name = fields.String(required=True)
    state = fields.String(required=True, validate=StateName)
    state_label = fields.String(required=True)
    open = fields.Boolean(required=True)
    department = fields.String(required=True)
    department_name = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)
    moved_at = fields.AwareDateTime(required=True)
    promised_at = fields.AwareDateTime(required=True, allow_none=True)
    district = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True)
    longitude = longitude(required=True, allow_none=True)
    latitude = latitude(required=True, allow_none=True)
    description = fields.String(required=True, allow_none=True)


class WhyOut(Schema):
    """Why this department: what of the map decided, in words and in keys."""

    words = fields.String(required=True)
    relation = fields.String(required=True)
    rule = fields.Integer(required=True, allow_none=True)
    layer = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True, allow_none=True)
    feature = fields.String(required=True, allow_none=True)
    distance_to_edge = fields.Float(
        required=True, allow_none=True, metadata={"description": "Metres to the nearest edge of the feature."}
    )


class StepOut(Schema):
    """One line of the timeline."""

    at = fields.AwareDateTime(required=True)
    kind = fields.String(required=True)
    by = fields.String(required=True, validate=validate.OneOf(("reporter", "staff", "system")))
    state = fields.String(required=True)
    state_label = fields.String(required=True)
    department = fields.String(required=True)
    note = fields.String(required=True, allow_none=True)
    photos = fields.List(fields.Nested(PhotoLinksOut), required=True)


class ReportOut(ReportLineOut):
    """A report with its explanation, photos and timeline, as the caller may see it."""

    address = fields.String(required=True, allow_none=True)
    answers = fields.Dict(required=True, allow_none=True)
    asset = fields.Nested(AssetIn, required=True, allow_none=True)
    why = fields.Nested(WhyOut, required=True)
    photos = fields.List(fields.Nested(PhotoLinksOut), required=True)
    timeline = fields.List(fields.Nested(StepOut), required=True)
    moves = fields.List(
        fields.String(), required=True, metadata={"description": "The states to which the caller may move it now."}
    )


class StaffLineOut(ReportLineOut):
    """A report in the queue."""

    looked_at = fields.AwareDateTime(required=True, allow_none=True)
    private = fields.Boolean(required=True)


class StaffStepOut(StepOut):
    """One line of the timeline, with what is internal."""

    id = fields.UUID(required=True)
    internal = fields.String(required=True, allow_none=True)
    facts = fields.Dict(required=True)
    by_name = fields.String(required=True, allow_none=True)


class StaffReportOut(ReportOut):
    """A report with everything that staff may see."""

    looked_at = fields.AwareDateTime(required=True, allow_none=True)
    private = fields.Boolean(required=True)
    timeline = fields.List(fields.Nested(StaffStepOut), required=True)
    routing = fields.Dict(required=True)
    accuracy = fields.Float(required=True, allow_none=True)
    text_public = fields.Boolean(required=True)
    photos_public = fields.Boolean(required=True)
    place_public = fields.Boolean(required=True)
    assignee = fields.UUID(required=True, allow_none=True)


class ReportsOut(Schema):
    """A page of reports, newest first."""

    reports = fields.List(fields.Nested(ReportLineOut), required=True)
    next = fields.String(required=True, allow_none=True)


class QueueOut(Schema):
    """A page of the queue."""

    reports = fields.List(fields.Nested(StaffLineOut), required=True)
    next = fields.String(required=True, allow_none=True)


class PointOut(Schema):
    """A GeoJSON point."""

    type = fields.String(required=True, validate=validate.Equal("Point"))
    coordinates = fields.List(fields.Float(), required=True)


class FeatureOut(Schema):
    """A report on the map."""

    type = fields.String(required=True, validate=validate.Equal("Feature"))
    id = fields.UUID(required=True)
    geometry = fields.Nested(PointOut, required=True)
    properties = fields.Dict(required=True)


class MapOut(Schema):
    """Reports as a GeoJSON feature collection."""

    type = fields.String(required=True, validate=validate.Equal("FeatureCollection"))
    features = fields.List(fields.Nested(FeatureOut), required=True)
    next = fields.String(required=True, allow_none=True)


class FilterQuery(Schema):
    """Which reports."""

    category = DelimitedList(
        fields.String(validate=validate.Length(max=64)), metadata={"description": "Keys, with commas between."}
    )
    state = DelimitedList(fields.String(validate=StateName), metadata={"description": "Names, with commas between."})
    open = fields.Boolean()


class MapQuery(PageQuery, FilterQuery):
    """Where, and which."""

    box = DelimitedList(
        fields.Float(),
        validate=validate.Length(equal=4),
        metadata={"description": "West, south, east, north in degrees."},
    )
    near = DelimitedList(
        fields.Float(), validate=validate.Length(equal=2), metadata={"description": "Longitude, latitude."}
    )
    radius = fields.Float(
        load_default=500, validate=validate.Range(1, 5000), metadata={"description": "Metres around `near`."}
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

    category = fields.String(required=True, validate=validate.Length(1, 64))
    longitude = longitude(required=True)
    latitude = latitude(required=True)


class QueueQuery(PageQuery, FilterQuery):
    """Which part of the queue, in what order."""

    department = fields.String(validate=validate.Length(1, 64))
    late = fields.Boolean(metadata={"description": "Only open ones whose promised time has passed."})
    order = fields.String(load_default="newest", validate=validate.OneOf(("newest", "due")))


class ReporterMoveIn(Schema):
    """What the reporter does: withdraw, answer a question, reopen, or agree that it is solved."""

    to = fields.String(required=True, validate=StateName)
    note = fields.String(load_default=None, allow_none=True, validate=[Description, Plain])
    photos = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=MOST_PHOTOS))


class StaffMoveIn(ReporterMoveIn):
    """What staff do; `version` is that of the report that they have seen."""

    internal = fields.String(load_default=None, allow_none=True, validate=[Description, Plain])
    version = fields.Integer(load_default=None, allow_none=True, strict=True)


class HandOverIn(Schema):
    """To which department, and why, for the colleagues there."""

    department = fields.String(required=True, validate=validate.Length(1, 64))
    internal = fields.String(load_default=None, allow_none=True, validate=[Description, Plain])
    version = fields.Integer(load_default=None, allow_none=True, strict=True)


class AssignIn(Schema):
    """Who takes it in hand; null is nobody."""

    person = fields.UUID(required=True, allow_none=True)
    version = fields.Integer(load_default=None, allow_none=True, strict=True)


class LookIn(Schema):
    """What everybody may see, as far as the category allows."""

    text = fields.Boolean(required=True)
    photos = fields.Boolean(required=True)
    place = fields.Boolean(load_default=True)


class ValueOut(Schema):
    """One possible answer."""

    key = fields.String(required=True)
    name = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class QuestionOut(Schema):
    """A question of a category; the datatypes are those of GeoReport v2."""

    code = fields.String(required=True)
    datatype = fields.String(required=True)
    required = fields.Boolean(required=True)
    question = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    hint = fields.Dict(keys=fields.String(), values=fields.String(), allow_none=True)
    values = fields.List(fields.Nested(ValueOut))


class DangerOut(Schema):
    """Call this number, instead of a form."""

    phone = fields.String(required=True)
    text = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class CategoryOut(Schema):
    """A kind of problem that can be reported."""

    key = fields.String(required=True)
    group = fields.String(required=True)
    group_name = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    name = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    description = fields.Dict(keys=fields.String(), values=fields.String(), required=True, allow_none=True)
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

    name = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    number = fields.String(required=True)


class StateOut(Schema):
    """A state with its public label."""

    key = fields.String(required=True)
    label = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    open = fields.Boolean(required=True)


class AppOut(Schema):
    """What a phone needs at start."""

    slug = fields.String(required=True)
    name = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    languages = fields.List(fields.String(), required=True)
    time_zone = fields.String(required=True)
    centre = fields.List(fields.Float(), required=True)
    oldest_app = fields.String(required=True)
    privacy_version = fields.String(required=True)
    phones = fields.List(fields.Nested(PhoneOut), required=True)
    limits = fields.Nested(LimitsOut, required=True)
    states = fields.List(fields.Nested(StateOut), required=True)
    categories_version = fields.String(required=True)
    categories = fields.List(fields.Nested(CategoryOut), required=True)
