"""What plans cost residents and staff: a tree of 10,000 actions and one of Barcelona's size, versions compared, sums.

Milliseconds of this process's processor, on SQLite and PostGIS, beside the smallest JSON answer of bare Flask
(`bench.floor`), called in the same way and in turns. `wait` is the time by the clock that another writer waits while a
document is applied. Barcelona's 1,467 actions come from the shared data (PLATEIA_SHARED_DATA); without them from a plan
of the same size. Run `python -m bench --only plans`.
"""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from contextvars import Context
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select

from bench.filling import PREFIX, create_database, drop_databases, settings_of
from bench.floor import app as floor
from service.app import create_app
from service.db import db, session, transaction
from service.municipalities.directory import Municipality, municipality
from service.plans import trees
from service.plans.applying import apply, propose
from service.plans.document import Action, Element, Level, Plan
from service.plans.files.csv_tables import read_csv
from service.plans.finding import published_plan
from service.plans.freezing import freeze, publish, seal
from service.plans.models import PlanRow
from service.plans.record import ProgressEntry, ProgressReport
from service.plans.rolling_up import roll_up
from service.plans.values import Body, MoneyLine, Period
from service.samples.loading import load_all
from service.schema_version import migrate

ACTIONS, BARCELONAS = 10_000, 1_467
AT_ONE = 50
ROUNDS, CALLS, AGAIN = 5, 20, 2
SHARED = Path(os.environ.get("PLATEIA_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
BARCELONA = SHARED / "plans" / "barcelona_pam" / "action_plans.csv"
MAPPING: dict[str, Any] = {
    "number": "ID",
    "title": "Títol",
    "description": "Descripció",
    "location": "Districte",
    "html": ["description"],
    "levels": [{"column": "Categoria", "key": "category"}, {"column": "Subcategoria", "key": "subcategory"}],
}
TARGETS = {
    "tree of 10,000 / floor": 10.0,
    "tree of Barcelona / floor": 10.0,
    "wait while 10,000 are applied": 250.0,
}
ADDRESS = "/api/v1/kozani/plans"


def measure(server: str | None, quick: bool) -> dict[str, dict[str, float]]:
    """SQLite, and PostGIS where there is a server: milliseconds by what was done."""
    folder = Path(tempfile.mkdtemp())
    try:
        measured = {"SQLite": measure_on(folder, f"sqlite:///{folder}/plans.sqlite", quick)}
        if server:
            measured["PostGIS"] = measure_on(folder, create_database(server, f"{PREFIX}_plans"), quick)
        return measured
    finally:
        shutil.rmtree(folder)
        if server:
            drop_databases(server)


def measure_on(home: Path, url: str, quick: bool) -> dict[str, float]:
    migrate(url)
    app = create_app(replace(settings_of(home, url), samples=True))
    with app.app_context():
        load_all()
        here = municipality("kozani")
        found = of_a_large_plan(here, 200 if quick else ACTIONS)
        put_in_force(here, barcelona(quick))
        session.remove()
        found |= of_trees(app, 2 if quick else ROUNDS)
        db.engine.dispose()
    return found


def of_a_large_plan(here: Municipality, actions: int) -> dict[str, float]:
    """What is done once: applied, frozen, shown first, changed, compared, rolled up."""
    figures: dict[str, float] = {}
    plan = a_plan(actions)
    proposal: Any = timed(figures, "propose 10,000", lambda: propose(here, plan))
    held(figures, "wait while 10,000 are applied", lambda: apply(here, proposal))
    for number in range(AGAIN):  # others work on the machine as well: the shortest counts
        twin, once = propose(here, replace(plan, key=f"twin-{number}")), dict[str, float]()
        held(once, "wait", lambda twin=twin: apply(here, twin))  # type: ignore[misc]
        figures["wait while 10,000 are applied"] = min(figures["wait while 10,000 are applied"], once["wait"])
    sealed: Any = timed(figures, "seal", lambda: seal(here, plan.key))
    held(figures, "wait while it is frozen", lambda: freeze(here, plan.key, sealed, None))
    held(figures, "wait while it is published", lambda: publish(here, plan.key, sealed.hash))
    row, version = published_plan(here, plan.key)
    state: Any = timed(figures, "first tree", lambda: trees.state_of(row, version))
    figures["MB of the tree"] = len(state.tree_bytes) / 1e6
    timed(figures, "roll-up", lambda: roll_up(state.tree.rows, state.standings, state.tree.leaves))
    again: Any = timed(figures, "diff of 10,000", lambda: propose(here, changed(plan)))
    held(figures, "wait while the diff is applied", lambda: apply(here, again))
    return figures


def of_trees(app: Flask, rounds: int) -> dict[str, float]:
    """The trees over HTTP and the floor, in turns; what two versions differ in."""
    client, bare = app.test_client(), floor.test_client()
    asked: dict[str, Callable[[], Any]] = {
        "floor: GET": lambda: bare.get("/"),
        "tree of 10,000": lambda: client.get(f"{ADDRESS}/large/tree"),
        "tree of Barcelona": lambda: client.get(f"{ADDRESS}/barcelona/tree"),
    }
    times: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, ask in asked.items():
            times[name].append(each(ask))
    found = {name: statistics.median(values) for name, values in times.items()}
    trees_ = [name for name in asked if name.startswith("tree")]
    return found | {f"{name} / floor": found[name] / found["floor: GET"] for name in trees_}


def each(ask: Callable[[], Any]) -> float:
    """Milliseconds of the processor for one of many, after one that is not counted."""
    assert Context().run(ask).status_code == 200
    begun = time.process_time()
    for _ in range(CALLS):
        assert Context().run(ask).status_code == 200
    return (time.process_time() - begun) * 1000 / CALLS


def timed(figures: dict[str, float], name: str, act: Callable[[], Any]) -> Any:
    """What the act gives; its milliseconds of processor go to the figures."""
    begun = time.process_time()
    found = act()
    figures[name] = (time.process_time() - begun) * 1000
    return found


def held(figures: dict[str, float], name: str, act: Callable[[], Any]) -> None:
    """Do it in a transaction of its own; how long that was open, in milliseconds by the clock."""
    with transaction():
        begun = time.monotonic()
        act()
        session.flush()
    figures[name] = (time.monotonic() - begun) * 1000


def put_in_force(here: Municipality, plan: Plan) -> None:
    proposal = propose(here, plan)
    with transaction():
        apply(here, proposal)
    sealed = seal(here, plan.key)
    with transaction():
        freeze(here, plan.key, sealed, None)
        publish(here, plan.key, sealed.hash)
    assert session.scalar(select(PlanRow.shown).where(PlanRow.key == plan.key))


def barcelona(quick: bool) -> Plan:
    """Barcelona's plan of 2016-2019 from its own table, or one of the same size."""
    bare = Plan("barcelona", "municipal_development", {"ca": "Pla d'Actuació Municipal"}, "ca")
    if quick or not BARCELONA.exists():
        return replace(a_plan(100 if quick else BARCELONAS), key="barcelona")
    return read_csv(BARCELONA, bare, "ca", MAPPING)[0]


def a_plan(actions: int) -> Plan:
    """Axes with fifty actions each, half of which were reported on."""
    axes = tuple(an_axis(number, min(AT_ONE, actions - number * AT_ONE)) for number in range(-(-actions // AT_ONE)))
    entries = tuple(ProgressEntry(child.key, "in_progress") for axis in axes for child in axis.children[: AT_ONE // 2])
    levels = (Level("axis", {"el": "Άξονας"}), Level("action", {"el": "Δράση"}, leaf=True))
    bodies = (Body("council", {"el": "Δημοτικό Συμβούλιο"}),)
    report = ProgressReport("2026", Period(), approved_by="council", entries=entries)
    return Plan(
        "large", "operational", {"el": "Μεγάλο"}, "el", levels=levels, bodies=bodies, elements=axes, progress=(report,)
    )


def an_axis(number: int, actions: int) -> Element:
    children = tuple(
        Element(
            f"{number}.{one}",
            "action",
            {"el": f"Δράση {one} του άξονα {number}", "en": f"Action {one} of axis {number}"},
            action=Action(status="planned"),
            money=(MoneyLine("budgeted", 1000 * one, "EUR"),),
        )
        for one in range(actions)
    )
    return Element(str(number), "axis", {"el": f"Άξονας {number}"}, children=children)


def changed(plan: Plan) -> Plan:
    """The plan with another title of the first action of each axis, and the axes the other way round."""
    axes = (
        replace(axis, children=(replace(axis.children[0], title={"el": "Άλλη"}), *axis.children[1:]))
        for axis in plan.elements
    )
    return replace(plan, elements=tuple(reversed(tuple(axes))), progress=())


def table(figures: dict[str, dict[str, float]]) -> str:
    """The figures for a person."""
    lines = [f"{'ms of processor':32}" + "".join(f"{name:>12}" for name in figures)]
    lines += [
        f"{name:32}" + "".join(f"{one[name]:12.1f}" for one in figures.values())
        for name in next(iter(figures.values()))
    ]
    return "\n".join([*lines, ""])
