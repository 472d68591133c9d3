"""What we tell the author of what was hidden, or is shown again."""

from collections.abc import Iterator

from service.moderation.deciding import KEPT_HIDDEN, SHOWN_AGAIN
from service.moderation.models import HIDDEN, SHOWN
from service.moderation.ruling import texts_of
from service.municipalities.directory import municipality_with
from service.notices.inbox import messages_to, reach
from service.outbox.expanding import Kept, Owed, Posted
from service.text import N_, pick, say

SAID = {
    HIDDEN: (
        N_("What you wrote is hidden"),
        N_("A moderator has hidden it by this rule: {rule} You can still read it and may appeal once."),
    ),
    SHOWN: (N_("What you wrote is shown again"), N_("A moderator has looked at it once more.")),
    KEPT_HIDDEN: (
        N_("Your appeal was decided: it stays hidden"),
        N_("Another moderator has decided that this rule applies: {rule}"),
    ),
    SHOWN_AGAIN: (
        N_("Your appeal was decided: it is shown again"),
        N_("Another moderator has decided that it keeps to the rules."),
    ),
}


def who_is_told(event: Posted) -> Iterator[Owed | Kept]:
    """The author, wherever they are reached."""
    about = event.payload
    person = reach(about["account_id"])
    if person is None:
        return
    municipality = municipality_with(event.municipality_id)
    spoken = municipality.language_for(person.language)
    rule = pick(texts_of(municipality).get(about["rule"], {}), spoken, municipality.main_language)
    title, body = (say(spoken, text, rule=rule) for text in SAID[about["outcome"]])
    said = title, f"{body} {about['reason'] or ''}".strip()
    data = {"municipality": municipality.slug, about["kind"]: about["id"]}
    yield from messages_to(event, person, said, (about["kind"], about["id"]), data, str(event.uid))
