"""A person follows something, sees what they follow, and ends it: what is told of it goes to who follows it then."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import aliased

from service.db import session
from service.db.clock import now
from service.db.keys import new_uid
from service.db.types import AnyRow
from service.db.upserts import insert_if_absent
from service.errors import NotFound, Problem
from service.gis.index import indexes_of
from service.gis.locating import DISTRICT
from service.municipalities.directory import Municipality
from service.notices.models import Follow
from service.text import LANGUAGES, N_, say

LAYER, PLAN, PLAN_ELEMENT = "layer", "plan", "plan_element"
NEWS_KIND, NEWS_CATEGORY = "news_kind", "news_category"
MOST_FOLLOWS = 200
"""Of one person."""


class NothingToFollow(Problem):
    """There is no such thing here, or not everybody may see it."""

    status, code, message = 422, "nothing_to_follow", N_("There is nothing here that can be followed.")


class TooManyFollows(Problem):
    """The person follows as much as one can already; `most`."""

    status, code, message = 409, "too_many_follows", N_("You follow very many things already. End one of them first.")


@dataclass(frozen=True)
class Followed:
    """What a followed thing is called in each language, and the layer of which it is a part, if it is one."""

    name: Mapping[str, str]
    within: Mapping[str, str] | None = None


def follow(municipality: Municipality, account_id: int, kind: str, value: str, part: str = "") -> AnyRow:
    """Let the person follow this, which is there, from now on; who does already goes on. Inside `transaction()`.

    Raises TooManyFollows.
    """
    thing = {"account_id": account_id, "kind": kind, "value": value, "part": part}
    row = thing | {"uid": new_uid(), "municipality_id": municipality.id, "created_at": now()}
    if insert_if_absent(Follow, [row], returning=Follow.id) and how_many(account_id) > MOST_FOLLOWS:
        raise TooManyFollows(most=MOST_FOLLOWS)
    return session.execute(select(Follow.__table__).filter_by(**thing)).one()


def end_follow(account_id: int, uid: uuid.UUID) -> None:
    """Tell the person nothing more about this; inside `transaction()`. Raises NotFound for anybody else's."""
    ended = delete(Follow).where(Follow.account_id == account_id, Follow.uid == uid).returning(Follow.id)
    if session.execute(ended.execution_options(synchronize_session=False)).one_or_none() is None:
        raise NotFound


def follows_of(account_id: int) -> Sequence[AnyRow]:
    """What the person follows, first to last."""
    return session.execute(select(Follow.__table__).filter_by(account_id=account_id).order_by(Follow.id)).all()


def how_many(account_id: int) -> int:
    return session.scalar(select(func.count()).select_from(Follow).filter_by(account_id=account_id)) or 0


def followed(municipality: Municipality, kind: str, value: str, part: str) -> Followed | None:
    """What this is called; None where there is no such thing (any more) that everybody may see."""
    return KINDS[kind](municipality, value, part) if kind in KINDS else None


def ensure_there(municipality: Municipality, kind: str, value: str, part: str) -> None:
    """Refuse what cannot be followed. Raises NothingToFollow."""
    if followed(municipality, kind, value, part) is None:
        raise NothingToFollow


def on_the_map(municipality: Municipality, layer: str, feature: str) -> Followed | None:
    """A public layer in force, or a feature of it."""
    index = indexes_of(municipality).get(layer)
    if index is None or not index.public:
        return None
    if not feature:
        return Followed(index.layer_name)
    position = index.positions.get(feature)
    return None if position is None else Followed(index.names_of(position), index.layer_name)


def as_district(municipality: Municipality, key: str, part: str) -> Followed | None:
    """A district of the map."""
    layers = [index for index in indexes_of(municipality).values() if index.kind == DISTRICT]
    found = next((index for index in layers if key in index.positions), None)
    return None if found is None or part else Followed(found.names_of(found.positions[key]))


def as_news_kind(municipality: Municipality, kind: str, part: str) -> Followed | None:
    """All news of a kind."""
    words = NEWS_KINDS.get(kind)
    return None if words is None or part else Followed({spoken: say(spoken, words) for spoken in LANGUAGES})


NEWS_KINDS = {
    "news": N_("News"),
    "action": N_("Actions"),
    "announcement": N_("Announcements"),
    "call": N_("Calls"),
    "event": N_("Events"),
}

KINDS: dict[str, Callable[[Municipality, str, str], Followed | None]] = {
    LAYER: on_the_map,
    DISTRICT: as_district,
    NEWS_KIND: as_news_kind,
    **dict.fromkeys((NEWS_CATEGORY, PLAN, PLAN_ELEMENT, "consultation"), lambda *_: None),
}
"""Kind of thing → what one of them is called, for a municipality, a value and a part. The composition puts the
features' own functions here.
"""


def forget_follows(account_id: int) -> None:
    """Nobody knows any more what this person followed."""
    session.execute(delete(Follow).where(Follow.account_id == account_id))


def hand_over_follows(from_id: int, to_id: int) -> None:
    """What one account follows is followed by another, which is the same person's."""
    has_it = aliased(Follow)
    twice = exists().where(
        has_it.account_id == to_id,
        has_it.kind == Follow.kind,
        has_it.value == Follow.value,
        has_it.part == Follow.part,
    )
    theirs = Follow.account_id == from_id
    session.execute(delete(Follow).where(theirs, twice).execution_options(synchronize_session=False))
    session.execute(update(Follow).where(theirs).values(account_id=to_id).execution_options(synchronize_session=False))
