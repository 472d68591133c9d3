"""Check a closed consultation: `python3 -I verify_consultation.py bundle.zip` (or a folder with its files).

Needs nothing but Python 3.9 or later, no network, and none of the programs of whoever ran the consultation: the rules
are written here once more. It checks that every line has its one spelling, that the log gives the root of every signed
head and each head goes on from the one before, that every ballot was committed to in the log and is the last under its
tracker, that nothing follows the end, that there are as many ballots as people who took part, and that the ballots give
the published result.

--head FILE     a signed head that you kept or were sent: it must be the beginning of this log
--receipt FILE  your newest receipt (JSON): your answers must be in the count as you gave them, and changed by nobody
                since; with an `answer` beside each commitment, it must be what is counted
--key HEX       the public key as it was published at the opening; else the one in the bundle is taken on trust
"""

import argparse
import base64
import hashlib
import hmac
import json
import sys
import zipfile
from collections import Counter
from fractions import Fraction
from pathlib import Path

FILES = ("manifest.json", "ballots.jsonl", "log.jsonl", "heads.jsonl", "tally.json")
PROGRAM = "verify_consultation.py"
RULES = {
    "stance": ("majority", 1),
    "approval": ("approval", 1),
    "score": ("score-sum", 1),
    "ranking": ("schulze-winning-votes", 1),
    "budget": ("greedy-by-votes", 1),
    "priorities": ("most-chosen", 1),
}
LEAF_FIELDS = {
    "open": {"definition"},
    "ballot": {"commitment", "handle", "question"},
    "extend": {"closes_at", "reason"},
    "text": {"about", "revision", "target"},
    "paper_batch": {"batch", "count", "scan"},
    "close": {"closes_at", "participations"},
}
BALLOT_FIELDS = {"answer", "channel", "events", "question", "salt", "tracker"}


class Wrong(Exception):
    """The bundle does not hold together; the text says where."""


def must(holds, words):
    if not holds:
        raise Wrong(words)


# --- bytes ------------------------------------------------------------------------------------------------------------


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def refuse(text):
    raise ValueError("only integers are numbers here: " + text)


def read(line, where):
    """The JSON of a line that must have its one spelling."""
    try:
        value = json.loads(line, parse_float=refuse, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise Wrong(f"{where}: not JSON as it must be ({error})") from None
    must(canonical(value) == line, f"{where}: not in canonical form")
    return value


def lines(content, name):
    must(not content or content.endswith(b"\n"), f"{name}: truncated, the last line does not end")
    return content.split(b"\n")[:-1]


def hexed(text, length, where):
    must(isinstance(text, str) and len(text) == 2 * length, f"{where}: not {length} bytes")
    try:
        found = bytes.fromhex(text)
    except ValueError:
        raise Wrong(f"{where}: not hexadecimal") from None
    must(found.hex() == text, f"{where}: not hexadecimal in its one spelling")
    return found


def add_leaf(parts, size, leaf):
    """One more leaf of an RFC 6962 tree, of which `parts` are the roots of the full parts; the new size."""
    parts.append(leaf)
    size += 1
    full = size
    while full % 2 == 0:
        right, left = parts.pop(), parts.pop()
        parts.append(sha(b"\x01", left, right))
        full //= 2
    return size


def root_of(parts):
    if not parts:
        return sha(b"")
    found = parts[-1]
    for left in reversed(parts[:-1]):
        found = sha(b"\x01", left, found)
    return found


# --- Ed25519 (RFC 8032), checking only --------------------------------------------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def point(y, sign):
    must(y < P, "a key or signature is no point of the curve")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    must((x * x - square) % P == 0 and not (x == 0 and sign), "a key or signature is no point of the curve")
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


def decode(data):
    number = int.from_bytes(data, "little")
    return point(number & (2**255 - 1), number >> 255)


def plus(one, two):
    a, b = (one[1] - one[0]) * (two[1] - two[0]) % P, (one[1] + one[0]) * (two[1] + two[0]) % P
    c, d = 2 * one[3] * two[3] * D % P, 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number, base):
    found = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = plus(found, base)
        base, number = plus(base, base), number >> 1
    return found


BASE = point(4 * pow(5, P - 2, P) % P, 0)


def is_signed(public, text, signature):
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + text).digest(), "little") % ORDER
    one, two = times(s, BASE), plus(decode(signature[:32]), times(k, decode(public)))
    return (one[0] * two[2] - two[0] * one[2]) % P == 0 and (one[1] * two[2] - two[1] * one[2]) % P == 0


def read_head(note, origin, public, where):
    """(size, root, participations, root before) of a signed head of this log."""
    text, _, signatures = note.partition("\n\n")
    text += "\n"
    fields = text.split("\n")[:-1]
    must(len(fields) == 5, f"{where}: not a head of a consultation")
    must(fields[0] == origin, f"{where}: a head of another log ({fields[0]})")
    must(signatures.startswith(f"\u2014 {origin} ") and signatures.endswith("\n"), f"{where}: not signed")
    try:
        signed = base64.b64decode(signatures[len(origin) + 3 : -1], validate=True)
        root, before = base64.b64decode(fields[2], validate=True), base64.b64decode(fields[4][9:], validate=True)
        size, people = int(fields[1]), int(fields[3][15:])
    except ValueError:
        raise Wrong(f"{where}: not a head of a consultation") from None
    spelled = [origin, str(size), base64.b64encode(root).decode(), f"participations {people}"]
    must(fields[:4] == spelled and fields[4].startswith("previous "), f"{where}: not in its one spelling")
    must(signed[:4] == sha(origin.encode(), b"\n\x01", public)[:4], f"{where}: signed by another key")
    must(is_signed(public, text.encode(), signed[4:]), f"{where}: the signature is wrong")
    return size, root, people, before


# --- answers and their count ------------------------------------------------------------------------------------------


def is_valid(ask, answer):
    """Whether this is an answer to the question, in its one spelling."""
    kind, keys = ask["kind"], [option["key"] for option in ask["options"]]
    if kind == "stance":
        return answer in ("for", "against", "neutral")
    if kind == "score":
        return (
            isinstance(answer, dict)
            and len(answer) > 0
            and set(answer) <= set(keys)
            and all(type(points) is int and 0 <= points <= ask["highest"] for points in answer.values())
        )
    if not isinstance(answer, list) or not answer or not all(isinstance(key, str) for key in answer):
        return False
    if not set(answer) <= set(keys) or len(set(answer)) != len(answer):
        return False
    if kind == "ranking":
        return True
    costs = {option["key"]: option["cost"] for option in ask["options"]}
    fits = not ask["fits"] or sum(costs[key] for key in answer) <= ask["budget"]
    return fits and (ask["most"] is None or len(answer) <= ask["most"])


def recount(ask, answers):
    """What the rule makes of the valid answers."""
    kind, keys = ask["kind"], [option["key"] for option in ask["options"]]
    if kind == "stance":
        votes = {word: answers.count(word) for word in ("for", "against", "neutral")}
        more = votes["for"] - votes["against"]
        return {"votes": votes, "outcome": "for" if more > 0 else "against" if more < 0 else "tie"}
    if kind == "score":
        given = {key: sorted(answer[key] for answer in answers if key in answer) for key in keys}
        sums = {key: sum(points) for key, points in given.items()}
        medians = {key: points[(len(points) - 1) // 2] if points else None for key, points in given.items()}
        scored = {key: len(points) for key, points in given.items()}
        return {"sums": sums, "medians": medians, "scored": scored, "winners": best(sums)}
    if kind == "ranking":
        return schulze(keys, answers)
    counted = Counter(key for answer in answers for key in answer)
    votes = {key: counted[key] for key in keys}
    if kind == "approval":
        return {"votes": votes, "winners": best(votes)}
    if kind == "priorities":
        return most_chosen(votes, ask["most"])
    return spend(ask, votes, answers)


def best(points):
    top = max(points.values(), default=0)
    return [key for key, number in points.items() if number == top and top > 0]


def most_chosen(votes, places):
    ahead = {key: sum(other > number for other in votes.values()) for key, number in votes.items()}
    level = {key: sum(other == number for other in votes.values()) for key, number in votes.items()}
    there = [key for key in votes if votes[key] and ahead[key] < places]
    tied = [key for key in there if ahead[key] + level[key] > places]
    return {"votes": votes, "winners": [key for key in there if key not in tied], "tied": tied}


def schulze(keys, answers):
    last = len(keys)
    prefer = {a: dict.fromkeys((b for b in keys if b != a), 0) for a in keys}
    borda = dict.fromkeys(keys, 0)
    for answer, number in Counter(tuple(answer) for answer in answers).items():
        place = {key: answer.index(key) if key in answer else last for key in keys}
        for a in keys:
            for b in prefer[a]:
                prefer[a][b] += number * (place[a] < place[b])
                borda[a] += number * (2 * (place[a] < place[b]) + (place[a] == place[b]))
    path = {a: {b: prefer[a][b] if prefer[a][b] > prefer[b][a] else 0 for b in prefer[a]} for a in keys}
    for via in keys:
        for a in keys:
            for b in keys:
                if len({via, a, b}) == 3:
                    path[a][b] = max(path[a][b], min(path[a][via], path[via][b]))
    wins = {a: sum(path[a][b] > path[b][a] for b in path[a]) for a in keys}
    order = [[key for key in keys if wins[key] == number] for number in sorted(set(wins.values()), reverse=True)]
    winners = [a for a in keys if all(path[a][b] >= path[b][a] for b in path[a])]
    found = {"winners": winners, "order": order} if answers else {"winners": [], "order": []}
    return {**found, "preferred": prefer, "doubled_borda": borda}


def spend(ask, votes, answers):
    left, funded = ask["budget"], set()
    costs = {option["key"]: option["cost"] for option in ask["options"]}
    for key in sorted(costs, key=lambda key: (-votes[key], costs[key])):
        if votes[key] and costs[key] <= left:
            funded.add(key)
            left -= costs[key]
    bought = equal_shares(costs, ask["budget"], answers)
    return {
        "votes": votes,
        "funded": [key for key in costs if key in funded],
        "cost": sum(costs[key] for key in funded),
        "equal_shares": {"funded": [key for key in costs if key in bought], "cost": sum(costs[key] for key in bought)},
    }


def equal_shares(costs, budget, answers):
    """Exact: what each group of like answers has is counted in parts of money, `unit` of them in one, more and more."""
    groups, unit, bought = Counter(tuple(answer) for answer in answers), len(answers), set()
    numbers, purse = list(groups.values()), [budget] * len(groups)
    backers = {key: [place for place, group in enumerate(groups) if key in group] for key in costs}
    votes = {key: sum(numbers[place] for place in backers[key]) for key in costs}
    order = {key: (-votes[key], costs[key], place) for place, key in enumerate(costs)}
    least = {key: Fraction(1, votes[key]) for key in costs if votes[key]}
    while True:
        offer = None
        for key in sorted(least, key=lambda key: (least[key], order[key])):
            if offer and least[key] > offer[0]:
                break
            pays, among = each_pays(costs[key] * unit, [(purse[place], numbers[place]) for place in backers[key]])
            if among:
                least[key] = Fraction(pays, among * costs[key] * unit)
                offer = min(offer or (2, ()), (least[key], order[key], key, pays, among))
            else:
                del least[key]
        if not offer:
            return bought
        *_, key, pays, among = offer
        bought.add(key)
        del least[key]
        unit, purse = unit * among, [has * among for has in purse]
        for place in backers[key]:
            purse[place] -= min(purse[place], pays)


def each_pays(missing, purses):
    """What each pays who can, as a sum among so many, the others giving all they have; among none: it is too dear."""
    payers = sum(number for _, number in purses)
    for purse, number in sorted(purses):
        if purse * payers >= missing:
            return missing, payers
        missing, payers = missing - purse * number, payers - number
    return missing, 0


# --- the bundle -------------------------------------------------------------------------------------------------------


def check_manifest(files):
    """The manifest, whose digests are those of the other files."""
    manifest = read(files["manifest.json"].rstrip(b"\n"), "manifest.json")
    must(manifest.get("format") == "plateia-consultation-bundle" and manifest.get("v") == 1, "manifest.json: unknown")
    for name in FILES[1:]:
        must(manifest["files"].get(name) == sha(files[name]).hex(), f"{name}: not the file that the manifest names")
    for question in manifest["definition"]["questions"]:
        ruled = RULES.get(question["ask"]["kind"])
        must(ruled == (question["rule"], question["version"]), f"question {question['key']}: unknown rule or version")
    if PROGRAM in files:
        fixed = manifest["definition"].get("verifier")
        must(sha(files[PROGRAM]).hex() == fixed, f"{PROGRAM}: not the program that was named at the opening")
    must(manifest["eligible"] == manifest["definition"]["eligible"], "the manifest says that others may take part")
    return manifest


def check_log(content, manifest):
    """The lines of the log, the root at every size that a head could have, and where the close is."""
    consultation, found, roots, parts, size = manifest["consultation"], [], [sha(b"")], [], 0
    for number, line in enumerate(lines(content, "log.jsonl")):
        where = f"log.jsonl line {number + 1}"
        leaf = read(line, where)
        must(leaf.get("consultation") == consultation, f"{where}: of another consultation")
        fields = LEAF_FIELDS.get(leaf.get("kind"))
        must(fields is not None and set(leaf) == fields | {"consultation", "kind", "v"}, f"{where}: unknown line")
        must((leaf["kind"] == "open") == (number == 0), f"{where}: the log begins with its opening, once")
        must(not found or found[-1]["kind"] != "close", f"{where}: after the close")
        size = add_leaf(parts, size, sha(b"\x00", line))
        roots.append(root_of(parts))
        found.append(leaf)
    must(found and found[-1]["kind"] == "close", "log.jsonl: truncated, it does not end with the close")
    definition = sha(canonical(manifest["definition"])).hex()
    must(found[0]["definition"] == definition, "the questions or rules are not those of the opening")
    return found, roots


def check_heads(content, manifest, roots, public):
    """Every head is signed, of this log, at its size, and goes on from the one before."""
    before, people, last = sha(b""), 0, 0
    for number, line in enumerate(lines(content, "heads.jsonl")):
        where = f"heads.jsonl line {number + 1}"
        size, root, counted, previous = read_head(read(line, where)["checkpoint"], manifest["origin"], public, where)
        must(size > last, f"{where}: heads are not in their order")
        must(previous == before, f"{where}: does not go on from the head before")
        must(size < len(roots) and roots[size] == root, f"{where}: the log has another root at size {size}")
        must(counted >= people, f"{where}: fewer participations than before")
        before, people, last = root, counted, size
    must(last == len(roots) - 1, "the last head does not cover the log")
    must(people == manifest["participations"], "the last head counts other participations than the manifest")


def check_kept(note, content, manifest, roots, public, where):
    """A head that somebody kept is one of the bundle's, word for word."""
    size, root, people, _ = read_head(note, manifest["origin"], public, where)
    must(size < len(roots) and roots[size] == root, f"{where}: this is another log (split view)")
    must(people <= manifest["participations"], f"{where}: more people had taken part than at the end")
    texts = {json.loads(line)["checkpoint"].partition("\n\n")[0] for line in lines(content, "heads.jsonl")}
    must(note.partition("\n\n")[0] in texts, f"{where}: the bundle does not have this head")


def check_ballots(content, manifest, log):
    """The valid, blank and invalid answers of each question, after each ballot was found in the log."""
    asks = {question["key"]: question["ask"] for question in manifest["definition"]["questions"]}
    answers = {key: [] for key in asks}
    unopened = {place for place, leaf in enumerate(log) if leaf["kind"] == "ballot"}
    channels = (None,) if manifest["channels"] is None else tuple(manifest["channels"])
    before, papers = ("", ""), Counter()
    order = {key: f"{place:05}" for place, key in enumerate(asks)}
    for number, line in enumerate(lines(content, "ballots.jsonl")):
        where = f"ballots.jsonl line {number + 1}"
        ballot = read(line, where)
        must(set(ballot) == BALLOT_FIELDS and ballot["question"] in asks, f"{where}: unknown fields or question")
        at = (order[ballot["question"]], ballot["tracker"])
        must(at != before, f"{where}: a tracker twice")
        must(at > before, f"{where}: ballots are not sorted by tracker")
        before = at
        check_events(ballot, manifest["consultation"], log, unopened, where)
        answers[ballot["question"]].append(ballot["answer"])
        must(ballot["channel"] in channels, f"{where}: another channel than the manifest has")
        papers[ballot["question"]] += ballot["channel"] == "paper"
    must(not unopened, f"{len(unopened)} lines of the log have no ballot: a ballot was removed or left out")
    check_papers(papers, log, manifest, asks)
    return answers


def check_events(ballot, consultation, log, unopened, where):
    tracker, salt = hexed(ballot["tracker"], 32, where), hexed(ballot["salt"], 16, where)
    must(isinstance(ballot["events"], list) and ballot["events"], f"{where}: was never cast")
    for sequence, (place, blind) in enumerate(ballot["events"], 1):
        must(type(place) is int and place in unopened, f"{where}: its line of the log is none, or another ballot's")
        unopened.discard(place)
        leaf = log[place]
        must(leaf["question"] == ballot["question"], f"{where}: cast for another question")
        made = sha(b"\x00plateia handle\x00", hexed(blind, 16, where), tracker, sequence.to_bytes(4, "big"))
        must(made.hex() == leaf["handle"], f"{where}: the log says another tracker or sequence")
    content = {"answer": ballot["answer"], "consultation": consultation, "question": ballot["question"]}
    made = sha(b"\x00plateia ballot\x00", salt, canonical(content))
    must(made.hex() == leaf["commitment"], f"{where}: the answer is not the one that was cast last")


def check_papers(papers, log, manifest, asks):
    entered = sum(leaf["count"] for leaf in log if leaf["kind"] == "paper_batch")
    must(entered <= manifest["participations"], "more ballots on paper than people took part")
    if manifest["channels"] is not None:
        must(set(manifest["channels"]) <= {"app", "paper"}, "unknown channels")
        must(all(papers[key] == entered for key in asks), "other ballots on paper than the log's batches have")
        must(manifest["channels"].get("paper", 0) == entered, "the manifest counts other ballots on paper")
        must(sum(manifest["channels"].values()) == manifest["participations"], "the channels do not add up")


def check_counts(manifest, log, answers):
    people, eligible = manifest["participations"], manifest["eligible"]
    must(log[-1]["participations"] == people, "the close counts other participations than the manifest")
    for key, found in answers.items():
        must(len(found) == people, f"question {key}: {len(found)} ballots, but {people} people took part")
    codes = manifest["definition"]["eligibility"] == "code"
    must(not codes or people <= eligible, "more people took part than there were codes")
    closes = [manifest["definition"]["closes_at"], *(leaf["closes_at"] for leaf in log if leaf["kind"] == "extend")]
    must(log[-1]["closes_at"] == closes[-1], "closed at another time than was said last")


def count(manifest, answers):
    """The tally as it must be published."""
    found = []
    for question in manifest["definition"]["questions"]:
        given = [answer for answer in answers[question["key"]] if answer is not None]
        valid = [answer for answer in given if is_valid(question["ask"], answer)]
        everything = len(answers[question["key"]])
        warnings = ["few"] if 0 < len(valid) < 5 else []
        if valid and all(answer == valid[0] for answer in valid):
            warnings.append("unanimous")
        found.append(
            {
                "key": question["key"],
                "rule": question["rule"],
                "version": question["version"],
                "ballots": everything,
                "valid": len(valid),
                "blank": everything - len(given),
                "invalid": len(given) - len(valid),
                "result": recount(question["ask"], valid),
                "warnings": warnings,
            }
        )
    return {"consultation": manifest["consultation"], "questions": found, "v": 1}


def check_receipt(receipt, content, manifest, log):
    """That the receipt's answers are counted, that nobody changed them since, and that they are what was answered."""
    must(receipt["consultation"] == manifest["consultation"], "the receipt is of another consultation")
    ballots = {}
    for line in lines(content, "ballots.jsonl"):
        ballot = json.loads(line)
        ballots[ballot["question"], ballot["tracker"]] = ballot
    for mine in receipt["answers"]:
        ballot = ballots.get((mine["question"], mine["tracker"]))
        must(ballot is not None, f"receipt: no ballot for question {mine['question']}")
        where, sequence = f"receipt: question {mine['question']}", len(ballot["events"])
        must(sequence >= mine["sequence"], f"{where}: an older state")
        must(sequence == mine["sequence"], f"{where}: changed after this receipt; if you did not, somebody else did")
        must(log[ballot["events"][-1][0]]["commitment"] == mine["commitment"], f"{where}: another answer")
        must(mine.get("salt", ballot["salt"]) == ballot["salt"], f"{where}: another salt")
        if "answer" in mine:
            ask = next(each["ask"] for each in manifest["definition"]["questions"] if each["key"] == mine["question"])
            must(spelled(ask, mine["answer"]) == spelled(ask, ballot["answer"]), f"{where}: not what you answered")


def spelled(ask, answer):
    """An answer in one spelling: only a ranking has an order."""
    return canonical(sorted(answer) if isinstance(answer, list) and ask["kind"] != "ranking" else answer)


def check_key(manifest, key):
    public = hexed(manifest["public_key"], 32, "manifest.json: key")
    must(key is None or hmac.compare_digest(key.lower(), manifest["public_key"]), "signed with another key than --key")
    return public


def verify(files, key=None, heads=(), receipts=()):
    """Check the files of a bundle, bytes by name; what was found, for people. Raises Wrong."""
    for name in FILES:
        must(name in files, f"{name}: missing")
    try:
        manifest = check_manifest(files)
        public = check_key(manifest, key)
        log, roots = check_log(files["log.jsonl"], manifest)
        check_heads(files["heads.jsonl"], manifest, roots, public)
        for number, note in enumerate(heads, 1):
            check_kept(note, files["heads.jsonl"], manifest, roots, public, f"kept head {number}")
        answers = check_ballots(files["ballots.jsonl"], manifest, log)
        check_counts(manifest, log, answers)
        must(canonical(count(manifest, answers)) + b"\n" == files["tally.json"], "tally.json: another result")
        for receipt in receipts:
            check_receipt(receipt, files["ballots.jsonl"], manifest, log)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise Wrong(f"a field is missing or of another kind ({error!r})") from error
    ballots = sum(len(found) for found in answers.values())
    found = f"{manifest['consultation']}: {manifest['participations']} took part, {ballots} ballots, {len(log)} lines"
    return f"{found}: OK{warning_of(manifest)}"


def warning_of(manifest):
    """What readers should ask about: the number of those who may take part is only what somebody said beforehand."""
    may, did = manifest["eligible"], manifest["participations"]
    return (
        ""
        if may is None or did <= may
        else f"\nWARNING: {did} took part, but at the opening it was said that {may} may"
    )


def files_of(path):
    """The files of a bundle by name, from a folder or a zip."""
    if path.is_dir():
        return {name: (path / name).read_bytes() for name in FILES if (path / name).is_file()}
    with zipfile.ZipFile(path) as bundle:
        return {name: bundle.read(name) for name in (*FILES, PROGRAM) if name in bundle.namelist()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--head", type=Path, action="append", default=[])
    parser.add_argument("--receipt", type=Path, action="append", default=[])
    parser.add_argument("--key")
    given = parser.parse_args()
    heads = [path.read_text(encoding="utf-8") for path in given.head]
    receipts = [json.loads(path.read_text(encoding="utf-8")) for path in given.receipt]
    try:
        print(verify(files_of(given.bundle), given.key, heads, receipts))
    except (Wrong, OSError, zipfile.BadZipFile) as error:
        print(f"NOT IN ORDER: {error}", file=sys.stderr)
        return 1
    if given.key is None:
        print("The key was taken from the bundle; compare it with the one published at the opening.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
