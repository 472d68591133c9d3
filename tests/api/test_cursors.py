"""Places in lists that this service never gave: refused on both databases, never a fault of ours."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from service.http import LARGEST_KEY, cursor
from service.municipalities.directory import Municipality
from tests.factories.people import Person
from tests.factories.reports import make_report

BEYOND = (LARGEST_KEY + 1, 2**62, 2**63, 2**64 - 1, -1)
PROMISED = "2026-11-21T09:30:00+00:00"
LISTS: tuple[tuple[str, dict[str, str], tuple[Any, ...]], ...] = (
    ("reports", {}, ()),
    ("reports", {"near": "21.72,40.25"}, (1.5,)),
    ("my/reports", {}, ()),
    ("inbox", {}, ()),
    ("staff/reports", {}, ()),
    ("staff/reports", {"order": "due"}, (PROMISED,)),
)


@pytest.mark.parametrize(("path", "query", "before"), LISTS)
def test_a_place_beyond_every_key_is_refused_and_the_last_key_is_not(
    client: FlaskClient,
    here: Municipality,
    alice: Person,
    bob: Person,
    path: str,
    query: dict[str, str],
    before: tuple[Any, ...],
) -> None:
    make_report(here, alice)
    who = bob if path.startswith("staff") else alice

    def page(key: int) -> Any:
        asked = query | {"after": cursor(*before, key)}
        return client.get(f"/api/v1/here/{path}", query_string=asked, headers=who.headers)

    for key in BEYOND:
        answer = page(key)
        assert (answer.status_code, answer.json["code"]) == (422, "cursor_not_valid"), key
    assert [page(key).status_code for key in (0, LARGEST_KEY)] == [200, 200]
