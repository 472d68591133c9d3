"""What can be asked, what is an answer, and how answers are counted: without a database."""

from typing import Any

import pytest

from service.consultation.questionnaires.asking import (
    Given,
    QuestionnaireNotValid,
    ResponseNotValid,
    check_answers,
    check_sections,
    questions_in,
)
from service.consultation.questionnaires.counting import counted, quarters, suppressed
from service.consultation.questionnaires.presenting import described_from
from service.consultation.questionnaires.staff_schemas import QuestionnaireIn
from tests.consultation.questioning import ANSWERS, QUESTIONS, asked, described, options


def sections(*questions: dict[str, Any]) -> Any:
    """Questions as they are kept."""
    body = described(sections=[{"questions": list(questions)}])
    return described_from(QuestionnaireIn().load(body)).sections


def answered(question: dict[str, Any], value: Any, other: str | None = None) -> Given:
    return check_answers(questions_in(sections(question)), {"q": value}, {"q": other} if other else {})


@pytest.mark.parametrize(
    ("questions", "reason"),
    [
        ([asked("a", "text"), asked("a", "text")], "questions"),
        ([asked("a", "one", options=options("x"))], "options"),
        ([asked("a", "one", options=options("x", "x"))], "options"),
        ([asked("a", "text", options=options("x", "y"))], "options"),
        ([asked("a", "scale", least=1)], "bounds"),
        ([asked("a", "scale", least=1, most=40)], "bounds"),
        ([asked("a", "number", least=2, most=1)], "bounds"),
        ([asked("a", "text", most=1)], "bounds"),
        ([asked("a", "several", options=options("x", "y"), most=3)], "bounds"),
        ([asked("a", "date", earliest="2026-02-01", latest="2026-01-01")], "bounds"),
        ([asked("a", "yes_no", latest="2026-01-01")], "bounds"),
    ],
)
def test_what_cannot_be_asked(questions: list[dict[str, Any]], reason: str) -> None:
    with pytest.raises(QuestionnaireNotValid) as refused:
        check_sections(sections(*questions))
    assert refused.value.details["reason"] == reason


def test_everything_that_the_kinds_offer_can_be_asked_and_answered() -> None:
    check_sections(sections(*QUESTIONS))
    given = check_answers(questions_in(sections(*QUESTIONS)), ANSWERS, {})
    assert given.chosen == ANSWERS | {"more": True, "uses": ["play", "rest"]} and given.written == {"more": "Benches"}


ONE = asked("q", "one", options=options("x", "y"), other=True)
SEVERAL = asked("q", "several", options=options("x", "y", "z"), least=2, most=2)


@pytest.mark.parametrize(
    ("question", "value", "other", "reason"),
    [
        (asked("q", "text", required=True), "", None, "required"),
        (asked("q", "text"), " ", None, "text"),
        (asked("q", "text"), 7, None, "text"),
        (asked("q", "text", longest=3), "long", None, "too_long"),
        (asked("q", "text"), "a", "b", "other"),
        (ONE, "z", None, "option"),
        (ONE, ["x"], None, "option"),
        (ONE, "other", None, "other"),
        (ONE, "other", " ", "other"),
        (ONE, "x", "more", "other"),
        (ONE, None, "more", "other"),
        (SEVERAL, "x", None, "option"),
        (SEVERAL, ["x", 1], None, "option"),
        (SEVERAL, ["x", "x"], None, "twice"),
        (SEVERAL, ["x"], None, "how_many"),
        (asked("q", "scale", least=1, most=5), 6, None, "bounds"),
        (asked("q", "scale", least=1, most=5), True, None, "number"),
        (asked("q", "scale", least=1, most=5), 1.5, None, "decimals"),
        (asked("q", "number", least=0, decimals=1), -1, None, "bounds"),
        (asked("q", "number", decimals=1), 1.25, None, "decimals"),
        (asked("q", "number"), 1e300, None, "number"),
        (asked("q", "date", earliest="2026-01-01"), "2025-12-31", None, "bounds"),
        (asked("q", "date"), "2026-02-30", None, "date"),
        (asked("q", "date"), 7, None, "date"),
        (asked("q", "yes_no"), "yes", None, "yes_no"),
    ],
)
def test_what_is_no_answer(question: dict[str, Any], value: Any, other: str | None, reason: str) -> None:
    with pytest.raises(ResponseNotValid) as refused:
        answered(question, value, other)
    assert refused.value.details == {"question": "q", "reason": reason}


def test_answers_as_they_are_kept() -> None:
    assert answered(ONE, "other", " sails ") == Given({"q": "other"}, {"q": "sails"})
    assert answered(asked("q", "number", decimals=1), 1.5).chosen == {"q": 1.5}
    assert answered(asked("q", "number"), 2.0).chosen == {"q": 2}
    assert answered(SEVERAL, []) == Given({}, {})
    with pytest.raises(ResponseNotValid):
        check_answers(questions_in(sections(ONE)), {"none": 1}, {})


def test_counts_and_small_numbers() -> None:
    questions = questions_in(sections(*QUESTIONS))
    everybody = check_answers(questions, ANSWERS, {}).chosen
    few = [("app", everybody)] * 5 + [("form", {"again": False, "often": 1})] * 4
    result = counted(questions, few, of_bodies=False)
    assert (result["responses"], result["channels"]) == (9, None)
    by_key = {one["key"]: one for one in result["questions"]}
    assert [one["count"] for one in by_key["often"]["counts"]] == [4, 0, 0, 5, 0]
    assert by_key["often"]["quarters"] == [1, 4, 4] and by_key["since"]["quarters"] == ["2020-05-01"] * 3
    assert [one["count"] for one in by_key["again"]["counts"]] == [5, 4] and by_key["again"]["by_channel"] is None
    assert (by_key["more"]["answered"], by_key["more"]["blank"], by_key["more"]["counts"]) == (5, 4, [])
    assert quarters([1, 2, 3, 4]) is None and quarters([5, 4, 3, 2, 1]) == [2, 3, 4]
    table = {"app": {"yes": 5, "no": 6}, "form": {"yes": 7, "no": 5}}
    assert suppressed(table) == table and suppressed(table | {"letter": {"yes": 9, "no": 4}}) is None


@pytest.mark.parametrize("answers", [[("app", {"q": "x"})] * 5, []])
def test_nothing_of_bodies_is_broken_down(answers: Any) -> None:
    result = counted(questions_in(sections(ONE)), answers, of_bodies=True)
    assert result["channels"] is None and result["questions"][0]["by_channel"] is None
