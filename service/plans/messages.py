"""What people who follow a plan, or an element of one and so all below it, are told when the worker asks."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select

from service.db import session
from service.municipalities.directory import Municipality, municipality_with
from service.notices.following import PLAN, PLAN_ELEMENT
from service.notices.inbox import Reachable, messages_to, reach_each, shortened
from service.notices.models import Follow
from service.outbox.expanding import Kept, Owed, Posted
from service.plans.kinds import STATUSES
from service.plans.telling import GONE
from service.text import N_, pick, say

AT_ONCE = 100  # people
MOST_NAMED = 5
LONGEST_NAME = 80

TITLE = N_("Plan: {plan}")
LINE = N_("{action}: {status}.")
LEFT = N_("{action}: no part of the plan any more.")
GOES_ON = N_("{action}: goes on as {others}.")
AND_MORE = N_("More actions that have changed: {count}.")
NEW_VERSION = N_("A new version of the plan has been published.")

Told = Mapping[str, Any]


def who_follows_the_plan(event: Posted) -> Iterator[Owed | Kept]:
    """What a change owes: a message to each who follows the plan, or something that it concerns."""
    municipality = municipality_with(event.municipality_id)
    for people in followers(event):
        concerned = {account_id: told_to(event, things) for account_id, things in people.items()}
        wanted = [account_id for account_id, told in concerned.items() if told is not None]
        for account_id, person in sorted(reach_each(wanted).items()):
            yield from for_follower(event, municipality, person, concerned[account_id] or [])


def followers(event: Posted) -> Iterator[dict[int, set[str]]]:
    """Account → what it follows of this plan, so many people at once, in order."""
    elements = {name for told in event.payload["changed"] for name in (told["id"], *told["above"])}
    mine = (
        Follow.municipality_id == event.municipality_id,
        or_(
            (Follow.kind == PLAN) & (Follow.value == event.payload["plan"]),
            (Follow.kind == PLAN_ELEMENT) & Follow.value.in_(sorted(elements)),
        ),
    )
    reached = event.cursor
    while True:
        ids = select(Follow.account_id).where(*mine, Follow.account_id > reached).distinct()
        page = session.scalars(ids.order_by(Follow.account_id).limit(AT_ONCE)).all()
        if not page:
            return
        rows = session.execute(select(Follow.account_id, Follow.value).where(*mine, Follow.account_id.in_(page)))
        people: dict[int, set[str]] = defaultdict(set)
        for account_id, value in rows:
            people[account_id].add(value)
        yield people
        reached = page[-1]


def told_to(event: Posted, things: set[str]) -> list[Told] | None:
    """Of what somebody who follows these things is told; None: of nothing."""
    changed: list[Told] = event.payload["changed"]
    if event.payload["plan"] in things:
        return changed
    return [told for told in changed if not things.isdisjoint((told["id"], *told["above"]))] or None


def for_follower(
    event: Posted, municipality: Municipality, person: Reachable, told: Sequence[Told]
) -> Iterator[Owed | Kept]:
    """One inbox message, and one for each phone and for the mailbox, in the person's language."""
    spoken = municipality.language_for(person.language)
    title = say(spoken, TITLE, plan=pick(event.payload["title"], spoken, municipality.main_language))
    lines = [line_of(one, spoken, municipality) for one in told[:MOST_NAMED]]
    if len(told) > MOST_NAMED:
        lines.append(say(spoken, AND_MORE, count=len(told) - MOST_NAMED))
    if event.payload["published"]:
        lines.insert(0, say(spoken, NEW_VERSION))
    about = (PLAN_ELEMENT, told[0]["id"]) if len(told) == 1 else (PLAN, event.payload["plan"])
    data = {"municipality": municipality.slug, "plan": event.payload["plan"]}
    if about[0] == PLAN_ELEMENT:
        data["plan_element"] = about[1]
    return messages_to(event, person, (title, " ".join(lines)), about, data, str(event.uid), person.account_id)


def line_of(told: Told, spoken: str, municipality: Municipality) -> str:
    """What an element is called and what it is now, or what became of it."""
    name, *became = (
        shortened(pick(title, spoken, municipality.main_language), LONGEST_NAME)
        for title in (told["title"], *told.get("became", ())[:MOST_NAMED])
    )
    if told["status"] == GONE:
        return say(spoken, GOES_ON, action=name, others=", ".join(became)) if became else say(spoken, LEFT, action=name)
    return say(spoken, LINE, action=name, status=say(spoken, STATUSES[told["status"]]))
