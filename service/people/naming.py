"""Who is meant by what an operator types."""

import uuid

from sqlalchemy import or_, select

from service.db import session
from service.municipalities.directory import Municipality
from service.people.models import Account, Device


def account_named(here: Municipality, who: str) -> uuid.UUID | None:
    """The account with this uid, with a phone of this installation, or with this e-mail address; None where that is
    nobody, or more than one.
    """
    wanted = Account.email == who.strip().lower()
    name = as_uid(who)
    if name is not None:
        phones = select(Device.account_id).where(Device.municipality_id == here.id, Device.installation == name)
        wanted = or_(Account.uid == name, Account.id.in_(phones))
    found = session.scalars(select(Account.uid).where(Account.municipality_id == here.id, wanted).limit(2)).all()
    return found[0] if len(found) == 1 else None


def as_uid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        return None
