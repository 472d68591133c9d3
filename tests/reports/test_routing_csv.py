import csv
import io

import numpy as np
import pytest
import shapely

from service.reports import routing_csv
from service.reports.routing import Router, Rule
from service.reports.routing_csv import CsvRefused, route_csv
from tests.gis.maps import layer

AREAS = layer(
    "areas",
    {"north": shapely.box(21.7, 40.25, 21.8, 40.3), "south": shapely.box(21.7, 40.2, 21.8, 40.25)},
    {"north": {"name": "Βόρεια, άνω", "crew": "crew"}, "south": {"crew": "stranger"}},
    version=3,
)
ROUTER = Router(
    [
        Rule(1, 1, "in", "areas", categories=frozenset({"leak"}), department_attribute="crew"),
        Rule(2, 2, "in", "areas", group="street", department="roads"),
        Rule(3, 3, "within", "areas", metres=100.0, categories=frozenset({"leak"}), department="water"),
    ],
    {"areas": AREAS},
    fallback="desk",
    departments={"crew", "roads", "water", "desk"},
)
GROUPS = {"pothole": "street", "leak": "water", "kerb": "street"}


def routed(text, distance=False):
    """The answer as dictionaries, and what was said of the file."""
    target = io.StringIO()
    said = route_csv(ROUTER, GROUPS, io.StringIO(text, newline=""), target, distance)
    return list(csv.DictReader(io.StringIO(target.getvalue(), newline=""))), said


def test_each_row_gets_its_decision_with_the_explanation():
    (row,), said = routed("lon,lat,category\n21.75,40.26,pothole\n", distance=True)
    assert row == {
        "lon": "21.75",
        "lat": "40.26",
        "category": "pothole",
        "department": "roads",
        "rule": "2",
        "layer": "areas",
        "version": "3",
        "feature": "north",
        "feature_name": "Βόρεια, άνω",
        "relation": "in",
        "metres": "",
        "passed_over": "",
        "fault": "",
        "distance_to_edge": "1110.40",
    }
    assert (said.rows, said.faulty, said.faults) == (1, 0, [])


def test_without_a_distance_there_is_no_such_column():
    (row,), _ = routed("lon,lat,category\n21.75,40.26,pothole")
    assert "distance_to_edge" not in row


def test_what_was_passed_over_is_told():
    rows, _ = routed("lon,lat,category\n21.75,40.24,leak\n21.75,40.1,leak\n", distance=True)
    assert [(row["department"], row["rule"], row["feature"]) for row in rows] == [
        ("water", "3", "south"),
        ("desk", "", ""),
    ]
    assert [row["passed_over"] for row in rows] == ["1: south = stranger", ""]
    assert [row["distance_to_edge"] for row in rows] == ["1110.39", ""]


def test_other_columns_stay_and_the_wanted_ones_may_be_anywhere():
    rows, _ = routed('id,Category,LAT,note,Lon\n7,pothole,40.26,"a, ""b""\nc",21.75\n8,kerb,40.24,,21.75\n')
    assert [(row["id"], row["note"], row["department"]) for row in rows] == [
        ("7", 'a, "b"\nc', "roads"),
        ("8", "", "roads"),
    ]


def test_bad_rows_are_told_with_their_line_and_the_others_routed():
    rows, said = routed(
        "lon,lat,category\n"
        "21.75,40.26,pothole\n"
        "x,40.26,pothole\n"
        "\n"
        '"21.75",40.26\n'
        "21.75,400,pothole\n"
        "21.75,40.26,nothing\n"
        "nan,40.26,pothole\n"
        ",,\n"
        '21.75,40.26,"pot\nhole"\n'
        "21.75,40.26,kerb\n"
    )
    expected = [
        (3, "not_a_number"),
        (5, "columns"),
        (6, "out_of_range"),
        (7, "unknown_category"),
        (8, "not_a_number"),
        (9, "not_a_number"),
        (11, "unknown_category"),
    ]
    assert said.faults == expected
    assert [row["fault"] or row["department"] for row in rows if row["lat"]] == [
        "roads",
        "not_a_number",
        "columns",
        "out_of_range",
        "unknown_category",
        "not_a_number",
        "unknown_category",
        "roads",
    ]


def test_a_block_without_quotes_counts_its_lines_too():
    _, said = routed("lon,lat,category\n21.75,40.26,pothole\n21.75,40.26,nothing\n181,1,kerb")
    assert said.faults == [(3, "unknown_category"), (4, "out_of_range")]


def test_only_so_many_faults_are_kept_but_all_are_counted(monkeypatch):
    monkeypatch.setattr(routing_csv, "FAULTS_KEPT", 2)
    _, said = routed("lon,lat,category\n" + "1,2,x\n" * 5)
    assert (said.rows, said.faulty, len(said.faults)) == (5, 5, 2)


@pytest.mark.parametrize("header", ["", "lon;lat;category", "x,y,category", "lon,lat"])
def test_a_file_without_the_three_columns_is_refused(header):
    with pytest.raises(CsvRefused):
        routed(header + "\n1,2,3\n")


def test_a_byte_order_mark_and_the_line_ends_of_windows_do_no_harm():
    rows, said = routed("\ufefflon,lat,category\r\n21.75,40.26,pothole\r\n21.75,40.24,kerb\r\n")
    assert [row["department"] for row in rows] == ["roads", "roads"]
    assert said.faulty == 0


def test_a_file_with_a_header_only_gives_a_header_only():
    rows, said = routed("lon,lat,category\n")
    assert (rows, said.rows) == ([], 0)


def test_what_only_looks_like_a_line_end_is_none():
    rows, said = routed('lon,lat,category,note\n21.75,40.26,pothole,"a\u2028b\x0bc"\n21.75,40.26,nothing,\x85\n')
    assert [row["note"] for row in rows] == ["a\u2028b\x0bc", "\x85"]
    assert said.faults == [(3, "unknown_category")]


def test_a_row_that_the_csv_module_cannot_read_is_a_fault_and_the_next_is_read():
    endless = "x" * 200_000
    rows, said = routed(f'lon,lat,category\n21.75,40.26,"{endless}"\n21.75,40.26,kerb\n')
    assert said.faults == [(2, "columns")]
    assert rows[-1]["department"] == "roads"


def test_a_quote_that_is_never_closed_ends_with_the_file():
    _, said = routed('lon,lat,category\n21.75,40.26,"pothole\n21.75,40.26,kerb\n')
    assert said.faults == [(3, "unknown_category")]


def test_empty_lines_alone_are_no_rows():
    rows, said = routed("lon,lat,category\n\n\n")
    assert (rows, said.rows) == ([], 0)


@pytest.mark.parametrize("quoted", [False, True])
def test_blocks_of_any_size_give_what_one_by_one_gives(monkeypatch, quoted):
    random = np.random.default_rng(4)
    points = random.uniform((21.65, 40.15), (21.85, 40.35), (300, 2)).tolist()
    categories = [list(GROUPS)[n] for n in random.integers(0, 3, 300)]
    expected = [
        (decision.department, decision.feature or "")
        for point, name in zip(points, categories, strict=True)
        for decision in [ROUTER.route(name, GROUPS[name], *point)]
    ]
    note = '"a\nb"' if quoted else "a"
    text = "lon,lat,category,note\n" + "".join(
        f"{lon!r},{lat!r},{name},{note}\n" for (lon, lat), name in zip(points, categories, strict=True)
    )
    for block in (10, 333, 1 << 20):
        monkeypatch.setattr(routing_csv, "BLOCK", block)
        rows, said = routed(text)
        assert [(row["department"], row["feature"]) for row in rows] == expected
        assert (said.rows, said.faulty) == (300, 0)
