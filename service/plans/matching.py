"""Finds in a plan that comes in the elements that are there already: by our name, key, number or title."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any
from uuid import UUID

from service.gis.romanising import in_latin
from service.plans.document import Element, Plan, walk
from service.plans.rows import Row

Name = tuple[str, str]


def identified(plan: Plan, rows: Iterable[Row], uids: Mapping[str, UUID]) -> Plan:
    """The plan with the keys of the elements that it was matched with; what is new keeps its own.

    First by our `uid`, then by key, then by number and by title within a level, where only one has them.
    """
    names = matches(plan, list(rows), uids)
    found: Plan = replace_keys(plan, {key: other for key, other in names.items() if key != other})
    return found


def matches(plan: Plan, rows: list[Row], uids: Mapping[str, UUID]) -> dict[str, str]:
    """Key that comes in → key that is there."""
    coming = [element for element, _ in walk(plan.elements)]
    there = {uid: key for key, uid in uids.items()}
    known = {row.key for row in rows}
    found: dict[str, str] = {}
    taken: set[str] = set()
    for element in coming:
        by_uid = there.get(element.uid) if element.uid else None
        key = by_uid if by_uid in known else element.key
        if key in known and key not in taken:
            found[element.key] = key
            taken.add(key)
    for name_coming, name_there in ((number_of, number_in), (title_of, title_in)):
        left = [element for element in coming if element.key not in found]
        taken = set(found.values())
        old = only_ones((name_there(row), row.key) for row in rows if row.key not in taken)
        new = only_ones((name_coming(element), element.key) for element in left)
        found |= {new[name]: old[name] for name in new.keys() & old.keys()}
    return found


def only_ones(named: Iterable[tuple[Name | None, str]]) -> dict[Name, str]:
    """Name → key, without names that several have."""
    found: dict[Name, str] = {}
    twice = set()
    for name, key in named:
        if name is not None and name in found:
            twice.add(name)
        elif name is not None:
            found[name] = key
    return {name: key for name, key in found.items() if name not in twice}


def number_of(element: Element) -> Name | None:
    return (element.level, element.number) if element.number else None


def number_in(row: Row) -> Name | None:
    return (row.detail["level"], row.number) if row.number else None


def title_of(element: Element) -> Name | None:
    return titled(element.level, element.title)


def title_in(row: Row) -> Name | None:
    return titled(row.detail["level"], row.title)


def titled(level: str, title: Mapping[str, str]) -> Name | None:
    """Level and title, without accents and case; the first language of the alphabet that it is in."""
    said = in_latin(title[min(title)]) if title else ""
    return (level, said) if said else None


def replace_keys(value: Any, names: Mapping[str, str]) -> Any:
    """The plan, with other keys for elements, wherever it names them."""
    if not names:
        return value

    def renamed(key: str) -> str:
        return names.get(key, key)

    return renaming(value, renamed)


def renaming(value: Any, renamed: Callable[[str], str]) -> Any:
    """The value with every key of an element renamed."""
    if isinstance(value, tuple):
        return tuple(renaming(one, renamed) for one in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changed: dict[str, Any] = {}
    for one in fields(value):
        said = getattr(value, one.name)
        if one.metadata.get("register") == "elements":
            changed[one.name] = tuple(map(renamed, said)) if isinstance(said, tuple) else said and renamed(said)
        elif isinstance(said, tuple) or is_dataclass(said):
            changed[one.name] = renaming(said, renamed)
    if isinstance(value, Element):
        changed["key"] = renamed(value.key)
    return replace(value, **changed)
