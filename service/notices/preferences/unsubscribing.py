"""Digests are ended by a link in each of them, without signing in: mail providers post there, and people open it.

Its token is sealed, so that only the installation makes and reads one. It names an account and does nothing but this.
It has no end: an old mail's link is as good as a new one's, for as long as the account is there and a key opens it.
"""

import uuid

from sqlalchemy import select

from service.db import session
from service.municipalities.directory import Municipality
from service.people.models import Account
from service.sealing import NotSealedHere, seal, unseal

PURPOSE = "end digests"
"""Before the account in what is sealed: nothing that was sealed for something else is a token."""


def address_of(municipality: Municipality, account: uuid.UUID) -> str:
    """Where this person ends their digests, below the public address of the service; another one each time."""
    return f"/api/v1/{municipality.slug}/unsubscribe/{seal(f'{PURPOSE} {account.hex}')}"


def whose(municipality: Municipality, token: str) -> int | None:
    """The account whose digests end by this token; None where nobody here has it."""
    try:
        purpose, _, account = unseal(token).rpartition(" ")
    except NotSealedHere:
        return None
    if purpose != PURPOSE:
        return None
    named = Account.municipality_id == municipality.id, Account.uid == uuid.UUID(account)
    return session.scalar(select(Account.id).where(*named))
