"""What a reader asks again and again costs nothing while nothing changes; search; one language in place of another."""

from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality
from service.news.finding import Wanted, page_of
from service.news.giving import entries, list_address
from service.news.models import NewsBoard
from tests.databases import is_sorted, plan_in_order
from tests.news.office import NEWS, Office, event, in_days, read, titles, written
from tests.reports.test_statement_counts import statements


def test_an_unchanged_poll_asks_the_database_nothing(client: FlaskClient, office: Office, here: Municipality) -> None:
    article, party = office.publish(written()), office.publish(event())
    storm = office.publish(written(kind="announcement", facts={"urgency": "urgent", "ends_at": in_days(1)}))
    lists = ("", "/feeds/rss", "/feeds/atom", "/feeds/json", "/calendar.ics", "/page")
    for path in (*lists, f"/{article}", f"/{article}/page", f"/{party}/event.ics", f"/{storm}/cap.xml"):
        fresh = read(client, path)
        by_tag = {"If-None-Match": fresh.headers["ETag"], "Accept-Language": "en"}
        by_moment = {"If-Modified-Since": fresh.headers["Last-Modified"]}  # the same in every language
        with statements() as asked:
            assert client.get(f"{NEWS}{path}", headers=by_tag).status_code == 304, path
        assert but_generations(asked) == [], path
        for one in (by_tag, by_moment):
            other = client.get(f"{NEWS}{path}", headers=one | {"Accept-Language": "el"}).status_code
            assert other == 200 or (path.endswith("cap.xml") and one is by_tag), "a warning is in all its languages"
    headings = read(client, "/categories").headers["ETag"]
    with statements() as asked:
        again = client.get(f"{NEWS}/categories", headers={"If-None-Match": headings, "Accept-Language": "en"})
    assert again.status_code == 304 and len(but_generations(asked)) <= 1, asked
    fresh = read(client)
    office.revise(article, 1, written(title={"el": "Νέο", "en": "Corrected"}))
    assert (
        client.get(NEWS, headers={"If-None-Match": fresh.headers["ETag"], "Accept-Language": "en"}).status_code == 304
    )
    office.move(article, "publish", seen=2)
    for headers in ({"If-None-Match": fresh.headers["ETag"]}, {"If-Modified-Since": fresh.headers["Last-Modified"]}):
        answer = client.get(NEWS, headers=headers | {"Accept-Language": "en"})
        assert answer.status_code == 200 and "Corrected" in [one["title"] for one in answer.json["articles"]]
    for _ in range(3):
        office.move(article, "pin", seen=2)
        office.move(article, "unpin", seen=2)
    with transaction():
        board = session.get(NewsBoard, here.id)
        assert board is not None and board.version == 10 and board.changed_at.microsecond == 0


@pytest.mark.parametrize("pinned_first", [True, False])
@pytest.mark.parametrize("after", [None, (False, datetime(2026, 1, 1, tzinfo=UTC), 7)], ids=["first", "next"])
def test_a_page_of_the_list_is_read_from_an_index_in_its_order(
    here: Municipality, pinned_first: bool, after: tuple[bool, datetime, int] | None
) -> None:
    plan = plan_in_order(page_of(here, Wanted(pinned_first=pinned_first), after if pinned_first else None, 51))
    assert "ix_articles_shelf" in plan and not is_sorted(plan), plan


def but_generations(asked: list[str]) -> list[str]:
    """What was asked, but for what each process asks once a second, however many polls there are."""
    return [statement for statement in asked if "FROM generations" not in statement]


def test_words_find_articles_in_any_script_and_form(client: FlaskClient, office: Office) -> None:
    office.publish(written())
    office.publish(written(title={"el": "Φεστιβάλ", "en": "Festival"}, body={"el": "Στον δρόμο της Κοζάνης"}))
    hidden = office.write(written(title={"el": "Δρόμος"}, body={"el": "Πρόχειρο"}, summary={}))
    assert hidden["state"] == "draft"
    assert titles(client, search="δρομος") == ["New roads in Kozani", "Festival"]
    assert titles(client, search="KOZANI dromou") == ["New roads in Kozani", "Festival"]
    assert titles(client, search="festival") == ["Festival"]
    assert titles(client, search="festival roads") == [] == titles(client, search="...")
    assert titles(client, search="dromos", kind="call") == []


def test_digests_are_given_what_is_new_with_its_topics(
    client: FlaskClient, office: Office, here: Municipality, next_door: Municipality
) -> None:
    before = now()
    office.publish(written(districts=["west"]))
    office.publish(written(kind="call", facts={"type": "job", "deadline": in_days(3)}))
    session.rollback()
    found = entries(here, before, now())
    assert [("news_kind", "news") in entry.topics for entry in found] == [True, False]
    assert ("district", "west") in found[0].topics and ("news_kind", "call") in found[1].topics
    assert client.get(found[0].path).status_code == client.get(list_address(here)).status_code == 200
    assert entries(here, now(), now()) == [] == entries(next_door, before, now())
