"""Votes on a contribution that arrive together are counted once for each person, and its numbers are those of the votes;
the same contribution or sheet sent many times at once is written once; complaints count once; of answers one holds.
"""

import uuid
from collections import Counter
from collections.abc import Sequence

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from service.consultation.conversation.models import Contribution, Support, Thread
from service.db import session
from service.moderation.models import ModerationCase
from service.municipalities.directory import Municipality
from tests.conversation import scene
from tests.factories.people import Person, make_resident
from tests.races.at_once import at_once, call

pytestmark = pytest.mark.slow


def test_everything_that_arrives_together_is_counted_once(
    two_urls: Sequence[str], client: FlaskClient, here: Municipality, alice: Person
) -> None:
    talk = scene.talk(client, here)
    people, uid = [make_resident(here) for _ in range(3)], str(uuid.uuid4())
    body = {"id": uid, "text": "Shade first", "language": "en"}
    path = f"/consultations{talk.office.path}/contributions"
    sent = at_once([lambda n=n: call(two_urls[n % 2], "POST", path, alice, json=body) for n in range(6)])
    assert {(answer.status_code, answer.json()["id"]) for answer in sent} == {(201, uid)}
    votes = [(who, vote) for who in people for vote in ("support", "oppose", "support", "pass")]
    at, complaint = f"/contributions/{uid}/vote", {"kind": "contribution", "id": uid, "rule": "insult"}
    calls = [
        lambda n=n, who=who, vote=vote: call(two_urls[n % 2], "PUT", at, who, json={"vote": vote})
        for n, (who, vote) in enumerate(votes)
    ] + [
        lambda n=n: call(two_urls[n % 2], "POST", "/moderation/complaints", people[n % 3], json=complaint)
        for n in range(6)
    ]
    assert Counter(answer.status_code for answer in at_once(calls)) == {200: 12, 204: 6}
    answered = {"contributions": [uid], "disposition": "accepted", "reason": {"en": "We do."}, "body": "Council"}
    there = f"/staff/consultations{talk.office.path}"
    office = talk.office.who
    given = at_once(
        [lambda n=n: call(two_urls[n % 2], "POST", f"{there}/answers", office, json=answered) for n in range(4)]
    )
    assert Counter(answer.status_code for answer in given) == {201: 1, 409: 3}
    sheet = "channel,role,received_on,language,text\nletter,Club,2026-11-20,en,Trees\nphone,Club,2026-11-20,en,Shade\n"
    sent = at_once(
        [
            lambda n=n: call(
                two_urls[n % 2],
                "POST",
                f"{there}/contributions/sheet",
                office,
                files={"file": ("letters.csv", sheet)},
                data={"write": "true"},
            )
            for n in range(3)
        ]
    )
    assert sorted(answer.json()["written"] for answer in sent) == [0, 0, 2]
    promised = at_once(
        [lambda n=n: call(two_urls[n % 2], "PUT", f"{there}/promise", office, json={"days": 9}) for n in range(6)]
    )
    assert {answer.status_code for answer in promised} == {204}
    session.rollback()
    one = session.scalars(select(Contribution).filter_by(uid=uuid.UUID(uid))).one()
    assert session.scalars(select(Thread.contributions)).all() == [3]
    given = Counter(session.scalars(select(Support.vote)))
    assert given.total() == 3 and (one.supports, one.passes, one.opposes) == (given[1], given[0], given[-1])
    assert session.scalars(select(ModerationCase.complaints)).all() == [3]


def test_what_is_taken_back_goes_once_and_loses_no_reply(
    two_urls: Sequence[str], client: FlaskClient, here: Municipality, alice: Person
) -> None:
    talk = scene.talk(client, here)
    office, path = talk.office.who, f"/consultations{talk.office.path}/contributions"
    outside = {"text": "Trees", "language": "en", "channel": "letter", "role": "Club", "received_on": "2026-11-20"}
    for _ in range(4):
        letter = call(two_urls[0], "POST", f"/staff{path}", office, json=outside).json()["id"]
        reply = {"text": "I reply", "language": "en", "parent": letter}
        at = f"/staff/contributions/{letter}/taking-back"
        calls = [
            lambda n=n, at=at: call(two_urls[n % 2], "POST", at, office, json={"reason": "Twice."}) for n in range(3)
        ] + [
            lambda reply=reply: call(two_urls[0], "POST", path, alice, json=reply),
            lambda reply=reply: call(two_urls[1], "POST", path, alice, json=reply),
            lambda one=letter: call(two_urls[1], "PUT", f"/contributions/{one}/vote", alice, json={"vote": "support"}),
        ]
        answers = [answer.status_code for answer in at_once(calls)]
        assert sorted(answers[:3]) == [204, 410, 410] and set(answers[3:5]) <= {201, 410} and answers[5] in (200, 410)
        session.rollback()
        left = session.scalars(select(Contribution).filter_by(uid=uuid.UUID(letter))).all()
        written = answers[3:5].count(201)
        assert [one.replies for one in left] == [written] * bool(written), answers
        assert all(one.taken_back and not one.text and not one.supports for one in left)
    session.rollback()
    standing = session.scalars(select(Contribution).filter_by(taken_back=False)).all()
    assert session.scalars(select(Thread.contributions)).all() == [len(standing)]
    assert session.scalars(select(Support.id)).all() == [] and all(one.text == "I reply" for one in standing)
