"""A notice goes to many devices while its workers are killed, at named points and at random moments.

`python -m tests.kills.notice_driver --devices 20000 --kills 20 --database sqlite` runs it at its whole length and prints
what it counted as one line of JSON; PostgreSQL is reached by PLATEIA_TEST_POSTGRES_URL.
"""

import argparse
import json
import random
import signal
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select, update

from service.app import create_app
from service.config import Settings
from service.db import db, session, transaction
from service.db.clock import now, seconds_from_now
from service.municipalities.directory import Municipality
from service.notices.models import InboxMessage
from service.notices.office.composing import notice_here
from service.notices.office.counting import figures_of
from service.notices.office.deciding import send
from service.outbox.loopback_fcm import LoopbackFcm, running
from service.outbox.models import Delivery, Event, Target
from service.outbox.sending import RECORD_AT_ONCE
from service.people.models import Account, Device
from tests.factories.municipalities import make_municipality
from tests.factories.notices import caller, make_notice
from tests.factories.people import make_staff
from tests.kills.databases import fresh_database
from tests.kills.driver import IN_FLIGHT
from tests.kills.house import House
from tests.kills.phones import GivenUp

DOOMED = (
    ("after_notice_begun",),
    ("after_expand_insert",),
    ("after_claim", "after_send", "before_record", "after_record"),
)
"""Points at which workers die, one group after the other; those of a group at once."""
NAMED = tuple(point for group in DOOMED for point in group)
WORKERS = ("worker", "worker-2")
AT_ONCE = 1000
PATIENCE = 120.0


@dataclass(frozen=True)
class Plan:
    """How many devices, how many kills (the named points are among them), and the seed of the random ones."""

    devices: int
    kills: int
    seed: int = 1


@dataclass
class Counted:
    """What the killer saw: which points were hit, and how many accepted messages were not written down at each kill.

    `known`: by device, how many copies were counted so at earlier kills.
    """

    hit: Counter[str] = field(default_factory=Counter)
    unrecorded: list[int] = field(default_factory=list)
    known: Counter[str] = field(default_factory=Counter)


def token_of(number: int) -> str:
    """Where a device is reached, and with it the fault that FCM has for it: dead, busy at first, an answer lost."""
    return {3: f"unreg-{number}", 7: f"e503-1-{number}", 11: f"lost-1-{number}"}.get(number % 100, f"phone-{number}")


def make_devices(here: Municipality, count: int, platform: str = "android") -> None:
    """So many residents with a phone each."""
    for begin in range(0, count, AT_ONCE):
        numbers = range(begin, min(count, begin + AT_ONCE))
        common = {"municipality_id": here.id, "created_at": now()}
        with transaction():
            targets = session.scalars(
                insert(Target).returning(Target.id, sort_by_parameter_order=True),
                [
                    common | {"channel": "push", "kind": "token", "value": token_of(n), "state": "active"}
                    for n in numbers
                ],
            ).all()
            accounts = session.scalars(
                insert(Account).returning(Account.id, sort_by_parameter_order=True),
                [common | {"uid": uuid.uuid4(), "kind": "resident", "language": ("el", "en")[n % 2]} for n in numbers],
            ).all()
            devices = [
                common
                | {"account_id": account, "installation": uuid.uuid4(), "secret_digest": b"", "platform": platform}
                | {"app_version": "1.0", "push_target_id": target, "seen_at": now()}
                for account, target in zip(accounts, targets, strict=True)
            ]
            session.execute(insert(Device), devices)


def compose(here: Municipality) -> uuid.UUID:
    """A notice to everybody, as the office sends it; its id."""
    ann = make_staff(here, "ann", [("communications_editor", None)])
    notice = make_notice(here, ann)
    with transaction():
        found = notice_here(here, notice.uid, lock=True)
        send(here, caller(here, ann), found, found.version, None)
    return notice.uid


def run(plan: Plan, database_url: str, folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Send, kill, settle and reckon: the figures, and the faults as sentences. The database is migrated and empty."""
    settings = Settings(home=folder, database_url=database_url, limits=False, log_level="ERROR")
    with create_app(settings).app_context(), running(record_path=folder / "accepted.jsonl") as fcm:
        house = House(folder, settings.database_url, fcm.url)
        try:
            here = make_municipality("here", west=21.7, south=40.2)
            make_devices(here, plan.devices)
            notice = compose(here)
            began = time.monotonic()
            counted = kill_workers(plan, house, fcm)
            settle()
            endings = house.stop()
            seconds = round(time.monotonic() - began, 1)
            return reckon(plan, here, notice, fcm, counted, seconds, endings)
        finally:
            house.clear()
            session.remove()
            db.engine.dispose()


def kill_workers(plan: Plan, house: House, fcm: LoopbackFcm) -> Counted:
    """First the named points, then random moments, while others go on."""
    counted, chance = Counted(), random.Random(plan.seed)
    for group in DOOMED:
        die_at(group, house, fcm, counted)
    for name in WORKERS:
        house.start(name)
    random_kills = max(0, plan.kills - len(NAMED))
    for number in range(random_kills):
        name = WORKERS[number % len(WORKERS)]
        if not reached(fcm, plan.devices * (number + 1) // (random_kills + 2)):
            break
        time.sleep(chance.uniform(0, 0.2))
        note(counted, fcm, house.kill(name))
        counted.hit["random"] += 1
        house.start(name)
    return counted


def die_at(points: Sequence[str], house: House, fcm: LoopbackFcm, counted: Counted) -> None:
    """Let a worker die at each of these points, all at once."""
    for point in points:
        house.start(f"worker-{point}", crash_at=point)
    for point in points:
        process = house.parts[f"worker-{point}"]
        if process.wait(PATIENCE) == -signal.SIGKILL:
            counted.hit[point] += 1
        note(counted, fcm, process.pid)


def note(counted: Counted, fcm: LoopbackFcm, pid: int) -> None:
    """What a dead worker had sent and not written down; then time passes, and its leases run out."""
    time.sleep(IN_FLIGHT)
    with fcm.lock:
        copies = Counter(message["token"] for message in fcm.accepted)
    unknown = {token: copies[token] - uncertain - counted.known[token] for token, uncertain in under_way(pid)}
    lost = Counter({token: count for token, count in unknown.items() if count > 0})
    counted.known += lost
    counted.unrecorded.append(lost.total())
    with transaction():
        dead = Delivery.owner.like(f"%:{pid}:%"), Delivery.state == "sending"
        session.execute(
            update(Delivery)
            .where(*dead)
            .values(lease_until=seconds_from_now(-1))
            .execution_options(synchronize_session=False)
        )


def under_way(pid: int) -> list[tuple[str, int]]:
    """(token, answers lost so far) of the deliveries that this worker has claimed and not recorded."""
    session.rollback()
    query = select(Target.value, Delivery.uncertain).join(Target, Target.id == Delivery.target_id)
    found = session.execute(query.where(Delivery.state == "sending", Delivery.owner.like(f"%:{pid}:%"))).all()
    session.rollback()
    return [(row.value, row.uncertain) for row in found]


def reached(fcm: LoopbackFcm, messages: int) -> bool:
    """Wait until FCM has accepted so many; False when that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while len(fcm.accepted) < messages:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def settle() -> None:
    """Wait until every device has it or never will. Raises GivenUp."""
    open_still = select(func.count()).where(Delivery.state.in_(["pending", "sending"])).scalar_subquery()
    unexpanded = select(func.count()).where(Event.state == "new").scalar_subquery()
    deadline = time.monotonic() + 10 * PATIENCE
    while left := session.scalar(select(open_still + unexpanded)):
        session.rollback()
        if time.monotonic() > deadline:
            raise GivenUp(f"{left} deliveries are still waiting")
        time.sleep(0.2)
    session.rollback()


def reckon(
    plan: Plan,
    here: Municipality,
    notice: uuid.UUID,
    fcm: LoopbackFcm,
    counted: Counted,
    seconds: float,
    endings: dict[str, int],
) -> tuple[dict[str, Any], list[str]]:
    """The figures and the faults."""
    copies = Counter(message["token"] for message in fcm.accepted)
    tags = {message["android"]["notification"]["tag"] for message in fcm.accepted}
    uncertain = session.scalar(select(func.sum(Delivery.uncertain))) or 0
    repeats = copies.total() - len(copies)
    edition = figures_of(notice_here(here, notice))["editions"][0]
    figures = {
        "database": db.engine.dialect.name,
        "devices": plan.devices,
        "kills": sum(counted.hit.values()),
        "named points hit": {point: counted.hit[point] for point in NAMED},
        "messages that reached the stand-in": copies.total(),
        "accepted": edition["accepted"],
        "failed": edition["failed"],
        "repeats after lost answers": uncertain,
        "repeats after kills": repeats - uncertain,
        "accepted and unrecorded at kills": sum(counted.unrecorded),
        "most at one kill": max(counted.unrecorded, default=0),
        "pool size": Settings().send_threads,
        "results recorded at once": RECORD_AT_ONCE,
        "seconds": seconds,
    }
    return figures, [*faults(plan, copies, tags, figures, edition, counted), *badly_ended(endings)]


def faults(
    plan: Plan,
    copies: Counter[str],
    tags: set[str],
    figures: dict[str, Any],
    edition: dict[str, Any],
    counted: Counted,
) -> Iterator[str]:
    """What is wrong, in sentences."""
    living = {token for token in map(token_of, range(plan.devices)) if not token.startswith("unreg")}
    if missing := living - set(copies):
        yield f"{len(missing)} devices were left out: {sorted(missing)[:5]}"
    if len(tags) != 1:
        yield f"{len(tags)} display tags"
    if edition["accepted"] != len(living) or edition["failed"] != plan.devices - len(living):
        yield f"the figures say {edition['accepted']} and {edition['failed']}"
    if session.scalar(select(func.count()).select_from(InboxMessage)) != plan.devices:
        yield "the inboxes do not hold it once each"
    if figures["repeats after kills"] > figures["accepted and unrecorded at kills"]:
        yield f"{figures['repeats after kills']} repeats after kills"
    if figures["most at one kill"] > figures["pool size"] + figures["results recorded at once"]:
        yield f"{figures['most at one kill']} unrecorded at one kill"
    if unhit := [point for point in NAMED if not counted.hit[point]]:
        yield f"never died {', '.join(unhit)}"


def badly_ended(endings: dict[str, int]) -> Iterator[str]:
    """Workers that were asked to stop and did not do so cleanly."""
    for name in WORKERS:
        if endings[name] not in (0, -signal.SIGTERM):
            yield f"{name} ended with {endings[name]}"


def main(arguments: Sequence[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Kill the workers that send a notice and see whether it reaches all.")
    parser.add_argument("--devices", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, fresh_database(chosen.database, Path(folder)) as url:
        figures, found = run(Plan(chosen.devices, chosen.kills, chosen.seed), url, Path(folder))
    print(json.dumps(figures))
    for fault in found:
        print(fault, file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
