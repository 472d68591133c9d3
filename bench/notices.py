"""What it costs to send a notice to many phones: messages a second, processor time of each, memory, two workers.

A worker runs as it is installed, and the stand-in of FCM as a process of its own. The floor is Google's client alone,
as the worker sets it up, in as many threads and with nothing around it: no database, no rows, no results. A message's
processor time is that of the worker and, on PostgreSQL, of the database, from the release of the notice to its last
result, divided by the phones; the start of the worker is not in it.

Run `python -m bench --only notices`; `--phones 100000` sends to more and more phones instead (`bench.many_phones`).
"""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
from sqlalchemy import exists, func, insert, select

from bench.filling import PREFIX, create_database, drop_databases, settings_of, tokens_of_staff
from bench.processes import PATIENCE, Server, backends_of, free_port, nobody, processor_seconds, started
from service.app import create_app
from service.config import Settings
from service.db import db, session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality, municipality
from service.notices.office.audience import Area
from service.notices.office.composing import write
from service.notices.office.deciding import send
from service.notices.office.models import NoticeEdition
from service.outbox.channels import Message
from service.outbox.channels.push import Push, made_up_service_account
from service.outbox.models import Delivery, Event, Target
from service.outbox.targets import UNFINISHED
from service.people.callers import find_caller
from service.people.models import Account, Device
from service.samples.loading import load_all
from service.schema_version import migrate

SIZES = {False: (1_000, 4_000), True: (50, 150)}
"""How many phones the small and the large notice go to, in the whole benchmark and in the quick one."""
AT_ONCE = 500
LIMIT, FEWEST_A_SECOND = 600.0, 50
THREADS = Settings().send_threads
TEXTS = {"el": {"title": "Διακοπή νερού στο κέντρο", "body": "Έως τις 14:00, από την πλατεία ως τον σταθμό."}}
EVERYBODY: dict[str, Any] = {"topics": [], "districts": [], "polygon": None, "languages": [], "platforms": []}
TARGETS = {"CPU / floor": 2.5, "MB more": 16.0, "doubled": 0.0}


@dataclass(frozen=True)
class Sent:
    """One notice: to how many, in how many seconds, with how much processor time, the most MB that a worker had
    meanwhile, and how many messages arrived.
    """

    phones: int
    seconds: float
    processor: float
    megabytes: float
    messages: int


def measure(server: str | None, quick: bool) -> dict[str, Any]:
    """The figures of each database."""
    figures = {}
    home = Path(tempfile.mkdtemp(prefix="plateia-bench-"))
    try:
        for name, there in (("SQLite", None), *([("PostGIS", server)] if server else [])):
            figures[name] = measured(home / name, there, SIZES[quick])
    finally:
        shutil.rmtree(home, ignore_errors=True)
        if server:
            drop_databases(server)
    return figures


def measured(home: Path, server: str | None, sizes: tuple[int, int]) -> dict[str, Any]:
    """Floor, one worker with a small and a large notice, two workers with the large one again."""
    home.mkdir(parents=True)
    url = f"sqlite:///{home / 'plateia.sqlite'}" if server is None else create_database(server, f"{PREFIX}_notices")
    migrate(url)
    small, large = sizes
    with create_app(settings_of(home, url)).app_context(), stand_in(home) as fcm:
        load_all()
        here = municipality("kozani")
        floor = floor_of(fcm, small)
        add_phones(here, small)
        with workers(home, url, fcm, 1) as running:
            few = send_one(here, fcm, running, small)
            add_phones(here, large - small)
            many = send_one(here, fcm, running, large)
        with workers(home, url, fcm, 2) as running:
            shared = send_one(here, fcm, running, large)
        session.remove()
        db.engine.dispose()
    return shown(floor, few, many, shared)


def shown(floor: dict[str, float], few: Sent, many: Sent, shared: Sent) -> dict[str, Any]:
    """The figures in the units of the table."""
    cost = many.processor / many.phones * 1000
    return {
        "phones": many.phones,
        "floor, ms of processor": round(floor["ms"], 3),
        "floor, messages/s": round(floor["rate"], 1),
        "ms of processor": round(cost, 3),
        "CPU / floor": round(cost / floor["ms"], 2),
        "messages/s": round(many.phones / many.seconds, 1),
        "two workers, messages/s": round(shared.phones / shared.seconds, 1),
        "doubled": (many.messages - many.phones) + (shared.messages - shared.phones),
        "MB, small notice": round(few.megabytes, 1),
        "MB, large notice": round(many.megabytes, 1),
        "MB more": round(many.megabytes - few.megabytes, 1),
    }


@contextmanager
def stand_in(home: Path) -> Iterator[str]:
    """The stand-in of FCM in a process of its own; its base URL."""
    port = free_port()
    told = {"PLATEIA_HOME": str(home)}
    command = [sys.executable, "-m", "service.cli", "loopback-fcm", "--port", str(port)]
    server = started(command, port, told, home)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()


def floor_of(fcm: str, count: int) -> dict[str, float]:
    """Google's client alone: milliseconds of processor for a message, and messages a second."""
    channel = Push(made_up_service_account(fcm), THREADS, fcm)
    content = TEXTS["el"] | {"data": {"municipality": "kozani", "notice": str(uuid.UUID(int=0))}}
    until = now() + timedelta(hours=1)
    each = [
        Message(str(n), "token", f"floor-{n}", "notice.x", "e", "notice_sent", "notice:x", 1, content, until)
        for n in range(count)
    ]
    try:
        channel.prepare()
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(channel.send, each[:THREADS]))
            begun, used = time.monotonic(), time.process_time()
            list(pool.map(channel.send, each))
            seconds, used = time.monotonic() - begun, time.process_time() - used
    finally:
        channel.close()
    return {"ms": used / count * 1000, "rate": count / seconds}


numbers = itertools.count()


def add_phones(here: Municipality, count: int) -> None:
    """So many residents more, each with a phone."""
    for begin in range(0, count, AT_ONCE):
        size = min(AT_ONCE, count - begin)
        common = {"municipality_id": here.id, "created_at": now()}
        with transaction():
            targets = session.scalars(
                insert(Target).returning(Target.id),
                [
                    common | {"channel": "push", "kind": "token", "value": f"p{next(numbers)}", "state": "active"}
                    for _ in range(size)
                ],
            ).all()
            accounts = session.scalars(
                insert(Account).returning(Account.id),
                [common | {"uid": uuid.uuid4(), "kind": "resident", "language": "el"} for _ in range(size)],
            ).all()
            session.execute(insert(Device), [phone(common, *pair) for pair in zip(accounts, targets, strict=True)])


def phone(common: dict[str, Any], account_id: int, target_id: int) -> dict[str, Any]:
    proof = {"installation": uuid.uuid4(), "secret_digest": b"", "platform": "android", "app_version": "1.0"}
    return common | proof | {"account_id": account_id, "push_target_id": target_id, "seen_at": now()}


@contextmanager
def workers(home: Path, url: str, fcm: str, count: int) -> Iterator[Sequence[Server]]:
    """So many workers that have begun to work."""
    told = {
        "PLATEIA_HOME": str(home),
        "PLATEIA_DATABASE_URL": url,
        "PLATEIA_FCM_BASE_URL": fcm,
        "PLATEIA_SECRET_KEY": "the key of the measurements that all know",
    }
    backends = nobody if url.startswith("sqlite") else backends_of(url, own_backends)
    running = [worker(home, told, backends) for _ in range(count)]
    try:
        yield running
    finally:
        for server in running:
            server.process.send_signal(signal.SIGTERM)
        for server in running:
            server.process.wait(PATIENCE)


def own_backends() -> Sequence[int]:
    """The backend of this process, which works for nobody."""
    found = session.scalar(select(func.pg_backend_pid()))
    session.rollback()
    return [int(found or 0)]


def worker(home: Path, told: dict[str, str], backends: Any) -> Server:
    """One worker, once it says that it has started."""
    log = home / f"worker-{time.monotonic_ns()}.log"
    with log.open("wb") as file:
        command = [sys.executable, "-m", "service.cli", "worker"]
        process = subprocess.Popen(command, env=os.environ | told, stdout=file, stderr=file)
    limit = time.monotonic() + PATIENCE
    while b"worker_started" not in log.read_bytes():
        if process.poll() is not None or time.monotonic() > limit:
            raise SystemExit(f"the worker does not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)
    return Server(0, process, backends)


def send_one(here: Municipality, fcm: str, running: Sequence[Server], phones: int) -> Sent:
    """Send a notice to everybody and wait for its last result."""
    before, pids = accepted(fcm), [server.process.pid for server in running]
    pids += list(running[0].backends())
    used, begun = processor_seconds(pids), time.monotonic()
    notice, most = release(here), 0.0
    while not has_ended(notice):
        if time.monotonic() - begun > LIMIT + phones / FEWEST_A_SECOND:
            raise SystemExit("the notice does not come to its end")
        time.sleep(0.1)
        most = max(most, megabytes_of(running))
    seconds, used = time.monotonic() - begun, processor_seconds(pids) - used
    return Sent(phones, seconds, used, max(most, megabytes_of(running)), accepted(fcm) - before)


def megabytes_of(running: Sequence[Server]) -> float:
    """What the largest of these workers has in memory now."""
    return float(max(psutil.Process(server.process.pid).memory_info().rss for server in running) / 2**20)


def release(here: Municipality) -> int:
    """Somebody of the office writes a notice and sends it; its key."""
    who = find_caller(here.id, next(iter(tokens_of_staff().values())))
    assert who is not None
    kept = {"texts": TEXTS, "subject": None, "audience": EVERYBODY, "lasts_hours": 24, "send_at": None}
    with transaction():
        notice = write(here, who, kept | {"emergency": True}, Area())
        send(here, who, notice, notice.version, "Measured")
        return notice.id


def has_ended(notice: int) -> bool:
    """Whether every phone has this notice, or never will."""
    of_it = select(NoticeEdition.event_id).where(NoticeEdition.notice_id == notice)
    whole = exists().where(Event.id.in_(of_it), Event.state == "expanded")
    unfinished = exists().where(Delivery.event_id.in_(of_it), UNFINISHED)
    session.rollback()
    found = session.scalar(select(whole & ~unfinished))
    session.rollback()
    return bool(found)


def accepted(fcm: str) -> int:
    """How many messages the stand-in has taken."""
    with urllib.request.urlopen(f"{fcm}/messages/count") as answer:
        return int(json.load(answer)["count"])


def table(figures: dict[str, Any]) -> str:
    """The figures, readable."""
    lines = []
    for database, measured in figures.items():
        lines.append(f"{database}, {measured['phones']:,} phones")
        lines += [f"  {name:28} {value:10,}" for name, value in measured.items() if name != "phones"]
    return "\n".join(lines) + "\n"
