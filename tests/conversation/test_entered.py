"""What staff entered for somebody outside: scans that only they see, and taking back what was entered by mistake."""

import io
import uuid
from datetime import timedelta
from typing import Any

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from service.consultation.conversation import finding
from service.consultation.conversation.forgetting import forget_contributor
from service.consultation.conversation.models import Contribution, Duty, Mark, Support, TakenBack, Thread
from service.consultation.conversation.scanning import MOST_SCANS
from service.consultation.conversation.totals import totals_of
from service.consultation.models import CLOSED, Consultation, ConsultationPhase
from service.db import session, transaction
from service.db.clock import now, seconds_from_now
from service.db.keys import new_uid
from service.media.models import Attachment
from service.media.sweeping import sweep
from service.moderation.models import ModerationCase
from service.municipalities.directory import Municipality
from service.people.audit_models import AuditDetail, AuditEntry
from tests.conversation.scene import HERE, Talk, row_of
from tests.factories.people import Person, make_resident, make_staff
from tests.factories.reports import photo
from tests.media.documents import PDF, open_document

OUTSIDE = {"channel": "letter", "role": "Club", "received_on": "2026-11-20", "language": "en"}
ENTERED = f"{HERE}/staff/contributions"
REASON = {"reason": "It was entered twice."}


def enter(talk: Talk, text: str = "More trees and benches", status: int = 201, **more: Any) -> Any:
    body = OUTSIDE | {"text": text} | more
    return talk.ask("POST", f"{talk.staff_path}/contributions", talk.office.who, status, json=body)


def send_scan(talk: Talk, one: str, data: bytes = PDF, status: int = 201, who: Person | None = None) -> Any:
    parts = {"scan": (io.BytesIO(data), "../letter.exe")}
    return talk.ask("POST", f"{ENTERED}/{one}/scans", who or talk.office.who, status, data=parts)


def scans(talk: Talk, one: str) -> list[str]:
    return [scan["id"] for scan in talk.ask("GET", f"{ENTERED}/{one}/scans", talk.office.who)["scans"]]


def take_back(talk: Talk, one: str, status: int = 204, who: Person | None = None, **body: Any) -> Any:
    return talk.ask("POST", f"{ENTERED}/{one}/taking-back", who or talk.office.who, status, json=REASON | body)


def everything_public(talk: Talk, one: str) -> bytes:
    """All that a stranger can read of a conversation and of this contribution."""
    paths = [
        f"{talk.path}/{path}" for path in ("contributions", "conversation", "report.csv", "report.json", "report.md")
    ]
    paths += [f"{HERE}/contributions/{one}", f"{HERE}/contributions/{one}/replies"]
    return b"".join(talk.client.get(path).data for path in paths)


def keys_of(app: Flask) -> set[str]:
    """What lies in the store."""
    return {key for key, _, _ in app.config["STORE"].keys_with_age()}


def test_a_scan_is_kept_once_and_only_who_answers_gets_it(
    talk: Talk, app: Flask, client: FlaskClient, here: Municipality, alice: Person, charlie: Person
) -> None:
    before = keys_of(app)
    letter = enter(talk)["id"]
    kept = send_scan(talk, letter)
    assert (kept["media_type"], kept["bytes"], kept["width"]) == ("application/pdf", len(PDF), None)
    assert send_scan(talk, letter)["id"] == kept["id"], "the same file is kept once"
    page = send_scan(talk, letter, photo("red", (64, 48)))
    assert (page["media_type"], page["width"], scans(talk, letter)) == ("image/jpeg", 64, [kept["id"], page["id"]])
    at = f"{ENTERED}/{letter}/scans"
    for scan, content, ending in ((kept, "application/pdf", "pdf"), (page, "image/jpeg", "jpg")):
        file = client.get(f"{at}/{scan['id']}", headers=talk.office.who.headers)
        assert (file.content_type, file.content_length) == (content, len(file.data))
        assert file.headers["Content-Disposition"].startswith(f"attachment; filename=letter_2026_11_20.{ending}")
        assert file.headers["X-Content-Type-Options"] == "nosniff" and "no-store" in file.headers["Cache-Control"]
        assert file.headers["Content-Security-Policy"].startswith("sandbox")
    assert client.get(f"{at}/{kept['id']}", headers=talk.office.who.headers).data == PDF

    moderator, seer = (make_staff(here, role, [(role, None)]) for role in ("moderator", "auditor"))
    for who, status in ((alice, 403), (moderator, 403), (seer, 403), (charlie, 401), (None, 401)):
        for path in (at, f"{at}/{kept['id']}"):
            talk.ask("GET", path, who, status)
        talk.ask("DELETE", f"{at}/{kept['id']}", who, status)
    for path in (f"{letter}/scans", f"{letter}/scans/{kept['id']}"):
        neighbours = f"/api/v1/next-door/staff/contributions/{path}"
        assert client.get(neighbours, headers=charlie.headers).status_code == 404
    assert talk.see(letter)["photos"] == [] and talk.read()["contributions"][0]["photos"] == []
    public = everything_public(talk, letter)
    assert not any(scan["id"].encode() in public for scan in (kept, page))
    for size in ("small", "large"):
        talk.ask("GET", f"{HERE}/contributions/{letter}/photos/{page['id']}/{size}", None, 404)
    talk.ask("GET", f"{at}/{uuid.uuid4()}", talk.office.who, 404)
    other = enter(talk, "Another")["id"]
    talk.ask("GET", f"{ENTERED}/{other}/scans/{kept['id']}", talk.office.who, 404)
    assert talk.ask("DELETE", f"{ENTERED}/{other}/scans/{kept['id']}", talk.office.who, 404)["code"] == (
        "document_not_found"
    )

    talk.ask("DELETE", f"{at}/{page['id']}", talk.office.who, 204)
    assert scans(talk, letter) == [kept["id"]]
    sweep(app.config["STORE"], timedelta(seconds=-60))
    left = keys_of(app) - before
    assert left == {f"here/{kept['id']}/document.pdf"}, "what was removed or came twice goes with the sweep"
    assert client.get(f"{at}/{kept['id']}", headers=talk.office.who.headers).data == PDF
    acts = [row.action for row in session.scalars(select(AuditEntry).filter_by(subject=letter).order_by(AuditEntry.id))]
    assert acts == ["contribution_entered", "scan_kept", "scan_kept", "scan_removed"]
    assert session.scalars(select(Attachment.uploaded_by)).all() == [f"contribution_scan:{letter}"], "nobody's name"


def test_what_is_no_scan_or_belongs_to_nothing_entered_is_refused(
    talk: Talk, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter, said = enter(talk)["id"], talk.say(alice)["id"]
    assert send_scan(talk, said, status=409)["code"] == "not_entered"
    assert send_scan(talk, talk.say(talk.office.who)["id"], status=409)["code"] == "not_entered"
    for data, status, code in (
        (open_document("text"), 415, "scan_format_unknown"),
        (b"GIF89a", 415, "scan_format_unknown"),
        (b"", 422, "photo_empty"),
        (PDF[:20], 422, "document_damaged"),
        (photo()[:200], 422, "photo_damaged"),
    ):
        assert send_scan(talk, letter, data, status)["code"] == code
    send_scan(talk, str(uuid.uuid4()), status=404)
    monkeypatch.setattr("service.consultation.conversation.scanning.MOST_SCANS", 1)
    send_scan(talk, letter)
    refused = send_scan(talk, letter, PDF + b"%%EOF\n", 409)
    assert (refused["code"], refused["most"]) == ("too_many_scans", 1) and MOST_SCANS > 1
    assert send_scan(talk, letter)["media_type"] == "application/pdf", "what is there is there"


def test_what_was_entered_by_mistake_leaves_everything(
    talk: Talk, here: Municipality, alice: Person, charlie: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "COUNTED_FOR", 1e-9)
    carol, uid = make_resident(here), str(new_uid())
    kept, letter = talk.say(alice, "Mine")["id"], enter(talk, "Hidden words", id=uid)["id"]
    send_scan(talk, letter)
    talk.vote(carol, letter, "support")
    hand = {"contributions": [letter], "department": "lighting"}
    talk.ask("PUT", f"{talk.staff_path}/duties", talk.office.who, 204, json=hand)
    complaint = {"kind": "contribution", "id": letter, "rule": "insult"}
    talk.ask("POST", f"{HERE}/moderation/complaints", alice, 204, json=complaint)
    take_back(talk, letter, 403, alice)
    take_back(talk, letter, 401, charlie)
    next_door = f"/api/v1/next-door/staff/contributions/{letter}/taking-back"
    assert talk.client.post(next_door, headers=charlie.headers, json=REASON).status_code in (403, 404)
    take_back(talk, letter, 422, reason=" ")
    take_back(talk, letter, 422, reason="")
    assert take_back(talk, kept, 409)["code"] == "not_entered", "what a resident said stays theirs"
    colleague = make_staff(here, "colleague", [("consultation_manager", None)])
    take_back(talk, letter, who=colleague)

    for method, path, who in (
        ("GET", f"{HERE}/contributions/{letter}", carol),
        ("GET", f"{HERE}/contributions/{letter}/replies", None),
        ("GET", f"{HERE}/staff/contributions/{letter}/similar", talk.office.who),
        ("GET", f"{ENTERED}/{letter}/scans", talk.office.who),
    ):
        assert talk.ask(method, path, who, 410)["code"] == "contribution_taken_back"
    assert talk.vote(carol, letter, "oppose", 410)["code"] == "contribution_taken_back"
    assert talk.say(carol, parent=letter, status=410)["code"] == "contribution_taken_back"
    assert take_back(talk, letter, 410)["code"] == send_scan(talk, letter, status=410)["code"]
    assert enter(talk, "Hidden words", 410, id=uid)["code"] == "contribution_taken_back", "a retry brings it not back"
    assert talk.answer([letter], 404)["code"] == "contributions_not_found"
    public = everything_public(talk, letter)
    assert b"Hidden" not in public and b"Club" not in public and public.count(letter.encode()) == 0
    assert [one["id"] for one in talk.read()["contributions"]] == [kept]
    due = talk.ask("GET", f"{talk.staff_path}/unanswered", talk.office.who)["contributions"]
    assert [one["id"] for one in due] == [kept]
    about = talk.ask("GET", f"{talk.path}/conversation")
    names = ("contributions", "unanswered", "withdrawn", "taken_back")
    assert [about[name] for name in names] == [1, 1, 0, 1] and about["threads"][0]["contributions"] == 1
    totals = totals_of(talk.office.id)
    assert (totals["contributions"], totals["votes"], totals["unanswered"]) == ({"app": 1}, 0, 1)
    session.rollback()
    for table in (Support, Duty, Attachment):
        assert session.scalar(select(func.count()).select_from(table)) == 0, table
    assert set(session.scalars(select(Mark.contribution_id))) == {row_of(kept).id}
    assert session.scalars(select(ModerationCase.waiting_since)).all() == [None], "no moderator is asked in vain"

    [found] = talk.ask("GET", f"{talk.staff_path}/taken-back", talk.office.who)["taken_back"]
    assert (found["id"], found["text"], found["reason"]) == (letter, "Hidden words", REASON["reason"])
    assert (found["channel"], found["role"], found["received_on"]) == ("letter", "Club", "2026-11-20")
    for who, status in ((alice, 403), (charlie, 401), (None, 401)):
        talk.ask("GET", f"{talk.staff_path}/taken-back", who, status)
    [entry] = session.scalars(select(AuditEntry).filter_by(action="contribution_taken_back"))
    assert (entry.subject, entry.actor, entry.facts["channel"]) == (letter, colleague.account, "letter")
    assert session.scalars(select(AuditDetail.text).filter_by(entry_id=entry.id)).all() == [REASON["reason"]]
    with transaction():
        forget_contributor(here, colleague.account_id, True)
    assert session.scalars(select(TakenBack.by_id)).all() == [None]


def test_what_others_replied_stays_below_a_line_without_words(
    talk: Talk, here: Municipality, alice: Person, client: FlaskClient
) -> None:
    top = enter(talk, "Hidden top", place={"longitude": 21.75, "latitude": 40.25}, stance="pro")["id"]
    below = enter(talk, "Hidden below", parent=top)["id"]
    reply = talk.say(alice, "I reply", parent=below)["id"]
    last = enter(talk, "Hidden last", parent=below)["id"]
    take_back(talk, top)
    take_back(talk, below)
    [shown] = talk.read()["contributions"]
    assert (shown["id"], shown["taken_back"], shown["withdrawn"], shown["replies"]) == (top, True, True, 1)
    assert [shown[name] for name in ("text", "role", "received_on", "stance", "place", "quote")] == [None] * 6
    assert talk.see(top, status=410)["code"] == "contribution_taken_back"
    [held] = talk.ask("GET", f"{HERE}/contributions/{top}/replies")["contributions"]
    assert (held["id"], held["replies"]) == (below, 2)
    words = [one["text"] for one in talk.ask("GET", f"{HERE}/contributions/{below}/replies")["contributions"]]
    assert words == ["I reply", "Hidden last"] and talk.see(reply)["parent"] == below
    report = orjson.loads(client.get(f"{talk.path}/report.json").data)["contributions"]
    assert [(one["text"], one["taken_back"]) for one in report][:3] == [(None, True), (None, True), ("I reply", False)]
    read = client.get(f"{talk.path}/report.md", headers={"Accept-Language": "en"}).text
    assert "Contributions: 2. Without an answer: 2." in read and read.count("taken back by the municipality") == 2
    assert read.count("No answer yet") == 2
    assert take_back(talk, top, 410)["code"] == "contribution_taken_back"
    assert talk.say(alice, parent=below, status=410)["code"] == "contribution_taken_back"
    assert talk.answer([below, reply], 404)["missing"] == [below]

    # what holds a place for nothing any more goes too
    session.rollback()
    with transaction():
        session.execute(update(Contribution).where(Contribution.text == "I reply").values(channel="letter"))
    take_back(talk, reply)
    assert row_of(below).replies == 1
    take_back(talk, last, forget=True)
    session.rollback()
    assert talk.read()["contributions"] == [] and session.scalar(select(func.count(Contribution.id))) == 0
    assert session.scalars(select(Thread.contributions)).all() == [0]
    back = talk.ask("GET", f"{talk.staff_path}/taken-back?limit=3", talk.office.who)
    assert [one["text"] for one in back["taken_back"]] == ["Hidden top", "Hidden below", "I reply"]
    back = talk.ask("GET", f"{talk.staff_path}/taken-back?after={back['next']}", talk.office.who)
    assert [one["text"] for one in back["taken_back"]] == [None], "it was to be forgotten"


def test_what_is_answered_or_counted_in_a_result_stays(talk: Talk) -> None:
    answered, before = enter(talk, "Answered")["id"], enter(talk, "Before")["id"]
    talk.answer([answered])
    assert take_back(talk, answered, 409)["code"] == "answer_published"
    with transaction():
        closed = {"state": CLOSED, "closed_at": seconds_from_now(0)}
        session.execute(update(Consultation).values(**closed))
    assert take_back(talk, before, 409)["code"] == "conversation_closed", "the published totals have it"
    after = enter(talk, "After")["id"]
    take_back(talk, after)
    late = enter(talk, "Late")["id"]
    with transaction():
        ended = update(ConsultationPhase).values(opens_at=now() - timedelta(days=2), closes_at=now())
        session.execute(ended)
    assert take_back(talk, late, 409)["code"] == "conversation_closed"
    send_scan(talk, late)
    [scan] = scans(talk, late)
    talk.ask("DELETE", f"{ENTERED}/{late}/scans/{scan}", talk.office.who, 204)
