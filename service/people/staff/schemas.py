"""Staff in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.people.roles import PERMISSIONS, ROLES
from service.people.schemas import Language, Plain, RoleOut, TokenOut
from service.people.staff.passwords import LONGEST, SHORTEST

UID = "01a20026-3782-716f-b5d9-c3504d710968"
AT = "2026-11-22T08:15:30.120000Z"
HALF = "k3zHn8Qw1xYt5uVbR0sLd7JpGmE2aCfTiO9yNhXqWlA"
LINK = "01a200263782716fb5d9c3504d710968.Zp0mWk3uTq9xN1bRc7vLs4yHd8fJgA2eQoXiUtYwKjM"
CODES = ["7K3M-Q2XV-9RTB", "ZD48-HN6C-W5PY"]
PASSWORD = "four odd words of hers"  # noqa: S105  (an example)
ROLES_EXAMPLE = [{"role": "department_staff", "department": "lighting"}]

Name = [
    validate.Length(1, 100),
    validate.Regexp(r"\A[^\S\r\n]*[^\s\x00][^\x00\r\n]*\Z", error="a name of one line"),
]
Token = [validate.Length(1, 200), Plain]
Code = [validate.Length(6, 20), Plain]


def new_password() -> fields.String:
    return fields.String(
        required=True,
        validate=Plain,
        metadata={
            "description": f"{SHORTEST} to {LONGEST} characters of any kind that nobody guesses: checked against "
            "passwords known from breaches, common words and names, the municipality and the person."
        },
    )


def own_password() -> fields.String:
    return fields.String(
        required=True, validate=validate.Length(1, 200), metadata={"description": "The password one has now."}
    )


class GivenRoleIn(Schema):
    """A role, in a department or without one, as the table of permissions says."""

    role = fields.String(required=True, validate=validate.OneOf(tuple(ROLES)))
    department = fields.String(
        load_default=None, allow_none=True, validate=Plain, metadata={"description": "The key of a department."}
    )


class RolesIn(Schema):
    """All roles that somebody shall have."""

    example: ClassVar[dict[str, Any]] = {"roles": ROLES_EXAMPLE}

    roles = fields.List(fields.Nested(GivenRoleIn), required=True, validate=validate.Length(1, 50))


class InviteIn(RolesIn):
    """Who is to become staff."""

    example: ClassVar[dict[str, Any]] = {
        "email": "ann@kozani.example",
        "name": "Άννα Παπαδοπούλου",
        "roles": ROLES_EXAMPLE,
    }

    email = fields.Email(required=True, validate=validate.Length(max=254))
    name = fields.String(required=True, validate=Name, metadata={"description": "They may correct it."})


class InvitationOut(Schema):
    """Somebody who is invited and has not accepted."""

    example: ClassVar[dict[str, Any]] = {
        "id": UID,
        "email": "ann@kozani.example",
        "name": "Άννα Παπαδοπούλου",
        "roles": ROLES_EXAMPLE,
        "sent": 1,
        "created_at": AT,
        "expires_at": "2026-11-29T08:15:30.120000Z",
        "expired": False,
    }

    id = fields.UUID(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    roles = fields.List(fields.Nested(RoleOut), required=True)
    sent = fields.Integer(required=True, metadata={"description": "How many letters; the last one's link is good."})
    created_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)
    expired = fields.Boolean(required=True, metadata={"description": "Send it again for a fresh link."})


class InvitationsOut(Schema):
    """Who is invited, the newest first."""

    example: ClassVar[dict[str, Any]] = {"invitations": [InvitationOut.example]}

    invitations = fields.List(fields.Nested(InvitationOut), required=True)


class StaffMemberOut(Schema):
    """Somebody who works here."""

    example: ClassVar[dict[str, Any]] = {
        "id": UID,
        "name": "Άννα Παπαδοπούλου",
        "email": "ann@kozani.example",
        "roles": ROLES_EXAMPLE,
        "has_password": True,
        "has_authenticator": True,
        "sessions": 1,
        "seen_at": AT,
    }

    id = fields.UUID(required=True)
    name = fields.String(required=True, allow_none=True)
    email = fields.String(required=True, allow_none=True)
    roles = fields.List(fields.Nested(RoleOut), required=True)
    has_password = fields.Boolean(required=True)
    has_authenticator = fields.Boolean(required=True)
    sessions = fields.Integer(required=True, metadata={"description": "Where they are signed in now."})
    seen_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "When one of these was last used, right to the hour."}
    )


class StaffOut(Schema):
    """Who works here, in the order in which they came."""

    example: ClassVar[dict[str, Any]] = {"staff": [StaffMemberOut.example], "next": None}

    staff = fields.List(fields.Nested(StaffMemberOut), required=True)
    next = fields.String(required=True, allow_none=True)


class ColleagueOut(Schema):
    """Somebody who can have a report in hand; `departments` null: of every department."""

    id = fields.UUID(required=True)
    name = fields.String(required=True, allow_none=True)
    departments = fields.List(fields.String(), required=True, allow_none=True)


class ColleaguesOut(Schema):
    """Who can have reports of one's departments in hand."""

    example: ClassVar[dict[str, Any]] = {
        "colleagues": [{"id": UID, "name": "Άννα Παπαδοπούλου", "departments": ["lighting"]}]
    }

    colleagues = fields.List(fields.Nested(ColleagueOut), required=True)


class EndedOut(Schema):
    """What was ended."""

    example: ClassVar[dict[str, Any]] = {"sessions": 2}

    sessions = fields.Integer(required=True)


class HalfSignInOut(Schema):
    """The password was right; the second step is missing. With `enrol` an authenticator app has to be set up first."""

    example: ClassVar[dict[str, Any]] = {"step": "code", "half_token": HALF, "expires_at": AT}

    step = fields.String(required=True, validate=validate.OneOf(("code", "enrol")))
    half_token = fields.String(required=True)
    expires_at = fields.AwareDateTime(required=True)


class HalfTokenIn(Schema):
    """What the first step of signing in gave."""

    example: ClassVar[dict[str, Any]] = {"half_token": HALF}

    half_token = fields.String(required=True, validate=Token)


class SecondStepIn(HalfTokenIn):
    """The code that the authenticator app shows, or a recovery code."""

    example: ClassVar[dict[str, Any]] = {"half_token": HALF, "code": "492039"}

    code = fields.String(required=True, validate=Code)


class StaffTokenOut(TokenOut):
    """Tokens. `recovery_codes` come once, when a new authenticator has shown its first code."""

    example: ClassVar[dict[str, Any]] = TokenOut.example | {"recovery_codes": None}

    recovery_codes = fields.List(fields.String(), required=True, allow_none=True)


class EnrolmentOut(Schema):
    """What an authenticator app needs, shown once."""

    example: ClassVar[dict[str, Any]] = {
        "seed": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        "address": "otpauth://totp/Plateia:ann%40kozani.example?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Plateia",
        "picture": "<svg …></svg>",
    }

    seed = fields.String(required=True, metadata={"description": "For who types it; base 32."})
    address = fields.String(required=True, metadata={"description": "For an app on the same phone."})
    picture = fields.String(required=True, metadata={"description": "The address as a QR code, an SVG document."})


class OwnPasswordIn(Schema):
    """The password again, because this changes how one signs in."""

    example: ClassVar[dict[str, Any]] = {"password": PASSWORD}

    password = own_password()


class OwnSecondStepIn(OwnPasswordIn):
    """The password again, and the second step that there is."""

    example: ClassVar[dict[str, Any]] = {"password": PASSWORD, "code": "492039"}

    code = fields.String(
        load_default=None,
        allow_none=True,
        validate=Code,
        metadata={"description": "Of the authenticator that one has, or a recovery code; none where there is none."},
    )


class AuthenticatorCodeIn(Schema):
    """The first code that the new authenticator shows."""

    example: ClassVar[dict[str, Any]] = {"code": "492039"}

    code = fields.String(required=True, validate=Code)


class RecoveryCodesOut(Schema):
    """Each signs in once in place of a code, for who has lost the authenticator. They are shown once."""

    example: ClassVar[dict[str, Any]] = {"recovery_codes": CODES}

    recovery_codes = fields.List(fields.String(), required=True)


class AuthenticatorOut(Schema):
    """One's second step."""

    example: ClassVar[dict[str, Any]] = {"has_authenticator": True, "asked_for": True, "recovery_codes_left": 9}

    has_authenticator = fields.Boolean(required=True)
    asked_for = fields.Boolean(required=True, metadata={"description": "Whether the municipality asks for one."})
    recovery_codes_left = fields.Integer(required=True)


class ChangePasswordIn(Schema):
    """Another password in place of the one that one has."""

    example: ClassVar[dict[str, Any]] = {"password": PASSWORD, "new_password": "other odd words of hers"}

    password = own_password()
    new_password = new_password()


class ForgottenIn(Schema):
    """Whose password is forgotten."""

    example: ClassVar[dict[str, Any]] = {"email": "lighting@staff.kozani.example"}

    email = fields.String(required=True, validate=[validate.Length(3, 254), Plain])


class ResetIn(Schema):
    """What stands behind `#` in the link of the letter, and the new password."""

    example: ClassVar[dict[str, Any]] = {"token": LINK, "password": PASSWORD}

    token = fields.String(required=True, validate=Token)
    password = new_password()


class AcceptIn(ResetIn):
    """What stands behind `#` in the link of the invitation, one's name and a password."""

    example: ClassVar[dict[str, Any]] = {"token": LINK, "name": "Άννα Παπαδοπούλου", "password": PASSWORD}

    name = fields.String(required=True, validate=Name)


class LinkIn(Schema):
    """What stands behind `#` in the link of the invitation."""

    example: ClassVar[dict[str, Any]] = {"token": LINK}

    token = fields.String(required=True, validate=Token)


class InvitedOut(Schema):
    """Who is invited by this link."""

    example: ClassVar[dict[str, Any]] = {"email": "ann@kozani.example", "name": "Άννα Παπαδοπούλου"}

    email = fields.String(required=True)
    name = fields.String(required=True)


class PermissionOut(Schema):
    """Something that may be done, and the operations that it opens."""

    permission = fields.String(required=True, validate=validate.OneOf(tuple(PERMISSIONS)))
    words = fields.String(required=True)
    operations = fields.List(fields.String(), required=True)


class RoleOfTableOut(Schema):
    """A role, where it can be given, and what it allows."""

    role = fields.String(required=True, validate=validate.OneOf(tuple(ROLES)))
    name = fields.String(required=True)
    words = fields.String(required=True)
    given = fields.String(
        required=True,
        validate=validate.OneOf(("municipality", "department", "either")),
        metadata={"description": "In the whole municipality, in departments only, or either."},
    )
    alone = fields.Boolean(required=True, metadata={"description": "Given to nobody who has another role."})
    permissions = fields.List(fields.String(validate=validate.OneOf(tuple(PERMISSIONS))), required=True)


class PermissionsOut(Schema):
    """Who may do what, in the caller's language."""

    example: ClassVar[dict[str, Any]] = {
        "language": "en",
        "roles": [
            {
                "role": "auditor",
                "name": "Auditor",
                "words": "Read everything and change nothing; nobody with another role.",
                "given": "either",
                "alone": True,
                "permissions": ["see_reports", "see_map", "see_staff", "see_audit"],
            }
        ],
        "permissions": [
            {
                "permission": "see_staff",
                "words": "see who works here with which roles, and who is invited",
                "operations": ["listStaff", "listInvitations"],
            }
        ],
    }

    language = fields.String(required=True, validate=Language)
    roles = fields.List(fields.Nested(RoleOfTableOut), required=True)
    permissions = fields.List(fields.Nested(PermissionOut), required=True)


class SettingsIn(Schema):
    """What the municipality decides about how staff work."""

    example: ClassVar[dict[str, Any]] = {"notices_need_second_person": True}

    notices_need_second_person = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether what one person has written for all (a notice, an article) goes out only when "
            "another has approved it."
        },
    )


class SettingsOut(SettingsIn):
    """What the municipality has decided about how staff work."""

    example: ClassVar[dict[str, Any]] = SettingsIn.example
