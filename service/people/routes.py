"""People over HTTP: phones register, staff sign in, everybody sees and changes what is theirs."""

from typing import Any

from flask import Response, current_app

from service.config import Settings
from service.db import transaction
from service.http import Blueprint, answer, nothing, operation
from service.municipalities.directory import Municipality
from service.outbox.channels import configured
from service.people import schemas
from service.people.access import anybody, caller, signed_in
from service.people.changing import account_of, change_me
from service.people.limits import refreshing_limit, registering_limit
from service.people.models import Account
from service.people.registering import (
    DeviceNeeded,
    SecretNotRight,
    register_device,
    set_push_target,
)
from service.people.sessions import RefreshRefused, TokenGiven, renew
from service.people.sessions import sign_out as end_own_session
from service.people.verified.verifying import verifications_of

CODES_BY = ("email", "sms")

blueprint = Blueprint("people", __name__, url_prefix="/<municipality>", description="Phones, staff and their tokens")


@blueprint.post("/devices")
@anybody
@registering_limit
@blueprint.arguments(schemas.DeviceIn)
@blueprint.response(201, schemas.TokenOut)
@operation("registerDevice", SecretNotRight)
def register(body: dict[str, Any], municipality: Municipality) -> Response:
    """Register a phone, or get a fresh token for one that is registered

    The same installation and secret always lead to the same account; tokens that were given before stay good.
    """
    with transaction():
        given = register_device(municipality, **body, days=settings().token_days)
    return token(given)


@blueprint.post("/refresh")
@anybody
@refreshing_limit
@blueprint.arguments(schemas.RefreshIn)
@blueprint.response(201, schemas.TokenOut)
@operation("refreshTokens", RefreshRefused)
def refresh(body: dict[str, Any], municipality: Municipality) -> Response:
    """Get the next pair of tokens for a refresh token

    A refresh token is used once. When the answer is lost, use it again; as soon as one that was given for it has been
    used, it is worth nothing, and who uses it again ends the session.
    """
    with transaction():
        given = renew(municipality.id, body["refresh_token"])
    if given is None:
        raise RefreshRefused
    return token(given)


@blueprint.post("/sign-out")
@signed_in
@blueprint.response(204)
@operation("signOut")
def sign_out(municipality: Municipality) -> Response:
    """End this session: all its tokens are worth nothing

    Other sessions of the same account go on, and pushes still go to the phone.
    """
    who = caller()
    with transaction():
        end_own_session(who)
    return nothing()


@blueprint.get("/me")
@signed_in
@blueprint.response(200, schemas.MeOut)
@operation("showMe")
def me(municipality: Municipality) -> Response:
    """Show whose token this is"""
    return answer(shown(municipality, account_of(caller())))


@blueprint.patch("/me")
@signed_in
@blueprint.arguments(schemas.MeIn)
@blueprint.response(200, schemas.MeOut)
@operation("changeMe")
def change(body: dict[str, Any], municipality: Municipality) -> Response:
    """Change the language in which one is told things"""
    who = caller()
    with transaction():
        account = change_me(municipality, who, body)
    return answer(shown(municipality, account))


@blueprint.put("/me/push-target")
@signed_in
@blueprint.arguments(schemas.PushTargetIn)
@blueprint.response(204)
@operation("setPushTarget", DeviceNeeded)
def push_target(body: dict[str, Any], municipality: Municipality) -> Response:
    """Say where pushes for this phone go

    What was waiting for the former place goes to the new one.
    """
    who = caller()
    with transaction():
        set_push_target(municipality, who, body["kind"], body["value"])
    return nothing()


def settings() -> Settings:
    found: Settings = current_app.config["PLATEIA"]
    return found


def token(given: TokenGiven) -> Response:
    content = {
        "token": given.token,
        "expires_at": given.expires_at,
        "refresh_token": given.refresh_token,
        "account": given.account,
        "session": given.session,
    }
    return answer(content, 201, headers={"Cache-Control": "no-store"})


def shown(municipality: Municipality, account: Account) -> dict[str, Any]:
    ready = configured(settings())
    return {
        "account": account.uid,
        "kind": account.kind,
        "name": account.name,
        "email": account.email,
        "phone": account.phone,
        "language": account.language,
        "codes_by": [channel for channel in CODES_BY if ready[channel]],
        "roles": [
            {
                "role": role,
                "department": None if department is None else municipality.departments_by_id[department].key,
            }
            for role, department in caller().roles
        ],
        "verified": [
            {"method": found.method, "at": found.at, "expires_at": found.expires_at}
            for found in verifications_of(account.id)
        ],
    }
