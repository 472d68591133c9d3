"""The tree of a version as a list of rows, from the top down, and back: what is stored of each element is its JSON."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from service.plans.canonical import to_json
from service.plans.document import Element, walk

Detail = Mapping[str, Any]


class Row(NamedTuple):
    """An element where it stands: `detail` is its canonical JSON without what is below it, `hash` its SHA-256."""

    key: str
    parent: str | None
    detail: Detail
    hash: str

    @property
    def title(self) -> Mapping[str, str]:
        return dict(self.detail["title"])

    @property
    def number(self) -> str | None:
        return self.detail.get("number")


def row_of(element: Element, parent: str | None) -> Row:
    """The row of an element."""
    detail = to_json(replace(element, uid=None, children=()))
    return Row(element.key, parent, detail, hash_of(detail))


def hash_of(detail: Detail) -> str:
    """The SHA-256 of the canonical bytes of JSON that is canonical."""
    return hashlib.sha256(orjson.dumps(detail, option=orjson.OPT_SORT_KEYS)).hexdigest()


def rows_of(elements: tuple[Element, ...]) -> list[Row]:
    """The rows of a tree, from the top down."""
    return [row_of(element, parent.key if parent else None) for element, parent in walk(elements)]


def nested(rows: Iterable[Row], more: Mapping[str, Mapping[str, Any]] | None = None) -> list[dict[str, Any]]:
    """The tree in JSON; `more` are fields to add to an element by its key."""
    made: dict[str, dict[str, Any]] = {}
    top: list[dict[str, Any]] = []
    for row in rows:
        made[row.key] = node = dict(row.detail) | (dict(more.get(row.key, {})) if more else {})
        if row.parent is None:
            top.append(node)
        else:
            made[row.parent].setdefault("children", []).append(node)
    return top


def children_of(rows: Sequence[Row]) -> dict[str | None, list[str]]:
    """Keys by the key of what is above them, in order; None: the top."""
    found: dict[str | None, list[str]] = {}
    for row in rows:
        found.setdefault(row.parent, []).append(row.key)
    return found


def in_order(rows: Mapping[str, Row], children: Mapping[str | None, Sequence[str]]) -> list[Row]:
    """The rows from the top down, as the lists of children say; what hangs nowhere is left out."""
    found: list[Row] = []
    waiting = list(reversed(children.get(None, ())))
    while waiting:
        key = waiting.pop()
        found.append(rows[key])
        waiting.extend(reversed(children.get(key, ())))
    return found
