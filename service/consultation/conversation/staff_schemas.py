"""Conversations in JSON, for who runs consultations."""

from typing import Any, ClassVar

from flask_smorest.fields import Upload
from marshmallow import Schema, fields, validate

from service.consultation.conversation.answering import DISPOSITIONS, MOST_TOGETHER
from service.consultation.conversation.contributing import CHANNELS
from service.consultation.conversation.schemas import (
    KIND,
    LONGEST_TEXT,
    UID,
    AboutQuery,
    ContributionIn,
    ContributionOut,
    texts,
    words,
)
from service.http import PageQuery, following
from service.people.schemas import Plain
from service.plans.file_schemas import is_file

MOST_DAYS = 366


def contributions(**metadata: Any) -> Any:
    return fields.List(
        fields.UUID(), required=True, validate=validate.Length(1, MOST_TOGETHER), metadata=metadata or None
    )


def department(**options: Any) -> fields.String:
    about = {"description": "The department's key.", "examples": ["parks"]}
    return fields.String(validate=validate.Length(1, 64), allow_none=True, metadata=about, **options)


class OutsideIn(ContributionIn):
    """What came from outside the app, entered by staff."""

    example: ClassVar[dict[str, Any]] = ContributionIn.example | {
        "channel": "letter",
        "role": "President of the community council",
        "received_on": "2026-11-20",
    }

    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    role = words(
        200, required=True, metadata={"description": "As what its submitter speaks. Everybody sees it: write no names."}
    )
    received_on = fields.Date(required=True)


class SheetIn(Schema):
    """A sheet of contributions from outside."""

    file = Upload(required=True, validate=is_file, metadata={"description": "CSV in UTF-8, with a header."})
    write = fields.Boolean(
        load_default=False, metadata={"description": "Left out: only say what is wrong with its rows."}
    )


class SheetFaultOut(Schema):
    """What is wrong with one cell of a sheet."""

    row = fields.Integer(required=True, metadata={"description": "1 is the header."})
    column = fields.String(required=True)
    fault = fields.String(required=True)


class SheetOut(Schema):
    """What is in a sheet, and how many contributions were written of it, now and before."""

    example: ClassVar[dict[str, Any]] = {
        "rows": 3,
        "faults": [{"row": 3, "column": "channel", "fault": "Must be one of: letter, email."}],
        "ignored": ["notes"],
        "written": 0,
        "already_there": 0,
    }

    rows = fields.Integer(required=True)
    faults = fields.List(fields.Nested(SheetFaultOut), required=True)
    ignored = fields.List(fields.String(), required=True, metadata={"description": "Columns that nobody knows."})
    written = fields.Integer(required=True, metadata={"description": "By this call: all that were not there, or none."})
    already_there = fields.Integer(
        required=True, metadata={"description": "Rows of which a contribution was there: the file was sent before."}
    )


class TextIn(AboutQuery):
    """The text that is talked about from now on."""

    example: ClassVar[dict[str, Any]] = {
        "kind": "article",
        "target": "3",
        "title": {"en": "Article 3: the square"},
        "text": "The square gets two benches and a fountain.",
    }

    title = texts(500, load_default=None, allow_none=True)
    text = words(
        LONGEST_TEXT,
        load_default=None,
        allow_none=True,
        metadata={"description": "Left out of a plan and its elements: as the plan's version in force has it."},
    )


class AnswerIn(Schema):
    """What was done with some contributions."""

    example: ClassVar[dict[str, Any]] = {
        "contributions": [UID],
        "disposition": "accepted_in_part",
        "reason": {"en": "Trees are planted; the fountain stays.", "el": "Φυτεύονται δέντρα· το σιντριβάνι μένει."},
        "body": "Executive Committee",
        "changed_text": {"en": "The square gets trees and a fountain."},
    }

    contributions = contributions(description="Similar ones are answered together.")
    disposition = fields.String(required=True, validate=validate.OneOf(tuple(DISPOSITIONS)))
    reason = texts(5000, required=True)
    body = words(200, required=True, metadata={"description": "Who decided so."})
    changed_text = texts(20_000, load_default=None, allow_none=True)
    replace = fields.Boolean(
        load_default=False,
        metadata={"description": "In place of answers that were given before. Left out: such are refused."},
    )


class PromiseIn(Schema):
    """Within how many days each contribution is answered."""

    example: ClassVar[dict[str, Any]] = {"days": 30}

    days = fields.Integer(
        required=True,
        allow_none=True,
        validate=validate.Range(1, MOST_DAYS),
        metadata={"description": "Null: nothing is promised.", "minimum": 1, "maximum": MOST_DAYS},
    )


class HandIn(Schema):
    """Which department prepares the answers to some contributions."""

    example: ClassVar[dict[str, Any]] = {"contributions": [UID], "department": "parks"}

    contributions = contributions()
    department = department(required=True)


class AfterQuery(Schema):
    """Where to go on."""

    after = fields.String(metadata={"description": "`next` of the page before.", "examples": ["WzQyXQ"]})


class DutyQuery(PageQuery):
    """Which of the duties."""

    kind = fields.String(
        load_default=None,
        allow_none=True,
        validate=KIND,
        metadata={"description": "The `kind` of one thread.", "examples": ["article"]},
    )
    target = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(1, 200), Plain],
        metadata={"description": "With `kind`: of one thread only, such as one element of a plan.", "examples": ["3"]},
    )
    department = department(load_default=None)
    nobodys = fields.Boolean(
        load_default=False, metadata={"description": "Only what no department has, or one that has ended."}
    )
    overdue = fields.Boolean(load_default=False, metadata={"description": "Only what is later than was promised."})


class DutyOut(ContributionOut):
    """A contribution as those see it who answer it."""

    example: ClassVar[dict[str, Any]] = ContributionOut.example | {
        "answer": None,
        "department": "parks",
        "due_at": "2026-12-23T06:12:44.201337Z",
        "votes_of_newcomers": 0,
    }

    department = fields.String(required=True, allow_none=True, metadata={"description": "Whose duty the answer is."})
    due_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "Until when it was promised; null when answered."}
    )
    votes_of_newcomers = fields.Integer(
        required=True,
        metadata={"description": "Votes of accounts made within the day before: very many may be a campaign."},
    )


class DutiesOut(Schema):
    """A page of contributions as those see it who answer them."""

    example: ClassVar[dict[str, Any]] = {"contributions": [DutyOut.example], "next": None}

    contributions = fields.List(fields.Nested(DutyOut), required=True)
    next = following()


class SimilarOut(Schema):
    """A contribution that says nearly the same."""

    likeness = fields.Float(required=True, metadata={"description": "From 0.5 to 1, where the words are the same."})
    contribution = fields.Nested(DutyOut, required=True)


class SimilarsOut(Schema):
    """Contributions that say nearly the same, the most alike first."""

    example: ClassVar[dict[str, Any]] = {
        "similar": [{"likeness": 0.83, "contribution": DutyOut.example}],
        "next": None,
        "more": False,
    }

    similar = fields.List(fields.Nested(SimilarOut), required=True)
    next = following()
    more = fields.Boolean(
        required=True,
        metadata={"description": "There may be more than are shown here or on later pages: not all were compared."},
    )


class ScanIn(Schema):
    """A scan of a letter or form: PDF, JPEG, PNG, WebP, HEIC or AVIF."""

    scan = Upload(required=True, validate=is_file)


class ScanOut(Schema):
    """A scan that is kept."""

    example: ClassVar[dict[str, Any]] = {
        "id": "01a20027-8a00-7c00-9d00-3c4d5e6f7a8b",
        "media_type": "application/pdf",
        "bytes": 184_203,
        "width": None,
        "height": None,
        "kept_at": "2026-11-23T06:14:02.118204Z",
    }

    id = fields.UUID(required=True)
    media_type = fields.String(required=True, metadata={"description": "`application/pdf` or `image/jpeg`."})
    bytes = fields.Integer(required=True)
    width = fields.Integer(required=True, allow_none=True, metadata={"description": "Pixels, of a picture."})
    height = fields.Integer(required=True, allow_none=True)
    kept_at = fields.AwareDateTime(required=True)


class ScansOut(Schema):
    """The scans of a contribution, the first one first."""

    example: ClassVar[dict[str, Any]] = {"scans": [ScanOut.example]}

    scans = fields.List(fields.Nested(ScanOut), required=True)


class TakenBackIn(Schema):
    """Why a contribution is taken back."""

    example: ClassVar[dict[str, Any]] = {"reason": "The same letter was entered twice."}

    reason = fields.String(
        required=True,
        validate=[validate.Length(1, 1000), validate.Regexp(r"\A[^\x00]*[^\s\x00][^\x00]*\Z")],
        metadata={"description": "In words. Colleagues and auditors read it."},
    )
    forget = fields.Boolean(
        load_default=False,
        metadata={"description": "What it said is not kept either, as where its writer wants it gone."},
    )


class OneTakenBackOut(Schema):
    """A contribution that was entered by mistake, and why it was taken back."""

    id = fields.UUID(required=True)
    channel = fields.String(required=True)
    role = fields.String(required=True, allow_none=True)
    received_on = fields.Date(required=True, allow_none=True)
    language = fields.String(required=True)
    text = fields.String(required=True, allow_none=True, metadata={"description": "Null: it was forgotten."})
    reason = fields.String(required=True)
    entered_at = fields.AwareDateTime(required=True)
    taken_back_at = fields.AwareDateTime(required=True)


class TakenBackOut(Schema):
    """A page of what was taken back."""

    example: ClassVar[dict[str, Any]] = {
        "taken_back": [
            {
                "id": UID,
                "channel": "letter",
                "role": "President of the community council",
                "received_on": "2026-11-20",
                "language": "en",
                "text": "The square needs shade before it needs a fountain.",
                "reason": "The same letter was entered twice.",
                "entered_at": "2026-11-23T06:12:44.201337Z",
                "taken_back_at": "2026-11-23T07:30:10.551020Z",
            }
        ],
        "next": None,
    }

    taken_back = fields.List(fields.Nested(OneTakenBackOut), required=True)
    next = following()
