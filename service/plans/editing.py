"""Staff change the draft of a plan element by element, and say why: put, move, merge, split, remove.

Each act reads the tree first and writes it in a transaction of its own kind, if nobody has changed it since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from service.errors import NotFound, Problem
from service.municipalities.directory import Municipality
from service.plans.applying import heading_of
from service.plans.canonical import REGISTERS
from service.plans.checking import ensure_sound
from service.plans.comparing import Said
from service.plans.document import RECORD, Element
from service.plans.finding import plan_named, stored_rows
from service.plans.models import ADDED, EDITED, MERGED, MOVED, REMOVED, SPLIT, PlanRow, PlanVersion
from service.plans.reading import document_json
from service.plans.reading_json import from_json, read
from service.plans.recording import ensure_known
from service.plans.rows import Row, children_of, in_order, row_of
from service.plans.writing import ensure_seen, ensure_unchanged, the_draft, write_acts, write_rows
from service.text import N_


class NotThere(Problem):
    """An element cannot stand there: under itself, or beside one that is not under the same."""

    status, code, message = 422, "not_there", N_("The element cannot stand there.")


class KeyTaken(Problem):
    """An element with this key is there already; `key`."""

    status, code, message = 409, "element_key_taken", N_("There is an element with this key already.")


@dataclass
class Tree:
    """The draft as it was read, and what is done to it; `revision` is the plan's."""

    plan: str
    revision: int
    rows: dict[str, Row]
    children: dict[str | None, list[str]]
    known: PlanRow
    draft: PlanVersion
    levels: set[str]
    acts: list[Said] = field(default_factory=list)

    def row(self, key: str) -> Row:
        """Raises NotFound."""
        if key not in self.rows:
            raise NotFound
        return self.rows[key]

    def below(self, key: str) -> list[str]:
        """The element and everything under it, from the top down."""
        found = [key]
        for one in found:
            found.extend(self.children.get(one, ()))
        return found

    def take_out(self, key: str) -> None:
        self.children[self.rows[key].parent].remove(key)

    def put_in(self, key: str, parent: str | None, after: str | None) -> None:
        """Hang the element under `parent`: first with `after` "", behind another one, or last. Raises NotThere."""
        if parent is not None and (parent not in self.rows or parent in self.below(key)):
            raise NotThere
        siblings = self.children.setdefault(parent, [])
        if after and after not in siblings:
            raise NotThere
        place = len(siblings) if after is None else siblings.index(after) + 1 if after else 0
        siblings.insert(place, key)
        self.rows[key] = self.rows[key]._replace(parent=parent)

    def element(self, key: str, data: Mapping[str, Any], parent: str | None) -> Row:
        """An element from JSON; what it names must be there. Raises NotAPlan, PlanFaulty."""
        found = replace(read(Element, {**data, "key": key}), uid=None, children=())
        ensure_known(self.known, found, {"levels": self.levels}, self.draft)
        return row_of(found, parent)


def open_draft(municipality: Municipality, key: str) -> Tree:
    """The draft to change; reads only. Raises NotFound, NoDraft."""
    plan = plan_named(municipality, key)
    revision, draft = plan.revision, the_draft(plan)
    rows = stored_rows(draft)
    levels = {level["key"] for level in draft.heading.get("levels", ())}
    return Tree(plan.key, revision, {row.key: row for row in rows}, children_of(rows), plan, draft, levels)


def put(
    tree: Tree, key: str, data: Mapping[str, Any], parent: str | None, after: str | None, reason: str | None
) -> None:
    """Add an element, or let one say something else where it stands."""
    if key in tree.rows:
        tree.rows[key] = tree.element(key, data, tree.rows[key].parent)
        tree.acts.append(Said(key, EDITED, (), reason))
        return
    tree.rows[key] = tree.element(key, data, parent)
    tree.put_in(key, parent, after)
    tree.acts.append(Said(key, ADDED, (), reason))


def move(tree: Tree, key: str, parent: str | None, after: str | None, reason: str | None) -> None:
    """Let an element with all below it stand elsewhere. Raises NotFound, NotThere."""
    tree.row(key)
    tree.take_out(key)
    tree.put_in(key, parent, after)
    tree.acts.append(Said(key, MOVED, (), reason))


def merge(tree: Tree, keys: Sequence[str], into: str, reason: str | None) -> None:
    """Let elements be part of another one, which takes what is below them. Raises NotFound, NotThere."""
    tree.row(into)
    for key in keys:
        tree.row(key)
        if into in tree.below(key):
            raise NotThere
        for child in list(tree.children.get(key, ())):
            tree.take_out(child)
            tree.put_in(child, into, None)
            tree.acts.append(Said(child, MOVED, (), reason))
        tree.take_out(key)
        del tree.rows[key]
        tree.acts.append(Said(key, MERGED, (into,), reason))


def split(tree: Tree, key: str, parts: Sequence[Mapping[str, Any]], stays: bool, reason: str | None) -> None:
    """Let new elements come out of one, behind it; it goes with `stays` false, if nothing is below it.

    Raises NotFound, KeyTaken, NotThere, NotAPlan, PlanFaulty.
    """
    old, behind = tree.row(key), key
    for part in parts:
        name = str(part.get("key", ""))
        if name in tree.rows:
            raise KeyTaken(key=name)
        tree.rows[name] = tree.element(name, part, old.parent)
        tree.put_in(name, old.parent, behind)
        tree.acts.append(Said(name, SPLIT, (key,), reason))
        behind = name
    if not stays:
        if tree.children.get(key):
            raise NotThere
        remove(tree, key, reason)


def remove(tree: Tree, key: str, reason: str | None) -> None:
    """Take an element out with all below it. Raises NotFound."""
    tree.row(key)
    gone = tree.below(key)
    tree.take_out(key)
    for one in gone:
        del tree.rows[one]
        tree.acts.append(Said(one, REMOVED, (), reason))


def write(municipality: Municipality, tree: Tree, by_id: int | None) -> PlanVersion:
    """Make the tree the draft's. Inside `transaction()`. Raises NotFound, PlanChanged."""
    plan = plan_named(municipality, tree.plan, locked=True)
    ensure_unchanged(plan, tree.revision)
    draft = the_draft(plan)
    write_rows(plan, draft, in_order(tree.rows, tree.children))
    write_acts(plan, draft, tree.acts, by_id)
    return draft


def new_heading(
    municipality: Municipality, key: str, fields: Mapping[str, Any], seen: int | None
) -> tuple[int, dict[str, Any]]:
    """The plan's revision and the draft's heading with these fields; reads only.

    Raises NotFound, NoDraft, PlanChanged, NotAPlan, PlanFaulty.
    """
    plan = plan_named(municipality, key)
    revision, draft = plan.revision, the_draft(plan)
    ensure_seen(plan, seen)
    fixed = {"key", "uid", "elements", "progress", *REGISTERS, *RECORD}
    changed = {name: said for name, said in fields.items() if name not in fixed}
    document = from_json(document_json(plan, draft) | changed)
    ensure_sound(replace(document, progress=(), evaluations=()))
    return revision, heading_of(document)


def change_heading(municipality: Municipality, key: str, heading: Mapping[str, Any], revision: int) -> PlanVersion:
    """Let the draft say something else of the plan as a whole. Inside `transaction()`. Raises NotFound, PlanChanged."""
    plan = plan_named(municipality, key, locked=True)
    ensure_unchanged(plan, revision)
    draft = the_draft(plan)
    draft.heading = dict(heading)
    return draft
