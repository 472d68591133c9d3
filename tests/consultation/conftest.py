"""Somebody who runs consultations."""

import pytest
from flask.testing import FlaskClient

from service.municipalities.directory import Municipality
from tests.consultation import scene


@pytest.fixture
def office(client: FlaskClient, here: Municipality) -> scene.Office:
    return scene.office(client, here)
