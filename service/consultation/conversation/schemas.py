"""Conversations in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.consultation.conversation.answering import DISPOSITIONS
from service.consultation.conversation.contributing import CHANNELS, STANCES
from service.consultation.conversation.finding import NEWEST, SORTS
from service.consultation.conversation.supporting import VOTES
from service.http import PageQuery, following
from service.people.schemas import Language, Plain
from service.text import LANGUAGES

UID = "01a20027-6d10-7b3e-9a55-1f0c2a9d7e31"
CONSULTATION = "01a20027-6c00-7d11-8a22-0a1b2c3d4e5f"
LONGEST = 5000
SHORTEST_QUOTE, LONGEST_QUOTE = 10, 1000
LONGEST_TEXT = 200_000
MOST_PHOTOS = 5
KIND = validate.Regexp(r"\A[a-z_]{1,16}\Z")
REVISION = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def words(most: int, least: int = 1, **options: Any) -> fields.String:
    return fields.String(validate=[validate.Length(least, most), Plain], **options)


def texts(most: int, **options: Any) -> fields.Dict:
    """A text by language."""
    return fields.Dict(
        keys=fields.String(validate=validate.OneOf(LANGUAGES)),
        values=fields.String(validate=[validate.Length(1, most), Plain]),
        validate=validate.Length(min=1),
        metadata={"description": "By language.", "examples": [{"el": "Ναι", "en": "Yes"}]},
        **options,
    )


class AboutQuery(Schema):
    """What the thread is about."""

    kind = fields.String(
        load_default="consultation",
        validate=KIND,
        metadata={"description": "`consultation`, `question`, `article`, `plan_element` …"},
    )
    target = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(1, 200), Plain],
        metadata={"description": "Its key as listThreads gives it; left out: the whole consultation."},
    )


class ThreadQuery(AboutQuery, PageQuery):
    """Which thread, and in what order."""

    sort = fields.String(
        load_default=NEWEST,
        validate=validate.OneOf(SORTS),
        metadata={"description": "`unanswered` shows only those, the oldest first."},
    )


class TextQuery(AboutQuery):
    """Which text."""

    revision = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"\A[0-9a-f]{64}\Z"),
        metadata={"description": "A former one; left out: the text in force.", "examples": [REVISION]},
    )


class QuoteIn(Schema):
    """A passage of the text: its words, some before and after, and the revision that was read."""

    example: ClassVar[dict[str, Any]] = {
        "exact": "two benches",
        "prefix": "The square gets ",
        "suffix": " and a fountain.",
        "revision": REVISION,
    }

    exact = words(
        LONGEST_QUOTE,
        SHORTEST_QUOTE,
        required=True,
        metadata={"description": "A word or two are found in many places: take those beside them in."},
    )
    prefix = words(64, 0, load_default="")
    suffix = words(64, 0, load_default="")
    revision = fields.String(required=True, validate=validate.Regexp(r"\A[0-9a-f]{64}\Z"))


class PlaceIn(Schema):
    """A place on the map, in WGS84 degrees."""

    longitude = fields.Float(required=True, allow_nan=False, validate=validate.Range(-180, 180))
    latitude = fields.Float(required=True, allow_nan=False, validate=validate.Range(-90, 90))


class ContributionIn(AboutQuery):
    """What somebody says."""

    example: ClassVar[dict[str, Any]] = {
        "id": UID,
        "kind": "consultation",
        "text": "The square needs shade before it needs a fountain.",
        "language": "en",
        "stance": "proposal",
    }

    id = fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={"description": "Made by the phone: the same is sent again after a failure and written once."},
    )
    parent = fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={"description": "What it replies to; then `kind` and `target` are not looked at."},
    )
    text = words(LONGEST, required=True)
    language = fields.String(required=True, validate=Language, metadata={"description": "In which it is written."})
    stance = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(STANCES))
    quote = fields.Nested(QuoteIn, load_default=None, allow_none=True)
    place = fields.Nested(PlaceIn, load_default=None, allow_none=True)
    photos = fields.List(
        fields.UUID(),
        load_default=list,
        validate=validate.Length(max=MOST_PHOTOS),
        metadata={"description": "Ids of sendPhoto."},
    )


class VoteIn(Schema):
    """What the caller thinks of it; null: nothing any more."""

    example: ClassVar[dict[str, Any]] = {"vote": "support"}

    vote = fields.String(required=True, allow_none=True, validate=validate.OneOf(tuple(VOTES)))


class TextOut(Schema):
    """A text that is talked about."""

    example: ClassVar[dict[str, Any]] = {
        "kind": "article",
        "target": "3",
        "title": "Article 3: the square",
        "revision": REVISION,
        "text": "The square gets two benches and a fountain.",
    }

    kind = fields.String(required=True)
    target = fields.String(required=True)
    title = fields.String(required=True, allow_none=True)
    revision = fields.String(required=True, metadata={"description": "The SHA-256 of the text."})
    text = fields.String(required=True)


class ThreadOut(Schema):
    """Something that is talked about."""

    example: ClassVar[dict[str, Any]] = {
        "kind": "article",
        "target": "3",
        "title": "Article 3: the square",
        "revision": REVISION,
        "contributions": 12,
    }

    kind = fields.String(required=True)
    target = fields.String(required=True)
    title = fields.String(
        required=True, allow_none=True, metadata={"description": "In the language of the call; null for links."}
    )
    revision = fields.String(required=True, allow_none=True, metadata={"description": "Null: there is no text here."})
    contributions = fields.Integer(required=True, metadata={"description": "That were ever made, replies too."})


class PhaseOut(Schema):
    """When people can write."""

    kind = fields.String(required=True)
    opens_at = fields.AwareDateTime(required=True)
    closes_at = fields.AwareDateTime(required=True)


class ConversationOut(Schema):
    """What is talked about in a consultation, when, and what came of it so far."""

    example: ClassVar[dict[str, Any]] = {
        "open": True,
        "phases": [
            {"kind": "comment", "opens_at": "2026-11-20T07:00:00Z", "closes_at": "2026-12-20T20:00:00Z"},
        ],
        "threads": [ThreadOut.example],
        "contributions": 12,
        "unanswered": 3,
        "overdue": 1,
        "answer_within_days": 30,
        "withdrawn": 0,
        "taken_back": 0,
        "dispositions": {"accepted": 9},
    }

    open = fields.Boolean(required=True, metadata={"description": "By the clock of the service."})
    phases = fields.List(fields.Nested(PhaseOut), required=True)
    threads = fields.List(fields.Nested(ThreadOut), required=True)
    contributions = fields.Integer(required=True, metadata={"description": "Without the municipality's own."})
    unanswered = fields.Integer(required=True)
    overdue = fields.Integer(required=True, metadata={"description": "Unanswered for longer than was promised."})
    answer_within_days = fields.Integer(
        required=True, allow_none=True, metadata={"description": "What the municipality has promised; null: nothing."}
    )
    withdrawn = fields.Integer(required=True)
    taken_back = fields.Integer(
        required=True,
        metadata={"description": "That staff had entered by mistake; none of the other numbers counts them."},
    )
    dispositions = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "How many have which answer."},
    )


class QuoteOut(Schema):
    """The passage as it was when it was quoted."""

    exact = fields.String(required=True)
    prefix = fields.String(required=True)
    suffix = fields.String(required=True)
    revision = fields.String(required=True)
    start = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Where it begins in the text in force, in characters (Unicode code points)."},
    )
    orphaned = fields.Boolean(required=True, metadata={"description": "Its words are not in the text in force."})


class AttachedOut(Schema):
    """A photo."""

    id = fields.UUID(required=True)
    width = fields.Integer(required=True)
    height = fields.Integer(required=True)
    alt = fields.String(required=True, allow_none=True)


class AnswerOut(Schema):
    """What the municipality did with it."""

    example: ClassVar[dict[str, Any]] = {
        "id": "01a20027-7f00-7a00-8b00-2c3d4e5f6a7b",
        "disposition": "accepted_in_part",
        "reason": "Trees are planted; the fountain stays.",
        "body": "Executive Committee",
        "changed_text": "The square gets trees and a fountain.",
        "answered_at": "2026-12-22T09:12:44.201337Z",
    }

    id = fields.UUID(required=True)
    disposition = fields.String(required=True, metadata={"description": ", ".join(DISPOSITIONS)})
    reason = fields.String(required=True, metadata={"description": "In the language of the call."})
    body = fields.String(required=True, metadata={"description": "Who decided so."})
    changed_text = fields.String(required=True, allow_none=True)
    answered_at = fields.AwareDateTime(required=True)


class ContributionOut(Schema):
    """What somebody said, as the caller may see it."""

    example: ClassVar[dict[str, Any]] = {
        "id": UID,
        "parent": None,
        "depth": 0,
        "stance": "proposal",
        "language": "en",
        "text": "The square needs shade before it needs a fountain.",
        "official": False,
        "mine": False,
        "channel": "app",
        "role": None,
        "received_on": None,
        "place": [21.7885, 40.3007],
        "quote": None,
        "photos": [],
        "supports": 12,
        "opposes": 3,
        "passes": 1,
        "my_vote": "support",
        "replies": 2,
        "created_at": "2026-11-23T06:12:44.201337Z",
        "withdrawn": False,
        "taken_back": False,
        "hidden_by_rule": None,
        "answer": AnswerOut.example,
    }

    id = fields.UUID(required=True)
    parent = fields.UUID(required=True, allow_none=True)
    depth = fields.Integer(required=True, metadata={"description": "0, 1 or 2."})
    stance = fields.String(required=True, allow_none=True, metadata={"description": "pro, contra, question, proposal"})
    language = fields.String(required=True)
    text = fields.String(
        required=True, allow_none=True, metadata={"description": "Null where it is hidden or was withdrawn."}
    )
    official = fields.Boolean(required=True, metadata={"description": "The municipality says so: show its mark."})
    mine = fields.Boolean(required=True)
    channel = fields.String(required=True, metadata={"description": f"app, {', '.join(CHANNELS)}"})
    role = fields.String(required=True, allow_none=True, metadata={"description": "As what its submitter speaks."})
    received_on = fields.Date(required=True, allow_none=True)
    place = fields.List(
        fields.Float(), required=True, allow_none=True, metadata={"description": "Longitude and latitude."}
    )
    quote = fields.Nested(QuoteOut, required=True, allow_none=True)
    photos = fields.List(fields.Nested(AttachedOut), required=True)
    supports = fields.Integer(required=True)
    opposes = fields.Integer(required=True)
    passes = fields.Integer(required=True)
    my_vote = fields.String(required=True, allow_none=True)
    replies = fields.Integer(required=True)
    created_at = fields.AwareDateTime(required=True)
    withdrawn = fields.Boolean(required=True)
    taken_back = fields.Boolean(
        required=True,
        metadata={"description": "Staff had entered it by mistake: it holds the place above its replies."},
    )
    hidden_by_rule = fields.String(
        required=True, allow_none=True, metadata={"description": "The key of the house rule by which it is hidden."}
    )
    answer = fields.Nested(AnswerOut, required=True, allow_none=True)


class ContributionsOut(Schema):
    """A page of contributions."""

    example: ClassVar[dict[str, Any]] = {"contributions": [ContributionOut.example], "next": None}

    contributions = fields.List(fields.Nested(ContributionOut), required=True)
    next = following()
