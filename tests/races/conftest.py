"""Two servers to race against: processes of their own over the database of the tests, started once."""

import time
from collections.abc import Iterator

import pytest
from flask import Flask

from service.db.generations import PATIENCE
from service.municipalities.directory import Municipality
from tests.kills.house import House
from tests.races.at_once import send

SETTINGS = {"PLATEIA_THREADS": "20", "PLATEIA_FETCH_ALLOWED": "127.0.0.1"}


@pytest.fixture(scope="session")
def servers(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The URLs of two processes over one database and one folder; each answers twenty requests at once."""
    home, settings = tmp_path_factory.mktemp("servers"), SETTINGS
    houses = [House(home, database_url, "http://127.0.0.1:9", settings=settings) for _ in range(2)]
    try:
        for house in houses:
            house.start("server")
        for house in houses:
            house.wait_until_ready()
        yield [house.url for house in houses]
    finally:
        for house in houses:
            house.clear()


@pytest.fixture
def two_urls(app: Flask, here: Municipality, servers: list[str]) -> list[str]:
    """Both servers, which know that the database holds `here` now and nothing of the test before."""
    time.sleep(PATIENCE * 1.1)
    for url in servers:
        assert send(url, category="a category that there is not").status_code == 422
    return servers


@pytest.fixture
def url(two_urls: list[str]) -> str:
    """One of them."""
    return two_urls[0]
