"""Tables as CSV: Barcelona's 1,467 actions by a mapping, our own columns there and back, and what is refused."""

from dataclasses import replace
from decimal import Decimal
from io import BytesIO

import pytest

from service.plans.document import Action, Element, Level, Plan, walk
from service.plans.files.csv_tables import read_csv, write_csv
from service.plans.files.refusing import PlanFileRefused
from service.plans.values import Body, MoneyLine, Period, StatedDate
from tests.plan_files.books import EMPTY

BARCELONA = {
    "number": "ID",
    "title": "Títol",
    "description": "Descripció",
    "location": "Districte",
    "html": ["description"],
    "levels": [{"column": "Categoria", "key": "category"}, {"column": "Subcategoria", "key": "subcategory"}],
}
PAM = Plan("pam", "municipal_development", {"ca": "Pla d'Actuació Municipal 2016-2019"}, "ca")


def through(tmp_path, plan, language="el", into=None):
    """The plan written as CSV and read into another one."""
    with (tmp_path / "plan.csv").open("wb") as target:
        write_csv(plan, target, language)
    return read_csv(tmp_path / "plan.csv", plan if into is None else into, language)


def refusal(tmp_path, content, **options):
    (tmp_path / "plan.csv").write_bytes(content)
    with pytest.raises(PlanFileRefused) as refused:
        read_csv(tmp_path / "plan.csv", EMPTY, "el", **options)
    return refused.value.details["reason"]


def test_barcelonas_plan_comes_in_through_a_mapping_and_goes_out_without_loss(shared_data, tmp_path):
    path = shared_data / "plans/barcelona_pam/action_plans.csv"
    plan, report = read_csv(path, PAM, "ca", BARCELONA)
    actions = [element for element, _ in walk(plan.elements) if element.action]
    assert (report.rows, report.left_out, len(actions)) == (1467, 0, 1467)
    assert report.counts == {"unknown_column": 6}
    assert [level.key for level in plan.levels] == ["category", "subcategory", "action"]
    assert sum(not action.action.location for action in actions) == 361
    first = next(action for action in actions if action.number == "3359")
    assert first.title == {"ca": "Millorar els camins escolars"} and "<" not in first.description["ca"]
    again, found = through(tmp_path, plan, "ca")
    assert again == plan and found.counts == {}


def everything():
    action = Action(
        type="other",
        type_stated="Γιορτή",
        continuity="continuing",
        priority="C",
        status="in_progress",
        responsible=("works",),
        location={"el": "Πλατεία"},
        when=Period(StatedDate("2024-03"), StatedDate("2025")),
    )
    money = (
        MoneyLine("budgeted", 100050, "EUR", 2024),
        MoneyLine("budgeted", 26427576, "LTL", 2025, stated="264.275,76 Lt"),
        MoneyLine("total", 5, "BGN"),
        MoneyLine("paid", 7, "EUR", 2024),
    )
    leaf = Element("a-1", "action", {"el": "=2+2", "en": "Four"}, number="1", action=action, money=money)
    axis = Element("axis", "axis", {"el": "'+Άξονας"}, number="1.", children=(leaf,))
    levels = (Level("axis", {"el": "Άξονας"}), Level("action", {"el": "Δράση"}, leaf=True))
    bodies = (Body("works", {"el": "Τεχνική Υπηρεσία"}, "department"),)
    return replace(EMPTY, levels=levels, elements=(axis,), bodies=bodies)


def test_our_own_columns_hold_an_action_without_loss(tmp_path):
    plan = everything()
    assert through(tmp_path, plan)[0] == plan
    text = (tmp_path / "plan.csv").read_text("utf-8-sig")
    assert "'=2+2" in text and "''+Άξονας" in text and ",=2" not in text
    alone, report = through(tmp_path, plan, into=replace(plan, elements=(), bodies=()))
    found, there = alone.elements[0].children[0], plan.elements[0].children[0]
    assert (found.key, found.title, found.money) == (there.key, {"el": "=2+2"}, there.money[:3])
    assert replace(found.action, responsible=()) == replace(there.action, responsible=())
    assert alone.bodies[0].name == plan.bodies[0].name and report.counts == {"unknown_type": 1}


def test_what_changes_in_a_text_loses_its_renderings_and_what_has_no_column_stays(tmp_path):
    plan = everything()
    (tmp_path / "few.csv").write_text("key;title;start\na-1;Άλλο;2024-04\n\n", "utf-8-sig")
    again, _ = read_csv(tmp_path / "few.csv", plan, "el")
    found, there = again.elements[0].children[0], plan.elements[0].children[0]
    assert found.title == {"el": "Άλλο"} and found.money == there.money
    assert found.action == replace(there.action, when=Period(StatedDate("2024-04"), StatedDate("2025")))


def test_several_sums_of_a_year_are_one_cell():
    lines = (MoneyLine("budgeted", 100, "EUR", 2024, source="a"), MoneyLine("budgeted", 250, "EUR", 2024, source="b"))
    mixed = (MoneyLine("budgeted", 100, "EUR", 2024), MoneyLine("budgeted", None, None, 2024, stated="λίγα"))
    level = Level("action", {"el": "Δράση"})
    for money, said in ((lines, "3,50 EUR"), (mixed, "1,00 EUR + λίγα")):
        target = BytesIO()
        write_csv(
            replace(EMPTY, levels=(level,), elements=(Element("a", "action", {"el": "Τ"}, money=money),)), target, "el"
        )
        assert said in target.getvalue().decode("utf-8-sig")
    assert Decimal("3.50") == Decimal(350).scaleb(-2)


def test_what_is_no_table_of_actions_is_refused(tmp_path):
    assert refusal(tmp_path, b"") == "no_header"
    assert refusal(tmp_path, b"a,b\n1,2\n") == "columns"
    assert refusal(tmp_path, b"a\n1\n", mapping={"title": "b"}) == "columns"
    assert refusal(tmp_path, "τίτλος".encode("iso-8859-7")) == "encoding"
    assert refusal(tmp_path, b"title\n", encoding="base64") == "encoding"
    assert refusal(tmp_path, b'title\n"open') == "damaged"
    assert refusal(tmp_path, b"title\n" + b"x\n" * 20_001) == "too_many_rows"


def test_a_row_with_signs_that_no_text_has_is_left_out(tmp_path):
    (tmp_path / "plan.csv").write_text("title,start\nA\x01,\nB,soon\nC,2024\n")
    plan, report = read_csv(tmp_path / "plan.csv", EMPTY, "el")
    assert [(one.fault, one.row) for one in report.findings] == [("control_characters", 2), ("not_a_date", 3)]
    assert [element.title["el"] for element in plan.elements] == ["C"]


def test_other_encodings_are_read_when_they_are_named(tmp_path):
    (tmp_path / "plan.csv").write_bytes("Τίτλος;Έτος\nΠλατεία;1.500,00\n".encode("iso-8859-7"))
    mapping = {"title": "Τίτλος", "years": {"2024": "Έτος"}}
    plan, _ = read_csv(tmp_path / "plan.csv", EMPTY, "el", mapping, "iso-8859-7")
    assert [(line.year, line.amount_minor) for line in plan.elements[0].money] == [(2024, 150000)]
