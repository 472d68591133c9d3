"""Who leaves takes words and photos along, or leaves what everybody may see; votes stay, and nobody knows whose."""

import io

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from service.consultation.conversation.models import Mark
from service.consultation.conversation.resembling import BANDS
from service.db import session, transaction
from service.municipalities.directory import Municipality
from service.people.erasing import person_locked
from service.personal_data.slices import Wish, collect, erase, hand_over
from tests.conversation.scene import HERE, Talk, row_of
from tests.factories.people import Person, make_resident
from tests.factories.reports import photo


def leave(here: Municipality, who: Person, keep_public: bool = False) -> None:
    session.rollback()
    with transaction():
        person = person_locked(here, who.account)
        assert person is not None
        erase(here, person, Wish(keep_public))


@pytest.mark.parametrize("keep_public", [False, True])
def test_what_somebody_said_goes_or_stays_as_they_wish(
    talk: Talk, client: FlaskClient, here: Municipality, alice: Person, keep_public: bool
) -> None:
    carol = make_resident(here)
    sent = client.post(f"{HERE}/photos", data={"photo": (io.BytesIO(photo()), "a.jpg")}, headers=alice.headers).json
    mine = talk.say(alice, photos=[sent["id"]], place={"longitude": 21.75, "latitude": 40.25})["id"]
    theirs = talk.say(carol)["id"]
    talk.vote(alice, theirs, "oppose")
    talk.answer([mine])
    with transaction():
        person = person_locked(here, alice.account)
        assert person is not None
        held = dict(collect(here, person))["contributions"]
    assert held["written"][0]["text"] == "Shade first" and held["votes"][0]["vote"] == -1
    leave(here, alice, keep_public)
    left = talk.see(mine)
    assert (left["withdrawn"], left["text"]) == ((False, "Shade first") if keep_public else (True, None))
    assert len(left["photos"]) == keep_public and (left["place"] is not None) == keep_public
    marks = select(func.count()).select_from(Mark).where(Mark.contribution_id == row_of(mine).id)
    assert session.scalar(marks) == (BANDS if keep_public else 0)
    assert row_of(mine).author_id is None and left["answer"]["disposition"] == "accepted"
    assert talk.see(theirs)["opposes"] == 1
    leave(here, talk.office.who)
    assert talk.see(mine)["answer"] is not None


def test_two_accounts_of_one_person_have_one_vote(talk: Talk, here: Municipality, alice: Person) -> None:
    carol, former = make_resident(here), make_resident(here)
    one, other = talk.say(carol)["id"], talk.say(carol)["id"]
    mine = talk.say(former)["id"]
    talk.vote(former, one, "oppose")
    talk.vote(former, other, "oppose")
    talk.vote(alice, one, "support")
    with transaction():
        before, after = person_locked(here, former.account), person_locked(here, alice.account)
        assert before and after
        hand_over(here, before, after)
    assert [talk.see(one, alice)[name] for name in ("supports", "opposes", "my_vote")] == [1, 0, "support"]
    assert [talk.see(other, alice)[name] for name in ("opposes", "my_vote", "mine")] == [1, "oppose", False]
    assert talk.see(mine, alice)["mine"]
    assert talk.vote(alice, other, "support")["opposes"] == 0
