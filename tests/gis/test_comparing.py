"""Before a draft is published: which features it adds, removes and changes, and what ground it leaves or takes."""

import random
from typing import Any

import pytest
import shapely
from flask.testing import FlaskClient
from pyproj import Geod

from service.db import transaction
from service.gis.comparing import changes, ground, square_metres
from service.gis.drafting import draft_of_file, layer_named
from service.municipalities.directory import Municipality
from tests.factories.municipalities import imported
from tests.factories.people import Person
from tests.gis.staff import Keeper

WEST, EAST = shapely.box(21.70, 40.20, 21.75, 40.30), shapely.box(21.75, 40.20, 21.80, 40.30)


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
