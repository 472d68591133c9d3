"""Small plans to test with, and the calls that change them."""

from pathlib import Path
from typing import Any

import orjson
from flask.testing import FlaskClient

from service.db import transaction
from service.municipalities.directory import Municipality
from service.plans.applying import apply, propose
from service.plans.document import Plan
from service.plans.freezing import freeze, publish, seal
from service.plans.models import PlanVersion
from service.plans.reading_json import from_json
from tests.factories.people import Person

STAFF = "/api/v1/here/staff/plans"
OPEN = "/api/v1/here/plans"
SAMPLES = Path(__file__).parent.parent.parent / "service" / "samples" / "plans"


def action(key: str, title: str, **said: Any) -> dict[str, Any]:
    money = said.pop("money", [])
    return {
        "key": key,
        "number": key,
        "level": "action",
        "title": {"el": title},
        "action": {"responsible": ["works"]} | said,
        "money": money,
    }


def a_plan(**more: Any) -> dict[str, Any]:
    """Two axes with two actions each."""
    euros = [{"role": "budgeted", "amount_minor": 5_000_000, "currency": "EUR"}]
    place = {"type": "Point", "coordinates": [21.72, 40.25]}
    years = {"start": {"value": "2024-01"}, "end": {"value": "2025-06"}}
    return {
        "key": "op",
        "kind": "operational",
        "title": {"el": "Επιχειρησιακό Πρόγραμμα", "en": "Operational programme"},
        "source_language": "el",
        "levels": [
            {"key": "axis", "name": {"el": "Άξονας"}},
            {"key": "action", "name": {"el": "Δράση"}, "leaf": True},
        ],
        "bodies": [
            {"key": "council", "kind": "council", "name": {"el": "Δημοτικό Συμβούλιο"}},
            {"key": "works", "kind": "department", "name": {"el": "Τεχνική Υπηρεσία"}},
        ],
        "elements": [
            {
                "key": "1",
                "number": "1",
                "level": "axis",
                "title": {"el": "Περιβάλλον"},
                "children": [
                    action("1.1", "Ανάπλαση πλατείας", status="planned", geometry=place, when=years, money=euros),
                    action("1.2", "Φωτισμός LED", status="planned", weight="3"),
                ],
            },
            {
                "key": "2",
                "number": "2",
                "level": "axis",
                "title": {"el": "Οικονομία"},
                "children": [action("2.1", "Κέντρο νεότητας"), action("2.2", "Αγορά", status="cancelled")],
            },
        ],
    } | more


def sample(name: str) -> dict[str, Any]:
    """A plan of the municipalities' own papers."""
    found: dict[str, Any] = orjson.loads((SAMPLES / f"{name}.json").read_bytes())
    return dict(found.get("plan", found))


def keep(here: Municipality, document: Plan | dict[str, Any]) -> PlanVersion:
    """Make a document a draft."""
    found = document if isinstance(document, Plan) else from_json(document)
    proposal = propose(here, found)
    with transaction():
        return apply(here, proposal)


def put_in_force(here: Municipality, document: Plan | dict[str, Any]) -> str:
    """Make a document the version in force; its hash."""
    key = keep(here, document) and (document.key if isinstance(document, Plan) else document["key"])
    sealed = seal(here, key)
    with transaction():
        freeze(here, key, sealed, None)
    with transaction():
        publish(here, key, sealed.hash)
    return sealed.hash


def call(client: FlaskClient, who: Person, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    """A call of staff that ends with this status."""
    answer = client.open(f"{STAFF}{path}", method=method, json=body, headers=who.headers)
    assert answer.status_code == status, (method, path, answer.status_code, answer.text)
    return answer.json if answer.data else None


def see(client: FlaskClient, path: str, status: int = 200) -> Any:
    """What everybody sees."""
    answer = client.get(f"{OPEN}{path}")
    assert answer.status_code == status, (path, answer.status_code, answer.text)
    return answer.json


def approve(client: FlaskClient, who: Person, plan: str, report: str, body: dict[str, Any], status: int = 204) -> Any:
    """Approve a report as it stands there now."""
    seen = call(client, who, "GET", f"/{plan}")["revision"]
    return call(client, who, "POST", f"/{plan}/progress/{report}/approve", {"revision": seen} | body, status)
