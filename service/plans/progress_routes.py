"""Reports on the progress of plans over HTTP: staff write them, a body approves them, everybody sees their photos."""

import uuid
from typing import Any

from flask import Response, current_app

from service.db import stop_reading, transaction
from service.errors import NotFound
from service.http import VARY, Blueprint, answer, etag_of, not_modified, nothing, operation
from service.media.attaching import PhotoNotFound
from service.media.finding import find_photo, read_rendition
from service.media.renditions import Rendition
from service.municipalities.directory import Municipality
from service.people.access import anybody, caller, staff
from service.plans.checking import PlanFaulty
from service.plans.finding import plan_named, published_plan
from service.plans.illustrating import is_shown, take_photos
from service.plans.progress_finding import reports_of
from service.plans.publishing import approve_and_tell
from service.plans.reading import progress_json
from service.plans.reading_json import NotAPlan, read
from service.plans.recording import ensure_known, known_to
from service.plans.reporting import Approval, NobodyApproves, ReportApproved, read_report, taken_apart, write_report
from service.plans.staff_schemas import ApproveIn, ProgressIn, ProgressReportsOut
from service.plans.values import Period
from service.plans.writing import PlanChanged, ensure_seen
from service.storage.keeping import FileNotKept, StoreUnavailable

blueprint = Blueprint("plan_progress", __name__, url_prefix="/<municipality>", description="Progress of plans")
PHOTO_CACHE = "private, max-age=300"


@blueprint.get("/staff/plans/<plan>/progress")
@staff("see_plans")
@blueprint.response(200, ProgressReportsOut)
@operation("listProgress", NotFound)
def reports(municipality: Municipality, plan: str) -> Response:
    """List the reports on the progress of a plan, approved or not"""
    return answer({"reports": progress_json(reports_of(plan_named(municipality, plan)))})


@blueprint.put("/staff/plans/<plan>/progress/<report_key>")
@staff("manage_plans")
@blueprint.arguments(ProgressIn)
@blueprint.response(204)
@operation("putProgress", NotFound, NotAPlan, PlanFaulty, PlanChanged, ReportApproved, PhotoNotFound)
def put(body: dict[str, Any], municipality: Municipality, plan: str, report_key: str) -> Response:
    """Write a report on progress, or write it anew while nobody has approved it"""
    report = read_report(report_key, {name: said for name, said in body.items() if name != "revision"})
    apart = taken_apart(report)
    ensure_known(plan_named(municipality, plan), report)
    who = caller()
    with transaction():
        row = plan_named(municipality, plan, locked=True)
        ensure_seen(row, body["revision"])
        row.revision += 1
        take_photos(municipality, write_report(row, apart, who.account_id), report, str(who.account))
    return nothing()


@blueprint.post("/staff/plans/<plan>/progress/<report_key>/approve")
@staff("manage_plans")
@blueprint.arguments(ApproveIn)
@blueprint.response(204)
@operation("approveProgress", NotFound, NotAPlan, PlanFaulty, PlanChanged, ReportApproved, NobodyApproves)
def approve(body: dict[str, Any], municipality: Municipality, plan: str, report_key: str) -> Response:
    """Say which body or which decision approves a report: from now on everybody sees it, and nobody changes it

    Who follows the plan, or an action whose status it changes, is told.
    """
    when = read(Period, body["when"]) if body["when"] is not None else None
    known = known_to(plan_named(municipality, plan))
    for what, key in (("bodies", body["by"]), ("decisions", body["decision"])):
        if key is not None and key not in known[what]:
            raise PlanFaulty(faults=[{"fault": "nothing_there", "what": what, "key": key}])
    approval = Approval(body["by"], body["decision"], when)
    approve_and_tell(municipality, plan, report_key, approval, body["revision"], caller())
    return nothing()


@blueprint.get("/plans/<plan>/photos/<uuid:photo>/<any(small, medium, large):size>")
@anybody
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/jpeg")
@blueprint.alt_response(304, description="The phone has it.")
@operation("showPlanPhoto", NotFound, PhotoNotFound, FileNotKept, StoreUnavailable)
def photo(municipality: Municipality, plan: str, photo: uuid.UUID, size: str) -> Response:
    """Show a photo of an approved report"""
    row, _ = published_plan(municipality, plan)
    if not is_shown(row, find_photo(municipality, photo).owner):
        raise PhotoNotFound
    etag = etag_of(photo, size)
    if unchanged := not_modified(etag, PHOTO_CACHE):
        return unchanged
    stop_reading()  # no connection is held while the store is asked
    data = read_rendition(municipality, photo, Rendition(size), current_app.config["STORE"])
    response = Response(data, content_type="image/jpeg")
    response.set_etag(etag)
    response.headers["Cache-Control"] = PHOTO_CACHE
    response.headers["Vary"] = VARY
    response.headers["Content-Security-Policy"] = "default-src 'none'"
    return response
