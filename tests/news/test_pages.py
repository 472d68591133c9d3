"""Pages for browsers: all that an article says stands there, and in feeds, and they load and run nothing."""

import base64
import hashlib
from typing import Any
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from lxml import html

from tests.news.office import Office, event, facts_on, in_days, local_in, read, written


def test_a_page_and_a_feed_say_all_that_an_article_of_each_kind_does(client: FlaskClient, office: Office) -> None:
    place = {"name": {"en": "Park", "el": "Πάρκο"}, "lon": 21.75, "lat": 40.25}
    contact = {"name": "Maria", "email": "m@here.example", "phone": "+30 24610 12345"}
    paper = {"title": {"el": "Διακήρυξη", "en": "Notice"}, "url": "https://papers.example/1?a=1&b=2"}
    texts = {"el": "Κείμενο\nδύο", "en": "Text\ntwo"}
    action = {"how_to_take_part": texts, "place": place, "begins_on": "2099-05-01", "ends_on": "2099-05-02"}
    kinds: dict[str, tuple[dict[str, Any], dict[str, list[str]]]] = {
        "news": ({"more": "https://more.example/"}, {"Read on": ["https://more.example/"]}),
        "action": (
            action | {"organiser": texts, "contact": contact},
            {
                "How to take part": ["Texttwo"],
                "From": ["Friday, 1 May 2099"],
                "Until": ["Saturday, 2 May 2099"],
                "Where": ["Park", "On the map"],
                "Organiser": ["Texttwo"],
                "Contact": ["Maria", "m@here.example", "+30 24610 12345"],
            },
        ),
        "call": (
            {
                "type": "tender",
                "deadline": "2099-12-31T10:00:00+00:00",
                "registry_number": "ΑΔΑ-1",
                "documents": [paper],
            },
            {
                "Deadline": ["31 December 2099, 12:00"],
                "Number in the public register": ["ΑΔΑ-1"],
                "Documents": ["Notice"],
            },
        ),
    }
    for kind, (facts, expected) in kinds.items():
        article = office.publish(written(kind=kind, facts=facts))
        page = html.fromstring(read(client, f"/{article}/page").data)
        assert facts_on(page) == expected
        (item,) = [one for one in read(client, "/feeds/json").json["items"] if one["id"].endswith(article)]
        assert facts_on(html.fromstring(item["content_html"])) == expected
    assert "tel:+302461012345" in page_of_kind(client, "action") and "a=1&amp;b=2" in page_of_kind(client, "call")
    assert "Calls · Tender" in page_of_kind(client, "call")


def page_of_kind(client: FlaskClient, kind: str) -> str:
    (article,) = read(client, kind=kind).json["articles"]
    return read(client, f"/{article['id']}/page").get_data(as_text=True)


def test_a_page_of_an_event_has_its_times_and_says_which_are_cancelled(client: FlaskClient, office: Office) -> None:
    article = office.publish(event(rule="FREQ=DAILY;COUNT=12", capacity=25, online="https://o.example/"))
    times = read(client, f"/{article}/times").json["times"]
    cancelled = {"starts_at": times[1]["starts_at"], "reason": "Rain"}
    office.call(office.publisher, "POST", f"/{article}/cancellations", json=cancelled)
    page = html.fromstring(read(client, f"/{article}/page").data)
    said = facts_on(page)
    assert len(said["When"]) == 12 and said["When"][10:] == ["Further dates: 2", "Add to a calendar"]
    assert said["When"][0].endswith(", 18:00–20:00") and said["When"][1].endswith(" Cancelled")
    assert len(page.xpath("//dl//s")) == 1 and said["Places"] == ["25"] and said["Sign-up"] == ["In the app"]
    assert page.xpath("//a[text()='Add to a calendar']/@href")[0].endswith(f"/{article}/event.ics")
    overnight = office.publish(event(starts=local_in(7, "22:00"), ends=local_in(8, "02:00")))
    (night, _) = facts_on(html.fromstring(read(client, f"/{overnight}/page").data))["When"]
    assert night.count(",") == 4 and night.endswith("02:00")
    (item,) = [one for one in read(client, "/feeds/json").json["items"] if one["id"].endswith(article)]
    assert "Cancelled" in facts_on(html.fromstring(item["content_html"]))["When"][1]


def test_pages_bring_one_style_that_their_policy_names_and_lead_on(client: FlaskClient, office: Office) -> None:
    article = office.publish(written(kind="announcement", facts={"urgency": "urgent", "ends_at": in_days(1)}))
    for path in (f"/{article}/page", "/page"):
        answer = read(client, path)
        (style,) = html.fromstring(answer.data).xpath("//style/text()")
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}'" in answer.headers["Content-Security-Policy"]
        assert not html.fromstring(answer.data).xpath("//@style")
    page, listed = (html.fromstring(read(client, path).data) for path in (f"/{article}/page", "/page"))
    assert page.xpath("//footer//a/@href")[0].endswith(f"/{article}/page?language=el")
    assert page.xpath("//footer//a/text()") == ["Ελληνικά"] and page.xpath("//main/p/a/@href")[0].endswith(
        "language=en"
    )
    assert "Announcements · Urgent" in listed.xpath("//li/p/text()")[0]
    assert listed.xpath("//li/p/text()")[1] == "Works begin."
    followed = listed.xpath("//link[@rel='alternate']/@href") + listed.xpath("//footer//a/@href")
    assert len(followed) == 5
    for address in followed:
        assert client.get(urlsplit(address).path).status_code == 200
    office.move(article, "withdraw")
    assert "nothing here" in read(client, "/page").get_data(as_text=True)
