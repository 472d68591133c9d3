"""Every route is called as everybody: as each role, as a resident, as staff of another municipality and as nobody.

What is open follows from the route's mark and the table of roles alone. The calls ask for things that are not there and
send an empty body, so that who is let in gets no further; who is not must not even get that far.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from service.app import create_app
from service.config import Settings
from service.db import db, session, transaction
from service.http import nothing
from service.municipalities.directory import Municipality
from service.people.access import caller_or_nobody, mark, staff, staff_only
from service.people.models import Account
from service.people.roles import PERMISSIONS, ROLES, allows
from service.people.signing_in import sign_in
from service.text import LANGUAGES, say
from tests.conftest import OutsideClient
from tests.factories.people import Person, make_resident, make_staff

SHUT = {(401, "sign_in_needed"), (403, "forbidden")}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass
class Caller:
    """Somebody who calls everything: their headers, and whom the marks take them for."""

    name: str
    who: Person | None
    roles: tuple[tuple[str, bool], ...] = ()
    kind: str = "staff"
    here: bool = True

    @property
    def headers(self) -> dict[str, str]:
        return self.who.headers if self.who else {}

    def answer_to(self, access: str) -> tuple[int, str] | None:
        """How they are turned away at a route with this mark; None: they are let in. Raises KeyError for no mark."""
        if access == "anybody":
            return None
        if self.who is None:
            return None if access == "public" else (401, "sign_in_needed")
        if not self.here:
            return 401, "sign_in_needed"
        if access in ("public", "signed in"):
            return None
        if access in ("staff", "resident"):
            return None if self.kind == access else (403, "forbidden")
        PERMISSIONS[access]
        may = any(allows(role, access, in_department) for role, in_department in self.roles)
        return None if may else (403, "forbidden")

    def sign_in_again(self) -> None:
        """A fresh session, where a call may have ended theirs."""
        if self.who is None:
            return
        with transaction():
            given = sign_in(self.who.account_id)
        self.who = Person(self.who.account, self.who.account_id, given.token)


def everybody(here: Municipality, next_door: Municipality) -> list[Caller]:
    callers = [Caller("nobody", None), Caller("neighbour", ruler(next_door), here=False)]
    callers.append(Caller("resident", make_resident(here), kind="resident"))
    callers.append(Caller("staff without a role", make_staff(here, "nora", [])))
    for name, role in ROLES.items():
        for department in [None, "lighting"]:
            if role.fits(department is not None):
                called = f"{name} of {department or 'all'}"
                person = make_staff(here, called.replace(" ", "-"), [(name, department)])
                callers.append(Caller(called, person, ((name, department is not None),)))
    return callers


def ruler(municipality: Municipality) -> Person:
    return make_staff(municipality, "rex", [("administrator", None)])


def routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        yield from ((rule, method) for method in METHODS if method in (rule.methods or ()))


def address(app: Flask, rule: Rule) -> str:
    """The address of something that is not there."""
    values: dict[str, Any] = {}
    for name in rule.arguments:
        converter = rule._converters[name]
        kind = type(converter).__name__
        values[name] = {"UUIDConverter": uuid.UUID(int=7), "IntegerConverter": 1}.get(kind, "none")
        if kind == "AnyConverter":
            values[name] = next(iter(converter.items))
    built = rule.build(values | ({"municipality": "here"} if "municipality" in rule.arguments else {}))
    assert built is not None, rule
    return str(built[1])


def faults(app: Flask, client: FlaskClient, callers: list[Caller], wanted: list[tuple[Rule, str]]) -> list[str]:
    """Where a route lets in whom its mark keeps out, keeps out whom it lets in, or has no mark of the table."""
    found = []
    for rule, method in wanted:
        access = getattr(app.view_functions[rule.endpoint], "access", "none")
        if access not in ("anybody", "public", "signed in", "staff", "resident", *PERMISSIONS):
            found.append(f"{method} {rule.rule} has the mark {access}")
            continue
        path = address(app, rule)
        for caller in callers:
            body = None if method == "GET" else {}
            answer = client.open(path, method=method, json=body, headers=caller.headers)
            said = (answer.status_code, (answer.get_json(silent=True) or {}).get("code"))
            turned_away = caller.answer_to(access)
            right = said == turned_away if turned_away else said not in SHUT and said[0] not in (401, 403)
            if not right and not (access == "anybody" and said[0] in (401, 403) and said not in SHUT):
                found.append(f"{method} {rule.rule} ({access}) as {caller.name}: {said}, not {turned_away or 'let in'}")
            if method != "GET" and answer.status_code < 300:
                caller.sign_in_again()
    return found


def test_every_route_lets_in_whom_the_table_lets_in_and_nobody_else(
    app: Flask, client: FlaskClient, here: Municipality, next_door: Municipality
) -> None:
    callers = everybody(here, next_door)
    assert {name for caller in callers for name, _ in caller.roles} == set(ROLES)
    wanted = list(routes(app))
    assert faults(app, client, callers, wanted) == []
    assert len(wanted) > 80 and session.query(Account).count() == len(callers) - 1, "nobody was made or removed"


def asked_for(permission: str) -> Callable[[], object]:
    """The check of a mark of staff."""
    return staff(permission)(lambda: None)


def test_a_route_without_a_mark_or_with_one_that_does_not_hold_is_found(
    app: Flask, here: Municipality, next_door: Municipality
) -> None:
    before = app.config["PLATEIA"]
    other = create_app(Settings(home=before.home, database_url=before.database_url, limits=False, log_level="ERROR"))

    def view(municipality: Municipality) -> Response:
        return nothing()

    def lying(municipality: Municipality) -> Response:
        return nothing()

    vars(lying)["access"] = "manage_staff"  # and nobody asks
    views = {
        "unmarked": view,
        "lying": lying,
        "lax": mark(view, "manage_staff", [], caller_or_nobody),
        "shut": mark(view, "signed in", [], asked_for("manage_staff")),
        "strict": staff("manage_staff")(view),
        "own": staff_only(view),
    }
    for name, one in views.items():
        other.add_url_rule(f"/try/<municipality>/{name}", name, one, methods=["POST"])
    wanted = [(rule, "POST") for rule in other.url_map.iter_rules() if rule.endpoint in views]
    with other.app_context():
        found = faults(other, OutsideClient(other, other.response_class), everybody(here, next_door), wanted)
        session.remove()
        db.engine.dispose()
    about = {name: [line for line in found if f"/{name}" in line] for name in views}
    assert len(about["unmarked"]) == 1 and "none" in about["unmarked"][0]
    assert any("as nobody" in line for line in about["lying"]) and any(
        "as neighbour" in line for line in about["lying"]
    )
    assert any("as resident" in line for line in about["lax"]) and any("as nobody" in line for line in about["lax"])
    assert any("as resident" in line for line in about["shut"])
    assert about["strict"] == about["own"] == []


@pytest.mark.parametrize("role", ROLES)
def test_every_role_can_be_named_in_every_language(role: str) -> None:
    for text in (ROLES[role].name, ROLES[role].words):
        said = {language: say(language, text) for language in LANGUAGES}
        assert len(set(said.values())) == len(LANGUAGES), (role, said)


def test_an_auditor_reads_whatever_staff_can_read_and_changes_nothing(app: Flask) -> None:
    reading = {permission for permission, about in PERMISSIONS.items() if about.reads_only}
    assert set(ROLES["auditor"].permissions) == reading
    for rule, method in routes(app):
        access = getattr(app.view_functions[rule.endpoint], "access", "none")
        if access in reading:
            assert method == "GET", (rule, "what only reads is a GET")
