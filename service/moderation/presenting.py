"""A case as its author and as moderators see it."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from service.moderation.deciding import is_own
from service.moderation.finding import complaints_of, decided_by, notes_of
from service.moderation.looking import Looks, Shown, look_at_each
from service.moderation.models import HIDDEN, ModerationCase
from service.moderation.ruling import texts_of
from service.municipalities.directory import Municipality
from service.text import pick

Things = Mapping[tuple[str, uuid.UUID], Shown]


def decided(
    municipality: Municipality, looks: Looks, found: Sequence[ModerationCase], spoken: str
) -> list[dict[str, Any]]:
    """These cases as the author of what they are about sees them."""
    things = look_at_each(looks, municipality, {(case.kind, case.target) for case in found})
    rules = texts_of(municipality)
    return [one_decided(municipality, case, things, rules, spoken) for case in found]


def one_decided(
    municipality: Municipality,
    case: ModerationCase,
    things: Things,
    rules: Mapping[str, Mapping[str, str]],
    spoken: str,
) -> dict[str, Any]:
    shown = things.get((case.kind, case.target))
    named = rules.get(case.rule or "")
    return {
        "kind": case.kind,
        "id": case.target,
        "state": case.state,
        "text": shown and shown.text,
        "photos": list(shown.photos) if shown else [],
        "rule": case.rule,
        "rule_text": pick(named, spoken, municipality.main_language) if named else None,
        "reason": case.reason,
        "decided_at": case.decided_at,
        "can_appeal": case.state == HIDDEN and case.appealed_at is None,
        "appealed_at": case.appealed_at,
        "appeal_upheld": case.appeal_upheld,
        "appeal_reason": case.appeal_reason,
    }


def waiting(
    municipality: Municipality, looks: Looks, found: Sequence[ModerationCase], moderator_id: int, spoken: str
) -> list[dict[str, Any]]:
    """The same as a moderator sees them."""
    things = look_at_each(looks, municipality, {(case.kind, case.target) for case in found})
    rules, counts, notes = texts_of(municipality), complaints_of(found), notes_of(found)
    before = decided_by(moderator_id, found)
    return [
        one_decided(municipality, case, things, rules, spoken)
        | for_moderators(case, counts[case.id], things.get((case.kind, case.target)))
        | {"notes": notes[case.id], "may_decide": may_decide(case, things, moderator_id, case.id in before)}
        for case in found
    ]


def for_moderators(case: ModerationCase, counts: Mapping[str, int], shown: Shown | None) -> dict[str, Any]:
    return {
        "language": shown and shown.language,
        "path": shown and shown.path,
        "waiting_since": case.waiting_since,
        "complaints": case.complaints,
        "complaints_of_newcomers": case.newcomers,
        "complaints_by_rule": [{"rule": rule, "count": count} for rule, count in counts.items()],
        "burst": case.burst,
        "appeal": case.appeal,
    }


def may_decide(case: ModerationCase, things: Things, moderator_id: int, before: bool) -> bool:
    """Whether this moderator may: not of their own words, nor of an appeal where they have decided `before`."""
    again = before and case.appealed_at is not None
    return not again and not is_own(moderator_id, case, things.get((case.kind, case.target)))
