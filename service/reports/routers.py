"""The router of each municipality as this process knows it: made anew when layers, rules or departments change."""

from collections.abc import Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select

from service.db import session
from service.db.clock import now
from service.db.generations import Remembered
from service.errors import Problem
from service.gis.index import SUBJECT as LAYERS
from service.gis.index import Indexes, indexes_of
from service.municipalities import directory
from service.municipalities.directory import Department, Municipality, municipalities
from service.reports import catalogue
from service.reports.models import RoutingRule
from service.reports.routing import Router, Rule
from service.text import N_

log = structlog.get_logger()

SUBJECT = "routing_rules"


class NoFallbackDesk(Problem):
    """No department gets what no rule decides: somebody must say which, and until then no report can be taken."""

    status, code, message = 503, "no_fallback_desk", N_("Reports cannot be taken here yet. Please try again later.")


def build() -> Mapping[int, Router]:
    """The routers by municipality id, where there is a fallback desk: one statement beside the layers that are new."""
    rules: dict[int, list[Rule]] = {}
    for row in session.scalars(select(RoutingRule).where(RoutingRule.active).order_by(RoutingRule.position)):
        rules.setdefault(row.municipality_id, []).append(rule_of(row))
    return {
        m.id: router_with(m, m.fallback, rules.get(m.id, []), indexes_of(m))
        for m in municipalities().values()
        if m.fallback
    }


def rule_of(row: RoutingRule) -> Rule:
    """The row as the pure function knows it. Raises RuleRefused."""
    return Rule(
        id=row.id,
        position=row.position,
        relation=row.relation,
        layer=row.layer,
        categories=None if row.categories is None else frozenset(row.categories),
        group=row.group_key,
        metres=row.metres,
        match=row.match or {},
        department=row.department,
        department_attribute=row.department_attribute,
    )


def router_with(municipality: Municipality, fallback: Department, rules: Sequence[Rule], indexes: Indexes) -> Router:
    """A router over this map of the municipality, to the departments that there are today."""
    today = municipality.day(now())
    departments = [key for key, department in municipality.departments.items() if department.is_valid_on(today)]
    return Router(rules, indexes, fallback.key, departments)


def days() -> tuple[date, ...]:
    """Which day it is in each time zone that we serve: departments come and go at local midnight."""
    moment = now()
    zones = sorted({m.time_zone for m in municipalities().values()})
    return tuple(moment.astimezone(ZoneInfo(zone)).date() for zone in zones)


_routers = Remembered(build, LAYERS, SUBJECT, directory.SUBJECT, catalogue.SUBJECT, also=days)


def router_of(municipality: Municipality) -> Router:
    """The router of this municipality. Raises NoFallbackDesk."""
    router = _routers.get().get(municipality.id)
    if router is None:
        log.error("no_fallback_desk", municipality=municipality.slug)
        raise NoFallbackDesk
    return router
