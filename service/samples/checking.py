"""Whether a sample municipality holds together before it is loaded: its keys, its languages, what refers to what."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from service.municipalities.working_time import Calendar, CalendarRefused

Things = Mapping[str, Any]

DATATYPES = ("string", "number", "datetime", "text", "singlevaluelist", "multivaluelist")
"""The attribute datatypes of GeoReport v2."""
LISTS = ("singlevaluelist", "multivaluelist")
SHOWN = ("at_once", "after_look", "never")
DIGESTS = ("each", "hourly", "none")
LAYER_KINDS = ("boundary", "district", "asset", "area", "line")
RELATIONS = ("in", "within", "asset")
ROLES = ("department_staff", "dispatcher", "administrator")
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

TRUTHS = ("private", "allows_anonymous", "asset_required")

EXAMPLE_ADDRESS = re.compile(r"[a-z0-9.-]+@([a-z0-9-]+\.)+example")
ANY_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+?\d{3,15}")
_SLUG = re.compile(r"(?=.{1,64}\Z)[a-z0-9]+(-[a-z0-9]+)*")
_KEY = re.compile(r"(?=.{1,64}\Z)[a-z0-9]+([-_][a-z0-9]+)*")
_PREFIX = re.compile(r"[A-Z]{2,5}")
_VERSION = re.compile(r"\d+\.\d+\.\d+")


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
SETTINGS = Shape(("photos_per_report", "auto_close_days", "oldest_app", "privacy_version", "phones", "centre"))
VALUE = Shape(("key", "name"))
QUESTION = Shape(("code", "datatype", "required", "question"), ("hint", "values"))
PARTS = {
    "local_holidays": Shape(("month", "day", "name"), ("year",)),
    "departments": Shape(("key", "name", "email", "phone", "outside_body", "digest"), ("working_hours",)),
    "layers": Shape(
        ("key", "name", "kind", "file", "key_attribute", "public", "attribution", "licence", "approximate")
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


def check(sample: Things, addresses: re.Pattern[str] = EXAMPLE_ADDRESS) -> list[str]:
    """What is wrong with a municipality as read from its YAML, each fault in a sentence that says where.

    `addresses` is what e-mail addresses must look like; those of a sample reach nobody. Files of layers are not
    opened. A municipality of the wrong shape is not looked into further.
    """
    return [*_shape_faults(sample), *_null_faults("sample", sample)] or list(
        chain(
            _municipality_faults(sample),
            _settings_faults(sample),
            _text_faults(sample),
            _repeated_keys(sample, addresses),
            _department_faults(sample, addresses),
            _layer_faults(sample),
            _category_faults(sample),
            _rule_faults(sample),
            _staff_faults(sample),
        )
    )


# Shapes


def _shape_faults(sample: Things) -> Iterator[str]:
    yield from _key_faults("sample", sample, SAMPLE)
    if not isinstance(sample, Mapping) or not set(SAMPLE.required) <= set(sample):
        return
    if not (isinstance(sample["languages"], list) and sample["languages"] and all(map(_said, sample["languages"]))):
        yield "languages: a list of one or more."
    yield from _key_faults("settings", sample["settings"], SETTINGS)
    if isinstance(sample["settings"], Mapping):
        yield from _list_faults("settings.phones", sample["settings"].get("phones", []), Shape(("name", "number")))
    for part, shape in PARTS.items():
        yield from _list_faults(part, sample[part], shape)
    for where, category in _listed("categories", sample["categories"]):
        yield from _question_shape_faults(where, category)
    for where, member in _listed("staff", sample["staff"]):
        yield from _list_faults(f"{where}.roles", member.get("roles", []), Shape(("role",), ("department",)))


def _question_shape_faults(where: str, category: Things) -> Iterator[str]:
    questions = category.get("questions", [])
    yield from _list_faults(f"{where}.questions", questions, QUESTION)
    for place, question in _listed(f"{where}.questions", questions):
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
    yield from (f"{where}.{key}: not a text." for key in sorted(WORDS & set(thing)) if not _said(thing[key]))


def _listed(where: str, things: Any) -> Iterator[tuple[str, Things]]:
    """The mappings of a list with the place of each, for people."""
    if isinstance(things, list):
        for number, thing in enumerate(things):
            if isinstance(thing, Mapping):
                yield _place(where, number, thing), thing


def _place(where: str, number: int, thing: Any) -> str:
    """`categories[3] pothole`: the number counts from one."""
    names = [thing[key] for key in ("key", "code", "email") if key in thing] if isinstance(thing, Mapping) else []
    return " ".join([f"{where}[{number + 1}]", *map(str, names[:1])])


# The municipality


def _municipality_faults(sample: Things) -> Iterator[str]:
    yield from _pattern_faults("slug", sample["slug"], _SLUG)
    yield from _pattern_faults("prefix", sample["prefix"], _PREFIX)
    if sample["fallback"] not in _keys(sample["departments"]):
        yield f"fallback: there is no department {sample['fallback']}."
    yield from _hours_faults("working_hours", sample, sample["working_hours"])


def _hours_faults(where: str, sample: Things, working_hours: Any) -> Iterator[str]:
    if not isinstance(working_hours, Mapping):
        yield f"{where}: not hours by day."
        return
    days = [(day["month"], day["day"], day.get("year")) for day in sample["local_holidays"]]
    try:
        Calendar(sample["time_zone"], working_hours, sample["country"], days)
    except (CalendarRefused, TypeError) as fault:
        yield f"{where}: {fault}"


def _settings_faults(sample: Things) -> Iterator[str]:
    settings = sample["settings"]
    for key in ("photos_per_report", "auto_close_days"):
        yield from _number_faults(f"settings.{key}", settings[key])
    yield from _pattern_faults("settings.oldest_app", settings["oldest_app"], _VERSION)
    if not isinstance(settings["privacy_version"], str):
        yield "settings.privacy_version: not a text."
    for where, phone in _listed("settings.phones", settings["phones"]):
        yield from _pattern_faults(where, phone["number"], _PHONE)
    centre = settings["centre"]
    if not (isinstance(centre, list) and len(centre) == 2 and all(isinstance(x, float) for x in centre)):
        yield "settings.centre: not a longitude and a latitude."


# Texts in every language


def _text_faults(sample: Things) -> Iterator[str]:
    languages = {*sample["languages"], "en"}
    for where, text in chain([("name", sample["name"])], _texts(sample)):
        if not isinstance(text, Mapping):
            yield f"{where}: not a text by language."
            continue
        yield from (f"{where}: no text in {language}." for language in sorted(languages - set(text)))
        yield from (f"{where}: {language} is not spoken here." for language in sorted(set(text) - languages))
        yield from (f"{where}: the text in {key} is empty." for key, said in text.items() if not _said(said))


def _null_faults(where: str, thing: Any) -> Iterator[str]:
    """No database keeps a null character in JSON, and PostgreSQL keeps none in a text."""
    if isinstance(thing, str) and "\0" in thing:
        yield f"{where}: holds a null character."
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from _null_faults(f"{where}.{key}", [key, value])
    elif isinstance(thing, list):
        for value in thing:
            yield from _null_faults(where, value)


def _said(text: Any) -> bool:
    return isinstance(text, str) and bool(text.strip())


def _texts(sample: Things) -> Iterator[tuple[str, Any]]:
    for part in ("local_holidays", "departments", "layers", "groups", "categories"):
        for where, thing in _listed(part, sample[part]):
            yield from (
                (f"{where}.{key}", thing[key]) for key in ("name", "description", "danger_text") if key in thing
            )
            yield from _question_texts(where, thing.get("questions", []))
    for where, phone in _listed("settings.phones", sample["settings"]["phones"]):
        yield f"{where}.name", phone["name"]


def _question_texts(where: str, questions: Any) -> Iterator[tuple[str, Any]]:
    for place, question in _listed(f"{where}.questions", questions):
        yield from ((f"{place}.{key}", question[key]) for key in ("question", "hint") if key in question)
        for at, value in _listed(f"{place}.values", question.get("values", [])):
            yield f"{at}.name", value["name"]


# What a thing is called, and what it refers to


def _keys(things: Iterable[Things]) -> list[Any]:
    return [thing["key"] for thing in things]


def _repeated_keys(sample: Things, addresses: re.Pattern[str]) -> Iterator[str]:
    for part in ("departments", "layers", "groups", "categories"):
        yield from _repeated(part, [thing["key"] for thing in sample[part]])
    yield from _repeated("staff", [member["email"] for member in sample["staff"]], addresses)


def _repeated(where: str, keys: list[Any], pattern: re.Pattern[str] = _KEY) -> Iterator[str]:
    for key in keys:
        yield from _pattern_faults(where, key, pattern)
    yield from (f"{where}: {key} is there twice." for key, times in Counter(map(str, keys)).items() if times > 1)


def _department_faults(sample: Things, addresses: re.Pattern[str]) -> Iterator[str]:
    for where, department in _listed("departments", sample["departments"]):
        yield from _pattern_faults(f"{where}.email", department["email"], addresses)
        yield from _pattern_faults(f"{where}.phone", department["phone"], _PHONE)
        yield from _choice_faults(f"{where}.digest", department["digest"], DIGESTS)
        yield from _truth_faults(where, department, ("outside_body",))
        if "working_hours" in department:
            yield from _hours_faults(f"{where}.working_hours", sample, department["working_hours"])


def _layer_faults(sample: Things) -> Iterator[str]:
    for where, layer in _listed("layers", sample["layers"]):
        yield from _choice_faults(f"{where}.kind", layer["kind"], LAYER_KINDS)
        yield from _truth_faults(where, layer, ("public", "approximate"))
        if not str(layer["file"]).startswith(f"layers/{sample['slug']}-"):
            yield f"{where}.file: not under layers/{sample['slug']}-."
    boundaries = [layer for layer in sample["layers"] if layer["kind"] == "boundary"]
    if len(boundaries) != 1:
        yield f"layers: one boundary, not {len(boundaries)}."


def _category_faults(sample: Things) -> Iterator[str]:
    groups = _keys(sample["groups"])
    assets = {layer["key"] for layer in sample["layers"] if layer["kind"] == "asset"}
    for where, category in _listed("categories", sample["categories"]):
        if category["group"] not in groups:
            yield f"{where}: there is no group {category['group']}."
        if category.get("asset_layer") not in (None, *assets):
            yield f"{where}: {category['asset_layer']} is not a layer of assets."
        for key in ("show_text", "show_photo", "show_place"):
            yield from _choice_faults(f"{where}.{key}", category.get(key, "never"), SHOWN)
        yield from _truth_faults(where, {"private": False, "asset_required": False} | dict(category), TRUTHS)
        yield from _number_faults(f"{where}.target_hours", category["target_hours"])
        yield from _danger_faults(where, category)
        yield from _question_faults(where, category.get("questions", []))


def _danger_faults(where: str, category: Things) -> Iterator[str]:
    phone, text = category.get("danger_phone"), category.get("danger_text")
    if (phone is None) != (text is None):
        yield f"{where}: a danger has a number to call and a text."
    elif phone is not None:
        yield from _pattern_faults(f"{where}.danger_phone", phone, _PHONE)


def _question_faults(where: str, questions: list[Things]) -> Iterator[str]:
    yield from _repeated(f"{where}.questions", [question["code"] for question in questions])
    for place, question in _listed(f"{where}.questions", questions):
        yield from _choice_faults(f"{place}.datatype", question["datatype"], DATATYPES)
        yield from _truth_faults(place, question, ("required",))
        values = question.get("values", [])
        if bool(values) != (question["datatype"] in LISTS):
            yield f"{place}: a list has values to choose from, and nothing else has."
        yield from _repeated(f"{place}.values", [value["key"] for value in values])


def _rule_faults(sample: Things) -> Iterator[str]:
    kinds = {layer["key"]: layer["kind"] for layer in sample["layers"]}
    for where, rule in _listed("rules", sample["rules"]):
        yield from _subject_faults(where, sample, rule)
        yield from _choice_faults(f"{where}.relation", rule["relation"], RELATIONS)
        if rule["layer"] not in kinds:
            yield f"{where}: there is no layer {rule['layer']}."
        elif (rule["relation"] == "asset") and kinds[rule["layer"]] != "asset":
            yield f"{where}: {rule['layer']} is not a layer of assets."
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
    yield from (f"{where}: there is no category {c}." for c in categories if c not in _keys(sample["categories"]))
    if "group" in rule and rule["group"] not in _keys(sample["groups"]):
        yield f"{where}: there is no group {rule['group']}."
    if rule.get("any", True) is not True:
        yield f"{where}.any: true or not there."


def _distance_faults(where: str, rule: Things) -> Iterator[str]:
    if (rule["relation"] == "within") != ("metres" in rule):
        yield f"{where}: metres belong to within, and within to metres."
    elif "metres" in rule:
        yield from _number_faults(f"{where}.metres", rule["metres"])


def _target_faults(where: str, sample: Things, rule: Things) -> Iterator[str]:
    if len([key for key in RULE_DEPARTMENTS if key in rule]) != 1:
        yield f"{where}: one of {', '.join(RULE_DEPARTMENTS)}."
    if "department" in rule and rule["department"] not in _keys(sample["departments"]):
        yield f"{where}: there is no department {rule['department']}."
    match = rule.get("match", {"": ""})
    if not isinstance(match, Mapping) or not match or not all(map(_is_wanted, match.values())):
        yield f"{where}.match: not attributes and the value, or list of values, that each must have."


def _is_wanted(value: Any) -> bool:
    """Whether an attribute can be compared with it: a plain value or a list of some."""
    values = value if isinstance(value, list) else [value]
    return bool(values) and all(isinstance(one, str | int | float) for one in values)


def _staff_faults(sample: Things) -> Iterator[str]:
    departments = _keys(sample["departments"])
    for where, member in _listed("staff", sample["staff"]):
        if not _said(member["name"]):
            yield f"{where}.name: not a text."
        if not member["roles"]:
            yield f"{where}: at least one role."
        for role in member["roles"]:
            yield from _choice_faults(f"{where}.roles", role["role"], ROLES)
            if (role["role"] == "department_staff") != ("department" in role):
                yield f"{where}: staff of a department, and only they, name it."
            if role.get("department") not in (None, *departments):
                yield f"{where}: there is no department {role['department']}."


# Plain values


def _pattern_faults(where: str, value: Any, pattern: re.Pattern[str]) -> Iterator[str]:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        yield f"{where}: {value!r} is not written as it should be."


def _choice_faults(where: str, value: Any, choices: tuple[str, ...]) -> Iterator[str]:
    if value not in choices:
        yield f"{where}: {value!r} is none of {', '.join(choices)}."


def _truth_faults(where: str, thing: Things, keys: tuple[str, ...]) -> Iterator[str]:
    yield from (f"{where}.{key}: neither true nor false." for key in keys if not isinstance(thing[key], bool))


def _number_faults(where: str, value: Any) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        yield f"{where}: {value!r} is not a number above zero."
