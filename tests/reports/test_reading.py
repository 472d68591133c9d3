"""What phones poll: one report, one's own, the start of the app; in which language, and when nothing has changed."""

from typing import Any

import pytest
import shapely
from flask.testing import FlaskClient

from service.db import transaction
from service.gis.publishing import publish_version
from service.municipalities.directory import Municipality
from service.reports.cataloguing import set_categories
from service.reports.states import STATES
from tests.factories.municipalities import CATEGORIES, imported
from tests.factories.people import Person, make_resident
from tests.factories.reports import make_report, photo, send_report, send_whole
from tests.reports.scene import HERE, change, change_department, move, see, see_as_staff


def polled(client: FlaskClient, address: str, headers: dict[str, str], etag: str) -> int:
    return client.get(address, headers=headers | {"If-None-Match": etag}).status_code


def test_a_proxy_that_packs_answers_may_weaken_their_names(client: FlaskClient, here: Municipality) -> None:
    report = make_report(here)
    for address in (f"{HERE}/app", f"{HERE}/reports", f"{HERE}/reports/{report.uid}"):
        etag = client.get(address).headers["ETag"]
        again = client.get(address, headers={"If-None-Match": f"W/{etag}"})
        assert (again.status_code, again.headers["ETag"]) == (304, etag)


def test_a_phone_that_has_a_report_is_told_so_until_it_changes(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    report = make_report(here, alice)
    mine, staff = f"{HERE}/reports/{report.uid}", f"{HERE}/staff/reports/{report.uid}"
    polls = [(mine, {}), (mine, alice.headers), (staff, bob.headers), (f"{HERE}/my/reports", alice.headers)]
    etags = [client.get(address, headers=headers).headers["ETag"] for address, headers in polls]
    assert len(set(etags)) == len(etags)
    for (address, headers), etag in zip(polls, etags, strict=True):
        assert polled(client, address, headers, etag) == 304
        assert polled(client, address, headers | {"Accept-Language": "en"}, etag) == 200
    move(client, bob, report.uid, "acknowledged")
    for (address, headers), etag in zip(polls, etags, strict=True):
        assert polled(client, address, headers, etag) == 200


def test_new_names_of_categories_and_departments_reach_the_phones(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    report = make_report(here, alice)
    address = f"{HERE}/reports/{report.uid}"
    etag = client.get(address).headers["ETag"]
    change_department("here", "lighting", name={"en": "Lights", "el": "Φώτα"})
    renamed = client.get(address, headers={"If-None-Match": etag})
    assert (renamed.status_code, renamed.json["department_name"]) == (200, "Φώτα")
    with transaction():
        set_categories(here, [CATEGORIES[0] | {"name": {"el": "Σβηστό φως"}}, *CATEGORIES[1:]])
    again = client.get(address, headers={"If-None-Match": renamed.headers["ETag"]})
    assert (again.status_code, again.json["category_name"]) == (200, "Σβηστό φως")


def test_answers_come_in_the_language_that_the_phone_asks_for(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    report = make_report(here, alice)
    told = {
        wanted: see(client, report.uid, **{"Accept-Language": wanted}).json
        for wanted in ("el", "en", "en-GB,el;q=0.5", "de", "bg")
    }
    assert told["el"]["category_name"] == "Ελληνικά dark-lamp" and told["en"]["category_name"] == "Dark lamp"
    assert (told["el"]["department_name"], told["en"]["department_name"]) == ("Συνεργείο φωτισμού", "Lighting crew")
    assert told["en"]["state_label"] == "Received" and told["el"]["state_label"] != "Received"
    assert "lies in" in told["en"]["why"]["words"] and "lies in" not in told["el"]["why"]["words"]
    assert told["en-GB,el;q=0.5"] == told["en"] and told["de"] == told["el"]
    assert told["bg"]["state_label"] not in (told["el"]["state_label"], told["en"]["state_label"])
    assert told["bg"]["category_name"] == "Ελληνικά dark-lamp"


def test_refusals_come_in_the_language_that_the_phone_asks_for(client: FlaskClient, here: Municipality) -> None:
    titles = {}
    for wanted in ("el", "en", "bg", "lt"):
        answer = client.get(f"{HERE}/nothing", headers={"Accept-Language": wanted})
        titles[wanted] = answer.json["title"]
        assert answer.headers["Content-Language"] == wanted and answer.mimetype == "application/problem+json"
    assert len(set(titles.values())) == 4 and titles["en"] == "There is nothing at this address."
    elsewhere = client.get("/api/v1/nowhere/reports", headers={"Accept-Language": "lt"})
    assert (elsewhere.status_code, elsewhere.json["code"]) == (404, "no_such_municipality")
    assert elsewhere.headers["Content-Language"] == "lt"


def test_ones_own_reports_come_newest_first_page_by_page(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    make_report(here, make_resident(here))
    expected = [str(make_report(here, alice, category=key).uid) for key in ("private", "hidden", "open")][::-1]
    found: list[str] = []
    after: dict[str, Any] = {}
    while True:
        query = {"limit": 2} | after
        page = client.get(f"{HERE}/my/reports", query_string=query, headers=alice.headers).json
        found += [line["id"] for line in page["reports"]]
        if page["next"] is None:
            break
        make_report(here, alice)
        after = {"after": page["next"]}
    assert found == expected
    line = client.get(f"{HERE}/my/reports", headers=alice.headers).json["reports"][-1]
    assert line["description"] == "It is dark" and line["longitude"] == 21.72
    assert client.get(f"{HERE}/my/reports").json["code"] == "sign_in_needed"


def test_staff_see_what_the_municipality_next_door_never_sees(
    client: FlaskClient, here: Municipality, next_door: Municipality, bob: Person, charlie: Person
) -> None:
    report = make_report(here)
    assert see_as_staff(client, report.uid, bob).json["routing"]["rule"] == 2
    for address in (f"/api/v1/next-door/staff/reports/{report.uid}", f"/api/v1/next-door/reports/{report.uid}"):
        assert client.get(address, headers=charlie.headers).json["code"] == "not_found"


def test_the_app_starts_with_all_that_it_needs(client: FlaskClient, here: Municipality) -> None:
    answer = client.get(f"{HERE}/app")
    content = answer.json
    assert (content["slug"], content["languages"], content["oldest_app"]) == ("here", ["el", "en"], "1.0")
    assert content["limits"] == {
        "photos_per_report": 3,
        "photo_bytes": content["limits"]["photo_bytes"],
        "description_characters": 4000,
    }
    assert [state["key"] for state in content["states"]] == list(STATES)
    assert all(set(state["label"]) == {"el", "en"} for state in content["states"])
    by_key = {one["key"]: one for one in content["categories"]}
    assert list(by_key) == [one["key"] for one in CATEGORIES]
    assert by_key["danger"]["danger"] == {"phone": "112", "text": {"en": "Call", "el": "Καλέστε"}}
    assert by_key["dark-lamp"]["danger"] is None
    assert [question["code"] for question in by_key["questions"]["questions"]] == ["lamps", "since"]


def test_the_app_learns_whose_the_public_layers_of_the_map_are(client: FlaskClient, here: Municipality) -> None:
    first = client.get(f"{HERE}/app")
    assert first.json["layers"] == []
    said = {"public": True, "attribution": "The cadastre", "licence": "CC BY 4.0", "approximate": True}
    with transaction():
        one = imported(("all", {}, shapely.box(21.7, 40.2, 21.8, 40.3)))
        publish_version(here, "districts", one, name={"en": "Districts"}, kind="district", **said)
    again = client.get(f"{HERE}/app", headers={"If-None-Match": first.headers["ETag"]})
    about = {name: value for name, value in said.items() if name != "public"}
    assert again.json["layers"] == [
        {"key": "districts", "name": {"en": "Districts"}, "kind": "district", "version": 2} | about
    ]


def test_the_version_of_the_categories_changes_with_them_and_only_then(client: FlaskClient, here: Municipality) -> None:
    first = client.get(f"{HERE}/app")
    assert polled(client, f"{HERE}/app", {}, first.headers["ETag"]) == 304
    change_department("here", "roads", phone="112")
    assert client.get(f"{HERE}/app").json["categories_version"] == first.json["categories_version"]
    with transaction():
        set_categories(here, CATEGORIES[1:])
    second = client.get(f"{HERE}/app", headers={"If-None-Match": first.headers["ETag"]})
    assert second.status_code == 200 and second.json["categories_version"] != first.json["categories_version"]
    assert "dark-lamp" not in [one["key"] for one in second.json["categories"]]


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_a_photo_is_not_sent_twice(client: FlaskClient, here: Municipality, alice: Person, size: str) -> None:
    link = send_whole(client, [photo()], who=alice, category="open").json["photos"][0][size]
    first = client.get(link)
    assert first.headers["Content-Security-Policy"] == "default-src 'none'"
    again = client.get(link, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get(link.replace(size, "gigantic")).status_code == 404


def test_a_report_that_is_sent_again_is_shown_as_it_is_now(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    key = "one-and-the-same-key"
    first = send_report(client, who=alice, key=key)
    move(client, bob, first.json["id"], "acknowledged")
    again = send_report(client, who=alice, key=key)
    assert (again.status_code, again.json["state"], again.json["moves"]) == (201, "acknowledged", ["withdrawn"])


def test_a_district_that_the_map_no_longer_has_is_called_by_its_key(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    report = make_report(here, alice)
    assert see(client, report.uid).json["district_name"] == "West"
    change(report.uid, district="old-town", version=2)
    assert see(client, report.uid).json["district_name"] == "old-town"
