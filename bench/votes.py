"""Votes to measure: open consultations of twenty questions, ballots of residents, and the count of very many."""

import secrets
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.calling import Call, call, call_with_json
from bench.rows import token_of
from service.consultation import verify_consultation
from service.consultation.ballots import KINDS, tally
from service.consultation.ballots.asking import Question
from service.consultation.bundling import Ballot, Closed, bundle, zipped
from service.consultation.drafting import Draft, begin, fix
from service.consultation.heads import Head, checkpoint, public_bytes
from service.consultation.leaves import answer_tracker, ballot_line, ballot_tracker, commitment, event_line, handle
from service.consultation.leaves import canonical as spelled
from service.consultation.presenting import kept
from service.consultation.tree import EMPTY, Frontier, leaf_hash
from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import municipality
from service.people.callers import find_caller
from service.people.models import RoleGiven

BASE = "/api/v1/kozani/consultations"
HELD = 24
QUESTIONS = 20
BALLOTS = 100_000
TARGETS = {"tally and bundle, s": 60.0, "verifying, s": 10.0}
NAME = "0" * 32
CLOSES = "2026-12-01T18:00:00Z"


def hold(token: str) -> list[str]:
    """Make open consultations; their ids. The member of staff with this token gets the right to."""
    here = municipality("kozani")
    actor = find_caller(here.id, token)
    assert actor is not None
    with transaction():
        session.add(RoleGiven(account_id=actor.account_id, role="consultation_manager"))
        return [str(hold_one(here, actor)) for _ in range(HELD)]


def hold_one(here: Any, actor: Any) -> uuid.UUID:
    questions = [
        kept(
            {
                "key": f"action-{number}",
                "text": {"el": "Περισσότερα δέντρα στην πλατεία", "en": "More trees on the square"},
                "about": None,
                "kind": "stance",
                "options": [],
                **dict.fromkeys(("most", "highest", "budget")),
                "fits": False,
            }
        )
        for number in range(QUESTIONS)
    ]
    phases = [("vote", now() - timedelta(hours=1), now() + timedelta(days=1))]
    made = begin(
        here, actor, Draft({"el": "Σχέδιο"}, {"el": "Σχέδιο"}, [], "secret", "anyone", None, questions, phases)
    )
    fix(here, actor, made.uid, 1)
    return made.uid


def ballots(held: list[str], residents: int) -> Iterator[Call]:
    """First casts of a secret ballot: each resident once in each consultation."""
    keys = [f"action-{number}" for number in range(QUESTIONS)]
    for one in held:
        for resident in range(residents):
            key = secrets.token_bytes(16)
            body = {
                "answers": dict.fromkeys(keys, "for"),
                "tracker": ballot_tracker(key).hex(),
                "trackers": {name: answer_tracker(key, name).hex() for name in keys},
            }
            address = f"10.{resident >> 16 & 255}.{resident >> 8 & 255}.{resident & 255}"
            headers = {"Authorization": f"Bearer {token_of(resident)}", "X-Forwarded-For": address}
            yield call_with_json(f"{BASE}/{one}/ballots", body, headers, 201)


def pages(held: list[str]) -> Iterator[Call]:
    """The page of a consultation, as everybody sees it."""
    while True:
        yield call("GET", f"{BASE}/{held[0]}")


def measure(size: int = BALLOTS) -> dict[str, float]:
    """Seconds of processor: to count so many ballots and make their bundle, and to verify it."""
    question = Question("stance")
    definition = definition_of()
    closed, cast, log, heads = many(size, definition)
    begun = time.process_time()
    tallies = {"trees": tally(question, [ballot.answer for ballot in cast])}
    files = bundle(closed, cast, log, heads, tallies)
    packed = zipped(files)
    made = time.process_time()
    verify_consultation.verify(files)
    verified = time.process_time()
    return {
        "ballots": size,
        "bundle, MB": round(len(packed) / 2**20, 1),
        "tally and bundle, s": round(made - begun, 2),
        "verifying, s": round(verified - made, 2),
    }


def definition_of() -> dict[str, Any]:
    ask = {"kind": "stance", "options": [], **dict.fromkeys(("most", "highest", "budget")), "fits": False}
    kind = KINDS["stance"]
    return {
        "eligible": None,
        "eligibility": "installation",
        "closes_at": CLOSES,
        "questions": [{"key": "trees", "ask": ask, "rule": kind.rule, "version": kind.version}],
    }


def many(size: int, definition: dict[str, Any]) -> tuple[Closed, list[Ballot], list[str], list[str]]:
    """A closed secret vote with so many ballots, in batches of a thousand."""
    key, origin = Ed25519PrivateKey.from_private_bytes(b"b" * 32), f"plateia/kozani/{NAME}"
    tree, log, heads, root = Frontier(), [], [], EMPTY
    cast: list[Ballot] = []

    def add(line: str) -> int:
        log.append(line)
        tree.add(leaf_hash(line.encode()))
        return tree.size - 1

    def sign(people: int) -> None:
        nonlocal root
        heads.append(checkpoint(Head(origin, tree.size, tree.root(), people, root), key))
        root = tree.root()

    add(event_line(NAME, "open", {"definition": verify_consultation.sha(spelled(definition)).hex()}))
    for number in range(size):
        answer = ("for", "against", "neutral", None)[number % 4]
        tracker, salt, blind = secrets.token_bytes(32), secrets.token_bytes(16), secrets.token_bytes(16)
        line = ballot_line(NAME, "trees", commitment(NAME, "trees", answer, salt), handle(tracker, 1, blind))
        cast.append(Ballot("trees", tracker, answer, salt, "app", ((add(line), blind),)))
        if number % 1000 == 999:
            sign(number + 1)
    add(event_line(NAME, "close", {"closes_at": CLOSES, "participations": size}))
    sign(size)
    closed = Closed(NAME, definition, origin, public_bytes(key), size, None, {"app": size})
    return closed, cast, log, heads


def table(figures: dict[str, float]) -> str:
    """For people."""
    return "\n".join(f"  {name:<24}{value:>12,}" for name, value in figures.items())
