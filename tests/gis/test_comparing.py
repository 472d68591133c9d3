"""Before a draft is published: which features it adds, removes and changes, and what ground it leaves or takes."""

import random
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import shapely
from flask.testing import FlaskClient
from pyproj import Geod
from sqlalchemy import update

from service.db import session, transaction
from service.db.clock import now
from service.gis import comparisons, measuring
from service.gis.comparing import changes, ground
from service.gis.comparisons import COMPARE_GROUND
from service.gis.drafting import draft_of_file, layer_named
from service.housekeeping import HANDLERS
from service.jobs.models import Job
from service.jobs.working import work_one
from service.municipalities.directory import Municipality
from tests.factories.municipalities import imported
from tests.factories.people import Person
from tests.gis.staff import Keeper

WEST, EAST = shapely.box(21.70, 40.20, 21.75, 40.30), shapely.box(21.75, 40.20, 21.80, 40.30)


def square_metres(shape: Any) -> float:
    return float(measuring.square_metres(np.array([shape]))[0])


def draft(here: Municipality, *features: Any, key: str = "lighting") -> int:
    with transaction():
        return draft_of_file(layer_named(here, key), imported(*features)).number


def path(number: int, what: str) -> str:
    return f"/lighting/versions/{number}/{what}"


def test_changes_are_told_by_key(keeper: Keeper, here: Municipality) -> None:
    c = ("c", {"crew": 3, "x": None}, WEST)
    one = draft(here, ("a", {"crew": 1}, WEST), ("b", {"crew": 1}, EAST), c, ("d", {"x": None}, WEST))
    turned = shapely.Polygon([*WEST.exterior.coords[2:], *WEST.exterior.coords[1:3]])
    other = draft(here, ("a", {"crew": 2}, WEST), ("b", {"crew": 1}, WEST), ("d", {}, turned), ("e", {"crew": 4}, EAST))
    found = keeper.get(path(other, "changes"), query_string={"against": one})
    assert found["against"] == one
    assert found["counts"] == {
        "added": 1,
        "removed": 1,
        "changed": 2,
        "geometry_changed": 1,
        "attributes_changed": 1,
        "unchanged": 1,
    }
    a, b, c, e = found["features"]
    assert [line["id"] for line in (a, b, c, e)] == ["a", "b", "c", "e"]
    assert a["properties"] == {
        "change": "changed",
        "geometry_before": None,
        "attributes": {"crew": {"before": 1, "after": 2}},
    }
    assert b["properties"]["attributes"] == {}
    assert shapely.geometry.shape(b["geometry"]).equals(WEST)
    assert shapely.geometry.shape(b["properties"]["geometry_before"]).equals(EAST)
    assert (c["properties"]["change"], e["properties"]["change"]) == ("removed", "added")
    assert shapely.geometry.shape(c["geometry"]).equals(WEST)
    assert c["properties"]["attributes"] == {"crew": {"before": 3, "after": None}}
    assert e["properties"]["attributes"] == {"crew": {"before": None, "after": 4}}


def test_against_nothing_said_it_is_the_version_in_force(keeper: Keeper, here: Municipality) -> None:
    number = keeper.post("/lighting/versions", {"based_on": 1})["number"]
    found = keeper.get(path(number, "changes"))
    assert (found["against"], found["features"], found["counts"]["unchanged"]) == (1, [], 1)
    keeper.post("", {"key": "new", "name": {"en": "New"}, "kind": "area"})
    first = draft(here, ("a", {}, WEST), key="new")
    found = keeper.get(f"/new/versions/{first}/changes")
    assert (found["against"], found["counts"]["added"]) == (None, 1)
    assert keeper.get(f"/new/versions/{first}/ground")["against"] is None
    keeper.get(path(number, "changes"), 404, query_string={"against": 77})
    keeper.get(path(77, "changes"), 404)
    keeper.get(path(77, "ground"), 404)


def test_changes_come_in_pages_and_are_counted_whole(keeper: Keeper, here: Municipality) -> None:
    number = draft(here, *((f"k{n:03}", {}, WEST) for n in range(25)))
    seen, after = [], {}
    while True:
        page = keeper.get(path(number, "changes"), query_string={"limit": 10} | after)
        assert (page["counts"]["added"], page["counts"]["removed"]) == (25, 1)
        seen += [line["id"] for line in page["features"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == [f"k{n:03}" for n in range(25)] + ["west"]


def test_gaps_and_overlaps_are_told_with_their_areas(keeper: Keeper, here: Municipality) -> None:
    """Boundary: 21.70-21.80, 40.20-40.30. In force: its western half."""
    middle = shapely.box(21.74, 40.20, 21.77, 40.30)
    beyond = shapely.box(21.79, 40.28, 21.81, 40.30)
    number = draft(here, ("a", {}, WEST), ("b", {}, middle), ("c", {}, beyond), ("p", {}, WEST.centroid))
    found = keeper.get(path(number, "ground"))
    lines = {line["properties"]["what"]: line for line in found["features"] if line["properties"]["what"] != "gained"}
    assert lines["overlap"]["properties"]["keys"] == ["a", "b"]
    for what, expected in (
        ("overlap", shapely.box(21.74, 40.20, 21.75, 40.30)),
        ("outside", shapely.box(21.80, 40.28, 21.81, 40.30)),
        ("gap", EAST.difference(middle).difference(beyond)),
    ):
        shape = shapely.geometry.shape(lines[what]["geometry"])
        assert shape.symmetric_difference(expected).area < 1e-12, what
        assert lines[what]["properties"]["square_metres"] == pytest.approx(square_metres(expected), rel=1e-6, abs=0.1)
        assert found["totals"][what]["pieces"] == 1
    assert found["totals"]["gained"]["pieces"] == 2 and "lost" not in found["totals"]
    small = draft(here, ("a", {}, middle))
    lost = keeper.get(path(small, "ground"))["totals"]["lost"]
    assert lost["square_metres"] == pytest.approx(square_metres(WEST.difference(middle)), rel=1e-6, abs=0.1)


def test_small_pieces_are_left_out_as_asked(keeper: Keeper, here: Municipality) -> None:
    sliver = shapely.box(21.75, 40.20, 21.75 + 1e-6, 40.20 + 1e-5)  # a decimetre by a metre
    number = draft(here, ("a", {}, WEST), ("b", {}, shapely.union(EAST, sliver)), ("c", {}, sliver))
    asked = {"against": 1, "least": 0.01}
    assert "overlap" not in keeper.get(path(number, "ground"))["totals"]
    assert keeper.get(path(number, "ground"), query_string=asked)["totals"]["overlap"]["pieces"] == 1


def test_a_boundary_is_not_compared_with_itself(keeper: Keeper, here: Municipality) -> None:
    number = draft(here, ("all", {}, WEST), key="boundary")
    totals = keeper.get(f"/boundary/versions/{number}/ground")["totals"]
    assert set(totals) == {"lost"}
    assert totals["lost"]["square_metres"] == pytest.approx(square_metres(EAST), rel=1e-6, abs=0.1)


def test_square_metres_are_those_of_the_ellipsoid() -> None:
    """The area between two parallels and two meridians, by its closed form."""
    geod = Geod(ellps="WGS84")
    fine = shapely.segmentize(shapely.box(21.0, 40.0, 22.0, 41.0), 1e-4)
    expected = abs(geod.geometry_area_perimeter(fine)[0])
    assert square_metres(shapely.box(21.0, 40.0, 22.0, 41.0)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_told_adds_up(seed: int) -> None:
    """Random maps: after = before + added - removed, and covered = before + gained - lost."""
    chance = random.Random(seed)

    def some() -> list[tuple[str, dict[str, Any], Any]]:
        made = []
        for key in chance.sample(range(60), 30):
            x, y = 21.7 + chance.random() / 10, 40.2 + chance.random() / 10
            made.append((str(key), {"n": chance.randrange(2)}, shapely.box(x, y, x + 0.02, y + 0.02)))
        return made

    before, after = some(), some()
    found = changes(before, after)
    kinds = {kind: {c.key for c in found if c.change == kind} for kind in ("added", "removed", "changed")}
    assert {key for key, _, _ in before} - kinds["removed"] | kinds["added"] == {key for key, _, _ in after}
    told = ground(after, before, None, 0.0)
    sums = {what: sum(piece.square_metres for piece in told if piece.what == what) for what in ("lost", "gained")}
    covered = [square_metres(shapely.union_all([shape for _, _, shape in one])) for one in (before, after)]
    assert covered[0] + sums["gained"] - sums["lost"] == pytest.approx(covered[1], rel=1e-6)


@pytest.mark.parametrize("what", ["changes", "ground"])
def test_nobody_else_may_compare(client: FlaskClient, keeper: Keeper, bob: Person, charlie: Person, what: str) -> None:
    for person, expected in ((bob, 403), (charlie, 401)):
        answer = client.get(f"{keeper.base}/lighting/versions/1/{what}", headers=person.headers)
        assert answer.status_code == expected


@pytest.mark.parametrize("seed", range(5))
def test_overlaps_are_those_of_every_pair(seed: int) -> None:
    """Cells that fit, some moved, doubled, put into others, or touching them between their vertices."""
    chance = random.Random(seed)
    cells = {f"{x}.{y}": shapely.box(x, y, x + 1, y + 1) for x in range(8) for y in range(8)}
    for key in chance.sample(sorted(cells), 20):
        x, y = (int(part) for part in key.split("."))
        cells[key] = chance.choice(
            (
                shapely.box(x + 0.3, y + 0.3, x + 1.3, y + 1.3),
                shapely.box(x + 0.2, y + 0.2, x + 0.4, y + 0.4),
                shapely.box(x, y, x + 2, y + 1),
                shapely.box(x, y - 0.5, x + 1, y + 0.5),
                shapely.MultiPolygon([shapely.box(x, y, x + 0.4, y + 1), shapely.box(x + 0.6, y, x + 1, y + 1)]),
                shapely.GeometryCollection([shapely.box(x, y, x + 1, y + 1), shapely.Point(x, y)]),
            )
        )
    cells = {key: shapely.transform(cell, lambda at: at / 1000 + (21.7, 40.2)) for key, cell in cells.items()}
    told = ground([(key, {}, cell) for key, cell in cells.items()], [], None, 0.0)
    found = {piece.keys: piece.square_metres for piece in told if piece.what == "overlap"}
    expected = {
        (one, other): square_metres(shapely.intersection(cells[one], cells[other]))
        for one in cells
        for other in cells
        if one < other and shapely.intersection(cells[one], cells[other]).area > 0
    }
    assert expected and found == pytest.approx(expected)
    covered = sum(piece.square_metres for piece in told if piece.what == "gained")
    assert covered == pytest.approx(square_metres(shapely.union_all(list(cells.values()))))


def test_a_large_comparison_is_made_by_the_worker_and_kept(
    keeper: Keeper, here: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = draft(here, ("a", {}, WEST), ("b", {}, EAST))
    asked = path(number, "ground")
    at_once = keeper.get(asked)
    monkeypatch.setattr(comparisons, "AT_ONCE", 2)
    assert keeper.get(asked, 202) == {"state": "waiting", "done": 0.0}
    assert keeper.get(asked, 202) == {"state": "waiting", "done": 0.0}
    do_jobs(1)
    assert keeper.get(asked) == at_once and at_once["totals"]["gained"]["pieces"] == 1
    keeper.get(asked, 202, query_string={"against": 1, "least": 5})
    do_jobs(1)
    edit_by_hand(keeper)
    keeper.get(asked, 202)
    do_jobs(1)
    assert keeper.get(asked)["totals"]["outside"]["pieces"] == 1


def test_a_comparison_says_when_to_ask_again_and_is_forgotten_after_a_week(
    keeper: Keeper, here: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = draft(here, ("a", {}, WEST), ("b", {}, EAST))
    monkeypatch.setattr(comparisons, "AT_ONCE", 2)
    answer = keeper.client.get(f"{keeper.base}{path(number, 'ground')}", headers=keeper.person.headers)
    assert answer.headers["Retry-After"] == "2"
    do_jobs(1)
    with transaction():
        assert comparisons.forget_compared() == 0
        session.execute(update(Job).values(finished_at=now() - timedelta(days=8)))
        assert comparisons.forget_compared() == 1
    keeper.get(path(number, "ground"), 202)
    with transaction():
        session.execute(update(Job).values(state="failed"))
    answer = keeper.client.get(f"{keeper.base}{path(number, 'ground')}", headers=keeper.person.headers)
    assert (answer.json["state"], "Retry-After" in answer.headers) == ("failed", False)


def do_jobs(expected: int) -> None:
    done = 0
    while work_one({COMPARE_GROUND: HANDLERS[COMPARE_GROUND]}, "worker-1"):
        done += 1
    session.rollback()
    assert done == expected


def edit_by_hand(keeper: Keeper) -> None:
    """A field beyond the border is drawn into the draft."""
    field = shapely.geometry.mapping(shapely.box(21.795, 40.2, 21.81, 40.3))
    body = {"type": "Feature", "id": "field", "properties": {}, "geometry": field}
    address = "/ogc/here/collections/lighting:draft/items"
    assert keeper.client.post(address, json=body, headers=keeper.person.headers).status_code == 201
