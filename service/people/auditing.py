"""Acts of weight are written down in the transaction that does them. `docs/audit.md` says how an entry is digested."""

import hashlib
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from service.db import session
from service.db.clock import now
from service.db.keys import new_uid
from service.people.audit_models import AuditDetail, AuditEntry
from service.people.callers import Caller

RESIDENT = "resident"

ACTIONS = {
    "staff_appointed": "an operator's command or a provider's group made somebody staff, or a command changed them",
    "staff_invited": "somebody was invited to become staff",
    "invitation_sent_again": "somebody was sent another letter with their invitation",
    "invitation_withdrawn": "an invitation was withdrawn",
    "invitation_accepted": "somebody who was invited became staff",
    "staff_removed": "somebody is no longer staff",
    "role_given": "a role was given",
    "role_taken": "a role was taken away",
    "role_kept": "a provider's groups give a role no more, but nobody else has it, so that it stays",
    "password_changed": "somebody changed their own password",
    "password_reset": "somebody else's password was set, or made worthless",
    "second_factor_set": "a second factor was set up",
    "second_factor_removed": "a second factor was removed",
    "recovery_codes_made": "new recovery codes were made, the former ones are worthless",
    "recovery_code_used": "a recovery code was used in place of the second factor",
    "sign_in_refused": "somebody tried to sign in as staff and was refused",
    "sessions_ended": "somebody's sessions were ended by somebody else",
    "phone_revoked": "a phone was locked out by an operator",
    "accounts_joined": "a phone's former account was joined with the account of a confirmed contact",
    "provider_changed": "a way to sign in was turned on, changed or turned off",
    "settings_changed": "the municipality decided otherwise how its staff work",
    "resident_verified": "it was shown that somebody lives in this municipality",
    "verification_withdrawn": "that somebody lives in this municipality holds no more",
    "text_hidden": "a text or photo was hidden by a published rule",
    "text_shown": "a moderator decided that a text or photo is shown",
    "appeal_decided": "another moderator decided an appeal against hiding something",
    "house_rules_set": "the rules by which texts and photos are hidden were changed",
    "contribution_entered": "a contribution to a consultation that came from outside was entered",
    "contribution_taken_back": "a contribution that had been entered by mistake was taken back",
    "scan_kept": "a scan was kept with a contribution that had come from outside",
    "scan_removed": "a scan that was kept with a contribution was removed",
    "text_put_up": "a text, or its new version, was put up for discussion",
    "contributions_answered": "contributions to a consultation were answered",
    "answers_promised": "it was promised within how many days contributions to a consultation are answered",
    "contributions_handed": "contributions to a consultation were handed to a department to be answered",
    "contributions_imported": "contributions that came from outside were entered from a sheet",
    "districts_set": "it was said which districts there are",
    "letter_code_made": "a letter with a code was asked for",
    "key_made": "an API key was made",
    "key_ended": "an API key was made worthless",
    "notice_sent_alone": "a notice was sent by who wrote it",
    "notice_approved": "a notice was approved by a second person",
    "notice_refused": "a notice was given back to who wrote it",
    "notice_cancelled": "a notice was cancelled; what had been sent of it stays",
    "notice_corrected": "what had been sent of a notice was stopped and is to be corrected",
    "notice_repeated": "a notice is to be sent again to those who were not reached",
    "data_asked_for": "everything that is held about somebody was asked for",
    "data_link_given": "a link to everything that is held about somebody was given to them",
    "account_erased": "an account was erased",
    "consultation_drafted": "a consultation was drafted",
    "consultation_fixed": "what a consultation asks and how it is counted was fixed",
    "consultation_codes_made": "codes on paper for a consultation were made",
    "consultation_extended": "the end of a vote was moved to later",
    "consultation_observed": "it was said which mailboxes get the signed heads of a consultation",
    "consultation_closed": "a vote was over and counted",
    "questionnaire_drafted": "a questionnaire was drafted",
    "questionnaire_fixed": "a questionnaire was fixed and published",
    "questionnaire_closed": "a questionnaire was over and counted",
    "questionnaire_bodies_asked": "bodies were asked to answer a questionnaire",
    "questionnaire_code_renewed": "a body got a new code for a questionnaire",
    "questionnaire_form_entered": "a questionnaire on paper was entered",
    "questionnaire_form_confirmed": "a second officer entered the same questionnaire on paper",
    "questionnaire_form_cancelled": "a questionnaire on paper was cancelled",
    "consultation_outcome_said": "it was published what became of the result of a consultation",
    "paper_batch_entered": "ballots on paper were entered by a first officer",
    "paper_batch_cancelled": "ballots on paper that no second officer had entered were cancelled",
    "paper_batch_confirmed": "ballots on paper were entered by a second officer and counted",
    "erasure_applied_again": "an erasure was applied again after a backup was restored",
    "article_published": "an article was published, or a new version of it",
    "article_scheduled": "it was ordered that an article be published at a moment",
    "article_withdrawn": "a published article was withdrawn",
    "event_cancelled": "an event was cancelled, once or altogether",
    "plan_frozen": "a version of a plan was frozen",
    "plan_published": "a version of a plan was put in force",
    "plan_draft_discarded": "the draft of a plan was thrown away",
    "plan_entry_put": "something was recorded about a plan, or put into one of its registers",
    "plan_entry_dropped": "something was taken out of the record or a register of a plan",
    "plan_progress_approved": "a report on the progress of a plan was approved",
    "plan_evidence_pointed": "an action of a plan was pointed at reports of residents",
    "plan_evidence_ended": "an action of a plan points at reports of residents no more",
    "news_feed_added": "a feed of another site is read from now on",
    "news_feed_changed": "what becomes of what a feed of another site brings was changed",
}
"""What is written down, in words. Further kinds of act are added here."""


def record(
    municipality_id: int,
    actor: Caller | None,
    action: str,
    subject_kind: str,
    subject: str,
    facts: Mapping[str, Any] | None = None,
    text: str | None = None,
) -> None:
    """Write an act down; inside the transaction that does it.

    actor         who did it; None: a command or the worker
    action        a key of ACTIONS
    subject_kind  what it was done to: "staff", "resident", "key", "provider" …
    subject       its opaque name; the uid of an account for "staff" and "resident"
    facts         JSON without fractions and without anything personal: no name, no address
    text          what is personal (a name, an e-mail address); deleted when the person is erased

    A resident, as actor or as subject, is named in the part that can be deleted only.
    Raises KeyError for an action that the table does not know, TypeError for facts that have fractions.
    """
    ACTIONS[action]
    found = dict(facts or {})
    refuse_fractions(found)
    resident = resident_in(actor, subject_kind, subject)
    salt = secrets.token_bytes(16)
    has_details = resident is not None or text is not None
    entry = AuditEntry(
        uid=new_uid(),
        municipality_id=municipality_id,
        at=now(),
        action=action,
        actor_kind=actor.kind if actor else "service",
        actor=actor.account if actor and actor.kind != RESIDENT else None,
        subject_kind=subject_kind,
        subject=None if subject_kind == RESIDENT else subject,
        facts=found,
        details_digest=details_digest(salt, resident, text) if has_details else None,
    )
    session.add(entry)
    if has_details:
        session.flush()
        session.add(AuditDetail(entry_id=entry.id, salt=salt, resident=resident, text=text))


def resident_in(actor: Caller | None, subject_kind: str, subject: str) -> uuid.UUID | None:
    """The resident whom this act concerns: the one it was done to, else the one who did it."""
    if subject_kind == RESIDENT:
        return uuid.UUID(subject)
    return actor.account if actor and actor.kind == RESIDENT else None


def refuse_fractions(value: Any) -> None:
    """Numbers with a fraction have no single spelling. Raises TypeError for one, however deep."""
    if isinstance(value, float):
        raise TypeError("facts hold no fractions: write them as text")
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            refuse_fractions(each)


def canonical(value: Any) -> bytes:
    """JSON in one spelling (RFC 8785 for what entries hold): sorted keys, no spaces, UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def details_digest(salt: bytes, resident: uuid.UUID | None, text: str | None) -> bytes:
    """SHA-256 of the salt and the personal part in canonical JSON."""
    return hashlib.sha256(salt + canonical({"resident": resident, "text": text})).digest()
