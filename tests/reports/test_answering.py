"""The category's own questions: six datatypes, required or not, and nothing that was not asked."""

from typing import Any

import pytest

from service.reports.answering import AnswersNotValid, check_answers
from service.reports.catalogue import Category
from tests.factories.municipalities import category

VALUES = [{"key": "red", "name": {"en": "Red"}}, {"key": "blue", "name": {"en": "Blue"}}]
GOOD: dict[str, list[Any]] = {
    "string": ["x", "x" * 300, "Ένα"],
    "text": ["x", "two\nlines", "x" * 4000],
    "number": [0, -1, 2.5, 999_999_999_999_999],
    "datetime": ["2026-11-21T09:30:00Z", "2026-11-21T11:30:00+02:00"],
    "singlevaluelist": ["red", "blue"],
    "multivaluelist": [["red"], ["red", "blue"]],
}
BAD: dict[str, list[Any]] = {
    "string": [1, ["x"], "x" * 301, "two\nlines", "null\0", True],
    "text": [1, "x" * 4001, "null\0", {}],
    "number": ["1", True, float("inf"), float("nan"), 1e15, [1]],
    "datetime": [
        "tomorrow",
        "2026-11-21",
        "2026-11-21T09:30:00",
        20261121,
        "2026-11-21\00009:30:00+00:00",
        "2026-11-21x09:30:00+00:00",
        "2026-11-21T25:30:00Z",
        "2026-11-21T09:30:00Z\n",
        "2026-W47-6T09:30:00Z",
    ],
    "singlevaluelist": ["green", ["red"], 1, "Red"],
    "multivaluelist": ["red", ["green"], ["red", "red"], [1], [["red"]]],
}


def asking(datatype: str, required: bool = False) -> Category:
    question = {"code": "q", "datatype": datatype, "required": required, "values": VALUES}
    return Category(id=1, active=True, **category("any") | {"questions": (question,)})


@pytest.mark.parametrize("datatype", list(GOOD))
def test_each_datatype_takes_its_answers_and_no_others(datatype: str) -> None:
    for answer in GOOD[datatype]:
        check_answers(asking(datatype), {"q": answer})
    for answer in BAD[datatype]:
        with pytest.raises(AnswersNotValid) as refusal:
            check_answers(asking(datatype), {"q": answer})
        assert refusal.value.details == {"errors": {"q": f"not a valid {datatype}"}}, answer


@pytest.mark.parametrize("nothing", [{}, {"q": None}, {"q": ""}, {"q": []}])
@pytest.mark.parametrize("datatype", list(GOOD))
def test_only_a_required_question_must_be_answered(datatype: str, nothing: dict[str, Any]) -> None:
    check_answers(asking(datatype), nothing)
    with pytest.raises(AnswersNotValid) as refusal:
        check_answers(asking(datatype, required=True), nothing)
    assert refusal.value.details == {"errors": {"q": "an answer is required"}}


def test_all_that_is_wrong_is_said_at_once() -> None:
    questions = tuple(
        {"code": code, "datatype": "number", "required": required} for code, required in (("a", True), ("b", False))
    )
    several = Category(id=1, active=True, **category("any") | {"questions": questions})
    with pytest.raises(AnswersNotValid) as refusal:
        check_answers(several, {"b": "x", "c": 1})
    assert refusal.value.details["errors"] == {
        "a": "an answer is required",
        "b": "not a valid number",
        "c": "unknown question",
    }
