"""What would be if: the map with other versions of some layers, and rules that are only being thought of."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from service.gis.finding import layer_here, version_shown
from service.gis.index import Indexes, VersionIndex, index_of_version, indexes_of
from service.municipalities.directory import Municipality
from service.reports.judging import RuleFaulty, Values, errors_of, rule_at
from service.reports.ordering import rules_of
from service.reports.routers import NoFallbackDesk, router_of, router_with, rule_of
from service.reports.routing import Router, Rule


class Supposed(NamedTuple):
    """Layer key → the number of the version to take instead of that in force, and the rules to take instead; None is
    those in force."""

    versions: Mapping[str, int]
    rules: Sequence[Values] | None = None


def router_supposed(municipality: Municipality, supposed: Supposed) -> Router:
    """The router that there would be. Raises NotFound, RuleFaulty, NoFallbackDesk."""
    if not supposed.versions and supposed.rules is None:
        return router_of(municipality)
    if municipality.fallback is None:
        raise NoFallbackDesk
    drawn = {key: version_of_layer(municipality, key, number) for key, number in supposed.versions.items()}
    indexes = {**indexes_of(municipality), **drawn}
    return router_with(municipality, municipality.fallback, rules_supposed(municipality, supposed, indexes), indexes)


def version_of_layer(municipality: Municipality, key: str, number: int) -> VersionIndex:
    """The index of a version of a layer of this municipality, in force or not. Raises NotFound."""
    layer = layer_here(municipality, key)
    return index_of_version(layer, version_shown(layer, number).LayerVersion)


def rules_supposed(municipality: Municipality, supposed: Supposed, indexes: Indexes) -> list[Rule]:
    """The rules in their order, judged over the map that is supposed. Raises RuleFaulty."""
    if supposed.rules is None:
        return [rule_of(row) for row in rules_of(municipality) if row.active]
    judged = {str(n): errors_of(municipality, indexes, values) for n, values in enumerate(supposed.rules, 1)}
    if errors := {number: faults for number, faults in judged.items() if faults}:
        raise RuleFaulty(errors=errors)
    return [rule_at(position, values) for position, values in enumerate(supposed.rules, 1)]
