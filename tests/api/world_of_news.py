"""Articles, events and feeds that operations may ask for."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from service.db import session, transaction
from service.db.clock import now
from service.news.content import Written
from service.news.finding import version_of
from service.news.kinds import KINDS
from service.news.models import Article, NewsSource
from service.news.shelving import put_up
from service.news.sourcing import add_source
from service.news.states import PUBLISHED
from service.news.writing import write
from service.people.callers import find_caller

if TYPE_CHECKING:
    from tests.api.world import World

TEXTS: dict[str, Any] = {"main_language": "el", "title": {"el": "Γιορτή"}, "summary": {}, "body": {"el": "Ελάτε"}}
OF_READERS = {"event", "announcement"}


def day() -> str:
    return (now() + timedelta(days=30)).date().isoformat()


def starts_at(world: "World") -> str:
    """When the event takes place."""
    return f"{day()}T12:00:00+00:00"


def facts(kind: str) -> dict[str, Any]:
    return {
        "event": {
            "starts": f"{day()}T14:00",
            "ends": f"{day()}T16:00",
            "place": {"lon": 21.75, "lat": 40.25},
            "sign_up": True,
        },
        "announcement": {"urgency": "urgent", "ends_at": f"{day()}T10:00:00+00:00"},
    }.get(kind, {})


def article_for(world: "World", kind: str, seen: bool) -> str:
    """The id of an article that is there, made if need be."""
    name = f"{kind} {seen}"
    if name not in world.articles:
        lists: dict[str, Any] = {"categories": [], "districts": [], "links": [], "pictures": [], "expires_at": None}
        content = {key: TEXTS[key] for key in ("main_language", "title", "summary")} | lists | {"facts": facts(kind)}
        with transaction():
            by = find_caller(world.here.id, world.people["administrator"].token)
            assert by is not None
            article = write(world.here, by, kind, Written(content, TEXTS["body"]))
            if seen:
                put_up(world.here, article, version_of(article, 1))
                article.state = PUBLISHED
            world.articles[name] = str(article.uid)
    return world.articles[name]


def new_feed(world: "World") -> str:
    """A feed that is read; nobody does the jobs of this world."""
    found = session.scalar(select(NewsSource.uid))
    if found is None:
        about = {"url": "https://old.example/", "language": "el", "categories": [], "publishes": False}
        with transaction():
            account = world.people["administrator"].account_id
            found = add_source(world.here, about | {"every_seconds": 3600}, account, ()).uid
    return str(found)


def filled_article(world: "World", body: dict[str, Any], role: str) -> dict[str, Any]:
    kind = body["kind"] if body.get("kind") in KINDS else "news"
    return {"kind": kind, "facts": facts(kind)} | TEXTS


def filled_revision(world: "World", body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"seen": session.scalar(select(Article.number)) or 1} | TEXTS


def filled_sign_up(world: "World", body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"starts_at": starts_at(world), "places": 1, "note": "α"}


def filled_category(world: "World", body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"name": {"el": "Έργα"}}


def filled_feed(world: "World", body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"url": f"https://old.example/{len(str(body))}", "language": "el"}


FILLED = {
    "writeArticle": filled_article,
    "reviseArticle": filled_revision,
    "signUp": filled_sign_up,
    "keepNewsCategory": filled_category,
    "addFeed": filled_feed,
}
