"""Many casts of the same people at once: one participation each, and one ballot."""

import random
from collections import Counter
from functools import partial

import pytest
from flask import current_app
from flask.testing import FlaskClient
from sqlalchemy import func, select

from service.consultation import verify_consultation as auditor
from service.consultation.models import Ballot, BallotAnswer, Participation
from service.db import session
from service.municipalities.directory import Municipality
from tests.consultation import scene
from tests.consultation.bundles import unzipped
from tests.consultation.scene import STANCE, Phone
from tests.races.at_once import Answer, at_once, call

ANSWERS = ("for", "against", "neutral")


@pytest.mark.parametrize("secrecy", ["secret", "pseudonymous"])
def test_parallel_casts_of_one_person_are_one_ballot(
    secrecy: str, two_urls: list[str], client: FlaskClient, here: Municipality
) -> None:
    race(secrecy, two_urls, client, here, people=15, casts=20 if secrecy == "secret" else 8)


@pytest.mark.long
@pytest.mark.parametrize("secrecy", ["secret", "pseudonymous"])
def test_ten_thousand_parallel_casts_of_five_hundred_people(
    secrecy: str, two_urls: list[str], client: FlaskClient, here: Municipality
) -> None:
    race(secrecy, two_urls, client, here, people=500, casts=20)


def race(secrecy: str, urls: list[str], client: FlaskClient, here: Municipality, people: int, casts: int) -> None:
    office = scene.office(client, here).begin(secrecy=secrecy, questions=[STANCE]).fix()
    phones = [scene.phone(client, here) for _ in range(people)]
    path = f"/consultations{office.path}/ballots"
    wanted = [
        partial(cast, urls[number % 2], path, voter, ANSWERS[number % 3]) for voter in phones for number in range(casts)
    ]
    random.Random(7).shuffle(wanted)
    told: Counter[tuple[int, str | None]] = Counter()
    for first in range(0, len(wanted), 40):
        answers = at_once(wanted[first : first + 40])
        told.update((answer.status_code, answer.json().get("code")) for answer in answers)
    if secrecy == "secret":
        assert told == {(201, None): people, (409, "already_voted"): people * (casts - 1)}
    else:
        assert told == {(201, None): people * casts}
    counts = [session.scalar(select(func.count()).select_from(model)) for model in (Participation, Ballot)]
    live = session.scalar(select(func.count()).where(BallotAnswer.salt.is_not(None)))
    session.remove()
    assert [*counts, live] == [people] * 3
    office_id = office.id
    assert scene.close_now(office) and current_app
    assert f"{people} took part" in auditor.verify(unzipped(scene.bundle_of(office_id)))


def cast(url: str, path: str, voter: Phone, answer: str) -> Answer:
    """Each with a key of its own, as a phone that was restarted would."""
    again = Phone(voter.client, voter.slug, voter.who, ("trees",))
    assert voter.who
    return call(url, "POST", path, voter.who, json=again.ballot({"trees": answer}))
