"""What is not there, stands elsewhere, or is done already is refused, and changes nothing."""

from typing import Any

from flask.testing import FlaskClient

from service.municipalities.directory import Municipality
from tests.factories.people import make_staff
from tests.plans.plans import OPEN, a_plan, action, approve, call, put_in_force, see


def test_what_cannot_be_is_refused(client: FlaskClient, here: Municipality) -> None:
    ada = make_staff(here, "ada", [("consultation_manager", None)])
    known_as = put_in_force(here, a_plan(uid="01a20027-6a10-7c02-8a44-0b1de7a5c9f0"))
    assert see(client, "/01a20027-6a10-7c02-8a44-0b1de7a5c9f0")["key"] == "op"
    for path in ("/op%00", "/lost", "/op/elements/lost", "/op/versions/lost", "/op/versions/%00"):
        see(client, path, 404)
    assert see(client, "/op/elements?q=.")["elements"] == []
    for path in ("/op/progress", "/op/map", "/op/elements?q=led", "/op/elements/1.1", f"/op/versions/{known_as}"):
        etag = client.get(f"{OPEN}{path}").headers["ETag"]
        assert client.get(f"{OPEN}{path}", headers={"If-None-Match": etag}).status_code == 304
    assert see(client, f"/op/versions/{known_as}/changes?since={known_as}")["changes"] == []
    new = {"element": {"level": "axis", "title": {"en": "x"}}, "parent": "lost"}
    call(client, ada, "PUT", "/op/draft/elements/9", new, 409)
    call(client, ada, "POST", "/op/draft", {}, 201)
    call(client, ada, "POST", "/op/draft", {}, 201)
    wrong: tuple[tuple[dict[str, Any], int], ...] = (
        ({"kind": "removed", "element": "lost"}, 404),
        ({"kind": "moved", "element": "1.1", "parent": "2", "after": "1.2"}, 422),
        ({"kind": "merged", "element": "1", "into": "1.1"}, 422),
        ({"kind": "split", "element": "1.1", "parts": [action("1.2", "x")]}, 409),
        ({"kind": "split", "element": "1", "parts": [action("9", "x")]}, 422),
        ({"kind": "removed", "element": "1.1", "revision": 0}, 409),
    )
    for body, status in wrong:
        call(client, ada, "POST", "/op/draft/changes", body, status)
    call(client, ada, "PUT", "/op/draft/elements/9", new, 422)
    call(client, ada, "PATCH", "/op/draft", {"heading": {"levels": None}}, 422)
    call(client, ada, "PATCH", "/op/draft", {"heading": {}, "revision": 0}, 409)
    call(client, ada, "POST", "/op/draft/changes", {"kind": "merged", "element": "2", "into": "1"})
    call(client, ada, "POST", "/op/draft/changes", {"kind": "split", "element": "2.1", "parts": [], "stays": True})
    evaluation = {"title": {}, "findings": [{"key": "f", "text": {}, "criterion": "lost"}]}
    call(client, ada, "PUT", "/op/record/evaluations/e", {"entry": evaluation}, 422)
    stage = {"entry": {"title": {}}, "after": "lost"}
    call(client, ada, "PUT", "/op/record/stages/s", stage, 404)
    report = {"period": {}, "entries": [{"element": "1.1"}, {"element": "1.1"}]}
    call(client, ada, "PUT", "/op/progress/r", report, 422)
    approve(client, ada, "op", "lost", {"by": "council"}, 404)
    call(client, ada, "PUT", "/op/progress/r", {"period": {}}, 204)
    for status in (204, 409):
        approve(client, ada, "op", "r", {"by": "council"}, status)
    call(client, ada, "POST", "", {"plan": a_plan(key="new")})
    assert call(client, ada, "DELETE", "/new/draft", status=409)["code"] == "only_version"


def test_a_name_of_ours_is_given_once(client: FlaskClient, here: Municipality) -> None:
    name = "01a20027-6a11-7d12-9b55-1c2ef8b6dac1"
    for key in ("one", "two"):
        put_in_force(here, a_plan(key=key, elements=[action("1.1", "x") | {"uid": name}]))
    ids = [see(client, f"/{key}/elements/1.1")["id"] for key in ("one", "two")]
    assert ids[0] == name and ids[1] != name
