"""A table that comes back as it went out changes nothing, and what changes in it changes nothing else."""

import zipfile
from dataclasses import replace
from decimal import Decimal
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from openpyxl import Workbook, load_workbook

from service.plans.canonical import to_json
from service.plans.document import Action, Element, Level, Plan, walk
from service.plans.files.csv_tables import read_csv, write_csv
from service.plans.files.refusing import PlanFileRefused
from service.plans.files.spreadsheets import read_spreadsheet, write_spreadsheet
from service.plans.files.workbooks import rows_of
from service.plans.values import FundingSource, MoneyLine, Period, StatedDate, Territory
from tests.plan_files.any_plan import plans
from tests.plan_files.books import EMPTY, ROW, eetaa, rewritten, with_cell

LEVELS = (Level("axis", {"el": "Άξονας"}), Level("action", {"el": "Δράση"}, leaf=True))
SOURCES = (FundingSource("eu", {"el": "ΕΕ"}), FundingSource("own", {"el": "Ίδιοι"}))
EU = MoneyLine(
    "budgeted", 10000, "EUR", 2026, "eu", contract_reference="Σ1", intensity_percent=Decimal(80), note={"el": "σημ"}
)
MONEY = (
    EU,
    MoneyLine("budgeted", 5000, "EUR", 2026, source="own"),
    MoneyLine("budgeted", 30000, "EUR", 2027),
    MoneyLine("budgeted", 777, "EUR"),
    MoneyLine("total", 45000, "EUR"),
    MoneyLine("paid", 1, "EUR", 2026),
)


def action(key="a", number="1", **said):
    return Element(key, "action", {"el": f"Δράση {key}"}, number=number, **({"action": Action()} | said))


def plan_of(*actions, number="1", **said):
    axis = Element("axis", "axis", {"el": "Τίτλος άξονα"}, number=number, children=actions)
    return Plan("p", "operational", {"el": "Π"}, "el", levels=LEVELS, elements=(axis,), funding_sources=SOURCES, **said)


def as_xlsx(plan, language="el", edit=None, **options):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "plan.xlsx"
        with path.open("wb") as target:
            write_spreadsheet(plan, target, language)
        if edit:
            book = load_workbook(path)
            edit(book.active)
            book.save(path)
        return read_spreadsheet(path, plan, language, **options)


def as_csv(plan, language="el", edit=None, **options):
    with TemporaryDirectory() as folder:
        target = BytesIO()
        write_csv(plan, target, language)
        text = target.getvalue().decode("utf-8-sig")
        (Path(folder) / "plan.csv").write_text(edit(text) if edit else text, "utf-8-sig", newline="")
        return read_csv(Path(folder) / "plan.csv", plan, language, **options)


def actions(plan):
    return {element.key: element for element, _ in walk(plan.elements) if element.action}


def write_cell(column, sheet):
    sheet.cell(3, column).value = 12


def faults(report):
    return [one.fault for one in report.findings if one.fault != "years_of_period"]


@settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(plan=plans())
def test_any_plan_comes_back_unchanged(plan):
    for back in (as_xlsx, as_csv):
        for language in ("el", "en"):
            assert to_json(back(plan, language, remove_missing=True)[0]) == to_json(plan), (back.__name__, language)


@pytest.mark.parametrize("back", [as_xlsx, as_csv])
def test_what_a_table_does_not_show_stays(back):
    whole = plan_of(
        action(money=MONEY, action=Action(type="other", type_stated="Γιορτή", territories=("t",))),
        action("b", "2", money=(MoneyLine("budgeted", stated="περίπου δύο εκατ.", year=2026),)),
        action("c", "3", money=(replace(MONEY[1], source=None), MoneyLine("budgeted", 500, "LTL", 2026))),
        action("d", "4", money=(MoneyLine("budgeted", -150, "EUR", 2026), MoneyLine("budgeted", year=2027))),
        action("e", "5", action=Action(when=Period(stated="φθινόπωρο"))),
        replace(action("f", "6"), title={"el": "α\x0bβ"}),
        action("g", "7", action=Action(when=Period(StatedDate("2015-06"), open_end=True))),
        number="Α",
        territories=(Territory("t", {"el": "Κρόκος"}),),
    )
    for language in ("el", "en"):
        again, report = back(whole, language)
        assert again == whole and faults(report) == ["unknown_type"]
    twins = plan_of(action(), replace(action("b"), title={"el": "Δράση a"}, description={"el": "Δεύτερη"}), number="II")
    assert back(twins, remove_missing=True)[0] == twins


def test_what_no_row_can_name_is_not_missing():
    nameless = replace(action("b"), title={}, number=None, action=None)
    some = plan_of(action())
    whole = replace(some, elements=(*some.elements, nameless))
    assert as_xlsx(whole, remove_missing=True)[0] == whole


def test_only_the_year_that_changes_is_replaced():
    whole = plan_of(action(money=MONEY))
    target = BytesIO()
    write_spreadsheet(whole, target, "el")
    found = {cell.value: cell.column for cell in load_workbook(target).active[2]}
    for year, left in ((2026, MONEY[2:]), (2027, MONEY[:2] + MONEY[3:])):
        again, _ = as_xlsx(whole, edit=partial(write_cell, found[year]))
        money = actions(again)["a"].money
        assert {line.amount_minor for line in money if line.year == year and line.role == "budgeted"} >= {1200}
        assert [line for line in money if line in left] == list(left)
    alone = plan_of(action(money=(EU,)))
    again, _ = as_csv(alone, edit=lambda text: text.replace('"100,00 EUR"', '"90,00 EUR"'))
    assert actions(again)["a"].money == (replace(EU, amount_minor=9000),)
    again, _ = as_csv(alone, edit=lambda text: text.replace('"100,00 EUR"', ""))
    assert actions(again)["a"].money == (MoneyLine("budgeted", source="eu"),)
    again, _ = as_csv(alone, edit=lambda text: text.replace(",ΕΕ", ",Ίδιοι"))
    assert actions(again)["a"].money == (replace(EU, source=None), MoneyLine("budgeted", source="own"))
    words = plan_of(action(money=(replace(EU, amount_minor=None, currency=None, stated="λίγα"), MONEY[4])))
    again, _ = as_csv(words, edit=lambda text: text.replace('"450,00 EUR"', "λίγα"))
    assert actions(again)["a"].money[1] == MoneyLine("total", stated="λίγα")
    again, report = as_csv(words, edit=lambda text: text.replace("λίγα", "πολλά"))
    assert again == words and faults(report) == ["amount_not_a_number"]


def test_a_translation_is_added_and_a_text_that_changes_loses_its_others():
    whole = plan_of(replace(action(), title={"el": "Δράση", "bg": "Действие"}))
    again, _ = as_csv(whole, "en", lambda text: text.replace("Δράση", "Action"))
    assert actions(again)["a"].title == {"el": "Δράση", "bg": "Действие", "en": "Action"}
    again, _ = as_csv(whole, "el", lambda text: text.replace("Δράση", "Άλλη"))
    assert actions(again)["a"].title == {"el": "Άλλη"}


def test_a_new_action_that_resembles_one_that_no_row_names_is_pointed_at(tmp_path):
    titles = ("Ανάπλαση κεντρικής πλατείας", "Κέντρο νεότητας", "Νέα παιδική χαρά")
    elements = tuple(Element(f"a{n}", "action", {"el": title}, action=Action()) for n, title in enumerate(titles))
    plan = replace(EMPTY, levels=(Level("action", {"el": "Δράση"}, leaf=True),), elements=elements)
    content = "title\nΑνάπλαση της κεντρικής πλατείας\nΚΕΝΤΡΟ ΝΕΟΤΗΤΑΣ\nΑγορά απορριμματοφόρου\n"
    (tmp_path / "plan.csv").write_text(content, "utf-8-sig")
    again, report = read_csv(tmp_path / "plan.csv", plan, "el")
    assert len(again.elements) == 5
    assert [(one.row, one.column, one.fault, one.value, one.grave) for one in report.findings] == [
        (2, "title", "resembles", titles[0], False)
    ]


def test_nothing_is_removed_while_rows_are_left_out():
    whole = plan_of(action(), action("b", "2", money=MONEY[2:3]))
    again, report = as_csv(whole, edit=lambda text: text.replace('"300,00 EUR"', '"1,500"'), remove_missing=True)
    assert again == whole and faults(report) == ["amount_ambiguous", "nothing_removed"]
    again, _ = as_csv(whole, edit=lambda text: text[: text.index("b,action")], remove_missing=True)
    assert set(actions(again)) == {"a"}


def test_cells_merged_downwards_count_for_each_row_and_an_empty_one_moves_nothing(tmp_path):
    other = [2, None, None, None, "Δεύτερη", *ROW[5:]]
    path = eetaa(tmp_path / "plan.xlsx", [ROW, other, with_cell(0, 3, with_cell(4, "Τρίτη", other))])
    book = load_workbook(path)
    for column in "BCD":
        book.active.merge_cells(f"{column}3:{column}4")
    book.save(path)
    plan, report = read_spreadsheet(path, EMPTY, "el")
    parents = {one.title["el"]: above and above.key for one, above in walk(plan.elements) if one.action}
    assert parents == {"Ανάπλαση πλατείας": "1.1.1", "Δεύτερη": "1.1.1", "Τρίτη": None}
    again, report = read_spreadsheet(eetaa(path, [ROW, other]), plan, "el")
    assert again == plan and faults(report) == ["level_missing"] * 3


def test_rows_far_below_and_parts_with_a_million_tags_are_refused_quickly(tmp_path):
    book, path, sheet = Workbook(), tmp_path / "plan.xlsx", "xl/worksheets/sheet1.xml"
    book.active["A1"] = "x"
    book.save(path)
    with zipfile.ZipFile(path) as parts:
        said = parts.read(sheet)

    def with_row(number):
        there = said.replace(b'<row r="1"', b'<row r="%d"' % number).replace(b'r="A1"', b'r="A%d"' % number)
        return rewritten(path, tmp_path / "far.xlsx", sheet, there)

    assert [number for number, _ in rows_of(with_row(1_048_576), bool)] == [1_048_576]
    assert refusal(with_row(10**9)) == "too_many_rows"
    many = rewritten(path, tmp_path / "many.xlsx", "xl/styles.xml", b"<styleSheet>" + b"<xf/>" * 100_001)
    assert refusal(many) == "too_many_rows"


def refusal(path):
    with pytest.raises(PlanFileRefused) as refused:
        list(rows_of(path, bool))
    return refused.value.details["reason"]


def test_keys_currencies_and_levels_of_a_table_are_looked_at_before_it_is_taken_over(tmp_path):
    path = tmp_path / "plan.csv"
    path.write_text("k;t;w;s;l\nA 1/2;Πρώτη;EUR;1;Α\nb;Δεύτερη;nuts;1;Α\nc;Τρίτη;€;1;Α\n")
    mapping = {"key": "k", "title": "t", "currency": "w", "years": {"2026": "s"}}
    plan, report = read_csv(path, EMPTY, "el", mapping | {"levels": [{"column": "l", "key": "my level"}]})
    assert faults(report) == ["not_a_key", "amount_unknown_currency"]
    assert actions(plan)["c"].money == (MoneyLine("budgeted", 100, "EUR", 2026, stated="1"),)
    assert plan.levels[0].key == "my-level"


def test_numbers_are_in_the_currency_of_the_plan_with_its_own_decimals():
    yen = plan_of(action(money=(MoneyLine("budgeted", 1500, "JPY", 2026), MoneyLine("budgeted", 1, "EUR", 2026))))
    yen = replace(yen, money=(MoneyLine("total", 5, "JPY"),))
    assert as_xlsx(yen)[0] == yen
    lev = plan_of(action(money=(MoneyLine("budgeted", 100, "BGN", 2026),)))
    again, _ = as_xlsx(lev, edit=lambda sheet: setattr(sheet["I3"], "value", 7))
    assert actions(again)["a"].money == (MoneyLine("budgeted", 700, "BGN", 2026),)
    again, _ = as_xlsx(lev, edit=lambda sheet: setattr(sheet["I3"], "value", 7), currency="JPY")
    assert actions(again)["a"].money == (MoneyLine("budgeted", 7, "JPY", 2026),)
