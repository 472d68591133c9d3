"""What requests cost: processor milliseconds of service and database together, beside a floor of the same run.

Every figure is the median over rounds; in each round the floors and every case at every size take their turn, and a
ratio is the median of the ratios within the rounds. So another load on the machine touches both sides alike.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from bench.calling import Call, Client, call, call_with_json
from bench.cases import CASES, GET, WRITE, Asked, Case
from bench.filling import Filled, drop_databases, fill
from bench.floor import RawSql
from bench.processes import GUNICORN, WAITRESS, Server, start_floor, start_service
from bench.rows import DESCRIPTIONS

GROWTH = 1.5
SQLITE, POSTGIS = "SQLite", "PostGIS"
SMALL_BODY = {"category": "lamp-out", "longitude": 21.7883, "latitude": 40.3005, "description": DESCRIPTIONS[0]}


@dataclass(frozen=True)
class Plan:
    """How much is measured: reports in each database, rounds, requests of a case in a round, connections, cases."""

    sqlite: tuple[int, ...] = (10_000, 100_000)
    postgis: tuple[int, ...] = (10_000, 1_000_000)
    rounds: int = 11
    requests: int = 60
    connections: int = 2
    kept_open: bool = False
    keep: Path | None = None
    cases: Sequence[Case] = CASES


QUICK = Plan(sqlite=(400,), postgis=(400,), rounds=1, requests=4)


@dataclass
class Measured:
    """Processor milliseconds per request and requests per second, round by round."""

    milliseconds: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)


@dataclass
class Subject:
    """One thing that takes its turn in a round."""

    work: Callable[[int], None]
    seconds: Callable[[], float]
    requests: int
    measured: Measured = field(default_factory=Measured)

    def take_turn(self, kept: bool) -> None:
        """Do the work of a round; the first one only warms up."""
        begun, used = time.perf_counter(), self.seconds()
        self.work(self.requests)
        used, took = self.seconds() - used, time.perf_counter() - begun
        if kept:
            self.measured.milliseconds.append(used * 1000 / self.requests)
            self.measured.per_second.append(self.requests / took)


def measure(plan: Plan, server: str | None) -> dict[str, Any]:
    """All figures, for SQLite and, where a server's URL is given, for PostGIS."""
    results = {}
    with ExitStack() as stack:
        home = plan.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="plateia-bench-")))
        if plan.sqlite:
            results[SQLITE] = measure_on(home / "sqlite", None, plan.sqlite, plan)
        if server is not None and plan.postgis:
            stack.callback(drop_databases, server)
            results[POSTGIS] = measure_on(home / "postgis", server, plan.postgis, plan)
    return results


def measure_on(home: Path, server: str | None, sizes: Sequence[int], plan: Plan) -> dict[str, Any]:
    """One database: fill it at each size, start everything, take turns."""
    filled = [fill(home / str(size), server, size) for size in sizes]
    kind = WAITRESS if server is None else GUNICORN
    with ExitStack() as stack:
        raw = RawSql(filled[0])
        stack.callback(raw.close)
        floor = start_floor(kind, home)
        stack.callback(floor.stop)
        subjects = floors(floor, raw, Asked(filled[0]), plan)
        for one in filled:
            service = start_service(one, raw.pids)
            stack.callback(service.stop)
            subjects |= cases(service, one, plan)
        take_turns(list(subjects.values()), plan.rounds)
    return {
        "server": kind,
        "connections": "kept open" if plan.kept_open else "one for each request",
        "filling": {str(one.reports): round(one.seconds, 1) for one in filled},
        "floors": {name: summary(subjects[name, 0].measured) for name in FLOORS},
        "cases": [line(case, subjects, sizes) for case in plan.cases],
    }


FLOORS = ("GET", "POST", "SQL")


def floors(floor: Server, raw: RawSql, asked: Asked, plan: Plan) -> dict[tuple[str, int], Subject]:
    """The smallest GET and POST, and the raw SQL."""
    client = Client(floor.port, plan.connections, plan.kept_open)
    get, post = call("GET", "/"), call_with_json("/", SMALL_BODY)
    places = [(pattern.longitude, pattern.latitude) for pattern in asked.patterns]

    def keep_some(number: int) -> None:
        for _ in range(number):
            raw.keep(*asked.chance.choice(places))

    number = plan.requests * 2
    return {
        ("GET", 0): Subject(lambda n: client.send_all([get] * n), floor.seconds, number),
        ("POST", 0): Subject(lambda n: client.send_all([post] * n), floor.seconds, number),
        ("SQL", 0): Subject(keep_some, raw.seconds, number),
    }


def cases(service: Server, filled: Filled, plan: Plan) -> dict[tuple[str, int], Subject]:
    """Every case over this database."""
    asked, client = Asked(filled), Client(service.port, plan.connections, plan.kept_open)
    return {
        (case.name, filled.reports): Subject(
            sender(client, case.make(asked)), service.seconds, max(2, int(plan.requests * case.share))
        )
        for case in plan.cases
    }


def sender(client: Client, calls: Iterator[Call]) -> Callable[[int], None]:
    """Sends the next so many."""
    return lambda number: client.send_all(list(islice(calls, number)))


def take_turns(subjects: Sequence[Subject], rounds: int) -> None:
    for number in range(rounds + 1):
        for subject in subjects:
            subject.take_turn(kept=number > 0)


def summary(measured: Measured) -> dict[str, float]:
    return {
        "ms": round(statistics.median(measured.milliseconds), 3),
        "per_second": round(statistics.median(measured.per_second), 1),
    }


def line(case: Case, subjects: dict[tuple[str, int], Subject], sizes: Sequence[int]) -> dict[str, Any]:
    """A case at every size with its ratios to the floor, and of the largest size to the smallest."""
    floor = floor_of(case, subjects)
    at = {}
    for size in sizes:
        measured = subjects[case.name, size].measured
        at[str(size)] = summary(measured) | {"ratio": ratio(measured.milliseconds, floor)}
    small, large = (subjects[case.name, size].measured.milliseconds for size in (sizes[0], sizes[-1]))
    return {
        "case": case.name,
        "floor": case.floor,
        "target": case.target,
        "at": at,
        "growth": ratio(large, small) if len(sizes) > 1 else None,
    }


def floor_of(case: Case, subjects: dict[tuple[str, int], Subject]) -> list[float]:
    """The floor of a case, round by round."""
    get, post, sql = (subjects[name, 0].measured.milliseconds for name in FLOORS)
    return {GET: get, WRITE: [a + b for a, b in zip(post, sql, strict=True)]}[case.floor]


def ratio(ours: Sequence[float], floor: Sequence[float]) -> float:
    return round(statistics.median(a / b for a, b in zip(ours, floor, strict=True)), 2)


def verdicts(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Every target with what was measured, and whether it is met."""
    judged = []
    for database, found in results.items():
        for one in found["cases"]:
            for size, at in one["at"].items():
                if one["target"] is not None:
                    judged.append(verdict(f"{database} {int(size):,}: {one['case']}", at["ratio"], one["target"]))
            if one["growth"] is not None and one["floor"] == GET:
                sizes = list(one["at"])
                what = f"{database} {int(sizes[-1]):,} to {int(sizes[0]):,}: {one['case']}"
                judged.append(verdict(what, one["growth"], GROWTH))
    return judged


def verdict(what: str, measured: float, target: float) -> dict[str, Any]:
    return {"what": what, "measured": measured, "target": target, "met": measured <= target}


def table(results: dict[str, Any]) -> str:
    """The figures for a person."""
    lines = []
    for database, found in results.items():
        filling = ", ".join(f"{int(size):,} reports in {seconds} s" for size, seconds in found["filling"].items())
        lines += [f"{database}, behind {found['server']}, connections {found['connections']} (made {filling})", ""]
        lines.append(f"  {'':38}{'reports':>10}{'CPU ms':>9}{'per second':>12}{'× floor':>9}{'target':>8}")
        for name, figures in found["floors"].items():
            lines.append(f"  {'floor: ' + name:38}{'':>10}{figures['ms']:9.2f}{figures['per_second']:12.0f}")
        for one in found["cases"]:
            for size, at in one["at"].items():
                target = f"{one['target']:8.1f}" if one["target"] else f"{'':8}"
                figures = f"{at['ms']:9.2f}{at['per_second']:12.0f}{at['ratio']:9.2f}"
                lines.append(f"  {one['case']:38}{int(size):10,}{figures}{target}")
        lines.append("")
    return "\n".join(lines)
