"""The result of a questionnaire as one table, with a dictionary of its columns."""

from collections.abc import Iterator, Mapping
from typing import Any

from service.consultation.conversation.reporting import BYTE_ORDER_MARK, as_text, written
from service.consultation.models import Consultation
from service.consultation.questionnaires.asking import OTHER
from service.consultation.questionnaires.counting import NO, YES
from service.consultation.questionnaires.finding import shown_all
from service.consultation.questionnaires.models import Questionnaire
from service.consultation.questionnaires.presenting import asked, label, results_out
from service.municipalities.directory import Municipality
from service.text import N_, pick
from service.text.cells import quoted

COLUMNS: Mapping[str, str] = {
    "row": N_("What the line says."),
    "question": N_("The key of the question."),
    "question_text": N_("The question."),
    "option": N_("The key of what was chosen; of a quarter which of the three."),
    "option_text": N_("What was chosen, in words."),
    "channel": N_("How the answers came; empty: all of them. Small numbers are not broken down."),
    "count": N_("How many; empty where it would say something of fewer than five people."),
    "body": N_("The body that answered."),
    "role": N_("The role of who answered for the body."),
    "answer": N_("The answer."),
}
"""Column → what stands in it."""
ROWS: Mapping[str, str] = {
    "responses": N_("How many took part."),
    "answered": N_("How many answered the question."),
    "blank": N_("How many left the question out."),
    "count": N_("How many chose the option."),
    "quarter": N_(
        "What at least a quarter, half or three quarters of all answers are at most; of numbers and days rounded."
    ),
    "body": N_("What a body answered."),
    "text": N_("What a resident wrote."),
}
"""What the column `row` can say → what the line is then."""


def as_csv(municipality: Municipality, found: Questionnaire, about: Consultation, spoken: str) -> Iterator[bytes]:
    """The result as CSV in UTF-8 with a byte order mark, in pieces; a spreadsheet takes no cell for a formula."""
    yield BYTE_ORDER_MARK + written([tuple(COLUMNS)])
    for line in lines(municipality, found, about, spoken):
        yield written([[cell(line.get(name)) for name in COLUMNS]])


def cell(value: Any) -> Any:
    """A number as it is, also one below nought; of all else a text that no spreadsheet takes for a formula."""
    return quoted(value if isinstance(value, int | float) else as_text(value))


def lines(
    municipality: Municipality, found: Questionnaire, about: Consultation, spoken: str
) -> Iterator[Mapping[str, Any]]:
    results = results_out(municipality, found, about, spoken)
    by_key = {one["key"]: one for one in asked(found)}
    yield {"row": "responses", "count": results["responses"]}
    for channel, number in (results["channels"] or {}).items():
        yield {"row": "responses", "channel": channel, "count": number}
    for result in results["questions"]:
        yield from lines_of(result)
    for body in results["bodies"]:
        yield from lines_of_body(body, by_key, spoken, municipality.main_language)
    for row in shown_all(municipality, found.id):
        if row.body is None:
            text = pick(by_key[row.question]["text"], spoken, municipality.main_language)
            yield {"row": "text", "question": row.question, "question_text": text, "answer": row.text}


def lines_of(result: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """One question, counted."""
    asked_for = {"question": result["key"], "question_text": result["text"]}
    for name in ("answered", "blank"):
        yield asked_for | {"row": name, "count": result[name]}
    texts = {one["option"]: one["text"] for one in result["counts"]}
    tables = {"": {one["option"]: one["count"] for one in result["counts"]}} | (result["by_channel"] or {})
    for channel, table in tables.items():
        for option, number in table.items():
            chosen = {"option": option, "option_text": texts[option], "channel": channel, "count": number}
            yield asked_for | chosen | {"row": "count"}
    for place, value in enumerate(result["quarters"] or [], 1):
        yield asked_for | {"row": "quarter", "option": place, "answer": value}


def lines_of_body(
    body: Mapping[str, Any], by_key: Mapping[str, Mapping[str, Any]], spoken: str, main: str
) -> Iterator[Mapping[str, Any]]:
    """What one body answered, a line for each choice and each text."""
    who = {"row": "body", "body": body["name"], "role": body["role"]}
    for key, value in body["answers"].items():
        question = by_key[key]
        about = who | {"question": key, "question_text": pick(question["text"], spoken, main)}
        for one in value if isinstance(value, list) else [value]:
            if not question["options"]:
                yield about | {"answer": (YES if one else NO) if isinstance(one, bool) else one}
                continue
            chosen = {"option": one, "option_text": label(question, one, spoken, main)}
            yield about | chosen | {"answer": body["others"].get(key) if one == OTHER else None}
