"""Headings, and the feeds of other sites that are read, in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.fetching.addresses import LONGEST_URL
from service.news.staff_schemas import KEY, MOST_TOPICS, texts
from service.people.schemas import Plain
from service.text import LANGUAGES

SHORTEST, LONGEST = 15, 31 * 1440
"""Minutes from one reading of a feed to the next."""


class NewsCategoryIn(Schema):
    """A heading; one that is not active is offered no more, and stays with what has it."""

    example: ClassVar[dict[str, Any]] = {"name": {"el": "Περιβάλλον", "en": "Environment"}, "position": 3}

    name = texts(100, required=True, validate=validate.Length(1))
    position = fields.Integer(load_default=0, strict=True, validate=validate.Range(0, 1000))
    active = fields.Boolean(load_default=True)


class NewsCategoryOut(NewsCategoryIn):
    """A heading, in all its languages."""

    example: ClassVar[dict[str, Any]] = NewsCategoryIn.example | {"key": "environment", "active": True}

    key = fields.String(required=True)


class FeedChangeIn(Schema):
    """What becomes of what a feed brings, and how often it is read."""

    example: ClassVar[dict[str, Any]] = {"categories": [], "publishes": False, "every_minutes": 60}

    categories = fields.List(fields.String(validate=KEY), load_default=list, validate=validate.Length(max=MOST_TOPICS))
    publishes = fields.Boolean(
        load_default=False, metadata={"description": "True: what comes is published at once; false: it becomes drafts."}
    )
    every_minutes = fields.Integer(load_default=60, strict=True, validate=validate.Range(SHORTEST, LONGEST))


class FeedIn(FeedChangeIn):
    """A feed of another site, RSS or Atom, that is read again and again."""

    example: ClassVar[dict[str, Any]] = FeedChangeIn.example | {
        "url": "https://www.kozani.example/feed",
        "language": "el",
    }

    url = fields.String(required=True, validate=[validate.Length(1, LONGEST_URL), Plain])
    language = fields.String(required=True, validate=validate.OneOf(LANGUAGES))


class FeedOutcomeOut(Schema):
    """What came of the last reading."""

    state = fields.String(
        required=True, metadata={"description": "`read`, `unchanged`, `refused` or, by a fault of ours, `failed`."}
    )
    new = fields.Integer()
    changed = fields.Integer()
    told = fields.Integer(metadata={"description": "Of how many new ones followers were told."})
    held = fields.Integer(
        metadata={"description": "How many were edited there and wait here until they are published at their moment."}
    )
    code = fields.String(metadata={"description": "Why it was refused."})
    reason = fields.String(allow_none=True)


class FeedOut(FeedIn):
    """A feed that is read, and what came of it last."""

    example: ClassVar[dict[str, Any]] = FeedIn.example | {
        "id": "01a20027-7a01-7e21-8f43-5b6c7d8e9f01",
        "asked_at": "2026-11-22T07:00:00Z",
        "outcome": {"state": "read", "new": 3, "changed": 1},
    }

    id = fields.UUID(required=True)
    asked_at = fields.AwareDateTime(required=True, allow_none=True)
    outcome = fields.Nested(FeedOutcomeOut, required=True, allow_none=True)


class FeedsOut(Schema):
    """The feeds that are read."""

    example: ClassVar[dict[str, Any]] = {"feeds": [FeedOut.example]}

    feeds = fields.List(fields.Nested(FeedOut), required=True)
