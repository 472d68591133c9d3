"""Contacts over HTTP: addresses are confirmed by a code, and phones join the account of their person."""

from datetime import timedelta
from typing import Any

from flask import Response

from service.db import transaction
from service.errors import Problem
from service.http import Blueprint, answer, nothing, operation
from service.municipalities.directory import Municipality
from service.outbox.channels import configured
from service.people.access import caller, signed_in
from service.people.contacts import schemas
from service.people.contacts.addresses import NumberNotValid
from service.people.contacts.codes import CodeNotRight, NotForStaff, prove_phone, send_code
from service.people.contacts.confirming import ContactTaken, confirm, give_up
from service.people.contacts.joining import (
    AlreadyJoined,
    NobodyToJoin,
    join_by_contact,
    join_by_phone,
    show_phone_code,
)
from service.people.contacts.limiting import sending_code_limit
from service.people.limits import code_limit, joining_limit
from service.people.registering import DeviceNeeded, SecretNotRight
from service.people.routes import settings, shown, token
from service.people.schemas import MeOut, TokenOut
from service.text import N_

blueprint = Blueprint(
    "contacts", __name__, url_prefix="/<municipality>/me", description="Confirmed addresses, and phones that join"
)


class ChannelNotHere(Problem):
    """This service has nothing to send such a code with; `showMe` says by which channels it can."""

    status, code, message = 409, "channel_not_here", N_("Codes cannot be sent this way here.")


@blueprint.post("/contact-codes")
@signed_in
@sending_code_limit
@blueprint.arguments(schemas.ContactCodeIn)
@blueprint.response(201, schemas.ContactCodeOut)
@operation("sendContactCode", NotForStaff, SecretNotRight, NumberNotValid, ChannelNotHere)
def send(body: dict[str, Any], municipality: Municipality) -> Response:
    """Have a code of six digits sent to an e-mail address or a mobile phone

    The answer is the same whether or not somebody here has the address. Whoever asks again gets another code, and the
    former is worth nothing.
    """
    who = caller()
    prove_phone(who, body["secret"])
    if not configured(settings())[body["channel"]]:
        raise ChannelNotHere
    with transaction():
        sent = send_code(municipality, who, body["channel"], body["address"])
    return answer({"id": sent.uid, "expires_at": sent.expires_at}, 201)


@blueprint.post("/contacts")
@signed_in
@code_limit
@blueprint.arguments(schemas.ContactProofIn)
@blueprint.response(200, MeOut)
@operation("confirmContact", CodeNotRight, ContactTaken)
def confirm_contact(body: dict[str, Any], municipality: Municipality) -> Response:
    """Make the address that the code came to one's own

    Messages go there from now on, and it opens the way for another phone.
    """
    who = caller()
    with transaction():
        account = confirm(municipality, who, body["id"], body["code"])
    if account is None:
        raise CodeNotRight
    return answer(shown(municipality, account))


@blueprint.delete("/contacts/<any(email, sms):channel>")
@signed_in
@blueprint.arguments(schemas.OwnSecretIn)
@blueprint.response(204)
@operation("removeContact", NotForStaff, SecretNotRight)
def remove(body: dict[str, Any], municipality: Municipality, channel: str) -> Response:
    """Give one's e-mail address or telephone number up; nothing is sent there any more"""
    who = caller()
    prove_phone(who, body["secret"])
    with transaction():
        give_up(municipality, who, channel)
    return nothing()


@blueprint.post("/join")
@signed_in
@code_limit
@blueprint.arguments(schemas.JoinIn)
@blueprint.response(201, TokenOut)
@operation("joinByContact", NotForStaff, SecretNotRight, CodeNotRight, NobodyToJoin, AlreadyJoined, DeviceNeeded)
def join_contact(body: dict[str, Any], municipality: Municipality) -> Response:
    """Let this phone join the account that has the address which the code came to

    The answer has a token of that account; the former one is worth nothing. Reports and messages of this phone follow
    within seconds, unless somebody can still reach its former account.
    """
    who = caller()
    prove_phone(who, body["secret"])
    with transaction():
        given = join_by_contact(municipality, who, body["id"], body["code"], lasts())
    if given is None:
        raise CodeNotRight
    return token(given)


@blueprint.post("/phone-codes")
@signed_in
@joining_limit
@blueprint.arguments(schemas.OwnSecretIn)
@blueprint.response(201, schemas.PhoneCodeOut)
@operation("showPhoneCode", NotForStaff, SecretNotRight)
def phone_code(body: dict[str, Any], municipality: Municipality) -> Response:
    """Make a code by which another phone joins this account within five minutes

    Show it as a QR code. It is good once, and the former is worth nothing.
    """
    who = caller()
    prove_phone(who, body["secret"])
    with transaction():
        made = show_phone_code(who)
    return answer({"code": made.code, "expires_at": made.expires_at}, 201, headers={"Cache-Control": "no-store"})


@blueprint.post("/join-by-phone")
@signed_in
@joining_limit
@blueprint.arguments(schemas.PhoneCodeIn)
@blueprint.response(201, TokenOut)
@operation("joinByPhone", NotForStaff, SecretNotRight, CodeNotRight, AlreadyJoined, DeviceNeeded)
def join_phone(body: dict[str, Any], municipality: Municipality) -> Response:
    """Let this phone join the account of the phone that shows this code

    As `joinByContact`.
    """
    who = caller()
    prove_phone(who, body["secret"])
    with transaction():
        given = join_by_phone(municipality, who, body["code"], lasts())
    return token(given)


def lasts() -> timedelta:
    """How long the token of a phone is good."""
    return timedelta(days=settings().token_days)
