"""How plans come about in each country: templates that warn and help with the next step, and forbid nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


class Step(NamedTuple):
    """A kind of stage; `optional` ones are not missed."""

    kind: str
    optional: bool = False


TEMPLATES: Mapping[str, tuple[Step, ...]] = {
    "gr_operational": (
        Step("questionnaire_design", True),
        Step("form_distribution"),
        Step("staff_briefing", True),
        Step("self_assessment", True),
        Step("meeting", True),
        Step("informal_consultation", True),
        Step("drafting", True),
        Step("executive_approval"),
        Step("neighbour_letter", True),
        Step("council_approval"),
        Step("public_consultation"),
        Step("committee_opinion"),
        Step("executive_approval"),
        Step("council_approval"),
        Step("supervisory_approval"),
        Step("publication", True),
        Step("yearly_programme", True),
        Step("monitoring"),
        Step("mid_term_evaluation"),
        Step("final_evaluation"),
    ),
    "gr_technical_programme": (
        Step("drafting", True),
        Step("recommendation"),
        Step("committee_opinion"),
        Step("executive_approval", True),
        Step("council_approval"),
        Step("supervisory_approval"),
        Step("monitoring", True),
    ),
    "bg_municipal_development": (
        Step("drafting"),
        Step("survey", True),
        Step("forum", True),
        Step("public_consultation"),
        Step("council_adoption"),
        Step("monitoring"),
        Step("mid_term_evaluation"),
        Step("final_evaluation"),
    ),
    "lt_strategic": (
        Step("study", True),
        Step("drafting"),
        Step("public_consultation"),
        Step("council_approval"),
        Step("monitoring"),
        Step("final_evaluation", True),
    ),
}
"""Name → the steps in their usual order. P.D. 185/2007 and 89/2011 for Greece; others as their papers tell it."""

USUAL: Mapping[tuple[str, str], str] = {
    ("GR", "technical_programme"): "gr_technical_programme",
    ("GR", "strategic"): "gr_operational",
    ("GR", "operational"): "gr_operational",
    ("BG", "municipal_development"): "bg_municipal_development",
    ("LT", "strategic"): "lt_strategic",
}
"""Country and kind of plan → template."""


class Noticed(NamedTuple):
    """What is unusual: `skipped` (a step that is not recorded, though a later one is) or `unusual_order` (a stage)."""

    kind: str
    stage_kind: str
    stage: str | None


@dataclass(frozen=True)
class Advice:
    """What usually comes next, the optional steps before it, and what is unusual so far. Nothing of it is a rule."""

    template: str | None
    next: str | None
    optional: tuple[str, ...]
    noticed: tuple[Noticed, ...]


def template_of(named: str | None, country: str, kind: str) -> str | None:
    """The template that a plan names, or the usual one; None where there is none."""
    return named if named in TEMPLATES else USUAL.get((country, kind))


def advise(template: str | None, stages: Sequence[Mapping[str, Any]]) -> Advice:
    """What the template says to the stages as they were recorded."""
    if template is None:
        return Advice(None, None, (), ())
    steps = TEMPLATES[template]
    reached, found = 0, list[Noticed]()
    for stage in stages:
        kind = stage.get("kind", "other")
        at = next((place for place in range(reached, len(steps)) if steps[place].kind == kind), None)
        if at is not None:
            found += [Noticed("skipped", step.kind, None) for step in steps[reached:at] if not step.optional]
            reached = at + 1
        elif kind in {step.kind for step in steps} and steps[reached - 1].kind != kind:
            found.append(Noticed("unusual_order", kind, stage["key"]))
            found = [one for one in found if one != Noticed("skipped", kind, None)]
    return Advice(template, *next_of(steps[reached:]), tuple(found))


def next_of(left: Sequence[Step]) -> tuple[str | None, tuple[str, ...]]:
    """The next step that is not optional, and the optional ones before it."""
    place = next((place for place, step in enumerate(left) if not step.optional), len(left))
    optional = tuple(dict.fromkeys(step.kind for step in left[:place]))
    return (left[place].kind if place < len(left) else None), optional
