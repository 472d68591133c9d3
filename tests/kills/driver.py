"""Phones and clerks at work while server and workers are killed at random moments and started again.

`python -m tests.kills.driver --reports 500 --kills 40 --database sqlite` runs it at its whole length and prints what
it counted as one line of JSON; PostgreSQL is reached by PLATEIA_TEST_POSTGRES_URL.
"""

import argparse
import json
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from service.app import create_app
from service.config import Settings
from service.db import db, session
from service.outbox.loopback_fcm import LoopbackFcm, running
from service.outbox.models import Delivery, Event, Target
from service.outbox.sending import RECORD_AT_ONCE
from service.storage.keeping import open_store
from tests.factories.municipalities import make_municipality
from tests.factories.people import make_staff
from tests.kills import reckoning
from tests.kills.databases import fresh_database
from tests.kills.house import House
from tests.kills.phones import Clerk, GivenUp, Phone
from tests.kills.reckoning import Pair, World

PUSHES = (
    "slow-250-a",
    "phone-b",
    "slow-400-c",
    "e503-2-d",
    "lost-3-e",
    None,
    "unreg-f",
    "slow-150-g",
)
"""Where pushes reach each phone, and with it the fault that FCM has for it; None: reports without registering."""
PARTS = ("server", "worker", "server", "worker-2")
SETTLED = 90.0
STOPPED = (0, -signal.SIGTERM)
"""How a process ends that is asked to: cleanly, or at once where it had hardly begun to start."""
IN_FLIGHT = 0.1


@dataclass(frozen=True)
class Plan:
    """How much is sent and how often somebody is killed; the same seed makes the same phones and the same order."""

    reports: int
    kills: int
    seed: int = 1


@dataclass
class Killer:
    """Kills one process after the other while the phones make progress, and starts it again."""

    house: House
    fcm: LoopbackFcm
    plan: Plan
    acknowledged: Callable[[], int]
    finished: threading.Event
    kills: Counter[str] = field(default_factory=Counter)
    unrecorded: list[int] = field(default_factory=list)

    def work(self) -> None:
        """Spread the kills over the reports, each at a random moment."""
        chance = random.Random(self.plan.seed)
        for number in range(self.plan.kills):
            if not self.reached(self.plan.reports * number // self.plan.kills):
                return
            name = PARTS[number % len(PARTS)]
            if name.startswith("worker"):
                self.wait_for_messages(len(self.fcm.accepted))
            time.sleep(chance.uniform(0, 0.4))
            self.kill(name)
            time.sleep(chance.uniform(0, 0.3))
            accepted = len(self.fcm.accepted)
            self.house.start(name)
            self.wait_for_work(name, accepted)

    def reached(self, reports: int) -> bool:
        """Wait until so many reports were acknowledged; False when nobody sends any more."""
        while self.acknowledged() < reports:
            if self.finished.wait(0.02):
                return False
        return True

    def kill(self, name: str) -> None:
        """Kill it, and note how many messages of a worker were accepted by FCM and not written down."""
        pid = self.house.kill(name)
        self.kills[name.split("-", maxsplit=1)[0]] += 1
        if name.startswith("worker"):
            time.sleep(IN_FLIGHT)
            with self.fcm.lock:
                taken = {(message["token"], message["data"]["event"]) for message in self.fcm.accepted}
            self.unrecorded.append(len(under_way(pid) & taken))

    def wait_for_work(self, name: str, accepted: int) -> None:
        """Give a process that was started the time to do something that can be lost."""
        if name == "server":
            self.house.wait_until_ready()
        else:
            self.wait_for_messages(accepted)

    def wait_for_messages(self, accepted: int) -> None:
        """Wait a few seconds at most until FCM has accepted more than so many messages."""
        deadline = time.monotonic() + 5
        while len(self.fcm.accepted) <= accepted and time.monotonic() < deadline:
            time.sleep(0.02)


def under_way(pid: int) -> set[Pair]:
    """The messages that the worker with this process id has claimed and has not recorded."""
    session.rollback()
    rows = session.execute(
        select(Target.value, Event.uid)
        .join(Delivery, Delivery.target_id == Target.id)
        .join(Event, Event.id == Delivery.event_id)
        .where(Delivery.state == "sending", Delivery.owner.like(f"%:{pid}:%"))
    ).all()
    session.rollback()
    return {(value, str(uid)) for value, uid in rows}


def run(plan: Plan, database_url: str, folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Send, kill, settle and reckon: the figures, and the faults as sentences (none when all is well).

    The database is migrated and empty; logs, files and what FCM accepted stay in the folder.
    """
    settings = Settings(home=folder, database_url=database_url, limits=False, log_level="ERROR")
    app = create_app(settings)
    with app.app_context(), running(record_path=folder / "accepted.jsonl") as fcm:
        house = House(folder, settings.database_url, fcm.url)
        try:
            here = make_municipality("here", west=21.7, south=40.2)
            tokens = [make_staff(here, name, [("dispatcher", None)]).token for name in ("bob", "dora")]
            phones = [Phone(house.url, plan.seed * 100 + n, push) for n, push in enumerate(PUSHES)]
            clerks = [Clerk(house.url, plan.seed * 100 + 50 + n, token) for n, token in enumerate(tokens)]
            world = World(here, open_store(settings.files_url), folder / "accepted.jsonl", phones, clerks)
            return drive(plan, house, fcm, world)
        finally:
            house.clear()
            session.remove()
            db.engine.dispose()


def drive(plan: Plan, house: House, fcm: LoopbackFcm, world: World) -> tuple[dict[str, Any], list[str]]:
    """From the first start to the last figure."""
    began = time.monotonic()
    for name in dict.fromkeys(PARTS):
        house.start(name)
    house.wait_until_ready()
    killer = at_once(plan, house, fcm, world)
    settle()
    found = reckoning.faults(world)
    endings = house.stop()
    found += [f"{name} ended with {code}" for name, code in endings.items() if code not in STOPPED]
    figures = counted(world, killer) | {"seconds": round(time.monotonic() - began, 1), "faults": len(found)}
    return {"database": db.engine.dialect.name, "reports": plan.reports, "seed": plan.seed} | figures, found


def at_once(plan: Plan, house: House, fcm: LoopbackFcm, world: World) -> Killer:
    """Phones, clerks and the killer side by side, until every report was acknowledged and every kill done."""
    finished = threading.Event()
    killer = Killer(house, fcm, plan, lambda: len(acknowledged(world)), finished)
    with ThreadPoolExecutor(len(world.phones) + len(world.clerks)) as pool:
        phones = [pool.submit(use, phone, share) for phone, share in zip(world.phones, shares(plan, len(world.phones)))]
        clerks = [pool.submit(clerk.work, lambda: acknowledged(world), finished) for clerk in world.clerks]
        watcher = threading.Thread(target=set_when_done, args=(phones, finished))
        watcher.start()
        try:
            killer.work()
            watcher.join()
        finally:
            finished.set()
        for future in [*phones, *clerks]:
            future.result()
    return killer


def set_when_done(phones: list["Future[None]"], finished: threading.Event) -> None:
    for future in phones:
        future.exception()
    finished.set()


def use(phone: Phone, reports: int) -> None:
    """What one phone does: register, and send its reports, every other one in one call."""
    phone.introduce()
    for number in range(reports):
        phone.report(whole=number % 2 == 0)


def shares(plan: Plan, phones: int) -> list[int]:
    """How many reports each phone sends."""
    return [plan.reports // phones + (number < plan.reports % phones) for number in range(phones)]


def acknowledged(world: World) -> list[str]:
    return [uid for _, sent in world.sent for uid in list(sent.ids)]


def settle() -> None:
    """Wait until nothing is owed any more that can be sent. Raises GivenUp."""
    deadline = time.monotonic() + SETTLED
    while waiting := still_waiting():
        if time.monotonic() > deadline:
            raise GivenUp(f"still waiting after {SETTLED:.0f} s: {waiting}")
        time.sleep(0.2)


def still_waiting() -> list[dict[str, Any]]:
    """The events that are not expanded and the pushes that are not final."""
    session.rollback()
    push = select(Delivery.__table__).where(Delivery.channel == "push", Delivery.state.in_(["pending", "sending"]))
    rows = [*session.execute(push), *session.execute(select(Event.__table__).where(Event.state == "new"))]
    session.rollback()
    return [dict(row._mapping) for row in rows]


def counted(world: World, killer: Killer) -> dict[str, Any]:
    """The figures. A message may be repeated for two reasons: its worker was killed before it wrote down that it was
    sent, or FCM's answer was lost, which is counted as uncertain."""
    copies = reckoning.accepted(world)
    repeats = copies.total() - len(copies)
    uncertain = session.scalar(select(func.sum(Delivery.uncertain))) or 0
    return {
        "kills": dict(killer.kills),
        "photos": sum(len(sent.photos) for _, sent in world.sent),
        "tries": sum(sent.tries for _, sent in world.sent),
        "answers lost": sum(caller.lost + caller.unanswered for caller in [*world.phones, *world.clerks]),
        "moves": session.scalar(select(func.count()).where(Event.version > 1)),
        "clerks too late": sum(clerk.too_late for clerk in world.clerks),
        "messages owed": len(copies),
        "messages sent": copies.total(),
        "repeats after lost answers": uncertain,
        "repeats after kills": repeats - uncertain,
        "accepted and unrecorded at kills": sum(killer.unrecorded),
        "most at one kill": max(killer.unrecorded, default=0),
        "pool size": Settings().send_threads,
        "results recorded at once": RECORD_AT_ONCE,
    }


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Kill the service at random moments and see what is lost.")
    parser.add_argument("--reports", type=int, default=500)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, fresh_database(chosen.database, Path(folder)) as url:
        figures, found = run(Plan(chosen.reports, chosen.kills, chosen.seed), url, Path(folder))
    print(json.dumps(figures))
    for fault in found:
        print(fault, file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
