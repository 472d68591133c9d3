"""Bodies that a parser may accept and a database may not: each is refused as a problem document, none is a fault."""

import uuid

import pytest
from flask.testing import FlaskClient

from service.app import LARGEST_TEXT
from service.db import transaction
from service.municipalities.directory import Municipality
from service.reports.cataloguing import set_categories
from tests.factories.municipalities import CATEGORIES, category
from tests.factories.people import Person, make_staff
from tests.factories.reports import make_report, photo, send_report, send_whole

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


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_number_that_is_too_large_is_no_address_for_any_method(
    client: FlaskClient, here: Municipality, method: str
) -> None:
    answer = client.open("/api/v1/here/staff/layers/boundary/versions/1000000", method=method)
    assert (answer.status_code, answer.json["code"]) == (404, "no_such_address")
    assert "Allow" not in answer.headers


def test_an_empty_filter_is_refused_rather_than_taken_for_nothing(client: FlaskClient, here: Municipality) -> None:
    assert client.get("/api/v1/here/reports?state=").json["code"] == "fields_not_valid"


WRITING = [
    ("post", "/api/v1/here/devices"),
    ("post", "/api/v1/here/sign-in"),
    ("patch", "/api/v1/here/me"),
    ("put", "/api/v1/here/me/push-target"),
    ("post", "/api/v1/here/reports"),
    ("post", "/api/v1/here/reports/with-photos"),
    ("post", "/api/v1/here/my/reports/{report}/moves"),
    ("post", "/api/v1/here/staff/reports/{report}/moves"),
    ("post", "/api/v1/here/staff/reports/{report}/hand-over"),
    ("post", "/api/v1/here/staff/reports/{report}/assignee"),
    ("post", "/api/v1/here/staff/reports/{report}/look"),
]
HOSTILE = {
    "deep as a database goes not": "[" * 300 + "]" * 300,
    "deep as the parser goes": "[" * 1000 + "]" * 1000,
    "deep objects": '{"a":' * 1000 + "1" + "}" * 1000,
    "half a character": '"\\ud800"',
    "a null character": '"a\\u0000b"',
    "a null character after a backslash": '"a\\\\\\u0000b"',
    "a null character in a name": '{"\\u0000": 1}',
    "longer than 64 bits": "36893488147419103232",
    "5000 digits": "9" * 5000,
}
SPOILT = ("answers", "description", "note", "to", "internal", "version", "person", "department", "text", "language")
SPOILT += ("installation", "email", "password", "value", "category", "longitude", "asset", "photos", "unknown")


@pytest.mark.parametrize("hostile", list(HOSTILE))
def test_no_body_is_a_fault_of_ours_on_any_route(
    client: FlaskClient, here: Municipality, alice: Person, hostile: str
) -> None:
    report = make_report(here, alice).uid
    dispatcher = make_staff(here, "dora", [("dispatcher", None)])
    for method, address in WRITING:
        who = dispatcher if "staff" in address else alice
        headers = who.headers | {"Idempotency-Key": str(uuid.uuid4())}
        bodies = [HOSTILE[hostile], *(f'{{"{name}": {HOSTILE[hostile]}}}' for name in SPOILT)]
        bodies.append(
            f'{{"category": "questions", "longitude": 21.72, "latitude": 40.25, "answers": '
            f'{{"lamps": {HOSTILE[hostile]}}}}}'
        )
        for body in bodies:
            sent = (
                {"data": {"report": body}}
                if "with-photos" in address
                else {"data": body.encode(), "content_type": "application/json"}
            )
            answer = client.open(address.format(report=report), method=method.upper(), headers=headers, **sent)
            assert 400 <= answer.status_code < 500, (address, body[:60])
            assert answer.mimetype == "application/problem+json" and answer.json["code"]


@pytest.mark.parametrize("separator", ["\\u0000", " ", "x", "\\n"])
def test_an_instant_is_written_as_rfc_3339_says(client: FlaskClient, here: Municipality, separator: str) -> None:
    asked = {"code": "since", "datatype": "datetime", "required": False, "question": {"en": "Since?"}}
    with transaction():
        set_categories(here, [*CATEGORIES, category("since", questions=[asked])])
    body = REPORT.replace("dark-lamp", "since")
    assert post(client, body % f'"answers": {{"since": "2026-11-21{separator}09:00:00+00:00"}}')[0] == 422
    sent = client.post(
        "/api/v1/here/reports",
        data=body % '"answers": {"since": "2026-11-21T09:00:00+00:00"}',
        headers={"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json"},
    )
    assert sent.status_code == 201


def test_a_backslash_before_zeros_is_no_null_character(client: FlaskClient, here: Municipality) -> None:
    sent = send_report(client, description="C:\\u0000")
    assert sent.status_code == 201 and sent.json["description"] == "C:\\u0000"


def test_what_json_takes_is_taken_with_photos_too(client: FlaskClient, here: Municipality) -> None:
    long = "\U0001f4a1" * 4000
    assert send_report(client, description=long).status_code == 201
    sent = send_whole(client, [], description=long)
    assert sent.status_code == 201, sent.json
    assert sent.json["description"] == long


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/plain", ""])
def test_a_body_without_photos_is_small_or_refused_unread(client: FlaskClient, here: Municipality, kind: str) -> None:
    for address in ("/api/v1/here/reports", "/api/v1/here/devices", "/api/v1/here/sign-in"):
        headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": kind}
        asked = {"data": b"[" + b"[]," * LARGEST_TEXT + b"[]]", "headers": headers}
        answer = client.post(address, **asked)
        if kind == "application/json":
            assert (answer.status_code, answer.json["code"]) == (413, "body_too_large")
        assert 400 <= answer.status_code < 500 and answer.mimetype == "application/problem+json"


def test_the_largest_body_of_text_is_read(client: FlaskClient, here: Municipality) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json"}
    body = (REPORT % '"address": null').encode()
    whole = body + b" " * (LARGEST_TEXT - len(body))
    assert client.post("/api/v1/here/reports", data=whole, headers=headers).status_code == 201
    assert client.post("/api/v1/here/reports", data=whole + b" ", headers=headers).status_code == 413
