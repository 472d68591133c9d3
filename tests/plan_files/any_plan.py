"""Any plan that holds together, for hypothesis: every field may be there or not, and what it names is there."""

import string
import types
from dataclasses import MISSING, fields, is_dataclass, replace
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from hypothesis import strategies as st

from service.plans.document import Element, Plan, walk
from service.plans.reading_json import PATTERNS
from service.plans.values import Geometry, Text

LETTERS = string.ascii_letters + string.digits + " =+-'\"\n\tάβγ ščб <&;,."
WORDS = st.text(LETTERS, max_size=8)
TEXTS = st.dictionaries(st.sampled_from(["el", "bg", "en"]), WORDS.filter(bool), max_size=2)
GEOMETRIES = st.tuples(st.integers(-9, 9), st.integers(-9, 9)).map(
    lambda at: {"type": "Point", "coordinates": list(at)}
)
DECIMALS = st.integers(-(10**6), 10**6).map(lambda number: Decimal(number) / 4)
KEYS = {
    "bodies": ("council", "works"),
    "territories": ("unit", "square"),
    "funding_sources": ("own", "sata"),
    "documents": ("paper", "letter"),
    "levels": ("top", "leaf"),
}
SIMPLE = {
    str: WORDS,
    int: st.integers(0, 10**6),
    bool: st.booleans(),
    Decimal: DECIMALS,
    UUID: st.uuids(version=4),
    Text: TEXTS,
    Geometry: GEOMETRIES,
}
BY_NAME = {
    "key": st.text(string.ascii_lowercase + "άβγ-", min_size=1, max_size=6),
    "value": st.sampled_from(["2014", "2014-11", "2014-11-08"]),
    "source_language": st.just("el"),
    "currency": st.sampled_from(["EUR", "LTL", "BGN"]),
    "sha256": st.just("ab" * 32),
}


def of(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of this type."""
    if kind in SIMPLE:
        return SIMPLE[kind]
    if is_dataclass(kind):
        return of_class(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.none() | of(next(one for one in arguments if one is not type(None)))
    return st.lists(of(arguments[0]), max_size=1).map(tuple)


MADE_APART = {"children", "uid", "elements", "indicators", "progress", "evaluations", *KEYS}


def of_class(kind: Any) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    said = {
        one.name: of_field(one, hints[one.name]) for one in fields(kind) if one.name not in MADE_APART - {"documents"}
    }
    if kind is Plan:
        said.pop("documents")
    if kind is Element:
        said["indicators"] = of(hints["indicators"])
    return st.builds(kind, **said)


def of_field(one: Any, hint: Any) -> st.SearchStrategy[Any]:
    is_list = get_origin(hint) is tuple
    if register := one.metadata.get("register"):
        known = st.sampled_from(KEYS[register]) if register in KEYS else None
        if known is None:
            return st.just(()) if is_list else st.none()
        named = st.lists(known, unique=True, max_size=2).map(tuple) if is_list else known
        return named if is_list or one.default is MISSING else st.none() | named
    if one.name == "weight":
        return st.none() | DECIMALS.filter(lambda weight: weight > 0)
    if one.name in BY_NAME and one.name in PATTERNS:
        return BY_NAME[one.name] if one.default is MISSING else st.none() | BY_NAME[one.name]
    return of(hint)


def keyed(register: str, things: tuple[Any, ...]) -> tuple[Any, ...]:
    """Things with the keys of their register, the second perhaps below the first."""
    names = KEYS[register]
    found = [replace(one, key=key) for key, one in zip(names, things)]
    if hasattr(found[0], "parent"):
        found = [replace(one, parent=None) for one in found]
    return tuple(found)


def tree(elements: list[Element], depths: list[int]) -> tuple[Element, ...]:
    """The elements as a tree of two levels, each with a key of its own."""
    roots: list[Element] = []
    for place, (element, depth) in enumerate(zip(elements, depths)):
        measured = tuple(replace(one, key=f"i{place}") for one in element.indicators)
        named = replace(
            element, key=f"e{place}", links=(), indicators=measured, level="leaf" if depth and roots else "top"
        )
        if depth and roots:
            roots[-1] = replace(roots[-1], children=(*roots[-1].children, named))
        else:
            roots.append(named)
    return tuple(roots)


@st.composite
def plans(draw: Any) -> Plan:
    """A plan with registers of two things each, a tree of some elements, stages and decisions."""
    hints = get_type_hints(Plan)
    registers = {name: keyed(name, tuple(draw(of(get_args(hints[name])[0])) for _ in range(2))) for name in KEYS}
    elements = draw(st.lists(of(Element), max_size=3))
    depths = draw(st.lists(st.integers(0, 1), min_size=3, max_size=3))
    plan = draw(of_class(Plan))
    stages = tuple(replace(one, key=f"s{place}", acts_on=()) for place, one in enumerate(plan.stages))
    decisions = tuple(replace(one, key=f"d{n}", stage=None, decides_on=()) for n, one in enumerate(plan.decisions))
    whole = replace(
        plan,
        **registers,
        key="any",
        title={"el": "Σχέδιο"} | dict(plan.title),
        elements=tree(elements, depths),
        stages=stages,
        decisions=decisions,
    )
    assert len({element.key for element, _ in walk(whole.elements)}) == len(elements)
    return whole
