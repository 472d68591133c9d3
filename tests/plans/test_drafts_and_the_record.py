"""What is drafted is nobody's business yet; what was read before others wrote is refused; who did what is kept."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from service.db import dialect, session, transaction
from service.municipalities.directory import Municipality
from service.people.audit_models import AuditEntry
from tests.factories.people import Person, make_staff
from tests.plans.plans import OPEN, a_plan, approve, call, put_in_force, see

REPORT = {
    "key": "r",
    "period": {"stated": "2026"},
    "approved_by": "council",
    "entries": [{"element": "1.1", "status": "completed", "evidence": ["paper"]}],
}
SECRET = {
    "bodies": [*a_plan()["bodies"], {"key": "secret", "name": {"el": "Μυστικό"}}],
    "documents": [{"key": "paper", "title": {"el": "Προσχέδιο"}}],
    "stages": [{"key": "s", "title": {"el": "Στάδιο"}}],
    "decisions": [{"key": "d", "body": "secret"}],
    "evaluations": [{"key": "e", "title": {"el": "Αξιολόγηση"}, "body": "council", "document": "paper"}],
    "links": [{"kind": "aligned_with", "title": {"el": "Άλλο"}}],
    "progress": [REPORT],
}
RECORDED = ("stages", "decisions", "evaluations", "documents")
REPLACED = (
    "INSERT OR REPLACE INTO plan_versions (id, plan_id, number, state, heading, created_at)"
    " VALUES ({version}, 1, 99, 'working', '{{}}', '2026-01-01')",
    "INSERT OR REPLACE INTO plan_versions (plan_id, number, state, heading, created_at)"
    " SELECT plan_id, number, 'working', heading, created_at FROM plan_versions WHERE id = {version}",
    "UPDATE OR REPLACE plan_versions SET id = {version} WHERE state = 'working'",
    "INSERT OR REPLACE INTO plan_revisions (id, version_id, element_id, ordinal, detail, revision_hash)"
    " SELECT (SELECT min(id) FROM plan_revisions WHERE version_id = {version}), v.id, 999, 0, '{{}}', ''"
    " FROM plan_versions v WHERE state = 'working'",
    "INSERT OR REPLACE INTO plan_elements SELECT * FROM plan_elements",
    "INSERT OR REPLACE INTO plan_progress_reports SELECT * FROM plan_progress_reports",
    "INSERT OR REPLACE INTO plan_progress_entries SELECT * FROM plan_progress_entries",
)
TRUNCATED = ("plan_versions", "plan_revisions", "plan_elements", "plan_changes", "plan_progress_reports")


@pytest.fixture
def ada(here: Municipality) -> Person:
    return make_staff(here, "ada", [("consultation_manager", None)])


def everything(client: FlaskClient) -> list[Any]:
    """All that everybody sees of the plan, with the tags by which it is asked for again."""
    paths = ("", "/record", "/data", "/tree", "/progress", "/elements/1.1", "/map", "/elements?q=x", "/files/json")
    return [(see(client, f"/op{path}"), client.get(f"{OPEN}/op{path}").headers["ETag"]) for path in paths]


def test_nothing_of_a_draft_is_public_before_it_is_published(
    client: FlaskClient, here: Municipality, ada: Person
) -> None:
    put_in_force(here, a_plan())
    before = everything(client)
    call(client, ada, "POST", "", {"plan": a_plan(**SECRET)})
    assert everything(client) == before
    drafted = call(client, ada, "GET", "/op/draft")["plan"]
    assert all(len(drafted[kind]) == 1 for kind in RECORDED) and "approved_by" not in drafted["progress"][0]
    assert approve(client, ada, "op", "r", {"by": "council"}, 422)["code"] == "plan_faulty"  # its paper waits
    call(client, ada, "DELETE", "/op/draft", status=204)
    evaluation = SECRET["evaluations"][0] | {"document": None, "draft": True}
    call(client, ada, "PUT", "/op/record/evaluations/mid", {"entry": evaluation}, 204)
    call(client, ada, "PUT", "/op/progress/2025", {"period": {}, "entries": [{"element": "1.1"}]}, 204)
    assert everything(client) == before and "draft" in call(client, ada, "GET", "/op/draft")["plan"]["evaluations"][0]
    finished: dict[str, Any] = {"entry": evaluation | {"draft": False}}
    assert call(client, ada, "PUT", "/op/record/evaluations/mid", finished, 422)["code"] == "nobody_approves"
    finished["entry"]["approved_by"] = "council"
    call(client, ada, "PUT", "/op/record/evaluations/mid", finished, 204)
    (seen,) = see(client, "/op/record")["evaluations"]
    assert seen["approved_by"] == "council" and everything(client)[2][1] != before[2][1]
    call(client, ada, "DELETE", "/op/record/evaluations/mid", status=204)
    assert [content for content, _ in everything(client)] == [content for content, _ in before]

    call(client, ada, "POST", "", {"plan": a_plan(**SECRET, vision={"el": "Όραμα"})})
    stage = {"entry": {"title": {"el": "Όπως έγινε"}}}
    call(client, ada, "PUT", "/op/record/stages/s", stage, 204)  # what is recorded now is newer
    call(client, ada, "DELETE", "/op/record/documents/paper", status=422)
    call(client, ada, "DELETE", "/op/record/links/lost", status=404)
    second = call(client, ada, "POST", "/op/draft/freeze", {})["hash"]
    assert see(client, "/op/record")["evaluations"] == []
    call(client, ada, "POST", "/op/draft", {}, 201)
    waiting = call(client, ada, "GET", "/op/draft")["plan"]
    assert waiting["evaluations"][0]["key"] == "e"
    call(client, ada, "POST", f"/op/versions/{second}/publish")
    assert see(client, "/op/record")["evaluations"] == []  # nobody has approved it
    found = {"entry": SECRET["evaluations"][0]}
    assert call(client, ada, "PUT", "/op/record/evaluations/e", found, 422)["code"] == "nobody_approves"
    found["entry"] = SECRET["evaluations"][0] | {"approved_by": "council"}
    call(client, ada, "PUT", "/op/record/evaluations/e", found, 204)
    record = see(client, "/op/record")
    assert all(len(record[kind]) == 1 for kind in RECORDED) and record["stages"][0]["title"] == {"el": "Όπως έγινε"}
    assert len(see(client, "/op")["links"]) == 1 and see(client, "/op/progress")["history"] == []
    approve(client, ada, "op", "r", {"by": "council"})
    assert see(client, "/op/tree")["elements"][0]["children"][0]["status"] == "completed"
    for entries, warned in ((REPORT["entries"], []), ([{"element": "1.2"}], ["report_stays"])):
        again = a_plan(**SECRET | {"evaluations": [], "progress": [REPORT | {"entries": entries}]})
        found = call(client, ada, "POST", "", {"plan": again, "dry_run": True})["warnings"]
        assert [one["kind"] for one in found] == warned

    for kind, key in (("documents", "paper"), ("bodies", "council")):
        kept = call(client, ada, "DELETE", f"/op/record/{kind}/{key}", status=422)
        assert kept["code"] == "plan_faulty"  # a report names it
    call(client, ada, "DELETE", "/op/record/evaluations/e", status=204)
    version = session.scalar(text("SELECT id FROM plan_versions WHERE state = 'published'"))
    refused = [
        "UPDATE plan_versions SET published_at = '2026-01-01' WHERE id = {version}",
        *(REPLACED if dialect() == "sqlite" else (f"TRUNCATE {table} CASCADE" for table in TRUNCATED)),
    ]
    for statement in refused:
        with pytest.raises(DBAPIError, match=r"never changed|keeps its names"), transaction():
            session.execute(text(statement.format(version=version)))

    acts = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [one.action for one in acts] == [
        "plan_draft_discarded",
        *("plan_entry_put", "plan_entry_put", "plan_entry_dropped"),
        "plan_entry_put",
        "plan_frozen",
        "plan_published",
        "plan_entry_put",
        "plan_progress_approved",
        "plan_entry_dropped",
    ]
    assert all(one.actor == ada.account and one.subject_kind == "plan" for one in acts)
    was = acts[-1].facts["before"]
    assert (was["body"], was["document"], len(was["sha256"])) == ("council", "paper", 64) and "title" not in was


def evaluation(key: str, **said: Any) -> dict[str, Any]:
    advice = {"key": "a", "text": {"el": "Περισσότερα δέντρα"}, "findings": ["f"]}
    found = {"key": "f", "text": {"el": "Λίγη σκιά"}}
    return {
        "key": key,
        "kind": "other",
        "title": {"el": "Ενδιάμεση"},
        "findings": [found],
        "recommendations": [advice],
    } | said


def test_an_evaluation_that_comes_with_a_document_is_approved_first(
    client: FlaskClient, here: Municipality, ada: Person
) -> None:
    approved = evaluation("old", approved_by="council")
    put_in_force(here, a_plan(evaluations=[approved, evaluation("new")]))
    assert see(client, "/op/record")["evaluations"] == [approved]  # as the first document says
    (drafted,) = (one for one in call(client, ada, "GET", "/op/draft")["plan"]["evaluations"] if one.get("draft"))
    assert drafted["key"] == "new"

    answer = {"kind": "accepted", "text": {"el": "Θα φυτευτούν"}, "body": "council"}
    answered = evaluation("old", approved_by="council", title={"el": "Άλλη"})
    answered["recommendations"][0]["answer"] = answer
    coming = [answered, evaluation("new", approved_by="council"), evaluation("later", approved_by="council")]
    dry = call(client, ada, "POST", "", {"plan": a_plan(evaluations=coming), "dry_run": True})
    assert [(one["kind"], one["stated"]) for one in dry["warnings"]] == [("evaluation_stays", "old")]
    unchanged = call(client, ada, "GET", "/op/draft")["plan"]
    assert call(client, ada, "POST", "", {"plan": unchanged, "dry_run": True})["warnings"] == []
    call(client, ada, "POST", "", {"plan": a_plan(vision={"el": "Όραμα"}, evaluations=coming)})
    frozen = call(client, ada, "POST", "/op/draft/freeze", {})["hash"]
    call(client, ada, "POST", f"/op/versions/{frozen}/publish")
    (seen,) = see(client, "/op/record")["evaluations"]
    assert (seen["title"], seen["recommendations"][0]["answer"]) == ({"el": "Ενδιάμεση"}, answer)
    staffs = call(client, ada, "GET", "/op/draft")["plan"]["evaluations"]
    assert [(one["key"], one.get("draft"), one.get("approved_by")) for one in staffs] == [
        ("old", None, "council"),
        ("new", True, None),
        ("later", True, None),
    ]
    call(client, ada, "PUT", "/op/record/evaluations/old", {"entry": evaluation("old")}, 422)
    call(client, ada, "PUT", "/op/record/evaluations/later", {"entry": coming[2]}, 204)
    assert [one["key"] for one in see(client, "/op/record")["evaluations"]] == ["old", "later"]


def test_who_writes_on_what_somebody_else_has_changed_is_refused(
    client: FlaskClient, here: Municipality, ada: Person
) -> None:
    put_in_force(here, a_plan(stages=[{"key": "s", "title": {"el": "Στάδιο"}}]))
    call(client, ada, "PUT", "/op/progress/r", {"period": {}, "entries": [{"element": "1.1"}]}, 204)
    call(client, ada, "POST", "/op/draft", {}, 201)
    seen = call(client, ada, "GET", "/op")["revision"]
    call(client, ada, "PUT", "/op/progress/r", {"period": {}, "revision": seen}, 204)
    old = {"revision": seen}
    wrong: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
        ("POST", "", {"plan": a_plan()} | old),
        ("PUT", "/op/progress/r", {"period": {}} | old),
        ("POST", "/op/progress/r/approve", {"by": "council"} | old),
        ("PUT", "/op/record/stages/s", {"entry": {"title": {}}} | old),
        ("DELETE", f"/op/record/stages/s?revision={seen}", None),
        ("POST", "/op/draft/freeze", old),
        ("DELETE", f"/op/draft?revision={seen}", None),
    )
    for method, path, body in wrong:
        assert call(client, ada, method, path, body, 409)["code"] == "plan_changed", path
    assert client.get(f"{OPEN}/op/record").json["stages"][0]["title"] == {"el": "Στάδιο"}
    call(client, ada, "POST", "/op/progress/r/approve", {"by": "council"}, 422)
    approve(client, ada, "op", "r", {"by": "council"})
    for percent in ("-1", "100.5"):
        report = {"period": {}, "entries": [{"element": "1.1", "physical_percent": percent}]}
        assert call(client, ada, "PUT", "/op/progress/q", report, 422)["code"] == "plan_faulty"
        document = a_plan(progress=[{"key": "q"} | report])
        assert call(client, ada, "POST", "", {"plan": document}, 422)["faults"][0]["fault"] == "out_of_range"
    light = {"level": "action", "title": {"el": "x"}, "action": {"weight": "0"}}
    assert call(client, ada, "PUT", "/op/draft/elements/1.1", {"element": light}, 422)["code"] == "plan_faulty"
