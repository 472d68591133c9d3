"""Municipalities over HTTP."""

from typing import Any

from flask import Response

from service.http import Blueprint, answer, etag_of, operation
from service.municipalities.directory import Municipality, municipalities
from service.municipalities.schemas import MunicipalitiesOut

blueprint = Blueprint("municipalities", __name__, url_prefix="", description="Whom this deployment serves")


@blueprint.get("/municipalities")
@blueprint.response(200, MunicipalitiesOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("listMunicipalities")
def served() -> Response:
    """List the municipalities that are served here"""
    content = {"municipalities": [shown(m) for m in municipalities().values()]}
    return answer(content, etag=etag_of(content))


served.access = "anybody"  # type: ignore[attr-defined]  # people, who own the marks, look down on municipalities


def shown(municipality: Municipality) -> dict[str, Any]:
    return {
        "slug": municipality.slug,
        "name": municipality.name,
        "country": municipality.country,
        "languages": municipality.languages,
        "time_zone": municipality.time_zone,
        "centre": municipality.settings["centre"],
    }
