"""Short messages: every answer of a gateway has its outcome, and nothing goes out in the clear."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from service.config import Settings, SettingsRefused
from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality
from service.outbox.channels import Message, build, configured
from service.outbox.channels.sms import HttpGateway, Sms
from service.outbox.expanding import Owed, expand
from service.outbox.models import Delivery
from service.outbox.outcomes import BackOff, Outcome
from service.outbox.posting import owe
from service.outbox.retaining import expire_overdue
from service.outbox.sending import Sender
from service.outbox.targets import register, retire
from tests.outbox.scene import make_all_due
from tests.outbox.sms_gateway import LOST, sms_gateway


def a_channel(url: str) -> Sms:
    return Sms(HttpGateway(url, "secret", "Kozani"), back_off=BackOff(first=0.1, cap=1))


def a_message(to: str, text: str | None = "Κωδικός 123456") -> Message:
    content = {} if text is None else {"text": text}
    return Message("d-1", "code", to, "t", "e", "code", "code:1", 1, content, now() + timedelta(minutes=5))


def test_a_message_arrives_with_its_number_sender_and_an_id_of_its_own() -> None:
    with sms_gateway() as server:
        result = a_channel(server.url).send(a_message("+306912345678"))
    assert (result.outcome, result.message_id) == (Outcome.SENT, "gateway-1")
    assert server.accepted.messages == [
        {"id": "d-1", "from": "Kozani", "to": "+306912345678", "text": "Κωδικός 123456"}
    ]
    (headers,) = server.accepted.headers
    assert (headers["Authorization"], headers["Idempotency-Key"]) == ("Bearer secret", "d-1")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (202, Outcome.SENT),
        (302, Outcome.RETRY),
        (400, Outcome.BAD_MESSAGE),
        (401, Outcome.CONFIGURATION),
        (402, Outcome.CONFIGURATION),
        (403, Outcome.CONFIGURATION),
        (404, Outcome.DEAD_TARGET),
        (410, Outcome.DEAD_TARGET),
        (422, Outcome.BAD_MESSAGE),
        (429, Outcome.CHANNEL_PAUSE),
        (500, Outcome.RETRY),
        (503, Outcome.CHANNEL_PAUSE),
    ],
)
def test_every_answer_has_its_outcome(status: int, outcome: Outcome) -> None:
    with sms_gateway() as server:
        result = a_channel(server.url).send(a_message(f"+306900000{status}"))
    assert result.outcome is outcome
    assert result.retry_after == (7.0 if outcome is Outcome.CHANNEL_PAUSE else None)
    assert "+3069" not in (result.error or "")


def test_a_line_that_breaks_leaves_us_not_knowing_and_a_closed_door_does_not() -> None:
    with sms_gateway() as server:
        assert a_channel(server.url).send(a_message(LOST)).outcome is Outcome.UNCERTAIN
    assert a_channel("http://127.0.0.1:9/").send(a_message("+306912345678")).outcome is Outcome.CHANNEL_PAUSE


def test_what_has_no_text_is_a_bad_message() -> None:
    assert a_channel("http://127.0.0.1:9/").send(a_message("+306912345678", None)).outcome is Outcome.BAD_MESSAGE


@pytest.mark.parametrize("url", ["http://gateway.example/", "ftp://gateway.example/", "gateway.example", "http://[x/"])
def test_a_gateway_in_the_clear_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(SettingsRefused):
        build(Settings(sms_url=url))


def test_the_channel_is_there_where_its_address_is_set() -> None:
    assert not configured(Settings())["sms"]
    (channel,) = build(Settings(sms_url="https://gateway.example/messages"))
    assert channel.name == "sms" and channel.prepare() is None
    channel.close()


def owed_fleeting(here: Municipality, number: str) -> int:
    """A code that is owed there; the target's id."""
    with transaction():
        target = register(here.id, "sms", "code", number)
        owe(here.id, "code", "code:1", 1, {})
    expand({"code": lambda _: [Owed(target, "t", {"text": "123456"}, fleeting=True)]})
    return target


def kept() -> tuple[str, object]:
    session.rollback()
    row = session.execute(select(Delivery.state, Delivery.content)).one()
    return row.state, row.content


@pytest.mark.parametrize(
    ("number", "state", "left"),
    [
        ("+306912345678", "sent", {}),
        ("+306900000422", "failed", {}),
        ("+306900000404", "failed", {}),
        ("+306900000500", "pending", {"text": "123456"}),
    ],
)
def test_a_fleeting_message_is_emptied_when_it_is_final(
    here: Municipality, number: str, state: str, left: dict[str, str]
) -> None:
    owed_fleeting(here, number)
    with sms_gateway() as server:
        sender = Sender(a_channel(server.url), "worker-1")
        make_all_due()
        sender.send_due()
        sender.close()
    assert kept() == (state, left)


def test_a_fleeting_message_is_emptied_too_when_it_expires_or_loses_its_target(here: Municipality) -> None:
    target = owed_fleeting(here, "+306912345678")
    with transaction():
        delivery = session.scalars(select(Delivery)).one()
        delivery.expires_at = now() - timedelta(seconds=1)
    with transaction():
        assert expire_overdue() == 1
    assert kept() == ("expired", {})
    with transaction():
        delivery = session.scalars(select(Delivery)).one()
        delivery.state, delivery.content = "pending", {"text": "123456"}
    with transaction():
        retire(target, "replaced")
    assert kept() == ("failed", {})
