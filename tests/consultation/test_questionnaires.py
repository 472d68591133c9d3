"""Questionnaires from draft to result, through the routes."""

import json
import uuid
from collections.abc import Callable
from hashlib import sha256

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.consultation.questionnaires.closing import close, due, end
from service.consultation.questionnaires.finding import KIND
from service.consultation.questionnaires.forgetting import answers_of, hand_over_answers
from service.consultation.questionnaires.models import Questionnaire, QuestionnaireResponse
from service.db import session, transaction
from service.housekeeping import HANDLERS
from service.jobs.models import Job
from service.jobs.planning import plan
from service.jobs.working import work_one
from service.moderation.models import SHOWN, ModerationCase
from service.municipalities.directory import Municipality
from service.outbox.expanding import expand
from service.outbox.models import Delivery
from service.people.verified.knowing import Known
from service.worker import EVENTS
from tests.consultation.questioning import ANSWERS, HERE, QUESTIONS, asking, described
from tests.consultation.scene import STANCE, Office, make_verified, phase, tax_number
from tests.consultation.scene import described as consultation
from tests.factories.people import Person, make_resident, make_staff
from tests.personal_data.scene import erase, traces
from tests.plans.plans import a_plan, put_in_force


class Killed(Exception):
    """The worker is gone."""


def killed_after(parts: int) -> Callable[[], None]:
    """What kills the closing after so many parts of it."""
    left = iter(range(parts - 1))

    def after_a_part() -> None:
        if next(left, None) is None:
            raise Killed

    return after_a_part


GROWN_UP = {"youngest": 16, "oldest": None, "year": 2026, "districts": []}


def verified(here: Municipality, number: int) -> Person:
    who = make_resident(here)
    make_verified(here, who, tax_number(number), Known(1990))
    return who


def test_a_questionnaire_for_everyone_from_draft_to_result(
    office: Office, client: FlaskClient, here: Municipality, charlie: Person
) -> None:
    # a draft is the office's, changes by version, and is fixed with its consultation and in its languages
    phases = [phase("propose", -60, 120), phase("comment", -60, 60), phase("vote", 99, 999)]
    about = {"eligibility": "resident", "questions": [STANCE], "phases": phases}
    office.begin(**about, title={"el": "Η πλατεία"})
    path = f"/staff/consultations{office.path}/questionnaires"
    text = {"key": "more", "kind": "text", "text": {"el": "Τι;"}}
    greek = described(title={"el": "Μόνο"}, text={"el": "Μόνο"}, sections=[{"questions": [text]}])
    early = office.client.post(f"{HERE}{path}", json=greek, headers=office.who.headers).json
    assert office.ask("PUT", office.path, json=consultation(**about, version=office.version)).status_code == 200
    drafted = office.client.post(f"{HERE}{path}", json=described(), headers=office.who.headers).json
    one = f"/staff/questionnaires/{drafted['id']}"

    def staff(method: str, at: str, **options: object) -> tuple[int, dict[str, object]]:
        answer = client.open(f"{HERE}{at}", method=method, headers=office.who.headers, **options)  # type: ignore[arg-type]
        return answer.status_code, answer.json

    assert staff("POST", f"{one}/fixing", json={"version": 1})[1]["reason"] == "consultation"
    office.fix()
    fixing = f"/staff/questionnaires/{early['id']}/fixing"
    assert staff("POST", fixing, json={"version": 1})[1]["reason"] == "languages", "asked once more when it is fixed"
    for beside in ("vote", "propose"):
        assert staff("PUT", one, json=described(phase=beside) | {"version": 1})[1]["reason"] == "secret"
    only_greek = described(title={"el": "Μόνο"})
    assert staff("PUT", one, json=only_greek | {"version": 1})[1]["reason"] == "languages"
    half = described(sections=[{"questions": [QUESTIONS[0] | {"note": {"el": "Μόνο"}}]}])
    refused = staff("POST", path, json=half)[1]
    assert (refused["code"], refused["question"], refused["reason"]) == (
        "questionnaire_not_valid",
        "shade",
        "languages",
    )
    assert staff("PUT", one, json=described(phase="review") | {"version": 1})[1]["version"] == 2
    assert staff("POST", f"{one}/fixing", json={"version": 2})[1]["reason"] == "phase"
    assert staff("PUT", one, json=described() | {"version": 1})[1]["code"] == "questionnaire_changed"
    assert staff("PUT", one, json=described() | {"version": 2})[0] == 200
    assert client.get(f"{HERE}/questionnaires/{drafted['id']}").status_code == 404, (
        "a draft is nobody's but the office's"
    )
    assert client.get(f"{HERE}/consultations{office.path}/questionnaires").json == {"questionnaires": []}
    assert [one["state"] for one in client.get(f"{HERE}{path}", headers=office.who.headers).json["questionnaires"]] == [
        *("draft", "draft"),
    ]

    fixed = staff("POST", f"{one}/fixing", json={"version": 3})[1]
    assert fixed["state"] == "fixed"
    assert staff("PUT", one, json=described() | {"version": 4})[1]["code"] == "questionnaire_fixed"
    public = f"{HERE}/questionnaires/{drafted['id']}"
    shown = client.get(public, headers={"Accept-Language": "en"})
    assert shown.json["one_per"] == "person" and len(shown.json["limits"]) == 3
    assert [question["text"] for question in shown.json["sections"][0]["questions"]][:2] == ["shade?", "uses?"]
    assert shown.json["sections"][0]["questions"][0]["options"][-1] == {"key": "other", "text": "Something else"}
    definition = client.get(f"{public}/definition").data
    assert sha256(definition).hexdigest() == shown.json["digest"] == fixed["digest"]
    assert json.loads(definition)["sections"][0]["questions"][4]["latest"] == "2026-11-22"
    again = {"Accept-Language": "en", "If-None-Match": shown.headers["ETag"]}
    assert client.get(public, headers=again).status_code == 304
    assert client.get(f"{HERE}{one}", headers=charlie.headers).status_code == 401
    assert client.get(public.replace("here", "next-door")).status_code == 404


def test_residents_answer_once_each_and_words_wait_for_a_moderator(
    office: Office, client: FlaskClient, here: Municipality
) -> None:
    it = asking(client, office, among=GROWN_UP)
    assert it.see()["eligibility_words"].endswith(
        "may answer, once per person. Only people who are at least 16 years old on 31 December 2026. The service knows "
        "district and year of birth from when it was shown that you live here."
    )
    assert it.see("/definition").get_json(force=True)["among"]["youngest"] == 16
    people = [verified(here, 10_000_000 + number) for number in range(6)]
    stranger = make_resident(here)
    second = make_staff(here, "zoe", [("consultation_manager", None), ("moderator", None)])
    assert it.put(stranger, 403)["code"] == "not_eligible"
    assert it.see("/answers", people[0]) == {"answered": False, "answers": {}, "others": {}}
    assert it.put(people[0], 422, shade=None)["reason"] == "required"
    for who in people:
        it.put(who)
    kept = it.put(people[0], shade="other", others={"shade": "Arcades"}, more=None)
    assert kept["answers"]["shade"] == "other" and kept["others"] == {"shade": "Arcades"}
    assert kept == it.put(people[0], shade="other", others={"shade": "Arcades"}, more=None), "the same is the same"
    assert it.see("/answers", people[0]) == kept
    assert it.see("/results", status=409)["code"] == "results_not_yet"
    assert it.see("/texts", office.who, 409)["code"] == it.see("/results.csv", office.who, 409)["code"]
    seen_by_staff = it.staff("GET")
    assert seen_by_staff["responses"] == {"app": 6} and "Arcades" not in json.dumps(seen_by_staff)

    # on paper: two officers, and never beside the app
    assert it.form(409, person=tax_number(10_000_000), birth_year=1990)["voted"] == [0]
    paper = {"person": tax_number(20_000_000), "birth_year": 1990}
    assert it.form(409, person=paper["person"])["not_among"] == [0], "of whom no age is known"
    held = it.form(**paper)
    assert held["confirmed"] is False
    assert it.form(**paper, answers=ANSWERS | {"often": 5})["id"] == held["id"], "entered anew by the same officer"
    assert it.form(409, second, **paper)["code"] == "papers_differ"
    assert it.staff("GET")["forms"] == [held]
    late = verified(here, 20_000_000)
    assert it.put(late, 409)["code"] == "answered_on_paper"
    it.staff("DELETE", f"/forms/{held['id']}", 204)
    it.staff("DELETE", f"/forms/{held['id']}", 404)
    it.form(**paper)
    assert it.form(who=second, **paper)["confirmed"] is True
    assert it.form(409, second, **paper)["code"] == "paper_voters_refused"
    assert it.staff("GET")["responses"] == {"app": 6, "form": 1}
    it.form(person=tax_number(30_000_000), birth_year=1961)
    it.form(422, person=tax_number(1), body=None, channel="pigeon")
    it.form(404, body="01a20031-5d2e-7a10-9c44-3e5b0a6d8f12", role="Chair")

    # the end: counted by the job, once
    session.remove()
    assert due() == []
    assert it.end() and close(it.id), "closed twice is closed once"
    session.remove()
    assert it.put(people[0], 409)["code"] == "questionnaire_not_open"
    assert it.form(409, **paper)["code"] == "questionnaire_not_open"
    results = it.see("/results")
    assert it.see()["state"] == "counted" and it.see("/answers", people[0]) == kept
    assert results["responses"] == 7 and results["channels"] is None, "one on paper is too few to be told"
    by_key = {one["key"]: one for one in results["questions"]}
    assert [(one["option"], one["count"]) for one in by_key["shade"]["counts"]] == [
        *(("trees", None), ("sails", None), ("other", None)),
    ]
    assert by_key["uses"]["counts"][0] == {"option": "play", "text": "The play", "count": None}
    assert by_key["uses"]["answered"] == 7 and by_key["steps"]["quarters"] is None
    assert (by_key["more"]["answered"], by_key["more"]["blank"]) == (None, None), "one left it out"
    assert [one["name"] for one in results["rows"]][-1] == "text"
    assert [one["name"] for one in results["columns"]][:3] == ["row", "question", "question_text"]
    assert it.see("/results") == results and it.see("/results.csv").data == it.see("/results.csv").data
    assert "Benches" not in it.see("/results.csv").text and it.see("/texts")["answers"] == []

    # words are seen when a moderator has agreed; their author may have them erased
    moderator = make_staff(here, "mona", [("moderator", None)])
    cases = it.ask("GET", "/staff/moderation/cases?limit=100", moderator)["cases"]
    assert sorted(case["text"] for case in cases) == ["Arcades", *["Benches"] * 6]
    refused = []
    for case in cases:
        verdict = {"kind": KIND, "id": case["id"], "hide": case["text"] == "Arcades", "rule": "insult"}
        decided = client.post(f"{HERE}/staff/moderation/decisions", json=verdict, headers=second.headers)
        if decided.status_code != 204:
            refused.append(decided.json["code"])
            it.ask("POST", "/staff/moderation/decisions", moderator, 204, json=verdict)
    assert refused == ["own_text"], "of the form that this officer entered as the second"
    assert len(it.see("/texts", query_string={"question": "more", "limit": 4})["answers"]) == 4
    page = it.see("/texts", query_string={"limit": 4})
    assert len(it.see("/texts", query_string={"limit": 4, "after": page["next"]})["answers"]) == 2
    assert it.see("/texts", status=422, query_string={"after": "WyJub25lIl0"})["code"] == "cursor_not_valid"
    assert it.see("/results.csv").text.count("Benches") == 6 and "Arcades" not in it.see("/results.csv").text
    [mine] = it.ask("GET", "/my/moderation", people[0])["decided"]
    assert mine["text"] == "Arcades" and mine["can_appeal"]

    # one's own data: a copy, what becomes another account's, and what is erased
    [copied] = answers_of(people[0].account_id)
    assert copied["answers"]["shade"] == "other" and copied["written"] == {"shade": "Arcades"}
    session.remove()
    with transaction():
        hand_over_answers(people[5].account_id, stranger.account_id)
    assert it.see("/answers", stranger)["answered"] and not it.see("/answers", people[5])["answered"]
    assert erase(client, people[0]).status_code == 201
    assert erase(client, people[1], keep_public=True).status_code == 201
    assert traces("Arcades") == [] and len(it.see("/texts")["answers"]) == 6
    assert erase(client, stranger).status_code == 201
    assert len(it.see("/texts")["answers"]) == 5
    assert it.see("/results")["questions"] == results["questions"], "what was counted stays"
    session.remove()
    nobodys = select(QuestionnaireResponse.answers).where(QuestionnaireResponse.account_id.is_(None))
    assert session.scalars(nobodys).all() == [{}] * 4, "of paper and of who is erased"


def test_named_bodies_answer_by_a_code_that_is_used_once(
    office: Office, client: FlaskClient, here: Municipality, charlie: Person
) -> None:
    put_in_force(here, a_plan())
    broken = asking(client, office, "anyone")
    it = asking(client, office, audience="bodies", title={"el": "Το\nκαλοκαίρι", "en": "In summer"})
    everyone = asking(client, office, "anyone")
    assert everyone.staff("POST", "/bodies", 422, json={"bodies": [{"name": "A"}]})["reason"] == "audience"
    assert it.put(make_resident(here), 403)["code"] == "for_bodies_only"
    page = "https://kozani.example/form"
    named = [
        {"name": "Faction A"},
        {"name": "Koila", "email": "koyla@kozani.example"},
        {"plan": "op", "plan_body": "council"},
    ]
    made = it.staff("POST", "/bodies", 201, json={"bodies": named, "page": page})["bodies"]
    code = made[0]["code"]
    assert made[1]["code"] is None and made[2]["name"] and len(code) == 19
    assert it.staff("POST", "/bodies", 409, json={"bodies": [{"name": "Koila"}]})["code"] == "body_named_twice"
    it.staff("POST", "/bodies", 404, json={"bodies": [{"plan": "op", "plan_body": "none"}]})
    it.staff("POST", "/bodies", 422, json={"bodies": [{"name": "B", "plan": "op"}]})
    it.staff("POST", "/bodies", 401, json={"bodies": [{"name": "B"}]}, who=charlie)

    # the letter is the only place where its code stands; one whose code was renewed meanwhile is not sent
    mended = {"page": page, "email": "koila@kozani.example"}
    it.staff("POST", f"/bodies/{made[1]['id']}/code", 201, json=mended)
    session.remove()
    while expand(EVENTS):
        pass
    letter = session.scalars(select(Delivery.content).where(Delivery.channel == "email")).one()
    assert letter["subject"].endswith("Το καλοκαίρι"), "one line"
    text = letter["text"]
    session.remove()
    mailed = text.partition(f"{page}#")[2].strip()
    assert mailed in text and traces(mailed) == ["deliveries.content"]

    assert it.ask("POST", f"{it.path}/bodies/code", None, json={"code": code.lower()}) == {
        **{"body": "Faction A", "answered": False}
    }
    assert it.speak("0000-0000-0000-0000", 403)["code"] == "body_code_not_valid"
    it.speak(code)
    assert it.speak(code)["answered"], "the same again is the same"
    assert it.speak(code, 409, often=1)["code"] == "body_has_answered"
    assert it.speak(mailed, more="=1+1")["answers"]["more"] == "=1+1"
    anew = it.staff("POST", f"/bodies/{made[0]['id']}/code", 201, json={})["code"]
    assert it.speak(code, 403)["code"] == "body_code_not_valid"
    it.speak(anew, often=1, role="Deputy")
    assert it.form(409, body=made[0]["id"], role="Deputy")["code"] == "body_has_answered"
    it.form(body=made[2]["id"], role="Chair", channel="letter")
    it.staff("POST", f"/bodies/{uuid.UUID(int=7)}/code", 404, json={})
    seen = {one["name"]: one for one in it.staff("GET")["bodies"]}
    assert seen["Faction A"]["answers"]["often"] == 1 and seen["Koila"]["answers"]["more"] == "=1+1"
    assert seen["Koila"]["email"] == "koila@kozani.example" and seen["Faction A"]["role"] == "Deputy"
    assert it.see("/results", status=409)["code"] == "results_not_yet"

    # the end of one is not the end of the other
    with transaction():
        assert not end(it.id)
    assert everyone.end() and everyone.see("/results")["responses"] == 0
    assert everyone.see("/results")["questions"] == []
    assert it.see("/results", status=409)["code"] == "results_not_yet"
    with transaction():
        plan("close_questionnaires", "now")
    it.over()
    assert due() == [it.id]
    session.remove()
    for part in (1, 2, 3):
        with pytest.raises(Killed):
            close(it.id, killed_after(part))
        assert it.see("/results", status=409)["code"] == "results_not_yet"
    broken.over()
    with transaction():
        session.execute(update(Questionnaire).where(Questionnaire.id == broken.id).values(sections=[{}]))
    assert work_one({"close_questionnaires": HANDLERS["close_questionnaires"]}, "test")
    assert due() == [broken.id], "one that cannot be counted keeps no other open"
    assert session.scalars(select(Job.error).where(Job.kind == "close_questionnaires")).one() == "ExceptionGroup"
    session.remove()
    results = it.see("/results")
    assert results["one_per"] == "body" and results["responses"] == 3 and results["channels"] is None
    by_name = {one["name"]: one for one in results["bodies"]}
    assert by_name["Faction A"]["role"] is None and by_name["Faction A"]["answers"]["more"] is None, "no moderator yet"
    assert "email" not in by_name["Koila"] and by_name["Koila"]["answers"]["uses"] == ["play", "rest"]
    with transaction():
        session.execute(update(ModerationCase).values(state=SHOWN))
    assert {one["name"]: one["role"] for one in it.see("/results")["bodies"]}["Faction A"] == "Deputy"
    assert {one["question"] for one in it.see("/texts")["answers"]} == {"more"}, "a role is no answer"
    table = it.see("/results.csv").text
    assert ",Koila,President,'=1+1" in table and "body,uses,uses?,play,The play,,,Koila,President," in table
    assert it.staff("POST", "/bodies", 409, json={"bodies": [{"name": "Late"}]})["code"] == "questionnaire_not_open"
