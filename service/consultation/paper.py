"""Ballots on paper: one officer enters them, a second enters them again, and only what both entered is counted.

Who voted on paper is written into the same list as who voted in the app, so that nobody does both. Which paper is whose
is entered by nobody.
"""

import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, or_, select, update

from service.consultation.among import Group, group_of, names_of, refusal
from service.consultation.appending import append
from service.consultation.casting import PAPER, Given, TrackerTaken, ensure_open, give, write
from service.consultation.eligibility import code_named, person_named, voter_named
from service.consultation.finding import locked, participations, questions_of
from service.consultation.leaves import canonical, event_line
from service.consultation.models import HELD, Ballot, Consultation, PaperBatch, Participation
from service.consultation.wording import CODE, RESIDENT
from service.crash_points import crash_here
from service.db import session
from service.db.clock import now, seconds_from_now
from service.db.keys import new_uid
from service.db.upserts import insert_if_absent
from service.errors import NotFound, Problem
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.callers import Caller
from service.people.verified.knowing import DistrictUnknown, Known, known_of
from service.people.verified.models import Verification, VerifiedResident
from service.people.verified.numbers import could_be_given, in_one_spelling
from service.people.verified.verifying import SHORTEST_IDENTIFIER, person_of
from service.text import N_


class NotOnPaper(Problem):
    """Only who is known by a personal number or a code can vote on paper."""

    status, code = 409, "consultation_not_on_paper"
    message = N_("In this consultation nobody can vote on paper.")


class VotersRefused(Problem):
    """Some of the personal numbers or codes are none, have a wrong check digit or are doubled (`not_known`), have voted
    (`voted`), or may not take part by what the officer said of them (`not_among`): places in the list, from 0. All are
    empty where there are more or fewer people than papers, or than what is said of them.
    """

    status, code, message = 409, "paper_voters_refused", N_("Some of these people cannot vote on paper, or have voted.")


class SecondOfficerNeeded(Problem):
    """Who entered a batch cannot confirm it."""

    status, code, message = 409, "second_officer_needed", N_("Another officer must enter these papers again.")


class PapersDiffer(Problem):
    """The second officer entered other people or other answers."""

    status, code, message = 409, "papers_differ", N_("Both officers must enter the same. Please compare the papers.")


@dataclass(frozen=True)
class Papers:
    """A batch as the first officer enters it: people and papers, in any order, so that nothing joins them. `known`: of
    each of the people, or of nobody.
    """

    station: str
    scan_digest: bytes | None
    voters: Sequence[str]
    answers: Sequence[Sequence[Given]]
    known: Sequence[Known] = ()


def enter(municipality: Municipality, actor: Caller, consultation: Any, papers: Papers) -> PaperBatch:
    """Keep the batch until a second officer has entered it too, and these people from voting again; in a transaction.

    Raises NotOpen, NotOnPaper, VotersRefused.
    """
    ensure_open(consultation)
    voters = voters_of(municipality, consultation, papers.voters, papers.known)
    if len(voters) != len(papers.answers):
        raise refused()
    hold(consultation, voters)
    crash_here("after_papers_held")
    batch = PaperBatch(
        uid=new_uid(),
        consultation_id=consultation.id,
        station=papers.station,
        scan_digest=papers.scan_digest,
        count=len(voters),
        voters=names_of_voters(voters),
        answers=in_one_order(papers.answers),
        first_id=actor.account_id,
        created_at=now(),
    )
    session.add(batch)
    session.flush()
    facts = {"batch": str(batch.uid), "count": batch.count}
    record(municipality.id, actor, "paper_batch_entered", "consultation", str(consultation.uid), facts)
    return batch


def refused(**places: list[int]) -> VotersRefused:
    """With the places of those who are refused."""
    return VotersRefused(**{"not_known": [], "voted": [], "not_among": []} | places)


def voters_of(
    municipality: Municipality, consultation: Any, typed: Sequence[str], known: Sequence[Known]
) -> dict[bytes, Group]:
    """The pseudonyms of people by their personal numbers or codes, in their order, with district and age band.

    Raises NotOnPaper, VotersRefused.
    """
    if consultation.eligibility not in (RESIDENT, CODE):
        raise NotOnPaper
    if len(known) not in (0, len(typed)):
        raise refused()
    found = [named(municipality, consultation, each) for each in typed]
    unknown = [place for place, each in enumerate(found) if each is None or found.index(each) < place]
    if unknown:
        raise refused(not_known=unknown)
    if consultation.eligibility == CODE:
        return {voter_named(consultation, each): Group() for each in found if each}
    facts = judged(municipality, consultation, typed, known or [Known()] * len(typed))
    groups = [group_of(consultation.among, each) for each in verified_first(municipality, typed, facts)]
    return {voter_named(consultation, each): group for each, group in zip(found, groups, strict=True) if each}


def judged(municipality: Municipality, consultation: Any, typed: Sequence[str], known: Sequence[Known]) -> list[Known]:
    """What the officer said of the people with these numbers, or the numbers say themselves. By that alone it is
    decided who may take part: else the answer would tell the officer what was verified of whomever they ask about.

    Raises VotersRefused.
    """
    there, others = names_of(consultation.among), []
    found: list[Known] = []
    for place, (number, told) in enumerate(zip(typed, known, strict=True)):
        try:
            found.append(known_of(municipality, number, told, there))
        except DistrictUnknown:
            others.append(place)
            continue
        if refusal(consultation.among, found[-1]):
            others.append(place)
    if others:
        raise refused(not_among=others)
    return found


def verified_first(municipality: Municipality, typed: Sequence[str], said: Sequence[Known]) -> list[Known]:
    """The same for the numbers of who took part: what was verified, and holds now, goes first."""
    people = [person_of(municipality, number) for number in typed]
    query = (
        select(VerifiedResident.person_pseudonym, VerifiedResident.birth_year, VerifiedResident.district)
        .join(Verification, Verification.resident_id == VerifiedResident.id)
        .where(
            VerifiedResident.municipality_id == municipality.id,
            VerifiedResident.person_pseudonym.in_(people),
            or_(Verification.expires_at.is_(None), Verification.expires_at > seconds_from_now(0)),
        )
    )
    verified = {bytes(row.person_pseudonym): row for row in session.execute(query)}
    rows = [verified.get(person, Known()) for person in people]
    return [
        Known(row.birth_year or each.birth_year, row.district or each.district)
        for row, each in zip(rows, said, strict=True)
    ]


def names_of_voters(voters: Mapping[bytes, Group]) -> list[str]:
    """How people wait in a batch: by pseudonyms alone, for what is known of them may change until it is confirmed."""
    return sorted(voter.hex() for voter in voters)


def named(municipality: Municipality, consultation: Any, typed: str) -> str | None:
    if consultation.eligibility == CODE:
        return code_named(consultation, typed)
    number = in_one_spelling(municipality.country, typed)
    right = len(number) >= SHORTEST_IDENTIFIER and could_be_given(municipality.country, number)
    return person_named(person_of(municipality, number)) if right else None


def hold(consultation: Any, voters: Mapping[bytes, Group]) -> None:
    """Write down that they all voted, on papers that wait. Raises VotersRefused where one has: then nobody does."""
    same = {"consultation_id": consultation.id, "channel": HELD}
    rows = [{**same, "voter": voter, **group._asdict()} for voter, group in voters.items()]
    held = {bytes(voter) for voter in insert_if_absent(Participation, rows, returning=Participation.voter)}
    voted = [place for place, voter in enumerate(voters) if voter not in held]
    if voted:
        raise refused(voted=voted)


def given_each(consultation: Any, papers: Sequence[Mapping[str, Any]]) -> list[list[Given]]:
    """Each paper as a ballot with names of its own. Raises BallotNotValid."""
    keys = tuple(questions_of(consultation))
    return [give(consultation, paper, {key: secrets.token_bytes(32) for key in keys}) for paper in papers]


def in_one_order(ballots: Sequence[Sequence[Given]]) -> list[dict[str, Any]]:
    """What is on the papers, sorted, so that both officers' lists can be compared."""
    return sorted(({one.question: one.answer for one in ballot} for ballot in ballots), key=canonical)


def confirm(
    municipality: Municipality,
    actor: Caller,
    consultation: Any,
    batch: uuid.UUID,
    people: Sequence[str],
    ballots: Sequence[Sequence[Given]],
    known: Sequence[Known] = (),
) -> PaperBatch:
    """Count the batch, if the second officer entered the same people and papers; in a transaction. For the numbers of
    who took part stays what was known when the first one entered them.

    Raises NotOpen, NotFound, SecondOfficerNeeded, PapersDiffer, VotersRefused.
    """
    ensure_open(consultation)
    found = batch_to_confirm(consultation, batch)
    if found.first_id == actor.account_id:
        raise SecondOfficerNeeded
    voters = voters_of(municipality, consultation, people, known)
    if names_of_voters(voters) != found.voters or in_one_order(ballots) != found.answers:
        raise PapersDiffer
    session.execute(held_of(update(Participation), consultation.id, list(voters)).values(channel=PAPER))
    crash_here("after_papers_taken")
    for ballot in ballots:
        put(consultation, ballot)
        crash_here("between_papers")
    log_batch(municipality, locked(municipality, consultation.uid), found)
    crash_here("after_papers_logged")
    found.voters = found.answers = None
    found.second_id, found.confirmed_at = actor.account_id, now()
    facts = {"batch": str(found.uid), "count": found.count}
    record(municipality.id, actor, "paper_batch_confirmed", "consultation", str(consultation.uid), facts)
    return found


def batch_to_confirm(consultation: Any, batch: uuid.UUID) -> PaperBatch:
    query = select(PaperBatch).filter_by(consultation_id=consultation.id, uid=batch, confirmed_at=None)
    found = session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotFound
    return found


def cancel(municipality: Municipality, actor: Caller, consultation: Any, batch: uuid.UUID) -> None:
    """Forget a batch that no second officer has entered; these people can vote again. In a transaction.

    Raises NotOpen, NotFound.
    """
    ensure_open(consultation)
    found = batch_to_confirm(consultation, batch)
    voters = [bytes.fromhex(voter) for voter in found.voters or []]
    session.execute(held_of(delete(Participation), consultation.id, voters))
    facts = {"batch": str(found.uid), "count": found.count}
    session.delete(found)
    record(municipality.id, actor, "paper_batch_cancelled", "consultation", str(consultation.uid), facts)


def let_go(consultation_id: int) -> None:
    """At the end, forget who is on papers that no second officer entered: they are not counted."""
    mine = delete(Participation).where(Participation.consultation_id == consultation_id, Participation.channel == HELD)
    session.execute(mine.execution_options(synchronize_session=False))


def held_of(statement: Any, consultation_id: int, voters: Sequence[bytes]) -> Any:
    """The statement, of those of these people whose papers wait."""
    return statement.where(
        Participation.consultation_id == consultation_id,
        Participation.channel == HELD,
        Participation.voter.in_(voters),
    ).execution_options(synchronize_session=False)


def put(consultation: Any, given: Sequence[Given]) -> None:
    """A ballot that nobody can replace: no key makes its tracker."""
    ballot = secrets.token_bytes(32)
    row = {"consultation_id": consultation.id, "tracker": ballot, "sequence": 1}
    if not insert_if_absent(Ballot, [row], returning=Ballot.sequence):
        raise TrackerTaken
    write(consultation, ballot, given, dict.fromkeys((one.question for one in given), 1), PAPER)


def log_batch(municipality: Municipality, consultation: Consultation, batch: PaperBatch) -> None:
    """Say in the log how many ballots on paper there are."""
    scan = batch.scan_digest.hex() if batch.scan_digest else None
    facts = {"batch": batch.uid.hex, "count": batch.count, "scan": scan}
    line = event_line(consultation.uid.hex, "paper_batch", facts)
    append(consultation, municipality.slug, [line], sum(participations(consultation.id).values()))
