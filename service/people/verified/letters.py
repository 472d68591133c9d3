"""A letter with a code goes to an address of the municipal register; who types the code lives there.

The address comes in with the order, goes out with the answer, and is kept nowhere.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from babel.dates import format_date
from sqlalchemy import delete

from service.db import session
from service.db.clock import now, seconds_from_now
from service.db.upserts import insert
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.callers import Caller
from service.people.verified.codes import meant, new_code, shown
from service.people.verified.desk import CodeRefused
from service.people.verified.knowing import NOTHING, Known, districts_of, known_of
from service.people.verified.models import LetterCode
from service.people.verified.verifying import person_of, verify
from service.sealing import pseudonym
from service.text import N_, locale_of, say

LENGTH, DAYS = 12, 60
WORDS = N_(
    "To show that you live here, type this code into the app of the municipality, under “Verify my residence”: {code}. "
    "It is valid until {date} and can be used once. If you did not ask for it, please throw this letter away."
)


def order_letters(
    municipality: Municipality, clerk: Caller, orders: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """What to print, a letter for each order; a code that the same person has already is worth nothing any more.

    orders   [{"identifier", "address", "known"?}]: the personal number, the lines of the address, and what the register
             says (`Known`), which waits with the code
    Raises IdentifierRefused, DistrictUnknown.
    """
    session.execute(delete(LetterCode).where(LetterCode.expires_at <= seconds_from_now(0)))
    ends = now() + timedelta(days=DAYS)
    language = municipality.main_language
    last_day = format_date(municipality.day(ends), "long", locale=locale_of(language))
    districts = districts_of(municipality)
    letters, codes = [], {}
    for order in orders:
        code = new_code(LENGTH)
        known = known_of(municipality, order["identifier"], order.get("known", NOTHING), districts)
        fresh = {"digest": digest(municipality, code), "expires_at": ends} | vars(known)
        codes[person_of(municipality, order["identifier"])] = fresh
        text = say(language, WORDS, code=shown(code), date=last_day)
        letters.append({"address": order["address"], "code": shown(code), "expires_at": ends, "text": text})
    for person in sorted(codes):  # of two clerks who order for the same people one waits for the other
        fresh = codes[person]
        statement = insert(LetterCode).values(municipality_id=municipality.id, person_pseudonym=person, **fresh)
        keys = ["municipality_id", "person_pseudonym"]
        session.execute(statement.on_conflict_do_update(index_elements=keys, set_=fresh))
    record(municipality.id, clerk, "letter_code_made", "letters", str(len(letters)))
    return letters


def verify_by_letter(municipality: Municipality, caller: Caller, code: str) -> None:
    """The resident has the letter. Raises CodeRefused, VerifiedElsewhere, AnotherPerson."""
    mine = delete(LetterCode).where(
        LetterCode.municipality_id == municipality.id,
        LetterCode.digest == digest(municipality, meant(code)),
        LetterCode.expires_at > seconds_from_now(0),
    )
    said = mine.returning(LetterCode.person_pseudonym, LetterCode.birth_year, LetterCode.district)
    row = session.execute(said).one_or_none()
    if row is None:
        raise CodeRefused
    known = Known(row.birth_year, row.district)
    verify(municipality, caller.account, caller.account_id, row.person_pseudonym, "letter", caller, known=known)


def digest(municipality: Municipality, code: str) -> bytes:
    """What is kept of a code."""
    return pseudonym("letter code", municipality.id, code)
