"""What differs between two versions of a plan: which elements, in what, and why, as far as staff said why."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from service.plans.models import ADDED, EDITED, MERGED, MOVED, REMOVED, SPLIT
from service.plans.rows import Row, children_of


class Said(NamedTuple):
    """What staff did to an element and why; `others` as in PlanChange."""

    key: str
    kind: str
    others: tuple[str, ...]
    reason: str | None


@dataclass(frozen=True)
class FieldChange:
    """A field by its path ("action.status"), before and after, as JSON; None: it was not there."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Change:
    """An element that differs: `kind` is one of CHANGES; what was moved may be edited too, as `fields` say."""

    kind: str
    key: str
    title: Mapping[str, str]
    number: str | None
    parent_before: str | None
    parent_after: str | None
    fields: tuple[FieldChange, ...] = ()
    others: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True)
class Comparison:
    """Everything that differs: in the heading, and in the elements, in the order of the newer version."""

    heading: tuple[FieldChange, ...]
    changes: tuple[Change, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many elements by kind of change."""
        return Counter(change.kind for change in self.changes)

    @property
    def is_empty(self) -> bool:
        return not self.heading and not self.changes


Side = tuple[Mapping[str, Any], Sequence[Row]]
"""The heading of a version and its rows."""


def compare(before: Side, after: Side, said: Sequence[Said] = ()) -> Comparison:
    """What differs between two versions; `said` is what staff did on the way, first to last."""
    old = {row.key: row for row in before[1]}
    new = {row.key: row for row in after[1]}
    moved = moved_keys(before[1], after[1])
    acts: dict[str, list[Said]] = {}
    for act in said:
        acts.setdefault(act.key, []).append(act)
    found = [
        *(of_new(row, old.get(row.key), row.key in moved, acts.get(row.key, ())) for row in after[1]),
        *(of_gone(row, acts.get(row.key, ())) for row in before[1] if row.key not in new),
    ]
    return Comparison(tuple(field_changes(before[0], after[0])), tuple(change for change in found if change))


def of_new(row: Row, old: Row | None, moved: bool, acts: Sequence[Said]) -> Change | None:
    """What happened to an element that is there now; None: nothing."""
    edited = old is not None and old.hash != row.hash
    if old is not None and not moved and not edited:
        return None
    kind = MOVED if moved else EDITED
    split = last_of(acts, SPLIT)
    if old is None:
        kind = SPLIT if split else ADDED
    return Change(
        kind,
        row.key,
        row.title,
        row.number,
        old.parent if old else None,
        row.parent,
        tuple(field_changes(old.detail, row.detail)) if old and edited else (),
        split.others if split and kind == SPLIT else (),
        reasons_of(acts),
    )


def of_gone(row: Row, acts: Sequence[Said]) -> Change:
    """An element that is there no longer."""
    merged = last_of(acts, MERGED)
    kind, others = (MERGED, merged.others) if merged else (REMOVED, ())
    return Change(kind, row.key, row.title, row.number, row.parent, None, (), others, reasons_of(acts))


def last_of(acts: Sequence[Said], kind: str) -> Said | None:
    """The last act of this kind, whatever was done after it."""
    return next((act for act in reversed(acts) if act.kind == kind), None)


def reasons_of(acts: Sequence[Said]) -> str | None:
    """Every reason that was given, once, first to last, each on a line."""
    return "\n".join(dict.fromkeys(act.reason for act in acts if act.reason)) or None


def moved_keys(before: Sequence[Row], after: Sequence[Row]) -> set[str]:
    """Elements of both that stand under another one, or out of their order among those that stayed."""
    above = {row.key: row.parent for row in before}
    found = {row.key for row in after if row.key in above and above[row.key] != row.parent}
    places = {key: place for keys in children_of(before).values() for place, key in enumerate(keys)}
    for keys in children_of(after).values():
        stayed = [key for key in keys if key in places and key not in found]
        found.update(out_of_order(stayed, places))
    return found


def out_of_order(keys: Sequence[str], places: Mapping[str, int]) -> set[str]:
    """The fewest keys without which the others are in the order of their places."""
    ends: list[int] = []
    lengths = []
    for key in keys:
        at = bisect_left(ends, places[key])
        ends[at : at + 1] = [places[key]]
        lengths.append(at)
    kept, wanted = set(), len(ends) - 1
    for key, length in zip(reversed(keys), reversed(lengths), strict=True):
        if length == wanted:
            kept.add(key)
            wanted -= 1
    return set(keys) - kept


def field_changes(before: Any, after: Any, path: str = "") -> Iterator[FieldChange]:
    """Where two JSON values differ; things of a list are told apart by their keys where they have some."""
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys((*before, *after)):
            yield from field_changes(before.get(name), after.get(name), f"{path}.{name}" if path else name)
    elif (old := by_key(before)) is not None and (new := by_key(after)) is not None:
        for key in dict.fromkeys((*old, *new)):
            yield from field_changes(old.get(key), new.get(key), f"{path}[{key}]")
    else:
        yield FieldChange(path, before, after)


def by_key(value: Any) -> dict[str, Any] | None:
    """The things of a list by their keys; None where they have none."""
    if not isinstance(value, list) or not all(isinstance(one, Mapping) and "key" in one for one in value):
        return None
    return {one["key"]: one for one in value}
