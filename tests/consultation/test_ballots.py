"""What every kind of ballot promises: order never matters, what is not valid never counts, votes never harm."""

import csv
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.consultation import verify_consultation as auditor
from service.consultation.ballots import KINDS, answer_of, check_question, tally
from service.consultation.ballots.asking import AnswerNotValid, Option, Question, QuestionNotValid, votes_of
from service.consultation.ballots.budget import greedy
from tests.consultation.bundles import QUESTIONS, ask_of, some_answer
from tests.consultation.test_large_results import memory_of

OPTIONS = [Option("a", 60), Option("b", 50), Option("c", 40), Option("d", 30)]


@st.composite
def asked(draw: st.DrawFn) -> tuple[Question, list[Any]]:
    """A question of any kind, and answers of which some are blank and some are none."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    question = QUESTIONS[kind]
    if kind == "budget":
        question = replace(
            question, options=tuple(OPTIONS), budget=draw(st.integers(60, 180)), fits=draw(st.booleans())
        )
    return question, draw(st.lists(st.one_of(valid(question), st.none(), rubbish()), max_size=12))


def valid(question: Question) -> st.SearchStrategy[Any]:
    if question.kind == "stance":
        return st.sampled_from(["for", "against", "neutral"])
    if question.kind == "score":
        return st.dictionaries(st.sampled_from(question.keys), st.integers(0, 5), min_size=1)
    most = question.most or len(question.options)
    return st.lists(st.sampled_from(question.keys), min_size=1, max_size=most, unique=True)


def rubbish() -> st.SearchStrategy[Any]:
    return st.one_of(
        st.sampled_from(["FOR", "fοr", "", 1, 1.0, True, [], {}, ["a", "a"], ["z"], [1], ["а"], {"a": 6}, {"a": True}]),
        st.text(max_size=3),
        st.dictionaries(st.text(max_size=2), st.one_of(st.integers(-1, 9), st.floats()), max_size=2),
    )


@settings(max_examples=150, deadline=None)
@given(asked(), st.randoms(use_true_random=False))
def test_order_never_matters_and_what_is_not_valid_never_counts(found: tuple[Question, list[Any]], chance: Any) -> None:
    question, answers = found
    counted = tally(question, answers)
    mixed = list(answers)
    chance.shuffle(mixed)
    assert tally(question, mixed) == counted
    good = [answer for answer in answers if is_valid(question, answer)]
    assert tally(question, good).result == counted.result
    assert counted.ballots == len(answers) == counted.valid + counted.blank + counted.invalid
    assert counted.blank == answers.count(None)
    as_read = [answer_of(question, answer) for answer in good]
    assert auditor.recount(ask_of(question), as_read) == counted.result, "the verifier counts by itself"
    assert all(auditor.is_valid(ask_of(question), answer) for answer in as_read)


@settings(max_examples=300, deadline=None)
@given(st.randoms(use_true_random=False))
def test_ties_of_equal_shares_are_broken_alike_by_both(chance: Any) -> None:
    """Few people and few prices: most elections have a tie."""
    options = tuple(Option(f"o{number}", chance.choice([4, 6, 6, 12, 12])) for number in range(chance.randint(3, 6)))
    question = Question("budget", options, budget=chance.choice([18, 24, 30, 36]))
    answers = [[key for key in question.keys if chance.random() < 0.5] for _ in range(chance.randint(2, 8))]
    answers = [answer for answer in answers if answer]
    assert KINDS["budget"].count(question, answers) == auditor.recount(ask_of(question), answers)


def is_valid(question: Question, answer: Any) -> bool:
    try:
        return answer_of(question, answer) is not None
    except AnswerNotValid:
        return False


@settings(max_examples=120, deadline=None)
@given(asked())
def test_a_ballot_for_a_winner_never_harms_it(found: tuple[Question, list[Any]]) -> None:
    question, answers = found
    before = tally(question, answers)
    for winner in winners_of(question, before.result):
        more = tally(question, [*answers, ballot_for(question, winner)])
        assert winner in winners_of(question, more.result)


def winners_of(question: Question, result: Any) -> list[str]:
    if question.kind == "stance":
        return [result["outcome"]] if result["outcome"] != "tie" else []
    return list(result["funded"] if question.kind == "budget" else result["winners"])


def ballot_for(question: Question, winner: str) -> Any:
    if question.kind == "stance":
        return winner
    return {winner: 1} if question.kind == "score" else [winner]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.permutations("abcd"), min_size=1, max_size=9), st.data())
def test_raising_the_winner_of_a_ranking_never_harms_it(answers: list[list[str]], data: st.DataObject) -> None:
    question = QUESTIONS["ranking"]
    winner = tally(question, answers).result["winners"][0]
    place = data.draw(st.integers(0, len(answers) - 1))
    raised = [winner, *(key for key in answers[place] if key != winner)]
    changed = [*answers[:place], raised, *answers[place + 1 :]]
    assert winner in tally(question, changed).result["winners"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_examples_words_and_a_version(kind: str) -> None:
    found = KINDS[kind]
    question, answers = found.examples
    check_question(question)
    counted = tally(question, answers)
    assert counted.valid == len(answers) and (counted.rule, counted.version) == (found.rule, found.version)
    assert auditor.RULES[kind] == (found.rule, found.version)
    assert found.valid_words and found.count_words


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_counted_one_after_the_other(kind: str) -> None:
    question, chance = QUESTIONS[kind], random.Random(1)
    used = memory_of(lambda: tally(question, (some_answer(question, chance) for _ in range(40_000))))
    assert used < 250_000, "so many references alone are 320,000 bytes"


def test_schulzes_own_example_gives_his_order() -> None:
    """Schulze 2011, example 1 of section 3: 45 voters, E wins before A, C, B and D."""
    rankings = {"acbed": 5, "adecb": 5, "bedac": 8, "cabed": 3, "caebd": 7, "cbade": 2, "dceba": 7, "ebadc": 8}
    question = Question("ranking", tuple(Option(key) for key in "abcde"))
    answers = [list(ranking) for ranking, number in rankings.items() for _ in range(number)]
    result = tally(question, answers).result
    assert result["winners"] == ["e"]
    assert result["order"] == [["e"], ["a"], ["c"], ["b"], ["d"]]


def test_results_say_what_a_reader_must_know() -> None:
    stance = QUESTIONS["stance"]
    assert tally(stance, ["for"] * 3).warnings == ("few", "unanimous")
    assert tally(stance, ["for"] * 9).warnings == ("unanimous",)
    assert tally(stance, [None] * 9).warnings == ()
    assert tally(stance, []).result["outcome"] == "tie"
    assert tally(QUESTIONS["ranking"], []).result["winners"] == []
    assert tally(QUESTIONS["score"], []).result["medians"] == {"a": None, "b": None}


def test_ties_for_the_last_place_are_shown_as_ties() -> None:
    question = QUESTIONS["priorities"]
    result = tally(question, [["a", "b"], ["a", "c"], ["a"]]).result
    assert (result["winners"], result["tied"]) == (["a"], ["b", "c"])
    result = tally(question, [["a", "b"], ["a"]]).result
    assert (result["winners"], result["tied"]) == (["a", "b"], [])


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        (Question("lottery"), "kind"),
        (Question("stance", (Option("a"),)), "options"),
        (Question("approval", (Option("a"),)), "options"),
        (Question("approval", (Option("a"), Option("a"))), "keys"),
        (Question("approval", (Option("a"), Option("Ä"))), "keys"),
        (Question("approval", (Option("a"), Option("b")), most=3), "most"),
        (Question("priorities", (Option("a"), Option("b"))), "most"),
        (Question("score", (Option("a"),)), "highest"),
        (Question("score", (Option("a"),), highest=101), "highest"),
        (Question("budget", (Option("a", 5),)), "budget"),
        (Question("budget", (Option("a", 5),), budget=4), "cost"),
        (Question("budget", (Option("a"),), budget=4), "cost"),
        (Question("ranking", tuple(Option(f"o{n}") for n in range(61))), "options"),
    ],
)
def test_what_cannot_be_asked_is_refused(question: Question, reason: str) -> None:
    with pytest.raises(QuestionNotValid) as refused:
        check_question(question)
    assert refused.value.reason == reason


def test_a_choice_over_the_budget_or_the_number_is_refused() -> None:
    with pytest.raises(AnswerNotValid, match="over_budget"):
        answer_of(QUESTIONS["budget"], ["a", "b"])
    with pytest.raises(AnswerNotValid, match="too_many"):
        answer_of(QUESTIONS["priorities"], ["a", "b", "c"])
    for scores, reason in (([], "not_scores"), ({"z": 1}, "unknown_option"), ({"a": 101}, "out_of_range")):
        with pytest.raises(AnswerNotValid, match=reason):
            answer_of(QUESTIONS["score"], scores)


@pytest.mark.parametrize("name", ["Rembertow", "Bielany", "Bemowo"])
def test_warsaws_budgets_recount_to_their_published_result(name: str, shared_data: Path) -> None:
    question, answers, votes, selected = pabulib(shared_data / "plans" / "pabulib" / f"Poland_Warszawa_2024_{name}.pb")
    assert votes_of(question, [answer_of(question, answer) for answer in answers]) == votes
    assert set(greedy(question, votes)) == selected
    counted = tally(question, answers).result
    assert set(counted["funded"]) == selected
    assert counted == auditor.recount(ask_of(question), answers), "equal shares are those of the verifier"


def pabulib(path: Path) -> tuple[Question, list[list[str]], dict[str, int], set[str]]:
    parts = dict(sections(path))
    meta = dict(parts["META"][1:])
    projects = [dict(zip(parts["PROJECTS"][0], row, strict=True)) for row in parts["PROJECTS"][1:]]
    options = tuple(Option(project["project_id"], int(project["cost"])) for project in projects)
    at = parts["VOTES"][0].index("vote")
    answers = [row[at].split(",") for row in parts["VOTES"][1:]]
    votes = {project["project_id"]: int(project["votes"]) for project in projects}
    selected = {project["project_id"] for project in projects if project["selected"] == "1"}
    question = Question("budget", options, most=int(meta["max_length"]), budget=int(meta["budget"]))
    check_question(question)
    return question, answers, votes, selected


def sections(path: Path) -> Iterator[tuple[str, list[list[str]]]]:
    rows: list[list[str]] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.reader(file, delimiter=";"):
            if row in (["META"], ["PROJECTS"], ["VOTES"]):
                rows = []
                yield row[0], rows
            elif row:
                rows.append(row)


def test_equal_shares_are_those_of_pabutools() -> None:
    """Kept answers: pabutools cannot be a dependency, it needs a package that is not free (decision 0026)."""
    kept = json.loads((Path(__file__).parent / "equal_shares.json").read_text())
    options = tuple(Option(key, cost) for key, cost in kept["costs"].items())
    for election in kept["elections"]:
        question = Question("budget", options, budget=election["budget"])
        result = tally(question, [list(answer) for answer in election["answers"]]).result
        assert result["equal_shares"]["funded"] == list(election["funded"]), election
