"""Documents of articles over HTTP: sent by the office, looked at before they are published, fetched by readers.

They are files to be saved: a browser neither shows them nor guesses what they are, and whatever is in one has no part
in this site.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Response, current_app

from service.db import stop_reading, transaction
from service.errors import NotFound
from service.http import VARY, Blueprint, answer, etag_of, language, not_modified, operation, to_be_saved
from service.media.attaching import DocumentNotFound, PhotoNotFound, record
from service.media.documents import (
    LARGEST,
    DocumentDamaged,
    DocumentFormatUnknown,
    DocumentHasMacros,
    DocumentTooLarge,
    store_document,
)
from service.media.finding import document_of, find_photo, open_document, read_rendition
from service.media.renditions import ENDINGS, Rendition
from service.municipalities.directory import Municipality
from service.news.finding import article_here, published_article
from service.news.presenting import spoken
from service.news.staff_schemas import NewsDocumentIn, NewsDocumentOut
from service.news.writing import PURPOSE, document_in, owner_of
from service.people.access import anybody, caller, staff
from service.storage.keeping import FileNotKept, StoreUnavailable
from service.text import pick

FILE = {"type": "string", "format": "binary"}
FOR_ALL, FOR_STAFF = "public, max-age=3600", "private, no-store"

blueprint = Blueprint(
    "news_documents", __name__, url_prefix="/<municipality>", description="Documents that go with news"
)


@blueprint.get("/news/<uuid:article>/documents/<uuid:document>")
@anybody
@blueprint.response(200, FILE, content_type="application/*")
@blueprint.alt_response(304, description="The reader has it.")
@operation("fetchArticleDocument", NotFound, DocumentNotFound, FileNotKept, StoreUnavailable)
def fetch(municipality: Municipality, article: uuid.UUID, document: uuid.UUID) -> Response:
    """Fetch a document of an article, to save it"""
    content = published_article(municipality, article).content
    found = document_in(content, document)
    if found is None:
        raise DocumentNotFound
    if unchanged := not_modified(etag_of(document), FOR_ALL):
        return unchanged
    title = pick(found["title"], spoken(content, language()), content["main_language"])
    response = sent(municipality, document, found["media_type"], title)
    response.set_etag(etag_of(document))
    response.headers["Cache-Control"] = FOR_ALL
    response.headers["Vary"] = VARY
    return response


@blueprint.post("/staff/news/documents")
@staff("write_news")
@blueprint.arguments(NewsDocumentIn, location="parts", content_type="multipart/form-data")
@blueprint.response(201, NewsDocumentOut)
@operation(
    "sendNewsDocument",
    DocumentTooLarge,
    DocumentFormatUnknown,
    DocumentDamaged,
    DocumentHasMacros,
    StoreUnavailable,
)
def send(parts: Mapping[str, Any], municipality: Municipality) -> Response:
    """Send a document before the article that it goes with

    It is kept as it is: nobody looks for viruses in it here. Nobody but who sent it can use it, once; without an
    article for a day it is deleted.
    """
    who, data = caller(), parts["document"].stream.read(LARGEST + 1)
    stop_reading()
    kept = store_document(municipality, str(who.account), data, current_app.config["STORE"], PURPOSE)
    with transaction():
        record(kept)
    return answer({"id": kept.uid, "media_type": kept.media_type, "bytes": kept.bytes}, 201)


@blueprint.get("/staff/news/<uuid:article>/documents/<uuid:document>")
@staff("see_news")
@blueprint.response(200, FILE, content_type="application/*")
@operation("fetchDocumentOfDraft", NotFound, DocumentNotFound, FileNotKept, StoreUnavailable)
def fetch_of_draft(municipality: Municipality, article: uuid.UUID, document: uuid.UUID) -> Response:
    """Fetch a document of any version of an article, before readers can"""
    article_here(municipality, article)
    found = document_of(municipality, owner_of(article), document)
    response = sent(municipality, document, found.media_type, str(document))
    response.headers["Cache-Control"] = FOR_STAFF
    return response


@blueprint.get("/staff/news/<uuid:article>/photos/<uuid:photo>/<any(small, medium, large):size>")
@staff("see_news")
@blueprint.response(200, FILE, content_type="image/jpeg")
@operation("showPhotoOfDraft", NotFound, PhotoNotFound, FileNotKept, StoreUnavailable)
def show_photo_of_draft(municipality: Municipality, article: uuid.UUID, photo: uuid.UUID, size: str) -> Response:
    """Show a picture of any version of an article, before readers see it"""
    article_here(municipality, article)
    if find_photo(municipality, photo).owner != owner_of(article):
        raise PhotoNotFound
    stop_reading()
    data = read_rendition(municipality, photo, Rendition(size), current_app.config["STORE"])
    return Response(data, content_type="image/jpeg", headers={"Cache-Control": FOR_STAFF})


def sent(municipality: Municipality, document: uuid.UUID, media_type: str, title: str) -> Response:
    """The file, piece by piece, under its title. Raises FileNotKept, StoreUnavailable."""
    stop_reading()
    length, pieces = open_document(municipality, document, media_type, current_app.config["STORE"])
    return to_be_saved(pieces, length, media_type, title, ENDINGS[media_type])
