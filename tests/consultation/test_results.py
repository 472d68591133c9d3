"""What is published of a consultation that is over: who took part, files, graphs, and what became of it."""

import csv
import io
import zipfile
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import orjson
import pytest
from flask import current_app
from flask.testing import FlaskClient
from PIL import Image
from pypdf import PdfReader
from sqlalchemy import func, select, update

from service.consultation.conversation.supporting import participant_of
from service.consultation.eligibility import NotEligible
from service.consultation.leaves import canonical
from service.consultation.models import Consultation, Participation
from service.consultation.results.keeping import FOLDER
from service.consultation.results.outcomes import outcomes_after
from service.consultation.results.presenting import outcomes_out
from service.db import session, transaction
from service.db.clock import now, seconds_from_now
from service.municipalities.directory import Municipality
from service.municipalities.linking import Linked
from service.people.audit_models import AuditEntry
from service.people.callers import Caller, find_caller
from service.people.verified.knowing import Known, known_of
from service.people.verified.models import Verification, VerifiedResident
from tests.consultation import scene
from tests.consultation.scene import STANCE, Office, Phone, close_now, make_verified, phone, tax_number
from tests.factories.people import Person, make_resident, make_staff
from tests.personal_data.scene import erase
from tests.personal_data.test_copying import fetched, read

HERE = "/api/v1/here"
DISTRICTS = [
    {"key": "old-town", "name": {"el": "Παλιά πόλη", "en": "Old town"}},
    {"key": "mills", "name": {"el": "Μύλοι", "en": "=Mills"}},
]
RANKING = {
    "key": "name",
    "text": {"el": "Ποιο όνομα;", "bg": "Кое име?"},
    "kind": "ranking",
    "options": [{"key": key, "text": {"el": f"Όνομα {key}"}} for key in ("a", "b", "c")],
}
TALKED_ABOUT = {"key": "shade", "text": {"el": "Πού λείπει σκιά;"}}
BUDGET = {"key": "money", "text": {"en": "Money"}, "kind": "budget", "budget": 10}
BUDGET |= {"options": [{"key": key, "text": {"en": key}, "cost": 6} for key in ("a", "b")]}


@pytest.fixture
def chief(client: FlaskClient, here: Municipality) -> Person:
    """Somebody who said which districts there are."""
    who = make_staff(here, "chief", [("administrator", None)])
    said = client.put(f"{HERE}/staff/districts", headers=who.headers, json={"districts": DISTRICTS})
    assert said.status_code == 204, said.json
    return who


def a_resident(client: FlaskClient, here: Municipality, number: int, known: Known, *questions: str) -> Phone:
    who = make_resident(here)
    make_verified(here, who, tax_number(number), known)
    return Phone(client, here.slug, who, questions or ("trees",))


def caller_of(here: Municipality, phone: Phone) -> Caller:
    found = find_caller(here.id, phone.who.token) if phone.who else None
    assert found is not None
    return found


def test_what_is_known_of_a_resident_comes_with_the_verification(
    client: FlaskClient, here: Municipality, chief: Person
) -> None:
    listed = client.get(f"{HERE}/districts")
    assert listed.json == {"districts": DISTRICTS}
    assert client.get(f"{HERE}/districts", headers={"If-None-Match": listed.headers["ETag"]}).status_code == 304
    twice = client.put(f"{HERE}/staff/districts", headers=chief.headers, json={"districts": DISTRICTS[:1] * 2})
    assert twice.json["code"] == "districts_doubled"
    alice, bea = make_resident(here), make_resident(here)
    code = client.post(f"{HERE}/me/desk-code", headers=alice.headers).json["code"]
    body: dict[str, Any] = {"code": code, "document": "passport", "identifier": tax_number(1), "birth_year": 1980}
    ask = {"path": f"{HERE}/staff/verifications", "headers": chief.headers}
    assert client.post(**ask, json=body | {"district": "nowhere"}).json["code"] == "district_unknown"
    assert client.post(**ask, json=body | {"district": "mills"}).status_code == 201
    order = {"identifier": tax_number(2), "address": "Κοζάνη", "birth_year": 2009, "district": "old-town"}
    unborn = {"letters": [order | {"birth_year": now().year + 1}]}
    assert client.post(f"{HERE}/staff/verification-letters", headers=chief.headers, json=unborn).status_code == 422
    mistyped = known_of(replace(here, country="LT"), "38703181745", Known(1990), ())
    assert mistyped.birth_year == 1987, "the number says it"
    letters = client.post(f"{HERE}/staff/verification-letters", headers=chief.headers, json={"letters": [order]})
    used = {"code": letters.json["letters"][0]["code"]}
    assert client.post(f"{HERE}/me/letter-code", headers=bea.headers, json=used).status_code == 204
    make_verified(here, bea, tax_number(2), Known(None, "mills"))
    query = select(VerifiedResident.birth_year, VerifiedResident.district).order_by(VerifiedResident.id)
    assert session.execute(query).all() == [(1980, "mills"), (2009, "mills")], "what is not said anew stays"
    session.rollback()
    (kept,) = read(fetched(client, alice), "account")["verified_residents"]
    assert (kept["birth_year"], kept["district"]) == (1980, "mills")
    assert erase(client, alice).status_code == 201
    assert session.execute(query).all() == [(2009, "mills")]


def test_only_some_may_take_part_and_numbers_of_them_hide_few(
    client: FlaskClient, here: Municipality, next_door: Municipality, chief: Person, office: Office
) -> None:
    for among, reason in (
        ({"districts": ["nowhere"]}, "districts"),
        ({"youngest": 30, "oldest": 20}, "ages"),
        ({"youngest": 30, "oldest": 33}, "narrow"),
    ):
        assert office.ask("POST", "", json=described(among=among)).json["reason"] == reason
    assert office.ask("POST", "", json=described(eligibility="anyone", among={})).json["reason"] == "among"
    named = described(questions=[STANCE | {"key": "district"}])
    assert office.ask("POST", "", json=named).json["reason"] == "key", "a table has this name"
    for few in (None, 19):
        office.begin(eligibility="resident", among={"districts": ["mills"]}, eligible=few, questions=[STANCE])
        answer = office.ask("POST", f"{office.path}/fixing", json={"version": 1})
        assert (answer.json["code"], answer.json["reason"]) == ("consultation_not_valid", "eligible")
    source = {"el": "Δημοτολόγιο", "en": "Register"}
    among = {"districts": ["old-town", "mills"], "youngest": 16, "oldest": 64, "year": 2026}
    office.begin(eligibility="resident", among=among, eligible=200, eligible_source=source, questions=[STANCE]).fix()
    said = phone(client, here).get(office.path).json
    assert said["among"] == among and said["eligible_source"] == "Register"
    assert "Only people who live in: Old town, =Mills." in said["eligibility_words"]
    assert "Only people who are 16 to 64 years old on 31 December 2026." in said["eligibility_words"]
    assert any("five people or more" in limit for limit in said["limits"])
    refused = [Known(1980, None), Known(None, "mills"), Known(1950, "mills"), Known(2015, "mills")]
    reasons = ["district_not_known", "age_not_known", "age", "age"]
    for number, (known, reason) in enumerate(zip(refused, reasons), 1):
        outside = a_resident(client, here, number, known)
        assert outside.get(f"{office.path}/participation").json == {"may": False, "reason": reason, "voted": False}
        answer = outside.cast(office.path, {"trees": "for"})
        assert (answer.status_code, answer.json["code"], answer.json["reason"]) == (403, "not_eligible", reason)
        about = session.scalars(select(Consultation).where(Consultation.uid == office.uid)).one()
        with pytest.raises(NotEligible) as why:
            participant_of(about, caller_of(here, outside))
        assert why.value.details["reason"] == reason, "in the conversation too"
        session.rollback()
    for number in range(15):
        inside = a_resident(
            client, here, 10 + number, Known(1975 + 10 * (number % 3), "mills" if number > 12 else "old-town")
        )
        assert inside.cast(office.path, {"trees": "for"}).status_code == 201
    papers(client, here, office)
    before = session.scalars(select(Consultation).where(Consultation.uid == office.uid)).one()
    assert before.statistics is None
    assert close_now(office)
    shown = inside.get(f"{office.path}/statistics")
    assert [shown.json[name] for name in ("participations", "percent", "eligible_source")] == [21, "10.5", "Register"]
    tables = {each["by"]: each for each in shown.json["tables"]}
    assert [(cell["name"], cell["count"]) for cell in tables["channel"]["cells"]] == [
        ("In the app", 15),
        ("On paper", 6),
    ]
    assert [(cell["name"], cell["count"]) for cell in tables["district"]["cells"]] == [("Old town", 13), ("=Mills", 8)]
    assert [(cell["key"], cell["count"]) for cell in tables["age"]["cells"]] == [
        *(("0-24", None), ("25-34", 10), ("35-44", None), ("45-54", 6), ("55-64", None)),
    ], "nobody of two bands, which the smallest of the others hides"
    assert shown.json["words"][1] == "That is 10.5 % of the 200 who might have taken part (source: Register)."
    session.expire_all()
    after = session.scalars(select(Consultation).where(Consultation.uid == office.uid)).one()
    published = canonical(after.statistics)
    assert close_now(office)
    session.expire_all()
    assert canonical(after.statistics) == published, "it is made once"
    groups = session.execute(select(Participation.district, Participation.ages).distinct())
    assert groups.all() == [(None, None)], "what it was made of is forgotten"
    kept = {"headers": {"If-None-Match": shown.headers["ETag"], "Accept-Language": "en"}}
    assert client.get(f"{HERE}/consultations{office.path}/statistics", **kept).status_code == 304
    assert client.get(f"/api/v1/next-door/consultations{office.path}/statistics").status_code == 404


def papers(client: FlaskClient, here: Municipality, office: Office) -> None:
    """Six people on paper: of one the app knows more than the officers type."""
    second = make_staff(here, "nora", [("consultation_manager", None)])
    known_here = a_resident(client, here, 90, Known(1975, "mills"))
    a_resident(client, here, 91, Known(1965, "old-town"))
    with transaction():
        newest = select(func.max(Verification.id)).scalar_subquery()
        session.execute(update(Verification).where(Verification.id == newest).values(expires_at=seconds_from_now(-1)))
    numbers = [tax_number(90 + number) for number in range(6)]
    body: dict[str, Any] = {"station": "KAPI", "voters": numbers, "answers": [{"trees": "against"}] * 6}
    path = f"{office.path}/papers"
    assert office.ask("POST", path, json=body).json["not_among"] == [0, 1, 2, 3, 4, 5], "what is known is not told"
    typed = [{"birth_year": 1965, "district": "old-town"}] + [{"birth_year": 1995, "district": "mills"}] * 5
    assert office.ask("POST", path, json=body | {"known": typed[:2]}).json["not_among"] == []
    guessed = [{"birth_year": 1920, "district": "mills"}, *typed[1:]]
    assert office.ask("POST", path, json=body | {"known": guessed}).json["not_among"] == [0]
    old = [*typed[:5], {"birth_year": 1920, "district": "mills"}]
    assert office.ask("POST", path, json=body | {"known": old}).json["not_among"] == [5]
    nowhere = [*typed[:5], {"birth_year": 1995, "district": "nowhere"}]
    assert office.ask("POST", path, json=body | {"known": nowhere}).json["not_among"] == [5]
    batch = office.ask("POST", path, json=body | {"known": typed}).json["id"]
    assert known_here.cast(office.path, {"trees": "for"}).json["code"] == "already_voted"
    again = {"voters": numbers, "answers": body["answers"]}
    other = [*typed[:5], {"birth_year": 1920, "district": "mills"}]
    answer = office.ask("POST", f"{path}/{batch}/confirmation", second, json=again | {"known": other})
    assert answer.json["not_among"] == [5], "the second officer looks too"
    assert known_here.who
    make_verified(here, known_here.who, tax_number(90), Known(1990, "old-town"))
    answer = office.ask("POST", f"{path}/{batch}/confirmation", second, json=again | {"known": typed})
    assert answer.status_code == 200, answer.json
    groups = select(Participation.district, Participation.ages).where(Participation.channel == "paper")
    assert sorted(map(tuple, session.execute(groups))) == [("mills", "25-34")] * 5 + [("mills", "45-54")], "as entered"
    session.rollback()


def described(**changed: Any) -> dict[str, Any]:
    return scene.described(**{"eligibility": "resident", "questions": [STANCE]} | changed)


def test_a_result_is_a_file_and_a_graph_in_every_language(
    client: FlaskClient, here: Municipality, office: Office
) -> None:
    risky = STANCE | {"text": {"el": "=1+1", "en": "=1+1"}}
    office.begin(title={"el": "Η πλατεία"}, questions=[risky, RANKING, BUDGET, TALKED_ABOUT]).fix()
    files = f"{HERE}/consultations{office.path}/results/files"
    assert client.get(f"{files}/csv").json["code"] == "results_not_yet"
    for number in range(6):
        voter = phone(client, here)
        voter.questions = ("trees", "name", "money")
        answers = {"trees": "for", "name": ["b", "a"] if number else ["c"], "money": ["a"]}
        assert voter.cast(office.path, answers).status_code == 201
    assert close_now(office)
    got = {form: client.get(f"{files}/{form}?language=en") for form in ("csv", "csvw", "ods", "json", "pdf")}
    store = current_app.config["STORE"]
    kept = [key for key, _, _ in store.keys_with_age(FOLDER)]
    assert len(kept) == len(got), "none is made twice"
    for form, answer in got.items():
        assert answer.status_code == 200, (form, answer.json)
        assert client.get(f"{files}/{form}?language=en").data == answer.data
    for key in kept:
        store.delete(key)
    for form, answer in got.items():
        assert client.get(f"{files}/{form}?language=en").data == answer.data, f"{form}: the same bytes"
        match = {"If-None-Match": answer.headers["ETag"]}
        assert client.get(f"{files}/{form}?language=en", headers=match).status_code == 304
    rows = list(csv.DictReader(io.StringIO(got["csv"].data.decode("utf-8-sig"), newline="")))
    facts = orjson.loads(got["json"].data)
    described_columns = [one["name"] for one in orjson.loads(got["csvw"].data)["tableSchema"]["columns"]]
    assert list(rows[0]) == list(facts["columns"]) == described_columns
    assert {row["measure"] for row in rows} == set(facts["measures"])
    (votes,) = [row for row in rows if (row["item"], row["measure"]) == ("for", "votes")]
    assert (votes["part"], votes["value"], votes["question_text"]) == ("question", "6", "'=1+1"), "no formula"
    assert [row["value"] for row in rows if row["item"] == "b>a"] == ["5"]
    assert [(row["item"], row["value"]) for row in rows if row["measure"] == "place"] == [
        ("b", "1"),
        ("a", "2"),
        ("c", "3"),
    ]
    assert [row["item"] for row in rows if row["measure"] == "funded"] == ["a"]
    with zipfile.ZipFile(io.BytesIO(got["ods"].data)) as archive:
        assert archive.namelist()[0] == "mimetype"
        content = ElementTree.fromstring(archive.read("content.xml"))
    cells = content.findall(".//{urn:oasis:names:tc:opendocument:xmlns:table:1.0}table-cell")
    assert not any("formula" in name for cell in cells for name in cell.attrib)
    assert "=1+1" in [text for cell in cells for text in cell.itertext()]
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(got["pdf"].data)).pages)
    assert "What the columns mean" in text and "Όνομα b" in text
    graphs = f"{HERE}/consultations{office.path}/results/graphs"
    for language, word in (("el", "Υπέρ"), ("bg", "За"), ("lt", "Už"), ("en", "For")):
        drawn = client.get(f"{graphs}/svg?of=trees&language={language}")
        root = ElementTree.fromstring(drawn.data)
        title, description = root[0], root[1]
        assert (title.text, root.attrib["role"], root.attrib["lang"]) == ("=1+1", "img", language)
        assert (description.text or "").startswith(f"{word}: 6 (")
    drawn = client.get(f"{graphs}/png?of=name&language=bg", headers={"Accept-Language": "el"})
    with Image.open(io.BytesIO(drawn.data)) as picture:
        assert picture.size[0] == 1800 and "Όνομα b: 21 (избрано)" in str(picture.text["Description"])  # type: ignore[attr-defined]
    match = {"If-None-Match": drawn.headers["ETag"]}
    assert client.get(f"{graphs}/png?of=name&language=bg", headers=match).status_code == 304
    few = ElementTree.fromstring(client.get(f"{graphs}/svg?of=district", headers={"Accept-Language": "en"}).data)
    assert few[1].text == "This is not known of those who took part."
    for of in ("nothing", TALKED_ABOUT["key"]):
        assert client.get(f"{graphs}/svg?of={of}").status_code == 404


def test_what_became_of_a_result_stays_and_is_corrected_only_by_more(
    client: FlaskClient, here: Municipality, next_door: Municipality, office: Office
) -> None:
    office.begin(questions=[STANCE]).fix()
    path = f"{office.path}/outcomes"
    said: dict[str, Any] = {"said_on": "2026-12-15", "title": {"en": "Planted"}, "text": {"el": "Φυτεύτηκαν"}}
    said["links"] = [{"kind": "consultation", "id": office.path[1:]}]
    assert office.ask("POST", path, json=said).json["code"] == "results_not_yet"
    assert close_now(office)
    lost = said | {"links": [{"kind": "plan", "id": "nowhere"}]}
    assert office.ask("POST", path, json=lost).json["code"] == "link_not_found"
    first = office.ask("POST", path, json=said)
    assert first.status_code == 201, first.json
    later = said | {"title": {"en": "Planted twice"}, "corrects": first.json["id"]}
    second = office.ask("POST", path, json=later)
    assert second.json["corrects"] == first.json["id"]
    again = office.ask("POST", path, json=said | {"corrects": first.json["id"]})
    assert (again.status_code, again.json["by"]) == (409, second.json["id"])
    assert office.ask("POST", path, json=said | {"corrects": office.path[1:]}).status_code == 404
    public = f"{HERE}/consultations{path}"
    page = client.get(public, headers={"Accept-Language": "en"})
    assert [each["title"] for each in page.json["outcomes"]] == ["Planted twice", "Planted"]
    assert page.json["outcomes"][1]["corrected_by"] == second.json["id"]
    assert page.json["outcomes"][0]["links"][0]["address"] == f"{HERE}/consultations{office.path}"
    assert (
        client.get(public, headers={"If-None-Match": page.headers["ETag"], "Accept-Language": "en"}).status_code == 304
    )
    rest = client.get(public, query_string={"limit": 1}).json["next"]
    assert len(client.get(public, query_string={"after": rest}).json["outcomes"]) == 1
    found, asked = session.scalars(select(Consultation).where(Consultation.uid == office.uid)).one(), []
    links = {"consultation": Linked(lambda _, uid: not asked.append(uid), lambda _, uid: uid)}
    assert len(outcomes_out(here, links, outcomes_after(found, None, 9), "en")) == 2 and len(asked) == 1
    session.rollback()
    assert client.get(public, query_string={"limit": 21}).status_code == 422
    third = office.ask("POST", path, json=later | {"corrects": second.json["id"], "blanks": True})
    page = client.get(public, headers={"Accept-Language": "en"})
    assert [each["title"] for each in page.json["outcomes"]] == ["Planted twice", "", ""], "out of both, for good"
    assert [each["text"] + "".join(each["links"]) for each in page.json["outcomes"][1:]] == ["", ""]
    (facts,) = session.scalars(select(AuditEntry.facts).order_by(AuditEntry.id.desc()).limit(1))
    assert facts["blanked"] == [second.json["id"], first.json["id"]] and facts["outcome"] == third.json["id"]
    session.rollback()
    neighbour = scene.office(client, next_door, "nell")
    answer = client.post(f"{HERE}/staff/consultations{path}", json=said, headers=neighbour.who.headers)
    assert answer.status_code in (401, 403, 404)
    assert neighbour.ask("POST", path, json=said | {"links": []}).status_code == 404
