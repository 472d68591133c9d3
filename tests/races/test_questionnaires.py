"""Many answers of the same people and bodies at once: one each, with the words of one of them."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from service.consultation.models import ConsultationPhase
from service.consultation.questionnaires.closing import close
from service.consultation.questionnaires.models import OpenAnswer, QuestionnaireResponse
from service.db import session, transaction
from service.db.clock import seconds_from_now
from service.moderation.models import ModerationCase
from service.municipalities.directory import Municipality
from service.personal_data.erasing import erase_person
from tests.consultation.questioning import new_questionnaire
from tests.consultation.scene import make_verified, office, tax_number
from tests.factories.people import Person, make_resident
from tests.races.at_once import at_once, call

TIMES = 6
MEANWHILE = 0.3
"""Seconds in which who was begun in another thread comes as far as it can."""


def test_parallel_answers_of_one_person_or_body_are_one(
    two_urls: list[str], client: FlaskClient, here: Municipality
) -> None:
    staff = office(client, here).who
    path = f"/questionnaires/{new_questionnaire(here, staff).uid}/answers"
    people = [make_resident(here) for _ in range(5)]
    bodies = f"/questionnaires/{new_questionnaire(here, staff, 'bodies').uid}/bodies"
    asked = client.post(f"/api/v1/here/staff{bodies}", json={"bodies": [{"name": "A"}]}, headers=staff.headers)
    code = asked.json["bodies"][0]["code"]
    session.remove()
    wanted = [
        partial(call, two_urls[number % 2], "PUT", path, who, json={"answers": {"more": f"{place}:{number}"}})
        for place, who in enumerate(people)
        for number in range(TIMES)
    ]
    said = [{"code": code, "role": "President", "answers": {"more": f"body:{number}"}} for number in range(TIMES)]
    wanted += [
        partial(call, two_urls[number % 2], "PUT", f"{bodies}/answers", json=body) for number, body in enumerate(said)
    ]
    random.Random(7).shuffle(wanted)
    told = Counter((answer.status_code, answer.json().get("code")) for answer in at_once(wanted))
    assert told == {(200, None): len(people) * TIMES + 1, (409, "body_has_answered"): TIMES - 1}
    assert session.scalar(select(func.count()).select_from(QuestionnaireResponse)) == len(people) + 1
    answers = select(OpenAnswer.text).where(OpenAnswer.question == "more")
    words = session.scalars(answers.order_by(OpenAnswer.text)).all()
    assert [text.partition(":")[0] for text in words] == [*map(str, range(len(people))), "body"]


def test_of_app_and_paper_one_comes_first(two_urls: list[str], client: FlaskClient, here: Municipality) -> None:
    staff = office(client, here).who
    path = f"/questionnaires/{new_questionnaire(here, staff, eligibility='resident').uid}"
    wanted = []
    for place in range(TIMES):
        who, number = make_resident(here), tax_number(10_000_000 + place)
        make_verified(here, who, number)
        body = {"answers": {"more": str(place)}}
        form = body | {"person": number, "channel": "form"}
        wanted.append(partial(call, two_urls[place % 2], "PUT", f"{path}/answers", who, json=body))
        wanted.append(partial(call, two_urls[1 - place % 2], "POST", f"/staff{path}/forms", staff, json=form))
    session.remove()
    said = [(answer.status_code, answer.json().get("code")) for answer in at_once(wanted)]
    by_app, by_paper = ((200, None), (409, "paper_voters_refused")), ((409, "answered_on_paper"), (201, None))
    assert set(zip(said[::2], said[1::2], strict=True)) <= {by_app, by_paper}
    channels = session.scalars(select(QuestionnaireResponse.channel).order_by(QuestionnaireResponse.id)).all()
    assert Counter(channels) == Counter("app" if one == (200, None) else "form" for one in said[::2])
    assert session.scalar(select(func.count()).select_from(OpenAnswer)) == TIMES


def test_words_of_who_is_being_erased_wait_for_no_moderator(
    app: Flask, client: FlaskClient, here: Municipality, alice: Person
) -> None:
    found = new_questionnaire(here, office(client, here).who)
    questionnaire, path = found.id, f"/api/v1/here/questionnaires/{found.uid}/answers"
    assert client.put(path, json={"answers": {"more": "Benches"}}, headers=alice.headers).status_code == 200
    with transaction():
        session.execute(update(ConsultationPhase).values(closes_at=seconds_from_now(-2)))

    def closing() -> bool:
        with app.app_context():
            return close(questionnaire)

    with ThreadPoolExecutor(1) as pool:
        with transaction():
            erase_person(here, alice.account, False, "operator")
            begun = pool.submit(closing)
            time.sleep(MEANWHILE)
        assert begun.result()
    assert session.scalars(select(ModerationCase.id)).all() == []
    assert session.scalars(select(QuestionnaireResponse.answers)).all() == [{}]
