"""A person is told what happens to their account, so that they notice when it was somebody else."""

from collections.abc import Iterator

from service.municipalities.directory import Municipality, municipality_with
from service.notices.inbox import Reachable, messages_to, reach
from service.outbox.expanding import Kept, Owed, Posted
from service.people.contacts.addresses import EMAIL
from service.people.contacts.warning import CONTACT_CHANGED, PHONE_JOINED
from service.text import N_, pick, say

TITLE = N_("Another phone uses your account now")
BODY = N_("If this was not you, open the settings of the app and sign out everywhere else.")

CHANGED = N_("The e-mail address or number of your account was changed")
CHANGED_BODY = N_(
    "If this was not you, open the settings of the app, remove the phones that are not yours and sign out everywhere "
    "else. Then confirm your own address."
)
FAREWELL = N_("{municipality}: your account has lost this address")
FAREWELL_BODY = N_(
    "This address or number was taken out of an account with {municipality}. Nothing more comes here. If this was not "
    "you, open the settings of the app, remove the phones that are not yours and sign out everywhere else."
)


def who_is_warned(event: Posted) -> Iterator[Owed | Kept]:
    """Inbox, all phones and the mailbox of the person whose account a phone has joined."""
    person = reach(event.payload["account_id"])
    if person is None:
        return
    municipality, phone = municipality_with(event.municipality_id), event.payload["installation"]
    spoken = municipality.language_for(person.language)
    said = say(spoken, TITLE), say(spoken, BODY)
    data = {"phone": phone, "municipality": municipality.slug}
    yield from messages_to(event, person, said, ("phone", phone), data, f"{PHONE_JOINED}.{event.id}")


def who_is_told_of_an_address(event: Posted) -> Iterator[Owed | Kept]:
    """The same where an address or number was confirmed, replaced or given up, and the one that was there before."""
    person = reach(event.payload["account_id"])
    if person is None:
        return
    municipality, channel = municipality_with(event.municipality_id), event.payload["channel"]
    spoken = municipality.language_for(person.language)
    said = say(spoken, CHANGED), say(spoken, CHANGED_BODY)
    data, tag = {"contact": channel, "municipality": municipality.slug}, f"{CONTACT_CHANGED}.{event.id}"
    yield from messages_to(event, person, said, ("contact", channel), data, tag)
    if event.payload["target_id"] is not None:
        yield farewell(event, municipality, person, spoken, tag)


def farewell(event: Posted, municipality: Municipality, person: Reachable, spoken: str, tag: str) -> Owed:
    """The last message to the former address."""
    here = {"municipality": pick(municipality.name, spoken, municipality.main_language)}
    content = {"text": say(spoken, FAREWELL_BODY, **here)}
    if event.payload["channel"] == EMAIL:
        content = {"subject": say(spoken, FAREWELL, **here), "text": content["text"] + "\n"}
    return Owed(event.payload["target_id"], tag, content, person_id=person.account_id)
