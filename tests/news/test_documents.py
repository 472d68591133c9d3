"""Documents go with an article: private in its drafts, kept with each version, and named wherever readers are told."""

import hashlib
import io
import json
import re
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import feedparser
import vobject
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree, html
from sqlalchemy import update

from service.db import session, transaction
from service.db.clock import now
from service.media.models import Attachment
from service.media.sweeping import sweep
from service.municipalities.directory import Municipality
from tests.factories.people import Person
from tests.factories.reports import photo
from tests.media.documents import PDF, open_document
from tests.news.office import NEWS, STAFF, Office, event, in_days, read, written
from tests.news.test_formats import CAP, SCHEMA

TITLE = {"el": "Πρόγραμμα «Α»", "en": "Programme: A/B"}


def send(client: FlaskClient, who: Person, data: bytes, status: int = 201) -> Any:
    answer = client.post(
        f"{STAFF}/documents", data={"document": (io.BytesIO(data), "../evil.exe")}, headers=who.headers
    )
    assert answer.status_code == status, answer.text
    return answer.json


def named(sent: Any) -> dict[str, Any]:
    return {"id": sent["id"], "title": TITLE}


def files_of(app: Flask) -> set[str]:
    return {key.partition("/")[2] for key, _, _ in app.config["STORE"].keys_with_age()}


def test_a_document_goes_with_its_article_from_the_draft_to_feeds(
    app: Flask, client: FlaskClient, office: Office, alice: Person, charlie: Person, next_door: Municipality
) -> None:
    for who, status in ((alice, 403), (charlie, 401), (office.publisher, 403)):
        send(client, who, PDF, status)
    assert send(client, office.editor, photo(), 415)["code"] == "document_format_unknown"
    pdf, table = send(client, office.editor, PDF), send(client, office.editor, open_document("spreadsheet"))
    assert (pdf["media_type"], pdf["bytes"]) == ("application/pdf", len(PDF))
    assert office.write(written(attachments=[{"id": pdf["id"], "title": {"en": "A"}}]), 422)["faults"] == [
        {"where": "attachments.0.title", "why": "missing"}
    ]
    office.write(written(attachments=[named(pdf), named(pdf)]), 422)
    picture = {"id": pdf["id"], "alt": {"el": "Α"}}
    assert office.write(written(pictures=[picture]), 404)["code"] == "photo_not_found"  # a document is no picture

    made = office.write(written(attachments=[named(pdf)]))
    article = made["id"]
    assert made["written"]["attachments"] == [named(pdf)]
    path = f"{article}/documents/{pdf['id']}"
    read(client, f"/{path}", status=404)
    for who, status in ((office.publisher, 200), (alice, 403), (charlie, 401)):
        assert client.get(f"{STAFF}/{path}", headers=who.headers).status_code == status
    charlies = client.get(f"/api/v1/{next_door.slug}/staff/news/{path}", headers=charlie.headers)
    assert charlies.status_code in (403, 404)
    assert office.write(written(attachments=[named(pdf)]), 404)["code"] == "document_not_found"  # it has its article
    office.call(
        office.editor,
        "POST",
        "",
        404,
        json=written(kind="news", attachments=[{"id": str(uuid.uuid4()), "title": TITLE}]),
    )

    office.move(article, "publish")
    file = read(client, f"/{path}", "el")
    assert (file.data, file.content_type, file.headers["X-Content-Type-Options"]) == (PDF, "application/pdf", "nosniff")
    assert file.headers["Content-Security-Policy"].startswith("sandbox")
    said = file.headers["Content-Disposition"]
    assert (
        said.startswith("attachment; filename=document.pdf") and "%CE%A0" in said and "/" not in said.replace("*", "")
    )
    assert "Programme_A_B.pdf" in read(client, f"/{path}", "en").headers["Content-Disposition"]
    known = {"If-None-Match": file.headers["ETag"]}
    assert client.get(f"{NEWS}/{path}", headers=known).status_code == 304
    shown = {"id": pdf["id"], "title": TITLE["en"], "media_type": "application/pdf", "bytes": len(PDF)}
    assert read(client, f"/{article}").json["attachments"] == [shown]
    check_what_others_are_told(client, article, f"{NEWS}/{path}")

    office.revise(article, 1, written(attachments=[named(table), named(pdf)]))
    changed = office.call(office.editor, "GET", f"/{article}/differences?before=1&after=2")["differences"]
    assert [one["where"] for one in changed] == ["attachments"]
    other = f"{article}/documents/{table['id']}"
    read(client, f"/{other}", status=404)
    office.revise(article, 2, written())
    office.move(article, "publish", seen=3)
    read(client, f"/{path}", status=404)
    assert client.get(f"{STAFF}/{path}", headers=office.editor.headers).data == PDF  # of the version before
    check_drafts_are_thrown_away_whole(app, client, office)
    check_who_checks_sees_pictures(client, office, charlie)


def check_what_others_are_told(client: FlaskClient, article: str, path: str) -> None:
    """The document is named in the page, in its JSON-LD, and in each feed."""
    page = html.fromstring(read(client, f"/{article}/page", "el").data)
    (link,) = page.xpath("//main/ul/li/a[contains(@href, '/documents/')]")
    assert link.text == TITLE["el"] and link.get("href").endswith(path) and "PDF" in link.tail
    (data,) = re.findall(rb"<script[^>]*>(.*?)</script", read(client, f"/{article}/page").data, re.DOTALL)
    (named_there,) = json.loads(data)["associatedMedia"]
    assert named_there["contentUrl"].endswith(path) and named_there["encodingFormat"] == "application/pdf"
    for form in ("rss", "atom"):
        (entry,) = feedparser.parse(io.BytesIO(read(client, f"/feeds/{form}").data)).entries
        (enclosed,) = entry.enclosures
        assert enclosed.href.endswith(path) and enclosed.type == "application/pdf" and int(enclosed.length) == len(PDF)
        assert path in entry.content[0].value
    (item,) = read(client, "/feeds/json").json["items"]
    (attached,) = item["attachments"]
    assert attached["url"].endswith(path) and attached["size_in_bytes"] == len(PDF)


def check_drafts_are_thrown_away_whole(app: Flask, client: FlaskClient, office: Office) -> None:
    """A draft that is deleted, and a document that became part of nothing, leave no file; an event has a document too."""
    before = files_of(app)
    gone, unused = send(client, office.editor, PDF), send(client, office.editor, PDF)
    draft = office.write(event() | {"attachments": [named(gone)]})["id"]
    assert files_of(app) - before == {f"{one['id']}/document.pdf" for one in (gone, unused)}
    office.call(office.editor, "DELETE", f"/{draft}", 204)
    kept = send(client, office.editor, PDF)
    happens = office.publish(event() | {"attachments": [named(kept)]})
    calendar = vobject.readOne(read(client, f"/{happens}/event.ics").get_data(as_text=True))
    assert calendar.vevent.attach.value.endswith(f"{happens}/documents/{kept['id']}")
    assert b'"subjectOf"' in read(client, f"/{happens}/page").data
    with transaction():
        old = update(Attachment).where(Attachment.uid == uuid.UUID(unused["id"]))
        session.execute(old.values(created_at=now() - timedelta(days=2)))
    sweep(app.config["STORE"], timedelta(seconds=-60))
    left = files_of(app)
    assert f"{kept['id']}/document.pdf" in left and not left & {f"{one['id']}/document.pdf" for one in (gone, unused)}


def check_who_checks_sees_pictures(client: FlaskClient, office: Office, charlie: Person) -> None:
    """A picture of a draft is seen by staff of the municipality, and under its own article alone."""
    data = {"photo": (io.BytesIO(photo("red", (64, 48))), "a.jpg")}
    sent = client.post(f"{STAFF}/photos", data=data, headers=office.editor.headers).json["id"]
    article = office.write(written(pictures=[{"id": sent, "alt": {"el": "Δρόμος"}}]))["id"]
    path = f"{STAFF}/{article}/photos/{sent}/small"
    shown = client.get(path, headers=office.publisher.headers)
    assert (shown.status_code, shown.content_type) == (200, "image/jpeg")
    assert shown.headers["Cache-Control"] == "private, no-store"
    assert client.get(path, headers=charlie.headers).status_code == 401
    other = office.write(written())["id"]
    assert client.get(f"{STAFF}/{other}/photos/{sent}/small", headers=office.editor.headers).status_code == 404


def test_a_warning_names_pictures_and_documents_in_each_of_its_languages(client: FlaskClient, office: Office) -> None:
    """CAP 1.2, 3.2.3: each file as it is given out at its address, with its size and its SHA-1."""
    pdf = send(client, office.editor, PDF)
    data = {"photo": (io.BytesIO(photo("red", (64, 48))), "a.jpg")}
    sent = client.post(f"{STAFF}/photos", data=data, headers=office.editor.headers).json["id"]
    picture = {"id": sent, "alt": {"el": "Χάρτης & <δρόμοι>\x0b", "en": "A map"}}
    document = {"id": pdf["id"], "title": {"el": "Οδηγίες"}}
    facts = {"urgency": "urgent", "ends_at": in_days(1)}
    storm = written(kind="announcement", facts=facts, pictures=[picture], attachments=[document])
    article = office.publish(storm)
    found = resources_of(client, article)
    assert [(language, one["resourceDesc"]) for language, one in found] == [
        ("el", "Χάρτης & <δρόμοι>"),
        ("el", "Οδηγίες"),
        ("en", "A map"),
        ("en", "Οδηγίες"),
    ]
    for _, one in found:
        file = client.get(urlsplit(one["uri"]).path)
        assert one["uri"].startswith("http") and (file.status_code, file.content_type) == (200, one["mimeType"])
        assert int(one["size"]) == len(file.data) and one["digest"] == hashlib.sha1(file.data).hexdigest()
    with transaction():
        session.execute(update(Attachment).values(sha1=None))  # as what was kept before there was any
    office.revise(article, 1, storm | {"pictures": []})
    office.move(article, "publish", seen=2)
    assert [list(one) for _, one in resources_of(client, article)] == [["resourceDesc", "mimeType", "size", "uri"]] * 2
    office.move(article, "withdraw", seen=2)
    assert resources_of(client, article) == [], "what calls a warning off has none"


def resources_of(client: FlaskClient, article: str) -> list[tuple[str, dict[str, str]]]:
    """(language, its parts by name) of each file that the warning names, which is valid."""
    alert = etree.fromstring(read(client, f"/{article}/cap.xml").data)
    SCHEMA.assertValid(alert)
    infos = alert.findall(f"{{{CAP['cap']}}}info")
    return [
        (info.findtext("cap:language", "", CAP), {etree.QName(part).localname: part.text or "" for part in resource})
        for info in infos
        for resource in info.findall("cap:resource", CAP)
    ]
