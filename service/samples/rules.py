"""Whether the routing rules of a sample hold together, and find what they name."""

from collections.abc import Iterator, Mapping
from typing import Any

from service.reports.routing import ASSET, RELATIONS, WITHIN
from service.samples.shapes import RULE_DEPARTMENTS, RULE_SUBJECTS, listed
from service.samples.values import Things, choice_faults, keys_of, nameable_layers, number_faults


def rule_faults(sample: Things) -> Iterator[str]:
    layers, nameable = keys_of(sample["layers"]), nameable_layers(sample)
    for where, rule in listed("rules", sample["rules"]):
        yield from _subject_faults(where, sample, rule)
        yield from choice_faults(f"{where}.relation", rule["relation"], RELATIONS)
        if rule["layer"] not in layers:
            yield f"{where}: there is no layer {rule['layer']}."
        elif rule["relation"] == ASSET and rule["layer"] not in nameable:
            yield f"{where}: {rule['layer']} is neither public nor a layer of assets."
        yield from _distance_faults(where, rule)
        yield from _target_faults(where, sample, rule)


def _subject_faults(where: str, sample: Things, rule: Things) -> Iterator[str]:
    """A rule is about some categories, one group, or any report."""
    named = [key for key in RULE_SUBJECTS if key in rule]
    if len(named) != 1:
        yield f"{where}: one of {', '.join(RULE_SUBJECTS)}."
    categories = rule.get("categories", [])
    if not isinstance(categories, list) or ("categories" in rule and not categories):
        yield f"{where}.categories: a list of one or more."
        categories = []
    yield from (f"{where}: there is no category {c}." for c in categories if c not in keys_of(sample["categories"]))
    if "group" in rule and rule["group"] not in keys_of(sample["groups"]):
        yield f"{where}: there is no group {rule['group']}."
    if rule.get("any", True) is not True:
        yield f"{where}.any: true or not there."


def _distance_faults(where: str, rule: Things) -> Iterator[str]:
    if (rule["relation"] == WITHIN) != ("metres" in rule):
        yield f"{where}: metres belong to within, and within to metres."
    elif "metres" in rule:
        yield from number_faults(f"{where}.metres", rule["metres"])


def _target_faults(where: str, sample: Things, rule: Things) -> Iterator[str]:
    if len([key for key in RULE_DEPARTMENTS if key in rule]) != 1:
        yield f"{where}: one of {', '.join(RULE_DEPARTMENTS)}."
    if "department" in rule and rule["department"] not in keys_of(sample["departments"]):
        yield f"{where}: there is no department {rule['department']}."
    match = rule.get("match", {"": ""})
    if not isinstance(match, Mapping) or not match or not all(map(_is_wanted, match.values())):
        yield f"{where}.match: not attributes and the value, or list of values, that each must have."


def _is_wanted(value: Any) -> bool:
    """Whether an attribute can be compared with it: a plain value or a list of some."""
    values = value if isinstance(value, list) else [value]
    return bool(values) and all(isinstance(one, str | int | float) for one in values)
