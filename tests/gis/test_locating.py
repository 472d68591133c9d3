import csv

import pytest

from service.db import transaction
from service.gis.importing import read_features
from service.gis.locating import OutsideMunicipality, district_at, ensure_inside, municipality_at
from service.gis.models import Layer
from service.gis.publishing import publish_version
from tests.factories.municipalities import make_municipality
from tests.gis.maps import box_layer, moved

IN_HERE, ON_THE_BORDER, IN_NEITHER = (21.75, 40.25), (21.8, 40.25), (22.5, 40.25)
GREECE = "boundaries/greece"


def test_a_place_inside_is_taken_and_the_border_counts_as_inside(here, next_door):
    ensure_inside(here, *IN_HERE)
    ensure_inside(here, *ON_THE_BORDER)
    ensure_inside(next_door, *ON_THE_BORDER)
    ensure_inside(here, *moved(ON_THE_BORDER, 270, 0.001))


def test_a_place_a_few_metres_over_the_border_is_refused_with_the_name_of_the_right_municipality(here, next_door):
    with pytest.raises(OutsideMunicipality) as refusal:
        ensure_inside(here, *moved(ON_THE_BORDER, 90, 3))
    assert (refusal.value.status, refusal.value.code) == (422, "outside_municipality")
    assert refusal.value.details == {
        "municipality": "next-door",
        "municipality_name": dict(next_door.name),
        "metres": 3.0,
    }


def test_a_millimetre_over_the_border_is_over_the_border(here):
    with pytest.raises(OutsideMunicipality):
        ensure_inside(here, *moved(ON_THE_BORDER, 90, 0.001))


def test_a_place_that_nobody_here_serves_is_refused_without_a_name(here, next_door):
    with pytest.raises(OutsideMunicipality) as refusal:
        ensure_inside(here, *IN_NEITHER)
    assert refusal.value.details["municipality"] is None
    assert refusal.value.details["municipality_name"] is None
    assert refusal.value.details["metres"] == pytest.approx(59_500, abs=100)


def test_the_municipality_of_a_place(here, next_door):
    assert municipality_at(*IN_HERE).slug == "here"
    assert municipality_at(21.85, 40.25).slug == "next-door"
    assert municipality_at(*ON_THE_BORDER).slug == "here"
    assert municipality_at(*IN_NEITHER) is None


def test_a_municipality_without_a_boundary_takes_every_place(here):
    with transaction() as session:
        for layer in session.query(Layer).filter_by(kind="boundary"):
            layer.kind = "area"
            publish_version(here, layer.key, box_layer(("x", 0, 0, 1, 1)))
    ensure_inside(here, *IN_NEITHER)


def test_the_district_of_a_place(here):
    assert district_at(here, 21.72, 40.25) == "west"
    assert district_at(here, 21.78, 40.25) is None


def test_every_settlement_of_kozani_and_heraklion_is_in_its_municipality(app, shared_data):
    for slug, south in (("kozani", 10), ("heraklion", 20)):
        made = make_municipality(slug, west=0, south=south)
        imported = read_features(shared_data / GREECE / f"{slug}_municipality_4326.geojson", key_attribute="KWD_YPES")
        with transaction():
            publish_version(made, "boundary", imported)
    labelled = shared_data / GREECE / "settlements_kozani_heraklion_labelled.csv"
    with labelled.open(encoding="utf-8", newline="") as file:
        settlements = [row for row in csv.DictReader(file) if row["lat"]]
    assert len(settlements) == 132
    for row in settlements:
        found = municipality_at(float(row["lon"]), float(row["lat"]))
        assert found.slug == {"ΚΟΖΑΝΗΣ": "kozani", "ΗΡΑΚΛΕΙΟΥ": "heraklion"}[row["dimos"]], row["location"]
