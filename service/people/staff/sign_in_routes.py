"""How staff sign in, over HTTP: the password, the second step, and how one gets either."""

from typing import Any

from flask import Response, current_app

from service.config import Settings
from service.db import stop_reading, transaction
from service.db.clock import now
from service.http import Blueprint, answer, nothing, operation
from service.municipalities.directory import Municipality
from service.people.access import SignInNeeded, anybody, caller, staff_only
from service.people.auditing import record
from service.people.callers import Caller
from service.people.changing import account_of
from service.people.limits import forgotten_limit, link_limit, own_password_limit, sign_in_limit
from service.people.models import Account
from service.people.roles import RolesRefused
from service.people.schemas import SignInIn
from service.people.sessions import TokenGiven, begin_session, end_halves, end_sessions, still_stands
from service.people.signing_in import (
    Shown,
    SignInRefused,
    check_password,
    hash_password,
    set_password,
    still_shown,
)
from service.people.signing_in import sign_in as begin_sign_in
from service.people.staff import schemas
from service.people.staff.authenticators import (
    AuthenticatorNeeded,
    CodeNotRight,
    CodeTriedTooOften,
    Enrolment,
    HalfTokenNotValid,
    begin_enrolment,
    begin_half,
    half_signed_in,
    make_enrolment,
    make_recovery_codes,
    next_step,
    take_code,
)
from service.people.staff.inviting import accept, who_is_invited
from service.people.staff.letters import owe_forgotten
from service.people.staff.noticing import refusals_noted
from service.people.staff.passwords import (
    LinkNotValid,
    PasswordNotRight,
    PasswordTooEasy,
    change_password,
    check_new_password,
    reset_password,
    who_resets,
)

blueprint = Blueprint(
    "signing_in", __name__, url_prefix="/<municipality>", description="How staff sign in: password and second step"
)
KEPT_NOWHERE = {"Cache-Control": "no-store"}


@blueprint.post("/sign-in")
@anybody
@sign_in_limit
@blueprint.arguments(SignInIn)
@blueprint.response(201, schemas.StaffTokenOut)
@blueprint.alt_response(202, schema=schemas.HalfSignInOut, description="The second step is missing.")
@operation("signIn", SignInRefused)
def sign_in(body: dict[str, Any], municipality: Municipality) -> Response:
    """Sign in as staff with e-mail address and password

    Who has an authenticator gets a half token for the second step; who lacks one that is asked for sets it up first.
    """
    with refusals_noted(municipality, body["email"], "password"):
        shown = check_password(municipality, body["email"], body["password"], settings().samples)
    with transaction():
        if not still_shown(shown):
            raise SignInRefused
        step = next_step(municipality, shown.account_id)
        if shown.fresh_hash:
            set_password(shown.account_id, shown.fresh_hash)
        if step is None:
            given = begin_sign_in(shown.account_id)
        else:
            half_token, ends = begin_half(shown.account_id)
    if step is None:
        return tokens(given)
    return answer({"step": step, "half_token": half_token, "expires_at": ends}, 202, headers=KEPT_NOWHERE)


@blueprint.post("/sign-in/authenticator")
@anybody
@link_limit
@blueprint.arguments(schemas.HalfTokenIn)
@blueprint.response(201, schemas.EnrolmentOut)
@operation("enrolWhileSigningIn", HalfTokenNotValid, AuthenticatorNeeded)
def enrol_while_signing_in(body: dict[str, Any], municipality: Municipality) -> Response:
    """Set up the authenticator that the municipality asks for, where the first step said `enrol`"""
    account = half_signed_in(municipality, body["half_token"])
    if next_step(municipality, account.id) != "enrol":
        raise AuthenticatorNeeded
    made = make_enrolment(municipality, account)
    with transaction():
        half_signed_in(municipality, body["half_token"], lock=True)
        if next_step(municipality, account.id) != "enrol":
            raise AuthenticatorNeeded
        begin_enrolment(account.id, made)
    return enrolment(made)


@blueprint.post("/sign-in/code")
@anybody
@link_limit
@blueprint.arguments(schemas.SecondStepIn)
@blueprint.response(201, schemas.StaffTokenOut)
@operation("signInWithCode", HalfTokenNotValid, CodeNotRight, CodeTriedTooOften, AuthenticatorNeeded)
def second_step(body: dict[str, Any], municipality: Municipality) -> Response:
    """Finish signing in with a code of the authenticator, or with a recovery code

    A code is good for its half minute and the ones beside it, and is used once, as a recovery code is.
    """
    with transaction():
        account = half_signed_in(municipality, body["half_token"], lock=True)
        how = take_code(municipality, account, body["code"], now())
        codes = proven(municipality, None, account, how)
        if how is not None:
            end_sessions(account.id) if how == "enrolled" else end_halves(account.id)
            given = begin_session(account, None, "password", now())
    if how is None:
        raise CodeNotRight
    return tokens(given, codes)


@blueprint.post("/password/forgotten")
@anybody
@forgotten_limit
@blueprint.arguments(schemas.ForgottenIn)
@blueprint.response(202)
@operation("forgetPassword")
def forgotten(body: dict[str, Any], municipality: Municipality) -> Response:
    """Have a link to a new password sent to one's e-mail address

    The answer is the same whether somebody is staff with this address. The link is good once, for an hour.
    """
    with transaction():
        owe_forgotten(municipality, body["email"], f"{settings().public_url}/staff/{municipality.slug}/password")
    return Response(status=202)


@blueprint.post("/password/reset")
@anybody
@link_limit
@blueprint.arguments(schemas.ResetIn)
@blueprint.response(204)
@operation("resetPassword", LinkNotValid, PasswordTooEasy)
def reset(body: dict[str, Any], municipality: Municipality) -> Response:
    """Set a new password with the link of the letter

    All sessions end. The second step stays as it is.
    """
    account = who_resets(municipality, body["token"])
    check_new_password(body["password"], municipality, account.name, account.email)
    hashed = hashed_outside(body["password"])
    with transaction():
        reset_password(municipality, body["token"], hashed)
    return nothing()


@blueprint.post("/invitation")
@anybody
@link_limit
@blueprint.arguments(schemas.LinkIn)
@blueprint.response(200, schemas.InvitedOut)
@operation("showInvitation", LinkNotValid)
def show_invitation(body: dict[str, Any], municipality: Municipality) -> Response:
    """Show whom the link of an invitation invites"""
    invitation = who_is_invited(municipality, body["token"])
    return answer({"email": invitation.email, "name": invitation.name}, headers=KEPT_NOWHERE)


@blueprint.post("/invitation/accept")
@anybody
@link_limit
@blueprint.arguments(schemas.AcceptIn)
@blueprint.response(204)
@operation("acceptInvitation", LinkNotValid, PasswordTooEasy, RolesRefused)
def accept_invitation(body: dict[str, Any], municipality: Municipality) -> Response:
    """Become staff with the link of an invitation; then sign in"""
    invitation = who_is_invited(municipality, body["token"])
    check_new_password(body["password"], municipality, body["name"], invitation.email)
    hashed = hashed_outside(body["password"])
    with transaction():
        accept(municipality, body["token"], body["name"], hashed)
    return nothing()


@blueprint.put("/me/password")
@staff_only
@own_password_limit
@blueprint.arguments(schemas.ChangePasswordIn)
@blueprint.response(204)
@operation("changePassword", PasswordNotRight, PasswordTooEasy)
def change_own_password(body: dict[str, Any], municipality: Municipality) -> Response:
    """Choose another password; one's other sessions end"""
    who, account, shown = shown_again(municipality, body["password"])
    check_new_password(body["new_password"], municipality, account.name, account.email)
    hashed = hashed_outside(body["new_password"])
    with transaction():
        refuse_another_password(shown)
        if not still_stands(who):
            raise SignInNeeded
        change_password(municipality, who, hashed)
    return nothing()


def settings() -> Settings:
    known: Settings = current_app.config["PLATEIA"]
    return known


def hashed_outside(password: str) -> str:
    """The hash of a new password; no connection is held while it is computed."""
    stop_reading()
    return hash_password(password)


def shown_again(municipality: Municipality, password: str) -> tuple[Caller, Account, Shown]:
    """The caller, who has shown their password once more. Raises PasswordNotRight, TryAgain."""
    who = caller()
    account = account_of(who)
    email = account.email or ""
    try:
        with refusals_noted(municipality, email, "password again"):
            shown = check_password(municipality, email, password, settings().samples)
    except SignInRefused:
        raise PasswordNotRight from None
    return who, account, shown


def refuse_another_password(shown: Shown) -> None:
    """In the transaction: what was shown before it is still the password. Raises PasswordNotRight."""
    if not still_shown(shown):
        raise PasswordNotRight


def proven(municipality: Municipality, who: Caller | None, account: Account, how: str | None) -> list[str] | None:
    """Write down what the code did; recovery codes where it was the first of a new authenticator."""
    if how in (None, "recovery code"):
        action = "recovery_code_used" if how else "sign_in_refused"
        record(municipality.id, who, action, "staff", str(account.uid), {"step": "code"})
    if how != "enrolled":
        return None
    record(municipality.id, who, "second_factor_set", "staff", str(account.uid))
    return make_recovery_codes(municipality, account.id)


def tokens(given: TokenGiven, codes: list[str] | None = None) -> Response:
    content = {
        "token": given.token,
        "expires_at": given.expires_at,
        "refresh_token": given.refresh_token,
        "account": given.account,
        "session": given.session,
        "recovery_codes": codes,
    }
    return answer(content, 201, headers=KEPT_NOWHERE)


def enrolment(made: Enrolment) -> Response:
    return answer({"seed": made.seed, "address": made.address, "picture": made.picture}, 201, headers=KEPT_NOWHERE)
