"""Who keeps the map, and a server to which other programs can talk."""

import time
from collections.abc import Iterator

import pytest
from flask import Flask

from service.db.generations import PATIENCE
from service.municipalities.directory import Municipality
from tests.factories.people import Person, make_staff
from tests.kills.house import House


@pytest.fixture
def kate(here: Municipality) -> Person:
    """Keeps the map."""
    return make_staff(here, "kate", [("map_keeper", None)])


@pytest.fixture
def dora(here: Municipality) -> Person:
    """Keeps the map too."""
    return make_staff(here, "dora", [("map_keeper", None)])


@pytest.fixture(scope="session")
def house(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A process that serves the database of the tests."""
    house = House(tmp_path_factory.mktemp("server"), database_url, "http://127.0.0.1:9")
    try:
        house.start("server")
        house.wait_until_ready()
        yield house
    finally:
        house.clear()


@pytest.fixture
def url(app: Flask, here: Municipality, house: House) -> str:
    """The address of the landing page, in a server that knows that the database holds `here` now."""
    time.sleep(PATIENCE * 1.1)
    return f"{house.url}/ogc/here"
