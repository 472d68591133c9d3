"""The categories and routing rules of a municipality are set."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select, update

from service.db import session
from service.db.generations import grow
from service.municipalities.directory import Municipality
from service.reports import catalogue, routers
from service.reports.models import Category, RoutingRule
from service.reports.ordering import keep_change, lock_table


def set_categories(municipality: Municipality, categories: Sequence[Mapping[str, Any]]) -> None:
    """Make these the categories in use, in this order; what is no longer among them stays for its old reports."""
    known = {row.key: row for row in session.scalars(select(Category).filter_by(municipality_id=municipality.id))}
    session.execute(update(Category).where(Category.municipality_id == municipality.id).values(active=False))
    for position, values in enumerate(categories):
        row = known.get(values["key"]) or Category(municipality_id=municipality.id)
        for name, value in values.items():
            setattr(row, name, value)
        row.position, row.active = position, True
        session.add(row)
    session.flush()
    grow(catalogue.SUBJECT)


def set_rules(municipality: Municipality, rules: Sequence[Mapping[str, Any]]) -> None:
    """Make these the routing table, read in this order. Raises RuleRefused."""
    lock_table(municipality)
    session.execute(delete(RoutingRule).where(RoutingRule.municipality_id == municipality.id))
    for position, values in enumerate(rules, start=1):
        row = RoutingRule(municipality_id=municipality.id, position=position, active=True, **values)
        session.add(row)
        session.flush()
        routers.rule_of(row)
    keep_change(municipality, "set")
