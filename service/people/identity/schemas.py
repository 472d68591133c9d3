"""Identity providers in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.people.identity.providers import ALGORITHMS, AUDIENCES, ENDPOINTS, KINDS
from service.people.schemas import Plain, TokenOut
from service.people.verified.schemas import DISTRICT_KEY
from service.text import LANGUAGES

Short = [validate.Length(1, 200), Plain]
Address = [validate.Length(1, 400), Plain]
PhoneSecret = fields.String(
    load_default=None,
    allow_none=True,
    validate=Short,
    metadata={"description": "The secret of the phone (`registerDevice`), which a resident shows once more."},
)
CLAIMS = ("subject", "name", "email", "groups")


class SignInProviderOut(Schema):
    """A way to sign in, as an app shows it."""

    key = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(tuple(KINDS)))
    audience = fields.String(required=True, validate=validate.OneOf(AUDIENCES))
    name = fields.String(required=True, metadata={"description": "In the language of the request."})
    shows_residence = fields.Boolean(
        required=True, metadata={"description": "Whether signing in may show that somebody lives here."}
    )


class SignInProvidersOut(Schema):
    """Every way to sign in that is turned on."""

    example: ClassVar[dict[str, Any]] = {
        "providers": [
            {
                "key": "govgr",
                "kind": "oauth2_userinfo",
                "audience": "resident",
                "name": "gov.gr",
                "shows_residence": False,
            }
        ]
    }

    providers = fields.List(fields.Nested(SignInProviderOut), required=True)


class BeginIn(Schema):
    """Where the browser shall come back to."""

    example: ClassVar[dict[str, Any]] = {"redirect": "gr.kozani.app:/signed-in"}

    redirect = fields.String(
        required=True,
        validate=Address,
        metadata={"description": "One of the addresses that are registered for this provider, letter by letter."},
    )


class BegunOut(Schema):
    """Open `address` in the system's browser; keep `state` and `ticket` until it comes back."""

    example: ClassVar[dict[str, Any]] = {
        "address": "https://login.example.org/authorize?response_type=code&client_id=plateia&state=Zk…",
        "state": "ZkR3v0o9mJx3bM4sQhV7c1kTzR8eWnPd6fLgUaXiKyE",
        "ticket": "2vY5v0o9mJx3bM4sQhV7c1kTzR8eWnPd6fLgUaXiKyE",
        "expires_at": "2026-11-22T10:15:00Z",
    }

    address = fields.String(required=True)
    state = fields.String(required=True, metadata={"description": "What comes back must be equal, or is not yours."})
    ticket = fields.String(required=True, metadata={"description": "A secret: never put it into an address."})
    expires_at = fields.AwareDateTime(required=True)


class FinishIn(Schema):
    """What the browser brought back, and the ticket from the beginning."""

    example: ClassVar[dict[str, Any]] = {
        "state": "ZkR3v0o9mJx3bM4sQhV7c1kTzR8eWnPd6fLgUaXiKyE",
        "ticket": "2vY5v0o9mJx3bM4sQhV7c1kTzR8eWnPd6fLgUaXiKyE",
        "code": "SplxlOBeZQQYbYS6WxSbIA",
        "iss": "https://login.example.org",
        "secret": "8Qm2xYp0vJrTz6dKfLw4sN1cHbGe9uAi",
    }

    state = fields.String(required=True, validate=Short)
    ticket = fields.String(required=True, validate=Short)
    code = fields.String(required=True, validate=[validate.Length(1, 4000), Plain])
    iss = fields.String(
        load_default=None, allow_none=True, validate=Address, metadata={"description": "As it came back, if it did."}
    )
    secret = PhoneSecret


class FirebaseIn(Schema):
    """The ID token of Firebase's SDK (`getIdToken`)."""

    example: ClassVar[dict[str, Any]] = {
        "id_token": "eyJhbGciOiJSUzI1NiIsImtpZCI6Ij…",
        "secret": "8Qm2xYp0vJrTz6dKfLw4sN1cHbGe9uAi",
    }

    id_token = fields.String(required=True, validate=[validate.Length(1, 8000), Plain])
    secret = PhoneSecret


class SignedInOut(TokenOut):
    """Tokens of the person's account, and what the provider's word says of where they live."""

    example: ClassVar[dict[str, Any]] = TokenOut.example | {"residence": "not_asked"}

    residence = fields.String(
        required=True,
        validate=validate.OneOf(("verified", "not_shown", "elsewhere", "not_asked")),
        metadata={
            "description": "`verified`: they live here. `not_shown`: the provider does not say so. `elsewhere`: they "
            "are verified in another account, or somebody else is in this one. `not_asked`: nobody looked."
        },
    )


class MappedRole(Schema):
    """A role that members of a group have."""

    group = fields.String(required=True, validate=Short, metadata={"description": "As the provider's token names it."})
    role = fields.String(required=True, validate=Short)
    department = fields.String(load_default=None, allow_none=True, validate=Short)


class ResidenceRule(Schema):
    """A claim, and the values of which one shows that somebody lives here."""

    claim = fields.String(required=True, validate=Short)
    values = fields.List(fields.String(validate=Short), required=True, validate=validate.Length(1, 100))


class DistrictClaim(Schema):
    """A claim that says in which district somebody lives."""

    claim = fields.String(required=True, validate=Short)
    keys = fields.Dict(
        keys=fields.String(validate=Short),
        values=fields.String(validate=DISTRICT_KEY),
        required=True,
        validate=validate.Length(1, 500),
        metadata={"description": "Value of the claim → `key` of listDistricts.", "examples": [{"50131": "old-town"}]},
    )


class Residence(Schema):
    """When the provider's word shows that somebody lives here: all of these rules hold."""

    rules = fields.List(fields.Nested(ResidenceRule), required=True, validate=validate.Length(1, 10))
    identifier = fields.String(
        required=True, validate=Short, metadata={"description": "The claim with the personal number of the country."}
    )
    months = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(1, 120))
    born = fields.String(
        load_default=None,
        allow_none=True,
        validate=Short,
        metadata={"description": "The claim with the day or year of birth; only the year is kept."},
    )
    district = fields.Nested(DistrictClaim, load_default=None, allow_none=True)


class ProviderSettings(Schema):
    """What is set of a provider."""

    kind = fields.String(required=True, validate=validate.OneOf(tuple(KINDS)))
    audience = fields.String(required=True, validate=validate.OneOf(AUDIENCES))
    name = fields.Dict(
        keys=fields.String(validate=validate.OneOf(LANGUAGES)),
        values=fields.String(validate=Short),
        required=True,
        validate=validate.Length(1),
    )
    active = fields.Boolean(load_default=True)
    client_id = fields.String(
        required=True, validate=Short, metadata={"description": "Ours at the provider; for Firebase the project's id."}
    )
    issuer = fields.String(load_default=None, allow_none=True, validate=Address)
    scopes = fields.String(load_default="openid", validate=[validate.Length(0, 200), Plain])
    algorithms = fields.List(
        fields.String(validate=validate.OneOf(ALGORITHMS)), load_default=["RS256"], validate=validate.Length(1)
    )
    endpoints = fields.Dict(
        keys=fields.String(validate=validate.OneOf((*ENDPOINTS, "loopback"))),
        values=fields.String(validate=Address),
        load_default=dict,
    )
    claims = fields.Dict(
        keys=fields.String(validate=validate.OneOf(CLAIMS)), values=fields.String(validate=Short), load_default=dict
    )
    roles = fields.List(fields.Nested(MappedRole), load_default=list, validate=validate.Length(max=200))
    redirects = fields.List(fields.String(validate=Address), load_default=list, validate=validate.Length(max=20))
    residence = fields.Nested(Residence, load_default=None, allow_none=True)
    owns_emails = fields.Boolean(
        load_default=False, metadata={"description": "Every e-mail address in its tokens is the municipality's own."}
    )


class ProviderIn(ProviderSettings):
    """A provider, with all that is set of it; what is left out is set to nothing, but the secret stays."""

    example: ClassVar[dict[str, Any]] = {
        "kind": "oidc",
        "audience": "staff",
        "name": {"el": "Λογαριασμός του Δήμου", "en": "Account of the municipality"},
        "issuer": "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000001/v2.0",
        "client_id": "00000000-0000-0000-0000-000000000002",
        "client_secret": "only-ever-sent-in",
        "scopes": "openid profile email",
        "claims": {"groups": "roles"},
        "roles": [{"group": "Plateia.Lighting", "role": "department_staff", "department": "lighting"}],
        "redirects": ["https://desk.kozani.example/signed-in"],
    }

    client_secret = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(1, 8000), Plain],
        metadata={"description": "Sealed at once and never answered. For Firebase the JSON key of a service account."},
    )


class ProviderOut(ProviderSettings):
    """A provider as it is set, without its secret."""

    example: ClassVar[dict[str, Any]] = {
        name: value for name, value in ProviderIn.example.items() if name != "client_secret"
    } | {
        "key": "entra",
        "has_secret": True,
        "active": True,
        "algorithms": ["RS256"],
        "endpoints": {},
        "residence": None,
        "owns_emails": False,
    }

    key = fields.String(required=True)
    has_secret = fields.Boolean(required=True)


class ProvidersOut(Schema):
    """All providers of the municipality, those that are turned off too."""

    example: ClassVar[dict[str, Any]] = {"providers": [ProviderOut.example]}

    providers = fields.List(fields.Nested(ProviderOut), required=True)
