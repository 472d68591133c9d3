import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from service.reports.routing import AssetNeeded, AssetTooFar, Router, Rule, RuleRefused, in_words
from tests.gis.maps import direction, layer, middle, moved

WEST = shapely.box(21.70, 40.20, 21.75, 40.30)
EAST = shapely.box(21.75, 40.20, 21.80, 40.30)
AREAS = layer(
    "areas",
    {"west": WEST, "east": EAST, "everywhere": shapely.box(21.0, 40.0, 22.0, 41.0)},
    {
        "west": {"name": "Western side", "crew": "lighting", "class": 8},
        "east": {"crew": "gone", "class": 9, "lit": True},
        "everywhere": {"class": 10},
    },
    version=4,
)
STREETS = layer("streets", {"main": shapely.LineString([(21.70, 40.25), (21.80, 40.26)])}, {"main": {"class": "A"}})
POSTS = layer(
    "posts",
    {"L1": shapely.Point(21.72, 40.22), "L2": shapely.Point(21.78, 40.22)},
    {"L1": {"crew": "lighting"}, "L2": {"crew": None}},
)
MAPS = {"areas": AREAS, "streets": STREETS, "posts": POSTS}
DEPARTMENTS = {"lighting", "roads", "water", "desk"}
IN_THE_WEST, IN_THE_EAST, FAR_AWAY = (21.72, 40.22), (21.78, 40.22), (23.0, 40.0)


def rule(position, **values):
    values = {"relation": "in", "layer": "areas"} | values
    if "department_attribute" not in values:
        values.setdefault("department", "roads")
    return Rule(id=100 + position, position=position, **values)


def router(*rules):
    return Router(rules, MAPS, fallback="desk", departments=DEPARTMENTS)


def department(of, place=IN_THE_WEST, category="pothole", group="street", asset=None):
    return of.route(category, group, *place, asset).department


def test_the_first_rule_that_matches_wins_whatever_the_order_they_come_in():
    table = router(rule(2, department="water"), rule(1, match={"class": 9}), rule(3, department="lighting"))
    assert department(table, IN_THE_EAST) == "roads"
    assert department(table, IN_THE_WEST) == "water"


def test_rules_at_one_position_are_read_by_their_identity():
    first, second = Rule(7, 1, "in", "areas", department="water"), Rule(8, 1, "in", "areas", department="roads")
    assert department(router(second, first)) == "water"


def test_what_no_rule_decides_goes_to_the_fallback_desk():
    table = router(rule(1))
    assert department(table, FAR_AWAY) == "desk"
    assert table.explain(table.route("pothole", None, *FAR_AWAY)) == {"department": "desk", "relation": "fallback"}
    assert department(router()) == "desk"


def test_a_rule_over_a_layer_that_is_not_published_never_matches():
    assert department(router(rule(1, layer="not-there"), rule(2, department="water"))) == "water"


@pytest.mark.parametrize(
    ("values", "category", "group", "is_for"),
    [
        ({}, "pothole", None, True),
        ({"categories": frozenset({"pothole", "kerb"})}, "pothole", "street", True),
        ({"categories": frozenset({"kerb"})}, "pothole", "street", False),
        ({"categories": frozenset()}, "pothole", "street", False),
        ({"group": "street"}, "pothole", "street", True),
        ({"group": "street"}, "pothole", "water", False),
        ({"group": "street"}, "pothole", None, False),
        ({"group": "street", "categories": frozenset({"leak"})}, "leak", "water", True),
    ],
)
def test_a_rule_is_for_its_categories_or_its_group_or_any(values, category, group, is_for):
    assert department(router(rule(1, **values)), category=category, group=group) == ("roads" if is_for else "desk")


@pytest.mark.parametrize(
    ("match", "place", "matches"),
    [
        ({"class": 8}, IN_THE_WEST, True),
        ({"class": 8.0}, IN_THE_WEST, True),
        ({"class": "8"}, IN_THE_WEST, False),
        ({"class": [7, 8]}, IN_THE_WEST, True),
        ({"class": [7]}, IN_THE_WEST, False),
        ({"class": 8, "crew": "lighting"}, IN_THE_WEST, True),
        ({"class": 8, "crew": "roads"}, IN_THE_WEST, False),
        ({"lit": True}, IN_THE_EAST, True),
        ({"lit": 1}, IN_THE_EAST, False),
        ({"lit": None, "crew": None}, IN_THE_WEST, True),
        ({"absent": "x"}, IN_THE_WEST, False),
    ],
)
def test_attributes_are_compared_as_json_values(match, place, matches):
    assert department(router(rule(1, match=match)), place) == ("roads" if matches else "desk")


def test_of_several_features_the_lowest_key_decides_and_not_the_nearest():
    decision = router(rule(1)).route("pothole", None, *IN_THE_WEST)
    assert decision.feature == "everywhere"
    near_both = router(rule(1, relation="within", metres=6000.0, layer="posts")).route("x", None, 21.779, 40.22)
    assert near_both.feature == "L1"


def test_on_a_shared_border_the_lower_rule_wins_then_the_lower_key():
    border = (21.75, 40.28)
    both = router(rule(1, match={"class": [8, 9]}))
    assert both.route("pothole", None, *border).feature == "east"
    west_first = router(rule(1, match={"class": 8}), rule(2, match={"class": 9}, department="water"))
    assert west_first.route("pothole", None, *border).feature == "west"
    assert west_first.route("pothole", None, *moved(border, 90, 0.001)).feature == "east"
    assert both.route("pothole", None, *moved(border, 270, 0.001)).feature == "west"


def test_within_so_many_metres_of_a_street():
    a, b = (21.70, 40.25), (21.80, 40.26)
    on, across = middle(a, b), direction(a, b) + 90
    table = router(rule(1, relation="within", metres=15.0, layer="streets", match={"class": "A"}))
    assert department(table, moved(on, across, 14.999)) == "roads"
    assert department(table, moved(on, across, 15)) == "roads"
    assert department(table, moved(on, across, 15.001)) == "desk"


def test_the_department_can_be_what_the_feature_says():
    table = router(rule(1, department_attribute="crew", match={"class": 8}))
    assert department(table, IN_THE_WEST) == "lighting"


def test_a_crew_that_is_no_department_passes_the_report_to_the_next_rule_and_is_recorded():
    table = router(rule(1, department_attribute="crew", match={"class": [8, 9]}), rule(2, department="water"))
    decision = table.route("pothole", None, *IN_THE_EAST)
    assert decision.department == "water"
    passed_over = [{"rule": 1, "layer": "areas", "feature": "east", "named": "gone"}]
    assert table.explain(decision)["passed_over"] == passed_over
    alone = router(rule(1, department_attribute="crew", match={"class": 9}))
    assert alone.explain(alone.route("pothole", None, *IN_THE_EAST))["passed_over"] == passed_over


def test_a_department_that_is_no_more_is_passed_over_too():
    assert department(router(rule(1, department="abolished"), rule(2, department="water"))) == "water"


@pytest.mark.parametrize("crew", [3, ["lighting"], {"el": "x"}, True])
def test_a_crew_that_is_not_even_a_text_is_no_department(crew):
    areas = layer("areas", {"a": WEST}, {"a": {"crew": crew}})
    table = Router([rule(1, department_attribute="crew")], {"areas": areas}, "desk", DEPARTMENTS)
    assert department(table) == "desk"


def test_the_chosen_asset_decides_by_its_own_attributes_wherever_the_resident_stands():
    table = router(rule(1, relation="asset", layer="posts", department_attribute="crew"))
    assert department(table, FAR_AWAY, asset=("posts", "L1")) == "lighting"
    assert department(table, IN_THE_WEST, asset=("posts", "L2")) == "desk"
    assert department(table, IN_THE_WEST, asset=("bins", "L1")) == "desk"
    assert department(table, IN_THE_WEST, asset=("posts", "L9")) == "desk"
    assert department(table, IN_THE_WEST) == "desk"


def test_an_asset_that_is_wanted_must_be_one_of_that_layer():
    table = router()
    table.check_asset("posts", ("posts", "L1"), *IN_THE_WEST)
    table.check_asset(None, None, *IN_THE_WEST)
    for layer_key, asset in (
        ("posts", None),
        ("posts", ("streets", "main")),
        ("posts", ("posts", "L9")),
        (None, ("bins", "1")),
        (None, ("posts", "L1")),
        ("bins", ("bins", "1")),
    ):
        with pytest.raises(AssetNeeded):
            table.check_asset(layer_key, asset, *IN_THE_WEST)
    with pytest.raises(AssetTooFar):
        table.check_asset("posts", ("posts", "L1"), *FAR_AWAY)


def test_the_explanation_can_be_read_without_the_map():
    table = router(rule(1, match={"class": 8}, department_attribute="crew"))
    place = moved((21.70, 40.25), 90, 33)
    explanation = table.explain(table.route("pothole", None, *place))
    assert explanation.pop("distance_to_edge") == pytest.approx(33, abs=0.001)
    assert explanation == {
        "department": "lighting",
        "relation": "in",
        "metres": None,
        "rule": 1,
        "match": {"class": 8},
        "department_attribute": "crew",
        "layer": "areas",
        "layer_name": {"en": "Areas", "el": "Χάρτης"},
        "version": 4,
        "feature": "west",
        "feature_name": {"und": "Western side"},
    }


def test_the_explanation_can_be_said_in_words():
    table = router(
        rule(1, categories=frozenset({"a"}), match={"class": 8}),
        rule(2, categories=frozenset({"b"}), relation="within", layer="streets", metres=2000.0),
        rule(3, categories=frozenset({"c"}), relation="asset", layer="posts"),
    )
    said = [
        in_words("en", table.explain(table.route(category, None, *IN_THE_WEST, ("posts", "L2"))))
        for category in ("a", "c", "d")
    ]
    assert said == [
        "The place lies in “Western side” (Areas).",
        "The report is about “L2” (Posts).",
        "No rule names a department for this place, so the desk for such reports receives it.",
    ]
    near = table.route("b", None, 21.72, 40.251)
    assert in_words("en", table.explain(near)) == "The place lies within 2000 metres of “main” (Streets)."


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"relation": "near"}, "relation"),
        ({"relation": "within"}, "metres"),
        ({"relation": "in", "metres": 5.0}, "metres"),
        ({"relation": "within", "metres": -1.0}, "metres"),
        ({"relation": "within", "metres": 10_001.0}, "metres"),
        ({"relation": "within", "metres": float("nan")}, "metres"),
        ({"department": None}, "department"),
        ({"department": "roads", "department_attribute": "crew"}, "department"),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused(values, reason):
    with pytest.raises(RuleRefused) as refusal:
        rule(1, **values)
    assert refusal.value.details == {"reason": reason}


# --- the same by trying everything -----------------------------------------------------------------------------------

PLACES = st.tuples(st.floats(21.69, 21.81), st.floats(40.19, 40.31))
RULES = st.lists(
    st.fixed_dictionaries(
        {
            "where": st.sampled_from(["in", "asset", 40.0, 700.0]),
            "layer": st.sampled_from(["areas", "streets", "posts", "unpublished"]),
            "match": st.sampled_from([{}, {"class": 8}, {"class": [9, 10]}, {"class": "A"}, {"crew": "lighting"}]),
            "who": st.sampled_from([{"department": "water"}, {"department_attribute": "crew"}]),
            "categories": st.sampled_from([None, frozenset({"pothole"}), frozenset({"leak"})]),
        }
    ),
    max_size=6,
)


def by_trying_everything(rules, place):
    """Rule after rule, feature after feature by key: the first that matches, if it names a department."""
    for one in rules:
        if one.layer not in MAPS or one.relation == "asset" or not one.is_for("pothole", "street"):
            continue
        shapes = MAPS[one.layer]
        for position, attributes in enumerate(shapes.attributes):
            far = shapes.metres_to_edge(position, *place)
            inside = shapes.geometries[position].intersects(shapely.Point(place)) or far < 1e-4
            near = inside or (one.metres is not None and far <= one.metres + 1e-6)
            if near and one.matches(attributes):
                if one.names(attributes) in DEPARTMENTS:
                    return one.names(attributes), one.position, shapes.keys[position]
                break
    return "desk", None, None


@settings(max_examples=150, deadline=None)
@given(places=st.lists(PLACES, min_size=1, max_size=8), described=RULES)
def test_routing_agrees_with_trying_everything_one_by_one_and_many_at_once(places, described):
    rules = [
        Rule(
            id=position,
            position=position,
            relation=d["where"] if isinstance(d["where"], str) else "within",
            metres=None if isinstance(d["where"], str) else d["where"],
            **{name: d[name] for name in ("layer", "match", "categories")},
            **d["who"],
        )
        for position, d in enumerate(described)
    ]
    table = router(*rules)
    expected = [by_trying_everything(rules, place) for place in places]
    alone = [table.route("pothole", "street", *place) for place in places]
    assert [(d.department, d.rule and d.rule.position, d.feature) for d in alone] == expected
    lon, lat = np.array(places).T
    many = table.route_each(table.lines_for("pothole", "street"), lon, lat)
    lines = [table.lines[number] if number >= 0 else None for number in many.line]
    assert [
        line and (line.rule.position, line.index.keys[p]) for line, p in zip(lines, many.position, strict=True)
    ] == [None if position is None else (position, key) for _, position, key in expected]
    passed = {(i, p.rule.position, p.feature) for i, d in enumerate(alone) for p in d.passed_over}
    assert passed == {(i, table.lines[n].rule.position, table.lines[n].index.keys[p]) for i, n, p in many.passed_over}
