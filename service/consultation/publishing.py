"""What is published when the vote is over: the bundle, the results, and names where the vote was open."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import IO, Any

from sqlalchemy import select

from service.consultation.closing import make_bundle
from service.consultation.models import CLOSED, BallotAnswer, Consultation, OpenVote
from service.db import session
from service.db.types import AnyRow
from service.errors import Problem
from service.people.models import Account
from service.storage.keeping import Store
from service.storage.making import Opened, made_once
from service.text import N_


class ResultsNotYet(Problem):
    """Nobody sees anything of the result before all is over and counted."""

    status, code, message = 409, "results_not_yet", N_("There is no result before the end, when everything is counted.")


def ensure_closed(found: Consultation) -> Consultation:
    """The consultation, if its result is out. Raises ResultsNotYet."""
    if found.state != CLOSED:
        raise ResultsNotYet
    return found


def bundle_file(found: Consultation, store: Store) -> Opened:
    """The bundle as one file; made again where it is not kept, as after a backup was restored. Raises ResultsNotYet,
    StoreUnavailable.
    """
    key, consultation_id = str(ensure_closed(found).bundle), found.id

    def make(target: IO[bytes]) -> None:
        make_bundle(consultation_id, target)

    return made_once(store, found.municipality_id, key, make)


def votes_after(found: Consultation, after: int | None, limit: int) -> Sequence[AnyRow]:
    """Who voted, where the vote was open: (id, name, tracker), `limit` at most. Raises ResultsNotYet."""
    ensure_closed(found)
    query = (
        select(OpenVote.id, Account.name, OpenVote.tracker)
        .join(Account, Account.id == OpenVote.account_id)
        .where(OpenVote.consultation_id == found.id)
    )
    if after is not None:
        query = query.where(OpenVote.id > after)
    return session.execute(query.order_by(OpenVote.id).limit(limit)).all()


def answers_of(found: Consultation, votes: Sequence[AnyRow]) -> Mapping[bytes, dict[str, Any]]:
    """What each of these answered, by tracker and question."""
    query = select(BallotAnswer.ballot, BallotAnswer.question, BallotAnswer.answer).where(
        BallotAnswer.consultation_id == found.id,
        BallotAnswer.ballot.in_([vote.tracker for vote in votes]),
        BallotAnswer.salt.is_not(None),
    )
    given: dict[bytes, dict[str, Any]] = defaultdict(dict)
    for ballot, question, answer in session.execute(query):
        given[bytes(ballot or b"")][question] = answer
    return given
