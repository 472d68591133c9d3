"""Filters in CQL2-text (OGC 21-065r2), of which a stated part is understood.

`and`, `or`, `not`; `=`, `<>`, `<`, `<=`, `>`, `>=`; `is null`, `like`, `between`, `in`; `+`, `-`, `*`, `/`, `%`, `^`,
`div`; `casei`; `date` and `timestamp`; the eight spatial functions `s_…` with a geometry or a box. No other functions.
As in SQL, a condition on what a feature does not have is neither true nor false.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import cql2
import orjson
import shapely

from service.ogc.items import GEOMETRY, Item, Test
from service.ogc.refusing import QueryNotValid
from service.ogc.systems import area_of, understood_from

LONGEST = 4000
DEEPEST = 64
"""How many brackets, words `not` and signs may stand within each other: the parser has a stack of limited size."""
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
NESTING = re.compile(r"\b(?:not|div)\b|[+*/^%]|[-\w)]\s*-", re.IGNORECASE)

Value = Callable[[Item], Any]
Truth = Callable[[Item], bool | None]

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "^": operator.pow,
    "div": operator.floordiv,
}
RELATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "s_intersects": shapely.intersects,
    "s_disjoint": shapely.disjoint,
    "s_contains": shapely.contains,
    "s_within": shapely.within,
    "s_touches": shapely.touches,
    "s_crosses": shapely.crosses,
    "s_overlaps": shapely.overlaps,
    "s_equals": shapely.equals,
}


def test_of(text: str, system: str, names: Mapping[str, Any]) -> Test:
    """Whether an item passes the filter, whose geometries are in the system and whose properties are among the names.

    Raises QueryNotValid.
    """
    condition = parsed(text)
    try:
        holds = Reader(system, names).truth(condition)
    except (TypeError, ValueError, IndexError, KeyError):  # operators written as functions, of any number of arguments
        raise refused("arguments") from None
    return lambda item: holds(item) is True


def parsed(text: str) -> Any:
    """The filter as CQL2-JSON."""
    if len(text) > LONGEST or deepest(text) > DEEPEST:
        raise refused("too_long")
    try:
        return cql2.parse_text(text).to_json()
    except (cql2.ParseError, RecursionError):
        raise refused("syntax") from None


def deepest(text: str) -> int:
    """An upper bound of how deep the parser goes, whatever it makes of the text."""
    text = QUOTED.sub("", text)
    depth = most = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        most = max(most, depth)
    return most + len(NESTING.findall(text))


def refused(reason: str) -> QueryNotValid:
    return QueryNotValid(parameter="filter", reason=reason)


class Reader:
    """Makes functions of the parts of a filter."""

    def __init__(self, system: str, names: Mapping[str, Any]) -> None:
        self.system, self.names = system, names

    def truth(self, node: Any) -> Truth:
        """A condition: true, false, or None where it cannot be said."""
        if isinstance(node, bool):
            return always(node)
        if not isinstance(node, dict) or "op" not in node:
            raise refused("no_condition")
        name, arguments = str(node["op"]).lower(), node["args"]
        if name in ("and", "or"):
            return joined([self.truth(one) for one in arguments], decides=name == "or")
        if name == "not":
            return opposite(self.truth(arguments[0]))
        if name in RELATIONS:
            return self.related(RELATIONS[name], *arguments)
        if name in COMPARISONS:
            return compared(COMPARISONS[name], *map(self.value, arguments))
        return self.special(name, arguments)

    def special(self, name: str, arguments: Sequence[Any]) -> Truth:
        """The operators that are no symbols."""
        value = self.value(arguments[0]) if arguments else None
        if value is not None and name == "isnull":
            return lambda item: value(item) is None
        if value is not None and name == "between":
            low, high = map(self.value, arguments[1:])
            return joined([compared(operator.ge, value, low), compared(operator.le, value, high)], decides=False)
        if value is not None and name == "in":
            return joined([compared(operator.eq, value, self.value(one)) for one in arguments[1]], decides=True)
        if value is not None and name == "like":
            return self.like(value, arguments[1])
        raise refused(f"not_understood: {name}")

    def like(self, value: Value, pattern: Any) -> Truth:
        folded = isinstance(pattern, dict) and pattern.get("op") == "casei"
        text = pattern["args"][0] if folded else pattern
        if not isinstance(text, str):
            raise refused("pattern")
        matches = pattern_of(text.casefold() if folded else text).match

        def holds(item: Item) -> bool | None:
            found = value(item)
            return bool(matches(found)) if isinstance(found, str) else None

        return holds

    def value(self, node: Any) -> Value:
        """A property, a text, a number, true or false, a moment."""
        if isinstance(node, str | int | float):  # bool is an int
            return always(node)
        if isinstance(node, dict) and "property" in node:
            return self.property(node["property"])
        if isinstance(node, dict) and node.keys() & {"date", "timestamp"}:
            moment = moment_of(next(iter(node.values())))
            if moment is None:
                raise refused("moment")
            return always(moment)
        if isinstance(node, dict) and node.get("op") == "casei":
            inner = self.value(node["args"][0])
            return lambda item: folded(inner(item))
        if isinstance(node, dict) and node.get("op") in ARITHMETIC:
            return calculated(ARITHMETIC[node["op"]], *map(self.value, node["args"]))
        raise refused("value")

    def property(self, name: str) -> Value:
        if name not in self.names or name == GEOMETRY:
            raise refused(f"no_such_property: {name}")
        return lambda item: item.properties.get(name)

    def related(self, relation: Callable[[Any, Any], Any], *arguments: Any) -> Truth:
        """How the feature's geometry lies to one that the filter says, whichever stands first."""
        first, second = (self.geometry(one) for one in arguments)
        if (first is None) == (second is None):
            raise refused("geometry")

        def holds(item: Item) -> bool | None:
            try:
                return bool(relation(first or item.geometry, second or item.geometry))
            except shapely.GEOSException:  # some relations of collections are not defined
                return None

        return holds

    def geometry(self, node: Any) -> Any:
        """A geometry in longitude and latitude; None is the feature's own."""
        if node == {"property": GEOMETRY}:
            return None
        if isinstance(node, dict) and len(node.get("bbox", ())) == 4:
            return area_of(node["bbox"], self.system, "filter")
        try:
            shape = understood_from(shapely.from_geojson(orjson.dumps(node)), self.system)
        except (shapely.GEOSException, orjson.JSONEncodeError, ValueError, TypeError):
            raise refused("geometry") from None
        if not shapely.is_valid(shape):
            raise refused("geometry")
        return shape


def always(value: Any) -> Value:
    return lambda _item: value


def joined(conditions: Sequence[Truth], decides: bool) -> Truth:
    """`or` where true decides, `and` where false does; with what cannot be said, as in SQL."""

    def holds(item: Item) -> bool | None:
        unsaid = False
        for condition in conditions:
            found = condition(item)
            if found is decides:
                return decides
            unsaid = unsaid or found is None
        return None if unsaid else not decides

    return holds


def opposite(condition: Truth) -> Truth:
    def holds(item: Item) -> bool | None:
        found = condition(item)
        return None if found is None else not found

    return holds


def calculated(operation: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """Of two numbers, as floating point; None of what are none, and where there is no result."""

    def value(item: Item) -> float | None:
        one, other = left(item), right(item)
        if kind_of(one) != "number" or kind_of(other) != "number":
            return None
        try:
            found = operation(float(one), float(other))
        except ArithmeticError:
            return None
        return found if isinstance(found, float) else None  # a root of a negative number is complex

    return value


def compared(comparison: Callable[[Any, Any], bool], left: Value, right: Value) -> Truth:
    """Values of one kind are compared; others are neither equal nor unequal."""

    def holds(item: Item) -> bool | None:
        one, other = alike(left(item), right(item))
        return None if one is None or other is None else comparison(one, other)

    return holds


def alike(one: Any, other: Any) -> tuple[Any, Any]:
    """Both as the same kind; None where there is none. A text beside a moment is read as a moment."""
    if isinstance(one, datetime) or isinstance(other, datetime):
        return moment_of(one), moment_of(other)
    kinds = [kind_of(value) for value in (one, other)]
    return (one, other) if kinds[0] == kinds[1] and kinds[0] is not None else (None, None)


def kind_of(value: Any) -> str | None:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "text" if isinstance(value, str) else None


def moment_of(value: Any) -> datetime | None:
    """The instant that a text says, in UTC where it names no zone; a day is its beginning."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def pattern_of(text: str) -> re.Pattern[str]:
    """`%` is any text, `_` one character, a backslash takes the next one as it is.

    What stands between two `%` is looked for once, from the left, and never again: the time grows with the length only.
    """
    parts, escaped = [""], False
    for character in text:
        if escaped or character not in "%_\\":
            parts[-1] += re.escape(character)
        elif character == "_":
            parts[-1] += "."
        elif character == "%":
            parts.append("")
        escaped = character == "\\" and not escaped
    first, *others = parts
    if not others:
        return re.compile(rf"(?s:{first})\Z")
    between = "".join(f"(?>.*?{part})" for part in others[:-1] if part)
    return re.compile(rf"(?s:{first}{between}(?=.*{others[-1]}\Z))")
