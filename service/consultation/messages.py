"""What people who follow a consultation, or the plan that it is about, are told when the worker asks."""

import uuid
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select

from service.consultation.models import Consultation
from service.consultation.telling import CONSULTATION, ENDING_SOON, EXTENDED, PHASE_BEGUN, RESULT_OUT
from service.db import session
from service.municipalities.directory import Municipality, municipality_with
from service.notices.inbox import messages_to, reach_each
from service.notices.topics import followers
from service.outbox.expanding import Kept, Owed, Posted
from service.text import N_, moment_in, pick, say

BEGUN = {
    "inform": N_("A consultation has begun. Read what it is about: proposals, comments or a vote may follow."),
    "propose": N_("You can make proposals now, until {when}."),
    "comment": N_("You can comment now, until {when}."),
    "deliberate": N_("The discussion is open now, until {when}."),
    "vote": N_("The vote is open now, until {when}."),
    "review": N_("What people said is being looked at now, until {when}."),
    "results": N_("What came of it can be read now."),
}
"""Kind of phase → what is told when it begins."""
WORDS = {
    EXTENDED: N_("It ends later, on {when}. The reason: {reason}"),
    ENDING_SOON: N_("It ends on {when}. Until then you can take part."),
    RESULT_OUT: N_("It is over, and the result is out."),
}
TITLE = N_("Consultation: {title}")
HEAD_SUBJECT = N_("Signed state of the log, {number} lines: {title}")
HEAD_KEPT = N_(
    "You observe a consultation of {municipality}: {title}. Please keep this mail as it is: with it anybody can find "
    "out whether the log of the ballots was exchanged later."
)
HEAD_KEY = N_("It is signed with the key {key}")
HEADS_LISTED = N_("All signed states of this log so far, from its first line on: {address}")
HEAD_CHECKED = N_(
    "To check it after the end: save the lines from “{first}” to the signature as a file and give it to the program "
    "that lies in the file with the ballots: {command}"
)
COMMAND = "python3 -I verify_consultation.py bundle.zip --head FILE"


def who_follows_the_consultation(event: Posted) -> Iterator[Owed | Kept]:
    """A message to each follower. Who has taken part is not asked: nobody can read it out of who was told."""
    here = municipality_with(event.municipality_id)
    about = (CONSULTATION, event.payload["consultation"])
    data = {"municipality": here.slug, CONSULTATION: about[1]}
    if event.payload["head"]:
        data["head"] = event.payload["head"]
    for account_ids in followers(event):
        for account_id, person in sorted(reach_each(account_ids).items()):
            said = worded(event, here, here.language_for(person.language))
            yield from messages_to(event, person, said, about, data, str(event.uid), account_id)


def who_observes(event: Posted, base: str) -> Iterator[Owed]:
    """A mail with the head to the mailbox, in the municipality's main language. `base` is the service's address."""
    named = Consultation.uid == uuid.UUID(event.payload[CONSULTATION])
    key = session.scalars(select(Consultation.public_key).where(named)).one()
    content = letter(event, municipality_with(event.municipality_id), bytes(key or b""), base)
    yield Owed(event.payload["target"], str(event.uid), content)


def letter(event: Posted, here: Municipality, public_key: bytes, base: str) -> dict[str, str]:
    """Subject, which is one line whatever the title is, and text."""
    heads = f"{base}/api/v1/{here.slug}/consultations/{event.payload[CONSULTATION]}/heads"
    spoken = here.main_language
    title, name = pick(event.payload["title"], spoken), pick(here.name, spoken)
    subject = say(spoken, HEAD_SUBJECT, number=event.version, title=title)
    parts = (
        say(spoken, HEAD_KEPT, municipality=name, title=title),
        event.payload["head"].rstrip(),
        say(spoken, HEAD_KEY, key=public_key.hex()),
        say(spoken, HEADS_LISTED, address=heads),
        say(spoken, HEAD_CHECKED, first=event.payload["head"].partition("\n")[0], command=COMMAND),
    )
    return {"subject": " ".join(subject.split()), "text": "\n\n".join(parts) + "\n"}


def worded(event: Posted, here: Municipality, spoken: str) -> tuple[str, str]:
    """Title and body in this language."""
    told, main = event.payload, here.main_language
    words = BEGUN[told["phase"]] if event.kind == PHASE_BEGUN else WORDS[event.kind]
    when = moment(told["closes_at"], here, spoken) if told["closes_at"] else ""
    body = say(spoken, words, when=when, reason=pick(told.get("reason", {}), spoken, main))
    return say(spoken, TITLE, title=pick(told["title"], spoken, main)), body


def moment(instant: str, here: Municipality, spoken: str) -> str:
    """An instant as it is written here."""
    return moment_in(spoken, datetime.fromisoformat(instant), here.time_zone)
