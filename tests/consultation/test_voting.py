"""A consultation from its draft to its result, through the routes."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from service.consultation import verify_consultation as auditor
from service.consultation.forgetting import hand_over_votes, open_votes_of
from service.consultation.models import Ballot, BallotAnswer, Consultation, OpenVote, Participation
from service.consultation.releasing import release
from service.db import session, transaction
from service.municipalities.directory import Municipality
from tests.consultation.scene import BUDGET, STANCE, Office, Phone, close_now, make_verified, phase, phone, tax_number
from tests.factories.people import Person, make_resident
from tests.personal_data.scene import erase


def files_of(answer: Any) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(answer.data)) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def counted(model: Any) -> int:
    return int(session.scalar(select(func.count()).select_from(model)) or 0)


def test_a_secret_vote_from_draft_to_bundle(office: Office, client: FlaskClient, here: Municipality) -> None:
    office.begin()
    phones = [phone(client, here) for _ in range(6)]
    assert phones[0].get(office.path).status_code == 404, "a draft is nobody's but the office's"
    assert phones[0].get("").json["consultations"] == []
    office.fix()
    shown = phones[0].get(office.path)
    assert shown.json["one_per"] == "installation" and len(shown.json["limits"]) == 6
    assert shown.json["questions"][0]["text"] == "Trees" and shown.json["questions"][1]["options"][0]["cost"] == 60
    assert phones[0].get(office.path, query_string={}).headers["ETag"] == shown.headers["ETag"]
    assert [found["id"] for found in phones[0].get("").json["consultations"]] == [office.path[1:]]

    # casting: once each; the same ballot again is the same cast
    first = phones[0].cast(office.path, {"trees": "for", "money": ["a", "c"]})
    assert first.status_code == 201, first.json
    assert phones[0].cast(office.path, {"trees": "for", "money": ["a", "c"]}).json == first.json
    assert phones[0].cast(office.path, {"trees": "against"}).json["code"] == "already_voted"
    other_key = Phone(client, here.slug, phones[0].who)
    assert other_key.cast(office.path, {"trees": "for"}).json["code"] == "already_voted"
    stolen = Phone(client, here.slug, phones[1].who, key=phones[0].key)
    assert stolen.cast(office.path, {"trees": "for"}).json["code"] == "tracker_taken"
    assert phones[1].get(f"{office.path}/participation").json == {"may": True, "reason": None, "voted": False}, (
        "nothing was kept of it"
    )
    for number, each in enumerate(phones[1:5]):
        assert each.cast(office.path, {"trees": ["for", "against"][number % 2], "money": ["b"]}).status_code == 201
    assert phones[1].get(f"{office.path}/participation").json == {"may": True, "reason": None, "voted": True}

    # nothing is released before ten have come, and no result is anybody's before the end
    assert len(phones[0].get(f"{office.path}/log").json["lines"]) == 1
    assert release(office.id) == 0
    assert release(office.id, everything=True) == 10
    assert phones[0].get(f"{office.path}/results").json["code"] == "results_not_yet"
    assert phones[0].get(f"{office.path}/bundle").json["code"] == "results_not_yet"
    assert office.ask("GET", office.path).json["participations"] == {"app": 5}

    # replacing: by the key and the sequence that it replaces
    again = phones[0].replace(office.path, 1, {"trees": "against", "money": ["a", "c"]})
    assert again.status_code == 200 and again.json["sequence"] == 2
    assert [each["sequence"] for each in again.json["answers"]] == [2, 1], "only what changed is written again"
    assert phones[0].replace(office.path, 1, {"trees": "against", "money": ["a", "c"]}).json == again.json
    assert phones[0].replace(office.path, 1, {"trees": "neutral"}).json["code"] == "ballot_changed"
    assert phones[5].replace(office.path, 1, {"trees": "neutral"}).json["code"] == "not_found"
    assert phones[0].cast(office.path, {"trees": "for", "money": ["a", "c"]}).json["code"] == "already_voted"
    blank = phones[4].replace(office.path, 1, {})
    assert blank.status_code == 200, "withdrawn: a blank ballot"
    assert counted(Participation) == 5 and counted(Ballot) == 5

    # the end
    head_kept = phones[0].get(f"{office.path}/heads").json["heads"][1]
    assert close_now(office)
    assert phones[5].cast(office.path, {"trees": "for"}).json["code"] == "consultation_not_open"
    assert phones[0].replace(office.path, 2, {}).json["code"] == "consultation_not_open"
    results = phones[0].get(f"{office.path}/results").json
    assert results["participations"] == 5 and results["channels"] == {"app": 5}
    assert results["questions"][0]["result"]["votes"] == {"for": 2, "against": 2, "neutral": 0}
    assert results["questions"][0]["blank"] == 1
    assert counted(Ballot) == 0 and not session.scalar(select(func.count(BallotAnswer.ballot)))
    bundle = phones[0].get(f"{office.path}/bundle")
    files = files_of(bundle)
    key = phones[0].get(office.path).json["public_key"]
    assert "5 took part" in auditor.verify(files, key, heads=[head_kept], receipts=[again.json])
    with pytest.raises(auditor.Wrong, match="changed after this receipt"):
        auditor.verify(files, key, receipts=[first.json])
    assert json.loads(files["tally.json"])["questions"] == results["questions"]
    assert phones[0].get("/verifier").text.startswith('"""Check a closed consultation')

    # made again, byte for byte
    from flask import current_app

    current_app.config["STORE"].delete(str(session.scalars(select(Consultation.bundle)).one()))
    assert phones[0].get(f"{office.path}/bundle").data == bundle.data
    assert close_now(office), "closed twice is closed once"
    assert phones[0].get(f"{office.path}/bundle").data == bundle.data


@pytest.mark.parametrize("secrecy", ["pseudonymous", "open"])
def test_a_vote_that_is_known_by_the_person(
    secrecy: str, office: Office, client: FlaskClient, here: Municipality
) -> None:
    office.begin(secrecy=secrecy, questions=[STANCE], eligibility="anyone").fix()
    phones = [phone(client, here) for _ in range(3)]
    receipts = []
    for word in ("for", "for", "against"):
        cast = phones[0].send(office.path, {"answers": {"trees": word}})
        assert cast.status_code == 201, cast.json
        receipts.append(cast.json)
    assert [receipt["sequence"] for receipt in receipts] == [1, 2, 3]
    assert [receipt["answers"][0]["sequence"] for receipt in receipts] == [1, 1, 2], "the same again is no change"
    assert phones[1].send(office.path, {"answers": {"trees": "neutral"}}).status_code == 201
    assert phones[0].get(f"{office.path}/votes").json["code"] == "results_not_yet"
    assert close_now(office)
    results = phones[0].get(f"{office.path}/results").json
    assert results["questions"][0]["result"]["votes"] == {"for": 0, "against": 1, "neutral": 1}
    assert results["channels"] is None, "so few say nothing of channels"
    assert "OK" in auditor.verify(files_of(phones[0].get(f"{office.path}/bundle")), receipts=receipts[2:])
    page = phones[0].get(f"{office.path}/votes", query_string={"limit": 1}).json
    rest = phones[0].get(f"{office.path}/votes", query_string={"after": page["next"]}).json if page["next"] else None
    shown = page["votes"] + (rest["votes"] if rest else [])
    named = [{"name": None, "answers": {"trees": "against"}}, {"name": None, "answers": {"trees": "neutral"}}]
    assert shown == (named if secrecy == "open" else [])
    assert counted(OpenVote) == len(shown)


def test_who_may_take_part_and_one_per_what(office: Office, client: FlaskClient, here: Municipality) -> None:
    from tests.factories.people import give_address

    alice, other = phone(client, here), phone(client, here)
    assert alice.who and other.who

    office.begin(eligibility="contact", questions=[STANCE]).fix()
    alice.questions = other.questions = ("trees",)
    assert alice.cast(office.path, {"trees": "for"}).json["code"] == "not_eligible"
    assert alice.get(f"{office.path}/participation").json == {"may": False, "reason": "contact", "voted": False}
    give_address(here, alice.who, "alice@example.org")
    assert alice.cast(office.path, {"trees": "for"}).status_code == 201
    give_address(here, alice.who, None)
    give_address(here, other.who, "ALICE@example.org")
    assert other.cast(office.path, {"trees": "for"}).json["code"] == "already_voted", "one per address"

    office.begin(eligibility="resident", questions=[STANCE]).fix()
    assert alice.cast(office.path, {"trees": "for"}).json["code"] == "not_eligible"
    make_verified(here, alice.who, "123456789")
    assert alice.cast(office.path, {"trees": "for"}).status_code == 201

    office.begin(eligibility="code", questions=[STANCE])
    assert office.ask("POST", f"{office.path}/fixing", json={"version": 1}).json["reason"] == "codes"
    codes = office.ask("POST", f"{office.path}/codes", json={"version": 1, "count": 2}).json["codes"]
    office.fix()
    assert office.ask("GET", office.path).json["draft"]["eligible"] == 2
    assert alice.cast(office.path, {"trees": "for"}).json["code"] == "not_eligible"
    assert alice.cast(office.path, {"trees": "for"}, code="0000-0000-0000").json["code"] == "not_eligible"
    assert alice.get(f"{office.path}/participation").json == {"may": None, "reason": None, "voted": None}
    assert alice.cast(office.path, {"trees": "for"}, code=codes[0].lower().replace("-", " ")).status_code == 201
    assert other.cast(office.path, {"trees": "for"}, code=codes[0]).json["code"] == "already_voted", "one per code"
    assert other.cast(office.path, {"trees": "for"}, code=codes[1]).status_code == 201

    staff = Phone(client, here.slug, office.who, ("trees",))
    assert staff.cast(office.path, {"trees": "for"}).status_code == 403, "staff vote as residents"


def test_that_somebody_took_part_outlives_the_account(office: Office, client: FlaskClient, here: Municipality) -> None:
    office.begin(eligibility="resident", secrecy="open", questions=[STANCE]).fix()
    before = phone(client, here)
    assert before.who
    make_verified(here, before.who, "123456789")
    assert before.send(office.path, {"answers": {"trees": "for"}}).status_code == 201
    assert erase(client, before.who).status_code == 201
    after = phone(client, here)
    assert after.who
    make_verified(here, after.who, "123456789")
    assert after.get(f"{office.path}/participation").json == {"may": True, "reason": None, "voted": True}
    assert counted(OpenVote) == 0


@pytest.mark.parametrize(
    ("answers", "more", "reason"),
    [
        ({"trees": "maybe"}, {}, "not_a_stance"),
        ({"money": ["a", "b"]}, {}, "over_budget"),
        ({"other": 1}, {}, "unknown_question"),
        ({}, {"tracker": None}, "trackers"),
        ({}, {"trackers": {}}, "trackers"),
        ({}, {"trackers": {"trees": "0" * 64, "money": "0" * 64}}, "trackers"),
    ],
)
def test_a_ballot_that_is_not_valid_is_not_cast(
    answers: Any, more: Any, reason: str, office: Office, client: FlaskClient, here: Municipality
) -> None:
    office.begin().fix()
    refused = phone(client, here).cast(office.path, answers, **more)
    assert refused.status_code == 422 and refused.json["reason"] == reason
    assert counted(Participation) == 0


def test_trackers_that_the_key_does_not_make_stop_no_result(
    office: Office, client: FlaskClient, here: Municipality
) -> None:
    office.begin(questions=[STANCE]).fix()
    phones = [Phone(client, here.slug, make_resident(here), ("trees",)) for _ in range(3)]
    for each in phones[:2]:
        assert each.cast(office.path, {"trees": "for"}).status_code == 201
    strange = phones[2].ballot({"trees": "for"}) | {"trackers": {"trees": "ab" * 32}}
    assert phones[2].send(office.path, strange).status_code == 201
    refused = phones[2].replace(office.path, 1, {"trees": "against"})
    assert (refused.status_code, refused.json["reason"]) == (422, "trackers")
    with transaction():  # what was lost before this was refused
        session.execute(update(BallotAnswer).where(BallotAnswer.tracker == b"\xab" * 32).values(salt=None))
    assert close_now(office)
    assert phones[0].get(f"{office.path}/results").json["questions"][0]["valid"] == 2
    with pytest.raises(auditor.Wrong, match="lines of the log have no ballot"):
        auditor.verify(files_of(phones[0].get(f"{office.path}/bundle")))


def test_a_draft_is_changed_and_what_is_fixed_is_not(office: Office, client: FlaskClient, charlie: Person) -> None:
    from tests.consultation.scene import described

    office.begin()
    changed = office.ask("PUT", office.path, json=described(version=1, title={"el": "Άλλο"}))
    assert changed.json["version"] == 2 and changed.json["draft"]["title"] == {"el": "Άλλο"}
    assert changed.json["draft"]["questions"][1]["options"][2]["cost"] == 40
    stale = office.ask("PUT", office.path, json=described(version=1))
    assert (stale.status_code, stale.json["code"], stale.json["version"]) == (409, "consultation_changed", 2)
    codes = office.ask("POST", f"{office.path}/codes", json={"version": 2, "count": 1})
    assert codes.json["code"] == "consultation_not_valid"
    office.fix()
    for refused in (
        office.ask("PUT", office.path, json=described(version=3)),
        office.ask("POST", f"{office.path}/fixing", json={"version": 3}),
    ):
        assert refused.json["code"] == "consultation_fixed"
    assert office.ask("GET", "").json["consultations"][0]["state"] == "fixed"
    theirs = client.get(f"/api/v1/next-door/staff/consultations{office.path}", headers=charlie.headers)
    assert theirs.status_code == 404
    nowhere = "/01a20031-5d2e-7a10-9c44-3e5b0a6d8f12"
    assert office.ask("PUT", nowhere, json=described(version=1)).status_code == 404


def drafts() -> Iterator[tuple[str, Any]]:
    yield "questions", {"questions": [STANCE, STANCE]}
    yield "phases", {"phases": [phase("inform", 0, 1)]}
    yield "phases", {"phases": [phase("vote", 0, 1), phase("vote", 0, 1)]}
    yield "times", {"phases": [phase("vote", 1, 0)]}
    yield "budget", {"questions": [BUDGET | {"budget": None}]}


def test_a_draft_that_cannot_be_held_is_refused(office: Office) -> None:
    from tests.consultation.scene import described

    for reason, changed in drafts():
        refused = office.ask("POST", "", json=described(**changed))
        assert (refused.status_code, refused.json["reason"]) == (422, reason)
    office.begin(phases=[phase("vote", -20, -10)])
    assert office.ask("POST", f"{office.path}/fixing", json={"version": 1}).json["reason"] == "past"


def test_the_end_is_moved_to_later_for_a_reason(office: Office, client: FlaskClient, here: Municipality) -> None:
    office.begin(phases=[phase("vote", -20, 3600), phase("inform", -30, 3600)])
    later = phase("vote", 0, 7200)["closes_at"]
    body = {"closes_at": later, "reason": {"el": "Βλάβη", "en": "A fault"}}
    assert office.ask("POST", f"{office.path}/extension", json=body).json["code"] == "consultation_not_extended"
    office.fix()
    assert office.ask("POST", f"{office.path}/extension", json=body).status_code == 200
    shown = phone(client, here).get(office.path).json
    assert [found["reason"] for found in shown["extensions"]] == ["A fault"]
    assert [found["kind"] for found in shown["phases"]] == ["inform", "vote"]
    assert office.ask("POST", f"{office.path}/extension", json=body).json["code"] == "consultation_not_extended"
    assert '"kind":"extend"' in phone(client, here).get(f"{office.path}/log").json["lines"][1]


def test_papers_are_entered_by_two_officers_against_one_list(
    office: Office, client: FlaskClient, here: Municipality
) -> None:
    from tests.consultation import scene

    office.begin(eligibility="resident", questions=[STANCE]).fix()
    second = scene.office(client, here, "petros")
    online = phone(client, here)
    online.questions = ("trees",)
    assert online.who
    make_verified(here, online.who, "EL094259216")
    assert online.cast(office.path, {"trees": "for"}).status_code == 201
    papers = {
        "station": "ΚΑΠΗ",
        "scan_digest": "ab" * 32,
        "voters": [tax_number(20000000 + n) for n in range(6)],
        "answers": [{"trees": "against"}] * 5 + [{}],
    }
    path = f"{office.path}/papers"
    for wrong, unknown, voted in (
        ({"voters": [*papers["voters"][:5], "094259216"]}, [], [5]),
        ({"voters": [*papers["voters"][:5], "el 94259216"]}, [], [5]),
        ({"voters": [*papers["voters"][:5], "094259217"]}, [5], []),
        ({"voters": [*papers["voters"][:5], papers["voters"][0]]}, [5], []),
        ({"voters": [*papers["voters"][:5], "??"]}, [5], []),
        ({"voters": papers["voters"][:5]}, [], []),
    ):
        refused = office.ask("POST", path, json=papers | wrong)
        assert (refused.status_code, refused.json["not_known"], refused.json["voted"]) == (409, unknown, voted)
    batch = office.ask("POST", path, json=papers).json
    assert batch["count"] == 6 and batch["confirmed_at"] is None
    entered = f"{path}/{batch['id']}/confirmation"
    again = {name: list(reversed(papers[name])) for name in ("voters", "answers")}
    assert office.ask("POST", entered, json=again).json["code"] == "second_officer_needed"
    for others in ({"answers": [{"trees": "against"}] * 6}, {"voters": [tax_number(20000001 + n) for n in range(6)]}):
        assert office.ask("POST", entered, who=second.who, json=again | others).json["code"] == "papers_differ"
    waiting_one = Phone(client, here.slug, make_resident(here), ("trees",))
    assert waiting_one.who
    make_verified(here, waiting_one.who, tax_number(20000004))
    assert waiting_one.cast(office.path, {"trees": "for"}).json["code"] == "already_voted", (
        "on paper, if it is confirmed"
    )
    assert office.ask("GET", office.path).json["participations"] == {"app": 1}, "not counted yet"
    confirmed = office.ask("POST", entered, who=second.who, json=again)
    assert confirmed.status_code == 200 and confirmed.json["confirmed_at"]
    assert office.ask("POST", entered, who=second.who, json=again).status_code == 404
    late = Phone(client, here.slug, make_resident(here), ("trees",))
    assert late.who
    make_verified(here, late.who, tax_number(20000003))
    assert late.cast(office.path, {"trees": "for"}).json["code"] == "already_voted", "on paper already"
    for number in range(4):
        each = Phone(client, here.slug, make_resident(here), ("trees",))
        assert each.who
        make_verified(here, each.who, f"30000000{number}")
        assert each.cast(office.path, {"trees": "for"}).status_code == 201
    mistaken = papers | {"voters": [tax_number(40000000)], "answers": [{"trees": "for"}]}
    waiting = f"{path}/{office.ask('POST', path, json=mistaken).json['id']}"
    quick = Phone(client, here.slug, make_resident(here), ("trees",))
    assert quick.who
    make_verified(here, quick.who, tax_number(40000000))
    assert quick.cast(office.path, {"trees": "for"}).json["code"] == "already_voted"
    assert office.ask("DELETE", f"{path}/{batch['id']}").status_code == 404, "it is counted"
    assert office.ask("DELETE", waiting).status_code == 204
    assert office.ask("DELETE", waiting).status_code == 404
    assert quick.cast(office.path, {"trees": "for"}).status_code == 201, "the batch was cancelled"
    forgotten = papers | {"voters": [tax_number(50000000)], "answers": [{"trees": "for"}]}
    assert office.ask("POST", path, json=forgotten).status_code == 201, "no second officer enters it"
    assert close_now(office)
    results = online.get(f"{office.path}/results").json
    assert results["channels"] == {"app": 6, "paper": 6}
    assert results["questions"][0]["result"]["votes"] == {"for": 6, "against": 5, "neutral": 0}
    assert "12 took part" in auditor.verify(files_of(online.get(f"{office.path}/bundle")))

    office.begin(eligibility="installation", questions=[STANCE]).fix()
    assert office.ask("POST", f"{office.path}/papers", json=papers).json["code"] == "consultation_not_on_paper"


def test_lists_go_on_page_by_page(office: Office, client: FlaskClient, here: Municipality) -> None:
    for _ in range(2):
        office.begin(secrecy="open", eligibility="anyone", questions=[STANCE]).fix()
    phones = [phone(client, here) for _ in range(5)]
    for each in phones:
        assert each.send(office.path, {"answers": {"trees": "for"}}).status_code == 201
    assert release(office.id, everything=True) == 5
    one = {"limit": 1}
    first = phones[0].get("", query_string=one).json
    second = phones[0].get("", query_string=one | {"after": first["next"]}).json
    assert [first["consultations"][0]["id"], second["next"]] == [office.path[1:], None]
    for name, most in (("log", 6), ("heads", 2)):
        seen, after = 0, None
        while True:
            page = phones[0].get(f"{office.path}/{name}", query_string=one | ({"after": after} if after else {})).json
            seen, after = seen + 1, page["next"]
            if after is None:
                break
        assert seen == most
    assert phones[0].who and phones[1].who
    assert [row.consultation for row in open_votes_of(phones[0].who.account_id)] == [office.uid]
    with transaction():
        hand_over_votes(phones[0].who.account_id, phones[1].who.account_id)
    assert open_votes_of(phones[0].who.account_id) == []
    assert len(open_votes_of(phones[1].who.account_id)) == 2
