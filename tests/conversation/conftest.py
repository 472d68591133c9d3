"""A consultation in which people may write."""

import pytest
from flask.testing import FlaskClient

from service.municipalities.directory import Municipality
from tests.conversation import scene


@pytest.fixture
def talk(client: FlaskClient, here: Municipality) -> scene.Talk:
    return scene.talk(client, here)
