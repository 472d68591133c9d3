"""The order of messages, their expiry, and what a fault of ours does."""

import itertools
import threading
import time
from datetime import timedelta

import pytest

from service.config import SettingsRefused
from service.db import transaction
from service.db.clock import now
from service.municipalities.directory import Municipality
from service.outbox.channels import Message
from service.outbox.channels.push import BYTE_BUDGET, Push, encode, seconds_asked, size
from service.outbox.loopback_fcm import LoopbackFcm
from service.outbox.outcomes import TREATMENTS, BackOff, Outcome, Result
from service.outbox.sending import RECORD_AT_ONCE, Sender
from service.outbox.targets import retire
from tests.outbox.conftest import KEY
from tests.outbox.scene import a_phone, let_leases_run_out, make_all_due, send_all, tell, what_became_of


def versions(fcm: LoopbackFcm, token: str) -> list[str]:
    return [message["data"]["version"] for message in fcm.accepted if message["token"] == token]


def test_the_steps_of_a_report_arrive_in_their_order(here: Municipality, sender: Sender, fcm: LoopbackFcm) -> None:
    phone = a_phone(here, "e503-2-a")
    for version in (1, 2, 3):
        tell([phone], version=version)
    sender.send_due()
    assert what_became_of("e503-2-a") == [("pending", 1, 0), ("pending", 0, 0), ("pending", 0, 0)]
    send_all(sender, rounds=6)
    assert versions(fcm, "e503-2-a") == ["1", "2", "3"]


def test_a_message_that_is_stuck_holds_up_neither_other_reports_nor_other_phones(
    here: Municipality, sender: Sender, fcm: LoopbackFcm
) -> None:
    stuck, alice = a_phone(here, "e503-9-a"), a_phone(here, "alice")
    tell([stuck, alice], version=1)
    tell([stuck, alice], version=2)
    send_all(sender, rounds=2)
    assert versions(fcm, "alice") == ["1", "2"]
    assert versions(fcm, "e503-9-a") == []


def test_an_older_message_that_expires_lets_the_newer_one_go(
    here: Municipality, sender: Sender, fcm: LoopbackFcm
) -> None:
    phone = a_phone(here, "alice")
    tell([phone], version=1, lasts=timedelta(seconds=-1))
    tell([phone], version=2)
    send_all(sender, rounds=3)
    assert [state for state, _, _ in what_became_of("alice")] == ["expired", "sent"]
    assert versions(fcm, "alice") == ["2"]


def test_a_phone_that_was_retired_meanwhile_gets_nothing(here: Municipality, sender: Sender, fcm: LoopbackFcm) -> None:
    phone = a_phone(here, "alice")
    with transaction():
        retire(phone, "signed out")
    tell([phone])
    sender.send_due()
    assert [state for state, _, _ in what_became_of("alice")] == ["failed"]
    assert fcm.accepted == []


def test_a_worker_that_stops_gives_back_what_it_has_not_begun(here: Municipality, push: Push, fcm: LoopbackFcm) -> None:
    stopping = threading.Event()
    sender = Sender(push, "worker-1", stopping)
    tell([a_phone(here, f"slow-200-{n}") for n in range(20)])
    threading.Thread(target=stop_after_the_first_message, args=(fcm, stopping)).start()
    sender.send_due()
    made = [what_became_of(f"slow-200-{n}")[0] for n in range(20)]
    assert made.count(("sent", 1, 0)) == len(fcm.accepted)
    assert made.count(("pending", 0, 0)) == 20 - len(fcm.accepted) > 0


def stop_after_the_first_message(fcm: LoopbackFcm, stopping: threading.Event) -> None:
    while not fcm.accepted:
        time.sleep(0.01)
    stopping.set()


def test_a_fault_in_the_channel_itself_is_uncertain_and_stops_nobody(
    here: Municipality, push: Push, fcm: LoopbackFcm
) -> None:
    calls = itertools.count()

    class Broken(Push):
        def send(self, message: Message) -> Result:
            if next(calls) == 0:
                raise RuntimeError("a fault of ours")
            return super().send(message)

    push.__class__ = Broken
    tell([a_phone(here, f"phone-{n}") for n in range(4)])
    Sender(push, "worker-1").send_due()
    assert len(fcm.accepted) == 3
    make_all_due()
    Sender(push, "worker-1").send_due()
    assert len(fcm.accepted) == 4


def test_when_results_cannot_be_recorded_the_rest_of_the_batch_is_not_sent(
    here: Municipality, push: Push, fcm: LoopbackFcm
) -> None:
    class Forgetful(Sender):
        def write_down(self, settled: object, refused: object) -> None:
            raise ConnectionError("the database is away")

    tell([a_phone(here, f"slow-100-{n}") for n in range(30)])
    sender = Forgetful(push, "worker-1")
    with pytest.raises(ConnectionError):
        sender.send_due()
    assert len(fcm.accepted) <= push.threads + RECORD_AT_ONCE
    let_leases_run_out()
    send_all(Sender(push, "worker-2"), rounds=2)
    assert {what_became_of(f"slow-100-{n}")[0][0] for n in range(30)} == {"sent"}


def a_message(**content: object) -> Message:
    return Message("u", "token", "alice", "t", "e", "moved", "report:1", 1, content, now() + timedelta(days=1))


def test_the_byte_budget_is_counted_in_utf8_and_checked_before_sending(push: Push, fcm: LoopbackFcm) -> None:
    fits = a_message(title="Α", body="α" * 1900)
    too_large = a_message(title="Α", body="α" * 2100)
    assert size(encode(fits)) <= BYTE_BUDGET < size(encode(too_large))
    assert push.send(fits).outcome is Outcome.SENT
    assert push.send(too_large).outcome is Outcome.BAD_MESSAGE
    assert push.send(a_message(title="Α", body="α", data={"number": 5})).outcome is Outcome.BAD_MESSAGE
    assert sum(fcm.tries.values()) == 1


def test_every_outcome_has_a_treatment_and_only_known_states() -> None:
    assert set(TREATMENTS) == set(Outcome)
    assert {treatment.state for treatment in TREATMENTS.values()} == {
        *("pending", "sent", "failed", "expired", "cancelled")
    }


def test_pauses_grow_with_jitter_from_the_first_to_the_cap() -> None:
    back_off = BackOff(first=10, cap=3600)
    for attempt in range(1, 100):
        pauses = [back_off.pause(attempt) for _ in range(20)]
        assert all(10 <= pause <= 3600 for pause in pauses)
        assert len(set(pauses)) > 1


def test_retry_after_may_be_seconds_or_a_date() -> None:
    assert seconds_asked("30") == 30
    assert seconds_asked("Thu, 01 Jan 1970 00:00:00 GMT") == 0
    assert seconds_asked("soon") is None
    assert seconds_asked(None) is None


@pytest.mark.parametrize("header", ["9" * 400, "86401", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_nobody_makes_a_channel_rest_for_more_than_a_day(header: str) -> None:
    assert seconds_asked(header) == 86400


@pytest.mark.parametrize("header", ["inf", "nan", "²", "1e9", "Fri, 31 Dec 99999 23:59:59 GMT", "\x00"])
def test_a_retry_after_that_is_none_is_overlooked(header: str) -> None:
    assert seconds_asked(header) is None


def test_the_stand_in_and_the_client_for_it_refuse_any_address_but_loopback() -> None:
    with pytest.raises(SettingsRefused):
        LoopbackFcm("0.0.0.0")
    with pytest.raises(SettingsRefused):
        Push(KEY, 1, "http://192.0.2.1:9")


def test_nothing_is_sent_where_the_emulator_switches_signatures_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", "127.0.0.1:9099")
    with pytest.raises(SettingsRefused):
        Push(KEY, 1)


def test_google_is_asked_through_the_proxy_of_the_environment_and_never_by_the_stand_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    real, loopback = Push(KEY, 1), Push(KEY, 1, "http://127.0.0.1:9")
    assert real.session.proxies["https"] == "http://proxy.invalid:3128"
    assert not loopback.session.proxies
    for channel in (real, loopback):
        assert channel.session.trust_env is False
        assert channel.session.get_adapter("https://fcm.googleapis.com/v1").max_retries.total == 0
        channel.close()
