"""Every fault of FCM has its outcome, with Google's real client."""

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from service.db import session
from service.municipalities.directory import Municipality
from service.outbox.channels.push import Push
from service.outbox.loopback_fcm import LoopbackFcm
from service.outbox.models import ChannelPause, Delivery
from service.outbox.sending import Sender
from tests.outbox.scene import a_phone, make_all_due, send_all, tell, the_target, what_became_of


def accepted(fcm: LoopbackFcm, token: str) -> int:
    return sum(message.get("token") == token for message in fcm.accepted)


def test_a_message_is_sent_once_and_its_number_kept(here: Municipality, sender: Sender, fcm: LoopbackFcm) -> None:
    tell([a_phone(here, "alice")])
    send_all(sender, rounds=3)
    assert what_became_of("alice") == [("sent", 1, 0)]
    assert accepted(fcm, "alice") == 1
    delivery = session.scalars(select(Delivery)).one()
    assert delivery.message_id == "projects/loopback/messages/1"
    assert delivery.sent_at is not None
    assert delivery.owner is None


def test_what_a_phone_needs_to_show_one_copy_is_in_the_message(
    here: Municipality, sender: Sender, fcm: LoopbackFcm
) -> None:
    tell([a_phone(here, "alice")], subject="report:7", version=3)
    sender.send_due()
    message = fcm.accepted[0]
    assert message["android"]["notification"]["tag"] == "report:7.3"
    assert message["apns"]["headers"]["apns-collapse-id"] == "report:7.3"
    assert message["data"]["version"] == "3"
    assert message["data"]["subject"] == message["data"]["about"] == "report:7"
    assert message["data"]["event"]
    assert message["notification"] == {"title": "Το αίτημά σας", "body": "Βήμα 3"}
    assert 0 < int(message["android"]["ttl"].removesuffix("s")) <= 3 * 24 * 3600


def test_an_installation_id_is_addressed_as_such(here: Municipality, sender: Sender, fcm: LoopbackFcm) -> None:
    tell([a_phone(here, "installation-1", kind="fid")])
    sender.send_due()
    assert fcm.accepted[0]["fid"] == "installation-1"
    assert "token" not in fcm.accepted[0]


def test_a_dead_phone_is_retired_and_owed_nothing_more(here: Municipality, sender: Sender, fcm: LoopbackFcm) -> None:
    phone = a_phone(here, "unreg-1")
    tell([phone], version=1)
    tell([phone], version=2)
    send_all(sender, rounds=3)
    assert what_became_of("unreg-1") == [("failed", 1, 0), ("failed", 0, 0)]
    assert the_target("unreg-1").state == "retired"
    assert "dead target" in str(the_target("unreg-1").reason)
    assert fcm.tries["unreg-1"] == 1


def test_a_phone_of_another_project_is_retired_when_ours_works(here: Municipality, sender: Sender) -> None:
    tell([a_phone(here, "alice")])
    sender.send_due()
    tell([a_phone(here, "sender-1")], subject="report:2")
    send_all(sender, rounds=2)
    assert the_target("sender-1").state == "retired"
    assert what_became_of("sender-1") == [("failed", 1, 0)]


def test_credentials_of_another_project_retire_nobody(here: Municipality, sender: Sender) -> None:
    tell([a_phone(here, f"sender-{n}") for n in range(5)])
    sender.send_due()
    assert {the_target(f"sender-{n}").state for n in range(5)} == {"active"}
    assert {what_became_of(f"sender-{n}")[0] for n in range(5)} == {("pending", 1, 0)}


@pytest.mark.parametrize("trouble", ["sender-1", "auth-1"])
def test_a_phone_that_alone_cannot_be_reached_keeps_nobody_waiting(
    here: Municipality, sender: Sender, fcm: LoopbackFcm, trouble: str
) -> None:
    tell([a_phone(here, trouble)])
    with capture_logs() as logged:
        sender.send_due()
    assert what_became_of(trouble) == [("pending", 1, 0)]
    assert [(line["event"], line["log_level"]) for line in logged] == [("push_refused", "error")]
    assert trouble not in str(logged)
    assert session.scalars(select(ChannelPause)).all() == []
    tell([a_phone(here, "alice")], subject="report:2")
    sender.send_due()
    assert accepted(fcm, "alice") == 1


def test_a_token_that_is_none_is_retired(here: Municipality, sender: Sender) -> None:
    tell([a_phone(here, "badarg-1")])
    sender.send_due()
    assert the_target("badarg-1").state == "retired"


def test_a_bad_message_fails_and_retires_nobody(here: Municipality, sender: Sender, fcm: LoopbackFcm) -> None:
    tell([a_phone(here, "badmsg-1")])
    send_all(sender, rounds=2)
    assert what_became_of("badmsg-1") == [("failed", 1, 0)]
    assert the_target("badmsg-1").state == "active"
    assert accepted(fcm, "badmsg-1") == 0


def test_a_fault_of_the_provider_is_tried_again(here: Municipality, sender: Sender, fcm: LoopbackFcm) -> None:
    tell([a_phone(here, "e503-2-a"), a_phone(here, "e500-1-b")])
    send_all(sender, rounds=4)
    assert what_became_of("e503-2-a") == [("sent", 3, 0)]
    assert what_became_of("e500-1-b") == [("sent", 2, 0)]
    assert fcm.tries["e503-2-a"] == 3


def test_a_lost_answer_is_uncertain_and_repeated_by_the_outbox_alone(
    here: Municipality, sender: Sender, fcm: LoopbackFcm
) -> None:
    tell([a_phone(here, "lost-2-a")])
    sender.send_due()
    assert what_became_of("lost-2-a") == [("pending", 1, 1)]
    assert accepted(fcm, "lost-2-a") == 1, "one attempt is one message on the wire"
    send_all(sender, rounds=4)
    assert what_became_of("lost-2-a") == [("sent", 3, 2)]
    assert accepted(fcm, "lost-2-a") == 3
    assert len({message["android"]["notification"]["tag"] for message in fcm.accepted}) == 1


@pytest.mark.parametrize("token", ["html-1", "junk-1", "slow-6000-1"])
def test_an_answer_that_nobody_understands_is_uncertain(here: Municipality, sender: Sender, token: str) -> None:
    tell([a_phone(here, token)])
    sender.send_due()
    assert what_became_of(token) == [("pending", 1, 1)]


def test_a_slow_answer_is_waited_for(here: Municipality, sender: Sender) -> None:
    tell([a_phone(here, "slow-300-a")])
    sender.send_due()
    assert what_became_of("slow-300-a") == [("sent", 1, 0)]


def test_retry_after_makes_the_whole_channel_rest(here: Municipality, sender: Sender, fcm: LoopbackFcm) -> None:
    tell([a_phone(here, "quota-2-a")])
    sender.send_due()
    assert what_became_of("quota-2-a") == [("pending", 0, 0)]
    tell([a_phone(here, "bob")], subject="report:2")
    assert sender.send_due() == 0, "others wait too"
    rest = session.scalars(select(ChannelPause)).one()
    assert rest.reason == "channel pause"
    fcm.first_try["quota-2-a"] -= 2
    send_all(sender, rounds=2)
    assert what_became_of("quota-2-a", "bob") == [("sent", 1, 0), ("sent", 1, 0)]
    assert fcm.tries["quota-2-a"] == 2
    session.rollback()
    assert session.scalars(select(ChannelPause)).all() == []


def test_after_the_first_refusal_of_a_batch_nothing_more_is_tried(
    here: Municipality, sender: Sender, fcm: LoopbackFcm
) -> None:
    tell([a_phone(here, f"quota-60-{n}") for n in range(32)])
    sender.send_due()
    assert sum(fcm.tries.values()) <= 2 * sender.channel.threads
    session.rollback()
    rows = session.execute(select(Delivery.state, Delivery.attempt)).all()
    assert {tuple(row) for row in rows} == {("pending", 0)}


def test_refused_credentials_pause_the_channel_and_keep_the_messages(here: Municipality, sender: Sender) -> None:
    tell([a_phone(here, "denied-1")])
    sender.send_due()
    assert what_became_of("denied-1") == [("pending", 0, 0)]
    assert session.scalars(select(ChannelPause)).one().reason == "configuration"


def test_when_nobody_answers_nothing_is_counted_and_the_channel_rests(here: Municipality, push: Push) -> None:
    sender = Sender(push, "worker-1")
    tell([a_phone(here, "alice")])
    push.session.get_adapter("https://fcm.googleapis.com").base = push.session.get_adapter(
        "https://fcm.googleapis.com"
    ).base._replace(netloc="127.0.0.1:9")
    sender.send_due()
    assert what_became_of("alice") == [("pending", 0, 0)]
    assert session.scalars(select(ChannelPause)).one().reason == "channel pause"


def test_without_an_access_token_nothing_is_claimed(here: Municipality, fcm: LoopbackFcm) -> None:
    from tests.outbox.conftest import KEY

    channel = Push(KEY | {"token_uri": "http://127.0.0.1:9/token"}, threads=2, loopback=fcm.url)
    tell([a_phone(here, "alice")])
    assert Sender(channel, "worker-1").send_due() == 0
    assert what_became_of("alice") == [("pending", 0, 0)]
    make_all_due()
    channel.close()
