"""The stand-in of FCM, and a sender that reaches it through Google's real client."""

from collections.abc import Iterator

import pytest

from service.outbox.channels.push import Push, made_up_service_account
from service.outbox.loopback_fcm import LoopbackFcm, running
from service.outbox.sending import Sender

KEY = made_up_service_account("http://127.0.0.1:9")


@pytest.fixture
def fcm() -> Iterator[LoopbackFcm]:
    """A fresh stand-in of FCM."""
    with running() as server:
        yield server


@pytest.fixture
def push(fcm: LoopbackFcm) -> Iterator[Push]:
    """The real client, pointed at the stand-in."""
    channel = Push(KEY | {"token_uri": f"{fcm.url}/token"}, threads=8, loopback=fcm.url)
    yield channel
    channel.close()


@pytest.fixture
def sender(push: Push) -> Iterator[Sender]:
    """A worker's sending half."""
    sender = Sender(push, "worker-1")
    yield sender
    sender.close()
