"""Which slice holds what about a person, and the rules by which it gives it out, erases it and hands it over.

A new table that points at accounts, or holds what a person wrote, is named here with its slice; a test holds every
model to it.
"""

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.consultation.conversation.forgetting import (
    contributions_of,
    forget_contributor,
    hand_over_contributions,
)
from service.consultation.forgetting import forget_votes, hand_over_votes, open_votes_of
from service.consultation.questionnaires.forgetting import answers_of, forget_respondent, hand_over_answers
from service.gis.forgetting import forget_keeper
from service.idempotency.keeping import forget_phones, kept_of
from service.media.removing import hand_over_photos, remove_unattached
from service.moderation.forgetting import forget_moderated, hand_over_moderated, moderated_of
from service.municipalities.directory import Municipality
from service.news.erasing import collect_sign_ups, forget_in_news
from service.news.signing_up import hand_over_sign_ups
from service.notices.following import follows_of, forget_follows, hand_over_follows
from service.notices.inbox import forget_inbox, hand_over_inbox, inbox_of
from service.notices.office.forgetting import forget_author, forget_openings, hand_over_openings, opened_by
from service.notices.preferences.keeping import (
    forget_preferences,
    hand_over_preferences,
    places_of,
    preferences_of,
)
from service.outbox.retaining import forget_person, hand_over_deliveries, told
from service.people.collecting import collect_account
from service.people.erasing import Person, erase_account
from service.personal_data.copies import collect_copies, drop_copies
from service.plans.forgetting import forget_planner
from service.reports.forgetting import forget_reporter, forget_staff, hand_over_reports
from service.reports.handing_out import reports_of

Gone = Sequence[uuid.UUID]
"""The photos whose rows were deleted: their files go after the commit."""


@dataclass(frozen=True)
class Wish:
    """How somebody wants to be erased: with everything that they wrote, or keeping what everybody may see."""

    keep_public: bool = False


@dataclass(frozen=True)
class Slice:
    """One slice's part. `tables`: those of its tables that say something about a person."""

    name: str
    tables: Collection[str]
    erase: Callable[[Municipality, Person, Wish], Gone | None]
    collect: Callable[[Municipality, Person], Any] = lambda here, who: None
    hand_over: Callable[[Municipality, Person, Person], None] = lambda here, before, after: None


def erase_reports(here: Municipality, who: Person, wish: Wish) -> Gone:
    gone = forget_reporter(here, who.account_id, wish.keep_public)
    if who.kind != "resident":
        forget_staff(here, who.account_id)
    return gone


def erase_notices(here: Municipality, who: Person, wish: Wish) -> None:
    forget_openings(who.account_id)
    if who.kind != "resident":
        forget_author(who.account_id)


def kept_preferences(who: Person) -> list[Mapping[str, Any]]:
    chosen = preferences_of(who.account_id)
    return as_rows([chosen] if chosen else []) + as_rows(places_of(who.account_id))


SLICES = (
    Slice(
        "reports",
        ("reports", "report_entries", "report_texts", "routing_rule_changes"),
        erase_reports,
        lambda here, who: reports_of(here, who.account_id, who.language),
        lambda here, before, after: hand_over_reports(here, before.account_id, after.account_id),
    ),
    Slice(
        "sign_ups",
        ("event_sign_ups", "article_versions", "news_sources"),
        lambda here, who, wish: forget_in_news(who.account_id, who.kind == "resident"),
        lambda here, who: collect_sign_ups(here, who.account_id, who.language),
        lambda here, before, after: hand_over_sign_ups(before.account_id, after.account_id),
    ),
    Slice(
        "contributions",
        (
            *("contributions", "contribution_votes", "contribution_answers", "answers_given", "contribution_marks"),
            "contributions_taken_back",
        ),
        lambda here, who, wish: forget_contributor(here, who.account_id, wish.keep_public),
        lambda here, who: contributions_of(who.account_id),
        lambda here, before, after: hand_over_contributions(here, before.account_id, after.account_id),
    ),
    Slice(
        "questionnaires",
        ("questionnaire_responses", "open_answers"),
        lambda here, who, wish: forget_respondent(here, who.account_id, wish.keep_public),
        lambda here, who: answers_of(who.account_id),
        lambda here, before, after: hand_over_answers(before.account_id, after.account_id),
    ),
    Slice(
        "moderation",
        ("moderation_cases", "moderation_deciders", "complaints"),
        lambda here, who, wish: forget_moderated(here, who.account_id),
        lambda here, who: moderated_of(here, who.account_id),
        lambda here, before, after: hand_over_moderated(here, before.account_id, after.account_id),
    ),
    Slice(
        "inbox",
        ("inbox_messages",),
        lambda here, who, wish: forget_inbox(who.account_id),
        lambda here, who: as_rows(inbox_of(who.account_id)),
        lambda here, before, after: hand_over_inbox(before.account_id, after.account_id),
    ),
    Slice(
        "follows",
        ("follows",),
        lambda here, who, wish: forget_follows(who.account_id),
        lambda here, who: as_rows(follows_of(who.account_id)),
        lambda here, before, after: hand_over_follows(before.account_id, after.account_id),
    ),
    Slice(
        "preferences",
        ("notice_preferences", "notice_places"),
        lambda here, who, wish: forget_preferences(who.account_id),
        lambda here, who: kept_preferences(who),
        lambda here, before, after: hand_over_preferences(before.account_id, after.account_id),
    ),
    Slice(
        "notices",
        ("notices", "notice_editions", "notice_left_out", "notice_openings"),
        erase_notices,
        lambda here, who: as_rows(opened_by(who.account_id)),
        lambda here, before, after: hand_over_openings(before.account_id, after.account_id),
    ),
    Slice(
        "map",
        ("layer_versions", "layer_publications", "layer_sources", "layer_fetches"),
        lambda here, who, wish: forget_keeper(who.account_id) if who.kind != "resident" else None,
    ),
    Slice(
        "votes",
        ("open_votes", "paper_batches"),
        lambda here, who, wish: forget_votes(who.account_id),
        lambda here, who: as_rows(open_votes_of(who.account_id)),
        lambda here, before, after: hand_over_votes(before.account_id, after.account_id),
    ),
    Slice(
        "plans",
        ("plan_versions", "plan_changes", "plan_progress_reports"),
        lambda here, who, wish: forget_planner(who.account_id) if who.kind != "resident" else None,
    ),
    Slice(
        "photos",
        ("attachments",),
        lambda here, who, wish: remove_unattached(here, str(who.account)),
        hand_over=lambda here, before, after: hand_over_photos(here, str(before.account), str(after.account)),
    ),
    Slice(
        "messages",
        ("events", "deliveries", "targets"),
        lambda here, who, wish: forget_person(here.id, who.account_id, f"account:{who.account}", who.targets),
        lambda here, who: as_rows(told(who.account_id)),
        lambda here, before, after: hand_over_deliveries(before.account_id, after.account_id),
    ),
    Slice(
        "requests",
        ("kept_answers",),
        lambda here, who, wish: forget_phones(here.id, requesters(who)),
        lambda here, who: as_rows(kept_of(here.id, requesters(who))),
    ),
    Slice(
        "copies",
        ("personal_copies", "erasures"),
        lambda here, who, wish: drop_copies(who.account_id),
        lambda here, who: collect_copies(who.account_id),
        lambda here, before, after: drop_copies(before.account_id),
    ),
    Slice(
        "account",
        (),
        lambda here, who, wish: erase_account(who),
        lambda here, who: collect_account(who),
    ),
)
"""In the order in which they are erased: the account itself is the last. Its slice finds its own tables."""


def requesters(who: Person) -> list[str]:
    """By what names this person's phones ask."""
    return [*who.installations, str(who.account)]


def as_rows(rows: Sequence[Any]) -> list[Mapping[str, Any]]:
    return [dict(row._mapping) if hasattr(row, "_mapping") else row._asdict() for row in rows]


def erase(here: Municipality, who: Person, wish: Wish) -> list[uuid.UUID]:
    """Erase everything about this person, who is locked, inside a transaction; the photos whose files are to go."""
    return [uid for part in SLICES for uid in part.erase(here, who, wish) or ()]


def collect(here: Municipality, who: Person) -> Iterator[tuple[str, Any]]:
    """What each slice holds, by its name, ready for JSON; nothing of those that hold nothing."""
    for part in SLICES:
        held = part.collect(here, who)
        if held:
            yield part.name, held


def hand_over(here: Municipality, before: Person, after: Person) -> None:
    """What the one account has becomes the other's, inside a transaction: both are locked and are the same person's.
    The account's own rows (phones, sessions, contacts) are left to who joins the two.
    """
    for part in SLICES:
        part.hand_over(here, before, after)
