"""Very many readers at the moment at which a result is out: each file and each graph is made once."""

import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.municipalities.directory import Municipality
from tests.consultation import scene
from tests.consultation.scene import STANCE
from tests.kills.house import House
from tests.races.at_once import at_once, call

pytestmark = pytest.mark.slow

WANTED = ("files/pdf?language=el", "graphs/png?of=trees&language=el")


@pytest.fixture
def houses(database_url: str, tmp_path: Path) -> Iterator[list[House]]:
    """Two processes over one database and one folder, which write down each file that they make."""
    settings = {"PLATEIA_THREADS": "20", "PLATEIA_LOG_LEVEL": "INFO"}
    made = [House(tmp_path, database_url, "http://127.0.0.1:9", settings=settings) for _ in range(2)]
    try:
        for house in made:
            house.start("server")
        for house in made:
            house.wait_until_ready()
        yield made
    finally:
        for house in made:
            house.clear()


def test_two_hundred_readers_have_one_file_made(client: FlaskClient, here: Municipality, houses: list[House]) -> None:
    office = scene.office(client, here).begin(questions=[STANCE]).fix()
    for _ in range(6):
        voter = scene.phone(client, here)
        voter.questions = ("trees",)
        assert voter.cast(office.path, {"trees": "for"}).status_code == 201
    assert scene.close_now(office)
    path = f"/consultations{office.path}/results"
    wanted = [
        partial(call, houses[reader % 2].url, "GET", f"{path}/{WANTED[reader // 2 % 2]}") for reader in range(200)
    ]
    answers = at_once(wanted)
    assert Counter(answer.status_code for answer in answers) == {200: 200}
    assert len({answer.content for answer in answers}) == len(WANTED)
    lines = [json.loads(line) for line in houses[0].log("server").read_text().splitlines() if "file_made" in line]
    assert sorted(Path(line["key"]).suffix for line in lines) == [".pdf", ".png"]
