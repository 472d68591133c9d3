"""What is owed or planned anywhere in the service is in the worker's tables, and nothing else is."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import service
from service.consultation.telling import KINDS as OF_CONSULTATIONS
from service.housekeeping import EVERY
from service.people.contacts.warning import CONTACT_CHANGED, PHONE_JOINED
from service.worker import EVENTS, JOBS

HERE = Path(service.__file__).parent
PLANNERS = ("service.jobs.planning", "service.outbox.posting")
GIVEN = {
    "service.housekeeping": set(EVERY),
    "service.people.contacts.warning": {PHONE_JOINED, CONTACT_CHANGED},
    "service.consultation.telling": set(OF_CONSULTATIONS),
}
"""Modules that take the kind from a table or from their caller: which those are."""


def kinds_given_to(function: str, position: int) -> Iterator[str]:
    """The kinds with which any module of the service calls this function."""
    for path in sorted(HERE.rglob("*.py")):
        name = ".".join(("service", *path.relative_to(HERE).with_suffix("").parts))
        for call in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == function):
                continue
            if getattr(importlib.import_module(name), function).__module__ in PLANNERS:
                yield from named(call.args[position], name)


def named(argument: ast.expr, module: str) -> set[str]:
    """The value of a literal or of a constant of the module."""
    if module in GIVEN:
        return GIVEN[module]
    if isinstance(argument, ast.Constant):
        return {str(argument.value)}
    assert isinstance(argument, ast.Name), f"{module}: a kind is a constant or stands in GIVEN"
    return {getattr(importlib.import_module(module), argument.id)}


def test_every_kind_of_event_that_is_owed_has_a_worker() -> None:
    assert set(kinds_given_to("owe", position=1)) == set(EVENTS)


def test_every_kind_of_job_that_is_planned_has_a_worker() -> None:
    assert set(kinds_given_to("plan", position=0)) == set(JOBS)
