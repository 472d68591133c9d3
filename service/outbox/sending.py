"""Send what is owed: claim, commit, send, record under the same owner.

Between the commit of the claim and the record of the result no transaction is open and no lock is held. Results are
recorded in small batches: the fewer results wait in memory, the fewer messages are sent twice after a kill. A lease
lasts longer than the longest attempt, and nobody begins an attempt that might outlast it.

What one target is owed about one subject goes out in the order in which it was owed: a newer message waits until the
older one is final (sent, failed, expired, cancelled). Nothing is dropped as superseded, because each step of a report
has a text of its own; an older message that cannot be sent stops holding the newer ones when it expires.

A channel without credentials sends nothing: its deliveries stay pending. One that has a pace begins slowly and never
claims more than it may send; what an event told that was cancelled meanwhile is not sent any more. Before each attempt
whoever knows the people's quiet hours is asked whether what is considerate may leave now.
"""

import queue
import random
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Float, Row, String, bindparam, case, exists, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import aliased

from service import logs
from service.crash_points import crash_here
from service.db import session, transaction
from service.db.clock import now, seconds_from_now
from service.db.leases import anything_due, claim, fixed
from service.db.types import AnyRow
from service.outbox.channels import Channel, Message
from service.outbox.models import Delivery, Event, Target
from service.outbox.outcomes import Outcome, Result
from service.outbox.pace import Pace
from service.outbox.pausing import pause, paused, wake
from service.outbox.targets import LEFT, PENDING, go_on, lock, lock_deliveries, retire

log = structlog.get_logger()

RECORD_AT_ONCE = 16
RECORD_AFTER = 0.05
RECORD_TRIES = 5
ABORTED = ("40001", "40P01")
"""The SQLSTATEs of a transaction that lost to another and may be tried again: serialization failure, deadlock."""
WAVES = 4


@dataclass(frozen=True)
class Attempt:
    """A claimed delivery with what there is to send; a `result` when it is settled without sending."""

    delivery_id: int
    target_id: int
    number: int
    message: Message
    result: Result | None = None


Settled = tuple[Attempt, Result]
PutOff = Callable[[Collection[AnyRow]], Mapping[int, datetime]]
"""Claimed deliveries that are considerate → by their ids, when those may leave that may not leave now."""


def nobody_rests(claimed: Collection[AnyRow]) -> Mapping[int, datetime]:
    """Nobody has quiet hours."""
    return {}


class Sender:
    """Sends the deliveries of one channel from a fixed pool of threads, in the name of one owner."""

    def __init__(
        self,
        channel: Channel,
        owner: str,
        stopping: threading.Event | None = None,
        put_off: PutOff = nobody_rests,
    ) -> None:
        """`stopping`: when it is set, nothing more is begun and what was claimed is given back."""
        self.channel, self.put_off = channel, put_off
        self.owner = owner
        self.stopping = stopping or threading.Event()
        self.lease = channel.longest * 4 / 3
        self.claimable = claimable(channel.name)
        self.pace = Pace(channel.per_minute)
        self.pool = ThreadPoolExecutor(channel.threads, thread_name_prefix=f"send-{channel.name}")

    def send_due(self) -> int:
        """Send one batch of what is due. Returns how many deliveries were tried. Call outside a transaction."""
        if paused(self.channel.name) or not anything_due(Delivery, *self.claimable):
            return 0
        refused = self.channel.prepare()
        if refused:
            self.write_down([], refused)
            return 0
        return self.send_batch()

    def send_batch(self) -> int:
        """Claim, commit, send, record."""
        begun = time.monotonic()
        room = self.pace.take(self.channel.threads * WAVES)
        rows = claim(Delivery, self.owner, room, self.lease, *self.claimable) if room else []
        self.pace.give_back(room - len(rows))
        attempts = described(rows, self.later(rows))
        session.rollback()  # no snapshot stays open while we wait for the network
        if not attempts:
            return 0
        crash_here("after_claim")
        batch = Batch(begun + self.lease - self.channel.longest, self.channel.threads + RECORD_AT_ONCE)
        sent = [self.pool.submit(self.try_one, attempt, batch) for attempt in attempts]
        try:
            self.collect(len(attempts), batch)
        finally:
            batch.give_up(len(attempts))
            wait(sent)
        return len(attempts)

    def later(self, rows: Sequence[AnyRow]) -> Mapping[int, datetime]:
        """When those of these may leave that may not leave now."""
        considerate = [row for row in rows if row.considerate]
        return self.put_off(considerate) if considerate else {}

    def try_one(self, attempt: Attempt, batch: "Batch") -> None:
        """One attempt in a thread of the pool; puts exactly one result into the batch's queue."""
        batch.permits.acquire()
        result = attempt.result
        if result is None and (self.stopping.is_set() or not batch.may_begin()):
            result = Result(Outcome.UNTRIED)
        if result is None:
            result = self.send(attempt.message)
            crash_here("after_send")
        if result.treatment.pauses_channel:
            batch.over.set()
        batch.results.put((attempt, result))

    def send(self, message: Message) -> Result:
        """What the channel says; a fault in the channel itself leaves us not knowing, and must not stop the others."""
        try:
            return self.channel.send(message)
        except Exception as error:  # `collect` waits for a result, whatever happened
            logs.unforeseen(error)
            return Result(Outcome.UNCERTAIN, error=type(error).__name__)

    def collect(self, expected: int, batch: "Batch") -> None:
        """Record results in small batches as they come."""
        while expected:
            settled = some(batch.results)
            crash_here("before_record")
            self.write_down(settled, None)
            crash_here("after_record")
            batch.permits.release(len(settled))
            expected -= len(settled)

    def write_down(self, settled: Sequence[Settled], refused: Result | None) -> None:
        """Record what became of a few attempts; `refused`: nothing could be tried at all.

        Tried again when the database aborts it in favour of somebody else: results that are lost are sent twice.
        """
        for _ in range(RECORD_TRIES - 1):
            try:
                return self.write_at_once(settled, refused)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in ABORTED:
                    raise
                log.warning("recording_aborted", channel=self.channel.name, count=len(settled))
                time.sleep(random.uniform(0, RECORD_AFTER))
        return self.write_at_once(settled, refused)

    def write_at_once(self, settled: Sequence[Settled], refused: Result | None) -> None:
        """The same in one transaction."""
        with transaction():
            late = record(self.owner, settled, self.channel)
            pauses = [result for _, result in settled if result.treatment.pauses_channel] + (
                [refused] if refused else []
            )
            if pauses:
                self.pace.begin_anew()
                pause(self.channel, max(pauses, key=lambda result: result.retry_after or 0))
            elif any(result.outcome is Outcome.SENT for _, result in settled):
                wake(self.channel.name)
        if late:
            log.warning("results_came_too_late", channel=self.channel.name, count=late)

    def close(self) -> None:
        """End the threads."""
        self.pool.shutdown()


def claimable(channel: str) -> list[ColumnElement[bool]]:
    """This channel's deliveries that no older one of the same subject and target holds back."""
    older = aliased(Delivery)
    held_back = exists().where(
        older.target_id == Delivery.target_id,
        older.subject == Delivery.subject,
        older.event_id < Delivery.event_id,
        older.state.in_([fixed("pending"), fixed("sending")]),
    )
    return [Delivery.channel == channel, ~held_back]


class Batch:
    """Claimed deliveries that are under way. As many as there are permits are sent or waiting to be recorded at once:
    no kill can repeat more.
    """

    def __init__(self, last_start: float, permits: int) -> None:
        """`last_start`: the moment of the monotonic clock after which an attempt might outlast the lease."""
        self.last_start = last_start
        self.permits = threading.Semaphore(permits)
        self.results: queue.SimpleQueue[Settled] = queue.SimpleQueue()
        self.over = threading.Event()

    def may_begin(self) -> bool:
        """Whether one more attempt may begin."""
        return not self.over.is_set() and time.monotonic() <= self.last_start

    def give_up(self, waiting: int) -> None:
        """Begin nothing more and let the threads that wait for a permit come to their end."""
        self.over.set()
        self.permits.release(waiting)


def some(results: "queue.SimpleQueue[Settled]") -> list[Settled]:
    """The next result and those that come within a moment, up to a small batch."""
    batch = [results.get()]
    until = time.monotonic() + RECORD_AFTER
    while len(batch) < RECORD_AT_ONCE:
        try:
            batch.append(results.get(timeout=max(0.0, until - time.monotonic())))
        except queue.Empty:
            break
    return batch


def described(rows: Sequence[Row[Any]], later: Mapping[int, datetime]) -> list[Attempt]:
    """What there is to send for claimed deliveries; settles at once what has expired, lost its target, or leaves later.

    A delivery that was erased since it was claimed is no attempt: nothing is left of it to send or to record.
    """
    facts = session.execute(
        select(
            Delivery.id,
            Event.uid.label("event"),
            Event.kind,
            Event.version,
            Target.kind.label("target_kind"),
            Target.value,
            Target.state,
            Target.reason,
            Event.state.label("event_state"),
            (Delivery.expires_at <= seconds_from_now(0)).label("expired"),
        )
        .join(Event, Event.id == Delivery.event_id)
        .join(Target, Target.id == Delivery.target_id)
        .where(Delivery.id.in_([row.id for row in rows]))
    )
    by_id: Mapping[int, Any] = {fact.id: fact for fact in facts}
    return [attempt(row, by_id[row.id], later.get(row.id)) for row in rows if row.id in by_id]


def attempt(row: Row[Any], fact: Any, later: datetime | None) -> Attempt:
    """One claimed delivery; `later`: when it may leave, where it may not now."""
    message = Message(
        uid=str(row.uid),
        target_kind=fact.target_kind,
        target=fact.value,
        tag=row.tag,
        event=str(fact.event),
        kind=fact.kind,
        subject=row.subject,
        version=fact.version,
        content=row.content,
        expires_at=row.expires_at,
        uncertain=row.uncertain,
    )
    settled = None
    if fact.event_state == "cancelled":
        settled = Result(Outcome.CANCELLED)
    elif fact.state == "retired":
        settled = Result(Outcome.BAD_MESSAGE, error=f"target retired: {fact.reason}")
    elif fact.expired:
        settled = Result(Outcome.EXPIRED, error="expired before it could be sent")
    elif later is not None:
        settled = Result(Outcome.PUT_OFF, retry_after=max(0.0, (later - now()).total_seconds()))
    return Attempt(row.id, row.target_id, row.attempt, message, settled)


def record(owner: str, settled: Sequence[Settled], channel: Channel) -> int:
    """Write the results down, inside a transaction. Returns how many came too late: somebody else has taken over."""
    if not settled:
        return 0
    lock_what_is_retired(settled)
    in_order = sorted(settled, key=lambda one: one[0].delivery_id)  # as all lock deliveries
    done: Any = session.connection().execute(
        recording(), [parameters(owner, attempt, result, channel) for attempt, result in in_order]
    )
    for attempt, result in in_order:
        if result.outcome not in (Outcome.SENT, Outcome.EXPIRED, Outcome.CANCELLED):
            go_on(attempt.delivery_id, attempt.target_id)
        if result.treatment.retires_target:
            retire(attempt.target_id, result.outcome.value + ": " + (result.error or ""))
    return len(settled) - max(0, int(done.rowcount))


def lock_what_is_retired(settled: Sequence[Settled]) -> None:
    """Lock the targets that these results retire and, with what waits for them, all that will be written; nothing
    when no target is retired.
    """
    retired = {attempt.target_id for attempt, result in settled if result.treatment.retires_target}
    if retired:
        lock(*retired)
        waiting = Delivery.target_id.in_(retired) & PENDING
        lock_deliveries(or_(Delivery.id.in_([attempt.delivery_id for attempt, _ in settled]), waiting))


def recording() -> Any:
    """One statement for every outcome; nothing is written for a delivery that is no longer the owner's."""
    state = bindparam("new_state", type_=String())
    return (
        update(Delivery)
        .where(
            Delivery.id == bindparam("delivery_id"),
            Delivery.owner == bindparam("the_owner"),
            Delivery.state == "sending",
        )
        .values(
            state=state,
            owner=None,
            lease_until=None,
            attempt=Delivery.attempt - bindparam("not_counted"),
            uncertain=Delivery.uncertain + bindparam("not_known"),
            message_id=bindparam("its_message_id"),
            error=bindparam("its_error"),
            next_at=seconds_from_now(bindparam("wait", type_=Float())),
            sent_at=case((state == "sent", seconds_from_now(0)), else_=None),
            content=case((state == "pending", Delivery.content), else_=LEFT),
        )
    )


def parameters(owner: str, attempt: Attempt, result: Result, channel: Channel) -> dict[str, Any]:
    """The parameters of `recording` for one result."""
    treatment = result.treatment
    return {
        "delivery_id": attempt.delivery_id,
        "the_owner": owner,
        "new_state": treatment.state,
        "not_counted": 0 if treatment.counts else 1,
        "not_known": 1 if treatment.uncertain else 0,
        "its_message_id": result.message_id,
        "its_error": result.error,
        "wait": wait_after(attempt, result, channel),
    }


def wait_after(attempt: Attempt, result: Result, channel: Channel) -> float:
    """The seconds until the next attempt, where there is one."""
    treatment = result.treatment
    if treatment.waits_as_told:
        return result.retry_after or 0.0
    if treatment.state != "pending" or not treatment.counts:
        return 0.0
    return max(channel.back_off.pause(attempt.number), result.retry_after or 0.0)
