"""Whether a routing rule that somebody has written down holds together, and names what there is."""

from collections.abc import Iterator, Mapping
from typing import Any

import shapely

from service.db.clock import now
from service.errors import Problem
from service.gis.index import Indexes, VersionIndex
from service.municipalities.directory import Municipality
from service.reports.catalogue import catalogue_of
from service.reports.routing import ASSET, FARTHEST, IN, RELATIONS, WITHIN, Rule
from service.text import N_

Values = Mapping[str, Any]
"""A rule as its table has it, without its place."""
AREAS = 2  # dimensions


class RuleFaulty(Problem):
    """The rule does not hold together, or names what there is not; `errors` says so field by field."""

    status, code, message = 422, "routing_rule_faulty", N_("This rule cannot be used as it is.")


def check_rule(municipality: Municipality, indexes: Indexes, values: Values) -> None:
    """Refuse a rule with faults. Raises RuleFaulty."""
    errors = errors_of(municipality, indexes, values)
    if errors:
        raise RuleFaulty(errors=errors)


def errors_of(municipality: Municipality, indexes: Indexes, values: Values) -> dict[str, list[str]]:
    """Field → its faults; nothing where the rule can be used over this map."""
    errors: dict[str, list[str]] = {}
    for name, fault in faults_of(municipality, indexes, values):
        errors.setdefault(name, []).append(fault)
    return errors


def faults_of(municipality: Municipality, indexes: Indexes, values: Values) -> Iterator[tuple[str, str]]:
    """(field, what is wrong with it); the layer is judged as it is in force."""
    yield from _subject_faults(municipality, values)
    yield from _relation_faults(values)
    yield from _department_faults(municipality, values)
    index = indexes.get(values["layer"])
    if index is None:
        yield "layer", "there is no layer of this key in force"
    else:
        yield from _layer_faults(values, index)
        yield from _attribute_faults(municipality, values, index)


def _subject_faults(municipality: Municipality, values: Values) -> Iterator[tuple[str, str]]:
    """A rule is about some categories, one group, or any report."""
    known = catalogue_of(municipality).by_key
    categories, group = values["categories"], values["group_key"]
    if categories is not None and group is not None:
        yield "group", "categories or a group, not both; neither is any report"
    if categories == []:
        yield "categories", "a list of one or more; leave it out for any report"
    yield from (("categories", f"there is no category {key}") for key in categories or () if key not in known)
    if group is not None and all(category.group_key != group for category in known.values()):
        yield "group", f"there is no group {group}"


def _relation_faults(values: Values) -> Iterator[tuple[str, str]]:
    if values["relation"] not in RELATIONS:
        yield "relation", f"one of {', '.join(RELATIONS)}"
    metres = values["metres"]
    if (values["relation"] == WITHIN) != (metres is not None):
        yield "metres", "metres belong to within, and within to metres"
    elif metres is not None and not 0 <= metres <= FARTHEST:
        yield "metres", f"0 to {FARTHEST:g}"


def _department_faults(municipality: Municipality, values: Values) -> Iterator[tuple[str, str]]:
    key = values["department"]
    if (key is None) == (values["department_attribute"] is None):
        yield "department", "a department or the attribute that names it, one of the two"
    elif key is not None and key not in departments_of(municipality):
        yield "department", f"there is no department {key}"


def departments_of(municipality: Municipality) -> set[str]:
    """The departments that there are today or will be."""
    today = municipality.day(now())
    return {
        key
        for key, department in municipality.departments.items()
        if department.valid_until is None or department.valid_until >= today
    }


def _layer_faults(values: Values, index: VersionIndex) -> Iterator[tuple[str, str]]:
    if values["relation"] == ASSET and not (index.public or index.kind == "asset"):
        yield "layer", f"{index.layer_key} is neither public nor a layer of assets, so no report can name what is in it"
    dimensions = shapely.get_dimensions(index.geometries)
    if values["relation"] == IN and len(dimensions) and dimensions.max() < AREAS:
        yield "layer", f"nothing lies in {index.layer_key}, which has no areas"


def _attribute_faults(municipality: Municipality, values: Values, index: VersionIndex) -> Iterator[tuple[str, str]]:
    there: set[str] = set().union(*index.attributes)
    for name in values["match"] or {}:
        if name not in there:
            yield "match", f"no feature of {index.layer_key} has an attribute {name}"
    name = values["department_attribute"]
    if name is None:
        return
    if name not in there:
        yield "department_attribute", f"no feature of {index.layer_key} has an attribute {name}"
    elif not any(attributes.get(name) in departments_of(municipality) for attributes in index.attributes):
        yield "department_attribute", f"in no feature of {index.layer_key} does {name} name a department"


def rule_at(position: int, values: Values) -> Rule:
    """The rule as the pure function knows it, in this place, where it has no identity yet. Raises RuleRefused."""
    return Rule(
        id=position,
        position=position,
        relation=values["relation"],
        layer=values["layer"],
        categories=None if values["categories"] is None else frozenset(values["categories"]),
        group=values["group_key"],
        metres=values["metres"],
        match=values["match"] or {},
        department=values["department"],
        department_attribute=values["department_attribute"],
    )
