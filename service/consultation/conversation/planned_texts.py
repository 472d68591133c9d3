"""The text of a plan, or of an element of it, as its version in force has it: what is put up is what was decided."""

from collections.abc import Mapping
from typing import Any

from service.consultation.conversation.opening import WITHIN
from service.errors import NotFound
from service.municipalities.directory import Municipality
from service.plans.finding import element_in, published_plan
from service.plans.following import element_with
from service.text import pick

PLAN, ELEMENT = "plan", "plan_element"
PARTS = {PLAN: ("title", "description", "vision"), ELEMENT: ("title", "description", "objective")}


def planned_text(municipality: Municipality, kind: str, target: str) -> tuple[Mapping[str, str], str]:
    """Title, and the text in the plan's own language: what stands in PARTS, each a paragraph of its own.

    Raises NotFound for what is no plan that everybody may see, and no element of one.
    """
    if kind not in PARTS:
        raise NotFound
    key, named = named_in(municipality, kind, target)
    plan, version = published_plan(municipality, key)
    said: Mapping[str, Any] = version.heading if kind == PLAN else element_in(plan, version, named).detail
    texts = [said.get(name) or {} for name in PARTS[kind]]
    return texts[0], "\n\n".join(pick(one, version.heading["source_language"]) for one in texts if one)


def named_in(municipality: Municipality, kind: str, target: str) -> tuple[str, str]:
    """The plan, and the element of it, that a target names: `plan/element`, or an element alone by our name of it.

    Raises NotFound.
    """
    key, _, named = target.partition(WITHIN)
    if kind == PLAN or named:
        return key, named
    known = element_with(municipality, target)
    if known is None:
        raise NotFound
    return known.plan, known.key
