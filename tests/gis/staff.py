"""Who keeps the map, and calls to their routes."""

from typing import Any

from flask.testing import FlaskClient

from service.municipalities.directory import Municipality
from tests.factories.people import Person

BASE = "/api/v1/{slug}/staff/layers"


class Keeper:
    """Calls as somebody who keeps the map of `here`."""

    def __init__(self, client: FlaskClient, here: Municipality, person: Person) -> None:
        self.client, self.person, self.base = client, person, BASE.format(slug=here.slug)

    def call(self, method: str, path: str, expected: int = 200, **options: Any) -> Any:
        """The JSON of the answer, which must have the expected status."""
        answer = self.client.open(f"{self.base}{path}", method=method, headers=self.person.headers, **options)
        assert answer.status_code == expected, answer.text
        return answer.json if answer.data else None

    def get(self, path: str, expected: int = 200, **options: Any) -> Any:
        return self.call("GET", path, expected, **options)

    def post(self, path: str, body: Any, expected: int = 201) -> Any:
        return self.call("POST", path, expected, json=body)
