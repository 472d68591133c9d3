"""Verified residents in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from service.db.clock import now
from service.people.schemas import Plain
from service.people.verified.desk import DOCUMENTS
from service.text import LANGUAGES

EARLIEST, LATEST = 1880, 2100
MOST_DISTRICTS = 200
DISTRICT_KEY = validate.Regexp(r"\A[a-z0-9][a-z0-9-]{0,31}\Z")
Code = [validate.Length(4, 40), Plain]
Identifier = fields.String(
    required=True,
    validate=[validate.Length(5, 60), Plain],
    metadata={"description": "The person's number in the country (ΑΦΜ, ЕГН, asmens kodas). It is not kept."},
)


def ensure_not_to_come(year: int) -> None:
    """Raises ValidationError for a year in which nobody can have been born yet."""
    if year > now().year:
        raise ValidationError("nobody was born then yet")


def birth_year() -> fields.Integer:
    return fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=[validate.Range(EARLIEST, LATEST), ensure_not_to_come],
        metadata={
            "description": "Kept for votes that ask for an age; no year to come. A number that says it goes first.",
            "minimum": EARLIEST,
            "maximum": LATEST,
        },
    )


def district() -> fields.String:
    return fields.String(
        load_default=None,
        allow_none=True,
        validate=DISTRICT_KEY,
        metadata={"description": "`key` of listDistricts, where the person lives.", "examples": ["old-town"]},
    )


class DistrictIn(Schema):
    """A part of the municipality."""

    example: ClassVar[dict[str, Any]] = {"key": "old-town", "name": {"el": "Παλιά πόλη", "en": "Old town"}}

    key = fields.String(required=True, validate=DISTRICT_KEY)
    name = fields.Dict(
        keys=fields.String(validate=validate.OneOf(LANGUAGES)),
        values=fields.String(validate=[validate.Length(1, 100), Plain]),
        required=True,
        validate=validate.Length(1),
        metadata={"description": "By language.", "examples": [{"el": "Παλιά πόλη", "en": "Old town"}]},
    )


class DistrictsIn(Schema):
    """All districts, in their order."""

    example: ClassVar[dict[str, Any]] = {"districts": [DistrictIn.example]}

    districts = fields.List(fields.Nested(DistrictIn), required=True, validate=validate.Length(max=MOST_DISTRICTS))


class DistrictOut(Schema):
    """A part of the municipality."""

    key = fields.String(required=True)
    name = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class DistrictsOut(Schema):
    """All districts, in their order."""

    example: ClassVar[dict[str, Any]] = DistrictsIn.example

    districts = fields.List(fields.Nested(DistrictOut), required=True)


class DeskCodeOut(Schema):
    """A code to be shown at the citizens' desk."""

    example: ClassVar[dict[str, Any]] = {"code": "K7Q4-9TXM", "expires_at": "2026-11-22T10:15:00Z"}

    code = fields.String(required=True)
    expires_at = fields.AwareDateTime(required=True)


class LetterCodeIn(Schema):
    """The code that came by letter, however it is typed."""

    example: ClassVar[dict[str, Any]] = {"code": "K7Q4-9TXM-30PZ"}

    code = fields.String(required=True, validate=Code)


class AtDeskIn(Schema):
    """What the clerk has seen: of the document only its kind, never its number."""

    example: ClassVar[dict[str, Any]] = {
        "code": "K7Q4-9TXM",
        "document": "identity_card",
        "identifier": "123456783",
        "until": None,
    }

    code = fields.String(required=True, validate=Code)
    document = fields.String(required=True, validate=validate.OneOf(tuple(DOCUMENTS)))
    identifier = Identifier
    until = fields.AwareDateTime(
        load_default=None, allow_none=True, metadata={"description": "Where a right to live here ends by itself."}
    )
    birth_year = birth_year()
    district = district()


class VerifiedOut(Schema):
    """The name of what was written down; it is what a withdrawal may name."""

    example: ClassVar[dict[str, Any]] = {"verified": "01a20026-3782-716f-b5d9-c3504d710968"}

    verified = fields.UUID(required=True)


class WithdrawalIn(Schema):
    """Whose verification holds no more: by its name, or by the person's number; and why."""

    example: ClassVar[dict[str, Any]] = {"identifier": "123456783", "reason": "Moved away on 1 November."}

    verified = fields.UUID(load_default=None, allow_none=True)
    identifier = fields.String(load_default=None, allow_none=True, validate=[validate.Length(5, 60), Plain])
    reason = fields.String(required=True, validate=[validate.Length(3, 500), Plain])

    @validates_schema
    def one_of_both(self, data: dict[str, Any], **_: Any) -> None:
        if (data["verified"] is None) == (data["identifier"] is None):
            raise ValidationError("name exactly one of verified and identifier", "identifier")


class LetterOrder(Schema):
    """A letter to somebody of the municipal register."""

    identifier = Identifier
    address = fields.String(
        required=True,
        validate=[validate.Length(3, 500), Plain],
        metadata={"description": "Name and address, with line breaks. It goes into the answer and is not kept."},
    )
    birth_year = birth_year()
    district = district()


class LettersIn(Schema):
    """Letters to be printed."""

    example: ClassVar[dict[str, Any]] = {
        "letters": [{"identifier": "123456783", "address": "Μαρία Παπαδοπούλου\nΠαύλου Μελά 1\n50131 Κοζάνη"}]
    }

    letters = fields.List(fields.Nested(LetterOrder), required=True, validate=validate.Length(1, 100))


class LetterOut(Schema):
    """What to print."""

    address = fields.String(required=True)
    code = fields.String(required=True)
    expires_at = fields.AwareDateTime(required=True)
    text = fields.String(required=True, metadata={"description": "The letter, in the municipality's main language."})


class LettersOut(Schema):
    """Letters, each with its code. They are shown once."""

    example: ClassVar[dict[str, Any]] = {
        "letters": [
            {
                "address": "Μαρία Παπαδοπούλου\nΠαύλου Μελά 1\n50131 Κοζάνη",
                "code": "K7Q4-9TXM-30PZ",
                "expires_at": "2027-01-21T10:15:00Z",
                "text": "Για να επιβεβαιώσετε ότι κατοικείτε εδώ, …",
            }
        ]
    }

    letters = fields.List(fields.Nested(LetterOut), required=True)
