"""Which keys the things of a sample must have, and which they may have."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from service.samples.values import Things, is_said

RULE_SUBJECTS = ("categories", "group", "any")
RULE_DEPARTMENTS = ("department", "department_attribute")
WORDS = frozenset(
    (
        "slug", "prefix", "country", "time_zone", "fallback", "key", "code", "email", "phone", "number", "digest",
        "kind", "file", "key_attribute", "attribution", "licence", "group", "datatype", "relation", "layer",
        "department", "department_attribute", "role",
    )
)  # fmt: skip
"""The keys whose value is one word or one line, in whatever they occur: names of things, and references to them."""


class Shape(NamedTuple):
    """The keys that a thing must have and those that it may have."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


SAMPLE = Shape(
    (
        "slug", "prefix", "name", "country", "languages", "time_zone", "working_hours", "local_holidays", "settings",
        "departments", "fallback", "layers", "groups", "categories", "rules", "staff",
    )
)  # fmt: skip
SETTINGS = Shape(
    ("photos_per_report", "auto_close_days", "oldest_app", "privacy_version", "phones", "centre"),
    ("second_step", "notices_need_second_person"),
)
VALUE = Shape(("key", "name"))
QUESTION = Shape(("code", "datatype", "required", "question"), ("hint", "values"))
PARTS = {
    "local_holidays": Shape(("month", "day", "name"), ("year",)),
    "departments": Shape(("key", "name", "email", "phone", "outside_body", "digest"), ("working_hours",)),
    "layers": Shape(
        ("key", "name", "kind", "file", "key_attribute", "public", "attribution", "licence", "approximate"),
        ("style",),
    ),
    "groups": VALUE,
    "categories": Shape(
        ("key", "group", "name", "description", "allows_anonymous", "target_hours"),
        (
            "show_text", "show_photo", "show_place", "private", "asset_layer", "asset_required", "danger_phone",
            "danger_text", "questions",
        ),
    ),
    "rules": Shape(("relation", "layer"), ("metres", "match", *RULE_SUBJECTS, *RULE_DEPARTMENTS)),
    "staff": Shape(("email", "name", "roles")),
}  # fmt: skip


def shape_faults(sample: Things) -> Iterator[str]:
    yield from _key_faults("sample", sample, SAMPLE)
    if not isinstance(sample, Mapping) or not set(SAMPLE.required) <= set(sample):
        return
    if not (isinstance(sample["languages"], list) and sample["languages"] and all(map(is_said, sample["languages"]))):
        yield "languages: a list of one or more."
    yield from _key_faults("settings", sample["settings"], SETTINGS)
    if isinstance(sample["settings"], Mapping):
        yield from _list_faults("settings.phones", sample["settings"].get("phones", []), Shape(("name", "number")))
    for part, shape in PARTS.items():
        yield from _list_faults(part, sample[part], shape)
    for where, category in listed("categories", sample["categories"]):
        yield from _question_shape_faults(where, category)
    for where, member in listed("staff", sample["staff"]):
        yield from _list_faults(f"{where}.roles", member.get("roles", []), Shape(("role",), ("department",)))


def _question_shape_faults(where: str, category: Things) -> Iterator[str]:
    questions = category.get("questions", [])
    yield from _list_faults(f"{where}.questions", questions, QUESTION)
    for place, question in listed(f"{where}.questions", questions):
        yield from _list_faults(f"{place}.values", question.get("values", []), VALUE)


def _list_faults(where: str, things: Any, shape: Shape) -> Iterator[str]:
    if not isinstance(things, list):
        yield f"{where}: not a list."
        return
    for number, thing in enumerate(things):
        yield from _key_faults(_place(where, number, thing), thing, shape)


def _key_faults(where: str, thing: Any, shape: Shape) -> Iterator[str]:
    if not isinstance(thing, Mapping):
        yield f"{where}: not a mapping."
        return
    yield from (f"{where}: {key} is missing." for key in shape.required if key not in thing)
    yield from (f"{where}: nobody knows the key {key}." for key in thing if key not in chain(*shape))
    yield from (f"{where}.{key}: not a text." for key in sorted(WORDS & set(thing)) if not is_said(thing[key]))


def listed(where: str, things: Any) -> Iterator[tuple[str, Things]]:
    """The mappings of a list with the place of each, for people."""
    if isinstance(things, list):
        for number, thing in enumerate(things):
            if isinstance(thing, Mapping):
                yield _place(where, number, thing), thing


def _place(where: str, number: int, thing: Any) -> str:
    """`categories[3] pothole`: the number counts from one."""
    names = [thing[key] for key in ("key", "code", "email") if key in thing] if isinstance(thing, Mapping) else []
    return " ".join([f"{where}[{number + 1}]", *map(str, names[:1])])
