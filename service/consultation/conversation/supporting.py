"""People say what they think of what others wrote: once each, and the last word counts."""

import uuid
from typing import Any

from sqlalchemy import case, delete, func, or_, select, update

from service.consultation.conversation.contributing import ensure_readable
from service.consultation.conversation.finding import missing
from service.consultation.conversation.models import Contribution, Support
from service.consultation.conversation.opening import ensure_open
from service.consultation.eligibility import identified
from service.consultation.models import Consultation
from service.consultation.wording import ANYONE, CODE
from service.db import session
from service.db.upserts import insert
from service.errors import Problem
from service.municipalities.directory import Municipality
from service.people.callers import Caller
from service.people.newcomers import is_newcomer
from service.sealing import pseudonym
from service.text import N_

VOTES = {"support": 1, "pass": 0, "oppose": -1}
COLUMNS = {1: Contribution.supports, 0: Contribution.passes, -1: Contribution.opposes}
QUIETLY = {"synchronize_session": False}


class OwnContribution(Problem):
    """Nobody votes on what they wrote themselves."""

    status, code, message = 409, "own_contribution", N_("You wrote this yourself.")


def participant_of(about: Consultation, who: Caller) -> bytes:
    """The pseudonym of the caller in this conversation: one for each person, contact, phone or account, as the
    consultation says; another than in its votes. With codes on paper, which are for the vote alone, the account.

    Raises NotEligible.
    """
    by_account = about.eligibility in (ANYONE, CODE)
    identity = f"account:{who.account}" if by_account else identified(about, who, None)[0]
    return pseudonym(f"conversation {about.uid.hex}", about.municipality_id, identity)


def vote(municipality: Municipality, uid: uuid.UUID, who: Caller, wanted: int | None) -> Contribution:
    """Count what the caller thinks of this contribution instead of what they thought before; None: nothing any more.

    Inside `transaction()`: the contribution is locked, so that its numbers are those of the votes.
    Raises NotFound, ContributionTakenBack, ConversationClosed, ContributionGone, NotEligible, OwnContribution.
    """
    found = contribution_locked(municipality, uid)
    about = session.get_one(Consultation, found.consultation_id)
    ensure_open(about.id)
    ensure_readable(municipality, found)
    if found.author_id == who.account_id:
        raise OwnContribution
    count(found.id, participant_of(about, who), who.account_id, wanted)
    session.refresh(found)
    return found


def contribution_locked(municipality: Municipality, uid: uuid.UUID) -> Contribution:
    """The contribution, locked. Raises NotFound, ContributionTakenBack."""
    thing = select(Contribution).filter_by(municipality_id=municipality.id, uid=uid)
    found = session.scalars(thing.with_for_update().execution_options(populate_existing=True)).one_or_none()
    if found is None or found.taken_back:
        raise missing(municipality, uid)
    return found


def contribution_with(contribution_id: int) -> None:
    """Lock this contribution."""
    session.execute(select(Contribution.id).where(Contribution.id == contribution_id).with_for_update())


def count(contribution_id: int, participant: bytes, account_id: int | None, wanted: int | None) -> None:
    """Replace this participant's vote; the contribution is locked."""
    theirs = Support.participant == participant
    if account_id is not None:
        theirs = or_(theirs, Support.account_id == account_id)
    mine = delete(Support).where(Support.contribution_id == contribution_id, theirs)
    removed = mine.returning(Support.vote, Support.newcomer)
    changes = dict.fromkeys(COLUMNS, 0)
    newcomers = 0
    for before, was_new in session.execute(removed, execution_options=QUIETLY).all():
        changes[before] -= 1
        newcomers -= was_new
    if wanted is not None:
        is_new = account_id is not None and is_newcomer(account_id)
        row = {"contribution_id": contribution_id, "participant": participant, "account_id": account_id}
        session.execute(insert(Support).values(**row, vote=wanted, newcomer=is_new))
        changes[wanted] += 1
        newcomers += is_new
    change_counts(contribution_id, changes, newcomers)


def change_counts(contribution_id: int, changes: dict[int, int], newcomers: int) -> None:
    supports, opposes = Contribution.supports + changes[1], Contribution.opposes + changes[-1]
    values: dict[Any, Any] = {COLUMNS[vote]: COLUMNS[vote] + by for vote, by in changes.items()}
    values[Contribution.divided] = case((supports < opposes, supports), else_=opposes)
    values[Contribution.newcomers] = Contribution.newcomers + newcomers
    counted = update(Contribution).where(Contribution.id == contribution_id).values(values)
    session.execute(counted, execution_options=QUIETLY)


def recount(contribution_id: int) -> None:
    """The numbers of a contribution, which is locked, are those of its votes."""
    of_it = Support.contribution_id == contribution_id
    new = func.count().filter(Support.newcomer)
    rows = session.execute(select(Support.vote, func.count(), new).where(of_it).group_by(Support.vote)).all()
    found = {row[0]: row[1] for row in rows}
    values: dict[Any, int] = {column: found.get(vote, 0) for vote, column in COLUMNS.items()}
    values[Contribution.newcomers] = sum(row[2] for row in rows)
    values[Contribution.divided] = min(found.get(1, 0), found.get(-1, 0))
    counted = update(Contribution).where(Contribution.id == contribution_id).values(values)
    session.execute(counted, execution_options=QUIETLY)
