"""The words of a code. It is worded when it is about to be sent, and kept no longer than until then."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import select

from service.db import session
from service.db.clock import now
from service.municipalities.directory import municipality_with
from service.outbox.expanding import Kept, Owed, Posted
from service.people.contacts.addresses import EMAIL
from service.people.contacts.codes import digits_of
from service.people.contacts.models import ContactCode
from service.people.models import Account
from service.text import N_, pick, say

SUBJECT = N_("{digits} is your code for {municipality}")
TEXT = N_(
    "{digits} is your code for {municipality}. It is good for ten minutes. "
    "Tell it to nobody: who has it can use your account. If you did not ask for it, there is nothing to do."
)
SHORT = N_("{digits} is your code for {municipality}. Tell it to nobody.")


def who_gets_the_code(event: Posted) -> Iterator[Owed | Kept]:
    """One mail or short message to the address that is to be confirmed, in the language of who asked; no inbox has it.

    Nothing, when the code was used or has expired meanwhile.
    """
    code = session.get(ContactCode, event.payload["code_id"])
    lasts = timedelta() if code is None else code.expires_at - now()
    if code is None or lasts <= timedelta():
        return
    municipality = municipality_with(event.municipality_id)
    language = session.scalars(select(Account.language).filter_by(id=code.account_id)).one()
    spoken = municipality.language_for(language)
    values = {"digits": digits_of(code), "municipality": pick(municipality.name, spoken, municipality.main_language)}
    if code.channel == EMAIL:
        content = {"subject": say(spoken, SUBJECT, **values), "text": say(spoken, TEXT, **values) + "\n"}
    else:
        content = {"text": say(spoken, SHORT, **values)}
    yield Owed(code.target_id, f"code:{code.uid}", content, person_id=code.account_id, lasts=lasts, fleeting=True)
