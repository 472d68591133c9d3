"""The plans of the sample municipalities, as their own documents state them."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import orjson

from service.municipalities.directory import Municipality
from service.plans.applying import apply, propose
from service.plans.document import Plan
from service.plans.finding import plans_of as kept_plans
from service.plans.freezing import freeze, publish, seal
from service.plans.reading_json import from_json

PLANS = Path(__file__).parent / "plans"


def plans_of(slug: str, there: Collection[str] = ()) -> Iterator[Plan]:
    """The plans of a sample municipality, by their keys, but those that are `there`. A file is called as its plan."""
    for path in sorted(PLANS.glob(f"{slug}-*.json")):
        if path.stem not in there:
            yield from_json(orjson.loads(path.read_bytes()))


def missing_plans(here: Municipality) -> list[Plan]:
    """Those plans of a sample municipality that it does not have."""
    return list(plans_of(here.slug, {plan.key for plan in kept_plans(here)}))


def publish_plans(here: Municipality, plans: Sequence[Plan]) -> None:
    """Keep the plans, each as its first version, in force. Inside `transaction()`."""
    for plan in plans:
        apply(here, propose(here, plan))
        version = freeze(here, plan.key, seal(here, plan.key), None)
        publish(here, plan.key, str(version.content_hash))
