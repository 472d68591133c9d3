"""What a plan of 10,000 actions costs: its tree as residents ask for it, its first tree, comparing and rolling up.

Measured in the process, on SQLite, in milliseconds of this process's processor. The floor is the smallest JSON
application, called in the same way. Run `python -m bench --only plans`.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Flask

from bench import floor
from bench.filling import settings_of
from service.app import create_app
from service.db import transaction
from service.municipalities.directory import Municipality, municipality
from service.plans import trees
from service.plans.applying import apply, propose
from service.plans.comparing import compare
from service.plans.document import Action, Element, Level, Plan
from service.plans.finding import published_plan, side_of
from service.plans.freezing import freeze, publish, seal
from service.plans.record import ProgressEntry, ProgressReport
from service.plans.rolling_up import roll_up
from service.plans.values import Body, MoneyLine, Period
from service.samples.loading import load_all
from service.schema_version import migrate

ACTIONS = 10_000
AT_ONE = 50
TARGET = 10.0
ROUNDS = 20


def measure(actions: int = ACTIONS) -> dict[str, float]:
    """Milliseconds by what was done."""
    with tempfile.TemporaryDirectory() as home:
        settings = replace(settings_of(Path(home), f"sqlite:///{home}/plans.sqlite"), samples=True)
        migrate(settings.database_url)
        app = create_app(settings)
        with app.app_context():
            load_all()
            return measured(app, municipality("kozani"), actions)


def measured(app: Flask, here: Municipality, actions: int) -> dict[str, float]:
    plan = a_plan(actions)
    figures: dict[str, float] = {"bytes": 0}
    proposal: Any = timed(figures, "propose", lambda: propose(here, plan))

    def write() -> None:
        with transaction():
            apply(here, proposal)

    timed(figures, "apply", write)
    sealed: Any = timed(figures, "seal", lambda: seal(here, plan.key))
    with transaction():
        freeze(here, plan.key, sealed, None)
    with transaction():
        publish(here, plan.key, sealed.hash)
    row, version = published_plan(here, plan.key)
    state: Any = timed(figures, "first tree", lambda: trees.state_of(row, version))
    figures["bytes"] = len(state.tree_bytes)
    timed(figures, "roll-up", lambda: roll_up(state.tree.rows, state.standings, state.tree.leaves))
    side = side_of(version)
    other = side[0], [one for one in side[1] if not one.key.endswith("7")]
    timed(figures, "difference", lambda: compare(other, side))
    client, least = app.test_client(), floor.app.test_client()
    path = f"/api/v1/kozani/plans/{plan.key}/tree"
    figures["tree"] = mean(lambda: client.get(path))
    figures["floor: GET"] = mean(lambda: least.get("/"))
    return figures


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


def timed(figures: dict[str, float], name: str, act: Callable[[], Any]) -> Any:
    """What the act gives; its milliseconds of processor go to the figures."""
    began = time.process_time()
    found = act()
    figures[name] = (time.process_time() - began) * 1000
    return found


def mean(act: Callable[[], Any]) -> float:
    """Milliseconds of the processor for one of many."""
    act()
    began = time.process_time()
    for _ in range(ROUNDS):
        assert act().status_code == 200
    return (time.process_time() - began) * 1000 / ROUNDS


def table(figures: dict[str, float]) -> str:
    return "\n".join(f"  {name:12} {value:10.1f}" for name, value in figures.items()) + "\n"
