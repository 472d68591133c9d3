"""Whoever tampers with a bundle is found out, and for the right reason."""

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from service.consultation import verify_consultation as auditor
from service.consultation.ballots import tally
from service.consultation.bundling import Ballot, Closed, write_bundle
from service.consultation.heads import public_bytes
from service.consultation.leaves import ballot_line, canonical, event_line
from service.consultation.tree import EMPTY, node_hash
from tests.consultation.bundles import CLOSES, KEY, OTHER, QUESTIONS, UID, Log, Made, definition_of, leaf_digest, make
from tests.consultation.test_large_results import memory_of

SCRIPT = Path(auditor.__file__)
Files = dict[str, bytes]


@pytest.fixture
def made() -> Made:
    return make(6, {"first": QUESTIONS["stance"], "second": QUESTIONS["budget"]}, batch=2)


def test_what_bundles_say_of_themselves_never_changes(made: Made) -> None:
    """A bundle that is made again is the same byte for byte: who wants another text adds one."""
    said = [hashlib.sha256(files["README"]).hexdigest() for files in (made.packed(), made.packed(verifier="program"))]
    assert said == [
        "89a85e76f81eb3f4a89a882ee968e1440366ff058ef5b26a873bad830088470d",
        "2bd300e8478634d9c39e0ca5de08c055891ee2ca35ba18ef92016bd164ec62e9",
    ]


def refused(files: Files, words: str, **kept: Any) -> None:
    with pytest.raises(auditor.Wrong, match=words):
        auditor.verify(files, **kept)


def lines(files: Files, name: str) -> list[bytes]:
    return files[name].splitlines(keepends=True)


def with_file(files: Files, name: str, content: bytes) -> Files:
    """The bundle with another file and a manifest that names it: whoever tampers does at least that."""
    manifest = json.loads(files["manifest.json"])
    manifest["files"][name] = auditor.sha(content).hex()
    return files | {name: content, "manifest.json": canonical(manifest) + b"\n"}


def with_manifest(files: Files, **changed: Any) -> Files:
    return files | {"manifest.json": canonical(json.loads(files["manifest.json"]) | changed) + b"\n"}


def logged_again(made: Made, log_lines: list[str], origin: str | None = None) -> Files:
    """A log with other lines, signed by whoever has the key: the operator."""
    made.log = Log(made.log.consultation)
    for line in log_lines:
        made.log.add(line)
    made.log.head(made.people, origin)
    return made.packed()


def test_a_bundle_in_order_is_found_in_order(made: Made) -> None:
    files = made.packed()
    assert "OK" in auditor.verify(files, public_bytes(KEY).hex(), heads=made.log.heads)
    assert "OK" in auditor.verify(make(0).packed()), "nobody took part"


def test_it_runs_alone_and_says_what_is_wrong(made: Made, tmp_path: Path) -> None:
    whole, spoilt = tmp_path / "bundle.zip", tmp_path / "spoilt"
    whole.write_bytes(made.zipped())
    head, receipt = tmp_path / "head", tmp_path / "receipt.json"
    head.write_text(made.log.heads[1], encoding="utf-8")
    receipt.write_text(json.dumps(receipt_of(made)))
    kept = ["--head", str(head), "--receipt", str(receipt)]
    told = subprocess.run([sys.executable, "-I", str(SCRIPT), str(whole), *kept], capture_output=True, text=True)
    assert told.returncode == 0 and "6 took part, 12 ballots" in told.stdout, told.stderr
    spoilt.mkdir()
    for name, content in (made.packed() | {"tally.json": b"{}\n"}).items():
        (spoilt / name).write_bytes(content)
    told = subprocess.run([sys.executable, "-I", str(SCRIPT), str(spoilt)], capture_output=True, text=True)
    assert told.returncode == 1 and "tally.json: not the file" in told.stderr


def test_the_program_in_the_bundle_is_the_one_that_was_named_at_the_opening(made: Made) -> None:
    made.definition["verifier"] = auditor.sha(SCRIPT.read_bytes()).hex()
    again = logged_again(
        made, [event_line(UID, "open", {"definition": leaf_digest(made.definition)}), *made.log.lines[1:]]
    )
    files = again | {auditor.PROGRAM: SCRIPT.read_bytes()}
    assert "OK" in auditor.verify(files)
    refused(files | {auditor.PROGRAM: b"print('OK')"}, "not the program that was named")
    assert made.definition["verifier"] in (SCRIPT.parents[2] / "docs" / "consultations.md").read_text()


def test_the_same_bundle_is_made_again(made: Made) -> None:
    again = make(6, {"first": QUESTIONS["stance"], "second": QUESTIONS["budget"]}, batch=2)
    again.ballots.reverse()
    assert again.zipped() == made.zipped()
    every_kind = make(40, batch=10, changes=7)
    assert (
        hashlib.sha256(every_kind.zipped()).hexdigest()
        == "f57c3eab9815020753e0357445bbc4d4c6bc75912075a354c963c47d93827e91"
    ), "as the first version made it"


def test_what_is_written_of_many_ballots_never_stands_in_memory_as_a_whole() -> None:
    number, question = 20_000, QUESTIONS["stance"]
    cast = (Ballot("first", n.to_bytes(32, "big"), "for", bytes(16), "app", ((n, bytes(16)),)) for n in range(number))
    closed = Closed(UID, definition_of({"first": question}, None, "resident"), "", b"", number, None, {"app": number})
    with TemporaryFile() as target:
        used = memory_of(
            lambda: write_bundle(
                closed, cast, ("x" * 300 for _ in range(number)), (), lambda _, given: tally(question, given), target
            )
        )
        length = target.tell()
    assert length > 10_000_000 and used < length / 4


# --- the log ----------------------------------------------------------------------------------------------------------


def test_a_deleted_leaf(made: Made) -> None:
    files = made.packed()
    shorter = b"".join(line for number, line in enumerate(lines(files, "log.jsonl")) if number != 3)
    refused(with_file(files, "log.jsonl", shorter), "the log has another root at size")


def test_a_leaf_after_the_close(made: Made) -> None:
    line = ballot_line(UID, "first", b"c" * 32, b"h" * 32)
    refused(logged_again(made, [*made.log.lines, line]), "after the close")


def test_a_log_that_does_not_end_with_its_close(made: Made) -> None:
    refused(logged_again(made, made.log.lines[:-1]), "does not end with the close")


def test_a_truncated_file(made: Made) -> None:
    files = made.packed()
    for name in ("log.jsonl", "ballots.jsonl"):
        refused(with_file(files, name, files[name][:-7]), f"{name}: truncated")
    refused({name: content for name, content in files.items() if name != "heads.jsonl"}, "heads.jsonl: missing")


def test_the_files_of_two_consultations_swapped(made: Made) -> None:
    files, others = made.packed(), make(6, consultation=OTHER).packed()
    refused(files | {"log.jsonl": others["log.jsonl"]}, "not the file that the manifest names")
    refused(with_file(files, "log.jsonl", others["log.jsonl"]), "of another consultation")
    refused(with_file(files, "heads.jsonl", others["heads.jsonl"]), "a head of another log")
    refused(with_file(files, "tally.json", others["tally.json"]), "another result")


def test_heads_out_of_order(made: Made) -> None:
    made.log.heads[1], made.log.heads[2] = made.log.heads[2], made.log.heads[1]
    refused(made.packed(), "does not go on from the head before")


def test_a_head_twice_and_one_that_is_left_out(made: Made) -> None:
    heads = list(made.log.heads)
    made.log.heads[1:2] = [heads[1], heads[1]]
    refused(made.packed(), "heads are not in their order")
    made.log.heads[:] = [heads[0], *heads[2:]]
    refused(made.packed(), "does not go on from the head before")
    made.log.heads[:] = heads[:-1]
    refused(made.packed(), "the last head does not cover the log")


def test_a_kept_head_of_another_log(made: Made) -> None:
    """Split view: others were shown another log under the same name and key."""
    other = make(6, {"first": QUESTIONS["stance"]}, seed=2)
    refused(made.packed(), "split view", heads=[other.log.heads[-1]])


def test_a_head_for_another_size(made: Made) -> None:
    """A root is of one size only: the signed text has both."""
    size, root = made.log.tree.size, made.log.tree.root()
    made.log.heads[-1] = made.log.heads[-1].replace(f"\n{size}\n", f"\n{size - 1}\n")
    refused(made.packed(), "the signature is wrong")
    log = Log()
    log.tree.size, log.tree.parts, log.root = size + 1, [root], made.log.root
    log.head(6)
    made.log.heads[-1] = log.heads[0]
    refused(made.packed(), "does not go on|another root at size")


def test_a_head_with_another_key_or_a_spoilt_signature(made: Made) -> None:
    files = made.packed()
    stranger = Ed25519PrivateKey.from_private_bytes(b"x" * 32)
    made.log.root = EMPTY
    made.log.heads = []
    made.log.head(6, key=stranger)
    refused(made.packed(), "signed by another key")
    refused(made.packed(public_key=public_bytes(stranger)), "another key than --key", key=public_bytes(KEY).hex())
    heads = files["heads.jsonl"]
    for spoilt, words in (
        (heads.replace(b"participations 2", b"participations 3"), "the signature is wrong"),
        (heads.replace(b"previous ", b"before   "), "one spelling"),
        (heads.replace(b"\\u2014 ", b"\\u2013 "), "not signed"),
        (heads.replace(b"participations", b"participations\\nx"), "not a head of a consultation"),
        (heads.replace(b"participations 2", b"participations \\u0662"), "one spelling"),
        (heads.replace(b"participations 2", b"participations two"), "not a head of a consultation"),
    ):
        refused(with_file(files, "heads.jsonl", spoilt), words)


@pytest.mark.parametrize("public", ["ff" * 31 + "7f", "02" + "00" * 31, "00", "zz" * 32, "AB" * 32])
def test_a_key_that_is_none(made: Made, public: str) -> None:
    refused(with_manifest(made.packed(), public_key=public), "no point|not 32 bytes|not hexadecimal|by another key")


def test_signatures_are_checked_as_everybody_checks_them() -> None:
    public = public_bytes(KEY)
    signature = KEY.sign(b"text")
    assert auditor.is_signed(public, b"text", signature)
    assert not auditor.is_signed(public, b"test", signature)
    assert not auditor.is_signed(public, b"text", signature[:-1])
    larger = int.from_bytes(signature[32:], "little") + auditor.ORDER
    assert not auditor.is_signed(public, b"text", signature[:32] + larger.to_bytes(32, "little"))
    with pytest.raises(auditor.Wrong, match="no point"):
        auditor.decode(b"\x02" + b"\x00" * 31)


def test_a_signature_of_rfc_8032() -> None:
    """Test 3 of section 7.1."""
    public = bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
    signature = bytes.fromhex(
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    )
    assert auditor.is_signed(public, b"\xaf\x82", signature)


def test_a_node_in_place_of_a_leaf(made: Made) -> None:
    """Second pre-image: two leaves and the node above them must not be one for the other."""
    one, two = (auditor.sha(b"\x00", line.encode()) for line in made.log.lines[:2])
    assert auditor.sha(b"\x00", one + two) != node_hash(one, two)
    content = one + two + b"\n" + made.packed()["log.jsonl"]
    refused(with_file(made.packed(), "log.jsonl", content), "not JSON")


def test_a_doubled_last_leaf(made: Made) -> None:
    close = made.log.lines[-1]
    files = made.packed()
    doubled = files["log.jsonl"] + close.encode() + b"\n"
    refused(with_file(files, "log.jsonl", doubled), "after the close")


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_trees_of_odd_sizes(size: int) -> None:
    found = make(size, {"first": QUESTIONS["stance"]}, changes=0, batch=1)
    assert "OK" in auditor.verify(found.packed())


# --- ballots ----------------------------------------------------------------------------------------------------------


def test_a_changed_choice(made: Made) -> None:
    at = next(number for number, ballot in enumerate(made.ballots) if ballot.answer in ("for", "against"))
    ballot = made.ballots[at]
    made.ballots[at] = replace(ballot, answer="neutral")
    refused(made.packed(), "the answer is not the one that was cast last")


def test_an_older_answer_in_place_of_the_newer(made: Made) -> None:
    """Replay: the ballot is shown as it was before it was replaced."""
    changed = next(number for number, ballot in enumerate(made.ballots) if len(ballot.events) == 2)
    ballot = made.ballots[changed]
    made.ballots[changed] = replace(ballot, events=ballot.events[:1])
    refused(made.packed(), "the answer is not the one that was cast last")
    made.ballots[changed] = replace(ballot, events=ballot.events[::-1])
    refused(made.packed(), "the log says another tracker or sequence")


def test_an_older_answer_cast_again(made: Made) -> None:
    """Replay of a replacement: the same line once more in the log belongs to nobody."""
    place = next(ballot.events[0][0] for ballot in made.ballots if len(ballot.events) == 2)
    log_lines = made.log.lines
    refused(logged_again(made, [*log_lines[:-1], log_lines[place], log_lines[-1]]), "1 lines of the log have no ballot")


def test_a_ballot_that_is_left_out(made: Made) -> None:
    made.ballots.pop()
    refused(made.packed(), "lines of the log have no ballot")


def test_a_tracker_twice(made: Made) -> None:
    made.ballots.append(made.ballots[0])
    refused(made.packed(), "a tracker twice")


def test_ballots_in_another_order(made: Made) -> None:
    files = made.packed()
    turned = b"".join(reversed(lines(files, "ballots.jsonl")))
    refused(with_file(files, "ballots.jsonl", turned), "not sorted by tracker")


def test_a_ballot_that_was_never_cast(made: Made) -> None:
    added = replace(made.ballots[0], tracker=b"t" * 32)
    made.ballots.append(added)
    refused(made.packed(), "its line of the log is none, or another ballot's")
    made.ballots[-1] = replace(added, events=())
    refused(made.packed(), "was never cast")


def test_a_ballot_for_another_question(made: Made) -> None:
    first = next(ballot for ballot in made.ballots if ballot.question == "first")
    second = next(ballot for ballot in made.ballots if ballot.question == "second")
    at = made.ballots.index(second)
    made.ballots[at] = replace(second, events=first.events)
    made.ballots.remove(first)
    refused(made.packed(), "cast for another question")


def test_more_or_fewer_ballots_than_people(made: Made) -> None:
    files = made.packed(participations=7)
    refused(files, "the last head counts other participations")
    made.people = 7
    made.log.lines[-1] = event_line(UID, "close", {"closes_at": CLOSES, "participations": 7})
    refused(logged_again(made, made.log.lines), "6 ballots, but 7 people")


def test_more_people_than_may() -> None:
    """How many live here is a guess that only deserves a warning; how many codes there were is known."""
    asked = {"first": QUESTIONS["stance"]}
    found = make(6, asked, eligible=5)
    assert "OK\nWARNING: 6 took part, but at the opening it was said that 5 may" in auditor.verify(found.packed())
    assert auditor.verify(make(6, asked, eligible=6).packed()).endswith("OK")
    for said in (None, 99):
        refused(with_manifest(found.packed(), eligible=said), "the manifest says that others may")
    refused(make(6, asked, eligible=5, eligibility="code").packed(), "than there were codes")


def test_a_kept_head_that_the_bundle_does_not_have(made: Made) -> None:
    """The same lines, but other words: more people, or a head that was signed for somebody and then forgotten."""
    log = Log()
    log.add(made.log.lines[0])
    log.head(500)
    refused(made.packed(), "more people had taken part than at the end", heads=log.heads)
    log.heads.clear()
    log.root = EMPTY
    log.head(1)
    refused(made.packed(), "the bundle does not have this head", heads=log.heads)


def test_a_close_at_another_time(made: Made) -> None:
    end = event_line(UID, "close", {"closes_at": "2026-12-01T19:00:00Z", "participations": 6})
    refused(logged_again(made, [*made.log.lines[:-1], end]), "closed at another time")


def test_a_close_that_counts_others(made: Made) -> None:
    end = event_line(UID, "close", {"closes_at": CLOSES, "participations": 5})
    refused(logged_again(made, [*made.log.lines[:-1], end]), "the close counts other participations")


def test_papers_that_no_batch_has(made: Made) -> None:
    made.ballots[:] = [replace(ballot, channel="paper") for ballot in made.ballots]
    refused(made.packed(by_channel={"paper": 6}), "other ballots on paper than")
    made.ballots[:] = [replace(ballot, channel="app") for ballot in made.ballots]
    refused(made.packed(by_channel={"app": 5, "paper": 5}), "other ballots on paper")
    refused(made.packed(by_channel={"app": 5}), "do not add up")
    refused(with_manifest(made.packed(), channels=None), "another channel than the manifest has")
    made.ballots[:] = [replace(ballot, channel="post") for ballot in made.ballots]
    refused(made.packed(by_channel={"post": 6}), "unknown channels")
    made.ballots[:] = [replace(ballot, channel="app") for ballot in made.ballots]
    end = made.log.lines[-1]
    batch = event_line(UID, "paper_batch", {"batch": "x", "count": 7, "scan": None})
    refused(logged_again(made, [*made.log.lines[:-1], batch, end]), "more ballots on paper than people")


# --- rules and spelling -----------------------------------------------------------------------------------------------


def test_another_version_of_a_rule(made: Made) -> None:
    made.definition["questions"][0]["version"] = 2
    refused(made.packed(), "question first: unknown rule or version")


def test_another_definition_than_at_the_opening(made: Made) -> None:
    made.definition["questions"][1]["ask"]["budget"] = 1000
    refused(made.packed(), "not those of the opening")


def test_another_result(made: Made) -> None:
    files = made.packed()
    result = json.loads(files["tally.json"])
    result["questions"][0]["result"]["votes"]["for"] += 1
    refused(with_file(files, "tally.json", canonical(result) + b"\n"), "another result")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda line: line.replace(b'":', b'": ', 1), "canonical"),
        (lambda line: line.replace(b"{", b'{"z":1,', 1), "canonical"),
        (lambda line: line.replace(b"first", "fіrst".encode()), "canonical"),
        (lambda line: line.replace(b"first", b"f\\u0456rst"), "unknown fields or question"),
        (lambda line: line.replace(b'{"answer":', b'{"answer":NaN,"answer":', 1), "not JSON"),
        (lambda line: line.replace(b'{"answer":', b'{"answer":1.0,"answer":', 1), "not JSON"),
        (lambda line: line.replace(b'{"answer":', b'{"answer":' + b"9" * 5000 + b',"answer":', 1), "not JSON"),
        (lambda line: line.replace(b'"salt":"', b'"salt":"0', 1), "not 16 bytes"),
        (lambda _: b"[" * 100_000 + b"\n", "not JSON"),
        (lambda _: b"1\n", "another kind"),
    ],
)
def test_other_spellings(made: Made, change: Callable[[bytes], bytes], words: str) -> None:
    files = made.packed()
    first, *others = lines(files, "ballots.jsonl")
    refused(with_file(files, "ballots.jsonl", b"".join([change(first), *others])), words)


def test_lines_of_the_log_that_nobody_knows(made: Made) -> None:
    for line in (event_line(UID, "gift", {}), event_line(UID, "close", {"extra": 1}), event_line(UID, "open", {})):
        refused(logged_again(make(1), [made.log.lines[0], line]), "unknown line")
    refused(logged_again(make(1), [made.log.lines[0], made.log.lines[0]]), "begins with its opening, once")


def test_an_answer_that_is_none_is_counted_as_such_by_both() -> None:
    found = make(6, {"first": QUESTIONS["stance"]}, answer=lambda *_: "maybe")
    assert "OK" in auditor.verify(found.packed())


def test_a_bundle_of_another_kind(made: Made) -> None:
    refused(with_manifest(made.packed(), v=2), "manifest.json: unknown")
    refused(made.packed() | {"manifest.json": b"{}\n"}, "manifest.json: unknown")


# --- one's own receipt ------------------------------------------------------------------------------------------------


def receipt_of(made: Made) -> dict[str, Any]:
    mine = [made.ballots[0], made.ballots[1]]
    return {
        "consultation": UID,
        "answers": [
            {
                "question": ballot.question,
                "tracker": ballot.tracker.hex(),
                "sequence": 2,
                "salt": ballot.salt.hex(),
                "commitment": json.loads(made.log.lines[ballot.events[-1][0]])["commitment"],
                "answer": ballot.answer[::-1] if isinstance(ballot.answer, list) else ballot.answer,
            }
            for ballot in mine
        ],
    }


def test_a_receipt_finds_its_ballot_or_says_that_it_is_not_there(made: Made) -> None:
    files, mine = made.packed(), receipt_of(made)
    assert "OK" in auditor.verify(files, receipts=[mine])
    refused(files, "of another consultation", receipts=[mine | {"consultation": OTHER}])
    for change, words in (
        ({"tracker": "00" * 32}, "no ballot for question"),
        ({"sequence": 3}, "an older state"),
        ({"sequence": 1}, "changed after this receipt"),
        ({"commitment": "00" * 32}, "another answer"),
        ({"salt": "00" * 16}, "another salt"),
        ({"answer": "maybe"}, "not what you answered"),
    ):
        refused(files, words, receipts=[mine | {"answers": [mine["answers"][0] | change]}])


def test_heads_are_as_c2sp_writes_them() -> None:
    """Origin, size, root; then a blank line and the signature with the key's id (tlog-checkpoint, signed-note)."""
    log = Log()
    log.head(0)
    text, signature = log.heads[0].split("\n\n")
    assert text.split("\n")[:3] == [f"plateia/{UID}", "0", base64.b64encode(EMPTY).decode()]
    assert signature.startswith(f"— plateia/{UID} ") and len(base64.b64decode(signature.split(" ")[2])) == 68


def test_the_command_says_what_it_found(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = tmp_path / "bundle.zip"
    whole.write_bytes(made.zipped())
    for arguments, code, words in (
        ([str(whole)], 0, "The key was taken from the bundle"),
        ([str(whole), "--key", public_bytes(KEY).hex()], 0, "OK"),
        ([str(tmp_path)], 1, "missing"),
        ([str(tmp_path / "nothing.zip")], 1, "NOT IN ORDER"),
    ):
        monkeypatch.setattr(sys, "argv", ["verify_consultation.py", *arguments])
        assert auditor.main() == code
        told = capsys.readouterr()
        assert words in told.out + told.err
