"""What says the same is found and answered together; each contribution has its department and its day; sheets come in."""

import io
import itertools
import random
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, insert, select, update

from service.consultation.conversation import finding, models, resembling
from service.consultation.conversation.models import Contribution, Mark
from service.consultation.conversation.resembling import AT_ONCE, BANDS, marks_of, words_of
from service.db import session, transaction
from service.db.clock import seconds_from_now
from service.db.keys import new_uid
from service.municipalities.directory import Municipality
from service.people.audit_models import AuditEntry
from service.people.models import Account
from tests.conversation.scene import HERE, Talk, row_of
from tests.databases import statements, watched
from tests.factories.people import Person, make_resident
from tests.reports.scene import change_department

WISH = "Θέλουμε περισσότερα δέντρα και παγκάκια με σκιά στην κεντρική πλατεία της πόλης"
SAME = "Θέλουμε περισσότερα ΔΈΝΤΡΑ και παγκάκια με σκιά, στις κεντρικές πλατείες της πόλης!"
OTHER = "Το δημοτικό σχολείο χρειάζεται καινούργια θέρμανση πριν από τον χειμώνα"
SHEET = """channel;role;received_on;language;text;stance;kind;target;longitude;latitude;notes
letter;Πρόεδρος;2026-11-20;el;'=Δώστε μας σκιά;proposal;question;trees;21.75;40.25;x
meeting;Σύλλογος;2026-11-21;el;Περισσότερα δέντρα;;;;;;
"""
FAULTY = """channel,role,received_on,language,text,target,kind,longitude,latitude
pigeon,Club,2026-11-20,en,Trees,,,,
letter,Club,2026-11-20,en,Trees,nowhere,question,,
letter,Club,2026-11-20,en,Trees,,,12.5,41.9
letter,Club,2026-11-20,en,Trees,,,12.5,
letter,Club,2026-11-20,en,Trees,,,,
"""


def staff_asks(one: Talk, path: str, who: Person | None = None, status: int = 200, **query: Any) -> Any:
    return one.ask("GET", f"{HERE}/staff/{path}", who or one.office.who, status, query_string=query)


def similar(one: Talk, thing: str, **query: Any) -> Any:
    return staff_asks(one, f"contributions/{thing}/similar", **query)


def due(one: Talk, **query: Any) -> list[str]:
    found = one.ask("GET", f"{one.staff_path}/unanswered", one.office.who, query_string=query)
    return [each["text"] for each in found["contributions"]]


def test_a_text_is_compared_by_how_its_longer_words_begin_without_accents() -> None:
    assert words_of("Οι πλατείες, της ΠΛΑΤΕΙΑΣ η σκιά") == {"plate", "skia"}
    assert words_of("ναι") == {"nai"} and words_of("  ") == frozenset() == words_of("— …")
    for wish, opposite in (
        ("Θέλουμε δέντρα", "Δεν θέλουμε δέντρα"),
        ("Να κοπούν τα δέντρα", "Να μην κοπούν τα δέντρα"),
        ("Δέντρα; Ναι!", "Δέντρα; Όχι!"),
        ("Искаме дървета", "Не искаме дървета"),
        ("Norime medžių", "Ne, norime medžių"),
        ("Cut the trees", "Do not cut the trees"),
    ):
        assert words_of(wish) != words_of(opposite), opposite
    assert len(marks_of(WISH)) == BANDS and marks_of(WISH) == marks_of(WISH.upper()) and marks_of("!") == []
    assert all(0 <= mark < 2**63 for mark in marks_of(WISH))
    assert len(set(marks_of(WISH)) & set(marks_of(SAME))) > 2 and not set(marks_of(WISH)) & set(marks_of(OTHER))
    assert resembling.likeness(frozenset(), frozenset()) == 0


def test_nearly_all_that_is_alike_shares_a_mark_and_little_else_does() -> None:
    chosen, words = random.Random(1), [f"{number}xy" for number in range(1000, 9999)]
    found = {0.5: 0, 0.7: 0, 0.1: 0}
    for alike, _ in itertools.product(found, range(200)):
        common, *own = (chosen.sample(words, count) for count in (round(20 * alike), 20, 20))
        one, other = (" ".join([*common, *each][:20]) for each in own)
        found[alike] += not set(marks_of(one)).isdisjoint(marks_of(other))
    assert found[0.5] > 170 and found[0.7] > 195 and found[0.1] < 40, found


def test_what_says_the_same_is_found_and_answered_together(
    talk: Talk, here: Municipality, alice: Person, charlie: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    carol = make_resident(here)
    first, second = talk.say(alice, WISH, language="el")["id"], talk.say(carol, SAME, language="el")["id"]
    talk.say(alice, OTHER, language="el")
    talk.say(talk.office.who, WISH, language="el")
    taken_back = talk.say(alice, WISH, language="el")["id"]
    talk.ask("DELETE", f"{HERE}/my/contributions/{taken_back}", alice, 204)
    [found] = similar(talk, first)["similar"]
    assert (found["contribution"]["id"], 0.6 < found["likeness"] < 1) == (second, True)
    assert session.scalar(select(func.count()).select_from(Mark)) == 4 * BANDS, "what was taken back leaves no mark"
    talk.answer([first, second])
    taken = talk.answer([first, talk.say(carol, "!")["id"], second], 409)
    assert (taken["code"], taken["answered"]) == ("already_answered", [first, second])
    assert similar(talk, second)["similar"][0]["contribution"]["answer"]["disposition"] == "accepted"
    assert similar(talk, talk.say(alice, "!")["id"]) == {"similar": [], "next": None, "more": False}
    staff_asks(talk, f"contributions/{first}/similar", alice, 403)
    there = f"/api/v1/next-door/staff/contributions/{first}/similar"
    assert talk.client.get(there, headers=charlie.headers).status_code == 404
    copy_many(first, AT_ONCE + 10)
    page = similar(talk, first)
    assert len(page["similar"]) == AT_ONCE and page["similar"][0]["likeness"] == 1 and not page["more"]
    rest = similar(talk, first, after=page["next"])
    ids = {one["contribution"]["id"] for one in (*page["similar"], *rest["similar"])}
    assert len(ids) == AT_ONCE + 10 + 1 and second in ids and rest["next"] is None
    monkeypatch.setattr(resembling, "MOST_COMPARED", 10)
    page = similar(talk, first)
    assert len(page["similar"]) == 10 and page["more"], "some are on no page"


def copy_many(uid: str, count: int) -> None:
    """So many others say the same."""
    one = row_of(uid)
    row = {column.key: getattr(one, column.key) for column in Contribution.__table__.columns if column.key != "id"}
    marks = marks_of(one.text)
    session.rollback()
    with transaction():
        rows = [row | {"uid": new_uid(), "answer_id": None} for _ in range(count)]
        ids = session.scalars(insert(Contribution).returning(Contribution.id), rows).all()
        of_it = {"consultation_id": row["consultation_id"]}
        session.execute(insert(Mark), [of_it | {"contribution_id": one, "mark": mark} for one in ids for mark in marks])


def test_the_duty_list_is_cut_by_department_thread_and_promise(
    talk: Talk, here: Municipality, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "COUNTED_FOR", 1e-9)
    old, new = talk.say(alice, "Old")["id"], talk.say(alice, "New", kind="question", target="trees")["id"]
    asked = [f"{talk.staff_path}/{path}" for path in ("duties", "promise")]
    office = talk.office.who
    assert talk.ask("GET", f"{talk.path}/conversation")["answer_within_days"] is None
    assert due(talk) == due(talk, nobodys=True) == ["Old", "New"] and due(talk, overdue=True) == []
    talk.ask("PUT", asked[0], office, 204, json={"contributions": [old], "department": "lighting"})
    talk.ask("PUT", asked[0], office, 204, json={"contributions": [new], "department": "lighting"})
    talk.ask("PUT", asked[0], office, 204, json={"contributions": [new], "department": None})
    refused = talk.ask("PUT", asked[0], office, 422, json={"contributions": [new], "department": "moon"})
    assert refused["code"] == "no_such_department"
    talk.ask("PUT", asked[0], office, 404, json={"contributions": [str(new_uid())], "department": None})
    assert (due(talk, department="lighting"), due(talk, nobodys=True)) == (["Old"], ["New"])
    assert due(talk, kind="question", target="trees") == ["New"] and due(talk, kind="consultation") == ["Old"]
    assert due(talk, kind="question", target="nothing") == []
    talk.ask("PUT", asked[1], office, 204, json={"days": 10})
    talk.ask("PUT", asked[1], office, 204, json={"days": 30})
    talk.ask("PUT", asked[1], alice, 403, json={"days": 30})
    with transaction():
        month_ago = seconds_from_now(-31 * finding.DAY)
        session.execute(update(Contribution).where(Contribution.text == "Old").values(created_at=month_ago))
    assert due(talk, overdue=True) == ["Old"]
    [shown] = talk.ask("GET", f"{talk.staff_path}/unanswered?overdue=true", office)["contributions"]
    created, promised = (datetime.fromisoformat(shown[name]) for name in ("created_at", "due_at"))
    assert (shown["department"], promised - created) == ("lighting", timedelta(days=30))
    change_department("here", "lighting", valid_until=date(2020, 1, 1))
    ended = talk.ask("PUT", asked[0], office, 422, json={"contributions": [new], "department": "lighting"})
    assert ended["code"] == "no_such_department"
    assert due(talk, department="lighting") == ["Old"] and due(talk, nobodys=True) == ["Old", "New"]
    about = talk.ask("GET", f"{talk.path}/conversation")
    assert (about["overdue"], about["answer_within_days"]) == (1, 30)
    talk.answer([old])
    assert due(talk, overdue=True) == []
    actions = session.scalars(select(AuditEntry.action).where(AuditEntry.actor == office.account)).all()
    assert actions.count("contributions_handed") == 3 and actions.count("answers_promised") == 2
    talk.ask("PUT", asked[1], office, 204, json={"days": None})
    assert talk.ask("GET", f"{talk.path}/conversation")["overdue"] == 0


def test_votes_of_many_new_accounts_count_and_staff_see_that_there_are_many(
    talk: Talk, here: Municipality, alice: Person
) -> None:
    said, quiet = talk.say(alice)["id"], talk.say(alice)["id"]
    people = [make_resident(here) for _ in range(models.MANY_NEWCOMERS)]
    for who in people:
        talk.vote(who, said, "support")
    assert talk.see(said)["supports"] == models.MANY_NEWCOMERS and "votes_of_newcomers" not in talk.see(said)
    with transaction():
        session.execute(update(Account).values(created_at=seconds_from_now(-2 * finding.DAY)))
    talk.vote(make_resident(here), quiet, "support")
    path = f"{talk.staff_path}/bursts"
    [burst] = talk.ask("GET", path, talk.office.who)["contributions"]
    assert (burst["id"], burst["votes_of_newcomers"]) == (said, models.MANY_NEWCOMERS)
    assert talk.vote(people[0], said, "oppose")["supports"] == models.MANY_NEWCOMERS - 1, "a day later nobody is new"
    assert talk.ask("GET", path, talk.office.who)["contributions"] == []
    assert row_of(said).newcomers == models.MANY_NEWCOMERS - 1
    talk.ask("GET", path, alice, 403)


def sheet_of(rows: int) -> str:
    """A sheet of so many letters."""
    return SHEET.splitlines()[0] + "\n" + f"letter;Club;2026-11-20;en;{rows} trees;;;;;\n" * rows


def send(one: Talk, content: str | bytes, status: int = 200, **more: Any) -> Any:
    data = {"file": (io.BytesIO(content if isinstance(content, bytes) else content.encode()), "letters.csv")} | more
    path = f"{one.staff_path}/contributions/sheet"
    return one.ask("POST", path, one.office.who, status, data=data, content_type="multipart/form-data")


def test_a_sheet_of_letters_is_tried_first_and_written_whole_and_once(talk: Talk, client: FlaskClient) -> None:
    tried = {"rows": 2, "faults": [], "ignored": ["notes"], "written": 0, "already_there": 0}
    sheet = "\ufeff" + SHEET
    assert send(talk, sheet) == tried
    assert talk.read()["contributions"] == []
    assert send(talk, sheet, write="true") == tried | {"written": 2}
    assert send(talk, sheet, write="true") == send(talk, sheet) == tried | {"already_there": 2}
    entries = select(AuditEntry.facts).where(AuditEntry.action == "contributions_imported")
    assert session.scalars(entries).all() == [{"contributions": 2}]
    threads = talk.ask("GET", f"{talk.path}/conversation")["threads"]
    assert [(one["kind"], one["contributions"]) for one in threads] == [("consultation", 1), ("question", 1)]
    [meeting] = talk.read()["contributions"]
    [letter] = talk.read(kind="question", target="trees")["contributions"]
    assert (letter["text"], letter["place"], letter["stance"]) == ("=Δώστε μας σκιά", [21.75, 40.25], "proposal")
    assert (meeting["channel"], meeting["role"], meeting["received_on"]) == ("meeting", "Σύλλογος", "2026-11-21")
    assert session.scalar(select(func.count()).select_from(Mark)) == 2 * BANDS
    few, many = (statements(lambda rows=rows: send(talk, sheet_of(rows), write="true")) for rows in (2, 40))
    writing = [[one for one in sent if not one.startswith("SELECT")] for sent in (few, many)]
    assert len(writing[0]) == len(writing[1]), "however many rows there are"
    refused = send(talk, FAULTY, write="true")
    assert refused["written"] == 0 and refused["rows"] == 5
    faults = [(one["row"], one["column"]) for one in refused["faults"]]
    assert faults == [(2, "channel"), (3, "target"), (4, "longitude"), (5, "place")]
    assert all(one["fault"] for one in refused["faults"])
    path = f"{talk.staff_path}/contributions/sheet"
    talk.ask("POST", path, talk.office.who, 422, data={"file": SHEET}, content_type="multipart/form-data")
    for content, reason in (
        (SHEET.encode("utf-16"), "encoding"),
        ("text\nTrees", "columns"),
        ("", "columns"),
        (SHEET.splitlines()[0] + "\n;;\n", "no_rows"),
        (SHEET.splitlines()[0] + "\n" + "a;b\n" * 501, "too_many_rows"),
        (SHEET + 'letter;"', "damaged"),
        (b" " * 5_000_001, "too_large"),
    ):
        assert send(talk, content, 422)["reason"] == reason


def test_a_sheet_is_complete_in_one_transaction(talk: Talk) -> None:
    """Its letters and what they are found by, so that nothing is left to do for whoever is killed after it."""
    rows = 151
    parts: list[Counter[str]] = [Counter()]

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if statement.startswith("INSERT INTO"):
            parts[-1][statement.split()[2].strip('"')] += len(parameters) if many else 1

    with watched("after_cursor_execute", note), watched("commit", lambda _: parts.append(Counter())):
        assert send(talk, sheet_of(rows), write="true")["written"] == rows
    [whole] = [part for part in parts if part["contributions"] or part["contribution_marks"]]
    assert (whole["contributions"], whole["contribution_marks"]) == (rows, rows * BANDS)


def test_a_row_of_a_sheet_that_was_taken_back_does_not_come_again(talk: Talk) -> None:
    assert send(talk, SHEET, write="true")["written"] == 2
    [letter] = talk.read()["contributions"]
    path = f"{HERE}/staff/contributions/{letter['id']}/taking-back"
    talk.ask("POST", path, talk.office.who, 204, json={"reason": "Of another meeting."})
    for more in ({}, {"write": "true"}):
        again = send(talk, SHEET, **more)
        assert (again["written"], again["already_there"]) == (0, 2)
    assert talk.read()["contributions"] == [] and session.scalar(select(func.count()).select_from(Mark)) == BANDS


def test_the_report_is_there_for_programs_and_for_reading(talk: Talk, client: FlaskClient, alice: Person) -> None:
    said = talk.say(alice, "# Shade\n<b>first</b>")["id"]
    gone = talk.say(alice, "Gone")["id"]
    talk.ask("DELETE", f"{HERE}/my/contributions/{gone}", alice, 204)
    talk.say(talk.office.who, "We read.")
    talk.answer([said], changed_text={"en": "The square gets trees."})
    english = {"Accept-Language": "en"}
    whole = orjson.loads(client.get(f"{talk.path}/report.json", headers=english).data)
    assert [one["text"] for one in whole["contributions"]] == ["# Shade\n<b>first</b>", None, "We read."]
    assert (whole["contributions"][0]["disposition"], whole["consultation"]) == ("accepted", str(talk.office.uid))
    read = client.get(f"{talk.path}/report.md", headers=english)
    assert (read.mimetype, read.headers["Content-Disposition"][-3:]) == ("text/markdown", 'md"')
    assert read.text.startswith("# The square\n") and "> \\# Shade\n> \\<b\\>first" in read.text
    assert "**accepted** (Council): We do\\." in read.text and "> The square gets trees\\." in read.text
    assert "Withdrawn by its author." in read.text and "The municipality" in read.text
    kept = english | {"If-None-Match": read.headers["ETag"]}
    assert client.get(f"{talk.path}/report.md", headers=kept).status_code == 304
    assert client.get(f"{talk.path}/report.json", headers=kept).status_code == 200
    assert client.get(f"{talk.path}/report.exe").status_code == 404
