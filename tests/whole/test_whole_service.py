"""What must hold everywhere: one test over all of it, so that what comes later is held to it too."""

import ast
import importlib
import io
import pkgutil
import re
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Table, select
from werkzeug.routing import Rule

import service
from service.app import create_app
from service.config import Settings
from service.db import Base, NestedTransaction, db, session, transaction, writing
from service.errors import Problem
from service.fetching.fetching import Fetcher
from service.media.preparing import prepare
from service.municipalities.directory import Municipality, municipality
from service.notices.following import LAYER, follow
from service.notices.preferences.schemas import WebPushIn
from service.outbox.channels.push import Push
from service.people.roles import PERMISSIONS
from service.people.signing_in import check_password, hash_password
from service.reports.models import Report
from service.reports.states import STATES
from service.schema_version import migrate
from service.storage.keeping import Store
from service.text import LANGUAGES, say
from tests.conftest import OutsideClient
from tests.factories.municipalities import make_municipality
from tests.factories.notices import make_notice
from tests.factories.people import PASSWORD, Person, make_resident, make_staff
from tests.factories.reports import INSIDE, make_report, photo, send_whole
from tests.people.codes import OWN
from tests.plans.plans import a_plan, put_in_force
from tests.reports.scene import expand_all, inbox_of, move

HERE = Path(service.__file__).parent
SHARED_TABLES = {
    "generations": "a counter for each kind of thing that processes remember; it says nothing of anybody",
    "channel_pauses": "the credentials of a channel are the installation's, and so is its rest",
}
COMMITS = {
    "db/__init__.py": "transaction() itself",
    "operating/filling.py": "fills a database that nobody serves yet",
    "operating/restoring.py": "a savepoint inside the restore's own transaction",
    "operating/snapshots.py": "only reads, in one snapshot",
}
CREATES_AN_APPLICATION = {"service.wsgi"}


# Access


def rules(app: Flask) -> list[tuple[Rule, str, str]]:
    """Every route with its method and access mark."""
    found = []
    for rule in app.url_map.iter_rules():
        access = getattr(app.view_functions[rule.endpoint], "access", "none declared")
        found += [(rule, method, access) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return found


def test_every_route_says_who_may_call_it(app: Flask) -> None:
    marks = {"anybody", "public", "signed in", "resident", "staff", *PERMISSIONS}
    assert [(rule.rule, access) for rule, _, access in rules(app) if access not in marks] == []


def test_every_permission_opens_a_route(app: Flask) -> None:
    assert set(PERMISSIONS) <= {access for _, _, access in rules(app)}


RULE_IN = {"relation": "in", "layer": "lighting", "department": "lighting"}
OURS = {"el": {"title": "Ours", "body": "Ours"}}
CONSULTATION: dict[str, Any] = {
    "title": {"en": "Ours"},
    "text": {"en": "Ours"},
    "eligibility": "anyone",
    "questions": [{"key": "trees", "text": {"en": "Ours"}, "kind": "stance"}],
    "phases": [{"kind": "vote", "opens_at": "2026-01-01T00:00:00Z", "closes_at": "2099-12-01T18:00:00Z"}],
}
QUESTIONNAIRE: dict[str, Any] = {
    "audience": "everyone",
    "phase": "vote",
    "title": {"en": "Ours"},
    "text": {"en": "Ours"},
    "sections": [{"questions": [{"key": "more", "kind": "text", "text": {"en": "Ours"}}]}],
}
BODIES: dict[str, Any] = {
    "people.sign_out": {},
    "people.change": {"language": "en"},
    "people.push_target": {"kind": "token", "value": "stolen"},
    "sessions.end_session": {},
    "sessions.end_other_sessions": {},
    "sessions.remove": {},
    "contacts.send": {"channel": "email", "address": "ours@here.example"},
    "contacts.confirm_contact": {"id": str(uuid.UUID(int=7)), "code": "123456"},
    "contacts.remove": OWN,
    "contacts.join_contact": {"id": str(uuid.UUID(int=7)), "code": "123456"} | OWN,
    "contacts.phone_code": {},
    "contacts.join_phone": {"code": "ours"} | OWN,
    "reports.send_photo": {},
    "reports.submit": {"category": "dark-lamp", **INSIDE},
    "reports.submit_whole": {},
    "reports.move_mine": {"to": "withdrawn"},
    "staff_reports.move": {"to": "acknowledged"},
    "staff_reports.hand": {"department": "desk"},
    "staff_reports.take": {"person": None},
    "staff_reports.first_look": {"text": True, "photos": True},
    "conversation.send": {"text": "Ours", "language": "en"},
    "conversation.put_vote": {"vote": "support"},
    "conversation.take_back": {},
    "staff_conversation.enter": {
        **{"text": "Ours", "language": "en", "channel": "letter", "role": "Ours"},
        "received_on": "2026-11-20",
    },
    "staff_conversation.put": {"kind": "article", "target": "1", "text": "Ours"},
    "staff_conversation.give_answer": {
        **{"contributions": [str(uuid.UUID(int=7))], "disposition": "accepted", "reason": {"en": "Ours"}},
        "body": "Ours",
    },
    "staff_conversation.put_promise": {"days": 30},
    "staff_conversation.hand": {"contributions": [str(uuid.UUID(int=7))], "department": None},
    "staff_conversation.enter_sheet": {},
    "moderation.put_rules": {"rules": [{"key": "ours", "text": {"en": "Ours"}}]},
    "moderation.send_complaint": {"kind": "contribution", "id": str(uuid.UUID(int=7)), "rule": "insult"},
    "moderation.make_decision": {"kind": "contribution", "id": str(uuid.UUID(int=7)), "hide": True, "rule": "insult"},
    "moderation.make_appeal_decision": {
        **{"kind": "contribution", "id": str(uuid.UUID(int=7)), "uphold": True, "reason": "Ours"},
    },
    "moderation.send_appeal": {"kind": "contribution", "id": str(uuid.UUID(int=7)), "text": "Ours"},
    "notices.read": {},
    "notices.begin": {"kind": "layer", "value": "gardens"},
    "notices.end": {},
    "preferences.put": {},
    "preferences.subscribe": WebPushIn.example,
    "office_notices.begin": {"texts": OURS},
    "office_notices.check": {"texts": OURS},
    "office_notices.change": {"texts": OURS, "version": 1},
    "office_notices.delete": {},
    "office_notices.test": {},
    "office_notices.preview_link": {},
    "office_notices.submit": {"version": 1},
    "office_notices.send": {"version": 1},
    "office_notices.approve": {"version": 1},
    "office_notices.refuse": {"reason": "Ours"},
    "office_notices.cancel": {},
    "office_notices.correct": {"texts": OURS, "reason": "Ours"},
    "office_notices.repeat": {},
    "public_notices.opened": {},
    "ogc.create": {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [21.72, 40.25]}},
    "ogc.replace": {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [21.72, 40.25]}},
    "ogc.update": {"properties": {"name": "Ours"}},
    "ogc.remove": {},
    "staff_layers.make": {"key": "ours", "name": {"en": "Ours"}, "kind": "area"},
    "staff_layers.describe": {"public": True},
    "staff_layers.begin": {"based_on": 1},
    "staff_layers.delete": {},
    "staff_layers.put": {"version": 1, "reason": "Ours"},
    "staff_layers.call_it_off": {},
    "staff_layers.upload": {},
    "layer_sources.put": {"kind": "file", "url": "https://gis.example/ours.geojson"},
    "layer_sources.delete": {},
    "layer_sources.switch": {"active": True},
    "layer_sources.fetch": {},
    "signing_in.change_own_password": {"password": "mine", "new_password": "another odd heron"},
    "second_step.enrol": {"password": "mine"},
    "second_step.confirm": {"code": "123456"},
    "second_step.remove": {"password": "mine"},
    "second_step.recovery_codes": {"password": "mine"},
    "staff.make_invitation": {"email": "eve@kozani.gr", "name": "Eve", "roles": [{"role": "administrator"}]},
    "staff.letter": {},
    "staff.change_settings": {"notices_need_second_person": True},
    "staff.take_back": {},
    "staff.change_roles": {"roles": [{"role": "administrator"}]},
    "staff.remove": {},
    "staff.end_sessions": {},
    "staff.reset_authenticator": {},
    "identity.begin_sign_in": {"redirect": "https://here.example/"},
    "identity.finish_sign_in": {"state": "s", "ticket": "t", "code": "c"},
    "identity.firebase_sign_in": {"id_token": "t"},
    "identity.keep": {
        "kind": "oidc",
        "audience": "staff",
        "name": {"en": "Ours"},
        "issuer": "https://ours.example",
        "client_id": "ours",
        "redirects": ["https://ours.example/"],
    },
    "verified.make_desk_code": {},
    "verified.use_letter_code": {"code": "0000-0000-0000"},
    "verified.verify_resident": {"code": "0000-0000", "document": "passport", "identifier": "123456783"},
    "verified.withdraw_verification": {"identifier": "123456783", "reason": "Ours"},
    "verified.letters": {"letters": [{"identifier": "123456783", "address": "Our street 1"}]},
    "api_keys.make": {"name": "Ours", "scopes": ["read_public"]},
    "api_keys.end": {},
    "personal_data.ask_for_copy": {},
    "personal_data.drop_copy": {},
    "personal_data.link_copy": {},
    "personal_data.erase_me": {"account": "01a20026-3782-716f-b5d9-c3504d710968"} | OWN,
    "staff_plans.apply_document": {
        "plan": {"key": "ours", "kind": "thematic", "title": {"en": "Ours"}, "source_language": "en"}
    },
    "staff_plans.begin": {"reason": "Ours"},
    "staff_plans.change": {"heading": {"vision": {"en": "Ours"}}},
    "staff_plans.throw_away": {},
    "staff_plans.put": {"element": {"level": "axis", "title": {"en": "Ours"}}},
    "staff_plans.rearrange": {"kind": "removed", "element": "1"},
    "staff_plans.freeze_draft": {},
    "staff_plans.put_in_force": {},
    "staff_plans.put_in_record": {"entry": {}},
    "staff_plans.take_out_of_record": {},
    "plan_files.upload": {},
    "plan_files.take_over": {"reason": "Ours"},
    "plan_progress.put": {"period": {}},
    "plan_progress.approve": {"by": "council", "revision": 1},
    "evidence.put": {"categories": ["dark-lamp"]},
    "evidence.remove": {},
    "consultations.vote": {"answers": {"trees": "for"}},
    "consultations.replace": {"receipt_key": "0" * 32, "sequence": 1, "answers": {"trees": "for"}},
    "questionnaires.put": {"answers": {"more": "Ours"}},
    "questionnaires.whose": {"code": "ours"},
    "questionnaires.put_for_body": {"code": "ours", "role": "Ours", "answers": {"more": "Ours"}},
    "staff_questionnaires.draft": QUESTIONNAIRE,
    "staff_questionnaires.describe_anew": QUESTIONNAIRE | {"version": 1},
    "staff_questionnaires.fix_it": {"version": 1},
    "staff_questionnaires.ask_bodies": {"bodies": [{"name": "Ours"}]},
    "staff_questionnaires.new_code": {},
    "staff_questionnaires.enter": {"person": "123456783", "channel": "form", "answers": {"more": "Ours"}},
    "staff_questionnaires.cancel_form": {},
    "staff_consultations.draft": CONSULTATION,
    "staff_consultations.describe_anew": CONSULTATION | {"version": 1},
    "consultation_results.outcome": {"said_on": "2026-12-15", "title": {"en": "Ours"}, "text": {"en": "Ours"}},
    "verified.set_all_districts": {"districts": [{"key": "ours", "name": {"en": "Ours"}}]},
    "staff_consultations.fix_it": {"version": 1},
    "staff_consultations.extension": {"closes_at": "2099-12-02T18:00:00Z", "reason": {"en": "Ours"}},
    "staff_consultations.observers": {"addresses": ["ours@council.example"]},
    "staff_consultations.codes": {"version": 1, "count": 1},
    "staff_consultations.papers": {"station": "Ours", "voters": ["123456783"], "answers": [{"trees": "for"}]},
    "staff_consultations.cancelling": {},
    "staff_consultations.confirmation": {"voters": ["123456783"], "answers": [{"trees": "for"}]},
    "routing_rules.add": RULE_IN,
    "routing_rules.replace": RULE_IN,
    "routing_rules.delete": {},
    "routing_rules.move": {"to": 1},
    "routing_rules.switch": {"active": False},
    "routing_rules.try_one": {"category": "dark-lamp", **INSIDE},
    "routing_rules.try_many": {"places": [{"category": "dark-lamp", **INSIDE}]},
    "routing_rules.suppose": {"layers": []},
    "routing_rules.reroute": {"reports": []},
    "sign_ups.put": {"starts_at": "2026-12-05T08:00:00Z"},
    "sign_ups.delete": {},
    "staff_news.write_article": {"kind": "news", "main_language": "el", "title": {"el": "α"}, "body": {"el": "α"}},
    "staff_news.revise_article": {"seen": 1, "main_language": "el", "title": {"el": "α"}, "body": {"el": "α"}},
    "staff_news.discard_article": {},
    "staff_news.submit_article": {"seen": 1},
    "staff_news.move_article": {"action": "publish", "seen": 1},
    "staff_news.send_photo": {},
    "news_documents.send": {},
    "entered_contributions.keep": {},
    "entered_contributions.remove": {},
    "entered_contributions.take_back": {"reason": "Ours"},
    "staff_news.cancel_event": {},
    "news_sources.put_category": {"name": {"el": "α"}},
    "news_sources.add_feed": {"url": "https://old.example/feed", "language": "el"},
    "news_sources.change_feed": {},
    "news_sources.delete_feed": {},
    "news_sources.fetch_feed": {},
}
"""What a writing route is sent, so that its schema is content. A new route needs its line."""

FILES = {"plan_files.upload": b"{}", "staff_conversation.enter_sheet": b"text\nours"}
"""What is sent as a file instead."""


def address(rule: Rule, slug: str, ids: dict[str, str]) -> str:
    values = {name: ids.get(name, "small") for name in rule.arguments}
    values |= dict.fromkeys(rule.arguments & {"municipality"}, slug)
    values |= dict.fromkeys(rule.arguments & {"number", "position", "subject", "z", "x", "y"}, "1")
    values |= dict.fromkeys(rule.arguments & {"channel"}, "email")
    values |= dict.fromkeys(rule.arguments & {"form", "report_form"}, "json")
    values |= {name: str(uuid.UUID(int=7)) for name in rule.arguments - set(ids) if f"<uuid:{name}>" in rule.rule}
    with Flask("addresses").test_request_context():
        text = rule.rule
        for name, value in values.items():
            text = re.sub(rf"<(?:[^<>]*:)?{name}>", value, text)
        return text


def call(client: FlaskClient, rule: Rule, method: str, slug: str, ids: dict[str, str], who: Person) -> Any:
    headers = who.headers | {"Idempotency-Key": str(uuid.uuid4())}
    body = None if method == "GET" else BODIES[rule.endpoint]
    if rule.endpoint in FILES:
        sent = {"file": (io.BytesIO(FILES[rule.endpoint]), "ours.json")}
        return client.open(address(rule, slug, ids), method=method, data=sent, headers=headers)
    return client.open(address(rule, slug, ids), method=method, json=body, headers=headers)


def rows() -> dict[str, list[Any]]:
    """Every row of every table."""
    session.rollback()
    return {table.name: [tuple(map(str, row)) for row in session.execute(select(table))] for table in all_tables()}


def all_tables() -> list[Table]:
    return list(Base.metadata.sorted_tables)


@pytest.fixture
def ids(client: FlaskClient, here: Municipality, alice: Person) -> dict[str, str]:
    """Things of `here`: a report with a photo, what its reporter was told and follows, their phone and its session."""
    sent = send_whole(client, [photo()], who=alice, category="open").json
    expand_all()
    message = inbox_of(alice)[0].uid
    with transaction():
        followed = follow(here, alice.account_id, LAYER, "gardens").uid
    (phone,) = client.get("/api/v1/here/me/sessions", headers=alice.headers).json["sessions"]
    notice = make_notice(here, make_staff(here, "ann", [("communications_editor", None)]), "sent").uid
    expand_all()
    ours = {"session": phone["id"], "installation": phone["phone"], "follow": str(followed), "notice": str(notice)}
    put_in_force(here, a_plan())
    plan = client.get("/api/v1/here/plans/op").json["id"]
    element = client.get("/api/v1/here/plans/op/elements/1.1").json["id"]
    ours |= {"plan": plan, "element": element}
    return {"report": sent["id"], "photo": sent["photos"][0]["id"], "message": str(message)} | ours


def test_staff_of_the_neighbour_get_nothing_here(
    app: Flask, client: FlaskClient, here: Municipality, charlie: Person, ids: dict[str, str]
) -> None:
    before = rows()
    for rule, method, access in rules(app):
        if "municipality" in rule.arguments and access != "anybody":
            answer = call(client, rule, method, "here", ids, charlie)
            assert (answer.status_code, answer.json["code"]) == (401, "sign_in_needed"), rule
    assert rows() == before


def test_things_of_here_are_not_found_next_door(
    app: Flask, client: FlaskClient, here: Municipality, charlie: Person, ids: dict[str, str]
) -> None:
    before = rows()
    tried = 0
    for rule, method, _ in rules(app):
        if rule.arguments & set(ids) and "municipality" in rule.arguments:
            tried += 1
            answer = call(client, rule, method, "next-door", ids, charlie)
            assert answer.status_code == 404, (rule, answer.json)
            assert not any(value in answer.text for value in ids.values())
    assert tried >= 9 and rows() == before


def test_no_list_next_door_names_a_thing_of_here(
    app: Flask, client: FlaskClient, here: Municipality, charlie: Person, ids: dict[str, str]
) -> None:
    for rule, method, access in rules(app):
        if method == "GET" and rule.arguments == {"municipality"} and access != "anybody":
            answer = client.get(address(rule, "next-door", {}), headers=charlie.headers)
            nothing_yet = rule.endpoint == "personal_data.show_copy"  # nobody has asked for a copy
            assert answer.status_code == (404 if nothing_yet else 200), rule
            assert not any(value in answer.text for value in ids.values()), rule


def test_things_of_here_cannot_be_made_part_of_something_next_door(
    client: FlaskClient, here: Municipality, next_door: Municipality, bob: Person, charlie: Person
) -> None:
    there = make_report(next_door, longitude=21.82)
    mine = client.post("/api/v1/here/photos", data={"photo": (io.BytesIO(photo()), "a.jpg")}, headers=bob.headers).json[
        "id"
    ]
    before = rows()
    at = f"/api/v1/next-door/staff/reports/{there.uid}"
    body = {"category": "dark-lamp", "longitude": 21.82, "latitude": 40.25, "photos": [mine]}
    answers = [
        client.post(f"{at}/moves", json={"to": "resolved", "photos": [mine]}, headers=charlie.headers),
        client.post(f"{at}/assignee", json={"person": str(bob.account)}, headers=charlie.headers),
        client.post("/api/v1/next-door/reports", json=body, headers=charlie.headers | {"Idempotency-Key": "k" * 16}),
    ]
    assert [answer.json["code"] for answer in answers] == ["photo_not_found", "no_such_person", "photo_not_found"]
    assert rows() == before


# Tables


def hangs_on_a_municipality(table: Table, above: tuple[str, ...] = ()) -> bool:
    if table.name == "municipalities" or "municipality_id" in table.columns:
        return True
    owners = {key.column.table for column in table.columns for key in column.foreign_keys if not column.nullable}
    return any(hangs_on_a_municipality(one, (*above, table.name)) for one in owners if one.name not in above)


def test_every_table_says_its_municipality_or_hangs_on_one_that_does() -> None:
    found = {table.name for table in all_tables() if not hangs_on_a_municipality(table)}
    assert found == set(SHARED_TABLES)


def test_a_municipality_is_named_by_a_key_and_left_out_only_by_jobs_of_all() -> None:
    columns = [table.columns["municipality_id"] for table in all_tables() if "municipality_id" in table.columns]
    assert all(key.column.table.name == "municipalities" for column in columns for key in column.foreign_keys)
    assert [column.table.name for column in columns if not column.foreign_keys] == []
    assert [column.table.name for column in columns if column.nullable] == ["jobs"]


# Transactions


def test_only_a_transaction_commits() -> None:
    found = set()
    for path in HERE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in ("commit", "begin", "begin_nested"):
                found.add(str(path.relative_to(HERE)))
    assert found == set(COMMITS)


def test_a_transaction_inside_a_transaction_is_a_mistake(here: Municipality) -> None:
    def nested() -> None:
        with transaction(), transaction():
            raise AssertionError("never reached")

    with pytest.raises(NestedTransaction):
        nested()
    assert not writing.get()


SLOW: dict[CodeType, str] = {
    function.__code__: name
    for name, function in (
        ("a picture is decoded", prepare),
        ("a password is hashed", hash_password),
        ("a password is checked", check_password),
        ("a file is kept", Store.keep),
        ("a file is read", Store.read),
        ("a push is sent", Push.send),
        ("somebody else is asked", Fetcher.fetch),
    )
}


@contextmanager
def watched(seen: set[str], inside: set[str]) -> Iterator[None]:
    """Note the slow things that are done, and those that are done inside a transaction."""

    def note(frame: FrameType, kind: str, _argument: object) -> None:
        if kind == "call" and frame.f_code in SLOW:
            seen.add(SLOW[frame.f_code])
            if writing.get():
                inside.add(SLOW[frame.f_code])

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(before)


def test_nothing_slow_happens_while_the_database_is_locked(
    client: FlaskClient, here: Municipality, bob: Person
) -> None:
    seen: set[str] = set()
    inside: set[str] = set()
    with watched(seen, inside):
        alice = make_resident(here)
        report = send_whole(client, [photo()], who=alice).json
        assert client.get(report["photos"][0]["small"], headers=alice.headers).status_code == 200
        data = {"photo": (io.BytesIO(photo()), "a.jpg")}
        sent = client.post("/api/v1/here/photos", data=data, headers=bob.headers).json
        assert move(client, bob, report["id"], "resolved", photos=[sent["id"]]).status_code == 200
        body = {"email": "bob@here.example", "password": PASSWORD}
        assert client.post("/api/v1/here/sign-in", json=body).status_code == 201
    assert seen == {"a picture is decoded", "a password is checked", "a file is kept", "a file is read"}
    assert inside == set()


# Words


def modules() -> list[str]:
    return [
        found.name
        for found in pkgutil.walk_packages([str(HERE)], "service.")
        if found.name not in CREATES_AN_APPLICATION
    ]


def refusals(kind: type[Problem] = Problem) -> list[type[Problem]]:
    """Every class of refusal that the service has."""
    for name in modules():
        importlib.import_module(name)
    found = []
    for sub in kind.__subclasses__():
        if sub.__module__.startswith("service."):
            found += [sub, *refusals(sub)]
    return found


def test_every_refusal_has_its_own_code_a_status_and_words_in_every_language() -> None:
    found = refusals()
    codes = [kind.code for kind in found]
    assert len(found) > 30 and sorted(codes) == sorted(set(codes))
    for kind in found:
        assert 400 <= kind.status < 600, kind
        assert kind.code.replace("_", "").isalnum() and kind.code.islower(), kind
        for language in LANGUAGES:
            words = say(language, kind.message)
            assert words and (words != kind.message) is (language != "en"), (kind, language)


def test_every_state_has_a_label_in_every_language() -> None:
    for state in STATES.values():
        labels = {language: say(language, state.label) for language in LANGUAGES}
        assert all(labels.values()) and len(set(labels.values())) == len(LANGUAGES), state.name


# Databases


def test_two_databases_in_one_process_know_nothing_of_each_other(tmp_path: Path) -> None:
    apps = {}
    for name, west in (("one", 21.7), ("two", 22.7)):
        url = f"sqlite:///{tmp_path}/{name}.sqlite"
        migrate(url)
        apps[name] = create_app(Settings(home=tmp_path / name, database_url=url, limits=False, log_level="ERROR"))
        with apps[name].app_context():
            make_municipality("here", west=west, south=40.2)
            make_municipality(f"only-{name}", west=west + 0.1, south=40.2)
    places = {"one": 21.72, "two": 22.72}
    for name, app in apps.items():
        client = OutsideClient(app, app.response_class)
        listed = client.get("/api/v1/municipalities").json["municipalities"]
        assert [one["slug"] for one in listed] == ["here", f"only-{name}"]
        for place, longitude in places.items():
            body = {"category": "dark-lamp", "longitude": longitude, "latitude": 40.25}
            answer = client.post("/api/v1/here/reports", json=body, headers={"Idempotency-Key": f"{place:k>20}"})
            assert (answer.status_code == 201) is (place == name), answer.json
    for name, app in apps.items():
        with app.app_context():
            assert [row.longitude for row in session.scalars(select(Report))] == [places[name]]
            assert municipality("here").settings["centre"][0] == pytest.approx(places[name] + 0.03)
            session.remove()
            db.engine.dispose()
