"""The second step of staff who are signed in, over HTTP: set up, replaced, taken away."""

from typing import Any

from flask import Response

from service.db import transaction
from service.db.clock import now
from service.http import Blueprint, answer, nothing, operation
from service.municipalities.directory import Municipality
from service.people.access import caller, staff_only
from service.people.auditing import record
from service.people.callers import Caller
from service.people.changing import account_of
from service.people.holding import held
from service.people.limits import own_password_limit
from service.people.models import Account
from service.people.sessions import end_sessions
from service.people.signing_in import lock_password
from service.people.staff import schemas
from service.people.staff.authenticators import (
    AuthenticatorNeeded,
    CodeNotRight,
    CodeTriedTooOften,
    SecondStepNeeded,
    begin_enrolment,
    has_authenticator,
    is_asked,
    make_enrolment,
    make_recovery_codes,
    recovery_codes_left,
    remove_authenticator,
    take_code,
)
from service.people.staff.passwords import PasswordNotRight
from service.people.staff.sign_in_routes import (
    KEPT_NOWHERE,
    enrolment,
    proven,
    refuse_another_password,
    shown_again,
)

blueprint = Blueprint(
    "second_step", __name__, url_prefix="/<municipality>/me", description="The second step of staff who are signed in"
)


@blueprint.get("/authenticator")
@staff_only
@blueprint.response(200, schemas.AuthenticatorOut)
@operation("showAuthenticator")
def show_authenticator(municipality: Municipality) -> Response:
    """Show how one's second step is"""
    account_id = caller().account_id
    content = {
        "has_authenticator": has_authenticator(account_id),
        "asked_for": is_asked(municipality, account_id),
        "recovery_codes_left": recovery_codes_left(account_id),
    }
    return answer(content)


@blueprint.post("/authenticator")
@staff_only
@own_password_limit
@blueprint.arguments(schemas.OwnSecondStepIn)
@blueprint.response(201, schemas.EnrolmentOut)
@operation("enrolAuthenticator", PasswordNotRight, SecondStepNeeded, CodeNotRight, CodeTriedTooOften)
def enrol(body: dict[str, Any], municipality: Municipality) -> Response:
    """Set up an authenticator, or another one in its place

    It counts when `confirmAuthenticator` has seen a code of it, within an hour; until then the former one does, and a
    code of it is asked for.
    """
    who, account, shown = shown_again(municipality, body["password"])
    made = make_enrolment(municipality, account)
    with transaction():
        refuse_another_password(shown)
        proved = has_shown_second_step(municipality, who, account, body["code"])
        if proved:
            begin_enrolment(who.account_id, made)
    refuse_unless(proved)
    return enrolment(made)


@blueprint.post("/authenticator/confirmation")
@staff_only
@own_password_limit
@blueprint.arguments(schemas.AuthenticatorCodeIn)
@blueprint.response(200, schemas.RecoveryCodesOut)
@operation("confirmAuthenticator", CodeNotRight, CodeTriedTooOften, AuthenticatorNeeded)
def confirm(body: dict[str, Any], municipality: Municipality) -> Response:
    """Show the first code of the new authenticator, and get recovery codes

    One's other sessions end.
    """
    who = caller()
    with transaction():
        held(who.account_id)
        lock_password(who.account_id)  # who signs in with it alone just now is waited for, and signed out
        account = account_of(who)
        how = take_code(municipality, account, body["code"], now(), new=True)
        codes = proven(municipality, who, account, how)
        if codes is not None:
            end_sessions(who.account_id, but=who.session_id)
    if codes is None:
        raise CodeNotRight
    return answer({"recovery_codes": codes}, headers=KEPT_NOWHERE)


@blueprint.delete("/authenticator")
@staff_only
@own_password_limit
@blueprint.arguments(schemas.OwnSecondStepIn)
@blueprint.response(204)
@operation(
    "removeAuthenticator", PasswordNotRight, AuthenticatorNeeded, SecondStepNeeded, CodeNotRight, CodeTriedTooOften
)
def remove(body: dict[str, Any], municipality: Municipality) -> Response:
    """Sign in without a second step from now on, where the municipality asks for none"""
    who, account, shown = shown_again(municipality, body["password"])
    with transaction():
        refuse_another_password(shown)
        if is_asked(municipality, who.account_id) or not has_authenticator(who.account_id):
            raise AuthenticatorNeeded
        proved = has_shown_second_step(municipality, who, account, body["code"])
        if proved:
            remove_authenticator(who.account_id)
            record(municipality.id, who, "second_factor_removed", "staff", str(who.account))
    refuse_unless(proved)
    return nothing()


@blueprint.post("/recovery-codes")
@staff_only
@own_password_limit
@blueprint.arguments(schemas.OwnSecondStepIn)
@blueprint.response(201, schemas.RecoveryCodesOut)
@operation(
    "makeRecoveryCodes", PasswordNotRight, AuthenticatorNeeded, SecondStepNeeded, CodeNotRight, CodeTriedTooOften
)
def recovery_codes(body: dict[str, Any], municipality: Municipality) -> Response:
    """Get fresh recovery codes; the former ones are worth nothing"""
    who, account, shown = shown_again(municipality, body["password"])
    codes: list[str] = []
    with transaction():
        refuse_another_password(shown)
        if not has_authenticator(who.account_id):
            raise AuthenticatorNeeded
        proved = has_shown_second_step(municipality, who, account, body["code"])
        if proved:
            codes = make_recovery_codes(municipality, who.account_id)
            record(municipality.id, who, "recovery_codes_made", "staff", str(who.account))
    refuse_unless(proved)
    return answer({"recovery_codes": codes}, 201, headers=KEPT_NOWHERE)


def has_shown_second_step(municipality: Municipality, who: Caller, account: Account, code: str | None) -> bool:
    """In the transaction: whether the code is of the second step that there is; yes, where there is none. No: commit
    the try, then refuse.

    Raises SecondStepNeeded, CodeTriedTooOften.
    """
    if not has_authenticator(account.id):
        return True
    if code is None:
        raise SecondStepNeeded
    how = take_code(municipality, account, code, now())
    proven(municipality, who, account, how)
    return how is not None


def refuse_unless(proved: bool) -> None:
    """After the transaction. Raises CodeNotRight."""
    if not proved:
        raise CodeNotRight
