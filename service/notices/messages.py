"""What we tell people who follow the map: what a publication has made new, changed and taken away.

The publication writes one event, whoever follows (`service.gis.publishing.put_in_force`); the worker asks
`who_follows_the_map` whom it concerns. Versions that were published are never changed, so the two are compared then.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import select

from service.db import session
from service.gis.comparing import ADDED, CHANGED, REMOVED, changes
from service.gis.index import features_of, names_in
from service.gis.models import Layer
from service.municipalities.directory import Municipality, municipality_with
from service.notices.following import LAYER
from service.notices.inbox import Reachable, messages_to, reach_each, shortened
from service.notices.models import Follow
from service.outbox.expanding import Kept, Owed, Posted
from service.text import N_, pick, say

FEATURE = "feature"
AT_ONCE = 100  # people
MOST_NAMED = 5
LONGEST_NAME = 60

TITLE = N_("On the map: {layer}")
LINES = {ADDED: N_("New: {names}."), CHANGED: N_("Changed: {names}."), REMOVED: N_("No longer there: {names}.")}
AND_MORE = N_("{names} and {count} more")


@dataclass(frozen=True)
class Told:
    """A feature that a publication has added, changed or removed (`change`), and what it calls itself."""

    key: str
    change: str
    names: Mapping[str, str]


Groups = Mapping[str, Sequence[Told]]
"""What a person is told of, by change."""


def who_follows_the_map(event: Posted) -> Iterator[Owed | Kept]:
    """What a publication owes: a message to each who follows the layer, or a feature that it changes."""
    if not is_public(event):
        return
    municipality = municipality_with(event.municipality_id)
    for people in followers(event):
        everything, by_key = told_of(event.uid, event.payload["before"], event.payload["after"])
        concerned = {
            account_id: everything if "" in parts else grouped([by_key[part] for part in parts if part in by_key])
            for account_id, parts in people.items()
        }
        reachable = reach_each([account_id for account_id, groups in concerned.items() if groups])
        for account_id, person in sorted(reachable.items()):
            yield from for_follower(event, municipality, person, concerned[account_id])


def is_public(event: Posted) -> bool:
    """Whether everybody may still see the layer."""
    return bool(session.scalar(select(Layer.public).where(Layer.id == event.payload["layer_id"])))


def followers(event: Posted) -> Iterator[dict[int, list[str]]]:
    """Account → which parts of the layer it follows ("": all of it), so many people at once, in order."""
    mine = (
        Follow.municipality_id == event.municipality_id,
        Follow.kind == LAYER,
        Follow.value == event.payload["layer"],
    )
    reached = event.cursor
    while True:
        ids = select(Follow.account_id).where(*mine, Follow.account_id > reached).distinct()
        page = session.scalars(ids.order_by(Follow.account_id).limit(AT_ONCE)).all()
        if not page:
            return
        rows = session.execute(
            select(Follow.account_id, Follow.part).where(*mine, Follow.account_id.in_(page)).order_by(Follow.id)
        )
        people: dict[int, list[str]] = defaultdict(list)
        for account_id, part in rows:
            people[account_id].append(part)
        yield people
        reached = page[-1]


@lru_cache(maxsize=4)
def told_of(event: uuid.UUID, before_id: int, after_id: int) -> tuple[Groups, Mapping[str, Told]]:
    """What the publication changes, by change and by key; remembered, because a large audience asks many times."""
    before, after = features_of(before_id), features_of(after_id)
    attributes = {key: said for key, said, _ in (*before, *after)}
    found = [Told(c.key, c.change, names_in(attributes[c.key], c.key)) for c in changes(before, after)]
    return grouped(found), {told.key: told for told in found}


def grouped(found: Sequence[Told]) -> Groups:
    groups = {change: [told for told in found if told.change == change] for change in LINES}
    return {change: there for change, there in groups.items() if there}


def for_follower(event: Posted, municipality: Municipality, person: Reachable, groups: Groups) -> Iterator[Owed | Kept]:
    """One inbox message, and one message for each phone and for the mailbox, in the person's language."""
    spoken = municipality.language_for(person.language)
    layer = event.payload["layer"]
    title = say(spoken, TITLE, layer=pick(event.payload["name"], spoken, municipality.main_language))
    body = " ".join(
        say(spoken, LINES[change], names=naming(there, spoken, municipality)) for change, there in groups.items()
    )
    data = {"municipality": municipality.slug, "layer": layer}
    about = LAYER, layer
    if (feature := only_one(groups)) is not None:
        data, about = data | {"feature": feature}, (FEATURE, f"{layer}/{feature}")
    return messages_to(event, person, (title, body), about, data, str(event.uid), person.account_id)


def only_one(groups: Groups) -> str | None:
    """The key of the feature, where the message is about one alone and it is still there."""
    found = [told for there in groups.values() for told in there[:2]]
    return found[0].key if len(found) == 1 and found[0].change != REMOVED else None


def naming(there: Sequence[Told], spoken: str, municipality: Municipality) -> str:
    """The names of the first few, and how many more there are."""
    names = ", ".join(
        shortened(pick(told.names, spoken, municipality.main_language), LONGEST_NAME) for told in there[:MOST_NAMED]
    )
    more = len(there) - MOST_NAMED
    return say(spoken, AND_MORE, names=names, count=more) if more > 0 else names
