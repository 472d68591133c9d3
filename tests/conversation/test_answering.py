"""Every contribution gets its answer, letters too; quoted passages survive new versions; the report lists it all."""

import csv
import json
import uuid
from io import StringIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from service.consultation.conversation import finding, messages, reporting
from service.consultation.conversation.models import AnswerGiven
from service.consultation.models import CLOSED, COUNTED, Consultation
from service.db import session, transaction
from service.municipalities.directory import Municipality
from service.notices.following import follow
from service.people.audit_models import AuditEntry
from service.plans.models import PlanElement
from tests.conversation.scene import HERE, Talk, row_of
from tests.conversation.scene import talk as begin
from tests.conversation.test_talking import close_comments
from tests.factories.people import Person, make_resident, make_staff
from tests.plans.plans import a_plan, put_in_force
from tests.reports.scene import expand_all, inbox_of

LETTER = {"text": "=Δώστε μας σκιά", "language": "el", "channel": "letter", "role": "Πρόεδρος κοινότητας"}


def enter(one: Talk, status: int = 201, **more: Any) -> Any:
    body = LETTER | {"received_on": "2026-11-20"} | more
    return one.ask("POST", f"{one.staff_path}/contributions", one.office.who, status, json=body)


def due(one: Talk) -> list[str]:
    found = one.ask("GET", f"{one.staff_path}/unanswered", one.office.who)
    return [each["id"] for each in found["contributions"]]


def told(who: Person) -> list[str]:
    expand_all()
    return [message.title for message in inbox_of(who)]


def test_similar_contributions_are_answered_together_and_all_concerned_are_told(
    talk: Talk, here: Municipality, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "AT_ONCE", 2)
    carol, dave, erin = (make_resident(here, language="en") for _ in range(3))
    expand_all()  # that it began
    with transaction():
        follow(here, erin.account_id, "consultation", str(talk.office.uid))
    one, other = talk.say(alice), talk.say(carol, "More shade")
    reply = talk.say(dave, "I agree.", parent=one["id"])
    letter = enter(talk)
    assert (letter["channel"], letter["role"], letter["mine"]) == ("letter", LETTER["role"], False)
    talk.say(talk.office.who, "We are reading.")
    assert due(talk) == [one["id"], other["id"], reply["id"], letter["id"]]
    assert talk.answer([one["id"], str(talk.office.uid)], 404)["code"] == "contributions_not_found"
    given = talk.answer(
        [one["id"], other["id"], letter["id"]],
        disposition="accepted_in_part",
        reason={"el": "Φυτεύονται δέντρα.", "en": "Trees are planted."},
        changed_text={"en": "The square gets trees."},
    )
    assert (given["reason"], given["changed_text"]) == ("Trees are planted.", "The square gets trees.")
    assert due(talk) == [reply["id"]]
    assert talk.see(other["id"])["answer"] == given
    assert told(carol) == ["Your contribution was answered: accepted in part"]
    assert told(dave) == told(erin) == ["A contribution was answered: accepted in part"]
    assert len(told(alice)) == 1 and "Trees" not in inbox_of(alice)[0].body, "in her language"
    corrected = talk.answer([one["id"]], disposition="accepted", replace=True)
    assert talk.see(one["id"])["answer"]["id"] == corrected["id"]
    session.rollback()
    assert session.scalar(select(func.count()).select_from(AnswerGiven)) == 4, "the former answer is still known"
    about = talk.ask("GET", f"{talk.path}/conversation")
    assert (about["unanswered"], about["dispositions"]) == (1, {"accepted": 1, "accepted_in_part": 2})


def test_the_report_lists_everything_and_no_cell_is_a_formula(
    talk: Talk,
    client: FlaskClient,
    here: Municipality,
    alice: Person,
    charlie: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reporting, "AT_ONCE", 1)
    monkeypatch.setattr(finding, "AT_ONCE", 1)
    monkeypatch.setattr(finding, "COUNTED_FOR", 1e9)
    said, charles = talk.say(alice), make_resident(here)
    assert talk.ask("GET", f"{talk.path}/conversation")["contributions"] == 1
    letter = enter(talk, kind="question", target="trees")
    assert talk.ask("GET", f"{talk.path}/conversation")["contributions"] == 1, "it is counted now and then"
    talk.answer([letter["id"]], reason={"en": "+1"})
    answer = client.get(f"{talk.path}/report.csv", headers={"Accept-Language": "en"})
    assert answer.mimetype == "text/csv" and answer.data.startswith(b"\xef\xbb\xbf")
    kept = {"Accept-Language": "en", "If-None-Match": answer.headers["ETag"]}
    assert client.get(f"{talk.path}/report.csv", headers=kept).status_code == 304
    assert client.get(f"{talk.path}/report.csv", headers=kept | {"Accept-Language": "el"}).status_code == 200
    read = client.get(f"{talk.path}/report.md", headers={"Accept-Language": "en"}).text
    assert "Contributions: 2. Without an answer: 1." in read and "- accepted: 1" in read, "it is counted anew"
    rows = list(csv.DictReader(StringIO(answer.data.decode("utf-8-sig"))))
    assert [(row["id"], row["about"], row["disposition"]) for row in rows] == [
        (said["id"], str(talk.office.uid), ""),
        (letter["id"], "trees", "accepted"),
    ]
    assert (rows[1]["text"], rows[1]["reason"], rows[1]["received_on"]) == ("'=Δώστε μας σκιά", "'+1", "2026-11-20")
    talk.vote(charles, said["id"], "support")
    later = client.get(f"{talk.path}/report.csv", headers=kept)
    assert (later.status_code, later.data.count(b"\r\n")) == (200, 3)
    there = f"/api/v1/next-door/consultations{talk.office.path}/report.csv"
    assert client.get(there, headers=charlie.headers).status_code == 404


def test_who_entered_a_letter_and_put_up_a_text_is_written_down(talk: Talk) -> None:
    letter = enter(talk)["id"]
    revision = talk.put_text("Two benches.")["revision"]
    done = ("contribution_entered", "text_put_up")
    found = session.scalars(select(AuditEntry).where(AuditEntry.action.in_(done)).order_by(AuditEntry.id)).all()
    assert [(one.actor, one.subject) for one in found] == [
        (talk.office.who.account, letter),
        (talk.office.who.account, str(talk.office.uid)),
    ]
    assert found[1].facts == {"kind": "article", "target": "3", "revision": revision}


def test_a_text_changes_in_the_log_or_not_at_all(talk: Talk) -> None:
    def kinds() -> list[str]:
        return [json.loads(line)["kind"] for line in talk.ask("GET", f"{talk.path}/log")["lines"]]

    for _ in range(2):
        talk.put_text("Two benches.")
    assert kinds() == ["open", "text"], "the same text is none that is new"
    with transaction() as now:
        now.scalars(select(Consultation)).one().verifier = None
    talk.put_text("Three benches.")
    assert kinds() == ["open", "text"], "its program would refuse the line"
    for state in (COUNTED, CLOSED):
        with transaction() as now:
            now.scalars(select(Consultation)).one().state = state
        assert talk.put_text("Four benches.", 409)["code"] == "consultation_fixed"


def test_letters_are_entered_by_staff_until_all_is_over(talk: Talk, here: Municipality, alice: Person) -> None:
    talk.ask("POST", f"{talk.staff_path}/contributions", alice, 403, json=LETTER | {"received_on": "2026-11-20"})
    auditor = make_staff(here, "audrey", [("auditor", None)])
    assert talk.ask("GET", f"{talk.staff_path}/unanswered", auditor)["contributions"] == []
    with transaction() as now:
        now.scalars(select(Consultation)).one().state = CLOSED
    assert enter(talk)["channel"] == "letter", "people can still write"
    close_comments(talk)
    assert enter(talk, 409)["code"] == "conversation_closed"


def test_a_quotation_keeps_its_words_and_finds_its_place_again(talk: Talk, alice: Person) -> None:
    first = "The square gets two benches and a fountain."
    thread = talk.put_text(first)
    quote = {"exact": "two benches", "prefix": "gets ", "suffix": " and", "revision": thread["revision"]}
    at = {"kind": "article", "target": "3"}
    said = talk.say(alice, "Four!", quote=quote, **at)
    assert (said["quote"]["start"], said["quote"]["orphaned"]) == (16, False)
    assert talk.say(alice, status=409, quote=quote | {"exact": "three benches"}, **at)["revision"] == thread["revision"]
    assert talk.say(alice, status=409, quote=quote | {"revision": "0" * 64}, **at)["code"] == "quote_not_found"
    talk.say(alice, status=422, quote=quote | {"exact": "two bench"}, **at)
    uid = str(uuid.uuid4())
    reply = talk.say(alice, "Five!", quote=quote, parent=said["id"], id=uid)
    assert reply["quote"]["start"] == 16
    talk.put_text("By 2030 " + first)
    assert talk.see(said["id"])["quote"]["start"] == 24
    talk.put_text("The square gets trees.")
    assert talk.say(alice, status=409, quote=quote, **at)["code"] == "quote_not_found"
    assert talk.say(alice, "Five!", quote=quote, id=uid)["id"] == uid, "a retry learns that it had arrived"
    lost = talk.see(said["id"])["quote"]
    assert (lost["start"], lost["orphaned"], lost["exact"]) == (None, True, "two benches")
    before = talk.ask("GET", f"{talk.path}/text", query_string=at | {"revision": thread["revision"]})
    assert (before["text"], before["title"]) == (first, "Article 3")
    talk.put_text(first)
    assert talk.see(said["id"])["quote"]["start"] == 16, "it came back"
    assert talk.ask("GET", f"{talk.path}/text", query_string=at)["text"] == first
    assert talk.ask("GET", f"{talk.path}/text", status=404, query_string=at | {"target": "4"})
    assert talk.put_text("x", 422, kind="question", target="nothing")["code"] == "nothing_to_talk_about"
    assert talk.put_text("More trees?", kind="question", target="trees", title=None)["title"] == "Trees"
    assert row_of(said["id"]).quote_start == 16


def test_a_quotation_follows_an_element_through_the_versions_of_its_plan(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    def in_force(description: str) -> None:
        plan = a_plan()
        plan["elements"][0]["children"][0]["description"] = {"el": description}
        put_in_force(here, plan)

    in_force("Δύο παγκάκια και ένα σιντριβάνι.")
    alone = str(session.scalars(select(PlanElement.uid).filter_by(key="1.2")).one())
    about = [{"kind": "plan_element", "id": "1.1", "within": "op"}, {"kind": "plan_element", "id": alone}]
    one = begin(client, here, about=about)
    element = {"kind": "plan_element", "target": "op/1.1"}
    put = {"json": element, "who": one.office.who, "method": "PUT", "path": f"{one.staff_path}/text"}
    revision = one.ask(**put)["revision"]
    shown = one.ask("GET", f"{one.path}/text", query_string=element)
    assert (shown["title"], shown["text"]) == (
        "Ανάπλαση πλατείας",
        "Ανάπλαση πλατείας\n\nΔύο παγκάκια και ένα σιντριβάνι.",
    )
    said = [
        one.say(alice, "Τρία!", language="el", quote={"exact": exact, "revision": revision}, **element)["id"]
        for exact in ("Δύο παγκάκια", "ένα σιντριβάνι")
    ]
    in_force("Ως το 2030: δύο δέντρα και ένα σιντριβάνι.")
    assert one.ask(**put)["revision"] != revision
    lost, found = (one.see(each)["quote"] for each in said)
    assert (lost["orphaned"], lost["exact"], found["orphaned"]) == (True, "Δύο παγκάκια", False)
    named = one.ask(**put | {"json": element | {"target": alone}})
    assert named["title"] == "Φωτισμός LED", "by its id it needs no plan"
    for target, kind in (("op/9.9", "plan_element"), ("gone", "plan"), ("3", "article"), ("gone", "plan_element")):
        one.ask("PUT", f"{one.staff_path}/text", one.office.who, 404, json={"kind": kind, "target": target})


def test_a_draft_is_nobodys_matter(talk: Talk, client: FlaskClient, alice: Person) -> None:
    with transaction() as now:
        now.scalars(select(Consultation)).one().state = "draft"
    for path in ("conversation", "contributions", "text", "report.csv"):
        assert client.get(f"{talk.path}/{path}").status_code == 404
    assert talk.say(alice, status=404)["code"] == "not_found"
    assert client.get(f"{HERE}/contributions/{talk.office.uid}").status_code == 404
