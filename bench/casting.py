"""How many ballots a second: at a rate that does not wait for answers, and as fast as they are answered.

Open loop: each ballot is due at its moment, whether or not those before are answered; what it waited for a connection
counts. Each ballot answers twenty questions, and has a connection of its own. Clients and server share the machine.
"""

import math
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

from bench import votes
from bench.calling import Call, Client, Connection
from bench.filling import Filled, drop_databases, fill, settings_of
from bench.processes import start_service
from service.app import create_app
from service.db import db, session

RATES = {"SQLite": 50, "PostGIS": 200}
"""Ballots a second that do not wait for answers."""
SECONDS = 20
SENDERS = 48
AT_ONCE = 8
WORKERS = 2
"""Processes of gunicorn, on PostGIS."""
TARGETS = {"p95 at 200 casts/s, ms": 250.0}
"""On PostGIS; of SQLite the maximum is what counts."""


def measure(server: str | None, quick: bool) -> dict[str, dict[str, float]]:
    """SQLite, and PostGIS where there is a server."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="plateia-bench-")))
        found = {"SQLite": measure_on(home / "sqlite", None, quick)}
        if server:
            stack.callback(drop_databases, server)
            found["PostGIS"] = measure_on(home / "postgis", server, quick)
        return found


def measure_on(home: Path, server: str | None, quick: bool) -> dict[str, float]:
    """One database: the maximum, and how long ballots take at the rate."""
    called, seconds = RATES["PostGIS" if server else "SQLite"], 1 if quick else SECONDS
    rate = 20 if quick else called
    filled = fill(home, server, 400)
    calls = ballots_of(filled)
    with ExitStack() as stack:
        service = start_service(filled, workers=WORKERS)
        stack.callback(service.stop)
        warm = 4 if quick else 100
        fastest(service.port, list(islice(calls, warm)))
        figures = {"most casts/s": fastest(service.port, list(islice(calls, rate * seconds // 2)))}
        waited = at_rate(service.port, list(islice(calls, rate * seconds)), rate)
    return figures | {f"p{share} at {called} casts/s, ms": of_share(waited, share) for share in (50, 95, 99)}


def ballots_of(filled: Filled) -> Iterator[Call]:
    """First casts in consultations that are made for it."""
    app = create_app(settings_of(filled.home, filled.url))
    with app.app_context():
        held = votes.hold(filled.staff["dispatcher"])
        session.remove()
        db.engine.dispose()
    return votes.ballots(held, filled.residents)


def fastest(port: int, calls: list[Call]) -> float:
    """Ballots a second, from some clients that wait for their answers."""
    client, begun = Client(port, AT_ONCE, kept_open=False), time.perf_counter()
    client.send_all(calls)
    return round(len(calls) / (time.perf_counter() - begun), 1)


def at_rate(port: int, calls: list[Call], rate: int) -> list[float]:
    """Milliseconds from the moment that each was due until it was answered."""
    begun = time.perf_counter() + 0.2
    due = iter([(begun + number / rate, call) for number, call in enumerate(calls)])
    taking, waited, faults = threading.Lock(), list[float](), list[BaseException]()

    def send() -> None:
        try:
            while True:
                with taking:
                    moment, call = next(due, (0.0, None))
                if call is None:
                    return
                time.sleep(max(0.0, moment - time.perf_counter()))
                connection = Connection(port)
                connection.send(call)
                connection.socket.close()
                waited.append((time.perf_counter() - moment) * 1000)
        except BaseException as error:
            faults.append(error)

    senders = [threading.Thread(target=send) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    if faults:
        raise faults[0]
    return sorted(waited)


def of_share(waited: list[float], share: int) -> float:
    """So many in a hundred took no longer than this."""
    return round(waited[math.ceil(len(waited) * share / 100) - 1], 1)


def table(measured: dict[str, dict[str, float]]) -> str:
    """The figures for a person."""
    return "\n".join(
        f"  {database + ': ' + name:<40}{value:>12,.1f}"
        for database, one in measured.items()
        for name, value in one.items()
    )
