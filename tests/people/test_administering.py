"""Administrators decide who is staff and with which roles."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from service.db import session, transaction
from service.db.generations import forget
from service.errors import Forbidden
from service.municipalities.directory import Municipality, municipality
from service.municipalities.establishing import establish
from service.municipalities.models import Municipality as MunicipalityRow
from service.outbox.models import Target
from service.people.callers import find_caller
from service.people.staff.administering import change_roles, remove
from tests.factories.people import PASSWORD, Person, make_staff
from tests.factories.reports import make_report
from tests.people.staff_scene import CREW, acts, call, sign_in
from tests.reports.scene import as_staff


@pytest.fixture
def ada(here: Municipality) -> Person:
    return make_staff(here, "ada", [("administrator", None)])


def works(client: FlaskClient, who: Person) -> bool:
    return client.get("/api/v1/here/me", headers=who.headers).status_code == 200


def test_staff_are_listed_with_their_roles_page_by_page(client: FlaskClient, ada: Person, bob: Person) -> None:
    listed = call(client, "GET", "/staff/people", ada).json
    assert [(one["name"], one["roles"]) for one in listed["staff"]] == [
        ("Ada", [{"role": "administrator", "department": None}]),
        ("Bob", CREW),
    ]
    first = listed["staff"][1]
    assert (first["id"], first["email"], first["has_password"]) == (str(bob.account), "bob@here.example", True)
    assert (first["has_authenticator"], first["sessions"]) == (False, 1) and first["seen_at"]
    one = call(client, "GET", "/staff/people?limit=1", ada).json
    two = call(client, "GET", f"/staff/people?limit=1&after={one['next']}", ada).json
    assert [row["name"] for row in one["staff"] + two["staff"]] == ["Ada", "Bob"] and two["next"] is None


def test_residents_and_staff_next_door_are_not_listed(
    client: FlaskClient, ada: Person, alice: Person, charlie: Person
) -> None:
    assert [one["name"] for one in call(client, "GET", "/staff/people", ada).json["staff"]] == ["Ada"]


def test_roles_change_at_once_and_each_change_is_written_down(client: FlaskClient, ada: Person, bob: Person) -> None:
    body = {"roles": [{"role": "department_head", "department": "roads"}, {"role": "map_keeper"}] * 2}
    answer = call(client, "PUT", f"/staff/people/{bob.account}/roles", ada, **body)
    assert answer.status_code == 200, answer.json
    assert answer.json["roles"] == [
        {"role": "department_head", "department": "roads"},
        {"role": "map_keeper", "department": None},
    ]
    me = client.get("/api/v1/here/me", headers=bob.headers).json
    assert {role["role"] for role in me["roles"]} == {"department_head", "map_keeper"}
    assert acts() == [
        ("role_taken", str(ada.account), {"role": "department_staff", "department": "lighting"}),
        ("role_given", str(ada.account), {"role": "department_head", "department": "roads"}),
        ("role_given", str(ada.account), {"role": "map_keeper", "department": None}),
    ]


def test_nobody_changes_their_own_roles_or_removes_themselves(client: FlaskClient, ada: Person) -> None:
    own = f"/staff/people/{ada.account}"
    body = {"roles": [{"role": "administrator"}, {"role": "map_keeper"}]}
    for method, path in (("PUT", "/roles"), ("DELETE", ""), ("DELETE", "/sessions"), ("DELETE", "/authenticator")):
        answer = call(client, method, f"{own}{path}", ada, **(body if method == "PUT" else {}))
        assert (answer.status_code, answer.json["code"]) == (409, "not_of_oneself"), path
    assert works(client, ada) and acts() == []


def test_who_is_removed_is_out_at_once_and_their_reports_keep_their_name(
    client: FlaskClient, here: Municipality, ada: Person, bob: Person
) -> None:
    report = make_report(here).uid
    as_staff(client, bob, report, "assignee", person=str(bob.account))
    assert call(client, "DELETE", f"/staff/people/{bob.account}", ada).status_code == 204
    assert not works(client, bob) and sign_in(client, "bob@here.example").status_code == 401
    assert session.scalars(select(Target.reason).where(Target.value == "bob@here.example")).all() == ["removed"]
    assert [one["name"] for one in call(client, "GET", "/staff/people", ada).json["staff"]] == ["Ada"]
    seen = client.get(f"/api/v1/here/staff/reports/{report}", headers=ada.headers).json
    assert seen["assignee"] == str(bob.account)
    facts = {"roles": [["department_staff", "lighting"]], "sessions_ended": 1}
    assert acts()[-1] == ("staff_removed", str(ada.account), facts)


def test_sessions_end_and_the_password_stays(client: FlaskClient, ada: Person, bob: Person) -> None:
    sign_in(client, "bob@here.example")
    assert call(client, "DELETE", f"/staff/people/{bob.account}/sessions", ada).json == {"sessions": 2}
    assert not works(client, bob) and sign_in(client, "bob@here.example").status_code == 201
    assert acts()[-1] == ("sessions_ended", str(ada.account), {"sessions": 2})


def test_a_lost_authenticator_is_reset(client: FlaskClient, ada: Person, bob: Person) -> None:
    import time

    from tests.people.staff_scene import code

    seed = call(client, "POST", "/me/authenticator", bob, password=PASSWORD).json["seed"]
    call(client, "POST", "/me/authenticator/confirmation", bob, code=code(seed, time.time()))
    assert sign_in(client, "bob@here.example").status_code == 202
    assert call(client, "GET", "/staff/people", ada).json["staff"][1]["has_authenticator"]
    assert call(client, "DELETE", f"/staff/people/{bob.account}/authenticator", ada).status_code == 204
    assert not works(client, bob) and sign_in(client, "bob@here.example").status_code == 201
    assert acts()[-1] == ("second_factor_removed", str(ada.account), {"had_one": True, "sessions_ended": 1})


def test_a_resident_and_staff_next_door_cannot_be_administered(
    client: FlaskClient, ada: Person, alice: Person, charlie: Person
) -> None:
    for person in (alice, charlie):
        at = f"/staff/people/{person.account}"
        body = {"roles": [{"role": "dispatcher"}]}
        assert call(client, "PUT", f"{at}/roles", ada, **body).status_code == 404
        for path in ("", "/sessions", "/authenticator"):
            assert call(client, "DELETE", f"{at}{path}", ada).status_code == 404
    assert acts() == []


def test_who_was_removed_a_moment_ago_administers_no_more(here: Municipality, ada: Person, bob: Person) -> None:
    late = find_caller(here.id, ada.token)
    eve = make_staff(here, "eve", [("administrator", None)])
    first = find_caller(here.id, eve.token)
    assert late is not None and first is not None
    session.rollback()
    with transaction():
        remove(here, first, ada.account)
    with pytest.raises(Forbidden), transaction():
        remove(here, late, eve.account)
    with pytest.raises(Forbidden), transaction():
        change_roles(here, late, bob.account, [("administrator", None)])


def test_colleagues_are_who_can_have_reports_of_ones_departments_in_hand(
    client: FlaskClient, here: Municipality, bob: Person, charlie: Person
) -> None:
    hera = make_staff(here, "hera", [("department_head", "lighting")])
    dora = make_staff(here, "dora", [("dispatcher", None)])
    make_staff(here, "rita", [("department_staff", "roads")])
    make_staff(here, "audrey", [("auditor", "lighting")])
    listed = {
        name: [
            (one["name"], one["departments"])
            for one in call(client, "GET", "/staff/colleagues", who).json["colleagues"]
        ]
        for name, who in (("hera", hera), ("dora", dora))
    }
    assert listed["hera"] == [("Bob", ["lighting"]), ("Dora", None), ("Hera", ["lighting"])]
    assert listed["dora"] == [*listed["hera"], ("Rita", ["roads"])]
    assert call(client, "GET", "/staff/colleagues", bob).status_code == 403


def test_an_administrator_decides_whether_notices_need_a_second_person(
    client: FlaskClient, here: Municipality, next_door: Municipality, ada: Person, bob: Person
) -> None:
    path, wanted = "/staff/settings", {"notices_need_second_person": True}
    assert call(client, "GET", path, bob).json == {"notices_need_second_person": False}
    assert call(client, "PATCH", path, bob, **wanted).status_code == 403
    for body in ({"notices_need_second_person": "perhaps"}, {"notices_need_second_person": None}, {"phones": []}):
        assert call(client, "PATCH", path, ada, **body).status_code == 422
    assert [call(client, "PATCH", path, ada, **wanted).json for _ in range(2)] == [wanted] * 2
    forget()
    assert call(client, "GET", path, bob).json == wanted
    assert municipality("here").notices_need_second_person
    assert not municipality("next-door").notices_need_second_person
    assert acts() == [("settings_changed", str(ada.account), wanted)]
    row = session.get_one(MunicipalityRow, here.id)
    loaded = {name: getattr(row, name) for name in ("prefix", "name", "country", "languages", "time_zone")}
    loaded |= {"working_hours": row.working_hours, "settings": {"phones": [], "centre": [21.7, 40.2]}}
    for says, stays in ({}, True), ({"notices_need_second_person": False}, False):
        with transaction():
            establish("here", loaded | {"settings": loaded["settings"] | says}, [])
        forget()
        assert municipality("here").notices_need_second_person is stays, "what a file does not say stays as decided"
