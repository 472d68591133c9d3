"""The files with which everybody can check a closed consultation: the same bytes however often they are made."""

import io
import zipfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from service.consultation.ballots import Tally
from service.consultation.leaves import canonical
from service.consultation.suppressing import FEWEST

FORMAT = "plateia-consultation-bundle"
PROGRAM = "verify_consultation.py"
NO_TIME = (1980, 1, 1, 0, 0, 0)

FORMER_README = """This is everything that is needed to check the result of one consultation.

manifest.json   what was asked, by which rules, how many took part, and the SHA-256 of the other files
ballots.jsonl   every ballot that counts, one line for each question, sorted by tracker; null is a blank answer
log.jsonl       the append-only log: what was committed to, line by line (RFC 6962: SHA-256, 0x00 leaf, 0x01 node)
heads.jsonl     the signed heads of the log (C2SP checkpoint, Ed25519)
tally.json      the result

Check it:  python3 -I verify_consultation.py bundle.zip
Your own ballot is the line of ballots.jsonl with the tracker of your receipt:  --receipt receipt.json

What this shows: the result follows from these ballots, none was removed or changed after it was committed to, and
there are as many as people who took part. What it cannot show: that nobody with access to the server linked people and
ballots while it ran, that a phone showed what it sent, or that nobody was made to show their receipt.
"""
"""Of the bundles that have no program."""
README = """This is everything that is needed to check the result of one consultation.

manifest.json   what was asked, by which rules, how many took part, and the SHA-256 of the other files
ballots.jsonl   every ballot that counts, one line for each question, sorted by tracker; null is a blank answer
log.jsonl       the append-only log: what was committed to, line by line (RFC 6962: SHA-256, 0x00 leaf, 0x01 node)
heads.jsonl     the signed heads of the log (C2SP checkpoint, Ed25519)
tally.json      the result
verify_consultation.py   the program that checks all this, as it was when the consultation was fixed

Check it:  python3 -I verify_consultation.py bundle.zip
Whoever made this bundle could have put another program into it: compare its SHA-256 with `verifier` of the definition
as it was shown at the opening, or take the program from elsewhere. It is short, and uses Python alone.
Your own ballot is the line of ballots.jsonl with the tracker of your receipt:  --receipt receipt.json

What this shows: the result follows from these ballots, none was removed or changed after it was committed to, and
there are as many as people who took part. What it cannot show: that nobody with access to the server linked people and
ballots while it ran, that a phone showed what it sent, or that nobody was made to show their receipt.
"""
"""Never changed, nor the former one: bundles are made again. Another text is another one, which a definition names."""


@dataclass(frozen=True)
class Ballot:
    """The answer that counts, to one question. `events`: place in the log and blind, of each sequence from 1 on."""

    question: str
    tracker: bytes
    answer: Any
    salt: bytes
    channel: str
    events: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True)
class Closed:
    """What is known of a consultation when it is over; `definition` is what was fixed when it opened, `verifier` the
    text of the program that it names by its SHA-256.
    """

    consultation: str
    definition: Mapping[str, Any]
    origin: str
    public_key: bytes
    participations: int
    eligible: int | None
    by_channel: Mapping[str, int]
    verifier: str | None = None


def bundle(
    closed: Closed, ballots: Collection[Ballot], log: Sequence[str], heads: Sequence[str], tallies: Mapping[str, Tally]
) -> dict[str, bytes]:
    """The files by name. `tallies` by question."""
    files = {
        "ballots.jsonl": ballot_lines(closed, ballots),
        "log.jsonl": joined(line.encode() for line in log),
        "heads.jsonl": joined(canonical({"checkpoint": head}) for head in heads),
        "tally.json": canonical(tally_facts(closed, tallies)) + b"\n",
    }
    manifest = manifest_facts(closed, {name: sha256(content).hexdigest() for name, content in files.items()})
    described = {"README": (README if closed.verifier else FORMER_README).encode()}
    program = {PROGRAM: closed.verifier.encode()} if closed.verifier else {}
    return {"manifest.json": canonical(manifest) + b"\n", **files, **described, **program}


def joined(lines: Iterable[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def shows_channels(closed: Closed) -> bool:
    """Whether every channel has so many that it says nothing about single people; else the bundle does not say which
    ballot came by which.
    """
    return all(number >= FEWEST for number in closed.by_channel.values())


def ballot_lines(closed: Closed, ballots: Collection[Ballot]) -> bytes:
    """One line for each, the questions in their order, then by tracker."""
    places = {question["key"]: place for place, question in enumerate(closed.definition["questions"])}
    channels = shows_channels(closed)
    ordered = sorted(ballots, key=lambda ballot: (places[ballot.question], ballot.tracker))
    return joined(canonical(ballot_facts(ballot, channels)) for ballot in ordered)


def ballot_facts(ballot: Ballot, channels: bool) -> dict[str, Any]:
    return {
        "answer": ballot.answer,
        "channel": ballot.channel if channels else None,
        "events": [[place, blind.hex()] for place, blind in ballot.events],
        "question": ballot.question,
        "salt": ballot.salt.hex(),
        "tracker": ballot.tracker.hex(),
    }


def tally_facts(closed: Closed, tallies: Mapping[str, Tally]) -> dict[str, Any]:
    """The result of each question, in their order."""
    asked = [question["key"] for question in closed.definition["questions"]]
    questions = [{"key": key, **asdict(tallies[key]), "warnings": list(tallies[key].warnings)} for key in asked]
    return {"consultation": closed.consultation, "questions": questions, "v": 1}


def manifest_facts(closed: Closed, digests: Mapping[str, str]) -> dict[str, Any]:
    return {
        "v": 1,
        "format": FORMAT,
        "consultation": closed.consultation,
        "definition": closed.definition,
        "origin": closed.origin,
        "public_key": closed.public_key.hex(),
        "participations": closed.participations,
        "eligible": closed.eligible,
        "channels": dict(closed.by_channel) if shows_channels(closed) else None,
        "files": dict(digests),
    }


def zipped(files: Mapping[str, bytes]) -> bytes:
    """One file of them all, stored as they are: what compresses differs from machine to machine."""
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, NO_TIME)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, content)
    return found.getvalue()
