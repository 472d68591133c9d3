"""What a person wants to be told, in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from service.notices.preferences.cells import RADII
from service.notices.preferences.keeping import DIGESTS, MOST_CIRCLES, SWITCHES
from service.notices.preferences.unsubscribe_pages import NAME, VALUE
from service.people.schemas import Plain

Clock = validate.Regexp(r"\A([01][0-9]|2[0-3]):[0-5][0-9]\Z")
LONGITUDE, LATITUDE = validate.Range(-180, 180), validate.Range(-90, 90)


class QuietHours(Schema):
    """When nothing wakes the person, by the municipality's clock; until may be the next morning."""

    start = fields.String(required=True, validate=Clock, metadata={"examples": ["22:00"]})
    end = fields.String(required=True, validate=Clock, metadata={"examples": ["08:00"]})


class PreferenceHomeIn(Schema):
    """The home area: a district, or a point of which only a square of half a kilometre is kept."""

    district = fields.String(load_default=None, allow_none=True, validate=[validate.Length(1, 255), Plain])
    longitude = fields.Float(load_default=None, allow_none=True, validate=LONGITUDE)
    latitude = fields.Float(load_default=None, allow_none=True, validate=LATITUDE)

    @validates_schema
    def one_of_both(self, data: dict[str, Any], **_: Any) -> None:
        point = (data.get("longitude"), data.get("latitude"))
        given = [value is not None for value in point]
        if (data.get("district") is None) != all(given) or any(given) != all(given):
            raise ValidationError("a district, or longitude and latitude")


class PreferenceCircleIn(Schema):
    """A circle around a point, of which only a square of half a kilometre is kept."""

    name = fields.String(load_default=None, allow_none=True, validate=[validate.Length(1, 80), Plain])
    longitude = fields.Float(required=True, validate=LONGITUDE)
    latitude = fields.Float(required=True, validate=LATITUDE)
    metres = fields.Integer(required=True, validate=validate.OneOf(RADII))


class PreferenceHomeOut(PreferenceHomeIn):
    """The home area as it is kept: the middle of its square."""


class PreferenceCircleOut(PreferenceCircleIn):
    """A circle as it is kept: the middle of its square."""


SAMPLE: dict[str, Any] = dict.fromkeys(SWITCHES, True) | {
    "follows_mail": False,
    "quiet": {"start": "22:00", "end": "08:00"},
    "most_a_day": 3,
    "digest": "weekly",
    "home": {"district": None, "longitude": 21.7875, "latitude": 40.3025},
    "circles": [{"name": "School", "longitude": 21.7925, "latitude": 40.2975, "metres": 1000}],
}


def switch() -> fields.Boolean:
    return fields.Boolean(load_default=True)


class PreferencesIn(Schema):
    """Everything that a person chooses; what is left out is as it is for who has chosen nothing."""

    example: ClassVar[dict[str, Any]] = SAMPLE

    reports_push = switch()
    reports_web = switch()
    reports_mail = switch()
    follows_push = switch()
    follows_web = switch()
    follows_mail = switch()
    notices_push = switch()
    notices_web = switch()
    quiet = fields.Nested(QuietHours, load_default=None, allow_none=True)
    most_a_day = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(0, 50),
        metadata={"description": "Of the office's notices; null: as many as the municipality finds usual."},
    )
    digest = fields.String(
        load_default="never",
        validate=validate.OneOf(DIGESTS),
        metadata={"description": "A mail of everything that is new; it needs a confirmed address."},
    )
    home = fields.Nested(PreferenceHomeIn, load_default=None, allow_none=True)
    circles = fields.List(
        fields.Nested(PreferenceCircleIn), load_default=list, validate=validate.Length(max=MOST_CIRCLES)
    )


class PreferencesOut(Schema):
    """Everything that a person has chosen, or what holds where they have not."""

    example: ClassVar[dict[str, Any]] = SAMPLE

    reports_push = fields.Boolean(required=True, metadata={"description": "Of own reports, to phones."})
    reports_web = fields.Boolean(required=True)
    reports_mail = fields.Boolean(required=True)
    follows_push = fields.Boolean(required=True, metadata={"description": "Of what the person follows."})
    follows_web = fields.Boolean(required=True)
    follows_mail = fields.Boolean(required=True)
    notices_push = fields.Boolean(
        required=True, metadata={"description": "The office's notices; emergencies come all the same."}
    )
    notices_web = fields.Boolean(required=True)
    quiet = fields.Nested(QuietHours, required=True, allow_none=True)
    most_a_day = fields.Integer(required=True, allow_none=True)
    digest = fields.String(required=True, validate=validate.OneOf(DIGESTS))
    home = fields.Nested(PreferenceHomeOut, required=True, allow_none=True)
    circles = fields.List(fields.Nested(PreferenceCircleOut), required=True)


class UnsubscribeIn(Schema):
    """What mail programs post to end what they show (RFC 8058)."""

    click = fields.String(required=True, data_key=NAME, validate=validate.OneOf([VALUE]))


class UnsubscribeOut(Schema):
    """How often who has the link is mailed what is new."""

    example: ClassVar[dict[str, Any]] = {"digest": "never"}

    digest = fields.String(required=True, validate=validate.OneOf(DIGESTS))


class WebPushKeysIn(Schema):
    """The keys of a browser's subscription."""

    p256dh = fields.String(required=True, validate=validate.Length(1, 200))
    auth = fields.String(required=True, validate=validate.Length(1, 100))


class WebPushIn(Schema):
    """A browser's subscription, as its `PushSubscription.toJSON()` says it."""

    example: ClassVar[dict[str, Any]] = {
        "endpoint": "https://updates.push.example/wpush/v2/gAAAAABexample",
        "keys": {
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "auth": "BTBZMqHH6r4Tts7J_aSIgg",
        },
    }

    endpoint = fields.String(
        required=True, validate=[validate.Length(1, 1000), validate.Regexp(r"\Ahttps?://[\x21-\x7e]+\Z")]
    )
    keys = fields.Nested(WebPushKeysIn, required=True)


class WebPushKeyOut(Schema):
    """What a browser subscribes with (`applicationServerKey`); null where this service pushes to no browser."""

    example: ClassVar[dict[str, Any]] = {
        "key": "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"
    }

    key = fields.String(required=True, allow_none=True)
