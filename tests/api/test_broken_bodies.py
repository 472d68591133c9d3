"""Bodies that a parser may accept and a database may not: each is refused as a problem document, none is a fault."""

import uuid

import pytest
from flask.testing import FlaskClient

from service.municipalities.directory import Municipality
from tests.factories.reports import photo

REPORT = '{"category": "dark-lamp", "longitude": 21.72, "latitude": 40.25, %s}'


def post(client: FlaskClient, body: str) -> tuple[int, str]:
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json"}
    answer = client.post("/api/v1/here/reports", data=body.encode("utf-8", "surrogatepass"), headers=headers)
    assert answer.mimetype == "application/problem+json"
    return answer.status_code, answer.json["code"]


@pytest.mark.parametrize(
    "part",
    [
        '"accuracy": NaN',
        '"accuracy": Infinity',
        '"description": "\\ud800"',
        '"description": "\ud800"',
        '"answers": ' + "[" * 5000 + "]" * 5000,
        '"description": ',
    ],
    ids=["NaN", "Infinity", "half a character", "half a character as bytes", "deep", "cut off"],
)
def test_what_is_no_json_is_not_understood(client: FlaskClient, here: Municipality, part: str) -> None:
    assert post(client, REPORT % part) == (400, "bad_request")


@pytest.mark.parametrize(
    "part",
    [
        '"answers": {"lamps": {"deep": {"er": 1}}}',
        '"answers": {"lamps": [[["deep"]]]}',
        '"answers": {"lamps": "\\u0000"}',
        '"answers": {"lamps": ["\\u0000"]}',
        '"description": "\\u0000"',
        '"accuracy": 1e400',
        '"language": "xx"',
        '"colour": "red"',
    ],
)
def test_what_nobody_can_answer_is_refused(client: FlaskClient, here: Municipality, part: str) -> None:
    status, code = post(client, REPORT % part)
    assert (status, code) in ((422, "fields_not_valid"), (400, "bad_request"))


@pytest.mark.parametrize("number", ["178606818007577555298753755175976960", "-1e300", "18446744073709551615"])
def test_numbers_larger_than_the_database_has_are_no_answers(
    client: FlaskClient, here: Municipality, number: str
) -> None:
    body = REPORT.replace("dark-lamp", "questions") % f'"answers": {{"lamps": {number}}}'
    assert post(client, body) == (422, "answers_not_valid")


@pytest.mark.parametrize("name", ["photo", "photos"])
def test_a_field_where_a_photo_should_be_is_refused(client: FlaskClient, here: Municipality, name: str) -> None:
    address = "/api/v1/here/photos" if name == "photo" else "/api/v1/here/reports/with-photos"
    data = {name: "no photo", "report": REPORT % '"address": null'} if name == "photos" else {name: "no photo"}
    answer = client.post(address, data=data, headers={"Idempotency-Key": str(uuid.uuid4())})
    assert (answer.status_code, answer.json["code"]) == (422, "fields_not_valid")


def test_a_body_of_another_kind_is_refused(client: FlaskClient, here: Municipality) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "image/jpeg"}
    answer = client.post("/api/v1/here/reports", data=photo(), headers=headers)
    assert (answer.status_code, answer.json["code"]) == (422, "fields_not_valid")


@pytest.mark.parametrize("address", ["/api/v1/here/nothing", "/api/v1/here/reports/not-a-uuid", "/nothing"])
def test_an_address_that_there_is_not_is_a_problem_document(
    client: FlaskClient, here: Municipality, address: str
) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert answer.json["code"] == "no_such_address"


def test_a_method_that_there_is_not_is_a_problem_document(client: FlaskClient, here: Municipality) -> None:
    answer = client.delete("/api/v1/here/app")
    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


def test_an_empty_filter_is_refused_rather_than_taken_for_nothing(client: FlaskClient, here: Municipality) -> None:
    assert client.get("/api/v1/here/reports?state=").json["code"] == "fields_not_valid"
