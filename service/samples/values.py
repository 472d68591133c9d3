"""Whether single values of a sample are written as they should be."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

Things = Mapping[str, Any]

PHONE = re.compile(r"\+?\d{3,15}")
_KEY = re.compile(r"(?=.{1,64}\Z)[a-z0-9]+([-_][a-z0-9]+)*")


def null_faults(where: str, thing: Any) -> Iterator[str]:
    """No database keeps a null character in JSON, and PostgreSQL keeps none in a text."""
    if isinstance(thing, str) and "\0" in thing:
        yield f"{where}: holds a null character."
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from null_faults(f"{where}.{key}", [key, value])
    elif isinstance(thing, list):
        for value in thing:
            yield from null_faults(where, value)


def is_said(text: Any) -> bool:
    return isinstance(text, str) and bool(text.strip())


def pattern_faults(where: str, value: Any, pattern: re.Pattern[str]) -> Iterator[str]:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        yield f"{where}: {value!r} is not written as it should be."


def choice_faults(where: str, value: Any, choices: Collection[str | None]) -> Iterator[str]:
    if value not in choices:
        yield f"{where}: {value!r} is none of {', '.join(map(str, choices))}."


def truth_faults(where: str, thing: Things, keys: tuple[str, ...]) -> Iterator[str]:
    yield from (f"{where}.{key}: neither true nor false." for key in keys if not isinstance(thing[key], bool))


def number_faults(where: str, value: Any) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        yield f"{where}: {value!r} is not a number above zero."


def repeated_faults(where: str, keys: list[Any], pattern: re.Pattern[str] = _KEY) -> Iterator[str]:
    for key in keys:
        yield from pattern_faults(where, key, pattern)
    yield from (f"{where}: {key} is there twice." for key, times in Counter(map(str, keys)).items() if times > 1)


def keys_of(things: Iterable[Things]) -> list[Any]:
    return [thing["key"] for thing in things]
