"""Around a point: the same as by measuring every report, page by page, however the circles are tried."""

import random
from functools import partial
from typing import Any

import pytest
from flask.testing import FlaskClient
from pyproj import Geod

from service.municipalities.directory import Municipality
from service.reports.finding import SMALLEST_CIRCLE, circles
from tests.factories.reports import make_report
from tests.reports.scene import all_pages, around

PLACE = (21.75, 40.25)
GEOD = Geod(ellps="WGS84")


def metres_to(longitude: float, latitude: float) -> float:
    return float(GEOD.inv(*PLACE, longitude, latitude)[2])


def pages(client: FlaskClient, limit: int, **query: Any) -> list[str]:
    near = f"{PLACE[0]},{PLACE[1]}"
    return all_pages(partial(around, client, near=near, limit=limit, **query), "features")


@pytest.mark.parametrize("limit", [1, 7, 50])
def test_what_is_near_is_what_measuring_all_finds(client: FlaskClient, here: Municipality, limit: int) -> None:
    dice = random.Random(limit)
    places = [PLACE] * 3  # several at the very place, told apart by who came last
    for spread in (0.0002, 0.001, 0.005, 0.01):
        places += [(PLACE[0] + dice.gauss(0, spread), PLACE[1] + dice.gauss(0, spread)) for _ in range(12)]
    places += [(PLACE[0] + 0.002, PLACE[1])] * 3
    made = []
    for number, (longitude, latitude) in enumerate(places):
        category = ("open", "dark-lamp")[number % 2]
        report = make_report(here, longitude=longitude, latitude=latitude, category=category)
        made.append((metres_to(longitude, latitude), -report.id, str(report.uid), category))
    made.sort()
    for radius in (60, 500, 2000):
        assert pages(client, limit, radius=radius) == [uid for metres, _, uid, _ in made if metres <= radius]
    wanted = [uid for metres, _, uid, key in made if metres <= 2000 and key == "open"]
    assert pages(client, limit, radius=2000, category="open") == wanted


@pytest.mark.parametrize(
    ("metres", "reached"), [(1.0, 0.0), (500.0, 0.0), (2000.0, 0.0), (2000.0, 700.0), (500.0, 500.0)]
)
def test_the_last_circle_is_what_is_asked_and_none_ends_before_what_was_reached(metres: float, reached: float) -> None:
    tried = circles(metres, reached)
    assert tried[-1] == metres and all(circle >= reached for circle in tried)
    assert tried == sorted(tried) and tried[0] < 2 * max(SMALLEST_CIRCLE, reached, metres / 2)
