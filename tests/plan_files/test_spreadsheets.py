"""EETAA's sheet comes in with every fault named, goes out without a formula, and is refused where it is a trap."""

import re
import time
import tracemalloc
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from service.plans.document import Action, Element, Level, Plan, walk
from service.plans.files.refusing import PlanFileRefused
from service.plans.files.spreadsheets import read_spreadsheet, write_spreadsheet
from service.plans.files.workbooks import LARGEST_UNPACKED, MOST_ROWS
from service.plans.values import MoneyLine
from tests.plan_files.books import EMPTY, NAMES, ROW, eetaa, many_rows, rewritten, with_cell

SHEET = "xl/worksheets/sheet1.xml"


def read(path, plan=EMPTY, **options):
    return read_spreadsheet(path, plan, "el", **options)


def actions(plan):
    return [element for element, _ in walk(plan.elements) if element.action]


def refusal(path):
    with pytest.raises(PlanFileRefused) as refused:
        read(path)
    return refused.value.details["reason"]


def faults(tmp_path, *rows):
    """(fault, column, row, grave) of everything that is found in these rows."""
    _, report = read(eetaa(tmp_path / "faults.xlsx", rows))
    return [(one.fault, one.column, one.row, one.grave) for one in report.findings]


def test_a_row_says_what_its_columns_say(tmp_path):
    plan, report = read(eetaa(tmp_path / "plan.xlsx"))
    assert report.as_json() == {"rows": 1, "taken": 1, "left_out": 0, "counts": {}, "findings": []}
    assert [level.key for level in plan.levels] == ["axis", "measure", "objective", "action"]
    assert [(one.key, one.number, one.title["el"]) for one, _ in walk(plan.elements)] == [
        ("1", "1", "Περιβάλλον"),
        ("1.1", "1.1", "Πράσινο"),
        ("1.1.1", "1.1.1", "Πάρκα"),
        ("action-1", "1", "Ανάπλαση πλατείας"),
    ]
    [action] = actions(plan)
    assert (action.action.type, action.action.continuity, action.action.priority) == ("work", "new", "A")
    assert action.action.location == {"el": "Δ.Ε. Κοζάνης"}
    assert [plan.bodies[0].key] == list(action.action.responsible) and plan.bodies[0].kind == "department"
    assert [(line.role, line.year, line.amount_minor, line.currency) for line in action.money if not line.source] == [
        ("budgeted", 2024, 100000, "EUR"),
        ("budgeted", 2025, 200050, "EUR"),
        ("total", None, 300050, "EUR"),
    ]
    assert [source.name["el"] for source in plan.funding_sources] == ["ΣΑΤΑ", "Ίδιοι πόροι"]


def test_each_fault_is_named_by_its_row_and_column(tmp_path):
    assert faults(tmp_path, with_cell(4, None)) == [("title_missing", "Τίτλος δράσης", 3, True)]
    assert faults(tmp_path, with_cell(10, "1,500")) == [("amount_ambiguous", "2024", 3, True)]
    assert faults(tmp_path, with_cell(10, "-")) == [("sum_differs", "ΣΥΝΟΛΟ", 3, False)]
    assert faults(tmp_path, with_cell(14, 7)) == [("sum_differs", "ΣΥΝΟΛΟ", 3, False)]
    assert faults(tmp_path, with_cell(6, "ίσως")) == [("unknown_continuity", "Νέα/Συνεχιζόμενη", 3, True)]
    assert faults(tmp_path, with_cell(8, "Ω")) == [("unknown_priority", "Προτεραιότητα", 3, True)]
    assert faults(tmp_path, with_cell(5, "Γιορτή")) == [("unknown_type", "Είδος δράσης", 3, False)]
    assert faults(tmp_path, with_cell(2, "2.1 Άλλο")) == [
        ("number_not_below", "Μέτρο", 3, False),
        ("number_not_below", "Στόχος", 3, False),
    ]
    assert faults(tmp_path, with_cell(10, 0.333), with_cell(4, "τ" * 3000)) == [
        ("amount_rounded", "2024", 3, False),
        ("sum_differs", "ΣΥΝΟΛΟ", 3, False),
        ("too_long", "Τίτλος δράσης", 4, True),
        ("number_twice", "Α/Α", 4, False),
    ]
    assert faults(tmp_path, with_cell(10, "1000,00"), with_cell(0, 2, with_cell(1, "1 Άλλος"))) == [
        ("title_differs", "Άξονας", 4, False)
    ]


def test_decimal_commas_and_other_currencies_are_kept_as_they_were_stated(tmp_path):
    plan, report = read(eetaa(tmp_path / "plan.xlsx", [with_cell(14, "264.275,76 Lt")]))
    total = next(line for line in actions(plan)[0].money if line.role == "total")
    assert (total.amount_minor, total.currency, total.stated) == (26427576, "LTL", "264.275,76 Lt")
    assert report.counts == {}


def test_a_formula_counts_by_its_value_or_is_named(tmp_path):
    path = eetaa(tmp_path / "plan.xlsx", [with_cell(14, "=SUM(K3:N3)")])
    plan, report = read(path)
    assert [(one.fault, one.value, one.grave) for one in report.findings] == [
        ("formula_without_value", "=SUM(K3:N3)", True)
    ]
    assert actions(plan) == []
    with zipfile.ZipFile(path) as book:
        sheet = re.sub(rb"(</f>)<v.*?(?=</c>)", rb"\1<v>3000.5</v>", book.read(SHEET))
    plan, report = read(rewritten(path, tmp_path / "counted.xlsx", SHEET, sheet))
    assert report.counts == {}
    assert [line.amount_minor for line in actions(plan)[0].money if line.role == "total"] == [300050]
    error = sheet.replace(b'r="O3"', b'r="O3" t="e"').replace(b"<v>3000.5</v>", b"<v>#REF!</v>")
    broken = rewritten(path, tmp_path / "error.xlsx", SHEET, error)
    _, report = read(broken)
    assert report.left_out == 1


@pytest.mark.parametrize(("one_header", "example"), [(True, "Έτος 2024"), (False, 2024.0)])
def test_the_header_may_stand_in_one_row_and_lower_down(tmp_path, one_header, example):
    book = Workbook()
    book.active.title = "ΕΠ ΔΡΑΣΕΙΣ"
    book.active.append(["ΔΗΜΟΣ"])
    if one_header:
        book.active.append([*NAMES, example, "Σύνολο", "ΠΗΓΗ ΧΡΗΜΑΤΟΔΟΤΗΣΗΣ 1", "Παρατηρήσεις"])
    else:
        book.active.append([*NAMES, "ΠΡΟΫΠΟΛΟΓΙΣΜΟΣ", None, "ΠΗΓΗ ΧΡΗΜΑΤΟΔΟΤΗΣΗΣ", "Παρατηρήσεις"])
        book.active.append([*[None] * 10, example, "Σύνολο", None, None])
    book.active.append([*ROW[:10], 10, 10, "ΣΑΤΑ", "κάτι"])
    book.save(tmp_path / "plan.xlsx")
    plan, report = read(tmp_path / "plan.xlsx")
    assert report.counts == {"unknown_column": 1, "years_of_period": 1}
    assert [line.year for line in actions(plan)[0].money] == [2024, None, None]


def test_what_is_no_sheet_of_eetaa_is_refused(tmp_path):
    assert refusal(eetaa(tmp_path / "other.xlsx", sheet="Φύλλο1")) == "no_sheet"
    empty = Workbook()
    empty.active.title = "ΕΠ_ΔΡΑΣΕΙΣ"
    empty.save(tmp_path / "empty.xlsx")
    assert refusal(tmp_path / "empty.xlsx") == "no_header"
    empty.active.append(["Α/Α", "κάτι άλλο"])
    empty.save(tmp_path / "columns.xlsx")
    assert refusal(tmp_path / "columns.xlsx") == "columns"
    (tmp_path / "text.xlsx").write_text("Α/Α;Τίτλος")
    assert refusal(tmp_path / "text.xlsx") == "damaged"
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    assert refusal(tmp_path / "old.xls") == "kind"
    level = Level("axis", {"el": "Άξονας"})
    with pytest.raises(PlanFileRefused, match="plan_file_refused"):
        read(eetaa(tmp_path / "plan.xlsx"), replace(EMPTY, levels=(level, replace(level, key="action", leaf=True))))


def test_macros_are_refused(tmp_path):
    path = eetaa(tmp_path / "plan.xlsx")
    assert refusal(path.rename(tmp_path / "plan.xlsm")) == "macros"
    path = eetaa(tmp_path / "plan.xlsx")
    assert refusal(rewritten(path, tmp_path / "a.xlsx", "", None, {"xl/vbaProject.bin": b"x"})) == "macros"
    with zipfile.ZipFile(path) as book:
        types = book.read("[Content_Types].xml").replace(b"sheet.main+xml", b"sheet.macroEnabled.main+xml")
    assert refusal(rewritten(path, tmp_path / "b.xlsx", "[Content_Types].xml", types)) == "macros"


def test_entities_bombs_and_damage_are_refused_quickly(tmp_path):
    path = eetaa(tmp_path / "plan.xlsx")
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE z [<!ENTITY l0 "lol">{laughs}]><z>&l9;</z>'
    began = time.perf_counter()
    for encoding in ("utf-8", "utf-16"):
        said = bomb.encode(encoding)
        assert refusal(rewritten(path, tmp_path / "l.xlsx", SHEET, said)) == "document_type"
    zeros = rewritten(path, tmp_path / "z.xlsx", "", None, {"xl/media/a.png": b"\0" * (LARGEST_UNPACKED + 1)})
    assert refusal(zeros) == "too_large_unpacked"
    tags = rewritten(path, tmp_path / "t.xlsx", SHEET, b"<worksheet><sheetData><row>" + b"<c/>" * 5_100_000)
    assert refusal(tags) == "too_many_rows"
    assert refusal(rewritten(path, tmp_path / "d.xlsx", SHEET, b"<worksheet><sheetData><row")) == "damaged"
    assert refusal(rewritten(path, tmp_path / "e.xlsx", SHEET, b"not xml")) == "damaged"
    assert time.perf_counter() - began < 20


@pytest.mark.parametrize("part", [pytest.param(1, marks=pytest.mark.long), 50])
def test_a_hundred_thousand_rows_are_refused_within_bounds(tmp_path, monkeypatch, part):
    """The short form has a fiftieth of the rows, of the bound and of the memory."""
    monkeypatch.setattr("service.plans.files.workbooks.MOST_ROWS", MOST_ROWS // part)
    path = many_rows(tmp_path / "plan.xlsx", 100_000 // part)
    tracemalloc.start()
    try:
        assert refusal(path) == "too_many_rows"
        assert tracemalloc.get_traced_memory()[1] < 5_000_000 + 400_000_000 // part
    finally:
        tracemalloc.stop()


def test_no_cell_that_goes_out_is_a_formula():
    evil = ["=HYPERLINK(0)", "+1", "-1", "@SUM(A1)", "\tx"]
    elements = tuple(Element(f"a{n}", "action", {"el": said}, action=Action()) for n, said in enumerate(evil))
    plan = Plan("p", "operational", {"el": "Σ"}, "el", levels=(Level("action", {"el": "Δράση"}),), elements=elements)
    target = BytesIO()
    write_spreadsheet(plan, target, "el")
    sheet = load_workbook(target).active
    cells = [sheet.cell(row, 2) for row in range(3, 3 + len(evil))]
    assert [cell.value for cell in cells] == evil
    assert {(cell.data_type, cell.quotePrefix) for cell in cells} == {("s", True)}


def test_the_sheet_can_be_read_as_it_is_opened():
    action = Element("a", "action", {"el": "Δράση"}, action=Action(), money=(MoneyLine("total", 5, "EUR"),))
    plan = Plan("p", "operational", {"el": "Σ"}, "el", levels=(Level("action", {"el": "Δράση"}),), elements=(action,))
    yearly = replace(action, money=(MoneyLine("budgeted", 123456, "EUR", 2024),))
    for document, merged in ((plan, 0), (replace(plan, elements=(yearly,)), 1)):
        target = BytesIO()
        write_spreadsheet(document, target, "el")
        sheet = load_workbook(target).active
        assert all(one.size["rows"] * one.size["columns"] > 1 for one in sheet.merged_cells.ranges), "Excel repairs it"
        assert sum(one.min_row == one.max_row == 1 for one in sheet.merged_cells.ranges) == merged
        assert sheet.freeze_panes == "A3" and sheet.column_dimensions["B"].width == 60
        assert sheet["A1"].font.b and not sheet["B3"].font.b and sheet["B3"].alignment.wrap_text
    assert (sheet["H3"].value, sheet["H3"].number_format) == (1234.56, "#,##0.00")


def test_what_comes_in_goes_out_and_comes_in_again(tmp_path):
    rows = [
        ROW,
        with_cell(0, 3, with_cell(4, "Δεύτερη δράση", with_cell(10, "1.000,50 €", with_cell(14, None)))),
        with_cell(
            0, 2, with_cell(4, "Τρίτη δράση", with_cell(1, "2. Οικονομία", with_cell(2, None, with_cell(3, None))))
        ),
    ]
    plan, _ = read(eetaa(tmp_path / "plan.xlsx", rows))
    with (tmp_path / "out.xlsx").open("wb") as target:
        write_spreadsheet(plan, target, "el")
    out = [[cell.value for cell in row] for row in load_workbook(tmp_path / "out.xlsx").active.iter_rows()]
    assert out[1][10:15] == [2024, 2025, "ΣΥΝΟΛΟ", None, None]
    assert [row[0] for row in out[2:]] == [1, 2, 3]
    assert out[3][1:5] == ["2. Οικονομία", None, None, "Τρίτη δράση"]
    assert out[4][10] == "1.000,50 €"
    assert read(tmp_path / "out.xlsx", plan)[0] == plan
    again, _ = read(tmp_path / "out.xlsx")
    assert again.elements == plan.elements or {e.key for e, _ in walk(again.elements)} == {
        e.key for e, _ in walk(plan.elements)
    }


def test_a_second_import_updates_by_title_then_by_number_and_keeps_what_the_sheet_does_not_hold(tmp_path):
    other = with_cell(0, 2, with_cell(4, "Δεύτερη δράση"))
    plan, _ = read(eetaa(tmp_path / "plan.xlsx", [ROW, other]))
    first = actions(plan)[0]
    kept = replace(first, title=first.title | {"en": "A square"}, action=replace(first.action, status="planned"))
    whole = replace(plan, elements=tuple(replaced(one, first.key, kept) for one in plan.elements))
    renumbered = [with_cell(0, 7), with_cell(0, 2, with_cell(4, "Νέο όνομα", with_cell(3, "1.1.2 Δρόμοι")))]
    again, _ = read(eetaa(tmp_path / "again.xlsx", renumbered), whole)
    found = {one.key: one for one in actions(again)}
    assert [(key, found[key].number, found[key].title["el"]) for key in ("action-1", "action-2")] == [
        ("action-1", "7", "Ανάπλαση πλατείας"),
        ("action-2", "2", "Νέο όνομα"),
    ]
    assert found["action-1"].action.status == "planned" and found["action-1"].title["en"] == "A square"
    parents = {element.key: parent.key for element, parent in walk(again.elements) if parent}
    assert parents["action-2"] == "1.1.2"
    only, _ = read(eetaa(tmp_path / "only.xlsx", [ROW]), again, remove_missing=True)
    assert {element.key for element, _ in walk(only.elements)} == {"1", "1.1", "1.1.1", "action-1"}


def test_actions_with_one_title_are_told_apart_by_what_they_stand_under(tmp_path):
    here = with_cell(0, None)
    there = with_cell(1, "2 Οικονομία", with_cell(2, None, with_cell(3, None, here)))
    plan, _ = read(eetaa(tmp_path / "plan.xlsx", [here, there]))
    again, _ = read(eetaa(tmp_path / "again.xlsx", [there, here]), plan, remove_missing=True)
    assert again == plan


def replaced(element, key, other):
    if element.key == key:
        return other
    return replace(element, children=tuple(replaced(one, key, other) for one in element.children))


def test_the_file_may_not_be_larger_than_its_bound(tmp_path, monkeypatch):
    path = eetaa(tmp_path / "plan.xlsx")
    monkeypatch.setattr("service.plans.files.workbooks.LARGEST_FILE", Path(path).stat().st_size - 1)
    assert refusal(path) == "too_large"
