"""Where people can be reached."""

import pytest
from flask import Flask

from service.config import Settings
from service.db import transaction
from service.municipalities.directory import Municipality
from service.outbox.loopback_fcm import LoopbackFcm
from service.outbox.pausing import channel_states
from service.outbox.sending import Sender
from service.outbox.targets import register, replace, retire
from tests.outbox.scene import a_phone, send_all, tell, the_target, what_became_of

BARE = dict.fromkeys(("push", "web", "email", "sms"), "not configured")


def test_the_same_phone_is_one_target(here: Municipality) -> None:
    assert a_phone(here, "alice") == a_phone(here, "alice")


def test_the_same_token_in_another_municipality_is_another_target(here: Municipality, next_door: Municipality) -> None:
    assert a_phone(here, "alice") != a_phone(next_door, "alice")


def test_a_phone_that_comes_back_is_reached_again(here: Municipality, sender: Sender) -> None:
    phone = a_phone(here, "alice")
    with transaction():
        retire(phone, "signed out")
    assert the_target("alice").state == "retired"
    assert a_phone(here, "alice") == phone
    assert the_target("alice").state == "active"
    tell([phone])
    sender.send_due()
    assert what_became_of("alice") == [("sent", 1, 0)]


def test_what_waits_for_an_old_token_goes_to_the_new_one(here: Municipality, sender: Sender, fcm: LoopbackFcm) -> None:
    phone = a_phone(here, "old")
    tell([phone])
    with transaction():
        new = replace(phone, "token", "new")
    assert new != phone
    assert (the_target("old").state, the_target("old").reason) == ("retired", "replaced")
    send_all(sender, rounds=2)
    assert [message["token"] for message in fcm.accepted] == ["new"]


def test_who_has_a_message_already_does_not_get_it_again_with_a_new_token(
    here: Municipality, sender: Sender, fcm: LoopbackFcm
) -> None:
    old, new = a_phone(here, "old"), a_phone(here, "new")
    tell([old, new])
    with transaction():
        replace(old, "token", "new")
    send_all(sender, rounds=2)
    assert [message["token"] for message in fcm.accepted] == ["new"]
    assert what_became_of("old") == [("failed", 0, 0)]


def test_replacing_a_token_by_itself_changes_nothing(here: Municipality) -> None:
    phone = a_phone(here, "alice")
    with transaction():
        assert replace(phone, "token", "alice") == phone
    assert the_target("alice").state == "active"


def test_a_phone_may_change_from_a_token_to_an_installation_id(
    here: Municipality, sender: Sender, fcm: LoopbackFcm
) -> None:
    phone = a_phone(here, "old")
    tell([phone])
    with transaction():
        replace(phone, "fid", "installation")
    send_all(sender, rounds=2)
    assert [message.get("fid") for message in fcm.accepted] == ["installation"]


def test_a_channel_has_only_its_own_kinds(here: Municipality) -> None:
    with pytest.raises(ValueError, match="no targets of kind"), transaction():
        register(here.id, "email", "token", "alice")


def test_without_credentials_a_channel_is_not_configured_and_keeps_what_is_owed(here: Municipality, app: Flask) -> None:
    tell([a_phone(here, "alice")])
    settings: Settings = app.config["PLATEIA"]
    bare = Settings(home=settings.home, database_url=settings.database_url)
    assert channel_states(bare) == BARE
    assert what_became_of("alice") == [("pending", 0, 0)]


def test_the_state_of_a_channel_says_that_it_rests_and_not_what_the_provider_wrote(
    here: Municipality, app: Flask, sender: Sender, fcm: LoopbackFcm
) -> None:
    settings = Settings(home=app.config["PLATEIA"].home, fcm_base_url=fcm.url, smtp_url="smtp://127.0.0.1:25")
    assert channel_states(settings) == BARE | {"push": "ready", "email": "ready"}
    tell([a_phone(here, "denied-1")])
    sender.send_due()
    assert channel_states(settings) == BARE | {"push": "paused: configuration", "email": "ready"}
