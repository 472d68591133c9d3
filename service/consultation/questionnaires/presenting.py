"""Questionnaires as they are shown: in the language of whoever asks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from service.consultation.among import words_of
from service.consultation.models import Consultation
from service.consultation.questionnaires.asking import ONE, OTHER, ROLE, SEVERAL, TEXT, Given, Question, questions_in
from service.consultation.questionnaires.counting import NO, YES
from service.consultation.questionnaires.drafting import Described
from service.consultation.questionnaires.finding import (
    bodies_of,
    how_many,
    phase_of,
    responses_of_bodies,
    waiting_forms,
    written_by_bodies,
)
from service.consultation.questionnaires.models import (
    BODIES,
    EVERYONE,
    Questionnaire,
    QuestionnaireBody,
    QuestionnaireResponse,
)
from service.consultation.wording import ANYONE, CODE, CONTACT, INSTALLATION, LIMITS, PSEUDONYMOUS, RESIDENT, UNITS
from service.municipalities.directory import Municipality
from service.text import N_, pick, say

AUDIENCE: Mapping[str, str] = {
    EVERYONE: N_(
        "Your name is not shown with your answers, but the service knows which answers are yours. It shows results to "
        "nobody before the end, not even to those who run the questionnaire."
    ),
    BODIES: N_(
        "Only the bodies that are asked can answer. Their answers are shown with the name of the body and the role of "
        "who answered: to those who run the questionnaire at once, to everybody after the end."
    ),
}
"""Who answers → who sees what, and when."""
ELIGIBILITY: Mapping[str, str] = {
    ANYONE: N_("Everybody who uses the app may answer, once per account."),
    INSTALLATION: N_(
        "Everybody with a phone that has the app may answer, once per installation of the app. Who installs it again "
        "can answer again."
    ),
    CONTACT: N_(
        "Everybody with a confirmed e-mail address or number may answer, once per address or number. Who has several "
        "can answer several times."
    ),
    RESIDENT: N_("Everybody who was shown to live here may answer, once per person."),
    CODE: N_("Everybody who was given a code on paper may answer, once per code."),
}
"""Who may answer → what is said of it, with its unit of uniqueness."""
OWN_WORDS = N_("What you write is shown after the end, when a moderator has agreed: do not write your name there.")
SAID = {OTHER: N_("Something else"), YES: N_("Yes"), NO: N_("No")}
DATED = ("earliest", "latest")
READ = ("text", "note", "least_text", "most_text")


def described_from(body: Mapping[str, Any]) -> Described:
    """What staff sent, as the rules take it and as it is kept."""
    sections = [
        {"title": one["title"], "questions": [kept(question) for question in one["questions"]]}
        for one in body["sections"]
    ]
    return Described(**{name: body[name] for name in ("audience", "phase", "title", "text")}, sections=sections)


def kept(question: Mapping[str, Any]) -> dict[str, Any]:
    return {**question, **{name: question[name] and question[name].isoformat() for name in DATED}}


def state_of(found: Questionnaire) -> str:
    """How far it is: draft, fixed, closed (no answer is taken any more) or counted."""
    if found.counted_at is not None:
        return "counted"
    if found.closed_at is not None:
        return "closed"
    return "draft" if found.digest is None else "fixed"


def listed(municipality: Municipality, found: Questionnaire, spoken: str) -> dict[str, Any]:
    """One of a list."""
    return {
        "id": found.uid,
        "state": state_of(found),
        "audience": found.audience,
        "phase": found.phase,
        "title": pick(found.title, spoken, municipality.main_language),
    }


def shown(municipality: Municipality, found: Questionnaire, about: Consultation, spoken: str) -> dict[str, Any]:
    """The whole of it, with what one should know before answering."""
    main, phase = municipality.main_language, phase_of(found)
    everyone = found.audience == EVERYONE
    limits = (*(LIMITS[PSEUDONYMOUS] if everyone else ()), OWN_WORDS)
    return listed(municipality, found, spoken) | {
        "consultation": about.uid,
        "text": pick(found.text, spoken, main),
        "opens_at": phase and phase.opens_at,
        "closes_at": phase and phase.closes_at,
        "audience_words": say(spoken, AUDIENCE[found.audience]),
        "eligibility": about.eligibility if everyone else None,
        "eligibility_words": " ".join(who_may(about, spoken, main)) if everyone else None,
        "one_per": UNITS[about.eligibility] if everyone else "body",
        "limits": [say(spoken, words) for words in limits],
        "digest": (found.digest or b"").hex(),
        "sections": [section_out(section, spoken, main) for section in found.sections],
    }


def who_may(about: Consultation, spoken: str, main: str) -> Iterator[str]:
    """Who may answer, sentence by sentence."""
    yield say(spoken, ELIGIBILITY[about.eligibility])
    yield from words_of(about.among, spoken, main)


def section_out(section: Mapping[str, Any], spoken: str, main: str) -> dict[str, Any]:
    return {
        "title": section["title"] and pick(section["title"], spoken, main),
        "questions": [question_out(question, spoken, main) for question in section["questions"]],
    }


def question_out(question: Mapping[str, Any], spoken: str, main: str) -> dict[str, Any]:
    options = [{"key": one["key"], "text": pick(one["text"], spoken, main)} for one in question["options"]]
    other = [{"key": OTHER, "text": say(spoken, SAID[OTHER])}] if question["other"] else []
    read = {name: question[name] and pick(question[name], spoken, main) for name in READ}
    return {**question, **read, "options": [*options, *other]}


def asked(found: Questionnaire) -> Iterator[Mapping[str, Any]]:
    """Its questions as they are kept."""
    for section in found.sections:
        yield from section["questions"]


def label(question: Mapping[str, Any], option: str, spoken: str, main: str) -> str:
    """What an option says."""
    texts = {one["key"]: one["text"] for one in question["options"]}
    if option in texts:
        return pick(texts[option], spoken, main)
    return say(spoken, SAID[option]) if option in SAID else option


def given_out(
    questions: Mapping[str, Question], chosen: Mapping[str, Any], written: Mapping[str, str]
) -> dict[str, Any]:
    """Answers in the shape in which they are sent; null where words are not to be seen."""
    return {
        "answers": {key: written.get(key) if questions[key].kind == TEXT else value for key, value in chosen.items()},
        "others": {key: text for key, text in written.items() if questions[key].kind in (ONE, SEVERAL)},
    }


def same_out(questions: Mapping[str, Question], given: Given) -> dict[str, Any]:
    """Answers that were just written."""
    return {"answered": True, **given_out(questions, given.chosen, given.written)}


def body_out(
    questions: Mapping[str, Question],
    body: QuestionnaireBody,
    response: QuestionnaireResponse | None,
    written: Mapping[tuple[int, str], str],
) -> dict[str, Any]:
    """A body with what it answered."""
    named = {"id": body.uid, "name": body.name, "plan": body.plan, "plan_body": body.plan_body}
    if response is None:
        return named | {"answered": False, "role": None, "channel": None, "answers": {}, "others": {}}
    words = {key: written[response.id, key] for key in questions if (response.id, key) in written}
    how = {"answered": True, "role": written.get((response.id, ROLE)), "channel": response.channel}
    return named | how | given_out(questions, response.answers, words)


def bodies_out(municipality: Municipality, found: Questionnaire, all_words: bool) -> list[dict[str, Any]]:
    """The bodies with what they answered; unless `all_words`, only words that everybody may see."""
    responses, written = responses_of_bodies(found.id), written_by_bodies(municipality, found.id, all_words)
    questions = questions_in(found.sections)
    return [body_out(questions, body, responses.get(body.id), written) for body in bodies_of(found.id)]


def results_out(municipality: Municipality, found: Questionnaire, about: Consultation, spoken: str) -> dict[str, Any]:
    """The result, as it was counted when the phase was over."""
    facts, main = found.results or {}, municipality.main_language
    of_bodies = found.audience == BODIES
    questions = {question["key"]: question for question in asked(found)}
    return {
        "questionnaire": found.uid,
        "digest": (found.digest or b"").hex(),
        "closed_at": found.closed_at,
        "one_per": "body" if of_bodies else UNITS[about.eligibility],
        "eligible": None if of_bodies else about.eligible,
        "responses": facts["responses"],
        "channels": facts["channels"],
        "questions": [result_out(questions[one["key"]], one, spoken, main) for one in facts["questions"]],
        "bodies": bodies_out(municipality, found, False) if of_bodies else [],
    }


def result_out(question: Mapping[str, Any], result: Mapping[str, Any], spoken: str, main: str) -> dict[str, Any]:
    counts = [{**one, "text": label(question, one["option"], spoken, main)} for one in result["counts"]]
    return {**result, "counts": counts, "text": pick(question["text"], spoken, main)}


def staff_out(municipality: Municipality, found: Questionnaire, about: Consultation) -> dict[str, Any]:
    """A questionnaire as staff see it: of residents only how many answered."""
    described = {name: getattr(found, name) for name in ("audience", "phase", "title", "text", "sections")}
    addresses = {one.uid: one.email for one in bodies_of(found.id)}
    return {
        "id": found.uid,
        "consultation": about.uid,
        "state": state_of(found),
        "version": found.version,
        "draft": described,
        "digest": found.digest and found.digest.hex(),
        "responses": how_many(found.id),
        "forms": [form_out(one) for one in waiting_forms(found.id)],
        "bodies": [{**body, "email": addresses[body["id"]]} for body in bodies_out(municipality, found, True)],
    }


def form_out(response: QuestionnaireResponse) -> dict[str, Any]:
    """A form on paper, without whose it is and what it says."""
    return {"id": response.uid, "channel": response.channel, "confirmed": not response.held}


def open_answers_out(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """What people wrote, as everybody may see it."""
    return [{name: getattr(row, name) for name in ("question", "text", "body")} | {"id": row.uid} for row in rows]
