"""What became of an element that stood in an older version of a plan and is in force no more."""

from collections import defaultdict
from typing import Any

from service.db.types import AnyRow
from service.errors import NotFound, Problem
from service.plans.finding import EVERYBODYS, element_in, said_between, uids_of, versions_of
from service.plans.models import MERGED, SPLIT, PlanRow, PlanVersion
from service.text import N_


class ElementGone(Problem):
    """The element was taken out or merged; `became` has the ids and keys of what it became, `last` a hash."""

    status, code, message = 410, "element_gone", N_("This is no part of the plan any more.")


def element_or_gone(plan: PlanRow, version: PlanVersion, named: str) -> AnyRow:
    """An element of the version in force. Raises ElementGone where an older one had it, NotFound."""
    try:
        return element_in(plan, version, named)
    except NotFound:
        for former in reversed(versions_of(plan, EVERYBODYS)):
            if (key := key_in(plan, former, named)) is not None:
                raise ElementGone(became=became(plan, version, key), last=former.content_hash) from None
        raise


def key_in(plan: PlanRow, version: PlanVersion, named: str) -> str | None:
    """The key of an element of a version; None: it has none of this name."""
    try:
        return str(element_in(plan, version, named).key)
    except NotFound:
        return None


def became(plan: PlanRow, version: PlanVersion, key: str) -> list[dict[str, Any]]:
    """What an element was merged into or split into, of what has our names; nothing where it was just removed."""
    uids = uids_of(plan)
    return [{"id": str(uids[one]), "key": one} for one in became_each(plan, version).get(key, ()) if one in uids]


def became_each(plan: PlanRow, version: PlanVersion) -> dict[str, list[str]]:
    """Key → the keys of what was merged from it, then split from it, until this version."""
    into, parts = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for act in said_between(plan, 0, version.number):
        if act.kind == MERGED:
            into[act.key].extend(act.others)
        for other in act.others if act.kind == SPLIT else ():
            parts[other].append(act.key)
    return {key: list(dict.fromkeys((*into.get(key, ()), *parts.get(key, ())))) for key in into.keys() | parts.keys()}
