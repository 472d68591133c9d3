"""What can happen to an article, as one table: from which state, by whose permission, to which state."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.errors import Problem
from service.text import N_

DRAFT, REVIEW, SCHEDULED, PUBLISHED = "draft", "review", "scheduled", "published"
EXPIRED, WITHDRAWN = "expired", "withdrawn"

STATES: Mapping[str, str] = {
    DRAFT: "it is being written",
    REVIEW: "it waits for somebody who may publish it",
    SCHEDULED: "it will be published at a moment that was set",
    PUBLISHED: "readers see its newest version",
    EXPIRED: "its time is over",
    WITHDRAWN: "it was taken back",
}

WRITE, PUBLISH, WORKER = "write_news", "publish_news", "the worker"


@dataclass(frozen=True)
class Move:
    """Where it leads (None: it stays where it is), and who may do it."""

    to: str | None
    permission: str


MOVES: Mapping[tuple[str, str], Move] = {
    (DRAFT, "submit"): Move(REVIEW, WRITE),
    (REVIEW, "return"): Move(DRAFT, PUBLISH),
    (DRAFT, "publish"): Move(PUBLISHED, PUBLISH),
    (REVIEW, "publish"): Move(PUBLISHED, PUBLISH),
    (SCHEDULED, "publish"): Move(PUBLISHED, PUBLISH),
    (DRAFT, "schedule"): Move(SCHEDULED, PUBLISH),
    (REVIEW, "schedule"): Move(SCHEDULED, PUBLISH),
    (SCHEDULED, "schedule"): Move(SCHEDULED, PUBLISH),
    (SCHEDULED, "unschedule"): Move(REVIEW, PUBLISH),
    (EXPIRED, "publish"): Move(PUBLISHED, PUBLISH),
    (WITHDRAWN, "publish"): Move(PUBLISHED, PUBLISH),
    (PUBLISHED, "withdraw"): Move(WITHDRAWN, PUBLISH),
    (PUBLISHED, "expire"): Move(EXPIRED, WORKER),
    (PUBLISHED, "pin"): Move(None, PUBLISH),
    (PUBLISHED, "unpin"): Move(None, PUBLISH),
    (DRAFT, "withdraw"): Move(None, PUBLISH),
    (REVIEW, "withdraw"): Move(None, PUBLISH),
    (SCHEDULED, "withdraw"): Move(None, PUBLISH),
}
"""(state, action) → what it does. To withdraw what is written anew takes the version back that readers still see."""

WRITABLE = (DRAFT, REVIEW, PUBLISHED, EXPIRED, WITHDRAWN)
"""States in which a new version can be written; it is a draft then, and readers see the one before."""
BY_PUBLISHERS = tuple(dict.fromkeys(action for (_, action), move in MOVES.items() if move.permission == PUBLISH))


class ArticleMoveRefused(Problem):
    """The article's state does not allow this; `state` is which, `possible` what it allows."""

    status, code, message = 409, "article_move_refused", N_("This cannot be done with the article as it is now.")


def move_for(state: str, action: str) -> Move:
    """What the action does to an article in this state. Raises ArticleMoveRefused."""
    found = MOVES.get((state, action))
    if found is None:
        raise ArticleMoveRefused(state=state, possible=possible(state))
    return found


def possible(state: str) -> list[str]:
    """What somebody can do with an article in this state."""
    return [action for (from_state, action), move in MOVES.items() if from_state == state and move.permission != WORKER]
