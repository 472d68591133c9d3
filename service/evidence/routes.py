"""Evidence from the street over HTTP."""

from dataclasses import asdict
from typing import Any

from flask import Response

from service.db import transaction
from service.errors import NotFound
from service.evidence.joining import Joined, completion_of, join
from service.evidence.models import Evidence
from service.evidence.pointing import (
    AreaNeeded,
    area_of,
    element_of,
    end_pointing,
    ensure_categories,
    point,
    pointed,
)
from service.evidence.schemas import EvidenceIn, EvidenceOut
from service.http import Blueprint, answer, etag_of, nothing, operation
from service.municipalities.directory import Municipality
from service.people.access import anybody, caller, staff
from service.people.auditing import record
from service.plans.finding import element_in, published_plan
from service.plans.trees import state_of
from service.reports import presenting
from service.reports.catalogue import NoSuchCategory

MOST_SHOWN = 100

blueprint = Blueprint("evidence", __name__, url_prefix="/<municipality>", description="Reports about actions of plans")


@blueprint.get("/plans/<plan>/elements/<element>/reports")
@anybody
@blueprint.response(200, EvidenceOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showEvidence", NotFound)
def show(municipality: Municipality, plan: str, element: str) -> Response:
    """Show the reports about an action, before and after it was completed

    Those that everybody may see on the map, of the categories and in the area at which it points.
    """
    row, version = published_plan(municipality, plan)
    found = element_in(row, version, element)
    evidence = pointed(found.id)
    joined = join(municipality, evidence, completion_of(municipality, state_of(row, version), found.key, evidence))
    content = evidence_out(municipality, evidence, joined)
    newest = [(report.uid, report.version) for report in joined.reports[:MOST_SHOWN]]
    kept = {name: said for name, said in content.items() if name != "reports"}
    return answer(content, etag=etag_of(kept, newest))


@blueprint.put("/staff/plans/<plan>/elements/<element>/reports")
@staff("manage_plans")
@blueprint.arguments(EvidenceIn)
@blueprint.response(204)
@operation("pointAtReports", NotFound, NoSuchCategory, AreaNeeded)
def put(body: dict[str, Any], municipality: Municipality, plan: str, element: str) -> Response:
    """Let an action point at the reports of some categories in an area"""
    found = element_of(municipality, plan, element)
    ensure_categories(municipality, body["categories"])
    area = area_of(found, body["area"])
    with transaction():
        point(found.id, body["categories"], area, body["metres"], body["completed_on"])
        facts = {"categories": body["categories"], "metres": body["metres"]}
        record(municipality.id, caller(), "plan_evidence_pointed", "plan_element", str(found.uid), facts)
    return nothing()


@blueprint.delete("/staff/plans/<plan>/elements/<element>/reports")
@staff("manage_plans")
@blueprint.response(204)
@operation("pointAtNoReports", NotFound)
def remove(municipality: Municipality, plan: str, element: str) -> Response:
    """Let an action point at no reports any more"""
    found = element_of(municipality, plan, element)
    with transaction():
        end_pointing(found.id)
        record(municipality.id, caller(), "plan_evidence_ended", "plan_element", str(found.uid))
    return nothing()


def evidence_out(municipality: Municipality, evidence: Evidence, joined: Joined) -> dict[str, Any]:
    shown = presenting.features(municipality, joined.reports[:MOST_SHOWN])
    return {
        "categories": evidence.categories,
        "area": evidence.area,
        "metres": evidence.metres,
        "completed_on": joined.completed_on,
        "before": asdict(joined.before),
        "after": asdict(joined.after),
        "reports": {"type": "FeatureCollection", "features": shown},
    }
