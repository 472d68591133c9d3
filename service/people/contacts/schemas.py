"""Contacts and codes in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from service.people.contacts.addresses import EMAIL, SMS
from service.people.contacts.codes import DIGITS

LONGEST = 254
Address = validate.Length(3, LONGEST)
is_email = validate.Email()


def secret_field() -> fields.String:
    return fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(32, 200),
        metadata={
            "description": "The phone's own, once more, where a phone calls: a token alone is not enough for this."
        },
    )


class ContactCodeIn(Schema):
    """An address that somebody says is theirs."""

    example: ClassVar[dict[str, Any]] = {
        "channel": "email",
        "address": "alice@example.org",
        "secret": "8Qm2xYp0vJrTz6dKfLw4sN1cHbGe9uAi",
    }

    channel = fields.String(required=True, validate=validate.OneOf((EMAIL, SMS)))
    address = fields.String(
        required=True,
        validate=Address,
        metadata={"description": "Of `sms` the number; without `+` and a country it is of the municipality's."},
    )
    secret = secret_field()

    @validates_schema(skip_on_field_errors=True)
    def check_email(self, data: dict[str, Any], **_: Any) -> None:
        if data["channel"] == EMAIL:
            try:
                is_email(data["address"].strip())
            except ValidationError as error:
                raise ValidationError(error.messages, "address") from None


class ContactCodeOut(Schema):
    """A code is on its way, whoever has the address."""

    example: ClassVar[dict[str, Any]] = {
        "id": "01a20026-5a10-7b1e-9f53-0d9c2f4b8e21",
        "expires_at": "2026-11-21T22:18:17.042Z",
    }

    id = fields.UUID(required=True)
    expires_at = fields.AwareDateTime(required=True)


class ContactProofIn(Schema):
    """What came to the address."""

    example: ClassVar[dict[str, Any]] = {"id": "01a20026-5a10-7b1e-9f53-0d9c2f4b8e21", "code": "048213"}

    id = fields.UUID(required=True, metadata={"description": "That of `sendContactCode`."})
    code = fields.String(required=True, validate=validate.Regexp(rf"\A[0-9]{{{DIGITS}}}\Z"))


class JoinIn(ContactProofIn):
    """What came to the address, and that it is the phone itself that joins."""

    example: ClassVar[dict[str, Any]] = ContactProofIn.example | {"secret": "n3Wq8ZtYb5Lr1Kx7Vd9Fs2Hj4Gc6Mp0E"}

    secret = secret_field()


class OwnSecretIn(Schema):
    """The secret of the phone that calls."""

    example: ClassVar[dict[str, Any]] = {"secret": "8Qm2xYp0vJrTz6dKfLw4sN1cHbGe9uAi"}

    secret = secret_field()


class PhoneCodeOut(Schema):
    """What one phone shows as a QR code and another reads; it is shown only once."""

    example: ClassVar[dict[str, Any]] = {
        "code": "pT3jq0XbZr8yVwKc5sL2mN7dHfGaUeQi",
        "expires_at": "2026-11-21T22:13:17.042Z",
    }

    code = fields.String(required=True)
    expires_at = fields.AwareDateTime(required=True)


class PhoneCodeIn(Schema):
    """What another phone shows, and that it is the phone itself that joins."""

    example: ClassVar[dict[str, Any]] = {
        "code": "pT3jq0XbZr8yVwKc5sL2mN7dHfGaUeQi",
        "secret": "n3Wq8ZtYb5Lr1Kx7Vd9Fs2Hj4Gc6Mp0E",
    }

    code = fields.String(required=True, validate=validate.Length(1, 200))
    secret = secret_field()
