"""No text in a table that goes out is a formula on the reader's machine, whoever wrote the table."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
import shapely
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from service import cli
from service.consultation.conversation import reporting
from service.consultation.questionnaires import exporting as questionnaires
from service.consultation.results import files as results
from service.consultation.results.content import Published
from service.consultation.results.tabulating import Row, Table
from service.plans.document import Action, Element, Level, Plan
from service.plans.files.csv_tables import write_csv
from service.plans.files.spreadsheets import write_spreadsheet
from service.plans.values import Body, FundingSource, MoneyLine
from service.reports.routing import Router, Rule
from service.reports.routing_csv import route_csv
from service.text.cells import clean, is_risky, quoted, unquoted
from tests.gis.maps import layer

SERVICE = Path(__file__).parents[2] / "service"
SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
EVIL = (
    '=HYPERLINK("http://evil")',
    "+1",
    "-1+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "\n+1",
    "\uff1d1",
    "'=1",
)
WRITES = ("csv.writer(", "csv.DictWriter(", "Workbook(write_only", "office:value-type")
"""By what a module is known that writes tables."""


def is_formula(cell: str) -> bool:
    """What a careful reader takes for a formula."""
    return cell.lstrip().startswith(SIGNS) or cell.startswith(("\t", "\r", "\n"))


def cells_of(content: str, delimiter: str = ",") -> list[str]:
    return [cell for row in csv.reader(io.StringIO(content, newline=""), delimiter=delimiter) for cell in row]


def a_plan(said: str) -> Plan:
    """A plan that says it wherever people write."""
    action = Action(type="other", type_stated=said, responsible=("works",), location={"el": said})
    money = (MoneyLine("budgeted", None, None, 2024, source="state", stated=said), MoneyLine("total", stated=said))
    child = Element("a", "action", {"el": said}, number=said, description={"el": said}, action=action, money=money)
    return Plan(
        "p",
        "operational",
        {"el": said},
        "el",
        levels=(Level("axis", {"el": said}), Level("action", {"el": said}, leaf=True)),
        bodies=(Body("works", {"el": said}),),
        funding_sources=(FundingSource("state", {"el": said}),),
        elements=(Element("x", "axis", {"el": said}, children=(child,)),),
    )


def of_plan(said: str, _: pytest.MonkeyPatch) -> list[str]:
    target = io.BytesIO()
    write_csv(a_plan(said), target, "el")
    return cells_of(target.getvalue().decode("utf-8-sig"))


def of_sheet(said: str, _: pytest.MonkeyPatch) -> Iterator[str]:
    target = io.BytesIO()
    write_spreadsheet(a_plan(said), target, "el")
    for row in load_workbook(target).active.iter_rows():
        for cell in row:
            assert cell.data_type in "ns" and (cell.data_type == "n" or cell.quotePrefix or not is_formula(cell.value))
            yield f"'{cell.value}" if cell.quotePrefix else str(cell.value)


def published(said: str) -> Published:
    table = Table(said, "en", "account", (Row("question", said, said, said, said, "votes", 5, said),))
    return Published(table, (), (), said, "c", datetime(2026, 1, 1, tzinfo=UTC))


def written(said: str, form: str) -> bytes:
    target = io.BytesIO()
    results.write(published(said), form, target)
    return target.getvalue()


def of_results(said: str, _: pytest.MonkeyPatch) -> list[str]:
    return cells_of(written(said, "csv").decode("utf-8-sig"))


def of_ods(said: str, _: pytest.MonkeyPatch) -> Iterator[str]:
    with ZipFile(io.BytesIO(written(said, "ods"))) as archive:
        root = ElementTree.fromstring(archive.read("content.xml"))
    for one in root.iter("{urn:oasis:names:tc:opendocument:xmlns:table:1.0}table-cell"):
        assert not any("formula" in name for name in one.attrib)
        kinds = [kind for name, kind in one.attrib.items() if name.endswith("value-type")]
        assert kinds in ([], ["string"], ["float"])
        yield f"'{''.join(one.itertext())}"  # of the type of a text


def of_contributions(said: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    page = [dict.fromkeys(reporting.COLUMNS, said)]
    monkeypatch.setattr(reporting, "pages_of", lambda *_: [page])
    nothing: Any = None
    return cells_of(b"".join(reporting.as_csv(nothing, nothing, "en")).decode("utf-8-sig"))


def of_questionnaire(said: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(questionnaires, "lines", lambda *_: [dict.fromkeys(questionnaires.COLUMNS, said)])
    nothing: Any = None
    return cells_of(b"".join(questionnaires.as_csv(nothing, nothing, nothing, "en")).decode("utf-8-sig"))


def of_routing(said: str, _: pytest.MonkeyPatch) -> list[str]:
    areas = {said: shapely.box(21.7, 40.25, 21.8, 40.3), "+south": shapely.box(21.7, 40.2, 21.8, 40.25)}
    facts = {said: {"name": said, "crew": said}, "+south": {"crew": "stranger"}}
    here = layer("areas", areas, facts)
    rules = [Rule(1, 1, "in", "areas", categories=frozenset({"leak"}), department_attribute="crew")]
    router = Router(rules, {"areas": here}, fallback="-desk", departments={said, "-desk"})
    target = io.StringIO()
    points = "lon,lat,category\n21.75,40.26,leak\n21.75,40.21,leak\n1,1,leak\n1,1,lost\n"
    route_csv(router, {"leak": None}, io.StringIO(points), target, distance=True)
    return cells_of(target.getvalue())


def of_the_outbox(said: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(cli, "deliveries", lambda *_: [(datetime(2026, 1, 1, tzinfo=UTC), said, 1, None, said)])
    monkeypatch.setattr(cli, "application", lambda _: SimpleNamespace(app_context=nullcontext))
    return cells_of(CliRunner().invoke(cli.cli, ["outbox"]).output, "\t")


EXPORTERS: Mapping[str, tuple[Callable[[str, pytest.MonkeyPatch], Any], ...]] = {
    "plans/files/csv_tables.py": (of_plan,),
    "plans/files/spreadsheets.py": (of_sheet,),
    "consultation/results/files.py": (of_results, of_ods),
    "consultation/results/spreadsheets.py": (of_ods,),
    "consultation/conversation/reporting.py": (of_contributions, of_questionnaire),
    "reports/routing_csv.py": (of_routing,),
    "cli.py": (of_the_outbox,),
}
"""Module that writes tables → how it is made to write one that says something everywhere."""


def test_every_module_that_writes_a_table_is_known_and_takes_the_one_guard() -> None:
    texts = {str(path.relative_to(SERVICE)): path.read_text("utf-8") for path in SERVICE.rglob("*.py")}
    assert {path for path, text in texts.items() if any(word in text for word in WRITES)} == set(EXPORTERS)
    assert [path for path in EXPORTERS if "from service.text.cells import" not in texts[path]] == []
    assert [path for path, text in texts.items() if "=+\\-@" in text] == ["text/cells.py"]


@pytest.mark.parametrize("said", EVIL)
@pytest.mark.parametrize("write", [write for writers in EXPORTERS.values() for write in writers])
def test_no_cell_is_a_formula(write: Callable[..., Any], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = list(write(said, monkeypatch))
    assert [cell for cell in cells if is_formula(cell)] == []
    assert any(said.strip().lstrip("'") in cell for cell in cells), "it was written somewhere"


@given(st.text(max_size=12) | st.sampled_from(EVIL))
def test_a_text_is_guarded_and_read_back(said: str) -> None:
    assert not is_formula(quoted(said)) and unquoted(quoted(said)) == clean(said).strip()
    assert is_risky(said) or quoted(said) == clean(said)


def test_numbers_are_numbers_and_nothing_is_nothing() -> None:
    assert [quoted(one) for one in (-5, -1.5, Decimal("-2.50"), None, "", "x", "it's")] == [
        *("-5", "-1.5", "-2.50", "", "", "x", "it's")
    ]
