"""A version of a plan as a file, kept for a day. What takes longer than a moment is made by the worker."""

from collections.abc import Callable
from dataclasses import astuple, dataclass, replace
from datetime import timedelta
from hashlib import blake2b
from io import BytesIO
from typing import Any

import orjson
from sqlalchemy import func, select

from service.db import session, stop_reading, transaction
from service.db.clock import now
from service.errors import Problem
from service.jobs.models import Job
from service.jobs.planning import plan, unplan
from service.jobs.working import Progress, Work
from service.municipalities.directory import Municipality, municipality_with
from service.plans.document import Plan
from service.plans.files.csv_tables import write_csv
from service.plans.files.json_files import write_json_file
from service.plans.files.oc4ids import package
from service.plans.files.spreadsheets import write_spreadsheet
from service.plans.models import PlanRevision, PlanRow, PlanVersion
from service.plans.reading import document_json
from service.plans.reading_json import from_json
from service.storage.keeping import FileNotKept, Store
from service.text import N_, pick

WRITE_PLAN_FILE = "write_plan_file"
FOLDER = "plan-files"
WAY_OF_WRITING = 2
"""Raised when a plan is written in another way, so that no file of an older release is given."""
AGAIN_AFTER = timedelta(hours=1)
"""How long nobody tries again to make a file that could not be made."""
TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "oc4ids": "application/json",
    "pdf": "application/pdf",
}
"""Format → content type."""
ENDINGS = {"oc4ids": "oc4ids.json"}
AT_ONCE = {"json": 1000, "csv": 1000, "xlsx": 1000, "oc4ids": 1000, "pdf": 300}
"""How many elements are written while the caller waits."""


class PlanFileNotMade(Problem):
    """The worker could not make the file."""

    status, code, message = 503, "plan_file_not_made", N_("This file could not be made. Try again in an hour.")


@dataclass(frozen=True)
class Wanted:
    """Which file: its format, its language, under which address the plan is known, and whether everybody may see it."""

    format: str
    language: str
    address: str
    is_public: bool


def document_for(there: PlanRow, version: PlanVersion, wanted: Wanted) -> Plan:
    """The version with its record; everybody sees only progress that was approved."""
    return from_json(document_json(there, version, only_approved=wanted.is_public))


def file_of(
    municipality: Municipality, there: PlanRow, version: PlanVersion, wanted: Wanted, store: Store
) -> bytes | None:
    """The file; None while the worker makes it. Raises PlanFileNotMade, StoreUnavailable."""
    key = key_of(municipality, there, version, wanted)
    named = {"plan": there.id, "version": version.id}
    stop_reading()
    try:
        return store.read(key)
    except FileNotKept:
        pass
    if not is_small(version, wanted.format):
        ensure_planned(municipality, key, named | vars_of(wanted))
        return None
    found, label = document_for(there, version, wanted), version.label or ""
    stop_reading()
    content = written(municipality, found, label, wanted)
    store.keep(key, content)
    return content


def key_of(municipality: Municipality, there: PlanRow, version: PlanVersion, wanted: Wanted) -> str:
    """Under which key the file is kept: of all that it is made of."""
    asked = astuple(wanted if wanted.format == "oc4ids" else replace(wanted, address=""))
    about = (there.uid, version.id, seen_at(there, wanted), version.label, publisher_of(municipality, wanted), asked)
    made_of = (WAY_OF_WRITING, *about)
    return f"{FOLDER}/{blake2b(orjson.dumps(made_of), digest_size=24).hexdigest()}.{wanted.format}"


def seen_at(there: PlanRow, wanted: Wanted) -> int:
    """The count of changes of what the caller may see of the plan."""
    return there.shown if wanted.is_public else there.revision


def publisher_of(municipality: Municipality, wanted: Wanted) -> str:
    """The municipality's name in the language of the file."""
    return pick(municipality.name, wanted.language, municipality.main_language)


def is_small(version: PlanVersion, form: str) -> bool:
    """Whether the file can be written while the caller waits."""
    count = session.scalar(select(func.count()).where(PlanRevision.version_id == version.id))
    return int(count or 0) <= AT_ONCE[form]


def vars_of(wanted: Wanted) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in ("format", "language", "address", "is_public")}


def ensure_planned(municipality: Municipality, key: str, payload: dict[str, Any]) -> None:
    """See that a worker makes the file of this key, again where it was made and swept away. Raises PlanFileNotMade."""
    job = session.scalar(select(Job).where(Job.kind == WRITE_PLAN_FILE, Job.unique_key == key))
    state, ended = (job.state, job.finished_at) if job else (None, None)
    stop_reading()
    if state == "failed" and ended is not None and ended > now() - AGAIN_AFTER:
        raise PlanFileNotMade
    if state in (None, "done", "failed"):
        with transaction():
            unplan(WRITE_PLAN_FILE, key)
            plan(WRITE_PLAN_FILE, key, payload=payload, municipality_id=municipality.id)


def write_file(job: Work, progress: Progress, store: Store) -> dict[str, Any]:
    """The job: make a file and keep it. What is gone meanwhile is not made."""
    wanted = Wanted(**{name: job.payload[name] for name in ("format", "language", "address", "is_public")})
    there = session.get(PlanRow, job.payload["plan"])
    version = session.get(PlanVersion, job.payload["version"])
    if there is None or version is None:
        return {"kept": False}
    found, label = document_for(there, version, wanted), version.label or ""
    stop_reading()
    content = written(municipality_with(int(job.municipality_id or 0)), found, label, wanted)
    store.keep(job.unique_key, content)
    return {"kept": True}


def written(municipality: Municipality, found: Plan, label: str, wanted: Wanted) -> bytes:
    """The bytes of the file."""
    from service.plans.files.pdf import write_pdf  # a quarter of a second, for which no process that starts waits

    publisher = publisher_of(municipality, wanted)
    target = BytesIO()
    if wanted.format == "oc4ids":
        at = now().strftime("%Y-%m-%dT%H:%M:%SZ")
        return orjson.dumps(package(found, wanted.language, wanted.address, at, publisher), option=orjson.OPT_INDENT_2)
    writers: dict[str, Callable[[], None]] = {
        "json": lambda: write_json_file(found, target),
        "csv": lambda: write_csv(found, target, wanted.language),
        "xlsx": lambda: write_spreadsheet(found, target, wanted.language),
        "pdf": lambda: write_pdf(found, target, wanted.language, publisher, label),
    }
    writers[wanted.format]()
    return target.getvalue()


def ending_of(kind: str) -> str:
    """What a file of this format is called at its end."""
    return ENDINGS.get(kind, kind)
