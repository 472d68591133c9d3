"""Routing against labels that nobody here made: the wards of Washington's reports, the municipalities of ELSTAT."""

import csv

import numpy as np
import pytest

from service.gis.importing import read_features
from service.reports.routing import Router, Rule
from tests.gis.maps import layer

GREECE = "boundaries/greece"


def read_layer(path, key):
    imported = read_features(path, key_attribute=key)
    features = {key: shape for key, _, shape in imported.features}
    return layer("labels", features, {key: attributes for key, attributes, _ in imported.features})


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_reports_of_washington_are_routed_to_their_ward(shared_data):
    folder = shared_data / "reports_311_washington_dc"
    wards = read_layer(folder / "ward-2012.geojson", "WARD")
    table = Router(
        [Rule(1, 1, "in", "labels", department_attribute="WARD_ID")],
        {"labels": wards},
        fallback="none",
        departments=set(wards.keys),
    )
    rows = [row for row in rows_of(folder / "service_requests.csv") if row["WARD"] in wards.keys]
    assert len(rows) == 19_869
    lon, lat = (np.array([float(row[name]) for row in rows]) for name in ("lon", "lat"))
    decisions = table.route_each(table.lines_for("any", None), lon, lat)
    got = [wards.keys[position] if position >= 0 else None for position in decisions.position]
    right = sum(key == row["WARD"] for key, row in zip(got, rows, strict=True))
    assert right / len(rows) >= 0.998
    for row in rows[::40]:
        alone = table.route("any", None, float(row["lon"]), float(row["lat"]))
        assert alone.department == got[rows.index(row)]


@pytest.mark.parametrize(
    ("place", "file", "label", "count"),
    [
        ("kozani", "kozani_and_neighbours_4326.geojson", "ΚΟΖΑΝΗΣ", 78),
        ("heraklion", "heraklion_and_neighbours_4326.geojson", "ΗΡΑΚΛΕΙΟΥ", 54),
    ],
)
def test_every_settlement_lands_in_its_municipality(shared_data, place, file, label, count):
    neighbours = read_layer(shared_data / GREECE / file, "KWD_YPES")
    own = {"kozani": "9068", "heraklion": "9305"}[place]
    rows = rows_of(shared_data / GREECE / "settlements_kozani_heraklion_labelled.csv")
    settlements = [row for row in rows if row["dimos"] == label and row["lat"]]
    assert len(settlements) == count
    for row in settlements:
        held_by = [neighbours.keys[p] for p in neighbours.holding(float(row["lon"]), float(row["lat"]))]
        assert held_by == [own], row["location"]
