"""Many answers of the same people and bodies at once: one each, with the words of one of them."""

import random
from collections import Counter
from functools import partial

from flask.testing import FlaskClient
from sqlalchemy import func, select

from service.consultation.questionnaires.models import OpenAnswer, QuestionnaireResponse
from service.db import session
from service.municipalities.directory import Municipality
from tests.consultation.questioning import new_questionnaire
from tests.consultation.scene import office
from tests.factories.people import make_resident
from tests.races.at_once import at_once, call

TIMES = 6


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
    words = session.scalars(select(OpenAnswer.text).order_by(OpenAnswer.text)).all()
    assert [text.partition(":")[0] for text in words] == [*map(str, range(len(people))), "body"]
