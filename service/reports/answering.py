"""The category's own questions: what is a valid answer. The six datatypes are those of GeoReport v2."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from math import isfinite
from typing import Any

from service.errors import Problem
from service.reports.catalogue import Category
from service.text import N_

LONGEST_LINE, LONGEST_TEXT = 300, 4000
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


class AnswersNotValid(Problem):
    """Some answers are missing or do not fit; `errors` maps the question's code to what is wrong with its answer."""

    status, code, message = 422, "answers_not_valid", N_("Some answers are missing or not valid.")


def is_line(answer: Any, question: Mapping[str, Any]) -> bool:
    return isinstance(answer, str) and len(answer) <= LONGEST_LINE and not {"\n", "\0"} & set(answer)


def is_text(answer: Any, question: Mapping[str, Any]) -> bool:
    return isinstance(answer, str) and len(answer) <= LONGEST_TEXT and "\0" not in answer


def is_number(answer: Any, question: Mapping[str, Any]) -> bool:
    return isinstance(answer, int | float) and not isinstance(answer, bool) and isfinite(answer) and abs(answer) < 1e15


def is_datetime(answer: Any, question: Mapping[str, Any]) -> bool:
    if not isinstance(answer, str) or not RFC3339.fullmatch(answer):  # Python takes any character between the two
        return False
    try:
        return datetime.fromisoformat(answer).tzinfo is not None
    except ValueError:
        return False


def is_one_of(answer: Any, question: Mapping[str, Any]) -> bool:
    return isinstance(answer, str) and answer in {value["key"] for value in question["values"]}


def is_some_of(answer: Any, question: Mapping[str, Any]) -> bool:
    return (
        isinstance(answer, list) and all(is_one_of(one, question) for one in answer) and len(set(answer)) == len(answer)
    )


DATATYPES: Mapping[str, Callable[[Any, Mapping[str, Any]], bool]] = {
    "string": is_line,
    "text": is_text,
    "number": is_number,
    "datetime": is_datetime,
    "singlevaluelist": is_one_of,
    "multivaluelist": is_some_of,
}


def check_answers(category: Category, answers: Mapping[str, Any]) -> None:
    """Refuse answers that are missing, unknown or of the wrong kind. Raises AnswersNotValid."""
    errors: dict[str, str] = dict.fromkeys(answers, "unknown question")
    for question in category.questions:
        code = question["code"]
        errors.pop(code, None)
        answer = answers.get(code)
        if answer in (None, "", []):
            if question["required"]:
                errors[code] = "an answer is required"
        elif not DATATYPES[question["datatype"]](answer, question):
            errors[code] = f"not a valid {question['datatype']}"
    if errors:
        raise AnswersNotValid(errors=errors)
