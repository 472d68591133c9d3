"""Staff change the routing table: one rule at a time, nothing over what they have not seen, every change kept.

A rule is named by its position, which is safe because each change names the version of the table that was seen. The
map is handed in, so that nothing is built of it while the table is locked.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm.attributes import set_committed_value

from service.db import session
from service.db.clock import now
from service.db.generations import grow
from service.db.newest import newest
from service.db.types import AnyRow
from service.errors import NotFound, Problem
from service.gis.index import Indexes
from service.municipalities import models as municipalities
from service.municipalities.directory import Municipality
from service.people.models import Account
from service.reports import routers
from service.reports.judging import Values, check_rule
from service.reports.models import RoutingRule, RoutingRuleChange
from service.text import N_

MOST_RULES = 500
COLUMNS = ("categories", "group_key", "relation", "metres", "layer", "match", "department", "department_attribute")

rules: Any = RoutingRule.__table__


class RulesChanged(Problem):
    """Somebody else changed the routing table after the caller had read it; `version` is the present one."""

    status, code = 409, "routing_rules_changed"
    message = N_("Somebody else has just changed the rules. Please look again.")


class TooManyRules(Problem):
    """The routing table holds so many rules at the `most`."""

    status, code, message = 422, "too_many_routing_rules", N_("There are too many rules.")


def rules_of(municipality: Municipality) -> Sequence[RoutingRule]:
    """The whole table in its order, disabled rules too."""
    ordered = select(RoutingRule).where(RoutingRule.municipality_id == municipality.id).order_by(RoutingRule.position)
    return session.scalars(ordered).all()


def version_of(municipality: Municipality) -> int:
    """The version of the table: how many changes it has seen since changes are kept."""
    highest = select(func.max(RoutingRuleChange.number)).where(RoutingRuleChange.municipality_id == municipality.id)
    return session.scalar(highest) or 0


def changes_of(municipality: Municipality, before: int | None, limit: int) -> Sequence[AnyRow]:
    """What was changed, newest first, with the name of who did it; only changes older than number `before`."""
    change = RoutingRuleChange
    query = (
        select(change.number, change.kind, change.before, change.after, change.at, Account.name.label("by_name"))
        .outerjoin(Account, Account.id == change.by_id)
        .where(change.municipality_id == municipality.id)
    )
    return newest(query, change.number, before, limit)


def described(row: RoutingRule) -> dict[str, Any]:
    """The rule as staff see it and as changes keep it."""
    said = {name: getattr(row, name) for name in COLUMNS}
    return {"position": row.position, "active": row.active, "group": said.pop("group_key")} | said


def add_rule(
    municipality: Municipality, indexes: Indexes, values: Values, position: int | None, version: int, by_id: int
) -> None:
    """Put a rule at this position, or behind all others; those behind it move on.

    Raises RulesChanged, RuleFaulty, TooManyRules.
    """
    rows = table_as_seen(municipality, version)
    if len(rows) >= MOST_RULES:
        raise TooManyRules(most=MOST_RULES)
    check_rule(municipality, indexes, values)
    row = RoutingRule(municipality_id=municipality.id, position=last_of(rows) + 1, active=True, **values)
    session.add(row)
    session.flush()
    place = len(rows) if position is None else min(position - 1, len(rows))
    arrange([*rows[:place], row, *rows[place:]])
    keep_change(municipality, "added", row.id, None, described(row), by_id)


def replace_rule(
    municipality: Municipality, indexes: Indexes, position: int, values: Values, version: int, by_id: int
) -> None:
    """Give the rule these values; it stays where it is. Raises NotFound, RulesChanged, RuleFaulty."""
    row = rule_in(table_as_seen(municipality, version), position)
    check_rule(municipality, indexes, values)
    before = described(row)
    for name in COLUMNS:
        setattr(row, name, values[name])
    session.flush()
    keep_change(municipality, "replaced", row.id, before, described(row), by_id)


def move_rule(municipality: Municipality, position: int, to: int, version: int, by_id: int) -> None:
    """Bring the rule to another position, at most the last; the rules between shift by one.

    Raises NotFound, RulesChanged.
    """
    rows = table_as_seen(municipality, version)
    row = rule_in(rows, position)
    before, others = described(row), [other for other in rows if other is not row]
    arrange([*others[: to - 1], row, *others[to - 1 :]])
    keep_change(municipality, "moved", row.id, before, described(row), by_id)


def switch_rule(
    municipality: Municipality, indexes: Indexes, position: int, active: bool, version: int, by_id: int
) -> None:
    """Enable or disable the rule; an enabled one must name what there is. Raises NotFound, RulesChanged, RuleFaulty."""
    row = rule_in(table_as_seen(municipality, version), position)
    if active:
        check_rule(municipality, indexes, {name: getattr(row, name) for name in COLUMNS})
    before, row.active = described(row), active
    session.flush()
    keep_change(municipality, "enabled" if active else "disabled", row.id, before, described(row), by_id)


def delete_rule(municipality: Municipality, position: int, version: int, by_id: int) -> None:
    """Delete the rule; those behind it move up. Raises NotFound, RulesChanged."""
    rows = table_as_seen(municipality, version)
    row = rule_in(rows, position)
    before = described(row)
    session.delete(row)
    session.flush()
    arrange([other for other in rows if other is not row])
    keep_change(municipality, "deleted", row.id, before, None, by_id)


def table_as_seen(municipality: Municipality, version: int) -> list[RoutingRule]:
    """The rules in their order, locked as a whole until the transaction ends. Raises RulesChanged."""
    lock_table(municipality)
    present = version_of(municipality)
    if present != version:
        raise RulesChanged(version=present)
    return list(rules_of(municipality))


def lock_table(municipality: Municipality) -> None:
    """Nobody else changes the rules of this municipality meanwhile; what only names the municipality goes on."""
    here = municipalities.Municipality
    session.execute(select(here.id).where(here.id == municipality.id).with_for_update(key_share=True))


def rule_in(rows: Sequence[RoutingRule], position: int) -> RoutingRule:
    """The rule at this position. Raises NotFound."""
    found = next((row for row in rows if row.position == position), None)
    if found is None:
        raise NotFound
    return found


def last_of(rows: Sequence[RoutingRule]) -> int:
    return rows[-1].position if rows else 0


def arrange(rows: Sequence[RoutingRule]) -> None:
    """Number the rules from 1 in this order. They step aside below zero first, since no two may share a position."""
    misplaced = [{"key": row.id, "place": place} for place, row in enumerate(rows, 1) if row.position != place]
    if not misplaced:
        return
    keys = [one["key"] for one in misplaced]
    session.execute(update(rules).where(rules.c.id.in_(keys)).values(position=-rules.c.position))
    session.execute(update(rules).where(rules.c.id == bindparam("key")).values(position=bindparam("place")), misplaced)
    for place, row in enumerate(rows, 1):
        set_committed_value(row, "position", place)


def keep_change(
    municipality: Municipality,
    kind: str,
    rule_id: int | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    by_id: int | None = None,
) -> None:
    """Write down what has just been changed; all processes read the rules anew. With the table locked."""
    session.add(
        RoutingRuleChange(
            municipality_id=municipality.id,
            number=version_of(municipality) + 1,
            rule_id=rule_id,
            kind=kind,
            before=before,
            after=after,
            at=now(),
            by_id=by_id,
        )
    )
    session.flush()
    grow(routers.SUBJECT)
