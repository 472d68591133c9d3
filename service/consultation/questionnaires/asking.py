"""What can be asked, and what is an answer: one table of the kinds of questions. No database."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from service.errors import Problem
from service.text import N_

TEXT, ONE, SEVERAL, SCALE, NUMBER, DATE, YES_NO = "text", "one", "several", "scale", "number", "date", "yes_no"
OTHER = "other"
ROLE = "@role"
"""In place of a question's key: what is written is the role of who answers for a body."""
KEY = re.compile(r"[a-z][a-z0-9_]{0,31}")
MOST_QUESTIONS, MOST_OPTIONS, LONGEST = 100, 50, 5000
WIDEST_SCALE = 20
LARGEST = 10**12
BLANK: Sequence[Any] = (None, "", [])


class QuestionnaireNotValid(Problem):
    """It cannot be asked so. `question` is the key of the question, where it is one; `reason` a stable word."""

    status, code, message = 422, "questionnaire_not_valid", N_("This questionnaire cannot be held as it is described.")


class ResponseNotValid(Problem):
    """An answer is none that its question takes; `question` is its key, `reason` a stable word."""

    status, code, message = 422, "response_not_valid", N_("Please look at this answer once more.")


class NotAnAnswer(Exception):
    """The reason, in a stable word."""


@dataclass(frozen=True)
class Question:
    """One question as answers are checked by it. `least` and `most`: how many of several, or the ends of a scale or of
    a number; `earliest` and `latest` are dates (ISO 8601).
    """

    key: str
    kind: str
    required: bool
    options: tuple[str, ...]
    least: int | None
    most: int | None
    longest: int
    decimals: int
    earliest: str | None
    latest: str | None


@dataclass(frozen=True)
class Given:
    """Answers as they are kept: what was chosen (true where something was written), and what was written."""

    chosen: Mapping[str, Any]
    written: Mapping[str, str]

    def by(self, role: str) -> "Given":
        """The same, answered for a body by somebody of this role."""
        return Given(self.chosen, {**self.written, ROLE: role})


def questions_in(sections: Sequence[Mapping[str, Any]]) -> dict[str, Question]:
    """The questions of all sections by key, in their order."""
    return {one["key"]: question_of(one) for section in sections for one in section["questions"]}


def question_of(one: Mapping[str, Any]) -> Question:
    """A question of the JSON that is kept."""
    keys = tuple(option["key"] for option in one["options"]) + ((OTHER,) if one["other"] else ())
    same = {name: one[name] for name in ("key", "kind", "required", "least", "most", "longest", "decimals")}
    return Question(**same, options=keys, earliest=one["earliest"], latest=one["latest"])


def check_sections(sections: Sequence[Mapping[str, Any]]) -> None:
    """Raises QuestionnaireNotValid."""
    asked = [one for section in sections for one in section["questions"]]
    keys = [one["key"] for one in asked]
    if not 1 <= len(keys) <= MOST_QUESTIONS or len(set(keys)) != len(keys):
        raise QuestionnaireNotValid(question=None, reason="questions")
    for question in map(question_of, asked):
        reason = fault_of(question)
        if reason:
            raise QuestionnaireNotValid(question=question.key, reason=reason)


def fault_of(question: Question) -> str | None:
    """Why this cannot be asked, in a stable word."""
    if not KEY.fullmatch(question.key) or not all(map(KEY.fullmatch, question.options)):
        return "key"
    chooses = question.kind in (ONE, SEVERAL)
    if len(set(question.options)) != len(question.options) or (len(question.options) >= 2) != chooses:
        return "options"
    return bounds_fault(question)


def bounds_fault(question: Question) -> str | None:
    least, most = question.least, question.most
    if question.kind == SCALE and (least is None or most is None or not 1 <= most - least < WIDEST_SCALE):
        return "bounds"
    if question.kind not in (SCALE, NUMBER, SEVERAL) and (least, most) != (None, None):
        return "bounds"
    if least is not None and most is not None and least > most:
        return "bounds"
    if question.kind == SEVERAL and not 0 <= (least or 0) <= (most or len(question.options)) <= len(question.options):
        return "bounds"
    dated = question.earliest or question.latest
    if dated and (question.kind != DATE or (question.earliest or "0") > (question.latest or "9")):
        return "bounds"
    return None


def languages_missing(texts: Sequence[Mapping[str, str] | None], languages: Sequence[str]) -> bool:
    """Whether any of the texts that there are lacks one of these languages."""
    return any(text and not set(languages) <= text.keys() for text in texts)


def texts_of(question: Mapping[str, Any]) -> list[Mapping[str, str] | None]:
    """Everything that a question says to people."""
    ends = [question["least_text"], question["most_text"]]
    return [question["text"], question["note"], *ends, *(option["text"] for option in question["options"])]


def check_answers(questions: Mapping[str, Question], answers: Mapping[str, Any], others: Mapping[str, str]) -> Given:
    """All answers; what is left out or null is a blank one. `others` are the words beside `other`.

    Raises ResponseNotValid.
    """
    unknown = (answers.keys() | others.keys()) - questions.keys()
    if unknown:
        raise ResponseNotValid(question=min(unknown)[:32], reason="unknown_question")
    chosen: dict[str, Any] = {}
    written: dict[str, str] = {}
    for key, question in questions.items():
        try:
            answer_one(question, answers.get(key), others.get(key), chosen, written)
        except NotAnAnswer as refused:
            raise ResponseNotValid(question=key, reason=str(refused)) from None
    return Given(chosen, written)


def answer_one(
    question: Question, raw: Any, other: str | None, chosen: dict[str, Any], written: dict[str, str]
) -> None:
    """Add one answer to what is chosen and written. Raises NotAnAnswer."""
    if raw in BLANK:
        if question.required:
            raise NotAnAnswer("required")
        if other:
            raise NotAnAnswer("other")
        return
    value = READ[question.kind](question, raw)
    says_other = OTHER in question.options and (value == OTHER or (isinstance(value, list) and OTHER in value))
    if says_other != bool(other and other.strip()):
        raise NotAnAnswer("other")
    chosen[question.key] = True if question.kind == TEXT else value
    words = value if question.kind == TEXT else other
    if words:
        written[question.key] = within(words.strip(), question.longest)


def within(words: str, longest: int) -> str:
    if len(words) > longest:
        raise NotAnAnswer("too_long")
    return words


def read_text(question: Question, raw: Any) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise NotAnAnswer("text")
    return raw


def read_one(question: Question, raw: Any) -> str:
    if raw not in question.options:
        raise NotAnAnswer("option")
    return str(raw)


def read_several(question: Question, raw: Any) -> list[str]:
    """In the order of the options."""
    if not isinstance(raw, list) or not all(isinstance(one, str) and one in question.options for one in raw):
        raise NotAnAnswer("option")
    if len(set(raw)) != len(raw):
        raise NotAnAnswer("twice")
    if not (question.least or 0) <= len(raw) <= (question.most or len(question.options)):
        raise NotAnAnswer("how_many")
    return [key for key in question.options if key in raw]


def read_number(question: Question, raw: Any) -> int | float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw) or abs(raw) > LARGEST:
        raise NotAnAnswer("number")
    decimals = question.decimals if question.kind == NUMBER else 0
    if round(raw, decimals) != raw:
        raise NotAnAnswer("decimals")
    if (question.least is not None and raw < question.least) or (question.most is not None and raw > question.most):
        raise NotAnAnswer("bounds")
    return raw if decimals else int(raw)


def read_date(question: Question, raw: Any) -> str:
    try:
        read = date.fromisoformat(raw).isoformat()
    except (TypeError, ValueError):
        raise NotAnAnswer("date") from None
    if not (question.earliest or read) <= read <= (question.latest or read):
        raise NotAnAnswer("bounds")
    return read


def read_yes_no(question: Question, raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise NotAnAnswer("yes_no")
    return raw


READ: Mapping[str, Callable[[Question, Any], Any]] = {
    TEXT: read_text,
    ONE: read_one,
    SEVERAL: read_several,
    SCALE: read_number,
    NUMBER: read_number,
    DATE: read_date,
    YES_NO: read_yes_no,
}
"""Kind of question → the answer of what was sent; raises NotAnAnswer."""
