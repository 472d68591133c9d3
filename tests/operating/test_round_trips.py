"""What was backed up or moved is the same on the other side, table for table, whatever the databases are."""

import uuid
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Interval, select, text

from service.db import session, transaction
from service.gis.spatial_sql import in_box
from service.jobs.models import Job
from service.media.models import Attachment
from service.media.renditions import Rendition, key_of
from service.municipalities.directory import Municipality
from service.operating import commands
from service.operating import shapes as shapes_module
from service.operating.backing_up import back_up
from service.operating.filling import generations_of
from service.operating.moving import move, rehearse, reopen
from service.operating.restoring import restore
from service.operating.shapes import kind_of, rows_of, shapes
from service.operating.snapshots import Refused, connected, revision_of, snapshot
from service.reports.models import Report
from service.storage.keeping import Store
from tests.factories.people import Person
from tests.factories.reports import photo, send_report, send_whole
from tests.operating.conftest import KINDS, ODD_JSON, NewDatabase, application_over


def contents(url: str) -> dict[str, list[list[object]]]:
    """Every row of every table but the generations, which grow on the way."""
    with snapshot(url) as connection:
        return {
            shape.name: [row for rows in rows_of(connection, shape) for row in rows]
            for shape in shapes()
            if shape.name != "generations"
        }


def test_every_column_of_every_table_has_a_kind() -> None:
    kinds = {kind for shape in shapes() for _, kind in shape.columns}
    assert kinds == {"integer", "number", "boolean", "text", "instant", "uuid", "bytes", "day", "json", "geometry"}


def test_a_column_without_a_kind_is_named() -> None:
    with pytest.raises(TypeError, match="Interval"):
        kind_of(Interval())


@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_is_restored_row_for_row_with_its_files(
    full: Municipality,
    alice: Person,
    url: str,
    store: Store,
    other_store: Store,
    kind: str,
    new_database: NewDatabase,
    tmp_path: Path,
) -> None:
    path, written = back_up(url, store, tmp_path / "backup.tar")
    there = new_database(kind)
    found, _ = restore(path, there, other_store)
    assert found == written.tables
    assert contents(there) == contents(url)
    assert {key for key, _, _ in other_store.keys_with_age()} == keys_of_rows(url)
    with application_over(there, tmp_path) as client:
        assert photos_of_all_reports(client, alice) == 2
        assert session.scalar(select(Job.payload).where(Job.kind == "odd")) == ODD_JSON


def test_a_move_copies_row_for_row_and_closes_the_old_database(
    client: FlaskClient, full: Municipality, alice: Person, url: str, other_kind: str, new_database: NewDatabase
) -> None:
    there = new_database(other_kind)
    move(url, there)
    try:
        assert contents(there) == contents(url)
        refused = send_report(client, who=alice)
        assert (refused.status_code, refused.json["code"], refused.headers["Retry-After"]) == (503, "moving", "30")
        assert client.get("/api/v1/here/my/reports", headers=alice.headers).status_code == 200
        with pytest.raises(Refused, match="closed"):
            move(url, new_database(other_kind))
    finally:
        reopen(url)
    assert send_report(client, who=alice).status_code == 201


def test_a_key_used_before_the_move_has_the_same_outcome_after_it(
    client: FlaskClient,
    full: Municipality,
    alice: Person,
    url: str,
    new_database: NewDatabase,
    other_kind: str,
    tmp_path: Path,
) -> None:
    first = send_whole(client, [photo("green")], who=alice, key="a-key-before-the-move")
    assert first.status_code == 201, first.json
    there = new_database(other_kind)
    move(url, there)
    reopen(url)
    with application_over(there, tmp_path) as moved:
        again = send_whole(moved, [photo("green")], who=alice, key="a-key-before-the-move")
        assert again.headers.get("Idempotency-Replayed") == "true", again.json
        assert again.json["id"] == first.json["id"]
        new = send_report(moved, who=alice)
        assert new.status_code == 201, new.json
        assert int(new.json["number"][-6:]) == int(first.json["number"][-6:]) + 1


def test_the_spatial_index_finds_what_was_restored(
    full: Municipality, url: str, other_kind: str, new_database: NewDatabase, tmp_path: Path
) -> None:
    there = new_database(other_kind)
    move(url, there)
    reopen(url)
    with application_over(there, tmp_path):
        assert (
            len(session.scalars(select(Report.id).where(in_box(Report.place, 21.715, 40.245, 21.725, 40.255))).all())
            == 2
        )
        assert session.scalars(select(Report.id).where(in_box(Report.place, 0, 0, 1, 1))).all() == []


def test_a_rehearsal_leaves_both_databases_as_they_were(
    client: FlaskClient, full: Municipality, url: str, other_kind: str, new_database: NewDatabase
) -> None:
    there = new_database(other_kind)
    counted = {each.name: each.rows for each in rehearse(url, there)}
    assert counted["reports"] == 3
    with connected(there) as connection:
        assert revision_of(connection) is None
    assert send_report(client).status_code == 201


def test_what_the_new_database_cannot_hold_is_refused_and_the_old_one_goes_on(
    client: FlaskClient, full: Municipality, url: str, new_database: NewDatabase
) -> None:
    if not url.startswith("sqlite"):
        pytest.skip("only SQLite holds more than the other")
    with transaction():
        session.execute(text("UPDATE reports SET description = 'zero' || char(0)"))
    there = new_database("postgresql")
    with pytest.raises(Refused, match="does not take the rows of reports"):
        move(url, there)
    with connected(there) as connection:
        assert revision_of(connection) is None
    assert send_report(client).status_code == 201


def test_a_copy_that_differs_is_refused(
    full: Municipality, url: str, new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(shapes_module.TO_SQLITE, "number", lambda value: value + 1e-9)
    with pytest.raises(Refused, match="should be there"):
        rehearse(url, new_database("sqlite"))


def test_generations_grow_beyond_what_any_process_remembers(
    full: Municipality, url: str, store: Store, other_store: Store, new_database: NewDatabase, tmp_path: Path
) -> None:
    before = generations(url)
    path, _ = back_up(url, store, tmp_path / "backup.tar")
    there = new_database("sqlite")
    restore(path, there, other_store)
    assert generations(there) == {subject: value + 1 for subject, value in before.items()}
    restore(path, there, other_store, replace=True)
    assert generations(there) == {subject: value + 2 for subject, value in before.items()}


def test_the_commands_say_what_they_did(
    full: Municipality, app: Flask, url: str, other_kind: str, new_database: NewDatabase, tmp_path: Path
) -> None:
    photo_of_nobody = session.scalars(select(Attachment.uid)).first()
    session.rollback()
    app.config["STORE"].delete(key_of("here", photo_of_nobody, Rendition.LARGE))
    settings, there = app.config["PLATEIA"], new_database(other_kind)

    def plateia(command: click.Command, *arguments: str, fails: bool = False) -> str:
        result = CliRunner().invoke(command, arguments, obj=settings)
        assert result.exit_code == int(fails), result.output
        return result.output

    assert "1 photos HAVE LOST THEIR FILES" in plateia(commands.backup, str(tmp_path / "b.tar"))
    assert "there already" in plateia(commands.backup, str(tmp_path / "b.tar"), fails=True)
    assert "rehearsal" in plateia(commands.move, "--to", there, "--rehearse")
    assert "every count and digest is equal" in plateia(commands.restore, str(tmp_path / "b.tar"), "--to", there)
    assert "not empty" in plateia(commands.move, "--to", there, fails=True)
    assert "is closed and answers 503" in plateia(commands.move, "--to", new_database("sqlite"))
    assert "takes reports again" in plateia(commands.move, "--cancel")
    away = "postgresql://nobody@127.0.0.1:1/nothing"
    assert "refused" in plateia(commands.restore, str(tmp_path / "b.tar"), "--to", away, fails=True)
    assert CliRunner().invoke(commands.move, [], obj=settings).exit_code == 2


def test_a_store_that_does_not_answer_ends_the_backup(full: Municipality, app: Flask, tmp_path: Path) -> None:
    files = tmp_path / "files"
    settings = replace(app.config["PLATEIA"], files_url=str(files))
    files.mkdir()
    (files / "here").write_text("a file where a folder should be")
    result = CliRunner().invoke(commands.backup, [str(tmp_path / "b.tar")], obj=settings)
    assert result.exit_code == 1 and "storage_unavailable" in result.output
    assert not list(tmp_path.glob("*b.tar*"))


def generations(url: str) -> dict[str, int]:
    with snapshot(url) as connection:
        return generations_of(connection)


def keys_of_rows(url: str) -> set[str]:
    with snapshot(url) as connection:
        rows = connection.execute(
            text("SELECT m.slug, a.uid FROM attachments a JOIN municipalities m ON m.id = municipality_id")
        )
        return {
            f"{slug}/{uuid.UUID(str(uid))}/{size}.jpg" for slug, uid in rows for size in ("large", "medium", "small")
        }


def photos_of_all_reports(client: FlaskClient, person: Person) -> int:
    """How many photos of this person's reports can be seen in full."""
    count = 0
    for report in client.get("/api/v1/here/my/reports", headers=person.headers).json["reports"]:
        for shown in client.get(f"/api/v1/here/reports/{report['id']}", headers=person.headers).json["photos"]:
            assert client.get(shown["large"], headers=person.headers).mimetype == "image/jpeg"
            count += 1
    return count
