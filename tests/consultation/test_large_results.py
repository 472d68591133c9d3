"""The largest result that there can be: its files have an end, say what they leave out, and fit into little memory."""

import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from tempfile import TemporaryFile
from typing import Any

import orjson
import pytest

from service.consultation.drafting import MOST_TOGETHER
from service.consultation.models import Consultation
from service.consultation.results.content import Published
from service.consultation.results.files import write
from service.consultation.results.tabulating import MOST_COMPARED, TOO_MANY, Row, Table, table_of
from tests.consultation.scene import Office, described

STATISTICS: dict[str, Any] = {**dict.fromkeys(("participations", "eligible", "percent")), "tables": [], "names": {}}


def ranking(key: str, size: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A question with so many options, and what came of it."""
    keys = [f"o{number}" for number in range(size)]
    preferred = {a: {b: 1 for b in keys if b != a} for a in keys}
    result = {"winners": keys[:1], "order": [keys], "preferred": preferred, "doubled_borda": dict.fromkeys(keys, 2)}
    counted = {"key": key, "result": result, "warnings": [], **dict.fromkeys(("ballots", "valid"), 9)}
    return {"key": key, "text": {"en": key}, "options": {}}, counted | {"blank": 0, "invalid": 0}


def table(rankings: int) -> Table:
    questions, tallies = zip(*(ranking(f"q{number}", 60) for number in range(rankings)), strict=True)
    about = {"title": {"en": "Everything"}, "eligibility": "resident", "ends_with": "vote"}
    found = Consultation(questions=list(questions), tally={"questions": list(tallies)}, **about)
    return table_of(found, STATISTICS, "en", "en")


def published(table: Table) -> Published:
    return Published(table, (), (), "Here", "c", datetime(2026, 11, 1, tzinfo=UTC))


def test_very_many_comparisons_are_left_out_and_the_file_says_so() -> None:
    few, many = table(5), table(6)
    assert sum(row.measure == "preferred" for row in few.rows) == 5 * 60 * 59 <= MOST_COMPARED < 6 * 60 * 59
    left_out = [row for row in many.rows if row.measure == "preferred"]
    assert [(row.question, row.value, row.note) for row in left_out] == [(f"q{n}", None, TOO_MANY) for n in range(6)]
    assert [row for row in many.rows if row.measure != "preferred" and row.question < "q5"] == [
        row for row in few.rows if row.measure not in ("preferred",)
    ], "all else is there"
    assert TOO_MANY in many.columns["note"]
    target = BytesIO()
    write(published(many), "json", target)
    assert [orjson.loads(target.getvalue())["rows"][-1][name] for name in ("measure", "note")] == [
        "preferred",
        TOO_MANY,
    ]


@pytest.mark.parametrize("form", ["csv", "json", "ods"])
def test_a_large_table_is_written_row_by_row(form: str) -> None:
    rows = tuple(Row("question", "q", "Which? " * 40, str(n), f"Option {n}", "votes", n) for n in range(30_000))
    large = published(Table("Plan", "en", "person", rows))
    with TemporaryFile() as target:
        used = memory_of(lambda: write(large, form, target))
        length = target.seek(0, 2)
    assert length > 9_000_000 and used < length / 4


def memory_of(act: Callable[[], None]) -> int:
    """The most bytes that it had at once."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_all_questions_together_have_so_many_options_at_most(office: Office) -> None:
    questions = [
        {
            "key": f"q{number}",
            "text": {"en": "Which?"},
            "kind": "approval",
            "options": [{"key": f"o{place}", "text": {"en": "This"}} for place in range(200)],
        }
        for number in range(MOST_TOGETHER // 200 + 1)
    ]
    answer = office.ask("POST", "", json=described(questions=questions))
    assert (answer.status_code, answer.json["code"], answer.json["reason"]) == (
        422,
        "consultation_not_valid",
        "options",
    )
    assert office.ask("POST", "", json=described(questions=questions[1:])).status_code == 201
