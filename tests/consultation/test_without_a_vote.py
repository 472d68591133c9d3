"""A consultation in which nobody votes, about a plan, from its draft to its result; and what its followers are told."""

import hashlib
from datetime import datetime, timedelta
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.consultation import subjects
from service.consultation import verify_consultation as auditor
from service.consultation.ending import CLOSE, PLAN_CLOSINGS
from service.consultation.feeding import ATOM
from service.consultation.giving import entries
from service.consultation.models import Consultation, ConsultationPhase, LogHead
from service.consultation.phases import AFTERWARDS
from service.consultation.presenting import subject_out
from service.consultation.results.files import TYPES
from service.consultation.telling import TELL_CONSULTATIONS
from service.db import session, transaction
from service.db.clock import now, seconds_from_now
from service.housekeeping import HANDLERS
from service.jobs.models import Job
from service.jobs.working import work_one
from service.municipalities.directory import Municipality
from service.notices.digests import of_entries
from service.notices.following import NothingToFollow, ensure_there, follow
from service.notices.letters import letter
from service.outbox.models import Delivery
from service.plans.finding import plan_named
from service.plans.trees import trees
from tests.consultation.scene import STANCE, Office, Phone, close_now, described, end_vote, phase, phone
from tests.consultation.test_voting import files_of
from tests.conversation.scene import Talk
from tests.databases import watched
from tests.factories.jobs import make_due
from tests.factories.people import Person, make_resident
from tests.plans.plans import a_plan, put_in_force
from tests.reports.scene import expand_all, inbox_of

REPORT = {"key": "2024", "period": {"stated": "2024"}, "approved_by": "council", "entries": [{"element": "1.1"}]}
FREE = {"key": "shade", "text": {"en": "Where is shade missing?"}}


def work(kind: str) -> dict[str, Any] | None:
    """The recurring work is done now; what came of it."""
    session.rollback()
    with transaction():
        session.add(Job(kind=kind, unique_key=f"now {now()}", payload={}, run_at=now(), created_at=now()))
    make_due(kind)
    assert work_one({kind: HANDLERS[kind]}, "test")
    return session.scalars(select(Job.result).where(Job.kind == kind).order_by(Job.id.desc())).first()


def told(who: Person) -> list[str]:
    expand_all()
    return [message.body for message in inbox_of(who)]


def read_trees(office: Office) -> int:
    """How often a whole tree is read while a consultation is fixed."""
    read: list[str] = []
    trees.things.clear()
    with watched("before_cursor_execute", lambda _, __, statement, *___: read.append(statement)):
        office.fix()
    return sum("ORDER BY plan_revisions.ordinal" in statement for statement in read)


def test_comments_on_a_plan_from_draft_to_result(
    office: Office, client: FlaskClient, here: Municipality, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    known_as = put_in_force(here, a_plan(progress=[REPORT]))
    put_in_force(here, a_plan(key="next", progress=[REPORT]))
    plan = str(plan_named(here, "op").uid)
    carol = make_resident(here, language="en")
    with transaction():
        follow(here, carol.account_id, "plan", plan)
    branch = {"kind": "plan_element", "id": "1", "within": "op"}
    about = [
        {"kind": "plan", "id": "op", "version": known_as},
        branch,
        {**branch, "kind": "progress_report", "id": "2024"},
        {"kind": "progress_report", "id": "2024", "within": "next"},
    ]
    phases = [phase("inform", -90000, 60), phase("comment", -100, 7200), phase("review", 90000, 90060)]
    free = FREE | {"about": {**branch, "id": "1.1"}}
    asked = {"about": about, "questions": [free], "phases": phases, "eligibility": "anyone"}
    for lost in ({"kind": "plan", "id": "moon"}, {**branch, "id": "9"}, {"kind": "plan_element", "id": "1"},
                 {**branch, "kind": "progress_report", "id": "1999"}, {"kind": "layer", "id": "moon"}):  # fmt: skip
        refused = office.ask("POST", "", json=described(**asked | {"about": [lost]}))
        assert (refused.status_code, refused.json["code"]) == (422, "link_not_found"), lost
    office.begin(**asked | {"about": [{**about[0], "version": "old"}]})
    stale = office.ask("POST", f"{office.path}/fixing", json={"version": 1})
    assert (stale.json["code"], stale.json["version"]) == ("subject_changed", known_as)
    talk = Talk(client, office.begin(**asked))
    article = talk.put_text("Trees are planted on the square.")
    monkeypatch.setattr(subjects, "MOST_ELEMENTS", 2)
    assert read_trees(office) == 1, "however many links lead into it"

    # what was frozen, and who is told
    shown = phone(client, here).get(office.path).json
    assert [(one["kind"], one["version"] == known_as) for one in shown["subjects"]] == [
        ("plan", True), ("plan_element", True), ("progress_report", False), ("progress_report", False),
        ("plan_element", True),
    ]  # fmt: skip
    assert [(len(one["elements"]), one["count"]) for one in shown["subjects"]] == [
        (0, 0),
        (2, 3),
        (0, 0),
        (0, 0),
        (1, 1),
    ]
    assert [one["key"] for one in shown["subjects"][1]["elements"]] == ["1", "1.1"]
    before = {"kind": "plan_element", "title": {}, "elements": [{"title": {"el": "Δέντρα"}}] * 150}
    assert [subject_out(before, "en", "el")["count"], len(subject_out(before, "en", "el")["elements"])] == [150, 100]
    assert entries(here, now().replace(year=2000), now())[0].summary["en"].startswith("A consultation has begun. Read")
    assert shown["questions"][0] | {"kind": None, "rule": None} == shown["questions"][0]
    definition = session.scalars(select(Consultation.definition).where(Consultation.id == office.id)).one()
    assert definition and definition["texts"][0]["revision"] == article["revision"]
    assert definition["questions"] == [] and definition["free_questions"][0]["key"] == "shade"
    [listed] = phone(client, here).get("").json["consultations"]
    assert listed["closes_at"] == shown["phases"][1]["closes_at"], "it ends with the comments"
    assert len(told(carol)) == 2 and told(carol)[1].startswith("You can comment now, until")
    with transaction():
        follow(here, alice.account_id, "consultation", office.path[1:])
    assert work(TELL_CONSULTATIONS) == {"told": 0}, "each is owed once"

    # it goes on as a conversation, and nobody votes
    talk.say(alice, "More shade", kind="question", target="shade")
    mine = talk.say(carol, "Not on the square", kind="article", target="3")
    talk.vote(alice, mine["id"], "support")
    talk.put_text("Limes are planted on the square.")
    assert '"kind":"text"' in phone(client, here).get(f"{office.path}/log").json["lines"][1], (
        "what was fixed is another"
    )
    assert Phone(client, "here", carol, ()).cast(office.path, {}).json["code"] == "consultation_not_open"
    later = {"closes_at": phase("comment", 0, 80000)["closes_at"], "reason": {"en": "The hall was closed."}}
    assert office.ask("POST", f"{office.path}/extension", json=later).status_code == 200
    with transaction():
        session.execute(update(ConsultationPhase).values(opens_at=seconds_from_now(-90000)))
    assert work(TELL_CONSULTATIONS) == {"told": 1}
    assert [words.split(",")[0] for words in told(carol)[2:]] == ["It ends later", told(carol)[3].split(",")[0]]
    assert "The hall was closed." in told(carol)[2] and told(carol)[3].startswith("It ends on ")
    assert len(told(alice)) == 2, "of what came after she followed"

    # the end comes too early, is lost, and comes all the same
    assert work(CLOSE) is None
    assert session.scalars(select(Job.error).where(Job.kind == CLOSE)).all()[0] == "NotOverYet"
    end_vote(office)
    with transaction():
        session.query(Job).filter_by(kind=CLOSE).delete()
    assert work(PLAN_CLOSINGS) == {"planned": 1}
    assert work(PLAN_CLOSINGS) == {"planned": 0}
    assert work_one({CLOSE: HANDLERS[CLOSE]}, "test")
    results = phone(client, here).get(f"{office.path}/results").json
    assert results["questions"] == [] and results["participations"] == 0
    assert results["conversation"] == {
        "contributions": {"app": 2}, "authors": 2, "votes": 1, "voters": 1, "unanswered": 2,
    }  # fmt: skip
    known = phone(client, here).get(f"{office.path}/statistics").json
    assert known["participations"] is None and known["tables"] == []
    assert known["words"] == ["Nobody voted here. Contributions: 2, people who wrote: 2, who voted on them: 1."]
    for form in TYPES:
        assert phone(client, here).get(f"{office.path}/results/files/{form}").status_code == 200, form
    assert "participation,,,,,authors,2," in phone(client, here).get(f"{office.path}/results/files/csv").text
    for of in ("district", "shade"):
        assert phone(client, here).get(f"{office.path}/results/graphs/svg?of={of}").status_code == 404
    assert told(carol)[4:] == ["It is over, and the result is out."]
    files = files_of(phone(client, here).get(f"{office.path}/bundle"))
    assert "0 took part" in auditor.verify(files)
    assert hashlib.sha256(files[auditor.PROGRAM]).hexdigest() == definition["verifier"]
    given = entries(here, now().replace(year=2000), now())
    assert [entry.kind for entry in given] == ["consultation"] * 2
    mail = letter(here, "en", [*of_entries(given, ("en",), {})], len(given), "", "")["text"]
    assert "You can take part in the app.\n\nThe square\nIt is over" in mail and "https" not in mail, "it has no page"

    # every head is where nobody here can take it back
    feed = client.get("/api/v1/here/consultations/heads/feed")
    heads = [content.text for content in fromstring(feed.text).iter(f"{{{ATOM}}}content")]
    assert heads == [*reversed(phone(client, here).get(f"{office.path}/heads").json["heads"])]
    again = client.get("/api/v1/here/consultations/heads/feed", headers={"If-None-Match": feed.headers["ETag"]})
    assert again.status_code == 304
    with transaction():  # signed before the newest one, and written after it
        late = {"size": 9, "checkpoint": "late", "parts": [], "signed_at": now() - timedelta(days=1)}
        session.add(LogHead(consultation_id=office.id, **late))
    again = client.get("/api/v1/here/consultations/heads/feed", headers={"If-None-Match": feed.headers["ETag"]})
    assert again.status_code == 200 and ">late<" in again.text
    assert client.get("/api/v1/next-door/consultations/heads/feed").text.count("entry") == 0
    pushed = [row.content["data"].get("head") for row in session.scalars(select(Delivery)) if "data" in row.content]
    assert set(pushed) <= set(heads)


def test_all_of_a_branch_is_listed_page_by_page_as_it_stood(
    office: Office, client: FlaskClient, here: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(here, a_plan())
    monkeypatch.setattr(subjects, "MOST_ELEMENTS", 2)
    about = [{"kind": "plan", "id": "op"}, {"kind": "plan_element", "id": "1", "within": "op"}]
    office.begin(about=about, questions=[], phases=[phase("comment", -100, 7200)], eligibility="anyone").fix()
    changed = a_plan()
    changed["elements"][0]["children"][1]["title"] = {"el": "Άλλο"}
    put_in_force(here, changed)
    reader, path = phone(client, here), f"{office.path}/subjects/1/elements"
    shown = reader.get(office.path).json["subjects"][1]
    assert (len(shown["elements"]), shown["count"]) == (2, 3)
    page = reader.get(path, query_string={"limit": 2}).json
    rest = reader.get(path, query_string={"limit": 2, "after": page["next"]})
    assert page["elements"] == shown["elements"] and rest.json["next"] is None
    assert [(one["key"], one["title"]) for one in rest.json["elements"]] == [("1.2", "Φωτισμός LED")]
    assert reader.get(path).json == {"elements": page["elements"] + rest.json["elements"], "next": None}
    kept = {"If-None-Match": rest.headers["ETag"], "Accept-Language": "en"}
    where = f"/api/v1/here/consultations{path}?limit=2&after={page['next']}"
    assert client.get(where, headers=kept).status_code == 304
    trees.things.clear()
    assert len(reader.get(path, query_string={"limit": 1}).json["elements"]) == 1 and not trees.things, (
        "what stands in the definition is read there"
    )
    assert reader.get(f"{office.path}/subjects/0/elements").json == {"elements": [], "next": None}
    for lost in (f"{office.path}/subjects/2/elements", f"{office.begin().path}/subjects/0/elements"):
        assert reader.get(lost).status_code == 404
    assert client.get(f"/api/v1/next-door/consultations{path}").status_code == 404


def test_of_what_comes_afterwards_nobody_is_told_before_the_result_is_out(
    office: Office, client: FlaskClient, here: Municipality
) -> None:
    vote, review, results = phase("vote", -7200, 7200), phase("review", 7200, 9000), phase("results", 9000, 99000)
    early = described(questions=[STANCE], phases=[vote, phase("results", 7000, 99000)])
    assert office.ask("POST", "", json=early).json["reason"] == "order"
    office.begin(questions=[STANCE], phases=[vote, review, results]).fix()
    follower = make_resident(here, language="en")
    with transaction():
        follow(here, follower.account_id, "consultation", office.path[1:])

    later = {"closes_at": phase("vote", 0, 90000)["closes_at"], "reason": {"en": "The hall was closed."}}
    assert office.ask("POST", f"{office.path}/extension", json=later).status_code == 200
    shown = phone(client, here).get(office.path).json["phases"]
    assert shown[0]["closes_at"] == shown[1]["opens_at"] < shown[1]["closes_at"] <= shown[2]["opens_at"]
    assert [lasts(each) for each in shown[1:]] == [lasts(review), lasts(results)]

    with transaction():  # as one that was fixed when it could begin before the end
        afterwards = update(ConsultationPhase).where(ConsultationPhase.kind.in_(AFTERWARDS))
        session.execute(afterwards.values(opens_at=seconds_from_now(-60)))
    assert work(TELL_CONSULTATIONS) == {"told": 0}, "the vote is open"
    end_vote(office)
    assert work(TELL_CONSULTATIONS) == {"told": 0}, "it is over, and not counted"
    assert close_now(office)
    assert work(TELL_CONSULTATIONS) == {"told": 2}
    [*_, out, looked_at, readable] = told(follower)
    assert out == "It is over, and the result is out." and readable == "What came of it can be read now."
    assert looked_at.startswith("What people said is being looked at now, until")


def lasts(phase: dict[str, Any]) -> int:
    """Seconds."""
    length = datetime.fromisoformat(phase["closes_at"]) - datetime.fromisoformat(phase["opens_at"])
    return round(length.total_seconds())


def test_only_what_everybody_may_know_of_is_followed(office: Office, here: Municipality) -> None:
    office.begin()
    for name in (office.path[1:], "moon"):
        try:
            ensure_there(here, "consultation", name, "")
        except NothingToFollow:
            continue
        raise AssertionError(name)
    office.fix()
    session.rollback()
    ensure_there(here, "consultation", office.path[1:], "")
    with pytest.raises(NothingToFollow):  # nobody would be told who followed it by another spelling
        ensure_there(here, "consultation", office.uid.hex, "")
