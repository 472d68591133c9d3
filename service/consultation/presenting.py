"""Consultations as they are shown: in the language of whoever asks, with everything that one should know before."""

from collections.abc import Mapping, Sequence
from typing import Any

from service.consultation.among import words_of
from service.consultation.appending import origin_of
from service.consultation.ballots import KINDS
from service.consultation.casting import Receipt
from service.consultation.drafting import Draft
from service.consultation.models import DRAFT, Consultation, ConsultationPhase, PaperBatch
from service.consultation.subjects import MOST_ELEMENTS
from service.consultation.wording import ELIGIBILITY, GROUPS_KEPT, HIDDEN, LIMITS, SECRECY, UNITS
from service.db.types import AnyRow
from service.municipalities.directory import Municipality
from service.text import pick, say

SAME = ("title", "text", "about", "secrecy", "eligibility", "eligible", "eligible_source")
LIMITED = ("districts", "youngest", "oldest", "year")
ASKED = ("most", "highest", "budget", "fits")
NOT_VOTED_ON: Mapping[str, Any] = {"kind": None, "options": [], **dict.fromkeys(ASKED), "fits": False}


def kept(question: Mapping[str, Any]) -> dict[str, Any]:
    """A question as staff describe it → as it is kept: what is counted apart from what is only read."""
    return {
        "key": question["key"],
        "text": question["text"],
        "about": question["about"],
        "options": {option["key"]: option["text"] for option in question["options"]},
        "ask": ask_of(question) if question["kind"] else None,
    }


def ask_of(question: Mapping[str, Any]) -> dict[str, Any]:
    """What is counted of a question that is voted on."""
    return {
        "kind": question["kind"],
        "options": [{"key": option["key"], "cost": option["cost"]} for option in question["options"]],
        **{name: question[name] for name in ASKED},
    }


def described(question: Mapping[str, Any]) -> dict[str, Any]:
    """The way back."""
    ask = question["ask"] or NOT_VOTED_ON
    return {
        "key": question["key"],
        "text": question["text"],
        "about": question["about"],
        "kind": ask["kind"],
        "options": [
            {"key": each["key"], "text": question["options"][each["key"]], "cost": each["cost"]}
            for each in ask["options"]
        ],
        **{name: ask[name] for name in ASKED},
    }


def draft_from(body: Mapping[str, Any]) -> Draft:
    """What staff sent, as the rules take it."""
    phases = [(phase["kind"], phase["opens_at"], phase["closes_at"]) for phase in body["phases"]]
    return Draft(
        **{name: body[name] for name in SAME},
        among=body["among"],
        questions=[kept(question) for question in body["questions"]],
        phases=phases,
    )


def listed(municipality: Municipality, row: AnyRow, spoken: str) -> dict[str, Any]:
    """One of a list."""
    return {
        "id": row.uid,
        "state": row.state,
        "title": pick(row.title, spoken, municipality.main_language),
        "about": row.about,
        "opens_at": row.opens_at,
        "closes_at": row.closes_at,
    }


def shown(
    municipality: Municipality, found: Consultation, phases: Sequence[ConsultationPhase], spoken: str
) -> dict[str, Any]:
    """The whole of it."""
    main = municipality.main_language
    fixed = found.state != DRAFT
    return {
        "id": found.uid,
        "state": found.state,
        "title": pick(found.title, spoken, main),
        "text": pick(found.text, spoken, main),
        "about": found.about,
        "subjects": [subject_out(one, spoken, main) for one in (found.definition or {}).get("subjects", ())],
        "phases": [phase_out(phase) for phase in phases],
        "extensions": [{**each, "reason": pick(each["reason"], spoken, main)} for each in found.extensions],
        "eligibility": found.eligibility,
        "eligibility_words": " ".join(
            [say(spoken, ELIGIBILITY[found.eligibility]), *words_of(found.among, spoken, main)]
        ),
        "among": among_out(found),
        "one_per": UNITS[found.eligibility],
        "eligible": found.eligible,
        "eligible_source": pick(found.eligible_source, spoken, main) if found.eligible_source else None,
        "secrecy": found.secrecy,
        "secrecy_words": say(spoken, SECRECY[found.secrecy]),
        "limits": [
            say(spoken, words) for words in (*LIMITS[found.secrecy], *[GROUPS_KEPT] * bool(found.among), HIDDEN)
        ],
        "questions": [question_out(question, spoken, main) for question in found.questions],
        "public_key": found.public_key.hex() if found.public_key else None,
        "log": origin_of(municipality.slug, found.uid.hex) if fixed else None,
    }


def subject_out(subject: Mapping[str, Any], spoken: str, main: str) -> dict[str, Any]:
    """What was frozen of something that it is about."""
    inside = subject.get("elements", ())
    elements = elements_out(inside[:MOST_ELEMENTS], spoken, main)
    counted = {"count": len(inside), **subject}  # what was fixed before elements were counted has them all
    return counted | {"title": pick(subject["title"], spoken, main), "elements": elements}


def elements_out(elements: Sequence[Mapping[str, Any]], spoken: str, main: str) -> list[dict[str, Any]]:
    """Elements of a branch with their titles in one language."""
    return [{**one, "title": pick(one["title"], spoken, main)} for one in elements]


def among_out(found: Consultation) -> dict[str, Any] | None:
    """Which of the verified residents may take part; None where it is not about them."""
    return {name: found.among[name] for name in LIMITED} if found.among else None


def phase_out(phase: ConsultationPhase) -> dict[str, Any]:
    return {"kind": phase.kind, "opens_at": phase.opens_at, "closes_at": phase.closes_at}


def question_out(question: Mapping[str, Any], spoken: str, main: str) -> dict[str, Any]:
    found = described(question)
    kind = KINDS[found["kind"]] if found["kind"] else None
    options = [{**option, "text": pick(option["text"], spoken, main)} for option in found["options"]]
    return {
        **found,
        "text": pick(question["text"], spoken, main),
        "options": options,
        "valid": say(spoken, kind.valid_words) if kind else None,
        "counted": say(spoken, kind.count_words) if kind else None,
        "rule": kind.rule if kind else None,
        "rule_version": kind.version if kind else None,
    }


def receipt_out(found: Receipt) -> dict[str, Any]:
    """What the phone keeps."""
    return {
        "consultation": found.consultation,
        "sequence": found.sequence,
        "answers": [
            {
                "question": question,
                "tracker": tracker.hex(),
                "sequence": sequence,
                "salt": salt.hex(),
                "commitment": committed.hex(),
            }
            for question, tracker, sequence, salt, committed in found.answers
        ],
    }


def results_out(found: Consultation) -> dict[str, Any]:
    """The result, as it was counted when the vote was over."""
    facts = found.tally or {}
    return {
        "consultation": found.uid.hex,
        "participations": facts["participations"],
        "eligible": found.eligible,
        "one_per": UNITS[found.eligibility],
        "channels": facts["channels"],
        "closed_at": found.closed_at,
        "bundle_digest": (found.bundle_digest or b"").hex(),
        "questions": facts["questions"],
        "conversation": facts.get("conversation"),
    }


def staff_out(
    found: Consultation,
    phases: Sequence[ConsultationPhase],
    taken: Mapping[str, int],
    batches: Sequence[PaperBatch],
) -> dict[str, Any]:
    """A consultation as staff see it."""
    same = {name: getattr(found, name) for name in SAME} | {"among": among_out(found)}
    questions = [described(question) for question in found.questions]
    return {
        "id": found.uid,
        "state": found.state,
        "version": found.version,
        "draft": {**same, "questions": questions, "phases": [phase_out(phase) for phase in phases]},
        "participations": taken,
        "paper_batches": [batch_out(batch) for batch in batches],
        "observers": found.observers,
    }


def batch_out(batch: PaperBatch) -> dict[str, Any]:
    """A batch of ballots on paper, without who and what."""
    return {
        "id": batch.uid,
        "station": batch.station,
        "count": batch.count,
        "scan_digest": batch.scan_digest.hex() if batch.scan_digest else None,
        "created_at": batch.created_at,
        "confirmed_at": batch.confirmed_at,
    }
