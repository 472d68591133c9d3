"""A consultation in which people may write, and what they do in it, through the routes."""

import uuid
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from service.consultation.conversation.models import Contribution
from service.db import session
from service.municipalities.directory import Municipality
from tests.consultation import scene as votes
from tests.consultation.scene import Office, phase
from tests.factories.people import Person

HERE = "/api/v1/here"
COMMENTING = phase("comment", -3600, 3600)


@dataclass
class Talk:
    """A consultation by its address."""

    client: FlaskClient
    office: Office

    @property
    def path(self) -> str:
        return f"{HERE}/consultations{self.office.path}"

    @property
    def staff_path(self) -> str:
        return f"{HERE}/staff/consultations{self.office.path}"

    def ask(self, method: str, path: str, who: Person | None = None, status: int = 200, **options: Any) -> Any:
        headers = (who.headers if who else {}) | {"Accept-Language": "en"} | options.pop("headers", {})
        answer = self.client.open(path, method=method, headers=headers, **options)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.get_json(silent=True)

    def say(self, who: Person, text: str = "Shade first", status: int = 201, **more: Any) -> Any:
        body = {"text": text, "language": "en"} | more
        return self.ask("POST", f"{self.path}/contributions", who, status, json=body)

    def vote(self, who: Person, contribution: str, vote: str | None, status: int = 200) -> Any:
        return self.ask("PUT", f"{HERE}/contributions/{contribution}/vote", who, status, json={"vote": vote})

    def read(self, who: Person | None = None, **query: Any) -> Any:
        return self.ask("GET", f"{self.path}/contributions", who, query_string=query)

    def see(self, contribution: str, who: Person | None = None, status: int = 200) -> Any:
        return self.ask("GET", f"{HERE}/contributions/{contribution}", who, status)

    def answer(self, contributions: list[str], status: int = 201, **more: Any) -> Any:
        body = {
            "contributions": contributions,
            "disposition": "accepted",
            "reason": {"en": "We do."},
            "body": "Council",
        }
        return self.ask("POST", f"{self.staff_path}/answers", self.office.who, status, json=body | more)

    def put_text(self, text: str, status: int = 200, **more: Any) -> Any:
        body = {"kind": "article", "target": "3", "title": {"en": "Article 3"}, "text": text} | more
        return self.ask("PUT", f"{self.staff_path}/text", self.office.who, status, json=body)


def talk(client: FlaskClient, here: Municipality, **changed: Any) -> Talk:
    """A consultation that is fixed, in which people may write now."""
    phases = [COMMENTING, phase("vote", -3600, 86400)]
    office = votes.office(client, here).begin(**{"phases": phases, "eligibility": "anyone"} | changed)
    return Talk(client, office.fix())


def row_of(uid: str) -> Contribution:
    session.rollback()
    return session.scalars(select(Contribution).where(Contribution.uid == uuid.UUID(uid))).one()
