"""What one database would cut off, refuse or keep is refused by us, by every way in, on both."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from sqlalchemy import select

from service.db import session, transaction
from service.gis.models import Layer
from service.gis.publishing import LayerKeyRefused, LayerTextRefused, publish_version
from service.municipalities.directory import Municipality
from service.samples.checking import check
from service.samples.loading import FOLDER
from tests.cli.commands import plateia
from tests.gis.files import SQUARES, geojson
from tests.gis.maps import box_layer

KEYS = ("k" * 65, "a\0b", "", "Ä", "-a", "a b", "reports")
NAME = {"el": "Περιοχές"}
ONE = box_layer(("a", 21.70, 40.20, 21.75, 40.25))


def layers(here: Municipality) -> set[str]:
    session.rollback()
    return set(session.scalars(select(Layer.key).where(Layer.municipality_id == here.id)))


@pytest.mark.parametrize("key", KEYS)
def test_a_layer_has_a_key_that_both_databases_keep(app: Flask, here: Municipality, tmp_path: Path, key: str) -> None:
    before = layers(here)
    with pytest.raises(LayerKeyRefused), transaction():
        publish_version(here, key, ONE, name=NAME, kind="area")
    if "\0" not in key:  # which no command line can carry
        file = geojson(tmp_path / "areas.geojson", ({"key": "A"}, SQUARES["A1"]))
        said = ("--kind", "area", "--name", json.dumps(NAME))
        result = plateia(app, "load-layer", *said, "--", "here", key, str(file))
        assert result.exit_code == 1 and "layer_key_refused" in result.output
    assert layers(here) == before


def test_the_longest_key_is_kept(here: Municipality) -> None:
    with transaction():
        publish_version(here, "k" * 64, ONE, name=NAME, kind="area")
    assert "k" * 64 in layers(here)


@pytest.mark.parametrize("name", [{"el": "a\0b"}, {"e\0": "a"}, {"el": 5}, 5, ["el"]])
def test_a_layer_has_a_name_that_both_databases_keep(app: Flask, here: Municipality, tmp_path: Path, name: Any) -> None:
    with pytest.raises(LayerTextRefused), transaction():
        publish_version(here, "areas", ONE, name=name, kind="area")
    file = geojson(tmp_path / "areas.geojson", ({"key": "A"}, SQUARES["A1"]))
    result = plateia(app, "load-layer", "here", "areas", str(file), "--kind", "area", "--name", json.dumps(name))
    assert result.exit_code == 1 and "layer_text_refused" in result.output


@pytest.mark.parametrize("about", ["attribution", "licence"])
def test_what_a_layer_says_has_no_null_character(here: Municipality, about: str) -> None:
    with pytest.raises(LayerTextRefused), transaction():
        publish_version(here, "areas", ONE, name=NAME, kind="area", **{about: "a\0b"})


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"key": "k" * 256}, "key_too_long"),
        ({"key": "A", "more": {"deep": ["a\0b"]}}, "null_character"),
    ],
)
def test_a_feature_has_what_both_databases_keep(
    app: Flask, here: Municipality, tmp_path: Path, properties: dict[str, Any], reason: str
) -> None:
    file = geojson(tmp_path / "areas.geojson", (properties, SQUARES["A1"]))
    result = plateia(app, "load-layer", "here", "areas", str(file), "--kind", "area", "--name", json.dumps(NAME))
    assert result.exit_code == 1 and "feature_refused" in result.output and reason in result.output


@pytest.mark.parametrize(
    ("part", "value"), [("layers", "k" * 65), ("departments", "k" * 65), ("layers", "a\0b"), ("categories", "a\0b")]
)
def test_a_municipality_is_refused_before_anything_of_it_is_loaded(part: str, value: str) -> None:
    sample = yaml.safe_load((FOLDER / "kozani.yaml").read_text("utf-8"))
    assert check(sample) == []
    sample[part][0]["key"] = value
    assert check(sample) != []


def test_no_text_of_a_municipality_has_a_null_character() -> None:
    sample = yaml.safe_load((FOLDER / "kozani.yaml").read_text("utf-8"))
    sample["categories"][0]["name"]["el"] = "a\0b"
    assert check(sample) == ["sample.categories.name.el: holds a null character."]
