"""Bundles made in memory, as the closing job makes them: for the verifier's tests and its measure."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from service.consultation.ballots import KINDS, Tally, tally
from service.consultation.ballots.asking import Option, Question
from service.consultation.bundling import Ballot, Closed, write_bundle
from service.consultation.heads import Head, checkpoint, public_bytes
from service.consultation.leaves import answer_tracker, ballot_line, canonical, commitment, event_line, handle
from service.consultation.tree import EMPTY, Frontier, leaf_hash

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
UID, OTHER = "a" * 32, "b" * 32
CLOSES = "2026-12-01T18:00:00Z"
QUESTIONS = {
    "stance": Question("stance"),
    "approval": Question("approval", (Option("a"), Option("b"), Option("c"))),
    "score": Question("score", (Option("a"), Option("b")), highest=5),
    "ranking": Question("ranking", tuple(Option(key) for key in "abcd")),
    "budget": Question("budget", (Option("a", 60), Option("b", 50), Option("c", 40)), budget=100, fits=True),
    "priorities": Question("priorities", tuple(Option(key) for key in "abcd"), most=2),
}


def ask_of(question: Question) -> dict[str, Any]:
    return {
        "kind": question.kind,
        "options": [{"key": option.key, "cost": option.cost} for option in question.options],
        "most": question.most,
        "highest": question.highest,
        "budget": question.budget,
        "fits": question.fits,
    }


def definition_of(questions: Mapping[str, Question], eligible: int | None, eligibility: str) -> dict[str, Any]:
    return {
        "eligible": eligible,
        "eligibility": eligibility,
        "title": {"el": "Πλατεία"},
        "closes_at": CLOSES,
        "questions": [
            {"key": key, "ask": ask_of(q), "rule": KINDS[q.kind].rule, "version": KINDS[q.kind].version}
            for key, q in questions.items()
        ],
    }


@dataclass
class Log:
    """A log that grows, with a head whenever one is asked for."""

    consultation: str = UID
    lines: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    tree: Frontier = field(default_factory=Frontier)
    root: bytes = EMPTY

    def add(self, line: str) -> int:
        self.lines.append(line)
        self.tree.add(leaf_hash(line.encode()))
        return self.tree.size - 1

    def head(self, people: int, origin: str | None = None, key: Ed25519PrivateKey = KEY) -> None:
        head = Head(origin or f"plateia/{self.consultation}", self.tree.size, self.tree.root(), people, self.root)
        self.heads.append(checkpoint(head, key))
        self.root = head.root


@dataclass
class Made:
    """What a bundle is made of; a test spoils it before it is `packed`."""

    definition: dict[str, Any]
    ballots: list[Ballot]
    log: Log
    people: int

    def packed(self, **changed: Any) -> dict[str, bytes]:
        """The files by name."""
        return unzipped(self.zipped(**changed))

    def zipped(self, **changed: Any) -> bytes:
        asked = {question["key"]: question["ask"] for question in self.definition["questions"]}
        facts = {
            "consultation": self.log.consultation,
            "definition": self.definition,
            "origin": f"plateia/{self.log.consultation}",
            "public_key": public_bytes(KEY),
            "participations": self.people,
            "eligible": self.definition["eligible"],
            "by_channel": {"app": self.people},
        }

        def count(key: str, given: Iterable[Any]) -> Tally:
            return tally(question_of(asked[key]), given)

        ordered, target = sorted(self.ballots, key=lambda ballot: ballot.tracker), BytesIO()
        write_bundle(Closed(**(facts | changed)), ordered, self.log.lines, self.log.heads, count, target)
        return target.getvalue()


def unzipped(content: bytes) -> dict[str, bytes]:
    """The files of a bundle by name, in their order."""
    with ZipFile(BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def question_of(ask: Mapping[str, Any]) -> Question:
    options = tuple(Option(option["key"], option["cost"]) for option in ask["options"])
    return Question(ask["kind"], options, ask["most"], ask["highest"], ask["budget"], ask["fits"])


def make(
    people: int,
    questions: Mapping[str, Question] = QUESTIONS,
    answer: Callable[[Question, random.Random], Any] | None = None,
    changes: int = 2,
    seed: int = 1,
    consultation: str = UID,
    batch: int = 1000,
    eligible: int | None = None,
    eligibility: str = "resident",
) -> Made:
    """So many people answer every question, and the first `changes` of them change all their answers once."""
    chance = random.Random(seed)
    definition = definition_of(questions, eligible, eligibility)
    log = Log(consultation)
    log.add(event_line(consultation, "open", {"definition": leaf_digest(definition)}))
    log.head(0)
    cast: list[tuple[str, bytes, Any, bytes, list[tuple[int, bytes]]]] = []
    for person in range(people):
        key = chance.randbytes(16)
        for name, question in questions.items():
            tracker = answer_tracker(key, name)
            events, given, salt = [], None, b""
            for sequence in range(1, 3 if person < changes else 2):
                given, salt, blind = (
                    (answer or some_answer)(question, chance),
                    chance.randbytes(16),
                    chance.randbytes(16),
                )
                committed = commitment(consultation, name, given, salt)
                line = ballot_line(consultation, name, committed, handle(tracker, sequence, blind))
                events.append((log.add(line), blind))
            cast.append((name, tracker, given, salt, events))
        if person % batch == batch - 1:
            log.head(person + 1)
    log.add(event_line(consultation, "close", {"closes_at": CLOSES, "participations": people}))
    log.head(people)
    ballots = [Ballot(name, tracker, given, salt, "app", tuple(events)) for name, tracker, given, salt, events in cast]
    return Made(definition, ballots, log, people)


def leaf_digest(definition: Mapping[str, Any]) -> str:
    from hashlib import sha256

    return sha256(canonical(definition)).hexdigest()


def some_answer(question: Question, chance: random.Random) -> Any:
    """A valid answer, or a blank one."""
    keys: Sequence[str] = question.keys
    if chance.random() < 0.1:
        return None
    if question.kind == "stance":
        return chance.choice(["for", "against", "neutral"])
    if question.kind == "score":
        return {key: chance.randint(0, question.highest or 0) for key in keys if chance.random() < 0.8} or {keys[0]: 0}
    named = chance.sample(keys, chance.randint(1, min(question.most or len(keys), len(keys))))
    if question.fits:
        named = named[:1]
    return named if question.kind == "ranking" else sorted(named)
