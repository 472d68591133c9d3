"""Write an article, and write it anew: each writing is a version that is never changed."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select, update

from service.db import session
from service.db.clock import now
from service.db.keys import new_uid
from service.errors import Problem
from service.media.attaching import attach, attach_documents
from service.media.finding import documents_of, photos_named
from service.media.removing import remove_photos
from service.municipalities.directory import Municipality
from service.news.content import Written, attached_in, check_written
from service.news.models import Article, ArticleVersion
from service.news.states import DRAFT, WRITABLE, ArticleMoveRefused, possible
from service.people.callers import Caller
from service.text import N_

PURPOSE = "news"
"""What the office's pictures and documents are sent for."""


class ArticleChanged(Problem):
    """Somebody else has changed the article meanwhile; `number` is its newest version, `state` its state."""

    status, code, message = (
        409,
        "article_changed",
        N_("Somebody else has changed the article. Please look at it again."),
    )


class ArticleWasPublished(Problem):
    """What readers have seen is withdrawn, not deleted."""

    status, code, message = (
        409,
        "article_was_published",
        N_("Readers have seen this article. It can only be withdrawn."),
    )


def owner_of(article: uuid.UUID) -> str:
    """Under which name the pictures and documents of an article are kept."""
    return f"article:{article}"


def write(here: Municipality, by: Caller, kind: str, written: Written, uid: uuid.UUID | None = None) -> Article:
    """A new draft; inside `transaction()`. The same `uid` again finds what it made the first time.

    Raises ArticleIncomplete, PhotoNotFound, DocumentNotFound, ArticleChanged.
    """
    check_written(here, kind, written)
    if uid is not None and (found := session.scalar(select(Article).filter_by(uid=uid))) is not None:
        if found.municipality_id != here.id or found.number != 1:
            raise ArticleChanged
        return found
    article = begin(here, kind, uid)
    add_version(here, article, written, by)
    return article


def begin(here: Municipality, kind: str, uid: uuid.UUID | None = None, **about: Any) -> Article:
    """An article without any version yet."""
    article = Article(
        uid=uid or new_uid(),
        municipality_id=here.id,
        kind=kind,
        state=DRAFT,
        number=0,
        published_number=None,
        times=0,
        pinned=False,
        changed_at=now(),
        **about,
    )
    session.add(article)
    session.flush()
    return article


def revise(here: Municipality, by: Caller, article: Article, written: Written, seen: int) -> None:
    """Write a locked article anew, which the caller has `seen` in that version: a draft, while readers see the one
    before. Inside `transaction()`.

    Raises ArticleChanged, ArticleMoveRefused, ArticleIncomplete, PhotoNotFound, DocumentNotFound.
    """
    check_seen(article, seen)
    if article.state not in WRITABLE:
        raise ArticleMoveRefused(state=article.state, possible=possible(article.state))
    check_written(here, article.kind, written)
    add_version(here, article, written, by)
    article.state = DRAFT


def check_seen(article: Article, seen: int) -> None:
    """Raises ArticleChanged."""
    if article.number != seen:
        raise ArticleChanged(number=article.number, state=article.state)


def add_version(here: Municipality, article: Article, written: Written, by: Caller | None) -> ArticleVersion:
    """The next version, with its pictures and documents. Raises PhotoNotFound, DocumentNotFound."""
    content = dict(written.content)
    if by is not None:
        take_pictures(here, article, written.pictures, by)
        content["attachments"] = take_documents(here, article, written, by)
    article.number += 1
    article.changed_at = now()
    version = ArticleVersion(
        article_id=article.id,
        number=article.number,
        by_id=by.account_id if by else None,
        created_at=article.changed_at,
        format=written.format,
        content=content,
        body=dict(written.body),
    )
    session.add(version)
    session.flush()
    return version


def take_pictures(here: Municipality, article: Article, pictures: list[uuid.UUID], by: Caller) -> None:
    """Give the article those pictures that are not its own already. Raises PhotoNotFound."""
    owner = owner_of(article.uid)
    known = photos_named(here, pictures)
    new = [uid for uid in pictures if uid not in known or known[uid].owner != owner]
    attach(here, new, owner, str(by.account))


def take_documents(here: Municipality, article: Article, written: Written, by: Caller) -> list[dict[str, Any]]:
    """Give the article those documents that are not its own already; all of them as a version keeps them.

    Raises DocumentNotFound.
    """
    owner, wanted = owner_of(article.uid), written.attachments
    known: dict[uuid.UUID, Any] = dict(documents_of(here, owner, wanted))
    new = attach_documents(here, [uid for uid in wanted if uid not in known], owner, str(by.account))
    known |= {one.uid: one for one in new}
    return [
        {"id": one["id"], "title": one["title"], "media_type": found.media_type, "bytes": found.bytes}
        for one, found in zip(attached_in(written.content), (known[uid] for uid in wanted), strict=True)
    ]


def discard(here: Municipality, article: Article) -> None:
    """Delete a locked article that readers have never seen; inside `transaction()`. Raises ArticleWasPublished."""
    if article.published_at is not None or article.source_id is not None:
        raise ArticleWasPublished
    remove_photos(here, [owner_of(article.uid)])
    session.execute(delete(ArticleVersion).filter_by(article_id=article.id))
    session.delete(article)
    session.flush()


def picture_is_shown(content: Mapping[str, Any], picture: uuid.UUID) -> bool:
    """Whether a version shows this picture."""
    return any(one["id"] == str(picture) for one in content["pictures"])


def document_in(content: Mapping[str, Any], document: uuid.UUID) -> Mapping[str, Any] | None:
    """A document of a version; None: it has no such one."""
    return next((one for one in attached_in(content) if one["id"] == str(document)), None)


def forget_writer(account_id: int) -> None:
    """Unlink what this person wrote, which stays; inside `transaction()`."""
    theirs = update(ArticleVersion).where(ArticleVersion.by_id == account_id).values(by_id=None)
    session.execute(theirs.execution_options(synchronize_session=False))
