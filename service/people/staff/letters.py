"""What staff are told by e-mail: that they are invited, and how they get another password.

The links are made when the letters are, so that no table holds one that works. What somebody types who has forgotten
their password is sealed until then: whether an account has this address is looked up by the worker, not by the route,
whose answer and time are the same for all.
"""

import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from sqlalchemy import select

from service.db import session
from service.db.keys import new_uid
from service.municipalities.directory import Municipality, municipality_with
from service.outbox.expanding import Owed, Posted
from service.outbox.models import Target
from service.outbox.posting import owe
from service.outbox.targets import WORK
from service.people.staff.inviting import LASTS, invitation_token
from service.people.staff.models import Invitation
from service.people.staff.passwords import LINK_LASTS, account_with_password, reset_token
from service.sealing import seal, unseal
from service.text import N_, locale_of, pick, say

PASSWORD_FORGOTTEN = "password_forgotten"  # noqa: S105  (a kind of event)

GREETING, GREETING_WITHOUT_NAME = N_("Good day {name},"), N_("Good day,")
INVITED = (
    N_("You are invited to work with {municipality} in Plateia"),
    N_("please open this link and choose a password. It can be used once, until {until}:"),
    N_("If you did not expect this, you need not do anything."),
)
FORGOTTEN = (
    N_("A new password for {municipality} in Plateia"),
    N_("with this link you choose a new password. It can be used once, until {until}:"),
    N_("If you did not ask for it, you need not do anything: your password stays as it is."),
)


def owe_forgotten(municipality: Municipality, email: str, page: str) -> None:
    """Owe a link to this page for a new password to who has the address, if anybody does."""
    subject = f"password:{new_uid()}"
    owe(municipality.id, PASSWORD_FORGOTTEN, subject, 1, {"email": seal(email.strip().lower()), "page": page})


def who_is_invited(event: Posted) -> Iterator[Owed]:
    """The letter with the link, unless the invitation is gone or a newer letter is on its way."""
    query = select(Invitation).filter_by(uid=uuid.UUID(event.payload["invitation"]), sent=event.version)
    invitation = session.scalars(query).one_or_none()
    if invitation is None:
        return
    municipality = municipality_with(event.municipality_id)
    token = invitation_token(municipality.id, invitation.uid, invitation.sent)
    values = {
        "name": invitation.name,
        "link": link(event, token),
        "until": local(municipality, invitation.expires_at, municipality.main_language),
    }
    yield from letter(event, municipality, municipality.main_language, invitation.email, INVITED, values, LASTS)


def who_has_forgotten(event: Posted) -> Iterator[Owed]:
    """The letter with the link, if a member of staff signs in with this address and a password."""
    municipality = municipality_with(event.municipality_id)
    found = account_with_password(municipality, unseal(event.payload["email"]))
    if found is None:
        return
    account, password_hash = found
    spoken = municipality.language_for(account.language)
    values = {
        "name": account.name or "",
        "link": link(event, reset_token(municipality, account, password_hash, event.created_at)),
        "until": local(municipality, event.created_at + LINK_LASTS, spoken),
    }
    yield from letter(event, municipality, spoken, account.email or "", FORGOTTEN, values, LINK_LASTS)


def letter(
    event: Posted,
    municipality: Municipality,
    spoken: str,
    email: str,
    texts: tuple[str, str, str],
    values: dict[str, str],
    lasts: Any,
) -> Iterator[Owed]:
    """One mail to this address of staff, where it can be reached."""
    named = {"municipality_id": municipality.id, "channel": "email", "kind": WORK, "value": email}
    target_id = session.scalar(select(Target.id).filter_by(**named, state="active"))
    if target_id is None:
        return
    values = values | {"municipality": pick(municipality.name, spoken, municipality.main_language)}
    opening = GREETING if values["name"] else GREETING_WITHOUT_NAME
    subject, greeting, why, otherwise = (say(spoken, part, **values) for part in (texts[0], opening, *texts[1:]))
    text = "\n\n".join((greeting, why, values["link"], otherwise))
    yield Owed(target_id, str(event.uid), {"subject": subject, "text": f"{text}\n"}, lasts=lasts, fleeting=True)


def link(event: Posted, token: str) -> str:
    """The page with the token behind `#`, which no server is told and no log writes."""
    return f"{event.payload['page']}#{quote(token)}"


def local(municipality: Municipality, instant: Any, spoken: str) -> str:
    """The instant as it is written here."""
    return str(format_datetime(instant, "short", tzinfo=ZoneInfo(municipality.time_zone), locale=locale_of(spoken)))
