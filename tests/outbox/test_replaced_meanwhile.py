"""A phone may get a new token while a worker is sending to the old one."""

import pytest

from service.db import transaction
from service.municipalities.directory import Municipality
from service.outbox.channels.push import Push
from service.outbox.loopback_fcm import LoopbackFcm
from service.outbox.sending import Sender
from service.outbox.targets import register, replace
from tests.outbox.scene import a_phone, send_all, tell, the_target, what_became_of


def send_while(push: Push, here: Municipality, old: str, *tokens: str) -> Sender:
    """A sender during whose first batch the phone says these new tokens, one after the other."""
    waiting = [old, *tokens]

    class Replacing(Sender):
        def write_down(self, settled: object, refused: object) -> None:
            while len(waiting) > 1:
                with transaction():
                    replace(register(here.id, "push", "token", waiting.pop(0)), "token", waiting[0])
            super().write_down(settled, refused)  # type: ignore[arg-type]

    return Replacing(push, "worker-1")


@pytest.mark.parametrize("old", ["unreg-1", "e503-9-1", "badarg-1"])
def test_what_did_not_reach_the_old_token_reaches_the_new_one(
    here: Municipality, push: Push, fcm: LoopbackFcm, old: str
) -> None:
    tell([a_phone(here, old)])
    sender = send_while(push, here, old, "between", "new")
    sender.send_due()
    assert what_became_of(old) == []
    send_all(sender, rounds=2)
    assert [message["token"] for message in fcm.accepted] == ["new"]
    assert the_target(old).reason == "replaced"
    sender.close()


def test_what_reached_the_old_token_is_not_sent_again(here: Municipality, push: Push, fcm: LoopbackFcm) -> None:
    tell([a_phone(here, "old")])
    sender = send_while(push, here, "old", "new")
    send_all(sender, rounds=3)
    assert [message["token"] for message in fcm.accepted] == ["old"]
    sender.close()


def test_who_has_it_at_the_new_token_already_gets_it_once(here: Municipality, push: Push, fcm: LoopbackFcm) -> None:
    tell([a_phone(here, "unreg-1"), a_phone(here, "new")])
    sender = send_while(push, here, "unreg-1", "new")
    send_all(sender, rounds=3)
    assert [message["token"] for message in fcm.accepted] == ["new"]
    assert what_became_of("unreg-1") == [("failed", 1, 0)]
    sender.close()


def test_a_token_that_comes_back_is_itself_again(here: Municipality, push: Push, fcm: LoopbackFcm) -> None:
    phone = a_phone(here, "old")
    with transaction():
        replace(replace(phone, "token", "new"), "token", "old")
    assert the_target("old").replaced_by is None
    tell([phone])
    sender = Sender(push, "worker-1")
    send_all(sender, rounds=2)
    assert [message["token"] for message in fcm.accepted] == ["old"]
    sender.close()
