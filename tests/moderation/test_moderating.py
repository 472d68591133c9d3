"""Complaints call a moderator and hide nothing; who is hidden reads it, is told why, and has one appeal to another."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from service.db import session, transaction
from service.db.clock import now
from service.db.keys import new_uid
from service.moderation import complaining
from service.moderation.deciding import MODERATION_DECIDED
from service.moderation.looking import Shown
from service.moderation.messages import who_is_told
from service.moderation.models import Decider, ModerationCase
from service.municipalities.directory import Municipality
from service.outbox.expanding import Posted
from service.people.erasing import person_locked
from service.personal_data.slices import Wish, collect, erase, hand_over
from tests.conversation.scene import HERE, Talk, talk
from tests.factories.people import Person, make_resident, make_staff
from tests.reports.scene import expand_all, inbox_of


@pytest.fixture
def one(client: FlaskClient, here: Municipality) -> Talk:
    return talk(client, here)


@pytest.fixture
def mona(here: Municipality) -> Person:
    return make_staff(here, "mona", [("moderator", None)])


def act(one: Talk, who: Person | None, path: str, thing: str, status: int = 204, **more: Any) -> Any:
    return one.ask("POST", f"{HERE}/{path}", who, status, json={"kind": "contribution", "id": thing} | more)


def complain(one: Talk, who: Person, thing: str, status: int = 204, rule: str = "insult", **more: Any) -> Any:
    return act(one, who, "moderation/complaints", thing, status, rule=rule, **more)


def decide(one: Talk, who: Person, thing: str, status: int = 204, **more: Any) -> Any:
    wanted = {"hide": True, "rule": "insult", "reason": "The last word."} | more
    return act(one, who, "staff/moderation/decisions", thing, status, **wanted)


def queue(one: Talk, who: Person) -> Any:
    return one.ask("GET", f"{HERE}/staff/moderation/cases", who)["cases"]


def decided(one: Talk, who: Person) -> Any:
    return one.ask("GET", f"{HERE}/my/moderation", who)["decided"]


def told(who: Person) -> list[str]:
    expand_all()
    return [message.title for message in inbox_of(who)]


def test_a_complaint_hides_nothing_and_an_appeal_goes_to_somebody_else(
    one: Talk, here: Municipality, mona: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(complaining, "BURST", 2)
    max_ = make_staff(here, "max", [("moderator", None)])
    author, *others = (make_resident(here, language="en") for _ in range(4))
    thing = one.say(author, "You thief!")["id"]
    for who in others:
        complain(one, who, thing, note="He says so of me.")
        complain(one, who, thing)
    assert complain(one, author, thing, 422, rule="nothing")["code"] == "no_such_house_rule"
    complain(one, author, str(one.office.uid), 404)
    act(one, author, "moderation/complaints", thing, 404, kind="moon", rule="insult")
    assert one.see(thing)["text"] == "You thief!", "three complaints hide nothing"
    [case] = queue(one, mona)
    assert (case["complaints"], case["burst"], case["complaints_by_rule"]) == (
        3,
        True,
        [{"rule": "insult", "count": 3}],
    )
    assert case["notes"] == ["He says so of me."] * 3
    assert (case["text"], case["state"], case["may_decide"]) == ("You thief!", "open", True)
    assert decide(one, mona, thing, 422, rule=None)["code"] == "rule_needed"
    assert decide(one, mona, thing, 422, rule="none")["code"] == "no_such_house_rule"
    decide(one, mona, thing)
    assert queue(one, mona) == []
    assert one.vote(others[0], thing, "support", 409)["code"] == "contribution_gone"
    shown = one.see(thing, others[0])
    assert (shown["text"], shown["hidden_by_rule"], one.see(thing)["text"]) == (None, "insult", None)
    assert one.see(thing, author)["text"] == one.see(thing, mona)["text"] == "You thief!"
    assert told(author) == ["What you wrote is hidden"] and "The last word." in inbox_of(author)[0].body
    [mine] = decided(one, author)
    assert (mine["text"], mine["rule"], mine["can_appeal"]) == ("You thief!", "insult", True)
    assert mine["rule_text"].startswith("Nobody is insulted")
    assert act(one, others[0], "my/moderation/appeals", thing, 404, text="Mine too")["code"] == "not_found"
    act(one, author, "my/moderation/appeals", thing, text="I quoted him.")
    assert act(one, author, "my/moderation/appeals", thing, 409, text="Again")["code"] == "nothing_to_appeal"
    assert decide(one, mona, thing, 409, hide=False)["code"] == "appeal_decided"
    verdict = {"uphold": False, "reason": "It is a quotation."}
    assert [case["may_decide"] for case in (*queue(one, mona), *queue(one, max_))] == [False, True]
    assert queue(one, mona)[0]["complaints_of_newcomers"] == 3
    assert queue(one, max_)[0]["appeal"] == "I quoted him."
    refused = act(one, mona, "staff/moderation/appeals", thing, 403, **verdict)
    assert refused["code"] == "same_moderator"
    act(one, max_, "staff/moderation/appeals", thing, **verdict)
    assert act(one, max_, "staff/moderation/appeals", thing, 409, **verdict)["code"] == "no_appeal"
    assert one.see(thing)["text"] == "You thief!"
    assert told(author)[-1] == "Your appeal was decided: it is shown again"
    complain(one, mona, thing)
    assert queue(one, mona) == [], "what two have looked at waits for nobody"
    assert one.ask("GET", f"{HERE}/moderation/counts") == {
        **{"complaints": 4, "waiting": 0, "hidden": 0, "shown": 1, "appeals": 1, "overturned": 1},
        "by_rule": [],
    }


def test_nobody_who_ever_decided_about_it_decides_the_appeal_and_it_may_fail(
    one: Talk, here: Municipality, mona: Person, alice: Person, charlie: Person
) -> None:
    thing, letter = one.say(alice)["id"], one.say(one.office.who)["id"]
    max_, zoe, yuri = (make_staff(here, name, [("moderator", None)]) for name in ("max", "zoe", "yuri"))
    decide(one, mona, thing)
    decide(one, max_, thing, hide=False)
    assert one.see(thing)["hidden_by_rule"] is None and len(told(alice)) == 2
    act(one, alice, "my/moderation/appeals", thing, 409, text="Why?")
    decide(one, mona, letter, hide=False)
    decide(one, zoe, thing)
    act(one, alice, "my/moderation/appeals", thing, text="Why?")
    verdict = {"uphold": True, "reason": "It is one."}
    for before in (mona, max_, zoe):
        assert act(one, before, "staff/moderation/appeals", thing, 403, **verdict)["code"] == "same_moderator"
    assert [queue(one, who)[0]["may_decide"] for who in (mona, max_, zoe, yuri)] == [False, False, False, True]
    act(one, yuri, "staff/moderation/appeals", thing, **verdict)
    assert decided(one, alice)[0]["appeal_upheld"] is True and one.see(thing)["text"] is None
    counts = one.ask("GET", f"{HERE}/moderation/counts")
    assert counts["by_rule"] == [{"rule": "insult", "hidden": 1}]
    there = one.client.get("/api/v1/next-door/staff/moderation/cases", headers=charlie.headers)
    assert there.json["cases"] == []


def test_nobody_moderates_their_own_words_and_whoever_hid_it_first_never_decides_the_appeal(
    one: Talk, here: Municipality, mona: Person
) -> None:
    both = [("moderator", None), ("consultation_manager", None)]
    ann, max_ = make_staff(here, "ann", both), make_staff(here, "max", both)
    own = one.say(ann, "You thief!")["id"]
    letter = {"text": "You too!", "language": "en", "channel": "letter", "role": "Club", "received_on": "2026-11-20"}
    entered = one.ask("POST", f"{one.staff_path}/contributions", ann, 201, json=letter)["id"]
    for thing in (own, entered):
        complain(one, mona, thing)
        assert decide(one, ann, thing, 403)["code"] == decide(one, ann, thing, 403, hide=False)["code"] == "own_text"
    assert [case["may_decide"] for case in queue(one, ann)] == [False, False]
    decide(one, mona, own)
    assert decide(one, ann, own, 403, hide=False)["code"] == "own_text" and one.see(own)["text"] is None
    assert decide(one, max_, own, 409)["code"] == decide(one, mona, own, 409)["code"] == "already_hidden"
    act(one, ann, "my/moderation/appeals", own, text="Why?")
    verdict = {"uphold": False, "reason": "I meant well."}
    assert act(one, ann, "staff/moderation/appeals", own, 403, **verdict)["code"] == "own_text"
    assert act(one, mona, "staff/moderation/appeals", own, 403, **verdict)["code"] == "same_moderator"
    waiting = {who: {case["id"]: case["may_decide"] for case in queue(one, who)} for who in (ann, mona, max_)}
    assert [waiting[who][own] for who in (ann, mona, max_)] == [False, False, True]
    act(one, max_, "staff/moderation/appeals", own, **verdict)
    assert one.see(own)["text"] == "You thief!"


def test_the_municipality_publishes_rules_of_its_own(
    one: Talk, client: FlaskClient, here: Municipality, mona: Person, alice: Person
) -> None:
    ada = make_staff(here, "ada", [("administrator", None)])
    usual = one.ask("GET", f"{HERE}/moderation/rules")["rules"]
    assert "insult" in [rule["key"] for rule in usual]
    thing = one.say(alice)["id"]
    rules = [{"key": key, "text": {"en": f"No {key}.", "el": f"Όχι {key}."}} for key in ("noise", "smoke")]
    kept = one.ask("PUT", f"{HERE}/staff/moderation/rules", ada, json={"rules": rules})["rules"]
    assert kept == [{"key": "noise", "text": "No noise."}, {"key": "smoke", "text": "No smoke."}]
    assert decide(one, mona, thing, 422)["code"] == "no_such_house_rule"
    decide(one, mona, thing, rule="noise")
    one.ask("PUT", f"{HERE}/staff/moderation/rules", ada, json={"rules": rules[1:]})
    assert decided(one, alice)[0]["rule_text"] == "No noise.", "an ended rule is still the reason"
    greek = client.get(f"{HERE}/moderation/rules", headers={"Accept-Language": "el"}).json["rules"]
    assert greek == [{"key": "smoke", "text": "Όχι smoke."}]
    one.ask("PUT", f"{HERE}/staff/moderation/rules", mona, 403, json={"rules": rules})


def test_what_moderation_knows_of_somebody_is_given_out_handed_over_and_erased(
    one: Talk, here: Municipality, mona: Person, alice: Person
) -> None:
    former = make_resident(here)
    thing, other = one.say(former)["id"], one.say(one.office.who)["id"]
    complain(one, former, other, note="Rude")
    complain(one, alice, other)
    decide(one, mona, thing)
    act(one, former, "my/moderation/appeals", thing, text="Why?")
    first = one.ask("GET", f"{HERE}/staff/moderation/cases", mona, query_string={"limit": 1})
    then = one.ask("GET", f"{HERE}/staff/moderation/cases", mona, query_string={"after": first["next"]})
    assert [case["id"] for case in (*first["cases"], *then["cases"])] == [other, thing] and then["next"] is None
    second, open_still = (one.say(former)["id"] for _ in range(2))
    complain(one, mona, open_still)
    decide(one, mona, second)
    first = one.ask("GET", f"{HERE}/my/moderation", former, query_string={"limit": 1})
    then = one.ask("GET", f"{HERE}/my/moderation", former, query_string={"after": first["next"]})
    assert [case["id"] for case in (*first["decided"], *then["decided"])] == [second, thing]
    with transaction():
        before, after = person_locked(here, former.account), person_locked(here, alice.account)
        assert before and after
        hand_over(here, before, after)
        held = dict(collect(here, after))["moderation"]
    assert [str(case["target"]) for case in held["decided"]] == [thing, second], "not that somebody complained"
    assert held["decided"][0]["appeal"] == "Why?" and len(held["complaints"]) == 1
    for who in (alice, mona):
        with transaction():
            person = person_locked(here, who.account)
            assert person is not None
            erase(here, person, Wish(keep_public=True))
    session.rollback()
    assert session.scalars(select(Decider)).all() == []
    counts = one.ask("GET", f"{HERE}/moderation/counts")
    assert (counts["complaints"], counts["hidden"], one.see(thing)["text"]) == (3, 2, None)


def test_what_is_written_of_somebody_who_was_erased_meanwhile_has_no_author(
    one: Talk, app: Flask, mona: Person, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Shown(10**6, "You thief!", "en", (), "")
    monkeypatch.setitem(app.config, "LOOKS", {"contribution": lambda _, uids: dict.fromkeys(uids, gone)})
    thing = str(new_uid())
    complain(one, alice, thing)
    decide(one, mona, thing)
    assert session.scalars(select(ModerationCase.author_id)).all() == [None]


def test_nobody_is_told_who_is_gone(here: Municipality) -> None:
    about = {"account_id": 0, "kind": "contribution", "id": "", "outcome": "hidden", "rule": None, "reason": None}
    event = Posted(1, new_uid(), here.id, MODERATION_DECIDED, "case:", 1, about, 0, 0, now())
    assert list(who_is_told(event)) == []
