"""Write a backup while the service serves: the rows of one moment first, then the files that they name."""

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, select

from service.db.clock import now
from service.media.models import Attachment
from service.media.renditions import keys_of
from service.municipalities.models import Municipality
from service.operating.archives import Head, Manifest, Writer, new_file, sha256
from service.operating.shapes import AT_A_TIME, Counted, Shape, Tally, rows_of, shapes
from service.operating.snapshots import Refused, revision_of, snapshot
from service.storage.keeping import FileNotKept, Store


def back_up(url: str, store: Store, place: Path) -> tuple[Path, Manifest]:
    """Back up to this new file, or to one named by the time in this folder. Raises Refused, StoreUnavailable.

    The file holds everything, personal data too, and is readable to its owner only.
    """
    path = place / f"plateia-{now():%Y%m%dT%H%M%SZ}.tar" if place.is_dir() else place
    if not path.parent.is_dir():
        raise Refused(f"There is no folder {path.parent}.")
    with new_file(path) as stream, tempfile.TemporaryFile("w+", encoding="utf-8") as names:
        writer = Writer(stream)
        with snapshot(url) as connection:
            head = Head(str(revision_of(connection)), shapes(), now().isoformat())
            writer.add("head.json", head.as_json())
            tables = [write_table(connection, writer, shape) for shape in head.tables]
            note_attachments(connection, names)
        missing = write_attachments(writer, store, names)
        gone, lost = gone_and_lost(url, missing)
        manifest = Manifest(sha256(head.as_json()), tables, writer.files.counted(), gone, lost)
        writer.finish(manifest)
    return path, manifest


def write_table(connection: Connection, writer: Writer, shape: Shape) -> Counted:
    """Write the rows of one table, some at a time."""
    tally = Tally(shape.name)
    for rows in rows_of(connection, shape):
        writer.add_rows(shape.name, tally.add(rows))
    return tally.counted()


def note_attachments(connection: Connection, names: IO[str]) -> None:
    """Write down which photos and documents the snapshot names, so that it need not stay open while their files are
    copied.
    """
    columns = Municipality.slug, Attachment.uid, Attachment.media_type
    statement = select(*columns).join_from(Attachment, Municipality).order_by(Attachment.id)
    for slug, uid, media_type in connection.execute(statement, execution_options={"yield_per": AT_A_TIME}):
        names.write(f"{slug} {uid} {media_type}\n")


def noted(names: IO[str]) -> Iterator[tuple[str, uuid.UUID, str]]:
    names.seek(0)
    for line in names:
        slug, uid, media_type = line.split()
        yield slug, uuid.UUID(uid), media_type


def write_attachments(writer: Writer, store: Store, names: IO[str]) -> list[uuid.UUID]:
    """Copy the files of every photo and document that has them all; those that have not."""
    missing = []
    for slug, uid, media_type in noted(names):
        try:
            files = [(key, store.read(key)) for key in keys_of(slug, uid, media_type)]
        except FileNotKept:
            missing.append(uid)
            continue
        for key, content in files:
            writer.add_file(key, content)
    return missing


def gone_and_lost(url: str, missing: list[uuid.UUID]) -> tuple[list[str], list[str]]:
    """Of attachments without files: those whose rows have been deleted since the snapshot too, and those that are named
    still, which should never be."""
    if not missing:
        return [], []
    with snapshot(url) as connection:
        named = set(connection.scalars(select(Attachment.uid).where(Attachment.uid.in_(missing))))
    return [str(uid) for uid in missing if uid not in named], [str(uid) for uid in missing if uid in named]
