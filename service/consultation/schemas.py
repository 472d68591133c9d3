"""Consultations in JSON, for everybody."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.consultation.ballots import KINDS
from service.consultation.subject_schemas import ConsultationSubjectOut, ConsultedOnIn, ConsultedOnOut
from service.consultation.wording import ELIGIBILITY, SECRECY, UNITS
from service.http import following
from service.people.schemas import Plain
from service.text import LANGUAGES

UID = "01a20031-5d2e-7a10-9c44-3e5b0a6d8f12"
TRACKER = "9f2c4e0b7a1d8356c0e9b4a7d2f1836559c8e7a0b3d4f6128ad0c5e3b7f49160"
OTHER_TRACKER = "1b7d0f5a3c9e8264d7b0a1f3c5e7092846ad8b1c2e3f40516273849fa0b1c2d3"
SALT = "5f0c1d7a9e3b42688d2f4c6a0b1e3d57"
INSTANT = "2026-12-01T18:00:00Z"


def texts(longest: int, **options: Any) -> fields.Dict:
    """A text in one or more languages."""
    return fields.Dict(
        keys=fields.String(validate=validate.OneOf(LANGUAGES)),
        values=fields.String(validate=[validate.Length(1, longest), Plain]),
        validate=validate.Length(1),
        metadata={"description": "By language.", "examples": [{"el": "Δέντρα", "en": "Trees"}]},
        **options,
    )


def hexadecimal(length: int, example: str, about: str, **options: Any) -> fields.String:
    """So many bytes as small hexadecimal digits."""
    return fields.String(
        validate=validate.Regexp(rf"\A[0-9a-f]{{{2 * length}}}\Z"),
        metadata={"description": about, "examples": [example], "pattern": f"^[0-9a-f]{{{2 * length}}}$"},
        **options,
    )


class BallotOptionOut(Schema):
    """Something to choose."""

    key = fields.String(required=True)
    text = fields.String(required=True)
    cost = fields.Integer(required=True, metadata={"description": "In whole units of money; 0 where nothing costs."})


class ConsultationQuestionOut(Schema):
    """A question, in the caller's language."""

    key = fields.String(required=True)
    text = fields.String(required=True)
    about = fields.Nested(ConsultedOnOut, required=True, allow_none=True)
    kind = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": f"{'; '.join(f'`{kind}`' for kind in KINDS)}; null: it is only talked about."},
    )
    options = fields.List(fields.Nested(BallotOptionOut), required=True)
    most = fields.Integer(required=True, allow_none=True, metadata={"description": "How many may be chosen."})
    highest = fields.Integer(required=True, allow_none=True, metadata={"description": "Points of a score."})
    budget = fields.Integer(required=True, allow_none=True)
    fits = fields.Boolean(required=True, metadata={"description": "A choice itself must stay within the budget."})
    valid = fields.String(required=True, allow_none=True, metadata={"description": "What a valid answer is, in words."})
    counted = fields.String(
        required=True, allow_none=True, metadata={"description": "How answers are counted, in words."}
    )
    rule = fields.String(required=True, allow_none=True)
    rule_version = fields.Integer(required=True, allow_none=True)


class ConsultationPhaseOut(Schema):
    """From when until before when."""

    kind = fields.String(required=True)
    opens_at = fields.AwareDateTime(required=True)
    closes_at = fields.AwareDateTime(required=True)


class ConsultationExtensionOut(Schema):
    """The end of the vote was moved."""

    at = fields.AwareDateTime(required=True)
    before = fields.AwareDateTime(required=True)
    closes_at = fields.AwareDateTime(required=True)
    reason = fields.String(required=True)


class ConsultationListedOut(Schema):
    """A consultation in a list."""

    id = fields.UUID(required=True)
    state = fields.String(required=True, metadata={"description": "`draft`, `fixed`, `counted` or `closed`."})
    title = fields.String(required=True)
    about = fields.List(fields.Nested(ConsultedOnOut), required=True)
    opens_at = fields.AwareDateTime(
        required=True,
        metadata={"description": "Of the vote; where there is none, of the phase with whose end it is over."},
    )
    closes_at = fields.AwareDateTime(required=True)


class ConsultationsOut(Schema):
    """A page of consultations, the newest first."""

    example: ClassVar[dict[str, Any]] = {
        "consultations": [
            {
                "id": UID,
                "state": "fixed",
                "title": "The square",
                "about": [],
                "opens_at": "2026-11-23T06:00:00Z",
                "closes_at": INSTANT,
            }
        ],
        "next": None,
    }

    consultations = fields.List(fields.Nested(ConsultationListedOut), required=True)
    next = following()


QUESTION: dict[str, Any] = {
    "key": "trees",
    "text": "More trees on the square",
    "about": ConsultedOnIn.example,
    "kind": "stance",
    "options": [],
    "most": None,
    "highest": None,
    "budget": None,
    "fits": False,
    "valid": "Choose one: for, against or neutral.",
    "counted": "What more people say of for and against; neutral answers are shown and decide nothing.",
    "rule": "majority",
    "rule_version": 1,
}


class AmongOut(Schema):
    """Which of the verified residents may take part."""

    districts = fields.List(fields.String(), required=True, metadata={"description": "Their keys; empty: all."})
    youngest = fields.Integer(required=True, allow_none=True)
    oldest = fields.Integer(required=True, allow_none=True)
    year = fields.Integer(required=True, metadata={"description": "The age is that of its 31 December."})


class ConsultationOut(Schema):
    """A consultation, with everything that one should know before taking part."""

    example: ClassVar[dict[str, Any]] = {
        "id": UID,
        "state": "fixed",
        "title": "The square",
        "text": "What should become of the square?",
        "about": [],
        "subjects": [],
        "phases": [{"kind": "vote", "opens_at": "2026-11-23T06:00:00Z", "closes_at": INSTANT}],
        "extensions": [],
        "eligibility": "resident",
        "eligibility_words": "Everybody who was shown to live here may take part: one ballot per person.",
        "among": {"districts": [], "youngest": 16, "oldest": None, "year": 2026},
        "one_per": "person",
        "eligible": 21500,
        "eligible_source": "Register of citizens, 1 November 2026",
        "secrecy": "secret",
        "secrecy_words": "This vote is secret: that you took part and what you answered are kept apart.",
        "limits": [],
        "questions": [QUESTION],
        "public_key": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "log": f"plateia/kozani/{UID.replace('-', '')}",
    }

    id = fields.UUID(required=True)
    state = fields.String(required=True)
    title = fields.String(required=True)
    text = fields.String(required=True)
    about = fields.List(fields.Nested(ConsultedOnOut), required=True)
    subjects = fields.List(fields.Nested(ConsultationSubjectOut), required=True)
    phases = fields.List(fields.Nested(ConsultationPhaseOut), required=True)
    extensions = fields.List(fields.Nested(ConsultationExtensionOut), required=True)
    eligibility = fields.String(
        required=True, metadata={"description": "Who may take part: " + ", ".join(f"`{key}`" for key in ELIGIBILITY)}
    )
    eligibility_words = fields.String(required=True)
    one_per = fields.String(
        required=True, metadata={"description": "One ballot per " + ", ".join(f"`{unit}`" for unit in UNITS.values())}
    )
    among = fields.Nested(AmongOut, required=True, allow_none=True)
    eligible = fields.Integer(required=True, allow_none=True, metadata={"description": "How many may take part."})
    eligible_source = fields.String(required=True, allow_none=True, metadata={"description": "Whose number that is."})
    secrecy = fields.String(required=True, metadata={"description": ", ".join(f"`{key}`" for key in SECRECY)})
    secrecy_words = fields.String(required=True)
    limits = fields.List(
        fields.String(), required=True, metadata={"description": "What cannot be promised: show it where people vote."}
    )
    questions = fields.List(fields.Nested(ConsultationQuestionOut), required=True)
    public_key = fields.String(
        required=True, allow_none=True, metadata={"description": "With which heads of the log are signed (Ed25519)."}
    )
    log = fields.String(required=True, allow_none=True, metadata={"description": "The name of the log in its heads."})


class ParticipationOut(Schema):
    """Whether the caller may take part, and has."""

    example: ClassVar[dict[str, Any]] = {"may": True, "reason": None, "voted": False}

    may = fields.Boolean(
        required=True, allow_none=True, metadata={"description": "Null: only a code on paper can tell."}
    )
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Why not: `reason` of the refusal `not_eligible`."}
    )
    voted = fields.Boolean(required=True, allow_none=True)


def answers_in() -> fields.Dict:
    return fields.Dict(
        keys=fields.String(validate=[validate.Length(1, 32), Plain]),
        values=fields.Raw(allow_none=True),
        required=True,
        metadata={
            "description": "By the question's key; what is left out or null is a blank answer.",
            "examples": [{"trees": "for"}],
        },
    )


class BallotIn(Schema):
    """A ballot. In a secret vote the phone makes a receipt key of 16 random bytes and names the ballot by it."""

    example: ClassVar[dict[str, Any]] = {
        "answers": {"trees": "for"},
        "tracker": TRACKER,
        "trackers": {"trees": OTHER_TRACKER},
        "code": None,
    }

    answers = answers_in()
    tracker = hexadecimal(
        32,
        TRACKER,
        "Of the whole ballot; for secret votes. SHA-256 of `plateia tracker`, a zero byte and the key.",
        load_default=None,
        allow_none=True,
    )
    trackers = fields.Dict(
        keys=fields.String(validate=[validate.Length(1, 32), Plain]),
        values=hexadecimal(32, OTHER_TRACKER, "SHA-256 of `plateia tracker`, a zero byte and HMAC(key, question)."),
        load_default=dict,
        metadata={"description": "Of each answer; for secret votes, for every question."},
    )
    code = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(1, 40), Plain],
        metadata={"description": "The code on paper, where one is needed.", "examples": ["7K3M-9QXT-2RVB"]},
    )


class ReplacementIn(Schema):
    """What comes in place of a secret ballot."""

    example: ClassVar[dict[str, Any]] = {"receipt_key": SALT, "sequence": 1, "answers": {"trees": "against"}}

    receipt_key = hexadecimal(16, SALT, "The key that the phone made; it is not kept.", required=True)
    sequence = fields.Integer(
        required=True,
        validate=validate.Range(1, 2**31 - 2),
        metadata={"description": "`sequence` of the receipt that is replaced.", "minimum": 1, "maximum": 2**31 - 2},
    )
    answers = answers_in()


class ReceiptAnswerOut(Schema):
    """One answer on the receipt."""

    question = fields.String(required=True)
    tracker = fields.String(required=True)
    sequence = fields.Integer(required=True)
    salt = fields.String(required=True)
    commitment = fields.String(required=True)


class ReceiptOut(Schema):
    """What the phone keeps, beside its key; `--receipt` of the verifier reads it."""

    example: ClassVar[dict[str, Any]] = {
        "consultation": UID.replace("-", ""),
        "sequence": 1,
        "answers": [
            {
                "question": "trees",
                "tracker": OTHER_TRACKER,
                "sequence": 1,
                "salt": SALT,
                "commitment": TRACKER,
            }
        ],
    }

    consultation = fields.String(required=True)
    sequence = fields.Integer(required=True, metadata={"description": "Name it to replace the ballot."})
    answers = fields.List(fields.Nested(ReceiptAnswerOut), required=True)


class ConsultationResultOut(Schema):
    """The result of one question."""

    key = fields.String(required=True)
    rule = fields.String(required=True)
    version = fields.Integer(required=True)
    ballots = fields.Integer(required=True)
    valid = fields.Integer(required=True)
    blank = fields.Integer(required=True)
    invalid = fields.Integer(required=True)
    result = fields.Dict(keys=fields.String(), required=True, metadata={"description": "As its kind counts."})
    warnings = fields.List(fields.String(), required=True, metadata={"description": "`few`, `unanimous`."})


class ConversationTotalsOut(Schema):
    """How many took part in the conversation. `reportContributions` has every contribution with its answer."""

    contributions = fields.Dict(
        keys=fields.String(), values=fields.Integer(), required=True, metadata={"description": "By channel."}
    )
    authors = fields.Integer(required=True, metadata={"description": "Who wrote in the app."})
    votes = fields.Integer(required=True, metadata={"description": "On contributions."})
    voters = fields.Integer(required=True, metadata={"description": "Who voted on contributions."})
    unanswered = fields.Integer(required=True)


class ConsultationResultsOut(Schema):
    """The result, when the vote is over and counted."""

    example: ClassVar[dict[str, Any]] = {
        "consultation": UID.replace("-", ""),
        "participations": 812,
        "eligible": 21500,
        "one_per": "person",
        "channels": {"app": 700, "paper": 112},
        "closed_at": INSTANT,
        "bundle_digest": TRACKER,
        "questions": [
            {
                "key": "trees",
                "rule": "majority",
                "version": 1,
                "ballots": 812,
                "valid": 800,
                "blank": 12,
                "invalid": 0,
                "result": {"votes": {"for": 500, "against": 200, "neutral": 100}, "outcome": "for"},
                "warnings": [],
            }
        ],
        "conversation": {"contributions": {"app": 41}, "authors": 29, "votes": 310, "voters": 96, "unanswered": 41},
    }

    consultation = fields.String(required=True)
    participations = fields.Integer(required=True)
    eligible = fields.Integer(required=True, allow_none=True)
    one_per = fields.String(required=True)
    channels = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        allow_none=True,
        metadata={"description": "Null where one channel has so few that it would tell about single people."},
    )
    closed_at = fields.AwareDateTime(required=True)
    bundle_digest = fields.String(required=True, metadata={"description": "SHA-256 of the bundle's `manifest.json`."})
    questions = fields.List(fields.Nested(ConsultationResultOut), required=True)
    conversation = fields.Nested(
        ConversationTotalsOut, required=True, allow_none=True, metadata={"description": "As it was at the end."}
    )
