"""Two who keep the map change the routing rules at the same moment."""

import time
from functools import partial

import pytest

from service.db.generations import PATIENCE
from service.municipalities.directory import Municipality
from tests.factories.people import make_staff
from tests.races.at_once import at_once, call, outcomes, send

pytestmark = pytest.mark.slow

RULE = {"relation": "in", "layer": "boundary", "department": "roads"}
MANY = 8


def test_of_many_who_change_the_rules_at_once_one_gets_through(two_urls: list[str], here: Municipality) -> None:
    mary = make_staff(here, "mary", [("map_keeper", None)])
    for _ in range(3):
        version = call(two_urls[0], "GET", "/staff/routing-rules", mary).json()["version"]
        adding = partial(call, method="POST", path="/staff/routing-rules", who=mary)
        moving = partial(call, method="POST", path="/staff/routing-rules/1/move", who=mary)
        answers = at_once(
            [
                partial(adding, two_urls[n % 2], json=RULE | {"position": 1, "version": version})
                if n % 4 < 2
                else partial(moving, two_urls[n % 2], json={"to": 3, "version": version})
                for n in range(MANY)
            ]
        )
        refused = (409, "routing_rules_changed")
        assert outcomes(answers).count(refused) == MANY - 1
        table = call(two_urls[1], "GET", "/staff/routing-rules", mary).json()
        assert table["version"] == version + 1
        assert [rule["position"] for rule in table["rules"]] == list(range(1, len(table["rules"]) + 1))


def test_every_server_routes_by_a_new_rule_within_two_seconds(two_urls: list[str], here: Municipality) -> None:
    mary = make_staff(here, "mary", [("map_keeper", None)])
    version = call(two_urls[0], "GET", "/staff/routing-rules", mary).json()["version"]
    body = RULE | {"position": 1, "version": version}
    assert call(two_urls[0], "POST", "/staff/routing-rules", mary, json=body).status_code == 201
    time.sleep(2 * PATIENCE)
    for url in two_urls:
        send(url)  # the first look after so long may be answered while the new table is being read
    assert [send(url).json()["department"] for url in two_urls] == ["roads", "roads"]
