"""What is not a whole backup, or not for this database, is refused before anything changes."""

import io
import tarfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import OperationalError

from service.db import session, transaction
from service.db.standstill import own_tables, stands_still
from service.jobs.planning import plan
from service.media.attaching import record
from service.media.documents import store_document
from service.media.models import Attachment
from service.media.renditions import Rendition, document_key, key_of
from service.media.sweeping import sweep
from service.municipalities.directory import Municipality
from service.operating import archives, backing_up, moving
from service.operating.archives import sha256_of
from service.operating.backing_up import back_up
from service.operating.filling import bring_to, make_file
from service.operating.moving import move, rehearse, reopen
from service.operating.restoring import restore
from service.operating.snapshots import Refused, changing, connected, revision_of, snapshot
from service.schema_version import migrate, newest, undo
from service.storage.keeping import Store
from tests.factories.reports import photo, send_report
from tests.media.documents import PDF
from tests.operating.conftest import KINDS, NewDatabase, application_over

Entries = dict[str, bytes]


@pytest.fixture
def backup(full: Municipality, url: str, store: Store, tmp_path: Path) -> Path:
    """A backup of the full municipality."""
    return back_up(url, store, tmp_path / "backup.tar")[0]


def rewritten(path: Path, change: Callable[[Entries], None]) -> Path:
    """The backup after somebody changed its entries."""
    with tarfile.open(path) as tar:
        entries = {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]
    change(entries)
    with tarfile.open(path, "w") as tar:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def part_of(entries: Entries, table: str) -> str:
    return next(name for name in entries if name.startswith(f"tables/{table}/"))


def lose_a_part(entries: Entries) -> None:
    del entries[part_of(entries, "reports")]


def damage_a_part(entries: Entries) -> None:
    entries[part_of(entries, "reports")] = b"not gzip"


def exchange_parts(entries: Entries) -> None:
    entries[part_of(entries, "reports")] = entries[part_of(entries, "accounts")]


def damage_a_photo(entries: Entries) -> None:
    entries[next(name for name in entries if name.startswith("files/"))] += b"!"


def lose_the_manifest(entries: Entries) -> None:
    del entries["manifest.json"]


def edit_the_manifest(entries: Entries) -> None:
    entries["manifest.json"] = entries["manifest.json"].replace(b'"gone":[]', b'"gone":[1]')


def edit_the_head(entries: Entries) -> None:
    entries["head.json"] = entries["head.json"].replace(f'"{newest()}"'.encode(), b'"0000"')


def lose_the_head(entries: Entries) -> None:
    del entries["head.json"]


def break_the_head(entries: Entries) -> None:
    entries["head.json"] = b"{"


def another_format(entries: Entries) -> None:
    entries["head.json"] = entries["head.json"].replace(b'"format": 1', b'"format": 2')


def unknown_table(entries: Entries) -> None:
    entries["tables/of_another/000001.jsonl.gz"] = entries[part_of(entries, "reports")]


DAMAGES = (
    lose_a_part,
    damage_a_part,
    exchange_parts,
    damage_a_photo,
    lose_the_manifest,
    edit_the_manifest,
    edit_the_head,
    lose_the_head,
    break_the_head,
    another_format,
    unknown_table,
)


def test_a_damaged_backup_changes_nothing(backup: Path, other_store: Store, new_database: NewDatabase) -> None:
    whole, there = backup.read_bytes(), new_database("sqlite")
    for damage in DAMAGES:
        backup.write_bytes(whole)
        with pytest.raises(Refused):
            restore(rewritten(backup, damage), there, other_store)
    assert not Path(there.removeprefix("sqlite:///")).exists()
    assert list(other_store.keys_with_age()) == []


def test_a_backup_that_was_cut_short_is_refused(backup: Path, other_store: Store, new_database: NewDatabase) -> None:
    whole = backup.read_bytes()
    with tarfile.open(backup) as tar:
        end = max(info.offset_data + info.size for info in tar)  # what follows are zeros
    for share in (0.0, 0.01, 0.3, 0.7, 0.9):
        backup.write_bytes(whole[: int(end * share)])
        with pytest.raises(Refused, match="backup"):
            restore(backup, new_database("sqlite"), other_store)


def test_any_single_damaged_byte_of_what_matters_is_noticed(backup: Path) -> None:
    whole = bytearray(backup.read_bytes())
    with tarfile.open(backup) as tar:
        places = [info.offset_data + info.size // 2 for info in tar if info.size]
    for place in places:
        whole[place] ^= 1
        backup.write_bytes(whole)
        with pytest.raises(Refused):
            archives.check(backup)
        whole[place] ^= 1


def as_of_another(entries: Entries, revision: str, other: str) -> None:
    """Make it a whole backup of another revision."""
    entries["head.json"] = entries["head.json"].replace(f'"{revision}"'.encode(), f'"{other}"'.encode())
    manifest = orjson.loads(entries["manifest.json"])["manifest"]
    manifest["head_sha256"] = archives.sha256(entries["head.json"])
    entries["manifest.json"] = orjson.dumps({"sha256": sha256_of(manifest), "manifest": manifest})


@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_from_the_future_is_refused(
    backup: Path, kind: str, other_store: Store, new_database: NewDatabase
) -> None:
    there = new_database(kind)
    head = archives.read_head(backup)
    rewritten(backup, lambda entries: as_of_another(entries, head.revision, "9999"))
    with pytest.raises(Refused, match="9999"):
        restore(backup, there, other_store)
    assert list(other_store.keys_with_age()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_with_a_municipality_is_not_overwritten(
    backup: Path, kind: str, url: str, store: Store, other_store: Store, new_database: NewDatabase
) -> None:
    there = new_database(kind)
    restore(backup, there, other_store)
    for refused in (
        lambda: restore(backup, there, other_store),
        lambda: move(url, there),
        lambda: rehearse(url, there),
    ):
        with pytest.raises(Refused, match="not empty"):
            refused()
    with snapshot(url) as connection:
        assert not stands_still(connection)


@pytest.mark.parametrize("kind", KINDS)
def test_a_migrated_database_in_which_only_a_worker_has_written_counts_as_empty(
    backup: Path, kind: str, other_store: Store, new_database: NewDatabase, tmp_path: Path
) -> None:
    there = new_database(kind)
    make_file(there)
    migrate(there)
    with application_over(there, tmp_path), transaction():
        plan("recurring", "of an empty service", every_seconds=60)
    restore(backup, there, other_store)
    with snapshot(there) as connection:
        assert connection.scalars(text("SELECT unique_key FROM jobs ORDER BY 1")).all() == ["one", "two"]


@pytest.mark.parametrize("kind", KINDS)
def test_replacing_puts_the_backup_in_place_of_what_came_later_and_new_reports_can_be_sent(
    backup: Path, kind: str, other_store: Store, new_database: NewDatabase, tmp_path: Path
) -> None:
    there = new_database(kind)
    restore(backup, there, other_store)
    with application_over(there, tmp_path) as client:
        before = client.get("/api/v1/here/reports").json
        later = [send_report(client).json["number"] for _ in range(3)]
        restore(backup, there, other_store, replace=True)
        assert client.get("/api/v1/here/reports").json == before
        again = send_report(client)
        assert again.status_code == 201, again.json
        assert again.json["number"] == later[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_of_an_older_revision_is_brought_to_the_newest(
    backup: Path, kind: str, other_store: Store, new_database: NewDatabase
) -> None:
    there = new_database(kind)
    make_file(there)
    undo(there, "base")
    restore(backup, there, other_store)
    with snapshot(there) as connection:
        assert revision_of(connection) == newest()


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_is_taken_back_to_the_revision_of_the_backup_and_up_again(
    kind: str, new_database: NewDatabase
) -> None:
    there = new_database(kind)
    make_file(there)
    migrate(there)
    with changing(there) as connection:
        bring_to(connection, there, "base")
        assert own_tables(connection) == []
        bring_to(connection, there, "head")
        assert revision_of(connection) == newest()


def test_a_database_of_another_version_is_not_backed_up(
    full: Municipality, url: str, store: Store, tmp_path: Path
) -> None:
    with connected(url) as connection, connection.begin() as undone:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(Refused, match="another version"):
            bring_to(connection, url, "head")
        undone.rollback()
    with pytest.raises(Refused, match="no database"):
        back_up(f"sqlite:///{tmp_path}/none.sqlite", store, tmp_path / "none.tar")
    make_file(f"sqlite:///{tmp_path}/empty.sqlite")
    with pytest.raises(Refused, match="plateia migrate"):
        back_up(f"sqlite:///{tmp_path}/empty.sqlite", store, tmp_path / "none.tar")
    assert not list(tmp_path.glob("*none.tar*"))


def test_a_backup_never_takes_the_place_of_another_and_only_its_owner_may_read_it(
    backup: Path, url: str, store: Store, tmp_path: Path
) -> None:
    assert backup.stat().st_mode & 0o077 == 0
    with pytest.raises(Refused, match="there already"):
        back_up(url, store, backup)
    with pytest.raises(Refused, match="no folder"):
        back_up(url, store, tmp_path / "nowhere" / "backup.tar")
    dated, _ = back_up(url, store, tmp_path)
    assert dated.parent == tmp_path and dated.name.startswith("plateia-20")


def test_a_photo_that_is_swept_between_its_row_and_its_files_does_not_come_back(
    full: Municipality,
    client: FlaskClient,
    url: str,
    store: Store,
    other_store: Store,
    new_database: NewDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = {"photo": (io.BytesIO(photo("grey")), "photo.jpg")}
    unattached = client.post("/api/v1/here/photos", data=data).json["id"]
    document = store_document(full, "somebody", PDF, store, "news")
    with transaction():
        record(document).owner = "article:1"
    copy_files = backing_up.write_attachments

    def sweep_first(*arguments: Any) -> Any:
        session.rollback()
        sweep(store, older_than=timedelta(0))
        return copy_files(*arguments)

    monkeypatch.setattr(backing_up, "write_attachments", sweep_first)
    path, manifest = back_up(url, store, tmp_path / "backup.tar")
    assert (manifest.gone, manifest.lost) == ([unattached], [])
    there = new_database("sqlite")
    restore(path, there, other_store)
    with snapshot(there) as connection:
        assert connection.scalar(text("SELECT count(*) FROM attachments")) == 3
    assert other_store.read(document_key(full.slug, document.uid, document.media_type)) == PDF


def test_a_photo_that_has_lost_a_file_is_named(full: Municipality, url: str, store: Store, tmp_path: Path) -> None:
    victim = session.scalars(select(Attachment.uid)).first()
    session.rollback()
    store.delete(key_of("here", victim, Rendition.SMALL))
    _, manifest = back_up(url, store, tmp_path / "backup.tar")
    assert (manifest.gone, manifest.lost) == ([], [str(victim)])
    assert manifest.files.rows == 3


def test_rows_that_point_at_nothing_are_refused(full: Municipality, url: str, new_database: NewDatabase) -> None:
    if not url.startswith("sqlite"):
        pytest.skip("PostgreSQL never lets them in")
    with connected(url) as connection:
        connection.connection.driver_connection.executescript(  # type: ignore[union-attr]
            "PRAGMA foreign_keys=OFF; UPDATE reports SET category_id = 4711 WHERE id = 1"
        )
    for kind, reason in (("sqlite", "not there"), ("postgresql", "foreign key")):
        with pytest.raises(Refused, match=reason):
            rehearse(url, new_database(kind))


def test_a_database_that_others_keep_busy_is_not_closed(
    full: Municipality, client: FlaskClient, url: str, new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = new_database("sqlite")

    def too_busy(connection: Connection) -> None:
        raise OperationalError("LOCK", {}, Exception("deadlock detected"))

    monkeypatch.setattr(moving, "stand_still", too_busy)
    with pytest.raises(Refused, match="too busy"):
        move(url, there)
    assert send_report(client).status_code == 201


def test_opening_an_open_database_changes_nothing(full: Municipality, client: FlaskClient, url: str) -> None:
    reopen(url)
    assert send_report(client).status_code == 201
