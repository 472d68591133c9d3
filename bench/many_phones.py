"""That a worker needs no more memory, and no more statements, for a notice to 100,000 phones than for one to 1,000.

One worker sends a notice to a hundredth of the phones, to a tenth of them and to all of them, one after the other, so
that its memory shows what stays behind. Before the first and after the last of them, when no worker runs, one page of
the audience is looked at and one batch is sent in this process, and the statements of both are counted; what is left
of that notice is then cancelled.

What a worker's threads and libraries keep for themselves fills during the first ten thousands of messages, in steps,
and then stays; so it is judged what all the phones take more than a tenth of them did. SQLite keeps pages of its file
in memory for each connection, up to a size that is set: what they may hold is not judged.

Run `python -m bench --only notices --phones 100000`.
"""

import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import event, select, text

from bench.filling import PREFIX, create_database, drop_databases, settings_of
from bench.notices import THREADS, Sent, add_phones, floor_of, release, send_one, stand_in, workers
from service.app import create_app
from service.db import db, dialect, session, transaction
from service.jobs.working import work_one
from service.municipalities.directory import Municipality, municipality
from service.notices.office.deciding import SEND_NOTICE
from service.notices.office.fan_out import stop
from service.notices.office.models import NoticeEdition
from service.outbox.channels.push import Push, made_up_service_account
from service.outbox.expanding import expand
from service.outbox.sending import Sender
from service.samples.loading import load_all
from service.schema_version import migrate
from service.worker import EVENTS, JOBS

FEWEST = 1_000
"""A hundredth of which is still somebody. With less than 20,000 the first notice has no whole page of 200 people, and
takes a statement more, which finds that there is no next one.
"""
FLOOR_OF = 1_000
BEYOND = "MB more than for a tenth, beyond a page cache"
TARGETS = {"CPU / floor": 2.5, BEYOND: 16.0, "statements more": 0.0, "doubled": 0.0}


@dataclass(frozen=True)
class Counted:
    """Statements of one step of the expansion, and of one batch, which is so many messages."""

    page: int
    batch: int
    messages: int


def measure(server: str | None, phones: int) -> dict[str, Any]:
    """The figures of each database."""
    figures = {}
    home = Path(tempfile.mkdtemp(prefix="plateia-bench-"))
    try:
        for name, there in (("SQLite", None), *([("PostGIS", server)] if server else [])):
            figures[name] = measured(home / name, there, phones)
    finally:
        shutil.rmtree(home, ignore_errors=True)
        if server:
            drop_databases(server)
    return figures


def measured(home: Path, server: str | None, phones: int) -> dict[str, Any]:
    """The floor, and a notice to a hundredth, a tenth and all of the phones."""
    home.mkdir(parents=True)
    url = f"sqlite:///{home / 'plateia.sqlite'}" if server is None else create_database(server, f"{PREFIX}_phones")
    migrate(url)
    sent: list[Sent] = []
    with create_app(settings_of(home, url)).app_context(), stand_in(home) as fcm:
        load_all()
        here, floor = municipality("kozani"), floor_of(fcm, FLOOR_OF)
        there, *larger = phones // 100, phones // 10, phones
        add_phones(here, there)
        while expand(EVENTS):  # what the samples owe
            session.rollback()
        statements_of(here, fcm)  # the first one learns what is remembered from then on
        few = statements_of(here, fcm)
        with workers(home, url, fcm, 1) as running:
            for size in (there, *larger):
                add_phones(here, size - there)
                there = size
                sent.append(send_one(here, fcm, running, size))
        many, cache = statements_of(here, fcm), page_cache()
        session.remove()
        db.engine.dispose()
    return shown(floor["ms"], sent, few, many, cache)


def page_cache() -> float:
    """Megabytes that a connection may keep of the file; none of PostgreSQL's are the worker's own."""
    if dialect() != "sqlite":
        return 0.0
    return -int(session.scalar(text("PRAGMA cache_size")) or 0) / 1024


def statements_of(here: Municipality, fcm: str) -> Counted:
    """A notice of which one page is looked at and one batch is sent, here and now; the rest of it is cancelled."""
    notice = release(here)
    session.rollback()
    work_one({SEND_NOTICE: JOBS[SEND_NOTICE]}, "bench")
    page = counted(lambda: expand(EVENTS))
    sender = Sender(Push(made_up_service_account(fcm), THREADS, fcm), "bench")
    tried: list[int] = []
    try:
        batch = counted(lambda: tried.append(sender.send_due()))
    finally:
        sender.close()
        sender.channel.close()
    session.rollback()
    with transaction():
        stop(session.scalars(select(NoticeEdition.event_id).where(NoticeEdition.notice_id == notice)).all())
    return Counted(page, batch, tried[0])


def counted(act: Callable[[], object]) -> int:
    """How many statements this sends to the database, but for the one a second by which a process learns what others
    have changed.
    """
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not re.match(r"BEGIN|COMMIT|ROLLBACK", statement) and "generations" not in statement:
            seen.append(statement)

    engine = db.engine
    session.rollback()
    event.listen(engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)


def shown(floor: float, sent: list[Sent], few: Counted, many: Counted, cache: float) -> dict[str, Any]:
    """The figures in the units of the table; what is judged is that of the largest notice."""
    largest = sent[-1]
    cost = largest.processor / largest.phones * 1000
    more = largest.megabytes - sent[1].megabytes
    return {
        "notices": [
            {
                "phones": one.phones,
                "messages/s": round(one.phones / one.seconds, 1),
                "ms of processor": round(one.processor / one.phones * 1000, 3),
                "MB": round(one.megabytes, 1),
                "seconds": round(one.seconds, 1),
            }
            for one in sent
        ],
        "floor, ms of processor": round(floor, 3),
        "CPU / floor": round(cost / floor, 2),
        "MB more than for a tenth": round(more, 1),
        "MB of a page cache": cache,
        BEYOND: round(max(0.0, more - cache), 1),
        "doubled": sum(one.messages - one.phones for one in sent),
        "statements for a page": [few.page, many.page],
        "statements for a batch": [few.batch, many.batch],
        "messages of a batch": [few.messages, many.messages],
        "statements more": many.page - few.page,
    }


def table(figures: dict[str, Any]) -> str:
    """The figures, readable."""
    lines = []
    for database, measured in figures.items():
        lines.append(f"{database:12}" + "".join(f"{one['phones']:>12,}" for one in measured["notices"]) + "  phones")
        for name in ("messages/s", "ms of processor", "MB", "seconds"):
            lines.append(" " * 12 + "".join(f"{one[name]:>12,}" for one in measured["notices"]) + f"  {name}")
        of_page, of_batch, sizes = (
            " → ".join(map(str, measured[name]))
            for name in ("statements for a page", "statements for a batch", "messages of a batch")
        )
        lines.append(f"  at the first and the last: {of_page} statements for a page of the audience,")
        lines.append(f"  {of_batch} for a batch of {sizes} messages with its results")
        lines.append(
            f"  {measured['MB more than for a tenth']} MB more than for a tenth of them, and a page cache may hold"
            f" {measured['MB of a page cache']:.0f}"
        )
        lines.append(
            f"  {measured['doubled']} messages doubled, the client alone {measured['floor, ms of processor']} ms of"
            " processor a message"
        )
    return "\n".join(lines) + "\n"
