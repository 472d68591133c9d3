"""Somebody who keeps the map of `here`."""

import pytest
from flask.testing import FlaskClient

from service.municipalities.directory import Municipality
from tests.factories.people import make_staff
from tests.gis.staff import Keeper


@pytest.fixture
def keeper(client: FlaskClient, here: Municipality) -> Keeper:
    return Keeper(client, here, make_staff(here, "kim", [("map_keeper", None)]))
