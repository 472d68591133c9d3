"""Load the sample municipalities: Kozani, Heraklion, Sopot and Kaunas district."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from service.db import transaction
from service.gis.importing import read_features
from service.gis.publishing import publish_version
from service.municipalities.directory import Municipality, build, municipalities, municipality
from service.municipalities.establishing import establish, establish_department
from service.people.appointing import appoint
from service.people.callers import find_caller
from service.people.registering import register_device, set_push_target
from service.people.signing_in import hash_password
from service.plans.document import Plan
from service.reports.cataloguing import set_categories, set_rules
from service.samples.checking import ANY_ADDRESS, EXAMPLE_ADDRESS, check
from service.samples.planning import missing_plans, plans_of, publish_plans
from service.samples.telling import has_news, news_of, publish_news

FOLDER = Path(__file__).parent
PASSWORD = "plateia-sample"  # noqa: S105  (known to everybody, hence on loopback only)
INSTALLATION = UUID("0197f000-0000-7000-8000-000000000001")
SECRET = "the secret of the sample phone, known to all"  # noqa: S105  (the same)
COLUMNS = ("prefix", "name", "country", "languages", "time_zone", "working_hours", "settings")
CATEGORY = (
    "key",
    "name",
    "description",
    "private",
    "show_text",
    "show_photo",
    "show_place",
    "allows_anonymous",
    "target_hours",
    "asset_layer",
    "asset_required",
    "danger_phone",
    "danger_text",
    "questions",
)
SHOWN = {"show_text": "after_look", "show_photo": "after_look", "show_place": "at_once"}
RULE = ("categories", "relation", "metres", "layer", "match", "department", "department_attribute")
ABOUT_LAYER = ("public", "attribution", "licence", "approximate", "style", "key_attribute")


class SampleFaulty(Exception):
    """The sample file does not hold together; the message lists its faults."""


def samples() -> list[Path]:
    """The sample files, Kozani first."""
    return sorted(FOLDER.glob("*.yaml"), key=lambda path: (path.stem != "kozani", path.stem))


def load_all() -> list[str]:
    """Load what is not there yet of the samples; the slugs of the municipalities that were given something."""
    known = set(municipalities())
    return [path.stem for path in samples() if (complete if path.stem in known else load_sample)(path)]


def load_sample(path: Path) -> bool:
    """Load a sample municipality with its plans and its news, all of it or nothing."""
    described = yaml.safe_load(path.read_text("utf-8"))
    load(described, plans=list(plans_of(path.stem)), news=news_of(path.stem))
    return True


def complete(path: Path) -> bool:
    """Give a sample municipality that was loaded before the plans that it lacks, and news where it has none."""
    here = municipality(path.stem)
    plans, news = missing_plans(here), None if has_news(here) else news_of(path.stem)
    if plans or news:
        with transaction():
            add_to(here, plans, news)
    return bool(plans or news)


def add_to(here: Municipality, plans: Sequence[Plan], news: Mapping[str, Any] | None) -> None:
    """Put plans in force and publish news. Inside `transaction()`."""
    publish_plans(here, plans)
    if news:
        publish_news(here, news)


def load_file(path: Path) -> str:
    """Load a municipality of one's own, described as the samples are but without staff; its slug.

    What is known of it already is given these values. Raises SampleFaulty.
    """
    described = yaml.safe_load(path.read_text("utf-8"))
    if isinstance(described, dict) and described.get("staff"):
        raise SampleFaulty("staff: nobody gets a known password; make them staff with `plateia staff`")
    load(described, path.parent, ANY_ADDRESS)
    return str(described["slug"])


def load(
    sample: Mapping[str, Any],
    folder: Path = FOLDER,
    addresses: re.Pattern[str] = EXAMPLE_ADDRESS,
    plans: Sequence[Plan] = (),
    news: Mapping[str, Any] | None = None,
) -> None:
    """Load one municipality with layers from this folder, plans and news, all of it or nothing. Raises SampleFaulty."""
    faults = check(sample, addresses)
    if faults:
        raise SampleFaulty("; ".join(faults))
    hashed = hash_password(PASSWORD) if sample["staff"] else ""
    layers = {
        layer["key"]: read_features(folder / layer["file"], key_attribute=layer["key_attribute"])
        for layer in sample["layers"]
    }
    with transaction():
        identity = establish(sample["slug"], {name: sample[name] for name in COLUMNS}, sample["local_holidays"])
        for department in sample["departments"]:
            values = {name: value for name, value in department.items() if name != "key"}
            values["fallback"] = department["key"] == sample["fallback"]
            establish_department(identity, department["key"], values)
        here = build()[sample["slug"]]  # not from memory, which must not know what is not committed
        for layer in sample["layers"]:
            about = {name: layer.get(name) for name in ABOUT_LAYER}
            publish_version(here, layer["key"], layers[layer["key"]], name=layer["name"], kind=layer["kind"], **about)
        set_categories(here, [category(sample, values) for values in sample["categories"]])
        set_rules(here, [rule(values) for values in sample["rules"]])
        appoint_staff(here, sample, hashed)
        add_to(here, plans, news)


def category(sample: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A category with its group's name and what is usual where it says nothing."""
    group = next(group for group in sample["groups"] if group["key"] == values["group"])
    return (
        dict.fromkeys(CATEGORY)
        | SHOWN
        | {"private": False, "allows_anonymous": False, "asset_required": False, "questions": []}
        | {name: values[name] for name in CATEGORY if name in values}
        | {"group_key": group["key"], "group_name": group["name"]}
    )


def rule(values: Mapping[str, Any]) -> dict[str, Any]:
    """A routing rule as its table has it."""
    return {name: values.get(name) for name in RULE} | {"group_key": values.get("group")}


def appoint_staff(here: Municipality, sample: Mapping[str, Any], hashed: str) -> None:
    """The sample accounts, all with the same known password."""
    for person in sample["staff"]:
        roles = [(role["role"], role.get("department")) for role in person["roles"]]
        appoint(here, person["email"], person["name"], roles, hashed)


def sample_resident() -> str:
    """A fresh token for the phone of the sample resident of Kozani; its pushes go to the stand-in of FCM."""
    kozani = municipality("kozani")
    with transaction():
        given = register_device(kozani, INSTALLATION, SECRET, "android", "1.0.0", "el", days=30)
    phone = find_caller(kozani.id, given.token)
    with transaction():
        if phone is not None:
            set_push_target(kozani, phone, "token", "sample-phone")
    return given.token
