"""Consultations in JSON, for those who prepare and run them."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.consultation.ballots import KINDS
from service.consultation.ballots.asking import KEY, LARGEST_COST, MOST_OPTIONS
from service.consultation.drafting import MOST_QUESTIONS
from service.consultation.phases import PHASES
from service.consultation.schemas import (
    INSTANT,
    TRACKER,
    UID,
    ConsultationListedOut,
    answers_in,
    hexadecimal,
    texts,
)
from service.consultation.subject_schemas import ConsultedOnIn
from service.consultation.wording import ELIGIBILITY, SECRECY
from service.http import following
from service.people.schemas import Plain
from service.people.verified.schemas import DISTRICT_KEY, LATEST, MOST_DISTRICTS, birth_year, district

MOST_PAPERS = 200
MOST_CODES = 1000
MOST_OBSERVERS = 20
KEYED = validate.Regexp(rf"\A{KEY.pattern}\Z")


def whole(most: int, about: str, least: int = 1) -> fields.Integer:
    """A whole number, or nothing."""
    return fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(least, most),
        metadata={"description": about, "minimum": least, "maximum": most},
    )


class BallotOptionIn(Schema):
    """Something to choose."""

    example: ClassVar[dict[str, Any]] = {"key": "trees", "text": {"el": "Δέντρα"}, "cost": 0}

    key = fields.String(required=True, validate=KEYED)
    text = texts(500, required=True)
    cost = fields.Integer(
        load_default=0,
        strict=True,
        validate=validate.Range(0, LARGEST_COST),
        metadata={"minimum": 0, "maximum": LARGEST_COST, "description": "In whole units of money; for budgets."},
    )


class ConsultationQuestionIn(Schema):
    """A question."""

    example: ClassVar[dict[str, Any]] = {
        "key": "trees",
        "text": {"el": "Περισσότερα δέντρα στην πλατεία"},
        "about": ConsultedOnIn.example,
        "kind": "stance",
        "options": [],
    }

    key = fields.String(required=True, validate=KEYED)
    text = texts(2000, required=True)
    about = fields.Nested(ConsultedOnIn, load_default=None, allow_none=True)
    kind = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(tuple(KINDS)),
        metadata={"description": "Of ballot; null: it is only talked about."},
    )
    options = fields.List(fields.Nested(BallotOptionIn), load_default=list, validate=validate.Length(max=MOST_OPTIONS))
    most = whole(MOST_OPTIONS, "How many an answer may name (approval, budget), or how many are chosen (priorities).")
    highest = whole(100, "Points of a score.")
    budget = whole(LARGEST_COST, "What the options may cost together.")
    fits = fields.Boolean(load_default=False, metadata={"description": "An answer must stay within the budget."})


class ConsultationPhaseIn(Schema):
    """From when until before when; the database's clock decides."""

    example: ClassVar[dict[str, Any]] = {
        "kind": "vote",
        "opens_at": "2026-11-23T06:00:00Z",
        "closes_at": "2099-12-01T18:00:00Z",
    }

    kind = fields.String(required=True, validate=validate.OneOf(PHASES))
    opens_at = fields.AwareDateTime(required=True)
    closes_at = fields.AwareDateTime(required=True)


class AmongIn(Schema):
    """Which of the verified residents may take part; ages are those of 31 December, which the year of birth tells."""

    example: ClassVar[dict[str, Any]] = {"districts": [], "youngest": 16, "oldest": None, "year": 2026}

    districts = fields.List(
        fields.String(validate=DISTRICT_KEY),
        load_default=list,
        validate=validate.Length(max=MOST_DISTRICTS),
        metadata={"description": "`key`s of listDistricts; none: all."},
    )
    youngest = whole(120, "In years.", least=0)
    oldest = whole(120, "In years.", least=0)
    year = whole(LATEST, "On whose 31 December; else that in which the vote begins.", least=2000)


DRAFT: dict[str, Any] = {
    "title": {"el": "Η πλατεία"},
    "text": {"el": "Τι να γίνει με την πλατεία;"},
    "about": [],
    "secrecy": "secret",
    "eligibility": "resident",
    "eligible": 21500,
    "eligible_source": {"el": "Δημοτολόγιο, 1.11.2026"},
    "among": None,
    "questions": [ConsultationQuestionIn.example],
    "phases": [ConsultationPhaseIn.example],
}


class ConsultationIn(Schema):
    """A consultation as a draft."""

    example: ClassVar[dict[str, Any]] = DRAFT

    title = texts(200, required=True)
    text = texts(20000, required=True)
    about = fields.List(fields.Nested(ConsultedOnIn), load_default=list, validate=validate.Length(max=20))
    secrecy = fields.String(load_default="secret", validate=validate.OneOf(tuple(SECRECY)))
    eligibility = fields.String(required=True, validate=validate.OneOf(tuple(ELIGIBILITY)))
    eligible = whole(10**8, "How many may take part, where that is known; with codes it is their number.")
    eligible_source = texts(300, load_default=None, allow_none=True)
    among = fields.Nested(AmongIn, load_default=None, allow_none=True)
    questions = fields.List(
        fields.Nested(ConsultationQuestionIn), load_default=list, validate=validate.Length(max=MOST_QUESTIONS)
    )
    phases = fields.List(
        fields.Nested(ConsultationPhaseIn),
        required=True,
        validate=validate.Length(1, len(PHASES)),
        metadata={"description": f"Some of {', '.join(PHASES)}, beginning in this order."},
    )


def seen() -> fields.Integer:
    return fields.Integer(
        required=True,
        validate=validate.Range(1, 2**31 - 1),
        metadata={"description": "`version` of what was seen.", "minimum": 1, "maximum": 2**31 - 1},
    )


class ConsultationChangeIn(ConsultationIn):
    """A draft, described anew."""

    example: ClassVar[dict[str, Any]] = {**DRAFT, "version": 1}

    version = seen()


class ConsultationFixIn(Schema):
    """Which version of the draft is to be fixed."""

    example: ClassVar[dict[str, Any]] = {"version": 1}

    version = seen()


class ObserversIn(Schema):
    """Mailboxes that get the signed heads of the log."""

    example: ClassVar[dict[str, Any]] = {"addresses": ["faction@council.example"]}

    addresses = fields.List(
        fields.Email(validate=validate.Length(max=254)), required=True, validate=validate.Length(max=MOST_OBSERVERS)
    )


class PaperCodesIn(Schema):
    """How many codes on paper to make."""

    example: ClassVar[dict[str, Any]] = {"version": 1, "count": 2}

    version = seen()
    count = fields.Integer(
        required=True,
        validate=validate.Range(1, MOST_CODES),
        metadata={"description": "How many more.", "minimum": 1, "maximum": MOST_CODES},
    )


class PaperCodesOut(Schema):
    """Codes to be printed; they are shown only once."""

    example: ClassVar[dict[str, Any]] = {"codes": ["7K3M-9QXT-2RVB"]}

    codes = fields.List(fields.String(), required=True)


class ConsultationExtensionIn(Schema):
    """A later end, and why."""

    example: ClassVar[dict[str, Any]] = {
        "closes_at": "2099-12-08T18:00:00Z",
        "reason": {"el": "Η ψηφοφορία διακόπηκε από βλάβη."},
    }

    closes_at = fields.AwareDateTime(required=True)
    reason = texts(500, required=True)


class PaperVoterIn(Schema):
    """What is known of somebody who votes on paper, for votes that ask for it and for numbers of who took part."""

    example: ClassVar[dict[str, Any]] = {"birth_year": 1961, "district": "old-town"}

    birth_year = birth_year()
    district = district()


class PapersAgainIn(Schema):
    """The same people and papers, entered by a second officer, in any order."""

    example: ClassVar[dict[str, Any]] = {"voters": ["123456783"], "answers": [{"trees": "for"}]}

    voters = fields.List(
        fields.String(validate=[validate.Length(1, 40), Plain]),
        required=True,
        validate=validate.Length(1, MOST_PAPERS),
        metadata={"description": "Personal numbers, or codes; they are not kept."},
    )
    known = fields.List(
        fields.Nested(PaperVoterIn),
        load_default=list,
        validate=validate.Length(max=MOST_PAPERS),
        metadata={
            "description": "Of each of the voters in their order, or of nobody. Where only some residents may take "
            "part each is judged by what is said here, not by what was verified."
        },
    )
    answers = fields.List(answers_in(), required=True, validate=validate.Length(1, MOST_PAPERS))


class PapersIn(PapersAgainIn):
    """Ballots on paper: who voted, and what is on the papers; which is whose is not said."""

    example: ClassVar[dict[str, Any]] = {
        "station": "Κ.Α.Π.Η. Κοζάνης",
        "scan_digest": None,
        "voters": ["123456783"],
        "answers": [{"trees": "for"}],
    }

    station = fields.String(required=True, validate=[validate.Length(1, 100), Plain])
    scan_digest = hexadecimal(
        32, TRACKER, "SHA-256 of the scanned papers, where there are scans.", load_default=None, allow_none=True
    )


class PaperBatchOut(Schema):
    """A batch of ballots on paper."""

    example: ClassVar[dict[str, Any]] = {
        "id": UID,
        "station": "Κ.Α.Π.Η. Κοζάνης",
        "count": 1,
        "scan_digest": None,
        "created_at": INSTANT,
        "confirmed_at": None,
    }

    id = fields.UUID(required=True)
    station = fields.String(required=True)
    count = fields.Integer(required=True)
    scan_digest = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    confirmed_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "Null until a second officer has entered the same."}
    )


class StaffConsultationOut(Schema):
    """A consultation as staff see it; `draft` is what ConsultationIn takes."""

    example: ClassVar[dict[str, Any]] = {
        "id": UID,
        "state": "draft",
        "version": 1,
        "draft": DRAFT,
        "participations": {"app": 12},
        "paper_batches": [],
        "observers": [],
    }

    id = fields.UUID(required=True)
    state = fields.String(required=True)
    version = fields.Integer(required=True)
    draft = fields.Nested(ConsultationIn, required=True)
    participations = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "How many took part so far, by channel; results nobody sees before the end."},
    )
    paper_batches = fields.List(fields.Nested(PaperBatchOut), required=True)
    observers = fields.List(
        fields.String(), required=True, metadata={"description": "Mailboxes that get the signed heads of the log."}
    )


class StaffConsultationsOut(Schema):
    """A page of consultations with drafts, the newest first."""

    example: ClassVar[dict[str, Any]] = {"consultations": [], "next": None}

    consultations = fields.List(fields.Nested(ConsultationListedOut), required=True)
    next = following()
