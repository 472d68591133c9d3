"""A version of a plan as a file. What takes longer than a moment is made by the worker and kept for a day."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import orjson
from sqlalchemy import select

from service.db import session, stop_reading, transaction
from service.db.clock import now
from service.jobs.models import Job
from service.jobs.planning import plan, unplan
from service.jobs.working import Progress, Work
from service.municipalities.directory import Municipality, municipality_with
from service.plans.canonical import digest
from service.plans.document import Plan, walk
from service.plans.files.csv_tables import write_csv
from service.plans.files.json_files import write_json_file
from service.plans.files.oc4ids import package
from service.plans.files.spreadsheets import write_spreadsheet
from service.plans.models import PlanRow, PlanVersion
from service.plans.reading import document_json
from service.plans.reading_json import from_json
from service.storage.keeping import FileNotKept, Store
from service.text import pick

WRITE_PLAN_FILE = "write_plan_file"
FOLDER = "plan-files"
ENDED = ("done", "failed")
TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "oc4ids": "application/json",
    "pdf": "application/pdf",
}
"""Format → content type."""
ENDINGS = {"oc4ids": "oc4ids.json"}
AT_ONCE = {"pdf": 300, "xlsx": 3000}
"""How many elements are written while the caller waits; of other formats any number."""


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
    """The file; None while the worker makes it."""
    found = document_for(there, version, wanted)
    label, named = version.label or "", {"plan": there.id, "version": version.id}
    stop_reading()
    if is_small(found, wanted.format):
        return written(municipality, found, label, wanted)
    key = f"{FOLDER}/{digest(found)}-{wanted.language}.{wanted.format}"
    try:
        return store.read(key)
    except FileNotKept:
        ensure_planned(municipality, key, named | vars_of(wanted))
        return None


def is_small(found: Plan, form: str) -> bool:
    """Whether the file can be written while the caller waits."""
    return form not in AT_ONCE or sum(1 for _ in walk(found.elements)) <= AT_ONCE[form]


def vars_of(wanted: Wanted) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in ("format", "language", "address", "is_public")}


def ensure_planned(municipality: Municipality, key: str, payload: dict[str, Any]) -> None:
    """See that a worker makes the file of this key, again where it was made and swept away."""
    job = session.scalar(select(Job).where(Job.kind == WRITE_PLAN_FILE, Job.unique_key == key))
    state = job.state if job else None
    stop_reading()
    if state is None or state in ENDED:
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

    publisher = pick(municipality.name, wanted.language, municipality.main_language)
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
