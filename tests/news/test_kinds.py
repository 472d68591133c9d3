"""Each kind says its facts and what makes them valid; rules recur within bounds; what people write is made safe."""

from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from service.news.content import Written
from service.news.differing import differences
from service.news.kinds import KINDS
from service.news.kinds.facts import SHAPES, faults_of
from service.news.recurring import MOST, YEARS, RuleFaulty, parse_rule, rule_from, times_of
from service.news.rendering import HTML, MARKDOWN, TAGS, for_xml, safe_html
from service.news.states import MOVES, STATES, possible

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GOOD: dict[str, dict[str, Any]] = {
    "news": {},
    "action": {"how_to_take_part": {"en": "Come"}, "begins_on": "2026-12-01", "ends_on": "2026-12-01"},
    "announcement": {"urgency": "normal", "ends_at": "2026-12-01T00:00:00Z", "begins_at": "2026-11-30T00:00:00Z"},
    "call": {"type": "tender", "deadline": "2026-12-01T00:00:00Z", "contact": {"email": "a@b.example"}},
    "event": {"starts": "2026-12-01T10:00", "ends": "2026-12-01T11:00", "place": {"lon": 21.7, "lat": 40.2}},
}


def faults(kind: str, **changes: Any) -> list[tuple[str, str]]:
    return list(faults_of(KINDS[kind], GOOD[kind] | changes, NOW))


def test_good_facts_are_good_and_what_contradicts_itself_is_named() -> None:
    for kind in KINDS:
        assert faults(kind) == [], kind
        assert all(fact.shape in {*SHAPES, "choice"} for fact in KINDS[kind].facts.values())
    assert faults("action", ends_on="2026-11-30") == [("ends_on", "before_its_beginning")]
    assert faults("announcement", ends_at="2026-11-01T00:00:00Z") == [
        ("ends_at", "past"),
        ("ends_at", "before_its_beginning"),
    ]
    assert faults("announcement", urgency="emergency") == [("instruction", "missing")]
    assert faults("announcement", urgency="loud") == [("urgency", "choice")]
    assert faults("call", deadline="2026-11-01T00:00:00Z") == [("deadline", "past")]
    assert faults("event", ends="2026-12-01T10:00", capacity=3) == [
        ("ends", "before_its_beginning"),
        ("capacity", "without_sign_up"),
    ]
    assert faults("event", rule="FREQ=WEEKLY") == [("rule", "endless")]
    assert KINDS["action"].ends(GOOD["action"], "Europe/Athens") == datetime(2026, 12, 1, 22, tzinfo=UTC)
    assert KINDS["action"].ends({}, "Europe/Athens") is None
    assert KINDS["news"].ends({}, "Europe/Athens") is None


@pytest.mark.parametrize(
    ("shape", "good", "bad"),
    [
        ("text", ["a"], ["", " ", 1, "x" * 3000]),
        ("texts", [{"el": "α"}], [{}, {"xx": "a"}, {"el": ""}, "a"]),
        (
            "instant",
            ["2026-12-01T10:00:00+02:00"],
            ["2026-12-01T10:00:00", "1999-12-31T10:00:00Z", "9998-01-01T10:00:00Z", "soon", None, 1],
        ),
        (
            "local",
            ["2026-12-01T10:00", "2100-12-31T10:00"],
            ["9998-12-01T10:00", "0001-12-01T10:00", "2026-12-01T10:00:00", "2026-13-01T10:00", 7, "2026-12-01T1000Z"],
        ),
        ("day", ["2026-12-01"], ["2026-02-30", "2101-01-01", "today", 5]),
        ("days", [[], ["2026-12-01"]], ["2026-12-01", ["x"]]),
        ("address", ["https://a.example/b?c"], ["ftp://a", "javascript:x", "https://a b", 1]),
        (
            "place",
            [{"name": {"el": "α"}}, {"lon": 1, "lat": 2.5}],
            [{}, {"lon": 1}, {"lon": True, "lat": 2}, {"lon": 1, "lat": 91}, {"name": {}}, {"x": 1}, 1],
        ),
        ("contact", [{"phone": "112"}], [{}, {"email": "x"}, {"email": 1}, {"fax": "1"}, "x"]),
        (
            "documents",
            [[], [{"title": {"el": "α"}, "url": "https://a.example/"}]],
            [[{"title": {"el": "α"}}], [1], {}, [{"title": {}, "url": "https://a.example/"}]],
        ),
        ("count", [1], [0, True, 1.5, "1"]),
        ("yes", [True, False], [1, None]),
    ],
)
def test_shapes_take_what_they_say(shape: str, good: list[Any], bad: list[Any]) -> None:
    assert [value for value in good if not SHAPES[shape](value)] == []
    assert [value for value in bad if SHAPES[shape](value)] == []


def test_rules_are_bounded_and_follow_the_clocks() -> None:
    def times(rule: str, start: str = "2026-10-20T18:00", **more: Any) -> list[str]:
        facts = {"starts": start, "ends": f"{start[:11]}20:00", "rule": rule} | more
        return [time.starts_at.isoformat()[:16] for time in times_of(facts, "Europe/Athens")]

    weekly = ["2026-10-20T15:00", "2026-10-27T16:00", "2026-11-03T16:00"]
    assert times("FREQ=WEEKLY;COUNT=3") == weekly == times("RRULE:freq=weekly;until=20261103;")
    assert times("FREQ=WEEKLY;UNTIL=20261103T155959Z") == weekly[:2] == times("FREQ=WEEKLY;UNTIL=20261103T175959")
    assert times("FREQ=WEEKLY;COUNT=3", **{"except": ["2026-10-27"]}) == [weekly[0], weekly[2]]
    assert len(times("FREQ=DAILY;UNTIL=20991231")) == MOST
    assert len(times("FREQ=YEARLY;COUNT=400", "2028-02-29T18:00")) == 2
    for text, why in {
        "FREQ=WEEKLY": "endless",
        "FREQ=WEEKLY;COUNT=2;UNTIL=20261231": "endless",
        "FREQ=SECONDLY;COUNT=2": "rule",
        "FREQ=DAILY;BYHOUR=1;COUNT=2": "rule",
        "FREQ=DAILY;COUNT=2;COUNT=3": "rule",
        "FREQ=DAILY;COUNT=x": "rule",
        "FREQ=DAILY;INTERVAL=0;COUNT=2": "rule",
        "FREQ=DAILY;BYDAY=XX;COUNT=2": "rule",
        "FREQ=DAILY;UNTIL=tomorrow": "until",
        "FREQ=DAILY;UNTIL=20261399": "rule",
        "FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=2,4;COUNT=2": "rule",
        "FREQ=DAILY;BYMONTHDAY=-30;BYMONTH=2;COUNT=2": "rule",
        "FREQ=MONTHLY;BYMONTHDAY=1;BYMONTH=13;COUNT=2": "rule",
        "": "rule",
    }.items():
        with pytest.raises(RuleFaulty) as refused:
            parse_rule(text)
        assert refused.value.why == why, text


@settings(max_examples=60, deadline=None)
@given(
    start=st.datetimes(datetime(2000, 1, 1), datetime(2100, 12, 31)).map(lambda one: one.replace(microsecond=0)),
    rule=st.sampled_from(
        [
            "FREQ=DAILY;INTERVAL=3",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU",
            "FREQ=MONTHLY;BYDAY=-1FR",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "FREQ=MONTHLY;BYMONTHDAY=29",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1",
            "FREQ=YEARLY;BYDAY=10SU",
        ]
    ),
)
def test_a_rule_gives_what_dateutil_gives_in_any_year(start: datetime, rule: str) -> None:
    last = start.replace(year=start.year + YEARS, day=min(start.day, 28))
    plainly = rrulestr(f"{rule};UNTIL={last:%Y%m%dT%H%M%S}", dtstart=start)
    assert list(rule_from(parse_rule(f"{rule};COUNT=500"), start, "UTC")) == list(plainly)[:500]


def test_a_rule_that_never_comes_true_is_found_out_at_once() -> None:
    before = perf_counter()
    for rule in ("FREQ=DAILY;BYSETPOS=5", "FREQ=DAILY;INTERVAL=7;BYDAY=MO", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6"):
        parts = parse_rule(f"{rule};COUNT=2")
        assert list(rule_from(parts, datetime(2026, 10, 20, 18), "UTC")) == []
    assert list(rule_from(parse_rule("FREQ=DAILY;UNTIL=19440229"), datetime(2026, 10, 20, 18), "UTC")) == []
    assert perf_counter() - before < 1


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.text(max_size=200), st.from_regex(r"(<[a-z]+( on[a-z]+=.)?>|\[x\]\([a-z]+:|`|\*|x|&#?[a-z0-9]+;){1,20}")
    )
)
def test_whatever_is_written_only_harmless_tags_are_left(text: str) -> None:
    for written_as in (MARKDOWN, HTML):
        safe = safe_html(text, written_as)
        if not safe.strip():
            continue
        for element in html.fragment_fromstring(safe, create_parent="main").iter():
            assert element.tag in {*TAGS, "main"}
            assert not [name for name in element.attrib if name.startswith("on") or name in ("style", "src")]
            assert element.get("href", "https:").split(":")[0].lower() in (
                "https",
                "http",
                "mailto",
                "tel",
            ) or ":" not in element.get("href")
    assert for_xml("a\x00\x0b\ud800b") == "ab"


def test_states_and_moves_can_be_read_aloud() -> None:
    for (state, _), move in MOVES.items():
        assert state in STATES and (move.to is None or move.to in STATES)
    assert possible("review") == ["return", "publish", "schedule", "withdraw"]
    assert "expire" not in possible("published")


def test_a_difference_says_where_and_what() -> None:
    flat = {"main_language": "el", "title": {"el": "α"}, "summary": {}, "facts": {}, "categories": [], "districts": []}
    before = Written(flat | {"links": [], "pictures": [], "expires_at": None}, {"el": "one\ntwo"})
    after = Written(before.content | {"categories": ["x"], "facts": {"more": "https://a"}}, {"el": "one\n2", "en": "x"})
    assert differences(before, before) == []
    assert differences(before, after) == [
        {"where": "facts.more", "before": None, "after": "https://a"},
        {"where": "categories", "before": [], "after": ["x"]},
        {
            "where": "body.el",
            "lines": [
                {"change": "same", "text": "one"},
                {"change": "removed", "text": "two"},
                {"change": "added", "text": "2"},
            ],
        },
        {"where": "body.en", "lines": [{"change": "added", "text": "x"}]},
    ]
