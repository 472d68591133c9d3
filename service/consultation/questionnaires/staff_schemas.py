"""Questionnaires in JSON, for those who prepare and run them."""

from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from service.consultation.phases import PHASES
from service.consultation.questionnaires.asking import KEY, LARGEST, LONGEST, MOST_OPTIONS, MOST_QUESTIONS, READ
from service.consultation.questionnaires.forms import CHANNELS
from service.consultation.questionnaires.models import EVERYONE
from service.consultation.questionnaires.schemas import (
    AUDIENCES,
    CHOSEN,
    BodyResultOut,
    QuestionnaireListedOut,
    answers,
    others,
)
from service.consultation.schemas import TRACKER, UID, texts
from service.consultation.staff_schemas import seen
from service.people.schemas import Plain
from service.people.verified.schemas import birth_year, district

KEYED = validate.Regexp(rf"\A{KEY.pattern}\Z")
MOST_SECTIONS = 20
MOST_BODIES = 100
ANSWERED_IN = tuple(kind for kind in PHASES if kind != "results")
PAGE = "https://kozani.example/questionnaire"


def whole(least: int, most: int, about: str, **options: Any) -> fields.Integer:
    return fields.Integer(
        strict=True,
        validate=validate.Range(least, most),
        metadata={"description": about, "minimum": least, "maximum": most},
        **options,
    )


def bound(about: str) -> fields.Integer:
    return whole(-LARGEST, LARGEST, about, load_default=None, allow_none=True)


def words(longest: int) -> fields.Dict:
    return texts(longest, load_default=None, allow_none=True)


class QuestionnaireOptionIn(Schema):
    """Something to choose."""

    example: ClassVar[dict[str, Any]] = {"key": "trees", "text": {"el": "Δέντρα"}}

    key = fields.String(required=True, validate=[KEYED, validate.NoneOf(("other",))])
    text = texts(500, required=True)


class AskedIn(Schema):
    """A question."""

    example: ClassVar[dict[str, Any]] = {"key": "more", "kind": "text", "text": {"el": "Τι άλλο λείπει;"}}

    key = fields.String(required=True, validate=KEYED)
    kind = fields.String(required=True, validate=validate.OneOf(tuple(READ)))
    text = texts(2000, required=True)
    note = words(2000)
    required = fields.Boolean(load_default=False)
    options = fields.List(
        fields.Nested(QuestionnaireOptionIn),
        load_default=list,
        validate=validate.Length(max=MOST_OPTIONS),
        metadata={"description": "Of `one` and `several`, two at least (`other` counts)."},
    )
    other = fields.Boolean(load_default=False, metadata={"description": "One may choose `other` and say what."})
    least = bound("Of a scale its lower end, of a number its lowest, of `several` how many at least.")
    most = bound("Of a scale its upper end, of a number its highest, of `several` how many at most.")
    least_text = words(200)
    most_text = words(200)
    longest = whole(1, LONGEST, "Of what is written, in characters.", load_default=2000)
    decimals = whole(0, 4, "Of a number.", load_default=0)
    earliest = fields.Date(load_default=None, allow_none=True, metadata={"description": "Of a date."})
    latest = fields.Date(load_default=None, allow_none=True)


class QuestionnaireSectionIn(Schema):
    """Some questions under a title."""

    example: ClassVar[dict[str, Any]] = {"title": None, "questions": [AskedIn.example]}

    title = words(200)
    questions = fields.List(fields.Nested(AskedIn), required=True, validate=validate.Length(1, MOST_QUESTIONS))


DRAFT: dict[str, Any] = {
    "audience": EVERYONE,
    "phase": "comment",
    "title": {"el": "Η πλατεία το καλοκαίρι"},
    "text": {"el": "Πέντε λεπτά για τη νέα πλατεία."},
    "sections": [QuestionnaireSectionIn.example],
}


class QuestionnaireIn(Schema):
    """A questionnaire as a draft, in every language of its consultation's title."""

    example: ClassVar[dict[str, Any]] = DRAFT

    audience = fields.String(required=True, validate=validate.OneOf(AUDIENCES))
    phase = fields.String(
        required=True,
        validate=validate.OneOf(ANSWERED_IN),
        metadata={
            "description": "In which phase of the consultation it is answered: of a secret vote's, for "
            "`everyone`, one that is over before people vote."
        },
    )
    title = texts(200, required=True)
    text = texts(20000, required=True)
    sections = fields.List(
        fields.Nested(QuestionnaireSectionIn), required=True, validate=validate.Length(1, MOST_SECTIONS)
    )


class QuestionnaireChangeIn(QuestionnaireIn):
    """A draft, described anew."""

    example: ClassVar[dict[str, Any]] = {**DRAFT, "version": 1}

    version = seen()


class QuestionnaireFixIn(Schema):
    """Which version of the draft is to be fixed."""

    example: ClassVar[dict[str, Any]] = {"version": 1}

    version = seen()


class LetterIn(Schema):
    """Where a letter leads."""

    example: ClassVar[dict[str, Any]] = {"page": PAGE}

    page = fields.Url(
        schemes={"https"},
        load_default=None,
        allow_none=True,
        validate=[validate.Length(max=500), validate.ContainsNoneOf("#")],
        metadata={
            "description": "The page or app where it is answered, without `#`: the code stands behind `#` in the link. "
            "Null: the letter has the code alone.",
            "examples": [PAGE],
        },
    )


class CodeRenewalIn(LetterIn):
    """Where the letter leads, and another address for it."""

    example: ClassVar[dict[str, Any]] = {"page": PAGE, "email": "koila@kozani.example"}

    email = fields.Email(
        allow_none=True,
        validate=validate.Length(max=254),
        metadata={"description": "Left out: as before; null: by no letter, the code is in the answer."},
    )


class BodyIn(Schema):
    """A body: by a name of its own, or as a body of a published plan."""

    example: ClassVar[dict[str, Any]] = {"name": "Συμβούλιο Κοινότητας Κοίλων", "email": "koila@kozani.example"}

    name = fields.String(load_default=None, allow_none=True, validate=[validate.Length(1, 200), Plain])
    plan = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(1, 200), Plain],
        metadata={"description": "The plan's key."},
    )
    plan_body = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(1, 200), Plain],
        metadata={"description": "The key of the body in the plan, whose name it gets."},
    )
    email = fields.Email(
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=254),
        metadata={"description": "Where the code goes; null: it is in the answer, to be printed."},
    )

    @validates_schema
    def named_once(self, data: dict[str, Any], **options: Any) -> None:
        """It has a name, or both keys."""
        keys = (data["plan"], data["plan_body"])
        if not (all(keys) and not data["name"]) and not (data["name"] and not any(keys)):
            raise ValidationError("give a name, or plan and plan_body", "name")


class BodiesIn(LetterIn):
    """Bodies that are asked."""

    example: ClassVar[dict[str, Any]] = {"bodies": [BodyIn.example], "page": PAGE}

    bodies = fields.List(fields.Nested(BodyIn), required=True, validate=validate.Length(1, MOST_BODIES))


class AskedBodyOut(Schema):
    """A body that is asked, and its code where it was not sent by e-mail; it is shown only once."""

    example: ClassVar[dict[str, Any]] = {"id": UID, "name": "Συμβούλιο Κοινότητας Κοίλων", "code": None}

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    code = fields.String(required=True, allow_none=True)


class AskedBodiesOut(Schema):
    """The bodies that are asked now."""

    example: ClassVar[dict[str, Any]] = {"bodies": [AskedBodyOut.example]}

    bodies = fields.List(fields.Nested(AskedBodyOut), required=True)


class FormIn(Schema):
    """A form on paper: of a body, or of a resident."""

    example: ClassVar[dict[str, Any]] = {
        "body": None,
        "role": None,
        "person": "123456783",
        "channel": "form",
        "answers": CHOSEN,
        "others": {},
    }

    body = fields.UUID(load_default=None, allow_none=True)
    role = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(1, 200), Plain],
        metadata={"description": "As what somebody speaks for the body."},
    )
    person = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(1, 40), Plain],
        metadata={"description": "Personal number, or code; it is not kept."},
    )
    birth_year = birth_year()
    district = district()
    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    answers = answers()
    others = others(load_default=dict)

    @validates_schema
    def of_one(self, data: dict[str, Any], **options: Any) -> None:
        """It is of a body with a role, or of a person."""
        if bool(data["person"]) == bool(data["body"]) or bool(data["body"]) != bool(data["role"]):
            raise ValidationError("give a person, or body and role", "person")


class FormOut(Schema):
    """A form on paper."""

    example: ClassVar[dict[str, Any]] = {"id": UID, "channel": "form", "confirmed": False}

    id = fields.UUID(required=True)
    channel = fields.String(required=True)
    confirmed = fields.Boolean(
        required=True, metadata={"description": "False until a second officer has entered the same: it is not counted."}
    )


class StaffBodyOut(BodyResultOut):
    """A body with its address and what it answered."""

    email = fields.String(required=True, allow_none=True)


class StaffQuestionnaireOut(Schema):
    """A questionnaire as staff see it; `draft` is what QuestionnaireIn takes."""

    example: ClassVar[dict[str, Any]] = {
        "id": UID,
        "consultation": UID,
        "state": "fixed",
        "version": 2,
        "draft": DRAFT,
        "digest": TRACKER,
        "responses": {"app": 12},
        "forms": [],
        "bodies": [],
    }

    id = fields.UUID(required=True)
    consultation = fields.UUID(required=True)
    state = fields.String(required=True)
    version = fields.Integer(required=True)
    draft = fields.Nested(QuestionnaireIn, required=True)
    digest = fields.String(required=True, allow_none=True)
    responses = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "How many answered so far, by channel; what residents answer nobody sees before."},
    )
    forms = fields.List(fields.Nested(FormOut), required=True)
    bodies = fields.List(fields.Nested(StaffBodyOut), required=True)


class StaffQuestionnairesOut(Schema):
    """The questionnaires of a consultation, with drafts."""

    example: ClassVar[dict[str, Any]] = {"questionnaires": []}

    questionnaires = fields.List(fields.Nested(QuestionnaireListedOut), required=True)
