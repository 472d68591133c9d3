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
from service.consultation.questionnaires.counting import counted, quarters
from service.consultation.questionnaires.exporting import cell
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


def told(question: dict[str, Any], *answers: tuple[int, str, Any]) -> Any:
    """The result of one question and its counts, of so many by a channel with this answer (None: blank)."""
    given = [
        (channel, {} if value is None else {"q": value}) for times, channel, value in answers for _ in range(times)
    ]
    [result] = counted(questions_in(sections(question)), given, of_bodies=False)["questions"]
    return result, [one["count"] for one in result["counts"]]


def test_of_fewer_than_five_nothing_is_told_but_how_many() -> None:
    result = counted(questions_in(sections(ONE)), [("app", {"q": "x"})] * 4, of_bodies=False)
    assert result == {"responses": 4, "channels": None, "questions": []}
    result = counted(questions_in(sections(ONE)), [("app", {"q": "x"})] * 5 + [("form", {})] * 4, of_bodies=False)
    assert (result["responses"], result["channels"]) == (9, None)


def test_small_counts_take_others_with_them() -> None:
    few, counts = told(
        asked("q", "scale", least=1, most=4), *((n, "app", point) for point, n in enumerate((9, 6, 2, 8), 1))
    )
    assert counts == [9, None, None, 8] and (few["answered"], few["blank"], few["quarters"]) == (25, 0, None)
    few, counts = told(asked("q", "yes_no"), (9, "app", True), (8, "app", False), (3, "app", None))
    assert counts == [9, None] and (few["answered"], few["blank"]) == (None, None)
    assert told(asked("q", "yes_no"), (9, "app", True), (9, "app", False))[1] == [9, 9]
    for blanks, said in ((3, None), (8, 8)):
        assert told(asked("q", "text"), (9, "app", True), (blanks, "app", None))[0]["blank"] == said


def test_an_option_of_several_tells_neither_of_few_who_chose_it_nor_of_few_who_did_not() -> None:
    several = asked("q", "several", options=options("x", "y", "z"))
    assert told(several, (7, "app", ["x"]), (6, "app", ["y", "z"]), (6, "app", ["z"]))[1] == [7, 6, 12]
    assert told(several, (7, "app", ["x"]), (9, "app", ["y"]), (2, "app", ["z"]))[1] == [None, 9, None]
    assert told(several, (9, "app", ["x"]), (9, "app", ["x", "y"]))[1] == [None, None, None]
    assert told(several, (9, "app", ["x", "z"]), (9, "form", ["y", "z"]), (9, "app", ["y"]))[0]["by_channel"] is None


def test_channels_are_told_wholly_or_not_with_their_blanks() -> None:
    both = [(6, "app", "x"), (5, "app", "y"), (5, "form", "x"), (7, "form", "y")]
    table = {"app": {"x": 6, "y": 5}, "form": {"x": 5, "y": 7}}
    question = asked("q", "one", options=options("x", "y"))
    assert told(question, *both)[0]["by_channel"] == table
    assert told(question, *both, (5, "app", None), (6, "form", None))[0]["by_channel"] == table
    result, counts = told(question, *both, (5, "app", None), (1, "form", None))
    assert counts == [11, 12] and result["blank"] == 6 and result["by_channel"] is None, "one blank form"


def test_what_is_measured_is_rounded_and_of_twenty() -> None:
    assert quarters([5, 4, 3, 2, 1]) == [2, 3, 4] and quarters([120]) == [120] * 3
    steps = [(1, "app", 1003 + 103 * place) for place in range(20)]
    number = asked("q", "number")
    assert told(number, *steps[1:])[0]["quarters"] is None
    assert told(number, *steps)[0]["quarters"] == [1400, 1900, 2400]
    assert told(number, *steps, (1, "app", None))[0]["quarters"] is None, "that there are twenty would tell of the one"
    assert told(number, *steps, (4, "app", None))[0]["quarters"] == [1400, 1900, 2400]
    assert told(asked("q", "number", decimals=2), (9, "app", -1.27), (9, "app", 0), (9, "app", 47))[0]["quarters"] == [
        *(-1.3, 0, 47),
    ]
    days = [(1, "app", f"19{place}-05-17") for place in range(60, 80)]
    assert told(asked("q", "date"), *days)[0]["quarters"] == ["1964", "1969", "1974"]
    points = [(5, "app", 1), (6, "app", 2), (7, "app", 3)]
    assert told(asked("q", "scale", least=1, most=3), *points)[0]["quarters"] == [1, 2, 3]


def test_bodies_are_told_to_the_digit() -> None:
    given = [("code", {"q": value}) for value in (3, 1, 2, 1234, 5)]
    [result] = counted(questions_in(sections(asked("q", "number"))), given, of_bodies=True)["questions"]
    assert (result["answered"], result["blank"], result["quarters"]) == (5, 0, [2, 3, 5])


def test_numbers_in_a_table_are_numbers() -> None:
    assert [cell(value) for value in (-5, 1.5, "-5", None)] == ["-5", "1.5", "'-5", ""]


@pytest.mark.parametrize("answers", [[("app", {"q": "x"})] * 5, []])
def test_nothing_of_bodies_is_broken_down(answers: Any) -> None:
    result = counted(questions_in(sections(ONE)), answers, of_bodies=True)
    assert result["channels"] is None and result["questions"][0]["by_channel"] is None
