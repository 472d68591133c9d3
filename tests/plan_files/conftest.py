"""A plan without any element, and who keeps it."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.db import session, transaction
from service.housekeeping import HANDLERS
from service.jobs.working import work_one
from service.municipalities.directory import Municipality
from service.plans import exporting, uploading
from service.plans.applying import apply, propose
from service.plans.document import Plan
from tests.factories.people import Person, make_staff
from tests.plan_files.books import EMPTY


def keep(here: Municipality, plan: Plan) -> None:
    """Make the plan the draft of `here`."""
    proposal = propose(here, plan)
    with transaction():
        apply(here, proposal)


def do_jobs(kind: str) -> None:
    session.rollback()
    while work_one({kind: HANDLERS[kind]}, "worker-1"):
        session.rollback()


class Keeper:
    """Calls about one plan of `here`."""

    def __init__(self, client: FlaskClient, here: Municipality, person: Person, plan: str) -> None:
        self.client, self.person = client, person
        self.base = f"/api/v1/{here.slug}/staff/plans/{plan}"
        self.public = f"/api/v1/{here.slug}/plans/{plan}"

    def call(self, method: str, path: str, expected: int = 200, **options: Any) -> Any:
        headers = options.pop("headers", {}) | self.person.headers
        answer = self.client.open(path, method=method, headers=headers, **options)
        assert answer.status_code == expected, answer.text
        return answer

    def send(self, path: Any, expected: int = 202, name: str | None = None, **asked: Any) -> Any:
        """Upload a file; the answer."""
        with path.open("rb") as file:
            data = {"file": (file, name or path.name)} | asked
            return self.call("POST", f"{self.base}/uploads", expected, data=data).json

    def read(self, path: Any, **asked: Any) -> Any:
        """Upload a file and let a worker read it; what became of it."""
        sent = self.send(path, **asked)
        assert sent["state"] == "waiting"
        do_jobs("read_plan_file")
        return self.call("GET", f"{self.base}/uploads/{sent['id']}").json

    def take_over(self, upload: Any, expected: int = 201) -> Any:
        address = f"{self.base}/uploads/{upload['id']}/draft"
        return self.call("POST", address, expected, json={"reason": "New sheet"}).json

    def fetch(self, form: str, expected: int = 200, **query: Any) -> Any:
        return self.call("GET", f"{self.base}/files/{form}", expected, query_string=query)


@pytest.fixture
def keeper(app: Flask, client: FlaskClient, here: Municipality) -> Iterator[Keeper]:
    """Petra, who keeps the plan `operational`, which is empty; no file is left from her."""
    keep(here, EMPTY)
    person = make_staff(here, "petra", [("consultation_manager", None)])
    yield Keeper(client, here, person, EMPTY.key)
    store = app.config["STORE"]
    for folder in (uploading.FOLDER, exporting.FOLDER):
        for key, _, _ in list(store.keys_with_age(folder)):
            store.delete(key)
