"""Whether the categories of a sample and their questions hold together."""

from collections.abc import Iterator

from service.reports.answering import DATATYPES
from service.reports.showing import AFTER_LOOK, AT_ONCE, NEVER
from service.samples.shapes import listed
from service.samples.values import (
    PHONE,
    Things,
    choice_faults,
    keys_of,
    nameable_layers,
    number_faults,
    pattern_faults,
    repeated_faults,
    truth_faults,
)

LISTS = ("singlevaluelist", "multivaluelist")
SHOWN = (AT_ONCE, AFTER_LOOK, NEVER)
TRUTHS = ("private", "allows_anonymous", "asset_required")


def category_faults(sample: Things) -> Iterator[str]:
    groups = keys_of(sample["groups"])
    nameable = nameable_layers(sample)
    for where, category in listed("categories", sample["categories"]):
        if category["group"] not in groups:
            yield f"{where}: there is no group {category['group']}."
        if category.get("asset_layer") not in (None, *nameable):
            yield f"{where}: {category['asset_layer']} is neither public nor a layer of assets."
        for key in ("show_text", "show_photo", "show_place"):
            yield from choice_faults(f"{where}.{key}", category.get(key, "never"), SHOWN)
        yield from truth_faults(where, {"private": False, "asset_required": False} | dict(category), TRUTHS)
        yield from number_faults(f"{where}.target_hours", category["target_hours"])
        yield from _danger_faults(where, category)
        yield from _question_faults(where, category.get("questions", []))


def _danger_faults(where: str, category: Things) -> Iterator[str]:
    phone, text = category.get("danger_phone"), category.get("danger_text")
    if (phone is None) != (text is None):
        yield f"{where}: a danger has a number to call and a text."
    elif phone is not None:
        yield from pattern_faults(f"{where}.danger_phone", phone, PHONE)


def _question_faults(where: str, questions: list[Things]) -> Iterator[str]:
    yield from repeated_faults(f"{where}.questions", [question["code"] for question in questions])
    for place, question in listed(f"{where}.questions", questions):
        yield from choice_faults(f"{place}.datatype", question["datatype"], DATATYPES)
        yield from truth_faults(place, question, ("required",))
        values = question.get("values", [])
        if bool(values) != (question["datatype"] in LISTS):
            yield f"{place}: a list has values to choose from, and nothing else has."
        yield from repeated_faults(f"{place}.values", [value["key"] for value in values])
