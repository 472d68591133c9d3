"""Who comes to an event: places are given in the order in which people asked, and never more than there are.

Each time at which an event takes place is an occasion, whose row is locked before anybody signs up or off: of two who
want the last place one gets it and the other waits.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select

from service.db import session
from service.db.clock import now
from service.db.types import AnyRow
from service.db.upserts import insert_if_absent
from service.errors import NotFound, Problem
from service.municipalities.directory import Municipality
from service.news.boards import touch
from service.news.kinds.facts import YEARS
from service.news.messages import owe_cancelled, owe_place, owe_restored
from service.news.models import Article, ArticleVersion, Occasion, SignUp
from service.news.recurring import times_of
from service.text import N_

GOING, WAITING = "going", "waiting"


class SignUpRefused(Problem):
    """Nobody can sign up for this; `reason`: no_sign_up, no_such_time, past, cancelled, not_published,
    too_many (`most` people)."""

    status, code, message = 409, "sign_up_refused", N_("It is not possible to sign up for this.")


@dataclass(frozen=True)
class Places:
    """How many people can come (None: any number), come and wait, and whether it was cancelled."""

    starts_at: datetime
    capacity: int | None
    taken: int = 0
    waiting: int = 0
    cancelled: bool = False


def ensure_time(here: Municipality, content: Mapping[str, Any], starts_at: datetime) -> None:
    """Refuse a moment at which the event does not take place, or did. Raises SignUpRefused."""
    facts = content["facts"]
    if not facts.get("sign_up"):
        raise SignUpRefused(reason="no_sign_up")
    if not any(time.starts_at == starts_at for time in times_of(facts, here.time_zone)):
        raise SignUpRefused(reason="no_such_time")
    if starts_at <= now():
        raise SignUpRefused(reason="past")


def sign_up(
    here: Municipality, article: Article, account_id: int, starts_at: datetime, places: int, note: str | None
) -> SignUp:
    """Give somebody places, or let them wait; again with other values changes those. Inside `transaction()`.

    Who asks for more than before and does not find them goes on the waiting list at its end. Raises SignUpRefused,
    and NotFound for an event that readers do not see any more.
    """
    ensure_time(here, shown_content(article), starts_at)
    occasion = locked_occasion(article, starts_at)
    content = shown_content(article)  # as it is now that nobody changes the occasion
    if session.scalar(select(Article.published_number).where(Article.id == article.id)) is None:
        raise NotFound
    capacity = content["facts"].get("capacity")
    if capacity is not None and places > capacity:
        raise SignUpRefused(reason="too_many", most=capacity)
    ensure_time(here, content, starts_at)  # a new version may have left it out while this waited
    if occasion.cancelled_at is not None:
        raise SignUpRefused(reason="cancelled")
    found = session.scalar(select(SignUp).filter_by(occasion_id=occasion.id, account_id=account_id))
    if found is None:
        found = SignUp(occasion_id=occasion.id, account_id=account_id, state=WAITING, created_at=now())
        session.add(found)
    elif places > found.places:
        found.state, found.created_at = WAITING, now()
    found.places, found.note = places, note
    session.flush()
    move_up(article, occasion, content, but=account_id)
    return found


def sign_off(article: Article, account_id: int, starts_at: datetime) -> None:
    """Give the places back, to who waits; inside `transaction()`. Raises NotFound for who had none."""
    if starts_at.year not in YEARS:
        raise NotFound
    occasion = locked_occasion(article, starts_at)
    gone = delete(SignUp).filter_by(occasion_id=occasion.id, account_id=account_id).returning(SignUp.id)
    if session.scalars(gone.execution_options(synchronize_session=False)).one_or_none() is None:
        raise NotFound
    move_up(article, occasion, shown_content(article))


def locked_occasion(article: Article, starts_at: datetime) -> Occasion:
    """The row of this time, made if need be, locked."""
    about = {"article_id": article.id, "starts_at": starts_at, "step": 0, "dropped": False}
    insert_if_absent(Occasion, [about], returning=Occasion.id)
    query = select(Occasion).filter_by(article_id=article.id, starts_at=starts_at).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def move_up(article: Article, occasion: Occasion, content: Mapping[str, Any], but: int | None = None) -> None:
    """Give free places of a locked occasion to who waits longest, as long as they are enough for them; each is told,
    `but` who is just being answered.
    """
    if article.published_number is None or occasion.cancelled_at is not None or occasion.starts_at <= now():
        return
    capacity = content["facts"].get("capacity")
    going = select(func.coalesce(func.sum(SignUp.places), 0)).filter_by(occasion_id=occasion.id, state=GOING)
    taken = session.scalar(going) or 0
    waiting = select(SignUp).filter_by(occasion_id=occasion.id, state=WAITING)
    for next_one in session.scalars(waiting.order_by(SignUp.created_at, SignUp.id)).all():
        taken += next_one.places
        if capacity is not None and taken > capacity:
            return
        next_one.state = GOING
        session.flush()
        if next_one.account_id != but:
            owe_place(article, occasion, content["title"], next_one.account_id)


def shown_content(article: Article) -> Mapping[str, Any]:
    """What readers see of the article now, or saw last. Raises SignUpRefused where they never saw any."""
    of_now = ArticleVersion.number == Article.shown_number
    query = select(ArticleVersion.content).join(Article, (Article.id == ArticleVersion.article_id) & of_now)
    found: Mapping[str, Any] | None = session.scalars(query.where(Article.id == article.id)).one_or_none()
    if found is None:
        raise SignUpRefused(reason="not_published")
    return found


def places_of(here: Municipality, article_id: int, facts: Mapping[str, Any]) -> list[Places]:
    """The times that are still to come with their places; one statement."""
    capacity = facts.get("capacity")
    counted = {row.starts_at: row for row in session.execute(counts_of(article_id))}
    found = []
    for time in times_of(facts, here.time_zone):
        if time.starts_at > now():
            row = counted.get(time.starts_at)
            about = (row.taken or 0, row.waiting or 0, row.cancelled_at is not None) if row else ()
            found.append(Places(time.starts_at, capacity, *about))
    return found


def counts_of(article_id: int) -> Any:
    return (
        select(
            Occasion.starts_at,
            Occasion.cancelled_at,
            func.sum(SignUp.places).filter(SignUp.state == GOING).label("taken"),
            func.sum(SignUp.places).filter(SignUp.state == WAITING).label("waiting"),
        )
        .outerjoin(SignUp, SignUp.occasion_id == Occasion.id)
        .where(Occasion.article_id == article_id)
        .group_by(Occasion.id, Occasion.starts_at, Occasion.cancelled_at)
    )


def cancel(here: Municipality, article: Article, starts_at: datetime | None, reason: str | None) -> int:
    """Cancel one time of an event, or all that are still to come; who signed up is told. Inside `transaction()`, the
    article locked. How many were cancelled. Raises SignUpRefused.
    """
    content = shown_content(article)
    times = [time.starts_at for time in times_of(content["facts"], here.time_zone) if time.starts_at > now()]
    wanted = times if starts_at is None else [time for time in times if time == starts_at]
    if not wanted:
        raise SignUpRefused(reason="no_such_time")
    count = sum(cancel_one(article, locked_occasion(article, time), content["title"], reason) for time in wanted)
    if count:
        show_anew(article)
    return count


def show_anew(article: Article) -> None:
    """Let whoever asks again, and calendars, see that something of the article has changed."""
    article.updated_at = article.changed_at = now()
    article.times += 1
    touch(article.municipality_id)


def cancel_one(
    article: Article, occasion: Occasion, title: Mapping[str, str], reason: str | None, dropped: bool = False
) -> bool:
    if occasion.cancelled_at is not None:
        return False
    occasion.cancelled_at, occasion.reason, occasion.dropped = now(), reason, dropped
    owe_cancelled(article, occasion, title)
    session.flush()
    return True


def cancelled_in(article_ids: Collection[int]) -> Mapping[int, set[datetime]]:
    """The cancelled times of each of these articles; one statement."""
    found: dict[int, set[datetime]] = {article_id: set() for article_id in article_ids}
    query = select(Occasion.article_id, Occasion.starts_at).where(Occasion.cancelled_at.is_not(None))
    for row in session.execute(query.where(Occasion.article_id.in_(found))):
        found[row.article_id].add(row.starts_at)
    return found


def occasions_to_come(article: Article) -> Sequence[Occasion]:
    """Those that are still to come and not cancelled, locked in their order."""
    query = select(Occasion).where(
        Occasion.article_id == article.id, Occasion.starts_at > now(), Occasion.cancelled_at.is_(None)
    )
    return session.scalars(query.order_by(Occasion.id).with_for_update()).all()


def cancel_vanished(here: Municipality, article: Article, content: Mapping[str, Any]) -> None:
    """What a new version moves or leaves out does not take place when people signed up for it: they are told."""
    times = {time.starts_at for time in times_of(content["facts"], here.time_zone)}
    for occasion in occasions_to_come(article):
        if occasion.starts_at not in times:
            cancel_one(article, occasion, content["title"], None, dropped=True)


def restore_dropped(here: Municipality, article: Article, content: Mapping[str, Any]) -> None:
    """What a former version left out and this one has again takes place; who signed up is told."""
    times = {time.starts_at for time in times_of(content["facts"], here.time_zone)}
    query = select(Occasion).where(Occasion.article_id == article.id, Occasion.dropped, Occasion.starts_at > now())
    for occasion in session.scalars(query.order_by(Occasion.id).with_for_update()).all():
        if occasion.starts_at in times:
            occasion.cancelled_at, occasion.reason, occasion.dropped = None, None, False
            owe_restored(article, occasion, content["title"])
            session.flush()


def cancel_signed_up(article: Article, content: Mapping[str, Any]) -> None:
    """Readers see the event no more: what people signed up for is cancelled, and they are told. A time for which
    nobody did takes place if the event is published again.
    """
    for occasion in occasions_to_come(article):
        if session.scalar(select(SignUp.id).filter_by(occasion_id=occasion.id).limit(1)) is not None:
            cancel_one(article, occasion, content["title"], None)


def move_up_everywhere(article: Article, content: Mapping[str, Any]) -> None:
    """A new version may have more places."""
    for occasion in occasions_to_come(article):
        move_up(article, occasion, content)


def who_comes(article: Article, starts_at: datetime) -> Sequence[AnyRow]:
    """Everybody who signed up for this time, in their order: state, places, note, created_at."""
    if starts_at.year not in YEARS:
        return []
    query = (
        select(SignUp.state, SignUp.places, SignUp.note, SignUp.created_at)
        .join(Occasion, Occasion.id == SignUp.occasion_id)
        .where(Occasion.article_id == article.id, Occasion.starts_at == starts_at)
    )
    return session.execute(query.order_by(SignUp.created_at, SignUp.id)).all()


def sign_ups_of(account_id: int) -> Sequence[AnyRow]:
    """What somebody signed up for, first to last, with what readers see of it."""
    query = (
        select(
            Article.uid,
            ArticleVersion.content,
            Occasion.starts_at,
            Occasion.cancelled_at,
            Occasion.reason,
            SignUp.state,
            SignUp.places,
            SignUp.note,
            SignUp.created_at,
        )
        .join(Occasion, Occasion.id == SignUp.occasion_id)
        .join(Article, Article.id == Occasion.article_id)
        .join(
            ArticleVersion,
            (ArticleVersion.article_id == Article.id) & (ArticleVersion.number == Article.shown_number),
        )
        .where(SignUp.account_id == account_id)
    )
    return session.execute(query.order_by(Occasion.starts_at, SignUp.id)).all()


def forget_sign_ups_of(account_id: int) -> None:
    """Erase what this person signed up for; who waits moves up. Inside `transaction()`."""
    found = locked_with_articles(account_id)
    gone = delete(SignUp).where(SignUp.account_id == account_id)
    session.execute(gone.execution_options(synchronize_session=False))
    for occasion, article in found:
        move_up(article, occasion, shown_content(article))


def locked_with_articles(*account_ids: int) -> Sequence[tuple[Occasion, Article]]:
    """What any of these accounts signed up for, with its event; the occasions locked in their order."""
    theirs = select(SignUp.occasion_id).where(SignUp.account_id.in_(account_ids))
    query = select(Occasion, Article).join(Article, Article.id == Occasion.article_id).where(Occasion.id.in_(theirs))
    rows = session.execute(query.order_by(Occasion.id).with_for_update(of=Occasion)).all()
    return [(row.Occasion, row.Article) for row in rows]


def hand_over_sign_ups(from_id: int, to_id: int) -> None:
    """What one account signed up for is another's, which is the same person's; of two for one time the better stays.
    Inside `transaction()`.
    """
    for occasion, article in locked_with_articles(from_id):
        both = select(SignUp).where(SignUp.occasion_id == occasion.id, SignUp.account_id.in_((from_id, to_id)))
        best, *others = sorted(session.scalars(both), key=worth, reverse=True)
        for other in others:
            session.delete(other)
        session.flush()
        best.account_id = to_id
        session.flush()
        move_up(article, occasion, shown_content(article))


def worth(one: SignUp) -> tuple[bool, int, float]:
    """What somebody would rather keep: a place, for more people, asked for earlier."""
    return one.state == GOING, one.places, -one.created_at.timestamp()
