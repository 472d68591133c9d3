"""A report may be erased while a worker holds what is owed about it."""

import threading

from service.db import transaction
from service.db.leases import claim
from service.municipalities.directory import Municipality
from service.outbox.channels import Message
from service.outbox.channels.push import Push
from service.outbox.loopback_fcm import LoopbackFcm
from service.outbox.models import Delivery
from service.outbox.outcomes import Result
from service.outbox.retaining import forget_subject
from service.outbox.sending import Sender, claimable, described
from tests.outbox.scene import a_phone, tell, what_became_of


def test_what_was_erased_after_the_claim_is_left_out_and_the_rest_is_sent(here: Municipality) -> None:
    tell([a_phone(here, "alice")], subject="report:1")
    tell([a_phone(here, "ann")], subject="report:2")
    rows = claim(Delivery, "worker-1", 10, 60, *claimable("push"))
    with transaction():
        forget_subject("report:1")
    assert [attempt.message.target for attempt in described(rows, {})] == ["ann"]


def test_what_is_erased_while_it_is_sent_stops_nothing(here: Municipality, push: Push, fcm: LoopbackFcm) -> None:
    erased = threading.Event()

    class Slow(Push):
        def send(self, message: Message) -> Result:
            erased.wait(10)
            return super().send(message)

    class Erasing(Sender):
        def collect(self, expected: int, batch: object) -> None:
            with transaction():
                forget_subject("report:1")
            erased.set()
            super().collect(expected, batch)  # type: ignore[arg-type]

    push.__class__ = Slow
    tell([a_phone(here, "alice")], subject="report:1")
    tell([a_phone(here, "ann")], subject="report:2")
    sender = Erasing(push, "worker-1")
    sender.send_due()
    sender.close()
    assert what_became_of("alice", "ann") == [("sent", 1, 0)]
