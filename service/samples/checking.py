"""Whether a sample municipality holds together before it is loaded: its keys, its languages, what refers to what."""

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from service.gis.models import KINDS
from service.municipalities.working_time import Calendar, CalendarRefused
from service.people.roles import ROLES
from service.people.staff.authenticators import ASKED_OF
from service.samples.categories import category_faults
from service.samples.languages import text_faults
from service.samples.rules import rule_faults
from service.samples.shapes import listed, shape_faults
from service.samples.values import (
    PHONE,
    Things,
    choice_faults,
    is_said,
    keys_of,
    null_faults,
    number_faults,
    pattern_faults,
    repeated_faults,
    truth_faults,
)

DIGESTS = ("each", "hourly", "none")

EXAMPLE_ADDRESS = re.compile(r"[a-z0-9.-]+@([a-z0-9-]+\.)+example")
ANY_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_SLUG = re.compile(r"(?=.{1,64}\Z)[a-z0-9]+(-[a-z0-9]+)*")
_PREFIX = re.compile(r"[A-Z]{2,5}")
_VERSION = re.compile(r"\d+\.\d+\.\d+")


def check(sample: Things, addresses: re.Pattern[str] = EXAMPLE_ADDRESS) -> list[str]:
    """What is wrong with a municipality as read from its YAML, each fault in a sentence that says where.

    `addresses` is what e-mail addresses must look like; those of a sample reach nobody. Files of layers are not
    opened. A municipality of the wrong shape is not looked into further.
    """
    return [*shape_faults(sample), *null_faults("sample", sample)] or list(
        chain(
            _municipality_faults(sample),
            _settings_faults(sample),
            text_faults(sample),
            _repeated_keys(sample, addresses),
            _department_faults(sample, addresses),
            _layer_faults(sample),
            category_faults(sample),
            rule_faults(sample),
            _staff_faults(sample),
        )
    )


def _municipality_faults(sample: Things) -> Iterator[str]:
    yield from pattern_faults("slug", sample["slug"], _SLUG)
    yield from pattern_faults("prefix", sample["prefix"], _PREFIX)
    if sample["fallback"] not in keys_of(sample["departments"]):
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
        yield from number_faults(f"settings.{key}", settings[key])
    yield from pattern_faults("settings.oldest_app", settings["oldest_app"], _VERSION)
    if not isinstance(settings["privacy_version"], str):
        yield "settings.privacy_version: not a text."
    yield from choice_faults("settings.second_step", settings.get("second_step"), (None, *ASKED_OF))
    if not isinstance(settings.get("notices_need_second_person", False), bool):
        yield "settings.notices_need_second_person: neither true nor false."
    for where, phone in listed("settings.phones", settings["phones"]):
        yield from pattern_faults(where, phone["number"], PHONE)
    centre = settings["centre"]
    if not (isinstance(centre, list) and len(centre) == 2 and all(isinstance(x, float) for x in centre)):
        yield "settings.centre: not a longitude and a latitude."


def _repeated_keys(sample: Things, addresses: re.Pattern[str]) -> Iterator[str]:
    for part in ("departments", "layers", "groups", "categories"):
        yield from repeated_faults(part, [thing["key"] for thing in sample[part]])
    yield from repeated_faults("staff", [member["email"] for member in sample["staff"]], addresses)


def _department_faults(sample: Things, addresses: re.Pattern[str]) -> Iterator[str]:
    for where, department in listed("departments", sample["departments"]):
        yield from pattern_faults(f"{where}.email", department["email"], addresses)
        yield from pattern_faults(f"{where}.phone", department["phone"], PHONE)
        yield from choice_faults(f"{where}.digest", department["digest"], DIGESTS)
        yield from truth_faults(where, department, ("outside_body",))
        if "working_hours" in department:
            yield from _hours_faults(f"{where}.working_hours", sample, department["working_hours"])


def _layer_faults(sample: Things) -> Iterator[str]:
    for where, layer in listed("layers", sample["layers"]):
        yield from choice_faults(f"{where}.kind", layer["kind"], KINDS)
        yield from truth_faults(where, layer, ("public", "approximate"))
        style = layer.get("style", {})
        if not (isinstance(style, Mapping) and all(map(is_said, (*style, *style.values())))):
            yield f"{where}.style: not texts by name."
        if not str(layer["file"]).startswith(f"layers/{sample['slug']}-"):
            yield f"{where}.file: not under layers/{sample['slug']}-."
    boundaries = [layer for layer in sample["layers"] if layer["kind"] == "boundary"]
    if len(boundaries) != 1:
        yield f"layers: one boundary, not {len(boundaries)}."


def _staff_faults(sample: Things) -> Iterator[str]:
    departments = keys_of(sample["departments"])
    for where, member in listed("staff", sample["staff"]):
        if not is_said(member["name"]):
            yield f"{where}.name: not a text."
        if not member["roles"]:
            yield f"{where}: at least one role."
        for role in member["roles"]:
            yield from choice_faults(f"{where}.roles", role["role"], ROLES)
            if role["role"] in ROLES and not ROLES[role["role"]].fits("department" in role):
                yield f"{where}: staff of a department, and only they, name it."
            if role.get("department") not in (None, *departments):
                yield f"{where}: there is no department {role['department']}."
