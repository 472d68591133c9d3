import threading

import pytest
import shapely
from sqlalchemy import func, select

from service.db import session, transaction
from service.db.generations import forget, grow
from service.gis.index import SUBJECT, indexes_of
from service.gis.models import Feature, Layer, LayerVersion
from service.gis.publishing import LayerIncomplete, publish_version
from tests.gis.maps import box_layer, keys_at

NAME = {"el": "Περιοχές", "en": "Areas"}
ONE = box_layer(("a", 21.70, 40.20, 21.75, 40.25))
TWO = box_layer(("a", 21.70, 40.20, 21.72, 40.25), ("b", 21.72, 40.20, 21.75, 40.25))
PLACE = (21.74, 40.21)


def publish(municipality, imported, key="areas", **about):
    with transaction():
        return publish_version(municipality, key, imported, **({"name": NAME, "kind": "area"} | about))


def test_the_first_version_makes_the_layer(here):
    version = publish(here, ONE, attribution="Us", licence="CC BY 4.0", public=True, approximate=True)
    layer = session.get_one(Layer, version.layer_id)
    assert (layer.municipality_id, layer.key, layer.name, layer.kind) == (here.id, "areas", NAME, "area")
    assert (layer.attribution, layer.licence, layer.public, layer.approximate) == ("Us", "CC BY 4.0", True, True)
    assert (version.number, version.state, version.feature_count) == (1, "published", 1)
    assert (version.source, version.sha256) == (ONE.source, ONE.sha256)
    assert version.published_at >= version.created_at


def test_the_next_version_is_in_force_and_the_one_before_stays(here):
    first, second = publish(here, ONE), publish(here, TWO, name=None, kind=None)
    layer = session.get_one(Layer, second.layer_id)
    assert (first.number, second.number) == (1, 2)
    assert layer.published_version_id == second.id
    assert layer.name == NAME
    counts = session.execute(
        select(Feature.version_id, func.count())
        .where(Feature.version_id.in_([first.id, second.id]))
        .group_by(Feature.version_id)
    ).all()
    assert dict(map(tuple, counts)) == {first.id: 1, second.id: 2}


def test_what_is_published_is_what_is_found_to_the_last_digit(here):
    shape = shapely.Polygon([(21.7000000001, 40.2), (21.75, 40.2000000000003), (21.7234567890123, 40.25)])
    imported = box_layer(("x", 0, 0, 1, 1))
    imported.features[0] = ("x", {"name": "Ά", "n": 1.5, "deep": {"list": [1, None]}}, shape)
    publish(here, imported)
    index = indexes_of(here)["areas"]
    assert shapely.equals_exact(index.geometries[0], shape, tolerance=0)
    assert index.attributes == ({"name": "Ά", "n": 1.5, "deep": {"list": [1, None]}},)
    assert (index.layer_name, index.kind, index.version) == (NAME, "area", 1)


@pytest.mark.parametrize(
    "shape", ["POINT (21.7 40.2)", "MULTILINESTRING ((21 40, 22 41))", "GEOMETRYCOLLECTION (POINT (21 40))"]
)
def test_every_kind_of_geometry_is_kept(here, shape):
    imported = box_layer(("x", 0, 0, 1, 1))
    imported.features[0] = ("x", {}, shapely.from_wkt(shape))
    publish(here, imported)
    assert indexes_of(here)["areas"].geometries[0].wkt == shape


def test_a_publication_is_seen_without_a_restart_and_the_old_index_stays_as_it_was(here):
    publish(here, ONE)
    before = indexes_of(here)
    assert keys_at(before["areas"], PLACE) == ["a"]
    publish(here, TWO)
    forget()
    assert keys_at(indexes_of(here)["areas"], PLACE) == ["b"]
    assert keys_at(before["areas"], PLACE) == ["a"]


def test_a_version_that_is_still_in_force_is_not_built_again(here):
    publish(here, ONE)
    before = indexes_of(here)
    publish(here, TWO, key="others")
    forget()
    after = indexes_of(here)
    assert after["areas"] is before["areas"]
    assert after["boundary"] is before["boundary"]


def test_a_new_name_is_seen_without_new_features(here):
    layer_id = publish(here, ONE).layer_id
    indexes_of(here)
    with transaction():
        session.get_one(Layer, layer_id).name = {"en": "Zones"}
        grow(SUBJECT)
    forget()
    assert indexes_of(here)["areas"].layer_name == {"en": "Zones"}


def test_a_layer_belongs_to_its_municipality(here, next_door):
    publish(here, ONE)
    publish(next_door, TWO)
    assert indexes_of(here)["areas"].keys == ("a",)
    assert indexes_of(next_door)["areas"].keys == ("a", "b")
    assert "areas" in indexes_of(here)
    assert indexes_of(here)["areas"].layer_id != indexes_of(next_door)["areas"].layer_id


@pytest.mark.parametrize("about", [{"name": None}, {"kind": None}, {"kind": "cloud"}])
def test_a_new_layer_needs_a_name_and_a_kind(here, about):
    with pytest.raises(LayerIncomplete):
        publish(here, ONE, **about)
    assert session.scalar(select(func.count()).select_from(Layer).where(Layer.key == "areas")) == 0


def test_a_column_that_a_layer_has_not_is_a_mistake_of_the_caller(here):
    with pytest.raises(TypeError):
        publish(here, ONE, colour="red")


def test_two_publications_at_once_get_two_numbers(app, here):
    starting = threading.Barrier(2)
    failures = []

    def publish_too(imported):
        with app.app_context():
            starting.wait()
            try:
                publish(here, imported)
            except Exception as failure:
                failures.append(failure)

    threads = [threading.Thread(target=publish_too, args=(imported,)) for imported in (ONE, TWO)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    session.rollback()
    layer = session.scalars(select(Layer).where(Layer.municipality_id == here.id, Layer.key == "areas")).one()
    versions = session.scalars(select(LayerVersion).where(LayerVersion.layer_id == layer.id)).all()
    assert sorted(version.number for version in versions) == [1, 2]
    newest = max(versions, key=lambda version: version.number)
    assert layer.published_version_id == newest.id


def test_who_reads_while_layers_are_published_sees_whole_versions_and_each_at_last(app, here):
    versions = [box_layer(*((f"v{n}-{i}", 21.7, 40.2, 21.8, 40.3) for i in range(n))) for n in range(1, 6)]
    publish(here, versions[0])
    seen, failures, done = set(), [], threading.Event()
    forget()
    assert indexes_of(here)["areas"].version == 1  # who reads while another asks is served what was there before

    def read():
        try:
            while not done.is_set():
                with app.app_context():
                    index = indexes_of(here)["areas"]
                    found = keys_at(index, PLACE)
                    seen.add((index.version, len(found)))
                    assert found == list(index.keys)
        except Exception as failure:
            failures.append(failure)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for imported in versions[1:]:
        publish(here, imported)
        forget()
        assert indexes_of(here)["areas"].version >= 1
    done.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert seen <= {(n, n) for n in range(1, 6)}
    forget()
    assert indexes_of(here)["areas"].version == 5
