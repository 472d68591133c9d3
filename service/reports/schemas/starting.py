"""What a phone needs at start: the municipality, its categories and questions, the states, the layers."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.gis.models import KINDS
from service.municipalities.schemas import lon_lat, texts
from service.reports import examples
from service.reports.answering import DATATYPES


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
