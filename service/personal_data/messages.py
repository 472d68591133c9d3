"""What we tell people about their data."""

from collections.abc import Iterator, Sequence

from service.municipalities.directory import Municipality, municipality_with
from service.notices.inbox import PUSHED, inbox_message, reach
from service.outbox.expanding import Kept, Owed, Posted
from service.text import N_, pick, say

COPY_READY = "personal_copy_ready"
TITLE = N_("Your data is ready")
BODY = N_("You can fetch everything that {municipality} holds about you in the app, for 24 hours.")

FILE_NAME = N_("READ ME")
HEAD = N_("This is what {municipality} holds about you in this service.")
FILES = {
    "reports": N_("your reports, with what was answered; their photos are in the folder photos"),
    "votes": N_("the votes that you cast with your name"),
    "questionnaires": N_("what you answered in questionnaires"),
    "contributions": N_("what you contributed to consultations, and what you think of what others did"),
    "moderation": N_("what moderators decided about what you wrote, and of what you complained"),
    "sign_ups": N_("the events that you signed up for"),
    "inbox": N_("what you were told in the app"),
    "follows": N_("what you follow"),
    "preferences": N_("what you want to be told, where and when, with your areas"),
    "notices": N_("the notices of the municipality that you opened"),
    "messages": N_("what was sent to your phones and addresses in the last 90 days"),
    "requests": N_("the keys by which your phone's requests are recognised when they come twice, for 14 days"),
    "copies": N_("when you asked for this copy"),
    "account": N_("your account: phones, addresses, where you are signed in, and acts of weight that concern you"),
}
"""Slice → what its file holds."""
FOOT = N_(
    "Times are in UTC. Not included are secrets (tokens, codes, passwords), which are kept as digests only, and notes"
    " that staff wrote for themselves: ask the municipality for these. In the app you can also erase your account."
)


def who_is_told(event: Posted) -> Iterator[Owed | Kept]:
    """The owner of a copy that is ready: inbox, pushes, e-mail."""
    person = reach(event.payload["account_id"])
    if person is None:
        return
    here = municipality_with(event.municipality_id)
    spoken = here.language_for(person.language)
    title, body = (say(spoken, text, municipality=name_of(here, spoken)) for text in (TITLE, BODY))
    yield inbox_message(event, person, title, body, "personal_copy", event.payload["copy"])
    data = {"personal_copy": event.payload["copy"], "municipality": here.slug}
    for target_id, channel in person.targets:
        push = {"title": title, "body": body, "data": data}
        content = push if channel in PUSHED else {"subject": title, "text": f"{body}\n"}
        yield Owed(target_id, f"copy.{event.payload['copy']}", content, person_id=person.account_id)


def name_of(here: Municipality, language: str) -> str:
    return pick(here.name, language, here.main_language)


def file_words(language: str) -> str:
    """How the file that explains the others is called in this language."""
    return say(language, FILE_NAME)


def read_me(here: Municipality, language: str, names: Sequence[str]) -> str:
    """What it says: one line for each file, in the person's language."""
    lines = [f"{name}.json: {say(language, FILES[name])}" for name in names]
    head = say(language, HEAD, municipality=name_of(here, language))
    return "\n".join([head, "", *lines, "", say(language, FOOT), ""])
