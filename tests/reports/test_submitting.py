"""A report is checked, numbered and written down; what a municipality sets is held to."""

import uuid
from datetime import UTC, date, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from structlog.testing import capture_logs

from service.db import session, transaction
from service.db.keys import new_uid
from service.errors import Problem
from service.municipalities.directory import Municipality, municipality
from service.municipalities.establishing import establish, establish_department
from service.reports.catalogue import NoSuchCategory, category_in
from service.reports.cataloguing import set_categories, set_rules
from service.reports.models import Report, ReportCounter
from service.reports.routing import RuleRefused
from service.reports.submitting import next_number
from tests.factories.municipalities import ALWAYS, CATEGORIES, DEPARTMENTS, RULES, category, description
from tests.factories.people import Person
from tests.factories.reports import make_report, photo, send_report, send_whole
from tests.reports.scene import HERE, change_department, count, see


def numbered(here: Municipality, *moment: int) -> str:
    with transaction():
        return next_number(here, datetime(*moment, tzinfo=UTC))  # type: ignore[arg-type, misc]


def test_numbers_begin_anew_with_the_local_year(here: Municipality) -> None:
    assert numbered(here, 2026, 12, 31, 21, 59, 59) == "HER-2026-000001"
    assert numbered(here, 2026, 12, 31, 22, 0, 0) == "HER-2027-000001"  # midnight in Athens
    assert numbered(here, 2026, 12, 31, 12, 0, 0) == "HER-2026-000002"
    assert numbered(here, 2027, 6, 1, 12, 0, 0) == "HER-2027-000002"


def test_each_municipality_counts_for_itself(here: Municipality, next_door: Municipality) -> None:
    assert make_report(here).number.endswith("-000001") and make_report(here).number.endswith("-000002")
    assert make_report(next_door, longitude=21.82).number.endswith("-000001")
    assert count(ReportCounter) == 2


def test_a_refused_report_uses_no_number_up(client: FlaskClient, here: Municipality) -> None:
    assert send_report(client, photos=[str(uuid.uuid4())]).status_code == 404
    assert send_report(client).json["number"].endswith("-000001")


def test_where_no_desk_gets_the_rest_reports_are_refused_and_the_neighbours_are_not(
    client: FlaskClient, here: Municipality, next_door: Municipality
) -> None:
    change_department("here", "desk", fallback=False)
    with capture_logs() as logged:
        refused = send_report(client)
    assert (refused.status_code, refused.json["code"]) == (503, "no_fallback_desk")
    assert {"event": "no_fallback_desk", "municipality": "here", "log_level": "error"} in logged
    assert make_report(next_door, longitude=21.82).number.endswith("-000001")
    change_department("here", "roads", fallback=True)
    assert send_report(client).status_code == 201


def test_a_report_keeps_what_was_sent(client: FlaskClient, here: Municipality, alice: Person) -> None:
    sent = {
        "id": str(new_uid()),
        "category": "questions",
        "description": "Τρία φώτα\nδεν ανάβουν",
        "answers": {"lamps": 3, "since": "longer"},
        "accuracy": 4.5,
        "address": "Αριστοτέλους 5",
        "language": "en",
    }
    answer = send_report(client, who=alice, **sent)
    assert answer.status_code == 201, answer.json
    assert {name: answer.json[name] for name in ("id", "category", "description", "answers", "address")} == {
        name: sent[name] for name in ("id", "category", "description", "answers", "address")
    }
    assert answer.headers["Location"] == f"{HERE}/reports/{sent['id']}"
    session.rollback()
    row = session.scalars(select(Report)).one()
    assert (row.accuracy, row.language, row.reporter_id) == (4.5, "en", alice.account_id)
    assert (answer.json["district"], answer.json["district_name"]) == ("west", "West")


def test_an_id_that_exists_is_refused_without_saying_whose_it_is(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    uid = str(make_report(here, alice).uid)
    answer = send_report(client, id=uid)
    assert (answer.status_code, answer.json["code"]) == (409, "report_id_taken")
    assert set(answer.json) == {"type", "title", "status", "code", "request_id"}
    assert count(Report) == 1


def test_no_more_photos_than_the_municipality_takes(client: FlaskClient, here: Municipality, alice: Person) -> None:
    answer = send_whole(client, [photo()] * 4, who=alice)
    assert (answer.status_code, answer.json["code"], answer.json["most"]) == (422, "too_many_photos", 3)
    assert send_whole(client, [photo()] * 3, who=alice).status_code == 201


def test_a_whole_report_in_bad_json_is_refused(client: FlaskClient, here: Municipality) -> None:
    for text in ("{", '{"category": 1}', '{"photos": []}', "[]"):
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        answer = client.post(f"{HERE}/reports/with-photos", data={"report": text}, headers=headers)
        assert (answer.status_code, answer.json["code"]) == (422, "fields_not_valid"), text
        assert "report" in answer.json["errors"] or "report" in str(answer.json["errors"])


def test_an_asset_decides_by_its_own_attributes_and_must_be_on_the_map(client: FlaskClient, here: Municipality) -> None:
    def about(layer: str, feature: str, **values: object) -> object:
        asset = {"layer": layer, "feature": feature}
        return send_report(client, **{"category": "lamp-post", "asset": asset, **values}).json

    assert about("lamp-posts", "L1")["department"] == "lighting"  # type: ignore[index]
    assert about("lamp-posts", "L0")["department"] == "desk"  # type: ignore[index]  # its crew is none of ours
    for layer, feature in (("lamp-posts", "L99"), ("streets", "main"), ("no-such", "L1")):
        assert about(layer, feature)["code"] == "asset_needed"  # type: ignore[index]
    assert about("no-such", "L1", category="dark-lamp")["code"] == "asset_needed"  # type: ignore[index]
    refused = about("lamp-posts", "L1", category="dark-lamp")
    assert (refused["code"], refused["layer"]) == ("asset_needed", None)  # type: ignore[index]


def test_an_asset_lies_where_the_report_says(client: FlaskClient, here: Municipality) -> None:
    far, near = (
        send_report(client, category="lamp-post", asset={"layer": "lamp-posts", "feature": feature}).json
        for feature in ("L8", "L7")
    )
    assert far["code"] == "asset_too_far" and 200 < far["metres"] < 230 and far["most"] == 200
    assert near["asset"]["feature"] == "L7"


def test_a_department_gets_reports_only_between_its_dates(here: Municipality) -> None:
    for limits in ({"valid_until": date(2020, 1, 1)}, {"valid_until": None, "valid_from": date(2999, 1, 1)}):
        change_department("here", "lighting", **limits)
        report = make_report(municipality("here"))
        assert report.department_id == here.departments["desk"].id
    change_department("here", "lighting", valid_from=date(2020, 1, 1), valid_until=date(2999, 1, 1))
    assert make_report(municipality("here")).department_id == here.departments["lighting"].id


def test_a_category_out_of_use_takes_no_reports_and_keeps_its_old_ones(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    old = send_report(client, who=alice, category="open").json["id"]
    with transaction():
        set_categories(here, [one for one in CATEGORIES if one["key"] != "open"])
    assert send_report(client, category="open").json["code"] == "no_such_category"
    assert see(client, old).json["category_name"] == "Ελληνικά open"
    with transaction():
        set_categories(here, [*CATEGORIES, category("brand-new")])
    assert send_report(client, category="open").status_code == 201
    assert send_report(client, category="brand-new").status_code == 201
    with pytest.raises(NoSuchCategory):
        category_in(here, "no-such")


def test_a_municipality_without_categories_takes_no_reports(client: FlaskClient, here: Municipality) -> None:
    with transaction():
        identity = establish("empty", description("empty", 22.0, 40.2, ALWAYS), ())
        establish_department(identity, "desk", DEPARTMENTS["desk"])
    assert send_report(client, slug="empty").json["code"] == "no_such_category"


def test_rules_that_cannot_be_read_are_refused_and_the_old_ones_stay(client: FlaskClient, here: Municipality) -> None:
    bad = RULES[1] | {"relation": "under"}
    with pytest.raises(RuleRefused), transaction():
        set_rules(here, [bad])
    assert send_report(client).json["department"] == "lighting"
    with transaction():
        set_rules(here, [])
    assert send_report(client).json["department"] == "desk"


def test_a_refusal_keeps_nothing_of_the_report(client: FlaskClient, here: Municipality, alice: Person) -> None:
    def refuse() -> None:
        make_report(here, alice, longitude=30.0)

    with pytest.raises(Problem):
        refuse()
    assert (count(Report), count(ReportCounter)) == (0, 0)


def test_a_number_that_exists_already_is_a_fault_of_ours_and_not_of_the_phones_id(
    client: FlaskClient, here: Municipality
) -> None:
    make_report(here)
    with transaction():
        session.execute(update(ReportCounter).values(last=0))
    answer = send_report(client, id=str(new_uid()))
    assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
    assert count(Report) == 1
