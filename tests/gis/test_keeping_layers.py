"""Who keeps the map makes layers, publishes drafts at once or later, rolls back, and sees what was done."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.db import session, transaction
from service.db.clock import now, seconds_from_now
from service.db.generations import forget
from service.gis.drafting import draft_of_file, layer_named
from service.gis.index import indexes_of
from service.gis.scheduling import PUBLISH_DRAFT
from service.housekeeping import HANDLERS
from service.jobs.models import Job
from service.jobs.working import work_one
from service.municipalities.directory import Municipality
from tests.factories.people import Person, make_staff
from tests.gis.maps import box_layer
from tests.gis.staff import BASE, Keeper

NEW = {"key": "bins", "name": {"en": "Bins", "el": "Κάδοι"}, "kind": "asset", "style": {"colour": "#0a0"}}
HALF = box_layer(("west", 21.70, 40.20, 21.75, 40.30))
WHY = "The council's decision"


def draft(here: Municipality, key: str = "lighting", imported: Any = HALF) -> int:
    with transaction():
        return draft_of_file(layer_named(here, key), imported).number


def in_force(here: Municipality, key: str = "lighting") -> int:
    session.rollback()
    forget()
    return indexes_of(here)[key].version


def publish(keeper: Keeper, number: int, expected: int = 200, **more: Any) -> Any:
    return keeper.post("/lighting/publications", {"version": number, "reason": WHY} | more, expected)


def do_jobs(hours: float) -> None:
    """Do what is to be done within so many hours."""
    due = Job.kind == PUBLISH_DRAFT, Job.run_at < now() + timedelta(hours=hours)
    with transaction():
        session.execute(update(Job).where(*due).values(run_at=seconds_from_now(-1)))
    while work_one({PUBLISH_DRAFT: HANDLERS[PUBLISH_DRAFT]}, "worker-1"):
        pass
    session.rollback()


def test_a_layer_is_made_listed_and_described(keeper: Keeper) -> None:
    made = keeper.post("", NEW)
    assert made == NEW | {
        "public": False,
        "approximate": False,
        "attribution": None,
        "licence": None,
        "key_attribute": None,
        "version": None,
        "features": None,
        "drafts": 0,
    }
    changed = keeper.call("PATCH", "/bins", json={"public": True, "licence": "CC BY 4.0", "key_attribute": "nr"})
    assert changed == made | {"public": True, "licence": "CC BY 4.0", "key_attribute": "nr"}
    assert keeper.get("/bins") == changed
    keys = [layer["key"] for layer in keeper.get("")["layers"]]
    assert keys == sorted(["bins", "boundary", "districts", "lamp-posts", "lighting", "streets"])


@pytest.mark.parametrize(
    "change",
    [
        {"key": "Bins"},
        {"key": "x" * 65},
        {"kind": "tree"},
        {"name": {}},
        {"name": {"en": ""}},
        {"name": {"xx": "?"}},
        {"more": 1},
        {"public": None},
    ],
)
def test_a_layer_that_makes_no_sense_is_refused(keeper: Keeper, change: dict[str, Any]) -> None:
    assert keeper.post("", NEW | change, 422)["code"] == "fields_not_valid"


def test_a_second_layer_of_a_key_is_refused(keeper: Keeper) -> None:
    keeper.post("", NEW)
    assert keeper.post("", NEW, 409)["code"] == "layer_exists"


def test_what_a_layer_is_called_is_seen_at_once_by_who_reads_the_map(keeper: Keeper, here: Municipality) -> None:
    assert not indexes_of(here)["lighting"].public
    keeper.call("PATCH", "/lighting", json={"public": True})
    in_force(here)
    assert indexes_of(here)["lighting"].public


def test_a_draft_is_published_at_once_and_rolled_back(keeper: Keeper, here: Municipality) -> None:
    number = draft(here)
    assert keeper.get("/lighting")["drafts"] == 1
    assert in_force(here) == 1
    shown = publish(keeper, number)
    assert (shown["number"], shown["state"], shown["in_force"]) == (2, "published", True)
    assert in_force(here) == 2
    publish(keeper, 1, reason="It was wrong")
    assert in_force(here) == 1
    listed = keeper.get("/lighting/publications")["publications"]
    assert [(p["version"], p["before"], p["by_name"], p["reason"]) for p in listed] == [
        (1, 2, "Kim", "It was wrong"),
        (2, 1, "Kim", WHY),
        (1, None, None, None),
    ]
    versions = keeper.get("/lighting/versions")["versions"]
    assert [(v["number"], v["in_force"]) for v in versions] == [(2, False), (1, True)]


def test_lists_come_in_pages(keeper: Keeper, here: Municipality) -> None:
    for _ in range(3):
        publish(keeper, draft(here))
    for what, numbers in (("versions", [4, 3, 2, 1]), ("publications", [4, 3, 2, 1])):
        found, after = [], {}
        while True:
            page = keeper.get(f"/lighting/{what}", query_string={"limit": 3} | after)
            found += [line.get("number", line.get("version")) for line in page[what]]
            if page["next"] is None:
                break
            after = {"after": page["next"]}
        assert found == numbers


def test_a_version_in_force_an_empty_one_and_one_that_is_not_there_are_refused(
    keeper: Keeper, here: Municipality
) -> None:
    assert publish(keeper, 1, 409)["code"] == "version_in_force"
    empty = keeper.post("/lighting/versions", {"based_on": None})
    assert empty["features"] == 0
    assert publish(keeper, empty["number"], 409)["code"] == "version_empty"
    assert publish(keeper, 99, 404)["code"] == "not_found"
    assert in_force(here) == 1


def test_a_draft_begins_from_another_version(keeper: Keeper, here: Municipality) -> None:
    begun = keeper.post("/lighting/versions", {"based_on": 1})
    assert (begun["state"], begun["based_on"], begun["features"], begun["by_name"]) == ("draft", 1, 1, "Kim")
    publish(keeper, begun["number"])
    assert in_force(here) == 2
    assert indexes_of(here)["lighting"].keys == ("west",)
    keeper.post("/lighting/versions", {"based_on": 77}, 404)


def test_a_draft_is_published_at_the_moment_that_was_ordered(keeper: Keeper, here: Municipality) -> None:
    number = draft(here)
    at = (now() + timedelta(hours=3)).isoformat()
    ordered = publish(keeper, number, at=at)
    assert ordered["state"] == "draft" and ordered["publish_at"]
    run_at = session.scalar(select(Job.run_at).where(Job.kind == PUBLISH_DRAFT))
    assert run_at is not None and run_at.isoformat() == at
    assert in_force(here) == 1
    do_jobs(hours=4)
    assert in_force(here) == 2
    newest = keeper.get("/lighting/publications")["publications"][0]
    assert (newest["version"], newest["by_name"], newest["reason"]) == (2, "Kim", WHY)
    assert keeper.get("/lighting/versions/2")["publish_at"] is None


def test_a_moment_that_has_passed_is_at_once(keeper: Keeper, here: Municipality) -> None:
    publish(keeper, draft(here), at="2020-01-01T00:00:00Z")
    assert in_force(here) == 2


def test_what_was_called_off_ordered_anew_or_published_by_hand_is_not_published_again(
    keeper: Keeper, here: Municipality
) -> None:
    called_off, again, by_hand, gone = (draft(here) for _ in range(4))
    for number in (called_off, again, by_hand, gone):
        publish(keeper, number, at=(now() + timedelta(hours=1)).isoformat())
    keeper.call("DELETE", f"/lighting/versions/{called_off}/publish-at", 204)
    keeper.call("DELETE", f"/lighting/versions/{gone}", 204)
    publish(keeper, again, at=(now() + timedelta(hours=2)).isoformat())
    publish(keeper, by_hand)
    publish(keeper, 1)
    do_jobs(hours=1.5)
    assert in_force(here) == 1
    states = {v["number"]: v["state"] for v in keeper.get("/lighting/versions")["versions"]}
    assert states == {1: "published", called_off: "draft", again: "draft", by_hand: "published"}


def test_a_draft_is_deleted_and_a_published_version_never(keeper: Keeper, here: Municipality) -> None:
    number = draft(here)
    keeper.call("DELETE", f"/lighting/versions/{number}", 204)
    keeper.get(f"/lighting/versions/{number}", 404)
    assert keeper.call("DELETE", "/lighting/versions/1", 409)["code"] == "version_published"
    assert keeper.call("DELETE", "/lighting/versions/1/publish-at", 409)["code"] == "version_published"
    publish(keeper, draft(here))
    refused = publish(keeper, 1, 409, at=(now() + timedelta(hours=1)).isoformat())
    assert refused["code"] == "version_published"


ADDRESSES = [
    ("GET", "", None),
    ("POST", "", NEW),
    ("GET", "/lighting", None),
    ("PATCH", "/lighting", {"public": True}),
    ("GET", "/lighting/versions", None),
    ("POST", "/lighting/versions", {"based_on": 1}),
    ("GET", "/lighting/versions/1", None),
    ("DELETE", "/lighting/versions/1", None),
    ("DELETE", "/lighting/versions/1/publish-at", None),
    ("GET", "/lighting/publications", None),
    ("POST", "/lighting/publications", {"version": 1, "reason": WHY}),
]


@pytest.mark.parametrize("method, path, body", ADDRESSES)
def test_nobody_else_may(
    client: FlaskClient,
    here: Municipality,
    alice: Person,
    bob: Person,
    charlie: Person,
    method: str,
    path: str,
    body: Any,
) -> None:
    before = in_force(here)
    for person, expected in ((alice, 403), (bob, 403), (charlie, 401)):
        address = f"{BASE.format(slug=here.slug)}{path}"
        answer = client.open(address, method=method, json=body, headers=person.headers)
        assert answer.status_code == expected
    assert client.open(f"{BASE.format(slug=here.slug)}{path}", method=method, json=body).status_code == 401
    assert in_force(here) == before


def test_a_layer_next_door_is_not_there(client: FlaskClient, keeper: Keeper, next_door: Municipality) -> None:
    charlotte = Keeper(client, next_door, make_staff(next_door, "charlotte", [("map_keeper", None)]))
    charlotte.post("", NEW)
    keeper.get("/bins", 404)
    keeper.post("/bins/versions", {}, 404)
    keeper.get("/bins%00", 404)
    assert all(layer["key"] != "bins" for layer in keeper.get("")["layers"])


def test_what_was_called_off_is_ordered_again_for_the_same_moment(keeper: Keeper, here: Municipality) -> None:
    at = (now() + timedelta(hours=1)).isoformat()
    number = draft(here)
    for _ in range(2):
        publish(keeper, number, at=at)
        keeper.call("DELETE", f"/lighting/versions/{number}/publish-at", 204)
    publish(keeper, number, at=at)
    keeper.call("DELETE", f"/lighting/versions/{number}", 204)
    assert draft(here, "streets") == number and draft(here) == number
    publish(keeper, number, at=at)
    do_jobs(2)
    assert in_force(here) == number and in_force(here, "streets") == 1


def test_what_was_ordered_for_a_draft_of_one_layer_is_not_done_to_another_ones(
    keeper: Keeper, here: Municipality
) -> None:
    at = (now() + timedelta(hours=1)).isoformat()
    number = draft(here)
    publish(keeper, number, at=at)
    keeper.call("DELETE", f"/lighting/versions/{number}", 204)
    other = draft(here, "streets")  # which SQLite gives the id of the deleted one
    keeper.post("/streets/publications", {"version": other, "reason": WHY, "at": at}, 200)
    do_jobs(2)
    assert (in_force(here), in_force(here, "streets")) == (1, other)
