"""The part of CQL2-text that is understood, on features in memory and over HTTP; the rest is refused in bounded time."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest
import shapely
from flask.testing import FlaskClient

from service.municipalities.directory import Municipality
from service.ogc.filtering import LONGEST, test_of
from service.ogc.items import LEAST_LOOKED_AT, MOST_LOOKED_AT, Item, most_looked_at
from service.ogc.refusing import QueryNotValid
from service.ogc.systems import CRS84
from tests.factories.people import Person
from tests.factories.reports import make_report
from tests.ogc.scene import EPSG, get, keys

test_of.__test__ = False  # type: ignore[attr-defined]  # no test, though it is called so

ROW: dict[str, Any] = {
    "name": "Κεντρική Πλατεία",
    "code": "A_1%",
    "height": 4.5,
    "lamps": 2,
    "lit": True,
    "gone": None,
    "at": datetime(2026, 3, 1, 12, tzinfo=UTC),
    "day": "2026-03-01",
    "a b": 1,
}
LAMP = Item("lamp", ROW, shapely.Point(21.72, 40.25), "lamp")
NAMES = dict.fromkeys([*ROW, "geometry"])


def passes(text: str, system: str = CRS84) -> bool:
    return test_of(text, system, NAMES)(LAMP)


TRUE = [
    "name = 'Κεντρική Πλατεία'",
    "name <> 'other'",
    "height > 4 AND height < 5",
    "height >= 4.5 and height <= 4.5",
    "lamps = 2.0",
    "lit = TRUE",
    "true",
    "NOT lit = false",
    "gone IS NULL",
    "name IS NOT NULL",
    "lamps IN (1, 2, 3)",
    "name NOT IN ('a', 'b')",
    "height BETWEEN 4 AND 5",
    "height NOT BETWEEN 5 AND 6",
    "name LIKE 'Κεντρική%'",
    "name LIKE '%Πλατεία'",
    "name LIKE '%τρική _λατ%'",
    "code LIKE 'A\\_1\\%'",
    "name NOT LIKE 'Κεντρική'",
    "CASEI(name) = CASEI('ΚΕΝΤΡΙΚΉ ΠΛΑΤΕΊΑ')",
    "CASEI(name) LIKE casei('κεντρ%')",
    '"a b" = 1',
    "lamps < height",
    "lamps + 1 = 3 AND lamps - 1 = 1 AND lamps * 2 = 4 AND lamps / 2 = 1",
    "lamps ^ 2 = 4 AND lamps % 2 = 0 AND height DIV 2 = 2",
    "at > TIMESTAMP('2026-03-01T11:59:59Z')",
    "at = TIMESTAMP('2026-03-01T14:00:00+02:00')",
    "at > DATE('2026-03-01')",
    "day = DATE('2026-03-01')",
    "S_INTERSECTS(geometry, BBOX(21.7, 40.2, 21.8, 40.3))",
    "S_WITHIN(geometry, POLYGON((21.7 40.2, 21.8 40.2, 21.8 40.3, 21.7 40.3, 21.7 40.2)))",
    "S_CONTAINS(POLYGON((21.7 40.2, 21.8 40.2, 21.8 40.3, 21.7 40.3, 21.7 40.2)), geometry)",
    "S_DISJOINT(geometry, POINT(1 2))",
    "S_EQUALS(geometry, POINT(21.72 40.25))",
    "lamps = 1 OR lamps = 2 AND lit = true",
    "(lamps = 1 OR lamps = 2) AND lit = true",
]
FALSE = [
    "name = 'κεντρική πλατεία'",
    "gone = 1",
    "NOT gone = 1",
    "gone <> 1",
    "lamps = '2'",
    "lit = 1",
    "lamps = 1 OR gone = 2",
    "name LIKE 'Πλατεία%'",
    "name LIKE '_'",
    "height LIKE '4%'",
    "lamps IN (7)",
    "name + 1 = 2",
    "lamps / 0 = 1 OR lamps % 0 = 1 OR lamps DIV 0 = 1",
    "lamps ^ 9999 > 1",
    "(0 - lamps) ^ 0.5 = 1",
    "name > DATE('2026-01-01')",
    "S_INTERSECTS(geometry, BBOX(1, 2, 3, 4))",
    "S_TOUCHES(geometry, POINT(21.72 40.25))",
]
REFUSED = [
    "",
    "name",
    "name =",
    "name = 'a' AND",
    "'a'",
    "colour = 'red'",
    "geometry = 1",
    "lamps + = 3",
    "lamps + 1",
    "sqrt(lamps) = 2",
    "name LIKE name",
    "name LIKE 5",
    "S_INTERSECTS(geometry)",
    "S_INTERSECTS(geometry, geometry)",
    "S_INTERSECTS(POINT(1 2), POINT(1 2))",
    "S_INTERSECTS(geometry, name)",
    "S_INTERSECTS(geometry, POLYGON((0 0, 1 1)))",
    "S_INTERSECTS(geometry, POLYGON((0 0, 1 1, 1 0, 0 1, 0 0)))",
    "S_INTERSECTS(geometry, BBOX(1, 2, 3))",
    "S_DWITHIN(geometry, POINT(1 2), 5)",
    "T_AFTER(at, DATE('2026-01-01'))",
    "A_EQUALS(name, ('a'))",
    "at > TIMESTAMP('yesterday')",
    "like(name)",
    "not()",
    "between(name)",
    "casei() = 'a'",
    "name = NULL",
    "name = 'a'; DROP TABLE features",
]


@pytest.mark.parametrize("text", TRUE)
def test_what_is_true_passes(text: str) -> None:
    assert passes(text)


@pytest.mark.parametrize("text", FALSE)
def test_what_is_false_or_cannot_be_said_does_not(text: str) -> None:
    assert not passes(text)


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(QueryNotValid) as refusal:
        passes(text)
    assert refusal.value.details["parameter"] == "filter"


AS_QGIS_WRITES = [
    "(name LIKE '%Πλατεία')",
    "(CASEI(name) LIKE CASEI('κεντρ%'))",
    "(NOT (lit = FALSE))",
    "((lamps >= 2) AND (height < 5))",
    "(lamps > ( - (5)))",
    "((lamps * 2) = 4)",
    "(gone IS NULL)",
    "(at >= TIMESTAMP('2026-03-01T00:00:00.000Z'))",
    "(day <> DATE('2026-03-02'))",
    "lamps IN (2,3)",
    '("a b" = 1)',
    "S_INTERSECTS(geometry,BBOX(21.7,40.2,21.8,40.3))",
    "S_INTERSECTS(geometry,POINT(21.72 40.25))",
    "(" * 50 + "lamps = 2)" + " AND lit = TRUE)" * 49,
]


@pytest.mark.parametrize("text", AS_QGIS_WRITES)
def test_what_qgis_makes_of_its_expressions_is_understood(text: str) -> None:
    assert passes(text)


def test_geometries_are_in_the_system_that_is_named() -> None:
    assert passes("S_INTERSECTS(geometry, BBOX(40.2, 21.7, 40.3, 21.8))", f"{EPSG}4326")
    assert passes("S_INTERSECTS(geometry, POLYGON((40 21, 40 22, 41 22, 41 21, 40 21)))", f"{EPSG}4326")
    assert not passes("S_INTERSECTS(geometry, BBOX(21.7, 40.2, 21.8, 40.3))", f"{EPSG}4326")


DEEP = [
    "(" * 1900 + "lamps = 1" + ")" * 1900,
    "NOT " * 900 + "lamps = 1",
    "lamps = " + "-" * 3900 + "1",
    "lamps = " + "1+" * 1900 + "1",
    "lamps = " + "1 - " * 900 + "1",
    "lamps = " + "f(" * 1900 + "1" + ")" * 1900,
    "lamps = " + "2^" * 1900 + "1",
    "name = '" + "x" * LONGEST,
    "(" * 4000,
]


@pytest.mark.parametrize("text", DEEP, ids=lambda text: text[:12])
def test_what_is_deep_or_long_is_refused_before_it_is_read(text: str) -> None:
    with pytest.raises(QueryNotValid):
        passes(text)


def test_a_long_filter_of_many_conditions_is_read() -> None:
    assert passes(" OR ".join(f"lamps = {n}" for n in range(200)))


def test_no_pattern_takes_long() -> None:
    row = Item("long", {"name": "a" * 20_000}, None, "long")
    began = time.process_time()
    assert not test_of(f"name LIKE '{'%a' * 200}%b'", CRS84, NAMES)(row)
    assert not test_of(f"name LIKE '{'_%' * 200}b'", CRS84, NAMES)(row)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("collection", ["lamp-posts", "lamp-posts:draft"])
def test_a_page_holds_what_passes(client: FlaskClient, here: Municipality, kate: Person, collection: str) -> None:
    path = f"/collections/{collection}/items"
    text = "crew = 'lighting' AND S_INTERSECTS(geometry, BBOX(21.7, 40.2, 21.7196, 40.3))"
    assert keys(get(client, path, kate, filter=text)) == ["L1", "L2"]
    assert keys(get(client, path, kate, filter=text, bbox="21.7193,40.2,21.8,40.3", crew="lighting")) == ["L2"]
    answer = get(client, path, kate, filter="colour = 'red'")
    assert (answer.status_code, answer.json["reason"]) == (400, "no_such_property: colour")


def test_a_filter_finds_reports(client: FlaskClient, here: Municipality) -> None:
    report = make_report(here)
    path = "/collections/reports/items"
    assert keys(get(client, path, filter="category = 'dark-lamp' AND created_at > DATE('2020-01-01')")) == [
        str(report.uid)
    ]
    assert keys(get(client, path, filter="state = 'closed'")) == []


def test_a_page_that_looked_at_enough_says_where_it_goes_on(
    client: FlaskClient, here: Municipality, kate: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.ogc.items.MOST_LOOKED_AT", 4)
    found, pages, after = [], 0, {}
    while after is not None:
        answer = get(client, "/collections/lamp-posts:draft/items", kate, filter="crew = 'nobody'", **after)
        found, pages = found + keys(answer), pages + 1
        following = [link["href"] for link in answer.json["links"] if link["rel"] == "next"]
        after = {"after": following[0].rpartition("after=")[2]} if following else None
    assert (found, pages) == (["L0"], 3)


def test_a_long_filter_is_held_against_few_features() -> None:
    assert [most_looked_at(length) for length in (0, 100, 1000, LONGEST)] == [MOST_LOOKED_AT, MOST_LOOKED_AT, 1000, 250]
    assert most_looked_at(10**9) == LEAST_LOOKED_AT
