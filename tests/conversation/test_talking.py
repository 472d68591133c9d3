"""People say what they think, reply, support and oppose, and read it in pages; the clock of the database says when."""

import io
import uuid

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from service.consultation.conversation.finding import PAGES
from service.consultation.conversation.resembling import BANDS, NEWEST
from service.consultation.models import ConsultationPhase
from service.db import dialect, session, transaction
from service.db.clock import seconds_from_now
from service.municipalities.directory import Municipality
from tests.conversation.scene import HERE, Talk, talk
from tests.factories.people import Person, make_resident
from tests.factories.reports import photo


def close_comments(one: Talk) -> None:
    with transaction() as session:
        mine = ConsultationPhase.consultation_id == one.office.id, ConsultationPhase.kind == "comment"
        session.execute(update(ConsultationPhase).where(*mine).values(closes_at=seconds_from_now(-0.001)))


def test_what_is_said_is_read_by_everybody_with_its_replies_and_votes(
    talk: Talk, here: Municipality, alice: Person, bob: Person, charlie: Person
) -> None:
    carol = make_resident(here)
    first = talk.say(alice, "Σκιά πρώτα", language="el", stance="pro", place={"longitude": 21.75, "latitude": 40.25})
    assert (first["mine"], first["official"], first["channel"], first["place"]) == (True, False, "app", [21.75, 40.25])
    reply = talk.say(carol, "And benches?", stance="question", parent=first["id"])
    deeper = talk.say(alice, "Two.", parent=reply["id"])
    deepest = talk.say(carol, "Three!", parent=deeper["id"])
    assert [one["depth"] for one in (first, reply, deeper, deepest)] == [0, 1, 2, 2]
    assert (deeper["parent"], deepest["parent"]) == (reply["id"], reply["id"])
    official = talk.say(talk.office.who, "Thank you.", parent=first["id"])
    assert official["official"]
    assert talk.say(bob, status=403)["code"] == "forbidden"
    found = talk.ask("GET", f"{HERE}/contributions/{first['id']}/replies", carol)["contributions"]
    assert [(one["id"], one["mine"]) for one in found] == [(reply["id"], True), (official["id"], False)]
    assert talk.vote(carol, first["id"], "support")["my_vote"] == "support"
    assert talk.vote(carol, first["id"], "oppose")["opposes"] == 1
    assert talk.vote(alice, first["id"], "support", 409)["code"] == "own_contribution"
    [shown] = talk.read(carol)["contributions"]
    assert (shown["text"], shown["replies"], shown["my_vote"]) == ("Σκιά πρώτα", 2, "oppose")
    assert (shown["supports"], shown["opposes"]) == (0, 1)
    assert talk.vote(carol, first["id"], None)["opposes"] == 0
    assert talk.read()["contributions"][0]["mine"] is False
    about = talk.ask("GET", f"{talk.path}/conversation")
    assert (about["open"], about["contributions"], about["unanswered"]) == (True, 4, 4)
    assert about["threads"][0]["contributions"] == 5
    there = talk.client.get(f"/api/v1/next-door/contributions/{first['id']}", headers=charlie.headers)
    assert there.status_code == 404


def test_nothing_is_written_when_the_phase_is_over_and_a_retry_is_written_once(
    talk: Talk, here: Municipality, alice: Person
) -> None:
    carol, uid = make_resident(here), str(uuid.uuid4())
    first = talk.say(alice, id=uid)
    assert talk.say(alice, id=uid)["id"] == first["id"] == uid
    assert talk.say(alice, "Something else", 409, id=uid)["code"] == "contribution_id_taken"
    assert talk.say(carol, status=409, id=uid)["code"] == "contribution_id_taken"
    talk.say(alice, status=404, parent=str(uuid.uuid4()))
    assert talk.say(alice, status=422, kind="question", target="nowhere")["code"] == "nothing_to_talk_about"
    assert talk.say(alice, kind="question", target="trees")["id"]
    close_comments(talk)
    assert talk.say(alice, status=409)["code"] == "conversation_closed"
    assert talk.vote(carol, uid, "support", 409)["code"] == "conversation_closed"
    assert talk.ask("DELETE", f"{HERE}/my/contributions/{uid}", alice, 409)["code"] == "conversation_closed"
    assert talk.say(alice, id=uid)["id"] == uid, "a retry still learns that it had arrived"
    assert talk.say(talk.office.who, "We shall answer all of you.")["official"]
    assert talk.ask("GET", f"{talk.path}/conversation")["open"] is False


def test_pages_are_in_every_order_and_miss_nothing(talk: Talk, here: Municipality, alice: Person) -> None:
    people = [make_resident(here) for _ in range(4)]
    said = [talk.say(alice, f"No. {number}")["id"] for number in range(5)]
    votes = {1: ["support"] * 3, 2: ["support", "support", "oppose", "oppose"], 3: ["support", "oppose", "pass"]}
    for place, given in votes.items():
        for who, vote in zip(people, given, strict=False):
            talk.vote(who, said[place], vote)
    talk.answer([said[0]])
    wanted = {
        "newest": [4, 3, 2, 1, 0],
        "most_supported": [1, 2, 3, 4, 0],
        "most_divisive": [2, 3, 4, 1, 0],
        "unanswered": [1, 2, 3, 4],
    }
    for sort, order in wanted.items():
        found, after = [], {}
        while after is not None:
            page = talk.read(sort=sort, limit=2, **after)
            found += [one["id"] for one in page["contributions"]]
            after = {"after": page["next"]} if page["next"] else None
        assert found == [said[place] for place in order], sort
    refused = talk.client.get(f"{talk.path}/contributions", query_string={"after": "WzQyXQ"})
    assert refused.json["code"] == "cursor_not_valid"
    assert talk.read(kind="question", target="trees")["contributions"] == []


def test_every_order_has_its_index(talk: Talk, alice: Person) -> None:
    if dialect() != "sqlite":
        pytest.skip("PostgreSQL chooses by the number of rows")
    talk.say(alice)
    for (sort, later), page in PAGES.items():
        compiled = page.spoken("sqlite").compile(dialect=session.get_bind().dialect)
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", (1,) * len(compiled.positiontup))
        steps = [row[-1] for row in plan]
        assert "ix_contributions_" in steps[0] and not any("TEMP B-TREE" in step for step in steps), (
            sort,
            later,
            steps,
        )
    for marked in NEWEST.values():
        compiled = marked.spoken("sqlite").compile(dialect=session.get_bind().dialect)
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", (1,) * len(compiled.positiontup))
        steps = [row[-1] for row in plan]
        ranges = [step for step in steps if "contribution_marks" in step]
        assert len(ranges) == BANDS and all("consultation_id=? AND mark=?" in step for step in ranges), steps
        assert not any("TEMP B-TREE" in step for step in steps), steps


def test_photos_go_with_what_was_said_and_words_can_be_taken_back(
    talk: Talk, client: FlaskClient, alice: Person
) -> None:
    sent = client.post(f"{HERE}/photos", data={"photo": (io.BytesIO(photo()), "a.jpg")}, headers=alice.headers).json
    said = talk.say(alice, photos=[sent["id"]])
    at = f"{HERE}/contributions/{said['id']}/photos/{sent['id']}/small"
    shown = client.get(at)
    assert (shown.status_code, shown.mimetype) == (200, "image/jpeg")
    assert client.get(at, headers={"If-None-Match": shown.headers["ETag"]}).status_code == 304
    assert talk.say(alice, status=404, photos=[sent["id"]])["code"] == "photo_not_found"
    reply = talk.say(talk.office.who, "A fine photo.", parent=said["id"])
    talk.ask("DELETE", f"{HERE}/my/contributions/{said['id']}", alice, 204)
    talk.ask("DELETE", f"{HERE}/my/contributions/{reply['id']}", alice, 404)
    [left] = talk.read()["contributions"]
    assert (left["text"], left["withdrawn"], left["replies"], left["photos"]) == (None, True, 1, [])
    assert client.get(at).json["code"] == "photo_not_found"
    assert talk.vote(alice, said["id"], "pass", 409)["code"] == "contribution_gone"
    assert talk.say(alice, status=409, parent=said["id"])["code"] == "contribution_gone"


def test_votes_are_counted_by_the_unit_of_the_consultation(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    strict = talk(client, here, eligibility="resident")
    said = strict.say(alice)["id"]
    assert strict.vote(make_resident(here), said, "support", 403)["code"] == "not_eligible"
