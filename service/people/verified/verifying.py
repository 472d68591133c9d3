"""It is shown that somebody lives here; what is kept is how, when, and a keyed pseudonym of who it is.

The pseudonym is made of the personal number that the country gives each person (ΑΦΜ, ЕГН, asmens kodas), because it is
the same whichever document is shown and whichever way is chosen: so nobody is verified in two accounts. The number
itself is never kept, and without the key of the installation nobody can try all numbers (decision 0015).
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select

from service.db import session
from service.db.clock import now, seconds_from_now
from service.db.keys import new_uid
from service.db.upserts import insert, insert_if_absent
from service.errors import NotFound, Problem
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.callers import Caller
from service.people.models import Account
from service.people.verified.knowing import NOTHING, Known
from service.people.verified.models import Verification, VerifiedResident
from service.people.verified.numbers import in_one_spelling
from service.sealing import pseudonym
from service.text import N_

METHODS = {
    "provider": "an identity provider said so",
    "desk": "a clerk checked a document at the citizens' desk",
    "letter": "a code arrived at the address by letter",
}
SHORTEST_IDENTIFIER = 5


class VerifiedElsewhere(Problem):
    """This person is verified in another account: that one is moved to the phone, or withdrawn at the desk."""

    status, code = 409, "verified_elsewhere"
    message = N_("This person has already been verified in another account.")


class AnotherPerson(Problem):
    """Another person was verified in this account."""

    status, code, message = 409, "another_person", N_("Another person has been verified in this account.")


class IdentifierRefused(Problem):
    """A personal number has letters and digits, at least five."""

    status, code, message = 422, "identifier_refused", N_("This is not a personal number.")


@dataclass(frozen=True)
class Verified:
    """That somebody lives here. `person` is the same in whichever account the same person is verified later."""

    person: bytes
    method: str
    at: datetime
    expires_at: datetime | None


def verification_of(account_id: int, methods: Collection[str] = tuple(METHODS)) -> Verified | None:
    """By which of these methods it was shown last that the account's owner lives here; None: not, or no longer."""
    return next((found for found in verifications_of(account_id) if found.method in methods), None)


def verifications_of(account_id: int) -> list[Verified]:
    """All that hold now, the newest first."""
    query = (
        select(VerifiedResident.person_pseudonym, Verification.method, Verification.at, Verification.expires_at)
        .join(Verification, Verification.resident_id == VerifiedResident.id)
        .where(
            VerifiedResident.account_id == account_id,
            or_(Verification.expires_at.is_(None), Verification.expires_at > seconds_from_now(0)),
        )
        .order_by(Verification.at.desc(), Verification.id.desc())
    )
    return [Verified(*row) for row in session.execute(query)]


def person_of(municipality: Municipality, identifier: str) -> bytes:
    """The keyed pseudonym of a personal number, however it is written. Raises IdentifierRefused."""
    plain = in_one_spelling(municipality.country, identifier)
    if len(plain) < SHORTEST_IDENTIFIER:
        raise IdentifierRefused
    return pseudonym("verified resident", municipality.id, plain)


def verify(
    municipality: Municipality,
    account: uuid.UUID,
    account_id: int,
    person: bytes,
    method: str,
    actor: Caller | None,
    expires_at: datetime | None = None,
    facts: dict[str, Any] | None = None,
    known: Known = NOTHING,
) -> uuid.UUID:
    """Write down that this account is this person's, who lives here; the name of what was written.

    What was `known` before and is not said now stays.

    Raises VerifiedElsewhere, AnotherPerson.
    """
    resident = tie(municipality, account_id, person)
    resident.birth_year = known.birth_year or resident.birth_year
    resident.district = known.district or resident.district
    moment = now()
    row = {"resident_id": resident.id, "method": method, "at": moment, "expires_at": expires_at}
    statement = insert(Verification).values(row)
    changed = {"at": moment, "expires_at": expires_at}
    session.execute(statement.on_conflict_do_update(index_elements=["resident_id", "method"], set_=changed))
    record(municipality.id, actor, "resident_verified", "resident", str(account), {"method": method} | (facts or {}))
    return resident.uid


def tie(municipality: Municipality, account_id: int, person: bytes) -> VerifiedResident:
    """The tie of account and person, made or found, locked. Unique constraints decide who was first."""
    row = {
        "uid": new_uid(),
        "municipality_id": municipality.id,
        "account_id": account_id,
        "person_pseudonym": person,
    }
    insert_if_absent(VerifiedResident, [row], returning=VerifiedResident.id)
    query = select(VerifiedResident).filter_by(municipality_id=municipality.id, person_pseudonym=person)
    found = session.scalar(query.with_for_update())
    if found is None:
        raise AnotherPerson
    if found.account_id != account_id:
        raise VerifiedElsewhere
    return found


def withdraw(
    municipality: Municipality, actor: Caller, reason: str, verified: uuid.UUID | None, identifier: str | None
) -> None:
    """What was shown holds no more: of one account, or of the person with this number. Raises NotFound."""
    query = select(VerifiedResident, Account.uid).join(Account, Account.id == VerifiedResident.account_id)
    query = query.where(VerifiedResident.municipality_id == municipality.id).with_for_update(of=VerifiedResident)
    if verified is not None:
        query = query.where(VerifiedResident.uid == verified)
    else:
        query = query.where(VerifiedResident.person_pseudonym == person_of(municipality, identifier or ""))
    found = session.execute(query).one_or_none()
    if found is None:
        raise NotFound
    resident, account = found
    session.execute(delete(Verification).where(Verification.resident_id == resident.id))
    session.execute(delete(VerifiedResident).where(VerifiedResident.id == resident.id))
    record(municipality.id, actor, "verification_withdrawn", "resident", str(account), text=reason)
