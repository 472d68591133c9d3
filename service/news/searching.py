"""Search in what is published: words in Latin letters without accents, so that Kozani finds Κοζάνη, and of a long word
its beginning, so that δρόμος finds δρόμου.

The words stand in a table, not in FTS5 or a tsvector: one question then means the same on both databases.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select

from service.db import session
from service.db.types import AnyRow
from service.gis.romanising import in_latin, loosely
from service.municipalities.directory import Municipality
from service.news.finding import Wanted, filed, shelf
from service.news.models import Article, ArticleWord
from service.news.rendering import plain, safe_html

LONGEST = 40
MOST_WORDS = 2_000
MOST_ASKED = 6
IN_TITLE, IN_SUMMARY, IN_BODY = 8, 3, 1
MOST_WEIGHT = 30
ENDING = 2
SHORTEST_STEM = 4
LAST = "\U0010ffff"


def words_in(text: str) -> list[str]:
    """The words of a text as they are kept and asked for."""
    return [loosely(word)[:LONGEST] for word in in_latin(text[:200_000]).split(" ") if word]


def beginning(word: str) -> str:
    """What a word has in common with its other forms, roughly: a long one without its ending."""
    return word[: max(SHORTEST_STEM, len(word) - ENDING)]


def weights(content: Mapping[str, Any], body: Mapping[str, str], written_as: str) -> Counter[str]:
    """Each word of the article in any language, and how much it weighs; the heaviest MOST_WORDS."""
    found: Counter[str] = Counter()
    for weight, texts in (
        (IN_TITLE, content["title"].values()),
        (IN_SUMMARY, content["summary"].values()),
        (IN_BODY, (plain(safe_html(text, written_as)) for text in body.values())),
    ):
        for text in texts:
            for word in words_in(text):
                found[word] += weight
    return Counter({word: min(weight, MOST_WEIGHT) for word, weight in found.most_common(MOST_WORDS)})


def put_words(article: Article, counted: Mapping[str, int]) -> None:
    """Let the article be found by these words only; inside `transaction()`."""
    forget_words(article)
    if counted:
        about = {"article_id": article.id, "municipality_id": article.municipality_id}
        rows = [about | {"word": word, "weight": weight} for word, weight in counted.items()]
        session.execute(insert(ArticleWord.__table__), rows)  # type: ignore[arg-type]


def forget_words(article: Article) -> None:
    gone = delete(ArticleWord).where(ArticleWord.article_id == article.id)
    session.execute(gone.execution_options(synchronize_session=False))


def search(municipality: Municipality, text: str, wanted: Wanted, limit: int) -> Sequence[AnyRow]:
    """What readers see that has all of the words, or their beginnings; what they weigh most in first."""
    asked = list(dict.fromkeys(words_in(text)))[:MOST_ASKED]
    if not asked:
        return []
    statement, rank = filed(shelf(municipality), wanted), None
    for number, word in enumerate(asked):
        found = matching(municipality, word).subquery(f"word_{number}")
        statement = statement.join(found, found.c.article_id == Article.id)
        rank = found.c.weight if rank is None else rank + found.c.weight
    order = (rank.desc(), Article.published_at.desc(), Article.id.desc()) if rank is not None else ()
    return session.execute(statement.order_by(*order).limit(limit)).all()


def matching(municipality: Municipality, word: str) -> Any:
    """The articles with a word that begins so, and how much the heaviest of those words weighs."""
    stem = beginning(word)
    return (
        select(ArticleWord.article_id, func.max(ArticleWord.weight).label("weight"))
        .where(
            ArticleWord.municipality_id == municipality.id,
            ArticleWord.word >= stem,
            ArticleWord.word < stem + LAST,
        )
        .group_by(ArticleWord.article_id)
    )
