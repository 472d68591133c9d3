"""A moderator hides something by a published rule, or says that it stays; its author is told and may appeal once."""

from service.db.clock import now
from service.db.upserts import insert_if_absent
from service.errors import Problem
from service.moderation.finding import decided_by
from service.moderation.looking import Shown
from service.moderation.models import HIDDEN, SHOWN, Decider, ModerationCase
from service.moderation.ruling import ensure_rule
from service.municipalities.directory import Municipality
from service.outbox.posting import owe
from service.people.auditing import record
from service.people.callers import Caller
from service.text import N_

MODERATION_DECIDED = "moderation_decided"
KEPT_HIDDEN, SHOWN_AGAIN = "upheld", "overturned"


class AppealDecided(Problem):
    """Two moderators have looked at it; what the second one said is the end of it."""

    status, code, message = 409, "appeal_decided", N_("An appeal about this was decided. That is final.")


class NothingToAppeal(Problem):
    """It is not hidden, or an appeal was made before; each decision can be appealed against once."""

    status, code = 409, "nothing_to_appeal"
    message = N_("There is nothing to appeal against here, or you have done so already.")


class NoAppeal(Problem):
    """No appeal waits to be decided."""

    status, code, message = 409, "no_appeal", N_("No appeal about this waits to be decided.")


class SameModerator(Problem):
    """Who hid it or let it show, be it long ago, does not decide the appeal."""

    status, code = 403, "same_moderator"
    message = N_("Somebody who has not decided about it before must decide the appeal.")


class OwnText(Problem):
    """Nobody moderates what they wrote themselves, or entered for somebody."""

    status, code = 403, "own_text"
    message = N_("You wrote or entered this yourself. Somebody else must decide about it.")


class AlreadyHidden(Problem):
    """Somebody has hidden it already: it stays theirs, so that another can decide the appeal."""

    status, code, message = 409, "already_hidden", N_("A moderator has hidden this already.")


class ReasonMissing(Problem):
    """Whoever hides something names the published rule that it breaks."""

    status, code, message = 422, "rule_needed", N_("Please name the rule that this breaks.")


def decide(
    municipality: Municipality,
    actor: Caller,
    case: ModerationCase,
    shown: Shown | None,
    hide: bool,
    rule: str | None,
    reason: str | None,
) -> None:
    """Hide the thing, which `shown` is, or show it (again); inside `transaction()`, with the case locked and the actor
    held.

    Raises OwnText, AppealDecided, AlreadyHidden, ReasonMissing, NoSuchRule.
    """
    ensure_of_others(actor, case, shown)
    if case.appealed_at is not None:
        raise AppealDecided
    if hide:
        ensure_can_hide(municipality, case, rule)
    before, case.state = case.state, HIDDEN if hide else SHOWN
    case.rule, case.reason = (rule, reason) if hide else (None, reason)
    case.decided_by_id, case.decided_at, case.waiting_since = actor.account_id, now(), None
    case.version += 1
    insert_if_absent(Decider, [{"case_id": case.id, "account_id": actor.account_id}], returning=Decider.case_id)
    note_down(municipality, actor, case, "text_hidden" if hide else "text_shown")
    if hide or before == HIDDEN:
        tell(municipality, case, case.state)


def ensure_of_others(actor: Caller, case: ModerationCase, shown: Shown | None) -> None:
    """Refuse who decides about what is their own. Raises OwnText."""
    if is_own(actor.account_id, case, shown):
        raise OwnText


def is_own(account_id: int, case: ModerationCase, shown: Shown | None) -> bool:
    """Whether this account wrote the thing, or entered it; `shown` is None where the thing is gone."""
    theirs = (shown.author_id, shown.entered_by_id, shown.second_by_id) if shown else ()
    return account_id in (case.author_id, *theirs)


def ensure_can_hide(municipality: Municipality, case: ModerationCase, rule: str | None) -> None:
    """Raises AlreadyHidden, ReasonMissing, NoSuchRule."""
    if case.state == HIDDEN:
        raise AlreadyHidden
    if rule is None:
        raise ReasonMissing
    ensure_rule(municipality, rule)


def appeal(case: ModerationCase, text: str) -> None:
    """The author asks another moderator to look; inside `transaction()`, with the case locked.

    Raises NothingToAppeal.
    """
    if case.state != HIDDEN or case.appealed_at is not None:
        raise NothingToAppeal
    case.appeal, case.appealed_at = text, now()
    case.waiting_since = case.appealed_at
    case.version += 1


def decide_appeal(
    municipality: Municipality, actor: Caller, case: ModerationCase, shown: Shown | None, uphold: bool, reason: str
) -> None:
    """A moderator who has not decided about it says what holds, for good; inside `transaction()`, with the case locked.

    Raises OwnText, NoAppeal, SameModerator.
    """
    ensure_of_others(actor, case, shown)
    if case.appealed_at is None or case.appeal_decided_at is not None:
        raise NoAppeal
    if decided_by(actor.account_id, [case]):
        raise SameModerator
    case.state = HIDDEN if uphold else SHOWN
    case.appeal_upheld, case.appeal_reason = uphold, reason
    case.appeal_by_id, case.appeal_decided_at, case.waiting_since = actor.account_id, now(), None
    case.version += 1
    note_down(municipality, actor, case, "appeal_decided")
    tell(municipality, case, KEPT_HIDDEN if uphold else SHOWN_AGAIN)


def note_down(municipality: Municipality, actor: Caller, case: ModerationCase, action: str) -> None:
    facts = {"kind": case.kind, "target": str(case.target), "rule": case.rule, "state": case.state}
    record(municipality.id, actor, action, "moderation_case", str(case.uid), facts)


def tell(municipality: Municipality, case: ModerationCase, outcome: str) -> None:
    """Owe the author the news; nobody, where none is known."""
    if case.author_id is None:
        return
    owe(
        municipality.id,
        MODERATION_DECIDED,
        subject_of(case),
        case.version,
        {
            "account_id": case.author_id,
            "kind": case.kind,
            "id": str(case.target),
            "outcome": outcome,
            "rule": case.rule,
            "reason": case.appeal_reason if case.appeal_decided_at else case.reason,
        },
    )


def subject_of(case: ModerationCase) -> str:
    """Under what the outbox keeps the messages about this case."""
    return f"case:{case.uid}"
