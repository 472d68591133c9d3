"""A sheet is uploaded, shown for what it would change, made a draft, frozen, published and fetched again."""

import json
from dataclasses import replace
from io import BytesIO
from typing import Any

from hypothesis import HealthCheck, given, settings
from openpyxl import load_workbook
from sqlalchemy import update

from service.db import session, transaction
from service.db.clock import now
from service.housekeeping import HANDLERS
from service.jobs.models import Job
from service.jobs.working import work_one
from service.plans import exporting, uploading
from service.plans.applying import apply, propose
from service.plans.canonical import to_json
from service.plans.document import Plan
from service.plans.finding import newest_of, plan_named
from service.plans.freezing import freeze, publish, seal
from service.plans.reading import document
from service.storage.keeping import StoreUnavailable
from tests.plan_files.any_plan import plans
from tests.plan_files.books import EMPTY, ROW, eetaa, with_cell
from tests.plan_files.conftest import do_jobs

ROWS = [
    ROW,
    with_cell(0, 2, with_cell(4, "Μελέτη πεζοδρόμησης", with_cell(5, "Μελέτη", with_cell(10, "264.275,76 Lt")))),
    with_cell(
        0, 3, with_cell(4, "Νέο αντλιοστάσιο", with_cell(1, "2 Ύδρευση", with_cell(2, None, with_cell(3, None))))
    ),
]


def cells(content: bytes) -> list[list[Any]]:
    sheet = load_workbook(BytesIO(content)).active
    return [[cell.value for cell in row] for row in sheet.iter_rows(min_row=3)]


def stored(here):
    session.rollback()
    plan = plan_named(here, EMPTY.key)
    return document(plan, newest_of(plan))


def in_force(here) -> str:
    """Freeze and publish the draft; its hash."""
    sealed = seal(here, EMPTY.key)
    with transaction():
        known_as = str(freeze(here, EMPTY.key, sealed, "First").content_hash)
    with transaction():
        publish(here, EMPTY.key, known_as)
    return known_as


def test_a_sheet_becomes_a_draft_only_after_its_changes_were_shown(
    app, here, next_door, keeper, alice, charlie, tmp_path
):
    path = eetaa(tmp_path / "plan.xlsx", [*ROWS, with_cell(10, "1,500", with_cell(0, 4))])
    found = keeper.read(path)
    assert (found["state"], found["counts"]) == ("read", {"added": 7})
    assert found["report"]["rows"] == 4 and found["report"]["left_out"] == 1
    assert [(one["row"], one["fault"], one["grave"]) for one in found["report"]["findings"]][-1] == (
        6,
        "amount_ambiguous",
        True,
    )
    assert {change["kind"] for change in found["changes"]} == {"added"}
    assert stored(here).elements == ()
    for other in (alice, charlie):
        answer = keeper.client.get(f"{keeper.base}/uploads/{found['id']}", headers=other.headers)
        assert answer.status_code in (401, 403)
    assert keeper.take_over(found) == {"number": 1, "state": "working"}
    keeper.take_over(found, 409)  # the plan is not any more as it was when the changes were shown

    out = keeper.fetch("xlsx").data
    first = [*ROW[:1], "1. Περιβάλλον", "1.1. Πράσινο", "1.1.1. Πάρκα", *ROW[4:12], *ROW[14:]]
    assert cells(out)[0] == first and len(cells(out)) == 3
    assert cells(out)[1][10] == "264.275,76 Lt"
    (tmp_path / "again.xlsx").write_bytes(out)
    again = keeper.read(tmp_path / "again.xlsx")
    assert (again["counts"], again["heading"], again["report"]["left_out"]) == ({}, [], 0)

    known_as = in_force(here)
    files = {form: keeper.client.get(f"{keeper.public}/files/{form}") for form in exporting.TYPES}
    assert {form: answer.status_code for form, answer in files.items()} == dict.fromkeys(exporting.TYPES, 200)
    assert cells(files["xlsx"].data) == cells(out) and files["pdf"].data.startswith(b"%PDF")
    kept = set(app.config["STORE"].keys_with_age(exporting.FOLDER))
    assert keeper.client.get(f"{keeper.public}/files/csv").data == files["csv"].data
    named = {form: answer.headers["Content-Disposition"] for form, answer in files.items()}
    assert named["pdf"].endswith("=operational.pdf") and named["oc4ids"].endswith("=operational.oc4ids.json")
    assert {key for key, _, _ in app.config["STORE"].keys_with_age(exporting.FOLDER)} == {key for key, _, _ in kept}
    assert len(files["oc4ids"].json["projects"]) == 3 and files["json"].json["key"] == "operational"
    assert "Νέο αντλιοστάσιο" in files["csv"].text
    for form in ("csv", "json"):
        (tmp_path / f"again.{form}").write_bytes(files[form].data)
        assert keeper.read(tmp_path / f"again.{form}")["counts"] == {}
    etag = {"If-None-Match": files["csv"].headers["ETag"]}
    assert keeper.client.get(f"{keeper.public}/files/csv", headers=etag).status_code == 304
    at = {"version": known_as, "language": "xx"}
    assert keeper.client.get(f"{keeper.public}/files/json", query_string=at).status_code == 200
    assert keeper.fetch("json", version=known_as).json["elements"]
    assert keeper.client.get(f"{keeper.public}/files/json", query_string={"version": "0" * 64}).status_code == 404
    assert keeper.client.get(f"/api/v1/{next_door.slug}/plans/operational/files/json").status_code == 404


def test_what_cannot_be_read_says_why_and_leaves_nothing(app, here, keeper, tmp_path, monkeypatch):
    path = eetaa(tmp_path / "plan.xlsx")
    assert keeper.send(path, 422, name="plan.xlsm")["reason"] == "macros"
    assert keeper.send(path, 422, name="plan.exe")["reason"] == "kind"
    for mapping in ("{", "[]", '{"levels": 7}', '{"title": 7}', '{"years": {"x": "a"}}', '{"other": "a"}'):
        assert keeper.send(path, 422, mapping=mapping)["code"] == "fields_not_valid"
    (tmp_path / "text.xlsx").write_text("no workbook")
    refused = keeper.read(tmp_path / "text.xlsx")
    assert (refused["state"], refused["refusal"]["code"], refused["refusal"]["reason"]) == (
        "refused",
        "plan_file_refused",
        "damaged",
    )
    assert refused["report"] is None
    assert keeper.take_over(refused, 409)["code"] == "plan_upload_not_read"
    (tmp_path / "other.json").write_text(json.dumps(to_json(replace(EMPTY, key="another"))))
    assert keeper.read(tmp_path / "other.json")["refusal"]["reason"] == "another_plan"
    (tmp_path / "table.csv").write_text("Títol;Any\nPlaça;12,5\n")
    mapped = keeper.read(tmp_path / "table.csv", mapping='{"title": "Títol", "years": {"2024": "Any"}}', language="el")
    assert mapped["counts"] == {"added": 1}
    store = app.config["STORE"]
    assert [key for key, _, _ in store.keys_with_age(uploading.FOLDER)] == [uploading.proposed_key(mapped["id"])]
    store.delete(uploading.proposed_key(mapped["id"]))
    assert keeper.take_over(mapped, 409)["code"] == "plan_upload_not_read"
    address = f"{keeper.base}/uploads/{mapped['id']}".replace("operational", "strategic")
    keeper.call("GET", address, 404)
    assert keeper.client.get(f"{keeper.public}/files/json").status_code == 404  # nothing is in force


def test_a_worker_that_died_or_found_the_store_away_begins_again(app, here, keeper, tmp_path, monkeypatch):
    sent = keeper.send(eetaa(tmp_path / "plan.xlsx"))
    store = app.config["STORE"]

    def away(*_):
        raise StoreUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(store, "read_to", away)
        work_one({"read_plan_file": HANDLERS["read_plan_file"]}, "worker-1")
    session.rollback()
    assert keeper.call("GET", f"{keeper.base}/uploads/{sent['id']}").json["state"] == "waiting"
    outcome = {"outcome": {"refusal": {"code": "plan_file_refused", "message": "…", "details": {}}}}
    with transaction():
        session.execute(update(Job).where(Job.unique_key == sent["id"]).values(progress=outcome, run_at=now()))
    do_jobs("read_plan_file")
    assert keeper.call("GET", f"{keeper.base}/uploads/{sent['id']}").json["state"] == "refused"
    assert list(store.keys_with_age(uploading.FOLDER)) == []


def test_a_large_file_is_made_by_the_worker_and_kept_for_a_day(app, here, keeper, tmp_path, monkeypatch):
    keeper.take_over(keeper.read(eetaa(tmp_path / "plan.xlsx", ROWS)))
    monkeypatch.setitem(exporting.AT_ONCE, "pdf", 3)
    for _ in range(2):
        answer = keeper.fetch("pdf", 202)
        assert answer.json == {"state": "being_made"} and answer.headers["Retry-After"] == "2"
    do_jobs("write_plan_file")
    assert keeper.fetch("pdf").data.startswith(b"%PDF")
    store = app.config["STORE"]
    for key, _, _ in store.keys_with_age(exporting.FOLDER):
        store.delete(key)
    keeper.fetch("pdf", 202)  # it was swept away, and is made again
    with transaction():
        session.execute(update(Job).where(Job.kind == "write_plan_file").values(payload=Job.payload))
    job = session.query(Job).filter_by(kind="write_plan_file").one()
    gone = dict(job.payload) | {"version": 0}
    with transaction():
        session.execute(update(Job).where(Job.id == job.id).values(payload=gone))
    do_jobs("write_plan_file")
    assert list(store.keys_with_age(exporting.FOLDER)) == []
    for ended, status in ((now(), 503), (now() - 2 * exporting.AGAIN_AFTER, 202)):
        with transaction():
            session.execute(update(Job).where(Job.kind == "write_plan_file").values(state="failed", finished_at=ended))
        keeper.fetch("pdf", status)


def test_what_nobody_awaits_is_swept_after_a_day(app, here, keeper, tmp_path, monkeypatch):
    keeper.send(eetaa(tmp_path / "plan.xlsx"))
    store = app.config["STORE"]
    store.keep(f"{exporting.FOLDER}/old.pdf", b"x")
    assert uploading.sweep_plan_files(store, (uploading.FOLDER, exporting.FOLDER)) == 0
    monkeypatch.setattr(uploading, "FORGOTTEN_AFTER", -uploading.FORGOTTEN_AFTER)
    assert uploading.sweep_plan_files(store, (uploading.FOLDER, exporting.FOLDER)) == 1
    assert [key for key, _, _ in store.keys_with_age(uploading.FOLDER)] != []


QUICKLY = settings(
    max_examples=4,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)


def kept_and_read(here, plan: Plan) -> Plan:
    """The plan out of the database; what was written is undone."""
    try:
        with transaction():
            draft = apply(here, propose(here, plan))
            found = document(plan_named(here, plan.key), draft)
            raise Undone(found)
    except Undone as undone:
        return undone.args[0]


class Undone(Exception):
    pass


def without_uids(said: Any) -> Any:
    if isinstance(said, list):
        return [without_uids(one) for one in said]
    return {name: without_uids(one) for name, one in said.items() if name != "uid"} if isinstance(said, dict) else said


def by_key(said: dict[str, Any]) -> dict[str, Any]:
    """The JSON with its registers in the order of their keys, which is not part of what they say."""
    registers = ("bodies", "territories", "funding_sources", "documents")
    return said | {name: sorted(said[name], key=lambda one: one["key"]) for name in registers if name in said}


@QUICKLY
@given(plan=plans())
def test_any_plan_comes_out_of_the_database_as_it_went_in(here, plan):
    assert by_key(without_uids(to_json(kept_and_read(here, plan)))) == by_key(without_uids(to_json(plan)))
