"""The published rules by which texts and photos are hidden: the municipality's own, or those for who has set none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from service.db import session
from service.db.clock import now
from service.errors import Problem
from service.moderation.models import HouseRule
from service.municipalities.directory import Municipality
from service.text import N_, say

USUAL = {
    "insult": N_("Nobody is insulted, threatened or mocked."),
    "hatred": N_("Nobody is incited against people for what they are or believe."),
    "personal": N_("Nobody's address, number, health or other private matters are told."),
    "unlawful": N_("Nothing that the law forbids is published."),
    "advertising": N_("There is no advertising, and nothing is posted many times."),
    "off_topic": N_("What is written belongs to the subject."),
}


class NoSuchRule(Problem):
    """The municipality's published rules have none with this key."""

    status, code, message = 422, "no_such_house_rule", N_("There is no such rule here.")


@dataclass(frozen=True)
class Rule:
    """A rule by its key, with its text by language."""

    key: str
    text: Mapping[str, str]


def rules_of(municipality: Municipality) -> Sequence[Rule]:
    """The rules in force, in their order."""
    own = [Rule(row.key, row.text) for row in rows_of(municipality) if row.ended_at is None]
    return own or usual(municipality)


def usual(municipality: Municipality) -> Sequence[Rule]:
    """The rules of a municipality that has set none of its own."""
    return [Rule(key, {tag: say(tag, text) for tag in municipality.languages}) for key, text in USUAL.items()]


def texts_of(municipality: Municipality) -> Mapping[str, Mapping[str, str]]:
    """The texts of all rules that there are or were, by key."""
    known = {rule.key: rule.text for rule in usual(municipality)}
    return known | {row.key: row.text for row in rows_of(municipality)}


def rows_of(municipality: Municipality) -> Sequence[HouseRule]:
    mine = select(HouseRule).filter_by(municipality_id=municipality.id)
    return session.scalars(mine.order_by(HouseRule.position, HouseRule.id)).all()


def ensure_rule(municipality: Municipality, key: str) -> None:
    """Refuse a reason that is none of the published rules. Raises NoSuchRule."""
    if key not in {rule.key for rule in rules_of(municipality)}:
        raise NoSuchRule(rule=key)


def set_rules(municipality: Municipality, rules: Sequence[Rule]) -> None:
    """These are the rules from now on; those that are missing end. Inside `transaction()`."""
    known = {row.key: row for row in rows_of(municipality)}
    for position, rule in enumerate(rules):
        row = known.pop(rule.key, None) or HouseRule(municipality_id=municipality.id, key=rule.key)
        row.text, row.position, row.ended_at = dict(rule.text), position, None
        session.add(row)
    for row in known.values():
        row.ended_at = row.ended_at or now()
