"""Votes to measure: open consultations of twenty questions, ballots of residents, and the count of very many."""

import secrets
import time
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from datetime import timedelta
from tempfile import TemporaryFile
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.calling import Call, call, call_with_json
from bench.processes import forget_peak, peak_megabytes
from bench.rows import token_of
from service.consultation import verify_consultation
from service.consultation.ballots import KINDS, Tally, tally
from service.consultation.ballots.asking import Question
from service.consultation.bundling import Ballot, Closed, write_bundle
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
    """Seconds of processor: to count so many ballots and make their bundle, with the memory for it beside that of the
    ballots; and to verify it.
    """
    closed, cast, log, heads = many(size, definition_of())
    with TemporaryFile() as target:
        forget_peak()
        before, begun = peak_megabytes(), time.process_time()
        ordered = sorted(cast, key=lambda ballot: ballot.tracker)
        write_bundle(closed, ordered, log, heads, count, target)
        made, more, length = time.process_time(), peak_megabytes() - before, target.tell()
        with zipfile.ZipFile(target) as bundle:
            files = {name: bundle.read(name) for name in bundle.namelist()}
    read = time.process_time()
    verify_consultation.verify(files)
    return {
        "ballots": size,
        "bundle, MB": round(length / 2**20, 1),
        "tally and bundle, s": round(made - begun, 2),
        "tally and bundle, MB more": round(more, 1),
        "verifying, s": round(time.process_time() - read, 2),
    }


def count(key: str, given: Iterable[Any]) -> Tally:
    return tally(Question("stance"), given)


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
