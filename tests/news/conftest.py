"""The office."""

import pytest
from flask.testing import FlaskClient

from service.municipalities.directory import Municipality
from tests.news.office import Office


@pytest.fixture
def office(client: FlaskClient, here: Municipality) -> Office:
    return Office(client, here)
