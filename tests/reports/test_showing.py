"""What of a report may be seen by whom: text, photos and exact place; at once, after the first look, or never."""

from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.db import transaction
from service.municipalities.directory import Municipality
from service.reports.catalogue import Category
from service.reports.cataloguing import set_rules
from service.reports.models import Report
from service.reports.showing import show_after_look, show_at_first
from tests.factories.municipalities import RULES, category
from tests.factories.people import Person, make_resident, make_staff
from tests.factories.reports import INSIDE, photo, send_report, send_whole
from tests.reports.scene import HERE, add_categories, as_staff, look, move, queue, see, see_as_staff

POLICIES = ("at_once", "after_look", "never")
CLOSE = {"category": "open", "longitude": INSIDE["longitude"], "latitude": INSIDE["latitude"]}


def the_category(**values: Any) -> Category:
    return Category(id=1, active=True, **category("any", **values) | {"questions": ()})


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("aspect", ["show_text", "show_photo", "show_place"])
def test_each_aspect_follows_its_own_rule(aspect: str, policy: str) -> None:
    others = dict.fromkeys(("show_text", "show_photo", "show_place"), "never") | {aspect: policy}
    report, kind = Report(), the_category(**others)
    show_at_first(report, kind)
    assert shown(report) == {aspect} if policy == "at_once" else not shown(report)
    show_after_look(report, kind, text=True, photos=True, place=True)
    assert shown(report) == ({aspect} if policy != "never" else set())
    show_after_look(report, kind, text=False, photos=False, place=False)
    assert shown(report) == set()


@pytest.mark.parametrize("allowed", list(product((True, False), repeat=3)))
def test_staff_allow_each_aspect_for_itself(allowed: tuple[bool, bool, bool]) -> None:
    report, kind = Report(), the_category()
    text, photos, place = allowed
    show_after_look(report, kind, text=text, photos=photos, place=place)
    assert (report.text_public, report.photos_public, report.on_map) == allowed


def test_nothing_of_a_private_category_is_ever_public() -> None:
    report, kind = Report(), the_category(private=True, show_text="at_once", show_photo="at_once")
    show_at_first(report, kind)
    assert report.private and shown(report) == set()
    show_after_look(report, kind, text=True, photos=True, place=True)
    assert shown(report) == set()


def shown(report: Report) -> set[str]:
    flags = {"show_text": report.text_public, "show_photo": report.photos_public, "show_place": report.on_map}
    return {name for name, flag in flags.items() if flag}


@dataclass(frozen=True)
class Seen:
    """What somebody gets to see of a report."""

    text: bool
    photo: bool
    place: bool


ALL, NOTHING = Seen(True, True, True), Seen(False, False, False)


def seen_in(client: FlaskClient, report: dict[str, Any], content: dict[str, Any], who: Person | None) -> Seen:
    """What an answer gives away, and whether the photo itself is to be had."""
    headers = who.headers if who else {}
    links = [client.get(link, headers=headers).status_code == 200 for link in report["links"]]
    assert len(set(links)) == 1 and bool(content["photos"]) == links[0]
    assert (content["longitude"] is None) == (content["latitude"] is None)
    assert (content["description"] is None) == (content["answers"] is None)
    return Seen(content["description"] is not None, links[0], content["longitude"] is not None)


def sent(client: FlaskClient, alice: Person, key: str) -> dict[str, Any]:
    answer = send_whole(client, [photo()], who=alice, category=key, address="At my door 1")
    assert answer.status_code == 201, answer.json
    links = [answer.json["photos"][0][size] for size in ("small", "medium", "large")]
    return {"id": answer.json["id"], "links": links}


@pytest.mark.parametrize("policy", POLICIES)
def test_everybody_sees_what_the_category_allows_and_when(
    client: FlaskClient, here: Municipality, alice: Person, charlie: Person, policy: str
) -> None:
    add_categories(here, category("tried", show_text=policy, show_photo=policy, show_place=policy))
    desk = make_staff(here, "dora", [("department_staff", "desk")])
    others = [None, make_resident(here), make_staff(here, "rita", [("department_staff", "roads")])]
    report = sent(client, alice, "tried")
    for after_look in (False, True):
        public = ALL if policy == "at_once" or (policy == "after_look" and after_look) else NOTHING
        for who in others:
            answer = see(client, report["id"], who)
            assert seen_in(client, report, answer.json, who) == public
            assert ("At my door" in answer.text) is (public is ALL)
        assert seen_in(client, report, see(client, report["id"], alice).json, alice) == ALL
        assert seen_in(client, report, see_as_staff(client, report["id"], desk).json, desk) == ALL
        assert see(client, report["id"], charlie).status_code == 401
        assert client.get(report["links"][0], headers=charlie.headers).status_code == 401
        on_map = client.get(f"{HERE}/reports").json["features"]
        assert [one["properties"]["description"] for one in on_map] == (["It is dark"] if public is ALL else [])
        assert look(client, desk, report["id"]).status_code == 200


def test_staff_can_take_back_what_the_category_shows_at_once(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    desk = make_staff(here, "dora", [("department_staff", "desk")])
    report = sent(client, alice, "open")
    assert seen_in(client, report, see(client, report["id"]).json, None) == ALL
    look(client, desk, report["id"], text=False, photos=True, place=True)
    assert seen_in(client, report, see(client, report["id"]).json, None) == Seen(False, True, True)
    look(client, desk, report["id"], text=True, photos=False, place=False)
    assert seen_in(client, report, see(client, report["id"]).json, None) == Seen(True, False, False)
    assert client.get(f"{HERE}/reports").json["features"] == []


def test_a_private_report_exists_for_its_reporter_and_its_department_alone(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    desk = make_staff(here, "dora", [("department_staff", "desk")])
    report = sent(client, alice, "private")
    look(client, desk, report["id"], place=True)
    move(client, desk, report["id"], "acknowledged", note="We have it")
    for who in (None, make_resident(here), bob):
        headers = who.headers if who else {}
        assert see(client, report["id"], who).json["code"] == "not_found"
        assert client.get(report["links"][0], headers=headers).json["code"] == "not_found"
    everything = {"west": 21.7, "south": 40.2, "east": 21.8, "north": 40.3}
    box = ",".join(str(edge) for edge in everything.values())
    near = f"{INSIDE['longitude']},{INSIDE['latitude']}"
    for query in ({}, {"box": box}, {"near": near}, {"category": "private"}, {"state": "acknowledged"}):
        assert client.get(f"{HERE}/reports", query_string=query).json["features"] == []
    similar = client.get(f"{HERE}/reports/similar", query_string=CLOSE | {"category": "private"})
    assert (similar.status_code, similar.json["features"]) == (200, [])
    assert queue(client, bob).json["reports"] == []
    assert see(client, report["id"], alice).json["description"] == "It is dark"
    assert client.get(report["links"][0], headers=alice.headers).status_code == 200
    assert client.get(report["links"][0], headers=desk.headers).status_code == 200
    assert queue(client, desk).json["reports"][0]["private"] is True


def test_a_hidden_place_is_told_neither_by_asset_nor_by_why(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    hidden = category("lamp-hidden", show_place="never", asset_layer="lamp-posts", asset_required=True)
    add_categories(here, category("lamp-shown", asset_layer="lamp-posts", asset_required=True), hidden)
    asset = {"layer": "lamp-posts", "feature": "L3"}
    with transaction():
        set_rules(here, [RULES[0] | {"categories": ["lamp-hidden", "lamp-shown"]}])
    for key, told in (("lamp-hidden", False), ("lamp-shown", True)):
        answer = send_report(client, who=alice, category=key, asset=asset, longitude=21.72, latitude=40.25)
        assert answer.json["why"]["feature"] == "L3" and answer.json["asset"] == asset
        everybody = see(client, answer.json["id"])
        assert ("L3" in everybody.text) is told
        assert everybody.json["department"] == "lighting" and everybody.json["why"]["layer"] == "lamp-posts"
        assert everybody.json["why"]["words"]
        assert "L3" in see(client, answer.json["id"], alice).text


def test_similar_reports_are_open_of_the_same_category_and_near(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    desk = make_staff(here, "dora", [("dispatcher", None)])
    ask = {"category": "open", "longitude": INSIDE["longitude"], "latitude": INSIDE["latitude"]}
    far = send_report(client, category="open", latitude=INSIDE["latitude"] + 0.002).json["id"]
    near = send_report(client, category="open", latitude=INSIDE["latitude"] + 0.0005).json["id"]
    same = send_report(client, category="open").json["id"]
    send_report(client, category="pothole")
    solved = send_report(client, category="open").json["id"]
    move(client, desk, solved, "resolved")
    found = client.get(f"{HERE}/reports/similar", query_string=ask).json["features"]
    assert [one["id"] for one in found] == [same, near] and far not in str(found)
    as_staff(client, desk, same, "look", text=True, photos=True, place=False)
    assert [one["id"] for one in client.get(f"{HERE}/reports/similar", query_string=ask).json["features"]] == [near]
    unknown = client.get(f"{HERE}/reports/similar", query_string=ask | {"category": "no-such"})
    assert (unknown.status_code, unknown.json["code"]) == (422, "no_such_category")
