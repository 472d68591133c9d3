"""Questionnaires in JSON, for everybody."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.consultation.questionnaires.asking import LONGEST, READ
from service.consultation.questionnaires.models import BODIES, EVERYONE
from service.consultation.schemas import INSTANT, TRACKER, UID
from service.consultation.wording import ELIGIBILITY, UNITS
from service.http import PageQuery, following
from service.people.schemas import Plain

AUDIENCES = (EVERYONE, BODIES)
STATES = ("draft", "fixed", "closed", "counted")
CHOSEN: dict[str, Any] = {"shade": "trees", "often": 4, "more": "Benches"}
FEW = "Null where it would say something of fewer than five people, or help to work it out."
Key = [validate.Length(1, 32), Plain]


def answers(**options: Any) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(validate=Key),
        values=fields.Raw(allow_none=True),
        required=True,
        metadata={
            "description": "By the question's key; what is left out or null is a blank answer. Of `text` and `date` "
            "(ISO 8601) a text, of `one` a key, of `several` keys, of `scale` and `number` a number, of `yes_no` true "
            "or false.",
            "examples": [CHOSEN],
        },
        **options,
    )


def others(**options: Any) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(validate=Key),
        values=fields.String(validate=[validate.Length(1, LONGEST), Plain]),
        metadata={"description": "The words beside the option `other`, by question.", "examples": [{"shade": "Sails"}]},
        **options,
    )


class QuestionnaireOptionOut(Schema):
    """Something to choose."""

    key = fields.String(required=True)
    text = fields.String(required=True)


class AskedOut(Schema):
    """A question, in the caller's language."""

    key = fields.String(required=True)
    kind = fields.String(required=True, metadata={"description": ", ".join(f"`{kind}`" for kind in READ)})
    text = fields.String(required=True)
    note = fields.String(required=True, allow_none=True, metadata={"description": "Show it under the question."})
    required = fields.Boolean(required=True)
    options = fields.List(fields.Nested(QuestionnaireOptionOut), required=True)
    other = fields.Boolean(
        required=True, metadata={"description": "The option `other` is there and takes words of one's own in `others`."}
    )
    least = fields.Integer(
        required=True, allow_none=True, metadata={"description": "How many of `several`, or the lowest number."}
    )
    most = fields.Integer(required=True, allow_none=True)
    least_text = fields.String(
        required=True, allow_none=True, metadata={"description": "What the lower end of a scale means."}
    )
    most_text = fields.String(required=True, allow_none=True)
    longest = fields.Integer(required=True, metadata={"description": "Of what is written, in characters."})
    decimals = fields.Integer(required=True, metadata={"description": "Of a `number`."})
    earliest = fields.String(required=True, allow_none=True, metadata={"description": "Of a `date`."})
    latest = fields.String(required=True, allow_none=True)


class QuestionnaireSectionOut(Schema):
    """Some questions under a title."""

    title = fields.String(required=True, allow_none=True)
    questions = fields.List(fields.Nested(AskedOut), required=True)


LISTED: dict[str, Any] = {
    "id": UID,
    "state": "fixed",
    "audience": EVERYONE,
    "phase": "comment",
    "title": "The square in summer",
}


class QuestionnaireListedOut(Schema):
    """A questionnaire in a list."""

    id = fields.UUID(required=True)
    state = fields.String(required=True, metadata={"description": ", ".join(f"`{state}`" for state in STATES)})
    audience = fields.String(
        required=True, metadata={"description": "`everyone` who may take part in the consultation, or named `bodies`."}
    )
    phase = fields.String(required=True, metadata={"description": "In which phase it is answered."})
    title = fields.String(required=True)


class QuestionnairesOut(Schema):
    """The questionnaires of a consultation."""

    example: ClassVar[dict[str, Any]] = {"questionnaires": [LISTED]}

    questionnaires = fields.List(fields.Nested(QuestionnaireListedOut), required=True)


QUESTION_OUT: dict[str, Any] = {
    "key": "more",
    "kind": "text",
    "text": "What else is missing?",
    "note": None,
    "required": False,
    "options": [],
    "other": False,
    "least": None,
    "most": None,
    "least_text": None,
    "most_text": None,
    "longest": 2000,
    "decimals": 0,
    "earliest": None,
    "latest": None,
}


class QuestionnaireOut(QuestionnaireListedOut):
    """A questionnaire, with everything that one should know before answering."""

    example: ClassVar[dict[str, Any]] = LISTED | {
        "consultation": UID,
        "text": "Five minutes for the new square.",
        "opens_at": "2026-11-23T06:00:00Z",
        "closes_at": INSTANT,
        "audience_words": "Your name is not shown with your answers, but the service knows which answers are yours.",
        "eligibility": "resident",
        "eligibility_words": "Everybody who was shown to live here may answer, once per person.",
        "one_per": "person",
        "limits": [],
        "digest": TRACKER,
        "sections": [{"title": None, "questions": [QUESTION_OUT]}],
    }

    consultation = fields.UUID(required=True)
    text = fields.String(required=True)
    opens_at = fields.AwareDateTime(required=True, allow_none=True, metadata={"description": "By the service's clock."})
    closes_at = fields.AwareDateTime(required=True, allow_none=True)
    audience_words = fields.String(required=True, metadata={"description": "Who answers, and who sees what, and when."})
    eligibility = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Who may answer: " + ", ".join(f"`{key}`" for key in ELIGIBILITY)},
    )
    eligibility_words = fields.String(required=True, allow_none=True)
    one_per = fields.String(
        required=True,
        metadata={"description": "One answer per " + ", ".join(f"`{unit}`" for unit in (*UNITS.values(), "body"))},
    )
    limits = fields.List(fields.String(), required=True, metadata={"description": "Show it where people answer."})
    digest = fields.String(required=True, metadata={"description": "SHA-256 of showQuestionnaireDefinition."})
    sections = fields.List(fields.Nested(QuestionnaireSectionOut), required=True)


class AnswersIn(Schema):
    """Answers to all questions at once; they come in place of those that were given before."""

    example: ClassVar[dict[str, Any]] = {"answers": CHOSEN, "others": {}, "code": None}

    answers = answers()
    others = others(load_default=dict)
    code = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(1, 40), Plain],
        metadata={"description": "The code on paper, where the consultation is for who has one."},
    )


class MyAnswersOut(Schema):
    """What the caller answered."""

    example: ClassVar[dict[str, Any]] = {"answered": True, "answers": CHOSEN, "others": {}}

    answered = fields.Boolean(required=True)
    answers = answers()
    others = others(required=True)


class BodyCodeIn(Schema):
    """The code of a body."""

    example: ClassVar[dict[str, Any]] = {"code": "7K3M-9QXT-2RVB-0C4D"}

    code = fields.String(required=True, validate=[validate.Length(1, 40), Plain])


class BodyCodeOut(Schema):
    """Whose code it is."""

    example: ClassVar[dict[str, Any]] = {"body": "Συμβούλιο Κοινότητας Κοίλων", "answered": False}

    body = fields.String(required=True)
    answered = fields.Boolean(required=True, metadata={"description": "The code is used up."})


class BodyAnswersIn(BodyCodeIn):
    """What a body answers. Say as what one speaks for it, not one's name: everybody will see it when a moderator has
    agreed.
    """

    example: ClassVar[dict[str, Any]] = {**BodyCodeIn.example, "role": "Πρόεδρος", "answers": CHOSEN, "others": {}}

    role = fields.String(required=True, validate=[validate.Length(1, 200), Plain])
    answers = answers()
    others = others(load_default=dict)


class CountedOptionOut(Schema):
    """How many chose something."""

    option = fields.String(required=True)
    text = fields.String(required=True)
    count = fields.Integer(required=True, allow_none=True, metadata={"description": FEW})


class QuestionResultOut(Schema):
    """What was answered to one question."""

    key = fields.String(required=True)
    kind = fields.String(required=True)
    text = fields.String(required=True)
    answered = fields.Integer(required=True, allow_none=True, metadata={"description": FEW})
    blank = fields.Integer(required=True, allow_none=True, metadata={"description": FEW})
    counts = fields.List(fields.Nested(CountedOptionOut), required=True)
    by_channel = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Integer()),
        required=True,
        allow_none=True,
        metadata={"description": "The same for each channel; null where a number in it would be smaller than five."},
    )
    quarters = fields.List(
        fields.Raw(),
        required=True,
        allow_none=True,
        metadata={
            "description": "Of a scale, numbers and dates: what at least a quarter, half and three quarters of the "
            "answers are at most. Of a scale null where one of its counts is. Of residents' numbers to two digits, of "
            "their dates the year, null where fewer than twenty answered.",
            "examples": [[3, 4, 5]],
        },
    )


class BodyResultOut(Schema):
    """What a body answered; words and role are null until a moderator has agreed that everybody sees them."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    plan = fields.String(required=True, allow_none=True)
    plan_body = fields.String(required=True, allow_none=True)
    answered = fields.Boolean(required=True)
    role = fields.String(required=True, allow_none=True)
    channel = fields.String(required=True, allow_none=True)
    answers = answers()
    others = others(required=True)


class ExplainedOut(Schema):
    """A column of exportQuestionnaireResults, or what its column `row` can say."""

    name = fields.String(required=True)
    about = fields.String(required=True)


class QuestionnaireResultsOut(Schema):
    """What was answered, counted when the phase was over."""

    example: ClassVar[dict[str, Any]] = {
        "questionnaire": UID,
        "digest": TRACKER,
        "closed_at": INSTANT,
        "one_per": "person",
        "eligible": None,
        "responses": 12,
        "channels": {"app": 7, "form": 5},
        "questions": [],
        "bodies": [],
        "columns": [{"name": "row", "about": "What the line says."}],
        "rows": [{"name": "text", "about": "What a resident wrote."}],
    }

    questionnaire = fields.UUID(required=True)
    digest = fields.String(required=True)
    closed_at = fields.AwareDateTime(required=True)
    one_per = fields.String(required=True)
    eligible = fields.Integer(required=True, allow_none=True)
    responses = fields.Integer(required=True)
    channels = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        allow_none=True,
        metadata={"description": "How the answers came; null where a number in it would be smaller than five."},
    )
    questions = fields.List(
        fields.Nested(QuestionResultOut),
        required=True,
        metadata={"description": "In their order; none where fewer than five residents answered."},
    )
    bodies = fields.List(fields.Nested(BodyResultOut), required=True)
    columns = fields.List(fields.Nested(ExplainedOut), required=True)
    rows = fields.List(fields.Nested(ExplainedOut), required=True)


class OpenAnswersQuery(PageQuery):
    """To which question."""

    question = fields.String(load_default=None, validate=Key, metadata={"description": "Its key; else to all."})


class OpenAnswerOut(Schema):
    """What somebody wrote."""

    id = fields.UUID(required=True, metadata={"description": "For `complain`, with the kind `open_answer`."})
    question = fields.String(required=True)
    text = fields.String(required=True)
    body = fields.String(required=True, allow_none=True, metadata={"description": "Null: a resident wrote it."})


class OpenAnswersOut(Schema):
    """What people wrote, as far as a moderator has agreed that everybody sees it."""

    example: ClassVar[dict[str, Any]] = {
        "answers": [{"id": UID, "question": "more", "text": "Benches", "body": None}],
        "next": None,
    }

    answers = fields.List(fields.Nested(OpenAnswerOut), required=True)
    next = following()
