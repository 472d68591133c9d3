"""A plan is the same after JSON and after the database; its hash is of its content alone; what is wrong is named."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, seed, settings

from service.db import session, transaction
from service.municipalities.directory import Municipality
from service.plans import reporting, writing
from service.plans.applying import apply, propose
from service.plans.canonical import canonical, content_hash, to_json, without_uid
from service.plans.checking import PlanFaulty, ensure_sound, warnings_of
from service.plans.document import Plan
from service.plans.finding import newest_of, plan_named, stored_rows
from service.plans.freezing import freeze, seal
from service.plans.reading import document, frozen_json
from service.plans.reading_json import NotAPlan, from_json
from service.plans.values import Body
from tests.conftest import empty
from tests.factories.municipalities import make_municipality
from tests.plans.made_up import plans
from tests.plans.plans import a_plan, action

FEW: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}


@settings(max_examples=25, **FEW)
@given(plans())
def test_json_says_everything(plan: Plan) -> None:
    again = from_json(to_json(plan))
    assert again == plan and canonical(again) == canonical(plan)


@seed(1)
@settings(max_examples=6, **FEW)
@given(plan=plans())
def test_the_database_keeps_everything(app: Flask, plan: Plan) -> None:
    session.remove()
    empty()
    here = make_municipality("here", west=21.7, south=40.2)
    kept(here, plan)
    row = plan_named(here, "op")
    given_back = document(row, newest_of(row))
    bare = replace(given_back, uid=None, elements=tuple(map(without_uid, given_back.elements)))
    assert bare == plan
    sealed = seal(here, "op")
    with transaction():
        version = freeze(here, "op", sealed, None)
    assert version.content_hash == content_hash(plan) == content_hash(from_json(frozen_json(version)))


def kept(here: Municipality, plan: Plan) -> None:
    proposal = propose(here, plan)
    with transaction():
        apply(here, proposal)


def test_what_can_be_made_before_others_have_to_wait_is_made_before(
    app: Flask, here: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = {"key": "r", "period": {}, "approved_by": "council", "entries": [{"element": "1.1"}]}
    first, second = a_plan(progress=[report]), a_plan(elements=[*a_plan()["elements"][::-1], action("3", "Νέα")])
    for coming, changes in ((first, 6), (second, 2)):
        proposal = propose(here, from_json(coming))
        assert sum(proposal.comparison.counts.values()) == changes
        with monkeypatch.context() as nothing:
            for name in ("spelled", "new_uid"):
                nothing.setattr(writing, name, lambda *_: pytest.fail("it is made while others wait"))
            nothing.setattr(reporting, "spelled", lambda *_: pytest.fail("it is made while others wait"))
            with transaction():
                apply(here, proposal)
        row = plan_named(here, "op")
        assert [one.key for one in stored_rows(newest_of(row))] == [one.key for one in proposal.rows]


def test_the_hash_is_of_what_is_frozen() -> None:
    plan = from_json(a_plan())
    assert content_hash(plan) == content_hash(from_json(a_plan(uid=str(uuid4()))))
    more = replace(plan, bodies=(*reversed(plan.bodies), Body("mayor", {"el": "Δήμαρχος"}, "mayor")))
    assert content_hash(more) == content_hash(plan)  # who is in no element, and the order of a register
    other = replace(plan, bodies=tuple(replace(body, name={"el": "Άλλη"}) for body in plan.bodies))
    assert content_hash(other) != content_hash(plan)


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "a list": ([], "plan", "not_an_object"),  # type: ignore[dict-item]
    "no title": (a_plan(title=None), "title", "missing"),
    "a kind of our own": (a_plan(kind="wish"), "kind", "not_one_of"),
    "a field of our own": (a_plan(colour="red"), ".colour", "unknown_field"),
    "no text": (a_plan(title="Plan"), "title", "not_a_text"),
    "no language": (a_plan(title={"Greek": "x"}), "title", "not_a_language"),
    "a null character": (a_plan(title={"el": "\x00"}), "title.el", "not_text"),
    "half a character": (a_plan(title={"el": "\ud800"}), "title.el", "not_text"),
    "too long": (a_plan(title={"el": "x" * 20_001}), "title.el", "too_long"),
    "a key with a space": (a_plan(key="a b"), "key", "not_valid"),
    "no list": (a_plan(levels={}), "levels", "not_a_list"),
    "no truth": (a_plan(levels=[{"key": "a", "name": {}, "leaf": 1}]), "levels[0].leaf", "not_true_or_false"),
    "no uuid": (a_plan(uid="7"), "uid", "not_a_uuid"),
    "a fraction of cents": (
        a_plan(money=[{"role": "total", "amount_minor": 1.5}]),
        "money[0].amount_minor",
        "not_a_whole_number",
    ),
    "a number of words": (
        a_plan(money=[{"role": "own", "intensity_percent": "many"}]),
        "money[0].intensity_percent",
        "not_a_decimal",
    ),
    "a place beyond": (
        a_plan(territories=[{"key": "t", "name": {}, "geometry": {"type": "Point", "coordinates": [500, 1]}}]),
        "territories[0].geometry",
        "not_a_geometry",
    ),
    "a shape of nothing": (
        a_plan(territories=[{"key": "t", "name": {}, "geometry": {"type": "Blob"}}]),
        "territories[0].geometry",
        "not_a_geometry",
    ),
    "too deep": (
        a_plan(
            elements=[
                __import__("functools").reduce(
                    lambda below, n: {"key": str(n), "level": "axis", "title": {}, "children": [below]},
                    range(30),
                    {"key": "x", "level": "axis", "title": {}},
                )
            ]
        ),
        "elements[0]" + ".children[0]" * 17,
        "too_deep",
    ),
}


@pytest.mark.parametrize("data, path, fault", WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named(data: Any, path: str, fault: str) -> None:
    with pytest.raises(NotAPlan) as refused:
        from_json(data)
    assert {"path": path, "fault": fault} in refused.value.details["faults"]


def test_a_plan_may_not_contradict_itself() -> None:
    faulty = a_plan(
        bodies=[{"key": "a", "name": {}, "parent": "b"}, {"key": "b", "name": {}, "parent": "a"}],
        elements=[action("1", "x"), action("1", "y")],
        progress=[{"key": "r", "period": {}, "entries": [{"element": "gone"}, {"element": "gone"}]}],
        evaluations=[
            {
                "key": "e",
                "title": {},
                "criteria": [{"key": "c"}, {"key": "c"}],
                "findings": [{"key": "f", "text": {}, "criterion": "lost"}],
                "recommendations": [{"key": "r", "text": {}, "findings": ["lost"]}],
            }
        ],
    )
    with pytest.raises(PlanFaulty) as refused:
        ensure_sound(from_json(faulty))
    found = {(one["fault"], one["what"], one["key"]) for one in refused.value.details["faults"]}
    assert found == {
        ("twice", "elements", "1"),
        ("nothing_there", "bodies", "works"),
        ("twice", "progress.r", "gone"),
        ("twice", "criteria", "c"),
        ("nothing_there", "criteria", "lost"),
        ("nothing_there", "findings", "lost"),
        ("in_a_circle", "bodies", "a"),
        ("in_a_circle", "bodies", "b"),
    }


def test_sums_and_dates_are_only_warned_of() -> None:
    lines = [
        {"role": "total", "amount_minor": 1000, "currency": "LTL"},
        {"role": "grant", "amount_minor": 700, "currency": "LTL", "intensity_percent": "80"},
        {"role": "own", "amount_minor": 200, "currency": "LTL"},
        {"role": "forecast", "amount_minor": 1, "currency": "XQX"},
    ]
    below = [{"role": "total", "amount_minor": 1, "currency": "LTL"}]
    backwards = {"start": {"value": "2025"}, "end": {"value": "2024-06"}}
    child = action("1.1", "x", when=backwards, money=below) | {"level": "axis"}
    elements = [action("1", "y", money=lines) | {"level": "action", "children": [child]}]
    plan = from_json(a_plan(elements=elements, stage_template="atlantis"))
    assert {(one.kind, one.element) for one in warnings_of(plan)} == {
        ("parts_do_not_make_the_total", "1"),
        ("share_is_not_as_stated", "1"),
        ("currency_not_known", "1"),
        ("children_do_not_make_the_total", "1"),
        ("level_not_below", "1.1"),
        ("ends_before_it_starts", "1.1"),
        ("template_not_known", ""),
    }
    reported = a_plan(progress=[{"key": "r", "period": {}, "entries": [{"element": "gone"}]}])
    assert [one.kind for one in warnings_of(from_json(reported))] == ["element_not_in_the_tree"]
