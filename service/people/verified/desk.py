"""At the citizens' desk: the resident shows a code on the phone, the clerk looks at a document and types the code."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from service.db import session
from service.db.clock import now, seconds_from_now
from service.db.upserts import insert
from service.errors import Problem
from service.municipalities.directory import Municipality
from service.people.callers import Caller
from service.people.holding import held
from service.people.models import Account
from service.people.verified.codes import meant, new_code, shown
from service.people.verified.knowing import NOTHING, Known, districts_of, known_of
from service.people.verified.models import DeskCode
from service.people.verified.verifying import person_of, verify
from service.sealing import pseudonym
from service.text import N_

LENGTH, MINUTES = 8, 15
DOCUMENTS = {
    "identity_card": "identity card",
    "passport": "passport",
    "residence_permit": "residence permit",
    "register_extract": "extract of the municipal register",
    "tax_notice": "notice of the tax office with the address",
    "rental_contract": "rental contract or title of a home",
}
"""What a clerk may have looked at. Of the document only its kind is kept, in the audit log."""


class CodeRefused(Problem):
    """The code is unknown, used or too old; it is not said which."""

    status, code, message = 422, "code_refused", N_("This code is not valid. Please ask for a new one.")


@dataclass(frozen=True)
class CodeShown:
    """A code as its owner sees it, once."""

    code: str
    expires_at: datetime


def desk_code(municipality: Municipality, caller: Caller) -> CodeShown:
    """A fresh code for this account; the one before is worth nothing."""
    session.execute(delete(DeskCode).where(DeskCode.expires_at <= seconds_from_now(0)))
    code, ends = new_code(LENGTH), now() + timedelta(minutes=MINUTES)
    row = {"municipality_id": municipality.id, "account_id": caller.account_id}
    fresh = {"digest": digest(municipality, code), "expires_at": ends}
    statement = insert(DeskCode).values(row | fresh)
    session.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=fresh))
    return CodeShown(shown(code), ends)


def verify_at_desk(
    municipality: Municipality,
    clerk: Caller,
    code: str,
    document: str,
    identifier: str,
    until: datetime | None,
    known: Known = NOTHING,
) -> uuid.UUID:
    """The clerk has seen a document of this kind; the name of what was written down.

    Raises CodeRefused, IdentifierRefused, DistrictUnknown, VerifiedElsewhere, AnotherPerson.
    """
    known = known_of(municipality, identifier, known, districts_of(municipality))
    good = (
        DeskCode.municipality_id == municipality.id,
        DeskCode.digest == digest(municipality, meant(code)),
        DeskCode.expires_at > seconds_from_now(0),
    )
    account_id = session.scalar(select(DeskCode.account_id).where(*good))
    if account_id is None or not held(account_id):
        raise CodeRefused
    if session.scalar(delete(DeskCode).where(*good).returning(DeskCode.id)) is None:
        raise CodeRefused
    account = session.scalars(select(Account.uid).where(Account.id == account_id)).one()
    person = person_of(municipality, identifier)
    return verify(municipality, account, account_id, person, "desk", clerk, until, {"document": document}, known)


def digest(municipality: Municipality, code: str) -> bytes:
    """What is kept of a code."""
    return pseudonym("desk code", municipality.id, code)
