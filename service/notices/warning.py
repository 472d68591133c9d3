"""A person is told what happens to their account, so that they notice when it was somebody else."""

from collections.abc import Iterator

from service.municipalities.directory import municipality_with
from service.notices.inbox import PUSHED, inbox_message, reach
from service.outbox.expanding import Kept, Owed, Posted
from service.people.contacts.joining import PHONE_JOINED
from service.text import N_, say

TITLE = N_("Another phone uses your account now")
BODY = N_("If this was not you, open the settings of the app and sign out everywhere else.")


def who_is_warned(event: Posted) -> Iterator[Owed | Kept]:
    """Inbox, all phones and the mailbox of the person whose account a phone has joined."""
    person = reach(event.payload["account_id"])
    if person is None:
        return
    municipality = municipality_with(event.municipality_id)
    spoken = municipality.language_for(person.language)
    title, body = say(spoken, TITLE), say(spoken, BODY)
    yield inbox_message(event, person, title, body, "phone", event.payload["installation"])
    data = {"phone": event.payload["installation"], "municipality": municipality.slug}
    for target_id, channel in person.targets:
        push = {"title": title, "body": body, "data": data}
        content = push if channel in PUSHED else {"subject": title, "text": f"{body}\n"}
        yield Owed(target_id, f"{PHONE_JOINED}.{event.id}", content, person_id=person.account_id)
