"""Leases: who holds a delivery, and what happens when its holder does not come back."""

import pytest
from flask import Flask
from sqlalchemy import text

from service.db import db, session, transaction
from service.db.leases import claim, due_rows, expired_rows, record, release
from service.municipalities.directory import Municipality
from service.outbox.loopback_fcm import LoopbackFcm
from service.outbox.models import Delivery
from service.outbox.sending import Sender
from tests.outbox.scene import a_phone, let_leases_run_out, tell, what_became_of


def test_what_one_holds_no_other_can_claim(here: Municipality) -> None:
    tell([a_phone(here, f"phone-{n}") for n in range(5)])
    first = claim(Delivery, "worker-1", 3, 60)
    second = claim(Delivery, "worker-2", 10, 60)
    assert len(first) == 3
    assert len(second) == 2
    assert not {row.id for row in first} & {row.id for row in second}
    assert claim(Delivery, "worker-3", 10, 60) == []


def test_what_a_dead_worker_held_is_claimed_by_the_next(here: Municipality) -> None:
    tell([a_phone(here, "alice")])
    (held,) = claim(Delivery, "worker-1", 1, 60)
    let_leases_run_out()
    (taken,) = claim(Delivery, "worker-2", 1, 60)
    assert taken.id == held.id
    assert taken.attempt == 2


def test_who_comes_late_cannot_overwrite_who_took_over(here: Municipality) -> None:
    tell([a_phone(here, "alice")])
    (row,) = claim(Delivery, "worker-1", 1, 60)
    let_leases_run_out()
    claim(Delivery, "worker-2", 1, 60)
    with transaction():
        assert not record(Delivery, "worker-1", row.id, state="failed")
        assert release(Delivery, "worker-1", [row.id]) == 0
        assert record(Delivery, "worker-2", row.id, state="sent")
    assert what_became_of("alice") == [("sent", 2, 0)]


def test_what_is_given_back_is_due_at_once_and_not_counted(here: Municipality) -> None:
    tell([a_phone(here, "alice")])
    (row,) = claim(Delivery, "worker-1", 1, 60)
    with transaction():
        release(Delivery, "worker-1", [row.id])
    assert what_became_of("alice") == [("pending", 0, 0)]
    assert len(claim(Delivery, "worker-2", 1, 60)) == 1


def test_nothing_due_takes_no_write_lock(here: Municipality, app: Flask) -> None:
    """Another connection holds SQLite's one write lock meanwhile."""
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has no single write lock")
    with db.engine.connect() as other:
        other.rollback()
        driver = other.connection.driver_connection
        assert driver is not None
        driver.execute("BEGIN IMMEDIATE")
        assert claim(Delivery, "worker-1", 1, 60) == []
        driver.execute("ROLLBACK")


def test_results_that_come_after_the_lease_change_nothing(here: Municipality, sender: Sender, fcm: LoopbackFcm) -> None:
    tell([a_phone(here, "alice")])
    sender.lease = -1.0
    sender.send_due()
    assert what_became_of("alice") == [("pending", 0, 0)], "nobody begins what might outlast the lease"
    assert fcm.accepted == []


def plan_of(statement: object) -> str:
    """How the database would carry the statement out, with its indexes preferred."""
    compiled = str(statement.compile(db.engine, compile_kwargs={"literal_binds": True, "render_postcompile": True}))  # type: ignore[attr-defined]
    if db.engine.dialect.name == "sqlite":
        return "\n".join(row.detail for row in session.execute(text(f"EXPLAIN QUERY PLAN {compiled}")))
    session.execute(text("SET enable_seqscan = off"))
    return "\n".join(row[0] for row in session.execute(text(f"EXPLAIN {compiled}")))


def test_looking_for_due_work_reads_only_the_partial_indexes(here: Municipality, sender: Sender) -> None:
    """With rows of each state and fresh statistics: on an empty table every index costs the same."""
    tell([a_phone(here, f"phone-{n}") for n in range(60)])
    claim(Delivery, "worker-1", 30, 60)
    session.execute(text("ANALYZE deliveries"))
    due = plan_of(due_rows(Delivery, *sender.claimable).order_by(Delivery.next_at, Delivery.id))
    assert "ix_deliveries_pending_channel_next_at" in due
    assert "ix_deliveries_unfinished_target_id_subject" in due
    assert "ix_deliveries_sending_lease_until" in plan_of(expired_rows(Delivery))
