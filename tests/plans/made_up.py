"""Any plan that there can be, made of its types: every field is there or not, and references lead somewhere."""

from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from functools import cache
from itertools import count
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from hypothesis import strategies as st

from service.plans.canonical import digest
from service.plans.document import Element, Plan
from service.plans.evaluating import as_first
from service.plans.record import ProgressReport
from service.plans.values import Geometry, Text

WORDS = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=8)
REGISTERS = ("bodies", "territories", "funding_sources", "documents", "levels", "stages", "decisions", "indicators")
SIMPLE: dict[Any, Any] = {
    str: WORDS,
    int: st.integers(-(2**53) + 1, 2**53 - 1),
    bool: st.booleans(),
    Decimal: st.decimals(-(10**9), 10**9, places=3),
    UUID: st.uuids(),
    Text: st.dictionaries(st.sampled_from(("el", "en", "bg")), WORDS, max_size=2),
    Geometry: st.builds(
        lambda lon, lat: {"type": "Point", "coordinates": [lon, lat]}, st.integers(-180, 180), st.integers(-90, 90)
    ),
}
BY_NAME = {
    "value": st.sampled_from(("2014", "2014-11", "2014-11-08")),
    "currency": st.sampled_from(("EUR", "LTL")),
    "sha256": st.just("0" * 64),
    "source_language": st.just("el"),
    "criterion": st.none(),
    "findings": st.just(()),
    "progress": st.just(()),
    "children": st.just(()),
    "weight": st.decimals("0.001", 100, places=3),
    "physical_percent": st.none() | st.decimals(0, 100, places=3),
}
KEYS = ("one", "two")


@cache
def anything(kind: Any) -> st.SearchStrategy[Any]:
    """A value of this type."""
    if kind in SIMPLE:
        found: st.SearchStrategy[Any] = SIMPLE[kind]
        return found
    if is_dataclass(kind):
        return st.deferred(lambda: thing(kind))
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, UnionType):
        return st.none() | anything(next(one for one in arguments if one is not type(None)))
    return st.lists(anything(arguments[0]), max_size=2).map(tuple)


def thing(kind: Any) -> st.SearchStrategy[Any]:
    """A dataclass; its keys are made unique afterwards."""
    hints = get_type_hints(kind)
    return st.builds(kind, **{one.name: field_of(one, hints[one.name]) for one in fields(kind)})


def field_of(part: Any, hint: Any) -> st.SearchStrategy[Any]:
    register = part.metadata.get("register")
    if register in ("bodies", "territories") and part.name == "parent":
        return st.none()
    if register:
        keys = st.sampled_from([f"{register}-{key}" for key in KEYS])
        if hint is str:
            return keys
        return st.none() | keys if get_origin(hint) is not tuple else st.lists(keys, max_size=2).map(tuple)
    return BY_NAME[part.name] if part.name in BY_NAME else anything(hint)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A plan in which every key is there once, and everything that is named."""
    numbers = count()
    plan = draw(thing(Plan))
    plan = keyed(plan, numbers)
    things = {name: two_of(name, getattr(plan, name), draw, numbers) for name in REGISTERS}
    elements = two_of("elements", plan.elements, draw, numbers)
    parent, child = elements[0], elements[1]
    elements = (replace(parent, children=(child,)), *elements[2:])
    progress = tuple(keyed(one, numbers) for one in draw(st.lists(thing(ProgressReport), max_size=2)))
    progress = tuple(replace(one, entries=tuple({e.element: e for e in one.entries}.values())) for one in progress)
    links = tuple({digest(link): link for link in plan.links}.values())
    evaluations = tuple(map(as_first, plan.evaluations))
    plan = replace(plan, elements=elements, progress=progress, evaluations=evaluations, links=links, **things)
    return replace(plan, key="op", uid=None)


def two_of(register: str, there: tuple[Any, ...], draw: st.DrawFn, numbers: Any) -> tuple[Any, ...]:
    """What is there, with the two things to which everything refers."""
    kind = {one.name: one for one in fields(Plan)}[register]
    made = get_args(get_type_hints(Plan)[kind.name])[0]
    named = (replace(keyed(draw(thing(made)), numbers), key=f"{register}-{key}") for key in KEYS)
    return tuple(plain(one) for one in (*named, *there))


def plain(value: Any) -> Any:
    return replace(value, uid=None) if isinstance(value, Element) else value


def keyed(value: Any, numbers: Any) -> Any:
    """The value with keys of its own wherever it has some."""
    if isinstance(value, tuple):
        return tuple(keyed(one, numbers) for one in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    said = {one.name: keyed(getattr(value, one.name), numbers) for one in fields(value)}
    if "key" in said:
        said["key"] = f"key-{next(numbers)}"
    return replace(value, **said)
