"""The JSON Schema (2020-12) of a plan, made of the same classes that it is read into."""

import types
from dataclasses import MISSING, Field, fields, is_dataclass
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from service.plans.document import Plan
from service.plans.reading_json import LANGUAGE, LARGEST, LONGEST, NUMBER, PATTERNS
from service.plans.values import Geometry, Text

DIALECT = "https://json-schema.org/draft/2020-12/schema"
GEOMETRIES = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection")
TEXT = {
    "type": "object",
    "description": 'A text by language: {"el": "…", "en": "…"}.',
    "propertyNames": {"pattern": f"^{LANGUAGE.pattern}$"},
    "additionalProperties": {"type": "string", "maxLength": LONGEST},
}
GEOMETRY = {
    "type": "object",
    "description": "A GeoJSON geometry in longitude and latitude (EPSG:4326).",
    "properties": {"type": {"enum": list(GEOMETRIES)}},
    "required": ["type"],
}
DECIMAL = {
    "description": "A decimal in a string, or a whole number.",
    "anyOf": [{"type": "string", "pattern": f"^({NUMBER.pattern})$"}, {"type": "integer"}],
}


def schema() -> dict[str, Any]:
    """The schema of a plan's JSON."""
    definitions: dict[str, Any] = {}
    whole = _of(Plan, definitions)
    return {
        "$schema": DIALECT,
        "title": "A plan of a municipality",
        **whole,
        "$defs": dict(sorted(definitions.items())),
    }


def _of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type; classes are defined once."""
    if kind in SIMPLE:
        return dict(SIMPLE[kind])
    if is_dataclass(kind):
        return _of_class(kind, definitions)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        inner = next(one for one in arguments if one is not type(None))
        return {"anyOf": [_of(inner, definitions), {"type": "null"}]}
    return {"type": "array", "items": _of(arguments[0], definitions)}


def _of_class(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    name = kind.__name__
    if name not in definitions:
        definitions[name] = {}
        hints = get_type_hints(kind)
        definitions[name] = {
            "type": "object",
            "description": " ".join((kind.__doc__ or "").split()),
            "properties": {one.name: _of_field(one, hints[one.name], definitions) for one in fields(kind)},
            "required": [one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING],
            "additionalProperties": False,
        }
    return {"$ref": f"#/$defs/{name}"}


def _of_field(one: Field[Any], hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    said = _of(hint, definitions)
    pattern = PATTERNS.get(one.name)
    if pattern is None or Text in (hint, *get_args(hint)):
        return said
    texts = {"type": "string", "pattern": f"^({pattern.pattern})$"}
    return {"anyOf": [texts, {"type": "null"}]} if "anyOf" in said else texts


SIMPLE: dict[Any, dict[str, Any]] = {
    str: {"type": "string", "maxLength": LONGEST},
    int: {"type": "integer", "minimum": -LARGEST, "maximum": LARGEST},
    bool: {"type": "boolean"},
    Decimal: DECIMAL,
    UUID: {"type": "string", "format": "uuid"},
    Text: TEXT,
    Geometry: GEOMETRY,
}
