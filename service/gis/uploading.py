"""Keep an uploaded file until a worker has read it into a draft; a file that is refused leaves nothing behind."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import IO, Any

from sqlalchemy import select

from service.crash_points import crash_here
from service.db import session, stop_reading, transaction
from service.db.clock import now
from service.db.keys import new_uid
from service.errors import NotFound, Problem
from service.gis.content import FileRefused
from service.gis.drafting import write_draft
from service.gis.examining import Asked, examine
from service.gis.finding import layer_here
from service.gis.models import Layer
from service.gis.unpacking import KINDS_OF_FILE
from service.gis.writing import give_up
from service.jobs.models import Job
from service.jobs.planning import plan
from service.jobs.working import Progress, Work
from service.municipalities.directory import Municipality, municipalities
from service.storage.keeping import Store, StoreUnavailable

IMPORT_LAYER = "import_layer"
LARGEST_UPLOAD = 200 * 1024 * 1024
FOLDER = "layer-uploads"
FORGOTTEN_AFTER = timedelta(days=1)
UNFINISHED = ("waiting", "running")


def keep_upload(store: Store, name: str, content: IO[bytes]) -> tuple[uuid.UUID, str]:
    """Keep the file, piece by piece; its id and its key in the store. Outside any transaction. Raises FileRefused."""
    suffix = PurePath(name).suffix.lower()
    if suffix not in KINDS_OF_FILE:
        raise FileRefused(reason="kind", kinds=list(KINDS_OF_FILE))
    uid = new_uid()
    key = f"{FOLDER}/{uid}{suffix}"
    store.keep_stream(key, content)
    crash_here("after_upload_kept")
    return uid, key


def plan_import(
    municipality: Municipality, layer: Layer, uid: uuid.UUID, file: str, name: str, asked: Asked, by_id: int
) -> None:
    """Let a worker read the kept file into a draft of the layer. Inside `transaction()`."""
    payload = {"layer": layer.key, "file": file, "name": PurePath(name).name, "asked": asdict(asked), "by": by_id}
    plan(IMPORT_LAYER, str(uid), payload=payload, municipality_id=municipality.id)


def upload_of(municipality: Municipality, layer_key: str, uid: uuid.UUID) -> Job:
    """What has become of an upload. Raises NotFound."""
    layer_here(municipality, layer_key)
    found = session.scalar(
        select(Job).where(Job.kind == IMPORT_LAYER, Job.unique_key == str(uid), Job.municipality_id == municipality.id)
    )
    if found is None or found.payload["layer"] != layer_key:
        raise NotFound
    return found


def import_layer(job: Work, progress: Progress, store: Store) -> dict[str, Any]:
    """The job: read the kept file into a draft, or say why not; the file is deleted afterwards.

    That the draft is whole is noted with that it is one, so that a crash neither halves nor doubles it: what was
    half written is given up, and the file is read again.
    """
    outcome = progress.value or {}
    if "version" not in outcome:
        try:
            outcome = read_into_draft(job, progress, store)
        except StoreUnavailable:
            raise
        except Problem as refusal:
            outcome = {"refusal": {"code": refusal.code, "message": refusal.message, "details": refusal.details}}
    store.delete(job.payload["file"])
    return outcome


def read_into_draft(job: Work, progress: Progress, store: Store) -> dict[str, Any]:
    """The number of the draft that was made of the file. Raises what `examine` raises."""
    municipality = next(m for m in municipalities().values() if m.id == job.municipality_id)
    layer = layer_here(municipality, job.payload["layer"])
    kind, key_attribute = layer.kind, layer.key_attribute
    with transaction():
        if begun := (progress.value or {}).get("draft"):
            give_up(begun)
        progress.note({"step": "reading"})
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"upload{PurePath(job.payload['file']).suffix}"
        store.read_to(job.payload["file"], path)
        imported, findings = examine(municipality, kind, path, Asked(**job.payload["asked"]), key_attribute)
    stop_reading()
    writing = {"step": "writing", "features": len(imported.features)}

    def note(how_far: dict[str, Any]) -> None:
        progress.note(how_far if "version" in how_far else writing | how_far)

    about = {"source": job.payload["name"], "findings": findings}
    number = write_draft(municipality, job.payload["layer"], imported, job.payload["by"], note, **about)
    crash_here("after_layer_import")
    return {"version": number}


def sweep_uploads(store: Store) -> int:
    """Delete the files of uploads that no job will read any more; how many."""
    old = [key for key, modified, _ in store.keys_with_age(FOLDER) if modified < now() - FORGOTTEN_AFTER]
    awaited = still_awaited(old)
    stop_reading()
    forgotten = [key for key in old if key not in awaited]
    for key in forgotten:
        store.delete(key)
    return len(forgotten)


def still_awaited(keys: Sequence[str]) -> set[str]:
    """Those of the files that a job is still to read."""
    jobs = session.scalars(select(Job.payload).where(Job.kind == IMPORT_LAYER, Job.state.in_(UNFINISHED)))
    return {payload["file"] for payload in jobs} & set(keys)
