"""Who may take part, and as whom: the same person has the same pseudonym, whichever account they use."""

from typing import Any

from sqlalchemy import bindparam, or_, select

from service.consultation.among import NOBODY, Group, group_of, refusal
from service.consultation.drafting import code_digest
from service.consultation.models import PaperCode
from service.consultation.wording import ANYONE, CODE, CONTACT, INSTALLATION, RESIDENT
from service.db.clock import seconds_from_now
from service.db.prepared import Prepared
from service.errors import Problem
from service.people.callers import Caller
from service.people.models import Account
from service.people.verified.knowing import Known
from service.people.verified.models import Verification, VerifiedResident
from service.sealing import pseudonym
from service.text import N_

accounts, codes = Account.__table__, PaperCode.__table__
residents, verifications = VerifiedResident.__table__, Verification.__table__

CONTACT_OF = Prepared(select(accounts.c.email, accounts.c.phone).where(accounts.c.id == bindparam("account")))
PERSON_OF = Prepared(
    select(residents.c.person_pseudonym, residents.c.birth_year, residents.c.district)
    .join(verifications, verifications.c.resident_id == residents.c.id)
    .where(
        residents.c.account_id == bindparam("account"),
        or_(verifications.c.expires_at.is_(None), verifications.c.expires_at > seconds_from_now(0)),
    )
    .limit(1)
)
CODE_THERE = Prepared(
    select(codes.c.digest).where(
        codes.c.consultation_id == bindparam("consultation"), codes.c.digest == bindparam("digest")
    )
)


class NotEligible(Problem):
    """The caller is not among those who may take part; `eligibility` says who may, `reason` what is wrong: the kind of
    eligibility that is missing, `district` or `age` of other people, or `district_not_known`, `age_not_known`.
    """

    status, code, message = 403, "not_eligible", N_("You cannot take part in this consultation.")


def participant_of(consultation: Any, who: Caller, code: str | None) -> tuple[bytes, Group]:
    """The pseudonym under which the caller takes part, and what is kept of them beside it; one statement at most.

    Raises NotEligible.
    """
    found, group = identified(consultation, who, code)
    return voter_named(consultation, found), group


def identified(consultation: Any, who: Caller, code: str | None) -> tuple[str, Group]:
    """What makes the caller one of those who may take part, and what is kept of them beside it. Raises NotEligible."""
    kind, group, reason = consultation.eligibility, NOBODY, None
    if kind == RESIDENT:
        found, known = resident(who)
        reason = refusal(consultation.among, known) if found else None
        group = group_of(consultation.among, known)
    else:
        found = identity_of(consultation, who, code)
    if found is None or reason:
        raise NotEligible(eligibility=kind, reason=reason or kind)
    return found, group


def resident(who: Caller) -> tuple[str | None, Known]:
    """The identity of the caller as a verified resident, if they are one, and what is known of them."""
    row = PERSON_OF.row({"account": who.account_id})
    if row is None:
        return None, Known()
    return person_named(bytes(row.person_pseudonym)), Known(row.birth_year, row.district)


def voter_named(consultation: Any, identity: str) -> bytes:
    """The pseudonym of whoever this identity names."""
    return pseudonym(f"participation {consultation.uid.hex}", consultation.municipality_id, identity)


def identity_of(consultation: Any, who: Caller, code: str | None) -> str | None:
    """The same where it is no verified resident; None: nothing."""
    kind = consultation.eligibility
    if kind == ANYONE:
        return f"account:{who.account}"
    if kind == INSTALLATION:
        return f"installation:{who.installation}" if who.installation else None
    if kind == CONTACT:
        row = CONTACT_OF.row({"account": who.account_id})
        contact = row and (row.email or row.phone)
        return f"contact:{contact.casefold()}" if contact else None
    return code_named(consultation, code) if kind == CODE and code else None


def person_named(person: bytes) -> str:
    """The identity of a verified resident, by their own pseudonym."""
    return f"person:{person.hex()}"


def code_named(consultation: Any, code: str) -> str | None:
    """The identity of whoever holds this code; None: there is no such code."""
    digest = code_digest(consultation, code)
    found = CODE_THERE.value({"consultation": consultation.id, "digest": digest})
    return None if found is None else f"code:{digest.hex()}"
