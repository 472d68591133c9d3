"""What is answered about notices beside themselves: what texts weigh, whom they reach, what came of them, in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.notices.office.schemas import TEXT, TEXTS, UID, NoticeLinkIn, NoticeTextOut
from service.notices.office.states import MODES, STATES


class NoticeWeightOut(Schema):
    """What one language's text weighs on its way to a phone."""

    language = fields.String(required=True)
    bytes = fields.Integer(required=True, metadata={"description": "With all that goes along."})
    most = fields.Integer(required=True)
    left = fields.Integer(required=True, metadata={"description": "Negative: it cannot be sent."})
    left_of_topic = fields.Integer(
        required=True, metadata={"description": "Of the half that other services take; only for information."}
    )


class NoticeScreenOut(Schema):
    """The text on one kind of screen."""

    title = fields.String(required=True)
    body = fields.String(required=True)
    cut = fields.Boolean(required=True)


class NoticeLikenessOut(Schema):
    """A notice of the last fortnight that says nearly the same."""

    notice = fields.UUID(required=True)
    likeness = fields.Float(required=True, metadata={"description": "1: word for word."})


class NoticeCheckOut(Schema):
    """What the texts weigh, what is missing, how they look, and what they repeat."""

    example: ClassVar[dict[str, Any]] = {
        "weights": [{"language": "en", "bytes": 505, "most": 4096, "left": 3591, "left_of_topic": 1543}],
        "missing_languages": ["el"],
        "screens": {"en": {"ios": {"title": TEXT["title"], "body": TEXT["body"], "cut": False}}},
        "repeats": [{"notice": UID, "likeness": 0.94}],
    }

    weights = fields.List(fields.Nested(NoticeWeightOut), required=True)
    missing_languages = fields.List(fields.String(), required=True)
    screens = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Nested(NoticeScreenOut)),
        required=True,
        metadata={"description": "Language → kind of screen (`ios`, `android` …) → text."},
    )
    repeats = fields.List(fields.Nested(NoticeLikenessOut), required=True)


class NoticeDevicesOut(Schema):
    """Devices of one language and platform."""

    language = fields.String(required=True)
    platform = fields.String(required=True)
    devices = fields.Integer(required=True)
    muted = fields.Integer(required=True, metadata={"description": "Of them, who are only reached by an emergency."})
    quiet = fields.Integer(required=True, metadata={"description": "Of them, in whose quiet hours it is now."})


class NoticeAudienceCountOut(Schema):
    """How many the notice is for, before it is sent."""

    example: ClassVar[dict[str, Any]] = {
        "people": 1210,
        "devices": 1322,
        "by": [{"language": "el", "platform": "android", "devices": 1322, "muted": 40, "quiet": 12}],
    }

    people = fields.Integer(required=True, metadata={"description": "With and without a device: all have an inbox."})
    devices = fields.Integer(required=True)
    by = fields.List(fields.Nested(NoticeDevicesOut), required=True)


class NoticeSendingOut(Schema):
    """What came of one sending, by device."""

    number = fields.Integer(required=True)
    mode = fields.String(required=True, validate=validate.OneOf(MODES))
    at = fields.AwareDateTime(required=True)
    people = fields.Integer(required=True, metadata={"description": "Who were owed a push."})
    targeted = fields.Integer(required=True, metadata={"description": "Devices of the audience."})
    owed = fields.Integer(required=True, metadata={"description": "Those but for `muted` and `capped`."})
    accepted = fields.Integer(required=True, metadata={"description": "The push service has taken it."})
    failed = fields.Integer(required=True)
    expired = fields.Integer(required=True)
    cancelled = fields.Integer(required=True)
    waiting = fields.Integer(required=True)
    put_off = fields.Integer(required=True, metadata={"description": "Of those that wait, for later."})
    uncertain = fields.Integer(
        required=True, metadata={"description": "Where an answer was lost once: the phone may have had it twice."}
    )
    muted = fields.Integer(required=True)
    capped = fields.Integer(required=True)
    reasons = fields.Dict(
        keys=fields.String(), values=fields.Integer(), required=True, metadata={"description": "Of `failed`."}
    )


class NoticeFiguresOut(Schema):
    """What came of a notice."""

    example: ClassVar[dict[str, Any]] = {
        "editions": [
            {
                **{"number": 1, "mode": "first", "at": "2026-11-22T09:30:00Z", "people": 1200, "targeted": 1322},
                **{"owed": 1282, "accepted": 1270, "failed": 12, "expired": 0, "cancelled": 0, "waiting": 0},
                **{"put_off": 0, "uncertain": 1, "muted": 40, "capped": 0, "reasons": {"gone": 12}},
            }
        ],
        "opened": 310,
        "unsubscribed": 2,
        "words": {"gone": "The app was removed there, or the browser no longer wants to be told."},
    }

    editions = fields.List(fields.Nested(NoticeSendingOut), required=True)
    opened = fields.Integer(required=True, metadata={"description": "People whose app said so."})
    unsubscribed = fields.Integer(
        required=True, metadata={"description": "Who had it and switched notices off within a week."}
    )
    words = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "What each of the `reasons` means and what to do, in the language of the call."},
    )


class NoticeTriedOut(Schema):
    """To how many of one's own devices the test goes."""

    example: ClassVar[dict[str, Any]] = {"devices": 1}

    devices = fields.Integer(required=True)


class NoticePreviewLinkOut(Schema):
    """A link for people without an account."""

    example: ClassVar[dict[str, Any]] = {
        "address": "https://app.example/api/v1/kozani/notice-previews/2vY5v0o9mJx3bM4sQhV7c1kTzR8eWnPd6fLgUaXiKyE",
        "until": "2026-11-29T09:30:00Z",
    }

    address = fields.String(required=True)
    until = fields.AwareDateTime(required=True)


class NoticePreviewOut(Schema):
    """A notice that is prepared, for who has its link."""

    example: ClassVar[dict[str, Any]] = {"texts": TEXTS, "emergency": False, "state": "draft", "send_at": None}

    texts = fields.Dict(keys=fields.String(), values=fields.Nested(NoticeTextOut), required=True)
    emergency = fields.Boolean(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    send_at = fields.AwareDateTime(required=True, allow_none=True)


class SentNoticeOut(Schema):
    """A notice that was sent, as it holds now."""

    example: ClassVar[dict[str, Any]] = {
        "id": UID,
        "title": TEXT["title"],
        "body": TEXT["body"],
        "language": "en",
        "emergency": False,
        "subject": None,
        "edition": 1,
        "sent_at": "2026-11-22T09:30:00Z",
        "changed_at": "2026-11-22T09:30:00Z",
    }

    id = fields.UUID(required=True)
    title = fields.String(required=True)
    body = fields.String(required=True)
    language = fields.String(required=True, metadata={"description": "Of the text: of the call, or the main one."})
    emergency = fields.Boolean(required=True)
    subject = fields.Nested(NoticeLinkIn, required=True, allow_none=True)
    edition = fields.Integer(required=True, metadata={"description": "2 and more: it was corrected or repeated."})
    sent_at = fields.AwareDateTime(required=True)
    changed_at = fields.AwareDateTime(required=True, metadata={"description": "When this edition was sent."})
