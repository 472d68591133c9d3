"""From an event to its deliveries."""

from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from service.db import session, transaction, writing
from service.db.clock import now
from service.jobs.models import Job
from service.municipalities.directory import Municipality
from service.outbox import expanding
from service.outbox.expanding import Expand, Kept, Owed, Posted, expand
from service.outbox.models import Delivery, Event
from service.outbox.posting import owe
from service.outbox.targets import register
from tests.outbox.scene import a_phone, make_all_due, tell, told, what_became_of


def deliveries() -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(Delivery)) or 0


def the_event() -> Event:
    session.rollback()
    return session.scalars(select(Event).execution_options(populate_existing=True)).one()


def phones(municipality: Municipality, how_many: int) -> list[int]:
    with transaction():
        return [register(municipality.id, "push", "token", f"phone-{n}") for n in range(how_many)]


def happened(municipality: Municipality, targets: list[int], version: int = 1) -> int | None:
    with transaction():
        return owe(municipality.id, "moved", "report:1", version, {"targets": targets})


def test_the_same_thing_is_owed_once(here: Municipality) -> None:
    assert happened(here, []) is not None
    assert happened(here, []) is None


def test_what_is_rolled_back_was_never_owed(here: Municipality) -> None:
    with suppress(ZeroDivisionError), transaction():
        owe(here.id, "moved", "report:1", 1, {})
        raise ZeroDivisionError
    assert session.scalar(select(func.count()).select_from(Event)) == 0


def test_everybody_is_owed_one_message_in_chunks(here: Municipality, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expanding, "CHUNK", 10)
    happened(here, phones(here, 25))
    assert expand(told())
    assert (deliveries(), the_event().state) == (10, "new")
    assert expand(told())
    assert expand(told())
    assert (deliveries(), the_event().state) == (25, "expanded")
    assert not expand(told())


def test_a_repeated_chunk_inserts_nothing(here: Municipality) -> None:
    happened(here, phones(here, 5))
    expand(told())
    event = the_event()
    with transaction():
        event.state, event.cursor = "new", 0
    assert expand(told())
    assert deliveries() == 5


def test_of_two_workers_that_expand_one_event_one_writes(here: Municipality) -> None:
    happened(here, phones(here, 5))
    table = told()
    (event,) = expanding.waiting(tuple(table))
    chunk = expanding.next_chunk(table["moved"], event)
    expand(table)
    expanding.find_channels([chunk])
    session.rollback()
    with transaction():
        assert not expanding.advance(chunk)
        expanding.write(chunk, ())
    assert deliveries() == 5


def test_positions_that_go_down_are_refused(here: Municipality) -> None:
    happened(here, phones(here, 5)[::-1])
    assert expand(told())
    assert (deliveries(), the_event().error) == (0, "OutOfOrder")


def test_an_audience_of_inboxes_without_phones_is_expanded_in_chunks_too(
    here: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expanding, "CHUNK", 10)
    happened(here, [])

    def inboxes(event: Posted) -> list[Owed | Kept]:
        row = {"kind": "kept", "payload": {}, "run_at": now(), "created_at": now()}
        return [Kept(Job, row | {"unique_key": str(n // 2)}, position=n // 2 + 1) for n in range(50)]

    rounds = sum(expand({"moved": inboxes}) for _ in range(10))
    assert rounds == 5
    assert session.scalar(select(func.count()).select_from(Job)) == 25


def test_a_rule_that_fails_holds_up_nobody_and_is_tried_again(here: Municipality) -> None:
    def broken(event: Posted) -> list[Owed | Kept]:
        raise RuntimeError("Maria, Tsontza 4")

    table: dict[str, Expand] = {"broken": broken, **told()}
    with transaction():
        owe(here.id, "broken", "report:9", 1, {})
    tell([a_phone(here, "alice")])
    expand(table)
    session.rollback()
    event = session.scalars(select(Event).filter_by(kind="broken")).one()
    assert (event.state, event.attempt, event.error) == ("new", 1, "RuntimeError")
    assert event.next_at > now()
    assert what_became_of("alice") == [("pending", 0, 0)]
    make_all_due()
    expand({"broken": lambda _: []})
    session.rollback()
    session.refresh(event)
    assert (event.state, event.error) == ("expanded", None)


def test_a_kind_that_this_worker_does_not_know_waits_for_one_that_does(here: Municipality) -> None:
    happened(here, phones(here, 1))
    assert not expand({"another": lambda _: []})
    assert the_event().state == "new"
    assert expand(told())


def test_the_steps_of_one_thing_are_expanded_in_their_order(here: Municipality) -> None:
    targets = phones(here, 1)
    happened(here, targets, version=1)
    happened(here, targets, version=2)
    assert [event.version for event in expanding.waiting(("moved",))] == [1]
    expand(told())
    assert [event.version for event in expanding.waiting(("moved",))] == [2]


def test_what_is_kept_beside_the_deliveries_is_there_with_them_once(here: Municipality) -> None:
    """Any table will do here; in the service it is the inbox."""
    row = {"kind": "kept", "unique_key": "1", "payload": {}, "run_at": now(), "created_at": now()}

    def with_inbox(event: Posted) -> list[Owed | Kept]:
        return [Kept(Job, row), *(Owed(target, "t", {}) for target in event.payload["targets"])]

    happened(here, phones(here, 2))
    expand({"moved": with_inbox})
    event = the_event()
    with transaction():
        event.state, event.cursor = "new", 0
    expand({"moved": with_inbox})
    assert deliveries() == 2
    assert session.scalar(select(func.count()).select_from(Job)) == 1


def test_quiet_hours_delay_a_message_and_its_expiry(here: Municipality) -> None:
    morning = now() + timedelta(hours=8)
    tell([a_phone(here, "alice")], not_before=morning, lasts=timedelta(hours=1))
    delivery = session.scalars(select(Delivery)).one()
    assert abs(delivery.next_at - morning) < timedelta(milliseconds=1)
    assert abs(delivery.expires_at - morning - timedelta(hours=1)) < timedelta(milliseconds=1)


def test_a_display_tag_fits_apples_sixty_four_bytes() -> None:
    with pytest.raises(ValueError, match="64"):
        Owed(1, "α" * 33, {})


def test_the_rule_is_asked_outside_any_transaction(here: Municipality) -> None:
    """It may take its time, so it must hold no lock; and it sees the event as it was owed."""
    asked: list[tuple[bool, Posted]] = []

    def rule(event: Posted) -> list[Owed]:
        asked.append((writing.get(), event))
        return []

    with transaction():
        owe(here.id, "moved", "report:1", 3, {"state": "resolved"})
    expand({"moved": rule})
    ((inside, event),) = asked
    assert not inside
    assert (event.subject, event.version, event.payload) == ("report:1", 3, {"state": "resolved"})
