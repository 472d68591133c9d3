"""The files with which everybody can check a closed consultation: the same bytes however often they are made.

What is written of millions of answers never stands in memory as a whole: lines wait in files without names, which go
with the process, until the digests are known with which the bundle begins.
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from hashlib import sha256
from io import SEEK_END, BytesIO
from tempfile import TemporaryFile
from typing import IO, Any

import orjson

from service.consultation.ballots import Tally
from service.consultation.leaves import canonical
from service.consultation.suppressing import FEWEST

FORMAT = "plateia-consultation-bundle"
PROGRAM = "verify_consultation.py"
NO_TIME = (1980, 1, 1, 0, 0, 0)
PIECE = 2**20
"""Bytes that are copied at once."""

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


Count = Callable[[str, Iterable[Any]], Tally]
"""Counts these answers to the question with this key."""
Parts = Sequence[IO[bytes]]
"""Open files that are one file of the bundle, one behind the other."""


@dataclass(frozen=True)
class Written:
    """What a bundle says: the result of each question, and the SHA-256 of its manifest."""

    tallies: Mapping[str, Tally]
    digest: bytes


def write_bundle(
    closed: Closed, ballots: Iterable[Ballot], log: Iterable[str], heads: Iterable[str], count: Count, target: IO[bytes]
) -> Written:
    """Write the file of all files. `ballots` come in the order of their trackers; they, the lines of the log and the
    heads are gone through once.
    """
    with ExitStack() as opened:

        def waiting(lines: Iterable[bytes] = ()) -> IO[bytes]:
            file = opened.enter_context(TemporaryFile())
            file.writelines(line + b"\n" for line in lines)
            return file

        cast = {question["key"]: waiting() for question in closed.definition["questions"]}
        write_ballots(closed, ballots, cast)
        tallies = {key: count(key, answers_in(file)) for key, file in cast.items()}
        files: dict[str, Parts] = {
            "ballots.jsonl": list(cast.values()),
            "log.jsonl": [waiting(line.encode() for line in log)],
            "heads.jsonl": [waiting(canonical({"checkpoint": head}) for head in heads)],
            "tally.json": [BytesIO(canonical(tally_facts(closed, tallies)) + b"\n")],
        }
        manifest = canonical(manifest_facts(closed, {name: digest_of(parts) for name, parts in files.items()})) + b"\n"
        write_zip({"manifest.json": [BytesIO(manifest)], **files, **described(closed)}, target)
    return Written(tallies, sha256(manifest).digest())


def described(closed: Closed) -> dict[str, Parts]:
    """What is in it for people."""
    if not closed.verifier:
        return {"README": [BytesIO(FORMER_README.encode())]}
    return {"README": [BytesIO(README.encode())], PROGRAM: [BytesIO(closed.verifier.encode())]}


def write_ballots(closed: Closed, ballots: Iterable[Ballot], files: Mapping[str, IO[bytes]]) -> None:
    """One line for each, into the file of its question."""
    channels = shows_channels(closed)
    for ballot in ballots:
        files[ballot.question].write(canonical(ballot_facts(ballot, channels)) + b"\n")


def answers_in(file: IO[bytes]) -> Iterator[Any]:
    """What was answered, line by line."""
    file.seek(0)
    for line in file:
        yield orjson.loads(line)["answer"]


def digest_of(parts: Parts) -> str:
    found = sha256()
    for piece in pieces(parts):
        found.update(piece)
    return found.hexdigest()


def pieces(parts: Parts) -> Iterator[bytes]:
    for part in parts:
        part.seek(0)
        while piece := part.read(PIECE):
            yield piece


def write_zip(files: Mapping[str, Parts], target: IO[bytes]) -> None:
    """One file of them all, stored as they are: what compresses differs from machine to machine."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, parts in files.items():
            entry = zipfile.ZipInfo(name, NO_TIME)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            entry.file_size = sum(part.seek(0, SEEK_END) for part in parts)
            with archive.open(entry, "w") as written:
                for piece in pieces(parts):
                    written.write(piece)


def shows_channels(closed: Closed) -> bool:
    """Whether every channel has so many that it says nothing about single people; else the bundle does not say which
    ballot came by which.
    """
    return all(number >= FEWEST for number in closed.by_channel.values())


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
