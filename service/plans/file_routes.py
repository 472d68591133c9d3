"""Plans as files over HTTP: what everybody may fetch, and what staff upload."""

import uuid
from typing import Any

from flask import Response, current_app, request

from service.db import stop_reading, transaction
from service.errors import NotFound
from service.http import Blueprint, answer, etag_of, language, largest_body, not_modified, operation
from service.jobs.models import Job
from service.municipalities.directory import Municipality
from service.people.access import anybody, caller, staff
from service.people.limits import plan_files_limit
from service.plans.applying import apply
from service.plans.checking import PlanFaulty
from service.plans.exporting import TYPES, PlanFileNotMade, Wanted, ending_of, file_of, seen_at
from service.plans.file_schemas import BeingMadeOut, FileQuery, PlanUploadIn, PlanUploadOut, TakenOverOut, TakeOverIn
from service.plans.files.oc4ids import NoActions
from service.plans.files.refusing import PlanFileRefused
from service.plans.files.workbooks import LARGEST_FILE
from service.plans.finding import newest_of, plan_named, published_plan, version_known_as
from service.plans.models import PUBLISHED, SUPERSEDED, PlanRow, PlanVersion
from service.plans.reading_json import NotAPlan
from service.plans.uploading import Asked, UploadNotRead, keep_upload, plan_reading, proposed, upload_of
from service.plans.writing import PlanChanged
from service.storage.keeping import StoreUnavailable
from service.text import LANGUAGES, say

blueprint = Blueprint("plan_files", __name__, url_prefix="/<municipality>", description="Plans as files")
ASK_AGAIN = 2  # seconds
FORMATS = f"any({','.join(TYPES)})"
FILE = {"type": "string", "format": "binary"}


@blueprint.get(f"/plans/<plan>/files/<{FORMATS}:form>")
@anybody
@plan_files_limit
@blueprint.arguments(FileQuery, location="query")
@blueprint.response(200, FILE, content_type="application/octet-stream")
@blueprint.alt_response(304, description="Nothing has changed.")
@blueprint.alt_response(202, schema=BeingMadeOut, description="It is being made. Ask again after `Retry-After`.")
@operation("fetchPlanFile", NotFound, NoActions, PlanFileNotMade, StoreUnavailable)
def fetch(query: dict[str, Any], municipality: Municipality, plan: str, form: str) -> Response:
    """Fetch a plan as a file

    `json` holds everything; `docs/plan.schema.json` is its schema. `csv` and `xlsx` (EETAA's sheet) hold the actions,
    `oc4ids` the actions as projects, `pdf` is for reading.
    """
    found, version = published_plan(municipality, plan)
    if "version" in query:
        version = version_known_as(found, query["version"], (PUBLISHED, SUPERSEDED))
    return sent(municipality, found, version, form, query, is_public=True)


@blueprint.get(f"/staff/plans/<plan>/files/<{FORMATS}:form>")
@staff("see_plans")
@blueprint.arguments(FileQuery, location="query")
@blueprint.response(200, FILE, content_type="application/octet-stream")
@blueprint.alt_response(304, description="Nothing has changed.")
@blueprint.alt_response(202, schema=BeingMadeOut, description="It is being made. Ask again after `Retry-After`.")
@operation("fetchDraftFile", NotFound, NoActions, PlanFileNotMade, StoreUnavailable)
def fetch_draft(query: dict[str, Any], municipality: Municipality, plan: str, form: str) -> Response:
    """Fetch any version of a plan as a file, the newest where none is named"""
    found = plan_named(municipality, plan)
    version = version_known_as(found, query["version"]) if "version" in query else newest_of(found)
    return sent(municipality, found, version, form, query, is_public=False)


@blueprint.post("/staff/plans/<plan>/uploads")
@staff("manage_plans")
@largest_body(LARGEST_FILE + 100_000)
@blueprint.arguments(PlanUploadIn, location="parts", content_type="multipart/form-data")
@blueprint.response(202, PlanUploadOut)
@operation("uploadPlanFile", NotFound, PlanFileRefused, StoreUnavailable)
def upload(parts: dict[str, Any], municipality: Municipality, plan: str) -> Response:
    """Upload a file to see what it would change

    EETAA's sheet (XLSX), CSV or JSON. Nothing is changed by it: `showPlanUpload` says what was found in its rows and
    what it would change, `takeOverPlanUpload` makes a draft of it.
    """
    found = plan_named(municipality, plan)
    heading = newest_of(found).heading
    asked = Asked(**{"language": heading["source_language"]} | parts["asked"])
    stop_reading()  # nothing is held while the file is kept
    uid, key = keep_upload(current_app.config["STORE"], parts["name"], parts["file"].stream)
    with transaction():
        plan_reading(municipality, found.key, uid, key, parts["name"], asked)
    return answer(upload_out(upload_of(municipality, plan_named(municipality, plan), uid), uid), 202)


@blueprint.get("/staff/plans/<plan>/uploads/<uuid:upload>")
@staff("see_plans")
@blueprint.response(200, PlanUploadOut)
@operation("showPlanUpload", NotFound)
def uploaded(municipality: Municipality, plan: str, upload: uuid.UUID) -> Response:
    """Show what was found in an uploaded file, and what it would change"""
    return answer(upload_out(upload_of(municipality, plan_named(municipality, plan), upload), upload))


@blueprint.post("/staff/plans/<plan>/uploads/<uuid:upload>/draft")
@staff("manage_plans")
@blueprint.arguments(TakeOverIn)
@blueprint.response(201, TakenOverOut)
@operation("takeOverPlanUpload", NotFound, UploadNotRead, PlanChanged, NotAPlan, PlanFaulty, StoreUnavailable)
def take_over(body: dict[str, Any], municipality: Municipality, plan: str, upload: uuid.UUID) -> Response:
    """Make a draft of what an uploaded file says, or change the draft that there is

    Only while the plan is as it was when the changes were shown; within a day.
    """
    who = caller()
    job = upload_of(municipality, plan_named(municipality, plan), upload)
    proposal = proposed(municipality, job, current_app.config["STORE"])
    with transaction():
        draft = apply(municipality, proposal, who.account_id, body["reason"])
        made = {"number": draft.number, "state": draft.state}
    return answer(made, 201)


def sent(
    municipality: Municipality, plan: PlanRow, version: PlanVersion, form: str, query: dict[str, Any], is_public: bool
) -> Response:
    """The file, 304 where the caller has it, 202 while it is made."""
    own = version.heading["source_language"]
    spoken = query.get("language", own)
    wanted = Wanted(form, spoken if spoken in (*LANGUAGES, own) else own, address_of(municipality, plan), is_public)
    etag = etag_of(plan.uid, version.id, seen_at(plan, wanted), form, wanted.language, is_public)
    if unchanged := not_modified(etag):
        return unchanged
    content = file_of(municipality, plan, version, wanted, current_app.config["STORE"])
    if content is None:
        return answer({"state": "being_made"}, 202, headers={"Retry-After": str(ASK_AGAIN)})
    response = Response(content, content_type=TYPES[form])
    response.headers.set("Content-Disposition", "attachment", filename=f"{plan.key}.{ending_of(form)}")
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(etag)
    return response


def address_of(municipality: Municipality, plan: PlanRow) -> str:
    """Under which address the plan is known."""
    return f"{request.host_url}api/v1/{municipality.slug}/plans/{plan.key}"


def upload_out(job: Job, uid: uuid.UUID) -> dict[str, Any]:
    result = job.result or {}
    refusal = result.get("refusal")
    names = ("report", "counts", "heading", "changes", "warnings")
    return {
        "id": uid,
        "name": job.payload["name"],
        "state": state_of(job),
        "step": (job.progress or {}).get("step") if job.state == "running" else None,
        "created_at": job.created_at,
        **{name: result.get(name) for name in names},
        "refusal": refusal
        and {"code": refusal["code"], "title": say(language(), refusal["message"])} | refusal["details"],
    }


def state_of(job: Job) -> str:
    """What its job is to who sent the file."""
    if job.state == "done":
        return "refused" if "refusal" in (job.result or {}) else "read"
    return {"waiting": "waiting", "running": "reading"}.get(job.state, "failed")
