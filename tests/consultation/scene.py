"""A consultation through the routes: who prepares it, phones that vote, and the end of it."""

import secrets
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import Any

from flask import current_app
from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.consultation.closing import close, make_bundle
from service.consultation.leaves import answer_tracker, ballot_tracker
from service.consultation.models import Consultation, ConsultationPhase
from service.db import session, transaction
from service.db.clock import now, seconds_from_now
from service.municipalities.directory import Municipality
from service.people.verified.knowing import NOTHING, Known
from service.people.verified.verifying import person_of, verify
from tests.factories.people import Person, make_resident, make_staff

Body = dict[str, Any]

STANCE: Body = {"key": "trees", "text": {"el": "Δέντρα", "en": "Trees"}, "kind": "stance"}
BUDGET: Body = {
    "key": "money",
    "text": {"el": "Χρήματα"},
    "kind": "budget",
    "budget": 100,
    "fits": True,
    "options": [{"key": key, "text": {"el": key}, "cost": cost} for key, cost in (("a", 60), ("b", 50), ("c", 40))],
}


def described(**changed: Any) -> Body:
    """A draft that is open from an hour ago until tomorrow."""
    return {
        "title": {"el": "Η πλατεία", "en": "The square"},
        "text": {"el": "Τι να γίνει;"},
        "secrecy": "secret",
        "eligibility": "installation",
        "questions": [STANCE, BUDGET],
        "phases": [phase("vote", -3600, 86400)],
    } | changed


def phase(kind: str, begins: float, ends: float) -> Body:
    return {
        "kind": kind,
        "opens_at": (now() + timedelta(seconds=begins)).isoformat(),
        "closes_at": (now() + timedelta(seconds=ends)).isoformat(),
    }


@dataclass
class Office:
    """Those who run a consultation."""

    client: FlaskClient
    here: Municipality
    who: Person
    path: str = ""
    version: int = 1

    def ask(self, method: str, path: str, who: Person | None = None, **options: Any) -> Any:
        headers = (who or self.who).headers | {"Accept-Language": "en"}
        return self.client.open(
            f"/api/v1/{self.here.slug}/staff/consultations{path}", method=method, headers=headers, **options
        )

    def begin(self, **changed: Any) -> "Office":
        made = self.ask("POST", "", json=described(**changed))
        assert made.status_code == 201, made.json
        self.path, self.version = f"/{made.json['id']}", made.json["version"]
        return self

    def fix(self) -> "Office":
        version = self.ask("GET", self.path).json["version"]
        fixed = self.ask("POST", f"{self.path}/fixing", json={"version": version})
        assert fixed.status_code == 200, fixed.json
        return self

    @property
    def uid(self) -> uuid.UUID:
        return uuid.UUID(self.path[1:])

    @property
    def id(self) -> int:
        return session.scalars(select(Consultation.id).where(Consultation.uid == self.uid)).one()


@dataclass
class Phone:
    """A resident who votes, and what their phone keeps."""

    client: FlaskClient
    slug: str
    who: Person | None
    questions: tuple[str, ...] = ("trees", "money")
    key: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def get(self, path: str, **options: Any) -> Any:
        headers = (self.who.headers if self.who else {}) | {"Accept-Language": "en"}
        return self.client.get(f"/api/v1/{self.slug}/consultations{path}", headers=headers, **options)

    def ballot(self, answers: Body, **more: Any) -> Body:
        trackers = {name: answer_tracker(self.key, name).hex() for name in self.questions}
        return {"answers": answers, "tracker": ballot_tracker(self.key).hex(), "trackers": trackers} | more

    def cast(self, path: str, answers: Body, **more: Any) -> Any:
        return self.send(path, self.ballot(answers, **more))

    def send(self, path: str, body: Body) -> Any:
        headers = self.who.headers if self.who else {}
        return self.client.post(f"/api/v1/{self.slug}/consultations{path}/ballots", headers=headers, json=body)

    def replace(self, path: str, sequence: int, answers: Body) -> Any:
        body = {"receipt_key": self.key.hex(), "sequence": sequence, "answers": answers}
        return self.client.post(f"/api/v1/{self.slug}/consultations{path}/ballots/replacement", json=body)


def office(client: FlaskClient, here: Municipality, name: str = "olga") -> Office:
    return Office(client, here, make_staff(here, name, [("consultation_manager", None)]))


def phone(client: FlaskClient, here: Municipality) -> Phone:
    return Phone(client, here.slug, make_resident(here))


def make_verified(here: Municipality, who: Person, number: str, known: Known = NOTHING) -> None:
    """It was shown at the desk that they live here."""
    with transaction():
        verify(here, who.account, who.account_id, person_of(here, number), "desk", None, known=known)


def tax_number(first: int) -> str:
    """An ΑΦΜ whose first eight digits are these."""
    digits = f"{first:08}"
    return digits + str(sum(int(digit) << 8 - place for place, digit in enumerate(digits)) % 11 % 10)


def end_vote(office: Office, seconds: float = 2) -> None:
    """Its end was so long ago."""
    with transaction():
        ends = select(Consultation.ends_with).where(Consultation.id == office.id).scalar_subquery()
        phases = update(ConsultationPhase).where(
            ConsultationPhase.consultation_id == office.id, ConsultationPhase.kind == ends
        )
        session.execute(
            phases.values(closes_at=seconds_from_now(-seconds)).execution_options(synchronize_session=False)
        )


def close_now(office: Office) -> bool:
    """The vote is over, and what is due then is done."""
    end_vote(office)
    return close(office.id, current_app.config["STORE"])


def bundle_of(consultation_id: int) -> bytes:
    """The bundle as it is made anew."""
    target = BytesIO()
    make_bundle(consultation_id, target)
    return target.getvalue()
