"""Verified residents over HTTP: codes for the desk and from letters, what clerks confirm and withdraw."""

from typing import Any

from flask import Response

from service.db import transaction
from service.errors import NotFound
from service.http import Blueprint, answer, etag_of, nothing, operation
from service.municipalities.directory import Municipality
from service.people.access import anybody, caller, residents_only, staff
from service.people.limits import desk_code_limit, letter_code_limit, verifying_limit
from service.people.verified import schemas
from service.people.verified.desk import CodeRefused, desk_code, verify_at_desk
from service.people.verified.knowing import DistrictsDoubled, DistrictUnknown, Known, districts_of, set_districts
from service.people.verified.letters import order_letters, verify_by_letter
from service.people.verified.verifying import AnotherPerson, IdentifierRefused, VerifiedElsewhere, withdraw

SECRET = {"Cache-Control": "no-store"}

blueprint = Blueprint("verified", __name__, url_prefix="/<municipality>", description="Who was shown to live here")


@blueprint.post("/me/desk-code")
@residents_only
@desk_code_limit
@blueprint.response(201, schemas.DeskCodeOut)
@operation("makeDeskCode")
def make_desk_code(municipality: Municipality) -> Response:
    """Get a code to show at the citizens' desk

    It is good for a quarter of an hour, and once. The code before it is worth nothing any more.
    """
    who = caller()
    with transaction():
        made = desk_code(municipality, who)
    return answer(vars(made), 201, headers=SECRET)


@blueprint.post("/me/letter-code")
@residents_only
@letter_code_limit
@blueprint.arguments(schemas.LetterCodeIn)
@blueprint.response(204)
@operation("useLetterCode", CodeRefused, VerifiedElsewhere, AnotherPerson)
def use_letter_code(body: dict[str, Any], municipality: Municipality) -> Response:
    """Show with the code of a letter that one lives here"""
    who = caller()
    with transaction():
        verify_by_letter(municipality, who, body["code"])
    return nothing()


@blueprint.post("/staff/verifications")
@staff("verify_residents")
@verifying_limit
@blueprint.arguments(schemas.AtDeskIn)
@blueprint.response(201, schemas.VerifiedOut)
@operation("verifyAtDesk", CodeRefused, IdentifierRefused, DistrictUnknown, VerifiedElsewhere, AnotherPerson)
def verify_resident(body: dict[str, Any], municipality: Municipality) -> Response:
    """Confirm that who shows this code lives here

    Kept are the day, a keyed pseudonym of the person's number, the year of birth and the district where they are said,
    and in the audit log the kind of document.
    """
    who = caller()
    told = Known(body.pop("birth_year"), body.pop("district"))
    with transaction():
        made = verify_at_desk(municipality, who, **body, known=told)
    return answer({"verified": made}, 201)


@blueprint.post("/staff/verifications/withdrawals")
@staff("verify_residents")
@verifying_limit
@blueprint.arguments(schemas.WithdrawalIn)
@blueprint.response(204)
@operation("withdrawVerification", NotFound, IdentifierRefused)
def withdraw_verification(body: dict[str, Any], municipality: Municipality) -> Response:
    """Withdraw that somebody lives here

    The reason stands in the audit log. The person can be verified again, in whichever account.
    """
    who = caller()
    with transaction():
        withdraw(municipality, who, body["reason"], body["verified"], body["identifier"])
    return nothing()


@blueprint.post("/staff/verification-letters")
@staff("verify_residents")
@verifying_limit
@blueprint.arguments(schemas.LettersIn)
@blueprint.response(201, schemas.LettersOut)
@operation("orderLetters", IdentifierRefused, DistrictUnknown)
def letters(body: dict[str, Any], municipality: Municipality) -> Response:
    """Get letters with codes, to be printed

    The addresses are not kept. A code that the same person had before is worth nothing any more.
    """
    who = caller()
    orders = [order | {"known": Known(order["birth_year"], order["district"])} for order in body["letters"]]
    with transaction():
        made = order_letters(municipality, who, orders)
    return answer({"letters": made}, 201, headers=SECRET)


@blueprint.get("/districts")
@anybody
@blueprint.response(200, schemas.DistrictsOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("listDistricts")
def districts(municipality: Municipality) -> Response:
    """List the districts in which people live"""
    content = {"districts": [{"key": key, "name": name} for key, name in districts_of(municipality).items()]}
    return answer(content, etag=etag_of(content))


@blueprint.put("/staff/districts")
@staff("manage_settings")
@blueprint.arguments(schemas.DistrictsIn)
@blueprint.response(204)
@operation("setDistricts", DistrictsDoubled)
def set_all_districts(body: dict[str, Any], municipality: Municipality) -> Response:
    """Say which districts there are

    Who was verified as living in one that is no longer named keeps its key. What was fixed of a consultation stays.
    """
    who = caller()
    with transaction():
        set_districts(municipality, who, [(each["key"], each["name"]) for each in body["districts"]])
    return nothing()
