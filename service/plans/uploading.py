"""Keep an uploaded plan file until a worker has read it; say what it would change; make a draft of it when told to.

What a file would change is kept as a document beside the report. A draft is made of it only while the plan is as it was
when the changes were shown.
"""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import IO, Any

import orjson
from sqlalchemy import select

from service.db import session, stop_reading, transaction
from service.db.clock import now
from service.db.keys import new_uid
from service.errors import NotFound, Problem
from service.jobs.models import Job
from service.jobs.planning import plan
from service.jobs.working import Progress, Work
from service.municipalities.directory import Municipality, municipality_with
from service.plans.applying import Proposal, propose
from service.plans.canonical import canonical
from service.plans.document import Plan
from service.plans.files.csv_tables import read_csv
from service.plans.files.json_files import read_json_file
from service.plans.files.refusing import PlanFileRefused, Report
from service.plans.files.spreadsheets import read_spreadsheet
from service.plans.files.workbooks import OTHER_WORKBOOKS
from service.plans.finding import newest_of, plan_named
from service.plans.models import PlanRow
from service.plans.reading import document
from service.plans.reading_json import from_json
from service.plans.writing import PlanChanged
from service.storage.keeping import FileNotKept, Store, StoreUnavailable
from service.text import N_

READ_PLAN_FILE = "read_plan_file"
FOLDER = "plan-uploads"
KINDS_OF_FILE = (".xlsx", ".csv", ".json")
FORGOTTEN_AFTER = timedelta(days=1)
MOST_CHANGES = 500
MOST_WARNINGS = 100
UNFINISHED = ("waiting", "running")


class UploadNotRead(Problem):
    """The file is not read yet, or was refused: there is nothing to make a draft of."""

    status, code = 409, "plan_upload_not_read"
    message = N_("There is nothing to take over: the file has not been read yet, or was refused.")


@dataclass(frozen=True)
class Asked:
    """How a file is to be read: its language, its currency where it names none, and of a CSV its columns."""

    language: str
    currency: str | None = None
    encoding: str = "utf-8-sig"
    mapping: Mapping[str, Any] | None = None
    remove_missing: bool = False


def keep_upload(store: Store, name: str, content: IO[bytes]) -> tuple[uuid.UUID, str]:
    """Keep the file, piece by piece; its id and its key in the store. Outside any transaction.

    Raises PlanFileRefused, StoreUnavailable.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix not in KINDS_OF_FILE:
        macros = suffix in OTHER_WORKBOOKS and suffix.endswith("m")
        raise PlanFileRefused(reason="macros" if macros else "kind", kinds=list(KINDS_OF_FILE))
    uid = new_uid()
    key = f"{FOLDER}/{uid}{suffix}"
    store.keep_stream(key, content)
    return uid, key


def plan_reading(municipality: Municipality, key: str, uid: uuid.UUID, file: str, name: str, asked: Asked) -> None:
    """Let a worker read the kept file. Inside `transaction()`."""
    payload = {"plan": key, "file": file, "name": PurePath(name).name, "asked": asdict(asked)}
    plan(READ_PLAN_FILE, str(uid), payload=payload, municipality_id=municipality.id)


def upload_of(municipality: Municipality, there: PlanRow, uid: uuid.UUID) -> Job:
    """What has become of an upload. Raises NotFound."""
    query = select(Job).where(
        Job.kind == READ_PLAN_FILE, Job.unique_key == str(uid), Job.municipality_id == municipality.id
    )
    found = session.scalar(query)
    if found is None or found.payload["plan"] != there.key:
        raise NotFound
    return found


def read_upload(job: Work, progress: Progress, store: Store) -> dict[str, Any]:
    """The job: read the kept file and say what it would change, or why not; the file is deleted afterwards."""
    outcome = progress.value or {}
    if "outcome" not in outcome:
        with transaction():
            progress.note({"step": "reading"})
        try:
            outcome = {"outcome": read_proposal(job, progress, store)}
        except StoreUnavailable:
            raise
        except Problem as refusal:
            outcome = {"outcome": {"refusal": refused(refusal)}}
        with transaction():
            progress.note(outcome)
    store.delete(job.payload["file"])
    found: dict[str, Any] = outcome["outcome"]
    return found


def refused(refusal: Problem) -> dict[str, Any]:
    return {"code": refusal.code, "message": refusal.message, "details": refusal.details}


def read_proposal(job: Work, progress: Progress, store: Store) -> dict[str, Any]:
    """What the file says and would change. Raises what reading and `propose` raise."""
    municipality = municipality_with(int(job.municipality_id or 0))
    there = plan_named(municipality, job.payload["plan"])
    before = document(there, newest_of(there))
    stop_reading()
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"upload{PurePath(job.payload['file']).suffix}"
        store.read_to(job.payload["file"], path)
        after, report = read_file(path, before, Asked(**job.payload["asked"]))
    progress.save({"step": "comparing", "rows": report.rows})
    proposal = propose(municipality, after)
    stop_reading()
    content = canonical(proposal.document)
    from_json(orjson.loads(content))  # what could not be taken over is refused here, where it is shown
    store.keep(proposed_key(job.unique_key), content)
    return told(proposal, report)


def read_file(path: Path, before: Plan, asked: Asked) -> tuple[Plan, Report]:
    """The plan as the file would have it. Raises PlanFileRefused, NotAPlan."""
    if path.suffix == ".json":
        after = read_json_file(path)
        if after.key != before.key:
            raise PlanFileRefused(reason="another_plan")
        return after, Report()
    options: dict[str, Any] = {"currency": asked.currency, "remove_missing": asked.remove_missing}
    if path.suffix == ".csv":
        options |= {"mapping": asked.mapping, "encoding": asked.encoding}
        return read_csv(path, before, asked.language, **options)
    return read_spreadsheet(path, before, asked.language, **options)


def told(proposal: Proposal, report: Report) -> dict[str, Any]:
    """The report, and what would change: as many changes as fit on a screen, all of them counted."""
    changes = proposal.comparison.changes
    return {
        "report": report.as_json(),
        "revision": proposal.revision,
        "counts": dict(proposal.comparison.counts),
        "heading": [change.path for change in proposal.comparison.heading],
        "changes": [
            {
                "kind": change.kind,
                "key": change.key,
                "number": change.number,
                "title": dict(change.title),
                "fields": [{"path": one.path, "before": one.before, "after": one.after} for one in change.fields],
            }
            for change in changes[:MOST_CHANGES]
        ],
        "warnings": [asdict(one) for one in proposal.warnings[:MOST_WARNINGS]],
    }


def proposed_key(upload: str) -> str:
    """Where the document that an upload would make is kept."""
    return f"{FOLDER}/{upload}.proposed"


def proposed(municipality: Municipality, job: Job, store: Store) -> Proposal:
    """What an upload would change, if the plan is as it was when that was shown. Reads only.

    Raises UploadNotRead, PlanChanged.
    """
    if job.state != "done" or "refusal" in (job.result or {}):
        raise UploadNotRead
    result, uid = dict(job.result or {}), job.unique_key
    stop_reading()
    try:
        content = store.read(proposed_key(uid))
    except FileNotKept:
        raise UploadNotRead from None
    proposal = propose(municipality, from_json(orjson.loads(content)))
    if proposal.revision != result["revision"]:
        raise PlanChanged
    return proposal


def sweep_plan_files(store: Store, folders: tuple[str, ...]) -> int:
    """Delete what was kept longer than a day and no job is still to read; how many files."""
    old = [
        key
        for folder in folders
        for key, modified, _ in store.keys_with_age(folder)
        if modified < now() - FORGOTTEN_AFTER
    ]
    waiting = session.scalars(select(Job.payload).where(Job.kind == READ_PLAN_FILE, Job.state.in_(UNFINISHED)))
    awaited = {payload["file"] for payload in waiting}
    stop_reading()
    forgotten = [key for key in old if key not in awaited]
    for key in forgotten:
        store.delete(key)
    return len(forgotten)
