"""Feeds, calendars, warnings and pages are read back by programs that are not ours."""

import io
import json
import re
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import feedparser
import vobject
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator, FormatChecker
from lxml import etree, html
from sqlalchemy import select

from service.db import session, transaction
from service.news.finding import version_of
from service.news.models import Article, ArticleVersion
from service.news.recurring import times_of
from service.news.shelving import take_down
from tests.news.office import NEWS, STAFF, Office, event, facts_on, in_days, local_in, read, written

HERE = Path(__file__).parent
JSON_FEED, JSON_LD = (
    Draft202012Validator(json.loads((HERE / name).read_text("utf-8")), format_checker=FormatChecker())
    for name in ("json_feed_1_1.json", "json_ld.json")
)
SCHEMA = etree.XMLSchema(etree.parse(HERE / "cap_1_2.xsd"))
CAP = {"cap": "urn:oasis:names:tc:emergency:cap:1.2"}
ATHENS = ZoneInfo("Europe/Athens")
HOSTILE = "<script>alert('x')</script> **b** [x](javascript:x) \x0b\n\n![far](https://far.example/x.png)"


def test_feeds_say_the_same_in_three_formats(client: FlaskClient, office: Office) -> None:
    office.publish(written(title={"el": "Πρώτο & <b>", "en": "First & <b>"}, body={"el": HOSTILE}))
    office.publish(written(kind="call", summary={}, facts={"type": "job", "deadline": in_days(3)}))
    ids = [str(uid) for uid in session.scalars(select(Article.uid).order_by(Article.id.desc()))]
    for form, version in (("rss", "rss20"), ("atom", "atom10")):
        answer = read(client, f"/feeds/{form}", "el")
        etree.fromstring(answer.data)
        found = feedparser.parse(io.BytesIO(answer.data), sanitize_html=False)
        assert (found.bozo, found.version) == (False, version), found.get("bozo_exception")
        assert [entry.id for entry in found.entries] == [f"urn:uuid:{uid}" for uid in ids]
        assert found.entries[1].title == "Πρώτο & <b>" and found.entries[1].published_parsed
        assert found.entries[1].link.endswith(f"{NEWS}/{ids[1]}/page")
        safe = found.entries[1].content[0].value
        assert "<strong>b</strong>" in safe and "<script" not in safe and "<img" not in safe and "<a" not in safe
        assert any(link.href.endswith(f"/feeds/{form}") for link in found.feed.links)
    items = json.loads(read(client, "/feeds/json", "el").data)
    JSON_FEED.validate(items)
    assert [item["id"] for item in items["items"]] == [f"urn:uuid:{uid}" for uid in ids]
    calls = feedparser.parse(io.BytesIO(read(client, "/feeds/atom", kind="call", language="en").data))
    assert [entry.title for entry in calls.entries] == ["New roads in Kozani"]


def test_a_recurring_event_is_in_calendars_at_its_wall_time_in_winter_and_summer(
    client: FlaskClient, office: Office
) -> None:
    year = datetime.now(ATHENS).year + 1
    facts = {
        "starts": f"{year}-03-20T18:00",
        "ends": f"{year}-03-20T20:00",
        "rule": f"FREQ=WEEKLY;UNTIL={year}0410",
        "except": [f"{year}-04-03"],
        "organiser": {"en": "Library", "el": "Βιβλιοθήκη"},
        "capacity": 20,
    }
    weekly = office.publish(event(**facts, sign_up=True))
    single = office.publish(event())
    times = read(client, f"/{weekly}/times").json["times"]
    expected = times_of(event(**facts)["facts"], "Europe/Athens")
    assert [datetime.fromisoformat(time["starts_at"]) for time in times] == [time.starts_at for time in expected]
    assert {time.starts_at.astimezone(ATHENS).hour for time in expected} == {18} and len(expected) == 3
    cancelled = client.post(
        f"{STAFF}/{weekly}/cancellations", json={"starts_at": times[1]["starts_at"]}, headers=office.publisher.headers
    )
    assert cancelled.json == {"cancelled": 1}

    answer = read(client, "/calendar.ics")
    assert answer.content_type == "text/calendar; charset=utf-8"
    calendar = vobject.readOne(answer.get_data(as_text=True))
    found = {one.uid.value.partition("@")[0]: one for one in calendar.vevent_list}
    assert set(found) == {weekly, single} and calendar.vtimezone.tzid.value == "Europe/Athens"
    left = [f"{moment:%Y-%m-%dT%H:%M}" for moment in found[weekly].getrruleset(addRDate=True)]
    assert left == [f"{year}-03-20T18:00", f"{year}-04-10T18:00"]
    assert found[single].summary.value == "New roads in Kozani" and found[single].location.value == "Park"
    one = vobject.readOne(read(client, f"/{single}/event.ics", "el").get_data(as_text=True))
    assert one.vevent.location.value == "Πάρκο" and one.vevent.status.value == "CONFIRMED"
    assert read(client, "/calendar.ics", category="none").get_data(as_text=True).count("BEGIN:VEVENT") == 0
    somewhere = office.publish(event(rule="FREQ=DAILY;COUNT=2", place={"lon": 21.75, "lat": 40.25}))
    daily = vobject.readOne(read(client, f"/{somewhere}/event.ics").get_data(as_text=True)).vevent
    assert len(list(daily.getrruleset())) == 2 and not hasattr(daily, "location") and not hasattr(daily, "exdate")
    office.call(office.publisher, "POST", f"/{single}/cancellations", json={})
    gone = vobject.readOne(read(client, f"/{single}/event.ics").get_data(as_text=True))
    assert gone.vevent.status.value == "CANCELLED"
    assert linked(read(client, f"/{single}/page").data)["eventStatus"].endswith("EventCancelled")
    read(client, f"/{office.publish(written())}/event.ics", status=404)


def test_one_faulty_event_does_not_break_the_calendar_of_all(client: FlaskClient, office: Office) -> None:
    far = event(starts="9998-05-01T10:00", ends="9998-05-01T11:00")
    assert {one["where"] for one in office.write(far, 422)["faults"]} == {"facts.starts", "facts.ends"}
    office.write(written(expires_at="9999-12-31T23:59:00-14:00"), 422)
    sound = office.publish(event())
    for changes in ({"starts": "9998-05-01T10:00"}, {"rule": "FREQ=NEVER"}, {"starts": "soon"}):
        made = office.publish(event())
        with transaction():
            article = session.scalars(select(Article).where(Article.uid == uuid.UUID(made))).one()
            version = session.scalars(select(ArticleVersion).filter_by(article_id=article.id)).one()
            version.content = version.content | {"facts": version.content["facts"] | changes}
    calendar = vobject.readOne(read(client, "/calendar.ics").get_data(as_text=True))
    assert [one.uid.value.partition("@")[0] for one in calendar.vevent_list] == [sound]
    assert len(read(client, "/feeds/json").json["items"]) == 4


def test_an_urgent_announcement_is_a_warning_and_its_correction_an_update(client: FlaskClient, office: Office) -> None:
    facts: dict[str, Any] = {
        "urgency": "emergency",
        "begins_at": in_days(0.1),
        "ends_at": in_days(1),
        "instruction": {"el": "Μείνετε στο σπίτι.", "en": "Stay at home."},
        "place": {"lon": 21.75, "lat": 40.25},
        "hazard": "Met",
        "severity": "Severe",
        "certainty": "Likely",
    }
    storm = written(kind="announcement", facts=facts, districts=["west"], body={"el": HOSTILE})
    article = office.publish(storm)
    alert = etree.fromstring(read(client, f"/{article}/cap.xml").data)
    SCHEMA.assertValid(alert)
    assert alert.xpath("string(//cap:msgType)", namespaces=CAP) == "Alert"
    assert alert.xpath("//cap:language/text()", namespaces=CAP) == ["el", "en"]
    assert alert.xpath("string(//cap:areaDesc)", namespaces=CAP) == "West"
    assert alert.xpath("string(//cap:urgency)", namespaces=CAP) == "Immediate"
    sent = alert.xpath("string(//cap:sent)", namespaces=CAP)
    office.revise(article, 1, storm | {"districts": []})
    office.move(article, "publish", seen=2)
    page = html.fromstring(read(client, f"/{article}/page").data)
    assert page.xpath("//p[@class='alarm']/text()") == ["Emergency"]
    assert facts_on(page)["What to do"] == ["Stay at home."] and {"From", "Until", "Where"} <= set(facts_on(page))
    update = etree.fromstring(read(client, f"/{article}/cap.xml").data)
    SCHEMA.assertValid(update)
    assert update.xpath("string(//cap:references)", namespaces=CAP) == f"here.plateia,{article}.1,{sent}"
    sent = update.xpath("string(//cap:sent)", namespaces=CAP)
    office.move(article, "withdraw", seen=2)
    assert said_of(client, article) == ("Cancel", f"{article}.3", f"here.plateia,{article}.2,{sent}")
    read(client, f"/{article}", status=404)
    office.revise(article, 2, storm)
    assert said_of(client, article) == ("Cancel", f"{article}.3", f"here.plateia,{article}.2,{sent}")
    office.move(article, "publish", seen=3)
    assert said_of(client, article) == ("Alert", f"{article}.4", "")
    office.revise(article, 3, storm | {"facts": facts | {"urgency": "normal"}})
    office.move(article, "publish", seen=4)
    assert said_of(client, article)[:2] == ("Cancel", f"{article}.5")
    office.move(article, "withdraw", seen=4)
    assert said_of(client, article)[:2] == ("Cancel", f"{article}.5")
    calm = office.publish(written(kind="announcement", facts={"urgency": "normal", "ends_at": in_days(1)}))
    read(client, f"/{calm}/cap.xml", status=404)
    office.move(calm, "withdraw")
    read(client, f"/{calm}/cap.xml", status=404)
    bare = office.publish(written(kind="announcement", facts={"urgency": "urgent", "ends_at": in_days(1)}))
    assert said_of(client, bare) == ("Alert", f"{bare}.1", "")
    with transaction():
        row = session.scalars(select(Article).where(Article.uid == uuid.UUID(bare))).one()
        content = version_of(row, 1).content
        take_down(row, content | {"facts": content["facts"] | {"ends_at": in_days(-1)}}, tell=False)
    read(client, f"/{bare}/cap.xml", status=404)


def said_of(client: FlaskClient, article: str) -> tuple[str, str, str]:
    """Kind, identifier and references of the message that other services find of an announcement."""
    message = etree.fromstring(read(client, f"/{article}/cap.xml").data)
    SCHEMA.assertValid(message)
    names = ("msgType", "identifier", "references")
    kind, identifier, references = (message.xpath(f"string(//cap:{name})", namespaces=CAP) for name in names)
    assert (kind == "Cancel") == (not message.xpath("//cap:info", namespaces=CAP))
    return kind, identifier, references


def linked(page: bytes) -> Any:
    """The JSON-LD of a page, which is what search engines ask for; nothing in it can end the script it stands in."""
    scripts = re.findall(rb"<script[^>]*>(.*?)</script", page, re.DOTALL | re.IGNORECASE)
    assert len(scripts) == 1 and b"<" not in scripts[0]
    found = json.loads(scripts[0])
    JSON_LD.validate(found)
    return found


def test_a_page_can_be_read_by_people_and_by_search_engines(client: FlaskClient, office: Office) -> None:
    article = office.publish(
        written(
            title={"el": "</script><script>alert(1)</script>"}, summary={}, body={"el": HOSTILE}, expires_at=in_days(1)
        )
    )
    answer = read(client, f"/{article}/page", "bg")
    page = html.fromstring(answer.data)
    assert page.get("lang") == "el" and page.xpath("string(//p[@lang='bg'])")
    assert page.xpath("string(//h1)") == "</script><script>alert(1)</script>"
    assert len(page.xpath("//script")) == 1 and "img-src 'self'" in answer.headers["Content-Security-Policy"]
    data = linked(answer.data)
    assert (data["@type"], data["inLanguage"], data["headline"]) == ("NewsArticle", "el", page.xpath("string(//h1)"))
    assert datetime.fromisoformat(data["datePublished"]) <= datetime.fromisoformat(data["dateModified"])
    assert data["expires"] and data["publisher"]["@type"] == "GovernmentOrganization"
    shown = linked(read(client, f"/{office.publish(event(capacity=9, online='https://o.example'))}/page").data)
    assert shown["@type"] == "Event" and [one.get("name") for one in shown["location"]] == ["Park", None]
    assert shown["maximumAttendeeCapacity"] == 9 and shown["eventAttendanceMode"].endswith("MixedEventAttendanceMode")
    told = html.fromstring(read(client, f"/{office.publish(event(accessibility={'el': 'Ράμπα'}))}/page", "el").data)
    assert facts_on(told)["Προσβασιμότητα"] == ["Ράμπα"] and facts_on(told)["Πού"] == ["Πάρκο", "Στον χάρτη"]
    starts = datetime.fromisoformat(shown["startDate"])
    assert starts.astimezone(ATHENS).isoformat()[:16] == local_in(7)
    assert datetime.fromisoformat(shown["endDate"]) - starts == timedelta(hours=2)


def test_no_text_of_any_kind_of_article_breaks_out_of_its_page(client: FlaskClient, office: Office) -> None:
    evil = "</script><!--<script>alert(1)</ScRiPt > \u2028 ]]> &quot;'\""
    words = {"el": evil}
    texts = {"title": words, "summary": words, "body": words}
    place = {"name": words, "lon": 21.75, "lat": 40.25}
    facts: dict[str, dict[str, Any]] = {
        "news": {},
        "action": {"how_to_take_part": words, "organiser": words, "place": place},
        "announcement": {"urgency": "normal", "ends_at": in_days(1), "instruction": words},
        "call": {"type": "job", "deadline": in_days(1)},
        "event": {"starts": local_in(7), "ends": local_in(7, "20:00"), "place": place, "organiser": words},
    }
    for kind, said in facts.items():
        article = office.publish({"kind": kind, "facts": said, "main_language": "el"} | texts)
        page = read(client, f"/{article}/page", "el").data
        data = linked(page)
        assert (data["name"], data["description"]) == (evil, evil)
        assert html.fromstring(page).xpath("string(//h1)") == evil
    nowhere = office.publish(event(place={"lon": 21.75, "lat": 40.25}, organiser=words))
    assert linked(read(client, f"/{nowhere}/page").data)["location"]["name"] == "Here"
