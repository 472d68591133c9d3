"""An article is written, handed in, published, corrected and withdrawn; readers see what is published, and only that."""

import io
import uuid
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.db import session, transaction
from service.db.clock import now
from service.jobs.planning import plan
from service.municipalities.changing import change_settings
from service.municipalities.directory import Municipality
from service.news.models import Article, ArticleVersion, ArticleWord
from service.outbox.models import Event
from service.people.audit_models import AuditEntry
from service.plans.models import PlanElement
from tests.factories.jobs import make_due
from tests.factories.people import Person
from tests.factories.reports import photo
from tests.news.office import NEWS, STAFF, Office, in_days, read, titles, work_all, written
from tests.plans.plans import a_plan, keep, put_in_force
from tests.reports.scene import expand_all


def owed() -> list[tuple[str, bool | None]]:
    session.rollback()
    rows = session.execute(select(Event.kind, Event.payload).order_by(Event.id))
    return [(row.kind, row.payload.get("changed")) for row in rows]


def test_what_is_written_is_seen_when_it_is_published_and_no_more_when_it_is_withdrawn(
    client: FlaskClient, office: Office, charlie: Person, alice: Person
) -> None:
    article = office.write(written())["id"]
    assert titles(client) == [] and read(client, f"/{article}", status=404)
    assert office.submit(article)["state"] == "review"
    office.move(article, "publish", status=403, who=office.editor)
    assert office.move(article, "return", reason="The date is wrong.")["reason"] == "The date is wrong."
    office.revise(article, 1, written(body={"el": "Οι εργασίες\nαρχίζουν την Τρίτη.", "en": "On Tuesday."}))
    office.revise(article, 1, written(), status=409)
    office.move(article, "publish", seen=1, status=409)
    assert office.move(article, "publish", seen=2)["state"] == "published"

    shown = read(client, f"/{article}").json
    assert shown["title"] == "New roads in Kozani" and shown["html"] == "<p>On Tuesday.</p>\n" and shown["translated"]
    greek = read(client, f"/{article}", "bg").json
    assert greek["language"] == "el" and not greek["translated"] and greek["languages"] == ["el", "en"]
    assert owed() == [("article_published", False)]

    office.revise(article, 2, written(title={"el": "Νέο", "en": "Corrected"}))
    assert titles(client) == ["New roads in Kozani"]
    differences = office.call(
        office.publisher, "GET", f"/{article}/differences", query_string={"before": 2, "after": 3}
    )["differences"]
    assert {"where": "title.en", "before": "New roads in Kozani", "after": "Corrected"} in differences
    lines = next(one["lines"] for one in differences if one["where"] == "body.en")
    assert {"change": "removed", "text": "On Tuesday."} in lines
    query = {"before": 2, "after": 9}
    office.call(office.publisher, "GET", f"/{article}/differences", 404, query_string=query)
    assert office.show(article, number=2)["written"]["title"]["en"] == "New roads in Kozani"
    office.move(article, "publish", seen=3)
    assert titles(client) == ["Corrected"]

    office.move(article, "withdraw", seen=3, reason="It was a mistake.")
    assert titles(client) == [] and read(client, f"/{article}", status=404)
    assert owed() == [("article_published", False), ("article_published", True), ("article_withdrawn", None)]
    expand_all()
    assert [version["by_name"] for version in office.show(article)["versions"]] == ["Ellie"] * 3
    office.call(office.editor, "DELETE", f"/{article}", 409)
    written_down = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert written_down[-3:] == ["article_published", "article_published", "article_withdrawn"]

    for who in (charlie, alice):
        assert client.get(f"{STAFF}/{article}", headers=who.headers).status_code in (401, 403)
    with transaction():
        assert session.scalars(select(ArticleWord)).all() == []


def test_drafts_are_deleted_and_a_retry_makes_no_second_one(
    client: FlaskClient, office: Office, next_door: Municipality
) -> None:
    own = str(uuid.uuid4())
    assert office.write(written(id=own))["id"] == own == office.write(written(id=own))["id"]
    assert len(office.call(office.editor, "GET", "")["articles"]) == 1
    office.revise(own, 1, written())
    office.write(written(id=own), status=409)
    office.call(office.editor, "DELETE", f"/{own}", 204)
    office.call(office.editor, "GET", f"/{own}", 404)
    first, second = (office.write(written())["id"] for _ in range(2))
    page = office.call(office.editor, "GET", "", query_string={"limit": 1, "state": "draft", "kind": "news"})
    rest = office.call(office.editor, "GET", "", query_string={"after": page["next"]})
    assert [page["articles"][0]["id"], rest["articles"][0]["id"]] == [second, first]
    office.call(office.editor, "GET", "", 422, query_string={"after": "bm8"})
    assert client.get(f"/api/v1/next-door/news/{first}").status_code == 404


def test_what_is_not_whole_is_refused_with_its_faults(office: Office, client: FlaskClient) -> None:
    def faults(status: int = 422, **changes: object) -> set[tuple[str, str]]:
        answer = office.write(written(**changes), status)
        return {(fault["where"], fault["why"]) for fault in answer["faults"]}

    assert faults(main_language="lt") == {("main_language", "unknown"), ("title", "missing"), ("body", "missing")}
    assert faults(summary={"bg": "Без заглавие"}) == {("summary", "without_title")}
    assert faults(categories=["sport"], districts=["west", "moon"]) == {
        ("categories", "unknown: sport"),
        ("districts", "unknown: moon"),
    }
    assert faults(facts={"more": "javascript:alert(1)", "rule": 1}) == {
        ("facts.rule", "unknown"),
        ("facts.more", "address"),
    }
    assert faults(pictures=[{"id": str(uuid.uuid4()), "alt": {"en": "A road"}}]) == {("pictures.0.alt", "missing")}
    names = [("layer", "moon"), ("plan", "x"), ("article", "x"), ("report", "x"), ("feature", "lamp-posts/L3")]
    lost = office.write(written(links=[{"kind": kind, "id": name} for kind, name in names]), 422)
    assert lost["code"] == "link_not_found" and len(lost["links"]) == 5
    call = office.write(written(kind="call", facts={"type": "job"}))["id"]
    missing = office.move(call, "publish", status=422)["faults"]
    assert missing == [{"where": "facts.deadline", "why": "missing"}]
    over = office.write(written(expires_at=in_days(-1)))["id"]
    assert office.submit(over, status=422)["faults"] == [{"where": "expires_at", "why": "past"}]


def test_an_article_leads_to_an_action_of_a_plan_while_it_is_in_force(
    client: FlaskClient, office: Office, here: Municipality
) -> None:
    keep(here, a_plan())
    name = str(session.scalars(select(PlanElement.uid).where(PlanElement.key == "1.1")).one())
    links = [{"kind": "plan_element", "id": name}]
    assert office.write(written(links=links), 422)["code"] == "link_not_found", "the plan is a draft yet"
    put_in_force(here, a_plan())
    article = office.publish(written(links=links))
    address = "/api/v1/here/plans/op/elements/1.1"
    assert read(client, f"/{article}").json["links"] == [{**links[0], "address": address}]
    assert client.get(address).json["id"] == name
    put_in_force(here, a_plan(elements=a_plan()["elements"][1:]))
    assert read(client, f"/{article}").json["links"] == [], "it left the plan"


def test_an_article_shows_its_pictures_links_and_topics(client: FlaskClient, office: Office) -> None:
    category = {"name": {"el": "Έργα", "en": "Works"}, "position": 1}
    for path in ("works", "works", "Not%20a%20key"):
        answer = client.put(
            f"/api/v1/here/staff/news-categories/{path}", json=category, headers=office.publisher.headers
        )
        assert answer.status_code == (200 if path == "works" else 422)
    sent = client.post(
        f"{STAFF}/photos", data={"photo": (io.BytesIO(photo("red", (64, 48))), "a.jpg")}, headers=office.editor.headers
    )
    picture = {"id": sent.json["id"], "alt": {"el": "Δρόμος", "en": "A road"}}
    links = [{"kind": "layer", "id": "lamp-posts"}]
    assert office.write(written(links=links), 422)["code"] == "link_not_found"  # the layer is not public
    first = office.publish(written(pictures=[picture], categories=["works"], districts=["west"]))
    office.revise(first, 1, written(pictures=[picture], links=[{"kind": "article", "id": first}], categories=["works"]))
    office.move(first, "publish", seen=2)
    shown = read(client, f"/{first}").json
    assert shown["picture"] == {"id": picture["id"], "alt": "A road"}
    assert shown["links"] == [{"kind": "article", "id": first, "address": f"{NEWS}/{first}"}]
    assert f"/photos/{picture['id']}/large" in read(client, f"/{first}/page").text
    file = read(client, f"/{first}/photos/{picture['id']}/small")
    assert file.content_type == "image/jpeg"
    again = client.get(f"{NEWS}/{first}/photos/{picture['id']}/small", headers={"If-None-Match": file.headers["ETag"]})
    assert again.status_code == 304
    read(client, f"/{first}/photos/{uuid.uuid4()}/small", status=404)
    second = office.write(written(pictures=[picture]), 404)
    assert second["code"] == "photo_not_found"
    assert titles(client, category="works", kind="news", in_language="el") == ["New roads in Kozani"]
    assert titles(client, district="west") == [] == titles(client, in_language="bg")
    headings = read(client, "/categories").json
    assert headings["categories"] == [{"key": "works", "name": "Works"}]
    assert [kind["name"] for kind in headings["kinds"]] == ["News", "Actions", "Announcements", "Calls", "Events"]


def test_the_worker_publishes_at_the_moment_and_takes_down_at_the_end(client: FlaskClient, office: Office) -> None:
    article = office.write(written(expires_at=in_days(2)))["id"]
    assert office.move(article, "schedule", status=422)["code"] == "moment_missing"
    assert office.move(article, "schedule", at=in_days(1))["state"] == "scheduled"
    assert office.move(article, "unschedule")["state"] == "review"
    office.move(article, "schedule", at=in_days(1))
    office.revise(article, 1, written(), status=409)
    assert work_all() == 0
    make_due("publish_article")
    assert work_all() == 1 and titles(client) == ["New roads in Kozani"]
    make_due("expire_article")
    assert work_all() == 1
    assert titles(client) == []
    assert office.show(article)["state"] == "expired"
    assert office.move(article, "withdraw", status=409)["possible"] == ["publish"]

    late = office.write(written(expires_at=in_days(1)))["id"]
    office.move(late, "schedule", at=in_days(0.5))
    with transaction():
        version = session.scalars(select(ArticleVersion).order_by(ArticleVersion.id.desc())).first()
        assert version is not None
        version.content = version.content | {"expires_at": in_days(-1)}
    make_due("publish_article")
    assert work_all() == 1
    assert (office.show(late)["state"], office.show(late)["reason"]) == ("review", "article_incomplete")


def test_what_was_ordered_and_called_off_does_not_happen(client: FlaskClient, office: Office) -> None:
    article = office.publish(written(expires_at=in_days(1)))
    with transaction():
        row = session.scalars(select(Article)).one()
        for kind in ("publish_article", "expire_article"):
            payload = {"article": row.id, "number": 1, "at": now().isoformat(), "tell": True}
            plan(kind, f"old {kind}", now() - timedelta(seconds=1), payload, None, row.municipality_id)
    assert work_all() == 2
    assert titles(client) == ["New roads in Kozani"] and office.show(article)["state"] == "published"


def test_who_wrote_it_does_not_publish_it_where_a_second_person_is_needed(office: Office, here: Municipality) -> None:
    with transaction():
        change_settings(here.id, {"notices_need_second_person": True})
    both = office.publisher
    article = office.write(written())["id"]
    with transaction():
        session.execute(update(ArticleVersion).values(by_id=both.account_id))
    assert office.move(article, "publish", status=403)["code"] == "another_must_publish"
    office.revise(article, 1, written())
    assert office.move(article, "publish", seen=2)["state"] == "published"


def test_lists_have_pinned_ones_first_and_pages_without_gaps(client: FlaskClient, office: Office) -> None:
    made = [office.publish(written(title={"el": f"Νέο {n}", "en": f"No {n}"})) for n in range(5)]
    office.move(made[1], "pin")
    office.move(made[3], "pin")
    office.move(made[3], "unpin")
    assert titles(client) == ["No 1", "No 4", "No 3", "No 2", "No 0"]
    found, after = [], {}
    while True:
        page = read(client, limit=2, **after).json
        found += [article["title"] for article in page["articles"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert found == titles(client)
    read(client, status=422, after="WzEsIngiLDFd")


def test_a_notice_is_written_from_an_article(client: FlaskClient, office: Office) -> None:
    long = "ά" * 400
    article = office.write(written(summary={"el": long}, title={"el": "Έργα", "en": "Works", "bg": "Работи"}))["id"]
    subject = {"kind": "article", "id": article}

    def compose(status: int, **said: Any) -> Any:
        answer = client.post("/api/v1/here/staff/notices", json=said, headers=office.editor.headers)
        assert answer.status_code == status, answer.text
        return answer.json

    assert compose(422, subject=subject)["code"] == "link_not_found", "nobody sees it yet"
    office.move(article, "publish")
    made = compose(201, subject=subject)
    assert made["texts"] == {
        "el": {"title": "Έργα", "body": "ά" * 299 + "…"},
        "en": {"title": "Works", "body": "The works begin on Monday."},
        "bg": {"title": "Работи", "body": "Работи"},
    }
    own = {"en": {"title": "Own", "body": "Words"}}
    assert compose(201, subject=subject, texts=own)["texts"] == own
    assert compose(422)["code"] == "notice_text_missing"
    assert compose(422, texts={})["code"] == "fields_not_valid"
