"""Moderation in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.http import following
from service.people.schemas import Plain
from service.text import LANGUAGES

COMMENT = "01a20027-6d10-7b3e-9a55-1f0c2a9d7e31"
RULE = "insult"
LONGEST = 2000
KEY = validate.Regexp(r"\A[a-z0-9_]{1,32}\Z")


def rule_key(**options: Any) -> fields.String:
    about = {"description": "The key of a rule of listHouseRules.", "examples": [RULE]}
    return fields.String(validate=KEY, metadata=about, **options)


def words(**options: Any) -> fields.String:
    return fields.String(validate=[validate.Length(1, LONGEST), Plain], **options)


class ThingIn(Schema):
    """What it is about: the kind of thing and its id."""

    example: ClassVar[dict[str, Any]] = {"kind": "contribution", "id": COMMENT}

    kind = fields.String(
        required=True,
        validate=KEY,
        metadata={"description": "`contribution`; more kinds will come.", "examples": ["contribution"]},
    )
    id = fields.UUID(required=True)


class ComplaintIn(ThingIn):
    """Why a text or a photo should be looked at."""

    example: ClassVar[dict[str, Any]] = ThingIn.example | {"rule": RULE, "note": "He calls my neighbour a thief."}

    rule = rule_key(required=True)
    note = words(load_default=None, allow_none=True, metadata={"description": "For the moderators only."})


class DecisionIn(ThingIn):
    """Whether the thing is shown; who hides it names the rule that it breaks."""

    example: ClassVar[dict[str, Any]] = ThingIn.example | {"hide": True, "rule": RULE, "reason": "The second sentence."}

    hide = fields.Boolean(required=True)
    rule = rule_key(load_default=None, allow_none=True)
    reason = words(load_default=None, allow_none=True, metadata={"description": "Its author is told so."})


class AppealIn(ThingIn):
    """Why it should be shown all the same."""

    example: ClassVar[dict[str, Any]] = ThingIn.example | {"text": "I quoted what he said of himself."}

    text = words(required=True)


class AppealDecisionIn(ThingIn):
    """What another moderator says of the appeal, for good."""

    example: ClassVar[dict[str, Any]] = ThingIn.example | {"uphold": False, "reason": "It is a quotation."}

    uphold = fields.Boolean(required=True, metadata={"description": "`true`: it stays hidden."})
    reason = words(required=True, metadata={"description": "Its author is told so."})


class HouseRuleIn(Schema):
    """A rule in the municipality's languages."""

    key = fields.String(required=True, validate=KEY)
    text = fields.Dict(
        required=True,
        keys=fields.String(validate=validate.OneOf(LANGUAGES)),
        values=fields.String(validate=[validate.Length(1, 500), Plain]),
        validate=validate.Length(min=1),
        metadata={"description": "By language."},
    )


class HouseRulesIn(Schema):
    """All rules from now on, in their order; those that are missing end."""

    example: ClassVar[dict[str, Any]] = {
        "rules": [{"key": RULE, "text": {"en": "Nobody is insulted.", "el": "Κανείς δεν προσβάλλεται."}}]
    }

    rules = fields.List(fields.Nested(HouseRuleIn), required=True, validate=validate.Length(1, 50))


class HouseRuleOut(Schema):
    """A published rule."""

    key = fields.String(required=True)
    text = fields.String(required=True, metadata={"description": "In the language of the call."})


class HouseRulesOut(Schema):
    """The rules by which texts and photos are hidden."""

    example: ClassVar[dict[str, Any]] = {"rules": [{"key": RULE, "text": "Nobody is insulted, threatened or mocked."}]}

    rules = fields.List(fields.Nested(HouseRuleOut), required=True)


class HouseRuleCountOut(Schema):
    """How many things are hidden by one rule."""

    rule = fields.String(required=True)
    hidden = fields.Integer(required=True)


class ModerationCountsOut(Schema):
    """What moderation has done so far."""

    example: ClassVar[dict[str, Any]] = {
        "complaints": 31,
        "waiting": 2,
        "hidden": 7,
        "shown": 12,
        "appeals": 3,
        "overturned": 1,
        "by_rule": [{"rule": RULE, "hidden": 7}],
    }

    complaints = fields.Integer(required=True)
    waiting = fields.Integer(required=True, metadata={"description": "Cases that wait for a moderator."})
    hidden = fields.Integer(required=True, metadata={"description": "Things that are hidden now."})
    shown = fields.Integer(required=True, metadata={"description": "Things that were looked at and are shown."})
    appeals = fields.Integer(required=True)
    overturned = fields.Integer(required=True, metadata={"description": "Appeals that another moderator granted."})
    by_rule = fields.List(fields.Nested(HouseRuleCountOut), required=True)


class ModeratedOut(Schema):
    """Something that a moderator decided about, as its author sees it."""

    example: ClassVar[dict[str, Any]] = {
        "kind": "contribution",
        "id": COMMENT,
        "state": "hidden",
        "text": "He is a thief.",
        "photos": [],
        "rule": RULE,
        "rule_text": "Nobody is insulted, threatened or mocked.",
        "reason": "The second sentence.",
        "decided_at": "2026-11-23T06:12:44.201337Z",
        "can_appeal": True,
        "appealed_at": None,
        "appeal_upheld": None,
        "appeal_reason": None,
    }

    kind = fields.String(required=True)
    id = fields.UUID(required=True)
    state = fields.String(required=True, metadata={"description": "`hidden` or `shown`."})
    text = fields.String(
        required=True, allow_none=True, metadata={"description": "As it was written; null when it is gone."}
    )
    photos = fields.List(fields.UUID(), required=True)
    rule = fields.String(required=True, allow_none=True)
    rule_text = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    decided_at = fields.AwareDateTime(required=True, allow_none=True)
    can_appeal = fields.Boolean(required=True)
    appealed_at = fields.AwareDateTime(required=True, allow_none=True)
    appeal_upheld = fields.Boolean(
        required=True, allow_none=True, metadata={"description": "Null until another moderator has decided."}
    )
    appeal_reason = fields.String(required=True, allow_none=True)


class ModeratedListOut(Schema):
    """What moderators decided about what the caller wrote, newest first."""

    example: ClassVar[dict[str, Any]] = {"decided": [ModeratedOut.example], "next": None}

    decided = fields.List(fields.Nested(ModeratedOut), required=True)
    next = following()


class ModerationCaseOut(ModeratedOut):
    """A case as moderators see it."""

    example: ClassVar[dict[str, Any]] = ModeratedOut.example | {
        "state": "open",
        "rule": None,
        "rule_text": None,
        "reason": None,
        "decided_at": None,
        "can_appeal": False,
        "language": "el",
        "path": "/api/v1/kozani/contributions/01a20027-6d10-7b3e-9a55-1f0c2a9d7e31",
        "waiting_since": "2026-11-23T05:12:44.201337Z",
        "complaints": 2,
        "complaints_of_newcomers": 0,
        "complaints_by_rule": [{"rule": RULE, "count": 2}],
        "notes": ["He calls my neighbour a thief."],
        "burst": False,
        "appeal": None,
        "may_decide": True,
    }

    language = fields.String(required=True, allow_none=True)
    path = fields.String(required=True, allow_none=True, metadata={"description": "Where it can be read."})
    waiting_since = fields.AwareDateTime(required=True, allow_none=True)
    complaints = fields.Integer(required=True)
    complaints_of_newcomers = fields.Integer(
        required=True, metadata={"description": "Of accounts that were made within the day before."}
    )
    complaints_by_rule = fields.List(fields.Dict(), required=True)
    notes = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "What the first twenty who complained wrote to it; nobody is told who they are."},
    )
    burst = fields.Boolean(
        required=True, metadata={"description": "Very many complained within an hour: it may be a campaign."}
    )
    appeal = fields.String(required=True, allow_none=True, metadata={"description": "What its author says to it."})
    may_decide = fields.Boolean(
        required=True,
        metadata={"description": "False for the caller's own words, and of an appeal where they have ever decided."},
    )


class ModerationCasesOut(Schema):
    """What waits for a moderator, the oldest first."""

    example: ClassVar[dict[str, Any]] = {"cases": [ModerationCaseOut.example], "next": None}

    cases = fields.List(fields.Nested(ModerationCaseOut), required=True)
    next = following()
