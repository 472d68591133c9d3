"""All benchmarks: `python -m bench`. A readable table, what became of each target, and the same as JSON."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil  # type: ignore[import-untyped]

from bench import (
    casting,
    conversation,
    http,
    layers,
    many_phones,
    news,
    notices,
    photo,
    plans,
    routing,
    tiles,
    votes,
    whatif,
)
from bench.cases import OF_CONSULTATIONS
from bench.http import QUICK, Plan, verdict

VARIABLE = "PLATEIA_TEST_POSTGRES_URL"
Measured = tuple[Any, str, list[dict[str, Any]]]
"""Figures as JSON, as text, and verdicts."""


def run_http(options: argparse.Namespace) -> Measured:
    """Requests to the service, over both databases where there is PostgreSQL."""
    results = http.measure(plan_of(options), server())
    return results, http.table(results), http.verdicts(results)


def run_photo(options: argparse.Namespace) -> Measured:
    """Preparing photos, beside the codec alone."""
    name = "JPEG 3 MP"
    if options.quick:
        photo.ROUNDS = 1
        figures = {name: photo.compare(photo.photo(2048, 1536))}
    else:
        figures = photo.measure()
    return figures, photo.table(figures), [verdict(f"photo: {name}", figures[name]["ratio"], photo.TARGET)]


def run_routing(options: argparse.Namespace) -> Measured:
    """Routing points, beside the bare query of the tree."""
    if options.quick:
        routing.ROUNDS, routing.ROWS = 1, 20_000
    figures, targets = routing.measure(), routing.TARGETS
    few, grown = next(iter(figures.values())), routing.growth(figures)
    judged = [
        verdict("routing: one point over 1,000 cells, × the query", few["route / query"], targets["route"]),
        verdict("routing: CSV over 1,000 cells, × the bulk query", few["csv / bulk query"], targets["csv"]),
        verdict("routing: CSV over 50,000 cells, × over 1,000", grown["csv"], round(targets["growth"], 2)),
    ]
    return {"maps": figures, "growth": grown}, routing.table(figures), judged


def run_whatif(options: argparse.Namespace) -> Measured:
    """What a draft of a layer would do to past reports."""
    size = 2_000 if options.quick else whatif.REPORTS
    figures = whatif.measure(server(), size)
    judged = [
        verdict(f"what-if of {size:,} reports on {name}, seconds of processor", one["seconds"], whatif.TARGET)
        for name, one in figures.items()
    ]
    return figures, whatif.table(figures), judged


def run_tiles(options: argparse.Namespace) -> Measured:
    """Vector tiles and pages of features, beside the query of the tree with shapely's own output."""
    if options.quick:
        routing.ROUNDS = 1
    figures = tiles.measure({"40 cells": (8, 5, 3)} if options.quick else None)
    judged = [
        verdict(f"{name} over {sheet}, × its floor", measured[f"{name} / floor"], target)
        for sheet, measured in figures.items()
        for name, target in tiles.TARGETS.items()
    ]
    return figures, tiles.table(figures), judged


def on_databases(benchmark: ModuleType, named: str) -> Callable[[argparse.Namespace], Measured]:
    """The benchmark of a module that measures each database and has a table of targets; `named`: in the verdicts."""

    def run(options: argparse.Namespace) -> Measured:
        return judged(benchmark, named, benchmark.measure(server(), options.quick))

    return run


def judged(benchmark: ModuleType, named: str, figures: dict[str, dict[str, float]]) -> Measured:
    """What a module measured on each database, its table, and the verdicts by its table of targets."""
    verdicts = [
        verdict(f"{named} on {database}: {name}", measured[name], target)
        for database, measured in figures.items()
        for name, target in benchmark.TARGETS.items()
    ]
    return figures, benchmark.table(figures), verdicts


def run_notices(options: argparse.Namespace) -> Measured:
    """A notice to many phones; with `--phones` to more and more, up to so many."""
    if options.phones is None:
        return on_databases(notices, "notice to many phones")(options)
    named = f"notice to {options.phones:,} phones"
    return judged(many_phones, named, many_phones.measure(server(), options.phones))


def run_consultations(options: argparse.Namespace) -> Measured:
    """Casting and showing, counting 100,000 ballots with their bundle, a thread of 5,000, and ballots a second."""
    counted = votes.measure(2_000 if options.quick else votes.BALLOTS)
    judged = [verdict(f"consultation of 100,000: {name}", counted[name], most) for name, most in votes.TARGETS.items()]
    plan = replace(plan_of(options), cases=OF_CONSULTATIONS)
    asked = http.measure(plan if options.quick else replace(plan, sqlite=(10_000,), postgis=(10_000,)), server())
    cast = casting.measure(server(), options.quick)
    judged += [
        verdict(f"casting on PostGIS: {name}", cast["PostGIS"][name], most)
        for name, most in casting.TARGETS.items()
        if "PostGIS" in cast
    ]
    talk, spoken, of_pages = BENCHMARKS["conversation"](options)
    figures = {"counting": counted, "http": asked, "casting": cast, "conversation": talk}
    text = "\n\n".join((votes.table(counted), http.table(asked), casting.table(cast), spoken))
    return figures, text, [*judged, *http.verdicts(asked), *of_pages]


def server() -> str | None:
    """The PostgreSQL server, where there is one."""
    return os.environ.get(VARIABLE) or None


BENCHMARKS: dict[str, Callable[[argparse.Namespace], Measured]] = {
    "http": run_http,
    "photo": run_photo,
    "routing": run_routing,
    "tiles": run_tiles,
    "whatif": run_whatif,
    "layers": on_databases(layers, "layer of 50,000 polygons"),
    "news": on_databases(news, "news"),
    "notices": run_notices,
    "plans": on_databases(plans, "plans"),
    "consultations": run_consultations,
    "conversation": on_databases(conversation, "a page of 20 of 5,000 contributions"),
}
"""What can be measured: requests; photos and routing; the map; news and notices; plans; votes and conversations."""


def plan_of(options: argparse.Namespace) -> Plan:
    usual = QUICK if options.quick else Plan()
    return Plan(
        sqlite=sizes(options.sqlite, usual.sqlite),
        postgis=sizes(options.postgis, usual.postgis),
        rounds=options.rounds or usual.rounds,
        requests=options.requests or usual.requests,
        kept_open=options.keep_open,
        keep=options.keep,
    )


def sizes(wanted: str | None, usual: tuple[int, ...]) -> tuple[int, ...]:
    return usual if wanted is None else tuple(int(size) for size in wanted.split(",") if size)


def machine() -> dict[str, Any]:
    """What it was measured on."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def processor() -> str:
    """Its name as Linux tells it."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    return next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), platform.processor())


def options_of(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=f"Benchmarks, each against a floor of the same run. PostGIS is measured where {VARIABLE} names a"
        " server whose role is a superuser; databases plateia_bench_* are made there and dropped.",
    )
    parser.add_argument("--only", help=f"some of: {','.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="tiny data, to see that the benchmarks work")
    parser.add_argument("--sqlite", help="numbers of reports on SQLite, as 10000,100000; empty for none")
    parser.add_argument("--postgis", help="numbers of reports on PostGIS, as 10000,1000000; empty for none")
    parser.add_argument("--rounds", type=int, help="how often each case takes its turn")
    parser.add_argument("--requests", type=int, help="requests of a case in a round")
    parser.add_argument("--phones", type=int, help="a notice to so many phones at last, as 100000, and to fewer before")
    parser.add_argument(
        "--keep-open",
        action="store_true",
        help="keep connections open; by default each request has its own, as from nginx as it is installed",
    )
    parser.add_argument("--keep", type=Path, help="a folder for databases and logs, which stay there")
    parser.add_argument("--json", type=Path, help="write the JSON here and not to the terminal")
    options = parser.parse_args(arguments)
    options.only = options.only.split(",") if options.only else list(BENCHMARKS)
    if options.phones is not None and options.phones < many_phones.FEWEST:
        parser.error(f"--phones is at least {many_phones.FEWEST}")
    if unknown := set(options.only) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    return options


def main(arguments: list[str]) -> int:
    """Run what was chosen; 0 when it ran, whether or not the targets were met."""
    options = options_of(arguments)
    results: dict[str, Any] = {"machine": machine()}
    judged: list[dict[str, Any]] = []
    for name in options.only:
        results[name], table, verdicts = BENCHMARKS[name](options)
        judged += verdicts
        print(f"== {name}\n\n{table}", flush=True)
    print("== targets\n")
    for one in judged:
        print(f"  {'met   ' if one['met'] else 'MISSED'} {one['measured']:7.2f} of {one['target']:5.1f}  {one['what']}")
    text = json.dumps(results | {"targets": judged}, ensure_ascii=False)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(f"\n{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
