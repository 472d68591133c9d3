"""Rules without a database: what differs, what is the same, how far things are, what usually comes next."""

from datetime import date
from typing import Any
from uuid import uuid4

from service.plans.comparing import Said, compare
from service.plans.matching import identified
from service.plans.reading_json import from_json
from service.plans.rolling_up import day_of, delays, leaf_levels, roll_up, standings
from service.plans.rows import rows_of
from service.plans.stages import Noticed, advise, template_of
from tests.plans.plans import a_plan, action

TODAY = date(2026, 3, 1)


def side(**more: Any) -> Any:
    plan = from_json(a_plan(**more))
    return {"title": dict(plan.title)}, rows_of(plan.elements)


def test_only_what_was_moved_is_called_moved() -> None:
    keys = ["a", "b", "c", "d", "e"]
    before = side(elements=[action(key, key) for key in keys])
    after = side(elements=[action(key, key) for key in ("new", "a", "c", "d", "b", "e")])
    found = compare(before, after)
    assert [(one.kind, one.key) for one in found.changes] == [("added", "new"), ("moved", "b")]
    assert compare(before, before).is_empty and not found.is_empty


def test_fields_of_lists_are_told_apart_by_their_keys() -> None:
    one = action("1", "x") | {"indicators": [{"key": "i", "title": {"el": "α"}}, {"key": "j", "title": {"el": "β"}}]}
    two = action("1", "x") | {"indicators": [{"key": "j", "title": {"el": "γ"}}]}
    (change,) = compare(side(elements=[one]), side(elements=[two])).changes
    assert {(field.path, field.after and str(field.after)) for field in change.fields} == {
        ("indicators[i]", None),
        ("indicators[j].title.el", "γ"),
    }


def test_what_comes_in_again_is_known_by_id_key_number_and_title() -> None:
    uid = uuid4()
    there = rows_of(from_json(a_plan()).elements)
    coming = [
        action("by-id", "Άλλος τίτλος") | {"uid": str(uid), "number": "7"},
        action("1.2", "Άλλος τίτλος") | {"number": "8"},
        action("by-number", "Άλλος") | {"number": "2.1"},
        action("by-title", "ΑΓΟΡΑ") | {"number": "9"},
        action("new", "Νέα") | {"number": "10"},
    ]
    report = {"key": "r", "period": {}, "entries": [{"element": "by-title"}]}
    plan = identified(from_json(a_plan(elements=coming, progress=[report])), there, {"1.1": uid})
    assert [element.key for element in plan.elements] == ["1.1", "1.2", "2.1", "2.2", "new"]
    assert plan.progress[0].entries[0].element == "2.2"


def test_no_data_is_no_nought() -> None:
    _, rows = side()
    leaves = leaf_levels(a_plan())
    reports = [
        ("2024", [{"element": "1.1", "physical_percent": "10"}, {"element": "gone", "physical_percent": "1"}]),
        ("2025", [{"element": "1.1", "status": "completed"}, {"element": "1.2", "status": "in_progress"}]),
    ]
    nothing = roll_up(rows, standings(rows, []), leaves)
    assert nothing[None].percent is None and nothing[None].actions == 3
    some = roll_up(rows, standings(rows, reports[:1]), leaves)
    assert (some["1"].percent, some["1"].reported, some["2"].percent) == (10.0, 1, None)
    found = roll_up(rows, standings(rows, reports), leaves)
    assert (found[None].percent, found[None].statuses["completed"], found["1.2"].percent) == (100.0, 1, None)
    assert found[None].money == {("budgeted", "EUR"): 5_000_000}


def test_actions_under_an_action_count_once_and_what_it_says_itself_comes_first() -> None:
    def euros(role: str, amount: int) -> dict[str, Any]:
        return {"role": role, "amount_minor": amount, "currency": "EUR"}

    whole = action("a", "x", money=[euros("total", 300)])
    parts = [action("a1", "x", money=[euros("total", 100)]), action("a2", "x", money=[euros("total", 100)])]
    _, rows = side(elements=[whole | {"children": parts}])
    leaves = leaf_levels(a_plan())
    first: list[dict[str, Any]] = [
        {"element": "a1", "physical_percent": "50", "money": [euros("committed", 80)]},
        {"element": "a2", "physical_percent": "100"},
    ]
    second = [{"element": "a1", "money": [euros("paid", 40)]}]
    reports = [("r", first), ("s", second)]
    found = roll_up(rows, standings(rows, reports), leaves)[None]
    assert (found.actions, found.reported, found.percent) == (2, 2, 75.0)
    assert found.money == {("budgeted", "EUR"): 300, ("committed", "EUR"): 80, ("paid", "EUR"): 40}
    itself = [("t", [{"element": "a", "physical_percent": "10", "money": [euros("paid", 60)]}])]
    found = roll_up(rows, standings(rows, [*reports, *itself]), leaves)[None]
    assert (found.actions, found.reported, found.percent) == (1, 1, 10.0)
    assert found.money == {("budgeted", "EUR"): 300, ("committed", "EUR"): 80, ("paid", "EUR"): 60}


def test_what_was_split_or_merged_stays_so_whatever_is_done_to_it_later() -> None:
    before = side(elements=[action("a", "x"), action("b", "x")])
    after = side(elements=[action("a", "x"), action("a1", "y")])
    said = [
        Said("a1", "split", ("a",), "halved"),
        Said("a1", "edited", (), "a typo"),
        Said("b", "edited", (), "halved"),
        Said("b", "merged", ("a",), "one work"),
    ]
    found = [(one.kind, one.key, one.others, one.reason) for one in compare(before, after, said).changes]
    assert found == [("split", "a1", ("a",), "halved\na typo"), ("merged", "b", ("a",), "halved\none work")]


def test_what_is_late_and_what_may_be() -> None:
    def years(begin: str, end: str) -> dict[str, Any]:
        return {"when": {"start": {"value": begin}, "end": {"value": end}}}

    def paid(amount: int) -> list[dict[str, Any]]:
        return [{"role": "paid", "amount_minor": amount, "currency": "EUR"}]

    budget = [{"role": "total", "amount_minor": 100, "currency": "EUR"}]
    missed = [{"key": "m", "title": {}, "when": {"start": {"value": "2026-02"}}}]
    elements = [
        action("late", "x", **years("2024", "2025")),
        action("later", "x", **years("2024", "2026-02-28")),
        action("done", "x", status="completed", **years("2024", "2025")),
        action("soon", "x", status="planned", **years("2026", "2026-04")),
        action("behind", "x", status="in_progress", **years("2025", "2026")),
        action("waits", "x", status="suspended"),
        action("open", "x", when={"start": {"value": "2020"}, "open_end": True}),
        action("begun", "x", when={"start": {"value": "2020"}}),
        action("dear", "x", money=budget),
        action("missed", "x") | {"milestones": missed},
        action("future", "x", status="in_progress", **years("2027", "2028")),
    ]
    _, rows = side(elements=elements)
    entries = [
        {"element": "behind", "physical_percent": "20"},
        {"element": "dear", "money": paid(101)},
        {"element": "future", "physical_percent": "0"},
    ]
    late, at_risk = delays(rows, standings(rows, [("r", entries)]), leaf_levels(a_plan()), TODAY)
    assert [(one.key, one.due) for one in late] == [("late", date(2025, 12, 31)), ("later", date(2026, 2, 28))]
    assert {one.key: one.reasons for one in at_risk} == {
        "soon": ("not_begun",),
        "behind": ("behind_its_time",),
        "waits": ("suspended",),
        "dear": ("over_budget",),
        "missed": ("milestone_missed",),
    }
    assert day_of("2014-02-31", last=True) is None and day_of("2016-02", last=True) == date(2016, 2, 29)


def test_templates_warn_and_forbid_nothing() -> None:
    def stages(*kinds: str) -> list[dict[str, Any]]:
        return [{"key": str(number), "kind": kind} for number, kind in enumerate(kinds)]

    assert template_of(None, "GR", "operational") == "gr_operational" and template_of(None, "FR", "thematic") is None
    assert template_of("lt_strategic", "GR", "operational") == "lt_strategic"
    assert advise(None, stages("drafting")).next is None
    begun = advise("bg_municipal_development", [])
    assert (begun.next, begun.optional) == ("drafting", ())
    sopot = advise("bg_municipal_development", stages("drafting", "survey", "council_adoption", "press_conference"))
    assert sopot.noticed == (Noticed("skipped", "public_consultation", None),) and sopot.next == "monitoring"
    late = advise("bg_municipal_development", stages("drafting", "council_adoption", "public_consultation"))
    assert late.noticed == (Noticed("unusual_order", "public_consultation", "2"),)
    assert advise("lt_strategic", stages("monitoring", "final_evaluation")).next is None
