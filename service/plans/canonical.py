"""A plan as JSON, without loss, and the hash by which a version is known. `reading_json` goes the other way.

The canonical form leaves out what is empty (None, no text, no items, false; an empty string stays: it is a blank of the
paper), writes decimals as strings, sorts the keys and has no spaces.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from service.plans.document import RECORD, Element, Plan

REGISTERS = ("bodies", "territories", "funding_sources", "documents")


def to_json(value: Any) -> Any:
    """The JSON of a plan, or of any value of one; what is empty is left out."""
    if is_dataclass(value) and not isinstance(value, type):
        named = ((one, getattr(value, one.name)) for one in fields(value))
        return {one.name: to_json(said) for one, said in named if is_required(one) or not is_empty(said)}
    if isinstance(value, tuple):
        return [to_json(one) for one in value]
    if isinstance(value, Decimal):
        return written(value)
    return str(value) if isinstance(value, UUID) else tidy(value)


def tidy(value: Any) -> Any:
    """GeoJSON with coordinates to seven places (a centimetre), whole numbers without a point, lists for tuples."""
    if isinstance(value, Mapping):
        return {name: tidy(said) for name, said in value.items()}
    if isinstance(value, list | tuple):
        return [tidy(one) for one in value]
    if isinstance(value, float):
        short = round(value, 7)
        return int(short) if short.is_integer() else short
    return value


def is_empty(said: Any) -> bool:
    """True for what the canonical form leaves out; a nought, an empty string and a thing without fields are there."""
    return said is None or said is False or (isinstance(said, tuple | Mapping) and not said)


def is_required(part: Field[Any]) -> bool:
    """Whether a value always has this field."""
    return part.default is MISSING and part.default_factory is MISSING


def written(number: Decimal) -> str:
    """A decimal without exponent and without zeros at its end."""
    said = format(number, "f")
    said = said.rstrip("0").rstrip(".") if "." in said else said
    return "0" if said == "-0" else said


def canonical(value: Any) -> bytes:
    """The canonical bytes (UTF-8) of a plan or of any value of one."""
    return orjson.dumps(to_json(value), option=orjson.OPT_SORT_KEYS)


def digest(value: Any) -> str:
    """The SHA-256 of the canonical bytes, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def frozen_part(plan: Plan) -> Plan:
    """What a version freezes: without the record and our identifiers, and of the registers only what it refers to."""
    nothing: dict[str, Any] = {"uid": None} | dict.fromkeys(RECORD, ())
    bare = replace(plan, elements=tuple(without_uid(one) for one in plan.elements), **nothing)
    registers: dict[str, Any] = {name: referred(bare, name) for name in REGISTERS}
    return replace(bare, **registers)


def content_hash(plan: Plan) -> str:
    """The SHA-256 by which a version of a plan is known everywhere, in hexadecimal."""
    return digest(frozen_part(plan))


def without_uid(element: Element) -> Element:
    """The element and what is below it without our identifiers: the key is what counts."""
    return replace(element, uid=None, children=tuple(without_uid(one) for one in element.children))


def referred(plan: Plan, register: str) -> tuple[Any, ...]:
    """The things of a register that the content refers to, and those above them, in the order of their keys."""
    things = {one.key: one for one in getattr(plan, register)}
    nothing: dict[str, Any] = dict.fromkeys(REGISTERS, ())
    bare = replace(plan, **nothing)
    found: set[str] = set()
    waiting = [key for named, key in references(bare) if named == register and key in things]
    while waiting:
        if (key := waiting.pop()) not in found:
            found.add(key)
            waiting.extend(above for named, above in references(things[key]) if named == register and above in things)
    return tuple(things[key] for key in sorted(found))


def references(value: Any) -> Iterator[tuple[str, str]]:
    """Every (register, key) that a value refers to, in the order of its fields."""
    if isinstance(value, tuple):
        for one in value:
            yield from references(one)
    elif is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            said = getattr(value, one.name)
            if register := one.metadata.get("register"):
                yield from ((register, key) for key in (said if isinstance(said, tuple) else (said,)) if key)
            else:
                yield from references(said)
