"""Reads a plan from JSON: exactly what `canonical.to_json` writes, or a list of what is wrong and where."""

import re
import types
from collections.abc import Callable, Mapping
from dataclasses import Field, fields, is_dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from shapely import force_2d
from shapely.errors import ShapelyError
from shapely.geometry import mapping, shape

from service.errors import Problem
from service.plans.canonical import is_required, tidy
from service.plans.document import Plan
from service.plans.values import Geometry, Text
from service.text import N_

DEEPEST = 16
LONGEST = 20_000
MOST_FAULTS = 100
LARGEST = 2**53 - 1
NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?")
CURRENCY = re.compile(r"[A-Z]{3}")
SHA_256 = re.compile(r"[0-9a-f]{64}")
DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
LANGUAGE = re.compile(r"[a-z]{2,3}")
KEY = re.compile(r"[^\s/?#\x00-\x1f]{1,120}")

UNWRITABLE = re.compile(r"[\x00\ud800-\udfff]")

Value = TypeVar("Value")
Fault = tuple[str, str]
Reader = Callable[[Any, str, list[Fault]], Any]


class NotAPlan(Problem):
    """The JSON is not that of a plan: `faults` say where and what, the first hundred."""

    status, code, message = 422, "not_a_plan", N_("This is not a plan that can be read.")


def from_json(data: Any) -> Plan:
    """The plan of this JSON; NotAPlan with `faults` of {path, fault} when it is none."""
    return read(Plan, data)


def read(kind: type[Value], data: Any) -> Value:
    """One value of a plan (a stage, an element) of this JSON; NotAPlan as `from_json`."""
    faults: list[Fault] = []
    reader: Reader = reader_of(cast(Any, kind))
    value: Value = reader(data, "", faults)
    if faults:
        raise NotAPlan(faults=[{"path": path, "fault": fault} for path, fault in faults[:MOST_FAULTS]])
    return value


@cache
def reader_of(kind: Any) -> Reader:
    """How a value of this type is read."""
    if kind in SIMPLE:
        return SIMPLE[kind]
    if is_dataclass(kind):
        return dataclass_reader(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return choice_reader(arguments)
    if origin in (Union, types.UnionType):
        inner = reader_of(next(one for one in arguments if one is not type(None)))
        return lambda value, path, faults: None if value is None else inner(value, path, faults)
    return items_reader(arguments[0])


def dataclass_reader(kind: Any) -> Reader:
    """A JSON object with the fields of this class and no others."""
    parts = fields(kind)
    names = {one.name for one in parts}
    hints: dict[str, Any] = {}

    def readers() -> dict[str, Any]:
        if not hints:
            hints.update({name: reader_of(hint) for name, hint in get_type_hints(kind).items()})
        return hints

    def read_object(value: Any, path: str, faults: list[Fault]) -> Any:
        if not isinstance(value, Mapping):
            return wrong(path, "not_an_object", faults)
        if path.count(".") > DEEPEST:
            return wrong(path, "too_deep", faults)
        for name in value.keys() - names:
            wrong(f"{path}.{name}"[-200:], "unknown_field", faults)
        said = {one.name: read_field(one, value, path, readers(), faults) for one in parts if needed(one, value)}
        return None if faults else kind(**said)

    return read_object


def needed(part: Field[Any], value: Mapping[str, Any]) -> bool:
    """True for a field that is there, or must be."""
    return value.get(part.name) is not None or is_required(part)


def read_field(part: Field[Any], value: Mapping[str, Any], path: str, readers: Any, faults: list[Fault]) -> Any:
    """The field of this JSON object."""
    where = f"{path}.{part.name}" if path else part.name
    if value.get(part.name) is None:
        return wrong(where, "missing", faults)
    pattern = PATTERNS.get(part.name)
    said = readers[part.name](value[part.name], where, faults)
    if pattern and isinstance(said, str) and not pattern.fullmatch(said):
        return wrong(where, "not_valid", faults)
    return said


def items_reader(kind: Any) -> Reader:
    """A JSON list of values of this type."""
    inner = reader_of(kind) if not is_dataclass(kind) else None

    def read_items(value: Any, path: str, faults: list[Fault]) -> Any:
        if not isinstance(value, list):
            return wrong(path, "not_a_list", faults)
        one_reader = inner or reader_of(kind)
        return tuple(one_reader(one, f"{path}[{place}]", faults) for place, one in enumerate(value))

    return read_items


def choice_reader(allowed: tuple[str, ...]) -> Reader:
    """One of these words."""

    def read_choice(value: Any, path: str, faults: list[Fault]) -> Any:
        return value if isinstance(value, str) and value in allowed else wrong(path, "not_one_of", faults)

    return read_choice


def read_string(value: Any, path: str, faults: list[Fault]) -> Any:
    """A string that both databases can keep."""
    if not isinstance(value, str) or UNWRITABLE.search(value):
        return wrong(path, "not_text", faults)
    return value if len(value) <= LONGEST else wrong(path, "too_long", faults)


def read_text(value: Any, path: str, faults: list[Fault]) -> Any:
    """A text in languages: {"el": "…"}."""
    if not isinstance(value, Mapping):
        return wrong(path, "not_a_text", faults)
    if any(not LANGUAGE.fullmatch(str(language)) for language in value):
        return wrong(path, "not_a_language", faults)
    return {language: read_string(said, f"{path}.{language}", faults) for language, said in value.items()}


def read_decimal(value: Any, path: str, faults: list[Fault]) -> Any:
    """A decimal in a string, at most six places; a whole JSON number too."""
    said = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return Decimal(said) if isinstance(said, str) and NUMBER.fullmatch(said) else wrong(path, "not_a_decimal", faults)


def read_integer(value: Any, path: str, faults: list[Fault]) -> Any:
    """A whole number that every reader of JSON can hold."""
    fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST
    return value if fits else wrong(path, "not_a_whole_number", faults)


def read_truth(value: Any, path: str, faults: list[Fault]) -> Any:
    """True or false."""
    return value if isinstance(value, bool) else wrong(path, "not_true_or_false", faults)


def read_uid(value: Any, path: str, faults: list[Fault]) -> Any:
    """A UUID."""
    try:
        return UUID(value)
    except (TypeError, ValueError, AttributeError):
        return wrong(path, "not_a_uuid", faults)


def read_geometry(value: Any, path: str, faults: list[Fault]) -> Any:
    """A GeoJSON geometry in EPSG:4326, tidied."""
    try:
        found = force_2d(shape(value))
    except (AttributeError, KeyError, TypeError, ValueError, IndexError, ShapelyError):
        return wrong(path, "not_a_geometry", faults)
    fits = not found.is_empty and found.is_valid and is_on_earth(*found.bounds)
    return {"type": found.geom_type, **tidy(mapping(found))} if fits else wrong(path, "not_a_geometry", faults)


def is_on_earth(west: float, south: float, east: float, north: float) -> bool:
    """Whether these are degrees."""
    return -180 <= west <= east <= 180 and -90 <= south <= north <= 90


def wrong(path: str, fault: str, faults: list[Fault]) -> None:
    """Note a fault."""
    if len(faults) < MOST_FAULTS:
        faults.append((path or "plan", fault))


PATTERNS = {"key": KEY, "value": DATE, "source_language": LANGUAGE, "currency": CURRENCY, "sha256": SHA_256}
SIMPLE: dict[Any, Reader] = {
    str: read_string,
    int: read_integer,
    bool: read_truth,
    Decimal: read_decimal,
    UUID: read_uid,
    Text: read_text,
    Geometry: read_geometry,
}
