"""Articles, events and feeds that operations may ask for."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from service.db import session, transaction
from service.db.clock import now
from service.media.attaching import record
from service.media.documents import store_document
from service.news.content import Written
from service.news.finding import version_of
from service.news.kinds import KINDS
from service.news.models import NewsSource
from service.news.shelving import put_up
from service.news.signing_up import sign_up
from service.news.sourcing import add_source
from service.news.states import PUBLISHED
from service.news.writing import write
from service.people.callers import find_caller
from tests.factories.reports import photo

if TYPE_CHECKING:
    from tests.api.world import World

A_PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
TEXTS: dict[str, Any] = {"main_language": "el", "title": {"el": "Γιορτή"}, "summary": {}, "body": {"el": "Ελάτε"}}


def day() -> str:
    return (now() + timedelta(days=30)).date().isoformat()


def starts_at(world: "World") -> str:
    """When the event takes place."""
    zone = ZoneInfo(world.here.time_zone)
    return datetime.fromisoformat(f"{day()}T14:00").replace(tzinfo=zone).astimezone(UTC).isoformat()


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


DRAFTS = {"discardArticle", "submitArticle", "moveArticle", "reviseArticle"}
WITH_FILES = ("showArticlePhoto", "fetchArticleDocument", "fetchDocumentOfDraft", "showPhotoOfDraft")
KINDS_OF = {"showWarning": "announcement"} | dict.fromkeys(WITH_FILES, "news")


def article_for(world: "World", operation: str) -> dict[str, str]:
    """An article that this operation can be done with, and its picture: a new one where something is changed."""
    kind, seen = KINDS_OF.get(operation, "event"), operation not in DRAFTS
    name = f"{operation} {kind}" if operation in (*WITH_FILES, "signOff") else kind
    if name in world.articles and seen and operation not in ("cancelEvent", "signOff"):
        return world.articles[name]
    picture = world.new_photo("administrator") if kind == "news" else None
    pictures = [{"id": picture, "alt": {"el": "Γιορτή"}}] if picture else []
    document = new_document(world) if kind == "news" else None
    attached = [{"id": document, "title": {"el": "Πρόγραμμα"}}] if document else []
    lists: dict[str, Any] = {"categories": [], "districts": [], "links": [], "pictures": pictures, "expires_at": None}
    lists["attachments"] = attached
    content = {key: TEXTS[key] for key in ("main_language", "title", "summary")} | lists | {"facts": facts(kind)}
    with transaction():
        by = find_caller(world.here.id, world.people["administrator"].token)
        assert by is not None
        article = write(world.here, by, kind, Written(content, TEXTS["body"]))
        if seen:
            put_up(world.here, article, version_of(article, 1))
            article.state = PUBLISHED
        if operation == "signOff":
            moment = datetime.fromisoformat(starts_at(world))
            sign_up(world.here, article, world.people["resident"].account_id, moment, 1, None)
    found = {"article": str(article.uid)} | ({"photo": picture, "document": document} if picture and document else {})
    if seen:
        world.articles[name] = found
    return found


def new_document(world: "World") -> str:
    """A document that the administrator has just sent."""
    store, uploader = world.app.config["STORE"], str(world.people["administrator"].account)
    kept = store_document(world.here, uploader, A_PDF, store, "news")
    with transaction():
        record(kept)
    return str(kept.uid)


def query_for(world: "World", operation: str) -> dict[str, Any]:
    """A query about what is there."""
    if operation in ("signOff", "listSignUps"):
        return {"starts_at": starts_at(world)}
    return {"before": 1, "after": 1} if operation == "compareArticleVersions" else {}


def new_feed(world: "World") -> str:
    """A feed that is read; nobody does the jobs of this world."""
    session.rollback()
    found = session.scalar(select(NewsSource.uid).limit(1))
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
    return {"seen": 1} | TEXTS


def filled_move(world: "World", body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"action": "publish", "seen": 1}


def filled_hand_in(world: "World", body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"seen": 1}


def filled_cancellation(world: "World", body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"starts_at": None, "reason": "Because."}


def filled_picture(world: "World", body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"photo": photo("green", (48, 48))}


def filled_document(world: "World", body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"document": A_PDF}


def filled_sign_up(world: "World", body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"starts_at": starts_at(world), "places": 1, "note": "α"}


def filled_category(world: "World", body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"name": {"el": "Έργα"}}


def filled_feed(world: "World", body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"url": f"https://old.example/{len(str(body))}", "language": "el"}


FILLED = {
    "writeArticle": filled_article,
    "reviseArticle": filled_revision,
    "moveArticle": filled_move,
    "submitArticle": filled_hand_in,
    "cancelEvent": filled_cancellation,
    "sendNewsPhoto": filled_picture,
    "sendNewsDocument": filled_document,
    "signUp": filled_sign_up,
    "keepNewsCategory": filled_category,
    "addFeed": filled_feed,
}
