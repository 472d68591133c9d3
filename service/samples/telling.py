"""The news of the sample municipalities: a few articles of every kind, published when they are loaded."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from service.db import session
from service.municipalities.directory import Municipality
from service.news.content import Written, check_whole, check_written
from service.news.models import Article
from service.news.shelving import put_up
from service.news.sourcing import keep_category
from service.news.states import PUBLISHED
from service.news.writing import add_version, begin

FOLDER = Path(__file__).parent / "news"
DAY = re.compile(r"\{day:(\d+)\}")
NOTHING: dict[str, Any] = {"categories": [], "districts": [], "links": [], "pictures": [], "expires_at": None}


def news_of(slug: str) -> dict[str, Any]:
    """The categories and articles of a sample municipality, with days from today on."""
    text = (FOLDER / f"{slug}.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(DAY.sub(lambda found: day(int(found[1])), text))
    return found


def has_news(here: Municipality) -> bool:
    """Whether any article was ever written there."""
    return session.scalar(select(Article.id).where(Article.municipality_id == here.id).limit(1)) is not None


def publish_news(here: Municipality, news: Mapping[str, Any]) -> None:
    """Publish the sample's articles. Inside `transaction()`. Raises ArticleIncomplete for a faulty one."""
    for position, (key, name) in enumerate(news["categories"].items()):
        keep_category(here, key, {"name": name, "position": position, "active": True})
    for values in news["articles"]:
        publish(here, values)


def day(days: int) -> str:
    return (date.today() + timedelta(days=days)).isoformat()


def publish(here: Municipality, values: dict[str, Any]) -> None:
    about = {name: values[name] for name in ("title", "summary")} | {"facts": values.get("facts", {})}
    content = NOTHING | about | {"main_language": here.main_language, "categories": values.get("categories", [])}
    written = Written(content, values["body"])
    check_written(here, values["kind"], written)
    check_whole(here, values["kind"], written)
    article = begin(here, values["kind"])
    put_up(here, article, add_version(here, article, written, None), tell=False)
    article.state, article.pinned = PUBLISHED, values.get("pinned", False)
