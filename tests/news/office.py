"""The communications office of `here`, and calls as its people and as readers."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.db import session
from service.db.clock import now
from service.jobs.working import work_one
from service.municipalities.directory import Municipality
from service.worker import JOBS
from tests.factories.people import Person, make_staff

NEWS = "/api/v1/here/news"
STAFF = "/api/v1/here/staff/news"
WRITTEN: dict[str, Any] = {
    "main_language": "el",
    "title": {"el": "Νέοι δρόμοι στην Κοζάνη", "en": "New roads in Kozani"},
    "summary": {"el": "Τα έργα αρχίζουν.", "en": "Works begin."},
    "body": {"el": "Οι **εργασίες** αρχίζουν τη Δευτέρα.", "en": "The *works* begin on Monday."},
}


def written(**changes: Any) -> dict[str, Any]:
    return WRITTEN | changes


def in_days(days: float) -> str:
    return (now() + timedelta(days=days)).isoformat()


def local_in(days: int, clock: str = "18:00") -> str:
    return f"{(now() + timedelta(days=days)).date().isoformat()}T{clock}"


def event(**facts: Any) -> dict[str, Any]:
    """An event next week with places to sign up for."""
    usual = {
        "starts": local_in(7),
        "ends": local_in(7, "20:00"),
        "place": {"name": {"el": "Πάρκο", "en": "Park"}, "lon": 21.75, "lat": 40.25},
        "sign_up": True,
    }
    return written(kind="event", facts=usual | facts)


class Office:
    """An editor, who writes, and a publisher."""

    def __init__(self, client: FlaskClient, here: Municipality) -> None:
        self.client = client
        self.editor = make_staff(here, "ellie", [("communications_editor", None)])
        self.publisher = make_staff(here, "pavlos", [("communications_publisher", None)])

    def call(self, who: Person, method: str, path: str, status: int = 200, **options: Any) -> Any:
        answer = self.client.open(f"{STAFF}{path}", method=method, headers=who.headers, **options)
        assert answer.status_code == status, answer.text
        return answer.json if answer.data else None

    def write(self, body: Mapping[str, Any], status: int = 201) -> Any:
        return self.call(self.editor, "POST", "", status, json={"kind": "news"} | dict(body))

    def revise(self, article: str, seen: int, body: Mapping[str, Any], status: int = 200) -> Any:
        sent = {name: value for name, value in body.items() if name != "kind"} | {"seen": seen}
        return self.call(self.editor, "PUT", f"/{article}", status, json=sent)

    def submit(self, article: str, seen: int = 1, status: int = 200) -> Any:
        return self.call(self.editor, "POST", f"/{article}/submissions", status, json={"seen": seen})

    def move(
        self, article: str, action: str, seen: int = 1, status: int = 200, who: Person | None = None, **more: Any
    ) -> Any:
        body = {"action": action, "seen": seen} | more
        return self.call(who or self.publisher, "POST", f"/{article}/moves", status, json=body)

    def publish(self, body: Mapping[str, Any]) -> str:
        """The id of an article that readers see."""
        made: str = self.write(body)["id"]
        self.move(made, "publish")
        return made

    def show(self, article: str, **query: Any) -> Any:
        return self.call(self.editor, "GET", f"/{article}", query_string=query)


def read(client: FlaskClient, path: str = "", language: str = "en", status: int = 200, **query: Any) -> TestResponse:
    """What a reader gets."""
    answer = client.get(f"{NEWS}{path}", query_string=query, headers={"Accept-Language": language})
    assert answer.status_code == status, answer.text
    return answer


def titles(client: FlaskClient, **query: Any) -> list[str]:
    return [article["title"] for article in read(client, **query).json["articles"]]


def work_all() -> int:
    """Do every job of the news that is due; how many."""
    session.rollback()
    kinds = ("publish_article", "expire_article", "fetch_news", "forget_sign_ups")
    done = 0
    while work_one({kind: JOBS[kind] for kind in kinds}, uuid.uuid4().hex):
        done += 1
    return done


def facts_on(page: Any) -> dict[str, list[str]]:
    """The list of a page: what stands beside each label, a line each."""
    found: dict[str, list[str]] = {}
    for part in page.xpath("//dl/*"):
        if part.tag == "dt":
            lines = found.setdefault(part.text_content(), [])
        else:
            lines.append(part.text_content())
    return found
